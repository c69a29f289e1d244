//! Answers that are compressed where the client takes that: files served from the binary as they
//! are, and pages made for one request.

use std::io::Write;
use std::sync::{Arc, OnceLock};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::body::Bytes;
use poem::Response;
use poem::http::{HeaderMap, HeaderName, StatusCode, header};
use sha2::{Digest, Sha256};

/// Content that is served as it is.
pub struct Asset {
    content_type: &'static str,
    bytes: Bytes,
    etag: OnceLock<String>,
    gzip: OnceLock<Bytes>,
}

impl Asset {
    /// An asset of bytes that are in the binary, or are made once.
    pub fn new(content_type: &'static str, content: impl Into<Bytes>) -> Arc<Self> {
        let (etag, gzip) = (OnceLock::new(), OnceLock::new());
        Arc::new(Self {
            content_type,
            bytes: content.into(),
            etag,
            gzip,
        })
    }

    /// An asset that the binary holds compressed by zstd (RFC 8878), which is smaller than gzip.
    #[must_use]
    pub fn packed(content_type: &'static str, zstd: &[u8]) -> Arc<Self> {
        // Reading from memory does not fail; an empty answer would be seen at once.
        Self::new(content_type, zstd::decode_all(zstd).unwrap_or_default())
    }

    fn etag(&self) -> &str {
        self.etag.get_or_init(|| {
            let digest = Sha256::digest(&self.bytes);
            // Weak, because one tag stands for the plain and the compressed form (RFC 9110 section
            // 8.8.1).
            format!("W/\"{}\"", URL_SAFE_NO_PAD.encode(&digest[..12]))
        })
    }

    /// Compressed once, when it is first wanted.
    fn gzip(&self) -> Bytes {
        let compress = || gzip(&self.bytes, Compression::best());
        self.gzip.get_or_init(compress).clone()
    }

    /// The answer to a request with `headers`: unchanged, compressed, or as it is.
    #[must_use]
    pub fn answer(&self, headers: &HeaderMap) -> Response {
        let builder = Response::builder()
            .header(header::ETAG, self.etag())
            .header(header::VARY, "Accept-Encoding")
            .header(header::CACHE_CONTROL, "public, max-age=0, must-revalidate");
        if holds(headers, &header::IF_NONE_MATCH, self.etag())
            || holds(headers, &header::IF_NONE_MATCH, "*")
        {
            // With the headers that a 200 would have had (RFC 9110 section 15.4.5), which are set
            // above.
            return builder.status(StatusCode::NOT_MODIFIED).finish();
        }
        let builder = builder.header(header::CONTENT_TYPE, self.content_type);
        if takes_gzip(headers) {
            return builder
                .header(header::CONTENT_ENCODING, "gzip")
                .body(self.gzip());
        }
        builder.body(self.bytes.clone())
    }
}

/// A page of HTML, compressed where the client takes that.
#[must_use]
pub fn html(headers: &HeaderMap, status: StatusCode, page: String) -> Response {
    let builder = Response::builder()
        .status(status)
        .header(header::VARY, "Accept-Encoding")
        .header(header::CONTENT_TYPE, "text/html; charset=utf-8");
    if takes_gzip(headers) {
        return builder
            .header(header::CONTENT_ENCODING, "gzip")
            .body(gzip(page.as_bytes(), Compression::new(5)));
    }
    builder.body(page)
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    holds(headers, &header::ACCEPT_ENCODING, "gzip")
}

/// Checks whether `wanted` stands in a header that is a list, whatever its parameters.
fn holds(headers: &HeaderMap, name: &HeaderName, wanted: &str) -> bool {
    headers.get_all(name).iter().any(|value| {
        let tokens = value.to_str().unwrap_or_default().split(',');
        tokens
            .map(|token| token.split(';').next().unwrap_or_default().trim())
            .any(|token| token.eq_ignore_ascii_case(wanted))
    })
}

fn gzip(bytes: &[u8], level: Compression) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), level);
    // Writing to memory does not fail; an empty answer would be seen at once.
    let written = encoder.write_all(bytes);
    written
        .and_then(|()| encoder.finish())
        .unwrap_or_default()
        .into()
}
