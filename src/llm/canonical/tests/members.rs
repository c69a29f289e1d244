//! Facts of a question that the cache reads off the members of its body.

use super::super::*;
use super::escaped;

#[test]
fn lists_of_prompts_are_counted() {
    let prompts = |body: &str| read(body.as_bytes()).unwrap().prompts;
    assert_eq!(prompts(r#"{"prompt":["a","b","c"]}"#), Some(3));
    assert_eq!(prompts(r#"{"prompt":[[1,2],[3]]}"#), Some(2));
    // One prompt, in tokens.
    assert_eq!(prompts(r#"{"prompt":[1,2,3]}"#), Some(0));
    assert_eq!(prompts(r#"{"prompt":"a","x":{"prompt":["a"]}}"#), None);
}

#[test]
fn bodies_that_use_the_store_of_the_upstream_are_recognised() {
    let stored = |body: &str| read(body.as_bytes()).unwrap().upstream_state;
    for body in ["{}", r#"{"store":true}"#, r#"{"store":null}"#] {
        assert_eq!(stored(body), UpstreamState::Stored, "{body}");
    }
    for member in [
        r#""previous_response_id":"resp_1""#,
        r#""conversation":{"id":"conv_1"}"#,
        r#""prompt":{"id":"pmpt_1"}"#,
    ] {
        for body in [
            format!(r#"{{"store":false,{member}}}"#),
            format!(r#"{{{member},"store":false}}"#),
        ] {
            assert_eq!(stored(&body), UpstreamState::Continued, "{body}");
        }
    }
    for later in [
        r#"{"background":true,"prompt":{},"store":false}"#,
        r#"{"store":false,"Background":true}"#,
    ] {
        assert_eq!(stored(later), UpstreamState::Background);
    }
    // Readers of JSON that ignore case see another question.
    let folded = r#"{"store":false,"Previous_Response_Id":"r"}"#;
    assert_eq!(stored(folded), UpstreamState::Continued);
    for both in [
        r#"{"store":false,"STORE":true}"#,
        r#"{"STORE":true,"store":false}"#,
        r#"{"STORE":false}"#,
    ] {
        assert_eq!(stored(both), UpstreamState::Stored);
    }
    let unset = r#"{"previous_response_id":null,"background":false,"prompt":null,"store":false}"#;
    assert_eq!(stored(unset), UpstreamState::Stateless);
}

#[test]
fn external_dependencies_are_recognised() {
    let open = |body: &str| read(body.as_bytes()).unwrap().external;
    let part = |part: &str| format!(r#"{{"messages":[{{"role":"user","content":[{part}]}}]}}"#);
    let long = "x".repeat(1000);
    for body in [
        part(r#"{"type":"image_url","image_url":{"url":"https://a.example/b.png"}}"#),
        part(&format!(
            r#"{{"image_url":{{"url":" HTTPS://a.example/{long}"}}}}"#
        )),
        part(r#"{"type":"input_image","image_url":"http://a.example"}"#),
        part(r#"{"type":"input_file","file_url":"https://a.example/b.pdf"}"#),
        part(r#"{"type":"input_file","File_Url":"gs://a/b"}"#),
        part(r#"{"type":"x","video_urls":[{},"https://a.example"]}"#),
        part(r#"{"type":"image","images":["https://a.example"]}"#),
        part(r#"{"type":"file","file":{"file_id":"f"}}"#),
        part(r#"{"type":"file","file":{"\u0066ile_id":"f"}}"#),
        r#"{"messages":[{"role":"assistant","audio":{"id":"audio_1"}}]}"#.to_owned(),
        r#"{"tools":[{"type":"shell","environment":{"type":"container_auto"}}]}"#.to_owned(),
        r#"{"tools":[{"type":"function"},{"type":"google_search"}]}"#.to_owned(),
        r#"{"tools":[{"type":"file\u005fsearch"}]}"#.to_owned(),
        r#"{"tools":[{"google_search":{}}]}"#.to_owned(),
        r#"{"tools":[{"type":"function","Type":"shell"}]}"#.to_owned(),
        r#"{"TOOLS":[{"type":"shell"}]}"#.to_owned(),
        r#"{"tools":["shell"]}"#.to_owned(),
        r#"{"tools":{"type":"function"}}"#.to_owned(),
        r#"{"input":[{"id":"msg_1"}]}"#.to_owned(),
        r#"{"input":[{"type":"unheard_of"}]}"#.to_owned(),
        r#"{"search_parameters":{"mode":"auto"}}"#.to_owned(),
        r#"{"web_search_options":{}}"#.to_owned(),
        r#"{"plugins":[{"id":"web"}]}"#.to_owned(),
        r#"{"data_sources":[{}]}"#.to_owned(),
        r#"{"store":true}"#.to_owned(),
        r#"{"Store":true}"#.to_owned(),
        r#"{"model":"gpt-4o-search-preview"}"#.to_owned(),
        r#"{"model":"org/model:online"}"#.to_owned(),
    ] {
        assert!(open(&body), "{body}");
        assert!(body.contains('\\') || open(&escaped(&body)), "{body}");
    }
    for body in [
        part(r#"{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}"#),
        part(r#"{"type":"text","text":"https://a.example/"}"#),
        part(r#"{"type":"input_audio","input_audio":{"data":"AAAA","format":"wav"}}"#),
        r#"{"tools":[{"type":"function","function":{"parameters":{"$schema":"https://json-schema.org/x",
            "properties":{"url":{"type":"string"},"id":{"type":"shell"}}}}},{"type":"custom"}]}"#
            .to_owned(),
        r#"{"tools":null,"store":false,"plugins":null,"audio":{"voice":"a","format":"wav"}}"#
            .to_owned(),
        r#"{"input":["https://a.example"],"store":null}"#.to_owned(),
        r#"{"input":[{"role":"user","content":"a"},{"type":"message","id":"msg_1","role":"user"}]}"#
            .to_owned(),
    ] {
        assert!(!open(&body), "{body}");
        assert!(!open(&escaped(&body)), "{body}");
    }
}

#[test]
fn deterministic_requests_are_recognised() {
    let deterministic = |body: &str| read(body.as_bytes()).unwrap().deterministic;
    for yes in [
        r#"{"temperature":0}"#,
        r#"{"temperature":0.0}"#,
        r#"{"temperature":-0.0}"#,
        r#"{"seed":7,"temperature":1}"#,
    ] {
        assert!(deterministic(yes), "{yes}");
    }
    for no in [
        "{}",
        r#"{"temperature":0.1}"#,
        r#"{"temperature":"0"}"#,
        r#"{"temperature":null}"#,
        r#"{"seed":null}"#,
        r#"{"a":{"seed":1,"temperature":0}}"#,
    ] {
        assert!(!deterministic(no), "{no}");
    }
    assert!(read(br#"{"stream":true}"#).unwrap().stream);
    assert!(!read(br#"{"stream":false}"#).unwrap().stream);
}
