//! `/setup`: the first administrator of a server that was just started for trying out.
//!
//! A loopback address proves nothing here: behind a plain reverse proxy on the same machine every
//! stranger has one. So the page takes a one-time code, which only the terminal shows.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;

use super::Answer;
use super::fault::Fault;
use super::fields::{Field, Form};
use super::form_page::FormPage;
use super::sign_in::begin_first;
use super::visit::Visit;
use crate::clock::random_bytes;
use crate::http::{Code, Problem};

/// Wrong codes after which no code is taken.
const TRIES: u32 = 10;

/// The code that lets one visitor make the first administrator. It is good until then, for this
/// process.
pub struct SetupCode {
    code: String,
    tries_left: AtomicU32,
}

/// Why a code was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refused {
    Wrong,
    TooManyTries,
}

impl SetupCode {
    /// A code of 128 random bits.
    #[must_use]
    pub fn random() -> Self {
        Self {
            code: URL_SAFE_NO_PAD.encode(random_bytes::<16>()),
            tries_left: AtomicU32::new(TRIES),
        }
    }

    /// The code, for the terminal of whoever started the server.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.code
    }

    fn check(&self, given: &str) -> Result<(), Refused> {
        // Charged before the comparison, so that parallel guesses never share a try.
        let charge = |left: u32| left.checked_sub(1);
        let charged = self
            .tries_left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, charge);
        charged.map_err(|_| Refused::TooManyTries)?;
        if !bool::from(self.code.as_bytes().ct_eq(given.trim().as_bytes())) {
            return Err(Refused::Wrong);
        }
        self.tries_left.store(TRIES, Ordering::SeqCst);
        Ok(())
    }

    /// Makes the code worthless: it has been used.
    fn spend(&self) {
        self.tries_left.store(0, Ordering::SeqCst);
    }
}

impl fmt::Debug for SetupCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetupCode").finish_non_exhaustive()
    }
}

/// The form, with the code of the link in it.
pub(super) async fn show(visit: &mut Visit) -> Answer {
    open(visit).await?;
    let code = visit.query("code");
    Ok(form_page(visit, code).show(visit))
}

/// Makes the administrator and signs in.
pub(super) async fn send(visit: &mut Visit) -> Answer {
    open(visit).await?;
    let mut sent = visit.limited_form().await?;
    let mut page = form_page(visit, String::new());
    let [code, email, password] = page.form.fill(&mut sent).try_into().unwrap_or_default();
    if !page.form.is_good() {
        return Ok(page.show(visit));
    }
    let setup = visit.site.setup.clone().ok_or_else(has_users)?;
    if let Err(refused) = setup.check(&code) {
        tracing::warn!(client = %visit.context.client, "a wrong code for making the administrator");
        page.form.fault("code", words(refused).to_owned());
        return Ok(page.show(visit));
    }
    let (auth, context) = (visit.site.auth.clone(), visit.context.clone());
    let made = auth
        .create_first_administrator(&context, &email, password.clone().into())
        .await;
    if let Err(error) = made {
        return page.refuse(visit, error);
    }
    setup.spend();
    Ok(begin_first(visit, &email, password, "/").await)
}

/// Whether the page exists at all.
async fn open(visit: &Visit) -> Result<(), Fault> {
    if visit.may_set_up() && !visit.has_users().await? {
        return Ok(());
    }
    Err(has_users())
}

fn has_users() -> Fault {
    Problem::new(Code::NotFound, "this server has users").into()
}

const fn words(refused: Refused) -> &'static str {
    match refused {
        Refused::Wrong => "This is not the code that the terminal shows.",
        Refused::TooManyTries => {
            "Too many wrong codes were sent. Start the server again: it shows a new one."
        }
    }
}

fn form_page(visit: &Visit, code: String) -> FormPage {
    let code = Field {
        value: code,
        hint: "The terminal in which the server was started shows it, and a link that fills it in."
            .to_owned(),
        ..Field::text("code", "Code from the terminal", "text", "off")
    };
    FormPage {
        heading: "Make the first administrator",
        lead: "This server has no users yet. The first one may see and change everything."
            .to_owned(),
        action: "/setup",
        form: Form::new(vec![
            code,
            Field::email(),
            Field::new_password("password", "Password", visit.site.min_password),
        ]),
        button: "Make the account and sign in",
        ..FormPage::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_taken_until_it_was_guessed_at_too_often_or_used() {
        let code = SetupCode::random();
        assert_ne!(code.expose(), SetupCode::random().expose());
        assert!(!format!("{code:?}").contains(code.expose()));
        for wrong in ["", "x", &code.expose()[1..]] {
            assert_eq!(code.check(wrong), Err(Refused::Wrong), "{wrong}");
        }
        assert_eq!(code.check(&format!(" {}\n", code.expose())), Ok(()));
        for _ in 0..TRIES {
            assert_eq!(code.check("x"), Err(Refused::Wrong));
        }
        assert_eq!(code.check(code.expose()), Err(Refused::TooManyTries));
        let code = SetupCode::random();
        code.spend();
        assert_eq!(code.check(code.expose()), Err(Refused::TooManyTries));
    }
}
