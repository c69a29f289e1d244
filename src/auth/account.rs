//! [`Account`]: the one view of an account, for its owner, for administrators, for the command line
//! and for the pages; and [`NewAccount`], with the bodies that it is read from.

use poem_openapi::Object;
use poem_openapi::types::{Example, MaybeUndefined};
use time::OffsetDateTime;
use time::macros::datetime;
use uuid::{Uuid, uuid};

use super::password::Password;
use super::users::{User, UserState};
use crate::clock::Timestamp;
use crate::http::{Fields, FromFields};

/// An account.
#[derive(Clone, Debug, Object)]
#[oai(rename = "User", example)]
pub struct Account {
    /// Its id.
    pub id: Uuid,
    /// Its e-mail, in lower case; an international domain in its own script, where nothing else looks
    /// like it. In headers it is in ASCII.
    pub email: String,
    /// Its name for people; null where none was given. Two accounts may have the same.
    pub display_name: Option<String>,
    /// Roles of the account, in order.
    pub roles: Vec<String>,
    /// Time of its creation.
    pub created_at: OffsetDateTime,
    /// Sign-in state.
    pub state: UserState,
    /// Since when it cannot sign in; null where it can.
    pub disabled_at: Option<OffsetDateTime>,
    /// Since when another password must be chosen before signing in; null where none must.
    pub password_change_required_at: Option<OffsetDateTime>,
    /// Since when a reset token alone leads to a new password; null where the password works.
    pub reset_required_at: Option<OffsetDateTime>,
    /// Its last sign-in, give or take a minute; null where there was none.
    pub last_sign_in_at: Option<OffsetDateTime>,
}

impl From<User> for Account {
    fn from(user: User) -> Self {
        let reset_required_at = user.reset_required_at.filter(|_| user.needs_reset());
        Self {
            id: user.id.uuid(),
            email: user.email.shown(),
            state: UserState::of(&user),
            display_name: user.display_name.map(|name| name.as_str().to_owned()),
            roles: user.roles,
            created_at: user.created_at.to_utc(),
            disabled_at: user.disabled_at.map(Timestamp::to_utc),
            password_change_required_at: user.password_change_required_at.map(Timestamp::to_utc),
            reset_required_at: reset_required_at.map(Timestamp::to_utc),
            last_sign_in_at: user.last_sign_in_at.map(Timestamp::to_utc),
        }
    }
}

/// An account to be created, as it was typed.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// The e-mail to sign in with.
    pub email: String,
    /// The name for people, if any.
    pub display_name: Option<String>,
    /// The password.
    pub password: Password,
    /// Roles of the account.
    pub roles: Vec<String>,
}

impl NewAccount {
    /// An account that has an e-mail and a password, and nothing that may be left out.
    #[must_use]
    pub fn new(email: impl Into<String>, password: impl Into<Password>) -> Self {
        Self {
            email: email.into(),
            display_name: None,
            password: password.into(),
            roles: Vec::new(),
        }
    }

    /// The same account with `role` alone.
    #[must_use]
    pub fn with_role(self, role: &str) -> Self {
        Self {
            roles: vec![role.to_owned()],
            ..self
        }
    }
}

/// An account that its owner makes.
#[derive(Object)]
#[oai(rename = "Registration", deny_unknown_fields, example)]
pub struct RegistrationBody {
    /// The e-mail address, compared without case and without white space around it. An international
    /// domain may be written in either form, `müller.example` or `xn--mller-kva.example`.
    email: String,
    /// The password: `PASSWORD_MIN_LENGTH` characters at least, 72 bytes at most.
    #[oai(validator(max_length = 72))]
    password: String,
    /// The name for people: 1 to 100 characters, no control characters.
    #[oai(validator(max_length = 100))]
    display_name: Option<String>,
}

/// An account that an administrator makes.
#[derive(Object)]
#[oai(rename = "NewUser", deny_unknown_fields, example)]
pub struct NewUserBody {
    /// The e-mail address, compared without case and without white space around it. An international
    /// domain may be written in either form.
    email: String,
    /// The password: `PASSWORD_MIN_LENGTH` characters at least, 72 bytes at most.
    #[oai(validator(max_length = 72))]
    password: String,
    /// Roles of the account; none when it is left out.
    #[oai(default)]
    roles: Vec<String>,
    /// The name for people: 1 to 100 characters, no control characters.
    #[oai(validator(max_length = 100))]
    display_name: Option<String>,
}

/// Changes of an account by its owner. Members that are left out stay as they are.
#[derive(Object)]
#[oai(deny_unknown_fields, example)]
pub struct ProfileChange {
    /// The name for people: 1 to 100 characters, no control characters. Null removes it.
    #[oai(validator(max_length = 100))]
    pub(super) display_name: MaybeUndefined<String>,
}

impl From<RegistrationBody> for NewAccount {
    fn from(body: RegistrationBody) -> Self {
        Self {
            display_name: body.display_name,
            ..Self::new(body.email, body.password)
        }
    }
}

impl From<NewUserBody> for NewAccount {
    fn from(body: NewUserBody) -> Self {
        Self {
            roles: body.roles,
            display_name: body.display_name,
            ..Self::new(body.email, body.password)
        }
    }
}

impl FromFields for RegistrationBody {
    fn from_fields(fields: &mut Fields) -> Self {
        Self {
            email: fields.text("email"),
            password: fields.text("password"),
            display_name: fields.optional_text("display_name").take(),
        }
    }
}

impl FromFields for NewUserBody {
    fn from_fields(fields: &mut Fields) -> Self {
        Self {
            email: fields.text("email"),
            password: fields.text("password"),
            roles: fields.texts_or_none("roles"),
            display_name: fields.optional_text("display_name").take(),
        }
    }
}

impl FromFields for ProfileChange {
    fn from_fields(fields: &mut Fields) -> Self {
        Self {
            display_name: fields.optional_text("display_name"),
        }
    }
}

const EMAIL: &str = "bob@example.com";
const NAME: &str = "Bob Miller";
const PASSWORD: &str = "kelp-anvil-quorum";

impl Example for Account {
    fn example() -> Self {
        Self {
            id: uuid!("0b7c1c1e-6b0e-4c55-9a52-3f1f3f5b7a10"),
            email: EMAIL.to_owned(),
            display_name: Some(NAME.to_owned()),
            roles: vec!["support".to_owned()],
            created_at: datetime!(2026-01-15 09:30 UTC),
            state: UserState::Active,
            disabled_at: None,
            password_change_required_at: None,
            reset_required_at: None,
            last_sign_in_at: Some(datetime!(2026-01-15 09:31 UTC)),
        }
    }
}

impl Example for RegistrationBody {
    fn example() -> Self {
        Self {
            email: EMAIL.to_owned(),
            password: PASSWORD.to_owned(),
            display_name: Some(NAME.to_owned()),
        }
    }
}

impl Example for NewUserBody {
    fn example() -> Self {
        Self {
            email: EMAIL.to_owned(),
            password: PASSWORD.to_owned(),
            roles: vec!["support".to_owned()],
            display_name: None,
        }
    }
}

impl Example for ProfileChange {
    fn example() -> Self {
        Self {
            display_name: MaybeUndefined::Value(NAME.to_owned()),
        }
    }
}
