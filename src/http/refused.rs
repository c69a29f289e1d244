//! [`Refused`]: a [`Problem`] that a route has declared, so that the OpenAPI document lists every
//! code of every route and cannot leave one out.

use std::marker::PhantomData;

use poem::{IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::registry::{
    MetaHeader, MetaMediaType, MetaResponse, MetaResponses, MetaSchema, MetaSchemaRef, Registry,
};
use poem_openapi::types::Type;
use serde_json::json;

use super::code::Code;
use super::documents::{Dialect, oauth_error, openai_error};
use super::problem::Problem;

/// The codes that a route may answer with.
pub trait Codes: Send + Sync + 'static {
    /// Groups of codes; a code may stand in more than one.
    const CODES: &'static [&'static [Code]];

    /// The error body of the route.
    const DIALECT: Dialect = Dialect::Problem;
}

/// Problems of any route with a body, until the body is read.
pub const BODY: &[Code] = &[
    Code::MalformedBody,
    Code::RequestTimeout,
    Code::BodyTooLarge,
    Code::UnsupportedMediaType,
    Code::InvalidInput,
    Code::Busy,
];

/// Problems of any route behind an access token.
pub const BEARER: &[Code] = &[
    Code::MissingToken,
    Code::InvalidToken,
    Code::TokensUnavailable,
];

/// Problems of any rate-limited route.
pub const LIMITED: &[Code] = &[Code::RateLimited, Code::LimitsUnavailable];

/// Problems of any route that queries the database.
pub const DATABASE: &[Code] = &[Code::DatabaseUnavailable, Code::Internal];

/// Problems of any route that hashes a password.
pub const HASHING: &[Code] = &[Code::Busy];

