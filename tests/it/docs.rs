//! Proves that the OpenAPI document is committed, complete and sound, and that Swagger UI comes
//! from the binary: cacheable, compressed, and under a policy that lets in nothing else.

use std::collections::BTreeSet;
use std::path::Path;

use reqwest::Method;
use serde_json::Value;

use crate::support::{Aura, Settings};

fn committed() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi/aura.json");
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn document() -> Value {
    serde_json::from_str(&committed()).expect("JSON")
}

/// Every operation with its method and route.
fn operations(document: &Value) -> Vec<(String, &Value)> {
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("methods") {
            operations.push((format!("{} {path}", method.to_uppercase()), operation));
        }
    }
    operations
}

/// Calls `visit` with every object in `value`.
fn each_object<'a>(value: &'a Value, visit: &mut impl FnMut(&'a serde_json::Map<String, Value>)) {
    match value {
        Value::Object(members) => {
            visit(members);
            members
                .values()
                .for_each(|member| each_object(member, visit));
        }
        Value::Array(items) => items.iter().for_each(|item| each_object(item, visit)),
        _ => {}
    }
}

#[test]
fn contributing_names_the_tests_of_every_route() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/contributing.md")).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `/"));
    let rows: Vec<_> = rows.filter_map(|row| row.split_once('|')).collect();
    for (_, tests) in &rows {
        for file in tests.split('`').skip(1).step_by(2) {
            assert!(root.join("tests/it").join(file).exists(), "{file}");
        }
    }
    for (operation, _) in operations(&document()) {
        let (_, path) = operation.split_once(" /").unwrap();
        let row = rows
            .iter()
            .any(|(route, _)| path.starts_with(route.trim().trim_end_matches('`')));
        assert!(row, "docs/contributing.md has no tests of {operation}");
    }
}

#[tokio::test]
async fn the_document_is_the_same_committed_generated_and_served() {
    let hint = "run `cargo run -- generate openapi --out .`";
    // Without any setting, as CI runs it.
    let generated = Settings::embedded().run(&["generate", "openapi"]).await;
    assert_eq!(generated.status.code(), Some(0), "{generated:?}");
    let generated = String::from_utf8(generated.stdout).unwrap();
    assert!(
        generated == committed(),
        "openapi/aura.json has drifted: {hint}"
    );
    let aura = Settings::new().start().await;
    let served = aura.client().get("/openapi.json").await;
    assert_eq!(served.is(200).header("content-type"), "application/json");
    // The file says who made it; the server has no need to.
    let mut bare: Value = serde_json::from_str(&generated).expect("JSON");
    let mark = bare
        .as_object_mut()
        .and_then(|document| document.shift_remove("x-generated-by"));
    assert!(mark.is_some());
    assert!(
        served.json == bare,
        "the server serves another document: {hint}"
    );
    let yaml = aura.client().get("/openapi.yaml").await;
    assert!(yaml.is(200).text.contains("openapi: "), "{}", yaml.text);
    assert!(yaml.text.contains("/auth/login"), "{}", yaml.text);
}

#[test]
fn the_document_is_sound() {
    let document = document();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.0"));
    for member in ["title", "version", "description"] {
        assert!(document["info"][member].is_string(), "info.{member}");
    }
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    each_object(&document, &mut |members| {
        if let Some(Value::String(reference)) = members.get("$ref") {
            let pointer = reference
                .strip_prefix('#')
                .expect("a reference inside the document");
            assert!(
                document.pointer(pointer).is_some(),
                "{reference} leads nowhere"
            );
        }
        // Examples of errors say what OpenAI calls them.
        let is_error = members.get("message").is_some_and(Value::is_string);
        if let Some(Value::String(kind)) = members.get("type").filter(|_| !is_error) {
            let known = ["object", "array", "string", "integer", "number", "boolean"];
            let scheme = ["http", "oauth2", "apiKey", "about:blank"];
            let known = known.contains(&kind.as_str()) || scheme.contains(&kind.as_str());
            assert!(known, "a type that OpenAPI does not know: {kind}");
        }
        if let Some(Value::Array(required)) = members.get("required") {
            let properties = members["properties"].as_object().expect("properties");
            for name in required {
                assert!(
                    properties.contains_key(name.as_str().unwrap()),
                    "{name} of {members:?}"
                );
            }
        }
    });
}

