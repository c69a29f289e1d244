//! Proves that a person who is erased is gone from every table and from Redis, by e-mail, address and
//! user agent, and that what happened stays, under ids: on both databases, for accounts that stand,
//! that were deleted before, and that never were.

mod house;

use std::time::{SystemTime, UNIX_EPOCH};

use reqwest::Method;
use serde_json::{Value, json};

use self::house::House;
use crate::support::{PASSWORD, Postgres, Redis, Settings, Sqlite, said};

const ROOT: &str = "root@example.com";
const ZOE: &str = "zoe@example.com";
const BOB: &str = "bob@example.com";

/// Where each of them comes from: an address and a user agent.
const ROOTS: (&str, &str) = ("192.0.2.5", "root-desk/1");
const ZOES: (&str, &str) = ("203.0.113.7", "zoe-phone/7");
const STRANGERS: (&str, &str) = ("198.51.100.9", "stranger/3");

/// What Zoe did, what was done to her, and what somebody typed; gives her access token.
async fn days_of_zoe(house: &House, id: &str, bob: &str) -> String {
    let zoe = house.sign_in(ZOE, ZOES).await;
    // As the one who acts, the one who is acted on, and the one whose address somebody typed.
    let act = format!("/admin/users/{bob}/disable");
    house
        .ask(Method::POST, &act, &zoe, ZOES, &Value::Null)
        .await
        .is(204);
    let change = json!({"current_password": "wrong", "new_password": "teapot-Glacier-31-nine"});
    house
        .ask(Method::POST, "/auth/password", &zoe, ZOES, &change)
        .await
        .is(403);
    house.fail(ZOE, STRANGERS).await;
    house.fail("Zoe@Example.com", ZOES).await;
    house
        .admin(Method::DELETE, &format!("/admin/users/{id}/sessions"))
        .await
        .is(204);
    let roles = json!({"roles": ["support"]});
    let path = format!("/admin/users/{id}/roles");
    house
        .ask(Method::PUT, &path, &house.root, ROOTS, &roles)
        .await
        .is(200);
    let export = format!("/admin/audit/export?subject={ZOE}&ip={}", ZOES.0);
    house.admin(Method::GET, &export).await.is(200);
    let zoe = house.sign_in(ZOE, ZOES).await;
    // A long history takes more than one transaction. It is of now: what is older than the trail is
    // kept is deleted while the test runs.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let now = i64::try_from(now.as_millis()).unwrap();
    let first = now << 20;
    for n in 0..1_100_i64 {
        let insert = "INSERT INTO audit_events (id, at, action, actor_id, actor, subject_id, subject, \
                      ip, user_agent, request_id, detail) \
                      VALUES ($1, $2, 'session.began', $3, $4, $3, $4, $5, $6, 'r', '')";
        let insert = sqlx::query(insert)
            .bind(first + n)
            .bind(now / 1000)
            .bind(id)
            .bind(ZOE)
            .bind(ZOES.0)
            .bind(ZOES.1);
        insert.execute(&house.pool).await.unwrap();
    }
    zoe
}

/// Zoe is erased from all tables, and what happened is not.
async fn zoe_is_erased(house: &House, id: &str, zoe: &str) {
    let dump = house.dump().await;
    for trace in [ZOE, ZOES.0, ZOES.1, STRANGERS.0, STRANGERS.1] {
        assert!(dump.contains(trace), "{trace}");
    }
    let events = house.number("1 = 1").await;
    let of_zoe = format!("subject_id = '{id}'");
    let own = house.number(&of_zoe).await;

    let erase = format!("/admin/users/{id}?erase=true");
    let forbidden = house
        .ask(Method::DELETE, &erase, zoe, ZOES, &Value::Null)
        .await;
    forbidden.problem(403, "forbidden");
    house.admin(Method::DELETE, &erase).await.is(204);
    house
        .is_without(&[ZOE, ZOES.0, ZOES.1, STRANGERS.0, STRANGERS.1])
        .await;
    house
        .ask(Method::GET, "/auth/me", zoe, ROOTS, &Value::Null)
        .await
        .is(401);
    house
        .admin(Method::GET, &format!("/admin/users/{id}"))
        .await
        .is(404);

    // What happened is still there, and so is who else did it, from where.
    assert_eq!(
        house.number("1 = 1").await,
        events + 1,
        "all of it, and the erasure"
    );
    assert_eq!(house.number(&of_zoe).await, own + 1);
    assert_eq!(
        house
            .number(&format!("actor_id = '{id}' AND subject = '{BOB}'"))
            .await,
        1
    );
    let by_root = format!(
        "{of_zoe} AND actor = '{ROOT}' AND ip = '{}' AND user_agent = '{}'",
        ROOTS.0, ROOTS.1
    );
    assert_eq!(house.number(&by_root).await, 3, "sessions, roles, erasure");
    let erased =
        "action = 'user.erased' AND subject = '' AND detail LIKE 'the account and % events'";
    assert_eq!(house.number(erased).await, 1);
    let exported = "action = 'audit.exported' AND detail = 'subject=(erased) ip=(erased)'";
    assert_eq!(house.number(exported).await, 1);
    assert_eq!(
        house.number(&format!("subject = '{BOB}'")).await,
        2,
        "others are left alone"
    );
}

