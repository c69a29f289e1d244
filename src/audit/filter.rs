//! [`Filter`]: a selection of events, and the statement that finds them.

use std::fmt;

use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime};

use crate::clock::Timestamp;
use crate::config::Engine;

/// Random bits at the end of an id.
pub(super) const RANDOM_BITS: u32 = 20;

/// A selection of events: those that fit everything that is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Action, as stored.
    pub action: Option<String>,
    /// By whom: an e-mail, `command line`, `server` or `service NAME`.
    pub actor: Option<String>,
    /// Account it was done to: an e-mail.
    pub subject: Option<String>,
    /// Address of the client.
    pub ip: Option<String>,
    /// Not before this moment.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
}

/// A value of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A text.
    Text(String),
    /// A number.
    Number(i64),
}

/// A text that is no moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write a moment like 2026-01-31T12:00:00Z, or a day like 2026-01-31")]
pub struct BadMoment;

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

/// The filter in a few words, such as `action=session.refused ip=203.0.113.7`.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = |at: Timestamp| at.to_utc().format(&Rfc3339).ok();
        let parts = [
            ("action", self.action.clone()),
            ("actor", self.actor.clone()),
            ("subject", self.subject.clone()),
            ("ip", self.ip.clone()),
            ("from", self.from.and_then(moment)),
            ("until", self.until.and_then(moment)),
        ];
        let parts = parts
            .into_iter()
            .filter_map(|(name, value)| Some(format!("{name}={}", value?)));
        f.write_str(&parts.collect::<Vec<_>>().join(" "))
    }
}

impl Filter {
    /// A moment as people write it: RFC 3339, or a day, which begins at midnight UTC.
    ///
    /// # Errors
    /// [`BadMoment`].
    pub fn moment(text: &str) -> Result<Timestamp, BadMoment> {
        let day = format_description!("[year]-[month]-[day]");
        let moment = OffsetDateTime::parse(text, &Rfc3339)
            .or_else(|_| Date::parse(text, day).map(|day| day.midnight().assume_utc()));
        let millis = moment.map_err(|_| BadMoment)?.unix_timestamp_nanos() / 1_000_000;
        let millis = i64::try_from(millis).map_err(|_| BadMoment)?;
        Ok(Timestamp::from_millis(millis))
    }

    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        let texts = [&self.action, &self.actor, &self.subject, &self.ip];
        texts.into_iter().flatten().map(String::as_str)
    }

    /// The statement for at most `limit` events below the id `before`, newest first, and its values
    /// in order.
    ///
    /// Each index has its column and `id + 0`, so the rows of one value lie in the order that is
    /// wanted, and a page costs the rows on it. SQLite keeps no count of how common a value is; it
    /// gets a hint which column to search by, from the most selective one.
    #[must_use]
    pub fn statement(
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_people_write_them() {
        let millis = |text: &str| Filter::moment(text).map(Timestamp::millis);
        assert_eq!(millis("1970-01-02"), Ok(86_400_000));
        assert_eq!(millis("1970-01-01T01:00:00.5+01:00"), Ok(500));
        for wrong in [
            "",
            "yesterday",
            "2026-13-01",
            "2026-01-01 10:00",
            "1700000000",
        ] {
            assert_eq!(millis(wrong), Err(BadMoment), "{wrong}");
        }
    }

    #[test]
    fn ids_sort_by_time_at_both_ends_of_it() {
        let id = |millis| first_id(Timestamp::from_millis(millis));
        assert_eq!((id(-1), id(0), id(1)), (0, 0, 1 << 20));
        assert!(id(i64::MAX) > id(1 << 42));
    }
}
