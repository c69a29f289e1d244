//! [`Limits`]: the buckets that a call of the auth routes is charged to.

use std::net::IpAddr;

use super::device::Device;
use super::error::Error;
use super::refresh_token::{hex, keyed_hash};
use crate::config::RateLimit;
use crate::http::client_address::network;
use crate::http::{Bucket, Context, RateLimits};
use crate::identity::search_key;

/// Failures a minute from everywhere, in multiples of the tries from one address.
const ACCOUNT_FACTOR: i64 = 10;

/// The limits of section "Rate limits" of the user guide.
#[derive(Debug)]
pub struct Limits {
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

    /// Charges a call of a limited route to the address it came from, once: edges call this before the
    /// body is read, so that a client over its limit sends it in vain.
    ///
    /// # Errors
    /// [`Error::Limited`].
    pub async fn admit(&self, context: &Context) -> Result<(), Error> {
        if context.is_admitted() {
            return Ok(());
        }
        self.charge(context, vec![self.address(context.client, true)])
            .await?;
        context.admit();
        Ok(())
    }

    /// Charges a try at a password, before the account is looked up. A full account turns away
    /// networks without a recent sign-in, before any hash. A try from any other network is judged,
    /// because this account may know it: only [`Self::password_judged`] may tell the difference.
    ///
    /// A try of a `device` that the account knows counts against the device alone, wherever it is:
    /// neither strangers at other addresses nor neighbours at its own can use up what it may, and a
    /// thief of the proof can guess no more than from one address.
    pub(super) async fn password_try(
        &self,
        context: &Context,
        email: &str,
        device: Option<&Device>,
    ) -> Result<(), Error> {
        self.admit(context).await?;
        if let Some(device) = device {
            let key = format!("{}:device:{}", digest(email), device.id);
            return self.charge(context, vec![self.login(key)]).await;
        }
        let buckets = vec![
            self.login(pair(email, context.client)),
            self.account(email, false, Some(network(context.client).to_string())),
        ];
        self.charge(context, buckets).await
    }

    /// Decides whether the outcome of a try may be told: a wrong password is charged to the account
    /// by the same step that asks whether it is full, so that of any number of tries at once no
    /// more than the limit are answered. A full account refuses a wrong password from anywhere, and
    /// the right one from addresses that the account does not know; those that it knows now are
    /// safe from strangers who would lock them out. What a known device tries was charged before.
    pub(super) async fn password_judged(
        &self,
        context: &Context,
        email: &str,
        device: Option<&Device>,
        good: bool,
    ) -> Result<(), Error> {
        let pair = pair(email, context.client);
        match (good, device) {
            (false, Some(_)) => return Ok(()),
            (false, None) => {
                let bucket = self.account(email, true, None);
                return self.charge(context, vec![bucket]).await;
            }
            (true, Some(_)) => {}
            (true, None) => {
                let bucket = self.account(email, false, Some(pair.clone()));
                self.charge(context, vec![bucket]).await?;
            }
        }
        let marks = [pair, network(context.client).to_string()];
        self.counters.remember(&marks).await;
        Ok(())
    }

    /// Decides whether the outcome of comparing a client's credentials may be told: wrong ones are
    /// charged to the address by the same step that asks whether it has any tries left, and right
    /// ones are refused where it has none.
    pub(super) async fn client_judged(&self, context: &Context, good: bool) -> Result<(), Error> {
        let bucket = Bucket {
            public: false,
            ..self.address(context.client, !good)
        };
        self.charge(context, vec![bucket]).await
    }

    async fn charge(&self, context: &Context, buckets: Vec<Bucket>) -> Result<(), Error> {
        Ok(self.counters.charge(context, buckets).await?)
    }

    fn address(&self, client: IpAddr, charge: bool) -> Bucket {
        Bucket {
            policy: "address",
            key: network(client).to_string(),
            limit: self.address,
            charge,
            unless_known: None,
            public: true,
        }
    }

    fn login(&self, key: String) -> Bucket {
        Bucket {
            policy: "login",
            key,
            limit: self.login,
            charge: true,
            unless_known: None,
            public: true,
        }
    }

    fn account(&self, email: &str, charge: bool, unless_known: Option<String>) -> Bucket {
        Bucket {
            policy: "account",
            key: digest(email),
            limit: self.login * ACCOUNT_FACTOR,
            charge,
            unless_known,
            public: false,
        }
    }
}

/// Names an account without its e-mail: whatever was typed, so that an unknown one counts too, and in
/// one form, so that its spellings share what it may.
fn digest(email: &str) -> String {
    hex(&keyed_hash(b"aura/limit/v1", search_key(email).as_bytes(), &[])[..16])
}

fn pair(email: &str, client: IpAddr) -> String {
    format!("{}:{}", digest(email), network(client))
}
