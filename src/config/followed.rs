//! Secrets that a running server takes over when their file changes, and how far.

use super::{Config, RedisUrl};
use crate::schema::Secret;

/// Settings whose new value holds at once. Of URLs, this is true of user and password.
const FOLLOWED: [&str; 10] = [
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

impl Config {
    /// Those of the settings `changed` that a server which runs with this configuration cannot take
    /// over from `new`: another host, another database, and whatever is not a secret of the list.
    #[must_use]
    pub fn needs_restart(&self, new: &Self, changed: &[String]) -> Vec<String> {
        let is_followed = |name: &str| match name {
            "DATABASE_URL" => {
                let (old, new) = (self.database.url.expose(), new.database.url.expose());
                without_login(old.as_str()) == without_login(new.as_str())
            }
            "REDIS_URL" => {
                let (old, new) = (self.redis.url.expose(), new.redis.url.expose());
                without_login(old.as_str()) == without_login(new.as_str())
            }
            "REDIS_CACHE_URL" => {
                let address = |url: &Option<Secret<RedisUrl>>| {
                    let url = url.as_ref().map(|url| url.expose().as_str());
                    url.map(|url| without_login(url).map(str::to_owned))
                };
                address(&self.redis.cache_url) == address(&new.redis.cache_url)
            }
            "LLM_UPSTREAM_PROXY" => {
                let address = |config: &Self| {
                    let proxy = config.llm.upstream_proxy.as_ref();
                    proxy.map(|proxy| proxy.expose().address())
                };
                address(self) == address(new)
            }
            // Without it, development makes a key up, and tokens of this moment would be refused.
            "JWT_SECRET_KEY" => new.jwt.secret_key.is_some(),
            name => FOLLOWED.contains(&name),
        };
        let stuck = changed.iter().filter(|name| !is_followed(name));
        stuck.cloned().collect()
    }
}

/// A URL before and behind the user and password of its authority (RFC 3986 section 3.2.1).
fn without_login(url: &str) -> [&str; 2] {
    let start = url.find("://").map_or(0, |at| at + 3);
    let authority = url[start..].find(['/', '?', '#']);
    let end = authority.map_or(url.len(), |at| start + at);
    let host = url[start..end]
        .rfind('@')
        .map_or(start, |at| start + at + 1);
    [&url[..start], &url[host..]]
}

#[cfg(test)]
mod tests {
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
}
