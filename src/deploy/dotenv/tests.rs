//! Unit tests of `dotenv`.

use std::process::Command;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::deploy::sample;
use crate::deploy::service::Service;

fn rendered(schema: serde_json::Value) -> String {
    let mut project = sample::project();
    project.service = Service::new("x", "1.0.0", schema).unwrap();
    render(&project).unwrap().remove(0).text
}

/// The variables that `/bin/sh` has after reading `text`, each ended by a NUL.
fn shell(text: &str, names: &str) -> Vec<String> {
    let script =
        format!("{text}\nfor n in {names}; do eval \"printf '%s\\0' \\\"\\$$n\\\"\"; done");
    let output = Command::new("/bin/sh")
        .arg("-c")
        .arg(script)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_terminator('\0').map(str::to_owned).collect()
}

#[test]
fn settings_are_off_required_secrets_wait_and_no_secret_has_a_value() {
    let text = rendered(json!({ "properties": {
        "mode": {
            "oneOf": [{ "const": "a", "description": "The first." }, { "const": "b" }],
            "default": "a",
            "x-default-in": { "production": "b" },
        },
        "jwt": { "description": "Tokens.", "properties": {
            "key": {
                "type": "string",
                "writeOnly": true,
                "description": "A key. Make one with `make key`.",
                "x-required-in": ["production"],
            },
            "minutes": { "type": "integer", "minimum": 1, "maximum": 9, "default": 3 },
        }},
        "url": { "type": "string", "writeOnly": true, "default": "sqlite://x.db" },
        "motto": { "type": "string", "default": "it's $5" },
    }}));
    for wanted in [
        "# Allowed:\n# - a: The first.\n# - b\n# Default in production: b\n#MODE=a\n",
        "# ---- JWT ----\n# Tokens.\n\n# A key. Make one with `make key`.\n\
             # Required in production.\n# Secret; JWT_KEY_FILE may name a file that holds it.\nJWT_KEY=\n",
        "# Allowed: 1 to 9.\n#JWT_MINUTES=3\n",
        "\n#URL=\n",
        "\n#MOTTO='it'\\''s $5'\n",
    ] {
        assert!(text.contains(wanted), "{wanted}\nis not in\n{text}");
    }
    assert!(!text.contains("x.db"));
}

#[test]
fn the_sample_is_read_by_a_shell() {
    let text = render(&sample::project()).unwrap().remove(0).text;
    assert!(
        text.lines().all(|line| line.chars().count() <= 96),
        "{text}"
    );
    shell(&text, "");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_shell_reads_what_was_quoted(
        values in prop::collection::vec("[ -~]{0,16}|[^\\x00-\\x1f\\x7f-\\x9f]{0,16}", 40),
    ) {
        let lines = values.iter().enumerate();
        let lines = lines.map(|(at, value)| format!("V{at}={}\n", quote(value)));
        let text = lines.collect::<Vec<_>>().concat();
        let names: Vec<_> = (0..values.len()).map(|at| format!("V{at}")).collect();
        prop_assert_eq!(shell(&text, &names.join(" ")), values);
    }
}

proptest! {
    #[test]
    fn a_value_without_quotes_stands_as_it_is(value in "[ -~]{0,16}|\\PC{0,16}") {
        let quoted = quote(&value);
        prop_assert!(quoted == value || quoted.starts_with(['\'', '"']));
        prop_assert!(!quoted.contains('\n'));
    }

    #[test]
    fn any_docs_stay_comments(docs in "[#\\n` a-c=$-]{0,200}|(?s:.){0,120}") {
        let schema = json!({ "properties": { "a": {
            "type": "string", "default": docs, "description": docs, "examples": [docs],
        }}});
        let text = rendered(schema);
        let live = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        prop_assert_eq!(live.count(), 0);
    }
}
