//! Unit tests of `yaml`.

use super::*;

fn read(text: &str) -> Result<Vec<Value>, Box<Finding>> {
    let (file, text) = ("x.yaml".to_owned(), text.to_owned());
    objects(&Input { file, text })
}

fn error(text: &str) -> Finding {
    *read(text).unwrap_err()
}

#[test]
fn streams_lists_and_json_are_read() {
    let text = "kind: A\n---\n# nothing\n---\nkind: List\nitems:\n- kind: B\n- kind: C\n";
    let kinds = |text: &str| {
        let objects = read(text).unwrap();
        let kinds = objects
            .iter()
            .map(|object| object["kind"].as_str().unwrap().to_owned());
        kinds.collect::<Vec<_>>()
    };
    assert_eq!(kinds(text), ["A", "B", "C"]);
    assert_eq!(
        kinds(r#"{"kind":"ConfigMapList","items":[{"data":{}}]}"#),
        ["ConfigMap"]
    );
}

#[test]
fn invalid_yaml_is_located_and_not_shown() {
    for text in [
        "a: 1\nb: [canary-3\nc: 2\n",
        "a: 1\nb: \"canary-3\n",
        "a: canary-3\n  b: canary-3\n",
        "a: !!int canary-3\n",
        "a: *canary-3\n",
    ] {
        let finding = error(text);
        assert!(finding.problem.contains("line "), "{finding}");
        assert!(!finding.to_string().contains("canary"), "{finding}");
    }
    let twice = error("a:\n  b: 1\n  b: 2\n");
    assert_eq!(twice.kind, FindingKind::Duplicate);
    assert!(twice.problem.contains("line 3, column 3"), "{twice}");
}

#[test]
fn bombs_are_refused() {
    let deep = "[".repeat(10_000);
    assert_eq!(error(&deep).kind, FindingKind::Unreadable);
    let many = error(&"---\na: 1\n".repeat(MAX_DOCUMENTS + 1));
    assert!(
        many.problem.starts_with("has more than 1024 documents"),
        "{many}"
    );
    let mut laughs = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
    for n in 1..12 {
        let one = format!("*a{}", n - 1);
        let all = vec![one; 10].join(",");
        laughs.extend([format!("a{n}: &a{n} [{all}]\n")]);
    }
    assert_eq!(error(&laughs).kind, FindingKind::Unreadable);
    let long = format!(
        "a: &a {}\nb: [{}]\n",
        "x".repeat(1 << 20),
        "*a, ".repeat(99)
    );
    assert!(
        error(&long)
            .problem
            .starts_with("is nested too deeply or repeats")
    );
}
