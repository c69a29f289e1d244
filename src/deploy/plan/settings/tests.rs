//! Unit tests of `settings`.

use crate::deploy::plan::Plan;
use crate::deploy::plan::example::{environment, refused, service};
use crate::schema::Settings;

fn wrong(line: &str, problem: &str) {
    let name = line.split(' ').next().unwrap();
    let at = format!("2:10 environments.production.settings.{name}");
    refused(&format!("settings.{line}"), &at, problem);
}

#[test]
fn settings_are_read_as_the_service_would() {
    wrong("RATIO = 2", "is \"2\", which is not a number in range");
    wrong("RATIO = [1]", "is a list, and the setting takes one value");
    wrong("RATIO = \"\"", "is empty");
    wrong(
        "SERVER_PORT = 1.0",
        "is \"1.0\", which is not a whole number",
    );
    wrong("LLM_URL = \"a\\nb\"", "has a line break as character 2");
    wrong("LLM_URL = \"a\\u0007\"", "has the control character U+0007");
    wrong(
        "LLM_URL = \"__AURA_SET_ME__\"",
        "still holds the placeholder",
    );
    wrong("LLM_URL = {}", "is not a value that a variable can hold");
    wrong("LLM_URL = 1979-05-27", "is a date");
    wrong("SERVER_PROXIES = [\"a,b\"]", "has an entry with a comma");
    wrong("LOG_LEVEL = \"debug\"", "is debug in production");
    wrong("ENVIRONMENT = \"staging\"", "names another environment");
}

#[test]
fn a_secret_is_sent_to_the_secret() {
    wrong(
        "DATABASE_URL = \"x\"",
        "is a secret, which must not be in this file; take it out, and put the value into \
             the Secret aura-secrets",
    );
    wrong("DATABASE_URL_FILE = \"x\"", "names the file of a secret");
    wrong(
        "LLM_URL = \"https://u:p@x\"",
        "has a login or a password in it",
    );
}

#[test]
fn what_the_backends_say_may_be_repeated_and_not_contradicted() {
    wrong("REDIS_ENABLED = 7", "is \"7\"; allowed");
    refused(
        "settings.REDIS_ENABLED = false\nbackends.redis = \"redis://r\"",
        "2:10 environments.production.settings.REDIS_ENABLED",
        "contradicts redis = \"redis://r:6379\"",
    );
    let text = "[environments.development]\nbackends.redis = \"none\"\n";
    let development = environment(&format!("{text}settings.REDIS_ENABLED = 0"), "development");
    assert_eq!(development.settings["REDIS_ENABLED"], "false");
    let text = format!("{text}settings.REDIS_ENABLED = true");
    crate::deploy::plan::example::fault(
        &text,
        "deploy.toml:3:10 environments.development.settings.REDIS_ENABLED: contradicts redis = \
             \"none\"",
    );
}

#[test]
fn a_setting_that_another_asks_for_must_be_given() {
    let mut service = service();
    let mut schema = service.schema.clone();
    let url = &mut schema["properties"]["llm_url"];
    url["x-required-when"] = serde_json::json!({ "LOG_LEVEL": ["debug"] });
    url["x-required-in"] = serde_json::json!(["production"]);
    service.settings = Settings::from_schema(&schema).unwrap();
    let read = |text: &str| Plan::read(&service, Some(("deploy.toml", text)), false);
    let needed = "LLM_URL: is required in production, and nothing gives it; add it here";
    let warnings = read("").unwrap().warnings;
    assert!(warnings.iter().any(|one| one.to_string().ends_with(needed)));
    let debug = "environments.staging.settings.LOG_LEVEL = \"debug\"\n";
    let faults = read(debug).unwrap_err().to_string();
    let needed = "LLM_URL: is required for LOG_LEVEL=debug, and nothing gives it";
    assert!(faults.contains(needed), "{faults}");
    let both = format!("{debug}environments.staging.settings.LLM_URL = \"https://x\"\n");
    assert!(read(&both).is_ok());
}

#[test]
fn the_environment_may_name_itself() {
    let text = "environments.staging.settings.ENVIRONMENT = \"staging\"";
    assert_eq!(environment(text, "staging").settings.len(), 1);
}
