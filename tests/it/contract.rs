//! Proves that the OpenAPI document is true: every status and every code that the live server
//! gives is listed for its route, and no body, however random, gets a 5xx.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::{Value, json};

use crate::llm::{Upstream, before, chat};
use crate::support::{Answer, Aura, Client, PASSWORD, Session};

/// Status to the codes that may stand in its body.
type Answers = BTreeMap<u16, BTreeSet<String>>;

/// What the document says, by method and route.
struct Contract(BTreeMap<(String, String), Answers>);

impl Contract {
    async fn of(client: &Client) -> Self {
        let document = client.get("/openapi.json").await;
        let mut operations = BTreeMap::new();
        for (path, item) in document.is(200).json["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let responses = operation["responses"].as_object().unwrap();
                let answers = responses.iter().map(|(status, response)| {
                    (status.parse().unwrap(), names(&response["content"]))
                });
                let key = (method.to_uppercase(), path.clone());
                operations.insert(key, answers.collect());
            }
        }
        Self(operations)
    }

    /// Checks one answer to `method` of the route `route`.
    #[track_caller]
    fn holds(&self, method: &Method, route: &str, answer: &Answer) {
        let answers = &self.0[&(method.to_string(), route.to_owned())];
        let names = answers.get(&answer.status);
        let names = names.unwrap_or_else(|| panic!("a status not documented: {answer:#?}"));
        if answer.status < 400 || route.starts_with("/health") {
            return;
        }
        if answer.header("content-type") == "application/problem+json" {
            answer.problem(answer.status, &answer.text_of("code"));
            assert!(
                names.contains(&answer.text_of("code")),
                "not documented: {answer:#?}"
            );
        } else {
            assert!(["/auth/token", "/auth/introspect", "/auth/revoke"].contains(&route));
            assert!(
                names.contains(&answer.text_of("error")),
                "not documented: {answer:#?}"
            );
        }
    }
}

/// The values that `code` or `error` may have in a documented body.
fn names(content: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut rest = vec![content];
    while let Some(value) = rest.pop() {
        match value {
            Value::Object(members) => {
                for name in ["code", "error"] {
                    let values = members
                        .get(name)
                        .and_then(|schema| schema["enum"].as_array());
                    let values = values.into_iter().flatten().filter_map(Value::as_str);
                    found.extend(values.map(str::to_owned));
                }
                rest.extend(members.values());
            }
            Value::Array(items) => rest.extend(items),
            _ => {}
        }
    }
    found
}

/// Before a language model's server that answers whatever it is asked.
async fn start() -> (Aura, Upstream) {
    let upstream = Upstream::start(chat).await;
    let settings = before(&upstream).set("OAUTH_CLIENT_ID", "shop");
    let aura = settings
        .set("LLM_MAX_BODY_BYTES", 65_536)
        .set("OAUTH_CLIENT_SECRET", "nB7vC4xZ1lK8jH5gF2dS9aQ6wE3rT0yU")
        .start()
        .await;
    (aura, upstream)
}

/// A concrete address of a route.
fn address(route: &str) -> Vec<String> {
    if !route.contains('{') {
        return vec![route.to_owned()];
    }
    let (begin, rest) = route.split_once('{').unwrap();
    let end = rest.split_once('}').unwrap().1;
    let id = uuid::Uuid::new_v4().to_string();
    let values = ["redis", "database", "nonsense", &id, "%00", "a%20b"];
    values
        .iter()
        .map(|value| format!("{begin}{value}{end}"))
        .collect()
}

