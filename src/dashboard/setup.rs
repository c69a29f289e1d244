//! `/setup`: the first administrator of a server that was just started for trying out.
//!
//! A loopback address proves nothing here: behind a plain reverse proxy on the same machine every
//! stranger has one. So the page takes a one-time code, which only the terminal shows.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;

use super::Answer;
use super::fault::Fault;
use super::fields::{Field, Form};
use super::form_page::FormPage;
use super::sign_in::begin_first;
use super::visit::Visit;
use crate::auth::{Error, NewAccount};
use crate::clock::random_bytes;
use crate::http::Code;

/// The code that lets a visitor make the first administrator of this process.
///
/// Wrong codes are not counted: at 128 bits no number of guesses helps, and a limit would let a
/// stranger close the page for its owner.
pub struct SetupCode(String);

impl SetupCode {
    /// A code of 128 random bits.
    #[must_use]
    pub fn random() -> Self {
        Self(URL_SAFE_NO_PAD.encode(random_bytes::<16>()))
    }

    /// The code, for the terminal in which the server was started.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Compares a code in constant time.
    fn is(&self, given: &str) -> bool {
        self.0.as_bytes().ct_eq(given.trim().as_bytes()).into()
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
    let setup = visit.site.setup.as_ref().ok_or_else(not_offered)?;
    if !setup.is(&code) {
        tracing::warn!(client = %visit.context.client, "a wrong code for making the administrator");
        let words = "This is not the code that the terminal shows.";
        page.form.fault("code", words.to_owned());
        return Ok(page.show(visit));
    }
    let (auth, context) = (visit.site.auth.clone(), visit.context.clone());
    let made = auth
        .create_first_administrator(&context, NewAccount::new(&*email, password.clone()))
        .await;
    match made {
        Ok(_) => {}
        // Another tab was first.
        Err(Error::RegistrationClosed) => return Err(not_offered()),
        Err(Error::EmailTaken) => {
            TAKEN.clone_into(&mut page.lead);
            return page.refuse(visit, Error::EmailTaken);
        }
        Err(error) => return page.refuse(visit, error),
    }
    Ok(begin_first(visit, &email, password, "/").await)
}

/// Whether the page exists at all.
async fn open(visit: &Visit) -> Result<(), Fault> {
    if visit.offers_setup().await? {
        return Ok(());
    }
    Err(not_offered())
}

fn not_offered() -> Fault {
    Code::NotFound.into()
}

/// Shown only to holders of the code, so it gives nothing away.
const TAKEN: &str = "Choose another e-mail, or give the account that has this one the role, in the \
                     folder of the server: aura user set-roles --dev EMAIL admin";

/// The link to this page, for the pages of visitors without an account.
pub(super) fn link() -> (&'static str, String, &'static str) {
    (
        "There is no administrator yet.",
        "/setup".to_owned(),
        "Make the first administrator",
    )
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
        lead: "This server has no administrator yet. Administrators see and change everything."
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
    fn a_code_is_random_compared_whole_and_never_logged() {
        let code = SetupCode::random();
        assert_ne!(code.expose(), SetupCode::random().expose());
        assert!(!format!("{code:?}").contains(code.expose()));
        for wrong in ["", "x", &code.expose()[1..]] {
            assert!(!code.is(wrong), "{wrong}");
        }
        assert!(code.is(&format!(" {}\n", code.expose())));
    }
}
