//! Unit tests of `mention`.

use super::*;
use crate::deploy::sample;
use crate::inspect::input::Input;

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
    let (occurrences, findings) = occurrences(service.settings.get(name).unwrap(), &inputs);
    assert_eq!(findings, []);
    occurrences.iter().map(ToString::to_string).collect()
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
        let object = crate::deploy::kubernetes::ObjectRef::of(&project.service, setting);
        let files = (crate::deploy::kubernetes::ARTEFACT.render)(&project).unwrap();
        let file = files.iter().find(|file| file.path == object.file).unwrap();
        let found = lines(&setting.name, &[(file.path.as_str(), file.text.as_str())]);
        let line = file.text.lines().position(|line| {
            let line = line.trim_start();
            line.starts_with(&format!("{}:", setting.name))
        });
        let line = line.map(|line| {
            format!(
                "{}:{} ({} shop/{})",
                object.file,
                line + 1,
                object.kind,
                object.name
            )
        });
        assert_eq!(found, Vec::from_iter(line), "{}", setting.name);
    }
}
