//! The JSON API of administrators: who may call it, what it does, what it records, and that it
//! never leaves a server without an administrator.

mod access;
mod audit;
mod last_administrator;
mod password_change;
mod trail;
mod users;
mod walk;

use reqwest::Method;
use serde_json::Value;

use crate::support::{Answer, Aura, Client, PASSWORD, Postgres, Session, Settings, Sqlite};

/// A server with one administrator.
struct House {
    settings: Settings,
    _aura: Aura,
    client: Client,
    admin: Session,
}

const ADMIN: &str = "root@example.com";

impl House {
    async fn of(settings: Settings) -> Self {
        let create = [
            "user",
            "create",
            ADMIN,
            "--role",
            "admin",
            "--password-stdin",
        ];
        settings.done(&["migrate"]).await;
        settings.done_with(&create, PASSWORD).await;
        let aura = settings.start().await;
        let client = aura.client();
        let admin = client.signed_in(ADMIN).await;
        Self {
            settings,
            _aura: aura,
            client,
            admin,
        }
    }

    /// A request of the administrator without a body.
    async fn ask(&self, method: Method, path: &str) -> Answer {
        self.client.bearer(method, path, &self.admin.access).await
    }

    /// The same with a body.
    async fn send(&self, method: Method, path: &str, body: &Value) -> Answer {
        self.client
            .with_body(method, path, &self.admin.access, body)
            .await
    }

    /// The address of the account with an e-mail.
    async fn address(&self, email: &str) -> String {
        let found = self
            .ask(Method::GET, &format!("/admin/users?q={email}"))
            .await;
        let users = found.is(200).json["users"].as_array().unwrap();
        let user = users.iter().find(|user| user["email"] == email);
        format!(
            "/admin/users/{}",
            user.expect("the account")["id"].as_str().unwrap()
        )
    }

    /// The e-mails that a listing finds.
    async fn emails(&self, query: &str) -> Vec<String> {
        let found = self
            .ask(Method::GET, &format!("/admin/users?{query}"))
            .await;
        let users = found.is(200).json["users"].as_array().unwrap();
        users
            .iter()
            .map(|user| user["email"].as_str().unwrap().to_owned())
            .collect()
    }
}

/// Runs a test on SQLite and, where it is installed, on Postgres.
async fn on_both_databases(test: impl AsyncFn(House)) {
    let sqlite = Sqlite::new();
    test(House::of(Settings::new().database(&sqlite.url())).await).await;
    if let Some(postgres) = Postgres::shared().await {
        let url = postgres.database().await;
        test(House::of(Settings::new().database(&url)).await).await;
    }
}
