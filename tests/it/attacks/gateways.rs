//! Clients of a gateway that name their own roles, or take a way around the place where a role is
//! asked for. nginx and Caddy run the configurations of `docs/forward-auth.md`; the application is
//! a WSGI server that reads `X_Auth_Roles` as `X-Auth-Roles`.

use std::net::SocketAddr;
use std::process::Stdio;

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::time::timeout;

use crate::forward_auth::{Kind, World};
use crate::support::{PATIENCE, Raw, Wsgi};

/// The marks that a header's name may hold (RFC 9110 section 5.6.2).
const MARKS: &str = "!#$%&'*+-.^_`|~";

/// As many headers as gateways and WSGI servers take in one request.
const HEADERS: usize = 60;

/// Addresses that an application may read as `/reports` or as below it.
const REPORTS: [&str; 24] = [
    "/reports",
    "/reports/",
    "/reports/1",
    "/reports?x=1",
    "/reports.json",
    "/REPORTS/x",
    "/Reports",
    "/%72eports/1",
    "/reports;x",
    "/reports;x/1",
    "/reports%3bx",
    "//reports/1",
    "/./reports",
    "/x/../reports/1",
    "/x/%2e%2e/reports",
    "/x/..%2freports/1",
    "/x/..%2Freports/1",
    "/x%2f..%2freports",
    "/x/..;/reports",
    "/reports\\1",
    "/x\\..\\reports",
    "/x%5c..%5creports",
    "/%252e%252e/reports",
    "http://app.example.com/reports/1",
];

/// Addresses that mean one thing only.
const PLAIN: [&str; 4] = ["/", "/a.b/..c/d..", "/a%20b?x=//y;z/../%2f", "/report"];

/// The answer over TLS to a request whose path and headers are sent as they stand here.
async fn exchange(gateway: SocketAddr, path: &str, headers: &[(String, &str)]) -> String {
    let mut head = format!("GET {path} HTTP/1.1\r\nHost: app.example.com\r\n");
    for (name, value) in headers {
        head.extend([name.as_str(), ": ", value, "\r\n"]);
    }
    if !headers.iter().any(|(name, _)| name == "Connection") {
        head.push_str("Connection: close\r\n");
    }
    let mut command = Command::new("openssl");
    command.args(["s_client", "-quiet", "-servername", "app.example.com"]);
    command.args(["-connect", &gateway.to_string()]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command.stderr(Stdio::null()).kill_on_drop(true);
    let mut child = command.spawn().expect("openssl starts");
    let mut input = child.stdin.take().expect("its input");
    input
        .write_all(format!("{head}\r\n").as_bytes())
        .await
        .expect("openssl reads");
    // The input stays open until the gateway has closed the connection.
    let output = timeout(PATIENCE, child.wait_with_output()).await;
    drop(input);
    let output = output.expect("an answer in time").expect("an output");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or_default()
}

/// The values that an application which takes any mark for an underscore reads of `X-Auth-*`.
fn read(answer: &str) -> Vec<String> {
    let lines = answer.lines().filter_map(|line| line.split_once('='));
    let lines = lines.filter(|(name, value)| {
        let name = name.replace(|mark: char| !mark.is_ascii_alphanumeric(), "_");
        name.starts_with("HTTP_X_AUTH_") && !value.is_empty()
    });
    lines.map(|(_, value)| value.to_owned()).collect()
}

/// Every name that some server reads as one of the three.
fn spellings() -> Vec<(String, &'static str)> {
    let mut names = Vec::new();
    for a in MARKS.chars() {
        for b in MARKS.chars() {
            for rest in ["Roles".to_owned(), "Email".to_owned(), format!("User{a}Id")] {
                names.push((format!("X{a}Auth{b}{rest}"), "forged"));
            }
        }
    }
    names
}

async fn no_spelling_of_a_name_passes(world: &World) {
    let bob = world.bearer("bob@example.com").await;
    let at = world.gateway.address();
    let bearer = ("Authorization".to_owned(), bob.as_str());
    let answer = exchange(at, "/x", std::slice::from_ref(&bearer)).await;
    let told = read(&answer);
    assert_eq!(status(&answer), "200", "{answer}");
    assert!(
        told.len() == 3 && told.contains(&"staff".to_owned()),
        "{answer}"
    );
    for names in spellings().chunks(HEADERS) {
        let headers = [std::slice::from_ref(&bearer), names].concat();
        let answer = exchange(at, "/x", &headers).await;
        assert_eq!(read(&answer), told, "{answer}");
        assert!(!answer.contains("forged"), "{answer}");
    }
    // A header that the connection claims for itself is removed by proxies.
    let claimed = "close, X-Auth-Roles, x-auth-email, X-Auth-User-Id";
    let headers = [bearer, ("Connection".to_owned(), claimed)];
    let answer = exchange(at, "/x", &headers).await;
    assert_eq!(read(&answer), told, "{answer}");
}

async fn no_way_leads_around_a_role(world: &World) {
    let at = world.gateway.address();
    let ann = world.bearer("ann@example.com").await;
    let ann = [("Authorization".to_owned(), ann.as_str())];
    for path in REPORTS {
        let answer = exchange(at, path, &ann).await;
        assert!(
            ["400", "403"].contains(&status(&answer)),
            "{path}: {answer}"
        );
    }
    for path in PLAIN {
        let answer = exchange(at, path, &ann).await;
        assert_eq!(status(&answer), "200", "{path}: {answer}");
        assert_eq!(status(&exchange(at, path, &[]).await), "401", "{path}");
    }
    let bob = world.bearer("bob@example.com").await;
    let bob = [("Authorization".to_owned(), bob.as_str())];
    for path in ["/reports", "/reports/1", "/REPORTS/x"] {
        let answer = exchange(at, path, &bob).await;
        assert_eq!(status(&answer), "200", "{path}: {answer}");
    }
}

/// The application takes an underscore for a hyphen, or the test proves nothing.
async fn is_a_target(wsgi: &Wsgi) {
    let mut raw = Raw::connect(wsgi.address()).await;
    let head = "GET / HTTP/1.1\r\nHost: x\r\nX_Auth_Roles: forged\r\nConnection: close\r\n\r\n";
    raw.send(head).await;
    let answer = raw.answer(PATIENCE).await.expect("an answer");
    assert!(
        answer.body.contains("HTTP_X_AUTH_ROLES=forged"),
        "{answer:#?}"
    );
}

async fn run(kind: Kind) {
    for program in ["gunicorn", "cheroot"] {
        let Some(wsgi) = Wsgi::start(program).await else {
            return;
        };
        is_a_target(&wsgi).await;
        let Some(world) = World::start(kind, wsgi.address()).await else {
            return;
        };
        no_spelling_of_a_name_passes(&world).await;
        no_way_leads_around_a_role(&world).await;
    }
}

#[tokio::test]
async fn clients_of_nginx_cannot_choose_their_roles() {
    run(Kind::Nginx).await;
}

#[tokio::test]
async fn clients_of_caddy_cannot_choose_their_roles() {
    run(Kind::Caddy).await;
}
