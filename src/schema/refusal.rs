//! Faults of a whole tree of values, where serde ends at the first: whatever it refuses is noted,
//! taken out so that its default holds, and serde goes again.

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;

/// The keys that lead to a value; an entry of a list is `[0]`.
pub(crate) type Path = Vec<String>;

/// A value that serde refuses.
pub(crate) struct Refusal {
    /// The keys that lead to it.
    pub(crate) path: Path,
    /// The message of serde. It may quote the value.
    pub(crate) message: String,
}

/// Builds a `T` from `tree`. `take_out` removes each value that serde refuses and reports it, or
/// puts a stand-in in its place; it gives up with `None`.
pub(crate) fn build<T: DeserializeOwned>(
    tree: &mut Value,
    mut take_out: impl FnMut(&mut Value, Refusal) -> Option<()>,
) -> Option<T> {
    loop {
        let error = match serde_path_to_error::deserialize::<_, T>(&*tree) {
            Ok(value) => return Some(value),
            Err(error) => error,
        };
        let keys = error.path().iter().map_while(|segment| match segment {
            Segment::Map { key } => Some(key.clone()),
            Segment::Seq { index } => Some(format!("[{index}]")),
            Segment::Enum { .. } | Segment::Unknown => None,
        });
        let path = keys.collect();
        let message = error.into_inner().to_string();
        take_out(tree, Refusal { path, message })?;
    }
}

/// The position that `key` names in a list.
pub(crate) fn index(key: &str) -> Option<usize> {
    key.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
}

/// The value at `path`.
pub(crate) fn get_mut<'a>(tree: &'a mut Value, path: &[String]) -> Option<&'a mut Value> {
    path.iter()
        .try_fold(tree, |node, key| match (node, index(key)) {
            (Value::Array(items), Some(at)) => items.get_mut(at),
            (node, _) => node.get_mut(key.as_str()),
        })
}

/// Removes the value at `path`; entries of a list behind it move up.
pub(crate) fn remove(tree: &mut Value, path: &[String]) -> Option<Value> {
    let (last, parents) = path.split_last()?;
    match get_mut(tree, parents)? {
        Value::Object(members) => members.shift_remove(last),
        Value::Array(items) => {
            let at = index(last).filter(|at| *at < items.len())?;
            Some(items.remove(at))
        }
        _ => None,
    }
}
