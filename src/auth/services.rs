//! [`Services`]: other services, which show credentials of their own, ask about tokens (RFC 7662) and
//! revoke them (RFC 7009).

use std::sync::Arc;

use super::access_token::Claims;
use super::acting_as::ActingAs;
use super::error::Error;
use super::keyring::Keyring;
use super::limits::Limits;
use super::live_sessions::LiveSessions;
use super::refresh_token::RefreshToken;
use super::service_client::ShownCredentials;
use super::sessions::{Credential, Session};
use super::tokens::Tokens;
use crate::audit::Actor;
use crate::http::Context;

/// A token that is good at this moment.
#[derive(Clone, Debug)]
pub enum Active {
    /// An access token.
    Access(Box<Session>, Claims),
    /// The newest refresh token of a session.
    Refresh(Box<Session>),
}

/// The service that `OAUTH_CLIENT_ID` names.
#[derive(Debug)]
pub struct Services {
    pub(super) keyring: Arc<Keyring>,
    pub(super) limits: Arc<Limits>,
    pub(super) tokens: Arc<Tokens>,
    pub(super) live: Arc<LiveSessions>,
}

impl Services {
    /// Refuses a client whose address has no tries left, before its body is read for credentials.
    ///
    /// # Errors
    /// [`Error::Limited`].
    pub async fn admit(&self, context: &Context) -> Result<(), Error> {
        self.limits.client_judged(context, true).await
    }

    /// Checks the credentials of a calling service, if it sent any.
    ///
    /// # Errors
    /// [`Error::InvalidClient`], or [`Error::Limited`] by the limit on wrong ones.
    pub async fn authenticate(
        &self,
        context: &Context,
        shown: Option<ShownCredentials<'_>>,
    ) -> Result<(), Error> {
        let secrets = self.keyring.current();
        let client = secrets.client.as_ref();
        let good = client
            .zip(shown)
            .is_some_and(|(client, shown)| client.is(shown));
        self.limits.client_judged(context, good).await?;
        if good {
            return Ok(());
        }
        let reason = match (client, shown) {
            (None, _) => "this server has no client: set OAUTH_CLIENT_ID and OAUTH_CLIENT_SECRET",
            (Some(_), None) => {
                "send the client's id and secret by Basic authentication or in the body"
            }
            (Some(_), Some(_)) => "the client id or secret is wrong",
        };
        Err(Error::InvalidClient(reason))
    }

    /// Looks up a token of either kind; `None` for one that is not good.
    ///
    /// # Errors
    /// An outage.
    pub async fn introspect(&self, token: &str) -> Result<Option<Active>, Error> {
        if let Ok(claims) = self.keyring.verify(token) {
            match self.tokens.caller(&claims).await {
                Ok(caller) => return Ok(Some(Active::Access(Box::new(caller.session), claims))),
                Err(Error::InvalidToken) => {}
                Err(error) => return Err(error),
            }
        }
        let Some(token) = RefreshToken::parse(token, self.keyring.current().keys.refresh()) else {
            return Ok(None);
        };
        let found = self.live.find(token.session(), Credential::Tokens).await?;
        let current = found
            .session
            .filter(|session| session.current == token.hash());
        Ok(current.map(|session| Active::Refresh(Box::new(session))))
    }

    /// Ends the session of a token of either kind; a token that is not active ends nothing.
    ///
    /// # Errors
    /// An outage.
    pub async fn revoke(&self, context: &Context, token: &str) -> Result<(), Error> {
        let look_up = async |id| self.live.sessions.look_up(id, Credential::Tokens).await;
        let session = if let Ok(claims) = self.keyring.verify(token) {
            let found = look_up(claims.session()).await?;
            // An expired token is no error (RFC 7009 section 2.2).
            self.tokens.session_of(&claims, found).unwrap_or_default()
        } else if let Some(token) =
            RefreshToken::parse(token, self.keyring.current().keys.refresh())
        {
            look_up(token.session()).await?.session
        } else {
            None
        };
        if let Some(session) = session {
            let secrets = self.keyring.current();
            let client = secrets.client.as_ref().map(|client| client.id.clone());
            let by = ActingAs::other(context, Actor::Client(client.unwrap_or_default()));
            self.live.end(session.id, &session.owner, &by).await?;
        }
        Ok(())
    }
}
