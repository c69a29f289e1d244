//! Custom kinds against the schemas of their operators: what is rendered is valid, and is already
//! what an API server makes of it. Otherwise a field of the cluster's own stands beside ours for
//! ever, and whoever compares the two (Argo CD with server-side apply) never sees them in sync.
//!
//! The schemas in `crds/` are those that the operators install, cut down to the fields that occur.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::manifests::stream;

/// Every custom kind, and the schemas that it has to fit.
const SCHEMAS: [(&str, &str); 5] = [
    ("HTTPRoute", include_str!("crds/httproute.yaml")),
    ("ExternalSecret", include_str!("crds/externalsecret.yaml")),
    // Its release 2.9 has fewer defaults than those before.
    (
        "ExternalSecret",
        include_str!("crds/externalsecret-2.2.yaml"),
    ),
    ("SealedSecret", include_str!("crds/sealedsecret.yaml")),
    ("ServiceMonitor", include_str!("crds/servicemonitor.yaml")),
];

/// Every custom kind, as the defaults have it and as somebody wants it.
const PLAN: &str = r#"
[environments.development]
host = "auth.dev.example.com"
components = ["sealed-secret", "monitoring"]
labels = { team = "identity" }
annotations.http_route = { "example.com/owner" = "identity" }

[environments.staging]
host = "auth.staging.example.com"
components = ["external-secret", "monitoring"]

[environments.production]
components = ["external-secret"]

[environments.production.external_secret]
store = "vault"
store_kind = "ClusterSecretStore"
refresh_interval = "90m"
path = "apps/aura"
keys.DATABASE_URL = { path = "databases/aura", property = "url" }
keys.LLM_UPSTREAM_API_KEY.path = "keys/llm"
"#;

fn schema(text: &str) -> Value {
    serde_saphyr::from_str(text).expect("a schema")
}

/// The objects of every environment of `PLAN`.
fn objects() -> Vec<Value> {
    serde_saphyr::from_multiple(&stream(PLAN)).expect("YAML")
}

/// Fills in what the schema has a default for, as an API server does before it stores an object.
/// <https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#defaulting>
fn default(value: &mut Value, schema: &Value) {
    let properties = schema["properties"].as_object();
    match value {
        Value::Object(map) => {
            for (name, field) in properties.into_iter().flatten() {
                let missing = map.get(name).is_none_or(Value::is_null);
                if let Some(given) = field.get("default").filter(|_| missing) {
                    map.insert(name.clone(), given.clone());
                }
            }
            for (name, value) in map {
                let own = properties.and_then(|properties| properties.get(name));
                default(value, own.unwrap_or(&schema["additionalProperties"]));
            }
        }
        Value::Array(items) => {
            for item in items {
                default(item, &schema["items"]);
            }
        }
        _ => {}
    }
}

/// What the schema does not take, each with its path.
fn faults(value: &Value, schema: &Value, at: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut refuse = |problem: &str| found.push(format!("{at}: {problem}"));
    let number = |key: &str| schema[key].as_u64();
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    if !schema["type"].is_null() && schema["type"] != kind {
        refuse(&format!("is a {kind}"));
    }
    let size = match value {
        Value::String(text) => ["minLength", "maxLength"].map(|key| (text.len(), number(key))),
        Value::Array(items) => ["minItems", "maxItems"].map(|key| (items.len(), number(key))),
        Value::Number(count) => {
            let count = usize::try_from(count.as_u64().unwrap_or_default()).expect("small");
            ["minimum", "maximum"].map(|key| (count, number(key)))
        }
        _ => [(0, None); 2],
    };
    let least = size[0].1.is_none_or(|least| size[0].0 as u64 >= least);
    let most = size[1].1.is_none_or(|most| size[1].0 as u64 <= most);
    if !least || !most {
        refuse("is too small or too large");
    }
    if schema["enum"]
        .as_array()
        .is_some_and(|words| !words.contains(value))
    {
        refuse("is no word that there is");
    }
    for name in schema["required"].as_array().into_iter().flatten() {
        if value[name.as_str().expect("a name")].is_null() {
            refuse(&format!("has no {name}"));
        }
    }
    for (at_item, item) in value.as_array().into_iter().flatten().enumerate() {
        found.extend(faults(item, &schema["items"], &format!("{at}[{at_item}]")));
    }
    let none = Map::new();
    let properties = schema["properties"].as_object().unwrap_or(&none);
    // `metadata` is Kubernetes' own, and no schema says what is in it.
    let closed = !properties.is_empty() && schema["x-kubernetes-preserve-unknown-fields"] != true;
    for (name, value) in value.as_object().into_iter().flatten() {
        let own = properties.get(name).or(schema.get("additionalProperties"));
        match own {
            Some(own) => found.extend(faults(value, own, &format!("{at}.{name}"))),
            None if closed => found.push(format!("{at}.{name}: is not known there")),
            None => {}
        }
    }
    found
}

