//! Request bodies that never end: they are not read for whoever has no right to send them, take
//! bounded memory otherwise, and keep nobody else from signing in.

use std::time::Duration;

use reqwest::Method;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpSocket, TcpStream};

use crate::support::{Aura, Client, PASSWORD, Raw, Settings, eventually};

/// Well below the ten seconds that a body may take: an answer within it did not wait for the body.
const AT_ONCE: Duration = Duration::from_secs(5);

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// The head of a request whose body has `length` bytes, with another header line or none.
fn head(target: &str, kind: &str, length: usize, line: &str) -> String {
    format!(
        "{target} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\n\
         Content-Length: {length}\r\n{line}\r\n"
    )
}

/// A connection from `from`, an address of this machine.
async fn connect(aura: &Aura, from: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind(format!("{from}:0").parse().unwrap()).unwrap();
    socket.connect(aura.address()).await.unwrap()
}

/// Holds a login from `from` that lacks the last of its `length` bytes.
async fn unfinished(aura: &Aura, from: &str, length: usize) -> TcpStream {
    let mut stream = connect(aura, from).await;
    let head = head("POST /auth/login", JSON, length, "");
    let mut bytes = head.into_bytes();
    bytes.resize(bytes.len() + length - 1, b' ');
    stream.write_all(&bytes).await.unwrap();
    stream
}

#[tokio::test]
async fn a_client_over_its_limit_is_answered_without_its_body() {
    let settings = Settings::new().set("RATE_LIMIT_ENABLED", true);
    let settings = settings.set("RATE_LIMIT_ADDRESS_PER_MINUTE", 3);
    let aura = settings.start().await;
    let client = aura.client();
    client.register("ann@example.com").await.is(201);
    let access = client.signed_in("ann@example.com").await.access;
    client.refresh("rubbish").await.is(401);
    let bearer = format!("Authorization: Bearer {access}\r\n");
    for (target, kind, line) in [
        ("POST /auth/login", JSON, ""),
        ("POST /auth/register", JSON, ""),
        ("POST /auth/refresh", JSON, ""),
        ("POST /auth/password/reset", JSON, ""),
        ("POST /auth/token", FORM, ""),
        ("POST /sign-in", FORM, ""),
        ("POST /register", FORM, ""),
        ("POST /reset", FORM, ""),
        ("POST /auth/password", JSON, bearer.as_str()),
        ("DELETE /auth/me", JSON, bearer.as_str()),
    ] {
        let mut silent = Raw::connect(aura.address()).await;
        silent.send(head(target, kind, 100, line)).await;
        let answer = silent.answer(AT_ONCE).await.expect("an answer");
        assert_eq!(answer.status, 429, "{target}: {answer:#?}");
        assert!(answer.head.contains("retry-after"), "{target}: {answer:#?}");
    }
}

#[tokio::test]
async fn a_stranger_is_answered_without_the_body() {
    let settings = Settings::new().set("OAUTH_CLIENT_ID", "shop");
    let secret = "nB7vC4xZ1lK8jH5gF2dS9aQ6wE3rT0yU";
    let aura = settings.set("OAUTH_CLIENT_SECRET", secret).start().await;
    let id = "0d9f5c57-8a3c-4a86-b5f1-59d8a9e8e8aa";
    let roles = format!("PUT /admin/users/{id}/roles");
    for (target, kind, line) in [
        ("POST /auth/password", JSON, "Authorization: Bearer x\r\n"),
        ("DELETE /auth/me", JSON, "Authorization: Bearer x\r\n"),
        ("POST /admin/users", JSON, "Authorization: Bearer x\r\n"),
        (roles.as_str(), JSON, "Authorization: Bearer x\r\n"),
        ("POST /v1/embeddings", JSON, "Authorization: Bearer x\r\n"),
        // shop:wrong
        (
            "POST /auth/introspect",
            FORM,
            "Authorization: Basic c2hvcDp3cm9uZw==\r\n",
        ),
        (
            "POST /auth/revoke",
            FORM,
            "Authorization: Basic c2hvcDp3cm9uZw==\r\n",
        ),
    ] {
        let mut silent = Raw::connect(aura.address()).await;
        silent.send(head(target, kind, 100, line)).await;
        let answer = silent.answer(AT_ONCE).await.expect("an answer");
        assert_eq!(answer.status, 401, "{target}: {answer:#?}");
    }
}

