//! Every rule holds for what is generated, and what the page says follows from that.

mod spoilt;

use serde_json::json;

use super::objects::Objects;
use super::page::{anchor, outcomes, render};
use super::rule::{Met, Outcome, Rule};
use super::rules::rules;
use crate::deploy::artefact::Project;
use crate::deploy::kubernetes::waivers;
use crate::deploy::plan::Plan;
use crate::deploy::sample;

/// A project as `deploy.toml` would make it.
fn project(toml: &str) -> Project {
    let mut service = sample::service();
    service.program.migrate = Some(vec!["migrate".to_owned()]);
    service.program.no_migrate = Some("--no-migrate".to_owned());
    service.probes.live = "/health/live".to_owned();
    service.probes.ready = "/health/ready".to_owned();
    let plan = Plan::read(&service, Some(("deploy.toml", toml)), false);
    let plan = plan.unwrap_or_else(|faults| panic!("{faults}"));
    Project { service, plan }
}

/// Production with everything in it.
fn whole() -> Project {
    reached_by("gateway")
}

/// The same with another way in.
fn reached_by(way: &str) -> Project {
    let digest = "a".repeat(64);
    project(&format!(
        "[environments.production]\n\
         image = \"registry.example.org/shop:1.2.3@sha256:{digest}\"\n\
         host = \"shop.example.org\"\n\
         components = [\"migrate-job\", \"secret-files\", \"external-secret\", \"ha\", \
         \"network-policy\", \"{way}\", \"monitoring\"]\n"
    ))
}

/// Production with a priority class, and user ids of the cluster's.
fn assigned() -> Project {
    project("[environments.production]\npriority_class = \"high\"\nrun_as = \"cluster\"\n")
}

fn rule(name: &str) -> &'static Rule {
    let found = rules().find(|rule| rule.name == name);
    found.unwrap_or_else(|| panic!("no rule {name}"))
}

fn faults(name: &str, objects: &Objects) -> Vec<String> {
    match rule(name).met {
        Met::Checked { look, .. } => look.faults(objects),
        _ => panic!("{name} is not checked"),
    }
}

#[test]
fn nothing_is_open_in_any_environment() {
    for project in [project(""), whole(), reached_by("ingress"), assigned()] {
        for (rule, outcomes) in outcomes(&project).unwrap() {
            for outcome in outcomes {
                assert!(
                    !matches!(outcome, Outcome::Failed(_)),
                    "{rule:?} {outcome:?}"
                );
            }
        }
    }
}

#[test]
fn a_service_of_which_little_is_known_is_hardened_as_well() {
    let schema = json!({ "properties": { "greeting": { "type": "string" } } });
    let service = crate::deploy::service::Service::new("bare", "1.0.0", schema).unwrap();
    let plan = Plan::read(&service, None, false).unwrap();
    let project = Project { service, plan };
    let text = &render(&project).unwrap()[0].text;
    assert!(!text.contains("not met"), "{text}");
    assert!(text.contains("waived: the service has one health endpoint"));
}

#[test]
fn few_pods_by_choice_are_waived_and_not_open() {
    for toml in [
        "[environments.production]\nreplicas = 1\ncomponents = [\"ha\"]\n",
        "[environments.production]\nreplicas = 2\ncomponents = [\"ha\"]\n",
        // One pod is no reason to scale.
        "environments.production.replicas = 1",
    ] {
        let text = &render(&project(toml)).unwrap()[0].text;
        assert!(!text.contains("not met"), "{text}");
    }
}

#[test]
fn unwaived_faults_are_shown_as_not_met() {
    let mut objects = Objects::of(&whole(), "production").unwrap();
    objects
        .0
        .retain(|object| object["kind"] != "PodDisruptionBudget");
    let outcome = rule("Disruption budget").outcome(&objects, &[]);
    assert_eq!(
        outcome.sentence(),
        "not met: Deployment shop has no disruption budget"
    );
}

#[test]
fn production_meets_all_that_is_looked_at_but_one() {
    let project = whole();
    let objects = Objects::of(&project, "production").unwrap();
    let production = project.plan.environments.last().unwrap();
    let given = waivers(&project, production);
    let open: Vec<_> = rules()
        .filter(|rule| matches!(rule.met, Met::Checked { .. }))
        .filter(|rule| rule.outcome(&objects, &given) != Outcome::Met)
        .map(|rule| rule.name)
        .collect();
    assert_eq!(open, ["Priority"]);
}

#[test]
fn every_waiver_that_a_rule_names_is_one_of_the_manifests() {
    let few = project("environments.production.replicas = 2");
    let mut known = Vec::new();
    let kept = "components = [\"migrate-job\"]\ngitops = \"flux\"";
    let kept = project(&format!("[environments.production]\n{kept}"));
    for project in [&project(""), &few, &kept, &whole(), &assigned()] {
        for environment in &project.plan.environments {
            known.extend(waivers(project, environment).into_iter().map(|one| one.id));
        }
    }
    // This one depends on the names of the settings.
    known.push("sensitiveConfigmapContent");
    for rule in rules() {
        if let Met::Checked { waivers, .. } = rule.met {
            for id in waivers {
                assert!(known.contains(id), "{}: {id}", rule.name);
            }
        }
    }
}

#[test]
fn a_missing_policy_is_a_fault_unless_that_is_waived() {
    let mut objects = Objects::of(&whole(), "production").unwrap();
    objects.0.retain(|object| object["kind"] != "NetworkPolicy");
    let rule = rule("Network policy");
    let Outcome::Failed(faults) = rule.outcome(&objects, &[]) else {
        panic!("met or waived");
    };
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert_eq!(faults[0], "Deployment shop may talk to anybody");
    let project = project("");
    let given = waivers(&project, &project.plan.environments[0]);
    assert!(matches!(rule.outcome(&objects, &given), Outcome::Waived(_)));
}

#[test]
fn a_priority_class_is_noticed() {
    let mut objects = Objects::of(&whole(), "production").unwrap();
    assert_eq!(faults("Priority", &objects).len(), 2);
    for object in &mut objects.0 {
        if object["spec"]["template"].is_object() {
            object["spec"]["template"]["spec"]["priorityClassName"] = json!("high");
        }
    }
    assert!(faults("Priority", &objects).is_empty());
}

#[test]
fn the_page_has_every_rule_and_every_environment() {
    let project = project("");
    let files = render(&project).unwrap();
    assert_eq!(files, render(&project).unwrap());
    assert_eq!(files[0].path, "docs/reference/hardening.md");
    let text = &files[0].text;
    assert!(crate::deploy::file::is_marked(text));
    for rule in rules() {
        assert!(text.contains(&format!("\n## {}\n\n", rule.name)), "{text}");
        assert!(text.contains(&format!("(#{})", anchor(rule.name))));
    }
    let environments = project.plan.environments.len();
    let met = text.matches("| met |\n").count();
    assert!(met > 20 * environments, "{text}");
    assert!(!text.contains("not met"), "{text}");
    assert!(!text.contains("\n\n\n") && text.ends_with("|\n"), "{text}");
    let mut names: Vec<_> = rules().map(|rule| rule.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), rules().count());
}
