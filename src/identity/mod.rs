//! Names of accounts and sessions: [`Email`], [`UserId`], [`SessionId`], [`DisplayName`].
//!
//! An e-mail is judged once, where an account is made ([`Email::try_from`]). What is stored is read as
//! it stands ([`Email::from_stored`]), and what is typed to find an account is only brought into the
//! form of keys ([`Email::lookup`]): a rule that becomes stricter must not lock anyone out.

mod display_name;
mod email;
mod ids;

pub use self::display_name::{BadDisplayName, DisplayName};
pub use self::email::{BadEmail, Email, search_key};
pub use self::ids::{SessionId, UserId};
