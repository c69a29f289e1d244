//! Unit tests of `meter`.

use super::*;

fn tokens(text: &str, stream: bool, size: usize) -> u64 {
    let mut meter = Meter::default();
    meter.begin(Route::Chat, true, stream);
    text.as_bytes()
        .chunks(size)
        .for_each(|part| meter.push(part));
    meter.tokens(10)
}

#[test]
fn the_upstream_s_own_figure_counts_however_it_is_cut() {
    let plain = r#"{"choices":[{"text":"\"total_tokens\": 1}"}],"usage":{"total_tokens" : 1234}}"#;
    let stream = "data: {\"usage\":{\"total_tokens\":5}}\n\ndata: {\"usage\":\
                      {\"total_tokens\":1234,\"x\":{}}}\n\ndata: {\"usage\":null}\n\n";
    for size in 1..100 {
        assert_eq!(tokens(plain, false, size), 1234, "{size}");
        assert_eq!(tokens(stream, true, size), 1234, "{size}");
    }
}

#[test]
fn figures_of_the_parts_are_added_where_there_is_no_sum() {
    let response = "data: {\"response\":{\"usage\":{\"input_tokens\":30,\
                        \"input_tokens_details\":{\"cached_tokens\":9},\"output_tokens\": 4}}}\n\n";
    let chat = r#"{"usage":{"prompt_tokens":30,"completion_tokens":4}}"#;
    for size in 1..100 {
        assert_eq!(tokens(response, true, size), 34, "{size}");
        assert_eq!(tokens(chat, false, size), 34, "{size}");
    }
    let repeated =
        r#"{"tools":[{"total_tokens":1}],"usage":{"input_tokens":30,"output_tokens":4}}"#;
    assert_eq!(tokens(repeated, false, 7), 34);
    let half = r#"{"usage":{"input_tokens":30}}"#;
    assert_eq!(tokens(half, false, 100), 10 + half.len() as u64 / 4);
}

#[test]
fn a_question_that_is_repeated_lowers_no_figure() {
    let repeated = "data: {\"response\":{\"tools\":[{\"total_tokens\":1}],\"usage\":null}}\n\n";
    for is_abandoned in [true, false] {
        let mut meter = Meter {
            repeats: has_figures(br#"{"tools":[{"total_tokens":1}]}"#),
            ..Meter::default()
        };
        meter.begin(Route::Responses, true, true);
        meter.push(repeated.as_bytes());
        meter.push("data: {}\n\n".repeat(50).as_bytes());
        if is_abandoned {
            meter.abandon();
        }
        assert_eq!(meter.tokens(10), 61);
    }
    assert!(!has_figures(
        br#"{"max_output_tokens":1,"input":"\"total_tokens\":1"}"#
    ));
    let mut free = Meter::default();
    free.begin(Route::Moderations, true, false);
    free.push(b"{\"results\":[{}]}");
    assert_eq!(free.tokens(10), 0);
}

#[test]
fn an_answer_without_a_figure_is_estimated() {
    assert_eq!(tokens(&"x".repeat(400), false, 7), 110);
    assert_eq!(
        tokens("data: {}\n\ndata: {}\n\ndata: [DONE]\n\n", true, 100),
        13
    );
    let mut error = Meter::default();
    error.begin(Route::Chat, false, false);
    error.push(b"{\"error\":{}}");
    assert_eq!((error.tokens(10), Meter::default().tokens(10)), (0, 0));
}

#[test]
fn a_client_that_leaves_before_the_answer_pays_for_the_question() {
    let mut silent = Meter::default();
    silent.abandon();
    assert_eq!(silent.tokens(10), 10);
    let mut error = Meter::default();
    error.begin(Route::Chat, false, false);
    error.abandon();
    assert_eq!(error.tokens(10), 0);
    let mut begun = Meter::default();
    begun.begin(Route::Chat, true, true);
    begun.push(b"data: {}\n\n");
    begun.abandon();
    assert_eq!(begun.tokens(10), 11);
}
