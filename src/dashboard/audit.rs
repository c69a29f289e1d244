//! `/audit`: the audit trail with its filters. The export is that of the API, with the browser's
//! session.

use std::fmt::Write;

use askama::Template;
use poem::http::StatusCode;
use poem::{IntoResponse, Response};

use super::address::escape;
use super::device::device;
use super::error::PageResult;
use super::fields::{Field, Form, Summary};
use super::moment::Exact;
use super::page::{finish, page};
use super::request::PageRequest;
use super::users::Pager;
use crate::admin::export::{Export, NDJSON};
use crate::audit::{Action, Filter, Recorded};
use crate::auth::Error;
use crate::clock::Timestamp;
use crate::http::Problem;
use crate::http::same_site::refuse_other_sites;
use crate::identity::{Email, search_key};

/// Rows per page.
const ROWS: i64 = 50;

const DAY_MILLIS: i64 = 24 * 60 * 60 * 1000;

/// Filters beside the action: name in the address, label, kind of field.
const FILTERS: [(&str, &str, &str); 5] = [
    ("actor", "Actor", "search"),
    ("subject", "Account", "search"),
    ("ip", "Address", "search"),
    ("from", "From", "date"),
    ("until", "Until", "date"),
];

struct Row {
    at: Exact,
    action: String,
    actor: String,
    actor_id: Option<String>,
    subject: String,
    subject_id: Option<String>,
    ip: String,
    device: String,
    user_agent: String,
    request_id: String,
    detail: String,
    count: i64,
}

impl Row {
    /// Returns true if the actor acted on their own account.
    fn is_own(&self) -> bool {
        self.actor_id.is_some() && self.actor_id == self.subject_id
    }

    fn new(event: Recorded) -> Self {
        let known = Action::of(&event.action);
        Self {
            at: Exact(event.at),
            action: known.map_or(event.action, |action| action.words().to_owned()),
            actor: shown(event.actor),
            actor_id: event.actor_id.map(|id| id.to_string()),
            subject: shown(event.subject),
            subject_id: event.subject_id.map(|id| id.to_string()),
            ip: event.ip,
            device: match event.user_agent.as_str() {
                "" => String::new(),
                agent => device(agent),
            },
            user_agent: event.user_agent,
            request_id: event.request_id,
            detail: event.detail,
            count: event.count,
        }
    }
}

/// Makes an e-mail readable: an international domain in its own script.
fn shown(name: String) -> String {
    Email::from_stored(name).shown()
}

#[derive(Template)]
#[template(path = "dashboard/audit.html", whitespace = "minimize")]
struct Page {
    summary: Summary,
    export: String,
    actions: Vec<(&'static str, &'static str)>,
    action: String,
    fields: Vec<Field>,
    filtered: bool,
    events: Vec<Row>,
    pager: Pager,
}

/// The filters of a request.
struct Asked {
    form: Form,
    action: String,
    filter: Filter,
    /// The same filters as a query, for links.
    query: String,
}

/// Shows the page.
pub(super) async fn show(request: &mut PageRequest) -> PageResult {
    refuse_unknown(request)?;
    let asked = asked(request);
    let before = request.address.query("before").parse().ok();
    let audit = request.site.auth.audit.clone();
    let events = if asked.form.is_good() {
        // One row more than is shown tells whether there is another page, without counting.
        let page = audit.page(&asked.filter, before, ROWS + 1).await;
        page.map_err(Error::from)?
    } else {
        Vec::new()
    };
    let mut events = events;
    let more = i64::try_from(events.len()).is_ok_and(|count| count > ROWS);
    if more {
        events.pop();
    }
    let older = events.last().filter(|_| more);
    let query = &asked.query;
    let pager = Pager {
        first: before.map_or_else(String::new, |_| format!("/audit?{query}")),
        next: older.map_or_else(String::new, |event| {
            format!("/audit?{query}before={}", event.id)
        }),
        onward: "Older events",
    };
    let status = if asked.form.is_good() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    let body = Page {
        summary: asked.form.summary(),
        export: format!("/audit/export?{query}"),
        actions: Action::ALL
            .iter()
            .map(|action| (action.as_str(), action.words()))
            .collect(),
        action: asked.action,
        filtered: !query.is_empty() || !asked.form.is_good(),
        fields: asked.form.fields,
        events: events.into_iter().map(Row::new).collect(),
        pager,
    };
    Ok(page(request, status, "Audit", &body))
}

/// Serves the same events as a file.
pub(super) async fn download(request: &mut PageRequest) -> PageResult {
    let by = request.by()?;
    // An export is recorded under the administrator's name, so no other site may trigger one.
    refuse_other_sites(request.browser.headers())?;
    refuse_unknown(request)?;
    let asked = asked(request);
    if !asked.form.is_good() {
        return show(request).await;
    }
    // An export is recorded, and a request for its headers is none.
    if request.address.is_head() {
        return Ok(finish(
            request,
            Response::builder().content_type(NDJSON).finish(),
        ));
    }
    let export = Export::begin(&request.site.auth, asked.filter, &by).await?;
    Ok(finish(request, export.into_response()))
}

fn refuse_unknown(request: &PageRequest) -> Result<(), Problem> {
    let mut known = vec!["action", "before"];
    known.extend(FILTERS.map(|(name, _, _)| name));
    request.address.refuse_unknown(&known)
}

fn asked(request: &PageRequest) -> Asked {
    let action = request.address.search("action");
    let mut query = String::new();
    let mut note = |name: &str, value: &str| {
        if !value.is_empty() {
            // Writing to a string does not fail.
            let _ = write!(query, "{name}={}&", escape(value));
        }
    };
    note("action", &action);
    let fields = FILTERS.map(|(name, label, kind)| {
        let value = request.address.search(name);
        note(name, &value);
        Field {
            value,
            ..Field::optional(name, label, kind)
        }
    });
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let [actor, subject, ip, from, until] = &fields;
    let (start, end) = (day(&from.value), day(&until.value));
    let filter = Filter {
        action: some(&action),
        actor: some(&search_key(&actor.value)),
        subject: some(&search_key(&subject.value)),
        ip: some(&ip.value),
        from: start,
        // The form means the whole day; the filter excludes its upper bound.
        until: end.map(|day| day.plus_millis(DAY_MILLIS)),
    };
    let wrong = [
        ("from", start.is_none() && !from.value.is_empty()),
        ("until", end.is_none() && !until.value.is_empty()),
    ];
    let mut form = Form::new(fields.into());
    for (name, wrong) in wrong {
        if wrong {
            form.add_error(name, "Write a date like 2026-01-31.".to_owned());
        }
    }
    Asked {
        form,
        action,
        filter,
        query,
    }
}

/// The beginning (UTC) of a day like `2026-01-31`.
fn day(text: &str) -> Option<Timestamp> {
    let mut parts = text.split('-');
    let year = parts.next()?.parse().ok()?;
    let month: u8 = parts.next()?.parse().ok()?;
    let day = parts.next()?.parse().ok()?;
    if parts.next().is_some() {
        return None;
    }
    let month = time::Month::try_from(month).ok()?;
    let date = time::Date::from_calendar_date(year, month, day).ok()?;
    let seconds = date.midnight().assume_utc().unix_timestamp();
    Some(Timestamp::from_millis(seconds * 1000))
}

#[cfg(test)]
mod tests;
