//! Unit tests of `backends`.

use crate::deploy::plan::Backend;
use crate::deploy::plan::example::{environment, plan, refusals, refused};

fn upstream(lines: &str) -> String {
    let text = format!("[environments.production]\n{lines}");
    match &environment(&text, "production").backends["upstream"] {
        Backend::Remote(endpoint) => endpoint.to_string(),
        Backend::Embedded => panic!("it cannot be inside"),
    }
}

#[test]
fn addresses_are_of_a_known_kind_and_scheme() {
    refusals(
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
    let both = |address: &str| format!("{setting}\nbackends.upstream = \"{address}\"");
    assert_eq!(
        upstream(&both("https://llm.example.com")),
        "https://llm.example.com:443"
    );
    for other in ["https://other.example.com", "https://llm.example.com:8443"] {
        refused(
            &both(other),
            "2:10 environments.production.settings.LLM_URL",
            "leads to https://llm.example.com:443, and upstream is https://",
        );
    }
    let alone = plan("environments.production.backends.upstream = \"https://x\"");
    assert!(
        alone
            .warnings
            .iter()
            .any(|fault| fault.problem.contains("LLM_URL is not set"))
    );
}

#[test]
fn a_pod_does_not_find_it_on_itself() {
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
            let plan = plan(&format!("environments.staging.{key} = \"{url}\""));
            let warned = plan
                .warnings
                .iter()
                .any(|fault| fault.problem.contains("pod itself") && fault.name.ends_with(key));
            assert!(warned, "{key} {host}");
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
