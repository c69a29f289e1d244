//! The examples of the document's bodies.

use poem_openapi::types::Example;
use time::macros::datetime;
use uuid::uuid;

use super::bodies::{AccountPage, AuditEvent, AuditPage, ResetToken, Roles};
use crate::auth::Account;

const ADMIN: &str = "ann@example.com";
const EMAIL: &str = "bob@example.com";

impl Example for Roles {
    fn example() -> Self {
        Self {
            roles: vec!["admin".to_owned(), "support".to_owned()],
        }
    }
}

impl Example for AccountPage {
    fn example() -> Self {
        Self {
            users: vec![Account::example()],
            total: 120,
            next: Some(EMAIL.to_owned()),
        }
    }
}

impl Example for ResetToken {
    fn example() -> Self {
        Self {
            reset_token: "eyJ0eXAiOiJyZXNldCtqd3QiLCJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIuLi4ifQ.c2ln"
                .to_owned(),
            expires_in: 3600,
        }
    }
}

impl Example for AuditEvent {
    fn example() -> Self {
        Self {
            id: "1856472908431458304".to_owned(),
            at: datetime!(2026-01-15 09:31 UTC),
            action: "user.disabled".to_owned(),
            actor_id: Some(uuid!("6f1d8f9b-6b7e-4f43-8a3c-0d4e0d1b7c55")),
            actor: ADMIN.to_owned(),
            subject_id: Some(uuid!("0b7c1c1e-6b0e-4c55-9a52-3f1f3f5b7a10")),
            subject: EMAIL.to_owned(),
            ip: "203.0.113.7".to_owned(),
            user_agent: "curl/8.5.0".to_owned(),
            request_id: "01980a52-7f3c-4b6e-9a51-0c4d6f1d2e3a".to_owned(),
            detail: String::new(),
            count: 1,
        }
    }
}

impl Example for AuditPage {
    fn example() -> Self {
        Self {
            events: vec![AuditEvent::example()],
            next: Some("1856472908431458304".to_owned()),
        }
    }
}
