//! Halves and wrecks: what cannot be looked at is refused, by name and without a word of its text.

use super::*;

/// File, what in it becomes what (without these it is gone), and what is said of it.
const REFUSED: &str = r"
Cargo.toml |  |  | source is not a checkout: it has no Cargo.toml
Cargo.lock | [[package]] | [package | source/Cargo.lock cannot be read
Cargo.toml | serde = | serde | source/Cargo.toml cannot be read
base/backend/kustomization.yaml |  |  | it has no base/backend/kustomization.yaml
base/backend/deployment.yaml |  |  | base/backend/deployment.yaml/kustomization.yaml: is not in
base/backend/secret.yaml | stringData: | stringData: [canary | secret.yaml cannot be read: is not
base/backend/secret.yaml | stringData: | stringData: {a: 1, a: canary} # | has a key twice
base/backend/configmap.yaml | kind: | a: 1\n---\nkind: | it has several objects
base/backend/configmap.yaml | metadata: | meta: | configmap.yaml: not a Kubernetes object
base/backend/configmap.yaml | apiVersion: | - apiVersion: | configmap.yaml
base/backend/kustomization.yaml | resources: | resources:\n- ../backend | is built upon itself
overlays/production/kustomization.yaml | - path: | - path: x | is not in the tree
";

#[test]
fn incomplete_or_broken_files_are_refused_by_name() {
    let sound = Draft::sound();
    for line in REFUSED.trim().lines() {
        let cells: Vec<_> = line
            .split(" | ")
            .map(|cell| cell.replace("\\n", "\n"))
            .collect();
        let [path, old, new, expected] = &cells[..] else {
            panic!("{line}");
        };
        let mut draft = sound.clone();
        change(&mut draft, path, old, new);
        let refused = draft.subject().err();
        let said = refused.unwrap_or_else(|| panic!("{line}")).to_string();
        assert!(said.contains(expected.as_str()), "{line}: {said}");
        assert!(!said.contains("canary"), "{said}");
    }
}

#[test]
fn a_tree_without_overlays_is_refused() {
    let mut draft = Draft::sound();
    draft
        .manifests
        .retain(|path, _| !path.starts_with("overlays/"));
    let said = draft.subject().err().unwrap().to_string();
    let expected = "it has no overlays/NAME/kustomization.yaml; write one with `generate k8s";
    assert!(said.contains(expected), "{said}");
}
