//! `aura audit`: the audit trail, with or without a server running.

use std::pin::pin;
use std::process::ExitCode;

use anyhow::Context;
use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Args, Subcommand};
use futures_util::TryStreamExt;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use super::output;
use super::setup::Source;
use crate::audit::{Action, Actor, Audit as Trail, Event, Filter, Origin, Recorded};
use crate::clock::Timestamp;
use crate::identity::search_key;

/// Read the audit trail: who did what, when, from where.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  aura audit list --subject ann@example.com\n  \
    aura audit export --from 2026-01-01 > audit.jsonl"
)]
pub(super) struct Audit {
    #[command(flatten)]
    source: Source,
    #[command(subcommand)]
    command: AuditCommand,
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// Print the newest events.
    #[command(
        after_help = "Examples:\n  aura audit list --action session.refused --limit 20\n  \
        aura audit list --ip 203.0.113.7 --json | jq -r .actor"
    )]
    List {
        #[command(flatten)]
        filters: Filters,
        /// Maximum number of events.
        #[arg(long, value_name = "N", default_value_t = 50,
              value_parser = clap::value_parser!(i64).range(1..=1000))]
        limit: i64,
        /// Print one JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Print every event as one JSON object a line, newest first. The export is recorded too.
    #[command(after_help = "Example:\n  aura audit export --from 2026-01-01 > audit.jsonl")]
    Export {
        #[command(flatten)]
        filters: Filters,
        /// One JSON object a line, which is what is printed in any case.
        #[arg(long)]
        json: bool,
    },
}

/// Which events; all of these must fit.
#[derive(Args, Clone, Debug)]
struct Filters {
    /// Action of the event.
    #[arg(long, value_parser = actions())]
    action: Option<String>,
    /// Actor: an e-mail, "command line" or "server".
    #[arg(long)]
    actor: Option<String>,
    /// Account: an e-mail.
    #[arg(long)]
    subject: Option<String>,
    /// From which address.
    #[arg(long)]
    ip: Option<String>,
    /// Not before this moment: 2026-01-31T12:00:00Z, or a day.
    #[arg(long, value_name = "TIME", value_parser = Filter::moment)]
    from: Option<Timestamp>,
    /// Before this moment.
    #[arg(long, value_name = "TIME", value_parser = Filter::moment)]
    until: Option<Timestamp>,
}

fn actions() -> PossibleValuesParser {
    let all = Action::ALL.iter();
    PossibleValuesParser::new(
        all.map(|action| PossibleValue::new(action.as_str()).help(action.docs())),
    )
}

impl From<Filters> for Filter {
    fn from(filters: Filters) -> Self {
        Self {
            action: filters.action,
            actor: filters.actor.as_deref().map(search_key),
            subject: filters.subject.as_deref().map(search_key),
            ip: filters.ip,
            from: filters.from,
            until: filters.until,
        }
    }
}

impl Audit {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let Self { source, command } = self;
        source.ready(false)?.with_app(|app| async move {
            let trail = app.audit();
            match command {
                AuditCommand::List {
                    filters,
                    limit,
                    json,
                } => {
                    let events = trail.page(&filters.into(), None, limit).await;
                    let events = events.context("the audit trail cannot be read")?;
                    let lines: Vec<String> = events
                        .iter()
                        .map(|event| {
                            if json {
                                event.json().to_string()
                            } else {
                                row(event)
                            }
                        })
                        .collect();
                    print_lines(&lines)
                }
                AuditCommand::Export { filters, .. } => export(trail, filters.into()).await,
            }
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

async fn export(trail: &Trail, filter: Filter) -> anyhow::Result<()> {
    const FAILED: &str = "the audit trail cannot be read";
    let detail = filter.to_string();
    let events = trail.export(filter).await.context(FAILED)?;
    let event = Event {
        action: Action::AuditExported,
        actor: Actor::CommandLine,
        subject: None,
        origin: Origin::command_line(),
        detail,
    };
    let recorded = trail.record(&event).await;
    recorded.context("the export cannot be recorded, so nothing was exported")?;
    let mut events = pin!(events);
    while let Some(lines) = events.try_next().await.context(FAILED)? {
        output::print(&lines)?;
    }
    Ok(())
}

fn print_lines(lines: &[String]) -> anyhow::Result<()> {
    for line in lines {
        output::print(&format!("{line}\n"))?;
    }
    Ok(())
}

/// One event for a person.
fn row(event: &Recorded) -> String {
    let at = event.at.to_utc().replace_nanosecond(0).ok();
    let at = at
        .and_then(|at| at.format(&Rfc3339).ok())
        .unwrap_or_default();
    let actor = named(&event.actor, event.actor_id);
    let subject = named(&event.subject, event.subject_id);
    let mut row = format!("{at}  {:28}  {}", event.action, or_dash(&actor));
    if !subject.is_empty() && subject != actor {
        row = format!("{row} -> {subject}");
    }
    if !event.ip.is_empty() {
        row = format!("{row}  from {}", event.ip);
    }
    if event.count > 1 {
        row = format!("{row}  {} times", event.count);
    }
    if !event.detail.is_empty() {
        row = format!("{row}  ({})", event.detail);
    }
    row
}

/// An account by its e-mail, or by its id once its person is erased.
fn named(email: &str, id: Option<Uuid>) -> String {
    match id {
        Some(id) if email.is_empty() => format!("erased {id}"),
        _ => email.to_owned(),
    }
}

fn or_dash(text: &str) -> &str {
    if text.is_empty() { "-" } else { text }
}
