//! `aura generate secrets`: strong, once, for one pair of eyes.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::{generate, said};

#[tokio::test]
async fn secrets_are_made_once_and_never_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("secrets.env");
    let at = file.display().to_string();
    let arguments = ["secrets", "--environment", "production", "--out", &at];
    let done = generate(&arguments).await;
    assert!(done.status.success(), "{}", said(&done));
    let mode = fs::metadata(&file).expect("the file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let text = fs::read_to_string(&file).expect("the file");
    for name in ["JWT_SECRET_KEY", "DATABASE_URL", "REDIS_URL"] {
        let line = text.lines().find(|line| line.starts_with(name));
        let (_, value) = line.and_then(|line| line.split_once('=')).expect("a line");
        assert!(value.len() > 30, "{name}");
        assert!(said(&done).contains(name) && !said(&done).contains(value));
    }
    let optional = "not in it, for aura runs without: REDIS_CACHE_URL, JWT_PRIVATE_KEY, ";
    let told = said(&done);
    assert!(
        told.contains(optional) && told.contains("LLM_UPSTREAM_API_KEY"),
        "{told}"
    );
    let again = generate(&arguments).await;
    assert_eq!(again.status.code(), Some(1), "{}", said(&again));
    assert_eq!(fs::read_to_string(&file).expect("the file"), text);
}
