//! [`Passwords`]: the rules of passwords, and their comparison with stored hashes. No limits, and no
//! sessions.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use super::error::Error;
use super::hasher::Hasher;
use super::password::{self, Form, Password, PasswordHash};
use super::users::{User, Users};
use crate::clock::{Clock, Timestamp};
use crate::config;
use crate::identity::Email;

/// Time for which the cost of the dearest stored hash is cached.
const DEAREST_HASH_MILLIS: i64 = 60_000;

/// Checks and hashes passwords on threads of their own.
#[derive(Debug)]
pub struct Passwords {
    users: Users,
    clock: Clock,
    hasher: Hasher,
    /// The cost of the dearest stored hash, and the time of that look.
    dearest: Mutex<Option<(Timestamp, Option<u32>)>>,
    min_chars: usize,
}

impl Passwords {
    /// Starts the hashing workers; does no I/O.
    pub(super) fn new(config: &config::Password, users: Users, clock: Clock) -> Self {
        Self {
            users,
            clock,
            hasher: Hasher::new(config.bcrypt_cost.as_u32(), config.rehash_down),
            dearest: Mutex::default(),
            min_chars: config.min_length.as_usize(),
        }
    }

    /// Number of jobs that wait for a worker.
    #[must_use]
    pub fn queue_depth(&self) -> usize {
        self.hasher.depth()
    }

    /// Hashes a password that follows the rules.
    ///
    /// # Errors
    /// [`Error::Busy`].
    pub(super) async fn hash(
        &self,
        client: IpAddr,
        password: Password,
    ) -> Result<PasswordHash, Error> {
        self.hasher.hash(client, password).await
    }

    /// Refuses a new password that breaks the rules of [`password::faults`]; `field` is the input's
    /// name for it. Runs on the spot: it is as cheap as parsing the request was, and must not wait
    /// behind hashes.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the faults.
    pub(super) fn check_new(
        &self,
        password: &Password,
        email: &Email,
        field: &str,
    ) -> Result<(), Error> {
        let min_chars = self.min_chars;
        let faults = password::faults(password, email, min_chars, field);
        if faults.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(faults))
        }
    }

    /// The user, if the password is theirs, and the form of it that the stored hash is of. Costs as
    /// much as the dearest stored hash in any case, and twice as much for a password that is not sent
    /// in its normal form.
    pub(super) async fn check(
        &self,
        client: IpAddr,
        user: Option<User>,
        password: &Password,
    ) -> Result<Option<(User, Form)>, Error> {
        let dearest = self.dearest_cost().await?;
        let hash = user.as_ref().map(|user| user.password_hash.clone());
        if let Some(user) = user
            .as_ref()
            .filter(|user| user.password_hash.cost().is_none())
        {
            tracing::warn!(
                user = %user.id,
                "the stored password hash is not bcrypt of cost 4 to 15, so no password matches it; \
                 the account needs a new password"
            );
        }
        let form = self
            .hasher
            .verify(client, password.clone(), hash, dearest)
            .await?;
        Ok(user.zip(form))
    }

    /// The cost of the dearest stored hash, as of a minute ago at most. Asked before every comparison
    /// and not after one: the first comparison with a dear hash must take no longer than others.
    async fn dearest_cost(&self) -> Result<Option<u32>, Error> {
        let now = self.clock.now();
        let known = *self.dearest.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, cost)) = known
            && now < at.plus_millis(DEAREST_HASH_MILLIS)
        {
            return Ok(cost);
        }
        let cost = self.users.dearest_cost().await?;
        let before = self
            .dearest
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .replace((now, cost));
        if self.hasher.pays_for(cost) && before.is_none_or(|(_, before)| before != cost) {
            tracing::warn!(
                cost,
                "an account has a password hash dearer than PASSWORD_BCRYPT_COST, so every sign-in \
                 takes as long; PASSWORD_REHASH_DOWN=true brings it down when its owner signs in"
            );
        }
        Ok(cost)
    }

    /// Brings a hash of another cost to today's, once: up, or down where the operator wants it. One
    /// that is not of the normal form of the password, to that.
    pub(super) async fn rehash(
        &self,
        client: IpAddr,
        mut user: User,
        form: Form,
        password: &Password,
    ) -> Result<User, Error> {
        let outdated = form == Form::AsSent || self.hasher.is_outdated(&user.password_hash);
        if !outdated || !password.fits() {
            return Ok(user);
        }
        let hash = self.hasher.hash(client, password.clone()).await?;
        if self.users.rehash(&user, &hash).await? {
            user.password_hash = hash;
            return Ok(user);
        }
        // Overtaken by another sign-in with the same password, or by a change of it.
        let user = self.users.find(user.id).await?;
        let checked = self.check(client, user, password).await?;
        checked
            .map(|(user, _)| user)
            .ok_or(Error::InvalidCredentials)
    }
}
