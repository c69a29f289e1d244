//! The examples of the document's bodies.

use poem_openapi::types::Example;
use time::macros::datetime;
use uuid::uuid;

use super::bodies::{
    Confirmation, Credentials, PasswordChange, PasswordReset, RefreshRequest, SessionBody,
    TokenPairBody,
};

const EMAIL: &str = "ann@example.com";
const PASSWORD: &str = "kelp-anvil-quorum";
const NEW_PASSWORD: &str = "teapot-glacier-nine";
const ACCESS: &str =
    "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFZERTQSIsImtpZCI6Ii4uLiJ9.eyJpc3MiOiJhdXJhIn0.c2ln";
const REFRESH: &str =
    "7d1f6a3e-52c4-4f0b-8a76-0f3c9b1d2e4a.lX0Qm3v9o1Yk7cJ5h2Zt8uB4nR6wE0sAqD1fG3hJ5kM";

impl Example for Credentials {
    fn example() -> Self {
        Self {
            email: EMAIL.to_owned(),
            password: PASSWORD.to_owned(),
        }
    }
}

impl Example for RefreshRequest {
    fn example() -> Self {
        Self {
            refresh_token: REFRESH.to_owned(),
        }
    }
}

impl Example for Confirmation {
    fn example() -> Self {
        Self {
            current_password: PASSWORD.to_owned(),
        }
    }
}

impl Example for PasswordChange {
    fn example() -> Self {
        Self {
            current_password: PASSWORD.to_owned(),
            new_password: NEW_PASSWORD.to_owned(),
        }
    }
}

impl Example for PasswordReset {
    fn example() -> Self {
        Self {
            reset_token: ACCESS.to_owned(),
            new_password: NEW_PASSWORD.to_owned(),
        }
    }
}

impl Example for TokenPairBody {
    fn example() -> Self {
        Self {
            access_token: ACCESS.to_owned(),
            token_type: "Bearer".to_owned(),
            expires_in: 1800,
            refresh_token: REFRESH.to_owned(),
            refresh_expires_in: 604_800,
        }
    }
}

impl Example for SessionBody {
    fn example() -> Self {
        Self {
            id: uuid!("7d1f6a3e-52c4-4f0b-8a76-0f3c9b1d2e4a"),
            created_at: datetime!(2026-01-15 09:31 UTC),
            last_used_at: datetime!(2026-01-16 17:02 UTC),
            expires_at: datetime!(2026-01-23 17:02 UTC),
            ip: "203.0.113.7".to_owned(),
            user_agent: "curl/8.5.0".to_owned(),
            current: true,
        }
    }
}
