//! [`Action`]: the closed list of what is recorded.

/// Declares the list: each action once, as it is stored and as people read it.
macro_rules! actions {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal, $words:literal;)+) => {
        /// An action that is recorded.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Action { $($(#[doc = $doc])+ $name),+ }

        impl Action {
            /// Every action there is, in the order of the list.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The action as it is stored and filtered by: stable.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code),+ }
            }

            /// The action for people, to be read between who did it and whose account it was.
            #[must_use]
            pub const fn words(self) -> &'static str {
                match self { $(Self::$name => $words),+ }
            }

            /// One sentence on what is recorded so.
            #[must_use]
            pub const fn docs(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+).trim_ascii()),+ }
            }
        }
    };
}

actions! {
    /// A client registered an account.
    UserRegistered = "user.registered", "registered";
    /// An administrator or the command line made an account.
    UserCreated = "user.created", "created the account";
    /// The first administrator was made, on the set-up page or by `aura user first-admin`.
    UserFirstAdministrator = "user.first_administrator", "became the first administrator";
    /// An account was kept from signing in; its sessions ended.
    UserDisabled = "user.disabled", "disabled the account";
    /// A disabled account was let in again.
    UserEnabled = "user.enabled", "enabled the account";
    /// An account was deleted, by its owner, an administrator or the command line.
    UserDeleted = "user.deleted", "deleted the account";
    /// An account was deleted and its person erased from the trail, or a person whose account was gone
    /// already; the detail has the number of events.
    UserErased = "user.erased", "erased the account";
    /// The roles of an account were replaced; the detail has those before and after.
    UserRolesChanged = "user.roles_changed", "changed the roles";
    /// The owner changed the name; neither the old one nor the new one is recorded.
    UserProfileChanged = "user.profile_changed", "changed the profile";
    /// The owner replaced the password.
    UserPasswordChanged = "user.password_changed", "changed the password";
    /// A client that is signed in gave a wrong current password.
    UserPasswordRefused = "user.password_refused", "gave a wrong password";
    /// An administrator or the command line set the password.
    UserPasswordSet = "user.password_set", "set the password";
    /// The password was replaced by a reset token.
    UserPasswordReset = "user.password_reset", "reset the password";
    /// The account must choose another password at its next sign-in; its sessions ended.
    UserPasswordChangeRequired = "user.password_change_required", "required a new password";
    /// The password was closed, the sessions ended, and a link was made: the only way back in.
    UserResetRequired = "user.reset_required", "closed the password and made a reset link";
    /// A sign-in succeeded.
    SessionBegan = "session.began", "signed in";
    /// A sign-in failed: unknown e-mail, wrong password, disabled account, or a password to be changed.
    SessionRefused = "session.refused", "was refused a sign-in";
    /// One session was ended.
    SessionEnded = "session.ended", "ended a session";
    /// All sessions of an account were ended, or all but the one that asked.
    SessionsEnded = "sessions.ended", "ended sessions";
    /// A refresh token was used twice, perhaps by a thief; its session was ended.
    SessionReused = "session.reused", "used a refresh token twice";
    /// A refresh token was used twice within the grace, by two addresses or devices; the detail says which differed and what became of the session.
    SessionRefreshedElsewhere = "session.refreshed_elsewhere", "refreshed from another client";
    /// The audit trail was exported.
    AuditExported = "audit.exported", "exported the audit trail";
    /// The LLM cache was emptied.
    CachePurged = "cache.purged", "emptied the LLM cache";
}

impl Action {
    /// True when equal events of it are counted in one row: a client can repeat them at no cost.
    #[must_use]
    pub const fn is_counted(self) -> bool {
        matches!(
            self,
            Self::SessionRefused | Self::UserPasswordRefused | Self::SessionRefreshedElsewhere
        )
    }

    /// The action that is stored as `text`, unless this binary does not know it.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|action| action.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_told_apart_and_found_again() {
        for action in Action::ALL {
            assert_eq!(Action::of(action.as_str()), Some(*action));
            assert!(!action.words().is_empty() && action.docs().ends_with('.'));
        }
        assert_eq!(Action::of("user.vanished"), None);
    }
}
