//! Hostile input for tests of templates: text that must not become markup.

/// Closes an attribute and a tag, and opens others.
pub(super) const HOSTILE: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>&amp;";

/// Asserts that `html` contains [`HOSTILE`] `times` times, escaped.
#[track_caller]
pub(super) fn is_text(html: &str, times: usize) {
    for part in ["<script>", "<img src=x", "\"'>", "'>"] {
        assert!(!html.contains(part), "{part} in {html}");
    }
    let escaped = "&#34;&#39;&#62;&#60;script&#62;alert(1)&#60;/script&#62;&#60;img src=x \
                   onerror=alert(2)&#62;&#38;amp;";
    assert_eq!(html.matches(escaped).count(), times, "{html}");
}
