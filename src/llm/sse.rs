//! Reads server-sent events (WHATWG HTML, section 9.2.6) as they arrive, however the network cuts
//! them up. Knows nothing of what the events say.

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Event {
    /// Its type; empty for the usual one.
    pub(super) name: Vec<u8>,
    /// Its data, lines joined by line feeds.
    pub(super) data: Vec<u8>,
}

/// A reader of events.
#[derive(Debug, Default)]
pub(super) struct Events {
    line: Vec<u8>,
    /// The last byte was a carriage return: a line feed after it belongs to it.
    after_cr: bool,
    /// A line has been seen at all.
    begun: bool,
    name: Vec<u8>,
    data: Option<Vec<u8>>,
    has_fields: bool,
}

impl Events {
    /// Reads more bytes; gives every event that they complete to `take`.
    pub(super) fn push(&mut self, mut bytes: &[u8], mut take: impl FnMut(Event)) {
        while let Some((first, rest)) = bytes.split_first() {
            if std::mem::take(&mut self.after_cr) && *first == b'\n' {
                bytes = rest;
                continue;
            }
            let end = bytes.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
            let Some(end) = end else {
                self.line.extend_from_slice(bytes);
                return;
            };
            self.line.extend_from_slice(&bytes[..end]);
            self.after_cr = bytes[end] == b'\r';
            bytes = &bytes[end + 1..];
            if let Some(event) = self.end_line() {
                take(event);
            }
        }
    }

    /// Checks whether no event is half read.
    pub(super) fn at_boundary(&self) -> bool {
        self.line.is_empty() && !self.has_fields
    }

    fn end_line(&mut self) -> Option<Event> {
        let mut line = std::mem::take(&mut self.line);
        // A byte-order mark before the first line is not part of it.
        if !std::mem::replace(&mut self.begun, true) && line.starts_with("\u{feff}".as_bytes()) {
            line.drain(..3);
        }
        if line.is_empty() {
            self.has_fields = false;
            let name = std::mem::take(&mut self.name);
            return self.data.take().map(|data| Event { name, data });
        }
        let colon = line.iter().position(|byte| *byte == b':');
        let (name, value) = match colon {
            // A comment does not belong to an event.
            Some(0) => return None,
            Some(at) => (&line[..at], &line[at + 1..]),
            None => (&line[..], &[][..]),
        };
        // One space behind the colon belongs to the syntax, any other to the value.
        let value = value.strip_prefix(b" ").unwrap_or(value);
        self.has_fields = true;
        match name {
            b"data" => match &mut self.data {
                Some(data) => {
                    data.push(b'\n');
                    data.extend_from_slice(value);
                }
                none => *none = Some(value.to_vec()),
            },
            b"event" => self.name = value.to_vec(),
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests;