/// Bodies of every kind that a route may meet, with their content types.
fn bodies(session: &Session) -> Vec<(&'static str, String)> {
    let json = "application/json";
    let form = "application/x-www-form-urlencoded";
    let refresh = &session.refresh;
    vec![
        ("", String::new()),
        ("text/plain", "hello".to_owned()),
        (json, "{".to_owned()),
        (json, "{}".to_owned()),
        (json, "[]".to_owned()),
        (json, " ".repeat(70_000)),
        (
            json,
            json!({"email": "a@b.example", "password": PASSWORD}).to_string(),
        ),
        (
            json,
            json!({"email": session.email, "password": PASSWORD}).to_string(),
        ),
        (
            json,
            json!({"email": "a@b", "password": "short", "x": null}).to_string(),
        ),
        (json, json!({"refresh_token": "rubbish"}).to_string()),
        (json, json!({"refresh_token": refresh}).to_string()),
        (
            json,
            json!({"reset_token": "rubbish", "new_password": PASSWORD}).to_string(),
        ),
        (json, json!({"current_password": "wrong"}).to_string()),
        (
            json,
            json!({"current_password": "wrong", "new_password": "x"}).to_string(),
        ),
        (
            json,
            json!({"current_password": PASSWORD, "new_password": "x"}).to_string(),
        ),
        (form, String::new()),
        (
            form,
            "grant_type=password&username=a%40b.example&password=x".to_owned(),
        ),
        (form, "grant_type=nothing".to_owned()),
        (
            form,
            "grant_type=refresh_token&refresh_token=rubbish".to_owned(),
        ),
        (form, "token=rubbish".to_owned()),
        (form, "token=a&token=b".to_owned()),
        (form, "token=%ff".to_owned()),
    ]
}

#[tokio::test]
async fn every_answer_of_the_live_server_is_in_the_document() {
    let (aura, _upstream) = start().await;
    let client = aura.client();
    let contract = Contract::of(&client).await;
    assert!(contract.0.len() >= 20, "the document lists the routes");
    let mut seen: BTreeSet<(String, String, u16)> = BTreeSet::new();
    for (method, route) in contract.0.keys() {
        let verb = Method::from_bytes(method.as_bytes()).unwrap();
        // A session for each, because some of the calls end it.
        let session = client.newcomer().await;
        let paths = address(route);
        let authorizations = [
            String::new(),
            "Bearer rubbish".to_owned(),
            "Basic c2hvcDp3cm9uZw==".to_owned(),
            "Basic c2hvcDpuQjd2QzR4WjFsSzhqSDVnRjJkUzlhUTZ3RTNyVDB5VQ==".to_owned(),
            format!("Bearer {}", session.access),
        ];
        for path in &paths {
            for authorization in &authorizations {
                for (content_type, body) in bodies(&session) {
                    let reads_body = method != "GET";
                    if !reads_body && !body.is_empty() {
                        continue;
                    }
                    let call = client.call(verb.clone(), path, |mut request| {
                        if !authorization.is_empty() {
                            request = request.header("authorization", authorization);
                        }
                        if !content_type.is_empty() {
                            request = request.header("content-type", content_type);
                        }
                        request.body(body)
                    });
                    let answer = call.await;
                    contract.holds(&verb, route, &answer);
                    assert!(answer.status < 500, "{answer:#?}");
                    seen.insert((method.clone(), route.clone(), answer.status));
                }
            }
        }
    }
    // The probes reached what they were made for.
    for (method, route, status) in [
        ("POST", "/auth/login", 200),
        ("POST", "/auth/refresh", 200),
        ("POST", "/auth/register", 409),
        ("POST", "/auth/password", 403),
        ("POST", "/auth/introspect", 200),
        ("DELETE", "/auth/me", 403),
        ("GET", "/auth/verify", 200),
        ("POST", "/v1/chat/completions", 200),
        ("POST", "/v1/embeddings", 413),
        ("GET", "/v1/models", 200),
        ("POST", "/llm/cache/purge", 403),
    ] {
        let key = (method.to_owned(), route.to_owned(), status);
        assert!(seen.contains(&key), "never saw {key:?} in {seen:#?}");
    }
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    /// `SplitMix64`.
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.roll() % end as u64).unwrap()
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    /// A JSON value, seldom deep.
    fn value(&mut self, depth: usize) -> Value {
        match self.below(if depth > 3 { 6 } else { 9 }) {
            0 => Value::Null,
            1 => json!(self.roll().is_multiple_of(2)),
            2 => json!(self.roll().cast_signed()),
            3 => json!(f64::from_bits(self.roll())),
            4 | 5 => json!(self.text()),
            6 => (0..self.below(4)).map(|_| self.value(depth + 1)).collect(),
            _ => {
                let count = self.below(4);
                let members = (0..count).map(|_| (self.name(), self.value(depth + 1)));
                Value::Object(members.collect())
            }
        }
    }

    fn name(&mut self) -> String {
        let known = [
            "email",
            "password",
            "refresh_token",
            "current_password",
            "new_password",
            "reset_token",
            "grant_type",
            "username",
            "token",
            "",
            "__proto__",
            "é",
        ];
        self.pick(&known).to_owned()
    }

    fn text(&mut self) -> String {
        let known = [
            "a@b.example",
            PASSWORD,
            "password",
            "refresh_token",
            "",
            "\0",
            "😀",
            "\u{feff}",
            "' OR 1=1 --",
            "${jndi:ldap://x}",
            "%s%n",
            "../../etc/passwd",
            "null",
        ];
        if self.below(3) > 0 {
            return self.pick(&known).to_owned();
        }
        let length = self.below(200);
        let letters = (0..length).map(|_| u32::try_from(self.roll() % 0x11_0000).unwrap());
        letters.filter_map(char::from_u32).collect()
    }

    /// A body: random bytes, random JSON, a form, or a good body with some damage.
    fn body(&mut self, good: &str) -> Vec<u8> {
        match self.below(5) {
            0 => (0..self.below(300))
                .map(|_| self.roll().to_le_bytes()[0])
                .collect(),
            1 => self.value(0).to_string().into_bytes(),
            2 => {
                let pairs: Vec<(String, String)> = (0..self.below(5))
                    .map(|_| (self.name(), self.text()))
                    .collect();
                serde_urlencoded::to_string(pairs).unwrap().into_bytes()
            }
            _ => {
                let mut bytes = good.as_bytes().to_vec();
                for _ in 0..=self.below(3) {
                    let at = self.below(bytes.len());
                    match self.below(3) {
                        0 => bytes[at] = self.roll().to_le_bytes()[0],
                        1 => bytes.truncate(at.max(1)),
                        _ => bytes.insert(at, self.roll().to_le_bytes()[0]),
                    }
                }
                bytes
            }
        }
    }
}

