//! Unit tests of `merge`.

use serde_json::json;

use super::*;

#[test]
fn lists_with_a_key_are_merged_and_others_are_replaced() {
    let mut pod = json!({
        "containers": [{ "name": "a", "args": ["x", "y"], "image": "i" }],
        "volumes": [{ "name": "tmp" }, { "name": "old" }],
        "envFrom": [{ "secretRef": { "name": "s" } }],
    });
    let patch = json!({
        "containers": [{ "name": "a", "args": ["z"] }],
        "volumes": [{ "name": "state" }, { "name": "old", "$patch": "delete" }],
        "envFrom": [],
    });
    merge(&mut pod, &patch);
    assert_eq!(
        pod,
        json!({
            "containers": [{ "name": "a", "args": ["z"], "image": "i" }],
            "volumes": [{ "name": "state" }, { "name": "tmp" }],
            "envFrom": [],
        })
    );
}

#[test]
fn a_map_is_replaced_on_request() {
    let mut object = json!({ "data": { "A": "1", "B": "2" } });
    merge(
        &mut object,
        &json!({ "data": { "$patch": "replace", "C": "3" } }),
    );
    assert_eq!(object, json!({ "data": { "C": "3" } }));
}

#[test]
fn null_takes_a_key_out() {
    let mut object = json!({ "env": [{ "name": "A", "value": "1" }], "x": 1, "y": 2 });
    let patch = json!({ "env": [{ "name": "B" }, { "name": "A", "value": "2" }], "x": null });
    merge(&mut object, &patch);
    let expected = json!({ "env": [{ "name": "B" }, { "name": "A", "value": "2" }], "y": 2 });
    assert_eq!(object, expected);
}