#[test]
fn custom_kinds_are_what_the_cluster_makes_of_them() {
    let objects = objects();
    let mut seen = BTreeSet::new();
    for (kind, text) in SCHEMAS {
        let schema = schema(text);
        for object in objects.iter().filter(|object| object["kind"] == kind) {
            seen.insert(kind);
            assert_eq!(faults(object, &schema, kind), Vec::<String>::new());
            let mut stored = object.clone();
            default(&mut stored, &schema);
            assert_eq!(stored, *object, "{kind}: a field is filled in");
        }
    }
    // A kind that is new has a group of its own, and no schema yet.
    let own = |object: &&Value| {
        let version = object["apiVersion"].as_str().unwrap_or_default();
        let group = version.split_once('/').map_or("", |(group, _)| group);
        group.contains('.') && !group.ends_with(".k8s.io") || group.starts_with("gateway.")
    };
    let custom = objects.iter().filter(own);
    let custom: BTreeSet<_> = custom
        .filter_map(|object| object["kind"].as_str())
        .collect();
    assert_eq!(seen, custom);
    assert_eq!(seen.len(), 4);
}

#[test]
fn an_external_secret_fetches_what_the_plan_names_from_where_it_says() {
    let objects = objects();
    let mut found = objects.iter().filter(|one| one["kind"] == "ExternalSecret");
    let [staging, production] = [found.next(), found.next()].map(|one| &one.expect("one")["spec"]);
    let store = json!({ "kind": "SecretStore", "name": "aura" });
    assert_eq!(staging["secretStoreRef"], store);
    assert_eq!(staging["refreshInterval"], "1h0m0s");
    let store = json!({ "kind": "ClusterSecretStore", "name": "vault" });
    assert_eq!(production["secretStoreRef"], store);
    assert_eq!(production["refreshInterval"], "1h30m0s");
    let data = production["data"].as_array().expect("a list");
    let remote = |name: &str| {
        let entry = data.iter().find(|entry| entry["secretKey"] == name);
        let remote = &entry.expect("the variable")["remoteRef"];
        (remote["key"].clone(), remote["property"].clone())
    };
    assert_eq!(
        remote("DATABASE_URL"),
        (json!("databases/aura"), json!("url"))
    );
    assert_eq!(
        remote("REDIS_URL"),
        (json!("apps/aura"), json!("REDIS_URL"))
    );
    // One that nothing needs is fetched because it is named, and whole.
    assert_eq!(
        remote("LLM_UPSTREAM_API_KEY"),
        (json!("keys/llm"), Value::Null)
    );
}

#[test]
fn the_judge_sees_what_is_filled_in_and_what_is_not_valid() {
    let schema = schema(SCHEMAS[0].1);
    let route = |backend: Value| json!({ "kind": "HTTPRoute", "spec": { "rules": [{ "backendRefs": [backend] }] } });
    let mut stored = route(json!({ "name": "a", "port": 80 }));
    default(&mut stored, &schema);
    let rule = &stored["spec"]["rules"][0];
    assert_eq!(
        rule["backendRefs"][0],
        json!({ "group": "", "kind": "Service", "name": "a", "port": 80, "weight": 1 })
    );
    assert_eq!(rule["matches"][0]["path"]["type"], "PathPrefix");
    for (backend, problem) in [
        (json!({ "port": 80 }), "has no \"name\""),
        (json!({ "name": "a", "port": "80" }), "is a string"),
        (
            json!({ "name": "a", "port": 0 }),
            "is too small or too large",
        ),
        (json!({ "name": "a", "x": 0 }), "is not known there"),
    ] {
        let faults = faults(&route(backend), &schema, "HTTPRoute");
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].ends_with(problem), "{faults:?}");
    }
}
