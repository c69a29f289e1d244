//! [`Unread`]: a JSON body that is read only after the caller is known, and whose fields are the
//! upstream's business.

use hyper::body::Bytes;
use poem::{Request, RequestBody};
use poem_openapi::impl_apirequest_for_payload;
use poem_openapi::payload::{ParsePayload, Payload};
use poem_openapi::registry::{MetaSchema, MetaSchemaRef};
use serde_json::json;

use crate::http::Problem;
use crate::http::body::{self, BodyLimits};
use crate::http::budget::Budget;
use crate::identity::UserId;

/// A body that has not been read yet.
pub(super) struct Unread {
    announced: usize,
    limits: BodyLimits,
    body: poem::Body,
}

impl Unread {
    /// Reads at most `max_bytes`, as long as any body may take, in memory that `user` holds of
    /// `budget` until the last clone of the bytes is dropped.
    ///
    /// # Errors
    /// As [`body::read_within`]; `busy` where there is no memory for it.
    pub(super) async fn read(
        self,
        max_bytes: usize,
        budget: &Budget<UserId>,
        user: UserId,
    ) -> Result<Bytes, Problem> {
        let limits = BodyLimits {
            max_bytes,
            ..self.limits
        };
        let mut hold = budget.arriving(user);
        let bytes = body::read_within(self.announced, self.body, limits, &mut hold).await?;
        Ok(hold.attach_to(bytes))
    }
}

impl Payload for Unread {
    const CONTENT_TYPE: &'static str = "application/json";

    fn check_content_type(content_type: &str) -> bool {
        body::is_media_type(content_type, Self::CONTENT_TYPE)
    }

    fn schema_ref() -> MetaSchemaRef {
        let field = |name, ty, description| {
            let schema = MetaSchema {
                description: Some(description),
                ..MetaSchema::new(ty)
            };
            (name, MetaSchemaRef::Inline(Box::new(schema)))
        };
        let any_item = MetaSchemaRef::Inline(Box::new(MetaSchema::new("object")));
        let messages = MetaSchema {
            description: Some("The conversation so far."),
            items: Some(Box::new(any_item)),
            ..MetaSchema::new("array")
        };
        MetaSchemaRef::Inline(Box::new(MetaSchema {
            description: Some(
                "As the upstream documents it; the fields here are the usual ones. All of them \
                 reach it, and all of them are part of the cache's key.",
            ),
            properties: vec![
                field("model", "string", "Which model."),
                ("messages", MetaSchemaRef::Inline(Box::new(messages))),
                field("temperature", "number", "With 0 the answer is kept."),
                field("seed", "integer", "With a seed the answer is kept."),
                field("stream", "boolean", "Whether to send server-sent events."),
            ],
            example: Some(json!({
                "model": "gpt-4o-mini",
                "messages": [{"role": "user", "content": "Name three harbours."}],
                "temperature": 0,
            })),
            ..MetaSchema::new("object")
        }))
    }
}

impl ParsePayload for Unread {
    const IS_REQUIRED: bool = true;

    async fn from_request(request: &Request, unread: &mut RequestBody) -> poem::Result<Self> {
        let Some(limits) = request.data::<BodyLimits>().copied() else {
            return Err(Problem::internal().into());
        };
        let body = unread.take().map_err(|_| Problem::internal())?;
        Ok(Self {
            announced: body::announced(request),
            limits,
            body,
        })
    }
}

impl_apirequest_for_payload!(Unread);
