//! Proves that every route of the document refuses query parameters that it does not list, and says
//! which it takes; and that only those routes ignore them whose callers cannot help it.

use reqwest::Method;
use serde_json::Value;

use crate::support::Settings;

/// Routes that ignore what they do not know, or refuse it in their own words: see `docs/USER_GUIDE.md`.
const LENIENT: [&str; 4] = [
    "/auth/token",
    "/auth/introspect",
    "/auth/revoke",
    "/auth/verify",
];

#[tokio::test]
async fn every_route_refuses_an_unknown_or_repeated_parameter_and_names_those_it_takes() {
    let aura = Settings::new().start().await;
    let client = aura.client();
    let document: Value = client.get("/openapi.json").await.is(200).json.clone();
    let mut routes = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let known: Vec<&str> = parameters
                .filter(|parameter| parameter["in"] == "query")
                .map(|parameter| parameter["name"].as_str().unwrap())
                .collect();
            let filled: Vec<&str> = path
                .split('/')
                .map(|part| match part.strip_prefix('{') {
                    Some(_) => "0b7c1c1e-6b0e-4c55-9a52-3f1f3f5b7a10",
                    None => part,
                })
                .collect();
            let address = format!("{}?emial=a", filled.join("/"));
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let answer = client
                .call(method.clone(), &address, |request| request)
                .await;
            if LENIENT.contains(&path.as_str()) {
                let code = &answer.json["code"];
                assert!(code != "invalid_parameter", "{method} {path}: {answer:#?}");
                continue;
            }
            // A 400 whose body says it, in the dialect of the route; no token was needed.
            assert_eq!(answer.status, 400, "{method} {path}: {answer:#?}");
            let detail = answer.json["detail"].as_str().unwrap();
            let takes = if known.is_empty() {
                "this address takes none".to_owned()
            } else {
                format!("this address takes: {}", known.join(", "))
            };
            assert!(
                detail.contains("there is no parameter \"emial\"") && detail.contains(&takes),
                "{method} {path}: {detail}"
            );
            assert_eq!(answer.json["code"], "invalid_parameter");
            assert_eq!(answer.json["errors"][0]["field"], "emial");
            assert_eq!(answer.json["errors"][0]["code"], "unknown_parameter");
            if let Some(name) = known.first() {
                let twice = format!("{}?{name}=1&{name}=2", filled.join("/"));
                let answer = client.call(method.clone(), &twice, |request| request).await;
                assert_eq!(answer.status, 400, "{method} {twice}: {answer:#?}");
                assert_eq!(answer.json["errors"][0]["code"], "repeated_parameter");
            }
            routes += 1;
        }
    }
    assert!(routes > 30, "{routes} routes");
    // HEAD is asked for what GET is; another method and an unknown address are told first.
    client
        .call(Method::HEAD, "/health?x=1", |request| request)
        .await
        .is(400);
    client
        .call(Method::PUT, "/health?x=1", |request| request)
        .await
        .is(405);
    client.get("/no/such/route?x=1").await.is(404);
    // Pages that strangers link to ignore what others add to an address.
    client.get("/sign-in?utm_source=x").await.is(200);
    client.get("/docs?utm_source=x").await.is(200);
}
