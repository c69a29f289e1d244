//! A language model's server of the tests' own: it answers as it is told, breaks off on command,
//! and remembers who asked what.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// A request that arrived.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// Number of requests before it.
    pub(crate) number: usize,
    /// Method and path.
    pub(crate) asked: String,
    /// Names in lower case, and values.
    pub(crate) headers: Vec<(String, String)>,
    /// The body as it came.
    pub(crate) body: String,
}

impl Seen {
    /// A header; empty where it is missing.
    pub(crate) fn header(&self, name: &str) -> &str {
        let mut all = self.headers.iter();
        all.find(|(known, _)| known == name)
            .map_or("", |(_, value)| value)
    }

    /// A member of the body.
    pub(crate) fn field(&self, name: &str) -> Value {
        serde_json::from_str::<Value>(&self.body).unwrap_or_default()[name].clone()
    }
}

/// Steps of an answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    before: Duration,
    parts: Vec<Vec<u8>>,
    pause: Duration,
    chunked: bool,
    ending: Ending,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Ending {
    Whole,
    Break,
    Hang,
    /// No byte is sent at all.
    Silent,
}

impl Reply {
    /// A JSON body with its length.
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self {
            status,
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            before: Duration::ZERO,
            parts: vec![body.to_string().into_bytes()],
            pause: Duration::ZERO,
            chunked: false,
            ending: Ending::Whole,
        }
    }

    /// Server-sent events, each part by itself.
    pub(crate) fn events(parts: &[String]) -> Self {
        let mut reply = Self::json(200, &Value::Null).header("content-type", "text/event-stream");
        reply.parts = parts.iter().map(|part| part.clone().into_bytes()).collect();
        reply.chunked = true;
        reply
    }

    /// A stream of any bytes, each part by itself.
    pub(crate) fn stream(parts: Vec<Vec<u8>>) -> Self {
        let mut reply = Self::events(&[]);
        reply.parts = parts;
        reply
    }

    /// Sets a header.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Waits before it answers.
    pub(crate) fn after(mut self, before: Duration) -> Self {
        self.before = before;
        self
    }

    /// Waits before each part but the first.
    pub(crate) fn pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    /// Breaks the connection where the body should end.
    pub(crate) fn breaks(mut self) -> Self {
        self.ending = Ending::Break;
        self.chunked = true;
        self
    }

    /// Falls silent where the body should end.
    pub(crate) fn hangs(mut self) -> Self {
        self.ending = Ending::Hang;
        self.chunked = true;
        self
    }

    /// Never answers.
    pub(crate) fn silence() -> Self {
        let mut reply = Self::json(200, &Value::Null);
        reply.ending = Ending::Silent;
        reply
    }
}

/// A plain answer of a chat, different for each call.
pub(crate) fn chat(seen: &Seen) -> Reply {
    let content = format!("answer {}", seen.number);
    Reply::json(200, &completion(&content, "stop"))
}

/// The body of a plain answer.
pub(crate) fn completion(content: &str, reason: &str) -> Value {
    json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "tiny",
        "choices": [{
            "index": 0, "finish_reason": reason, "logprobs": null,
            "message": {"role": "assistant", "content": content, "refusal": null},
        }],
        "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7},
    })
}

/// The events of a streamed answer that says `words`.
pub(crate) fn events(words: &[&str], reason: &str) -> Vec<String> {
    let event = |delta: Value, reason: Value| {
        let body = json!({
            "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "tiny",
            "choices": [{"index": 0, "delta": delta, "finish_reason": reason}],
        });
        format!("data: {body}\n\n")
    };
    let mut events = vec![event(
        json!({"role": "assistant", "content": ""}),
        Value::Null,
    )];
    events.extend(
        words
            .iter()
            .map(|word| event(json!({"content": word}), Value::Null)),
    );
    events.push(event(json!({}), json!(reason)));
    events.push("data: [DONE]\n\n".to_owned());
    events
}

