//! Schemas that do not describe settings, and the limits of those that do.

/// Deeper nesting than this is taken for a circle.
pub(super) const MAX_DEPTH: usize = 16;

/// More settings or sections than this are not a configuration. Without a limit, a small schema
/// whose definitions refer to one another several times each would have no end.
pub(super) const MAX_SETTINGS: usize = 1_000;

/// Bytes of JSON that all settings and sections may have, definitions resolved.
pub(super) const MAX_HELD: usize = 16 << 20;

/// A schema that does not describe settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// Two fields would be read from one variable.
    #[error("two settings are named {0}; rename one of the fields")]
    Duplicate(String),
    /// A name that no variable can have.
    #[error("{0:?} cannot be the name of a variable; use letters, digits and _")]
    Name(String),
    /// A variable that means something to the system.
    #[error(
        "{0} is a variable that the system itself reads or sets; rename the field, or give the \
         variables a prefix"
    )]
    System(String),
    /// A schema without end.
    #[error("the schema has more than {MAX_SETTINGS} settings or sections")]
    TooMany,
    /// A large definition that many settings refer to counts for each of them.
    #[error(
        "the descriptions, choices and defaults of the settings come to more than {} MiB, each \
         definition counted for every setting that refers to it; shorten the largest",
        MAX_HELD >> 20
    )]
    TooLarge,
    /// A condition names no setting.
    #[error("x-required-when names {0}, and no setting is called that; write its variable")]
    Condition(String),
    /// A `$ref` leads nowhere.
    #[error("{at}: the reference {reference} leads nowhere")]
    Reference {
        /// The variable or section.
        at: String,
        /// The `$ref` as written.
        reference: String,
    },
    /// A field of a kind that no variable can hold.
    #[error("{at}: a variable cannot hold this ({what}); use text, a number, a list or an enum")]
    Unsupported {
        /// The variable.
        at: String,
        /// The kind that the schema says.
        what: String,
    },
}
