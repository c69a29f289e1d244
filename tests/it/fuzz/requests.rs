//! A whole server, to which anybody may send bytes: it stays alive, fails at nothing, and answers
//! with no more than a page, whatever hosts, cookies and addresses it is told.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use tokio::runtime::Runtime;

use super::{Subject, Target};
use crate::support::{Aura, Client, Settings, Visitor};

/// The longest head of an answer.
const HEAD: usize = 8 * 1024;

/// The longest answer that is no file of Swagger UI, per request.
const ANSWER: usize = 96 * 1024;

/// Long enough for an answer that comes at all; what is half a request gets none so soon.
const SILENCE: Duration = Duration::from_millis(120);

/// One connection's bytes: requests with odd hosts, cookies, addresses and targets.
pub(super) const REQUESTS: Target = Target {
    name: "requests",
    most_bytes: 24 * 1024,
    millis: 600,
    millis_per_mib: 20_000,
    words: &[
        "Host: auth.example.com\r\n",
        "Host: a.b.c.d.e.f.g.h.i.j.k.l.m.n.example.com\r\n",
        "Host: [::1]:8000\r\n",
        "Host: localhost:80@evil.example\r\n",
        "Cookie: __Secure-aura_session=x; __Host-aura_form=y\r\n",
        "Forwarded: for=192.0.2.1;proto=https;host=evil.example\r\n",
        "X-Forwarded-For: 192.0.2.1, 10.0.0.1\r\n",
        "X-Forwarded-Proto: https\r\n",
        "X-Original-URL: https://app.example.com/x?y\r\n",
        "X-Request-Id: 00000000-0000-4000-8000-000000000000\r\n",
        "Authorization: Bearer x\r\n",
        "Authorization: Basic eDp5\r\n",
        "Accept: text/html\r\n",
        "Origin: null\r\n",
        "Sec-Fetch-Site: cross-site\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Content-Length: 0\r\n",
        "Expect: 100-continue\r\n",
        "Connection: Upgrade\r\n",
        "?next=//evil.example",
        "?next=https://app.example.com/",
        "&after=",
        "%2f",
        "%00",
        "..",
        ".example",
        "; ",
        "\r\n\r\n",
    ],
    start: || Box::new(Requests(Server::start())),
};

/// A password for a new account: taken or refused, and never dear to judge.
pub(super) const PASSWORDS: Target = Target {
    name: "passwords",
    most_bytes: 1024,
    // A hash of the cheapest cost is part of it.
    millis: 500,
    millis_per_mib: 1_000,
    words: &[
        "password",
        "a4@8({[<",
        "369!1|0$5+7%2z",
        "qwertyuiop",
        "1234567890",
        "2024",
        "zxcvbn",
        "s0m3w0rd",
        "aaaaaaaa",
        "\u{ad}",
        "ｐ",
        "é",
        "йцукен",
        "correct horse",
        "!",
        " ",
        "0oO",
        "lI1|",
    ],
    start: || {
        Box::new(Passwords {
            server: Server::start(),
            number: 0,
        })
    },
};

struct Server {
    runtime: Runtime,
    aura: Aura,
    client: Client,
}

impl Server {
    fn start() -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let settings = Settings::new()
            .set("AUTH_COOKIE_DOMAIN", "example.com")
            .set("AUTH_FORWARD_HOSTS", "app.example.com")
            .set("SERVER_TRUSTED_PROXIES", "127.0.0.0/8")
            .set("SERVER_CORS_ALLOWED_ORIGINS", "https://app.example.com");
        let aura = runtime.block_on(settings.start());
        Self {
            client: aura.client(),
            aura,
            runtime,
        }
    }

    /// What comes back when `input` is sent, and the connection is left open.
    fn exchange(address: SocketAddr, input: &[u8]) -> std::io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_write_timeout(Some(Duration::from_secs(2)))?;
        stream.set_read_timeout(Some(Duration::from_millis(20)))?;
        // The server may have had enough before the end.
        stream.write_all(input).ok();
        let mut received = Vec::new();
        let mut part = [0; 16 * 1024];
        let mut heard = Instant::now();
        loop {
            match stream.read(&mut part) {
                Ok(0) => return Ok(received),
                Ok(count) => {
                    received.extend_from_slice(&part[..count]);
                    heard = Instant::now();
                    if received.len() > 64 * 1024 * 1024 {
                        return Ok(received);
                    }
                }
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    if heard.elapsed() > SILENCE {
                        return Ok(received);
                    }
                }
                Err(_) => return Ok(received),
            }
        }
    }

    fn is_alive(&self) -> Result<(), String> {
        let probe = b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        for _ in 0..20 {
            let answer = Self::exchange(self.aura.address(), probe).unwrap_or_default();
            if answer.starts_with(b"HTTP/1.1 200") {
                return Ok(());
            }
        }
        Err(format!("the server is gone:\n{}", self.aura.log()))
    }
}

