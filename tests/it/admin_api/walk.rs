//! A walk through the actions on accounts, which looks at the audit trail after each.

use std::collections::BTreeSet;

use aura::audit::Action;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{AnyPool, Row as _};

use super::House;
use crate::support::{Answer, Session, Settings};

const AGENT: &str = "walker/1";
const LINE: &str = "command line";

/// The walk: its server, its database and the events seen so far.
pub(super) struct Walk {
    pub(super) house: House,
    pool: AnyPool,
    last: i64,
    pub(super) seen: BTreeSet<String>,
}

/// One event as it stands in the database.
#[derive(Debug)]
pub(super) struct Row {
    id: i64,
    pub(super) texts: [String; 6],
}

impl Walk {
    pub(super) async fn of(settings: Settings, url: &str) -> Self {
        sqlx::any::install_default_drivers();
        let house = House::of(settings).await;
        let pool = AnyPool::connect(url).await.unwrap();
        let mut walk = Self {
            house,
            pool,
            last: 0,
            seen: BTreeSet::new(),
        };
        // What made the house is of no interest.
        walk.last = walk.news().await.last().unwrap().id;
        walk
    }

    /// The events since the last look, oldest first.
    async fn news(&self) -> Vec<Row> {
        let query = "SELECT id, action, actor, subject, ip, user_agent, request_id \
                     FROM audit_events WHERE id > $1 ORDER BY id";
        let rows = sqlx::query(query)
            .bind(self.last)
            .fetch_all(&self.pool)
            .await
            .unwrap();
        let row = |row: &sqlx::any::AnyRow| Row {
            id: row.get(0),
            texts: std::array::from_fn(|index| row.get(index + 1)),
        };
        rows.iter().map(row).collect()
    }

    pub(super) async fn one(
        &mut self,
        what: &str,
        action: Action,
        actor: &str,
        subject: &str,
    ) -> Row {
        let mut news = self.news().await;
        assert_eq!(news.len(), 1, "{what}: {news:?}");
        let row = news.remove(0);
        assert_eq!(row.texts[0], action.as_str(), "{what}: {row:?}");
        assert_eq!(
            (row.texts[1].as_str(), row.texts[2].as_str()),
            (actor, subject),
            "{what}: {row:?}"
        );
        self.last = row.id;
        self.seen.insert(row.texts[0].clone());
        row
    }

    /// One event, of the request that was answered so.
    pub(super) async fn left(
        &mut self,
        answer: &Answer,
        action: Action,
        actor: &str,
        subject: &str,
    ) {
        assert!(answer.status < 500, "{answer:?}");
        let row = self.one(&answer.asked, action, actor, subject).await;
        assert_eq!(
            row.texts[3..5],
            ["127.0.0.1", AGENT],
            "{}: {row:?}",
            answer.asked
        );
        assert_eq!(
            row.texts[5],
            answer.header("x-request-id"),
            "{}: {row:?}",
            answer.asked
        );
    }

    /// No event at all.
    pub(super) async fn nothing(&self, answer: &Answer) {
        let news = self.news().await;
        assert!(news.is_empty(), "{}: {news:?}", answer.asked);
    }

    pub(super) async fn call(
        &self,
        method: Method,
        path: &str,
        access: &str,
        body: &Value,
    ) -> Answer {
        self.house
            .client
            .call(method, path, |mut request| {
                request = request.header("user-agent", AGENT);
                if !access.is_empty() {
                    request = request.bearer_auth(access);
                }
                if body.is_null() {
                    request
                } else {
                    request.json(body)
                }
            })
            .await
    }

    pub(super) async fn admin(&self, method: Method, path: &str, body: &Value) -> Answer {
        self.call(method, path, &self.house.admin.access, body)
            .await
    }

    pub(super) async fn sign_in(&mut self, email: &str, password: &str) -> Session {
        let body = json!({"email": email, "password": password});
        let answer = self.call(Method::POST, "/auth/login", "", &body).await;
        answer.is(200);
        self.left(&answer, Action::SessionBegan, email, email).await;
        Session {
            email: email.to_owned(),
            access: answer.text_of("access_token"),
            refresh: answer.text_of("refresh_token"),
        }
    }

    pub(super) async fn command(
        &mut self,
        arguments: &[&str],
        input: &str,
        action: Action,
        subject: &str,
    ) {
        self.house.settings.done_with(arguments, input).await;
        let row = self
            .one(&format!("{arguments:?}"), action, LINE, subject)
            .await;
        assert_eq!(
            (row.texts[3].as_str(), row.texts[5].as_str()),
            ("", ""),
            "{row:?}"
        );
        assert!(row.texts[4].starts_with("aura/"), "{row:?}");
    }
}
