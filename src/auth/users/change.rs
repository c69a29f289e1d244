//! [`Change`]: the changes of one account, each with its statement.

use super::row::{Statement, User};
use crate::audit::Event;
use crate::auth::password::PasswordHash;
use crate::clock::Timestamp;
use crate::identity::{DisplayName, UserId};

/// A change of one account. Every one counts in [`User::version`], apart from the name.
#[derive(Clone, Debug)]
pub enum Change {
    /// Replaces the roles.
    Roles(Vec<String>),
    /// Replaces the name, or removes it. Tokens have nothing to do with it, so those for a reset still work.
    DisplayName(Option<DisplayName>),
    /// Keeps the account from signing in, and ends its sessions.
    Disable(Timestamp),
    /// Lets a disabled account sign in again.
    Enable,
    /// Deletes the account.
    Delete,
    /// Deletes the account, provided that its password still has this hash.
    DeleteOwn(PasswordHash),
    /// Ends every session that began until this moment.
    SignOut(Timestamp),
    /// Makes the password open nothing but the form for a new one, and ends all sessions.
    RequirePasswordChange(Timestamp),
    /// Makes the password open nothing at all until it is reset by a token, and ends all sessions.
    RequireReset(Timestamp),
    /// Sets the password, and ends all sessions.
    Password(PasswordHash, Timestamp),
    /// Replaces the password by its owner, who is signed in and showed the old one.
    OwnPassword {
        /// The hash of the password that was shown.
        old: PasswordHash,
        /// The hash of the new one.
        new: PasswordHash,
    },
    /// Replaces the password by a reset token, and ends all sessions.
    ResetPassword {
        /// The version that the token is of.
        version: i64,
        /// The hash of the new password.
        new: PasswordHash,
        /// The present moment.
        now: Timestamp,
    },
}

impl Change {
    /// The statement that makes this change in the account `id`.
    pub(super) fn statement(&self, id: UserId) -> Statement {
        let id = id.to_string();
        let at = |text: &'static str, at: &Timestamp| {
            let query = sqlx::query(text);
            query.bind(at.millis()).bind(id.clone())
        };
        match self {
            Self::Roles(roles) => sqlx::query(
                "UPDATE users SET version = version + 1, roles = $1 WHERE id = $2 AND roles <> $1",
            )
            .bind(roles.join(" "))
            .bind(id),
            // Of two NULLs, <> is not true; and a name that is stored is never empty.
            Self::DisplayName(name) => sqlx::query(
                "UPDATE users SET display_name = $1 WHERE id = $2 \
                 AND coalesce(display_name, '') <> coalesce($1, '')",
            )
            .bind(name.as_ref().map(|name| name.as_str().to_owned()))
            .bind(id),
            Self::Disable(now) => at(
                "UPDATE users SET version = version + 1, disabled_at = $1, signed_out_at = $1 \
                 WHERE id = $2 AND disabled_at IS NULL",
                now,
            ),
            Self::Enable => sqlx::query(
                "UPDATE users SET version = version + 1, disabled_at = NULL \
                 WHERE id = $1 AND disabled_at IS NOT NULL",
            )
            .bind(id),
            Self::Delete => sqlx::query("DELETE FROM users WHERE id = $1").bind(id),
            Self::DeleteOwn(password) => {
                sqlx::query("DELETE FROM users WHERE id = $1 AND password_hash = $2")
                    .bind(id)
                    .bind(password.expose().to_owned())
            }
            Self::SignOut(now) => at(
                "UPDATE users SET version = version + 1, signed_out_at = $1 WHERE id = $2",
                now,
            ),
            // A server of the version before leaves `reset_required_at` behind when a password is
            // set: such a remainder must not close the password again.
            Self::RequirePasswordChange(now) => at(
                "UPDATE users SET version = version + 1, password_change_required_at = $1, \
                 signed_out_at = $1, reset_required_at = CASE \
                 WHEN password_change_required_at IS NULL THEN NULL ELSE reset_required_at END \
                 WHERE id = $2",
                now,
            ),
            // Also where it is required already: the version makes earlier tokens void.
            Self::RequireReset(now) => at(
                "UPDATE users SET version = version + 1, password_change_required_at = $1, \
                 reset_required_at = $1, signed_out_at = $1 WHERE id = $2",
                now,
            ),
            Self::Password(new, now) => at(
                "UPDATE users SET version = version + 1, signed_out_at = $1, password_hash = $3, \
                 password_change_required_at = NULL, reset_required_at = NULL WHERE id = $2",
                now,
            )
            .bind(new.expose().to_owned()),
            // The owner was authenticated earlier: what an administrator did since takes precedence.
            Self::OwnPassword { old, new } => sqlx::query(
                "UPDATE users SET version = version + 1, password_hash = $1 \
                 WHERE id = $2 AND password_hash = $3 AND disabled_at IS NULL \
                 AND password_change_required_at IS NULL",
            )
            .bind(new.expose().to_owned())
            .bind(id)
            .bind(old.expose().to_owned()),
            // By the version: a token that is used twice at one moment changes the password once.
            Self::ResetPassword { version, new, now } => at(
                "UPDATE users SET version = version + 1, signed_out_at = $1, password_hash = $3, \
                 password_change_required_at = NULL, reset_required_at = NULL \
                 WHERE id = $2 AND version = $4 AND disabled_at IS NULL",
                now,
            )
            .bind(new.expose().to_owned())
            .bind(*version),
        }
    }

    /// True for a change that is made only where the account still is as the caller read it.
    pub(super) const fn depends_on_read(&self) -> bool {
        matches!(
            self,
            Self::DeleteOwn(_) | Self::OwnPassword { .. } | Self::ResetPassword { .. }
        )
    }

    /// The event with what only the transaction knows: the roles that were replaced.
    pub(super) fn describe(&self, before: &User, event: &Event) -> Event {
        let mut event = event.clone();
        if let Self::Roles(roles) = self {
            event.detail = format!("from {} to {}", named(&before.roles), named(roles));
        }
        event
    }
}

/// Roles in words.
pub(in crate::auth) fn named(roles: &[String]) -> String {
    if roles.is_empty() {
        return "no role".to_owned();
    }
    roles.join(" ")
}