struct Requests(Server);

impl Subject for Requests {
    fn seeds(&mut self) -> Vec<Vec<u8>> {
        let client = self.0.client.clone();
        let (access, cookies) = self.0.runtime.block_on(async {
            let session = client.newcomer().await;
            let visitor = Visitor::new(client);
            visitor.sign_in(&session.email).await;
            (session.access, visitor.cookies())
        });
        let seed = |path: &str, line: &str| {
            let lines = "Host: auth.example.com\r\nAccept: text/html\r\nConnection: close";
            format!("GET {path} HTTP/1.1\r\n{lines}\r\n{line}\r\n\r\n").into_bytes()
        };
        let cookies = format!("Cookie: {cookies}");
        let mut seeds: Vec<_> = [
            "/",
            "/account",
            "/sign-in?next=/users",
            "/users?q=a&after=b",
        ]
        .map(|path| seed(path, &cookies))
        .into();
        seeds.push(seed("/auth/me", &format!("Authorization: Bearer {access}")));
        seeds.push(seed("/auth/verify?role=admin", &cookies));
        seeds
    }

    fn feed(&mut self, input: &[u8]) -> Result<String, String> {
        let answer = Server::exchange(self.0.aura.address(), input);
        let Ok(answer) = answer.as_deref() else {
            return self.0.is_alive().map(|()| "not connected".to_owned());
        };
        if answer.is_empty() {
            return self.0.is_alive().map(|()| "silence".to_owned());
        }
        let head = answer.windows(4).position(|four| four == b"\r\n\r\n");
        let head = String::from_utf8_lossy(&answer[..head.unwrap_or(answer.len())]);
        let status = head.split(' ').nth(1).unwrap_or_default().to_owned();
        if status.starts_with("500") {
            return Err(format!("the server fails: {head}\n{}", self.0.aura.log()));
        }
        if head.len() > HEAD {
            return Err(format!("a head of {} bytes", head.len()));
        }
        let requests = input
            .windows(7)
            .filter(|seven| *seven == b"HTTP/1.")
            .count()
            .max(1);
        let text = String::from_utf8_lossy(input);
        let large = ["docs", "openapi"].iter().any(|word| text.contains(word));
        if !large && answer.len() > requests * ANSWER {
            return Err(format!(
                "{requests} requests, an answer of {} bytes",
                answer.len()
            ));
        }
        let names = head.lines().filter_map(|line| line.split_once(':'));
        let mut names: Vec<_> = names.map(|(name, _)| name.to_lowercase()).collect();
        names.sort();
        names.dedup();
        Ok(format!("{status} {}", names.join(" ")))
    }

    fn process(&self) -> u32 {
        self.0.aura.process()
    }
}

struct Passwords {
    server: Server,
    number: usize,
}

impl Subject for Passwords {
    fn feed(&mut self, input: &[u8]) -> Result<String, String> {
        self.number += 1;
        let password = String::from_utf8_lossy(input).into_owned();
        let body = json!({"email": format!("f{}@example.org", self.number), "password": password});
        let sent = self
            .server
            .client
            .send(Method::POST, "/auth/register", |request| {
                request.json(&body)
            });
        let answer = match self.server.runtime.block_on(sent) {
            Ok(answer) => answer,
            Err(error) => return Err(format!("{error:?}\n{}", self.server.aura.log())),
        };
        let fits =
            password.len() <= 72 && password.chars().count() >= 12 && !password.contains('\0');
        match answer.status {
            201 if fits => Ok("taken".to_owned()),
            201 => Err("a password of another length was taken".to_owned()),
            422 if answer.text.len() < 2048 => Ok(answer.json["errors"][0]["code"].to_string()),
            status => Err(format!("{status}: {}", answer.text)),
        }
    }

    fn process(&self) -> u32 {
        self.server.aura.process()
    }
}
