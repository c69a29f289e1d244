//! YAML with the lines of its values, for reports that name one.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

use super::input::Input;
use super::report::{Finding, object_title};
use super::yaml;

/// Keys whose text may be the name of a variable: in a list of variables, of a reference to a
/// Secret or a ConfigMap, and of what an `ExternalSecret` makes.
const NAMING: &[&str] = &["name", "key", "secretKey"];

/// YAML with the lines of its values.
pub(super) enum Node {
    Map(Vec<(String, Spanned<Node>)>),
    List(Vec<Spanned<Node>>),
    Text(String),
    Other,
}

impl Node {
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        self.child(key).map(|node| &node.value)
    }

    pub(super) fn text(&self, key: &str) -> &str {
        match self.get(key) {
            Some(Self::Text(text)) => text,
            _ => "",
        }
    }

    /// The object as reports call it.
    pub(super) fn title(&self) -> String {
        let metadata = self.get("metadata");
        let part = |key| metadata.map_or("", |metadata| metadata.text(key));
        object_title(self.text("kind"), part("namespace"), part("name"))
    }

    /// One step down: a key of a map, the `name` of an item of a list, or its number.
    pub(super) fn child(&self, step: &str) -> Option<&Spanned<Node>> {
        match self {
            Self::Map(entries) => {
                let mut entries = entries.iter();
                entries.find(|(key, _)| key == step).map(|(_, node)| node)
            }
            Self::List(items) => {
                let named = items.iter().find(|item| item.value.text("name") == step);
                named.or_else(|| items.get(step.parse::<usize>().ok()?))
            }
            Self::Text(_) | Self::Other => None,
        }
    }

    /// The lines below this node where a name that is meant is a key, or the text of a naming key.
    pub(super) fn find(&self, is_meant: &impl Fn(&str) -> bool, lines: &mut Vec<u64>) {
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

/// The documents of `input`, those inside a `List` one by one.
pub(super) fn documents(input: &Input) -> Result<Vec<Spanned<Node>>, Box<Finding>> {
    let mut flat = Vec::new();
    for document in yaml::documents(input)? {
        flatten(document, &mut flat);
    }
    Ok(flat)
}

fn flatten(mut document: Spanned<Node>, flat: &mut Vec<Spanned<Node>>) {
    let is_list = document.value.text("kind").ends_with("List");
    if let Node::Map(entries) = &mut document.value
        && let Some((_, items)) = entries.iter_mut().find(|(key, _)| key == "items")
        && let Node::List(items) = &mut items.value
        && is_list
    {
        for item in std::mem::take(items) {
            flatten(item, flat);
        }
    } else {
        flat.push(document);
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

/// Visits of values that hold no names.
macro_rules! others {
    ($($visit:ident: $of:ty,)*) => {
        $(fn $visit<E>(self, _: $of) -> Result<Node, E> {
            Ok(Node::Other)
        })*
    };
}

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

    others! {
        visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_i128: i128, visit_u128: u128,
        visit_f64: f64,
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
