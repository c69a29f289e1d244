//! Every route under `/admin` asks who calls, and demands the role; read off the document, so that
//! no route can be forgotten.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::on_both_databases;
use crate::support::PASSWORD;

#[tokio::test]
async fn every_route_is_closed_to_everybody_but_administrators() {
    on_both_databases(async |house| {
        let client = &house.client;
        let user = client.newcomer().await;
        let id = uuid::Uuid::new_v4().to_string();
        let document = client.get("/openapi.json").await;
        let paths = document.is(200).json["paths"].as_object().unwrap();
        let mut count = 0;
        for (route, item) in paths.iter().filter(|(route, _)| route.starts_with("/admin/")) {
            for method in item.as_object().unwrap().keys() {
                count += 1;
                let method: Method = method.to_uppercase().parse().unwrap();
                let path = route.replace("{id}", &id);
                // Bodies that would do, so that the token is what it fails for.
                let body = match (&method, route.as_str()) {
                    (&Method::POST, "/admin/users") => {
                        json!({"email": "eve@example.com", "password": PASSWORD, "roles": ["admin"]})
                    }
                    (&Method::PUT, _) => json!({"roles": ["admin"]}),
                    _ => Value::Null,
                };
                let call = async |access: Option<&str>| {
                    let finish = |mut request: RequestBuilder| {
                        if let Some(access) = access {
                            request = request.bearer_auth(access);
                        }
                        if body.is_null() { request } else { request.json(&body) }
                    };
                    client.call(method.clone(), &path, finish).await
                };
                call(None).await.problem(401, "missing_token");
                call(Some("a.b.c")).await.problem(401, "invalid_token");
                call(Some(&user.access)).await.problem(403, "forbidden");
                let admin = call(Some(&house.admin.access)).await;
                assert!(![401, 403].contains(&admin.status), "{admin:?}");
                assert!(admin.status < 500, "{admin:?}");
            }
        }
        assert!(count >= 14, "{count} routes");
    })
    .await;
}

#[tokio::test]
async fn a_role_that_is_taken_or_given_holds_from_the_next_request() {
    on_both_databases(async |house| {
        let user = house.client.newcomer().await;
        let list = || {
            house
                .client
                .bearer(Method::GET, "/admin/users", &user.access)
        };
        list().await.problem(403, "forbidden");
        let roles = format!("{}/roles", house.address(&user.email).await);
        for (given, status) in [
            (vec!["admin"], 200),
            (vec!["administrator"], 403),
            (vec![], 403),
        ] {
            let body = json!({"roles": given});
            house.send(Method::PUT, &roles, &body).await.is(200);
            list().await.is(status);
        }
    })
    .await;
}
