//! Erasure of a person from the trail: events stay with their ids, and lose the e-mail and what was
//! recorded of the person's devices.

use std::collections::HashSet;

use sqlx::Row;

use super::action::Action;
use super::store::Audit;
use crate::identity::{Email, UserId};
use crate::storage::{Connection, SqlError};

type Result<T> = std::result::Result<T, sqlx::Error>;

/// Ids of at most `$2` events in which the e-mail `$1` stands, oldest first.
macro_rules! events {
    ($column:literal) => {
        concat!(
            "SELECT id FROM audit_events WHERE ",
            $column,
            // By the index of the column and not by the primary key: decision 0010.
            " = $1 ORDER BY id + 0 LIMIT $2"
        )
    };
}

/// Takes the e-mail `$1` out of at most `$2` of its events, oldest first. An address and a user agent are
/// the person's own where the person acted, or a client that was not signed in; those of an
/// administrator or a service who acted on the account stay.
macro_rules! erase {
    ($column:literal) => {
        concat!(
            "UPDATE audit_events SET \
             actor = CASE WHEN actor = $1 THEN '' ELSE actor END, \
             subject = CASE WHEN subject = $1 THEN '' ELSE subject END, \
             ip = CASE WHEN actor IN ('', $1) THEN '' ELSE ip END, \
             user_agent = CASE WHEN actor IN ('', $1) THEN '' ELSE user_agent END \
             WHERE id IN (",
            events!($column),
            ")"
        )
    };
}

/// Addresses that [`erase!`] is about to take out.
macro_rules! addresses {
    ($column:literal) => {
        concat!(
            "SELECT DISTINCT ip FROM audit_events WHERE actor IN ('', $1) AND ip <> '' AND id IN (",
            events!($column),
            ")"
        )
    };
}

/// Progress of an erasure.
#[derive(Clone, Debug, Default)]
pub struct Erased {
    /// Number of events.
    pub events: u64,
    /// The addresses, which exports may have been filtered by.
    addresses: HashSet<String>,
}

impl Audit {
    /// Takes `email` out of at most `limit` events in the transaction of `connection`; true when there
    /// may be more.
    ///
    /// # Errors
    /// The error of the database.
    pub async fn erase(
        &self,
        connection: &mut Connection,
        email: &Email,
        limit: i64,
        erased: &mut Erased,
    ) -> Result<bool> {
        let statements = [
            (addresses!("subject"), erase!("subject")),
            (addresses!("actor"), erase!("actor")),
        ];
        let mut more = false;
        for (addresses, erase) in statements {
            let rows = sqlx::query(addresses)
                .bind(email.as_str().to_owned())
                .bind(limit);
            for row in rows.fetch_all(&mut *connection).await? {
                erased.addresses.insert(row.try_get("ip")?);
            }
            let erase = sqlx::query(erase)
                .bind(email.as_str().to_owned())
                .bind(limit);
            let done = erase.execute(&mut *connection).await?.rows_affected();
            erased.events += done;
            more |= i64::try_from(done).unwrap_or(limit) >= limit;
        }
        Ok(more)
    }

    /// Takes `email`, and the addresses in `erased`, out of the filters of recorded exports.
    ///
    /// # Errors
    /// The error of the database.
    pub async fn erase_exports(
        &self,
        connection: &mut Connection,
        email: &Email,
        erased: &mut Erased,
    ) -> Result<()> {
        let exports = "SELECT id, detail FROM audit_events WHERE action = $1 AND detail <> ''";
        let exports = sqlx::query(exports).bind(Action::AuditExported.as_str());
        for row in exports.fetch_all(&mut *connection).await? {
            let detail: String = row.try_get("detail")?;
            let Some(detail) = without(&detail, email.as_str(), &erased.addresses) else {
                continue;
            };
            let update = sqlx::query("UPDATE audit_events SET detail = $1 WHERE id = $2");
            let update = update.bind(detail).bind(row.try_get::<i64, _>("id")?);
            erased.events += update.execute(&mut *connection).await?.rows_affected();
        }
        Ok(())
    }

    /// The account that `email` had in its newest event with one, for an account that is gone.
    ///
    /// # Errors
    /// The error of the database.
    pub async fn last_account_of(
        &self,
        connection: &mut Connection,
        email: &Email,
    ) -> Result<Option<UserId>> {
        let query = "SELECT subject_id FROM audit_events WHERE subject = $1 \
                     AND subject_id IS NOT NULL ORDER BY id + 0 DESC LIMIT 1";
        let row = sqlx::query(query).bind(email.as_str().to_owned());
        let row = row.fetch_optional(connection).await?;
        let id = row.map(|row| row.try_get::<String, _>("subject_id"));
        Ok(id.transpose()?.and_then(|id| id.parse().ok()))
    }

    /// The e-mail that the deleted account `id` had; none where the trail does not have it, or no
    /// longer.
    ///
    /// # Errors
    /// An outage.
    pub async fn email_of_deleted(
        &self,
        id: UserId,
    ) -> std::result::Result<Option<Email>, SqlError> {
        let query = "SELECT subject FROM audit_events WHERE action = $1 AND subject_id = $2 \
                     AND subject <> '' LIMIT 1";
        let query = sqlx::query_scalar::<_, String>(query)
            .bind(Action::UserDeleted.as_str())
            .bind(id.to_string());
        let email = self
            .sql()
            .run(async |pool| query.fetch_optional(&pool).await);
        Ok(email.await?.map(Email::from_stored))
    }
}

/// The filter of an export without `email` and `addresses`; `None` where it has neither.
fn without(detail: &str, email: &str, addresses: &HashSet<String>) -> Option<String> {
    let mut found = false;
    let parts = detail.split(' ').map(|part| {
        let personal = part.split_once('=').filter(|(name, value)| match *name {
            "actor" | "subject" => *value == email,
            "ip" => addresses.contains(*value),
            _ => false,
        });
        found |= personal.is_some();
        personal.map_or_else(|| part.to_owned(), |(name, _)| format!("{name}=(erased)"))
    });
    let text = parts.collect::<Vec<_>>().join(" ");
    found.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_export_keeps_its_filter_without_the_person() {
        let addresses = HashSet::from(["203.0.113.7".to_owned()]);
        let without = |detail: &str| without(detail, "ann@example.com", &addresses);
        assert_eq!(
            without("action=session.refused subject=ann@example.com ip=203.0.113.7").as_deref(),
            Some("action=session.refused subject=(erased) ip=(erased)")
        );
        for other in [
            "",
            "actor=command line",
            "subject=joann@example.com",
            "subject=ann@example.community",
            "ip=203.0.113.70",
        ] {
            assert_eq!(without(other), None, "{other}");
        }
    }
}
