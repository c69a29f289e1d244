//! `/reset`: sets a new password with a reset token, from a link or from a sign-in that requires it.

use poem::Response;
use poem::http::StatusCode;

use super::error::PageResult;
use super::fields::{Field, Form};
use super::flash::Flash;
use super::form_page::FormPage;
use super::page::redirect_with;
use super::request::PageRequest;
use crate::auth::Error;

const LINK: &str = "Choose a new password for your account.";
const REQUIRED: &str = "An administrator requires you to choose a new password before you sign in.";

/// Shows the form for the token of a link.
pub(super) async fn show(request: &mut PageRequest) -> PageResult {
    let token = request.address.query("token");
    if token.is_empty() {
        return Err(Error::InvalidResetToken.into());
    }
    Ok(form_page(request, LINK, token).await.show(request))
}

/// Shows the form after a sign-in with a password that must be replaced.
pub(super) async fn show_required(request: &mut PageRequest, token: &str) -> Response {
    let page = form_page(request, REQUIRED, token.to_owned()).await;
    let mut response = page.show(request);
    response.set_status(StatusCode::FORBIDDEN);
    response
}

/// Sets the password.
pub(super) async fn send(request: &mut PageRequest) -> PageResult {
    let mut sent = request.limited_form().await?;
    let token = sent.take("token").unwrap_or_default();
    let mut page = form_page(request, LINK, token.clone()).await;
    let mut values = page.form.fill(&mut sent);
    if !page.form.is_good() {
        return Ok(page.show(request));
    }
    let new = values.take("new_password").into();
    let resets = &request.site.auth.resets;
    match resets.reset(&request.context, &token, new).await {
        Ok(()) => Ok(redirect_with(request, "/sign-in", Flash::PasswordSet)),
        Err(error) => page.refuse(request, error),
    }
}

async fn form_page(request: &PageRequest, lead: &str, token: String) -> FormPage {
    // Password managers need the e-mail. An invalid token has none; it is refused when it is sent.
    let owner = request.site.auth.resets.owner_of(&token).await;
    let username = owner.map(|email| email.shown());
    let mut form = Form::new(vec![Field::new_password(
        "new_password",
        "New password",
        request.site.min_password,
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
