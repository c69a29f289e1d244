//! Sessions of browsers. A browser holds one cookie: the session's id and a tag that only this
//! server can make, so that nothing is kept of it but the session itself. It is the same session as
//! any other: in the list, in Redis, ended by the same calls.

use secrecy::SecretString;

use super::acting_as::ActingAs;
use super::error::Error;
use super::password::Password;
use super::sessions::{Credential, Session};
use super::sign_in::SignIn;
use super::{Auth, Caller};
use crate::audit::Action;
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
    /// Value of its device cookie. A secret.
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

impl Auth {
    /// Signs a browser in, by the rules of [`Auth::login`].
    ///
    /// # Errors
    /// As [`Auth::login`].
    pub async fn browser_sign_in(
        &self,
        context: &Context,
        email: &str,
        password: Password,
    ) -> Result<SignIn<BrowserSession>, Error> {
        let outcome = self
            .sign_in(context, email, password, Credential::Cookie)
            .await?;
        outcome.try_map(|begun| {
            let session = begun.session;
            Ok(BrowserSession {
                cookie: self.0.keyring.cookie_of(session.id)?.into(),
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
    pub async fn browser_caller(
        &self,
        cookie: &str,
        polls: bool,
    ) -> Result<Option<BrowserCaller>, Error> {
        let Some(id) = self.0.keyring.session_of_cookie(cookie) else {
            return Ok(None);
        };
        let credential = if polls {
            Credential::PolledCookie
        } else {
            Credential::Cookie
        };
        let found = self.find(id, credential).await?;
        let Some(session) = found.session else {
            return Ok(None);
        };
        let max_age_seconds = self.max_age_seconds(&session, found.now);
        let due = found.now.since(found.cookie_at) >= TELL_AFTER.min(max_age_seconds * 500);
        let user = session.owner.user;
        if due && self.standing(user, session.created_at).await?.is_none() {
            // The account was deleted while the session store was unavailable.
            self.0.sessions.end(id, user).await?;
            return Ok(None);
        }
        // A courtesy: on a server that is full or read-only the session is still good.
        let due = due && self.0.sessions.note_cookie(id, user).await.is_ok();
        // Otherwise a browser would be signed out with the key that made its cookie, however much it
        // is used.
        let today = self.0.keyring.cookie_of(id)?;
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
        let lifetimes = self.0.lifetimes;
        let until = now.plus_millis(lifetimes.cookie_millis.max(KEEP_COOKIE));
        lifetimes.end(session.created_at, until).since(now) / 1000
    }

    /// Ends the session of a browser that signs out.
    ///
    /// # Errors
    /// An outage of the token store.
    pub async fn browser_sign_out(&self, context: &Context, caller: &Caller) -> Result<(), Error> {
        let session = &caller.session;
        if self.0.sessions.end(session.id, session.owner.user).await? {
            let by = ActingAs::session(context, session);
            self.note(&by.event_on_session(Action::SessionEnded, &session.owner, ""))
                .await;
        }
        Ok(())
    }
}
