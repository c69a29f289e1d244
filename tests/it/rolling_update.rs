//! Proves that replicas can be replaced one after the other, under load on kept-alive connections
//! and however far away the clients are, and no request fails.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::process::Signal;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::support::{Aura, PATIENCE, Postgres, Proxy, Raw, Redis, Settings};

/// Clients of each kind, and how long they pause between two requests.
const CLIENTS: [(usize, u64); 4] = [(6, 0), (6, 40), (6, 300), (6, 900)];

/// The way to three replicas: new connections go to those that are in `rotation`.
struct Service {
    proxies: Vec<Proxy>,
    rotation: Mutex<Vec<usize>>,
    turn: AtomicU32,
    over: AtomicBool,
    answered: AtomicU32,
    failed: Mutex<Vec<String>>,
}

impl Service {
    async fn connect(&self) -> Raw {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) as usize;
        let address = {
            let rotation = self.rotation.lock().unwrap();
            self.proxies[rotation[turn % rotation.len()]].address()
        };
        Raw::connect(address).await
    }

    /// Asks again and again, on one connection for as long as the answers leave it open.
    async fn call(self: Arc<Self>, access: String, pause: Duration) {
        let ask = format!(
            "GET /auth/me HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {access}\r\n\r\n"
        );
        let mut open = None;
        while !self.over.load(Ordering::Relaxed) {
            let mut connection = match open.take() {
                Some(connection) => connection,
                None => self.connect().await,
            };
            connection.send(&ask).await;
            match connection.answer(PATIENCE).await {
                Some(answer) if answer.status == 200 => {
                    self.answered.fetch_add(1, Ordering::Relaxed);
                    if !answer.head.to_lowercase().contains("connection: close") {
                        open = Some(connection);
                    }
                }
                failed => self.failed.lock().unwrap().push(format!("{failed:?}")),
            }
            sleep(pause).await;
        }
    }
}

/// Replaces the replica `number`, as Kubernetes does: new connections go elsewhere, then comes the
/// signal; the next one is ready before it gets any.
async fn replace(service: &Service, replicas: &mut [Aura], settings: &Settings, number: usize) {
    let next = settings.start().await;
    let out = |other: &usize| *other != number;
    service.rotation.lock().unwrap().retain(out);
    // What is on its way arrives: the sleep of `preStop` is longer.
    sleep(Duration::from_millis(500)).await;
    let mut old = std::mem::replace(&mut replicas[number], next);
    old.signal(Signal::TERM);
    let status = old.ends(Duration::from_secs(12)).await;
    assert_eq!(status.code(), Some(0), "{}", old.log());
    assert!(!old.log().contains("cut off"), "{}", old.log());
    service.proxies[number].lead_to(replicas[number].address());
    service.rotation.lock().unwrap().push(number);
    sleep(Duration::from_millis(500)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_restart_in_turn_and_no_kept_alive_request_fails_at_any_distance() {
    let (Some(redis), Some(postgres)) = (Redis::start().await, Postgres::shared().await) else {
        return;
    };
    let settings = Settings::new()
        .redis(&redis)
        .database(&postgres.database().await)
        .set("SERVER_SHUTDOWN_TIMEOUT_SECONDS", 10);
    let mut replicas = Vec::new();
    for _ in 0..3 {
        replicas.push(settings.start().await);
    }
    let session = replicas[0].client().newcomer().await;
    for round_trip in [20, 200] {
        let mut proxies = Vec::new();
        for replica in &replicas {
            let proxy = Proxy::start(replica.address()).await;
            proxy.round_trip(Duration::from_millis(round_trip));
            proxies.push(proxy);
        }
        let service = Arc::new(Service {
            proxies,
            rotation: Mutex::new(vec![0, 1, 2]),
            turn: AtomicU32::new(0),
            over: AtomicBool::new(false),
            answered: AtomicU32::new(0),
            failed: Mutex::default(),
        });
        let mut clients = JoinSet::new();
        for (count, pause) in CLIENTS {
            for _ in 0..count {
                let service = Arc::clone(&service);
                let pause = Duration::from_millis(pause);
                clients.spawn(service.call(session.access.clone(), pause));
            }
        }
        sleep(Duration::from_secs(1)).await;
        for number in 0..3 {
            replace(&service, &mut replicas, &settings, number).await;
        }
        service.over.store(true, Ordering::Relaxed);
        clients.join_all().await;
        let answered = service.answered.load(Ordering::Relaxed);
        let failed = service.failed.lock().unwrap();
        assert!(answered > 300, "{answered} requests at {round_trip} ms");
        assert!(
            failed.is_empty(),
            "{} of {answered} failed at {round_trip} ms: {failed:?}",
            failed.len()
        );
    }
}
