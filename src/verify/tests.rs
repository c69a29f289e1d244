//! A sound release passes every item, and what was not given is not looked at. What breaks an item
//! is in `spoilt.rs`, what is not a release at all in `refused.rs`.

mod planned;
mod refused;
mod spoilt;

use std::collections::BTreeSet;

use serde_json::json;

use super::checklist::{GROUPS, verify};
use super::error::Unusable;
use super::findings::Verdict;
use super::manifests::Manifests;
use super::page::page;
use super::report::{Outcome, Report};
use super::sample::{Draft, Files};
use super::subject::Subject;
use super::text::text;
use crate::deploy::kubernetes;

fn report(draft: Draft) -> Report {
    let subject = draft.subject();
    verify(&subject.unwrap_or_else(|unusable| panic!("{unusable}")))
}

/// The items whose outcome `is` so.
fn ids(report: &Report, is: impl Fn(&Outcome) -> bool) -> Vec<&'static str> {
    let outcomes = report.outcomes().filter(|outcome| is(outcome));
    outcomes.map(|outcome| outcome.id).collect()
}

/// Replaces a part of one file, which has to be there.
fn edit(files: &mut Files, path: &str, old: &str, new: &str) {
    let text = files.get_mut(path).unwrap_or_else(|| panic!("no {path}"));
    assert!(text.contains(old), "no {old:?} in {path}:\n{text}");
    *text = text.replace(old, new);
}

/// Replaces a part of one file of the source or of the manifests; without `old`, removes the file.
fn change(draft: &mut Draft, path: &str, old: &str, new: &str) {
    let in_source = draft.source.contains_key(path);
    let files = if in_source {
        &mut draft.source
    } else {
        &mut draft.manifests
    };
    if old.is_empty() {
        assert!(files.remove(path).is_some(), "no {path}");
    } else {
        edit(files, path, old, new);
    }
}

#[test]
fn a_sound_release_passes_every_item_with_evidence() {
    let report = report(Draft::sound());
    assert!(report.ok, "{}", text(&report));
    for outcome in report.outcomes() {
        assert_eq!(outcome.verdict, Verdict::Passed, "{outcome:?}");
        let stable = outcome.evidence.iter().any(|evidence| !evidence.volatile);
        assert!(stable, "{} has nothing for the page", outcome.id);
    }
}

#[test]
fn a_release_whose_user_ids_the_cluster_assigns_is_sound() {
    let report = report(Draft::planned(
        "environments.development.run_as = \"cluster\"\n\
         environments.production.run_as = \"cluster\"\n",
    ));
    assert!(report.ok, "{}", text(&report));
    let waived = report.outcomes().find(|one| one.id == "pods-hardened");
    let evidence = format!("{:?}", waived.unwrap().evidence);
    assert!(evidence.contains("User and group"), "{evidence}");
}

#[test]
fn items_without_input_are_skipped_and_do_not_fail() {
    let whole = Draft::sound().subject().unwrap();
    let report = verify(&Subject::new(whole.project, None, None, None));
    assert!(report.ok);
    let looked = ids(&report, |one| one.verdict != Verdict::NotLookedAt);
    // These need nothing but the code.
    assert_eq!(looked, ["dockerfile-frozen", "health-in-api"]);
    let reasons = report.outcomes().filter_map(|outcome| outcome.reason);
    let reasons: BTreeSet<_> = reasons.collect();
    let expected = [
        "no checkout was given",
        "no image was given",
        "no manifests were given",
    ];
    assert_eq!(reasons, expected.into());
}

/// The report on a stream of manifests, with the plan of `draft`.
fn of_stream(draft: Draft, text: String) -> Result<Report, Unusable> {
    let manifests = Manifests::of_text("stream", text)?;
    let subject = Subject::new(draft.project, None, None, Some(manifests));
    Ok(verify(&subject))
}

#[test]
fn a_stream_that_an_older_cluster_cannot_run_fails() {
    let stream = kubernetes::stream(&Draft::sound().project, Some("production")).unwrap();
    let mut draft = Draft::sound();
    let production = draft.project.plan.environments.last_mut().unwrap();
    production.kubernetes = "1.28".try_into().unwrap();
    let report = of_stream(draft, stream).unwrap();
    let failed = ids(&report, |one| !one.faults.is_empty());
    assert_eq!(failed[0], "pods-fit-cluster");
}

