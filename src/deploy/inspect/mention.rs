//! Where a setting is written: file, line and object of each place, whatever is said there.
//!
//! Values are read only as far as names of variables may stand in them, and never kept.

use std::fmt;

use serde::Serialize;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

use super::report::{At, Finding, printable};
use super::source::{self, Inputs};
use super::{dotenv, object, yaml};
use crate::schema::Setting;

/// Keys whose text may be the name of a variable: in a list of variables, of a reference to a
/// Secret or a ConfigMap, and of what an `ExternalSecret` makes.
const NAMING: &[&str] = &["name", "key", "secretKey"];

/// One line that gives a setting, or takes it from somewhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Mention {
    /// The file, as it was given or relative to the directory.
    pub file: String,
    /// The line, from 1.
    pub line: u64,
    /// `ConfigMap namespace/name`; empty where the file is no manifest.
    pub object: String,
}

/// `file:line (object)`.
impl fmt::Display for Mention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", printable(&self.file), self.line)?;
        if self.object.is_empty() {
            return Ok(());
        }
        write!(f, " ({})", printable(&self.object))
    }
}

/// Every place of `inputs` that names `setting` or the file of it, by file and line; and what could
/// not be read.
#[must_use]
pub fn mentions(setting: &Setting, inputs: &Inputs) -> (Vec<Mention>, Vec<Finding>) {
    let file_variable = setting.file_variable();
    let is_meant = |name: &str| name == setting.name || Some(name) == file_variable.as_deref();
    let mut mentions = Vec::new();
    let mut findings = inputs.findings.clone();
    for input in &inputs.inputs {
        let at = At {
            file: input.file.clone(),
            object: String::new(),
        };
        let mut add = |line, object: &str| {
            mentions.push(Mention {
                file: input.file.clone(),
                line,
                object: object.to_owned(),
            });
        };
        if source::is_dotenv(&input.file) {
            let lines = dotenv::lines(&input.text, is_meant);
            lines.for_each(|line| add(line, ""));
            continue;
        }
        match yaml::read_as::<Spanned<Node>>(&at, &input.text) {
            Ok(documents) => {
                for document in documents {
                    look(&document.value, &is_meant, &mut add);
                }
            }
            Err(finding) => findings.push(*finding),
        }
    }
    mentions.sort();
    mentions.dedup();
    (mentions, findings)
}

/// Looks at one document; the items of a `List` are documents of their own.
fn look(document: &Node, is_meant: &impl Fn(&str) -> bool, add: &mut impl FnMut(u64, &str)) {
    let kind = document.text("kind");
    // Compose files have no kind, and documents of other programs are nobody's settings.
    if kind.is_empty() && document.get("services").is_none() {
        return;
    }
    if let (true, Some(Node::List(items))) = (kind.ends_with("List"), document.get("items")) {
        for item in items {
            look(&item.value, is_meant, add);
        }
        return;
    }
    let metadata = document.get("metadata");
    let part = |key| metadata.map_or("", |metadata| metadata.text(key));
    let title = if kind.is_empty() {
        String::new()
    } else {
        object::title(kind, part("namespace"), part("name"))
    };
    let mut lines = Vec::new();
    document.find(is_meant, &mut lines);
    for line in lines {
        add(line, &title);
    }
}

/// YAML with the lines of its values.
enum Node {
    Map(Vec<(String, Spanned<Node>)>),
    List(Vec<Spanned<Node>>),
    Text(String),
    Other,
}

impl Node {
    fn get(&self, key: &str) -> Option<&Node> {
        let Self::Map(entries) = self else {
            return None;
        };
        let mut entries = entries.iter();
        entries
            .find(|(name, _)| name == key)
            .map(|(_, node)| &node.value)
    }

    fn text(&self, key: &str) -> &str {
        match self.get(key) {
            Some(Self::Text(text)) => text,
            _ => "",
        }
    }

