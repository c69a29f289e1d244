//! Sessions in Redis: a hash for each session, a sorted set of them for each user, every key with
//! a time to live. Each operation is one script, so it is atomic and costs one round trip.

use std::net::{IpAddr, Ipv4Addr};

use redis::{FromRedisValue, Script};

use super::{
    ClientDifference, Listed, MAX_PAGE, MAX_SESSIONS_PER_USER, Owner, Page, Presented, Result,
    Rotation, Session, TOUCH_MILLIS,
};
use crate::auth::email::Email;
use crate::auth::ids::{SessionId, UserId};
use crate::auth::refresh_token::TokenHash;
use crate::clock::Timestamp;
use crate::config::GraceScope;
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
    ids: Script,
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
    ids: Script::new("return redis.call('ZRANGE', KEYS[1], 0, -1)"),
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

/// Index, hash, issue, user, e-mail, roles, beginning, difference: a child as the script gives it.
type Child = (u8, String, i64, String, String, String, i64, u8);

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
            .arg(shown.lifetime_millis)
            .arg(&shown.client.network)
            .arg(&shown.client.device)
            .arg(match shown.grace_scope {
                GraceScope::Client => "client",
                GraceScope::Anyone => "anyone",
            });
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
        let except = except.map(|id| id.to_string());
        let mut ids = self.ids(user).await?;
        ids.retain(|id| Some(id) != except.as_ref());
        let mut ended = 0;
        for some in ids.chunks(MAX_PAGE) {
            let mut call = self.scripts.end_all.prepare_invoke();
            call.key(index_key(user)).arg(some);
            ended += self.db.db().invoke::<u64>(&call).await?;
        }
        Ok(ended)
    }

    pub(super) async fn list(
        &self,
        user: UserId,
        now: Timestamp,
        grace_millis: i64,
        page: Page,
    ) -> Result<Listed> {
        let mut call = self.scripts.list.prepare_invoke();
        call.key(index_key(user))
            .arg(now.millis())
            .arg(grace_millis)
            .arg(page.offset)
            .arg(page.limit);
        let (total, rows): (usize, Vec<(String, Row)>) = self.db.db().invoke(&call).await?;
        let sessions = rows
            .into_iter()
            .filter_map(|(id, row)| session(id.parse().ok()?, row))
            .collect();
        let mut listed = Listed { sessions, total };
        listed.sort();
        Ok(listed)
    }

    pub(super) async fn set_roles(
        &self,
        user: UserId,
        roles: &[String],
        version: i64,
    ) -> Result<()> {
        let roles = roles.join(" ");
        for some in self.ids(user).await?.chunks(MAX_PAGE) {
            let mut call = self.scripts.set_roles.prepare_invoke();
            call.arg(&roles).arg(version).arg(some);
            self.db.db().invoke::<()>(&call).await?;
        }
        Ok(())
    }

    /// The sessions of a user at this moment, which a change then walks in pieces, so that no script
    /// holds Redis up. One that begins later is the sign-in's own to look after: it reads the account
    /// once more when its session stands.
    async fn ids(&self, user: UserId) -> Result<Vec<String>> {
        let mut call = self.scripts.ids.prepare_invoke();
        call.key(index_key(user));
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
        email: Email::from_stored(email.to_owned()),
        roles: roles.split_whitespace().map(str::to_owned).collect(),
    })
}

/// The script answers 0 (no session), whose session was ended because its token was reused, or the
/// child and whose it is.
fn rotation(answer: redis::Value) -> Rotation {
    match &answer {
        redis::Value::Int(_) => return Rotation::Gone,
        redis::Value::Array(row) if row.len() == 4 => {
            let row: std::result::Result<(String, String, String, u8), _> =
                FromRedisValue::from_redis_value(answer);
            let reused = row.ok().and_then(|(user, email, roles, bits)| {
                let owner = owner(&user, &email, &roles)?;
                let elsewhere = elsewhere(bits);
                Some(Rotation::Reused { owner, elsewhere })
            });
            return reused.unwrap_or(Rotation::Gone);
        }
        _ => {}
    }
    let row: std::result::Result<Child, _> = FromRedisValue::from_redis_value(answer);
    let Ok((index, hash, issued, user, email, roles, created, bits)) = row else {
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
        elsewhere: elsewhere(bits),
    }
}

/// The difference between two clients as the script tells it: 1 for the network, 2 for the device.
const fn elsewhere(bits: u8) -> ClientDifference {
    ClientDifference {
        network: bits & 1 != 0,
        device: bits & 2 != 0,
    }
}