/// The server.
#[derive(Debug)]
pub(crate) struct Upstream {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    given_up: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

impl Upstream {
    /// Starts one that answers each request as `script` says.
    pub(crate) async fn start(script: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (seen, given_up) = (Arc::new(Mutex::new(Vec::new())), Arc::default());
        let mut tasks = JoinSet::new();
        let (script, shared) = (Arc::new(script), (Arc::clone(&seen), Arc::clone(&given_up)));
        tasks.spawn(async move {
            let mut calls = JoinSet::new();
            loop {
                tokio::select! {
                    Some(_) = calls.join_next() => {}
                    accepted = listener.accept() => {
                        let Ok((stream, _)) = accepted else { continue };
                        calls.spawn(serve(stream, Arc::clone(&script), shared.clone()));
                    }
                }
            }
        });
        Self {
            address,
            seen,
            given_up,
            _tasks: tasks,
        }
    }

    /// Value of `LLM_UPSTREAM_URL`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// The requests so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("a lock").clone()
    }

    /// Number of requests.
    pub(crate) fn calls(&self) -> usize {
        self.seen.lock().expect("a lock").len()
    }

    /// Forgets the requests so far.
    pub(crate) fn forget(&self) {
        self.seen.lock().expect("a lock").clear();
    }

    /// Number of answers that clients gave up.
    pub(crate) fn given_up(&self) -> usize {
        self.given_up.load(Ordering::SeqCst)
    }
}

type Shared = (Arc<Mutex<Vec<Seen>>>, Arc<AtomicUsize>);

async fn serve(
    mut stream: TcpStream,
    script: Arc<impl Fn(&Seen) -> Reply>,
    (seen, given_up): Shared,
) {
    let Some(mut request) = read(&mut stream).await else {
        return;
    };
    {
        let mut seen = seen.lock().expect("a lock");
        request.number = seen.len();
        seen.push(request.clone());
    }
    let reply = script(&request);
    if !answer(&mut stream, &reply).await {
        given_up.fetch_add(1, Ordering::SeqCst);
    }
}

/// Reads one request; `None` where the other side went before its end.
pub(super) async fn read(stream: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.lines();
    let asked = lines.next()?.rsplit_once(' ')?.0.to_owned();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length: usize = length.map_or(0, |(_, value)| value.parse().expect("a length"));
    while bytes.len() < end + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    let body = String::from_utf8_lossy(&bytes[end..]).into_owned();
    Some(Seen {
        number: 0,
        asked,
        headers,
        body,
    })
}

/// False when the other side went before the end.
async fn answer(stream: &mut TcpStream, reply: &Reply) -> bool {
    if reply.ending == Ending::Silent {
        return waits(stream, Duration::MAX).await;
    }
    if !reply.before.is_zero() && !waits(stream, reply.before).await {
        return false;
    }
    let length: usize = reply.parts.iter().map(Vec::len).sum();
    let mut lines = vec![format!("HTTP/1.1 {} Whatever", reply.status)];
    lines.push("connection: close".to_owned());
    let own = reply.headers.iter();
    lines.extend(own.map(|(name, value)| format!("{name}: {value}")));
    if reply.chunked {
        lines.push("transfer-encoding: chunked".to_owned());
    } else {
        lines.push(format!("content-length: {length}"));
    }
    let head = format!("{}\r\n\r\n", lines.join("\r\n"));
    let mut written = stream.write_all(head.as_bytes()).await.is_ok();
    for (at, part) in reply.parts.iter().enumerate() {
        if at > 0 && !reply.pause.is_zero() && !waits(stream, reply.pause).await {
            return false;
        }
        let framed = if reply.chunked {
            let size = format!("{:x}\r\n", part.len());
            [size.as_bytes(), part, b"\r\n"].concat()
        } else {
            part.clone()
        };
        written &= stream.write_all(&framed).await.is_ok();
    }
    match reply.ending {
        Ending::Hang => waits(stream, Duration::MAX).await,
        Ending::Whole if reply.chunked => written && stream.write_all(b"0\r\n\r\n").await.is_ok(),
        _ => written,
    }
}

/// Waits, unless the other side goes first: then false.
async fn waits(stream: &mut TcpStream, time: Duration) -> bool {
    let mut byte = [0];
    tokio::time::timeout(time, stream.read(&mut byte))
        .await
        .is_err()
}
