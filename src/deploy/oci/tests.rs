//! Images from end to end, in memory.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::config::{BY, show};
use super::digest::{Digest, canonical};
use super::error::OciError;
use super::format::Format;
use super::layer::Compression;
use super::platform::Platform;
use super::read::layout::Layout;
use super::reference::Reference;
use super::rendered::{Files, REFERRERS, render};
use super::request::Request;
use super::sample::{
    AMD64, ARM64, Elf, crates, edited, files, json, program, request, request_for_two,
};
use super::sbom;
use crate::deploy::sample::{self, assert_holds};

fn layout(request: &Request) -> Layout {
    Layout::of_files(&files(request, Format::OciDir)).unwrap()
}

fn diff_ids(layout: &Layout) -> Vec<Digest> {
    let layers = layout.images.iter().flat_map(|image| &image.layers);
    layers.map(|layer| layer.diff_id.clone()).collect()
}

#[test]
fn the_artefact_shows_how_the_image_is_run() {
    let files = show(&sample::project()).unwrap();
    assert_eq!(files[0].path, "oci/config.json");
    let image: Value = serde_json::from_str(&files[0].text).unwrap();
    assert_eq!(image["architecture"], "amd64");
    assert_eq!(image["os"], "linux");
    assert_eq!(image["rootfs"], json!({ "type": "layers", "diff_ids": [] }));
    assert_eq!(image.get("created"), None);
    let labels = &image["config"]["Labels"];
    assert_eq!(labels["org.opencontainers.image.version"], "1.2.3");
    let config = json!({
        "User": "65532:65532",
        "Entrypoint": ["/shop"],
        "Cmd": ["serve"],
        "ExposedPorts": { "8000/tcp": {}, "9000/tcp": {} },
        "Volumes": { "/var/lib/shop": {} },
        "WorkingDir": "/var/lib/shop",
        "StopSignal": "SIGTERM",
        "Labels": labels,
    });
    // Nothing else: no variables.
    assert_eq!(image["config"], config);
}

#[test]
fn the_artefact_is_the_same_every_time() {
    let first = show(&sample::project()).unwrap();
    for _ in 0..50 {
        assert_eq!(show(&sample::project()).unwrap(), first);
    }
}

#[test]
fn fifty_runs_give_the_same_bytes_in_every_format() {
    for format in [Format::OciDir, Format::OciArchive, Format::DockerArchive] {
        let first = files(&request(), format);
        for _ in 0..50 {
            assert_eq!(files(&request(), format), first);
        }
    }
}

#[test]
fn every_blob_is_named_by_its_digest_and_every_document_is_canonical() {
    for (path, bytes) in files(&request_for_two(), Format::OciDir) {
        let path = path.strip_prefix(REFERRERS).unwrap_or(&path);
        if path.starts_with("blobs/") {
            assert_eq!(path, Digest::of(&bytes).blob());
        }
        if let Ok(value) = serde_json::from_slice::<Value>(&bytes) {
            assert_eq!(canonical(&value).unwrap(), bytes, "{path}");
        }
    }
}

#[test]
fn an_image_has_a_base_layer_and_a_program_layer_and_says_how_it_was_made() {
    let layout = layout(&request());
    assert_eq!(layout.tags, ["1.2.3"]);
    let [image] = layout.images.as_slice() else {
        panic!("{:?}", layout.images.len());
    };
    assert_eq!(image.layers.len(), 2);
    assert_eq!(image.architecture(), "amd64");
    assert!(
        image.layers[0]
            .entries
            .iter()
            .any(|e| e.path == "etc/passwd")
    );
    let program = image.program().unwrap();
    assert_eq!((program.path.as_str(), program.mode), ("shop", 0o755));
    assert_eq!(program.content, super::sample::program(AMD64));
    assert_eq!(image.layers[1].entries.len(), 1);
    assert_eq!(
        image.config_json["history"],
        json!([
            { "comment": "base", "created": "1970-01-01T00:00:00Z", "created_by": BY },
            { "comment": "program", "created": "1970-01-01T00:00:00Z", "created_by": BY },
        ])
    );
}

#[test]
fn labels_and_annotations_are_the_same_set() {
    let layout = layout(&request());
    let image = &layout.images[0];
    let labels: BTreeMap<String, String> =
        serde_json::from_value(image.config_json["config"]["Labels"].clone()).unwrap();
    let annotations = image.manifest.annotations().clone().unwrap();
    assert_eq!(labels, annotations.into_iter().collect());
    let names: Vec<_> = labels
        .keys()
        .map(|name| name.trim_start_matches("org.opencontainers.image."))
        .collect();
    assert_eq!(
        names,
        [
            "created",
            "description",
            "documentation",
            "licenses",
            "revision",
            "source",
            "title",
            "version"
        ]
    );
    assert_eq!(labels["org.opencontainers.image.revision"], "8cc3c4f");
}

