//! Unit tests of `dockerfile`.

use proptest::prelude::*;

use super::*;
use crate::deploy::sample;

#[test]
fn the_image_is_from_scratch_and_runs_without_a_shell() {
    let files = render(&sample::project()).unwrap();
    let text = &files[0].text;
    assert!(text.starts_with("# Generated for shop"), "{text}");
    let last = text.split("\nFROM scratch\n").nth(1).unwrap();
    for line in [
        "ARG BINARY=target/x86_64-unknown-linux-musl/release/shop",
        r#"LABEL org.opencontainers.image.description="Sells \"things\" for \$5""#,
        "LABEL org.opencontainers.image.version=\"1.2.3\"",
        "USER 65532:65532",
        "WORKDIR /var/lib/shop",
        "EXPOSE 8000/tcp",
        "EXPOSE 9000/tcp",
        "STOPSIGNAL SIGTERM",
        r#"ENTRYPOINT ["/shop"]"#,
        r#"CMD ["serve"]"#,
    ] {
        assert!(last.lines().any(|found| found == line), "{line}\n{text}");
    }
    assert!(last.contains(r#"CMD ["/shop","healthcheck"]"#), "{text}");
    assert!(!text.contains("\n\n\n"), "{text}");
    assert!(
        files[1]
            .text
            .ends_with("*\n!target/x86_64-unknown-linux-musl/release/shop\n")
    );
}

#[test]
fn paths_that_need_quotes_are_refused() {
    for path in ["/var/lib/my shop", "relative", "/a$b", "/a\nUSER 0"] {
        let mut project = sample::project();
        path.clone_into(&mut project.service.state_dir);
        assert!(render(&project).is_err(), "{path}");
    }
    let mut project = sample::project();
    "two\nlines".clone_into(&mut project.service.about);
    assert!(render(&project).is_err());
}

proptest! {
    #[test]
    fn a_quoted_text_reads_back(text in "[ -~ä€]{0,40}") {
        let written = quoted(&text).unwrap();
        let mut read = String::new();
        let mut letters = written[1..written.len() - 1].chars();
        while let Some(letter) = letters.next() {
            prop_assert!(letter != '"' && letter != '$');
            read.extend(if letter == '\\' { letters.next() } else { Some(letter) });
        }
        prop_assert_eq!(read, text);
    }
}