#[tokio::test]
async fn no_random_body_gets_a_5xx_or_an_undocumented_answer() {
    let (aura, _upstream) = start().await;
    let client = aura.client();
    let contract = Contract::of(&client).await;
    let session = client.newcomer().await;
    let mut dice = Dice(0x0061_7572_6100_0001);
    let good = [
        json!({"email": "fuzz@example.com", "password": PASSWORD}).to_string(),
        json!({"refresh_token": session.refresh}).to_string(),
        json!({"reset_token": session.access, "new_password": PASSWORD}).to_string(),
        json!({"current_password": "wrong", "new_password": PASSWORD}).to_string(),
        format!("grant_type=refresh_token&refresh_token={}", session.refresh),
        format!("token={}", session.access),
    ];
    let posts = contract.0.keys().filter(|(method, _)| method == "POST");
    for (_, route) in posts.filter(|(_, route)| !route.starts_with("/auth/logout")) {
        for _ in 0..40 {
            let form =
                ["/auth/token", "/auth/introspect", "/auth/revoke"].contains(&route.as_str());
            let usual = ["application/json", "application/x-www-form-urlencoded"];
            let content_type = match dice.below(8) {
                0 => dice.pick(&[
                    "",
                    "text/plain",
                    "application/json;",
                    "application/json; a=\"b",
                ]),
                1 => usual[usize::from(!form)],
                _ => usual[usize::from(form)],
            };
            let template = &good[dice.below(good.len())];
            let body = dice.body(template);
            let shown = format!(
                "{route} {content_type} {:?}",
                String::from_utf8_lossy(&body)
            );
            let call = client.call(Method::POST, route, |request| {
                let request = match route.as_str() {
                    "/auth/password" => request.bearer_auth(&session.access),
                    "/auth/introspect" | "/auth/revoke" => {
                        request.basic_auth("shop", Some("nB7vC4xZ1lK8jH5gF2dS9aQ6wE3rT0yU"))
                    }
                    _ => request,
                };
                request.header("content-type", content_type).body(body)
            });
            let answer = call.await;
            assert!(answer.status < 500, "{shown}: {answer:#?}");
            contract.holds(&Method::POST, route, &answer);
        }
    }
    client.get("/health").await.is(200);
}
