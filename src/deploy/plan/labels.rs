//! Labels of Kubernetes objects, as they are written.

use std::collections::BTreeMap;

use super::dns::name_problem;
use crate::deploy::toml_file::{shown, text_type};

/// The longest name of a label, and the longest value, in characters.
const MAX: usize = 63;

/// Labels by their keys.
pub(super) type Labels = BTreeMap<LabelKey, LabelValue>;

text_type!(
    /// The key of a label: a name, perhaps behind a DNS name and a slash.
    pub(super) LabelKey,
    r"^([a-z0-9.-]{1,253}/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$",
    "release",
    key,
);

text_type!(
    /// The value of a label; may be empty.
    pub(super) LabelValue,
    "^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$",
    "kube-prometheus-stack",
    value,
);

fn key(text: &str) -> Result<(), String> {
    let (prefix, name) = match text.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, text),
    };
    if is_word(name) && prefix.is_none_or(|prefix| name_problem(prefix).is_none()) {
        return Ok(());
    }
    let text = shown(text);
    Err(format!(
        "has the key {text}, which no label has; write it like release or example.com/release"
    ))
}

fn value(text: &str) -> Result<(), String> {
    if text.is_empty() || is_word(text) {
        return Ok(());
    }
    let text = shown(text);
    Err(format!(
        "is {text}, which no label has; use up to 63 letters, digits, dots, dashes and \
         underscores, the first and the last of them letters or digits"
    ))
}

/// `labels` as an object has them.
pub(super) fn plain(labels: &Labels) -> BTreeMap<String, String> {
    let pair = |(key, value): (&LabelKey, &LabelValue)| (key.0.clone(), value.0.clone());
    labels.iter().map(pair).collect()
}

fn is_word(text: &str) -> bool {
    let ends = |c: char| c.is_ascii_alphanumeric();
    text.len() <= MAX
        && text.starts_with(ends)
        && text.ends_with(ends)
        && text.chars().all(|c| ends(c) || "._-".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deploy::plan::example::texts;

    #[test]
    fn labels_are_those_that_kubernetes_takes() {
        texts::<LabelKey>(
            "release App_1.x app.kubernetes.io/name x*63",
            r#"
            "" ! has the key
            "a b" ! has the key
            -a a- /a a/ A.b/c a/b/c x*64 ! has the key
            "#,
        );
        texts::<LabelValue>(
            r#""" v1.2_3-4 x*63"#,
            r#"
            "a b" ! which no label has
            -a a/b x*64 u:canary@db ! which no label has
            "#,
        );
    }
}
