//! Accounts are found, made, changed and deleted.

use reqwest::Method;
use serde_json::json;

use super::{ADMIN, House, on_both_databases};
use crate::support::PASSWORD;

#[tokio::test]
async fn accounts_are_found_by_a_part_of_their_email_page_by_page() {
    on_both_databases(async |house| {
        for name in ["ann.lee", "ann_lee", "annxlee", "bob%1", "bob"] {
            house
                .client
                .register(&format!("{name}@example.com"))
                .await
                .is(201);
        }
        assert_eq!(house.emails("").await.len(), 6);
        let ann = [
            "ann.lee@example.com",
            "ann_lee@example.com",
            "annxlee@example.com",
        ];
        assert_eq!(house.emails("q=ANN").await, ann);
        assert_eq!(
            house.emails("q=%20ann%20").await,
            ann,
            "white space around it is no part"
        );
        assert_eq!(
            house.emails("q=ann_").await,
            ["ann_lee@example.com"],
            "for itself"
        );
        assert_eq!(
            house.emails("q=b%25").await,
            ["bob%1@example.com"],
            "for itself"
        );
        assert_eq!(house.emails("q=!").await, [""; 0]);
        assert_eq!(house.emails("q=%27%20OR%201=1--").await, [""; 0]);

        let (mut all, mut after) = (Vec::new(), String::new());
        for _ in 0..3 {
            let path = format!("/admin/users?limit=1&q=ann&after={after}");
            let page = house.ask(Method::GET, &path).await;
            all.push(page.is(200).json["users"][0]["email"].clone());
            assert_eq!(page.json["users"].as_array().unwrap().len(), 1);
            after = page.json["next"].as_str().unwrap_or_default().to_owned();
        }
        assert_eq!(all, ann);
        assert_eq!(after, "", "there is no page after the last account");

        for query in ["limit=0", "limit=501", "limit=x", "q=%00", "after=a%00"] {
            let answer = house
                .ask(Method::GET, &format!("/admin/users?{query}"))
                .await;
            answer.problem(400, "invalid_parameter");
        }
    })
    .await;
}

#[tokio::test]
async fn an_account_is_made_and_can_sign_in() {
    on_both_databases(async |house| {
        let body =
            json!({"email": "Bob@Example.com", "password": PASSWORD, "roles": ["b", "a", "b"]});
        let created = house.send(Method::POST, "/admin/users", &body).await;
        let created = &created.is(201).json;
        assert_eq!(created["email"], "bob@example.com");
        assert_eq!(created["roles"], json!(["a", "b"]));
        assert!(
            created["disabled_at"].is_null() && created["password_change_required_at"].is_null()
        );
        let path = format!("/admin/users/{}", created["id"].as_str().unwrap());
        assert_eq!(&house.ask(Method::GET, &path).await.is(200).json, created);
        assert!(created["last_sign_in_at"].is_null());
        house.client.signed_in("bob@example.com").await;
        let known = house.ask(Method::GET, &path).await;
        assert!(known.is(200).json["last_sign_in_at"].is_string());
        let taken = house.send(Method::POST, "/admin/users", &body).await;
        taken.problem(409, "email_taken");

        let body = json!({"email": "dan@example.com", "password": PASSWORD});
        let plain = house.send(Method::POST, "/admin/users", &body).await;
        assert_eq!(plain.is(201).json["roles"], json!([]));
        for (body, fault) in [
            (
                json!({"email": "x", "password": PASSWORD}),
                "email: invalid_email",
            ),
            (
                json!({"email": "e@example.com", "password": "short"}),
                "password: password_too_short",
            ),
            (
                json!({"email": "e@example.com", "password": PASSWORD, "roles": ["a b"]}),
                "roles: invalid_role",
            ),
            (
                json!({"email": "e@example.com", "password": PASSWORD, "roles": "admin"}),
                "roles: wrong_type",
            ),
            (
                json!({"email": "e@example.com", "password": PASSWORD, "role": []}),
                "role: unknown_field",
            ),
        ] {
            let faults = house
                .send(Method::POST, "/admin/users", &body)
                .await
                .faults();
            assert_eq!(faults, [fault]);
        }
    })
    .await;
}

