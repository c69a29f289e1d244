//! `/account`: the details, the password and the sessions of the signed-in user.

use askama::Template;
use poem::Response;
use poem::http::StatusCode;
use secrecy::ExposeSecret;

use super::error::{PageResult, keep_headers, status_of_form};
use super::fields::{Field, Form};
use super::flash::Flash;
use super::moment::Moment;
use super::page::{page, redirect, redirect_with};
use super::request::PageRequest;
use super::session_row::{FIRST, SessionRow};
use crate::auth::Account;
use crate::http::{Code, Problem};

#[derive(Template)]
#[template(path = "dashboard/account.html", whitespace = "minimize")]
struct Page {
    account: Account,
    since: Moment,
    form: Form,
    token: String,
    sessions: Vec<SessionRow>,
    hidden: usize,
    /// Tokens of the language model that the user took today; `None` where there were none.
    tokens: Option<i64>,
    tokens_per_day: i64,
}

/// Shows the page.
pub(super) async fn show(request: &mut PageRequest) -> PageResult {
    let form = form(request);
    render(request, StatusCode::OK, form).await
}

async fn render(request: &mut PageRequest, status: StatusCode, form: Form) -> PageResult {
    let caller = request.caller()?;
    let auth = &request.site.auth;
    let user = auth.accounts.user(&caller).await?;
    let sessions = auth
        .live
        .list(Some(&caller.session), user.id, FIRST)
        .await?;
    let (sessions, hidden) = SessionRow::rows(sessions, Some(&caller.session));
    let llm = &request.site.llm;
    let today = llm.tokens_today(caller.user(), 1).await.ok();
    let tokens = today.map(|today| today.used).filter(|used| *used > 0);
    let tokens_per_day = llm.tokens_per_day();
    let body = Page {
        tokens,
        tokens_per_day,
        since: Moment(user.created_at),
        account: user.into(),
        form,
        token: request.browser.form_token(),
        sessions,
        hidden,
    };
    Ok(page(request, status, "My account", &body))
}

/// Leads to the form for a new password.
pub(super) fn lead_to_password(request: &mut PageRequest) -> Response {
    redirect(request, "/account#password")
}

/// Changes the password.
pub(super) async fn change_password(request: &mut PageRequest) -> PageResult {
    let caller = request.caller()?;
    let mut sent = request.limited_form().await?;
    let mut form = form(request);
    let mut values = form.fill(&mut sent);
    if !form.is_good() {
        return render(request, StatusCode::UNPROCESSABLE_ENTITY, form).await;
    }
    let current = values.take("current_password").into();
    let new = values.take("new_password").into();
    let accounts = &request.site.auth.accounts;
    let changed = accounts
        .change_password(&request.context, &caller, current, new)
        .await;
    let error = match changed {
        Ok(device) => {
            // Every proof of the old password is void, that of this browser, too.
            request.browser.keep_device(device.expose_secret());
            return Ok(redirect_with(request, "/account", Flash::PasswordChanged));
        }
        Err(error) => error,
    };
    let problem = form.refuse(Problem::from(error))?;
    let mut response = render(request, status_of_form(&problem), form).await?;
    keep_headers(&mut response, problem);
    Ok(response)
}

/// Ends one of the user's sessions.
pub(super) async fn end_session(request: &mut PageRequest) -> PageResult {
    let caller = request.caller()?;
    request.form().await?;
    let gone = || Problem::from(Code::SessionNotFound);
    let id = request.address.path_parameter("id");
    let id = id.parse().map_err(|_| gone())?;
    let sessions = &request.site.auth.live;
    sessions.end_one(&request.context, &caller, id).await?;
    // Ending the own session is signing out: the browser must forget its cookie.
    if caller.session.id == id {
        request.browser.forget();
        return Ok(redirect_with(request, "/sign-in", Flash::SignedOut));
    }
    Ok(redirect_with(request, "/account", Flash::SessionEnded))
}

/// Ends all of the user's sessions but this one.
pub(super) async fn end_others(request: &mut PageRequest) -> PageResult {
    let caller = request.caller()?;
    request.form().await?;
    let sessions = &request.site.auth.live;
    sessions.end_others(&request.context, &caller).await?;
    Ok(redirect_with(request, "/account", Flash::OthersEnded))
}

fn form(request: &PageRequest) -> Form {
    Form::new(vec![
        Field::password("current_password", "Current password"),
        Field::new_password("new_password", "New password", request.site.min_password),
    ])
}

#[cfg(test)]
mod tests {
    use poem_openapi::types::Example as _;

    use super::*;
    use crate::dashboard::hostile::{HOSTILE, is_text};

    #[test]
    fn emails_roles_and_devices_are_escaped() {
        let at = Moment(crate::clock::Timestamp::from_millis(0));
        let text = || HOSTILE.to_owned();
        let row = SessionRow {
            id: text(),
            device: text(),
            user_agent: text(),
            address: text(),
            last_used: at,
            began: at,
            ends: at,
            current: false,
        };
        let body = Page {
            account: Account {
                email: text(),
                roles: vec![text()],
                ..Account::example()
            },
            since: at,
            form: Form::new(vec![Field::password(
                "current_password",
                "Current password",
            )]),
            token: text(),
            sessions: vec![row],
            hidden: 0,
            tokens: Some(1),
            tokens_per_day: 2,
        };
        // The e-mail is shown and in the form; the row names its device, address and id twice.
        is_text(&body.to_string(), 2 + 1 + 2 + 2 + 3 + 1);
    }
}
