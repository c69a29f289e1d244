//! [`UserState`]: the sign-in state of an account.

use poem_openapi::Enum;

use super::row::User;

/// State of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename = "AccountState", rename_all = "snake_case")]
pub enum UserState {
    /// Signs in with its password.
    Active,
    /// Signs in to choose another password, and for nothing else.
    #[oai(rename = "must_change_password")]
    MustChange,
    /// Gets back in by a reset link alone.
    NeedsReset,
    /// Cannot sign in.
    Disabled,
}

impl UserState {
    /// Every state.
    pub const ALL: [Self; 4] = [
        Self::Active,
        Self::MustChange,
        Self::NeedsReset,
        Self::Disabled,
    ];

    /// The state of `user`.
    #[must_use]
    pub const fn of(user: &User) -> Self {
        match user {
            user if user.disabled_at.is_some() => Self::Disabled,
            user if user.needs_reset() => Self::NeedsReset,
            user if user.password_change_required_at.is_some() => Self::MustChange,
            _ => Self::Active,
        }
    }

    /// The state for programs: stable, snake case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::MustChange => "must_change_password",
            Self::NeedsReset => "needs_reset",
            Self::Disabled => "disabled",
        }
    }

    /// Finds a state by its name for programs.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// The condition of the state in SQL. That of a rare one implies the condition of its index.
    pub(super) const fn condition(self) -> &'static str {
        match self {
            Self::Active => "disabled_at IS NULL AND password_change_required_at IS NULL",
            Self::MustChange => {
                "disabled_at IS NULL AND password_change_required_at IS NOT NULL \
                 AND reset_required_at IS NULL"
            }
            Self::NeedsReset => {
                "disabled_at IS NULL AND password_change_required_at IS NOT NULL \
                 AND reset_required_at IS NOT NULL"
            }
            Self::Disabled => "disabled_at IS NOT NULL",
        }
    }
}
