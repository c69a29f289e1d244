//! Request bodies, bounded in size, in time, and in the memory of all of them together.

use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use hyper::body::Bytes;
use poem::http::header;
use poem::{Request, RequestBody};
use tokio::time::{Instant, timeout_at};

use super::budget::{BodyBudget, BudgetError, Hold};
use super::client_address::network;
use super::code::Code;
use super::context::Context;
use super::problem::Problem;

/// Bytes up to which the copy of a body grows, and the steps in which memory is reserved for a longer
/// one.
const GROWN_BYTES: usize = 1024 * 1024;

/// Bytes a second that a body comes at on the whole, beside its time of silence. A client may be slow,
/// but must not hold memory and a connection for ever with a byte now and then.
const SLOWEST: u64 = 1024;

/// Longest time that bytes earn in advance: what came fast must not pay for hours of trickling.
const EARNED: Duration = Duration::from_secs(30);

/// Limits on a body; stands in the request's data.
#[derive(Clone, Copy, Debug)]
pub struct BodyLimits {
    /// Largest body, in bytes.
    pub max_bytes: usize,
    /// Longest silence before a part of the body, and what the whole may take beyond its bytes at
    /// [`SLOWEST`].
    pub timeout: Duration,
}

/// A JSON body or a form of which no byte has been read: handlers first find out who sends it and
/// charge them.
#[derive(Debug)]
pub struct Unread {
    announced: usize,
    body: poem::Body,
    limits: BodyLimits,
    budget: BodyBudget,
    context: Arc<Context>,
}

impl Unread {
    /// Takes the body out of a request.
    ///
    /// # Errors
    /// [`Problem::internal`] where the edge has not prepared the request.
    pub fn take(request: &Request, body: &mut RequestBody) -> Result<Self, Problem> {
        let (Some(limits), Some(budget), Some(context)) = (
            request.data::<BodyLimits>(),
            request.data::<BodyBudget>(),
            request.data::<Arc<Context>>(),
        ) else {
            return Err(Problem::internal());
        };
        Ok(Self {
            announced: announced(request),
            body: body.take().map_err(|_| Problem::internal())?,
            limits: *limits,
            budget: budget.clone(),
            context: Arc::clone(context),
        })
    }

    /// Lets the body have `bytes`, where the limit of all bodies is lower.
    #[must_use]
    pub fn at_least(mut self, bytes: usize) -> Self {
        self.limits.max_bytes = self.limits.max_bytes.max(bytes);
        self
    }

    /// Reads the body. Its memory stays held until the request has been answered, because what
    /// is made of it lives that long.
    ///
    /// # Errors
    /// As [`read_within`].
    pub async fn read(self) -> Result<Bytes, Problem> {
        let mut hold = self.budget.arriving(network(self.context.client));
        let bytes = read_within(self.announced, self.body, self.limits, &mut hold).await?;
        self.context.keep(hold);
        Ok(bytes)
    }
}

/// The length that the head of a request announces; 0 where it announces none.
pub fn announced(request: &Request) -> usize {
    let length = request.header(header::CONTENT_LENGTH);
    length.and_then(|length| length.parse().ok()).unwrap_or(0)
}

/// Checks whether a `Content-Type` is `wanted`, whatever its case and its parameters (RFC 9110 section
/// 8.3.1).
#[must_use]
pub fn is_media_type(content_type: &str, wanted: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case(wanted)
}

/// Reads the whole of `body`, for which the client announced so many bytes, within `limits`. Memory
/// grows with what arrives, after `hold` has grown.
///
/// # Errors
/// `body_too_large` as soon as that is known, `busy` where `hold` finds no room or makes room for
/// others, `request_timeout` for a client that is silent or too slow, `malformed_body` when the
/// connection breaks.
pub async fn read_within<K: Copy + Eq + Hash>(
    announced: usize,
    body: poem::Body,
    limits: BodyLimits,
    hold: &mut Hold<K>,
) -> Result<Bytes, Problem> {
    if announced > limits.max_bytes {
        return Err(too_large(limits.max_bytes));
    }
    let bytes = copy(announced, body, limits, hold).await?;
    hold.complete(bytes.len());
    Ok(bytes)
}

/// Copies the body out of the connection's buffers, which are then free for the next request. The
/// copy grows with what arrives, after `hold`, and no further than was announced.
async fn copy<K: Copy + Eq + Hash>(
    announced: usize,
    body: poem::Body,
    BodyLimits { max_bytes, timeout }: BodyLimits,
    hold: &mut Hold<K>,
) -> Result<Bytes, Problem> {
    let mut chunks = body.into_bytes_stream();
    let mut bytes: Vec<u8> = Vec::new();
    // A body in chunks has no length until its end.
    let expected = if announced == 0 { max_bytes } else { announced };
    let mut reserved = 0;
    let mut last = Instant::now() + timeout;
    loop {
        let until = last.min(Instant::now() + timeout);
        // A body that is asked to make room does so even if its next part is there: others wait for it.
        let chunk = tokio::select! {
            biased;
            () = hold.evicted() => return Err(BudgetError::Evicted.into()),
            chunk = timeout_at(until, chunks.next()) => chunk,
        };
        let Some(chunk) = chunk.map_err(|_| too_slow(timeout))? else {
            break;
        };
        let Ok(chunk) = chunk else {
            let detail = "the body did not arrive whole";
            return Err(Problem::new(Code::MalformedBody, detail));
        };
        let length = bytes.len() + chunk.len();
        if length > max_bytes {
            return Err(too_large(max_bytes));
        }
        let whole = expected.max(length);
        if length > reserved {
            let size = if length > GROWN_BYTES {
                length.next_multiple_of(GROWN_BYTES)
            } else {
                length.max(bytes.capacity() * 2)
            };
            let size = size.min(whole);
            hold.make_room(size - reserved).await?;
            reserved = size;
        }
        if length > bytes.capacity() {
            // Growing a large copy holds it twice for a moment, so beyond this it is made whole: pages
            // that nothing was written to are no memory yet.
            let capacity = if length > GROWN_BYTES {
                whole
            } else {
                reserved
            };
            // Where the process itself is limited, as by `ulimit`, the budget may promise too much.
            let grown = bytes.try_reserve_exact(capacity - bytes.len());
            grown.map_err(|_| BudgetError::Total)?;
        }
        bytes.extend_from_slice(&chunk);
        let earned = Duration::from_micros(chunk.len() as u64 * 1_000_000 / SLOWEST);
        last = (last + earned).min(Instant::now() + timeout + EARNED);
    }
    Ok(bytes.into())
}

fn too_slow(timeout: Duration) -> Problem {
    let seconds = timeout.as_secs();
    let detail = format!(
        "the body did not go on for {seconds} seconds, or came at less than {SLOWEST} bytes a second"
    );
    Problem::new(Code::RequestTimeout, detail)
}

fn too_large(max_bytes: usize) -> Problem {
    let detail = format!("the body may have {max_bytes} bytes at most");
    Problem::new(Code::BodyTooLarge, detail)
}
