//! Accounts, passwords, tokens and sessions, from ground to roof.
//!
//! [`Auth`] holds the parts that callers name: accounts, administration, tokens, browser sessions,
//! keys; [`api`] and [`oauth`] are thin edges over them. The parts know requests only as a
//! [`Context`](crate::http::Context), and statuses not at all.

/// Failures, in the words of the domain.
mod error;

/// Passwords, their rules, and their hashes.
mod password;

/// A queue in which client addresses take turns.
mod turns;

/// Threads that hash.
mod hasher;

/// Refresh tokens, and the hashes by which tokens are known.
mod refresh_token;

/// The store of sessions: Redis, or this process.
pub mod sessions;

/// The table of accounts.
pub mod users;

/// Keys that sign and verify.
mod keys;

/// Access tokens: JWTs.
mod access_token;

/// A new key, for the command line.
mod new_key;

/// The description of this server for OAuth clients.
mod server_metadata;

/// Credentials of other services.
mod service_client;

/// The keys and credentials of the configuration that holds.
pub mod keyring;

/// Sign-in counters.
pub mod metrics;

/// Actors, and the events of what they do.
mod acting_as;

/// Comparing passwords with stored hashes.
pub mod passwords;

/// Devices that an account knows.
mod device;

/// Limits on calls and on guesses.
pub mod limits;

/// The view of an account, and the bodies that one is made of.
pub mod account;

/// Changes of accounts, carried over to sessions.
pub mod account_changes;

/// New accounts, whoever makes them.
mod new_accounts;

/// Reset tokens.
pub mod reset;

/// Sessions as they stand.
pub mod live_sessions;

/// Accounts in the hands of their owners.
pub mod accounts;

/// Accounts in the hands of administrators.
pub mod administration;

/// Signing in.
mod sign_in;

/// Clients that hold tokens.
pub mod tokens;

/// Browsers that hold cookies.
pub mod browser;

/// Other services that ask about tokens.
pub mod services;

/// All parts, wired.
mod wiring;

/// Requests that a gateway holds.
pub mod forward;

/// Failures in the words of HTTP.
mod problem;

/// Bodies of the JSON routes.
pub mod bodies;

/// Examples of the bodies.
mod examples;

/// Bodies of introspection and revocation.
pub mod introspection;

/// The answer to a gateway.
pub mod gateway;

/// The JSON routes.
pub mod api;

/// The routes that follow RFCs.
pub mod oauth;

pub use self::access_token::{Audience, Claims, OWN_CLIENT_ID};
pub use self::account::{Account, NewAccount};
pub use self::acting_as::ActingAs;
pub use self::error::Error;
pub use self::keys::{BadKey, Keys};
pub use self::live_sessions::Caller;
pub use self::new_key::{NoKey, new_key};
pub use self::password::Password;
pub use self::refresh_token::{CHILDREN, RefreshKey, RefreshToken, TokenHash, keyed_hash};
pub use self::server_metadata::ServerMetadata;
pub use self::service_client::ShownCredentials;
pub use self::sign_in::SignIn;
pub use self::wiring::Auth;
