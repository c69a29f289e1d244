//! [`CacheKey`]: the name of an answer in the cache.

use base16ct::HexDisplay;
use sha2::{Digest, Sha256};

use super::upstream::Route;

/// Another one makes every answer that was kept before unknown: for changes of what is kept, and of
/// the digest of a body.
const VERSION: &str = "aura/llm/4";

/// SHA-256 over everything that an answer depends on, as 64 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CacheKey(String);

impl CacheKey {
    /// The key of what `scope` sends to `route` of `upstream`, with the digest of its body.
    pub(super) fn new(route: Route, upstream: &str, scope: &str, body: &[u8]) -> Self {
        let mut hash = Sha256::new();
        let parts = [
            VERSION.as_bytes(),
            route.path().as_bytes(),
            upstream.as_bytes(),
            scope.as_bytes(),
            body,
        ];
        for part in parts {
            // With its length before it, no part can borrow from its neighbour.
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Self(format!("{:x}", HexDisplay(&hash.finalize())))
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_counts_and_none_borrows_from_another() {
        let keys = [
            CacheKey::new(Route::Chat, "http://a/v1", "shared", b"{}"),
            CacheKey::new(Route::Completions, "http://a/v1", "shared", b"{}"),
            CacheKey::new(Route::Chat, "http://b/v1", "shared", b"{}"),
            CacheKey::new(Route::Chat, "http://a/v1", "user:1", b"{}"),
            CacheKey::new(Route::Chat, "http://a/v1", "shared", b"{ }"),
            CacheKey::new(Route::Chat, "http://a/v1s", "hared", b"{}"),
            CacheKey::new(Route::Chat, "http://a/v1shared", "", b"{}"),
        ];
        for (at, key) in keys.iter().enumerate() {
            assert_eq!(key.as_str().len(), 64);
            assert!(keys[..at].iter().all(|other| other != key), "{at}");
        }
        let again = CacheKey::new(Route::Chat, "http://a/v1", "shared", b"{}");
        assert_eq!(again, keys[0]);
    }
}
