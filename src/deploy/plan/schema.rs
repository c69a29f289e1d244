//! The JSON Schema of `deploy.toml`, with the names of one service filled in.
//!
//! The page that is rendered from it is in `reference.rs`.

use serde_json::{Map, Value, json};

use super::file::DeployFile;
use super::tier::environments;
use crate::deploy::service::Service;
use crate::deploy::toml_file::tables::without_null;
use crate::schema::Kind;

/// The schema (JSON Schema 2020-12).
pub(crate) fn document(service: &Service) -> Map<String, Value> {
    let mut schema = schemars::schema_for!(DeployFile).to_value();
    without_null(&mut schema);
    let environment = json!({ "$ref": "#/$defs/Environment" });
    let names = environments(service);
    let names = names.into_iter().map(|name| (name, environment.clone()));
    name_all(&mut schema, "/properties/environments", names.collect());
    let inside = "/$defs/Environment/properties";
    let backends = format!("{inside}/backends");
    name_all(&mut schema, &backends, backend_names(service));
    let settings = format!("{inside}/settings");
    name_all(&mut schema, &settings, setting_names(service));
    let secrets = service.secret_settings().map(|setting| {
        let remote = json!({ "$ref": "#/$defs/Remote" });
        (setting.name.clone(), remote)
    });
    let keys = "/$defs/ExternalSecret/properties/keys";
    name_all(&mut schema, keys, secrets.collect());
    let mut schema = schema.as_object().cloned().unwrap_or_default();
    schema.insert("title".to_owned(), "deploy.toml".into());
    // The title comes first, for a person who opens it.
    let head = ["$schema", "title", "description"];
    let head: Map<_, _> = head
        .iter()
        .filter_map(|key| Some(((*key).to_owned(), schema.shift_remove(*key)?)))
        .collect();
    head.into_iter().chain(schema).collect()
}

/// Turns the map at `pointer` into an object that knows `properties` and no others.
fn name_all(schema: &mut Value, pointer: &str, properties: Map<String, Value>) {
    if let Some(node) = schema.pointer_mut(pointer) {
        node["properties"] = Value::Object(properties);
        node["additionalProperties"] = Value::Bool(false);
    }
}

fn backend_names(service: &Service) -> Map<String, Value> {
    let kinds = service.backends.iter().map(|kind| {
        let schemes = kind.scheme_names("|").replace('+', r"\+");
        let address = json!({
            "type": "string",
            "pattern": format!("^({schemes})://[^@/?#]+$"),
        });
        let mut node = json!({
            "description": format!("Scheme, host and port of the URL in {}.", kind.setting),
            "examples": [kind.example()],
        });
        if let Some(embedded) = &kind.embedded {
            node["anyOf"] = json!([address, { "const": embedded.word }]);
        } else {
            node["type"] = address["type"].clone();
            node["pattern"] = address["pattern"].clone();
        }
        (kind.name.clone(), node)
    });
    kinds.collect()
}

fn setting_names(service: &Service) -> Map<String, Value> {
    let settings = service.plain_settings().map(|setting| {
        let mut node = match &setting.kind {
            Kind::Enum => {
                let values: Vec<_> = setting.variants.iter().map(|v| v.value.as_str()).collect();
                json!({ "enum": values })
            }
            Kind::List(_) => json!({ "$ref": "#/$defs/Setting" }),
            Kind::Json => json!({ "type": ["object", "array", "string"] }),
            Kind::String => json!({ "type": ["string", "number", "boolean"] }),
            // Both `30` and `"30"` are the same variable.
            Kind::Integer => json!({ "type": ["integer", "string"] }),
            Kind::Number => json!({ "type": ["number", "string"] }),
            Kind::Boolean => json!({ "enum": [true, false, "true", "false", 1, 0, "1", "0"] }),
        };
        let summary = setting.summary();
        if !summary.is_empty() {
            node["description"] = summary.into();
        }
        for (key, bound) in [
            ("minimum", &setting.minimum),
            ("maximum", &setting.maximum),
            ("exclusiveMinimum", &setting.exclusive_minimum),
            ("exclusiveMaximum", &setting.exclusive_maximum),
        ] {
            if let Some(bound) = bound {
                node[key] = bound.clone().into();
            }
        }
        (setting.name.clone(), node)
    });
    settings.collect()
}

#[cfg(test)]
mod tests;
