//! The ground: settings read off a JSON Schema, and the environment read into them.
//!
//! A service describes its configuration as plain Rust structs that derive `JsonSchema` and
//! `Deserialize`. The schema of these structs says all there is to say about each variable (name,
//! docs, kind, range, default, secrecy), and [`Settings`] is that knowledge as one flat list. The
//! [`Loader`] fills the structs from the environment by the same list.
//!
//! Nothing here knows what the settings mean; nothing here knows of any particular service.

mod bounded;
mod digest;
mod dotenv;
mod env;
mod fault;
mod invisible;
mod load;
mod loose;
mod regular_file;
mod resolution;
mod rules;
mod secret;
mod setting;
mod source;
mod spelling;
mod stray;
mod suggest;
mod value;
mod walk;

pub use bounded::{Bounded, OutOfRange};
pub use digest::FileDigests;
pub use dotenv::{Assignment, dotenv, without_mark};
pub use env::Environment;
pub use fault::{Fault, FaultKind, Faults};
pub use invisible::is_invisible;
pub use load::Loader;
pub use regular_file::open_regular;
pub use resolution::{Entry, Loaded, Origin, Resolution, Shown};
pub use secret::{REDACTED, Secret, Zeroize};
pub use setting::{Condition, Kind, Section, Setting, Settings, Variant};
pub(crate) use spelling::is_of_the_system;
pub use spelling::{Reader, Spelling};
pub use suggest::nearest;
pub use walk::SchemaError;

/// What generated files hold in place of a value that only the operator knows.
///
/// The loader refuses it anywhere, so that a file that was rendered and never filled in cannot
/// start a service.
pub const SET_ME: &str = "__AURA_SET_ME__";

/// The largest file that is read as the value of a setting, in bytes.
pub const MAX_FILE_BYTES: u64 = 64 * 1024;
