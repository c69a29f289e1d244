//! A server with an administrator and the people who are erased from it.

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{AnyPool, AssertSqlSafe, Row as _};

use super::{BOB, ROOT, ROOTS, ZOE};
use crate::support::{Answer, Aura, Client, PASSWORD, Settings};

pub(super) struct House {
    pub(super) settings: Settings,
    _aura: Aura,
    pub(super) client: Client,
    pub(super) pool: AnyPool,
    pub(super) root: String,
}

impl House {
    pub(super) async fn of(settings: Settings, url: &str) -> Self {
        sqlx::any::install_default_drivers();
        let settings = settings
            .database(url)
            .set("SERVER_TRUSTED_PROXIES", "127.0.0.0/8");
        settings.done(&["migrate"]).await;
        for (email, role) in [(ROOT, "admin"), (ZOE, "admin"), (BOB, "editor")] {
            let create = ["user", "create", email, "--role", role, "--password-stdin"];
            settings.done_with(&create, PASSWORD).await;
        }
        let aura = settings.start().await;
        let mut house = Self {
            client: aura.client(),
            _aura: aura,
            settings,
            pool: AnyPool::connect(url).await.unwrap(),
            root: String::new(),
        };
        house.root = house.sign_in(ROOT, ROOTS).await;
        house
    }

    /// A request from somewhere.
    pub(super) async fn ask(
        &self,
        method: Method,
        path: &str,
        access: &str,
        (address, agent): (&str, &str),
        body: &Value,
    ) -> Answer {
        let call = self.client.call(method, path, |mut request| {
            request = request
                .header("x-forwarded-for", address)
                .header("user-agent", agent);
            if !access.is_empty() {
                request = request.bearer_auth(access);
            }
            if body.is_null() {
                request
            } else {
                request.json(body)
            }
        });
        call.await
    }

    pub(super) async fn sign_in(&self, email: &str, from: (&str, &str)) -> String {
        let body = json!({"email": email, "password": PASSWORD});
        let answer = self.ask(Method::POST, "/auth/login", "", from, &body).await;
        answer.is(200).text_of("access_token")
    }

    pub(super) async fn fail(&self, email: &str, from: (&str, &str)) {
        let body = json!({"email": email, "password": "wrong"});
        let answer = self.ask(Method::POST, "/auth/login", "", from, &body).await;
        answer.is(401);
    }

    /// What the administrator asks.
    pub(super) async fn admin(&self, method: Method, path: &str) -> Answer {
        self.ask(method, path, &self.root, ROOTS, &Value::Null)
            .await
    }

    pub(super) async fn id(&self, email: &str) -> String {
        let found = self
            .admin(Method::GET, &format!("/admin/users?q={email}"))
            .await;
        found.is(200).json["users"][0]["id"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Every value of every table.
    pub(super) async fn dump(&self) -> String {
        let is_postgres = self.pool.connect_options().database_url.scheme() == "postgres";
        let tables = if is_postgres {
            "SELECT CAST(table_name AS text) FROM information_schema.tables WHERE table_schema = 'public'"
        } else {
            "SELECT name FROM sqlite_master WHERE type = 'table'"
        };
        let mut dump = String::new();
        for table in sqlx::query(tables).fetch_all(&self.pool).await.unwrap() {
            let table: String = table.get(0);
            let columns = if is_postgres {
                format!(
                    "SELECT CAST(column_name AS text) FROM information_schema.columns \
                     WHERE table_name = '{table}'"
                )
            } else {
                format!("SELECT name FROM pragma_table_info('{table}')")
            };
            let columns = sqlx::query(AssertSqlSafe(columns))
                .fetch_all(&self.pool)
                .await
                .unwrap();
            for column in columns {
                let column: String = column.get(0);
                // Bytes, of the migrations.
                if column == "checksum" {
                    continue;
                }
                let values = format!("SELECT CAST(\"{column}\" AS text) FROM \"{table}\"");
                let values = sqlx::query(AssertSqlSafe(values))
                    .fetch_all(&self.pool)
                    .await
                    .unwrap();
                for value in values {
                    let value: Option<String> = value.try_get(0).unwrap_or_default();
                    dump.extend([&table, ".", &column, ": "]);
                    dump.extend([value.unwrap_or_default(), "\n".to_owned()]);
                }
            }
        }
        assert!(
            dump.contains("audit_events.actor: ") && dump.contains("users.email: "),
            "{dump}"
        );
        dump
    }

    /// Checks that nothing of `traces` is in any table.
    pub(super) async fn is_without(&self, traces: &[&str]) {
        let dump = self.dump().await;
        for line in dump.lines() {
            for trace in traces {
                assert!(!line.contains(trace), "{line}");
            }
        }
    }

    pub(super) async fn number(&self, condition: &str) -> i64 {
        let query = format!("SELECT count(*) FROM audit_events WHERE {condition}");
        let row = sqlx::query(AssertSqlSafe(query))
            .fetch_one(&self.pool)
            .await;
        row.unwrap().get(0)
    }
}
