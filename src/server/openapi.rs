//! The OpenAPI document: what poem-openapi renders of the routes, mended where it falls short.

use std::collections::HashMap;

use poem::endpoint::BoxEndpoint;
use poem::http::Method;
use poem_openapi::registry::{MetaApi, Registry};
use poem_openapi::{OpenApi, OpenApiService};
use serde_json::{Value, json};

use crate::admin::audit_api::AuditApi;
use crate::admin::overview_api::OverviewApi;
use crate::admin::users_api::UsersApi;
use crate::auth::api::AuthApi;
use crate::auth::oauth::OAuthApi;
use crate::health::CheckName;
use crate::health::api::HealthApi;
use crate::llm::api::LlmApi;

/// Every group of routes.
pub type Apis = (
    AuthApi,
    OAuthApi,
    LlmApi,
    HealthApi,
    OverviewApi,
    UsersApi,
    AuditApi,
);

const DESCRIPTION: &str = "Sign-in for your own applications: accounts, access tokens (JWT), \
    rotating refresh tokens, sessions, forward-auth. Errors are problem documents (RFC 9457) with \
    a stable `code`; the routes under `/auth/token`, `/auth/introspect` and `/auth/revoke` use the \
    bodies of their RFCs, and those under `/v1` add the `error` member that OpenAI's clients read. \
    A query parameter that a route does not list is answered 400 `invalid_parameter`, except at \
    `/auth/verify` and where an RFC has unknown ones ignored.";

/// The declarations of the routes without the routes: the document needs no server behind it.
struct Declarations;

impl OpenApi for Declarations {
    fn meta() -> Vec<MetaApi> {
        Apis::meta()
    }

    fn register(registry: &mut Registry) {
        Apis::register(registry);
    }

    fn add_routes(self, _: &mut HashMap<String, HashMap<Method, BoxEndpoint<'static>>>) {}
}

/// The document, as it is served; `openapi/aura.json` holds it too, under a mark of its own.
#[must_use]
pub fn document() -> Value {
    let service = OpenApiService::new(Declarations, "aura", env!("CARGO_PKG_VERSION"));
    let spec = service.description(DESCRIPTION).spec();
    let mut document: Value = serde_json::from_str(&spec).unwrap_or_default();
    document["info"]["license"] = json!({
        "name": env!("CARGO_PKG_LICENSE"),
        "url": "https://www.apache.org/licenses/LICENSE-2.0",
    });
    // The flow's scopes are mandatory in OpenAPI 3.0, even where there are none.
    document["components"]["securitySchemes"]["oauth2"]["flows"]["password"]["scopes"] = json!({});
    // poem-openapi calls every union an object, and this one is a text or a list.
    if let Some(audience) = document["components"]["schemas"]["Audience"].as_object_mut() {
        audience.remove("type");
    }
    if let Some(paths) = document["paths"].as_object_mut() {
        // "/health/" is what a prefix and "/" make of the route at "/health".
        let mended: serde_json::Map<String, Value> = std::mem::take(paths)
            .into_iter()
            .map(|(path, item)| {
                let trimmed = path.trim_end_matches('/');
                (
                    if trimmed.is_empty() {
                        path
                    } else {
                        trimmed.to_owned()
                    },
                    item,
                )
            })
            .collect();
        *paths = mended;
        expand_checks(paths);
        for item in paths.values_mut() {
            mend_media_types(item);
        }
    }
    document
}

/// Lists every check under its own address: the router takes the name as a parameter, but the
/// names are few and known.
fn expand_checks(paths: &mut serde_json::Map<String, Value>) {
    let Some(mut item) = paths.remove("/health/{check}") else {
        return;
    };
    if let Some(operation) = item["get"].as_object_mut() {
        operation.remove("parameters");
        operation["responses"]
            .as_object_mut()
            .map(|responses| responses.remove("404"));
    }
    for name in CheckName::ALL {
        let name = name.as_str();
        item["get"]["operationId"] = json!(format!("health_{name}"));
        item["get"]["summary"] = json!(format!("How is {name}?"));
        paths.insert(format!("/health/{name}"), item.clone());
    }
}

/// Replaces `application/json; charset=utf-8`, which clients do not look for: JSON has no charset
/// (RFC 8259 section 11).
fn mend_media_types(value: &mut Value) {
    match value {
        Value::Object(map) => {
            if let Some(schema) = map.remove("application/json; charset=utf-8") {
                map.insert("application/json".to_owned(), schema);
            }
            map.values_mut().for_each(mend_media_types);
        }
        Value::Array(items) => items.iter_mut().for_each(mend_media_types),
        _ => {}
    }
}

/// The document as text: two spaces, one newline at the end, the same bytes on every machine.
#[must_use]
pub fn text(document: &Value) -> String {
    let mut text = serde_json::to_string_pretty(document).unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_takes_no_runtime_and_no_thread() {
        let threads = || std::fs::read_dir("/proc/self/task").unwrap().count();
        let before = threads();
        let document = document();
        assert_eq!(threads(), before);
        assert!(tokio::runtime::Handle::try_current().is_err());
        assert!(document["paths"]["/auth/login"].is_object());
    }
}
