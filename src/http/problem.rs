//! [`Problem`]: the one error body (RFC 9457), and the one table of statuses.

use poem::http::{HeaderName, HeaderValue, StatusCode, header};
use poem::{IntoResponse, Response};

/// Declares the table: each code once, with its status and its title.
macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $status:ident, $code:literal, $title:literal;)+) => {
        /// What went wrong, for programs. Codes are stable; titles and details are not.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[doc = $doc])+ $name),+ }

        impl Code {
            /// Every code there is, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The HTTP status that the code is sent with.
            #[must_use]
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status),+ }
            }

            /// The code as it stands in the body: stable, snake case.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code),+ }
            }

            /// One short sentence for people, the same for every occurrence.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title),+ }
            }
        }
    };
}

codes! {
    /// The head names no host or several, or says twice how long the body is.
    InvalidRequest = BAD_REQUEST, "invalid_request", "The head of the request is not valid";
    /// Not JSON, not UTF-8, a key twice, or nested too deeply.
    MalformedBody = BAD_REQUEST, "malformed_body", "The body cannot be parsed";
    /// A path or query parameter has the wrong form.
    InvalidParameter = BAD_REQUEST, "invalid_parameter", "A parameter of the address is not valid";
    /// No bearer token was sent.
    MissingToken = UNAUTHORIZED, "missing_token", "An access token is needed";
    /// The access token is not one of ours, has expired, or its session has ended.
    InvalidToken = UNAUTHORIZED, "invalid_token", "The access token is not valid";
    /// Unknown account, wrong password, or disabled account: one answer for all of them.
    InvalidCredentials = UNAUTHORIZED, "invalid_credentials", "E-mail or password is wrong";
    /// The refresh token is unknown, or its session has ended.
    InvalidRefreshToken = UNAUTHORIZED, "invalid_refresh_token", "The refresh token is not valid";
    /// The refresh token had been used before; its session has been ended.
    RefreshTokenReused = UNAUTHORIZED, "refresh_token_reused", "The refresh token was used before";
    /// The reset token is unknown, used, or expired.
    InvalidResetToken = UNAUTHORIZED, "invalid_reset_token", "The reset token is not valid";
    /// The grant type is neither `password` nor `refresh_token`.
    UnsupportedGrantType = BAD_REQUEST, "unsupported_grant_type", "This grant type is not taken here";
    /// The calling service did not show the credentials of `OAUTH_CLIENT_ID`.
    InvalidClient = UNAUTHORIZED, "invalid_client", "The client's credentials are not valid";
    /// The current password is wrong.
    WrongPassword = FORBIDDEN, "wrong_password", "The current password is wrong";
    /// The password is right, and an administrator has asked for another one.
    PasswordChangeRequired = FORBIDDEN, "password_change_required", "The password must be changed";
    /// `AUTH_REGISTRATION=closed`.
    RegistrationClosed = FORBIDDEN, "registration_closed", "Registration is closed";
    /// The caller lacks the role.
    Forbidden = FORBIDDEN, "forbidden", "The caller may not do this";
    /// No such route.
    NotFound = NOT_FOUND, "not_found", "There is nothing at this address";
    /// The caller has no such session.
    SessionNotFound = NOT_FOUND, "session_not_found", "There is no such session";
    /// There is no account with this id.
    UserNotFound = NOT_FOUND, "user_not_found", "There is no such account";
    /// The model is not in `LLM_MODELS`.
    ModelNotFound = NOT_FOUND, "model_not_found", "There is no such model";
    /// The route exists, but not with this method.
    MethodNotAllowed = METHOD_NOT_ALLOWED, "method_not_allowed", "This address does not take this method";
    /// The request did not arrive in time.
    RequestTimeout = REQUEST_TIMEOUT, "request_timeout", "The request took too long to arrive";
    /// The e-mail belongs to an account already.
    EmailTaken = CONFLICT, "email_taken", "The e-mail is taken";
    /// Nobody would be left who could manage accounts.
    LastAdministrator = CONFLICT, "last_administrator", "This is the last administrator";
    /// The body is larger than `SERVER_MAX_BODY_BYTES`, or `LLM_MAX_BODY_BYTES` under `/v1`.
    BodyTooLarge = PAYLOAD_TOO_LARGE, "body_too_large", "The body is too large";
    /// The body's content type is not the route's.
    UnsupportedMediaType = UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "This content type is not taken here";
    /// One or more fields are not valid; `errors` names each.
    InvalidInput = UNPROCESSABLE_ENTITY, "invalid_input", "The input is not valid";
    /// A limit is used up; `Retry-After` says when to come back.
    RateLimited = TOO_MANY_REQUESTS, "rate_limited", "Too many requests";
    /// A fault of the server's own.
    Internal = INTERNAL_SERVER_ERROR, "internal", "Something went wrong on the server";
    /// The language model's server cannot be reached, or broke off.
    UpstreamUnavailable = BAD_GATEWAY, "upstream_unavailable", "The language model's server cannot be reached";
    /// The language model's server was silent for `LLM_UPSTREAM_TIMEOUT_SECONDS`.
    UpstreamTimeout = GATEWAY_TIMEOUT, "upstream_timeout", "The language model's server took too long";
    /// `Cache-Control: only-if-cached`, and no answer is kept that would do.
    NotCached = GATEWAY_TIMEOUT, "not_cached", "No such answer is kept";
    /// `LLM_UPSTREAM_URL` is not set.
    LlmDisabled = SERVICE_UNAVAILABLE, "llm_disabled", "There is no language model here";
    /// The LLM cache does not answer.
    CacheUnavailable = SERVICE_UNAVAILABLE, "cache_unavailable", "The cache is unavailable";
    /// The accounts' database does not answer.
    DatabaseUnavailable = SERVICE_UNAVAILABLE, "database_unavailable", "The database is unavailable";
    /// The token store does not answer.
    TokensUnavailable = SERVICE_UNAVAILABLE, "tokens_unavailable", "The token store is unavailable";
    /// The store of the rate limits does not answer and `RATE_LIMIT_FAIL_MODE=closed`.
    LimitsUnavailable = SERVICE_UNAVAILABLE, "limits_unavailable", "The rate limits are unavailable";
    /// All password workers are busy and their queue is full, or request bodies take all the memory
    /// that they may.
    Busy = SERVICE_UNAVAILABLE, "busy", "The server is busy";
}