#[test]
fn a_stream_is_judged_as_its_tree() {
    let of = |text: String| of_stream(Draft::sound(), text);
    let stream = kubernetes::stream(&Draft::sound().project, Some("production")).unwrap();
    let sound = of(stream.clone()).unwrap();
    assert!(sound.ok, "{}", text(&sound));
    let of_base = ids(&sound, |one| one.reason == Some("a stream has no base"));
    let expected = [
        "settings-in-config-map",
        "secrets-in-secret",
        "probe-timings",
    ];
    assert_eq!(of_base, expected);
    let open = of(stream.replacen("GREETING: \"hello\"", "GREETING: \"bye\"", 1)).unwrap();
    let failed = ids(&open, |one| !one.faults.is_empty());
    assert_eq!(failed, ["settings-planned", "settings-current"]);
    let mut faults = open.outcomes().flat_map(|one| &one.faults);
    assert!(faults.next().unwrap().starts_with("stream:"), "{open:?}");
    let none = of("kind: ConfigMap\nmetadata: {name: x}\n".to_owned());
    let said = none.err().unwrap().to_string();
    assert!(said.contains("it has no Deployment; pipe what"), "{said}");
}

#[test]
fn items_about_promises_are_skipped_without_promises() {
    let mut draft = Draft::sound();
    draft.project.service.promises = crate::deploy::promises::Promises::default();
    draft.project.service.openapi = None;
    let report = report(draft);
    assert!(report.ok, "{}", text(&report));
    let quiet = ids(&report, |one| one.verdict == Verdict::NotLookedAt);
    let expected = [
        "libraries-locked",
        "libraries-in-binary",
        "builds-frozen",
        "required-documented",
        "reference-linked",
        "health-in-api",
        "probe-paths",
    ];
    assert_eq!(quiet, expected);
}

#[test]
fn the_page_has_every_item_and_nothing_that_changes_from_build_to_build() {
    let report = report(Draft::sound());
    let page = page(&report).unwrap();
    assert!(
        page.starts_with("<!-- Generated by `aura verify --markdown`;"),
        "{page}"
    );
    assert!(
        !crate::deploy::file::is_marked(&page),
        "it is none of what `generate` may delete"
    );
    assert!(!page.ends_with("\n\n"), "{page}");
    assert!(!page.contains("\n\n\n"), "{page}");
    for outcome in report.outcomes() {
        let line = format!("(`{}`)", outcome.id);
        assert_eq!(page.matches(&line).count(), 1, "{line}\n{page}");
    }
    for volatile in report.outcomes().flat_map(|outcome| &outcome.evidence) {
        let text = crate::deploy::markdown::line(&volatile.text);
        assert_eq!(
            page.contains(&format!("  - {text}\n")),
            !volatile.volatile,
            "{text}"
        );
    }
    assert!(!page.contains("sha256:"), "{page}");
}

#[test]
fn text_and_json_say_what_is_wrong() {
    let mut draft = Draft::sound();
    draft.layout.images[0].config_json["config"]["User"] = json!("0:0");
    let report = report(draft);
    let shown = text(&report);
    assert!(shown.contains("FAILED: Is the user not root"), "{shown}");
    let wrong = "      wrong: amd64: the user is \"0:0\"\n";
    assert!(shown.contains(wrong), "{shown}");
    assert!(!shown.contains("\nnot looked at"), "{shown}");
    let shown = text(&verify(&Subject {
        checkout: None,
        image: None,
        ..Draft::sound().subject().unwrap()
    }));
    let line = "\nnot looked at: 9: no checkout was given; 20: no image was given\n";
    assert!(shown.contains(line), "{shown}");
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["ok"], false);
    let items = json["groups"].as_array().unwrap().iter();
    let mut items = items.flat_map(|group| group["items"].as_array().unwrap());
    let user = items.find(|item| item["id"] == "image-user").unwrap();
    assert_eq!(user["verdict"], "failed");
    assert_eq!(user["faults"], json!(["amd64: the user is \"0:0\""]));
}
