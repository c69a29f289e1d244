//! [`Audit`]: the table of events. One set of statements for SQLite and Postgres.

use std::sync::Arc;

use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, Row};
use uuid::Uuid;

use super::event::{Event, Recorded, Subject};
use super::filter::{Filter, RANDOM_BITS, Value, first_id};
use super::repeats::Repeats;
use crate::clock::{Clock, Timestamp, random_below};
use crate::identity::UserId;
use crate::storage::{Connection, Pool, Sql, SqlError};

const COLUMNS: &str = "id, at, action, actor_id, actor, subject_id, subject, ip, user_agent, \
                       request_id, detail, count";

/// Adds an event, with what to do where one has its id already.
macro_rules! insert {
    ($conflict:literal) => {
        concat!(
            "INSERT INTO audit_events (id, at, action, actor_id, actor, subject_id, subject, ip, \
             user_agent, request_id, detail, count) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1) ON CONFLICT (id) DO ",
            $conflict
        )
    };
}

const INSERT: &str = insert!("NOTHING");

/// Counts one more where the event stands already. Another event that happens to have the id stays
/// as it is.
const COUNT: &str = insert!(
    "UPDATE SET count = audit_events.count + 1 WHERE audit_events.action = excluded.action \
     AND audit_events.actor = excluded.actor AND audit_events.subject = excluded.subject \
     AND audit_events.detail = excluded.detail"
);

/// Longest text of one column, in characters.
const MAX_TEXT: usize = 512;

/// Number of events that a purge deletes at once: few enough to be done long before a call's
/// limit, and to keep no other writer of an SQLite file waiting.
const BATCH: i64 = 1000;

/// The audit trail; clones share it.
#[derive(Clone, Debug)]
pub struct Audit {
    sql: Sql,
    clock: Clock,
    repeats: Arc<Repeats>,
}

type Result<T> = std::result::Result<T, SqlError>;

impl Audit {
    /// The trail in `sql`.
    #[must_use]
    pub fn new(sql: Sql, clock: Clock) -> Self {
        Self {
            sql,
            clock,
            repeats: Arc::default(),
        }
    }

    /// The database that it is in.
    pub(super) const fn sql(&self) -> &Sql {
        &self.sql
    }

    /// Records `event`, now; one more of the same failure is counted in the event of the first
    /// ([`Action::is_counted`](super::Action::is_counted)).
    ///
    /// # Errors
    /// An outage; then it is not recorded.
    pub async fn record(&self, event: &Event) -> Result<()> {
        if event.action.is_counted() {
            return self.count(event).await;
        }
        let insert = async |pool: Pool| {
            let mut connection = pool.acquire().await?;
            self.insert(&mut connection, event).await
        };
        self.sql.run(insert).await
    }

    /// Records what has happened already, so that a database which is away cannot prevent it: the
    /// server's log has the event then.
    pub async fn note(&self, event: &Event) {
        if self.record(event).await.is_err() {
            tracing::warn!(?event, "an event could not be recorded in the database");
        }
    }

    /// Records `event` inside a transaction, so that it stands exactly when the change does.
    ///
    /// # Errors
    /// The error of the database.
    pub async fn insert(
        &self,
        connection: &mut Connection,
        event: &Event,
    ) -> std::result::Result<(), sqlx::Error> {
        loop {
            let insert = statement(INSERT, self.new_id(), event);
            // The same millisecond and the same random bits: once in a long while.
            if insert.execute(&mut *connection).await?.rows_affected() == 1 {
                return Ok(());
            }
        }
    }

    async fn count(&self, event: &Event) -> Result<()> {
        let mut row = self.repeats.row(event, self.clock.now(), || self.new_id());
        loop {
            let count = statement(COUNT, row.id, &row.event);
            let counted = self
                .sql
                .run(async |pool| count.execute(&pool).await)
                .await?;
            if counted.rows_affected() == 1 {
                return Ok(());
            }
            // The same millisecond and the same random bits: the id belongs to another event.
            self.repeats.move_row(&mut row, self.new_id());
        }
    }

    /// An id of this moment.
    fn new_id(&self) -> i64 {
        let random = i64::try_from(random_below(1 << RANDOM_BITS)).unwrap_or_default();
        first_id(self.clock.now()) | random
    }

