//! Introspection (RFC 7662) and revocation (RFC 7009) of tokens, for other services.

use super::acting_as::ActingAs;
use super::error::Error;
use super::refresh_token::RefreshToken;
use super::sessions::{Credential, Session};
use super::{Auth, Claims};
use crate::audit::{Action, Actor};
use crate::http::Context;

/// A token that is good at this moment.
#[derive(Clone, Debug)]
pub enum Active {
    /// An access token.
    Access(Box<Session>, Claims),
    /// The newest refresh token of a session.
    Refresh(Box<Session>),
}

impl Auth {
    /// Looks up a token of either kind; `None` for one that is not good.
    ///
    /// # Errors
    /// An outage.
    pub async fn introspect(&self, token: &str) -> Result<Option<Active>, Error> {
        if let Ok(claims) = self.0.keyring.verify(token) {
            match self.caller(&claims).await {
                Ok(caller) => return Ok(Some(Active::Access(Box::new(caller.session), claims))),
                Err(Error::InvalidToken) => {}
                Err(error) => return Err(error),
            }
        }
        let Some(token) = RefreshToken::parse(token, self.secrets().keys.refresh()) else {
            return Ok(None);
        };
        let found = self.find(token.session(), Credential::Tokens).await?;
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
        let look_up = async |id| self.0.sessions.look_up(id, Credential::Tokens).await;
        let session = if let Ok(claims) = self.0.keyring.verify(token) {
            let found = look_up(claims.session()).await?;
            self.session_of(&claims, found).unwrap_or_default()
        } else if let Some(token) = RefreshToken::parse(token, self.secrets().keys.refresh()) {
            look_up(token.session()).await?.session
        } else {
            None
        };
        if let Some(session) = session
            && self.0.sessions.end(session.id, session.owner.user).await?
        {
            let secrets = self.secrets();
            let client = secrets.client.as_ref().map(|client| client.id.clone());
            let by = ActingAs::other(context, Actor::Client(client.unwrap_or_default()));
            self.note(&by.event_on_session(Action::SessionEnded, &session.owner, ""))
                .await;
        }
        Ok(())
    }
}
