//! Turns every error, of handlers and of the framework, into the document of its route's dialect.

use poem::http::{HeaderValue, StatusCode, header};
use poem::{IntoResponse, Response};
use poem_openapi::error::{
    AuthorizationError, ContentTypeError, ParseParamError, ParsePathError, ParseRequestPayloadError,
};
use serde_json::{Value, json};

use super::code::Code;
use super::context::Context;
use super::problem::Problem;

/// The error body of a route, which declares it by `route_codes!`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// RFC 9457 problem documents.
    #[default]
    Problem,
    /// RFC 6749 section 5.2: `error` and `error_description`.
    OAuth,
    /// A problem document that has an `error` member beside, which OpenAI's clients read.
    OpenAi,
}

/// The response to `error`, still without its body when it is a [`Problem`].
#[must_use]
pub fn response_of(error: poem::Error) -> Response {
    if error.is_from_response() {
        return error.into_response();
    }
    problem_of(&error).into_response()
}

fn problem_of(error: &poem::Error) -> Problem {
    if error.is::<AuthorizationError>() {
        return Code::MissingToken.into();
    }
    if let Some(error) = error.downcast_ref::<ContentTypeError>() {
        return match error {
            ContentTypeError::NotSupported { .. } => Code::UnsupportedMediaType.into(),
            ContentTypeError::ExpectContentType => Problem::new(
                Code::UnsupportedMediaType,
                "the header Content-Type is missing",
            ),
        };
    }
    if error.is::<ParseRequestPayloadError>() {
        return Code::MalformedBody.into();
    }
    if let Some(error) = error.downcast_ref::<ParseParamError>() {
        let detail = format!("the parameter {} has no such value; see /docs", error.name);
        return Problem::new(Code::InvalidParameter, detail);
    }
    if error.is::<ParsePathError>() {
        let detail = "a part of the address has the wrong form; ids are UUIDs";
        return Problem::new(Code::InvalidParameter, detail);
    }
    match error.status() {
        StatusCode::NOT_FOUND => Code::NotFound.into(),
        StatusCode::METHOD_NOT_ALLOWED => Code::MethodNotAllowed.into(),
        status if status.is_client_error() => Problem::new(
            Code::InvalidParameter,
            "the address cannot be read; is it UTF-8?",
        ),
        _ => {
            tracing::error!(%error, "a request failed");
            Problem::internal()
        }
    }
}

/// Writes `problem` into the body of its response.
pub fn write(response: &mut Response, problem: &Problem, context: &Context, dialect: Dialect) {
    let (content_type, body) = match dialect {
        Dialect::Problem => ("application/problem+json", document(problem, context)),
        Dialect::OpenAi => {
            let mut body = document(problem, context);
            body["error"] = openai_error(problem.code, &problem.detail);
            ("application/problem+json", body)
        }
        Dialect::OAuth => {
            let (status, error) = oauth_error(problem.code);
            response.set_status(status);
            let headers = response.headers_mut();
            // These routes authenticate clients by Basic (RFC 6749 section 5.2), and no user by a
            // bearer token.
            headers.remove(header::WWW_AUTHENTICATE);
            if status == StatusCode::UNAUTHORIZED {
                let challenge = HeaderValue::from_static("Basic realm=\"aura\"");
                headers.insert(header::WWW_AUTHENTICATE, challenge);
            }
            let description = match problem.code {
                Code::MissingToken => {
                    "send the client's id and secret by Basic authentication or in the body"
                }
                _ => problem.detail.as_str(),
            };
            (
                "application/json",
                json!({"error": error, "error_description": description}),
            )
        }
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.set_body(body.to_string());
}

fn document(problem: &Problem, context: &Context) -> Value {
    let mut body = json!({
        "type": "about:blank",
        "title": problem.code.title(),
        "status": problem.code.status().as_u16(),
        "detail": problem.detail,
        "code": problem.code.as_str(),
        "instance": context.request_id.as_str(),
    });
    if !problem.errors.is_empty() {
        let errors = problem.errors.iter().map(
            |error| json!({"field": error.field, "code": error.code, "message": error.message}),
        );
        body["errors"] = errors.collect();
    }
    body
}

/// A code's status and name in the OAuth dialect (RFC 6749 section 5.2). The RFC has no word for
/// limits and outages; the status and `Retry-After` say those.
#[must_use]
pub fn oauth_error(code: Code) -> (StatusCode, &'static str) {
    match code {
        Code::InvalidCredentials
        | Code::InvalidRefreshToken
        | Code::RefreshTokenReused
        | Code::InvalidResetToken
        | Code::PasswordChangeRequired
        | Code::WrongPassword => (StatusCode::BAD_REQUEST, "invalid_grant"),
        Code::UnsupportedGrantType => (StatusCode::BAD_REQUEST, "unsupported_grant_type"),
        // Without credentials a client is just as invalid as with wrong ones.
        Code::InvalidClient | Code::MissingToken | Code::InvalidToken => {
            (StatusCode::UNAUTHORIZED, "invalid_client")
        }
        Code::InvalidInput
        | Code::InvalidRequest
        | Code::MalformedBody
        | Code::InvalidParameter => (StatusCode::BAD_REQUEST, "invalid_request"),
        Code::RateLimited => (code.status(), "rate_limited"),
        Code::Internal => (code.status(), "server_error"),
        _ if code.status().is_server_error() => (code.status(), "temporarily_unavailable"),
        _ => (code.status(), "invalid_request"),
    }
}

/// An error as OpenAI's API says it.
#[must_use]
pub fn openai_error(code: Code, message: &str) -> Value {
    let kind = match code.status() {
        StatusCode::UNAUTHORIZED => "authentication_error",
        StatusCode::FORBIDDEN => "permission_error",
        StatusCode::NOT_FOUND => "not_found_error",
        StatusCode::TOO_MANY_REQUESTS => "rate_limit_error",
        status if status.is_server_error() => "server_error",
        _ => "invalid_request_error",
    };
    json!({"message": message, "type": kind, "code": code.as_str()})
}
