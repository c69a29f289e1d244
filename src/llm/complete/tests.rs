//! Answers that are complete, and answers that are not.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::body::MAX_ITEMS;
use super::*;

fn plain(route: Route, body: &Value) -> Option<u64> {
    CompletenessCheck::Plain(route).tokens_if_whole(body.to_string().as_bytes())
}

fn streamed(text: &str) -> bool {
    let mut check = CompletenessCheck::Stream(Stream::default());
    check.push(text.as_bytes());
    check.tokens_if_whole(b"").is_some()
}

const GOOD: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"}}]}\n\n\
    data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n\
    data: {\"choices\":[],\"usage\":{\"total_tokens\":9}}\n\n\
    data: [DONE]\n\n";

#[test]
fn an_answer_that_ended_naturally_is_kept() {
    for message in [
        json!({"content": "Hi"}),
        json!({"content": [{"type": "text", "text": "Hi"}]}),
        json!({"content": null, "tool_calls": [{"id": "1"}]}),
        json!({"content": null, "refusal": "No."}),
        json!({"content": "", "audio": {"id": "a"}}),
    ] {
        for reason in NATURAL {
            let body = json!({
                "choices": [{"index": 0, "finish_reason": reason, "message": message}],
                "usage": {"total_tokens": 7, "prompt_tokens": 3},
            });
            assert_eq!(plain(Route::Chat, &body), Some(7), "{body}");
        }
    }
    let text = json!({"choices": [{"text": "Hi", "finish_reason": "stop"}], "usage": null});
    assert_eq!(plain(Route::Completions, &text), Some(0));
    let data = json!({"data": [{"embedding": [0.1]}], "usage": {"total_tokens": 2}});
    assert_eq!(plain(Route::Embeddings, &data), Some(2));
}

#[test]
fn a_truncated_filtered_empty_or_failed_answer_is_not_kept() {
    let choice = |reason: Value, content: Value| json!({"finish_reason": reason, "message": {"content": content}});
    let good = choice(json!("stop"), json!("Hi"));
    for choices in [
        json!([]),
        json!(null),
        json!([choice(json!("length"), json!("Hi"))]),
        json!([choice(json!("content_filter"), json!("Hi"))]),
        json!([choice(json!(null), json!("Hi"))]),
        json!([choice(json!("stop"), json!(""))]),
        json!([choice(json!("stop"), json!(null))]),
        json!([good, choice(json!("length"), json!("Hi"))]),
    ] {
        assert_eq!(
            plain(Route::Chat, &json!({"choices": choices})),
            None,
            "{choices}"
        );
    }
    let many = vec![good.clone(); MAX_ITEMS + 1];
    assert_eq!(plain(Route::Chat, &json!({"choices": many})), None);
    let failed = json!({"choices": [good], "error": {"message": "x"}});
    assert_eq!(plain(Route::Chat, &failed), None);
    assert_eq!(plain(Route::Embeddings, &json!({"data": []})), None);
    assert_eq!(
        CompletenessCheck::Plain(Route::Chat).tokens_if_whole(b"{\"choices\":[{"),
        None
    );
}

#[test]
fn a_stream_is_kept_when_it_says_that_it_is_done() {
    assert!(streamed(GOOD));
    assert!(streamed(&GOOD.replace('\n', "\r\n")));
    assert!(streamed(
        &GOOD.replace("data: [", ": keep-alive\n\ndata: [")
    ));
    assert!(streamed(&format!("{GOOD}: bye\n\n")));
    let says_more = format!("{GOOD}data: {{}}\n\n");
    let error = GOOD.replace("data: [", "event: error\ndata: {}\n\ndata: [");
    let mut two = GOOD.to_owned();
    two.insert_str(
        0,
        "data: {\"choices\":[{\"index\":1,\"delta\":{\"content\":\"x\"}}]}\n\n",
    );
    for bad in [
        "",
        "data: [DONE]\n\n",
        &GOOD.replace("data: [DONE]\n\n", ""),
        &GOOD[..GOOD.len() - 1],
        &GOOD.replace("\"stop\"", "\"length\""),
        &GOOD.replace("\"stop\"", "null"),
        &GOOD.replace("\"Hi\"", "\"\""),
        &GOOD.replace("\"usage\":", "\"error\":"),
        &GOOD.replace("{\"choices\":[],", "{\"choices\":[]"),
        &says_more,
        &error,
        &two,
    ] {
        assert!(!streamed(bad), "{bad}");
    }
}

