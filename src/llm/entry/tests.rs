//! Unit tests of `entry`.

use proptest::prelude::*;

use super::*;

fn entry(body: Vec<u8>) -> Entry {
    Entry {
        head: Head {
            content_type: "application/json".to_owned(),
            at: 1_700_000_000_000,
            took: 1234,
            tokens: 56,
            length: body.len(),
        },
        body: body.into(),
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(body in prop::collection::vec(any::<u8>(), 1..300)) {
        let entry = entry(body);
        prop_assert_eq!(Entry::decode(&Entry::encode(entry.body.to_vec(), &entry.head).into()), Some(entry));
    }

    #[test]
    fn anything_else_is_a_miss(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert_eq!(Entry::decode(&bytes.into()), None);
    }

    #[test]
    fn a_part_is_a_miss(cut in 0_usize..120) {
        let entry = entry(b"{\"a\": 1}".to_vec());
        let whole = Entry::encode(entry.body.to_vec(), &entry.head);
        let part = &whole[..cut.min(whole.len() - 1)];
        prop_assert_eq!(Entry::decode(&Bytes::copy_from_slice(part)), None);
    }
}

#[test]
fn an_odd_head_is_a_miss() {
    let good = r#"{"content_type":"a/b","at":1,"took":1,"tokens":1,"length":2}"#;
    let decode = |head: &str| {
        let length = u16::try_from(head.len()).unwrap().to_be_bytes();
        let bytes = [b"{}", head.as_bytes(), &length].concat();
        Entry::decode(&bytes.into())
    };
    assert!(decode(good).is_some());
    for (from, to) in [
        ("a/b", "a\\nb"),
        ("a/b", ""),
        ("\"at\":1", "\"at\":-1"),
        ("\"length\":2", "\"length\":3"),
        ("\"tokens\":1", "\"tokens\":1,\"more\":1"),
        ("\"tokens\":1,", ""),
    ] {
        assert_eq!(decode(&good.replace(from, to)), None, "{to}");
    }
}
