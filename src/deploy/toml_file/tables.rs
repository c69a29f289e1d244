//! Tables of a reference page, from the JSON Schema of a file.

use serde_json::Value;

/// A table of a file and its keys.
pub(crate) struct Table {
    pub title: &'static str,
    pub about: String,
    pub rows: Vec<Row>,
}

/// A key of a table.
pub(crate) struct Row {
    pub key: String,
    pub kind: String,
    pub docs: String,
}

/// The keys of the object at `pointer` in `schema`.
pub(crate) fn table(schema: &Value, title: &'static str, pointer: &str) -> Table {
    let node = schema.pointer(pointer).unwrap_or(&Value::Null);
    let properties = node.get("properties").and_then(Value::as_object);
    let rows = properties.into_iter().flatten().map(|(key, field)| Row {
        key: key.clone(),
        kind: kind(schema, field),
        docs: cell(&docs(field)),
    });
    Table {
        title,
        about: if pointer.is_empty() {
            String::new()
        } else {
            docs(node)
        },
        rows: rows.collect(),
    }
}

/// The values that may be written, in words.
fn kind(schema: &Value, field: &Value) -> String {
    let target = field
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|reference| schema.pointer(reference.trim_start_matches('#')));
    let node = target.unwrap_or(field);
    let number = |key| node.get(key).and_then(Value::as_i64);
    match node.get("type").and_then(Value::as_str) {
        Some("integer") => match (number("minimum"), number("maximum")) {
            (Some(minimum), Some(maximum)) => format!("{minimum} to {maximum}"),
            _ => "a whole number".to_owned(),
        },
        Some("boolean") => "true or false".to_owned(),
        Some("array") => "a list".to_owned(),
        Some("object") => "a table".to_owned(),
        _ if node.get("oneOf").is_some() => words(node),
        _ => {
            let example = node.pointer("/examples/0").and_then(Value::as_str);
            let number = node.pointer("/examples/0").and_then(Value::as_i64);
            let number = number.map(|number| number.to_string());
            let example = example.map(str::to_owned).or(number);
            example.map_or_else(|| "text".to_owned(), |example| format!("like `{example}`"))
        }
    }
}

/// The words of a closed list: `a`, `b` or `c`.
fn words(node: &Value) -> String {
    let words = node["oneOf"].as_array().into_iter().flatten();
    let words = words.filter_map(|one| one["const"].as_str());
    let mut words: Vec<_> = words.map(|word| format!("`{word}`")).collect();
    let last = words.pop().unwrap_or_default();
    if words.is_empty() {
        return last;
    }
    format!("{} or {last}", words.join(", "))
}

/// The description of `node`.
pub(crate) fn docs(node: &Value) -> String {
    let text = node.get("description").and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}

/// `text` as it may stand in the cell of a Markdown table.
pub(crate) fn cell(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.replace('|', r"\|")
}

/// Takes `null` out everywhere: TOML has none.
pub(crate) fn without_null(node: &mut Value) {
    match node {
        Value::Object(map) => {
            if map.get("default").is_some_and(Value::is_null) {
                map.shift_remove("default");
            }
            let null = Value::from("null");
            if let Some(Value::Array(types)) = map.get_mut("type") {
                types.retain(|kind| *kind != null);
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    map.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(choices)) = map.get_mut("anyOf") {
                choices.retain(|choice| choice.get("type") != Some(&null));
                if let [Value::Object(only)] = choices.as_slice() {
                    let only = only.clone();
                    map.shift_remove("anyOf");
                    map.extend(only);
                }
            }
            map.values_mut().for_each(without_null);
        }
        Value::Array(items) => items.iter_mut().for_each(without_null),
        _ => {}
    }
}
