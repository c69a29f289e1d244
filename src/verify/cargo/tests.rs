//! Unit tests of `cargo`.

use super::*;

const MANIFEST: &str = r#"
        [package]
        name = "shop"
        version = "1.2.3"
        [dependencies]
        alpha = "0.19"
        renamed = { package = "beta", version = "1.2", optional = true }
        beside = { path = "../beside" }
        [target.'cfg(unix)'.dependencies]
        gamma = "^2"
        [dev-dependencies]
        delta = { version = "3", features = ["x"] }
    "#;

const LOCK: &str = r#"
        version = 4
        [[package]]
        name = "shop"
        version = "1.2.3"
        dependencies = ["alpha", "beside", "beta 1.4.0", "gamma", "delta 3.0.1 (registry+x)"]
        [[package]]
        name = "alpha"
        version = "0.19.4"
        [[package]]
        name = "beside"
        version = "0.1.0"
        [[package]]
        name = "beta"
        version = "0.9.0"
        [[package]]
        name = "beta"
        version = "1.4.0"
        [[package]]
        name = "gamma"
        version = "2.0.0"
        [[package]]
        name = "delta"
        version = "3.0.1"
    "#;

fn stale(manifest: &str, lock: &str) -> Vec<String> {
    let lock: Lock = toml::from_str(lock).unwrap();
    lock.stale(&toml::from_str(manifest).unwrap())
}

#[test]
fn a_lock_that_answers_every_dependency_is_current() {
    assert_eq!(stale(MANIFEST, LOCK), Vec::<String>::new());
}

#[test]
fn whatever_cargo_would_change_is_named() {
    for (old, new, expected) in [
        (
            "1.2.3\"\n        [dep",
            "1.3.0\"\n        [dep",
            "shop itself is not in it",
        ),
        (
            "alpha = \"0.19\"",
            "alpha = \"0.20\"",
            "alpha 0.20 is wanted",
        ),
        (
            "alpha = \"0.19\"",
            "",
            "alpha is in it and no longer wanted",
        ),
        ("version = \"1.2\"", "version = \"2\"", "beta 2 is wanted"),
        ("gamma = \"^2\"", "omega = \"1\"", "omega 1 is wanted"),
    ] {
        let changed = MANIFEST.replacen(old, new, 1);
        assert_ne!(changed, MANIFEST);
        let faults = stale(&changed, LOCK).join("; ");
        assert!(faults.contains(expected), "{expected}: {faults}");
    }
    let lock = LOCK.replacen("\"gamma\", ", "", 1);
    let faults = stale(MANIFEST, &lock).join("; ");
    assert_eq!(faults, "gamma is not among the dependencies of shop");
}
