//! [`NewAccounts`]: accounts as they are checked and added, whoever makes them.

use std::net::IpAddr;
use std::sync::Arc;

use super::account::NewAccount;
use super::account_changes::lacks_admin;
use super::error::Error;
use super::passwords::Passwords;
use super::users::{Administrator, Outcome, User, Users};
use crate::audit::Event;
use crate::clock::Clock;
use crate::http::FieldError;
use crate::identity::{BadDisplayName, DisplayName, Email};

/// Longest name of a role.
const MAX_ROLE_LENGTH: usize = 32;

/// Most roles of one account: they travel in every token, and tokens in every head.
const MAX_ROLES: usize = 16;

/// The rules of new accounts.
#[derive(Debug)]
pub(super) struct NewAccounts {
    pub(super) users: Users,
    pub(super) passwords: Arc<Passwords>,
    pub(super) clock: Clock,
}

impl NewAccounts {
    /// Makes an account that could be added: all of it follows the rules. A taken e-mail is found out
    /// after the hash, by the insert itself, so that the answer takes as long either way.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every fault.
    pub(super) async fn prepare(&self, client: IpAddr, new: NewAccount) -> Result<User, Error> {
        refuse_nul(&[("email", &new.email)])?;
        let roles = clean_roles(&new.roles)?;
        let mut faults = Vec::new();
        let email = Email::try_from(&*new.email).unwrap_or_else(|bad| {
            faults.push(FieldError::new("email", "invalid_email", bad.to_string()));
            // A stand-in lets the faults of the password be told together with this one.
            Email::from_stored("nobody@invalid.invalid".to_owned())
        });
        let display_name = new.display_name.as_deref().map(DisplayName::try_from);
        let display_name = display_name.transpose().unwrap_or_else(|bad| {
            faults.push(bad_display_name(bad));
            None
        });
        let checked = self.passwords.check_new(&new.password, &email, "password");
        match checked {
            Err(Error::Invalid(more)) => faults.extend(more),
            checked => checked?,
        }
        if !faults.is_empty() {
            return Err(Error::Invalid(faults));
        }
        let hash = self.passwords.hash(client, new.password).await?;
        Ok(User {
            display_name,
            ..User::new(email, hash, roles, self.clock.now())
        })
    }

    /// Adds an account that is prepared.
    ///
    /// # Errors
    /// [`Error::EmailTaken`]; [`Error::Forbidden`] when `administrator` no longer is one; an outage.
    pub(super) async fn add(
        &self,
        user: User,
        administrator: Option<&Administrator>,
        event: &Event,
    ) -> Result<User, Error> {
        match self.users.add(&user, administrator, event).await? {
            Outcome::Done(_) => Ok(user),
            Outcome::NotAdministrator => Err(lacks_admin()),
            Outcome::SessionUnknown => Err(Error::TokensUnavailable),
            _ => Err(Error::EmailTaken),
        }
    }
}

/// Roles in order, each once; letters, digits, `-`, `_`, `.` and `:`.
pub(super) fn clean_roles(roles: &[String]) -> Result<Vec<String>, Error> {
    let good = |role: &String| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
        (1..=MAX_ROLE_LENGTH).contains(&role.len()) && role.chars().all(allowed)
    };
    if roles.len() > MAX_ROLES || !roles.iter().all(good) {
        let message = format!(
            "a role is 1 to {MAX_ROLE_LENGTH} letters, digits, '-', '_', '.' or ':'; an account \
             has {MAX_ROLES} at most"
        );
        let fault = FieldError::new("roles", "invalid_role", message);
        return Err(Error::Invalid(vec![fault]));
    }
    let mut roles = roles.to_vec();
    roles.sort();
    roles.dedup();
    Ok(roles)
}

pub(super) fn bad_display_name(bad: BadDisplayName) -> FieldError {
    FieldError::new("display_name", "invalid_display_name", bad.to_string())
}

/// The fault of a field that cannot even be compared with anything stored.
pub(super) fn refuse_nul(fields: &[(&str, &str)]) -> Result<(), Error> {
    let faults: Vec<FieldError> = fields
        .iter()
        .filter(|(_, value)| value.contains('\0'))
        .map(|(name, _)| {
            FieldError::new(*name, "contains_nul", format!("{name} may not hold U+0000"))
        })
        .collect();
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(faults))
    }
}
