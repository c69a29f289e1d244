//! The task of a call: from the upstream into the flight, and, when all is well, into the cache.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::body::Bytes;
use poem::http::header;
use tracing::Instrument;

use super::complete::CompletenessCheck;
use super::entry::{Entry, Head as EntryHead, ROOM};
use super::flight::Flight;
use super::flights::CacheTarget;
use super::key::CacheKey;
use super::meter::Meter;
use super::store::PutOutcome;
use super::tokens::Reserved;
use super::upstream::{Call, Head, Incoming, Route, Upstream, UpstreamError};
use super::{BEING_KEPT, Llm};

/// Time for which a call that was kept can still be joined. A request that looked the answer up just
/// before it was kept finds it here, or learns that it is in the cache by now, instead of asking the
/// upstream once more. Longer than a look-up may take.
const LINGER: Duration = Duration::from_millis(250);

/// Bytes behind the end of a stream that are passed on with it.
const MAX_REST: usize = 4 * 1024;

/// Most tokens that one call reserves or is charged: more than any user may have a day, and few
/// enough that their sums stay whole numbers in Redis, which keeps them as doubles.
const MAX_TOKENS: i64 = 1 << 40;

/// Ends the flight, however the task ends.
struct FlightGuard {
    llm: Llm,
    flight: Arc<Flight>,
    key: Option<CacheKey>,
}

impl Drop for FlightGuard {
    fn drop(&mut self) {
        self.flight.fail(UpstreamError::Unavailable);
        if let Some(key) = &self.key {
            self.llm.0.flights.remove(key, &self.flight);
        }
    }
}

impl Llm {
    /// Runs a call to its end, or until its last reader has gone.
    pub(super) fn spawn(&self, flight: Arc<Flight>, call: Call, target: Option<CacheTarget>) {
        let guard = FlightGuard {
            llm: self.clone(),
            key: target.as_ref().map(|target| target.key.clone()),
            flight,
        };
        let run = async move {
            let Some(upstream) = &guard.llm.0.upstream else {
                return;
            };
            let reserved = match guard.llm.reserve(&call).await {
                Ok(reserved) => reserved,
                Err(error) => return guard.flight.fail(error),
            };
            let (prompt, mut meter) = (call.prompt, Meter::of(&call));
            let pump = Pump {
                llm: &guard.llm,
                upstream,
                flight: &guard.flight,
                route: call.route,
                target: target.as_ref(),
                start: Instant::now(),
            };
            let costs = call.route.costs();
            // Abandonment is looked at first: once the last reader has gone, more of the answer only costs.
            let ended = tokio::select! {
                biased;
                () = guard.flight.abandoned() => None,
                kept = pump.run(call, &mut meter) => Some(kept),
            };
            match &ended {
                None => meter.abandon(),
                Some(Err(_)) => meter.break_off(),
                Some(Ok(_)) => {}
            }
            // The upstream chose the figure: a larger one would overflow the sums.
            let used = meter.tokens(prompt).min(MAX_TOKENS.unsigned_abs());
            if costs {
                guard.llm.0.stats.tokens.inc_by(used);
            }
            if let Some(reserved) = reserved {
                let used = i64::try_from(used).unwrap_or(MAX_TOKENS);
                guard.llm.0.tokens.settle(reserved, used).await;
            }
            // After the tokens are settled: what was reserved in excess is free for the next call.
            match ended {
                Some(Ok(true)) => tokio::time::sleep(LINGER).await,
                Some(Ok(false)) | None => {}
                Some(Err(error)) => guard.flight.fail(error),
            }
        };
        self.0.tracker.spawn(run.in_current_span());
    }
}

impl Llm {
    /// Reserves the tokens of a call.
    async fn reserve(&self, call: &Call) -> Result<Option<Reserved>, UpstreamError> {
        if !call.route.costs() {
            return Ok(None);
        }
        let count = |tokens| {
            i64::try_from(tokens)
                .unwrap_or(i64::MAX)
                // 0 stands for a refusal.
                .clamp(1, MAX_TOKENS)
        };
        let (least, most) = (count(call.prompt), count(call.most));
        let reserved = self.0.tokens.reserve(call.user, least, most).await;
        reserved.map_err(|error| {
            self.0.stats.tokens_refused.inc();
            UpstreamError::Limited(error)
        })
    }
}

/// Reads to the end, which is near, so that the connection can be used again.
async fn drain(mut incoming: Incoming) {
    let rest = async { while let Ok(Some(_)) = incoming.part().await {} };
    let _ = tokio::time::timeout(LINGER, rest).await;
}

