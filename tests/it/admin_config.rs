//! Proves that an administrator sees every setting, where it came from and what to change, and
//! that no secret comes along.

use reqwest::Method;
use serde_json::Value;

use crate::activity::administrator;
use crate::support::Settings;

const KEY: &str = "canary-Zk3v0yT1mE8qWn5aRb7uXc2dLf9h";

fn setting<'a>(configuration: &'a Value, name: &str) -> &'a Value {
    let sections = configuration["sections"].as_array().unwrap().iter();
    let mut settings = sections.flat_map(|section| section["settings"].as_array().unwrap());
    settings.find(|setting| setting["name"] == name).unwrap()
}

/// The names of all settings, in every section.
fn names(configuration: &Value) -> Vec<&str> {
    let sections = configuration["sections"].as_array().unwrap().iter();
    let settings = sections.flat_map(|section| section["settings"].as_array().unwrap());
    settings
        .map(|setting| setting["name"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn every_setting_is_shown_with_its_origin_and_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let old = folder.path().join("old-keys");
    std::fs::write(&old, "canary-Ab4v0yT1mE8qWn5aRb7uXc2dLf9h\n").unwrap();
    let old = old.display().to_string();
    let database = format!("sqlite://{}/canary-accounts.db", folder.path().display());
    let settings = Settings::new()
        .database(&database)
        .set("JWT_SECRET_KEY", KEY)
        .set("JWT_PREVIOUS_KEYS_FILE", old.as_str())
        .set("OAUTH_CLIENT_ID", "shop")
        .set("OAUTH_CLIENT_SECRET", "canary-nB7vC4xZ1lK8jH5gF2dS9aQ6")
        .set("LLM_UPSTREAM_URL", "http://127.0.0.1:9/v1")
        .set("LLM_UPSTREAM_API_KEY", "canary-llm")
        .set("REDIS_AUHT_DB", "3")
        .set("OAUTH_CLIENT_SECRETE", "canary-slip")
        .set("REDIS_URL", "redis://:canary@127.0.0.1:9");
    let aura = settings.start().await;
    let client = aura.client();
    let admin = administrator(&settings, &client).await;
    let config = client
        .bearer(Method::GET, "/admin/config", &admin.access)
        .await;
    let json = &config.is(200).json;
    assert!(!config.text.contains("canary"), "{}", config.text);

    let names = names(json);
    let all = aura::config::Config::settings().unwrap();
    let expected: Vec<&str> = all.iter().map(|setting| setting.name.as_str()).collect();
    assert_eq!(names.len(), expected.len());
    assert!(expected.iter().all(|name| names.contains(name)));
    assert_eq!(json["sections"][0]["title"], "General");

    let key = setting(json, "JWT_SECRET_KEY");
    assert_eq!(key["value"], "[redacted]");
    assert_eq!(key["origin"], "variable");
    assert_eq!(
        (&key["secret"], &key["at_default"]),
        (&true.into(), &false.into())
    );
    assert_eq!(key["object"]["kind"], "Secret");
    assert_eq!(key["object"]["name"], "aura-secrets");
    assert_eq!(key["object"]["file"], "k8s/base/backend/secret.yaml");
    let previous = setting(json, "JWT_PREVIOUS_KEYS");
    assert_eq!(previous["value"], "[redacted]");
    assert_eq!(previous["origin"], format!("file {old}"));
    let port = setting(json, "SERVER_PORT");
    assert_eq!(port["value"], aura.address().port().to_string());
    assert_eq!(
        (&port["default"], &port["allowed"]),
        (&"8000".into(), &"0 to 65535".into())
    );
    assert_eq!(port["object"]["name"], "aura-config");
    let cors = setting(json, "SERVER_CORS_ALLOWED_ORIGINS");
    assert_eq!(
        (&cors["value"], &cors["origin"]),
        (&"".into(), &"default".into())
    );
    assert_eq!(cors["at_default"], true);
    assert!(setting(json, "SERVER_TRUSTED_PROXIES")["docs"].is_string());

    // What is odd, once in the list and once at its setting.
    assert_eq!(json["environment"], "development");
    let advice = json["advice"].as_array().unwrap();
    let about = |name: &str| advice.iter().filter(|one| one["setting"] == name).count();
    for name in [
        "ENVIRONMENT",
        "REDIS_ENABLED",
        "PASSWORD_BCRYPT_COST",
        "REDIS_AUHT_DB",
    ] {
        assert_eq!(about(name), 1, "{name}: {advice:#?}");
    }
    let cost = &setting(json, "PASSWORD_BCRYPT_COST")["advice"];
    assert_eq!(cost.as_array().unwrap().len(), 1, "{cost}");
    assert_eq!(key["advice"].as_array().unwrap().len(), 0);
}
