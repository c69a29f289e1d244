//! The tree as a whole: its files, its patches, its order.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::example::{built, object, project};
use super::manifests::render;
use crate::deploy::artefact::Project;
use crate::deploy::file::File;
use crate::deploy::kustomize::text_at;
use crate::deploy::plan;

/// The environments of the example.
const ENVIRONMENTS: [&str; 3] = ["development", "staging", "production"];

fn files() -> Vec<File> {
    render(&project()).unwrap()
}

fn text(path: &str) -> String {
    let files = files();
    let found = files.iter().find(|file| file.path == path);
    found.unwrap_or_else(|| panic!("no {path}")).text.clone()
}

#[test]
fn every_file_is_listed_where_it_stands() {
    let files = files();
    for file in &files {
        let (folder, name) = file.path.rsplit_once('/').unwrap();
        if name != "kustomization.yaml" {
            let list = text(&format!("{folder}/kustomization.yaml"));
            assert!(list.contains(name), "{} is not listed", file.path);
        }
        assert!(crate::deploy::file::is_marked(&file.text), "{}", file.path);
        assert!(!file.text.contains("null"), "{}", file.path);
    }
    let mut paths: Vec<_> = files.iter().map(|file| &file.path).collect();
    paths.sort();
    paths.dedup();
    assert_eq!(paths.len(), files.len());
}

#[test]
fn the_base_has_the_probes_as_they_were_agreed() {
    let deployment = text("k8s/base/backend/deployment.yaml");
    for probe in [
        "startupProbe:\n          failureThreshold: 30\n          httpGet:\n            \
         path: /health\n            port: http\n          initialDelaySeconds: 0\n          \
         periodSeconds: 5\n          timeoutSeconds: 3\n",
        "livenessProbe:\n          failureThreshold: 3\n          httpGet:\n            \
         path: /health\n            port: http\n          initialDelaySeconds: 30\n          \
         periodSeconds: 10\n          timeoutSeconds: 5\n",
        "readinessProbe:\n          failureThreshold: 3\n          httpGet:\n            \
         path: /health\n            port: http\n          initialDelaySeconds: 10\n          \
         periodSeconds: 5\n          timeoutSeconds: 3\n",
    ] {
        assert!(deployment.contains(probe), "{deployment}");
    }
    assert!(deployment.contains("terminationGracePeriodSeconds: 35"));
}

#[test]
fn a_port_that_changes_is_followed() {
    let mut project = project();
    let settings = &mut project.plan.environments[1].settings;
    settings.insert("SERVER_PORT".to_owned(), "8080".to_owned());
    let files = render(&project).unwrap();
    let path = "k8s/overlays/staging/ports.yaml";
    let ports = files.iter().find(|file| file.path == path).unwrap();
    assert!(ports.text.contains("containerPort: 8080"), "{}", ports.text);
    assert!(ports.text.contains("containerPort: 9000"), "{}", ports.text);
}

#[test]
fn every_command_of_a_pod_finds_the_secrets_that_its_server_finds() {
    const FOLDER: &str = "/run/secrets/demo";
    let objects = built(&project(), "production");
    let pods = objects.iter();
    for pod in pods.filter_map(|object| object.pointer("/spec/template/spec")) {
        let container = &pod["containers"][0];
        let variable = json!({ "name": "SETTINGS_DIR", "value": FOLDER });
        assert!(container["env"].as_array().unwrap().contains(&variable));
        let mut mounts = container["volumeMounts"].as_array().unwrap().iter();
        assert!(mounts.any(|mount| mount["mountPath"] == FOLDER));
        let args = container["args"].to_string();
        assert!(!args.contains("/run/secrets"), "{args}");
    }
}

#[test]
fn only_development_keeps_the_template_of_the_secret() {
    let staging = text("k8s/overlays/staging/secret.yaml");
    assert!(staging.contains("$patch: delete"), "{staging}");
    let development = text("k8s/overlays/development/secret.yaml");
    assert!(development.contains("DATABASE_URL: \"sqlite://demo.db\""));
    let list = text("k8s/components/external-secret/externalsecret.yaml");
    assert!(list.contains("secretKey: \"JWT_SECRET_KEY\""), "{list}");
    assert!(!list.contains("LLM_UPSTREAM_API_KEY"), "{list}");
}

