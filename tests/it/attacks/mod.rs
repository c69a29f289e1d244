//! Attacks that once succeeded: each file is the surface that it goes through, each test one attack
//! with the outcome that holds today. `docs/security.md` says what is promised.

mod administrators;
mod files;
mod gateways;
mod setup;
mod connections;
mod hosts;
mod pages;
mod bodies;
mod limits;
mod keys;
mod passwords;
mod setup;
mod audit;
mod refresh;
mod sessions;
mod verify;
mod llm;
