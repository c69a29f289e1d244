//! Stores as they are read, refused and warned of.

use proptest::prelude::*;

use super::*;
use crate::deploy::plan::example::{environment, service, texts, verdicts, verdicts_of, warnings};

#[test]
fn each_variable_is_where_the_plan_says() {
    let text = r#"
[environments.production]
components = ["external-secret"]
[environments.production.external_secret]
store = "vault"
store_kind = "ClusterSecretStore"
refresh_interval = "90m"
path = "apps/aura"
keys.DATABASE_URL = { path = "db", property = "url" }
keys.REDIS_URL.path = "redis"
"#;
    let secret = environment(text, "production").external_secret;
    assert_eq!(secret.store, "vault");
    assert_eq!(secret.store_kind, StoreKind::ClusterSecretStore);
    assert_eq!(secret.refresh_interval, "1h30m0s");
    for (name, path, property) in [
        ("DATABASE_URL", "db", Some("url")),
        ("REDIS_URL", "redis", None),
        ("OTHER", "apps/aura", Some("OTHER")),
    ] {
        let remote = secret.remote(name);
        assert_eq!(
            (remote.path.as_str(), remote.property.as_deref()),
            (path, property)
        );
    }
    let silent = environment("", "production").external_secret;
    assert_eq!(silent.refresh_interval, "1h0m0s");
    assert_eq!(silent.remote("A").path, "aura");
}

#[test]
fn keys_without_effect_and_wrong_values_are_refused() {
    verdicts(
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
    verdicts_of(
        &service,
        r#"
        components = ["external-secret", "network-policy"]
        external_secret.keys.CACHE_URL.path = "x"
          ~ 3:22 external_secret.keys.CACHE_URL: holds an address that is not named here, and the network policy lets pods out to none for cache; name it: backends.cache = "redis://cache.example.com"
        "#,
    );
    for known in [
        "components = [\"external-secret\"]",
        "components = [\"external-secret\", \"network-policy\"]\nbackends.cache = \"redis://c\"",
    ] {
        let text = format!(
            "[environments.production]\n{known}\nexternal_secret.keys.CACHE_URL.path = \"x\"\n"
        );
        assert_eq!(warnings(&service, &text, "keys.CACHE_URL"), [""; 0]);
    }
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
        assert_eq!(Interval::try_from(text).unwrap().canonical(), canonical);
    }
    texts::<Interval>(
        "",
        r#"
        "" ! not an interval
        1 h 1m1h -1h 1.5h 1d ! not an interval
        8761h 99999999999999999999h ! longer than a year
        "#,
    );
}

proptest! {
    #[test]
    fn a_canonical_interval_is_read_again(seconds in 0..=MAX_REFRESH_SECONDS) {
        let text = Interval(seconds).canonical();
        prop_assert_eq!(Interval::try_from(text.as_str()).unwrap(), Interval(seconds));
    }
}
