//! The statements that change the table of accounts.

use sqlx::Any;
use sqlx::any::AnyArguments;
use sqlx::query::Query;

use super::User;
use super::change::Change;
use crate::clock::Timestamp;
use crate::identity::UserId;

type Statement = Query<'static, Any, AnyArguments>;

impl Change {
    /// The statement that makes this change in the account `id`.
    pub(super) fn statement(&self, id: UserId) -> Statement {
        let id = id.to_string();
        let at = |text: &'static str, at: Timestamp, id: String| {
            sqlx::query(text).bind(at.millis()).bind(id)
        };
        match self {
            Self::Roles(roles) => sqlx::query(
                "UPDATE users SET version = version + 1, roles = $1 WHERE id = $2 AND roles <> $1",
            )
            .bind(roles.join(" "))
            .bind(id),
            Self::Disable(now) => at(
                "UPDATE users SET version = version + 1, disabled_at = $1, signed_out_at = $1 \
                 WHERE id = $2 AND disabled_at IS NULL",
                *now,
                id,
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
                *now,
                id,
            ),
            // A server of the version before leaves `reset_required_at` behind when a password is
            // set: such a remainder must not close the password again.
            Self::RequirePasswordChange(now) => at(
                "UPDATE users SET version = version + 1, password_change_required_at = $1, \
                 signed_out_at = $1, reset_required_at = CASE \
                 WHEN password_change_required_at IS NULL THEN NULL ELSE reset_required_at END \
                 WHERE id = $2",
                *now,
                id,
            ),
            Self::RequireReset(now) => at(
                "UPDATE users SET version = version + 1, password_change_required_at = $1, \
                 reset_required_at = $1, signed_out_at = $1 WHERE id = $2",
                *now,
                id,
            ),
            Self::Password(new, now) => at(
                "UPDATE users SET version = version + 1, signed_out_at = $1, password_hash = $3, \
                 password_change_required_at = NULL, reset_required_at = NULL WHERE id = $2",
                *now,
                id,
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
            Self::ResetPassword {
                version,
                new,
                at: now,
            } => at(
                "UPDATE users SET version = version + 1, signed_out_at = $1, password_hash = $3, \
                 password_change_required_at = NULL, reset_required_at = NULL \
                 WHERE id = $2 AND version = $4 AND disabled_at IS NULL",
                *now,
                id,
            )
            .bind(new.expose().to_owned())
            .bind(*version),
        }
    }
}

/// The statement that adds `user`, unless the e-mail is taken.
pub(super) fn insert(user: &User) -> Statement {
    sqlx::query(
        "INSERT INTO users (id, email, password_hash, roles, created_at, \
         password_change_required_at, reset_required_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (email) DO NOTHING",
    )
    .bind(user.id.to_string())
    .bind(user.email.as_str().to_owned())
    .bind(user.password_hash.expose().to_owned())
    .bind(user.roles.join(" "))
    .bind(user.created_at.millis())
    .bind(user.password_change_required_at.map(Timestamp::millis))
    .bind(user.reset_required_at.map(Timestamp::millis))
}
