//! `/users/{id}`: one account, and what an administrator may do to it.

use askama::Template;
use poem::http::StatusCode;

use super::Answer;
use super::done::Done;
use super::fault::{Fault, keep_headers, status_of_form};
use super::fields::Form;
use super::moment::Moment;
use super::page::page;
use super::session_row::{FIRST, SessionRow};
use super::users::{role_names, roles_field, state_class, state_words};
use super::visit::{Visit, escape};
use crate::auth::reset::LIFETIME_SECONDS;
use crate::auth::users::{User, UserState};
use crate::auth::{Account, Error};
use crate::http::{Code, Problem};

#[derive(Template)]
#[template(path = "dashboard/user.html", whitespace = "minimize")]
struct Page {
    account: Account,
    since: Moment,
    last_sign_in: Option<Moment>,
    /// The audit trail of what the user did, and of what was done to the account.
    acted: String,
    subject: String,
    form: Form,
    token: String,
    sessions: Vec<SessionRow>,
    hidden: usize,
    /// Lifetime of a reset link.
    minutes: i64,
}

impl Page {
    fn class(&self) -> &'static str {
        state_class(self.account.state)
    }

    fn words(&self) -> &'static str {
        state_words(self.account.state)
    }

    fn is_disabled(&self) -> bool {
        self.account.state == UserState::Disabled
    }
}

#[derive(Template)]
#[template(path = "dashboard/reset_link.html", whitespace = "minimize")]
struct ResetLink {
    id: String,
    email: String,
    link: String,
    minutes: i64,
}

/// The page.
pub(super) async fn show(visit: &mut Visit, id: &str) -> Answer {
    visit.admin()?;
    let user = find(visit, id).await?;
    let form = form(&user);
    render(visit, StatusCode::OK, user, form).await
}

async fn render(visit: &mut Visit, status: StatusCode, user: User, form: Form) -> Answer {
    let auth = visit.site.auth.clone();
    let sessions = auth.sessions_of(visit.session(), user.id, FIRST).await?;
    let (sessions, hidden) = SessionRow::rows(sessions, visit.session());
    let email = user.email.as_str();
    let body = Page {
        since: Moment(user.created_at),
        last_sign_in: user.last_sign_in_at.map(Moment),
        acted: format!("/audit?actor={}", escape(email)),
        subject: format!("/audit?subject={}", escape(email)),
        form,
        token: visit.token(),
        sessions,
        hidden,
        minutes: LIFETIME_SECONDS / 60,
        account: user.into(),
    };
    Ok(page(visit, status, &body.account.email, &body))
}

/// Does what a button of the page says.
pub(super) async fn act(visit: &mut Visit, id: &str, action: &str) -> Answer {
    let admin = visit.admin()?;
    let mut sent = visit.form().await?;
    let user = find(visit, id).await?;
    let by = visit.by(&admin);
    let auth = visit.site.auth.clone();
    let mut form = form(&user);
    let outcome = match action {
        "roles" => {
            let meant = sent.take("none").is_some();
            let roles = role_names(&form.fill(&mut sent).pop().unwrap_or_default());
            // Emptied by mistake, the field would take everything from the user.
            if roles.is_empty() && !user.roles.is_empty() && !meant {
                let words =
                    "This would take every role away. If you mean that, use the button below.";
                form.fault("roles", words.to_owned());
                return render(visit, StatusCode::UNPROCESSABLE_ENTITY, user, form).await;
            }
            let done = auth.set_roles(&user, &roles, &by).await;
            done.map(|_| Done::RolesSet)
        }
        "disable" => {
            let done = auth.set_disabled(&user, true, &by).await;
            done.map(|()| Done::Disabled)
        }
        "enable" => {
            let done = auth.set_disabled(&user, false, &by).await;
            done.map(|()| Done::Enabled)
        }
        "end-sessions" => auth
            .sign_out(&user, &by)
            .await
            .map(|()| Done::SessionsEnded),
        "delete" => auth.delete(&user, &by).await.map(|()| Done::Deleted),
        "erase" => auth.erase(&user.email, &by).await.map(|()| Done::Erased),
        "require-password-change" => {
            let done = auth.require_password_change(&user, &by).await;
            done.map(|()| Done::ChangeRequired)
        }
        "reset" => {
            return match auth.require_reset(&user, &by).await {
                Ok(token) => Ok(show_link(visit, &user, &token)),
                Err(error) => refuse(visit, user, form, error).await,
            };
        }
        _ => return Err(Problem::from(Code::NotFound).into()),
    };
    match outcome {
        Ok(done @ (Done::Deleted | Done::Erased)) => Ok(visit.see_done("/users", done)),
        Ok(done) => Ok(visit.see_done(&format!("/users/{}", user.id), done)),
        Err(error) => refuse(visit, user, form, error).await,
    }
}

/// The page again with what stood in the way.
async fn refuse(visit: &mut Visit, user: User, mut form: Form, error: Error) -> Answer {
    let problem = form.refuse(error.into())?;
    let mut response = render(visit, status_of_form(&problem), user, form).await?;
    keep_headers(&mut response, problem);
    Ok(response)
}

/// The one time that the link is shown.
fn show_link(visit: &mut Visit, user: &User, token: &str) -> poem::Response {
    let body = ResetLink {
        id: user.id.to_string(),
        email: user.email.shown(),
        link: format!("{}/reset?token={token}", visit.origin()),
        minutes: LIFETIME_SECONDS / 60,
    };
    page(visit, StatusCode::OK, "Reset link", &body)
}

async fn find(visit: &Visit, id: &str) -> Result<User, Fault> {
    let no_id = |_| Problem::from(Code::UserNotFound);
    let id = id.parse().map_err(no_id)?;
    Ok(visit.site.auth.find_user(id).await?)
}

fn form(user: &User) -> Form {
    Form::new(vec![roles_field(user.roles.join(" "))])
}

#[cfg(test)]
mod tests {
    use poem_openapi::types::Example as _;

    use super::*;
    use crate::dashboard::hostile::{HOSTILE, is_text};

    #[test]
    fn what_users_are_called_is_text() {
        let text = || HOSTILE.to_owned();
        let body = Page {
            account: Account {
                email: text(),
                ..Account::example()
            },
            since: Moment(crate::clock::Timestamp::from_millis(0)),
            last_sign_in: None,
            acted: text(),
            subject: text(),
            form: Form::new(vec![roles_field(text())]),
            token: text(),
            sessions: Vec::new(),
            hidden: 0,
            minutes: 60,
        };
        // The heading, two links, the field of roles; seven forms with a token.
        is_text(&body.to_string(), 1 + 2 + 1 + 7);
        let link = ResetLink {
            id: text(),
            email: text(),
            link: text(),
            minutes: 60,
        };
        is_text(&link.to_string(), 3);
    }
}
