//! Flash messages: what a page says was done a moment ago.
//!
//! The address carries a code out of this list, the minute and a signature that is bound to the
//! browser (its session, or before there is one its form cookie), so that no address made by
//! someone else makes a page say it.

use super::browser::Browser;
use crate::clock::Timestamp;

/// Lifetime of a message in minutes.
const MINUTES: i64 = 1;

macro_rules! messages {
    ($($name:ident = $code:literal, $words:literal;)+) => {
        /// A message.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Flash { $($name),+ }

        impl Flash {
            const ALL: &'static [Self] = &[$(Self::$name),+];

            const fn code(self) -> &'static str {
                match self { $(Self::$name => $code),+ }
            }

            const fn words(self) -> &'static str {
                match self { $(Self::$name => $words),+ }
            }
        }
    };
}

messages! {
    SignedOut = "signed-out", "You are signed out.";
    PasswordSet = "password-set", "Your new password has been set. Sign in with it.";
    PasswordChanged = "password-changed", "Your password has been changed. All other sessions have ended.";
    SessionEnded = "session-ended", "The session has ended.";
    OthersEnded = "others-ended", "All other sessions have ended.";
    Registered = "registered", "Your account has been created. Sign in with it.";
    Created = "created", "The account has been created.";
    RolesSet = "roles-set", "The roles have been set.";
    Disabled = "disabled", "The account has been disabled, and its sessions have ended.";
    Enabled = "enabled", "The account has been enabled.";
    ChangeRequired = "change-required", "The user must choose a new password at the next sign-in. All sessions of the account have ended.";
    SessionsEnded = "sessions-ended", "All sessions of the account have ended.";
    Deleted = "deleted", "The account has been deleted.";
    Erased = "erased", "The account has been deleted, and the person erased from the audit trail.";
}

/// The parameter `done` of an address that shows `flash` to this browser.
pub(super) fn write(browser: &mut Browser, flash: Flash, now: Timestamp) -> String {
    let (minute, binding) = (minute(now), browser.bind());
    let signature = browser.sign(&signed_text(flash, minute, &binding));
    format!("{}.{minute}.{signature}", flash.code())
}

/// The message of the parameter `done`, if we wrote it for this browser, just now.
pub(super) fn read(browser: &Browser, parameter: &str, now: Timestamp) -> Option<&'static str> {
    let (code, rest) = parameter.split_once('.')?;
    let (at, signature) = rest.split_once('.')?;
    let flash = Flash::ALL.iter().find(|flash| flash.code() == code)?;
    let at: i64 = at.parse().ok()?;
    let age = minute(now).checked_sub(at)?;
    let signed = signed_text(*flash, at, &browser.binding()?);
    // One from the future was written by a replica whose clock is ahead; not to show it is harmless.
    let good = (0..=MINUTES).contains(&age) && browser.is_signature(&signed, signature);
    good.then(|| flash.words())
}

const fn minute(now: Timestamp) -> i64 {
    now.seconds() / 60
}

fn signed_text(flash: Flash, minute: i64, binding: &str) -> String {
    format!("done {} {minute} {binding}", flash.code())
}
