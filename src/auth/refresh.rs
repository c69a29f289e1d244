//! Staying signed in: a refresh token for a new pair.

use super::acting_as::ActingAs;
use super::error::Error;
use super::refresh_token::{CHILDREN, RefreshToken, TokenHash};
use super::sessions::{ClientDifference, ClientMark, Owner, Presented, Rotation};
use super::{Auth, TokenPair};
use crate::audit::Action;
use crate::http::Context;

impl Auth {
    /// Exchanges a refresh token for a new pair. Everybody who shows one token within the grace
    /// gets the same pair, byte for byte.
    ///
    /// # Errors
    /// [`Error::InvalidRefreshToken`], [`Error::RefreshTokenReused`], [`Error::Limited`], or an
    /// outage.
    pub async fn refresh(&self, context: &Context, token: &str) -> Result<TokenPair, Error> {
        self.0.limits.call(context).await?;
        let secrets = self.secrets();
        let keys = secrets.keys.refresh();
        let token = RefreshToken::parse(token, keys).ok_or(Error::InvalidRefreshToken)?;
        let today = secrets.keys.refresh_today()?;
        // Derived, not drawn: replicas that are shown one token at the same time compute the same child
        // without a word between them.
        let mut index = 0;
        let children: [TokenHash; CHILDREN] = std::array::from_fn(|_| {
            let child = token.child(index, today).hash();
            index += 1;
            child
        });
        let shown = Presented {
            id: token.session(),
            token: token.hash(),
            children,
            grace_millis: self.0.grace_millis,
            grace_scope: self.0.grace_scope,
            client: ClientMark::new(context.client, &context.user_agent),
        };
        match self.0.sessions.rotate(&shown).await? {
            Rotation::Gone => Err(Error::InvalidRefreshToken),
            Rotation::Reused { owner, elsewhere } => {
                self.0.metrics.refresh("reused");
                self.note_elsewhere(context, &owner, elsewhere, "ended")
                    .await;
                // Either of the two may be the thief, so the event names no actor.
                let by = ActingAs::anonymous(context);
                self.note(&by.event_on_session(Action::SessionReused, &owner, ""))
                    .await;
                tracing::warn!(
                    session = %token.session(),
                    client = %context.client,
                    "a refresh token was used twice; its session has been ended"
                );
                Err(Error::RefreshTokenReused)
            }
            Rotation::Child {
                index,
                hash,
                issued_at,
                mut owner,
                created_at,
                elsewhere,
            } => {
                self.note_elsewhere(context, &owner, elsewhere, "went on")
                    .await;
                // The command line cannot reach sessions in this process: the database has its changes.
                if self.0.sessions.is_local() {
                    let Some(user) = self.standing(owner.user, created_at).await? else {
                        self.0.sessions.end(token.session(), owner.user).await?;
                        return Err(Error::InvalidRefreshToken);
                    };
                    owner.roles = user.roles;
                }
                // A replica with another key of the same family may have made the child.
                let child = keys
                    .iter()
                    .map(|key| token.child(index, key))
                    .find(|child| child.hash() == hash)
                    .ok_or(Error::TokensUnavailable)?;
                self.0.metrics.refresh("accepted");
                self.pair(&owner, &child, issued_at, created_at)
            }
        }
    }

    /// Records that a second client used a refresh token within the grace of the first.
    async fn note_elsewhere(
        &self,
        context: &Context,
        owner: &Owner,
        elsewhere: ClientDifference,
        outcome: &str,
    ) {
        if let Some(difference) = elsewhere.words() {
            let detail = format!("{difference}; the session {outcome}");
            let by = ActingAs::anonymous(context);
            self.note(&by.event_on_session(Action::SessionRefreshedElsewhere, owner, detail))
                .await;
        }
    }
}
