//! `/register`: creates an account and signs in to it.

use super::error::{PageError, PageResult};
use super::fields::{Field, Form};
use super::form_page::FormPage;
use super::request::PageRequest;
use super::sign_in::{begin_first, lead_on, offers_setup, setup_link};
use crate::auth::{Error, NewAccount};
use crate::http::next::in_query;

/// Shows the form; signed-in users are led on.
pub(super) async fn show(request: &mut PageRequest) -> PageResult {
    if !request.site.registration_open {
        return Err(Error::RegistrationClosed.into());
    }
    if let Some(response) = lead_on(request, next).await {
        return Ok(response);
    }
    let next = next(request, &request.address.requested_next());
    Ok(form_page(request, next).await?.show(request))
}

/// Creates the account and signs in.
pub(super) async fn send(request: &mut PageRequest) -> PageResult {
    if let Some(response) = lead_on(request, next).await {
        return Ok(response);
    }
    let mut sent = request.limited_form().await?;
    let next = next(request, &sent.take("next").unwrap_or_default());
    let mut page = form_page(request, next.clone()).await?;
    let mut values = page.form.fill(&mut sent);
    if !page.form.is_good() {
        return Ok(page.show(request));
    }
    let (email, password) = (values.take("email"), values.take("password"));
    let new = NewAccount::new(&*email, password.clone());
    let made = request
        .site
        .auth
        .accounts
        .register(&request.context, new)
        .await;
    if let Err(error) = made {
        return page.refuse(request, error);
    }
    Ok(begin_first(request, &email, password, &next).await)
}

fn next(request: &PageRequest, asked: &str) -> String {
    request.site.next.allowed(asked).unwrap_or("/").to_owned()
}

async fn form_page(request: &PageRequest, next: String) -> Result<FormPage, PageError> {
    let mut links = Vec::new();
    if offers_setup(request).await? {
        links.push(setup_link());
    }
    let sign_in = format!("/sign-in?next={}", in_query(&next));
    let mut form = Form::new(vec![
        Field::email(),
        Field::new_password("password", "Password", request.site.min_password),
    ]);
    form.hidden.push(("next", next));
    links.push(("Already have an account?", sign_in, "Sign in"));
    Ok(FormPage {
        heading: "Create an account",
        action: "/register",
        form,
        button: "Create the account",
        links,
        ..FormPage::default()
    })
}
