//! Imports between the files of `src`, read off the source: `use` declarations, and paths inside
//! code. A name that a module only passes on leads to the file that defines it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use regex::Regex;

use super::{files, read};

/// A module's path below the crate; that of the crate is empty.
pub(super) type Module = Vec<String>;

/// The modules that each module imports, its own children aside.
pub(super) type Imports = BTreeMap<Module, BTreeSet<Module>>;

/// Re-exports that are followed before a name counts as undefined.
const MAX_REEXPORTS: usize = 8;

/// A path as a file writes it.
struct Mention {
    path: Vec<String>,
    /// The name that a `use` gives it; none inside code.
    name: Option<String>,
}

/// The text of every module of `src` without unit tests.
pub(super) fn sources(src: &Path) -> BTreeMap<Module, String> {
    let mut sources = BTreeMap::new();
    for file in files(src, ".rs") {
        let inside = file.strip_prefix(src).unwrap().with_extension("");
        let parts = inside.iter().map(|part| part.to_string_lossy().into());
        let mut module: Module = parts.collect();
        if module.iter().any(|part| part == "tests") || module == ["main"] {
            continue;
        }
        module.pop_if(|last| *last == "mod" || *last == "lib");
        sources.insert(module, read(&file));
    }
    sources
}

/// Reads the imports of `sources`.
pub(super) fn imports(sources: &BTreeMap<Module, String>) -> Imports {
    let reader = Reader::new();
    let mentions = sources.iter();
    let mentions = mentions.map(|(module, text)| (module, reader.mentions(text)));
    let mentions = Mentions(mentions.collect());
    let imported = |module: &Module| {
        let paths = mentions.0[module].iter();
        let targets = paths.filter_map(|mention| {
            let target = mentions.file_of(module, &mention.path, MAX_REEXPORTS)?;
            // A module and its children are one folder: the parent puts together what they are.
            (!target.starts_with(module)).then_some(target)
        });
        targets.collect()
    };
    let modules = sources.keys();
    modules
        .map(|module| (module.clone(), imported(module)))
        .collect()
}

/// The mentions of each module.
struct Mentions<'a>(BTreeMap<&'a Module, Vec<Mention>>);

impl Mentions<'_> {
    /// The module that defines what `path` means inside `module`; none in another crate.
    fn file_of(&self, module: &Module, path: &[String], reexports: usize) -> Option<Module> {
        let mut file = self.absolute(module, path)?;
        let mut rest = Vec::new();
        while !self.0.contains_key(&file) {
            rest.insert(0, file.pop()?);
        }
        let defined_in = rest.first().and_then(|name| {
            let mut named = self.0[&file]
                .iter()
                .filter(|it| it.name.as_ref() == Some(name));
            let target = named.next().filter(|_| reexports > 0)?.path.iter();
            let target: Vec<String> = target.chain(&rest[1..]).cloned().collect();
            self.file_of(&file, &target, reexports - 1)
        });
        defined_in.or(Some(file))
    }

    /// `path` from the root of the crate.
    fn absolute(&self, module: &Module, path: &[String]) -> Option<Module> {
        let mut full = module.clone();
        let (first, mut rest) = path.split_first()?;
        match first.as_str() {
            "crate" => full.clear(),
            "self" => {}
            "super" => {
                full.pop()?;
                while rest.first().is_some_and(|part| part == "super") {
                    full.pop()?;
                    rest = &rest[1..];
                }
            }
            child => {
                full.push(child.to_owned());
                self.0.contains_key(&full).then_some(())?;
            }
        }
        full.extend_from_slice(rest);
        Some(full)
    }
}

/// Expressions that find mentions.
struct Reader {
    text: Regex,
    uses: Regex,
    paths: Regex,
}

impl Reader {
    fn new() -> Self {
        let text = r##"//[^\n]*|\bpub\(in [\w:]+\)|\br#"(?s:.*?)"#|"(?:\\(?s:.)|[^"\\])*"|'(?:\\[^']+|[^'\\])'"##;
        Self {
            text: Regex::new(text).unwrap(),
            uses: Regex::new(r"\buse\s+([^;]+);").unwrap(),
            paths: Regex::new(r"(?:^|[^:\w.$])((?:\w+::)+\w+)").unwrap(),
        }
    }

    fn mentions(&self, source: &str) -> Vec<Mention> {
        let code = self.text.replace_all(source, "");
        let tests = code.find("#[cfg(test)]\nmod tests {");
        let code = &code[..tests.unwrap_or(code.len())];
        let mut found = Vec::new();
        for declaration in self.uses.captures_iter(code) {
            leaves(&[], &declaration[1], &mut found);
        }
        let code = self.uses.replace_all(code, "");
        found.extend(self.paths.captures_iter(&code).map(|path| Mention {
            path: path[1].split("::").map(str::to_owned).collect(),
            name: None,
        }));
        found
    }
}

/// Adds the paths of a tree such as `a::{b, c as d}`.
fn leaves(prefix: &[String], tree: &str, found: &mut Vec<Mention>) {
    let (path, group) = match tree.split_once('{') {
        Some((path, group)) => (path, group.trim_end().strip_suffix('}')),
        None => (tree, None),
    };
    let (path, alias) = match path.split_once(" as ") {
        Some((path, alias)) => (path, Some(alias.trim().to_owned())),
        None => (path, None),
    };
    let parts = path.split("::").map(str::trim);
    let parts = parts.filter(|part| !part.is_empty()).map(str::to_owned);
    let mut path: Vec<String> = prefix.iter().cloned().chain(parts).collect();
    let Some(group) = group else {
        if path.len() > 1 {
            path.pop_if(|last| *last == "self" || *last == "*");
        }
        let name = alias.or_else(|| path.last().cloned());
        found.push(Mention { path, name });
        return;
    };
    let (mut depth, mut from) = (0, 0);
    for (at, letter) in group.char_indices().chain([(group.len(), ',')]) {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                let leaf = group[from..at].trim();
                from = at + 1;
                if !leaf.is_empty() {
                    leaves(&path, leaf, found);
                }
            }
            _ => {}
        }
    }
}
