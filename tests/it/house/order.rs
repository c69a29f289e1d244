//! The order of modules: no circles anywhere, except that a module may import its own children; and in
//! a folder that lists its modules from ground to roof, as `src/lib.rs` does, imports lead only to
//! what stands above in the list.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::ROOT;
use super::imports::{Imports, Module, imports, sources};

/// The modules that `module` leads to, directly or by others.
fn behind<'a>(imports: &'a Imports, module: &'a Module) -> BTreeSet<&'a Module> {
    let mut seen = BTreeSet::new();
    let mut next = vec![module];
    while let Some(module) = next.pop() {
        next.extend(imports[module].iter().filter(|it| seen.insert(*it)));
    }
    seen
}

/// The groups of modules that import one another, directly or by others.
fn circles(imports: &Imports) -> Vec<BTreeSet<String>> {
    let modules = imports.keys();
    let behind: BTreeMap<&Module, BTreeSet<&Module>> =
        modules.map(|it| (it, behind(imports, it))).collect();
    let circle = |(module, others): (&&Module, &BTreeSet<&Module>)| {
        let circle = others
            .iter()
            .filter(|other| behind[**other].contains(module));
        circle.map(|module| module.join("/")).collect()
    };
    let circles: BTreeSet<BTreeSet<String>> = behind.iter().map(circle).collect();
    circles.into_iter().filter(|it| !it.is_empty()).collect()
}

#[test]
fn no_modules_import_one_another() {
    let src = Path::new(ROOT).join("src");
    let circles = circles(&imports(&sources(&src)));
    assert!(circles.is_empty(), "import one another: {circles:#?}");
}

/// The modules that `text` lists, from ground to roof; none where it is no such list, because one of
/// them has no doc comment.
fn list(text: &str) -> Option<Vec<String>> {
    let (mut names, mut is_documented) = (Vec::new(), false);
    let mut is_test = false;
    for line in text.lines() {
        let name = ["pub mod ", "pub(crate) mod ", "pub(super) mod ", "mod "];
        let name = name.iter().find_map(|start| line.strip_prefix(start));
        match name.and_then(|rest| rest.strip_suffix(';')) {
            Some(_) if is_test => {}
            Some(_) if !is_documented => return None,
            Some(name) => names.push(name.to_owned()),
            None => {}
        }
        is_test = line == "#[cfg(test)]" || is_test && line.starts_with('#');
        is_documented = line.starts_with("/// ") || is_documented && line.starts_with('#');
    }
    Some(names).filter(|names| names.len() > 1)
}

/// Imports below `folder` that lead up in its list, or to the list itself.
fn climbs(imports: &Imports, folder: &Module, list: &[String]) -> Vec<String> {
    let storey = |module: &Module| {
        let child = module.strip_prefix(folder.as_slice())?.first()?;
        list.iter().position(|name| name == child)
    };
    let below = imports
        .iter()
        .filter_map(|(from, to)| Some((from, storey(from)?, to)));
    let climbs = below.flat_map(|(from, own, to)| {
        let up = to
            .iter()
            .filter(move |to| to == &folder || storey(to).is_some_and(|it| it > own));
        up.map(|to| format!("{} imports {}", from.join("/"), to.join("/")))
    });
    climbs.collect()
}

#[test]
fn modules_of_a_listed_folder_import_only_what_stands_above_them() {
    let sources = sources(&Path::new(ROOT).join("src"));
    let imports = imports(&sources);
    let lists = sources.iter();
    let lists: Vec<_> = lists
        .filter_map(|(folder, text)| Some((folder, list(text)?)))
        .collect();
    assert!(
        lists.iter().any(|(folder, _)| folder.is_empty()),
        "src/lib.rs"
    );
    let climbs: Vec<String> = lists
        .iter()
        .flat_map(|(folder, list)| climbs(&imports, folder, list))
        .collect();
    assert!(climbs.is_empty(), "{}", climbs.join("\n"));
}

#[test]
fn imports_of_every_form_are_read() {
    let sources = [
        ("", "pub mod low;\npub mod high;\npub use low::Named;"),
        ("low", "use crate::high::{self, X as Y};\npub struct Named;"),
        (
            "low/child",
            "fn f() { super::super::high::g(\"crate::low\") } // crate::low",
        ),
        (
            "high",
            "use crate::Named;\n#[cfg(test)]\nmod tests { use crate::low::child; }",
        ),
    ];
    let module = |path: &str| -> Module { path.split_terminator('/').map(str::to_owned).collect() };
    let sources = sources.map(|(path, text)| (module(path), text.to_owned()));
    let imports = imports(&sources.into());
    let expected = [
        ("", ""),
        ("low", "high"),
        ("low/child", "high"),
        ("high", "low"),
    ];
    for (from, to) in expected {
        let read: Vec<String> = imports[&module(from)]
            .iter()
            .map(|it| it.join("/"))
            .collect();
        assert_eq!(read.join(" "), to, "{from}");
    }
    let circle = ["high", "low"].map(str::to_owned);
    assert_eq!(circles(&imports), [BTreeSet::from(circle)]);
    let text =
        "/// A.\npub mod low;\n\n/// B.\n#[cfg(x)]\nmod high;\n\n#[cfg(test)]\nmod sample;\n";
    let list = list(text).unwrap();
    let expected = ["low imports high", "low/child imports high"];
    assert_eq!(climbs(&imports, &Module::new(), &list), expected);
}
