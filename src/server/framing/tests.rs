//! Unit tests of `framing`.

use super::*;
use proptest::prelude::*;

const PLAIN: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const LENGTH: &str = "POST / HTTP/1.1\r\nContent-Length: 50\r\n\r\n\
                          Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n.";
const CHUNKS: &str = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\
                          15;x=y\r\n\r\nContent-Length: 1\r\n\r\n0\r\nX: content-length\r\n\r\n";
const BOTH: [&str; 4] = [
    "POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\ntransfer-ENCODING:\tchunked\nA: b\nCONTENT-length:5\n\n0\r\n\r\n",
    "\r\nPOST / HTTP/1.1\r\nContent-Length:          5\r\nTransfer-Encoding: x\r\n\r\n",
];

fn found(bytes: &[u8], pieces: usize) -> Option<u64> {
    let mut framing = Framing::new();
    let pieces = bytes.chunks(pieces);
    pieces.fold(None, |found, piece| found.or(framing.push(piece)))
}

#[test]
fn two_lengths_are_found_in_the_head_that_has_them() {
    for both in BOTH {
        for before in ["", PLAIN, LENGTH, CHUNKS] {
            let number = 1 + u64::from(!before.is_empty());
            let bytes = format!("{before}{both}{PLAIN}").into_bytes();
            for pieces in [1, 7, bytes.len()] {
                assert_eq!(found(&bytes, pieces), Some(number), "{before}{both}");
            }
        }
    }
}

#[test]
fn bodies_are_passed_over() {
    let all = [PLAIN, LENGTH, CHUNKS, CHUNKS, LENGTH, PLAIN].concat();
    for pieces in [1, 3, 1_000] {
        assert_eq!(found(all.as_bytes(), pieces), None);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_taken(bytes in prop::collection::vec(any::<u8>(), 0..300), pieces in 1..50_usize) {
        found(&bytes, pieces);
        let text = "Content-Length: 18446744073709551615\n\n";
        found(&[b"\nA\n", text.as_bytes(), &bytes].concat(), pieces);
    }

    #[test]
    fn requests_are_told_apart_however_they_arrive(
        order in prop::collection::vec(0..3_usize, 0..6), which in 0..4_usize, pieces in 1..40_usize,
    ) {
        let kinds = [PLAIN, LENGTH, CHUNKS];
        let before: String = order.iter().map(|kind| kinds[*kind]).collect();
        let bytes = format!("{before}{}", BOTH[which]);
        prop_assert_eq!(found(bytes.as_bytes(), pieces), Some(order.len() as u64 + 1));
    }
}
