//! Unit tests of `upstream`.

use super::*;

fn problem(url: &str) -> Option<String> {
    let mut config = Config::default();
    config.llm.upstream_url = Some(url.to_owned());
    super::url(&config).map(|fault| fault.problem)
}

#[test]
fn the_key_alone_is_taken() {
    let fault = |key: &str| {
        let mut config = Config::default();
        config.llm.upstream_api_key = Some(key.to_owned().into());
        super::key(&config)
    };
    for key in ["sk-0123456789", "not-needed", "bearer", "Bearer0123456789"] {
        assert_eq!(fault(key), None, "{key}");
    }
    for key in [
        "Bearer sk-0123456789",
        "bearer  sk-0123456789",
        "Basic sk-0123456789",
        "Authorization: Bearer sk-0123456789",
    ] {
        let told = fault(key).unwrap().to_string();
        assert!(told.contains("write the key alone"), "{told}");
        assert!(!told.contains("0123456789"), "{told}");
    }
}

#[test]
fn the_base_alone_is_taken() {
    for url in [
        "https://api.openai.com/v1",
        "https://api.openai.com/v1/",
        "http://[::1]:8080",
        "https://models/v1",
        "https://llm.example.com/responses/v1",
        "https://llm.example.com/models/org/name/v1",
        "https://llm.example.com/v1/models/name/openai/v1",
    ] {
        assert_eq!(problem(url), None, "{url}");
    }
    for route in ROUTES {
        for end in ["", "/"] {
            let url = format!("https://api.openai.com/v1{route}{end}");
            let problem = problem(&url).unwrap();
            assert!(
                problem.starts_with(&format!("leads to {route},")),
                "{problem}"
            );
        }
    }
    for (path, route) in [
        ("/v1/models/x", "/models"),
        ("/v1/chat%2Fcompletions", "/chat/completions"),
        ("/v1/chat//completions%2f", "/chat/completions"),
        ("/v1/Responses", "/responses"),
        ("/V1/responses/resp_1/input_items", "/responses"),
    ] {
        let problem = problem(&format!("http://h{path}")).unwrap();
        let start = format!("leads to {route},");
        assert!(problem.starts_with(&start), "{path}: {problem}");
    }
    for url in ["ftp://x/v1", "https://", "https://a b/v1"] {
        assert!(problem(url).unwrap().contains("not an http"), "{url}");
    }
    assert!(problem("https://k@x/v1").unwrap().contains("credentials"));
    assert!(problem("https://x/v1?a=b").unwrap().contains("query"));
}
