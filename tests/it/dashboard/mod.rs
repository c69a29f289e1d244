//! The dashboard without a browser: forms, access, forged requests, and pages during outages. Its
//! appearance is tested in `dashboard_browser`.

mod access;
mod accounts;
mod audit;
mod forgery;
mod forms;
mod leading_on;
mod pages;
mod unavailable;

use std::collections::BTreeMap;

use reqwest::{Method, RequestBuilder};

use crate::support::{Answer, Aura, Client, PASSWORD, Settings, Sqlite};

/// An administrator.
const ROOT: &str = "root@example.com";

/// A user.
const ANN: &str = "ann@example.com";

/// A second password that the rules accept.
const OTHER: &str = "quartz-Meadow-73-lichen";

/// `aura` with an administrator and a user.
struct World {
    settings: Settings,
    aura: Aura,
    _file: Sqlite,
}

impl World {
    async fn start() -> Self {
        Self::with(Settings::new()).await
    }

    async fn with(settings: Settings) -> Self {
        let file = Sqlite::new();
        let settings = settings.database(&file.url());
        settings.done(&["migrate"]).await;
        for (email, role) in [(ROOT, "admin"), (ANN, "editor")] {
            let create = ["user", "create", email, "--role", role, "--password-stdin"];
            settings.done_with(&create, PASSWORD).await;
        }
        Self {
            aura: settings.start().await,
            settings,
            _file: file,
        }
    }

    fn client(&self) -> Client {
        self.aura.client()
    }

    fn visitor(&self) -> Visitor {
        Visitor::new(self.client())
    }

    /// A visitor in whose browser `email` has signed in.
    async fn signed_in(&self, email: &str) -> Visitor {
        let mut visitor = self.visitor();
        visitor.sign_in(email, PASSWORD).await.is(303);
        visitor
    }

    /// The address of the page of the account `email`.
    async fn page_of(&self, root: &mut Visitor, email: &str) -> String {
        let found = root.get(&format!("/users?q={email}")).await;
        let text = &found.is(200).text;
        let at = text.split("<a href=\"/users/").find(|rest| {
            let row = rest.split("</a>").next().unwrap_or_default();
            row.ends_with(&format!(">{email}"))
        });
        let id = at.and_then(|rest| rest.split('"').next());
        format!(
            "/users/{}",
            id.unwrap_or_else(|| panic!("no {email}: {text}"))
        )
    }
}

/// A browser as a server sees it: cookies, and headers that tell the origin of a form.
#[derive(Debug, Clone)]
struct Visitor {
    client: Client,
    cookies: BTreeMap<String, String>,
    user_agent: String,
}

impl Visitor {
    fn new(client: Client) -> Self {
        Self {
            client,
            cookies: BTreeMap::new(),
            user_agent: "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
                .to_owned(),
        }
    }

    /// A request with the cookies, whose answer's cookies are kept.
    async fn call(
        &mut self,
        method: Method,
        path: &str,
        finish: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Answer {
        let cookies = self.cookies.iter();
        let cookies: Vec<String> = cookies
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let agent = self.user_agent.clone();
        let answer = self
            .client
            .call(method, path, |request| {
                let request = request
                    .header("accept", "text/html,application/xhtml+xml,*/*;q=0.8")
                    .header("user-agent", agent);
                let request = if cookies.is_empty() {
                    request
                } else {
                    request.header("cookie", cookies.join("; "))
                };
                finish(request)
            })
            .await;
        for line in answer.headers.get_all("set-cookie") {
            let line = line.to_str().expect("ASCII");
            let (name, rest) = line.split_once('=').expect("a cookie");
            let value = rest.split(';').next().unwrap_or_default();
            if line.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    async fn get(&mut self, path: &str) -> Answer {
        self.call(Method::GET, path, |request| request).await
    }

    /// Sends a form as a page of ours would.
    async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.call(Method::POST, path, |request| {
            request.header("sec-fetch-site", "same-origin").form(fields)
        })
        .await
    }

    /// The token of the forms on a page.
    async fn token(&mut self, page: &str) -> String {
        let answer = self.get(page).await;
        hidden(&answer.text, "form").unwrap_or_else(|| panic!("no form on {page}: {answer:#?}"))
    }

    /// Opens `page`, fills a form in and sends it to `path`.
    async fn submit(&mut self, page: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.token(page).await;
        let mut fields = fields.to_vec();
        fields.push(("form", &token));
        self.post(path, &fields).await
    }

    async fn sign_in(&mut self, email: &str, password: &str) -> Answer {
        self.submit(
            "/sign-in",
            "/sign-in",
            &[("email", email), ("password", password)],
        )
        .await
    }

    /// The session cookie; empty where there is none.
    fn session(&self) -> String {
        self.cookies
            .get("aura_session")
            .cloned()
            .unwrap_or_default()
    }

    /// Opens where an answer leads to.
    async fn follow(&mut self, answer: &Answer) -> Answer {
        answer.is(303);
        self.get(answer.header("location")).await
    }
}

/// An address with a query.
fn asking(path: &str, query: &[(&str, &str)]) -> String {
    let query = serde_urlencoded::to_string(query).expect("a query");
    format!("{path}?{query}")
}

/// The value of a hidden field.
fn hidden(html: &str, name: &str) -> Option<String> {
    let rest = html.split(&format!("name=\"{name}\" value=\"")).nth(1)?;
    rest.split('"').next().map(str::to_owned)
}

/// Checks that an answer is a page of ours with this status and these words.
#[track_caller]
fn is_page(answer: &Answer, status: u16, words: &str) {
    answer.is(status).reveals_nothing_in_page();
    assert_eq!(
        answer.header("content-type"),
        "text/html; charset=utf-8",
        "{answer:#?}"
    );
    assert!(
        answer.text.contains(words),
        "{words:?} is not in {answer:#?}"
    );
}

impl Answer {
    /// A page may say `refused`; it says nothing of the inside either.
    #[track_caller]
    fn reveals_nothing_in_page(&self) {
        for inside in ["redis://", "postgres://", "os error", "sqlx", "panic"] {
            assert!(!self.text.contains(inside), "{inside:?}: {self:#?}");
        }
    }
}
