//! A filter costs what it finds: with many events, each is answered by its own index.

use aura::audit::{Filter, Value};
use aura::clock::Timestamp;
use aura::config::Engine;
use sqlx::{AssertSqlSafe, Row as _};

use super::{START, Trail, on_both_databases};

const COUNT: i64 = 40_000;

/// Fills the trail: one event in 20,000 is rare in all its columns, the others are all alike.
async fn fill(trail: &Trail) {
    let text = |name: &str| format!("CASE WHEN n % 20000 = 7 THEN 'rare {name}' ELSE 'common' END");
    let numbers = match trail.sql.engine() {
        Engine::Postgres => format!("SELECT n FROM generate_series(1, {COUNT}) AS n"),
        Engine::Sqlite => format!(
            "WITH RECURSIVE counter(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counter \
             WHERE n < {COUNT}) SELECT n FROM counter"
        ),
    };
    let insert = format!(
        "INSERT INTO audit_events (id, at, action, actor_id, actor, subject_id, subject, ip, \
         user_agent, request_id, detail) SELECT ({START} + n) * 1048576, {START} + n, {}, NULL, {}, NULL, \
         {}, {}, 'agent', 'request', '' FROM ({numbers}) AS numbers",
        text("action"),
        text("actor"),
        text("subject"),
        text("ip"),
    );
    for statement in [insert, "ANALYZE".to_owned()] {
        let run = async |pool| sqlx::raw_sql(AssertSqlSafe(statement)).execute(&pool).await;
        trail.sql.run(run).await.unwrap();
    }
}

/// The plan of the database for `filter`.
async fn plan(trail: &Trail, filter: &Filter, before: Option<i64>) -> String {
    let (statement, values) = filter.statement("*", trail.sql.engine(), before, 50);
    explain(trail, &statement, values).await
}

/// The plan of the database for `statement`.
pub(super) async fn explain(trail: &Trail, statement: &str, values: Vec<Value>) -> String {
    let (explain, column) = match trail.sql.engine() {
        Engine::Postgres => (format!("EXPLAIN {statement}"), 0),
        Engine::Sqlite => (format!("EXPLAIN QUERY PLAN {statement}"), 3),
    };
    let run = async |pool| {
        let query = sqlx::query(AssertSqlSafe(explain));
        let query = values.into_iter().fold(query, |query, value| match value {
            Value::Text(text) => query.bind(text),
            Value::Number(number) => query.bind(number),
        });
        query.fetch_all(&pool).await
    };
    let rows = trail.sql.run(run).await.unwrap();
    let lines = rows.iter().map(|row| row.get::<String, _>(column));
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn every_filter_is_answered_by_its_own_index_in_order() {
    on_both_databases(async |trail| {
        fill(&trail).await;
        let middle = Some((START + COUNT / 2) << 20);
        let from = Some(Timestamp::from_millis(START + 10));
        for value in ["rare", "common", "absent"] {
            let text = |name: &str| {
                Some(if value == "rare" {
                    format!("rare {name}")
                } else {
                    value.to_owned()
                })
            };
            let none = Filter {
                from,
                ..Filter::default()
            };
            for (name, filter) in [
                (
                    "action",
                    Filter {
                        action: text("action"),
                        ..none.clone()
                    },
                ),
                (
                    "actor",
                    Filter {
                        actor: text("actor"),
                        ..none.clone()
                    },
                ),
                (
                    "subject",
                    Filter {
                        subject: text("subject"),
                        ..none.clone()
                    },
                ),
                (
                    "ip",
                    Filter {
                        ip: text("ip"),
                        ..none.clone()
                    },
                ),
            ] {
                for before in [None, middle] {
                    let plan = plan(&trail, &filter, before).await;
                    let index = format!("audit_events_{name}");
                    assert!(plan.contains(&index), "{name} {value}, {before:?}: {plan}");
                    // Two rows may be sorted; half of all may not.
                    let sorts = plan.contains("Sort") || plan.contains("TEMP B-TREE");
                    assert!(
                        !sorts || value != "common",
                        "{name} {value}, {before:?}: {plan}"
                    );
                }
            }
        }
        for before in [None, middle] {
            let plan = plan(&trail, &Filter::default(), before).await;
            assert!(
                !plan.contains("Sort") && !plan.contains("TEMP B-TREE"),
                "{plan}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn a_rare_value_beside_a_common_one_is_searched_by_the_rare_one() {
    on_both_databases(async |trail| {
        fill(&trail).await;
        let filter = Filter {
            action: Some("common".to_owned()),
            subject: Some("rare subject".to_owned()),
            ..Filter::default()
        };
        let plan = plan(&trail, &filter, None).await;
        assert!(plan.contains("audit_events_subject"), "{plan}");
    })
    .await;
}
