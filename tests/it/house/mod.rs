//! Proves that the source keeps the rules of the house: modules import only what stands below
//! them and never one another, files stay small and say what they are, and Kubernetes is typed, never
//! a template.

mod edges;
mod imports;
mod order;

use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The longest file that is allowed.
const LINES: usize = 400;

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every file under `folder` whose name ends in `suffix`.
fn files(folder: &Path, suffix: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(suffix) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The modules of `src/lib.rs`, from ground to roof.
fn storeys(lib: &str) -> Vec<String> {
    let lines = lib
        .lines()
        .filter_map(|line| line.trim().strip_prefix("pub mod "));
    lines
        .map(|line| line.trim_end_matches(';').to_owned())
        .collect()
}

fn is_name(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// The names that follow `crate::`, also in a group: `crate::{a::B, c}` gives `a` and `c`.
fn names_after_crate(source: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in source.match_indices("crate::") {
        if source[..at].ends_with(|letter| is_name(letter) || letter == '$') {
            continue;
        }
        let rest = &source[at + "crate::".len()..];
        let Some(group) = rest.strip_prefix('{') else {
            names.push(rest.chars().take_while(|letter| is_name(*letter)).collect());
            continue;
        };
        let (mut depth, mut begin) = (1, true);
        let mut name = String::new();
        for letter in group.chars() {
            match letter {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            if depth == 1 && begin && is_name(letter) {
                name.push(letter);
            } else if !name.is_empty() {
                names.push(std::mem::take(&mut name));
                begin = false;
            }
            if depth == 1 && letter == ',' {
                begin = true;
            }
            if depth == 0 {
                break;
            }
        }
    }
    names
}

/// What `source`, a file of `module`, names above it or outside the house.
fn climbs(storeys: &[String], module: &str, source: &str) -> Vec<String> {
    let own = storeys.iter().position(|storey| storey == module);
    let own = own.unwrap_or_else(|| panic!("src/lib.rs does not list `{module}`"));
    let mut names = names_after_crate(source);
    names.retain(|name| !storeys[..=own].contains(name));
    names
}

/// `src/auth/api.rs` and `src/auth.rs` belong to `auth`.
fn module_of(file: &Path, src: &Path) -> String {
    let inside = file.strip_prefix(src).unwrap();
    let first = inside.components().next().unwrap().as_os_str();
    first.to_string_lossy().trim_end_matches(".rs").to_owned()
}

#[test]
fn modules_import_only_what_stands_below_them() {
    let src = Path::new(ROOT).join("src");
    let storeys = storeys(&read(&src.join("lib.rs")));
    assert_eq!(
        storeys.first().map(String::as_str),
        Some("schema"),
        "the ground"
    );
    let mut faults = Vec::new();
    for file in files(&src, ".rs") {
        let module = module_of(&file, &src);
        if ["lib", "main"].contains(&module.as_str()) {
            continue;
        }
        for name in climbs(&storeys, &module, &read(&file)) {
            faults.push(format!(
                "{}: crate::{name} is not below `{module}`",
                file.display()
            ));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_rule_above_sees_every_form_of_an_import() {
    let storeys = storeys("pub mod low;\n\n#[cfg(x)]\npub mod mid;\n\npub mod high;\n");
    assert_eq!(storeys, ["low", "mid", "high"]);
    for (source, expected) in [
        ("use crate::low::A;", vec![]),
        ("use crate::mid;", vec![]),
        ("use crate::high::A;", vec!["high"]),
        ("use crate::{low::{a, high}, high::b};", vec!["high"]),
        ("use crate::{\n    mid,\n    high,\n};", vec!["high"]),
        ("fn f() { crate::high::g() }", vec!["high"]),
        ("/// [`crate::high::A`]", vec!["high"]),
        ("use crate::Elsewhere;", vec!["Elsewhere"]),
        ("my_crate::high::g(); $crate::high::g()", vec![]),
    ] {
        assert_eq!(climbs(&storeys, "mid", source), expected, "{source}");
    }
}

#[test]
fn no_module_reaches_around_the_rule_by_super() {
    let src = Path::new(ROOT).join("src");
    for file in files(&src, ".rs") {
        let inside = file.strip_prefix(&src).unwrap();
        let named = usize::from(!inside.ends_with("mod.rs"));
        let depth = inside.components().count() - 1 + named;
        for line in read(&file)
            .lines()
            .filter(|line| line.starts_with("use super::"))
        {
            let steps = line.matches("super::").count();
            assert!(
                steps < depth,
                "{}: `{line}` leads to the roof",
                file.display()
            );
        }
    }
}

#[test]
fn features_are_chosen_in_the_list_of_modules_and_nowhere_else() {
    let src = Path::new(ROOT).join("src");
    for file in files(&src, ".rs") {
        let elsewhere = file != src.join("lib.rs") && read(&file).contains("cfg(feature");
        assert!(!elsewhere, "{} has a cfg of its own", file.display());
    }
}

#[test]
fn files_are_small_and_say_what_they_are() {
    let root = Path::new(ROOT);
    let mut faults = Vec::new();
    for folder in ["src", "tests", "benches", "examples"] {
        for file in files(&root.join(folder), ".rs") {
            let text = read(&file);
            let lines = text.lines().count();
            if lines > LINES {
                faults.push(format!(
                    "{}: {lines} lines, {LINES} at most",
                    file.display()
                ));
            }
            if !text.starts_with("//! ") {
                faults.push(format!("{}: begins without `//! `", file.display()));
            }
        }
    }
    let main = read(&root.join("src/main.rs")).lines().count();
    if main > 20 {
        faults.push(format!("src/main.rs: {main} lines, 20 at most"));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn kubernetes_objects_are_typed_and_never_templates() {
    for file in files(&Path::new(ROOT).join("templates"), "") {
        // What is compressed is no text of ours.
        let text = std::fs::read(&file).unwrap();
        let text = String::from_utf8_lossy(&text);
        assert!(!text.contains("apiVersion:"), "{}", file.display());
    }
}

#[test]
fn pages_escape_everything_and_hold_nothing_inline() {
    for file in files(&Path::new(ROOT).join("templates/dashboard"), ".html") {
        let text = read(&file);
        for part in [
            "|safe",
            "| safe",
            "escape",
            "autoescape",
            "<style",
            " style=",
            "<script>",
            " onclick",
            " onsubmit",
            "javascript:",
            "http:",
            "https:",
        ] {
            assert!(!text.contains(part), "{part:?} in {}", file.display());
        }
    }
}

#[test]
fn no_xml_parser_is_in_the_lock() {
    let lock = read(&Path::new(ROOT).join("Cargo.lock"));
    let packages = lock.split("[[package]]");
    let mut xml = packages.filter(|package| package.contains("name = \"quick-xml\""));
    // RUSTSEC-2026-0194 and 0195 are in all releases before 0.41; ours is no release.
    let own = xml.next().expect("vendor/quick-xml");
    assert!(!own.contains("source = "), "{own}");
    assert_eq!(xml.next(), None, "a second one");
}
