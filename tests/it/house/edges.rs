//! Domain modules know no HTTP: problems are named in edges only.

use std::path::{Path, PathBuf};

use super::ROOT;

/// The files below `folder` that are not edges: routes, endpoints, bodies and the translation of errors.
fn domain_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let found = paths.flat_map(|path| {
        if path.is_dir() {
            return domain_files(&path);
        }
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        let edges = [
            "body",
            "gateway",
            "introspection",
            "oauth",
            "problem",
            "tests",
        ];
        let is_edge = stem.ends_with("api") || edges.contains(&stem.as_str());
        let is_code = path.extension().is_some_and(|ending| ending == "rs");
        if is_code && !is_edge {
            vec![path]
        } else {
            Vec::new()
        }
    });
    found.collect()
}

#[test]
fn problems_appear_in_edges_only() {
    for folder in ["admin", "audit", "auth", "llm", "storage"] {
        for path in domain_files(&Path::new(ROOT).join("src").join(folder)) {
            let text = std::fs::read_to_string(&path).unwrap();
            let words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
            let named: Vec<&str> = words.filter(|word| *word == "Problem").collect();
            assert!(named.is_empty(), "{}", path.display());
        }
    }
}
