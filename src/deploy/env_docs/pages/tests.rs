//! The pages hold what the settings say, and nothing that a setting says breaks them.

use proptest::prelude::*;

use super::*;
use crate::deploy::sample;

fn rendered(schema: Value) -> Vec<File> {
    let mut project = sample::project();
    project.service = Service::new("shop", "1.0.0", schema).unwrap();
    render(&project).unwrap()
}

/// A schema in which every text is `text`.
fn everywhere(text: &str) -> Value {
    json!({ "properties": {
        "mode": {
            "oneOf": [{ "const": text, "description": text }, { "const": "b" }],
            "default": text,
        },
        "part": { "description": text, "properties": {
            "a": { "type": "string", "description": text, "default": text, "examples": [text] },
            "b": {
                "type": "string",
                "x-default-in": { "production": text },
                "x-required-in": [text],
            },
        }},
    }})
}

/// The tags of a page, without their attributes, and its text with the entities read.
fn tags_and_text(html: &str) -> (Vec<String>, String) {
    let (mut tags, mut text) = (Vec::new(), String::new());
    for (at, part) in html.split('<').enumerate() {
        if at == 0 {
            text.push_str(part);
            continue;
        }
        let (tag, rest) = part.split_once('>').unwrap();
        tags.push(tag.split(' ').next().unwrap().to_owned());
        text.push_str(rest);
    }
    for (entity, character) in [
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#13;", "\r"),
        ("&#38;", "&"),
    ] {
        text = text.replace(entity, character);
    }
    (tags, text)
}

/// A line of Markdown without what stands between backticks.
fn without_code(line: &str) -> String {
    let (mut out, mut is_code) = (String::new(), false);
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        match c {
            '`' => is_code = !is_code,
            '\\' if !is_code => drop(rest.next()),
            c if !is_code => out.push(c),
            _ => {}
        }
    }
    assert!(!is_code, "{line}");
    out
}

#[test]
fn a_variable_has_all_its_facts_and_one_anchor() {
    let files = rendered(json!({ "properties": {
        "jwt": { "description": "Tokens.", "properties": {
            "secret_key": {
                "type": "string",
                "writeOnly": true,
                "description": "A key.\n\nMake it `long`.",
                "x-required-in": ["staging", "production"],
            },
            "expire_minutes": { "type": "integer", "minimum": 1, "maximum": 9, "default": 3 },
        }},
        "log": {
            "oneOf": [{ "const": "text", "description": "For people." }, { "const": "json" }],
            "default": "text",
            "x-default-in": { "production": "json" },
            "deprecated": true,
        },
    }}));
    let [markdown, html, list] = &files[..] else {
        panic!("three files")
    };
    for wanted in [
        "- [JWT](#jwt): [`JWT_SECRET_KEY`](#jwt_secret_key), [`JWT_EXPIRE_MINUTES`](#jwt_expire_minutes)\n",
        "## JWT\n\nTokens.\n\n### JWT_SECRET_KEY\n\nA key.\n\nMake it `long`.\n\n|  |  |\n| --- | --- |\n",
        "| Required | in staging and production |\n",
        "| Secret | yes; `JWT_SECRET_KEY_FILE` may name a file that holds it |\n",
        "| In Kubernetes | Secret `shop-secrets`, in `k8s/base/backend/secret.yaml` |\n",
        "| Type | whole number (minutes) |\n| Allowed | 1 to 9 |\n| Default | `3` |\n",
        "| Allowed | `text`: For people.<br>`json` |\n| Default | `text`<br>in production: `json` |\n",
        "| Status | deprecated: it will go |\n",
    ] {
        assert!(
            markdown.text.contains(wanted),
            "{wanted}\nis not in\n{}",
            markdown.text
        );
    }
    assert_eq!(html.text.matches("id=\"JWT_SECRET_KEY\"").count(), 1);
    assert!(html.text.contains("href=\"#JWT_SECRET_KEY\""));
    assert!(!html.text.contains("<script") && html.text.contains("prefers-color-scheme"));
    let list: Value = serde_json::from_str(&list.text).unwrap();
    assert_eq!(list["variables"][0]["file_variable"], "JWT_SECRET_KEY_FILE");
    assert_eq!(list["variables"][2]["default_in"]["production"], "json");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_text_breaks_the_html(
        text in "[<>&\"'`| a-c]{1,40}|\\PC{1,40}|[#`\\n -]{0,20}x(?s:.){0,20}",
    ) {
        prop_assume!(!text.trim().is_empty());
        let (tags, shown) = tags_and_text(&rendered(everywhere(&text))[1].text);
        let opened = tags.iter().filter(|tag| !tag.starts_with('/'));
        let void = ["!--", "!doctype", "meta", "br"];
        let opened = opened.filter(|tag| !void.contains(&tag.as_str())).count();
        let closed = tags.iter().filter(|tag| tag.starts_with('/')).count();
        prop_assert_eq!(opened, closed);
        for tag in &tags {
            prop_assert!(
                ["!--", "!doctype"].contains(&tag.as_str())
                    || tag.trim_start_matches('/').chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()),
                "{}", tag
            );
        }
        prop_assert!(shown.contains(&text), "{}", shown);
    }

    #[test]
    fn no_text_breaks_the_markdown(
        text in "[<>&\"'`|\\\\ a-c]{1,40}|\\PC{1,40}|[#`\\n -]{0,20}x(?s:.){0,20}",
    ) {
        prop_assume!(!text.trim().is_empty());
        let markdown = &rendered(everywhere(&text))[0].text;
        let headings = markdown.lines().filter(|line| line.starts_with('#'));
        prop_assert_eq!(headings.count(), 6);
        for row in markdown.lines().filter(|line| line.contains('|')) {
            prop_assert!(row.starts_with("| ") && row.ends_with(" |"), "{}", row);
            prop_assert_eq!(row.matches('|').count(), 3);
        }
        let words: Vec<_> = markdown.lines().skip(1).map(without_code).collect();
        for tag in words.iter().flat_map(|line| line.split('<').skip(1)) {
            let known = ["br>", "code>", "/code>"];
            prop_assert!(known.iter().any(|known| tag.starts_with(known)), "{}", tag);
        }
    }
}
