//! `/setup`: the first administrator of a server started with `aura serve --dev`.

use super::error::{PageError, PageResult};
use super::fields::{Field, Form};
use super::form_page::FormPage;
use super::request::PageRequest;
use super::sign_in::{begin_first, offers_setup};
use crate::auth::{Error, NewAccount};
use crate::http::Code;

/// Shows the form, with the code of the link filled in.
pub(super) async fn show(request: &mut PageRequest) -> PageResult {
    open(request).await?;
    let code = request.address.query("code");
    Ok(form_page(request, code).show(request))
}

/// Creates the administrator and signs in.
pub(super) async fn send(request: &mut PageRequest) -> PageResult {
    open(request).await?;
    let mut sent = request.limited_form().await?;
    let mut page = form_page(request, String::new());
    let mut values = page.form.fill(&mut sent);
    if !page.form.is_good() {
        return Ok(page.show(request));
    }
    let setup = request.site.setup.as_ref().ok_or_else(not_offered)?;
    if !setup.is(&values.take("code")) {
        tracing::warn!(client = %request.context.client, "wrong set-up code");
        let words = "This is not the code that the terminal shows.";
        page.form.add_error("code", words.to_owned());
        return Ok(page.show(request));
    }
    let (email, password) = (values.take("email"), values.take("password"));
    let new = NewAccount::new(&*email, password.clone());
    let administration = &request.site.auth.administration;
    let made = administration.create_first_administrator(&request.context, new);
    match made.await {
        Ok(_) => {}
        // Another request was first; the transaction that creates the account found out.
        Err(Error::RegistrationClosed) => return Err(not_offered()),
        Err(Error::EmailTaken) => {
            TAKEN.clone_into(&mut page.lead);
            return page.refuse(request, Error::EmailTaken);
        }
        Err(error) => return page.refuse(request, error),
    }
    Ok(begin_first(request, &email, password, "/").await)
}

/// Answers 404 while the page is not offered.
async fn open(request: &PageRequest) -> Result<(), PageError> {
    if offers_setup(request).await? {
        Ok(())
    } else {
        Err(not_offered())
    }
}

fn not_offered() -> PageError {
    Code::NotFound.into()
}

/// Reveals that an account exists, but only to holders of the code.
const TAKEN: &str = "Choose another e-mail, or give the account with this e-mail the role. In the folder \
                     of the server, run: aura user set-roles --dev EMAIL admin";

fn form_page(request: &PageRequest, code: String) -> FormPage {
    let code = Field {
        value: code,
        hint: "The terminal in which the server was started shows the code, and a link that fills it in."
            .to_owned(),
        ..Field::text("code", "Code from the terminal", "text", "off")
    };
    FormPage {
        heading: "Create the first administrator",
        lead: "This server has no administrator yet. Administrators can see and change everything."
            .to_owned(),
        action: "/setup",
        form: Form::new(vec![
            code,
            Field::email(),
            Field::new_password("password", "Password", request.site.min_password),
        ]),
        button: "Create the account and sign in",
        ..FormPage::default()
    }
}
