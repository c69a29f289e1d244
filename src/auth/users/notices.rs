//! Changes that have not reached the sessions yet. A change and its notice are one transaction, so that
//! neither an outage of the token store nor the end of this process leaves a session that should have
//! ended.

use sqlx::Row;
use uuid::Uuid;

use super::{Result, Users};
use crate::clock::{Timestamp, random_bytes};
use crate::identity::{SessionId, UserId};
use crate::storage::{Connection, SqlError};

/// Maximum number of notices read at once.
const BATCH: i64 = 100;

/// Effect of a change on the sessions of its account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionSync {
    /// They end, all but one.
    End {
        /// The session that stays: the one that asked for the change.
        keep: Option<SessionId>,
    },
    /// They get the roles of the account.
    Roles,
}

/// A change that must reach the sessions.
#[derive(Clone, Debug)]
pub struct Notice {
    id: String,
    /// The account.
    pub user: UserId,
    /// Effect on its sessions.
    pub sync: SessionSync,
    at: Timestamp,
}

impl Notice {
    /// A notice of a change that is made now.
    #[must_use]
    pub fn new(user: UserId, sync: SessionSync, now: Timestamp) -> Self {
        Self {
            id: Uuid::from_bytes(random_bytes()).to_string(),
            user,
            sync,
            at: now,
        }
    }
}

impl SessionSync {
    fn text(self) -> String {
        match self {
            Self::Roles => "roles".to_owned(),
            Self::End { keep: None } => "end".to_owned(),
            Self::End { keep: Some(id) } => id.to_string(),
        }
    }

    /// Parses an effect. An unknown one, which a newer version may have written, ends the sessions.
    fn parse(text: &str) -> Self {
        match text {
            "roles" => Self::Roles,
            id => Self::End {
                keep: id.parse().ok(),
            },
        }
    }
}

impl Users {
    /// The oldest notices from before `until`.
    pub async fn notices(&self, until: Timestamp) -> Result<Vec<Notice>> {
        let query = sqlx::query(
            "SELECT id, user_id, effect, at FROM session_notices WHERE at < $1 \
             ORDER BY at LIMIT $2",
        );
        let query = query.bind(until.millis()).bind(BATCH);
        let rows = self
            .sql
            .run(async |pool| query.fetch_all(&pool).await)
            .await?;
        let notice = |row: &sqlx::any::AnyRow| -> std::result::Result<Notice, sqlx::Error> {
            let user: String = row.try_get("user_id")?;
            let user = user
                .parse()
                .map_err(|_| sqlx::Error::ColumnNotFound("a valid user_id".to_owned()))?;
            Ok(Notice {
                id: row.try_get("id")?,
                user,
                sync: SessionSync::parse(&row.try_get::<String, _>("effect")?),
                at: Timestamp::from_millis(row.try_get("at")?),
            })
        };
        let notices = rows.iter().map(notice);
        notices
            .collect::<std::result::Result<_, _>>()
            .map_err(SqlError::Refused)
    }

    /// Forgets a notice that has reached the sessions.
    pub async fn forget(&self, notice: &Notice) -> Result<()> {
        let delete = sqlx::query("DELETE FROM session_notices WHERE id = $1").bind(&notice.id);
        let done = self.sql.run(async |pool| delete.execute(&pool).await);
        done.await.map(drop)
    }
}

/// Writes a notice in the transaction of its change.
pub(super) async fn write(
    connection: &mut Connection,
    notice: &Notice,
) -> std::result::Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO session_notices (id, user_id, effect, at) VALUES ($1, $2, $3, $4)")
        .bind(&notice.id)
        .bind(notice.user.to_string())
        .bind(notice.sync.text())
        .bind(notice.at.millis())
        .execute(connection)
        .await
        .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn effects_are_read_as_they_were_written() {
        let keep = Some(SessionId::random());
        let all = [
            SessionSync::Roles,
            SessionSync::End { keep: None },
            SessionSync::End { keep },
        ];
        for sync in all {
            assert_eq!(SessionSync::parse(&sync.text()), sync);
        }
        let unknown = SessionSync::parse("something new");
        assert_eq!(unknown, SessionSync::End { keep: None });
    }
}
