//! Unit tests of `sse`.

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
