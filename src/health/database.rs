//! The check of the accounts' database.

use super::report::{LIMIT, Report, Status, millis};
use crate::llm::Llm;
use crate::storage::{Sql, Storage};

#[derive(Debug)]
pub(super) struct DatabaseCheck(Sql);

impl DatabaseCheck {
    /// Without the database nothing works.
    pub(super) const ROLLS_UP: bool = true;

    pub(super) fn new(storage: &Storage, _: &Llm) -> Self {
        Self(storage.sql.clone())
    }

    pub(super) async fn run(&self) -> Report {
        match self.0.ping(LIMIT).await {
            Ok(latency) => Report {
                latency_ms: Some(millis(latency)),
                ..Report::new(Status::Healthy)
            },
            // The pool has logged the cause, which no stranger may read here.
            Err(_) => Report::new(Status::Unhealthy),
        }
    }
}
