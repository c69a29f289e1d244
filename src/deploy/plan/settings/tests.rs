//! Unit tests of `settings`.

use crate::deploy::plan::example::{environment, read, service, verdicts, warnings};
use crate::schema::Settings;

#[test]
fn settings_are_read_as_the_service_would() {
    verdicts(
        r#"
        settings.RATIO = 2
          ! 2:10 settings.RATIO: is "2", which is not a number in range
        settings.RATIO = [1]
          ! 2:10 settings.RATIO: is a list, and the setting takes one value
        settings.RATIO = ""
          ! 2:10 settings.RATIO: is empty
        settings.SERVER_PORT = 1.0
          ! 2:10 settings.SERVER_PORT: is "1.0", which is not a whole number
        settings.LLM_URL = "a\nb"
          ! 2:10 settings.LLM_URL: has a line break as character 2
        settings.LLM_URL = "a\u0007"
          ! 2:10 settings.LLM_URL: has the control character U+0007
        settings.LLM_URL = "__AURA_SET_ME__"
          ! 2:10 settings.LLM_URL: still holds the placeholder
        settings.LLM_URL = {}
          ! 2:10 settings.LLM_URL: is not a value that a variable can hold
        settings.LLM_URL = 1979-05-27
          ! 2:10 settings.LLM_URL: is a date
        settings.SERVER_PROXIES = ["a,b"]
          ! 2:10 settings.SERVER_PROXIES: has an entry with a comma
        settings.LOG_LEVEL = "debug"
          ! 2:10 settings.LOG_LEVEL: is debug in production
        settings.ENVIRONMENT = "staging"
          ! 2:10 settings.ENVIRONMENT: names another environment
        "#,
    );
    let itself = "environments.staging.settings.ENVIRONMENT = \"staging\"";
    assert_eq!(environment(itself, "staging").settings.len(), 1);
}

#[test]
fn a_secret_is_sent_to_the_secret() {
    verdicts(
        r#"
        settings.DATABASE_URL = "x"
          ! 2:10 settings.DATABASE_URL: is a secret, which must not be in this file; take it out, and put the value into the Secret aura-secrets
        settings.DATABASE_URL_FILE = "x"
          ! 2:10 settings.DATABASE_URL_FILE: names the file of a secret
        settings.LLM_URL = "https://u:p@x"
          ! 2:10 settings.LLM_URL: has a login or a password in it
        "#,
    );
}

#[test]
fn settings_may_repeat_what_the_backends_say_and_not_contradict_it() {
    verdicts(
        r#"
        settings.REDIS_ENABLED = 7
          ! 2:10 settings.REDIS_ENABLED: is "7"; allowed
        settings.REDIS_ENABLED = false
        backends.redis = "redis://r"
          ! 2:10 settings.REDIS_ENABLED: contradicts redis = "redis://r:6379"
        [environments.development]
        backends.redis = "none"
        settings.REDIS_ENABLED = true
          ! 3:10 environments.development.settings.REDIS_ENABLED: contradicts redis = "none"
        "#,
    );
    let text = "[environments.development]\nbackends.redis = \"none\"\nsettings.REDIS_ENABLED = 0";
    assert_eq!(
        environment(text, "development").settings["REDIS_ENABLED"],
        "false"
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
    let needed = "LLM_URL: is required in production, and nothing gives it; add it here";
    assert!(warnings(&service, "", "LLM_URL")[0].ends_with(needed));
    let debug = "environments.staging.settings.LOG_LEVEL = \"debug\"\n";
    let faults = read(&service, debug, false).unwrap_err().to_string();
    let needed = "LLM_URL: is required for LOG_LEVEL=debug, and nothing gives it";
    assert!(faults.contains(needed), "{faults}");
    let both = format!("{debug}environments.staging.settings.LLM_URL = \"https://x\"\n");
    assert!(read(&service, &both, false).is_ok());
}
