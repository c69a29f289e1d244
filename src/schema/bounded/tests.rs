//! Unit tests of `bounded`.

use proptest::prelude::*;

use super::*;

type Small = Bounded<-3, 12>;

proptest! {
    #[test]
    fn takes_its_range_and_nothing_else(n in -40_i64..40) {
        prop_assert_eq!(Small::try_from(n).is_ok(), (-3..=12).contains(&n));
    }

    #[test]
    fn reads_what_it_writes(n in -3_i64..=12) {
        let small = Small::try_from(n).unwrap();
        let text = serde_json::to_string(&small).unwrap();
        prop_assert_eq!(&text, &small.to_string());
        prop_assert_eq!(serde_json::from_str::<Small>(&text).unwrap(), small);
    }
}

#[test]
fn extremes_are_values() {
    assert_eq!(Small::MIN, Small::of::<-3>());
    assert_eq!(Small::MAX, Small::of::<12>());
    assert_eq!(Bounded::<0, 65_535>::MAX.as_u16(), u16::MAX);
    assert!(Small::try_from(i64::MIN).is_err());
    assert!(Small::try_from(i64::MAX).is_err());
}

#[test]
fn the_message_names_the_range() {
    let error = serde_json::from_str::<Small>("13").unwrap_err();
    assert_eq!(error.to_string(), "13 is out of range; allowed: -3 to 12");
}

#[test]
fn the_schema_has_the_range() {
    let schema = schemars::schema_for!(Small);
    assert_eq!(schema.get("minimum"), Some(&(-3).into()));
    assert_eq!(schema.get("maximum"), Some(&12.into()));
}
