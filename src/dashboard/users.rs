//! `/users` and `/users/new`: every account, found by a part of its e-mail.

use askama::Template;
use askama::filters::HtmlSafe;
use poem::http::StatusCode;

use super::Answer;
use super::done::Done;
use super::fields::{Field, Form};
use super::form_page::FormPage;
use super::moment::Moment;
use super::page::page;
use super::visit::{Visit, escape};
use crate::auth::Error;
use crate::auth::users::User;

/// Rows of one page.
const ROWS: i64 = 50;

/// Whether an account may sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Active,
    MustChange,
    NeedsReset,
    Disabled,
}

impl State {
    pub(super) const fn of(user: &User) -> Self {
        match user {
            user if user.disabled_at.is_some() => Self::Disabled,
            user if user.needs_reset() => Self::NeedsReset,
            user if user.password_change_required_at.is_some() => Self::MustChange,
            _ => Self::Active,
        }
    }

    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Active => "good",
            Self::MustChange | Self::NeedsReset => "warn",
            Self::Disabled => "off",
        }
    }

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::MustChange => "must choose a new password",
            Self::NeedsReset => "needs a reset link to sign in",
            Self::Disabled => "disabled",
        }
    }

    pub(super) const fn is_disabled(self) -> bool {
        matches!(self, Self::Disabled)
    }
}

/// What leads from one page of a list to another; empty where there is none.
#[derive(Template)]
#[template(path = "dashboard/pager.html", whitespace = "minimize")]
pub(super) struct Pager {
    pub(super) first: String,
    pub(super) next: String,
    pub(super) onward: &'static str,
}

impl HtmlSafe for Pager {}

struct Row {
    id: String,
    email: String,
    state: State,
    roles: Vec<String>,
    since: Moment,
}

#[derive(Template)]
#[template(path = "dashboard/users.html", whitespace = "minimize")]
struct Users {
    query: String,
    after: String,
    first: String,
    rows: Vec<Row>,
    pager: Pager,
}

/// The list.
pub(super) async fn show(visit: &mut Visit) -> Answer {
    visit.admin()?;
    let (query, after) = (visit.search("q"), visit.search("after"));
    let users = visit.site.auth.users().clone();
    let found = users.search(&query, &after, ROWS + 1).await;
    let mut found = found.map_err(Error::from)?;
    let more = i64::try_from(found.len()).is_ok_and(|count| count > ROWS);
    if more {
        found.pop();
    }
    let base = format!("/users?q={}", escape(&query));
    let last = found.last().filter(|_| more);
    let next = last.map(|user| format!("{base}&after={}", escape(user.email.as_str())));
    let first = if after.is_empty() { "" } else { &base };
    let row = |user: User| Row {
        id: user.id.to_string(),
        state: State::of(&user),
        email: user.email.shown(),
        roles: user.roles,
        since: Moment(user.created_at),
    };
    let body = Users {
        first: base.clone(),
        rows: found.into_iter().map(row).collect(),
        pager: Pager {
            first: first.to_owned(),
            next: next.unwrap_or_default(),
            onward: "Next page",
        },
        query,
        after,
    };
    Ok(page(visit, StatusCode::OK, "Users", &body))
}

/// The form of a new account.
pub(super) fn show_new(visit: &mut Visit) -> Answer {
    visit.admin()?;
    Ok(form_page(visit).show(visit))
}

/// Makes an account.
pub(super) async fn create(visit: &mut Visit) -> Answer {
    let admin = visit.admin()?;
    let mut sent = visit.form().await?;
    let mut page = form_page(visit);
    let [email, password, roles] = page.form.fill(&mut sent).try_into().unwrap_or_default();
    if !page.form.is_good() {
        return Ok(page.show(visit));
    }
    let by = visit.by(&admin);
    let auth = visit.site.auth.clone();
    match auth
        .create(&email, password.into(), &role_names(&roles), &by)
        .await
    {
        Ok(user) => Ok(visit.see_done(&format!("/users/{}", user.id), Done::Created)),
        Err(error) => page.refuse(visit, error),
    }
}

/// The field of an account's roles.
pub(super) fn roles_field(value: String) -> Field {
    Field {
        value,
        hint: "Names, separated by spaces or commas. “admin” may see and change everything here."
            .to_owned(),
        ..Field::optional("roles", "Roles", "text")
    }
}

/// The names in it.
pub(super) fn role_names(text: &str) -> Vec<String> {
    let names = text.split([' ', ',', ';', '\t']);
    let names = names.filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
}

fn form_page(visit: &Visit) -> FormPage {
    FormPage {
        heading: "New user",
        lead: "Give the e-mail and the password to the user, who can change the password."
            .to_owned(),
        action: "/users/new",
        form: Form::new(vec![
            Field {
                autocomplete: "off",
                ..Field::email()
            },
            Field::new_password("password", "Password", visit.site.min_password),
            roles_field(String::new()),
        ]),
        button: "Make the account",
        links: vec![("", "/users".to_owned(), "Back to the users")],
        ..FormPage::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::hostile::{HOSTILE, is_text};

    fn html(rows: Vec<Row>, query: &str) -> String {
        let pager = Pager {
            first: format!("/users?q={}", escape(HOSTILE)),
            next: String::new(),
            onward: "Next page",
        };
        let body = Users {
            query: query.to_owned(),
            after: String::new(),
            first: String::new(),
            rows,
            pager,
        };
        body.to_string()
    }

    #[test]
    fn what_was_searched_for_and_found_is_text() {
        let row = Row {
            id: HOSTILE.to_owned(),
            email: HOSTILE.to_owned(),
            state: State::Active,
            roles: vec![HOSTILE.to_owned()],
            since: Moment(crate::clock::Timestamp::from_millis(0)),
        };
        is_text(&html(vec![row], ""), 3);
        // In the field, and in the words that nothing was found.
        is_text(&html(Vec::new(), HOSTILE), 2);
    }

    #[test]
    fn roles_are_names_between_spaces_and_commas() {
        assert_eq!(role_names(" a, b  c;d"), ["a", "b", "c", "d"]);
        assert!(role_names(" , ").is_empty());
    }
}
