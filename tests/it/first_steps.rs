//! Proves the first steps of somebody who tries aura out: which folder `--dev` works on, what makes
//! it and what does not, and where settings of a file `.env` hold.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{PASSWORD, Settings, installed, said};

/// Commands that work on what is there.
const USING: [&[&str]; 6] = [
    &["user", "list"],
    &["user", "delete", "ann@example.com"],
    &["user", "set-roles", "ann@example.com", "admin"],
    &["audit", "list"],
    &["audit", "export"],
    &["cache", "purge"],
];

const CREATE: [&str; 6] = [
    "user",
    "create",
    "root@example.com",
    "--role",
    "admin",
    "--password-stdin",
];

/// A newcomer in `folder`, with nothing set but a home.
fn newcomer(folder: &TempDir, home: &TempDir) -> Settings {
    let home = home.path().to_str().unwrap();
    Settings::embedded().within(folder.path()).set("HOME", home)
}

fn folders() -> (TempDir, TempDir) {
    (TempDir::new().unwrap(), TempDir::new().unwrap())
}

fn with<'a>(command: &[&'a str], more: &'a str) -> Vec<&'a str> {
    [command, &[more]].concat()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.collect()
}

fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    said(output)
}

#[tokio::test]
async fn dev_is_accepted_before_and_after_the_subcommand() {
    let (folder, home) = folders();
    let settings = newcomer(&folder, &home);
    let _aura = settings.start().await;
    for command in [
        "user list --dev",
        "user --dev list",
        "audit list --dev",
        "audit --dev list",
        "migrate --dev",
        "user list --dev --secrets-dir .",
        "user --secrets-dir . list --dev",
    ] {
        let words: Vec<_> = command.split(' ').collect();
        settings.done(&words).await;
    }
    assert_eq!(names(folder.path()), [".aura"]);
}

#[tokio::test]
async fn commands_on_accounts_create_no_database_and_no_folder() {
    let (folder, home) = folders();
    let settings = newcomer(&folder, &home);
    let database = folder.path().join("aura.db").display().to_string();
    let creates = CREATE.as_slice();
    for command in [USING[0], USING[1], USING[2], USING[3], USING[4], creates] {
        let said = refused(&settings.run_with(command, PASSWORD).await);
        assert!(said.contains(&database), "{command:?}: {said}");
        assert!(said.contains("`aura migrate` or `aura serve`"), "{said}");
    }
    for command in USING {
        let said = refused(&settings.run(&with(command, "--dev")).await);
        assert!(
            said.contains("no server was started with --dev in"),
            "{said}"
        );
        assert!(said.contains("Start one with `aura serve --dev`"), "{said}");
    }
    assert_eq!(names(folder.path()), [""; 0]);
    // A folder without its database, as a start that failed leaves it.
    settings.done(&["migrate", "--dev"]).await;
    fs::remove_file(folder.path().join(".aura/aura.db")).unwrap();
    let said = refused(&settings.run(&["user", "list", "--dev"]).await);
    assert!(
        said.contains("The server makes it: aura serve --dev"),
        "{said}"
    );
    assert!(!folder.path().join(".aura/aura.db").exists());
}

