//! The roof: wires every feature into one endpoint, and runs it.

mod app;
mod bad_config;
mod clock_skew;
mod connection;
mod connections;
mod cors;
mod docs;
mod edge;
mod framing;
mod front;
mod listener;
pub mod memory;
mod metrics;
pub mod openapi;
mod routes;
mod secret_files;
mod serve;
pub mod service;
mod shutdown;
mod socket;
mod startup;
mod sweep;
pub mod telemetry;

pub use self::app::App;
pub use self::bad_config::BadConfig;
pub use self::secret_files::SecretFiles;
pub use self::serve::{ServeError, serve};
