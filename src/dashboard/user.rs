//! `/users/{id}`: one account, and the changes that an administrator can make to it.

use std::sync::Arc;

use askama::Template;
use poem::http::StatusCode;

use super::address::escape;
use super::error::{PageError, PageResult, keep_headers, status_of_form};
use super::fields::Form;
use super::flash::Flash;
use super::moment::Moment;
use super::origin::origin;
use super::page::{page, redirect_with};
use super::request::PageRequest;
use super::session_row::{FIRST, SessionRow};
use super::users::{role_names, roles_field, state_class, state_words};
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
    /// Address of the audit trail with the user's actions.
    acted_url: String,
    /// Address of the audit trail with the changes of the account.
    subject_url: String,
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

/// Shows the page.
pub(super) async fn show(request: &mut PageRequest) -> PageResult {
    let user = find(request).await?;
    let form = form(&user);
    render(request, StatusCode::OK, user, form).await
}

async fn render(
    request: &mut PageRequest,
    status: StatusCode,
    user: User,
    form: Form,
) -> PageResult {
    let sessions = &request.site.auth.live;
    let sessions = sessions
        .list(request.browser.session(), user.id, FIRST)
        .await?;
    let (sessions, hidden) = SessionRow::rows(sessions, request.browser.session());
    let email = user.email.as_str();
    let body = Page {
        since: Moment(user.created_at),
        last_sign_in: user.last_sign_in_at.map(Moment),
        acted_url: format!("/audit?actor={}", escape(email)),
        subject_url: format!("/audit?subject={}", escape(email)),
        form,
        token: request.browser.form_token(),
        sessions,
        hidden,
        minutes: LIFETIME_SECONDS / 60,
        account: user.into(),
    };
    Ok(page(request, status, &body.account.email, &body))
}

/// A change that an administrator makes to an account.
#[derive(Clone, Copy, Debug)]
pub(super) enum Change {
    Roles,
    Disable,
    Enable,
    EndSessions,
    RequireNewPassword,
    Delete,
    Erase,
}

/// Changes the account, and leads on to a page that says so.
pub(super) async fn change(request: &mut PageRequest, change: Change) -> PageResult {
    let by = request.by()?;
    let mut sent = request.form().await?;
    let user = find(request).await?;
    let accounts = Arc::clone(&request.site.auth.administration);
    let mut form = form(&user);
    let outcome = match change {
        Change::Roles => {
            let meant = sent.take("none").is_some();
            let roles = role_names(&form.fill(&mut sent).take("roles"));
            // An empty field is more likely a mistake than a wish, and would take every right away.
            if roles.is_empty() && !user.roles.is_empty() && !meant {
                let words = "This would remove all roles. If you want that, use the button below.";
                form.add_error("roles", words.to_owned());
                return render(request, StatusCode::UNPROCESSABLE_ENTITY, user, form).await;
            }
            let changed = accounts.set_roles(&user, &roles, &by).await;
            changed.map(|_| Flash::RolesSet)
        }
        Change::Disable => {
            let disabled = accounts.set_disabled(&user, true, &by).await;
            disabled.map(|()| Flash::Disabled)
        }
        Change::Enable => {
            let enabled = accounts.set_disabled(&user, false, &by).await;
            enabled.map(|()| Flash::Enabled)
        }
        Change::EndSessions => {
            let ended = accounts.sign_out(&user, &by).await;
            ended.map(|()| Flash::SessionsEnded)
        }
        Change::RequireNewPassword => {
            let required = accounts.require_password_change(&user, &by).await;
            required.map(|()| Flash::ChangeRequired)
        }
        Change::Delete => accounts.delete(&user, &by).await.map(|()| Flash::Deleted),
        Change::Erase => {
            let changes = &request.site.auth.changes;
            let erased = changes.erase(&user.email, &by).await;
            erased.map(|()| Flash::Erased)
        }
    };
    match outcome {
        Ok(flash @ (Flash::Deleted | Flash::Erased)) => Ok(redirect_with(request, "/users", flash)),
        Ok(flash) => Ok(redirect_with(
            request,
            &format!("/users/{}", user.id),
            flash,
        )),
        Err(error) => refuse(request, user, form, error).await,
    }
}

/// Resets the password, and shows the link to a new one. The token is not stored, so it
/// cannot be shown again.
pub(super) async fn reset(request: &mut PageRequest) -> PageResult {
    let by = request.by()?;
    request.form().await?;
    let user = find(request).await?;
    let accounts = &request.site.auth.administration;
    let token = match accounts.require_reset(&user, &by).await {
        Ok(token) => token,
        Err(error) => {
            let form = form(&user);
            return refuse(request, user, form, error).await;
        }
    };
    let body = ResetLink {
        id: user.id.to_string(),
        email: user.email.shown(),
        link: format!("{}/reset?token={token}", origin(request)),
        minutes: LIFETIME_SECONDS / 60,
    };
    Ok(page(request, StatusCode::OK, "Reset link", &body))
}

/// Shows the page again with the errors of a refused change.
async fn refuse(request: &mut PageRequest, user: User, mut form: Form, error: Error) -> PageResult {
    let problem = form.refuse(error.into())?;
    let mut response = render(request, status_of_form(&problem), user, form).await?;
    keep_headers(&mut response, problem);
    Ok(response)
}

async fn find(request: &PageRequest) -> Result<User, PageError> {
    let no_id = |_| Problem::from(Code::UserNotFound);
    let id = request.address.path_parameter("id");
    let id = id.parse().map_err(no_id)?;
    Ok(request.site.auth.administration.find(id).await?)
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
    fn account_and_reset_link_are_escaped() {
        let text = || HOSTILE.to_owned();
        let body = Page {
            account: Account {
                email: text(),
                ..Account::example()
            },
            since: Moment(crate::clock::Timestamp::from_millis(0)),
            last_sign_in: None,
            acted_url: text(),
            subject_url: text(),
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