/// Whoever is erased may be erased again, was deleted before, or is the administrator who asks.
async fn others_are_erased(house: &House, id: &str, bob: &str) {
    let erase = format!("/admin/users/{id}?erase=true");
    // Once more there is nothing to erase. What is typed later is recorded anew, and erased anew.
    house
        .admin(Method::DELETE, &erase)
        .await
        .problem(404, "user_not_found");
    house.fail(ZOE, STRANGERS).await;
    assert!(house.dump().await.contains(ZOE));
    let done = house
        .settings
        .done(&["user", "erase", "ZOE@example.com", "--yes"])
        .await;
    assert_eq!(done, format!("erased {ZOE}\n"));
    house.is_without(&[ZOE, STRANGERS.0, STRANGERS.1]).await;
    let again = house.settings.run(&["user", "erase", ZOE, "--yes"]).await;
    assert_eq!(again.status.code(), Some(1), "{again:?}");
    assert!(
        said(&again).contains("nothing in the audit trail"),
        "{again:?}"
    );

    // An account that is gone already is known by its id as well.
    house
        .admin(Method::DELETE, &format!("/admin/users/{bob}"))
        .await
        .is(204);
    assert!(house.dump().await.contains(BOB));
    house
        .admin(Method::DELETE, &format!("/admin/users/{bob}?erase=true"))
        .await
        .is(204);
    house.is_without(&[BOB]).await;

    // Whoever erases themselves leaves no trace by that either; the last administrator cannot.
    let dan = "dan@example.com";
    let create = ["user", "create", dan, "--role", "admin", "--password-stdin"];
    house.settings.done_with(&create, PASSWORD).await;
    let (access, own) = (house.sign_in(dan, ZOES).await, house.id(dan).await);
    let erase = format!("/admin/users/{own}?erase=true");
    house
        .ask(Method::DELETE, &erase, &access, ZOES, &Value::Null)
        .await
        .is(204);
    house.is_without(&[dan, ZOES.0, ZOES.1]).await;
    let root = house.id(ROOT).await;
    let before = house.dump().await;
    let last = house
        .admin(Method::DELETE, &format!("/admin/users/{root}?erase=true"))
        .await;
    last.problem(409, "last_administrator");
    assert_eq!(
        house.dump().await.matches(ROOT).count(),
        before.matches(ROOT).count()
    );
}

async fn a_person_is_erased(house: House) {
    let (id, bob) = (house.id(ZOE).await, house.id(BOB).await);
    let zoe = days_of_zoe(&house, &id, &bob).await;
    zoe_is_erased(&house, &id, &zoe).await;
    others_are_erased(&house, &id, &bob).await;
}

#[tokio::test]
async fn a_person_who_is_erased_is_in_no_table_of_sqlite() {
    let sqlite = Sqlite::new();
    a_person_is_erased(House::of(Settings::new(), &sqlite.url()).await).await;
}

#[tokio::test]
async fn a_person_who_is_erased_is_in_no_table_of_postgres_and_no_key_of_redis() {
    let (Some(postgres), Some(redis)) = (Postgres::shared().await, Redis::start().await) else {
        return;
    };
    let settings = Settings::new().redis(&redis);
    let url = postgres.database().await;
    a_person_is_erased(House::of(settings, &url).await).await;
    for database in 0..3 {
        let mut connection = redis.connect(database).await;
        let keys: Vec<Vec<u8>> = redis::cmd("KEYS")
            .arg("*")
            .query_async(&mut connection)
            .await
            .unwrap();
        for key in keys {
            let value: Option<Vec<u8>> = redis::cmd("DUMP")
                .arg(&key)
                .query_async(&mut connection)
                .await
                .unwrap();
            let text = [key, value.unwrap_or_default()].concat();
            let text = String::from_utf8_lossy(&text).into_owned();
            for trace in [ZOE, ZOES.1] {
                assert!(!text.contains(trace), "{text}");
            }
        }
    }
}

#[tokio::test]
async fn a_sign_in_under_way_leaves_nothing_of_a_person_who_is_erased() {
    let sqlite = Sqlite::new();
    // Long enough to be overtaken.
    let settings = Settings::new().set("PASSWORD_BCRYPT_COST", 13);
    let house = House::of(settings, &sqlite.url()).await;
    let path = format!("/admin/users/{}?erase=true", house.id(BOB).await);
    let body = json!({"email": BOB, "password": PASSWORD});
    let erase = async {
        tokio::time::sleep(std::time::Duration::from_millis(150)).await;
        house.admin(Method::DELETE, &path).await
    };
    let sign_in = house.ask(Method::POST, "/auth/login", "", ZOES, &body);
    let (erased, _) = tokio::join!(erase, sign_in);
    erased.is(204);
    house.is_without(&[BOB, ZOES.0, ZOES.1]).await;
}

#[tokio::test]
async fn an_erasure_changes_nothing_while_the_sessions_cannot_hear_of_it() {
    let Some(mut redis) = Redis::start().await else {
        return;
    };
    let sqlite = Sqlite::new();
    let house = House::of(Settings::new().redis(&redis), &sqlite.url()).await;
    let before = house.dump().await;
    redis.stop().await;
    let output = house.settings.run(&["user", "erase", ZOE, "--yes"]).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(house.dump().await, before);
}
