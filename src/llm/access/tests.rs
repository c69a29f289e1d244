//! Unit tests of `access`.

use super::*;
use crate::http::{Code, Problem};
use crate::llm::canonical;

fn access(models: &[&str]) -> Access {
    let config = Config {
        models: models.iter().map(|&model| model.to_owned()).collect(),
        ..Config::default()
    };
    Access::new(&config, Tier::Development)
}

#[test]
fn any_account_may_ask_in_development_only() {
    let roles = |given: &[&str], tier| {
        let config = Config {
            allowed_roles: given.iter().map(|&role| role.to_owned()).collect(),
            ..Config::default()
        };
        Access::new(&config, tier).roles
    };
    assert_eq!(roles(&[], Tier::Development), None);
    for tier in [Tier::Staging, Tier::Production] {
        let own = Some(vec!["llm".to_owned(), "admin".to_owned()]);
        assert_eq!(roles(&[], tier), own);
        assert_eq!(roles(&["*"], tier), None);
        assert_eq!(roles(&["staff"], tier), Some(vec!["staff".to_owned()]));
    }
}

#[test]
fn only_listed_models_are_asked_however_they_are_named() {
    let check = |access: &Access, body: &str| {
        let asked = canonical::read(body.as_bytes()).unwrap();
        access
            .check(&asked)
            .map_err(|error| Problem::from(error).code)
    };
    let some = access(&["tiny", "small"]);
    for body in [
        r#"{"model":"small"}"#,
        r#"{"model":"small","tools":[{"type":"image_generation","model":"tiny"}]}"#,
        r#"{"model":"small","tools":[{"type":"function","function":{"parameters":
                {"properties":{"model":{"type":"string"}}}}}]}"#,
    ] {
        assert_eq!(check(&some, body), Ok(()), "{body}");
    }
    let absent = Err(Code::ModelNotFound);
    for body in [
        "{}",
        r#"{"model":"huge"}"#,
        r#"{"model":["tiny"]}"#,
        r#"{"model":"Tiny"}"#,
        r#"{"model":"tiny","tools":[{"type":"image_generation","model":"huge"}]}"#,
        r#"{"model":"tiny","tools":[{"type":"x","x":[{"Model":"huge"}]}]}"#,
    ] {
        assert_eq!(check(&some, body), absent, "{body}");
    }
    for body in [
        r#"{"model":"tiny","Model":"huge"}"#,
        r#"{"model":"tiny","MODEL":"huge"}"#,
        r#"{"model":"tiny","models":["huge"]}"#,
        r#"{"model":"tiny","fallbacks":["huge"]}"#,
        r#"{"model":"tiny","max_to\u212Aens":9}"#,
    ] {
        assert_eq!(check(&some, body), Err(Code::InvalidInput), "{body}");
        assert_eq!(check(&access(&[]), body), Ok(()), "{body}");
    }
}

#[test]
fn lists_of_models_hold_allowed_ones_only() {
    let some = access(&["tiny"]);
    let list = br#"{"object":"list","data":[{"id":"huge"},{"id":"tiny","owned_by":"x"},{}]}"#;
    let left = br#"{"object":"list","data":[{"id":"tiny","owned_by":"x"}]}"#;
    assert_eq!(some.filter(list).unwrap(), left);
    assert_eq!(some.filter(b"{}"), None);
    assert_eq!(some.filter(b"["), None);
}
