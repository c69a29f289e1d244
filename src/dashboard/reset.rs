//! `/reset`: a new password by a reset token, out of a link or after a sign-in that asks for one.

use poem::Response;
use poem::http::StatusCode;

use super::Answer;
use super::done::Done;
use super::fields::{Field, Form};
use super::form_page::FormPage;
use super::visit::Visit;
use crate::auth::Error;

const LINK: &str = "Choose a new password for your account.";
const REQUIRED: &str = "An administrator asks you to choose a new password before you sign in.";

/// The form behind a link.
pub(super) async fn show(visit: &mut Visit) -> Answer {
    let token = visit.query("token");
    if token.is_empty() {
        return Err(Error::InvalidResetToken.into());
    }
    Ok(form_page(visit, LINK, token).await.show(visit))
}

/// The form after a sign-in with a password that is to be replaced.
pub(super) async fn show_required(visit: &mut Visit, token: &str) -> Response {
    let page = form_page(visit, REQUIRED, token.to_owned()).await;
    let mut response = page.show(visit);
    response.set_status(StatusCode::FORBIDDEN);
    response
}

/// Sets the password.
pub(super) async fn send(visit: &mut Visit) -> Answer {
    let mut sent = visit.limited_form().await?;
    let token = sent.take("token").unwrap_or_default();
    let mut page = form_page(visit, LINK, token.clone()).await;
    let new = page.form.fill(&mut sent).pop().unwrap_or_default();
    if !page.form.is_good() {
        return Ok(page.show(visit));
    }
    let auth = visit.site.auth.clone();
    let done = auth
        .reset_password(&visit.context, &token, new.into())
        .await;
    match done {
        Ok(()) => Ok(visit.see_done("/sign-in", Done::PasswordSet)),
        Err(error) => page.refuse(visit, error),
    }
}

async fn form_page(visit: &Visit, lead: &str, token: String) -> FormPage {
    // A courtesy to password managers: a token that is good for nothing is refused when it is sent.
    let owner = visit.site.auth.owner_of_reset(&token).await;
    let username = owner.map(|email| email.shown());
    let mut form = Form::new(vec![Field::new_password(
        "new_password",
        "New password",
        visit.site.min_password,
    )]);
    form.hidden.push(("token", token));
    FormPage {
        heading: "Choose a new password",
        lead: lead.to_owned(),
        action: "/reset",
        username: username.unwrap_or_default(),
        form,
        button: "Set the password",
        links: Vec::new(),
    }
}
