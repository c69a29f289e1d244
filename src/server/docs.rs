//! Swagger UI and the document, served from the binary: no CDN, nothing inline, so that a content
//! security policy of `'self'` holds.

use std::io::Write;
use std::sync::{Arc, LazyLock, OnceLock};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::body::Bytes;
use poem::http::{Method, StatusCode, header};
use poem::{Endpoint, Request, Response, Route, endpoint};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::method_not_allowed;
use super::openapi::text;

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

/// Something that is served as it is.
struct Asset {
    content_type: &'static str,
    bytes: Bytes,
    etag: OnceLock<String>,
    gzip: OnceLock<Bytes>,
}

impl Asset {
    fn new(content_type: &'static str, content: impl Into<Bytes>) -> Arc<Self> {
        let (etag, gzip) = (OnceLock::new(), OnceLock::new());
        Arc::new(Self {
            content_type,
            bytes: content.into(),
            etag,
            gzip,
        })
    }

    /// Of what is compressed in the binary (zstd, RFC 8878): smaller than what browsers take.
    fn packed(content_type: &'static str, zstd: &[u8]) -> Arc<Self> {
        // Reading from memory does not fail; an empty answer would be seen at once.
        Self::new(content_type, zstd::decode_all(zstd).unwrap_or_default())
    }

    fn etag(&self) -> &str {
        self.etag.get_or_init(|| {
            let digest = Sha256::digest(&self.bytes);
            format!("W/\"{}\"", URL_SAFE_NO_PAD.encode(&digest[..12]))
        })
    }

    /// Compressed once, when it is first wanted.
    fn gzip(&self) -> Bytes {
        let compress = || {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
            // Writing to memory does not fail; an empty answer would be seen at once.
            let written = encoder.write_all(&self.bytes);
            written
                .and_then(|()| encoder.finish())
                .unwrap_or_default()
                .into()
        };
        self.gzip.get_or_init(compress).clone()
    }

    fn answer(&self, request: &Request) -> Response {
        let headers = request.headers();
        let holds = |name, wanted: &str| {
            headers.get_all(name).iter().any(|value| {
                let tokens = value.to_str().unwrap_or_default().split(',');
                tokens
                    .map(|token| token.split(';').next().unwrap_or_default().trim())
                    .any(|token| token.eq_ignore_ascii_case(wanted))
            })
        };
        let builder = Response::builder()
            .header(header::ETAG, self.etag())
            .header(header::VARY, "Accept-Encoding")
            .header(header::CACHE_CONTROL, "public, max-age=0, must-revalidate")
            .header(header::CONTENT_SECURITY_POLICY, POLICY);
        if holds(header::IF_NONE_MATCH, self.etag()) || holds(header::IF_NONE_MATCH, "*") {
            return builder.status(StatusCode::NOT_MODIFIED).finish();
        }
        let builder = builder.header(header::CONTENT_TYPE, self.content_type);
        if holds(header::ACCEPT_ENCODING, "gzip") {
            return builder
                .header(header::CONTENT_ENCODING, "gzip")
                .body(self.gzip());
        }
        builder.body(self.bytes.clone())
    }
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
        return Err(method_not_allowed().into());
    }
    // Unpacking and compressing a megabyte and more takes a while, once.
    let answer = tokio::task::spawn_blocking(move || asset().answer(&request)).await;
    answer.map_err(|_| crate::http::Problem::internal().into())
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