#[tokio::test]
async fn a_command_in_the_wrong_place_names_the_right_one() {
    let (folder, home) = folders();
    let elsewhere = TempDir::with_prefix("else where").unwrap();
    let settings = newcomer(&folder, &home);
    let aura = settings.start().await;

    // Without --dev, in the folder of the server.
    let said = refused(&settings.run_with(&CREATE, PASSWORD).await);
    let meant = format!("aura {} --dev", CREATE.join(" "));
    assert!(said.contains(&format!("  {meant}\n")), "{said}");
    assert_eq!(names(folder.path()), [".aura"]);

    // Elsewhere, with and without.
    let lost = newcomer(&elsewhere, &home);
    let meant = format!("cd {} && {meant}", folder.path().display());
    for command in [CREATE.to_vec(), with(&CREATE, "--dev")] {
        let said = refused(&lost.run_with(&command, PASSWORD).await);
        assert!(said.contains(&format!("  {meant}\n")), "{said}");
    }
    assert_eq!(names(elsewhere.path()), [""; 0]);

    // What it says is what works.
    let program = Path::new(env!("CARGO_BIN_EXE_aura")).parent().unwrap();
    let path = format!("{}:/usr/bin:/bin", program.display());
    let mut bash = tokio::process::Command::new("bash");
    bash.args(["-c", &format!("{meant} <<<'{PASSWORD}'")]);
    bash.env_clear()
        .env("PATH", path)
        .current_dir(elsewhere.path());
    let output = bash.output().await.unwrap();
    assert!(output.status.success(), "{output:?}");
    let listed = settings.done(&["user", "list", "--dev"]).await;
    assert!(listed.contains("root@example.com  admin"), "{listed}");

    // A folder that is gone is nobody's advice.
    drop(aura);
    drop(folder);
    lost.done_with(&with(&CREATE, "--dev"), PASSWORD).await;
    assert_eq!(names(elsewhere.path()), [".aura"]);
}

#[tokio::test]
async fn a_command_never_works_on_another_database_than_the_server() {
    let (folder, home) = folders();
    let bare = newcomer(&folder, &home);
    let settings = bare.clone().database("sqlite://other.db");
    let aura = settings.start().await;
    aura.client().newcomer().await;
    let (other, own) = ("accounts at other.db,", "look at .aura/aura.db.");
    for command in [&CREATE[..], USING[0]] {
        let said = refused(&bare.run_with(&with(command, "--dev"), PASSWORD).await);
        assert!(said.contains(other) && said.contains(own), "{said}");
        assert!(said.contains("Give both the same DATABASE_URL"), "{said}");
    }
    assert!(!folder.path().join(".aura/aura.db").exists());
    let listed = settings.done(&["user", "list", "--dev"]).await;
    assert_eq!(listed.lines().count(), 1, "{listed}");
    fs::write(
        folder.path().join(".env"),
        "DATABASE_URL=sqlite://other.db\n",
    )
    .unwrap();
    let listed = bare.done(&["user", "list", "--dev"]).await;
    assert_eq!(listed.lines().count(), 1, "{listed}");
    // The next server has the last word.
    fs::remove_file(folder.path().join(".env")).unwrap();
    drop(aura);
    let _aura = bare.start().await;
    assert_eq!(bare.done(&["user", "list", "--dev"]).await, "");
}

/// As an editor on Windows saves it.
const DOTENV: &str = "\u{feff}JWT_ISSUER=\"the file's\"\r\n# c\r\nexport JWT_AUDIENCE='a # b'\r\n\
                      JWT_LEEWAY_SECONDS=7 # c\r\nDATABASE_URL=sqlite://other.db\r\n";

#[tokio::test]
async fn dev_reads_the_file_env_of_its_folder_and_says_so() {
    let (folder, home) = folders();
    fs::write(folder.path().join(".env"), DOTENV).unwrap();
    let settings = newcomer(&folder, &home).set("JWT_LEEWAY_SECONDS", 8);
    let aura = settings.start().await;
    let claims = aura.client().newcomer().await.claims();
    assert_eq!(
        (&claims["iss"], &claims["aud"]),
        (&json!("the file's"), &json!("a # b"))
    );
    let log = aura.log();
    assert!(
        log.contains(".env gives DATABASE_URL, JWT_ISSUER, JWT_AUDIENCE\n"),
        "{log}"
    );
    // Accounts are where the file says, for every command.
    let listed = settings.done(&["user", "list", "--dev"]).await;
    assert_eq!(listed.lines().count(), 1, "{listed}");
    assert!(folder.path().join("other.db").exists());
    assert!(!folder.path().join(".aura/aura.db").exists());
}

