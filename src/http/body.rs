//! Request bodies, bounded in size and in time.

use std::time::Duration;

use hyper::body::Bytes;
use poem::error::ReadBodyError;
use poem::http::header;
use poem::{Request, RequestBody};

use super::problem::{Code, Problem};

/// How much of a body is read, and for how long. Stands in the request's data.
#[derive(Clone, Copy, Debug)]
pub struct BodyLimits {
    /// Largest body, in bytes.
    pub max_bytes: usize,
    /// Longest time from the end of the headers to the end of the body.
    pub timeout: Duration,
}

/// Reads the whole body.
///
/// # Errors
/// `body_too_large` as soon as that is known, `request_timeout` for a client that is too slow,
/// `malformed_body` when the connection breaks.
pub async fn read(request: &Request, body: &mut RequestBody) -> Result<Vec<u8>, Problem> {
    let Some(limits) = request.data::<BodyLimits>().copied() else {
        return Err(Problem::internal());
    };
    let announced = request
        .header(header::CONTENT_LENGTH)
        .and_then(|length| length.parse::<usize>().ok())
        .unwrap_or(0);
    let body = body.take().map_err(|_| Problem::internal())?;
    Ok(read_within(announced, body, limits).await?.into())
}

/// Reads the whole of `body`, for which the client announced so many bytes, within `limits`.
///
/// # Errors
/// As [`read`].
pub async fn read_within(
    announced: usize,
    body: poem::Body,
    limits: BodyLimits,
) -> Result<Bytes, Problem> {
    let too_large = || {
        let detail = format!("the body may have {} bytes at most", limits.max_bytes);
        Problem::new(Code::BodyTooLarge, detail)
    };
    if announced > limits.max_bytes {
        return Err(too_large());
    }
    match tokio::time::timeout(limits.timeout, body.into_bytes_limit(limits.max_bytes)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(ReadBodyError::PayloadTooLarge)) => Err(too_large()),
        Ok(Err(_)) => Err(Problem::new(
            Code::MalformedBody,
            "the body did not arrive whole",
        )),
        Err(_) => {
            let seconds = limits.timeout.as_secs();
            let detail = format!("the body did not arrive within {seconds} seconds");
            Err(Problem::new(Code::RequestTimeout, detail))
        }
    }
}
