//! `/` and `/live`: health, charts of the last hour, and replicas. The script polls `/live`, which is
//! the part that changes.

use askama::Template;
use askama::filters::HtmlSafe;
use poem::http::StatusCode;

use super::chart::Chart;
use super::error::PageError;
use super::error::PageResult;
use super::moment::span;
use super::page::{Markup, page, part};
use super::request::PageRequest;
use super::site::Site;
use crate::activity::{Counts, Hour};
use crate::health::{CheckName, Reach, Report, Status};
use crate::identity::UserId;

struct Tile {
    name: String,
    class: &'static str,
    word: &'static str,
    note: String,
}

struct ChartTile {
    title: &'static str,
    figure: String,
    note: String,
    svg: String,
}

/// A subset of a counter: its name and its numbers.
type Part = Option<(&'static str, Vec<u64>)>;

impl ChartTile {
    fn svg(&self) -> Markup<'_> {
        Markup(&self.svg)
    }
}

struct ReplicaRow {
    name: String,
    own: bool,
    version: String,
    uptime: String,
    seen: String,
}

/// Tokens of one user today.
struct TokenRow {
    id: String,
    email: String,
    used: i64,
}

/// Length of the list of users with the most tokens.
const TOP: usize = 10;

#[derive(Template)]
#[template(path = "dashboard/live.html", whitespace = "minimize")]
struct Live {
    tiles: Vec<Tile>,
    tokens: Vec<TokenRow>,
    tokens_per_day: i64,
    shared: bool,
    own: &'static str,
    charts: Vec<ChartTile>,
    replicas: Vec<ReplicaRow>,
}

impl HtmlSafe for Live {}

#[derive(Template)]
#[template(path = "dashboard/overview.html", whitespace = "minimize")]
struct Overview {
    live: Live,
}

/// Shows the page.
pub(super) async fn show(request: &mut PageRequest) -> PageResult {
    let live = gather(request).await?;
    Ok(page(
        request,
        StatusCode::OK,
        "Overview",
        &Overview { live },
    ))
}

/// Serves the part that changes.
pub(super) async fn live(request: &mut PageRequest) -> PageResult {
    let live = gather(request).await?;
    Ok(part(request, &live))
}

async fn gather(request: &mut PageRequest) -> Result<Live, PageError> {
    let user = request.caller()?.user();
    let site = &request.site;
    // In parallel, because during an outage each of them may wait for its time limit.
    let (checks, hour, tokens) = tokio::join!(
        site.health.all(),
        site.activity.last_hour(),
        tokens(site, user)
    );
    let now = site.clock.now();
    let replicas = hour.replicas.iter().map(|replica| ReplicaRow {
        name: replica.host.clone(),
        own: replica.this_one,
        version: replica.version.clone(),
        uptime: span(now.since(replica.started_at) / 1000),
        seen: match now.since(replica.last_seen_at) / 1000 {
            ..10 => "now".to_owned(),
            seconds => format!("{} ago", span(seconds)),
        },
    });
    Ok(Live {
        tiles: checks.into_iter().flat_map(tiles).collect(),
        tokens,
        tokens_per_day: site.llm.tokens_per_day(),
        own: "These numbers are of this replica only: replicas share them through Redis, which is \
              switched off or unavailable.",
        shared: hour.shared,
        charts: charts(&hour),
        replicas: replicas.collect(),
    })
}

/// The users with the most tokens today; none while they are unknown.
async fn tokens(site: &Site, user: UserId) -> Vec<TokenRow> {
    let Ok(today) = site.llm.tokens_today(user, TOP).await else {
        return Vec::new();
    };
    let (mut rows, mut reachable) = (Vec::new(), true);
    for (id, used) in today.top {
        let mut name = id.to_string();
        // After the first outage only ids are shown: each further look-up could take two seconds,
        // and an outage is when this page is needed most.
        if reachable {
            match site.auth.users.find(id).await {
                Ok(Some(user)) => name = user.email.shown(),
                Ok(None) => {}
                Err(_) => reachable = false,
            }
        }
        rows.push(TokenRow {
            id: id.to_string(),
            email: name,
            used,
        });
    }
    rows
}