/// The part that ends a stream, with what follows at once: some servers send `[DONE]` behind events
/// that have an end of their own, and a client that waits for it must get it.
async fn end(incoming: &mut Incoming, part: Bytes, check: Option<&mut CompletenessCheck>) -> Bytes {
    let Some(check) = check.filter(|check| check.may_go_on()) else {
        return part;
    };
    let mut whole = part.to_vec();
    let most = whole.len() + MAX_REST;
    let rest = async {
        while whole.len() < most
            && let Ok(Some(part)) = incoming.part().await
        {
            check.push(&part);
            whole.extend_from_slice(&part);
        }
    };
    let _ = tokio::time::timeout(LINGER, rest).await;
    whole.into()
}

struct Pump<'a> {
    llm: &'a Llm,
    upstream: &'a Upstream,
    flight: &'a Flight,
    route: Route,
    target: Option<&'a CacheTarget>,
    start: Instant,
}

impl Pump<'_> {
    /// Gives whether the answer was kept. A client that has the last byte of one that is will find it in
    /// the cache: it is kept before that byte is passed on.
    async fn run(&self, call: Call, meter: &mut Meter) -> Result<bool, UpstreamError> {
        let mut incoming = self.upstream.send(call).await?;
        let head = incoming.head.clone();
        meter.begin(self.route, head.status.is_success(), head.is_stream());
        self.flight.begin(head.clone());
        let mut check = self
            .target
            .and_then(|_| CompletenessCheck::new(self.route, &head));
        if !head.is_one_piece() {
            while let Some(part) = incoming.part().await? {
                meter.push(&part);
                if check.as_mut().is_some_and(|check| check.push(&part)) {
                    let part = end(&mut incoming, part, check.as_mut()).await;
                    // What came behind the end may be an error.
                    let kept = self.store(&head, check.as_ref(), Some(&part)).await;
                    if kept {
                        // Clients stop reading here, and many close: that must not look like giving
                        // up.
                        self.flight.finish(Some(part), true);
                        drain(incoming).await;
                        return Ok(true);
                    }
                    self.flight.push(part).await;
                    check = None;
                    continue;
                }
                self.flight.push(part).await;
                // An answer that is not whole in memory cannot be kept, so it need not be checked.
                if !self.flight.is_collecting() {
                    check = None;
                }
            }
            self.flight.finish(None, false);
            return Ok(false);
        }
        // The end of a plain answer is only known once it is there.
        let mut last: Option<Bytes> = None;
        loop {
            let part = incoming.part().await;
            match &part {
                Ok(None) => break,
                Ok(Some(part)) => meter.push(part),
                Err(_) => {}
            }
            if let Some(before) = last.take() {
                self.flight.push(before).await;
            }
            last = part?;
        }
        let kept = self.store(&head, check.as_ref(), last.as_ref()).await;
        self.flight.finish(last, kept);
        Ok(kept)
    }

    /// Keeps what is in hand and `last` behind it, if it may be kept.
    async fn store(
        &self,
        head: &Head,
        check: Option<&CompletenessCheck>,
        last: Option<&Bytes>,
    ) -> bool {
        let config = &self.llm.0.config;
        let Some((check, parts)) = check.zip(self.flight.collected()) else {
            return false;
        };
        let Some((key, generation)) = self
            .target
            .and_then(|target| Some((&target.key, target.generation.as_deref()?)))
        else {
            return false;
        };
        let parts = || parts.iter().chain(last);
        let length: usize = parts().map(Bytes::len).sum();
        if length > config.cache_max_entry_bytes.as_usize() {
            return false;
        }
        // Beside the answer, an entry stands in memory up to three times: in the call to Redis, in
        // its bytes on the wire, and in the connection's buffer.
        let permits = (length * 3).min(BEING_KEPT);
        let permits = u32::try_from(permits).unwrap_or(u32::MAX);
        let Ok(_permit) = self.llm.0.being_kept.acquire_many(permits).await else {
            return false;
        };
        let mut body = Vec::with_capacity(length + ROOM);
        parts().for_each(|part| body.extend_from_slice(part));
        let Some(tokens) = check.tokens_if_whole(&body) else {
            return false;
        };
        let content_type = head.headers.get(header::CONTENT_TYPE);
        let head = EntryHead {
            content_type: content_type
                .and_then(|value| value.to_str().ok())
                .unwrap_or_default()
                .to_owned(),
            at: self.llm.0.clock.now().millis(),
            took: u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX),
            tokens,
            length,
        };
        let (stats, ttl) = (&self.llm.0.stats, config.cache_ttl());
        let put = self
            .llm
            .0
            .store
            .put(key, generation, Entry::encode(body, &head), ttl);
        match put.await {
            Ok(PutOutcome::Stored) => {
                stats.stored.inc();
                stats.bytes.inc_by(length as u64);
                true
            }
            Ok(PutOutcome::Purged) => false,
            Ok(PutOutcome::Full) | Err(_) => {
                stats.errors.inc();
                false
            }
        }
    }
}
