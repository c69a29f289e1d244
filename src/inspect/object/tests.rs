//! Unit tests of `object`.

use serde_json::json;

use super::*;

#[test]
fn secrets_are_decoded_and_string_data_wins() {
    let secret = json!({
        "kind": "Secret", "metadata": { "name": "s", "namespace": "n" },
        "data": { "A": "b2xk", "B": "b2s=", "C": "%%", "D": "/w==", "F": "b2\r\ns=\n", "G": "b2 s=" },
        "stringData": { "A": "new", "E": 5 },
    });
    let Some(Object::Source(source)) = read("f", &secret) else {
        panic!()
    };
    assert_eq!(source.at.object, "Secret n/s");
    let get = |key: &str| {
        source
            .entries
            .iter()
            .find(|entry| entry.key == key)
            .map(|entry| entry.given.clone())
    };
    assert!(get("A") == Some(Given::Text("new".to_owned())));
    for key in ["B", "F"] {
        assert!(get(key) == Some(Given::Text("ok".to_owned())), "{key}");
    }
    for key in ["C", "D", "E", "G"] {
        assert!(matches!(get(key), Some(Given::Odd { .. })), "{key}");
    }
}

#[test]
fn a_pod_is_found_in_whatever_makes_it() {
    let pod = json!({
        "metadata": { "labels": { "app.kubernetes.io/name": "shop" } },
        "spec": { "enableServiceLinks": false,
            "volumes": [{ "name": "v", "secret": { "secretName": "s" } }, { "name": "w" }],
            "containers": [{ "name": "c", "image": "x/shop:1", "args": ["serve"],
                "volumeMounts": [{ "name": "v", "mountPath": "/run/s/" }],
                "envFrom": [{ "configMapRef": { "name": "m" } }],
                "env": [{ "name": "A", "value": "/run/s" },
                    { "name": "B", "valueFrom": { "secretKeyRef": { "name": "s", "key": "k" } } }],
            }] },
    });
    let job =
        json!({ "kind": "CronJob", "spec": { "jobTemplate": { "spec": { "template": pod } } } });
    let Some(Object::Workload(workload)) = read("f", &job) else {
        panic!()
    };
    assert!(!workload.service_links);
    assert_eq!(workload.app, "shop");
    let container = &workload.containers[0];
    assert_eq!(container.mounted, ["s"]);
    assert_eq!(container.env_from[0].0.name, "m");
    assert_eq!(
        container.env[1].from.as_ref().unwrap().key.as_deref(),
        Some("k")
    );
    assert!(read("f", &json!({ "kind": "Service" })).is_none());
    assert!(read("f", &json!(7)).is_none());
}
