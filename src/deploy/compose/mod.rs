//! A compose file: the service with its database and Redis on one machine.
//!
//! Structure after the Compose Specification. Secrets come from a file that is not in the
//! repository; `secrets/` makes it. From ground to roof, as in `src/lib.rs`.

/// The part of the Compose Specification that is written here.
mod model;

/// The servers that the service stands on.
mod backend;

/// The service, and all of it as one file.
mod stack;

pub(crate) use backend::{endpoint, engine};
pub use model::SECRETS_FILE;
pub use stack::{ARTEFACT, render};
