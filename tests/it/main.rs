//! The tests of `aura`, in one binary: each file is a theme, and mirrors what users see of it.
//!
//! `docs/contributing.md` names the tests of each route.
//!
//! - `house`: the source keeps its own rules.
//! - `harness`, `browsers`: the servers, proxies, sockets and browsers of the tests work as they claim.
//! - `attacks`: attacks that once succeeded, one test each.
//! - `fuzz`: everything that reads untrusted input, fed with hostile input.
//! - `accounts`, `passwords`, `sessions`, `session_ends`, `refresh`: signing in and staying signed in.
//! - `spellings`: two spellings of one password or e-mail are one.
//! - `access_tokens`, `signing_keys`, `oauth`, `oauth_clients`, `services`: what a token is, and which
//!   services may rely on it.
//! - `forward_auth`: gateways in front of applications admit the right users.
//! - `spa`, `preflights`: pages of other origins.
//! - `rate_limits`, `bad_input`, `parameters`: what is counted, and what is refused.
//! - `admin_api`, `admin_config`, `activity`, `users`, `confirmation`: the work of administrators, by the
//!   API and by the command line.
//! - `audit`, `erasure`: what is recorded, and what of a person is deleted.
//! - `dashboard`, `dashboard_browser`: pages and forms, by requests and in a browser.
//! - `llm`: the cache in front of a language model.
//! - `health`, `logs`, `operations`, `slow_clients`: what operators rely on.
//! - `outages`, `races`, `clocks`, `replicas`, `rolling_update`, `poolers`: Redis, the database, clocks and
//!   replicas fail, move and disagree.
//! - `sessions_contract`: the two stores of sessions keep one contract.
//! - `settings`, `config`, `secret_files`, `key_rotation`: settings are read, checked and followed.
//! - `start`, `shutdown`, `migrations`, `tls`, `urls`: a process begins, connects and ends.
//! - `deploy`, `image`, `nix`, `one_machine`, `verify`: the files, images and pages that deploy aura.
//! - `contract`, `docs`, `swagger_ui`, `readme`, `first_steps`: the documents are right.

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
