//! [`Code`]: the one table of errors. Each row holds the status, the code and every wording: clients,
//! pages and the command line read them here.

use poem::http::StatusCode;

/// Declares the table: a row is a status, a code, a title, a detail for programs and a sentence for
/// people.
macro_rules! codes {
    ($(
        $(#[doc = $doc:literal])+
        $name:ident = $status:ident, $code:literal, $title:literal, $detail:literal, $sentence:literal;
    )+) => {
        /// The kind of an error, for programs. Codes are stable; the wordings are not.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[doc = $doc])+ $name),+ }

        impl Code {
            /// Every code, in the order of the table.
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

            /// A short summary without a full stop: `title` of the body, and the heading of a page.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title),+ }
            }

            /// The usual detail, for programs and the command line: lower case, no full stop.
            #[must_use]
            pub const fn detail(self) -> &'static str {
                match self { $(Self::$name => $detail),+ }
            }

            /// The sentence that pages and forms show to people.
            #[must_use]
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$name => $sentence),+ }
            }
        }
    };
}

codes! {
    /// The head names no host or several, or says twice how long the body is.
    InvalidRequest = BAD_REQUEST, "invalid_request", "Invalid request",
        "the head of the request is not valid",
        "The request is not valid. Nothing was changed.";
    /// Not JSON, not UTF-8, a key twice, or nested too deeply.
    MalformedBody = BAD_REQUEST, "malformed_body", "Malformed body",
        "the body cannot be parsed",
        "The server cannot read what was sent. Nothing was changed.";
    /// A path or query parameter has the wrong form.
    InvalidParameter = BAD_REQUEST, "invalid_parameter", "Invalid parameter",
        "a parameter of the address is not valid; see /docs",
        "A part of the address is unknown, or has an invalid value.";
    /// No bearer token was sent.
    MissingToken = UNAUTHORIZED, "missing_token", "Access token required",
        "send the header: Authorization: Bearer <access token>",
        "Sign in to continue.";
    /// The access token is not one of ours, has expired, or its session has ended.
    InvalidToken = UNAUTHORIZED, "invalid_token", "Invalid access token",
        "the token is malformed, has expired, or its session has ended; refresh or sign in",
        "Your session has ended. Sign in again.";
    /// Unknown account, wrong password, or disabled account: one answer for all of them.
    InvalidCredentials = UNAUTHORIZED, "invalid_credentials", "Wrong e-mail or password",
        "no account has this e-mail and this password",
        "The e-mail or the password is wrong.";
    /// The refresh token is unknown, or its session has ended.
    InvalidRefreshToken = UNAUTHORIZED, "invalid_refresh_token", "Invalid refresh token",
        "the token is unknown, or its session has ended; sign in",
        "Your session has ended. Sign in again.";
    /// The refresh token had been used before; its session has been ended.
    RefreshTokenReused = UNAUTHORIZED, "refresh_token_reused", "Refresh token reused",
        "the token was used before, perhaps by someone else; its session was ended; sign in",
        "Your session has ended. Sign in again.";
    /// The reset token is unknown, used, or expired.
    InvalidResetToken = UNAUTHORIZED, "invalid_reset_token", "Invalid reset token",
        "the token was used or has expired; ask for a new one",
        "This link has been used or has expired. Ask an administrator for a new one.";
    /// The grant type is neither `password` nor `refresh_token`.
    UnsupportedGrantType = BAD_REQUEST, "unsupported_grant_type", "Unsupported grant type",
        "grant_type must be password or refresh_token",
        "The request is not valid. Nothing was changed.";
    /// The calling service did not show the credentials of `OAUTH_CLIENT_ID`.
    InvalidClient = UNAUTHORIZED, "invalid_client", "Invalid client",
        "the client id or secret is wrong",
        "The id or secret of the client is wrong.";
    /// The current password is wrong.
    WrongPassword = FORBIDDEN, "wrong_password", "Wrong password",
        "current_password is not the caller's password",
        "This is not your password.";
    /// The password is right, and an administrator has asked for another one.
    PasswordChangeRequired = FORBIDDEN, "password_change_required", "Password change required",
        "choose a new password on this server's page /sign-in, or by a reset link",
        "You must choose a new password.";
    /// `AUTH_REGISTRATION=closed`.
    RegistrationClosed = FORBIDDEN, "registration_closed", "Registration is closed",
        "this server does not accept registrations; ask its operator for an account",
        "This server does not accept registrations. Ask its operator for an account.";
    /// The caller lacks the role.
    Forbidden = FORBIDDEN, "forbidden", "Not allowed",
        "the caller may not do this",
        "Nothing was changed.";
    /// No such route.
    NotFound = NOT_FOUND, "not_found", "Not found",
        "see /docs for every address",
        "The address is wrong, or the page no longer exists.";
    /// The caller has no such session.
    SessionNotFound = NOT_FOUND, "session_not_found", "Session not found",
        "the caller has no such session",
        "This session has already ended.";
    /// There is no account with this id.
    UserNotFound = NOT_FOUND, "user_not_found", "User not found",
        "no account has this id",
        "The account was deleted, or the address is wrong.";
    /// The model is not in `LLM_MODELS`.
    ModelNotFound = NOT_FOUND, "model_not_found", "Model not found",
        "the body names no model; see /v1/models",
        "This server does not offer the model.";
    /// The route exists, but not with this method.
    MethodNotAllowed = METHOD_NOT_ALLOWED, "method_not_allowed", "Method not allowed",
        "the header Allow lists the methods of this address",
        "Open the page that leads here, and use its buttons.";
    /// The request did not arrive in time.
    RequestTimeout = REQUEST_TIMEOUT, "request_timeout", "Request timeout",
        "the request took too long to arrive",
        "What you sent took too long to arrive. Nothing was changed.";
    /// The e-mail belongs to an account already.
    EmailTaken = CONFLICT, "email_taken", "E-mail taken",
        "an account with this e-mail already exists",
        "An account with this e-mail already exists.";
    /// The change would leave no administrator who can sign in.
    LastAdministrator = CONFLICT, "last_administrator", "Last administrator",
        "this is the last administrator who can sign in; appoint another one first",
        "This is the last administrator who can sign in. Appoint another one first.";
    /// The body is larger than `SERVER_MAX_BODY_BYTES`, or `LLM_MAX_BODY_BYTES` under `/v1`.
    BodyTooLarge = PAYLOAD_TOO_LARGE, "body_too_large", "Body too large",
        "the body is too large",
        "What you sent is too large. Nothing was changed.";
    /// The body's content type is not the route's.
    UnsupportedMediaType = UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "Unsupported media type",
        "this route does not accept the body's content type",
        "This address does not accept what was sent. Nothing was changed.";
    /// One or more fields are not valid; `errors` names each.
    InvalidInput = UNPROCESSABLE_ENTITY, "invalid_input", "Invalid input",
        "the input is not valid; see errors",
        "Some of the input is not valid. Nothing was changed.";
    /// A limit is used up; `Retry-After` says when to come back.
    RateLimited = TOO_MANY_REQUESTS, "rate_limited", "Too many requests",
        "too many requests; the header Retry-After says when to try again",
        "Too many attempts.";
    /// A fault of the server's own.
    Internal = INTERNAL_SERVER_ERROR, "internal", "Internal error",
        "the server could not handle the request; its log has the cause",
        "Something went wrong on the server. This is not your fault.";
    /// The language model's server cannot be reached, or broke off.
    UpstreamUnavailable = BAD_GATEWAY, "upstream_unavailable", "Language model unavailable",
        "the language model's server cannot be reached, or broke off; try again shortly",
        "The language model is unavailable.";
    /// The language model's server was silent for `LLM_UPSTREAM_TIMEOUT_SECONDS`.
    UpstreamTimeout = GATEWAY_TIMEOUT, "upstream_timeout", "Language model timeout",
        "the language model's server took too long; try again, or ask for less",
        "The language model took too long.";
    /// `Cache-Control: only-if-cached`, and no answer is kept that would do.
    NotCached = GATEWAY_TIMEOUT, "not_cached", "Not cached",
        "the cache holds no usable answer, and Cache-Control: only-if-cached accepts no other",
        "The cache holds no such answer.";
    /// `LLM_UPSTREAM_URL` is not set.
    LlmDisabled = SERVICE_UNAVAILABLE, "llm_disabled", "No language model",
        "this server has no language model: LLM_UPSTREAM_URL is not set",
        "This server has no language model.";
    /// The LLM cache does not answer.
    CacheUnavailable = SERVICE_UNAVAILABLE, "cache_unavailable", "Cache unavailable",
        "the cache does not answer; try again shortly",
        "The cache does not answer.";
    /// The accounts' database does not answer.
    DatabaseUnavailable = SERVICE_UNAVAILABLE, "database_unavailable", "Database unavailable",
        "the database does not answer; try again shortly",
        "The database is unavailable, so accounts can be neither read nor changed.";
    /// The token store does not answer.
    TokensUnavailable = SERVICE_UNAVAILABLE, "tokens_unavailable", "Token store unavailable",
        "the token store does not answer; try again shortly",
        "The session store is unavailable. You are still signed in once it is back.";
    /// The store of the rate limits does not answer and `RATE_LIMIT_FAIL_MODE=closed`.
    LimitsUnavailable = SERVICE_UNAVAILABLE, "limits_unavailable", "Rate limits unavailable",
        "the store of the rate limits does not answer; try again shortly",
        "The rate limit store is unavailable.";
    /// All password workers are busy and their queue is full, or request bodies take all the memory
    /// that they may.
    Busy = SERVICE_UNAVAILABLE, "busy", "Server busy",
        "too many sign-ins at this moment; try again shortly",
        "The server is too busy at the moment.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wording_has_the_form_of_its_column() {
        for code in Code::ALL {
            let (title, detail, sentence) = (code.title(), code.detail(), code.sentence());
            assert!(title.starts_with(char::is_uppercase), "{code:?}: {title}");
            assert!(!title.ends_with('.'), "{code:?}: {title}");
            assert!(
                !detail.starts_with(char::is_uppercase),
                "{code:?}: {detail}"
            );
            assert!(!detail.ends_with('.'), "{code:?}: {detail}");
            assert!(
                sentence.starts_with(char::is_uppercase),
                "{code:?}: {sentence}"
            );
            assert!(sentence.ends_with('.'), "{code:?}: {sentence}");
        }
    }
}
