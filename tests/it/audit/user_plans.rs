//! A page of the list of accounts costs what it shows: with many accounts, each order and each filter
//! is answered by an index. And an account's last sign-in is known from before it was kept.

use aura::auth::users::{Position, UserFilter, UserOrder, UserState};
use aura::config::Engine;
use sqlx::AssertSqlSafe;

use super::plans::explain;
use super::{START, Trail, on_both_databases};

const COUNT: i64 = 40_000;

async fn run(trail: &Trail, statement: String) {
    let run = async |pool| sqlx::raw_sql(AssertSqlSafe(statement)).execute(&pool).await;
    trail.sql.run(run).await.unwrap();
}

/// Fills the table: one account in 10,000 is an administrator, another one disabled, a third must
/// change its password.
async fn fill(trail: &Trail) {
    let numbers = match trail.sql.engine() {
        Engine::Postgres => format!("SELECT n FROM generate_series(1, {COUNT}) AS n"),
        Engine::Sqlite => format!(
            "WITH RECURSIVE counter(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counter \
             WHERE n < {COUNT}) SELECT n FROM counter"
        ),
    };
    run(
        trail,
        format!(
            "INSERT INTO users (id, email, password_hash, roles, created_at, disabled_at, \
             password_change_required_at, last_sign_in_at) SELECT CAST(n AS text), \
             'user' || n || '@example.com', '$2b$12$', \
             CASE WHEN n % 10000 = 7 THEN 'admin' ELSE '' END, {START} + n / 3, \
             CASE WHEN n % 10000 = 8 THEN 1 END, CASE WHEN n % 10000 = 9 THEN 1 END, \
             CASE WHEN n % 2 = 0 THEN 0 ELSE {START} + n / 5 END FROM ({numbers}) AS numbers"
        ),
    )
    .await;
    run(trail, "ANALYZE".to_owned()).await;
}

async fn plan(
    trail: &Trail,
    filter: &UserFilter,
    order: UserOrder,
    after: Option<&Position>,
) -> String {
    let (statement, values) = filter.statement("*", order, after, 50);
    explain(trail, &statement, values).await
}

#[tokio::test]
async fn every_order_and_every_rare_filter_is_answered_by_an_index() {
    on_both_databases(async |trail| {
        fill(&trail).await;
        let all = UserFilter::default();
        let middle = Position::Moment(START + COUNT / 6, "17".to_owned());
        let email = Position::Email("user2@example.com".to_owned());
        for (order, after, index) in [
            (UserOrder::Newest, &middle, "users_created_at"),
            (UserOrder::LastSignIn, &middle, "users_last_sign_in_at"),
            (UserOrder::Email, &email, "users"),
        ] {
            for after in [None, Some(after)] {
                let plan = plan(&trail, &all, order, after).await;
                assert!(plan.contains(index), "{order:?} {after:?}: {plan}");
                let sorts = plan.contains("Sort") || plan.contains("TEMP B-TREE");
                assert!(!sorts, "{order:?} {after:?}: {plan}");
            }
        }
        let state = |state| UserFilter {
            state: Some(state),
            ..UserFilter::default()
        };
        let role = UserFilter {
            role: Some("admin".to_owned()),
            ..UserFilter::default()
        };
        for (filter, index) in [
            (role, "users_with_roles"),
            (state(UserState::Disabled), "users_disabled"),
            (state(UserState::MustChange), "users_must_change"),
            (state(UserState::NeedsReset), "users_must_change"),
        ] {
            let plan = plan(&trail, &filter, UserOrder::Email, None).await;
            assert!(plan.contains(index), "{filter:?}: {plan}");
        }
    })
    .await;
}

#[tokio::test]
async fn last_sign_ins_from_before_are_taken_from_the_trail() {
    on_both_databases(async |trail| {
        // As the version before left it.
        run(
            &trail,
            format!(
                "INSERT INTO users (id, email, password_hash, roles, created_at) VALUES \
                 ('a', 'ann@example.com', '', '', 1), ('b', 'bob@example.com', '', '', 1); \
                 INSERT INTO audit_events (id, at, action, actor_id, actor, subject_id, subject, ip, \
                 user_agent, request_id, detail) VALUES \
                 (1, {START}, 'session.began', 'a', '', 'a', 'ann@example.com', '', '', '', ''), \
                 (2, {START} + 5, 'session.began', 'a', '', 'a', 'ann@example.com', '', '', '', ''), \
                 (3, {START} + 9, 'session.ended', 'a', '', 'a', 'ann@example.com', '', '', '', ''), \
                 (4, {START} + 9, 'session.began', 'z', '', 'z', 'bob@example.com', '', '', '', '')"
            ),
        )
        .await;
        let migration = include_str!("../../../src/storage/migrations/0008_user_lists.sql");
        let update = migration.split(';').find(|part| part.contains("UPDATE users"));
        run(&trail, update.unwrap().to_owned()).await;
        let run = async |pool| {
            let query = "SELECT last_sign_in_at FROM users ORDER BY email";
            sqlx::query_scalar::<_, i64>(query).fetch_all(&pool).await
        };
        let known = trail.sql.run(run).await.unwrap();
        // Bob's address had another account before.
        assert_eq!(known, [START + 5, 0]);
    })
    .await;
}
