//! The boundaries of the requests on a connection, read off its bytes beside hyper for the one
//! thing that hyper does not tell: a head with both `Content-Length` and `Transfer-Encoding` (RFC
//! 9112 section 6.3). Only well-formed requests are followed; hyper ends a connection at any other.

/// Most bytes of a line that are kept: enough for the two headers and a chunk's size.
const LINE: usize = 48;

/// A connection as its bytes arrive.
#[derive(Debug)]
pub(super) struct Framing {
    state: State,
    /// The line so far, in lower case and without white space.
    line: [u8; LINE],
    filled: usize,
    /// Heads that were complete so far.
    heads: u64,
    head: Head,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Head,
    /// Bytes that a body still has.
    Body(u64),
    /// The line before a chunk.
    Size,
    /// Bytes that a chunk still has, its line end included.
    Chunk(u64),
    Trailers,
    /// The connection ends after what was read.
    Over,
}

/// The part of the current head that decides on the body.
#[derive(Clone, Copy, Debug, Default)]
struct Head {
    begun: bool,
    length: Option<u64>,
    coded: bool,
}

impl Framing {
    pub(super) const fn new() -> Self {
        Self {
            state: State::Head,
            line: [0; LINE],
            filled: 0,
            heads: 0,
            head: Head {
                begun: false,
                length: None,
                coded: false,
            },
        }
    }

    /// Takes the bytes that have arrived. Gives the number of the request, counted from one, whose
    /// head has two lengths, once there is one.
    pub(super) fn push(&mut self, mut bytes: &[u8]) -> Option<u64> {
        let mut found = None;
        while !bytes.is_empty() {
            let used = match self.state {
                State::Body(left) | State::Chunk(left) => self.skip(left, bytes.len()),
                State::Head | State::Size | State::Trailers => {
                    let end = bytes.iter().position(|byte| *byte == b'\n');
                    let used = end.map_or(bytes.len(), |end| end + 1);
                    self.keep(&bytes[..used]);
                    if end.is_some() {
                        found = found.or(self.line_ended());
                    }
                    used
                }
                State::Over => bytes.len(),
            };
            bytes = &bytes[used..];
        }
        found
    }

    fn skip(&mut self, left: u64, arrived: usize) -> usize {
        let used = usize::try_from(left).map_or(arrived, |left| left.min(arrived));
        let left = left - used as u64;
        self.state = match (self.state, left) {
            (State::Body(_), 0) => State::Head,
            (State::Body(_), left) => State::Body(left),
            (_, 0) => State::Size,
            (_, left) => State::Chunk(left),
        };
        used
    }

    fn keep(&mut self, part: &[u8]) {
        for byte in part.iter().filter(|byte| !byte.is_ascii_whitespace()) {
            let Some(place) = self.line.get_mut(self.filled) else {
                return;
            };
            *place = byte.to_ascii_lowercase();
            self.filled += 1;
        }
    }

    fn line_ended(&mut self) -> Option<u64> {
        let line = &self.line[..std::mem::take(&mut self.filled)];
        match self.state {
            State::Head if line.is_empty() => return self.head_ended(),
            State::Head if !self.head.begun => self.head.begun = true,
            State::Head => {
                if let Some(value) = line.strip_prefix(b"content-length:") {
                    let length = number(value, 10).filter(|_| line.len() < LINE);
                    self.head.length = Some(length.unwrap_or(0));
                    // A length that cannot be followed is refused like two of them.
                    self.head.coded |= length.is_none();
                }
                self.head.coded |= line.starts_with(b"transfer-encoding:");
            }
            State::Size => {
                let size = line.split(|byte| *byte == b';').next().unwrap_or_default();
                self.state = match number(size, 16).filter(|_| size.len() < LINE) {
                    Some(0) => State::Trailers,
                    // The line end behind the chunk counts (RFC 9112 section 7.1).
                    Some(size) => State::Chunk(size.saturating_add(2)),
                    None => State::Over,
                };
            }
            State::Trailers if line.is_empty() => self.state = State::Head,
            State::Trailers | State::Body(_) | State::Chunk(_) | State::Over => {}
        }
        None
    }

    fn head_ended(&mut self) -> Option<u64> {
        // Empty lines before a request are passed over (RFC 9112 section 2.2).
        if !self.head.begun {
            return None;
        }
        self.heads += 1;
        let head = std::mem::take(&mut self.head);
        self.state = match (head.length, head.coded) {
            (Some(_), true) => State::Over,
            (None, true) => State::Size,
            (None | Some(0), false) => State::Head,
            (Some(length), false) => State::Body(length),
        };
        matches!(self.state, State::Over).then_some(self.heads)
    }
}

fn number(digits: &[u8], radix: u32) -> Option<u64> {
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, radix).ok()
}

#[cfg(test)]
mod tests;