proptest! {
    #[test]
    fn a_stream_is_done_at_its_last_byte_however_it_is_cut(
        cuts in prop::collection::vec(0_usize..GOOD.len(), 0..20)
    ) {
        let mut cuts = cuts;
        cuts.extend([0, GOOD.len()]);
        cuts.sort_unstable();
        let mut check = CompletenessCheck::Stream(Stream::default());
        for pair in cuts.windows(2) {
            let done = check.push(&GOOD.as_bytes()[pair[0]..pair[1]]);
            prop_assert_eq!(done, pair[1] == GOOD.len());
        }
        prop_assert_eq!(check.tokens_if_whole(b""), Some(9));
    }
}

fn response(status: &str, output: &Value) -> Value {
    json!({
        "id": "resp_1", "object": "response", "status": status, "error": null,
        "incomplete_details": null, "output": output,
        "usage": {"input_tokens": 3, "output_tokens": 4},
    })
}

fn message(text: &str) -> Value {
    json!({
        "type": "message", "status": "completed", "role": "assistant",
        "content": [{"type": "output_text", "text": text, "annotations": []}],
    })
}

#[test]
fn a_response_that_is_completed_is_kept() {
    let call = json!({"type": "function_call", "name": "f", "arguments": "{}"});
    let reasoning = json!({"type": "reasoning", "summary": []});
    let refusal = json!({"type": "message", "content": [{"type": "refusal", "refusal": "No."}]});
    for output in [
        json!([message("Hi")]),
        json!([reasoning, message("Hi")]),
        json!([call]),
        json!([refusal]),
    ] {
        let body = response("completed", &output);
        assert_eq!(plain(Route::Responses, &body), Some(7), "{body}");
    }
    let mut cut = message("Hi");
    cut["status"] = json!("incomplete");
    for body in [
        response("incomplete", &json!([message("Hi")])),
        response("in_progress", &json!([message("Hi")])),
        response("queued", &json!([])),
        response("completed", &json!([])),
        response("completed", &json!([message("")])),
        response("completed", &json!([reasoning])),
        response("completed", &json!([message("Hi"), cut])),
        response("completed", &json!(vec![message("Hi"); MAX_ITEMS + 1])),
    ] {
        assert_eq!(plain(Route::Responses, &body), None, "{body}");
    }
    for member in ["error", "incomplete_details"] {
        let mut body = response("completed", &json!([message("Hi")]));
        body[member] = json!({"code": "x"});
        assert_eq!(plain(Route::Responses, &body), None, "{body}");
    }
}

#[test]
fn a_streamed_response_is_kept_when_it_is_completed() {
    let event = |kind: &str, response: &Value| {
        let data = json!({"type": kind, "response": response});
        format!("event: {kind}\ndata: {data}\n\n")
    };
    let judged = |text: &str| {
        let mut check = CompletenessCheck::Response(ResponseStream::default());
        let ended = check.push(text.as_bytes());
        let verdict = check.tokens_if_whole(b"");
        assert_eq!(ended, verdict.is_some());
        verdict
    };
    let created = event("response.created", &response("in_progress", &json!([])));
    let delta = "event: response.output_text.delta\n\
                 data: {\"type\":\"response.output_text.delta\",\"delta\":\"Hi\"}\n\n";
    let completed = event(
        "response.completed",
        &response("completed", &json!([message("Hi")])),
    );
    let whole = format!("{created}{delta}{completed}");
    assert_eq!(judged(&whole), Some(7));
    assert_eq!(judged(&format!("{whole}data: [DONE]\n\n")), Some(7));
    let failed = event("response.failed", &response("failed", &json!([])));
    let incomplete = event(
        "response.incomplete",
        &response("incomplete", &json!([message("H")])),
    );
    let empty = event("response.completed", &response("completed", &json!([])));
    for bad in [
        String::new(),
        "data: [DONE]\n\n".to_owned(),
        format!("{created}{delta}"),
        whole[..whole.len() - 1].to_owned(),
        format!("{created}{failed}"),
        format!("{created}{delta}{incomplete}"),
        format!("{created}{empty}"),
        format!("{whole}{delta}"),
        format!("event: error\ndata: {{\"type\":\"error\",\"code\":\"x\"}}\n\n{whole}"),
        format!("{created}data: rubbish\n\n{completed}"),
    ] {
        assert_eq!(judged(&bad), None, "{bad}");
    }
}
