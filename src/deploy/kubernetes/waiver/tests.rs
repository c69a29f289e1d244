//! Unit tests of `waiver`.

use super::*;
use crate::deploy::kubernetes::{example, waivers};

#[test]
fn reasons_can_be_read_by_every_scanner() {
    let project = example::project();
    for environment in &project.plan.environments {
        for waiver in waivers(&project, environment) {
            assert!(!waiver.reason.contains('='), "{waiver:?}");
            assert!(!waiver.reason.is_empty(), "{waiver:?}");
        }
    }
}

#[test]
fn production_needs_no_waiver_of_checkov() {
    let project = example::project();
    let checkov = |index: usize| {
        let waivers = waivers(&project, &project.plan.environments[index]);
        let ids = waivers.into_iter();
        ids.filter(|waiver| waiver.scanner == Scanner::Checkov)
            .map(|waiver| waiver.id)
            .collect::<Vec<_>>()
    };
    assert_eq!(checkov(2), Vec::<&str>::new());
    assert_eq!(
        checkov(0),
        ["CKV_K8S_35", "CKV_K8S_43", "CKV_K8S_15", "CKV2_K8S_6"]
    );
}

#[test]
fn each_scanner_has_its_own_annotation() {
    let annotations = annotations(&[
        waive(Scanner::Checkov, "A", "a"),
        waive(Scanner::Checkov, "B", "b"),
        waive(Scanner::KubeScore, "c", "c"),
        waive(Scanner::KubeScore, "d", "d"),
        waive(Scanner::KubeLinter, "e", "why"),
        waive(Scanner::Polaris, "f", "f"),
    ])
    .unwrap();
    let expected = [
        ("checkov.io/skip1", "A=a"),
        ("checkov.io/skip2", "B=b"),
        ("ignore-check.kube-linter.io/e", "why"),
        ("kube-score/ignore", "c,d"),
        ("polaris.fairwinds.com/f-exempt", "true"),
    ];
    let expected = expected.map(|(key, text)| (key.to_owned(), text.to_owned()));
    assert_eq!(annotations, expected.into());
    assert!(super::annotations(&[]).is_none());
}
