//! Images on a real disk.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use proptest::prelude::*;
use tempfile::TempDir;

use super::check::check;
use super::write::{State, Written, write};
use crate::deploy::oci::format::{Format, Output};
use crate::deploy::oci::layer::Compression;
use crate::deploy::oci::read::layout::Layout;
use crate::deploy::oci::request::Request;
use crate::deploy::oci::sample::{edited, output, request, request_for_two};
use crate::deploy::sample::assert_holds;

const FORMATS: [Format; 3] = [Format::OciDir, Format::OciArchive, Format::DockerArchive];

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image");
    (folder, path)
}

fn states(written: &Written) -> Vec<State> {
    written.0.iter().map(|(_, state)| *state).collect()
}

/// Every file, folder and link below `folder`, with what it holds and when it was changed.
fn everything(folder: &Path) -> BTreeMap<PathBuf, (Vec<u8>, SystemTime)> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        for entry in fs::read_dir(&at).unwrap() {
            let path = entry.unwrap().path();
            let metadata = fs::symlink_metadata(&path).unwrap();
            let content = if metadata.is_file() {
                fs::read(&path).unwrap()
            } else {
                Vec::new()
            };
            if metadata.is_dir() {
                folders.push(path.clone());
            }
            found.insert(path, (content, metadata.modified().unwrap()));
        }
    }
    found
}

/// Writing is refused and names all of `wanted`; nothing has changed.
#[track_caller]
fn refused(folder: &TempDir, path: &Path, output: &Output, wanted: &[&str]) {
    let before = everything(folder.path());
    let error = write(path, output).unwrap_err().to_string();
    assert_holds(&error, wanted);
    assert_eq!(everything(folder.path()), before, "{error}");
}

#[test]
fn every_format_is_written_passes_its_check_and_is_left_unchanged() {
    for format in FORMATS {
        let (folder, path) = folder();
        let output = output(&request(), format);
        let written = write(&path, &output).unwrap();
        assert_eq!(states(&written), [State::Created, State::Created]);
        assert!(path.with_file_name("image.sbom.cdx.json").is_file());
        assert_eq!(check(&path, &output).unwrap(), []);
        let before = everything(folder.path());
        let again = write(&path, &output).unwrap();
        assert_eq!(states(&again), [State::Unchanged, State::Unchanged]);
        assert_eq!(everything(folder.path()), before);
    }
}

#[test]
fn a_folder_is_read_back_as_a_layout() {
    let (_folder, path) = folder();
    write(&path, &output(&request_for_two(), Format::OciDir)).unwrap();
    let layout = Layout::open(&path).unwrap();
    assert_eq!(layout.images.len(), 2);
    for platform in ["amd64", "arm64"] {
        let ending = format!("image.linux-{platform}.sbom.cdx.json");
        assert!(path.with_file_name(&ending).is_file(), "{ending}");
    }
    for (place, why) in [("blobs", "has no oci-layout"), ("none", "not there")] {
        assert_holds(&Layout::open(&path.join(place)).unwrap_err(), &[why]);
    }
}

#[test]
fn an_older_image_is_replaced_and_nothing_of_it_stays() {
    for format in FORMATS {
        let (folder, path) = folder();
        write(&path, &output(&request(), format)).unwrap();
        let output = output(&edited(), format);
        let written = write(&path, &output).unwrap();
        assert_eq!(states(&written), [State::Replaced, State::Replaced]);
        assert_eq!(check(&path, &output).unwrap(), []);
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            2,
            "no leftovers"
        );
    }
}

#[test]
fn an_empty_folder_and_an_empty_file_are_taken() {
    let (_folder, path) = folder();
    fs::create_dir(&path).unwrap();
    write(&path, &output(&request(), Format::OciDir)).unwrap();
    let archive = path.with_file_name("image.tar");
    fs::write(&archive, "").unwrap();
    write(&archive, &output(&request(), Format::OciArchive)).unwrap();
}