/// Declares the codes of routes: `Register: Problem = [BODY, &[Code::EmailTaken]];`.
macro_rules! route_codes {
    ($($(#[$meta:meta])* $name:ident: $dialect:ident = [$($group:expr),+ $(,)?];)+) => {$(
        $(#[$meta])*
        #[derive(Debug)]
        pub struct $name;
        impl $crate::http::refused::Codes for $name {
            const CODES: &'static [&'static [$crate::http::code::Code]] = &[$($group),+];
            const DIALECT: $crate::http::documents::Dialect =
                $crate::http::documents::Dialect::$dialect;
        }
    )+};
}
pub(crate) use route_codes;

/// A problem out of the list `C`.
#[derive(Debug)]
pub struct Refused<C>(Problem, PhantomData<C>);

impl<C: Codes, E: Into<Problem>> From<E> for Refused<C> {
    fn from(error: E) -> Self {
        let problem = error.into();
        let declared = C::CODES.iter().any(|group| group.contains(&problem.code));
        // A debug build fails, so that a test finds it; a release build still answers the caller.
        debug_assert!(declared, "{:?} is not declared by this route", problem.code);
        if !declared {
            tracing::error!(
                code = problem.code.as_str(),
                "a route answers an undeclared code"
            );
        }
        Self(problem, PhantomData)
    }
}

impl<C: Codes> IntoResponse for Refused<C> {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}

impl<C: Codes> From<Refused<C>> for poem::Error {
    fn from(refused: Refused<C>) -> Self {
        refused.0.into()
    }
}

impl<C: Codes> ApiResponse for Refused<C> {
    fn meta() -> MetaResponses {
        // Status, then the names that stand in the body under it.
        let mut statuses: Vec<(u16, Vec<&'static str>)> = Vec::new();
        for code in C::CODES.iter().copied().flatten() {
            let (status, name) = match C::DIALECT {
                Dialect::Problem | Dialect::OpenAi => (code.status(), code.as_str()),
                Dialect::OAuth => oauth_error(*code),
            };
            match statuses
                .iter_mut()
                .find(|(known, _)| *known == status.as_u16())
            {
                Some((_, names)) if names.contains(&name) => {}
                Some((_, names)) => names.push(name),
                None => statuses.push((status.as_u16(), vec![name])),
            }
        }
        statuses.sort();
        let responses = statuses
            .into_iter()
            .map(|(status, names)| MetaResponse {
                description: reason(status),
                status: Some(status),
                status_range: None,
                content: vec![match C::DIALECT {
                    Dialect::Problem => problem_body::<ProblemDocument>(status, &names, C::DIALECT),
                    Dialect::OpenAi => {
                        problem_body::<OpenAiProblemDocument>(status, &names, C::DIALECT)
                    }
                    Dialect::OAuth => oauth_body(&names),
                }],
                headers: headers(status),
            })
            .collect();
        MetaResponses { responses }
    }

    fn register(registry: &mut Registry) {
        match C::DIALECT {
            Dialect::Problem => ProblemDocument::register(registry),
            Dialect::OpenAi => OpenAiProblemDocument::register(registry),
            Dialect::OAuth => OAuthErrorDocument::register(registry),
        }
    }
}

/// The dialect of an operation of the OpenAPI document, by the schema that its errors refer to.
#[must_use]
pub fn dialect_of(operation: &serde_json::Value) -> Dialect {
    let responses = operation["responses"].to_string();
    let refers_to =
        |schema: &str| responses.contains(&format!("\"#/components/schemas/{schema}\""));
    if refers_to(&OAuthErrorDocument::name()) {
        Dialect::OAuth
    } else if refers_to(&OpenAiProblemDocument::name()) {
        Dialect::OpenAi
    } else {
        Dialect::Problem
    }
}

/// A problem document, narrowed to the codes that can stand in it under one status.
fn problem_body<T: Type>(status: u16, codes: &[&'static str], dialect: Dialect) -> MetaMediaType {
    let mut all = Code::ALL.iter().copied();
    let first = all.find(|code| Some(&code.as_str()) == codes.first());
    let example = first.map(|code| {
        let mut example = example(code, status);
        if dialect == Dialect::OpenAi {
            example["error"] = openai_error(code, code.title());
        }
        example
    });
    MetaMediaType {
        content_type: "application/problem+json",
        schema: narrowed::<T>("code", codes, example),
    }
}

fn oauth_body(errors: &[&'static str]) -> MetaMediaType {
    let example = errors.first().map(|error| json!({"error": error}));
    MetaMediaType {
        content_type: "application/json",
        schema: narrowed::<OAuthErrorDocument>("error", errors, example),
    }
}

/// The headers that come with a status.
fn headers(status: u16) -> Vec<MetaHeader> {
    let header = |name: &str, description: &str, ty| MetaHeader {
        name: name.to_owned(),
        description: Some(description.to_owned()),
        required: true,
        deprecated: false,
        schema: MetaSchemaRef::Inline(Box::new(MetaSchema::new(ty))),
    };
    let retry = || {
        header(
            "Retry-After",
            "Seconds to wait before trying again.",
            "integer",
        )
    };
    match status {
        401 => vec![header(
            "WWW-Authenticate",
            "Which credentials are wanted.",
            "string",
        )],
        429 => vec![
            retry(),
            header(
                "RateLimit-Policy",
                "Each limit: calls (q) in seconds (w).",
                "string",
            ),
            header(
                "RateLimit",
                "Each limit: calls left (r), seconds to its end (t).",
                "string",
            ),
        ],
        503 => vec![retry()],
        _ => Vec::new(),
    }
}

fn narrowed<T: Type>(
    property: &'static str,
    values: &[&'static str],
    example: Option<serde_json::Value>,
) -> MetaSchemaRef {
    let values = MetaSchema {
        enum_items: values.iter().map(|value| json!(value)).collect(),
        ..MetaSchema::new("string")
    };
    let only = MetaSchema {
        properties: vec![(property, MetaSchemaRef::Inline(Box::new(values)))],
        ..MetaSchema::new("object")
    };
    MetaSchemaRef::Inline(Box::new(MetaSchema {
        all_of: vec![T::schema_ref(), MetaSchemaRef::Inline(Box::new(only))],
        example,
        ..MetaSchema::ANY
    }))
}

fn reason(status: u16) -> &'static str {
    poem::http::StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or("Refused")
}

fn example(code: Code, status: u16) -> serde_json::Value {
    let mut body = json!({
        "type": "about:blank",
        "title": code.title(),
        "status": status,
        "detail": code.title(),
        "code": code.as_str(),
        "instance": "01980a52-7f3c-4b6e-9a51-0c4d6f1d2e3a",
    });
    if code == Code::InvalidInput {
        body["errors"] = json!([{
            "field": "email",
            "code": "invalid_email",
            "message": "an e-mail address has one @ with a domain behind it",
        }]);
    }
    body
}

/// An error, after RFC 9457.
#[derive(poem_openapi::Object)]
#[oai(rename = "Problem")]
struct ProblemDocument {
    /// A URI of the problem's kind; `about:blank`: the title says it all.
    r#type: String,
    /// A short summary of the kind of problem, for people.
    title: String,
    /// The HTTP status.
    status: u16,
    /// This occurrence and its remedy.
    detail: String,
    /// The kind of problem, for programs: stable.
    code: String,
    /// The id of the request, also in the header `X-Request-Id`; quote it when you ask for help.
    instance: String,
    /// The fields at fault, when the code is `invalid_input`.
    errors: Option<Vec<FieldErrorDocument>>,
}

/// An error, after RFC 9457, with what OpenAI's clients read beside it.
#[derive(poem_openapi::Object)]
#[oai(rename = "LlmProblem")]
struct OpenAiProblemDocument {
    #[oai(flatten)]
    problem: ProblemDocument,
    /// The same once more, as OpenAI's API says it.
    error: OpenAiErrorDocument,
}

/// An error, as OpenAI's API says it.
#[derive(poem_openapi::Object)]
#[oai(rename = "LlmError")]
struct OpenAiErrorDocument {
    /// This occurrence and its remedy.
    message: String,
    /// The family of the error.
    r#type: String,
    /// The kind of problem, for programs: stable.
    code: String,
}

/// A fault of one field of the input.
#[derive(poem_openapi::Object)]
#[oai(rename = "FieldError")]
struct FieldErrorDocument {
    /// The field's name.
    field: String,
    /// The kind of fault, for programs: stable.
    code: String,
    /// The fault and its remedy.
    message: String,
}

/// An error, after RFC 6749 section 5.2.
#[derive(poem_openapi::Object)]
#[oai(rename = "OAuthError")]
struct OAuthErrorDocument {
    /// The kind of error, for programs.
    error: String,
    /// A description of the error, for people.
    error_description: Option<String>,
}
