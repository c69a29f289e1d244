//! Attacks that once succeeded: each file is the surface that it goes through, each test one attack
//! with the outcome that holds today. `docs/security.md` says what is promised.

mod administrators;
mod audit;
mod bodies;
mod connections;
mod files;
mod gateways;
mod hosts;
mod keys;
mod limits;
mod llm;
mod older_roles;
mod page;
mod pages;
mod passwords;
mod redirects;
mod refresh;
mod sessions;
mod setup;
mod verify;
