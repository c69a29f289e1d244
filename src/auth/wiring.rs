//! [`Auth`]: the parts of this folder, wired.

use std::sync::Arc;

use tokio_util::task::TaskTracker;

use super::account_changes::AccountChanges;
use super::accounts::Accounts;
use super::administration::Administration;
use super::browser::BrowserSessions;
use super::device::Devices;
use super::keyring::Keyring;
use super::keys::BadKey;
use super::limits::Limits;
use super::live_sessions::LiveSessions;
use super::metrics::AuthMetrics;
use super::new_accounts::NewAccounts;
use super::passwords::Passwords;
use super::reset::PasswordResets;
use super::services::Services;
use super::sessions::{Lifetimes, Sessions};
use super::sign_in::SignIns;
use super::tokens::Tokens;
use super::users::Users;
use crate::audit::Audit;
use crate::clock::Clock;
use crate::config::{Config, Registration};
use crate::http::RateLimits;
use crate::storage::Storage;

/// The parts, for those who call them; clones share everything.
#[derive(Clone, Debug)]
pub struct Auth {
    /// The table of accounts.
    pub users: Users,
    /// The audit log.
    pub audit: Audit,
    /// Keys, credentials, and what they sign.
    pub keyring: Arc<Keyring>,
    /// Password workers.
    pub passwords: Arc<Passwords>,
    /// Limits on calls and on guesses.
    pub limits: Arc<Limits>,
    /// Sign-in counters.
    pub metrics: AuthMetrics,
    /// Accounts in the hands of their owners.
    pub accounts: Arc<Accounts>,
    /// Accounts in the hands of administrators.
    pub administration: Arc<Administration>,
    /// Changes on their way to sessions, and erasure.
    pub changes: AccountChanges,
    /// Reset tokens.
    pub resets: Arc<PasswordResets>,
    /// Sessions, as their owners see and end them.
    pub live: Arc<LiveSessions>,
    /// Clients that hold tokens.
    pub tokens: Arc<Tokens>,
    /// Browsers that hold cookies.
    pub browsers: Arc<BrowserSessions>,
    /// Other services.
    pub services: Arc<Services>,
}

/// The parts that others stand on.
struct Ground {
    users: Users,
    audit: Audit,
    sessions: Sessions,
    keyring: Arc<Keyring>,
    passwords: Arc<Passwords>,
    limits: Arc<Limits>,
    metrics: AuthMetrics,
    devices: Arc<Devices>,
    new: Arc<NewAccounts>,
    changes: AccountChanges,
}

impl Auth {
    /// Prepares everything; does no I/O but starts the hashing workers.
    ///
    /// # Errors
    /// [`BadKey`] when a key of the configuration cannot be used.
    pub fn new(config: &Config, storage: &Storage, clock: Clock) -> Result<Self, BadKey> {
        let lifetimes = Lifetimes::of(config);
        let ground = Ground::new(config, storage, &clock, lifetimes)?;
        let resets = Arc::new(PasswordResets {
            users: ground.users.clone(),
            sessions: ground.sessions.clone(),
            keyring: Arc::clone(&ground.keyring),
            passwords: Arc::clone(&ground.passwords),
            limits: Arc::clone(&ground.limits),
            changes: ground.changes.clone(),
            clock,
        });
        let live = Arc::new(LiveSessions {
            sessions: ground.sessions.clone(),
            users: ground.users.clone(),
            audit: ground.audit.clone(),
            grace_millis: config.jwt.refresh_grace_seconds.get() * 1000,
        });
        let sign_ins = Arc::new(ground.sign_ins(&resets));
        let tokens = Arc::new(Tokens {
            sign_ins: Arc::clone(&sign_ins),
            live: Arc::clone(&live),
            audit: ground.audit.clone(),
            keyring: Arc::clone(&ground.keyring),
            limits: Arc::clone(&ground.limits),
            metrics: ground.metrics.clone(),
            lifetimes,
            grace_scope: config.jwt.refresh_grace_scope,
        });
        Ok(Self {
            accounts: Arc::new(ground.accounts(config.auth.registration)),
            administration: Arc::new(ground.administration(&resets)),
            browsers: Arc::new(BrowserSessions {
                sign_ins,
                live: Arc::clone(&live),
                keyring: Arc::clone(&ground.keyring),
                lifetimes,
            }),
            services: Arc::new(Services {
                keyring: Arc::clone(&ground.keyring),
                limits: Arc::clone(&ground.limits),
                tokens: Arc::clone(&tokens),
                live: Arc::clone(&live),
            }),
            users: ground.users,
            audit: ground.audit,
            keyring: ground.keyring,
            passwords: ground.passwords,
            limits: ground.limits,
            metrics: ground.metrics,
            changes: ground.changes,
            resets,
            live,
            tokens,
        })
    }
}

impl Ground {
    fn new(
        config: &Config,
        storage: &Storage,
        clock: &Clock,
        lifetimes: Lifetimes,
    ) -> Result<Self, BadKey> {
        let redis = storage.redis.as_ref();
        let audit = Audit::new(storage.sql.clone(), clock.clone());
        let users = Users::new(storage.sql.clone(), audit.clone());
        let sessions = Sessions::new(redis.map(|redis| redis.auth.clone()), clock, lifetimes);
        let keyring = Arc::new(Keyring::new(config, clock.clone())?);
        let passwords = Passwords::new(&config.password, users.clone(), clock.clone());
        let passwords = Arc::new(passwords);
        let counters = redis.map(|redis| redis.rate_limit.clone());
        let counters = RateLimits::new(&config.rate_limit, counters, clock);
        Ok(Self {
            devices: Arc::new(Devices {
                users: users.clone(),
                keyring: Arc::clone(&keyring),
                clock: clock.clone(),
            }),
            new: Arc::new(NewAccounts {
                users: users.clone(),
                passwords: Arc::clone(&passwords),
                clock: clock.clone(),
            }),
            changes: AccountChanges {
                users: users.clone(),
                audit: audit.clone(),
                sessions: sessions.clone(),
                tracker: TaskTracker::new(),
            },
            limits: Arc::new(Limits::new(counters, &config.rate_limit)),
            metrics: AuthMetrics::default(),
            users,
            audit,
            sessions,
            keyring,
            passwords,
        })
    }

    fn sign_ins(&self, resets: &Arc<PasswordResets>) -> SignIns {
        SignIns {
            users: self.users.clone(),
            audit: self.audit.clone(),
            sessions: self.sessions.clone(),
            keyring: Arc::clone(&self.keyring),
            passwords: Arc::clone(&self.passwords),
            limits: Arc::clone(&self.limits),
            devices: Arc::clone(&self.devices),
            resets: Arc::clone(resets),
            metrics: self.metrics.clone(),
        }
    }

    fn accounts(&self, registration: Registration) -> Accounts {
        Accounts {
            users: self.users.clone(),
            audit: self.audit.clone(),
            sessions: self.sessions.clone(),
            passwords: Arc::clone(&self.passwords),
            limits: Arc::clone(&self.limits),
            devices: Arc::clone(&self.devices),
            new: Arc::clone(&self.new),
            changes: self.changes.clone(),
            registration,
        }
    }

    fn administration(&self, resets: &Arc<PasswordResets>) -> Administration {
        Administration {
            users: self.users.clone(),
            sessions: self.sessions.clone(),
            passwords: Arc::clone(&self.passwords),
            limits: Arc::clone(&self.limits),
            resets: Arc::clone(resets),
            new: Arc::clone(&self.new),
            changes: self.changes.clone(),
        }
    }
}
