//! One HTTP answer, and what every answer of a kind must carry.

use std::time::Duration;

use aura::http::Code;
use reqwest::header::HeaderMap;
use serde_json::Value;

/// Status, headers and body, and how long they took.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// What was asked, for messages.
    pub(crate) asked: String,
    /// The status code.
    pub(crate) status: u16,
    /// All headers.
    pub(crate) headers: HeaderMap,
    /// The body as text.
    pub(crate) text: String,
    /// The body as JSON, `null` where it is none.
    pub(crate) json: Value,
    /// From the first byte sent to the last byte read.
    pub(crate) took: Duration,
}

impl Answer {
    /// Reads the body of an answer.
    pub(crate) async fn read(
        asked: String,
        response: reqwest::Response,
        start: std::time::Instant,
    ) -> reqwest::Result<Self> {
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let text = response.text().await?;
        Ok(Self {
            asked,
            status,
            headers,
            json: serde_json::from_str(&text).unwrap_or(Value::Null),
            text,
            took: start.elapsed(),
        })
    }

    /// A header as text; empty where it is missing.
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).map(|value| value.to_str());
        value
            .transpose()
            .expect("a header in ASCII")
            .unwrap_or_default()
    }

    /// A member of the JSON body as text.
    #[track_caller]
    pub(crate) fn text_of(&self, member: &str) -> String {
        let value = self.json[member].as_str();
        value
            .unwrap_or_else(|| panic!("no {member} in {self:?}"))
            .to_owned()
    }

    /// Checks the status.
    #[track_caller]
    pub(crate) fn is(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "{}: {self:#?}", self.asked);
        self
    }

    /// Checks that it is an error of ours: the problem body, and the headers of its status.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, code: &str) -> &Self {
        self.is(status);
        assert_eq!(
            self.header("content-type"),
            "application/problem+json",
            "{self:#?}"
        );
        assert_eq!(self.json["status"], status, "{self:#?}");
        assert_eq!(self.json["code"], code, "{self:#?}");
        let row = Code::ALL.iter().find(|row| row.as_str() == code);
        let title = row.map(|row| row.title());
        assert_eq!(self.json["title"].as_str(), title, "{self:#?}");
        for member in ["type", "detail", "instance"] {
            assert!(self.json[member].is_string(), "{member}: {self:#?}");
        }
        assert_eq!(
            self.json["instance"],
            self.header("x-request-id"),
            "{self:#?}"
        );
        if status == 401 {
            assert!(
                self.header("www-authenticate").starts_with("Bearer"),
                "{self:#?}"
            );
        }
        if status == 503 || status == 429 {
            let seconds = self.header("retry-after").parse::<u32>();
            assert!(
                seconds.is_ok_and(|seconds| seconds >= 1),
                "Retry-After: {self:#?}"
            );
        }
        self.reveals_nothing();
        self
    }

    /// Checks that it is an error body of RFC 6749, section 5.2, with the headers of its status.
    #[track_caller]
    pub(crate) fn oauth_error(&self, status: u16, error: &str) -> &Self {
        self.is(status).reveals_nothing();
        assert_eq!(self.header("content-type"), "application/json", "{self:#?}");
        assert_eq!(self.json["error"], error, "{self:#?}");
        let members = self.json.as_object().expect("an object");
        for member in members.keys() {
            let known = ["error", "error_description", "error_uri"];
            assert!(known.contains(&member.as_str()), "{self:#?}");
        }
        let control = self.header("cache-control");
        assert!(control.contains("no-store"), "{self:#?}");
        assert!(!self.header("x-request-id").is_empty(), "{self:#?}");
        let challenge = self.header("www-authenticate");
        assert_eq!(challenge.starts_with("Basic"), status == 401, "{self:#?}");
        self
    }

    /// Checks that it refuses the input, and gives `field: code` of each fault, sorted.
    #[track_caller]
    pub(crate) fn faults(&self) -> Vec<String> {
        self.problem(422, "invalid_input");
        let errors = self.json["errors"].as_array().expect("a list of faults");
        let mut faults = Vec::new();
        for error in errors {
            assert!(error["message"].is_string(), "{self:#?}");
            let text = |member: &str| error[member].as_str().expect("a text").to_owned();
            faults.push(format!("{}: {}", text("field"), text("code")));
        }
        faults.sort_unstable();
        faults
    }

    /// Checks that the body says nothing of the inside.
    #[track_caller]
    pub(crate) fn reveals_nothing(&self) -> &Self {
        let text = self.text.to_lowercase();
        for inside in [
            "redis://",
            "postgres://",
            "os error",
            "refused",
            "127.0.0.1",
            "sqlx",
            "panic",
        ] {
            assert!(
                !text.contains(inside),
                "the body reveals {inside:?}: {self:#?}"
            );
        }
        self
    }

    /// Checks how long it took.
    #[track_caller]
    pub(crate) fn within(&self, limit: Duration) -> &Self {
        assert!(
            self.took < limit,
            "{} took longer than {limit:?}: {self:#?}",
            self.asked
        );
        self
    }
}
