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

    /// Whether no event is half read.
    pub(super) fn at_boundary(&self) -> bool {
        self.line.is_empty() && !self.has_fields
    }

    fn end_line(&mut self) -> Option<Event> {
        let mut line = std::mem::take(&mut self.line);
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
            // A comment is no part of an event.
            Some(0) => return None,
            Some(at) => (&line[..at], &line[at + 1..]),
            None => (&line[..], &[][..]),
        };
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(chunks: &[&[u8]]) -> (Vec<Event>, bool) {
        let (mut events, mut found) = (Events::default(), Vec::new());
        for chunk in chunks {
            events.push(chunk, |event| found.push(event));
        }
        (found, events.at_boundary())
    }

    fn event(name: &str, data: &str) -> Event {
        Event {
            name: name.into(),
            data: data.into(),
        }
    }

    #[test]
    fn the_forms_of_the_standard_are_read() {
        let (events, ended) = read(&[
            b"\xef\xbb\xbf: comment\n\ndata: a\ndata:b\nid: 7\n\n",
            b"event: error\r\ndata: {}\r\n\r\n",
            b"event: nothing\n\ndata\rdata\r\rdata:  two\n\n",
        ]);
        let expected = [
            event("", "a\nb"),
            event("error", "{}"),
            event("", "\n"),
            event("", " two"),
        ];
        assert_eq!(events, expected);
        assert!(ended);
        for open in ["data: a", "data: a\n", "event: x\n", "d"] {
            assert!(!read(&[open.as_bytes()]).1, "{open:?}");
        }
        assert!(read(&[b": only a comment\n"]).1);
    }

    proptest! {
        #[test]
        fn any_cutting_gives_the_same_events(
            lines in prop::collection::vec("(data: ?|event:|: |id:|)[a-z\u{e9} ]{0,5}", 0..20),
            ends in prop::collection::vec(prop::sample::select(vec!["\n", "\r\n", "\r"]), 20),
            cuts in prop::collection::vec(0_usize..200, 0..30),
        ) {
            let text: String = lines.iter().zip(&ends).flat_map(|(l, e)| [l.as_str(), e]).collect();
            let bytes = text.as_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|at| at.min(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let chunks: Vec<&[u8]> = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
            prop_assert_eq!(read(&chunks), read(&[bytes]));
        }
    }
}
