//! `/sign-in` and `/sign-out`.

use poem::Response;
use secrecy::ExposeSecret;

use super::Answer;
use super::done::Done;
use super::fault::Fault;
use super::fields::{Field, Form};
use super::form_page::FormPage;
use super::reset;
use super::setup;
use super::visit::Visit;
use crate::auth::Error;
use crate::auth::browser::BrowserSession;
use crate::http::next::in_query;
use crate::http::same_site::refuse_other_sites;

/// The form; whoever is signed in goes straight on.
pub(super) async fn show(visit: &mut Visit) -> Answer {
    let next = next(visit, &visit.asked_next());
    if visit.session().is_some() {
        return Ok(visit.see(&next));
    }
    let page = form_page(visit, next).await?;
    Ok(page.show(visit))
}

/// Signs in.
pub(super) async fn send(visit: &mut Visit) -> Answer {
    if visit.session().is_some() {
        // In another tab, meanwhile.
        let asked = visit.stale_next().await;
        return Ok(visit.see(&next(visit, &asked)));
    }
    let mut sent = visit.limited_form().await?;
    let wanted = next(visit, &sent.take("next").unwrap_or_default());
    let mut page = form_page(visit, wanted.clone()).await?;
    let [email, password] = two(page.form.fill(&mut sent));
    if !page.form.is_good() {
        return Ok(page.show(visit));
    }
    let auth = visit.site.auth.clone();
    let signed_in = auth
        .browser_sign_in(&visit.context, &email, password.into())
        .await;
    match signed_in {
        Ok(session) => Ok(begin(visit, &session, &wanted)),
        Err(Error::PasswordChangeRequired(token)) => {
            Ok(reset::show_required(visit, token.expose_secret()).await)
        }
        Err(error) => page.refuse(visit, error),
    }
}

/// Puts a session into the browser, and goes on.
fn begin(visit: &mut Visit, session: &BrowserSession, next: &str) -> Response {
    let (cookie, device) = (&session.cookie, &session.device);
    visit.keep(
        cookie.expose_secret(),
        session.max_age_seconds,
        device.expose_secret(),
    );
    visit.see(next)
}

/// Signs in whoever has just made an account. It is made, whatever stands in the way of that.
pub(super) async fn begin_first(
    visit: &mut Visit,
    email: &str,
    password: String,
    next: &str,
) -> Response {
    let auth = visit.site.auth.clone();
    let signed_in = auth
        .browser_sign_in(&visit.context, email, password.into())
        .await;
    match signed_in {
        Ok(session) => begin(visit, &session, next),
        Err(_) => visit.see_done("/sign-in", Done::Registered),
    }
}

/// Asks whether to sign out; for the link of an application, which gets its visitor back.
pub(super) fn show_sign_out(visit: &mut Visit) -> Response {
    let asked = visit.asked_next();
    let next = allowed(visit, &asked).map(str::to_owned);
    let Some(session) = visit.session() else {
        return visit.see(next.as_deref().unwrap_or("/sign-in"));
    };
    let lead = format!("You are signed in as {}.", session.owner.email.shown());
    let mut form = Form::new(Vec::new());
    let stay = next.clone().unwrap_or_else(|| "/".to_owned());
    form.hidden.extend(next.map(|next| ("next", next)));
    let page = FormPage {
        heading: "Sign out",
        lead,
        action: "/sign-out",
        username: String::new(),
        form,
        button: "Sign out",
        links: vec![("", stay, "Stay signed in")],
    };
    page.show(visit)
}

/// Signs out. A browser that is signed out already gets the same answer, unless another site asked.
pub(super) async fn sign_out(visit: &mut Visit) -> Answer {
    let asked = if visit.session().is_some() {
        visit.form().await?.take("next").unwrap_or_default()
    } else if refuse_other_sites(visit.headers()).is_err() {
        return Ok(visit.see("/sign-in"));
    } else {
        visit.stale_next().await
    };
    if let Ok(caller) = visit.caller() {
        let auth = visit.site.auth.clone();
        auth.browser_sign_out(&visit.context, &caller).await?;
        visit.forget();
    }
    match allowed(visit, &asked).map(str::to_owned) {
        Some(next) => Ok(visit.see(&next)),
        None => Ok(visit.see_done("/sign-in", Done::SignedOut)),
    }
}

/// Where a sign-in leads to, if that is allowed.
fn next(visit: &Visit, asked: &str) -> String {
    allowed(visit, asked).unwrap_or("/").to_owned()
}

/// An address to go on to, if it may be followed.
fn allowed<'a>(visit: &Visit, asked: &'a str) -> Option<&'a str> {
    let next = visit.site.next.allowed(asked);
    // Back to the form would be nowhere.
    next.filter(|next| !next.starts_with("/sign-"))
}

async fn form_page(visit: &Visit, next: String) -> Result<FormPage, Fault> {
    let mut links = Vec::new();
    if visit.offers_setup().await? {
        links.push(setup::link());
    }
    if visit.site.registration_open {
        let address = format!("/register?next={}", in_query(&next));
        links.push(("No account yet?", address, "Make one"));
    }
    let mut form = Form::new(vec![
        Field::email(),
        Field::password("password", "Password"),
    ]);
    form.hidden.push(("next", next));
    Ok(FormPage {
        heading: "Sign in",
        action: "/sign-in",
        form,
        button: "Sign in",
        links,
        ..FormPage::default()
    })
}

/// The values of a form of two fields.
pub(super) fn two(values: Vec<String>) -> [String; 2] {
    values.try_into().unwrap_or_default()
}
