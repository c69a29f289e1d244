//! Unit tests of `followed`.

use super::*;

fn config(variables: &[(&str, &str)]) -> Config {
    let environment = variables.iter().copied().collect();
    let loader = Config::loader(environment).unwrap();
    Config::load(&loader).unwrap().value
}

#[test]
fn of_urls_user_and_password_are_followed_and_nothing_else() {
    let given = [
        (
            "DATABASE_URL",
            "postgres://aura:one@db:5432/aura?sslmode=require",
        ),
        ("REDIS_URL", "redis://:one@redis:6379/0"),
        ("LLM_UPSTREAM_PROXY", "http://a:one@proxy:3128"),
        ("LLM_UPSTREAM_URL", "https://api.example.com/v1"),
        ("OAUTH_CLIENT_ID", "shop"),
        ("OAUTH_CLIENT_SECRET", "one"),
    ];
    let old = config(&given);
    for (name, url, followed) in [
        (
            "DATABASE_URL",
            "postgres://aura:two@db:5432/aura?sslmode=require",
            true,
        ),
        (
            "DATABASE_URL",
            "postgres://b:p%40x@db:5432/aura?sslmode=require",
            true,
        ),
        (
            "DATABASE_URL",
            "postgres://db:5432/aura?sslmode=require",
            true,
        ),
        (
            "DATABASE_URL",
            "postgres://aura:one@db2:5432/aura?sslmode=require",
            false,
        ),
        (
            "DATABASE_URL",
            "postgres://aura:one@db:5432/other?sslmode=require",
            false,
        ),
        ("DATABASE_URL", "postgres://aura:one@db:5432/aura", false),
        ("DATABASE_URL", "sqlite://aura.db", false),
        ("REDIS_URL", "redis://user:two@redis:6379/0", true),
        ("REDIS_URL", "rediss://:one@redis:6379/0", false),
        ("REDIS_CACHE_URL", "redis://:one@redis:6379/0", false),
        ("LLM_UPSTREAM_PROXY", "http://a:two@proxy:3128", true),
        ("LLM_UPSTREAM_PROXY", "http://a:one@other:3128", false),
        ("LOG_LEVEL", "debug", false),
        ("OAUTH_CLIENT_SECRET", "another", true),
        ("OAUTH_PREVIOUS_CLIENT_SECRET", "before", true),
    ] {
        let mut given = given.to_vec();
        given.retain(|(known, _)| *known != name);
        given.push((name, url));
        let stuck = old.needs_restart(&config(&given), &[name.to_owned()]);
        assert_eq!(stuck.is_empty(), followed, "{name}={url}");
    }
    // A key that is gone, as a file in the middle of being replaced, is not taken over.
    let keyed = config(&[("JWT_SECRET_KEY", "0123456789abcdef0123456789abcdef")]);
    let name = "JWT_SECRET_KEY".to_owned();
    let stuck = keyed.needs_restart(&config(&[]), std::slice::from_ref(&name));
    assert_eq!(stuck, [name]);
}

#[test]
fn every_secret_is_followed() {
    let settings = Config::settings().unwrap();
    let secrets = settings.iter().filter(|setting| setting.secret);
    let names: Vec<_> = secrets.map(|setting| setting.name.as_str()).collect();
    let mut followed = FOLLOWED.to_vec();
    followed.sort_unstable_by_key(|name| names.iter().position(|known| known == name));
    assert_eq!(names, followed);
}
