//! Sessions in Redis: a hash for each session, a sorted set of them for each user, every key with
//! a time to live. Each operation is one script, so it is atomic and costs one round trip.

use std::net::{IpAddr, Ipv4Addr};

use redis::{FromRedisValue, Script};

use super::{MAX_SESSIONS_PER_USER, Owner, Presented, Result, Rotation, Session, TOUCH_MILLIS};
use crate::auth::email::Email;
use crate::auth::ids::{SessionId, UserId};
use crate::auth::refresh_token::TokenHash;
use crate::clock::Timestamp;
use crate::storage::AuthDb;

/// A store in the database of tokens; clones share it.
#[derive(Clone, Debug)]
pub struct RedisSessions {
    db: AuthDb,
    scripts: &'static Scripts,
}

#[derive(Debug)]
struct Scripts {
    begin: Script,
    look_up: Script,
    rotate: Script,
    prolong: Script,
    end: Script,
    end_all: Script,
    list: Script,
    set_roles: Script,
}

static SCRIPTS: std::sync::LazyLock<Scripts> = std::sync::LazyLock::new(|| Scripts {
    begin: Script::new(include_str!("lua/begin.lua")),
    look_up: Script::new(include_str!("lua/look_up.lua")),
    rotate: Script::new(include_str!("lua/rotate.lua")),
    prolong: Script::new(include_str!("lua/prolong.lua")),
    end: Script::new(include_str!("lua/end.lua")),
    end_all: Script::new(include_str!("lua/end_all.lua")),
    list: Script::new(include_str!("lua/list.lua")),
    set_roles: Script::new(include_str!("lua/set_roles.lua")),
});

/// The fields of a session's hash, in the order in which scripts give them.
type Row = (
    String,
    String,
    String,
    i64,
    i64,
    i64,
    String,
    String,
    String,
);

impl RedisSessions {
    /// The store in `db`; does no I/O.
    #[must_use]
    pub fn new(db: AuthDb) -> Self {
        Self {
            db,
            scripts: &SCRIPTS,
        }
    }

    pub(super) async fn begin(&self, session: &Session, version: i64) -> Result<()> {
        let mut call = self.scripts.begin.prepare_invoke();
        call.key(session_key(session.id))
            .key(index_key(session.owner.user));
        call.arg(session.id.to_string())
            .arg(session.owner.user.to_string())
            .arg(session.owner.email.as_str())
            .arg(session.owner.roles.join(" "))
            .arg(session.created_at.millis())
            .arg(session.expires_at.millis())
            .arg(session.ip.to_string())
            .arg(&session.user_agent)
            .arg(session.current.as_str())
            .arg(MAX_SESSIONS_PER_USER)
            .arg(version);
        self.db.db().invoke(&call).await
    }

    pub(super) async fn look_up(&self, id: SessionId, now: Timestamp) -> Result<Option<Session>> {
        let mut call = self.scripts.look_up.prepare_invoke();
        call.key(session_key(id))
            .arg(now.millis())
            .arg(TOUCH_MILLIS);
        let row: Option<Row> = self.db.db().invoke(&call).await?;
        Ok(row.and_then(|row| session(id, row)))
    }

    pub(super) async fn rotate(&self, shown: &Presented) -> Result<Rotation> {
        let mut call = self.scripts.rotate.prepare_invoke();
        call.key(session_key(shown.id));
        call.arg(shown.id.to_string())
            .arg(shown.token.as_str())
            .arg(shown.now.millis())
            .arg(shown.grace_millis)
            .arg(shown.lifetime_millis);
        for child in &shown.children {
            call.arg(child.as_str());
        }
        let answer: redis::Value = self.db.db().invoke(&call).await?;
        Ok(rotation(answer))
    }

