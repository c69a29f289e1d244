//! `/account`: who I am, my password, my sessions.

use askama::Template;
use poem::http::StatusCode;
use secrecy::ExposeSecret;

use super::Answer;
use super::done::Done;
use super::fault::{keep_headers, status_of_form};
use super::fields::{Field, Form};
use super::moment::Moment;
use super::page::page;
use super::session_row::{FIRST, SessionRow};
use super::sign_in::two;
use super::visit::Visit;
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
    /// Tokens of the language model today, where there were any.
    tokens: Option<i64>,
    tokens_per_day: i64,
}

/// The page.
pub(super) async fn show(visit: &mut Visit) -> Answer {
    let form = form(visit);
    render(visit, StatusCode::OK, form).await
}

async fn render(visit: &mut Visit, status: StatusCode, form: Form) -> Answer {
    let caller = visit.caller()?;
    let auth = visit.site.auth.clone();
    let user = auth.user(&caller).await?;
    let sessions = auth
        .sessions_of(Some(&caller.session), user.id, FIRST)
        .await?;
    let (sessions, hidden) = SessionRow::rows(sessions, Some(&caller.session));
    let llm = &visit.site.llm;
    let today = llm.tokens_today(caller.user(), 1).await.ok();
    let tokens = today.map(|today| today.used).filter(|used| *used > 0);
    let tokens_per_day = llm.tokens_per_day();
    let body = Page {
        tokens,
        tokens_per_day,
        since: Moment(user.created_at),
        account: user.into(),
        form,
        token: visit.token(),
        sessions,
        hidden,
    };
    Ok(page(visit, status, "My account", &body))
}

/// Leads to the form for another password, by way of the sign-in and back where nobody is signed in.
pub(super) fn lead_to_password(visit: &mut Visit) -> Answer {
    visit.caller()?;
    Ok(visit.see("/account#password"))
}

/// Changes the password.
pub(super) async fn change_password(visit: &mut Visit) -> Answer {
    let caller = visit.caller()?;
    let mut sent = visit.limited_form().await?;
    let mut form = form(visit);
    let [current, new] = two(form.fill(&mut sent));
    if !form.is_good() {
        return render(visit, StatusCode::UNPROCESSABLE_ENTITY, form).await;
    }
    let auth = visit.site.auth.clone();
    let changed = auth
        .change_password(&visit.context, &caller, current.into(), new.into())
        .await;
    let error = match changed {
        Ok(device) => {
            visit.keep_device(device.expose_secret());
            return Ok(visit.see_done("/account", Done::PasswordChanged));
        }
        Err(error) => error,
    };
    let problem = form.refuse(Problem::from(error))?;
    let mut response = render(visit, status_of_form(&problem), form).await?;
    keep_headers(&mut response, problem);
    Ok(response)
}

/// Ends one of my sessions.
pub(super) async fn end_session(visit: &mut Visit, id: &str) -> Answer {
    let caller = visit.caller()?;
    visit.form().await?;
    let gone = || Problem::from(Code::SessionNotFound);
    let id = id.parse().map_err(|_| gone())?;
    let auth = visit.site.auth.clone();
    auth.end_session(&visit.context, &caller, id).await?;
    if caller.session.id == id {
        visit.forget();
        return Ok(visit.see_done("/sign-in", Done::SignedOut));
    }
    Ok(visit.see_done("/account", Done::SessionEnded))
}

/// Ends all of my sessions but this one.
pub(super) async fn end_others(visit: &mut Visit) -> Answer {
    let caller = visit.caller()?;
    visit.form().await?;
    let auth = visit.site.auth.clone();
    auth.end_other_sessions(&visit.context, &caller).await?;
    Ok(visit.see_done("/account", Done::OthersEnded))
}

fn form(visit: &Visit) -> Form {
    Form::new(vec![
        Field::password("current_password", "Current password"),
        Field::new_password("new_password", "New password", visit.site.min_password),
    ])
}

#[cfg(test)]
mod tests {
    use poem_openapi::types::Example as _;

    use super::*;
    use crate::dashboard::hostile::{HOSTILE, is_text};

    #[test]
    fn what_users_are_called_and_use_is_text() {
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
