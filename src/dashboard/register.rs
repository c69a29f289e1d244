//! `/register`: an account for whoever asks, and a session in it.

use super::Answer;
use super::fault::Fault;
use super::fields::{Field, Form};
use super::form_page::FormPage;
use super::setup;
use super::sign_in::{begin_first, two};
use super::visit::Visit;
use crate::auth::{Error, NewAccount};
use crate::http::next::in_query;

/// The form; whoever is signed in goes straight on.
pub(super) async fn show(visit: &mut Visit) -> Answer {
    if !visit.site.registration_open {
        return Err(Error::RegistrationClosed.into());
    }
    let next = next(visit, &visit.asked_next());
    if visit.session().is_some() {
        return Ok(visit.see(&next));
    }
    Ok(form_page(visit, next).await?.show(visit))
}

/// Makes the account and signs in.
pub(super) async fn send(visit: &mut Visit) -> Answer {
    if visit.session().is_some() {
        let asked = visit.stale_next().await;
        return Ok(visit.see(&next(visit, &asked)));
    }
    let mut sent = visit.limited_form().await?;
    let next = next(visit, &sent.take("next").unwrap_or_default());
    let mut page = form_page(visit, next.clone()).await?;
    let [email, password] = two(page.form.fill(&mut sent));
    if !page.form.is_good() {
        return Ok(page.show(visit));
    }
    let (auth, context) = (visit.site.auth.clone(), visit.context.clone());
    let new = NewAccount::new(&*email, password.clone());
    let made = auth.register(&context, new).await;
    if let Err(error) = made {
        return page.refuse(visit, error);
    }
    Ok(begin_first(visit, &email, password, &next).await)
}

fn next(visit: &Visit, asked: &str) -> String {
    visit.site.next.allowed(asked).unwrap_or("/").to_owned()
}

async fn form_page(visit: &Visit, next: String) -> Result<FormPage, Fault> {
    let mut links = Vec::new();
    if visit.offers_setup().await? {
        links.push(setup::link());
    }
    let sign_in = format!("/sign-in?next={}", in_query(&next));
    let mut form = Form::new(vec![
        Field::email(),
        Field::new_password("password", "Password", visit.site.min_password),
    ]);
    form.hidden.push(("next", next));
    links.push(("You have one?", sign_in, "Sign in"));
    Ok(FormPage {
        heading: "Make an account",
        action: "/register",
        form,
        button: "Make the account",
        links,
        ..FormPage::default()
    })
}