#[test]
fn another_time_changes_no_layer() {
    let before = layout(&request());
    let mut later = request();
    later.created = "1790635395".parse().unwrap();
    let after = layout(&later);
    assert_eq!(diff_ids(&before), diff_ids(&after));
    assert_eq!(
        after.images[0].config_json["created"],
        "2026-09-28T22:43:15Z"
    );
    assert_ne!(before.images[0].digest, after.images[0].digest);
    assert_eq!(before.images[0].sbom, after.images[0].sbom);
}

#[test]
fn another_program_leaves_the_base_layer_alone() {
    let (before, after) = (diff_ids(&layout(&request())), diff_ids(&layout(&edited())));
    assert_eq!(before[0], after[0]);
    assert_ne!(before[1], after[1]);
}

#[test]
fn another_port_is_another_exposed_port_and_secrets_stay_out() {
    let mut service = sample::service();
    let port = &mut service.schema["properties"]["server"]["properties"]["port"];
    port["default"] = json!(8123);
    service.settings = crate::schema::Settings::from_schema(&service.schema).unwrap();
    let rendered = render(&service, &request()).unwrap();
    let config = &rendered.describe().unwrap()["images"][0]["config"];
    assert_eq!(
        config["config"]["ExposedPorts"],
        json!({ "8123/tcp": {}, "9000/tcp": {} })
    );
    assert_eq!(config["config"].get("Env"), None);
    let text = config.to_string();
    for setting in service.secret_settings() {
        assert!(!text.contains(&setting.name), "{}", setting.name);
        if let Some(default) = setting.default_text() {
            assert!(!text.contains(&default), "{}", setting.name);
        }
    }
}

#[test]
fn two_platforms_are_members_of_one_index() {
    let files = files(&request_for_two(), Format::OciDir);
    let top = json(&files, "index.json");
    let listed = top["manifests"].as_array().unwrap();
    assert_eq!(listed.len(), 1, "{top}");
    assert_eq!(
        listed[0]["mediaType"],
        "application/vnd.oci.image.index.v1+json"
    );
    assert_eq!(
        listed[0]["annotations"],
        json!({
            "io.containerd.image.name": "docker.io/library/shop:1.2.3",
            "org.opencontainers.image.ref.name": "1.2.3",
        })
    );
    let layout = Layout::of_files(&files).unwrap();
    let [amd64, arm64] = layout.images.as_slice() else {
        panic!("{}", layout.images.len());
    };
    assert_eq!(
        (amd64.architecture(), arm64.architecture()),
        ("amd64".into(), "arm64".into())
    );
    assert_eq!(arm64.program().unwrap().content, program(ARM64));
    assert_eq!(amd64.layers[0].digest, arm64.layers[0].digest);
    assert!(amd64.sbom.is_some() && arm64.sbom.is_some());
}

#[test]
fn a_layout_lists_one_manifest_and_its_referrers_have_a_layout_of_their_own() {
    let files = files(&request(), Format::OciDir);
    let listed = json(&files, "index.json")["manifests"].clone();
    assert_eq!(listed.as_array().unwrap().len(), 1);
    // What is not listed is not there.
    let blobs = files.keys().filter(|path| path.starts_with("blobs/"));
    assert_eq!(blobs.count(), 4, "{:?}", files.keys());

    let referrers = json(&files, "referrers/index.json")["manifests"].clone();
    let [referrer] = referrers.as_array().unwrap().as_slice() else {
        panic!("{referrers}");
    };
    assert_eq!(referrer["artifactType"], sbom::MEDIA_TYPE);
    let tag = &referrer["annotations"]["org.opencontainers.image.ref.name"];
    assert_eq!(tag, "sbom");
    let path = |digest: &Value| {
        let digest = Digest::parse(digest.as_str().unwrap()).unwrap();
        format!("{REFERRERS}{}", digest.blob())
    };
    let referrer = json(&files, &path(&referrer["digest"]));
    assert_eq!(referrer["subject"]["digest"], listed[0]["digest"]);
    assert_eq!(
        referrer["config"]["mediaType"],
        "application/vnd.oci.empty.v1+json"
    );
    assert_eq!(files[&path(&referrer["config"]["digest"])], b"{}");
    let document = json(&files, &path(&referrer["layers"][0]["digest"]));
    assert_eq!(document["components"].as_array().unwrap().len(), 3);
    assert_eq!(
        Layout::of_files(&files).unwrap().images[0].sbom,
        Some(document)
    );
}

