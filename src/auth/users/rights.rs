//! The rights of administrators, read inside the transaction that uses them.

use super::row::{ADMIN, find_in};
use crate::auth::sessions::{Credential, Sessions};
use crate::clock::Timestamp;
use crate::identity::{SessionId, UserId};
use crate::storage::{Connection, Transaction};

/// An administrator in whose name a change is made. The request was let in a moment ago; whether the
/// account still has the role is decided by its row, inside the change's transaction.
#[derive(Clone, Debug)]
pub struct Administrator {
    /// The account.
    pub user: UserId,
    /// The session of the request.
    pub session: SessionId,
    /// When the session of the request began.
    pub session_began_at: Timestamp,
    /// The store to look the session up in once more.
    pub sessions: Sessions,
}

/// A change that may not be made.
pub(super) enum Refusal {
    /// The caller is no longer an administrator, or their session has ended.
    NotAdministrator,
    /// The token store does not answer.
    SessionUnknown,
}

/// Begins a transaction in the name of `administrator`, if any, by the rules of [`permit`].
pub(super) async fn begin<'c>(
    connection: &'c mut Connection,
    administrator: Option<&Administrator>,
) -> std::result::Result<std::result::Result<Transaction<'c>, Refusal>, sqlx::Error> {
    let mut transaction = connection.begin().await?;
    if let Err(refusal) = permit(&mut transaction, administrator).await? {
        // Dropped instead, it would cost its connection.
        transaction.rollback().await?;
        return Ok(Err(refusal));
    }
    Ok(Ok(transaction))
}

/// Takes the lock of all changes, then checks that `administrator` may make one: the account exists, is
/// enabled and has the role, and the session of the request has not ended. In this order, because a
/// right that is read before the lock is held may be revoked meanwhile.
pub(super) async fn permit(
    connection: &mut Connection,
    administrator: Option<&Administrator>,
) -> std::result::Result<std::result::Result<(), Refusal>, sqlx::Error> {
    lock(connection).await?;
    let Some(asks) = administrator else {
        return Ok(Ok(()));
    };
    let user = find_in(connection, asks.user).await?;
    let entitled = user.is_some_and(|user| {
        user.is_admin()
            && user.disabled_at.is_none()
            && user
                .signed_out_at
                .is_none_or(|at| asks.session_began_at > at)
    });
    if !entitled {
        return Ok(Err(Refusal::NotAdministrator));
    }
    // The row does not know of sessions that their owner has ended.
    let found = asks.sessions.look_up(asks.session, Credential::Tokens);
    match found.await {
        Ok(found) if found.session.is_some() => Ok(Ok(())),
        Ok(_) => Ok(Err(Refusal::NotAdministrator)),
        Err(_) => Ok(Err(Refusal::SessionUnknown)),
    }
}

/// Holds the lock of all changes to the end of the transaction. A row is a lock on both engines.
pub(super) async fn lock(connection: &mut Connection) -> std::result::Result<(), sqlx::Error> {
    sqlx::query("UPDATE locks SET taken = taken + 1 WHERE name = 'last_admin'")
        .execute(connection)
        .await
        .map(drop)
}

/// Checks that an administrator who can sign in is left, beside the account `besides`.
pub(super) async fn has_admin(
    connection: &mut Connection,
    besides: Option<UserId>,
) -> std::result::Result<bool, sqlx::Error> {
    // LIKE does not tell cases apart on SQLite, and a search for a text has two names. The first
    // condition is that of an index. Those on the id are for rows of other programs: no session can be
    // of an account whose id is not a UUID, so such an administrator cannot sign in.
    let any = "SELECT 1 FROM users WHERE roles <> '' AND disabled_at IS NULL AND id <> $2 \
               AND (password_change_required_at IS NULL OR reset_required_at IS NULL) \
               AND id LIKE '________-____-____-____-____________' \
               AND length(replace(id, '-', '')) = 32 AND trim(id, '0123456789abcdef-') = '' \
               AND replace(' ' || roles || ' ', $1, '') <> ' ' || roles || ' ' LIMIT 1";
    let besides = besides.map_or_else(String::new, |id| id.to_string());
    let query = sqlx::query(any).bind(format!(" {ADMIN} ")).bind(besides);
    Ok(query.fetch_optional(connection).await?.is_some())
}

/// Makes void the reset tokens of all administrators but `besides` who have not used them.
pub(super) async fn end_invitations(
    connection: &mut Connection,
    besides: UserId,
) -> std::result::Result<(), sqlx::Error> {
    let all = "UPDATE users SET version = version + 1 WHERE roles <> '' AND id <> $2 \
               AND reset_required_at IS NOT NULL \
               AND replace(' ' || roles || ' ', $1, '') <> ' ' || roles || ' '";
    let update = sqlx::query(all).bind(format!(" {ADMIN} "));
    let update = update.bind(besides.to_string());
    update.execute(connection).await.map(drop)
}
