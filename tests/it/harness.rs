//! Proves that the ground the other tests stand on is firm: that servers stop and come back, and
//! that the proxy breaks connections in the ways it claims to.

use std::time::Duration;

use redis::AsyncTypedCommands as _;
use sqlx::Connection as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::support::{Port, Postgres, Proxy, Redis, Settings, eventually};

const SHORT: Duration = Duration::from_millis(300);

/// A server that sends back what it is sent.
async fn echo() -> (std::net::SocketAddr, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            connections.spawn(async move {
                let (mut reader, mut writer) = stream.split();
                tokio::io::copy(&mut reader, &mut writer).await.ok();
            });
        }
    });
    (address, tasks)
}

/// Whether a connection gives back what it is sent; `None` when it hangs.
async fn echoes(stream: &mut TcpStream) -> Option<bool> {
    let exchange = async {
        stream.write_all(b"hello").await?;
        stream.read_exact(&mut [0; 5]).await
    };
    let exchange = tokio::time::timeout(SHORT, exchange).await;
    exchange.ok().map(|result| result.is_ok())
}

#[tokio::test]
async fn the_proxy_forwards_falls_silent_refuses_and_swallows() {
    let (server, _tasks) = echo().await;
    let proxy = Proxy::start(server).await;
    let connect = || TcpStream::connect(proxy.address());

    let mut old = connect().await.unwrap();
    assert_eq!(echoes(&mut old).await, Some(true));

    proxy.silence();
    assert_eq!(echoes(&mut old).await, None, "a silenced connection hangs");
    let mut new = connect().await.unwrap();
    assert_eq!(echoes(&mut new).await, Some(true), "a new one works");

    proxy.blackhole();
    assert_eq!(
        echoes(&mut new).await,
        None,
        "a black hole takes those that exist"
    );
    let mut swallowed = connect().await.unwrap();
    assert_eq!(echoes(&mut swallowed).await, None, "and those that come");

    proxy.refuse();
    let refused = async || connect().await.err();
    eventually(SHORT, "a refused connection", refused).await;
    assert_eq!(
        echoes(&mut old).await,
        Some(false),
        "refusing closes what exists"
    );

    proxy.forward();
    let accepted = async || connect().await.ok();
    let mut back = eventually(SHORT, "an accepted connection", accepted).await;
    assert_eq!(echoes(&mut back).await, Some(true));
    assert!(proxy.accepted() >= 4);
}

#[tokio::test]
async fn redis_stops_hangs_and_returns_on_its_port_without_its_data() {
    let Some(mut server) = Redis::start().await else {
        return;
    };
    let client = redis::Client::open(server.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    connection.set("key", "value").await.unwrap();

    server.pause();
    assert!(!server.answers_ping().await);
    server.resume();
    assert!(server.answers_ping().await);
    assert_eq!(
        connection.get("key").await.unwrap().as_deref(),
        Some("value")
    );

    server.stop().await;
    assert!(TcpStream::connect(server.address()).await.is_err());
    server.restart().await;
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    assert_eq!(connection.get("key").await.unwrap(), None);
}

#[tokio::test]
async fn postgres_gives_every_test_an_empty_database_of_its_own() {
    let Some(server) = Postgres::shared().await else {
        return;
    };
    let (one, other) = (server.database().await, server.database().await);
    for url in [&one, &other] {
        let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
        let create = "CREATE TABLE the_same_name (id int)";
        sqlx::query(create).execute(&mut connection).await.unwrap();
    }
}

#[tokio::test]
async fn postgres_stops_and_returns_with_its_data() {
    let Some(mut server) = Postgres::own().await else {
        return;
    };
    let url = server.database().await;
    server.stop().await;
    assert!(sqlx::PgConnection::connect(&url).await.is_err());
    server.restart().await;
    sqlx::PgConnection::connect(&url).await.unwrap();
}

#[tokio::test]
async fn a_reserved_port_is_not_given_away() {
    let ports: Vec<Port> = (0..50).map(|_| Port::reserve()).collect();
    let mut numbers: Vec<u16> = ports.iter().map(Port::number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), ports.len());
}

#[tokio::test]
async fn metrics_answer_on_their_own_port_and_nowhere_else() {
    let aura = Settings::new().start().await;
    let metrics = aura.metrics().get("/metrics").await;
    assert!(metrics.is(200).text.contains("# TYPE"), "{}", metrics.text);
    aura.client()
        .get("/metrics")
        .await
        .problem(404, "not_found");
    assert_eq!(aura.metrics().get("/auth/me").await.status, 404);
}
