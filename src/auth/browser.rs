//! [`BrowserSessions`]: sessions of browsers. A browser holds one cookie: the session's id and a tag that
//! only this server can make, so that nothing is kept of it but the session itself. It is the same
//! session as any other: in the list, in Redis, ended by the same calls.

use std::sync::Arc;

use secrecy::SecretString;

use super::acting_as::ActingAs;
use super::error::Error;
use super::keyring::Keyring;
use super::live_sessions::{Caller, LiveSessions};
use super::password::Password;
use super::sessions::{Credential, Lifetimes, Session};
use super::sign_in::{SignIn, SignIns};
use crate::clock::Timestamp;
use crate::http::Context;

/// Time after which the cookie is sent again with a new `Max-Age`, in milliseconds.
const TELL_AFTER: i64 = 60 * 60 * 1000;

/// Shortest `Max-Age` of the cookie, in milliseconds. The session ends by
/// itself: a cookie that outlives it opens nothing, and need not be renewed at every use.
const KEEP_COOKIE: i64 = 24 * 60 * 60 * 1000;

/// A browser that has just signed in.
#[derive(Clone)]
pub struct BrowserSession {
    /// Value of its session cookie. A secret.
    pub cookie: SecretString,
    /// Its session.
    pub session: Session,
    /// Seconds for which the browser is to keep the cookie.
    pub max_age_seconds: i64,
    /// Value of its device cookie, the proof that this browser has signed in: it keeps the tries of its
    /// next sign-in apart from those of strangers. A secret.
    pub device: SecretString,
}

/// A browser that showed its cookie.
#[derive(Clone, Debug)]
pub struct BrowserCaller {
    /// The account and the session.
    pub caller: Caller,
    /// Seconds for which the browser is to keep the cookie.
    pub max_age_seconds: i64,
    /// Cookie to be kept from now on: when it is time to tell the browser how long, or the one that
    /// it showed was made with an earlier key. A secret.
    pub renewed: Option<SecretString>,
}

/// The browsers that hold cookies.
#[derive(Debug)]
pub struct BrowserSessions {
    pub(super) sign_ins: Arc<SignIns>,
    pub(super) live: Arc<LiveSessions>,
    pub(super) keyring: Arc<Keyring>,
    pub(super) lifetimes: Lifetimes,
}

impl BrowserSessions {
    /// Signs a browser in. An unknown account, a wrong password and a disabled account cost the same
    /// and look the same.
    ///
    /// # Errors
    /// [`Error::InvalidCredentials`], [`Error::Limited`], [`Error::Busy`], or an outage.
    pub async fn sign_in(
        &self,
        context: &Context,
        email: &str,
        password: Password,
    ) -> Result<SignIn<BrowserSession>, Error> {
        let sign_in = &self.sign_ins;
        let outcome = sign_in.sign_in(context, email, password, Credential::Cookie);
        outcome.await?.try_map(|begun| {
            let session = begun.session;
            Ok(BrowserSession {
                cookie: self.keyring.cookie_of(session.id)?.into(),
                max_age_seconds: self.max_age_seconds(&session, session.created_at),
                session,
                device: begun.device,
            })
        })
    }

    /// Authenticates a session cookie; `None` when it is not ours or its session has ended.
    /// Use prolongs the session, as a refresh does for other clients, unless the page `polls` by itself.
    ///
    /// # Errors
    /// An outage.
    pub async fn authenticate(
        &self,
        cookie: &str,
        polls: bool,
    ) -> Result<Option<BrowserCaller>, Error> {
        let Some(id) = self.keyring.session_of_cookie(cookie) else {
            return Ok(None);
        };
        let credential = if polls {
            Credential::PolledCookie
        } else {
            Credential::Cookie
        };
        let found = self.live.find(id, credential).await?;
        let Some(session) = found.session else {
            return Ok(None);
        };
        let max_age_seconds = self.max_age_seconds(&session, found.now);
        let due = found.now.since(found.cookie_at) >= TELL_AFTER.min(max_age_seconds * 500);
        let user = session.owner.user;
        if due && self.live.account(user, session.created_at).await?.is_none() {
            // The account was deleted while the session store was unavailable.
            self.live.sessions.end(id, user).await?;
            return Ok(None);
        }
        // A courtesy: on a server that is full or read-only the session is still good.
        let due = due && self.live.sessions.note_cookie(id, user).await.is_ok();
        // Otherwise a browser would be signed out with the key that made its cookie, however much it
        // is used.
        let today = self.keyring.cookie_of(id)?;
        let renewed = (due || today != cookie).then(|| today.into());
        Ok(Some(BrowserCaller {
            caller: Caller { session },
            max_age_seconds,
            renewed,
        }))
    }

    /// Seconds for which a browser is to keep the cookie of `session` from `now` on: the life of a
    /// session without use, and not beyond its end at the latest.
    fn max_age_seconds(&self, session: &Session, now: Timestamp) -> i64 {
        let lifetimes = self.lifetimes;
        let until = now.plus_millis(lifetimes.cookie_millis.max(KEEP_COOKIE));
        lifetimes.end(session.created_at, until).since(now) / 1000
    }

    /// Ends the session of a browser that signs out.
    ///
    /// # Errors
    /// An outage of the token store.
    pub async fn sign_out(&self, context: &Context, caller: &Caller) -> Result<(), Error> {
        let session = &caller.session;
        let by = ActingAs::session(context, session);
        let ended = self.live.end(session.id, &session.owner, &by);
        ended.await.map(drop)
    }
}
