//! The ground: settings read off a JSON Schema, and the environment read into them.
//!
//! A service describes its configuration as plain Rust structs that derive `JsonSchema` and
//! `Deserialize`. The schema of these structs says all there is to say about each variable (name,
//! docs, kind, range, default, secrecy), and [`Settings`] is that knowledge as one flat list. The
//! [`Loader`] fills the structs from the environment by the same list.
//!
//! Nothing here knows what the settings mean; nothing here knows of any particular service. From
//! ground to roof, as in `src/lib.rs`: a file imports only what stands above it.

/// Faults of a setting, in words for the operator.
mod fault;

/// The known name that is nearest to a mistyped one.
mod suggest;

/// Nodes of a JSON Schema, and JSON values as the text of a variable.
mod node;

/// Whole numbers with a range in their type.
mod bounded;

/// Values that are never shown.
mod secret;

/// Names of variables, by the path of a field.
mod spelling;

/// One setting, and the list of all of them.
mod setting;

/// Keywords of a JSON Schema as facts of a setting.
mod keywords;

/// Schemas that do not describe settings.
mod schema_error;

/// A schema document: references followed, kinds told.
mod document;

/// Restrictions of a value beyond kind and range.
mod rules;

/// From a JSON Schema to the list of settings.
mod walk;

/// From the text of one variable to the value its schema asks for.
mod value;

/// Files of assignments: `.env`.
mod dotenv;

/// The environment of the process, the only reader of it.
mod env;

/// Results of a load, before and after its verdict.
mod resolution;

/// Sources of a text: a variable, the file it names, a mounted directory.
mod source;

/// Digests of the settings that come from files.
mod digest;

/// Variables that are nearly settings, and placeholders.
mod stray;

/// Faults of a whole tree of values, by serde.
pub(crate) mod refusal;

/// The loader: settings and an environment to a typed configuration.
mod load;

pub use bounded::{Bounded, OutOfRange};
pub use digest::FileDigests;
pub use dotenv::{Assignment, dotenv, without_mark};
pub use env::Environment;
pub use fault::{Fault, FaultKind, Faults};
pub use load::Loader;
pub(crate) use node::inline_schema;
pub use resolution::{Entry, Loaded, Origin, Resolution, Shown};
pub use schema_error::SchemaError;
pub use secret::{REDACTED, Secret, Zeroize};
pub use setting::{Condition, Kind, Section, Setting, Settings, Variant};
pub use source::{MAX_FILE_BYTES, open_regular};
pub(crate) use spelling::is_of_the_system;
pub use spelling::{Reader, Spelling};
pub use suggest::nearest;
pub(crate) use value::quoted;
pub use value::{SET_ME, is_invisible};