#[tokio::test]
async fn bodies_of_one_client_fill_only_its_share() {
    let settings = Settings::new().set("SERVER_BODY_MEMORY_BYTES", 1_048_576);
    let aura = settings.start().await;
    let client = aura.client();
    client.register("ann@example.com").await.is(201);
    // A length that is announced takes no memory.
    let mut silent = Vec::new();
    for _ in 0..64 {
        let mut stream = connect(&aura, "127.0.0.1").await;
        let head = head("POST /auth/login", JSON, 8192, "");
        stream.write_all(head.as_bytes()).await.unwrap();
        silent.push(stream);
    }
    // A quarter of it is 32 bodies of 8 KiB.
    let mut held = Vec::new();
    for _ in 0..40 {
        held.push(unfinished(&aura, "127.0.0.1", 8192).await);
    }
    let mut answered = vec![false; held.len()];
    eventually(AT_ONCE, "eight bodies that find no room", async || {
        for (stream, answered) in held.iter().zip(&mut answered) {
            *answered |= stream.try_read(&mut [0; 1024]).is_ok();
        }
        (answered.iter().filter(|answered| **answered).count() == 8).then_some(())
    })
    .await;
    let other = from(&aura, "127.0.0.2");
    other.login("ann@example.com", PASSWORD).await.is(200);
    // Those that do not go on make room for the same address.
    tokio::time::sleep(Duration::from_secs(1)).await;
    client.login("ann@example.com", PASSWORD).await.is(200);
    drop((held, silent));
}

#[tokio::test]
async fn unfinished_bodies_of_many_addresses_make_room_for_a_sign_in() {
    let settings = Settings::new().set("SERVER_BODY_MEMORY_BYTES", 1_048_576);
    let aura = settings.start().await;
    let owner = from(&aura, "127.0.0.2");
    owner.register("ann@example.com").await.is(201);
    let mut held = Vec::new();
    for number in 0..128 {
        let address = format!("127.0.1.{}", 1 + number / 32);
        held.push(unfinished(&aura, &address, 8192).await);
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    owner.login("ann@example.com", PASSWORD).await.is(200);
    let answered = held
        .iter()
        .filter(|stream| stream.try_read(&mut [0; 1024]).is_ok());
    assert_eq!(answered.count(), 1, "one was enough");
}

/// A client at `address`, an address of this machine.
fn from(aura: &Aura, address: &str) -> Client {
    Client::at(
        &format!("http://{}", aura.address()),
        address.parse().unwrap(),
    )
}

#[tokio::test]
async fn three_thousand_unfinished_bodies_leave_room_for_a_sign_in() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    setrlimit(Resource::Nofile, raised).unwrap();
    let settings = Settings::new().set("RATE_LIMIT_ENABLED", true);
    let aura = settings.data_limit_kib(524_288).start().await;
    let owner = from(&aura, "127.0.0.2");
    owner.register("ann@example.com").await.is(201);

    let mut held = Vec::new();
    for number in 0..3000 {
        // As many as one address may send in a minute.
        let address = format!("127.0.1.{}", 1 + number / 50);
        held.push(unfinished(&aura, &address, 8192).await);
    }
    for _ in 0..3 {
        owner.login("ann@example.com", PASSWORD).await.is(200);
    }
    let resident = aura.resident_bytes() / 1024 / 1024;
    assert!(resident < 256, "{resident} MiB");

    // What one address has not been granted is not read.
    let mut more = unfinished(&aura, "127.0.1.1", 8192).await;
    for _ in 0..9 {
        drop(more);
        more = unfinished(&aura, "127.0.1.1", 8192).await;
    }
    let over = from(&aura, "127.0.1.1");
    let body = json!({"email": "ann@example.com", "password": PASSWORD});
    let answer = over.call(Method::POST, "/auth/login", |request| request.json(&body));
    answer.await.problem(429, "rate_limited");
    drop(held);
    owner.login("ann@example.com", PASSWORD).await.is(200);
}
