//! Unit tests of `source`.

use super::*;

#[test]
fn a_directory_is_walked_without_what_is_hidden() {
    let dir = tempfile::tempdir().unwrap();
    for folder in ["base", ".git"] {
        fs::create_dir(dir.path().join(folder)).unwrap();
    }
    for file in [
        "base/b.yaml",
        "a.json",
        ".env",
        "x.env",
        "README.md",
        ".git/c.yaml",
    ] {
        fs::write(dir.path().join(file), "").unwrap();
    }
    let read = read(dir.path());
    let files: Vec<_> = read
        .inputs
        .iter()
        .map(|input| input.file.as_str())
        .collect();
    assert_eq!(files, [".env", "a.json", "base/b.yaml", "x.env"]);
    assert!(read.findings.is_empty());
}

#[test]
fn a_unit_of_systemd_is_named_and_not_looked_into() {
    let dir = tempfile::tempdir().unwrap();
    let unit = dir.path().join("aura.service");
    fs::write(&unit, "[Service]\n").unwrap();
    let found = |path: &Path| read(path).findings.remove(0);
    let below = found(dir.path());
    assert_eq!(
        (below.file.as_str(), below.kind),
        ("aura.service", FindingKind::Advice)
    );
    let named = found(&unit);
    assert_eq!(named.kind, FindingKind::Unreadable);
    assert!(named.remedy.contains("EnvironmentFile="), "{named}");
}

#[test]
fn what_cannot_be_read_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let problem = |path: &Path| read(path).findings[0].problem.clone();
    assert!(problem(&dir.path().join("none")).starts_with("cannot be read"));
    let large = dir.path().join("large.yaml");
    fs::write(
        &large,
        vec![b' '; usize::try_from(MAX_FILE_BYTES).unwrap() + 1],
    )
    .unwrap();
    assert_eq!(problem(&large), "is larger than 4 MiB");
    let latin = dir.path().join("latin.yaml");
    fs::write(&latin, [0xe4]).unwrap();
    assert_eq!(problem(&latin), "is not UTF-8");
    let device = problem(Path::new("/dev/zero"));
    assert_eq!(device, "cannot be read: it is not a regular file");
    assert_eq!(read_stream("-", &b"a: 1"[..]).inputs[0].file, "-");
    let marked = read_stream("-", &b"\xef\xbb\xbfa: 1"[..]);
    assert_eq!(marked.inputs[0].text, "a: 1");
}

#[test]
fn too_many_files_are_too_many() {
    let dir = tempfile::tempdir().unwrap();
    for n in 0..=MAX_FILES {
        fs::File::create(dir.path().join(format!("{n}.env"))).unwrap();
    }
    let read = read(dir.path());
    assert_eq!(read.inputs.len(), MAX_FILES);
    assert_eq!(read.findings[0].problem, "has more than 10000 files");
}
