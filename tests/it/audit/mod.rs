//! The audit trail: what is recorded is found again, by every filter and in order, on both
//! databases; exported whole; and deleted when it is old.

mod command;
mod page;
mod plans;
mod retention;
mod store;
mod user_plans;

use aura::audit::{Action, Actor, Audit, Event, Origin, Subject};
use aura::clock::{Clock, Timestamp};
use aura::config::Config;
use aura::identity::Email;
use aura::schema::Environment;
use aura::storage::{Migrations, Sql, Storage};
use uuid::Uuid;

use crate::support::{Postgres, Sqlite};

/// A Tuesday.
const START: i64 = 1_790_000_000_000;

/// A trail of its own, on a clock that stands.
struct Trail {
    url: String,
    sql: Sql,
    clock: Clock,
    audit: Audit,
}

impl Trail {
    async fn at(url: &str) -> Self {
        let environment = Environment::from_iter([("DATABASE_URL", url)]);
        let loader = Config::loader(environment).unwrap();
        let config = Config::load(&loader).unwrap().value;
        let sql = Storage::new(&config).unwrap().sql;
        Migrations::new(sql.clone()).run().await.unwrap();
        let clock = Clock::manual(Timestamp::from_millis(START));
        let audit = Audit::new(sql.clone(), clock.clone());
        let url = url.to_owned();
        Self {
            url,
            sql,
            clock,
            audit,
        }
    }

    /// Records `event` a second after the one before.
    async fn record(&self, event: &Event) {
        self.clock.advance(1000);
        self.audit.record(event).await.unwrap();
    }
}

/// Runs a test on SQLite and, where it is installed, on Postgres.
async fn on_both_databases(test: impl AsyncFn(Trail)) {
    let sqlite = Sqlite::new();
    test(Trail::at(&sqlite.url()).await).await;
    if let Some(postgres) = Postgres::shared().await {
        test(Trail::at(&postgres.database().await).await).await;
    }
}

/// `who` did `action` to `whom` from 203.0.113.7.
fn event(action: Action, who: &str, whom: &str) -> Event {
    let id = |email: &str| Uuid::from_u128(email.bytes().map(u128::from).sum()).into();
    let email = |email: &str| Some(Email::lookup(email));
    Event {
        action,
        actor: Actor::User {
            id: id(who),
            email: email(who),
        },
        subject: Some(Subject {
            id: Some(id(whom)),
            email: email(whom),
        }),
        origin: Origin {
            ip: "203.0.113.7".to_owned(),
            user_agent: "curl/8".to_owned(),
            request_id: "r-1".to_owned(),
        },
        detail: String::new(),
    }
}
