//! [`Filter`]: which events are wanted, and the statement that finds them.

use crate::clock::Timestamp;
use crate::config::Engine;

/// Random bits at the end of an id.
pub(super) const RANDOM_BITS: u32 = 20;

/// Which events are wanted: those that fit everything that is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// What was done, as stored.
    pub action: Option<String>,
    /// By whom: an e-mail, `command line` or `server`.
    pub actor: Option<String>,
    /// To whose account: an e-mail.
    pub subject: Option<String>,
    /// From which address.
    pub ip: Option<String>,
    /// Not before this moment.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
}

/// A value of a statement.
pub(super) enum Value {
    Text(String),
    Number(i64),
}

/// The lowest id that an event of `at` can have.
pub(super) const fn first_id(at: Timestamp) -> i64 {
    let millis = at.millis();
    let highest = i64::MAX >> RANDOM_BITS;
    // No id lies beyond either end.
    let millis = if millis < 0 {
        0
    } else if millis > highest {
        highest
    } else {
        millis
    };
    millis << RANDOM_BITS
}

impl Filter {
    /// The statement for at most `limit` events below the id `before`, newest first, and its values
    /// in order.
    ///
    /// Each index has its column and `id + 0`, so the rows of one value lie in the order that is
    /// wanted, and a page costs the rows on it. SQLite keeps no count of how common a value is; it
    /// is told which column to search by, from the one that usually tells most.
    pub(super) fn statement(
        &self,
        columns: &str,
        engine: Engine,
        before: Option<i64>,
        limit: i64,
    ) -> (String, Vec<Value>) {
        let texts = [
            ("subject", &self.subject),
            ("actor", &self.actor),
            ("ip", &self.ip),
            ("action", &self.action),
        ];
        let texts = texts
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.as_ref()?)));
        let (mut conditions, mut values) = (Vec::new(), Vec::new());
        for (name, value) in texts {
            values.push(Value::Text(value.clone()));
            let aside = if engine == Engine::Sqlite && values.len() > 1 {
                "+"
            } else {
                ""
            };
            conditions.push(format!("{aside}{name} = ${}", values.len()));
        }
        let key = if conditions.is_empty() {
            "id"
        } else {
            "id + 0"
        };
        let mut bounds = vec![
            (">=", self.from.map(first_id)),
            ("<", self.until.map(first_id)),
        ];
        bounds.push(("<", before));
        for (comparison, bound) in bounds {
            if let Some(bound) = bound {
                values.push(Value::Number(bound));
                conditions.push(format!("{key} {comparison} ${}", values.len()));
            }
        }
        let condition = if conditions.is_empty() {
            String::new()
        } else {
            format!(" WHERE {}", conditions.join(" AND "))
        };
        values.push(Value::Number(limit));
        let statement = format!(
            "SELECT {columns} FROM audit_events{condition} ORDER BY {key} DESC LIMIT ${}",
            values.len()
        );
        (statement, values)
    }
}
