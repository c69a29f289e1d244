//! The audit trail as a file: a stream of JSON lines in the memory of a page, and itself recorded.

use std::io;

use futures_util::StreamExt;
use hyper::body::Bytes;
use poem::http::{HeaderValue, header};
use poem::{Body, IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::registry::{
    MetaMediaType, MetaResponse, MetaResponses, MetaSchema, MetaSchemaRef, Registry,
};

use crate::audit::{Action, Filter};
use crate::auth::{ActingAs, Auth, Error};

/// The media type of JSON lines.
pub const NDJSON: &str = "application/x-ndjson";

/// An export that has begun.
pub struct Export(Body);

impl Export {
    /// Begins an export of what fits `filter`, newest first, and records it.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; an outage. One that comes later breaks the body off.
    pub async fn begin(auth: &Auth, filter: Filter, by: &ActingAs) -> Result<Self, Error> {
        let detail = filter.to_string();
        let lines = auth.audit.export(filter).await?;
        // Recorded before the first line leaves: no client may hold events whose export the trail
        // lacks.
        let recorded = async { true };
        auth.administration
            .do_recorded(by, Action::AuditExported, detail, recorded)
            .await?;
        let lines = lines.map(|lines| {
            lines.map(Bytes::from).map_err(|error| {
                tracing::error!(%error, "an export broke off");
                io::Error::other(error)
            })
        });
        Ok(Self(Body::from_bytes_stream(lines)))
    }
}

impl IntoResponse for Export {
    fn into_response(self) -> Response {
        let mut response = Response::builder().body(self.0);
        let headers = response.headers_mut();
        let file = HeaderValue::from_static("attachment; filename=\"audit.ndjson\"");
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(NDJSON));
        headers.insert(header::CONTENT_DISPOSITION, file);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

impl ApiResponse for Export {
    fn meta() -> MetaResponses {
        MetaResponses {
            responses: vec![MetaResponse {
                description: "One JSON object a line, each an event as `GET /admin/audit` gives it.",
                status: Some(200),
                status_range: None,
                content: vec![MetaMediaType {
                    content_type: NDJSON,
                    schema: MetaSchemaRef::Inline(Box::new(MetaSchema::new("string"))),
                }],
                headers: Vec::new(),
            }],
        }
    }

    fn register(_: &mut Registry) {}
}
