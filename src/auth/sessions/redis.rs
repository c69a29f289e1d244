//! Sessions in Redis: a hash for each session, a sorted set of them for each user, every key with
//! a time to live. Each operation is one script, so it is atomic and costs one round trip.

use std::net::{IpAddr, Ipv4Addr};

use redis::{FromRedisValue, Script, ScriptInvocation};

use super::{
    ClientDifference, Credential, Found, Lifetimes, Listed, MAX_PAGE, MAX_SESSIONS_PER_USER,
    NewSession, Owner, Page, Presented, Result, Rotation, Session,
};
use crate::auth::refresh_token::TokenHash;
use crate::clock::{Clock, Timestamp};
use crate::config::GraceScope;
use crate::identity::{Email, SessionId, UserId};
use crate::storage::{AuthDb, RedisUnavailable};

/// A store in the database of tokens; clones share it.
#[derive(Clone, Debug)]
pub struct RedisSessions {
    db: AuthDb,
    /// Sets the time where it is a manual clock; otherwise the server does.
    clock: Clock,
    lifetimes: Lifetimes,
    scripts: &'static Scripts,
}

#[derive(Debug)]
struct Scripts {
    begin: Script,
    look_up: Script,
    rotate: Script,
    note_cookie: Script,
    end: Script,
    end_all: Script,
    list: Script,
    set_roles: Script,
    ids: Script,
}

/// A script behind the one that gives it the time.
macro_rules! timed {
    ($script:expr) => {
        Script::new(concat!(include_str!("lua/clock.lua"), $script))
    };
}

