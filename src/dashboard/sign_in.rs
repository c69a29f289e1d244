//! `/sign-in` and `/sign-out`.

use poem::Response;
use secrecy::ExposeSecret;

use super::error::{PageError, PageResult};
use super::fields::{Field, Form};
use super::flash::Flash;
use super::form_page::FormPage;
use super::page::{redirect, redirect_with};
use super::request::PageRequest;
use super::reset;
use crate::auth::browser::BrowserSession;
use crate::auth::{Error, SignIn};
use crate::http::cookies::is_loopback;
use crate::http::next::in_query;
use crate::http::same_site::refuse_other_sites;

/// Shows the form; signed-in users are led on.
pub(super) async fn show(request: &mut PageRequest) -> PageResult {
    if let Some(response) = lead_on(request, next).await {
        return Ok(response);
    }
    let next = next(request, &request.address.requested_next());
    let page = form_page(request, next).await?;
    Ok(page.show(request))
}

/// Signs in.
pub(super) async fn send(request: &mut PageRequest) -> PageResult {
    if let Some(response) = lead_on(request, next).await {
        return Ok(response);
    }
    let mut sent = request.limited_form().await?;
    let wanted = next(request, &sent.take("next").unwrap_or_default());
    let mut page = form_page(request, wanted.clone()).await?;
    let mut values = page.form.fill(&mut sent);
    if !page.form.is_good() {
        return Ok(page.show(request));
    }
    let (email, password) = (values.take("email"), values.take("password").into());
    let browsers = &request.site.auth.browsers;
    let signed_in = browsers.sign_in(&request.context, &email, password).await;
    match signed_in {
        Ok(SignIn::Session(session)) => Ok(begin(request, &session, &wanted)),
        Ok(SignIn::PasswordChangeRequired(token)) => {
            // In the page and not in an address, which logs and the browser's history would keep.
            Ok(reset::show_required(request, token.expose_secret()).await)
        }
        Err(error) => page.refuse(request, error),
    }
}

/// Puts a session into the browser, and leads on.
fn begin(request: &mut PageRequest, session: &BrowserSession, next: &str) -> Response {
    let (cookie, device) = (&session.cookie, &session.device);
    request.browser.keep(
        cookie.expose_secret(),
        session.max_age_seconds,
        device.expose_secret(),
    );
    redirect(request, next)
}

/// Leads a signed-in user on to where the form would: one who follows a link to it, or sends it after
/// signing in in another tab. `next` is the address to continue to for the one that was requested.
pub(super) async fn lead_on(
    request: &mut PageRequest,
    next: fn(&PageRequest, &str) -> String,
) -> Option<Response> {
    request.browser.session()?;
    let asked = if request.address.is_get_or_head() {
        request.address.requested_next()
    } else {
        request.stale_next().await
    };
    let next = next(request, &asked);
    Some(redirect(request, &next))
}

/// Signs in to an account that was just created. It exists even where the sign-in fails, so a
/// failure leads to the sign-in page with a message that says so.
pub(super) async fn begin_first(
    request: &mut PageRequest,
    email: &str,
    password: String,
    next: &str,
) -> Response {
    let browsers = &request.site.auth.browsers;
    let signed_in = browsers
        .sign_in(&request.context, email, password.into())
        .await;
    match signed_in {
        Ok(SignIn::Session(session)) => begin(request, &session, next),
        Ok(SignIn::PasswordChangeRequired(_)) | Err(_) => {
            redirect_with(request, "/sign-in", Flash::Registered)
        }
    }
}

/// Asks for confirmation. Applications link here and get their visitors back; a link that signed
/// out at once could be planted by any site.
pub(super) fn show_sign_out(request: &mut PageRequest) -> Response {
    let asked = request.address.requested_next();
    let next = allowed(request, &asked).map(str::to_owned);
    let Some(session) = request.browser.session() else {
        return redirect(request, next.as_deref().unwrap_or("/sign-in"));
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
    page.show(request)
}

/// Signs out. A browser that is already signed out gets the same answer, unless another site asked.
pub(super) async fn sign_out(request: &mut PageRequest) -> PageResult {
    let asked = if request.browser.session().is_some() {
        request.form().await?.take("next").unwrap_or_default()
    } else if refuse_other_sites(request.browser.headers()).is_err() {
        return Ok(redirect(request, "/sign-in"));
    } else {
        request.stale_next().await
    };
    if let Ok(caller) = request.caller() {
        let browsers = &request.site.auth.browsers;
        browsers.sign_out(&request.context, &caller).await?;
        request.browser.forget();
    }
    match allowed(request, &asked).map(str::to_owned) {
        Some(next) => Ok(redirect(request, &next)),
        None => Ok(redirect_with(request, "/sign-in", Flash::SignedOut)),
    }
}

/// The address to continue to after a sign-in: the requested one if it may be followed.
fn next(request: &PageRequest, asked: &str) -> String {
    allowed(request, asked).unwrap_or("/").to_owned()
}

/// The requested address, if it may be followed.
fn allowed<'a>(request: &PageRequest, asked: &'a str) -> Option<&'a str> {
    let next = request.site.next.allowed(asked);
    // A sign-in that leads to the sign-in page, or to signing out, would go round in circles.
    next.filter(|next| !next.starts_with("/sign-"))
}

async fn form_page(request: &PageRequest, next: String) -> Result<FormPage, PageError> {
    let mut links = Vec::new();
    if offers_setup(request).await? {
        links.push(setup_link());
    }
    if request.site.registration_open {
        let address = format!("/register?next={}", in_query(&next));
        links.push(("No account yet?", address, "Create one"));
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

/// True when the set-up page exists for this request: the server was started with `aura serve --dev`,
/// the request seems to come from the machine it runs on, and no administrator can sign in.
pub(super) async fn offers_setup(request: &PageRequest) -> Result<bool, PageError> {
    let may = request.site.setup.is_some()
        && request.context.client.is_loopback()
        && is_loopback(request.browser.headers());
    if !may {
        return Ok(false);
    }
    let any = request.site.auth.users.any_administrator().await;
    Ok(!any.map_err(Error::from)?)
}

/// The link to the set-up page, for the pages of visitors without an account.
pub(super) fn setup_link() -> (&'static str, String, &'static str) {
    (
        "There is no administrator yet.",
        "/setup".to_owned(),
        "Create the first administrator",
    )
}
