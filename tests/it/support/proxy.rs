//! A TCP proxy between `aura` and a server that can turn into each kind of broken network.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use super::Port;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Mode {
    Forward,
    Refuse,
    Blackhole,
}

/// Connections are numbered; those below `mute_below` swallow what they are sent for ever.
#[derive(Debug, Clone, Copy)]
struct State {
    mode: Mode,
    target: SocketAddr,
    mute_below: u64,
    next: u64,
    /// One way.
    delay: Duration,
}

/// Forwards to one server until told otherwise. Needs a runtime with more than one thread only
/// where the test blocks.
#[derive(Debug)]
pub(crate) struct Proxy {
    port: Arc<Port>,
    state: watch::Sender<State>,
    _tasks: JoinSet<()>,
}

impl Proxy {
    /// Starts one before `target`.
    pub(crate) async fn start(target: SocketAddr) -> Self {
        let port = Arc::new(Port::reserve());
        let state = watch::Sender::new(State {
            mode: Mode::Forward,
            target,
            mute_below: 0,
            next: 0,
            delay: Duration::ZERO,
        });
        let listener = listen(&port).await;
        let mut tasks = JoinSet::new();
        tasks.spawn(serve(port.clone(), listener, state.clone()));
        Self {
            port,
            state,
            _tasks: tasks,
        }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// New connections reach the server. Those that were silenced stay silent.
    pub(crate) fn forward(&self) {
        self.state.send_modify(|state| state.mode = Mode::Forward);
    }

    /// New connections reach another server; those that exist stay where they are.
    pub(crate) fn lead_to(&self, target: SocketAddr) {
        self.state.send_modify(|state| state.target = target);
    }

    /// New connections have this round-trip time, that of the handshake included.
    pub(crate) fn round_trip(&self, time: Duration) {
        self.state.send_modify(|state| state.delay = time / 2);
    }

    /// Half-open: connections that exist swallow bytes in both directions, new ones work.
    pub(crate) fn silence(&self) {
        self.state
            .send_modify(|state| state.mute_below = state.next);
    }

    /// Connections that exist are closed, new ones are refused.
    pub(crate) fn refuse(&self) {
        self.state.send_modify(|state| state.mode = Mode::Refuse);
    }

    /// New connections are accepted and never answered; those that exist fall silent.
    pub(crate) fn blackhole(&self) {
        self.state.send_modify(|state| {
            state.mode = Mode::Blackhole;
            state.mute_below = state.next;
        });
    }

    /// How many connections were accepted so far.
    pub(crate) fn accepted(&self) -> u64 {
        self.state.borrow().next
    }
}

async fn listen(port: &Port) -> TcpListener {
    TcpListener::bind(port.address())
        .await
        .expect("a reserved port")
}

async fn serve(port: Arc<Port>, mut listener: TcpListener, state: watch::Sender<State>) {
    let mut changes = state.subscribe();
    let mut connections = JoinSet::new();
    loop {
        if changes.borrow_and_update().mode == Mode::Refuse {
            drop(listener);
            let open = changes.wait_for(|state| state.mode != Mode::Refuse);
            if open.await.is_err() {
                return;
            }
            listener = listen(&port).await;
        }
        tokio::select! {
            _ = changes.changed() => {}
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => {
                let Ok((client, _)) = accepted else { continue };
                let mut number = 0;
                state.send_modify(|state| {
                    number = state.next;
                    state.next += 1;
                    if state.mode == Mode::Blackhole {
                        state.mute_below = state.next;
                    }
                });
                connections.spawn(carry(number, client, state.subscribe()));
            }
        }
    }
}

/// Carries one connection until either side closes it, or hangs it when it falls silent.
async fn carry(number: u64, mut client: TcpStream, mut state: watch::Receiver<State>) {
    let mut from_client = vec![0; 64 * 1024];
    let mut from_server = vec![0; 64 * 1024];
    let mut server = None;
    let start = *state.borrow();
    if !start.delay.is_zero() {
        return carry_late(client, start).await;
    }
    if number >= start.mute_below {
        server = TcpStream::connect(start.target).await.ok();
        if server.is_none() {
            return;
        }
    }
    loop {
        let now = *state.borrow_and_update();
        if now.mode == Mode::Refuse {
            return;
        }
        let mute = number < now.mute_below;
        tokio::select! {
            changed = state.changed() => if changed.is_err() { return },
            read = client.read(&mut from_client) => {
                let Ok(count @ 1..) = read else { return };
                if let Some(server) = server.as_mut().filter(|_| !mute)
                    && server.write_all(&from_client[..count]).await.is_err() { return }
            }
            read = read_some(&mut server, &mut from_server) => match read {
                Ok(count @ 1..) => {
                    if !mute && client.write_all(&from_server[..count]).await.is_err() { return }
                }
                // The client of a silent connection never learns that its server is gone.
                _ if mute => server = None,
                _ => return,
            }
        }
    }
}

/// Carries one connection over a long way: bytes and the end of each direction arrive late.
async fn carry_late(client: TcpStream, start: State) {
    sleep(start.delay).await;
    let Ok(server) = TcpStream::connect(start.target).await else {
        return;
    };
    client.set_nodelay(true).expect("a TCP option");
    server.set_nodelay(true).expect("a TCP option");
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::join!(
        one_way(from_client, to_server, start.delay),
        one_way(from_server, to_client, start.delay),
    );
}

async fn one_way(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, delay: Duration) {
    let (sender, mut under_way) = mpsc::channel(1024);
    let read = async move {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(count @ 1..) = from.read(&mut buffer).await {
            let arrives = Instant::now() + delay;
            if sender
                .send((arrives, buffer[..count].to_vec()))
                .await
                .is_err()
            {
                return;
            }
        }
        sender.send((Instant::now() + delay, Vec::new())).await.ok();
    };
    let write = async move {
        while let Some((arrives, bytes)) = under_way.recv().await {
            sleep_until(arrives).await;
            if bytes.is_empty() || to.write_all(&bytes).await.is_err() {
                return;
            }
        }
    };
    tokio::join!(read, write);
}

async fn read_some(stream: &mut Option<TcpStream>, buffer: &mut [u8]) -> std::io::Result<usize> {
    match stream {
        Some(stream) => stream.read(buffer).await,
        None => std::future::pending().await,
    }
}