    pub(super) async fn prolong(
        &self,
        id: SessionId,
        user: UserId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<()> {
        let mut call = self.scripts.prolong.prepare_invoke();
        call.key(session_key(id))
            .key(index_key(user))
            .arg(id.to_string())
            .arg(user.to_string())
            .arg(now.millis())
            .arg(until.millis());
        self.db.db().invoke(&call).await
    }

    pub(super) async fn end(&self, id: SessionId, user: UserId) -> Result<bool> {
        let mut call = self.scripts.end.prepare_invoke();
        call.key(session_key(id))
            .key(index_key(user))
            .arg(id.to_string())
            .arg(user.to_string());
        self.db.db().invoke(&call).await
    }

    pub(super) async fn end_all(&self, user: UserId, except: Option<SessionId>) -> Result<u64> {
        let mut call = self.scripts.end_all.prepare_invoke();
        let except = except.map(|id| id.to_string()).unwrap_or_default();
        call.key(index_key(user)).arg(except);
        self.db.db().invoke(&call).await
    }

    pub(super) async fn list(&self, user: UserId, now: Timestamp) -> Result<Vec<Session>> {
        let mut call = self.scripts.list.prepare_invoke();
        call.key(index_key(user)).arg(now.millis());
        let rows: Vec<(String, Row)> = self.db.db().invoke(&call).await?;
        let mut sessions: Vec<Session> = rows
            .into_iter()
            .filter_map(|(id, row)| session(id.parse().ok()?, row))
            .collect();
        sessions.sort_by_key(|session| (std::cmp::Reverse(session.created_at), session.id));
        Ok(sessions)
    }

    pub(super) async fn set_roles(
        &self,
        user: UserId,
        roles: &[String],
        version: i64,
    ) -> Result<()> {
        let mut call = self.scripts.set_roles.prepare_invoke();
        call.key(index_key(user)).arg(roles.join(" ")).arg(version);
        self.db.db().invoke(&call).await
    }

    pub(super) async fn ready(&self) -> Result<()> {
        self.db.db().ping().await.map(drop)
    }
}

fn session_key(id: SessionId) -> String {
    format!("aura:session:{id}")
}

fn index_key(user: UserId) -> String {
    format!("aura:sessions:{user}")
}

/// A session out of its hash; `None` for a hash that this version did not write.
fn session(id: SessionId, row: Row) -> Option<Session> {
    let (user, email, roles, created, last_used, expires, ip, user_agent, current) = row;
    Some(Session {
        id,
        owner: owner(&user, &email, &roles)?,
        created_at: Timestamp::from_millis(created),
        last_used_at: Timestamp::from_millis(last_used),
        expires_at: Timestamp::from_millis(expires),
        ip: ip.parse().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
        user_agent,
        current: TokenHash::from_stored(current),
    })
}

fn owner(user: &str, email: &str, roles: &str) -> Option<Owner> {
    Some(Owner {
        user: user.parse().ok()?,
        email: Email::try_from(email).ok()?,
        roles: roles.split_whitespace().map(str::to_owned).collect(),
    })
}

/// The script answers 0 (no session), whose session was ended because its token was reused, or the
/// child and whose it is.
fn rotation(answer: redis::Value) -> Rotation {
    match &answer {
        redis::Value::Int(_) => return Rotation::Gone,
        redis::Value::Array(row) if row.len() == 3 => {
            let row: std::result::Result<(String, String, String), _> =
                FromRedisValue::from_redis_value(answer);
            let owner = row
                .ok()
                .and_then(|(user, email, roles)| owner(&user, &email, &roles));
            return owner.map_or(Rotation::Gone, |owner| Rotation::Reused { owner });
        }
        _ => {}
    }
    let row: std::result::Result<(u8, String, i64, String, String, String, i64), _> =
        FromRedisValue::from_redis_value(answer);
    let Ok((index, hash, issued, user, email, roles, created)) = row else {
        return Rotation::Gone;
    };
    let Some(owner) = owner(&user, &email, &roles) else {
        return Rotation::Gone;
    };
    Rotation::Child {
        index,
        hash: TokenHash::from_stored(hash),
        issued_at: Timestamp::from_millis(issued),
        owner,
        created_at: Timestamp::from_millis(created),
    }
}
