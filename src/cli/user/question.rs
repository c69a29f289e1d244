//! Questions of commands about accounts to the person who runs them.

use super::{User, UserCommand};
use crate::cli::confirm::{self, Confirm, Unconfirmed};

impl User {
    /// The reason why the command needs a terminal, if it does.
    pub(in crate::cli) fn needs_terminal(&self) -> Option<&'static str> {
        let reads = matches!(
            self.command,
            UserCommand::Create { .. } | UserCommand::SetPassword { .. }
        );
        let question = self.command.question();
        let asks = question.is_some_and(|(confirm, _)| !confirm.is_given());
        let no_password = "reads a password, and a Job has no standard input; `user first-admin` \
                           and `user reset-link` give a link instead";
        let reason = reads.then_some(no_password);
        reason.or_else(|| asks.then_some(confirm::ASKS))
    }
}

impl UserCommand {
    /// Asks before an act that cannot be undone.
    pub(super) fn confirm(&self) -> Result<(), Unconfirmed> {
        let question = self.question();
        question.map_or(Ok(()), |(confirm, act)| confirm.ask(&act))
    }

    /// The answer given beforehand and the question, of an act that cannot be undone: ended sessions,
    /// lost passwords and lost roles cannot.
    fn question(&self) -> Option<(&Confirm, String)> {
        let question = match self {
            Self::Create { .. } | Self::FirstAdmin { .. } | Self::List(_) | Self::Enable { .. } => {
                return None;
            }
            Self::SetRoles { roles, .. } if !roles.is_empty() => return None,
            Self::SetRoles { email, confirm, .. } => {
                (confirm, format!("This takes every role from {email}"))
            }
            Self::Disable { email, confirm } => (
                confirm,
                format!("This keeps {email} from signing in and ends all sessions of the account"),
            ),
            Self::Delete { email, confirm } => (
                confirm,
                format!("This deletes the account {email} and all it holds"),
            ),
            Self::Erase { email, confirm } => (
                confirm,
                format!(
                    "This deletes the account {email} and erases the person from the audit trail"
                ),
            ),
            Self::SetPassword { email, confirm, .. } => (
                confirm,
                format!(
                    "This replaces the password of {email} and ends all sessions of the account"
                ),
            ),
            Self::RevokeSessions { email, confirm } => {
                (confirm, format!("This ends all sessions of {email}"))
            }
            Self::RequirePasswordChange { email, confirm } => (
                confirm,
                format!(
                    "This ends all sessions of {email} and requires a new password at the next sign-in"
                ),
            ),
            Self::ResetLink { email, confirm, .. } => (
                confirm,
                format!("This closes the password of {email} and ends all sessions of the account"),
            ),
        };
        Some(question)
    }
}
