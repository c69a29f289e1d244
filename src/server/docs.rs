//! Swagger UI and the document, served from the binary: no CDN, nothing inline, so that a content
//! security policy of `'self'` holds.

use std::sync::{Arc, LazyLock};

use poem::http::{HeaderValue, Method, header};
use poem::{Endpoint, Request, Response, Route, endpoint};
use serde_json::Value;
use tracing::Span;

use super::openapi::text;
use crate::http::asset::Asset;
use crate::http::{Code, Problem};

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const PAGE: &str = include_str!("../../templates/docs/index.html");
const START: &str = include_str!("../../templates/docs/start.js");

/// Swagger UI as it is published, compressed by `scripts/swagger-ui`.
macro_rules! swagger_ui {
    ($file:literal) => {
        include_bytes!(concat!("../../templates/docs/swagger-ui/", $file))
    };
}

/// An endpoint that serves what `asset` gives, to `GET` and `HEAD`.
fn serve(asset: fn() -> Arc<Asset>) -> impl Endpoint<Output = Response> {
    endpoint::make(move |request| respond(request, asset))
}

async fn respond(
    request: Request,
    asset: impl Fn() -> Arc<Asset> + Send + 'static,
) -> poem::Result<Response> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Err(Problem::from(Code::MethodNotAllowed).into());
    }
    // Unpacking and compressing a megabyte and more takes a while, once.
    let span = Span::current();
    let answer = move || span.in_scope(|| asset().answer(request.headers()));
    let answer = tokio::task::spawn_blocking(answer).await;
    let mut answer = answer.map_err(|_| Problem::internal())?;
    let policy = HeaderValue::from_static(POLICY);
    answer
        .headers_mut()
        .insert(header::CONTENT_SECURITY_POLICY, policy);
    Ok(answer)
}

/// The document as JSON.
pub(super) fn json(document: Arc<Value>) -> impl Endpoint<Output = Response> {
    let asset = LazyLock::new(move || Asset::new("application/json", text(&document)));
    shared(asset)
}

/// The document as YAML.
pub(super) fn yaml(document: Arc<Value>) -> impl Endpoint<Output = Response> {
    let asset = LazyLock::new(move || {
        let yaml = serde_saphyr::to_string(&*document).unwrap_or_default();
        Asset::new("application/yaml", yaml)
    });
    shared(asset)
}

fn shared<F>(asset: LazyLock<Arc<Asset>, F>) -> impl Endpoint<Output = Response>
where
    F: FnOnce() -> Arc<Asset> + Send + Sync + 'static,
{
    let asset = Arc::new(asset);
    endpoint::make(move |request| {
        let asset = Arc::clone(&asset);
        respond(request, move || Arc::clone(LazyLock::force(&asset)))
    })
}

const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Swagger UI: a page, its script, its style, and the line that starts it.
pub(super) fn swagger_ui() -> Route {
    Route::new()
        .at("/", serve(|| Asset::new("text/html; charset=utf-8", PAGE)))
        .at("/start.js", serve(|| Asset::new(SCRIPT, START)))
        .at("/app.js", serve(|| Arc::clone(&PARTS.0)))
        .at("/app.css", serve(|| Arc::clone(&PARTS.1)))
        // Where the first line of the script says that it is.
        .at(
            "/swagger-ui-bundle.js.LICENSE.txt",
            serve(|| Arc::clone(&PARTS.2)),
        )
}

/// Script, style and licences.
static PARTS: LazyLock<(Arc<Asset>, Arc<Asset>, Arc<Asset>)> = LazyLock::new(|| {
    (
        Asset::packed(SCRIPT, swagger_ui!("swagger-ui-bundle.js.zst")),
        Asset::packed("text/css; charset=utf-8", swagger_ui!("swagger-ui.css.zst")),
        Asset::packed(
            "text/plain; charset=utf-8",
            swagger_ui!("swagger-ui-bundle.js.LICENSE.txt.zst"),
        ),
    )
});
