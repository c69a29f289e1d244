//! No secret comes out of `aura generate` or `aura config`, wherever one may have been put.

use std::fs;
use std::path::Path;

use super::{files, said};
use crate::support::Settings;

/// What a secret looks like here.
const CANARY: &str = "canary-7be1-canary-7be1-canary-7be1-canary-7be1";

/// Every secret of aura.
const SECRETS: [&str; 10] = [
    "DATABASE_URL",
    "JWT_PREVIOUS_KEYS",
    "JWT_PRIVATE_KEY",
    "JWT_SECRET_KEY",
    "LLM_UPSTREAM_API_KEY",
    "LLM_UPSTREAM_PROXY",
    "OAUTH_CLIENT_SECRET",
    "OAUTH_PREVIOUS_CLIENT_SECRET",
    "REDIS_CACHE_URL",
    "REDIS_URL",
];

/// Everything that prints or writes, with `plan` as the deploy.toml.
const COMMANDS: [&str; 13] = [
    "generate all --config PLAN --out OUT",
    "generate all --config PLAN --check OUT",
    "generate k8s --config PLAN",
    "generate compose --config PLAN",
    "generate dotenv --config PLAN",
    "generate systemd --config PLAN",
    "generate env-docs --config PLAN",
    "generate diff --from PLAN",
    "config check --json",
    "config check --from HERE --json",
    "config explain JWT_SECRET_KEY --from HERE",
    "config explain DATABASE_URL --from HERE --json",
    "config show --json",
];

/// Runs all commands in the environment of `settings`; nothing printed and no rendered file may
/// hold the canary.
async fn is_kept(what: &str, settings: &Settings, here: &Path) {
    for command in COMMANDS {
        let words = command.split(' ').map(|word| match word {
            "PLAN" => here.join("deploy.toml").display().to_string(),
            "OUT" => here.join("out").display().to_string(),
            "HERE" => here.display().to_string(),
            word => word.to_owned(),
        });
        let words: Vec<String> = words.collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let printed = said(&settings.run(&words).await);
        assert!(!printed.contains("canary"), "{what}: {command}: {printed}");
    }
    let out = here.join("out");
    for (path, bytes) in out.is_dir().then(|| files(&out)).into_iter().flatten() {
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("canary"), "{what}: {path}");
    }
}

#[tokio::test]
async fn a_secret_in_the_environment_comes_out_nowhere() {
    let known: Vec<String> = aura::config::Config::settings()
        .expect("settings")
        .iter()
        .filter(|setting| setting.secret)
        .map(|setting| setting.name.clone())
        .collect();
    assert!(known.iter().all(|name| SECRETS.contains(&name.as_str())));
    assert_eq!(known.len(), SECRETS.len());
    for production in [false, true] {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("deploy.toml"), "").expect("a file");
        let file = folder.path().join("secret");
        fs::write(&file, format!("{CANARY}\n")).expect("a file");
        let file = file.display().to_string();
        let mut by_value = Settings::new();
        let mut by_file = Settings::new();
        for name in SECRETS {
            let value = match name {
                "DATABASE_URL" => format!("postgres://u:{CANARY}@db/x"),
                "REDIS_URL" => format!("redis://:{CANARY}@redis"),
                "LLM_UPSTREAM_PROXY" => format!("http://u:{CANARY}@proxy:3128"),
                _ => CANARY.to_owned(),
            };
            by_value = by_value.set(name, value.as_str());
            by_file = by_file.set(&format!("{name}_FILE"), file.as_str());
        }
        if production {
            by_value = by_value.set("ENVIRONMENT", "production");
            by_file = by_file.set("ENVIRONMENT", "production");
        }
        is_kept("variables", &by_value, folder.path()).await;
        is_kept("files", &by_file, folder.path()).await;
    }
}

#[tokio::test]
async fn a_secret_in_a_file_comes_out_nowhere() {
    let bare = Settings::new();
    for line in [
        format!("settings.JWT_SECRET_KEY = \"{CANARY}\""),
        format!("settings.JWT_SECRET_KEY_FILE = \"{CANARY}\""),
        format!("settings.JWT_SECRET_KYE = \"{CANARY}\""),
        format!("backends.database = \"postgres://aura:{CANARY}@db:5432/aura\""),
        format!("backends.redis = \"redis://:{CANARY}@redis:6379\""),
        format!("image = \"registry.example.com/aura:{CANARY}@{CANARY}\""),
        format!("image = \"u:{CANARY}@registry.example.com/aura\""),
        format!("password = \"{CANARY}\""),
        format!("settings.JWT_SECRET_KEY = \"{CANARY}"),
        format!("settings = {{ JWT_SECRET_KEY = \"{CANARY}\""),
        CANARY.to_owned(),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let plan = format!("[environments.production]\n{line}\n");
        fs::write(folder.path().join("deploy.toml"), plan).expect("a file");
        let data = SECRETS
            .map(|name| format!("  {name}: \"{CANARY}\"\n"))
            .concat();
        let lines = SECRETS.map(|name| format!("{name}={CANARY}\n")).concat();
        for (name, text) in [
            (
                "secret.yaml",
                format!("kind: Secret\nmetadata: {{name: aura-secrets}}\nstringData:\n{data}"),
            ),
            (
                "config.yaml",
                format!("kind: ConfigMap\nmetadata: {{name: aura-config}}\ndata:\n{data}"),
            ),
            (
                "sealed.yaml",
                format!(
                    "kind: SealedSecret\nmetadata: {{name: aura-secrets}}\nspec:\n  \
                     encryptedData: {{JWT_SECRET_KEY: {CANARY}}}\n"
                ),
            ),
            ("broken.yaml", format!("a: [{CANARY}\n")),
            ("x.env", lines),
        ] {
            fs::write(folder.path().join(name), text).expect("a file");
        }
        is_kept(&line, &bare, folder.path()).await;
    }
}
