//! An answer, as a response: kept or live, with where it came from.

use std::io;

use futures_util::stream;
use hyper::body::Bytes;
use poem::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use poem::{Body, IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::registry::{
    MetaHeader, MetaMediaType, MetaResponse, MetaResponses, MetaSchema, MetaSchemaRef, Registry,
};

use super::entry::Entry;
use super::error::Error;
use super::flight::Reader;
use super::upstream::{Head, UpstreamError};

/// Says where an answer came from.
const X_CACHE: HeaderName = HeaderName::from_static("x-cache");

/// The source of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// From the cache, where it has been for so many seconds.
    Hit(i64),
    /// From the upstream.
    Miss,
    /// From the upstream, without the cache.
    Bypass,
    /// From a call that another request had made.
    Coalesced,
}

/// An answer of the upstream, now or once.
#[derive(Debug)]
pub(super) struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    source: Source,
    body: Content,
}

#[derive(Debug)]
enum Content {
    Whole(Bytes),
    Live(Reader),
}

impl Answer {
    /// The answer that was kept `age` seconds ago.
    pub(super) fn kept(entry: Entry, age: i64) -> Self {
        let mut headers = HeaderMap::new();
        if let Ok(content_type) = HeaderValue::try_from(entry.head.content_type) {
            headers.insert(header::CONTENT_TYPE, content_type);
        }
        Self {
            status: StatusCode::OK,
            headers,
            source: Source::Hit(age),
            body: Content::Whole(entry.body),
        }
    }

    /// The answer that `reader` reads.
    pub(super) fn live(head: Head, reader: Reader, source: Source) -> Self {
        Self {
            status: head.status,
            headers: head.headers,
            source,
            body: Content::Live(reader),
        }
    }
}

impl Answer {
    /// The same with the body that `change` makes of a whole one of at most `max_bytes`; as it is
    /// where it is an error.
    ///
    /// # Errors
    /// [`UpstreamError::Unavailable`] where the body is longer, breaks off, or cannot be changed.
    pub(super) async fn changed(
        mut self,
        max_bytes: usize,
        change: impl FnOnce(&[u8]) -> Option<Vec<u8>>,
    ) -> Result<Self, Error> {
        if self.status != StatusCode::OK {
            return Ok(self);
        }
        let mut body = Vec::new();
        match &self.body {
            Content::Whole(bytes) => body.extend_from_slice(bytes),
            Content::Live(reader) => {
                while let Some(part) = reader.next().await {
                    body.extend_from_slice(&part?);
                    if body.len() > max_bytes {
                        break;
                    }
                }
            }
        }
        let short = Some(body).filter(|body| body.len() <= max_bytes);
        let changed = short.and_then(|body| change(&body));
        self.body = Content::Whole(changed.ok_or(UpstreamError::Unavailable)?.into());
        // It was that of the body before the change.
        self.headers.remove(header::CONTENT_LENGTH);
        Ok(self)
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let body = match self.body {
            Content::Whole(bytes) => Body::from_bytes(bytes),
            // Dropped with the response, the reader has gone.
            Content::Live(reader) => {
                Body::from_bytes_stream(stream::unfold(Some(reader), async |reader| {
                    let reader = reader?;
                    Some(match reader.next().await? {
                        Ok(part) => (Ok::<_, io::Error>(part), Some(reader)),
                        // The client sees a body that breaks off, and no end.
                        Err(error) => (Err(io::Error::other(error)), None),
                    })
                }))
            }
        };
        let mut response = Response::builder().status(self.status).body(body);
        let headers = response.headers_mut();
        headers.extend(self.headers);
        let name = match self.source {
            Source::Hit(age) => {
                headers.insert(header::AGE, HeaderValue::from(age));
                "HIT"
            }
            Source::Miss => "MISS",
            Source::Bypass => "BYPASS",
            Source::Coalesced => "COALESCED",
        };
        headers.insert(X_CACHE, HeaderValue::from_static(name));
        response
    }
}

impl ApiResponse for Answer {
    fn meta() -> MetaResponses {
        let text = |name: &str, values: &[&str], description: &str, required| MetaHeader {
            name: name.to_owned(),
            description: Some(description.to_owned()),
            required,
            deprecated: false,
            schema: MetaSchemaRef::Inline(Box::new(MetaSchema {
                enum_items: values.iter().map(|value| (*value).into()).collect(),
                ..MetaSchema::new(if values.is_empty() {
                    "integer"
                } else {
                    "string"
                })
            })),
        };
        let headers = vec![
            text(
                "X-Cache",
                &["HIT", "MISS", "BYPASS", "COALESCED"],
                "Where the answer came from: the cache, the upstream, the upstream without the \
                 cache, another request's call.",
                true,
            ),
            text("Age", &[], "Of a HIT: seconds since it was kept.", false),
        ];
        let media = |content_type, schema| MetaMediaType {
            content_type,
            schema: MetaSchemaRef::Inline(Box::new(schema)),
        };
        MetaResponses {
            responses: vec![MetaResponse {
                description: "The answer of the language model's server, or the one that it gave \
                    before. Its errors come back with their own status and body.",
                status: Some(200),
                status_range: None,
                content: vec![
                    media("application/json", MetaSchema::new("object")),
                    media("text/event-stream", MetaSchema::new("string")),
                ],
                headers,
            }],
        }
    }

    fn register(_: &mut Registry) {}
}
