//! Nodes, priority and user ids that operators ask of pods.

use super::draft::Draft;
use super::file::{Seconds, TolerationFile};
use super::labels;
use super::placement::{Effect, Operator, Placement, Toleration};

/// The placement of the pods of one environment.
pub(super) fn resolve(draft: &mut Draft<'_>) -> Placement {
    let file = draft.file;
    let node_selector = labels::plain(&file.node_selector);
    let os = "kubernetes.io/os";
    if node_selector.get(os).is_some_and(|name| name != "linux") {
        draft.conflict(
            &["node_selector", os],
            "is not linux, and the image runs nowhere else",
            "take it out",
        );
    }
    let tolerations = file.tolerations.iter().enumerate();
    Placement {
        image_pull_secrets: file
            .image_pull_secrets
            .iter()
            .cloned()
            .map(String::from)
            .collect(),
        node_selector,
        tolerations: tolerations
            .map(|(at, one)| toleration(draft, at, one))
            .collect(),
        priority_class: file.priority_class.clone().map(String::from),
        run_as: file.run_as.unwrap_or_default(),
    }
}

fn toleration(draft: &mut Draft<'_>, at: usize, file: &TolerationFile) -> Toleration {
    let entry = format!("[{at}]");
    let path = |key: &'static str| ["tolerations", entry.as_str(), key];
    let operator = file.operator.unwrap_or(match file.value {
        Some(_) => Operator::Equal,
        None => Operator::Exists,
    });
    // The API takes an empty key beside Exists alone, where it stands for every taint: too much for
    // a key that was forgotten.
    if file.key.is_none() && (operator == Operator::Equal || file.operator.is_none()) {
        draft.conflict(
            &path("key"),
            "is missing: which taint is tolerated?",
            "name it, or write operator = \"Exists\" for every taint",
        );
    }
    // The API refuses a value beside Exists, and seconds beside any effect but NoExecute.
    if operator == Operator::Exists && file.value.is_some() {
        draft.conflict(
            &path("value"),
            "has no effect beside the operator Exists",
            "take one of them out",
        );
    }
    if file.seconds.is_some() && file.effect != Some(Effect::NoExecute) {
        draft.conflict(
            &path("seconds"),
            "has no effect: only NoExecute makes pods leave",
            "add effect = \"NoExecute\", or take it out",
        );
    }
    Toleration {
        key: file.key.clone().map(String::from),
        operator,
        value: file.value.clone().map(String::from),
        effect: file.effect,
        seconds: file.seconds.map(Seconds::as_u32),
    }
}