/// The tiles of a check: one, or one for each logical database.
fn tiles((name, report): (CheckName, Report)) -> Vec<Tile> {
    let title = name.title();
    let databases = report.databases.unwrap_or_default();
    if databases.is_empty() {
        return vec![tile(title.to_owned(), report.status, report.latency_ms)];
    }
    let each = databases.into_iter().map(|(role, database)| {
        let status = match database.status {
            Reach::Connected => Status::Healthy,
            Reach::Unavailable => Status::Unhealthy,
        };
        let name = format!("{title}: {}", role.replace('_', " "));
        tile(name, status, database.latency_ms)
    });
    each.collect()
}

fn tile(name: String, status: Status, latency: Option<f64>) -> Tile {
    let (class, word) = match status {
        Status::Healthy => ("good", "healthy"),
        Status::Degraded => ("warn", "degraded"),
        Status::Unhealthy => ("bad", "unavailable"),
        Status::Disabled => ("off", "disabled"),
    };
    let note = match (latency, status) {
        // It would be rounded to 0.0 ms.
        (Some(millis), _) if millis < 0.05 => "answered in less than 0.1 ms".to_owned(),
        (Some(millis), _) => format!("answered in {millis:.1} ms"),
        (None, Status::Unhealthy) => "see the server’s log".to_owned(),
        (None, _) => String::new(),
    };
    Tile {
        name,
        class,
        word,
        note,
    }
}

/// One chart for each counter.
fn charts(hour: &Hour) -> Vec<ChartTile> {
    let total = hour.total();
    let series = |of: fn(&Counts) -> u64| -> Vec<u64> {
        hour.minutes
            .iter()
            .map(|minute| of(&minute.counts))
            .collect()
    };
    let draw = |name: &'static str, figure: String, all: Vec<u64>, part: Part, adds_up: bool| {
        let note = part.as_ref().map_or_else(String::new, |(name, part)| {
            format!("{} {name}", part.iter().sum::<u64>())
        });
        let part = part.as_ref().map(|(name, part)| (*name, part.as_slice()));
        let chart = Chart {
            name,
            all: &all,
            part,
            adds_up,
        };
        ChartTile {
            title: name,
            figure,
            note,
            // Writing to a string does not fail.
            svg: chart.svg().unwrap_or_default(),
        }
    };
    let tries = series(|counts| counts.sign_ins.saturating_add(counts.sign_ins_refused));
    let asked = series(|counts| counts.cache_hits.saturating_add(counts.cache_misses));
    let ratio = total.hit_ratio();
    let ratio = ratio.map_or_else(|| "–".to_owned(), |ratio| format!("{:.0} %", ratio * 100.0));
    vec![
        draw(
            "Requests",
            total.requests.to_string(),
            series(|counts| counts.requests),
            Some(("errors", series(|counts| counts.errors))),
            true,
        ),
        draw(
            "Sign-ins",
            total.sign_ins.to_string(),
            tries,
            Some(("refused", series(|counts| counts.sign_ins_refused))),
            true,
        ),
        draw(
            "Rate-limited calls",
            total.limited.to_string(),
            series(|counts| counts.limited),
            None,
            true,
        ),
        draw(
            "Passwords waiting",
            total.deepest_hash_queue.to_string(),
            series(|counts| counts.deepest_hash_queue),
            None,
            false,
        ),
        draw(
            "LLM cache hits",
            ratio,
            asked,
            Some(("misses", series(|counts| counts.cache_misses))),
            true,
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::hostile::{HOSTILE, is_text};

    #[test]
    fn names_of_replicas_and_users_are_escaped() {
        let text = || HOSTILE.to_owned();
        let live = Live {
            tiles: vec![tile(text(), Status::Healthy, Some(1.26))],
            tokens: vec![TokenRow {
                id: "1".to_owned(),
                email: text(),
                used: 1,
            }],
            tokens_per_day: 0,
            own: "",
            shared: true,
            charts: Vec::new(),
            replicas: vec![ReplicaRow {
                name: text(),
                own: true,
                version: text(),
                uptime: String::new(),
                seen: String::new(),
            }],
        };
        let html = live.to_string();
        is_text(&html, 4);
        assert!(html.contains("answered in 1.3 ms"), "{html}");
        let quick = tile(text(), Status::Healthy, Some(0.04)).note;
        assert_eq!(quick, "answered in less than 0.1 ms");
    }
}