#[test]
fn a_sealed_secret_has_the_keys_that_are_needed_and_no_values() {
    let mut project = project();
    let needed = "  encryptedData:\n    DATABASE_URL: \"__AURA_SET_ME__\"\n    \
                  JWT_SECRET_KEY: \"__AURA_SET_ME__\"\n    REDIS_URL: \"__AURA_SET_ME__\"\n";
    let template = text("k8s/components/sealed-secret/sealedsecret.yaml");
    assert!(template.ends_with(needed), "{template}");
    let production = &mut project.plan.environments[2].components;
    production.remove(&plan::Component::ExternalSecret);
    production.insert(plan::Component::SealedSecret);
    let development = &mut project.plan.environments[0].components;
    development.insert(plan::Component::SealedSecret);
    let keys = |name: &str| {
        let objects = built(&project, name);
        assert!(objects.iter().all(|object| object["kind"] != "Secret"));
        let data = object(&project, name, "SealedSecret")["spec"]["encryptedData"].take();
        let data: BTreeMap<String, String> = serde_json::from_value(data).unwrap();
        data.into_keys().collect::<Vec<_>>()
    };
    let all = ["DATABASE_URL", "JWT_SECRET_KEY", "REDIS_URL"];
    assert_eq!(keys("production"), all);
    assert_eq!(keys("development"), ["REDIS_URL"]);
}

#[test]
fn a_change_of_one_variable_changes_the_checksum_of_its_environment_only() {
    let checksums = |project: &Project| {
        ENVIRONMENTS.map(|name| {
            let objects = built(project, name);
            let mut found = objects.iter().filter_map(|object| {
                let template = object.pointer("/spec/template/metadata/annotations")?;
                Some(template["checksum/config"].clone())
            });
            let first = found.next().unwrap();
            assert!(found.all(|other| other == first));
            first
        })
    };
    let mut project = project();
    let before = checksums(&project);
    let settings = &mut project.plan.environments[1].settings;
    settings.insert("SERVER_TRUSTED_PROXIES".to_owned(), "10.0.12.4".to_owned());
    let after = checksums(&project);
    assert_eq!(before[0], after[0]);
    assert_ne!(before[1], after[1]);
    assert_eq!(before[2], after[2]);
}

#[test]
fn a_cluster_that_cannot_sleep_has_the_program_wait() {
    let mut project = project();
    let hook = |project: &Project| {
        let deployment = object(project, "production", "Deployment");
        let pod = &deployment["spec"]["template"]["spec"];
        assert_eq!(pod["terminationGracePeriodSeconds"], 35);
        pod["containers"][0]["lifecycle"]["preStop"].clone()
    };
    let sleep = json!({ "sleep": { "seconds": 5 } });
    assert_eq!(hook(&project), sleep);
    project.plan.environments[2].kubernetes = "1.29".try_into().unwrap();
    let exec = json!({ "exec": { "command": ["/demo", "sleep", "5"] } });
    assert_eq!(hook(&project), exec);
}

#[test]
fn under_gitops_the_job_stays_and_no_config_map_is_pruned() {
    let object = |gitops, kind: &str| {
        let mut project = project();
        project.plan.environments[2].gitops = gitops;
        object(&project, "production", kind)
    };
    let annotations_of =
        |gitops, kind: &str| object(gitops, kind)["metadata"]["annotations"].to_string();
    let job = object(None, "Job");
    assert_eq!(job["spec"]["ttlSecondsAfterFinished"], 3600);
    assert!(annotations_of(None, "Job").find("argoproj").is_none());
    for (gitops, of_the_job, of_the_map) in [
        (
            plan::GitOps::ArgoCd,
            "\"argocd.argoproj.io/hook\":\"Sync\"",
            "\"argocd.argoproj.io/sync-options\":\"Prune=false\"",
        ),
        (
            plan::GitOps::Flux,
            "\"kustomize.toolkit.fluxcd.io/force\":\"enabled\"",
            "\"kustomize.toolkit.fluxcd.io/prune\":\"disabled\"",
        ),
    ] {
        let job = object(Some(gitops), "Job");
        assert_eq!(job["metadata"]["name"], "demo-migrate");
        assert!(job["spec"].get("ttlSecondsAfterFinished").is_none());
        assert!(annotations_of(Some(gitops), "Job").contains(of_the_job));
        assert!(annotations_of(Some(gitops), "ConfigMap").contains(of_the_map));
    }
}

