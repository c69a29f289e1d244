//! The audit trail by the API: filters, pages, export.

use reqwest::Method;
use serde_json::Value;

use super::{ADMIN, House, on_both_databases};

async fn events(house: &House, query: &str) -> Vec<Value> {
    let page = house
        .ask(Method::GET, &format!("/admin/audit?{query}"))
        .await;
    page.is(200).json["events"].as_array().unwrap().clone()
}

#[tokio::test]
async fn events_are_filtered_and_paged() {
    on_both_databases(async |house| {
        let user = house.client.newcomer().await;
        house
            .client
            .login(&user.email, "wrong-Password-1")
            .await
            .is(401);
        let all = events(&house, "").await;
        let actions: Vec<&str> = all
            .iter()
            .map(|event| event["action"].as_str().unwrap())
            .collect();
        assert_eq!(
            actions,
            [
                "session.refused",
                "session.began",
                "user.registered",
                "session.began",
                "user.created"
            ]
        );
        let email = user.email.to_uppercase();
        for (query, count) in [
            ("action=session.began", 2),
            (&format!("subject={email}"), 3),
            (&format!("actor={ADMIN}"), 1),
            ("actor=command%20line", 1),
            ("ip=127.0.0.1", 4),
            ("ip=&action=", 5),
            ("from=2100-01-01", 0),
            ("until=2000-01-01T00:00:00Z", 0),
            (
                "from=2000-01-01&until=2100-01-01&action=session.began&ip=127.0.0.1",
                2,
            ),
        ] {
            assert_eq!(events(&house, query).await.len(), count, "{query}");
        }
        let (mut seen, mut before) = (Vec::new(), String::new());
        loop {
            let page = house
                .ask(Method::GET, &format!("/admin/audit?limit=2{before}"))
                .await;
            seen.extend(page.is(200).json["events"].as_array().unwrap().clone());
            let Some(next) = page.json["next"].as_str() else {
                break;
            };
            before = format!("&before={next}");
        }
        assert_eq!(seen, all, "each once, in the same order");
        for query in [
            "from=yesterday",
            "until=1",
            "limit=0",
            "before=x",
            "actor=a%00",
            "ip=%00",
        ] {
            let answer = house
                .ask(Method::GET, &format!("/admin/audit?{query}"))
                .await;
            answer.problem(400, "invalid_parameter");
        }
    })
    .await;
}

#[tokio::test]
async fn an_export_is_whole_is_recorded_and_keeps_hostile_text_inert() {
    on_both_databases(async |house| {
        let hostile = "<script>alert(1)</script>\"},{\\u0000 ' OR 1=1;--";
        for _ in 0..3 {
            let login = house.client.call(Method::POST, "/auth/login", |request| {
                let body = serde_json::json!({"email": hostile, "password": "x"});
                request.header("user-agent", hostile).json(&body)
            });
            login.await.is(401);
        }
        let export = house
            .ask(Method::GET, "/admin/audit/export?action=session.refused")
            .await;
        assert_eq!(
            export.is(200).header("content-type"),
            "application/x-ndjson"
        );
        assert!(
            export
                .header("content-disposition")
                .starts_with("attachment")
        );
        let lines: Vec<Value> = export
            .text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        // Repeated failures are one event, or two where a window ended between them.
        let counts = lines.iter().map(|line| line["count"].as_i64().unwrap());
        assert_eq!(counts.sum::<i64>(), 3);
        for line in lines {
            assert_eq!(line["user_agent"], hostile);
            assert_eq!(
                (&line["subject"], &line["actor"]),
                (&"".into(), &"".into()),
                "no e-mail"
            );
        }
        let recorded = events(&house, "action=audit.exported").await;
        assert_eq!(recorded.len(), 1);
        assert_eq!(recorded[0]["actor"], ADMIN);
        assert_eq!(recorded[0]["detail"], "action=session.refused");
        let page = house.ask(Method::GET, "/admin/audit").await;
        assert!(page.header("content-type").starts_with("application/json"));
        assert_eq!(page.header("x-content-type-options"), "nosniff");
    })
    .await;
}
