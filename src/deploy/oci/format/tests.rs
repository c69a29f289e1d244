//! Unit tests of `format`.

use std::collections::BTreeSet;

use super::*;
use crate::deploy::oci::rendered::render;
use crate::deploy::oci::sample::{files, json, output, request, request_for_two};
use crate::deploy::sample;

#[test]
fn an_archive_lists_one_manifest_and_is_read_by_docker_as_well() {
    let files = files(&request(), Format::OciArchive);
    let listed = json(&files, "index.json")["manifests"].clone();
    assert_eq!(listed.as_array().unwrap().len(), 1);
    let docker = json(&files, "manifest.json");
    assert_eq!(
        docker[0]["RepoTags"],
        json!(["docker.io/library/shop:1.2.3"])
    );
    let named = docker[0]["Layers"].as_array().unwrap().iter();
    for path in named.chain([&docker[0]["Config"]]) {
        assert!(files.contains_key(path.as_str().unwrap()), "{path}");
    }
    // What nobody refers to is not in it.
    assert_eq!(files.len(), 3 + 4, "{:?}", files.keys());
}

#[test]
fn an_archive_of_two_platforms_has_no_list_for_docker() {
    let files = files(&request_for_two(), Format::OciArchive);
    assert!(!files.contains_key("manifest.json"));
    let listed = json(&files, "index.json")["manifests"].clone();
    assert_eq!(listed.as_array().unwrap().len(), 1);
}

#[test]
fn a_docker_archive_holds_plain_layers_named_by_their_digests() {
    let files = files(&request(), Format::DockerArchive);
    let list = json(&files, "manifest.json");
    let config = json(&files, list[0]["Config"].as_str().unwrap());
    for (layer, diff_id) in list[0]["Layers"]
        .as_array()
        .unwrap()
        .iter()
        .zip(config["rootfs"]["diff_ids"].as_array().unwrap())
    {
        let bytes = &files[layer.as_str().unwrap()];
        assert_eq!(Digest::of(bytes).as_str(), diff_id);
    }
    let rendered = render(&sample::service(), &request_for_two()).unwrap();
    let error = rendered.output(Format::DockerArchive).unwrap_err();
    assert!(error.to_string().contains("one platform"), "{error}");
}

#[test]
fn an_archive_is_a_tar_whose_folders_come_first() {
    let output = output(&request(), Format::OciArchive);
    let Main::File(files, tar) = &output.main else {
        panic!("an archive is a file");
    };
    assert_eq!(&unarchived(tar).unwrap(), files);
    let entries = layer::entries(tar).unwrap();
    assert_eq!(entries[0].path, "blobs");
    assert_eq!(entries[1].path, "blobs/sha256");
    let unique: BTreeSet<_> = entries.iter().map(|e| &e.path).collect();
    assert_eq!(unique.len(), entries.len());
}