#[test]
fn a_foreign_folder_is_refused() {
    let (folder, path) = folder();
    let output = output(&request(), Format::OciDir);
    fs::create_dir(&path).unwrap();
    fs::write(path.join("letter.txt"), "dear").unwrap();
    refused(&folder, &path, &output, &["letter.txt"]);
    // An OCI layout that other tools made.
    fs::remove_file(path.join("letter.txt")).unwrap();
    fs::write(path.join("index.json"), r#"{"manifests":[]}"#).unwrap();
    refused(&folder, &path, &output, &["was not made by"]);
}

#[test]
fn an_image_of_ours_with_foreign_files_in_it_is_refused() {
    let (folder, path) = folder();
    write(&path, &output(&request(), Format::OciDir)).unwrap();
    fs::write(path.join("blobs/sha256/notes"), "x").unwrap();
    fs::create_dir(path.join("keys")).unwrap();
    fs::write(path.join("keys/secret"), "x").unwrap();
    symlink("/etc/passwd", path.join("oci-layout.link")).unwrap();
    let output = output(&edited(), Format::OciDir);
    let foreign = ["blobs/sha256/notes", "keys", "oci-layout.link"];
    refused(&folder, &path, &output, &foreign);
}

#[test]
fn files_where_folders_belong_and_the_other_way_round_are_refused() {
    let (folder, path) = folder();
    fs::write(&path, "a letter").unwrap();
    let [dir, archive] = [Format::OciDir, Format::OciArchive].map(|it| output(&request(), it));
    refused(&folder, &path, &dir, &["is not a folder"]);
    refused(&folder, &path, &archive, &["was not made by"]);
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    refused(&folder, &path, &archive, &["is not a file"]);
}

#[test]
fn a_write_follows_no_links() {
    let (folder, path) = folder();
    let output = output(&request(), Format::OciDir);
    let elsewhere = folder.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    symlink(&elsewhere, &path).unwrap();
    let slash = PathBuf::from(format!("{}/", path.display()));
    for path in [&path, &slash] {
        refused(&folder, path, &output, &["symbolic link"]);
    }
    fs::remove_file(&path).unwrap();
    symlink("nowhere", path.with_file_name("image.sbom.cdx.json")).unwrap();
    refused(&folder, &path, &output, &["image.sbom.cdx.json"]);
    // A check only looks.
    fs::remove_file(path.with_file_name("image.sbom.cdx.json")).unwrap();
    write(&path, &output).unwrap();
    symlink(&path, folder.path().join("result")).unwrap();
    let differences = check(&folder.path().join("result"), &output).unwrap();
    assert_eq!(differences.len(), 1, "{differences:?}");
    assert!(differences[0].part.ends_with("result.sbom.cdx.json"));
}

#[test]
fn a_foreign_document_beside_the_image_is_refused() {
    let (folder, path) = folder();
    fs::write(path.with_file_name("image.sbom.cdx.json"), "{}").unwrap();
    let output = output(&request(), Format::OciDir);
    refused(&folder, &path, &output, &["image.sbom.cdx.json"]);
}

#[test]
fn a_failed_write_leaves_nothing_behind() {
    let (folder, path) = folder();
    let output = output(&request(), Format::OciDir);
    for (path, why) in [
        (folder.path().join("none/image"), "make that first"),
        (folder.path().join(".."), "cannot be the name"),
        // Nobody can make a folder there, root included.
        (PathBuf::from("/proc/image"), "nothing was changed"),
    ] {
        refused(&folder, &path, &output, &[why]);
    }
    // The second of two things cannot be placed: the first goes back.
    write(&path, &output).unwrap();
    let old = everything(folder.path());
    let mut later = self::output(&edited(), Format::OciDir);
    later.beside[0].0 = format!("/{}", later.beside[0].0);
    assert!(write(&path, &later).is_err());
    assert_eq!(everything(folder.path()).keys().count(), old.len());
    assert_eq!(check(&path, &output).unwrap(), []);
}

#[test]
fn temporary_files_of_a_dead_process_are_removed() {
    let (folder, path) = folder();
    let stale = folder
        .path()
        .join(format!(".image.{}.new", std::process::id()));
    fs::create_dir(&stale).unwrap();
    fs::write(stale.join("half"), "x").unwrap();
    write(&path, &output(&request(), Format::OciDir)).unwrap();
    assert!(!stale.exists());
    assert!(!path.join("half").exists());
}

#[test]
fn a_check_says_which_part_is_another() {
    let (_folder, path) = folder();
    let shown = |request: &Request| -> String {
        let differences = check(&path, &output(request, Format::OciDir)).unwrap();
        let lines: Vec<_> = differences.iter().map(ToString::to_string).collect();
        lines.join("\n") + "\n"
    };
    assert_holds(&shown(&request()), &["is not there"]);
    write(&path, &output(&request(), Format::OciDir)).unwrap();
    assert_eq!(shown(&request()).trim(), "");

    let (mut later, mut zstd) = (request(), request());
    later.created = "1".parse().unwrap();
    zstd.compression = Compression::Zstd;
    let two = request_for_two();
    for (changed, part, other) in [
        (
            &edited(),
            "the program layer of linux/amd64: differs in /shop\n",
            "the base layer",
        ),
        (&later, "/created", "layer of"),
        (
            &two,
            "the image of linux/arm64: is not there",
            "the base layer",
        ),
        (
            &zstd,
            "the base layer of linux/amd64: differs\n",
            "the base layer of linux/amd64: differs in",
        ),
    ] {
        let shown = shown(changed);
        assert_holds(&shown, &[part]);
        assert!(!shown.contains(other), "{shown}");
    }

    fs::remove_file(path.join("oci-layout")).unwrap();
    assert_holds(&shown(&request()), &["oci-layout"]);
    fs::write(path.join("letter"), "x").unwrap();
    assert_holds(&shown(&request()), &["letter"]);
}

#[test]
fn a_check_of_an_archive_says_which_part_is_another() {
    for format in [Format::OciArchive, Format::DockerArchive] {
        let (_folder, path) = folder();
        write(&path, &output(&request(), format)).unwrap();
        let differences = check(&path, &output(&edited(), format)).unwrap();
        let named = |part: &str| differences.iter().any(|d| d.part.contains(part));
        assert!(named("the program layer of linux/amd64"), "{differences:?}");
        assert!(!named("the base layer"), "{differences:?}");
        fs::write(&path, "no archive").unwrap();
        let differences = check(&path, &output(&request(), format)).unwrap();
        assert_eq!(differences[0].how, "is not an archive");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn one_flipped_bit_anywhere_is_noticed(file in 0usize..100, at: usize, bit in 0u8..8) {
        let (_folder, path) = folder();
        let output = output(&request(), Format::OciDir);
        write(&path, &output).unwrap();
        let mut all = everything(&path);
        all.retain(|_, (content, _)| !content.is_empty());
        let files: Vec<PathBuf> = all.into_keys().collect();
        let file = &files[file % files.len()];
        let mut bytes = fs::read(file).unwrap();
        let length = bytes.len();
        bytes[at % length] ^= 1 << bit;
        fs::write(file, bytes).unwrap();
        prop_assert!(!check(&path, &output).unwrap().is_empty());
        prop_assert!(Layout::open(&path).is_err() || file.ends_with("index.json"));
    }
}
