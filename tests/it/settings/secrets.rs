//! Secrets among the settings: where they come from, and that nothing shows them.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use aura::config::Config;
use aura::schema::{Environment, Origin};
use proptest::prelude::*;

use super::{KEY, OTHER_KEY, PEM, faults, load};
use crate::support::said;

#[tokio::test]
async fn byte_order_marks_are_ignored_and_blanks_in_secrets_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let secrets = folder.path().join("secrets");
    fs::create_dir(&secrets).unwrap();
    let file = secrets.join("JWT_SECRET_KEY");
    let directory = secrets.display().to_string();
    let words = ["config", "check", "--secrets-dir", &directory];
    let bare = crate::support::Settings::embedded().within(folder.path());
    let production = bare.clone().set("ENVIRONMENT", "production");
    fs::write(&file, format!("\u{feff}{KEY}\r\n")).unwrap();
    assert_eq!(production.done(&words).await, "ok\n");
    let load = |dir: &std::path::Path| {
        let loader = Config::loader(Environment::default()).unwrap();
        Config::load(&loader.secrets_dir(Some(dir.to_owned())))
    };
    let key = load(&secrets).unwrap().value.jwt.secret_key.unwrap();
    assert_eq!(key.expose().as_str(), KEY);
    for text in [
        format!("{KEY} \n"),
        format!(" {KEY}"),
        format!("{KEY}\u{feff}\n"),
    ] {
        fs::write(&file, text).unwrap();
        let done = production.run(&words).await;
        let said = said(&done);
        assert_eq!(done.status.code(), Some(78), "{said}");
        assert!(
            said.contains("JWT_SECRET_KEY: ") && said.contains("a blank"),
            "{said}"
        );
        assert!(!said.contains("canary"), "{said}");
        let named = file.display().to_string();
        let named = bare.clone().set("JWT_SECRET_KEY_FILE", named.as_str());
        assert_eq!(
            named.run(&["config", "check"]).await.status.code(),
            Some(78)
        );
    }
    fs::write(
        folder.path().join(".env"),
        "\u{feff}LOG_LEVEL=debug\r\nLOG_FORMAT=json\r\n",
    )
    .unwrap();
    let shown = bare.done(&["config", "show", "--dev"]).await;
    for line in ["LOG_LEVEL", "LOG_FORMAT"] {
        let line = shown.lines().find(|one| one.starts_with(line)).unwrap();
        assert!(line.contains(".env"), "{shown}");
    }
    assert!(
        shown.contains("sqlite://.aura/aura.db") || shown.contains("[redacted]"),
        "{shown}"
    );
    assert_eq!(bare.done(&["config", "check", "--dev"]).await, "ok\n");
    assert!(
        !folder.path().join(".aura").exists(),
        "a check made something"
    );
}

#[test]
fn no_debug_form_shows_a_secret() {
    let loaded = load(&[
        ("JWT_SECRET_KEY", KEY),
        ("JWT_PREVIOUS_KEYS", OTHER_KEY),
        ("JWT_PRIVATE_KEY", PEM),
        ("DATABASE_URL", "postgres://a:canary@db/a"),
        ("REDIS_URL", "redis://:canary@redis"),
        ("OAUTH_CLIENT_ID", "gateway"),
        ("OAUTH_CLIENT_SECRET", "canary"),
        ("LLM_UPSTREAM_API_KEY", "canary"),
    ])
    .unwrap();
    let text = format!("{loaded:?}");
    assert!(
        text.contains("[redacted]") && !text.contains("canary"),
        "{text}"
    );
}

#[test]
fn secrets_come_from_files_and_from_one_place_only() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("JWT_SECRET_KEY");
    fs::write(&path, format!("{KEY}\r\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(dir.path().join("..data"), "ignored").unwrap();
    fs::write(dir.path().join("REDIS_AUHT_DB"), "5").unwrap();
    let file = path.to_str().unwrap();

    let loaded = load(&[("JWT_SECRET_KEY_FILE", file)]).unwrap();
    assert_eq!(
        loaded.origin("JWT_SECRET_KEY"),
        Some(&Origin::File(path.clone()))
    );
    assert_eq!(loaded.value.jwt.secret_key.unwrap().expose().as_str(), KEY);
    // A setting that may be unset is unset when its variable is empty, which is no conflict.
    assert!(load(&[("JWT_SECRET_KEY_FILE", file), ("JWT_SECRET_KEY", "")]).is_ok());
    let twice = faults(&[("JWT_SECRET_KEY_FILE", file), ("JWT_SECRET_KEY", KEY)]);
    assert!(
        twice.contains("JWT_SECRET_KEY: is given more than once"),
        "{twice}"
    );

    let mounted = |variables: &[(&str, &str)]| {
        let environment = variables.iter().copied().collect();
        let reader = Config::loader(environment).unwrap();
        Config::load(&reader.secrets_dir(Some(dir.path().to_owned())))
    };
    let loaded = mounted(&[]).unwrap();
    assert_eq!(
        loaded.origin("JWT_SECRET_KEY"),
        Some(&Origin::SecretsDir(path.clone()))
    );
    assert_eq!(loaded.warnings.len(), 1, "{:?}", loaded.warnings);
    assert!(
        loaded.warnings[0]
            .to_string()
            .contains("did you mean REDIS_AUTH_DB?")
    );
    for twice in [("JWT_SECRET_KEY", OTHER_KEY), ("JWT_SECRET_KEY_FILE", file)] {
        let text = mounted(&[twice]).unwrap_err().to_string();
        assert!(
            text.contains("more than once") && !text.contains("canary"),
            "{text}"
        );
    }
    assert!(mounted(&[("ENVIRONMENT", "production")]).is_err());

    // The same by a variable, which any command in the same container has.
    let folder = dir.path().to_str().unwrap();
    let loaded = load(&[("SETTINGS_DIR", folder)]).unwrap();
    assert_eq!(
        loaded.origin("JWT_SECRET_KEY"),
        Some(&Origin::SecretsDir(path.clone()))
    );
    let other = tempfile::tempdir().unwrap();
    let other = other.path().to_str().unwrap();
    let loaded = mounted(&[("SETTINGS_DIR", other)]).unwrap();
    assert_eq!(
        loaded.origin("JWT_SECRET_KEY"),
        Some(&Origin::SecretsDir(path))
    );
    for (value, problem) in [
        ("", "SETTINGS_DIR: is empty"),
        ("/nowhere", "SETTINGS_DIR: /nowhere cannot be listed"),
    ] {
        let text = faults(&[("SETTINGS_DIR", value)]);
        assert!(text.contains(problem), "{text}");
    }
    let near = load(&[("SETTING_DIR", other)]).unwrap().warnings;
    assert!(near[0].to_string().contains("did you mean SETTINGS_DIR?"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_makes_a_secret_show(
        start in "(|redis://|postgres://|sqlite:|-----BEGIN |-----BEGIN PRIVATE KEY-----|/)",
        rest in "\\PC{0,60}",
    ) {
        let settings = Config::settings().unwrap();
        let value = format!("{start}canary{rest}");
        let secrets = settings.iter().filter(|setting| setting.secret);
        for setting in secrets {
            let text = match load(&[(&setting.name, &value)]) {
                Ok(loaded) => format!("{loaded:?}"),
                Err(faults) => faults,
            };
            prop_assert!(!text.contains("canary"), "{}: {text}", setting.name);
        }
    }
}
