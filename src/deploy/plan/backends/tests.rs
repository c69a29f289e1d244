//! Unit tests of `backends`.

use crate::deploy::plan::Backend;
use crate::deploy::plan::example::{environment, service, verdicts, warnings};

fn upstream(lines: &str) -> String {
    let text = format!("[environments.production]\n{lines}");
    match &environment(&text, "production").backends["upstream"] {
        Backend::Remote(endpoint) => endpoint.to_string(),
        Backend::Embedded => panic!("it cannot be inside"),
    }
}

#[test]
fn addresses_are_of_a_known_kind_and_scheme() {
    verdicts(
        r#"
        backends.databse = "postgres://db"
          ! 2:10 backends.databse: is not a backend of this service; did you mean database? There are
        backends.database = "mysql://db"
          ! 2:10 backends.database: has the scheme mysql, which database does not speak; there are postgres; write it like postgres://database
        backends.database = "none"
          ! 2:10 backends.database: is neither an address nor the word sqlite; write it like
        backends.upstream = "none"
          ! 2:10 backends.upstream: is not an address; write it like https://upstream.example.com
        backends.database = "postgres://u@db"
          ! 2:10 backends.database: has user information, and a password must not
        backends.database = "db:5432"
          ! 2:10 backends.database: has no scheme
        settings.LLM_URL = "ftp://x"
          ! 2:10 settings.LLM_URL: has the scheme ftp
        "#,
    );
}

#[test]
fn an_optional_backend_follows_from_its_setting() {
    let setting = "settings.LLM_URL = \"https://llm.example.com/v1\"";
    assert_eq!(upstream(setting), "https://llm.example.com:443");
    let both = format!("{setting}\nbackends.upstream = \"https://llm.example.com\"");
    assert_eq!(upstream(&both), "https://llm.example.com:443");
    verdicts(
        r#"
        settings.LLM_URL = "https://llm.example.com/v1"
        backends.upstream = "https://other.example.com"
          ! 2:10 settings.LLM_URL: leads to https://llm.example.com:443, and upstream is https://
        settings.LLM_URL = "https://llm.example.com/v1"
        backends.upstream = "https://llm.example.com:8443"
          ! 2:10 settings.LLM_URL: leads to https://llm.example.com:443, and upstream is https://
        backends.upstream = "https://x"
          ~ 2:10 backends.upstream: opens the way to https://x:443, and LLM_URL is not set
        "#,
    );
}

#[test]
fn an_address_of_the_pod_itself_is_warned_of() {
    for host in [
        "localhost",
        "db.localhost",
        "127.0.0.1",
        "[::1]",
        "0.0.0.0",
        "[::]",
        "[::ffff:127.0.0.1]",
    ] {
        for (key, url) in [
            ("backends.redis", format!("redis://{host}")),
            ("settings.LLM_URL", format!("http://{host}:11434/v1")),
        ] {
            let told = warnings(
                &service(),
                &format!("environments.staging.{key} = \"{url}\""),
                key,
            );
            let matching = told.iter().filter(|one| one.contains("pod itself"));
            assert_eq!(matching.count(), 1, "{key} {host}");
        }
    }
}

#[test]
fn a_setting_may_choose_the_embedded_backend() {
    let text = "[environments.staging]\nreplicas = 1\nsettings.REDIS_ENABLED = false";
    assert_eq!(
        environment(text, "staging").backends["redis"],
        Backend::Embedded
    );
}
