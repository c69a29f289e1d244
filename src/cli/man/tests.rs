//! Unit tests of `man`.

use super::*;

/// The names of `text` that are written as `NAME(1)`, as `man` knows them.
fn references(text: &str) -> impl Iterator<Item = String> {
    let text = text.replace("\\-", "-");
    let names: Vec<_> = text
        .match_indices("(1)")
        .map(|(end, _)| {
            let name = text[..end].rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '-');
            name.into_iter().next().unwrap_or_default().to_owned()
        })
        .collect();
    names.into_iter()
}

#[test]
fn every_page_that_a_page_refers_to_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("man1");
    let count = write_all(&folder).unwrap();
    let mut referred = 0;
    let mut pages = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        pages += 1;
        for name in references(&fs::read_to_string(&path).unwrap()) {
            referred += 1;
            let page = folder.join(format!("{name}.1"));
            assert!(page.exists(), "{} refers to {name}", path.display());
        }
    }
    assert_eq!(pages, count);
    // Every page but the first is referred to by the one above it.
    assert!(referred >= count - 1, "{referred} of {count}");
    assert!(folder.join("aura-user-create.1").exists());
    assert!(!folder.join("aura-help.1").exists());
    let printed = page(command()).unwrap();
    assert_eq!(fs::read_to_string(folder.join("aura.1")).unwrap(), printed);
}