static SCRIPTS: std::sync::LazyLock<Scripts> = std::sync::LazyLock::new(|| Scripts {
    begin: timed!(include_str!("lua/begin.lua")),
    look_up: timed!(include_str!("lua/look_up.lua")),
    rotate: timed!(include_str!("lua/rotate.lua")),
    note_cookie: timed!(include_str!("lua/note_cookie.lua")),
    end: timed!(include_str!("lua/end.lua")),
    end_all: timed!(include_str!("lua/end_all.lua")),
    list: timed!(include_str!("lua/list.lua")),
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

/// The same with the moment of the cookie behind them.
type FoundRow = (Row, i64);

/// Index, hash, issue, user, e-mail, roles, beginning, difference: a child as the script gives it.
type Child = (u8, String, i64, String, String, String, i64, u8);

impl RedisSessions {
    /// The store in `db`; does no I/O.
    #[must_use]
    pub fn new(db: AuthDb, clock: Clock, lifetimes: Lifetimes) -> Self {
        Self {
            db,
            clock,
            lifetimes,
            scripts: &SCRIPTS,
        }
    }

    /// A call of a script that `timed!` made, with its first argument.
    fn timed<'a>(&self, script: &'a Script) -> ScriptInvocation<'a> {
        let mut call = script.prepare_invoke();
        match self.clock.manual_now() {
            Some(now) => call.arg(now.millis()),
            None => call.arg(""),
        };
        call
    }

    pub(super) async fn now(&self) -> Result<Timestamp> {
        match self.clock.manual_now() {
            Some(now) => Ok(now),
            None => self.db.db().time().await,
        }
    }

    pub(super) async fn begin(&self, new: &NewSession, version: i64) -> Result<Session> {
        let not_before = new.not_before.map_or(0, Timestamp::millis);
        let mut call = self.timed(&self.scripts.begin);
        call.key(session_key(new.id)).key(index_key(new.owner.user));
        call.arg(new.id.to_string())
            .arg(new.owner.user.to_string())
            .arg(new.owner.email.as_str())
            .arg(new.owner.roles.join(" "))
            .arg(new.ip.to_string())
            .arg(&new.user_agent)
            .arg(new.current.as_str())
            .arg(version)
            .arg(not_before)
            .arg(self.lifetimes.without_use(new.credential))
            .arg(self.lifetimes.max_millis)
            .arg(name(new.credential))
            .arg(MAX_SESSIONS_PER_USER);
        let (created, expires) = self.db.db().invoke(&call).await?;
        Ok(new.begun(
            Timestamp::from_millis(created),
            Timestamp::from_millis(expires),
        ))
    }

    pub(super) async fn look_up(&self, id: SessionId, credential: Credential) -> Result<Found> {
        let mut call = self.timed(&self.scripts.look_up);
        call.key(session_key(id));
        call.arg(id.to_string())
            .arg(name(credential))
            .arg(self.lifetimes.touch_millis(credential))
            .arg(self.lifetimes.without_use(credential))
            .arg(self.lifetimes.max_millis);
        let (now, row): (i64, Option<FoundRow>) = self.db.db().invoke(&call).await?;
        let (session, cookie_at) = match row {
            None => (None, 0),
            Some((row, at)) => {
                let session = session(id, row).ok_or_else(|| self.unreadable(id))?;
                (Some(session), at)
            }
        };
        Ok(Found {
            now: Timestamp::from_millis(now),
            session,
            cookie_at: Timestamp::from_millis(cookie_at),
        })
    }

    /// The error for what another program, or another version, has written under the key of a session:
    /// an outage, since nothing is known of the session.
    fn unreadable(&self, id: SessionId) -> RedisUnavailable {
        tracing::error!(session = %id, "Redis holds a session that cannot be read");
        RedisUnavailable(self.db.db().name())
    }

    pub(super) async fn rotate(&self, shown: &Presented) -> Result<Rotation> {
        let mut call = self.timed(&self.scripts.rotate);
        call.key(session_key(shown.id));
        call.arg(shown.id.to_string())
            .arg(shown.token.as_str())
            .arg(shown.grace_millis)
            .arg(self.lifetimes.refresh_millis)
            .arg(self.lifetimes.max_millis)
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
        rotation(answer).ok_or_else(|| self.unreadable(shown.id))
    }

    pub(super) async fn note_cookie(&self, id: SessionId, user: UserId) -> Result<()> {
        let mut call = self.timed(&self.scripts.note_cookie);
        call.key(session_key(id)).arg(user.to_string());
        self.db.db().invoke(&call).await
    }

    pub(super) async fn end(&self, id: SessionId, user: UserId) -> Result<bool> {
        let mut call = self.timed(&self.scripts.end);
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
            let mut call = self.timed(&self.scripts.end_all);
            call.key(index_key(user)).arg(some);
            ended += self.db.db().invoke::<u64>(&call).await?;
        }
        Ok(ended)
    }

    pub(super) async fn list(&self, user: UserId, grace_millis: i64, page: Page) -> Result<Listed> {
        let mut call = self.timed(&self.scripts.list);
        call.key(index_key(user))
            .arg(grace_millis)
            .arg(page.offset)
            .arg(page.limit)
            .arg(self.lifetimes.max_millis);
        let (total, rows): (usize, Vec<(String, Row)>) = self.db.db().invoke(&call).await?;
        // One odd session must not hide the others.
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

/// A credential as the scripts call it.
const fn name(credential: Credential) -> &'static str {
    match credential {
        Credential::Tokens => "tokens",
        Credential::Cookie | Credential::PolledCookie => "cookie",
    }
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
        // For people to read: what another version wrote must not end the session.
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
/// child and whose it is. Returns none for anything else.
fn rotation(answer: redis::Value) -> Option<Rotation> {
    match &answer {
        redis::Value::Int(_) => return Some(Rotation::Gone),
        redis::Value::Array(row) if row.len() == 4 => {
            let (user, email, roles, bits): (String, String, String, u8) =
                FromRedisValue::from_redis_value(answer).ok()?;
            return Some(Rotation::Reused {
                owner: owner(&user, &email, &roles)?,
                elsewhere: elsewhere(bits),
            });
        }
        _ => {}
    }
    let (index, hash, issued, user, email, roles, created, bits): Child =
        FromRedisValue::from_redis_value(answer).ok()?;
    Some(Rotation::Child {
        index,
        hash: TokenHash::from_stored(hash),
        issued_at: Timestamp::from_millis(issued),
        owner: owner(&user, &email, &roles)?,
        created_at: Timestamp::from_millis(created),
        elsewhere: elsewhere(bits),
    })
}

/// The difference between two clients as the script tells it: 1 for the network, 2 for the device.
const fn elsewhere(bits: u8) -> ClientDifference {
    ClientDifference {
        network: bits & 1 != 0,
        device: bits & 2 != 0,
    }
}