/// One fault of one input field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The field's name in the body.
    pub field: String,
    /// Stable, snake case.
    pub code: &'static str,
    /// What is wrong and what would be right; never quotes a secret.
    pub message: String,
}

impl FieldError {
    /// A fault of `field`.
    pub fn new(field: impl Into<String>, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            code,
            message: message.into(),
        }
    }
}

/// An error as clients see it.
///
/// As a response it carries itself in the response's extensions; the outermost middleware
/// ([`super::documents`]) writes the body, because only there the request id and the route's
/// dialect are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Which one.
    pub code: Code,
    /// What happened this time and what to do about it; says nothing of the inside.
    pub detail: String,
    /// The fields at fault, for [`Code::InvalidInput`].
    pub errors: Vec<FieldError>,
    /// Seconds after which trying again makes sense.
    pub retry_after: Option<u64>,
    /// Headers of this answer alone, such as `Allow`.
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    /// A problem with its detail. A 503 asks to come back in a second, until told otherwise.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        let retry_after = (code.status() == StatusCode::SERVICE_UNAVAILABLE).then_some(1);
        Self {
            code,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after,
            headers: Vec::new(),
        }
    }

    /// Invalid input; `errors` names every field at fault.
    #[must_use]
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let fields: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
        let detail = format!("not valid: {}; see errors", fields.join(", "));
        Self {
            errors,
            ..Self::new(Code::InvalidInput, detail)
        }
    }

    /// A fault of the server's own, whose cause stays in the log.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(
            Code::Internal,
            "the server could not handle the request; its log knows why",
        )
    }

    /// The same, to be tried again after `seconds`.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// The same with one more header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::builder().status(self.code.status()).finish();
        let headers = response.headers_mut();
        if self.code.status() == StatusCode::UNAUTHORIZED {
            let challenge = match self.code {
                Code::InvalidToken => "Bearer realm=\"aura\", error=\"invalid_token\"",
                Code::InvalidClient => "Basic realm=\"aura\"",
                _ => "Bearer realm=\"aura\"",
            };
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static(challenge),
            );
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        for (name, value) in &self.headers {
            headers.insert(name, value.clone());
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Problem> for poem::Error {
    fn from(problem: Problem) -> Self {
        // An error hands over its own extensions in place of its response's.
        let mut error = Self::from_response(problem.clone().into_response());
        error.set_data(problem);
        error
    }
}
