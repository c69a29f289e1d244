//! aura: sign-in for your own applications, in one static binary.
//!
//! This list is the architecture: from ground to roof, and a module may import only what stands
//! above it. `tests/it/house/` holds it to that. `docs/architecture.md` tells the story.

/// Ground: settings read off a JSON Schema, and the only reader of the environment. Knows nothing
/// of aura.
pub mod schema;

/// Settings and the facts of a service to the files that deploy it. Knows nothing of aura.
pub mod deploy;

/// Manifests of any origin, read for what is wrong in them.
pub mod inspect;

/// A checkout, an image and manifests, held to what the service promises.
pub mod verify;

/// Time and randomness as values; the only ambient reads of both.
#[cfg(feature = "server")]
pub mod clock;

/// Guesses that a secret withstands.
#[cfg(feature = "server")]
pub mod strength;

/// Settings of aura: one section a file, one line a section.
#[cfg(feature = "server")]
pub mod config;

/// E-mail addresses and ids: names of accounts and sessions.
#[cfg(feature = "server")]
pub mod identity;

/// Connections, opened lazily: the SQL pool and its migrations, one handle a Redis database.
#[cfg(feature = "server")]
pub mod storage;

/// The toolkit of every edge: errors, bodies, limits, who the client is. No routes.
#[cfg(feature = "server")]
pub mod http;

/// The audit trail: who did what, when, from where.
#[cfg(feature = "server")]
pub mod audit;

/// Accounts, passwords, tokens, sessions.
#[cfg(feature = "server")]
pub mod auth;

/// The cache in front of a language model, and the routes under `/v1`.
#[cfg(feature = "server")]
pub mod llm;

/// Liveness, readiness, named checks.
#[cfg(feature = "server")]
pub mod health;

/// The last hour in numbers, over all replicas, and the replicas themselves.
#[cfg(feature = "server")]
pub mod activity;

/// Views and actions of the role `admin`, as JSON.
#[cfg(feature = "server")]
pub mod admin;

/// The pages: what people see of it all in a browser.
#[cfg(feature = "server")]
pub mod dashboard;

/// The roof: every feature wired into one endpoint, and the process around it.
#[cfg(feature = "server")]
pub mod server;

/// The command line: one command a file.
#[cfg(feature = "server")]
pub mod cli;
