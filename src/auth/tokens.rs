//! What other services ask about tokens: is it good (RFC 7662), and end it (RFC 7009).

use secrecy::ExposeSecret;
use subtle::ConstantTimeEq;

use super::error::Error;
use super::manage::By;
use super::refresh_token::RefreshToken;
use super::sessions::Session;
use super::{Auth, Claims};
use crate::audit::{Action, Actor};
use crate::http::{Code, Context, Problem};

/// A token that is good at this moment.
#[derive(Clone, Debug)]
pub enum Active {
    /// An access token.
    Access(Box<Session>, Claims),
    /// The newest refresh token of a session.
    Refresh(Box<Session>),
}

impl Auth {
    /// Checks the credentials of a calling service.
    ///
    /// # Errors
    /// [`Error::Limited`] with `invalid_client`, or with the limit on wrong ones.
    pub async fn check_client(
        &self,
        context: &Context,
        id: &str,
        secret: &str,
    ) -> Result<(), Error> {
        let secrets = self.secrets();
        let good = secrets.client.as_ref().is_some_and(|client| {
            let same_id = client.id.as_bytes().ct_eq(id.as_bytes());
            let same_secret = client
                .secret
                .expose_secret()
                .as_bytes()
                .ct_eq(secret.as_bytes());
            bool::from(same_id & same_secret)
        });
        self.0.limits.client_judged(context, good).await?;
        if good {
            return Ok(());
        }
        let detail = match secrets.client {
            Some(_) => "the client id or secret is wrong",
            None => "this server has no client: set OAUTH_CLIENT_ID and OAUTH_CLIENT_SECRET",
        };
        Err(Error::Limited(Box::new(Problem::new(
            Code::InvalidClient,
            detail,
        ))))
    }

    /// What a token of either kind is good for; `None` for nothing.
    ///
    /// # Errors
    /// An outage.
    pub async fn introspect(&self, token: &str) -> Result<Option<Active>, Error> {
        if let Ok(claims) = self.verify(token) {
            match self.caller(&claims).await {
                Ok(caller) => return Ok(Some(Active::Access(Box::new(caller.session), claims))),
                Err(Error::InvalidToken) => {}
                Err(error) => return Err(error),
            }
        }
        let Some(token) = RefreshToken::parse(token, self.secrets().keys.refresh()) else {
            return Ok(None);
        };
        let session = self.live_session(token.session()).await?;
        let current = session.filter(|session| session.current == token.hash());
        Ok(current.map(|session| Active::Refresh(Box::new(session))))
    }

    /// Ends the session of a token of either kind; a token that is good for nothing ends nothing.
    ///
    /// # Errors
    /// An outage.
    pub async fn revoke(&self, context: &Context, token: &str) -> Result<(), Error> {
        let (now, secrets) = (self.0.clock.now(), self.secrets());
        let keys = &secrets.keys;
        let (id, user) = if let Some(claims) = self.0.access.verify(keys, token, now) {
            (claims.session(), Some(claims.user()))
        } else if let Some(token) = RefreshToken::parse(token, keys.refresh()) {
            (token.session(), None)
        } else {
            return Ok(());
        };
        let session = self.0.sessions.look_up(id, now).await?;
        let session = session.filter(|session| user.is_none_or(|user| session.owner.user == user));
        if let Some(session) = session
            && self.0.sessions.end(session.id, session.owner.user).await?
        {
            let client = secrets.client.as_ref().map(|client| client.id.clone());
            let by = By::other(context, Actor::Client(client.unwrap_or_default()));
            self.note(&by.did_to(Action::SessionEnded, &session.owner, ""))
                .await;
        }
        Ok(())
    }
}
