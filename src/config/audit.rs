//! Settings of the audit trail.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::schema::Bounded;

/// Retention of the audit trail.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Audit {
    /// Days after which an event is deleted from the audit trail; the server looks once an hour.
    pub retention_days: Bounded<1, 3_650>,
}

impl Default for Audit {
    fn default() -> Self {
        Self {
            retention_days: Bounded::of::<365>(),
        }
    }
}
