//! Unit tests of `layer`.

use proptest::prelude::*;

use super::*;

fn some() -> Vec<Entry> {
    vec![
        Entry::directory("tmp", 0o1777),
        Entry::directory("var", 0o777).owned_by(65532),
        Entry::file("shop", 0o755, "program"),
    ]
}

#[test]
fn an_archive_is_ustar_to_the_byte() {
    let tar = archive(&some()).unwrap();
    // Three headers, one block of content, two empty blocks.
    assert_eq!(tar.len(), 512 * 6);
    let field = |block: usize, from: usize, to: usize| {
        let bytes = &tar[block * 512 + from..block * 512 + to];
        String::from_utf8_lossy(bytes)
            .trim_end_matches('\0')
            .to_owned()
    };
    assert_eq!(field(0, 0, 100), "tmp/");
    assert_eq!(field(0, 100, 108), "0001777");
    assert_eq!(field(0, 156, 157), "5");
    assert_eq!(field(1, 108, 116), "0177774");
    assert_eq!(field(1, 116, 124), "0177774");
    assert_eq!(field(2, 0, 100), "shop");
    assert_eq!(field(2, 124, 136), "00000000007");
    assert_eq!(field(2, 156, 157), "0");
    for block in 0..3 {
        assert_eq!(field(block, 136, 148), "00000000000", "mtime");
        assert_eq!(field(block, 257, 265), "ustar\x0000", "magic and version");
        assert_eq!(field(block, 265, 329), "", "names of owners");
    }
    assert_eq!(&tar[512 * 3..512 * 3 + 8], b"program\0");
    assert!(tar[512 * 4..].iter().all(|byte| *byte == 0));
}

#[test]
fn an_archive_is_read_back_as_it_was() {
    assert_eq!(entries(&archive(&some()).unwrap()).unwrap(), some());
}

#[test]
fn gzip_says_nothing_of_its_time_or_system() {
    let packed = Compression::Gzip.pack(b"some bytes").unwrap();
    assert_eq!(packed[..10], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255]);
}

#[test]
fn a_bomb_is_given_up_in_time() {
    let zeros = vec![0; 100_000];
    for compression in [Compression::Gzip, Compression::Zstd] {
        let packed = compression.pack(&zeros).unwrap();
        let media_type = compression.media_type();
        let error = expand(&media_type, &packed, 99_999).unwrap_err();
        assert!(error.to_string().contains("99999"), "{error}");
        assert_eq!(expand(&media_type, &packed, 100_000).unwrap(), zeros);
    }
}

#[test]
fn damaged_layers_are_refused() {
    for compression in [Compression::Gzip, Compression::Zstd] {
        let packed = compression.pack(&[7; 1000]).unwrap();
        let media_type = compression.media_type();
        assert!(expand(&media_type, &packed[..packed.len() / 2], 5000).is_err());
        assert!(expand(&media_type, b"nothing of the kind", 5000).is_err());
    }
    assert!(expand(&MediaType::EmptyJSON, b"{}", 5000).is_err());
}

proptest! {
    #[test]
    fn packed_layers_unpack_to_the_same_bytes(bytes: Vec<u8>) {
        for compression in [Compression::Gzip, Compression::Zstd] {
            let packed = compression.pack(&bytes).unwrap();
            prop_assert_eq!(&compression.pack(&bytes).unwrap(), &packed);
            let back = expand(&compression.media_type(), &packed, 1 << 20).unwrap();
            prop_assert_eq!(&back, &bytes);
        }
    }
}
