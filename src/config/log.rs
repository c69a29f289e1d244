//! Settings of the log.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Level and format of the log.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// The least important messages that are still logged.
    pub level: Level,
    /// Format of messages on standard error. In production the default is `json`.
    #[schemars(extend("x-default-in" = { "production": "json" }))]
    pub format: Format,
}

/// Importance of a message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Something failed.
    Error,
    /// Something works and will fail later.
    Warn,
    /// Steps of the service.
    #[default]
    Info,
    /// Details of each step.
    Debug,
    /// Everything.
    Trace,
}

impl Level {
    /// The level as it is written in `LOG_LEVEL`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// Format of a message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// A line for a person.
    #[default]
    Text,
    /// A JSON object a line, for a log collector.
    Json,
}