#[test]
fn layouts_that_list_an_sbom_beside_the_image_are_still_read() {
    let files = files(&request(), Format::OciDir);
    let mut flat: Files = files
        .iter()
        .filter_map(|(path, bytes)| {
            let path = path.strip_prefix(REFERRERS).unwrap_or(path);
            path.starts_with("blobs/")
                .then(|| (path.to_owned(), bytes.clone()))
        })
        .collect();
    flat.insert("oci-layout".to_owned(), files["oci-layout"].clone());
    let mut top = json(&files, "index.json");
    let referrer = json(&files, "referrers/index.json")["manifests"][0].clone();
    top["manifests"].as_array_mut().unwrap().push(referrer);
    flat.insert("index.json".to_owned(), serde_json::to_vec(&top).unwrap());
    let image = Layout::of_files(&flat).unwrap().images.remove(0);
    assert!(image.sbom.is_some());
}

#[test]
fn zstd_is_another_blob_of_the_same_layer() {
    let mut zstd = request();
    zstd.compression = Compression::Zstd;
    let (gzip, zstd) = (layout(&request()), layout(&zstd));
    assert_eq!(diff_ids(&gzip), diff_ids(&zstd));
    let layers = zstd.images[0].manifest.layers();
    assert!(
        layers
            .iter()
            .all(|l| l.media_type().as_ref().ends_with("+zstd"))
    );
}

#[test]
fn the_description_names_every_file_of_every_layer() {
    let rendered = render(&sample::service(), &request()).unwrap();
    let described = rendered.describe().unwrap();
    assert_eq!(described["name"], "shop:1.2.3");
    let image = &described["images"][0];
    assert_eq!(image["platform"], "linux/amd64");
    assert_eq!(image["config"]["config"]["User"], "65532:65532");
    assert_eq!(image["manifest"]["schemaVersion"], 2);
    let files = image["layers"][1]["files"].as_array().unwrap();
    assert_eq!(files[0]["path"], "shop");
    assert_eq!(files[0]["mode"], "0755");
    assert_eq!(described["digest"], image["digest"]);
}

#[test]
fn input_that_no_image_can_be_made_of_is_refused() {
    let refused = |change: &dyn Fn(&mut Request), why: &str| {
        let mut request = request();
        change(&mut request);
        let error = render(&sample::service(), &request).unwrap_err();
        assert!(matches!(error, OciError::Input(_)), "{error}");
        assert_holds(&error, &[why]);
    };
    refused(&|request| request.programs.clear(), "no program");
    let twice = |request: &mut Request| request.programs.push(request.programs[0].clone());
    refused(&twice, "linux/amd64 is given twice");
    let foreign = |request: &mut Request| request.programs[0].0 = Platform::Arm64;
    refused(&foreign, "for linux/amd64");
    let version = "\"1.2.3\",\"source\":\"local\"";
    let other = crates().replace(version, "\"9.9.9\",\"source\":\"local\"");
    let other = Elf::new(AMD64, &other).bytes();
    refused(
        &|request| request.programs[0].1.clone_from(&other),
        "shop 9.9.9",
    );
}

#[test]
fn paths_that_cannot_be_in_an_image_are_refused() {
    for path in "/var/lib/my shop|relative|/a/../b|/|/a//b|/a\nb|".split('|') {
        let (mut folder, mut program) = (sample::service(), sample::service());
        path.clone_into(&mut folder.state_dir);
        path.clone_into(&mut program.program.entrypoint);
        for service in [folder, program] {
            assert!(render(&service, &request()).is_err(), "{path:?}");
        }
    }
}

#[test]
fn damaged_layouts_are_refused_with_the_file_at_fault() {
    let good = files(&request(), Format::OciDir);
    for path in good.keys() {
        let mut cut = good.clone();
        cut.remove(path);
        assert_holds(&Layout::of_files(&cut).unwrap_err(), &[path]);
        let mut flipped = good.clone();
        let bytes = flipped.get_mut(path).unwrap();
        bytes[0] ^= 1;
        assert_holds(&Layout::of_files(&flipped).unwrap_err(), &[path]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_requested_image_is_read_back(
        revision in proptest::option::of("[!-~]{1,40}"),
        created in 0u64..4_102_444_800,
        tag in "[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,20}",
        filling: Vec<u8>,
        zstd: bool,
        two: bool,
    ) {
        prop_assume!(tag != "latest");
        let mut request = if two { request_for_two() } else { request() };
        let mut elf = Elf::new(AMD64, &crates());
        elf.filling = filling;
        request.programs.retain(|(platform, _)| *platform == Platform::Arm64);
        request.programs.push((Platform::Amd64, elf.bytes()));
        request.revision = revision.map(|text| text.parse().unwrap());
        request.created = created.to_string().parse().unwrap();
        request.reference = Reference::new("shop", &tag).unwrap();
        if zstd {
            request.compression = Compression::Zstd;
        }
        let layout = layout(&request);
        prop_assert_eq!(&layout.tags, &[tag]);
        prop_assert_eq!(layout.images.len(), request.programs.len());
        prop_assert_eq!(&layout.images[0].program().unwrap().content, &elf.bytes());
        prop_assert_eq!(&layout.images[0].config_json["created"], &request.created.to_string());
    }
}
