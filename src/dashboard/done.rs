//! What a page says was done a moment ago. The address carries a code out of this list, the minute
//! and a signature that is bound to the browser (its session, or before there is one its form
//! cookie), so that no address of somebody else's makes a page say it.

use super::visit::Visit;

/// How long a message is believed, in minutes.
const MINUTES: i64 = 1;

macro_rules! done {
    ($($name:ident = $code:literal, $words:literal;)+) => {
        /// Something that was done.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Done { $($name),+ }

        impl Done {
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

done! {
    SignedOut = "signed-out", "You are signed out.";
    PasswordSet = "password-set", "Your new password is set. Sign in with it.";
    PasswordChanged = "password-changed", "Your password is changed. All other sessions have ended.";
    SessionEnded = "session-ended", "The session has ended.";
    OthersEnded = "others-ended", "All other sessions have ended.";
    Registered = "registered", "Your account is made. Sign in with it.";
    Created = "created", "The account is made.";
    RolesSet = "roles-set", "The roles are set.";
    Disabled = "disabled", "The account is disabled, and its sessions have ended.";
    Enabled = "enabled", "The account is enabled.";
    ChangeRequired = "change-required", "The user must choose a new password at the next sign-in. All sessions of the account have ended.";
    SessionsEnded = "sessions-ended", "All sessions of the account have ended.";
    Deleted = "deleted", "The account is deleted.";
    Erased = "erased", "The account is deleted, and the person is erased from the audit trail.";
}

/// The parameter that says it.
pub(super) fn write(visit: &mut Visit, done: Done) -> String {
    let (minute, binding) = (minute(visit), visit.bind());
    let signature = visit.tag(&signed(done, minute, &binding));
    format!("{}.{minute}.{signature}", done.code())
}

/// What the parameter says, if we wrote it for this browser, just now.
pub(super) fn read(visit: &Visit, said: &str) -> Option<&'static str> {
    let (code, rest) = said.split_once('.')?;
    let (at, signature) = rest.split_once('.')?;
    let done = Done::ALL.iter().find(|done| done.code() == code)?;
    let at: i64 = at.parse().ok()?;
    let age = minute(visit).checked_sub(at)?;
    let signed = signed(*done, at, &visit.binding()?);
    let good =
        (0..=MINUTES).contains(&age) && visit.site.auth.form_token_is_good(&signed, signature);
    good.then(|| done.words())
}

fn minute(visit: &Visit) -> i64 {
    visit.site.clock.now().seconds() / 60
}

fn signed(done: Done, minute: i64, binding: &str) -> String {
    format!("done {} {minute} {binding}", done.code())
}