/// A plan that asks for everything an operator may add to objects and pods.
fn asked() -> Project {
    let mut project = project();
    let map = |key: &str, text: &str| [(key.to_owned(), text.to_owned())].into();
    for environment in &mut project.plan.environments {
        environment.labels = map("team", "identity");
        environment.annotations.pods = map("example.com/inject", "true");
        environment.annotations.service = map("example.com/balancer", "internal");
        environment.annotations.service_account = map("example.com/role", "r");
        environment.annotations.ingress = map("example.com/issuer", "i");
        environment.annotations.http_route = map("example.com/route", "x");
        environment.placement = plan::Placement {
            image_pull_secrets: vec!["registry".to_owned()],
            node_selector: map("pool", "auth"),
            tolerations: vec![plan::Toleration {
                key: Some("dedicated".to_owned()),
                operator: plan::Operator::Equal,
                value: Some("auth".to_owned()),
                effect: Some(plan::Effect::NoExecute),
                seconds: Some(300),
            }],
            priority_class: Some("high".to_owned()),
            run_as: plan::RunAs::Cluster,
        };
    }
    project
}

#[test]
fn labels_and_annotations_of_the_plan_reach_every_object_and_no_selector() {
    let project = asked();
    for name in ENVIRONMENTS {
        for object in built(&project, name) {
            let kind = text_at(&object, "/kind");
            assert_eq!(object["metadata"]["labels"]["team"], "identity", "{kind}");
            let own = match (kind, text_at(&object, "/metadata/name")) {
                ("Service", "demo") => Some("example.com/balancer"),
                ("ServiceAccount", _) => Some("example.com/role"),
                ("Ingress", _) => Some("example.com/issuer"),
                ("HTTPRoute", _) => Some("example.com/route"),
                _ => None,
            };
            let annotations = &object["metadata"]["annotations"];
            assert!(own.is_none_or(|own| annotations[own].is_string()), "{kind}");
            let selector = object["spec"]["selector"].to_string();
            assert!(!selector.contains("team"), "{kind}: {selector}");
            let template = &object["spec"]["template"];
            let pod = &template["spec"];
            if pod.is_null() {
                continue;
            }
            assert_eq!(template["metadata"]["labels"]["team"], "identity");
            let annotations = &template["metadata"]["annotations"];
            assert_eq!(annotations["example.com/inject"], "true");
            assert!(annotations["checksum/config"].is_string());
            assert_eq!(pod["imagePullSecrets"][0]["name"], "registry");
            assert_eq!(pod["nodeSelector"]["pool"], "auth");
            assert_eq!(pod["tolerations"][0]["tolerationSeconds"], 300);
            assert_eq!(pod["tolerations"][0]["operator"], "Equal");
            assert_eq!(pod["priorityClassName"], "high");
        }
    }
}

#[test]
fn pods_have_no_ids_where_the_cluster_assigns_them() {
    let mut project = asked();
    for environment in &mut project.plan.environments {
        environment.components.insert(plan::Component::SecretFiles);
    }
    for name in ENVIRONMENTS {
        let text = format!("{:?}", built(&project, name));
        for id in ["runAsUser", "runAsGroup", "fsGroup", "supplementalGroups"] {
            assert!(!text.contains(id), "{name}: {id}");
        }
    }
}

#[test]
fn a_job_has_another_name_where_its_pods_differ() {
    type Change = fn(&mut plan::Environment, plan::Environment);
    let name = |project: &Project| {
        let job = object(project, "production", "Job");
        text_at(&job, "/metadata/name").to_owned()
    };
    let mut seen = BTreeSet::from([name(&project())]);
    let changes: [Change; 4] = [
        |to, from| to.labels = from.labels,
        |to, from| to.annotations = from.annotations,
        |to, from| to.placement.run_as = from.placement.run_as,
        |to, from| to.placement.tolerations = from.placement.tolerations,
    ];
    for change in changes {
        let mut project = project();
        let all = asked().plan.environments.remove(2);
        change(&mut project.plan.environments[2], all);
        assert!(seen.insert(name(&project)));
    }
}
