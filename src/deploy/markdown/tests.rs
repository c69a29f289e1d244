//! Unit tests of `markdown`.

use proptest::prelude::*;

use super::*;

/// The text that a reader of Markdown shows for one escaped line.
fn shown(markdown: &str) -> String {
    let mut out = String::new();
    let mut rest = markdown;
    while let Some(c) = rest.chars().next() {
        let mut taken = c.len_utf8();
        if let Some(tail) = rest.strip_prefix('\\') {
            let escaped = tail.chars().next().unwrap();
            assert!(escaped.is_ascii_punctuation());
            out.push(escaped);
            taken += 1;
        } else if let Some(tail) = rest.strip_prefix('`') {
            let end = tail.find('`').unwrap();
            out.push_str(&tail[..end]);
            taken += end + 1;
        } else if let Some(tail) = rest.strip_prefix('&') {
            let end = tail.find(';').unwrap();
            match &tail[..end] {
                "lt" => out.push('<'),
                "gt" => out.push('>'),
                "amp" => out.push('&'),
                "#9166" => out.push('\n'),
                code => {
                    let code = code.strip_prefix('#').unwrap().parse().unwrap();
                    out.push(char::from_u32(code).unwrap());
                }
            }
            taken += end + 1;
        } else if let Some(tag) = ["<code>", "</code>"]
            .iter()
            .find(|tag| rest.starts_with(**tag))
        {
            taken = tag.len();
        } else {
            assert!(!"<>|*[]~$".contains(c), "{c} in {markdown}");
            out.push(c);
        }
        rest = &rest[taken..];
    }
    out
}

#[test]
fn plain_words_stay_readable() {
    assert_eq!(
        line("Set `JWT_SECRET_KEY`, not SECRET_KEY."),
        "Set `JWT_SECRET_KEY`, not SECRET_KEY."
    );
    assert_eq!(text("a|b <c> _d_"), "a&#124;b &lt;c&gt; \\_d\\_");
    assert_eq!(code("a|b"), "<code>a&#124;b</code>");
    assert_eq!(code(""), "<code></code>");
    assert_eq!(
        blocks("# no\n\n1. no\n\n- yes"),
        "\\# no\n\n1\\. no\n\n- yes\n\n"
    );
}

proptest! {
    #[test]
    fn any_text_is_shown_as_it_is(words in "[|<>&`*_~$!# \\[\\]\\\\a-c]{0,30}|\\PC{0,40}") {
        let words = prose::one_line(&words);
        prop_assert_eq!(shown(&text(&words)), words);
    }

    #[test]
    fn any_code_is_shown_as_it_is(value in "[|<>&`*_~$!# \\[\\]\\\\a-c\\n]{0,30}|\\PC{0,40}") {
        prop_assert_eq!(shown(&code(&value)), value);
    }

    #[test]
    fn any_cells_leave_the_table_whole(
        cells in prop::collection::vec("[|<`\\\\\\n a]{0,12}|\\PC{0,20}", 3),
    ) {
        let row = vec![line(&cells[0]), code(&cells[1]), text(&prose::one_line(&cells[2]))];
        let table = table(&["a", "b", "c"], &[row]);
        prop_assert_eq!(table.lines().count(), 3);
        prop_assert!(table.lines().all(|line| line.matches('|').count() == 4));
    }
}
