//! Names of roles, and how many an account may have: they travel in every token.

use super::error::Error;
use crate::http::FieldError;

/// Longest name of a role.
const MAX_LENGTH: usize = 32;

/// Most roles of one account.
const MAX_ROLES: usize = 16;

/// Roles in order, each once; letters, digits, `-`, `_`, `.` and `:`.
pub(super) fn clean(roles: &[String]) -> Result<Vec<String>, Error> {
    let good = |role: &String| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
        (1..=MAX_LENGTH).contains(&role.len()) && role.chars().all(allowed)
    };
    if roles.len() > MAX_ROLES || !roles.iter().all(good) {
        let message = format!(
            "a role is 1 to {MAX_LENGTH} letters, digits, '-', '_', '.' or ':'; an account \
             has {MAX_ROLES} at most"
        );
        return Err(Error::Invalid(vec![FieldError::new(
            "roles",
            "invalid_role",
            message,
        )]));
    }
    let mut roles = roles.to_vec();
    roles.sort();
    roles.dedup();
    Ok(roles)
}
