//! The tests of `aura`, in one binary: each file is a theme, and mirrors what users see of it.
//!
//! - `house`: the source keeps its own rules.
//! - `harness`: the servers, the proxy and the sockets that the tests stand on do what they say.
//! - `browsers`: the browsers that look at pages see what they claim to.
//! - `outages`: Redis and the database stopped, hung, mute and back again.
//! - `attacks`: attacks that once succeeded, one test each.
//! - `fuzz`: everything that reads what strangers send, fed with what nobody would write.
//! - `slow_clients`: slow, silent, endless and malformed connections.
//! - `llm`: what is asked once and given twice, and what holds while something is away.
//! - `deploy`: the files that deploy aura, and what other people's tools say of them.
//! - `image`: the built image, in containers and by itself.
//! - `nix`: the flake, its source set, and the NixOS module.
//! - `verify`: the checklist of a release.
//! - `start`: what a start makes, waits for, and ends with.
//! - `shutdown`: SIGTERM loses nothing, and ends in time.
//! - `replicas`: several processes behave as one.
//! - `rolling_update`: replicas are replaced under load, and no request fails.
//! - `races`: what changes in the middle of a sign-in holds at its end.
//! - `poolers`: Postgres behind a transaction pooler.
//! - `tls`: Redis and Postgres over TLS.
//! - `urls`: where Redis and Postgres are, and that no part of it is told.
//! - `migrations`: who prepares the database, and what waits for it.
//! - `sessions_contract`: the two stores of sessions are one to their callers.
//! - `secret_files`: secrets that change in their files are taken over by a running server.
//! - `key_rotation`: the recipe for a new key, played at two replicas under load.
//! - `settings`, `config`: every setting is read, documented and checked.
//! - `accounts`, `passwords`, `sessions`, `refresh`: what signing in and staying in promise.
//! - `spellings`: one password or e-mail, spelled in two ways, is one.
//! - `rate_limits`, `bad_input`: what is counted, and what is refused.
//! - `contract`, `docs`, `swagger_ui`, `readme`: the documents tell the truth.
//! - `activity`, `admin_config`: what an administrator sees of all replicas and of the settings.
//! - `preflights`: what pages of other origins may send and read.
//! - `health`, `logs`, `operations`, `users`: what those who run the server rely on.
//! - `rate_limits`, `bad_input`, `parameters`: what is counted, and what is refused.
//! - `contract`, `docs`, `swagger_ui`, `readme`: the documents tell the truth.
//! - `activity`, `admin_config`: what an administrator sees of all replicas and of the settings.
//! - `health`, `logs`, `operations`, `users`, `confirmation`: what those who run the server rely on.
//! - `dashboard`: what forms do and refuse, who may see which page, and what forgery comes to.
//! - `dashboard_browser`: every page and form of the dashboard, as people see them.
//! - `forward_auth`: gateways in front of applications let in whom they should.
//! - `spa`: the script of the documentation signs in from a page of another origin.
//! - `admin_api`: what administrators may do, who may not, and that one of them remains.
//! - `erasure`: a person is gone from every table, and what happened is not.
//! - `audit`: who did what, when, from where; found again, and gone when it is old.
//! - `access_tokens`, `signing_keys`, `oauth`, `services`: what a token is, and who may rely on it.

#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "in tests a panic is the verdict, and the log of a failed server belongs beside it"
)]

mod access_tokens;
mod accounts;
mod activity;
mod admin_api;
mod admin_config;
mod attacks;
mod audit;
mod bad_input;
mod browsers;
mod clocks;
mod config;
mod confirmation;
mod contract;
mod dashboard;
mod dashboard_browser;
mod deploy;
mod display_names;
mod docs;
mod erasure;
mod first_steps;
mod forward_auth;
mod fuzz;
mod harness;
mod health;
mod house;
mod image;
mod key_rotation;
mod llm;
mod logs;
mod migrations;
mod nix;
mod oauth;
mod oauth_clients;
mod older_accounts;
mod one_machine;
mod operations;
mod outages;
mod parameters;
mod passwords;
mod poolers;
mod preflights;
mod races;
mod rate_limits;
mod readme;
mod refresh;
mod replicas;
mod rolling_update;
mod secret_files;
mod services;
mod session_ends;
mod sessions;
mod sessions_contract;
mod settings;
mod shutdown;
mod signing_keys;
mod slow_clients;
mod spa;
mod spellings;
mod start;
mod support;
mod swagger_ui;
mod tls;
mod urls;
mod users;
mod verify;