#[tokio::test]
async fn a_disabled_account_is_signed_out_until_it_is_enabled() {
    on_both_databases(async |house| {
        let user = house.client.newcomer().await;
        let path = house.address(&user.email).await;
        for _ in 0..2 {
            house
                .ask(Method::POST, &format!("{path}/disable"))
                .await
                .is(204);
        }
        house
            .client
            .me(&user.access)
            .await
            .problem(401, "invalid_token");
        let refused = house.client.login(&user.email, PASSWORD).await;
        refused.problem(401, "invalid_credentials");
        let account = house.ask(Method::GET, &path).await;
        assert!(account.is(200).json["disabled_at"].is_string());
        for _ in 0..2 {
            house
                .ask(Method::POST, &format!("{path}/enable"))
                .await
                .is(204);
        }
        house.client.signed_in(&user.email).await;
        let account = house.ask(Method::GET, &path).await;
        assert!(account.is(200).json["disabled_at"].is_null());
    })
    .await;
}

#[tokio::test]
async fn sessions_of_an_account_are_seen_and_ended() {
    on_both_databases(async |house| {
        let user = house.client.newcomer().await;
        house.client.signed_in(&user.email).await;
        let path = format!("{}/sessions", house.address(&user.email).await);
        let sessions = house.ask(Method::GET, &path).await;
        let sessions = sessions.is(200).json.as_array().unwrap();
        assert_eq!(sessions.len(), 2);
        assert!(sessions.iter().all(|session| session["current"] == false));
        house.ask(Method::DELETE, &path).await.is(204);
        house
            .client
            .me(&user.access)
            .await
            .problem(401, "invalid_token");
        house
            .client
            .refresh(&user.refresh)
            .await
            .problem(401, "invalid_refresh_token");
        assert_eq!(house.ask(Method::GET, &path).await.is(200).json, json!([]));
        let own = format!("{}/sessions", house.address(ADMIN).await);
        assert_eq!(
            house.ask(Method::GET, &own).await.is(200).json[0]["current"],
            true
        );
    })
    .await;
}

#[tokio::test]
async fn a_deleted_account_is_gone_and_an_unknown_one_is_reported() {
    on_both_databases(async |house| {
        let user = house.client.newcomer().await;
        let path = house.address(&user.email).await;
        house.ask(Method::DELETE, &path).await.is(204);
        house
            .client
            .me(&user.access)
            .await
            .problem(401, "invalid_token");
        house
            .client
            .login(&user.email, PASSWORD)
            .await
            .problem(401, "invalid_credentials");
        for (method, path) in [
            (Method::GET, path.clone()),
            (Method::DELETE, path.clone()),
            (Method::POST, format!("{path}/disable")),
            (Method::POST, format!("{path}/enable")),
            (Method::POST, format!("{path}/require-password-change")),
            (Method::POST, format!("{path}/reset")),
            (Method::GET, format!("{path}/sessions")),
            (Method::DELETE, format!("{path}/sessions")),
        ] {
            house
                .ask(method, &path)
                .await
                .problem(404, "user_not_found");
        }
        let roles = house
            .send(Method::PUT, &format!("{path}/roles"), &json!({"roles": []}))
            .await;
        roles.problem(404, "user_not_found");
        house
            .ask(Method::GET, "/admin/users/1")
            .await
            .problem(400, "invalid_parameter");
    })
    .await;
}

const ANN: &str = "ann@example.com";
const BOB: &str = "bob@example.com";
const CAT: &str = "cat@example.com";
const DAN: &str = "dan@example.com";
const EVE: &str = "eve@example.com";

