//! A thin client of the HTTP interface: one method a route, no opinion on the answer.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use reqwest::{ClientBuilder, Method, RequestBuilder};
use serde_json::{Value, json};

use super::Answer;

/// A password that the rules accept.
pub(crate) const PASSWORD: &str = "plum-Orbit-49-lantern";

/// What a client holds of an account that signed in.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    /// The account.
    pub(crate) email: String,
    /// The access token.
    pub(crate) access: String,
    /// The refresh token.
    pub(crate) refresh: String,
}

impl Session {
    /// The claims of the access token, unverified.
    pub(crate) fn claims(&self) -> Value {
        super::part(&self.access, 1)
    }

    /// The part of the refresh token that is secret.
    pub(crate) fn secret(&self) -> &str {
        let split = self.refresh.split_once('.');
        split.expect("<session id>.<secret>").1
    }
}

/// Calls one server. Each call has a connection of its own, so that no call meets one that the
/// server was about to close.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
}

impl Client {
    /// A client of the server at `base`, such as `http://127.0.0.1:8000`.
    pub(crate) fn new(base: &str) -> Self {
        Self::built(base, |http| http)
    }

    /// A client of the host `name`, over TLS, which is at `address` with any certificate.
    pub(crate) fn of_host(name: &str, address: SocketAddr) -> Self {
        Self::built(&format!("https://{name}"), |http| {
            let http = http.resolve(name, address);
            http.tls_danger_accept_invalid_certs(true)
        })
    }

    /// A client of the server at `base` that calls from `address`, one of this machine's.
    pub(crate) fn at(base: &str, address: std::net::IpAddr) -> Self {
        Self::built(base, |http| http.local_address(address))
    }

    fn built(base: &str, finish: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Self {
        let http = reqwest::Client::builder()
            .no_proxy()
            .pool_max_idle_per_host(0)
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(20));
        let http = finish(http);
        Self {
            http: http.build().expect("an HTTP client"),
            base: base.to_owned(),
        }
    }

    /// Sends a request; an error is a connection that failed, never a status.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        finish: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> reqwest::Result<Answer> {
        let asked = format!("{method} {path}");
        let request = self.http.request(method, format!("{}{path}", self.base));
        let start = Instant::now();
        let response = finish(request).send().await?;
        Answer::read(asked, response, start).await
    }

    /// Sends a request that must be answered, whatever the status.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        finish: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Answer {
        let asked = format!("{method} {path}");
        let answer = self.send(method, path, finish).await;
        answer.unwrap_or_else(|error| panic!("{asked} of {}: {error:?}", self.base))
    }

    /// GET without a token.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, |request| request).await
    }

    /// POST of a JSON body without a token.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::POST, path, |request| request.json(body))
            .await
    }

    /// A request with an access token and no body.
    pub(crate) async fn bearer(&self, method: Method, path: &str, access: &str) -> Answer {
        self.call(method, path, |request| request.bearer_auth(access))
            .await
    }

    /// A request with an access token and a JSON body.
    pub(crate) async fn with_body(
        &self,
        method: Method,
        path: &str,
        access: &str,
        body: &Value,
    ) -> Answer {
        self.call(method, path, |request| {
            request.bearer_auth(access).json(body)
        })
        .await
    }

    /// POST of a form without a token.
    pub(crate) async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.call(Method::POST, path, |request| request.form(fields))
            .await
    }

    /// `POST /auth/register` with [`PASSWORD`].
    pub(crate) async fn register(&self, email: &str) -> Answer {
        let body = json!({"email": email, "password": PASSWORD});
        self.post("/auth/register", &body).await
    }

    /// `POST /auth/login`.
    pub(crate) async fn login(&self, email: &str, password: &str) -> Answer {
        let body = json!({"email": email, "password": password});
        self.post("/auth/login", &body).await
    }

    /// `POST /auth/refresh`.
    pub(crate) async fn refresh(&self, refresh: &str) -> Answer {
        self.post("/auth/refresh", &json!({"refresh_token": refresh}))
            .await
    }

    /// `GET /auth/me`.
    pub(crate) async fn me(&self, access: &str) -> Answer {
        self.bearer(Method::GET, "/auth/me", access).await
    }

    /// `POST /auth/logout`.
    pub(crate) async fn logout(&self, access: &str) -> Answer {
        self.bearer(Method::POST, "/auth/logout", access).await
    }

    /// Signs in and keeps the tokens.
    pub(crate) async fn signed_in(&self, email: &str) -> Session {
        let pair = self.login(email, PASSWORD).await;
        pair.is(200);
        Session {
            email: email.to_owned(),
            access: pair.text_of("access_token"),
            refresh: pair.text_of("refresh_token"),
        }
    }

    /// Registers a new account and signs in.
    pub(crate) async fn newcomer(&self) -> Session {
        let email = format!("{}@example.com", uuid::Uuid::new_v4().simple());
        self.register(&email).await.is(201);
        self.signed_in(&email).await
    }
}
