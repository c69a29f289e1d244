//! Unit tests of `read`.

use proptest::prelude::*;

use crate::deploy::plan::example::{fault, faults, read, service, verdicts};

#[test]
fn two_hundred_faults_end_the_search() {
    let lines: Vec<String> = (0..5_000).map(|n| format!("a{n} = 1")).collect();
    let told = faults(&lines.join("\n"));
    assert_eq!(told.len(), 201);
    assert_eq!(
        told.last().map(String::as_str),
        Some("deploy.toml: has more faults than these; mend these first")
    );
}

#[test]
fn all_faults_come_at_once_with_line_and_column() {
    let text = r#"
imagee = "x"
image = "aura:latest"

[environments.prodution]
replicas = 2

[environments.staging]
  replicas = 0
  namespace = "Up"
  components = ["network-policy", "hha", 7, "gatway"]
  max_replicas = "many"
  host = ["a"]

[environments.production]
resources.limits = { cpu = "1", memory = "5Kb", disk = "1" }
settings.LOG_LEVEL = "loud"
settings.REDIS_ENABLE = true
"#;
    assert_eq!(
        faults(text),
        [
            "deploy.toml:2:1 imagee: is not known here; did you mean image? There are image, \
                 network, environments",
            "deploy.toml:3:1 image: has the tag latest, which stands for another image every \
                 week: what runs would depend on when a node pulled it; name a version",
            "deploy.toml:5:15 environments.prodution: is not an environment of this service; did \
                 you mean production? There are development, staging, production",
            "deploy.toml:9:3 environments.staging.replicas: is 0, which is out of range; \
                 allowed: 1 to 1000",
            "deploy.toml:10:3 environments.staging.namespace: is \"Up\", which is not a DNS label: \
                 it has capital letters; write it like shop-staging",
            "deploy.toml:11:35 environments.staging.components[1]: is \"hha\", which does not \
                 exist; there are migrate-job, secret-files, external-secret, sealed-secret, ha, \
                 network-policy, gateway, ingress, monitoring",
            "deploy.toml:11:42 environments.staging.components[2]: is a number, and must be the \
                 name of a component",
            "deploy.toml:11:45 environments.staging.components[3]: is \"gatway\", which does not \
                 exist; did you mean gateway? There are migrate-job, secret-files, \
                 external-secret, sealed-secret, ha, network-policy, gateway, ingress, monitoring",
            "deploy.toml:12:3 environments.staging.max_replicas: is text, and must be a whole \
                 number",
            "deploy.toml:13:3 environments.staging.host: is a list, and must be text in quotes",
            "deploy.toml:16:33 environments.production.resources.limits.memory: is \"5Kb\", \
                 which is not a Kubernetes quantity; write it like 100m (of a CPU) or 128Mi",
            "deploy.toml:16:49 environments.production.resources.limits.disk: is not known \
                 here; there are cpu, memory, ephemeral-storage",
            "deploy.toml:17:10 environments.production.settings.LOG_LEVEL: is \"loud\"; \
                 allowed: debug, info",
            "deploy.toml:18:10 environments.production.settings.REDIS_ENABLE: is not a setting; \
                 did you mean REDIS_ENABLED?",
        ]
    );
}

#[test]
fn broken_syntax_hides_all_other_faults() {
    let text = "image = \"Nope\"\n[environments.production\n";
    fault(text, "deploy.toml:2:25: invalid TOML: ");
}

#[test]
fn tables_are_asked_for_where_text_stands() {
    verdicts(
        r#"
        environments.staging = "x"
          ! 1:14 environments.staging: is text, and must be a table
        environments.staging.backends = "x"
          ! 1:22 environments.staging.backends: is text, and must be a table
        "#,
    );
    fault(
        "environments = 1",
        "deploy.toml:1:1 environments: is a number, and must be a table",
    );
}

#[test]
fn a_fault_shows_no_text_that_could_be_a_password() {
    for line in r#"
        backends.database = "postgres://u:canary@db"
        backends.database = "postgres://u:ca/nary@canary"
        backends.database = "postgres://db?password=canary"
        backends.database = "canary"
        backends.upstream = "https://canary@db/x"
        backends = "postgres://u:canary@db"
        backends."postgres://u:canary@db" = 1
        backends.database = ["postgres://u:canary@db"]
        settings.DATABASE_URL = "postgres://u:canary@db"
        settings.DATABASE_URL_FILE = "canary"
        settings.REDIS_URL = ["canary"]
        settings.LLM_URL = "https://u:canary@llm"
        settings.LLM_URL = "https://canary@llm"
        settings.DATABASE_PASSWORD = "canary"
        settings = "canary"
        settings."u:canary@db" = "x"
        host = "u:canary@db"
        host = "https://u:canary@db"
        image = "u:canary@registry/aura"
        namespace = "u:canary@db"
        replicas = "canary"
        passwort = "canary"
        components = ["u:canary@db"]
        components = "canary"
        settings.DATABASE_URL = "postgres://u:canary@db
        "#
    .lines()
    .map(str::trim)
    .filter(|line| !line.is_empty())
    {
        let text = format!("[environments.production]\n{line}\n");
        let faults = faults(&text).join("\n");
        assert!(!faults.contains("canary"), "{line}\n{faults}");
    }
}

proptest! {
    #[test]
    fn no_url_with_a_password_is_shown_wherever_it_stands(
        key in "(image|host|namespace|replicas|components|resources|gateway\\.name|backends\\.(database|upstream)|settings\\.(LLM_URL|DATABASE_URL|LOG_LEVEL|RATIO|SERVER_PORT)|settings|[a-z]{3,8})",
        form in "(@|\\[@\\]|\\{ @ = 1 \\}|\\{ x = @ \\})",
        url in "(postgres|https)://[a-z]{0,3}:canary[/?#:]?@[a-z.]{1,6}(/[a-z]{1,3})?",
    ) {
        let value = form.replace('@', &format!("{url:?}"));
        let text = format!("[environments.production]\n{key} = {value}\n");
        if let Err(faults) = read(&service(), &text, true) {
            prop_assert!(!faults.to_string().contains("canary"), "{text}{faults}");
        } else {
            prop_assert!(false, "nothing is wrong with {text}");
        }
    }
}
