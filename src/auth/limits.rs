//! Which buckets a call of the auth routes is charged to.

use std::net::IpAddr;

use super::error::Error;
use super::refresh_token::keyed_hash;
use crate::config::RateLimit;
use crate::http::client_address::network;
use crate::http::{Bucket, Context, RateLimits};

/// Failures a minute from everywhere, in multiples of the tries from one address.
const ACCOUNT_FACTOR: i64 = 10;

/// The limits of section "Rate limits" of the user guide.
#[derive(Debug)]
pub(super) struct Limits {
    counters: RateLimits,
    login: i64,
    address: i64,
}

impl Limits {
    pub(super) fn new(counters: RateLimits, config: &RateLimit) -> Self {
        Self {
            counters,
            login: config.login_per_minute.get(),
            address: config.address_per_minute.get(),
        }
    }

    /// Charges a call of a limited route to the address it came from.
    pub(super) async fn call(&self, context: &Context) -> Result<(), Error> {
        self.charge(context, vec![self.address(context.client, true)])
            .await
    }

    /// Charges a try at a password, before anybody looks whether the account exists.
    pub(super) async fn password_try(&self, context: &Context, email: &str) -> Result<(), Error> {
        let pair = pair(email, context.client);
        let buckets = vec![
            self.address(context.client, true),
            Bucket {
                policy: "login",
                key: pair.clone(),
                limit: self.login,
                charge: true,
                unless_known: None,
                public: true,
            },
            self.account(email, pair, false),
        ];
        self.charge(context, buckets).await
    }

    /// Counts a wrong password against the account.
    pub(super) async fn password_failed(&self, context: &Context, email: &str) {
        let pair = pair(email, context.client);
        self.counters.count(self.account(email, pair, true)).await;
    }

    /// From now on strangers cannot lock this account for this address.
    pub(super) async fn signed_in(&self, context: &Context, email: &str) {
        self.counters.remember(&pair(email, context.client)).await;
    }

    /// Checks, without charging, that the address may try a client's credentials.
    pub(super) async fn client_try(&self, context: &Context) -> Result<(), Error> {
        self.charge(context, vec![self.address(context.client, false)])
            .await
    }

    /// Counts wrong client credentials against the address.
    pub(super) async fn client_failed(&self, context: &Context) {
        self.counters
            .count(self.address(context.client, true))
            .await;
    }

    async fn charge(&self, context: &Context, buckets: Vec<Bucket>) -> Result<(), Error> {
        let charged = self.counters.charge(context, buckets).await;
        charged.map_err(|problem| Error::Limited(Box::new(problem)))
    }

    fn address(&self, client: IpAddr, charge: bool) -> Bucket {
        Bucket {
            policy: "address",
            key: network(client).to_string(),
            limit: self.address,
            charge,
            unless_known: None,
            public: charge,
        }
    }

    fn account(&self, email: &str, pair: String, charge: bool) -> Bucket {
        Bucket {
            policy: "account",
            key: digest(email),
            limit: self.login * ACCOUNT_FACTOR,
            charge,
            unless_known: Some(pair),
            public: false,
        }
    }
}

/// Names an account without its e-mail: whatever was typed, so that an unknown one counts too.
fn digest(email: &str) -> String {
    super::hex(&keyed_hash(b"aura/limit/v1", email.to_lowercase().as_bytes(), &[])[..16])
}

fn pair(email: &str, client: IpAddr) -> String {
    format!("{}:{}", digest(email), network(client))
}
