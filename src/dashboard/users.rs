//! `/users` and `/users/new`: the list of accounts, searched by part of the e-mail or the id, by state
//! and by role, and the form for a new one.

use askama::Template;
use askama::filters::HtmlSafe;
use poem::Response;
use poem::http::StatusCode;

use super::address::escape;
use super::error::PageResult;
use super::fields::{Field, Form};
use super::flash::Flash;
use super::form_page::FormPage;
use super::moment::Moment;
use super::page::{page, redirect_with};
use super::request::PageRequest;
use crate::admin::bodies::MAX_COUNT;
use crate::auth::users::{User, UserFilter, UserOrder, UserState};
use crate::auth::{Account, Error, NewAccount};
use crate::http::{Code, Problem};

/// Rows of one page.
const ROWS: i64 = 50;

/// CSS class of a state.
pub(super) const fn state_class(state: UserState) -> &'static str {
    match state {
        UserState::Active => "good",
        UserState::MustChange | UserState::NeedsReset => "warn",
        UserState::Disabled => "off",
    }
}

/// A state in words.
pub(super) const fn state_words(state: UserState) -> &'static str {
    match state {
        UserState::Active => "active",
        UserState::MustChange => "must choose a new password",
        UserState::NeedsReset => "needs a reset link to sign in",
        UserState::Disabled => "disabled",
    }
}

const fn order_words(order: UserOrder) -> &'static str {
    match order {
        UserOrder::Email => "e-mail",
        UserOrder::Newest => "newest first",
        UserOrder::LastSignIn => "last sign-in first",
    }
}

/// Links from one page of a list to another; empty where there is none.
#[derive(Template)]
#[template(path = "dashboard/pager.html", whitespace = "minimize")]
pub(super) struct Pager {
    pub(super) first: String,
    pub(super) next: String,
    pub(super) onward: &'static str,
}

impl HtmlSafe for Pager {}

struct Row {
    account: Account,
    since: Moment,
    last_sign_in: Option<Moment>,
}

impl Row {
    fn class(&self) -> &'static str {
        state_class(self.account.state)
    }

    fn words(&self) -> &'static str {
        state_words(self.account.state)
    }
}

/// An option of a select: value, label, and true for the selected one.
type Choice = (&'static str, &'static str, bool);

#[derive(Template)]
#[template(path = "dashboard/users.html", whitespace = "minimize")]
struct Users {
    query: String,
    role: String,
    states: Vec<Choice>,
    orders: Vec<Choice>,
    /// True where a filter is set.
    filtered: bool,
    after: String,
    first: String,
    /// Number of matching accounts, in words.
    total: String,
    rows: Vec<Row>,
    pager: Pager,
}

/// Shows the list.
pub(super) async fn show(request: &mut PageRequest) -> PageResult {
    request
        .address
        .refuse_unknown(&["q", "state", "role", "order", "after"])?;
    let after = request.address.search("after");
    let state = choice(request, "state", UserState::parse)?;
    let order = choice(request, "order", UserOrder::parse)?.unwrap_or_default();
    let (query, role) = (request.address.search("q"), request.address.search("role"));
    let filter = UserFilter {
        text: query.clone(),
        state,
        role: Some(role.clone()).filter(|role| !role.is_empty()),
    };
    let position = order
        .position(&after)
        .map_err(|bad| Problem::new(Code::InvalidParameter, format!("after: {bad}")))?;
    // One row more than is shown tells whether there is another page. The count stops at a bound,
    // because it reads every matching row.
    let users = &request.site.auth.users;
    let found = users
        .page(&filter, order, position.as_ref(), ROWS + 1)
        .await;
    let mut found = found.map_err(Error::from)?;
    let total = users.count(&filter, MAX_COUNT).await.map_err(Error::from)?;
    let more = i64::try_from(found.len()).is_ok_and(|count| count > ROWS);
    if more {
        found.pop();
    }
    let base = address(&filter, order);
    let last = found.last().filter(|_| more);
    let next = last.map(|user| format!("{base}&after={}", escape(&order.position_of(user))));
    let first = if after.is_empty() { "" } else { &base };
    let row = |user: User| Row {
        since: Moment(user.created_at),
        last_sign_in: user.last_sign_in_at.map(Moment),
        account: user.into(),
    };
    let body = Users {
        first: base.clone(),
        filtered: filter != UserFilter::default(),
        states: UserState::ALL
            .map(|one| (one.as_str(), state_words(one), Some(one) == state))
            .into(),
        orders: UserOrder::ALL
            .map(|one| (one.as_str(), order_words(one), one == order))
            .into(),
        total: match total {
            1 => "1 user".to_owned(),
            MAX_COUNT => format!("{MAX_COUNT} users or more"),
            total => format!("{total} users"),
        },
        rows: found.into_iter().map(row).collect(),
        pager: Pager {
            first: first.to_owned(),
            next: next.unwrap_or_default(),
            onward: "Next page",
        },
        query,
        role,
        after,
    };
    Ok(page(request, StatusCode::OK, "Users", &body))
}