/// Five accounts beside the administrator's, in every state.
async fn make_five(house: &House) {
    // Two roles that share a beginning, and one that differs in case alone.
    for (email, roles) in [
        (ANN, json!(["support"])),
        (BOB, json!(["support", "editor"])),
        (CAT, json!(["supporter"])),
        (DAN, json!(["Support"])),
    ] {
        let body = json!({"email": email, "password": PASSWORD, "roles": roles});
        let made = house.send(Method::POST, "/admin/users", &body).await;
        made.is(201);
    }
    house.client.register(EVE).await.is(201);
    house.client.signed_in(CAT).await;
    house.client.signed_in(ANN).await;
    for (email, act) in [
        (BOB, "disable"),
        (DAN, "require-password-change"),
        (EVE, "reset"),
    ] {
        let path = format!("{}/{act}", house.address(email).await);
        house.ask(Method::POST, &path).await;
    }
}

#[tokio::test]
async fn accounts_are_filtered_ordered_and_counted() {
    on_both_databases(async |house| {
        make_five(&house).await;
        for (query, expected) in [
            ("role=support", vec![ANN, BOB]),
            ("role=Support", vec![DAN]),
            ("role=suppor_", vec![]),
            ("role=support&state=active", vec![ANN]),
            ("state=active", vec![ANN, CAT, ADMIN]),
            ("state=disabled", vec![BOB]),
            ("state=must_change_password", vec![DAN]),
            ("state=needs_reset", vec![EVE]),
            ("order=newest", vec![EVE, DAN, CAT, BOB, ANN, ADMIN]),
            ("order=newest&state=active", vec![CAT, ANN, ADMIN]),
            ("order=last_sign_in&q=example", vec![ANN, CAT, ADMIN]),
        ] {
            let page = house
                .ask(Method::GET, &format!("/admin/users?{query}"))
                .await;
            let users = page.is(200).json["users"].as_array().unwrap();
            let emails: Vec<&str> = users
                .iter()
                .map(|user| user["email"].as_str().unwrap())
                .collect();
            if query.starts_with("order=last") {
                // Those that never signed in come last, in any order.
                assert_eq!(emails[..3], expected, "{query}");
                assert!(users[2]["last_sign_in_at"].is_string(), "{query}");
                assert!(users[3]["last_sign_in_at"].is_null(), "{query}");
            } else {
                assert_eq!(emails, expected, "{query}");
                assert_eq!(page.json["total"], expected.len(), "{query}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn pages_in_any_order_hold_every_account_once() {
    on_both_databases(async |house| {
        make_five(&house).await;
        // One by one, in every order, nobody is left out or told twice, equal moments or not.
        for order in ["email", "newest", "last_sign_in"] {
            let whole = house.emails(&format!("order={order}")).await;
            let (mut paged, mut after) = (Vec::new(), String::new());
            loop {
                let path = format!("/admin/users?limit=1&order={order}&after={after}");
                let page = house.ask(Method::GET, &path).await;
                assert_eq!(page.is(200).json["total"], 6);
                paged.push(page.json["users"][0]["email"].as_str().unwrap().to_owned());
                match page.json["next"].as_str() {
                    Some(next) => next.clone_into(&mut after),
                    None => break,
                }
            }
            assert_eq!(paged, whole, "{order}");
        }
        // By id, and not by a part of one.
        let path = house.address(CAT).await;
        let id = path.rsplit('/').next().unwrap();
        assert_eq!(house.emails(&format!("q={id}")).await, [CAT]);
        assert_eq!(house.emails(&format!("q={}", &id[..8])).await, [""; 0]);
        for query in [
            "state=gone",
            "order=age",
            "order=newest&after=ann@example.com",
            "role=%00",
            "erase=true",
        ] {
            let answer = house
                .ask(Method::GET, &format!("/admin/users?{query}"))
                .await;
            answer.problem(400, "invalid_parameter");
        }
    })
    .await;
}