    /// The lines below this node where a name that is meant is a key, or the text of a naming key.
    fn find(&self, is_meant: &impl Fn(&str) -> bool, lines: &mut Vec<u64>) {
        match self {
            Self::Map(entries) => {
                for (key, node) in entries {
                    let named = matches!(&node.value, Self::Text(text) if is_meant(text));
                    if is_meant(key) || named && NAMING.contains(&key.as_str()) {
                        lines.push(node.referenced.line());
                    }
                    node.value.find(is_meant, lines);
                }
            }
            Self::List(items) => items
                .iter()
                .for_each(|node| node.value.find(is_meant, lines)),
            Self::Text(_) | Self::Other => {}
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Node::Map(entries))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.to_owned()))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_i128<E>(self, _: i128) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_u128<E>(self, _: u128) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deploy::inspect::Input;
    use crate::deploy::sample;

    fn lines(name: &str, files: &[(&str, &str)]) -> Vec<String> {
        let inputs = files.iter().map(|(file, text)| Input {
            file: (*file).to_owned(),
            text: (*text).to_owned(),
        });
        let inputs = Inputs {
            inputs: inputs.collect(),
            findings: Vec::new(),
        };
        let service = sample::service();
        let (mentions, findings) = mentions(service.settings.get(name).unwrap(), &inputs);
        assert_eq!(findings, []);
        mentions.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_way_to_give_a_setting_is_found_by_its_line() {
        let files = [
            (
                "a.yaml",
                "# SIGNING_KEY: no\nkind: Secret\nmetadata: {name: s, namespace: prod}\nstringData:\n  \
                 API_KEY: x\n  SIGNING_KEY: \"x\"\n---\nkind: ExternalSecret\nmetadata:\n  name: e\n\
                 spec:\n  data:\n  - secretKey: SIGNING_KEY\n    remoteRef: {property: SIGNING_KEY}\n",
            ),
            (
                "b.yaml",
                "kind: List\nitems:\n- kind: Pod\n  metadata: {name: p}\n  spec:\n    containers:\n    \
                 - env:\n      - name: SIGNING_KEY\n        value: x\n      - name: SIGNING_KEY_FILE\n        \
                 value: /x\n      - name: OTHER\n        valueFrom:\n          secretKeyRef:\n            \
                 key: SIGNING_KEY\n",
            ),
            ("c.env", "# c\nexport SIGNING_KEY=x\nSIGNING_KEYS=x\n"),
            ("d.json", "{\"variables\": [{\"name\": \"SIGNING_KEY\"}]}"),
            (
                "e.yaml",
                "services:\n  shop:\n    environment:\n      SIGNING_KEY: x\n",
            ),
        ];
        assert_eq!(
            lines("SIGNING_KEY", &files),
            [
                "a.yaml:6 (Secret prod/s)",
                "a.yaml:13 (ExternalSecret e)",
                "b.yaml:8 (Pod p)",
                "b.yaml:10 (Pod p)",
                "b.yaml:15 (Pod p)",
                "c.env:2",
                "e.yaml:4",
            ]
        );
    }

    #[test]
    fn what_is_generated_here_is_found_in_it() {
        let project = sample::project();
        for setting in &project.service.settings {
            let place = crate::deploy::kubernetes::place(&project.service, setting);
            let files = (crate::deploy::kubernetes::ARTEFACT.render)(&project).unwrap();
            let file = files.iter().find(|file| file.path == place.file).unwrap();
            let found = lines(&setting.name, &[(file.path.as_str(), file.text.as_str())]);
            let line = file.text.lines().position(|line| {
                let line = line.trim_start();
                line.starts_with(&format!("{}:", setting.name))
            });
            let line = line.map(|line| {
                format!(
                    "{}:{} ({} shop/{})",
                    place.file,
                    line + 1,
                    place.kind,
                    place.name
                )
            });
            assert_eq!(found, Vec::from_iter(line), "{}", setting.name);
        }
    }
}
