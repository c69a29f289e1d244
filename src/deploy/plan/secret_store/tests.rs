//! Stores as they are read, refused and warned of.

use proptest::prelude::*;

use super::*;
use crate::deploy::plan::Plan;
use crate::deploy::plan::example::{environment, refusals, service};

const LISTED: &str = "components = [\"external-secret\"]\n";

#[test]
fn each_variable_is_where_the_plan_says() {
    let text = format!(
        "[environments.production]\n{LISTED}[environments.production.external_secret]\n\
         store = \"vault\"\nstore_kind = \"ClusterSecretStore\"\nrefresh_interval = \"90m\"\n\
         path = \"apps/aura\"\nkeys.DATABASE_URL = {{ path = \"db\", property = \"url\" }}\n\
         keys.REDIS_URL.path = \"redis\"\n"
    );
    let secret = environment(&text, "production").external_secret;
    assert_eq!(secret.store, "vault");
    assert_eq!(secret.store_kind, StoreKind::ClusterSecretStore);
    assert_eq!(secret.refresh_interval, "1h30m0s");
    let at = |name| {
        let Remote { path, property } = secret.remote(name);
        (path, property.unwrap_or_default())
    };
    assert_eq!(at("DATABASE_URL"), ("db".to_owned(), "url".to_owned()));
    assert_eq!(at("REDIS_URL"), ("redis".to_owned(), String::new()));
    assert_eq!(at("OTHER"), ("apps/aura".to_owned(), "OTHER".to_owned()));
    let silent = environment("", "production").external_secret;
    assert_eq!(silent.refresh_interval, "1h0m0s");
    assert_eq!(silent.remote("A").path, "aura");
}

#[test]
fn what_has_no_effect_is_refused() {
    refusals(
        r#"
        external_secret.store = "vault"
          ! 2:1 external_secret: has no effect without the component external-secret
        components = ["external-secret"]
        external_secret.keys.DATABASE_URI.path = "x"
          ! 3:22 external_secret.keys.DATABASE_URI: is not a secret of this service; did you mean DATABASE_URL? There are
        components = ["external-secret"]
        replicas = 1
        backends.redis = "none"
        external_secret.keys.REDIS_URL.path = "x"
          ! 5:22 external_secret.keys.REDIS_URL: is not used here: redis lives inside the process
        components = ["external-secret"]
        external_secret.refresh_interval = "1 hour"
          ! 3:17 external_secret.refresh_interval: is "1 hour", which is not an interval; write it like 1h or 15m
        components = ["external-secret"]
        external_secret.path = " x"
          ! 3:17 external_secret.path: begins or ends in white space
        components = ["external-secret"]
        external_secret.store_kind = "Store"
          ! 3:17 external_secret.store_kind: is "Store", which does not exist;
        "#,
    );
}

#[test]
fn a_fetched_address_that_the_policy_does_not_know_is_told() {
    let mut service = service();
    let (mut cache, mut schema) = (service.backends[1].clone(), service.schema.clone());
    let secret = serde_json::json!({ "type": ["string", "null"], "writeOnly": true });
    schema["properties"]["cache_url"] = secret;
    service.settings = crate::schema::Settings::from_schema(&schema).unwrap();
    "cache".clone_into(&mut cache.name);
    "CACHE_URL".clone_into(&mut cache.setting);
    (cache.embedded, cache.default) = (None, None);
    service.backends.push(cache);
    let told = |components: &str, more: &str| {
        let text = format!(
            "[environments.production]\ncomponents = [\"external-secret\"{components}]\n\
             external_secret.keys.CACHE_URL.path = \"x\"\n{more}"
        );
        let plan = Plan::read(&service, Some(("deploy.toml", &text)), false).unwrap();
        let warnings = plan.warnings.iter().map(ToString::to_string);
        let told = warnings.filter(|one| one.contains("keys.CACHE_URL"));
        told.collect::<Vec<_>>().join("\n")
    };
    let policy = ", \"network-policy\"";
    assert_eq!(
        told(policy, ""),
        "deploy.toml:3:22 environments.production.external_secret.keys.CACHE_URL: holds an \
         address that is not named here, and the network policy lets pods out to none for \
         cache; name it: backends.cache = \"redis://cache.example.com\""
    );
    assert_eq!(told("", ""), "");
    assert_eq!(told(policy, "backends.cache = \"redis://c\""), "");
}

#[test]
fn intervals_are_written_as_go_does() {
    for (text, canonical) in [
        ("1h", "1h0m0s"),
        ("90m", "1h30m0s"),
        ("15m", "15m0s"),
        ("61s", "1m1s"),
        ("0s", "0s"),
        ("1h0m0s", "1h0m0s"),
    ] {
        let interval = Interval::try_from(text).unwrap();
        assert_eq!(interval.canonical(), canonical);
    }
    for wrong in [
        "",
        "1",
        "h",
        "1m1h",
        "-1h",
        "1.5h",
        "1d",
        "8761h",
        "99999999999999999999h",
    ] {
        assert!(Interval::try_from(wrong).is_err(), "{wrong}");
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(seconds in 0..=MAX_REFRESH_SECONDS) {
        let text = Interval(seconds).canonical();
        prop_assert_eq!(Interval::try_from(text.as_str()).unwrap(), Interval(seconds));
    }
}