    /// At most `limit` events that fit `filter`, newest first, from the first below the id
    /// `before`.
    ///
    /// # Errors
    /// An outage.
    pub async fn page(
        &self,
        filter: &Filter,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<Recorded>> {
        // Postgres takes no NUL, and no event has one.
        if filter.texts().any(|text| text.contains('\0')) {
            return Ok(Vec::new());
        }
        let (statement, values) =
            filter.statement(COLUMNS, self.sql.engine(), before, limit.max(1));
        let rows = self
            .sql
            .run(async |pool| {
                let query = sqlx::query(sqlx::AssertSqlSafe(statement));
                values.into_iter().fold(query, bind).fetch_all(&pool).await
            })
            .await?;
        let events = rows.iter().map(recorded);
        events
            .collect::<std::result::Result<_, _>>()
            .map_err(SqlError::Refused)
    }

    /// Deletes what was recorded before `until`, oldest first and some at a time; gives how many
    /// there were. Two servers that do so at once share the work.
    ///
    /// # Errors
    /// An outage; what was deleted until then stays deleted.
    pub async fn purge(&self, until: Timestamp) -> Result<u64> {
        let end = first_id(until);
        let mut purged = 0;
        loop {
            // Bounds of its own for every batch: a plain range of ids, whatever the planner thinks.
            let bounds: (Option<i64>, Option<i64>) = self
                .sql
                .run(async |pool| {
                    let bounds = "SELECT min(id), max(id) FROM (SELECT id FROM audit_events \
                                  WHERE id < $1 ORDER BY id LIMIT $2) AS batch";
                    sqlx::query_as(bounds)
                        .bind(end)
                        .bind(BATCH)
                        .fetch_one(&pool)
                        .await
                })
                .await?;
            let (Some(first), Some(last)) = bounds else {
                return Ok(purged);
            };
            let delete = "DELETE FROM audit_events WHERE id >= $1 AND id <= $2";
            let delete = sqlx::query(delete).bind(first).bind(last);
            let done = self
                .sql
                .run(async |pool| delete.execute(&pool).await)
                .await?;
            purged += done.rows_affected();
        }
    }
}

/// The statement that adds `event` under `id`, whose time is the event's.
fn statement(text: &'static str, id: i64, event: &Event) -> Query<'static, Any, AnyArguments> {
    let uuid = |id: Option<UserId>| id.map(|id| id.to_string());
    let subject = event.subject.as_ref();
    sqlx::query(text)
        .bind(id)
        .bind(id >> RANDOM_BITS)
        .bind(event.action.as_str())
        .bind(uuid(event.actor.id()))
        .bind(clean(&event.actor.name()))
        .bind(uuid(subject.and_then(|subject| subject.id)))
        .bind(clean(&subject.map(Subject::name).unwrap_or_default()))
        .bind(clean(&event.origin.ip))
        .bind(clean(&event.origin.user_agent))
        .bind(clean(&event.origin.request_id))
        .bind(clean(&event.detail))
}

fn bind(query: Query<'_, Any, AnyArguments>, value: Value) -> Query<'_, Any, AnyArguments> {
    match value {
        Value::Text(text) => query.bind(text),
        Value::Number(number) => query.bind(number),
    }
}

/// Without what a terminal or a page would obey: control characters, and those that turn the
/// direction of writing.
fn clean(text: &str) -> String {
    let obeyed = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars()
        .filter(|c| !obeyed(*c))
        .take(MAX_TEXT)
        .collect()
}

fn recorded(row: &AnyRow) -> std::result::Result<Recorded, sqlx::Error> {
    let id = |column: &str| -> std::result::Result<Option<Uuid>, sqlx::Error> {
        let text: Option<String> = row.try_get(column)?;
        Ok(text.and_then(|text| text.parse().ok()))
    };
    Ok(Recorded {
        id: row.try_get("id")?,
        at: Timestamp::from_millis(row.try_get("at")?),
        action: row.try_get("action")?,
        actor_id: id("actor_id")?,
        actor: row.try_get("actor")?,
        subject_id: id("subject_id")?,
        subject: row.try_get("subject")?,
        ip: row.try_get("ip")?,
        user_agent: row.try_get("user_agent")?,
        request_id: row.try_get("request_id")?,
        detail: row.try_get("detail")?,
        count: row.try_get("count")?,
    })
}