#[test]
fn every_route_of_the_design_is_documented() {
    let document = document();
    let documented: BTreeSet<String> = operations(&document)
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    for operation in [
        "POST /auth/register",
        "POST /auth/login",
        "POST /auth/token",
        "POST /auth/refresh",
        "POST /auth/logout",
        "POST /auth/logout-all",
        "GET /auth/me",
        "DELETE /auth/me",
        "POST /auth/password",
        "POST /auth/password/reset",
        "GET /auth/sessions",
        "DELETE /auth/sessions/{id}",
        "POST /auth/introspect",
        "POST /auth/revoke",
        "GET /auth/verify",
        "GET /.well-known/jwks.json",
        "GET /health",
        "GET /health/live",
        "GET /health/ready",
        "GET /health/startup",
    ] {
        assert!(
            documented.contains(operation),
            "{operation} is not in {documented:#?}"
        );
    }
    let redis = ["GET /health/redis", "GET /health/{check}"];
    assert!(
        redis
            .iter()
            .any(|operation| documented.contains(*operation))
    );
}

#[test]
fn every_operation_is_named_described_and_protected_as_it_is() {
    let document = document();
    let mut ids = BTreeSet::new();
    for (name, operation) in operations(&document) {
        let id = operation["operationId"]
            .as_str()
            .unwrap_or_else(|| panic!("{name} has no id"));
        assert!(ids.insert(id), "{id} stands twice");
        assert!(operation["summary"].is_string(), "{name} has no summary");
        assert!(
            !operation["tags"].as_array().unwrap().is_empty(),
            "{name} has no tag"
        );
        let security = operation["security"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let mut schemes: Vec<&String> = security
            .iter()
            .flat_map(|one| one.as_object().unwrap().keys())
            .collect();
        schemes.sort_unstable();
        let public = [
            "POST /auth/register",
            "POST /auth/login",
            "POST /auth/token",
            "POST /auth/refresh",
            "POST /auth/password/reset",
            "GET /.well-known/jwks.json",
            "GET /.well-known/oauth-authorization-server",
        ];
        if public.contains(&name.as_str()) || name.starts_with("GET /health") {
            assert!(schemes.is_empty(), "{name} needs {schemes:?}");
        } else if ["POST /auth/introspect", "POST /auth/revoke"].contains(&name.as_str()) {
            assert_eq!(schemes, ["client"], "{name}");
        } else {
            assert_eq!(schemes, ["bearer", "oauth2"], "{name}");
            assert!(
                operation["responses"]["401"].is_object(),
                "{name} cannot refuse"
            );
        }
    }
    let schemes = &document["components"]["securitySchemes"];
    assert_eq!(schemes["bearer"]["scheme"], "bearer");
    assert_eq!(schemes["client"]["scheme"], "basic");
    let flow = &schemes["oauth2"]["flows"]["password"];
    assert_eq!(flow["tokenUrl"], "/auth/token");
    assert!(flow["scopes"].is_object(), "mandatory in OpenAPI 3.0");
}

#[test]
fn every_error_is_documented_with_its_codes_and_an_example() {
    let document = document();
    let oauth = [
        "POST /auth/token",
        "POST /auth/introspect",
        "POST /auth/revoke",
    ];
    for (name, operation) in operations(&document) {
        for (status, response) in operation["responses"].as_object().unwrap() {
            let number: u16 = status.parse().unwrap();
            assert!(response["description"].is_string(), "{name} {status}");
            // Health says how it is in the same body, good or bad.
            let health = name.starts_with("GET /health") && number == 503;
            if number < 400 || health {
                continue;
            }
            let (kind, member) = if oauth.contains(&name.as_str()) {
                ("application/json", "error")
            } else {
                ("application/problem+json", "code")
            };
            let content = &response["content"][kind];
            assert!(content.is_object(), "{name} {status} has no {kind}");
            let mut codes = BTreeSet::new();
            each_object(&content["schema"], &mut |members| {
                let values = members
                    .get(member)
                    .and_then(|schema| schema["enum"].as_array());
                codes.extend(values.into_iter().flatten().filter_map(Value::as_str));
            });
            assert!(!codes.is_empty(), "{name} {status} lists no {member}");
            let example = content
                .get("example")
                .unwrap_or(&content["schema"]["example"]);
            let shown = example[member].as_str();
            assert!(
                shown.is_some_and(|shown| codes.contains(shown)),
                "{name} {status}: {example}"
            );
            if member == "code" {
                assert_eq!(example["status"], number, "{name} {status}: {example}");
            }
        }
    }
}

/// A client that leaves compressed bodies as they are.
async fn fetch(
    aura: &Aura,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
) -> reqwest::Response {
    let client = reqwest::Client::builder()
        .no_gzip()
        .no_proxy()
        .build()
        .unwrap();
    let mut request = client.request(method, format!("http://{}{path}", aura.address()));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

fn header(response: &reqwest::Response, name: &str) -> String {
    let value = response
        .headers()
        .get(name)
        .map(|value| value.to_str().unwrap());
    value.unwrap_or_default().to_owned()
}

fn unpacked(bytes: &[u8]) -> String {
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(bytes), &mut text).unwrap();
    text
}

#[tokio::test]
async fn swagger_ui_is_served_by_the_binary_compressed_and_cacheable() {
    let aura = Settings::new().start().await;
    for (path, kind) in [
        ("/docs", "text/html"),
        ("/docs/app.js", "text/javascript"),
        ("/docs/app.css", "text/css"),
        ("/docs/swagger-ui-bundle.js.LICENSE.txt", "text/plain"),
        ("/openapi.json", "application/json"),
    ] {
        let plain = fetch(&aura, Method::GET, path, &[]).await;
        assert_eq!(plain.status(), 200, "{path}");
        assert!(
            header(&plain, "content-type").starts_with(kind),
            "{path}: {plain:?}"
        );
        assert_eq!(header(&plain, "content-encoding"), "", "{path}");
        assert!(
            header(&plain, "vary")
                .to_lowercase()
                .contains("accept-encoding"),
            "{path}"
        );
        let etag = header(&plain, "etag");
        assert!(!etag.is_empty(), "{path} has no ETag");
        let policy = header(&plain, "content-security-policy");
        assert!(
            policy.contains("script-src 'self'") && !policy.contains("unsafe"),
            "{policy}"
        );
        assert!(!policy.contains("http"), "no other host: {policy}");
        let text = plain.text().await.unwrap();
        assert!(!text.is_empty(), "{path} is empty");

        let packed = fetch(&aura, Method::GET, path, &[("accept-encoding", "br, gzip")]).await;
        assert_eq!(header(&packed, "content-encoding"), "gzip", "{path}");
        let bytes = packed.bytes().await.unwrap();
        assert!(bytes.len() < text.len(), "{path}");
        assert_eq!(unpacked(&bytes), text, "{path}");

        let list = format!("\"other\", {etag}");
        for same in [etag.as_str(), list.as_str()] {
            let known = fetch(&aura, Method::GET, path, &[("if-none-match", same)]).await;
            assert_eq!(known.status(), 304, "{path} {same}");
            assert_eq!(header(&known, "etag"), etag, "{path}");
            assert!(known.bytes().await.unwrap().is_empty(), "{path}");
        }
        let other = fetch(&aura, Method::GET, path, &[("if-none-match", "\"other\"")]).await;
        assert_eq!(other.status(), 200, "{path}");
        let head = fetch(&aura, Method::HEAD, path, &[]).await;
        assert_eq!(head.status(), 200, "{path}");
        assert!(head.bytes().await.unwrap().is_empty(), "{path}");
    }
    let page = aura.client().get("/docs").await.text;
    for inline in [
        "<script>",
        "<style",
        "onload=",
        "style=",
        "javascript:",
        "https://",
        "http://",
    ] {
        assert!(!page.contains(inline), "{inline} in {page}");
    }
}

#[tokio::test]
async fn the_start_page_leads_to_the_sign_in_and_every_page_to_swagger_ui() {
    let aura = Settings::new().start().await;
    let answer = aura.client().get("/").await;
    answer.is(303);
    assert_eq!(answer.header("location"), "/sign-in");
    let page = aura.client().get("/sign-in").await;
    assert!(page.is(200).text.contains("href=\"/docs\""), "{page:#?}");
}
