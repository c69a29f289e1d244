//! Kustomizations of an operator's own above an overlay: another name, and a second copy in the
//! same namespace. Every name and every selector follows.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use super::manifests::{kustomize, tool};
use super::{generate, said};
use crate::support::Settings;

/// The three ways in which the Secret comes, and everything that has a name or a selector.
const PLAN: &str = r#"
image = "registry.example.com/team/aura:1.2.3"

[environments.development]
host = "auth.dev.example.com"
components = ["sealed-secret", "monitoring"]

[environments.staging]
host = "auth.staging.example.com"
components = ["migrate-job", "secret-files", "external-secret", "network-policy", "ingress", "monitoring"]
image_pull_secrets = ["registry"]

[environments.production]
host = "auth.example.com"
components = ["migrate-job", "secret-files", "ha", "network-policy", "gateway", "monitoring"]
network.egress = [{ namespace = "istio-system", pods = { app = "istiod" }, ports = [15012] }]
"#;

/// As docs/workflows/production-deployment.md has it.
const COPY: &str = r"
nameSuffix: -b
labels:
- pairs:
    app.kubernetes.io/instance: aura-b
  includeSelectors: true
patches:
- patch: |
    $patch: delete
    apiVersion: v1
    kind: Namespace
    metadata:
      name: ANY
  target:
    kind: Namespace
";

/// What kubectl makes of a kustomization of `lines` above `resources`.
fn stream(folder: &Path, resources: &[&str], lines: &str) -> String {
    let kubectl = tool("kubectl").expect("it was there");
    let own = folder.join("own");
    std::fs::create_dir_all(&own).expect("a folder");
    let list = resources.join("\n- ");
    let text = format!("resources:\n- {list}\n{lines}");
    std::fs::write(own.join("kustomization.yaml"), text).expect("a file");
    kustomize(&kubectl, &own)
}

struct Built(Vec<Value>);

impl Built {
    /// The objects of [`stream`].
    fn of(folder: &Path, resources: &[&str], lines: &str) -> Self {
        let text = stream(folder, resources, lines);
        Self(serde_saphyr::from_multiple(&text).expect("YAML"))
    }