#[tokio::test]
async fn a_file_env_that_is_not_read_is_mentioned() {
    const WORDS: &str = ".env: lies in this folder and is not read without --dev";
    let (folder, _) = folders();
    fs::write(folder.path().join(".env"), DOTENV).unwrap();
    let settings = Settings::new().within(folder.path());
    let aura = settings.start().await;
    assert!(aura.log().contains(WORDS), "{}", aura.log());
    assert_eq!(aura.client().newcomer().await.claims()["iss"], "aura");
    for command in [&["config", "check"][..], &["config", "show"]] {
        let output = settings.run(command).await;
        assert!(output.status.success(), "{output:?}");
        assert!(said(&output).contains(WORDS), "{output:?}");
    }
    let from = settings.run(&["config", "check", "--from", ".env"]).await;
    assert!(!said(&from).contains(WORDS), "{from:?}");
    fs::remove_file(folder.path().join(".env")).unwrap();
    let output = settings.run(&["config", "check"]).await;
    assert!(!said(&output).contains(".env"), "{output:?}");
}

#[tokio::test]
async fn a_faulty_file_env_is_a_faulty_configuration() {
    let (folder, home) = folders();
    let file = folder.path().join(".env");
    let settings = newcomer(&folder, &home);
    for (text, words) in [
        ("A=1\r\ncanary-7\r\n", ".env: line 2 is not NAME=value"),
        ("SERVER_PORT=canary-7", "SERVER_PORT: is \"canary-7\""),
        ("JWT_SECRET_KEY=canary-7", "JWT_SECRET_KEY: "),
    ] {
        fs::write(&file, text).unwrap();
        let output = settings.run(&["migrate", "--dev"]).await;
        assert_eq!(output.status.code(), Some(78), "{text}: {output:?}");
        let said = said(&output);
        assert!(said.contains(words), "{text}: {said}");
        let shown = text.starts_with("SERVER_PORT");
        assert!(shown || !said.contains("canary"), "{text}: {said}");
    }
}

#[tokio::test]
async fn the_loader_the_check_and_compose_read_one_file_alike() {
    let (folder, home) = folders();
    fs::write(folder.path().join(".env"), DOTENV).unwrap();
    let settings = newcomer(&folder, &home);
    let check = settings.run(&["config", "check", "--from", ".env"]).await;
    assert!(check.status.success(), "{check:?}");
    let explain = ["config", "explain", "JWT_ISSUER", "--from", ".env"];
    let explained = settings.done(&explain).await;
    assert!(explained.contains(".env:1"), "{explained}");
    let aura = settings.start().await;
    let claims = aura.client().newcomer().await.claims();

    let compose = "services:\n  aura:\n    image: aura\n    env_file: [.env]\n";
    fs::write(folder.path().join("compose.yaml"), compose).unwrap();
    let Some(program) = installed(&["docker-compose"], &[]) else {
        return;
    };
    let mut command = tokio::process::Command::new(program);
    command.args(["-p", "x", "config"]);
    let output = command.current_dir(folder.path()).output().await.unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let rendered: Value = serde_saphyr::from_str(&text).unwrap();
    let variables = &rendered["services"]["aura"]["environment"];
    assert_eq!(variables["JWT_ISSUER"], claims["iss"]);
    assert_eq!(variables["JWT_AUDIENCE"], claims["aud"]);
    assert_eq!(variables["DATABASE_URL"], "sqlite://other.db");
}

#[tokio::test]
async fn an_option_called_like_a_setting_names_the_setting() {
    let output = Settings::new().run(&["serve", "--port", "8001"]).await;
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(
        said(&output).contains("write SERVER_PORT=VALUE"),
        "{output:?}"
    );
}

#[tokio::test]
async fn a_dotenv_file_is_checked_by_the_rules_of_the_server() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join(".env");
    let check = ["config", "check", "--from", file.to_str().unwrap()];
    for (line, code) in [
        ("DATABASE_URL=mysql://x", 78),
        ("DATABASE_URL=postgres://u:p@h/d?unknown=1", 78),
        ("REDIS_URL=redis://:p#q@localhost", 78),
        ("SERVER_TRUSTED_PROXIES=300.1.1.1/8", 78),
        ("DATABASE_URL=postgres://u:p@h/d", 0),
    ] {
        std::fs::write(&file, format!("{line}\n")).unwrap();
        let output = Settings::new().run(&check).await;
        assert_eq!(output.status.code(), Some(code), "{line}: {output:?}");
    }
}