/// A parameter with a closed list of values; `None` where it is missing or empty.
fn choice<T>(
    request: &PageRequest,
    name: &str,
    parse: fn(&str) -> Option<T>,
) -> Result<Option<T>, Problem> {
    let text = request.address.search(name);
    if text.is_empty() {
        return Ok(None);
    }
    let unknown = || Problem::new(Code::InvalidParameter, format!("{name} has no such value"));
    parse(&text).map(Some).ok_or_else(unknown)
}

/// The address of the first page of a list.
fn address(filter: &UserFilter, order: UserOrder) -> String {
    let mut address = format!("/users?q={}", escape(&filter.text));
    let state = filter.state.map_or("", UserState::as_str);
    let role = filter.role.as_deref().unwrap_or_default();
    let order = if order == UserOrder::default() {
        ""
    } else {
        order.as_str()
    };
    for (name, value) in [("state", state), ("role", role), ("order", order)] {
        if !value.is_empty() {
            address.extend(["&", name, "=", &escape(value)]);
        }
    }
    address
}

/// Shows the form for a new account.
pub(super) fn show_new(request: &mut PageRequest) -> Response {
    form_page(request).show(request)
}

/// Creates an account.
pub(super) async fn create(request: &mut PageRequest) -> PageResult {
    let by = request.by()?;
    let mut sent = request.form().await?;
    let mut page = form_page(request);
    let mut values = page.form.fill(&mut sent);
    if !page.form.is_good() {
        return Ok(page.show(request));
    }
    let new = NewAccount {
        roles: role_names(&values.take("roles")),
        ..NewAccount::new(values.take("email"), values.take("password"))
    };
    let administration = &request.site.auth.administration;
    match administration.create(new, &by).await {
        Ok(user) => Ok(redirect_with(
            request,
            &format!("/users/{}", user.id),
            Flash::Created,
        )),
        Err(error) => page.refuse(request, error),
    }
}

/// The field of an account's roles.
pub(super) fn roles_field(value: String) -> Field {
    Field {
        value,
        hint: "Names, separated by spaces or commas. The role “admin” can see and change everything here."
            .to_owned(),
        ..Field::optional("roles", "Roles", "text")
    }
}

/// Splits that field into names.
pub(super) fn role_names(text: &str) -> Vec<String> {
    let names = text.split([' ', ',', ';', '\t']);
    let names = names.filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
}

fn form_page(request: &PageRequest) -> FormPage {
    FormPage {
        heading: "New user",
        lead: "Pass the e-mail and the password on to the user, who can then change the password."
            .to_owned(),
        action: "/users/new",
        form: Form::new(vec![
            Field {
                autocomplete: "off",
                ..Field::email()
            },
            Field::new_password("password", "Password", request.site.min_password),
            roles_field(String::new()),
        ]),
        button: "Create the account",
        links: vec![("", "/users".to_owned(), "Back to the users")],
        ..FormPage::default()
    }
}

#[cfg(test)]
mod tests;