    fn kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.0.iter().filter(move |object| object["kind"] == kind)
    }

    fn workloads(&self) -> impl Iterator<Item = &Value> {
        let template = |object: &&Value| object["spec"]["template"]["spec"].is_object();
        self.0.iter().filter(template)
    }

    fn names(&self, kind: &str) -> BTreeSet<String> {
        self.kind(kind)
            .map(|one| text(&one["metadata"]["name"]))
            .collect()
    }

    /// Kinds and names of all objects.
    fn ids(&self) -> BTreeSet<(String, String)> {
        let id = |object: &Value| (text(&object["kind"]), text(&object["metadata"]["name"]));
        self.0.iter().map(id).collect()
    }

    /// The names of the Secrets that there will be.
    fn secrets(&self) -> BTreeSet<String> {
        let mut secrets = self.names("Secret");
        secrets.extend(self.names("SealedSecret"));
        let targets = self.kind("ExternalSecret");
        secrets.extend(targets.map(|one| text(&one["spec"]["target"]["name"])));
        secrets
    }

    /// Every name that leads to no object, of those that must.
    fn loose_ends(&self) -> Vec<String> {
        let secrets = self.secrets();
        let mut loose = Vec::new();
        let mut follow = |known: &BTreeSet<String>, name: &Value| {
            if !name.is_null() && !known.contains(&text(name)) {
                loose.push(format!("{name} is not among {known:?}"));
            }
        };
        for workload in self.workloads() {
            let pod = &workload["spec"]["template"]["spec"];
            follow(&self.names("ServiceAccount"), &pod["serviceAccountName"]);
            for volume in items(&pod["volumes"]) {
                follow(&secrets, &volume["secret"]["secretName"]);
                follow(&self.names("ConfigMap"), &volume["configMap"]["name"]);
            }
            for from in items(&pod["containers"][0]["envFrom"]) {
                follow(&secrets, &from["secretRef"]["name"]);
                follow(&self.names("ConfigMap"), &from["configMapRef"]["name"]);
            }
        }
        for route in self.kind("HTTPRoute") {
            let backend = &route["spec"]["rules"][0]["backendRefs"][0]["name"];
            follow(&self.names("Service"), backend);
        }
        for ingress in self.kind("Ingress") {
            let path = &ingress["spec"]["rules"][0]["http"]["paths"][0];
            follow(&self.names("Service"), &path["backend"]["service"]["name"]);
        }
        for scaler in self.kind("HorizontalPodAutoscaler") {
            follow(
                &self.names("Deployment"),
                &scaler["spec"]["scaleTargetRef"]["name"],
            );
        }
        loose
    }

    /// The labels of the pods and of the Services, each with kind and name.
    fn selectable(&self) -> Vec<(String, Value)> {
        let of = |kind: &str, owner: &Value, labels: &Value| {
            (
                format!("{kind} {}", text(&owner["metadata"]["name"])),
                labels.clone(),
            )
        };
        let pods = self.workloads();
        let pods = pods.map(|one| of("pod", one, &one["spec"]["template"]["metadata"]["labels"]));
        let services = self.kind("Service");
        let services = services.map(|one| of("service", one, &one["metadata"]["labels"]));
        pods.chain(services).collect()
    }

    /// The selectors, and what each selects: `pod` or `service`.
    fn selectors(&self) -> Vec<(String, &'static str, Value)> {
        let mut found = Vec::new();
        for object in &self.0 {
            let (what, pointer) = match object["kind"].as_str().unwrap_or_default() {
                "Service" => ("pod ", "/spec/selector"),
                "Deployment" | "PodDisruptionBudget" => ("pod ", "/spec/selector/matchLabels"),
                "NetworkPolicy" => ("pod ", "/spec/podSelector/matchLabels"),
                "ServiceMonitor" => ("service ", "/spec/selector/matchLabels"),
                _ => continue,
            };
            let selector = object.pointer(pointer).expect("a selector");
            found.push((text(&object["kind"]), what, selector.clone()));
            let Some(pod) = object.pointer("/spec/template/spec") else {
                continue;
            };
            let anti = "/affinity/podAntiAffinity/preferredDuringSchedulingIgnoredDuringExecution/0/podAffinityTerm";
            for owner in [
                anti,
                "/topologySpreadConstraints/0",
                "/topologySpreadConstraints/1",
            ] {
                let selector = pod.pointer(&format!("{owner}/labelSelector/matchLabels"));
                found.extend(selector.map(|one| (owner.to_owned(), "pod ", one.clone())));
            }
        }
        found
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("text").to_owned()
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn selects(selector: &Value, labels: &Value) -> bool {
    let mut pairs = selector.as_object().expect("a selector").iter();
    pairs.all(|(key, value)| labels[key] == *value)
}

/// Renders `PLAN` into `folder`.
async fn rendered(folder: &Path) {
    let plan = folder.join("deploy.toml");
    std::fs::write(&plan, PLAN).expect("a file");
    let (plan, out) = (plan.display().to_string(), folder.display().to_string());
    let done = generate(&["k8s", "--config", &plan, "--out", &out]).await;
    assert!(done.status.success(), "{}", said(&done));
}

const ENVIRONMENTS: [&str; 3] = ["development", "staging", "production"];

#[tokio::test]
async fn every_name_follows_a_prefix_and_a_suffix() {
    if tool("kubectl").is_none() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    rendered(folder.path()).await;
    for name in ENVIRONMENTS {
        let overlay = format!("../k8s/overlays/{name}");
        let lines = "namePrefix: team-\nnameSuffix: -b\n";
        let mut built = Built::of(folder.path(), &[&overlay], lines);
        let renamed = built.0.iter().filter(|one| one["kind"] != "Namespace");
        for object in renamed {
            let name = text(&object["metadata"]["name"]);
            assert!(
                name.starts_with("team-aura") && name.ends_with("-b"),
                "{name}"
            );
        }
        if name == "production" {
            // Its Secret is made by hand, under the name that the pods know.
            let secret = r#"{"kind": "Secret", "metadata": {"name": "aura-secrets"}}"#;
            built.0.push(serde_json::from_str(secret).expect("JSON"));
        } else {
            assert_eq!(built.secrets(), ["team-aura-secrets-b".to_owned()].into());
        }
        assert_eq!(built.loose_ends(), Vec::<String>::new(), "{name}");
    }
}

#[tokio::test]
async fn a_secret_that_is_listed_beside_the_overlay_is_followed() {
    if tool("kubectl").is_none() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    rendered(folder.path()).await;
    let file = folder.path().join("own/secrets.yaml");
    std::fs::create_dir_all(folder.path().join("own")).expect("a folder");
    let arguments = ["secrets", "--environment", "production", "--out"];
    let done = generate(&[&arguments[..], &[&file.display().to_string()]].concat()).await;
    assert!(done.status.success(), "{}", said(&done));
    let resources = ["../k8s/overlays/production", "secrets.yaml"];
    let built = Built::of(folder.path(), &resources, COPY);
    assert_eq!(built.secrets(), ["aura-secrets-b".to_owned()].into());
    assert_eq!(built.loose_ends(), Vec::<String>::new());
}

#[tokio::test]
async fn renamed_copies_pass_both_checks_until_they_are_edited() {
    if tool("kubectl").is_none() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    rendered(folder.path()).await;
    let plan = folder.path().join("deploy.toml").display().to_string();
    let commands = [
        (["config", "check", "--from", "-"].as_slice(), 78),
        (&["verify", "--manifests", "-", "--config", &plan], 1),
    ];
    for name in ENVIRONMENTS {
        let overlay = format!("../k8s/overlays/{name}");
        for lines in [
            COPY,
            "namePrefix: team-\n",
            "namePrefix: team-\nnameSuffix: -b\n",
        ] {
            let sound = stream(folder.path(), &[&overlay], lines);
            let edited = sound.replacen("LOG_LEVEL: ", "LOG_LEVEL: error # ", 1);
            assert_ne!(sound, edited);
            for (words, code) in commands {
                let done = Settings::new().run_with(words, &sound).await;
                let told = said(&done);
                assert_eq!(done.status.code(), Some(0), "{name}: {lines}{told}");
                let done = Settings::new().run_with(words, &edited).await;
                let told = said(&done);
                assert_eq!(done.status.code(), Some(code), "{name}: {lines}{told}");
                assert!(told.contains("checksum/config: is stale"), "{told}");
                let renamed = told.contains("another content than its name says");
                assert_eq!(renamed, name != "development", "{told}");
            }
        }
    }
}

#[tokio::test]
async fn two_copies_in_one_namespace_keep_apart() {
    if tool("kubectl").is_none() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    rendered(folder.path()).await;
    for name in ENVIRONMENTS {
        let overlay = format!("../k8s/overlays/{name}");
        let first = Built::of(folder.path(), &[&overlay], "");
        let second = Built::of(folder.path(), &[&overlay], COPY);
        let shared = first.ids();
        assert_eq!(shared.intersection(&second.ids()).next(), None, "{name}");
        for (own, other) in [(&first, &second), (&second, &first)] {
            for (whose, what, selector) in own.selectors() {
                let count = |built: &Built| {
                    let all = built.selectable().into_iter();
                    all.filter(|(id, labels)| id.starts_with(what) && selects(&selector, labels))
                        .count()
                };
                assert!(
                    count(own) > 0,
                    "{name}: {whose} selects nothing by {selector}"
                );
                // The policies of the first copy are for all pods of that name; what each copy
                // may do beyond its own is what the other may.
                let open = whose == "NetworkPolicy" && std::ptr::eq(own, &raw const first);
                assert!(
                    open || count(other) == 0,
                    "{name}: {whose} selects by {selector}"
                );
            }
        }
        // Whom the pods talk to is not a matter of their copy.
        let peers = |built: &Built| -> BTreeMap<String, Value> {
            let rules = |one: &Value| {
                (
                    one["spec"]["ingress"].clone(),
                    one["spec"]["egress"].clone(),
                )
            };
            let policies = built.kind("NetworkPolicy");
            policies
                .map(|one| {
                    let name = text(&one["metadata"]["name"]);
                    let (ingress, egress) = rules(one);
                    (
                        name.trim_end_matches("-b").to_owned(),
                        Value::from(vec![ingress, egress]),
                    )
                })
                .collect()
        };
        assert_eq!(peers(&first), peers(&second), "{name}");
    }
}
