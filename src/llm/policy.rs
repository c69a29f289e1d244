//! The cache policy of a request: its `Cache-Control` (RFC 9111 section 5.2.1), and whether its answer
//! is deterministic.

use poem::http::{HeaderMap, header};

use crate::config::CacheRequests;

/// The cache policy of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Policy {
    /// The answer may be kept, and shared with requests that ask the same meanwhile.
    pub(super) store: bool,
    /// A kept answer will do.
    pub(super) read: bool,
    /// Milliseconds below which a kept answer is young enough.
    pub(super) max_age_millis: Option<i64>,
    /// Nothing but a kept answer will do.
    pub(super) only_if_cached: bool,
}

/// The directives of a request that we obey.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Directives {
    no_store: bool,
    no_cache: bool,
    only_if_cached: bool,
    max_age: Option<i64>,
}

impl Policy {
    /// Neither read nor kept.
    const BYPASS: Self = Self {
        store: false,
        read: false,
        max_age_millis: None,
        only_if_cached: false,
    };

    /// The policy of a request with `headers`; `deterministic` says whether its answer should be
    /// the same every time.
    pub(super) fn of(headers: &HeaderMap, deterministic: bool, requests: CacheRequests) -> Self {
        let asked = Directives::of(headers);
        let wanted = deterministic || requests == CacheRequests::All || asked.max_age.is_some();
        if asked.no_store || !wanted {
            return Self {
                // Holds also where the cache is not asked: the answer is 504 (RFC 9111 section
                // 5.2.1.7).
                only_if_cached: asked.only_if_cached,
                ..Self::BYPASS
            };
        }
        Self {
            store: true,
            // Nothing is younger than 0.
            read: !asked.no_cache && asked.max_age != Some(0),
            max_age_millis: asked.max_age.map(|seconds| seconds.saturating_mul(1000)),
            only_if_cached: asked.only_if_cached,
        }
    }

    /// Checks whether an answer kept `age_millis` ago will do.
    pub(super) fn takes(&self, age_millis: i64) -> bool {
        self.read && self.max_age_millis.is_none_or(|limit| age_millis < limit)
    }
}

impl Directives {
    fn of(headers: &HeaderMap) -> Self {
        let mut found = Self::default();
        for line in headers.get_all(header::CACHE_CONTROL) {
            // What cannot be read may have said anything: then the careful thing.
            let Ok(line) = line.to_str() else {
                found.no_store = true;
                continue;
            };
            for directive in line.split(',') {
                found.add(directive.trim());
            }
        }
        found
    }

    fn add(&mut self, directive: &str) {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        match name.trim().to_ascii_lowercase().as_str() {
            "no-store" => self.no_store = true,
            "no-cache" => self.no_cache = true,
            "only-if-cached" => self.only_if_cached = true,
            "max-age" => {
                // Both forms of an argument count: token and quoted string (RFC 9111 section 5.2).
                let digits = value.trim().trim_matches('"');
                if !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit()) {
                    let seconds = digits.parse().unwrap_or(i64::MAX);
                    // Of two, the stricter.
                    let known = self.max_age.unwrap_or(i64::MAX);
                    self.max_age = Some(seconds.min(known));
                } else {
                    // An age that cannot be read could be any, 0 included.
                    self.no_cache = true;
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
