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
            // A missing file would make development generate a key, and every current token would be refused.
            "JWT_SECRET_KEY" => new.jwt.secret_key.is_some(),
            // Followed in full: these values are nothing but a secret.
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
mod tests;
