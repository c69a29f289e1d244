//! Proves what can be told of the Nix files without building anything: they parse, the lock is
//! whole, the source set holds what the compiler reads, and the NixOS module is made of aura's
//! settings and of the unit that aura renders. `scripts/test-nix` builds.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::support::{Settings, installed};

/// The top of the repository.
const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn read(path: &str) -> String {
    let path = Path::new(ROOT).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every file below `folder` whose name ends in `suffix`, from the root of the repository.
fn files(folder: &str, suffix: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(Path::new(ROOT).join(folder)).expect("a folder") {
        let entry = entry.expect("an entry");
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            found.extend(files(&path, suffix));
        } else if path.ends_with(suffix) {
            found.push(path);
        }
    }
    found
}

fn nix_files() -> Vec<String> {
    let mut all = files("nix", ".nix");
    all.push("flake.nix".to_owned());
    all
}

/// Runs `nix-instantiate` with no store to write to; `None` where there is none.
fn nix_instantiate(arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(installed(&["nix-instantiate"], &[])?);
    command.current_dir(ROOT).env("NIX_REMOTE", "dummy://");
    let done = command.args(arguments).output().expect("it starts");
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{arguments:?}: {said}");
    Some(String::from_utf8(done.stdout).expect("UTF-8"))
}

fn evaluated(expression: &str) -> Option<Value> {
    let text = nix_instantiate(&["--eval", "--strict", "--json", "--expr", expression])?;
    Some(serde_json::from_str(&text).expect("JSON"))
}

#[test]
fn every_nix_file_parses() {
    for file in nix_files() {
        if nix_instantiate(&["--parse", &file]).is_none() {
            return;
        }
    }
}

#[test]
fn the_lock_pins_the_one_input_of_the_flake() {
    let lock: Value = serde_json::from_str(&read("flake.lock")).expect("JSON");
    let nodes = lock["nodes"].as_object().expect("nodes");
    let names: Vec<_> = nodes.keys().collect();
    assert_eq!(names, ["nixpkgs", "root"]);
    assert_eq!(
        nodes["root"]["inputs"],
        serde_json::json!({ "nixpkgs": "nixpkgs" })
    );

    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let original = &nodes["nixpkgs"]["original"];
    let part = |name: &str| text(&original[name]);
    let url = format!(
        "{}:{}/{}/{}",
        part("type"),
        part("owner"),
        part("repo"),
        part("ref")
    );
    assert!(
        read("flake.nix").contains(&format!("nixpkgs.url = \"{url}\";")),
        "{url}"
    );

    let locked = &nodes["nixpkgs"]["locked"];
    for name in ["type", "owner", "repo"] {
        assert_eq!(locked[name], original[name]);
    }
    let rev = text(&locked["rev"]);
    assert!(
        rev.len() == 40 && rev.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "{rev}"
    );
    let hash = text(&locked["narHash"]);
    let digest = hash.strip_prefix("sha256-").expect("SHA-256");
    assert_eq!(STANDARD.decode(digest).expect("base64").len(), 32);
    assert!(locked["lastModified"].as_u64().is_some_and(|time| time > 0));
}

/// The paths of nix/sources.nix, from the root of the repository.
fn source_set() -> Vec<String> {
    let text = read("nix/sources.nix");
    let lines = text.lines().map(str::trim);
    let paths = lines.filter_map(|line| line.strip_prefix("../"));
    paths.map(str::to_owned).collect()
}

/// What stands in quotes after each `opening` in `source`.
fn quoted_after(source: &str, opening: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in source.match_indices(opening) {
        let rest = source[at + opening.len()..].trim_start();
        let quoted = rest.strip_prefix('"').and_then(|rest| rest.split_once('"'));
        found.extend(quoted.map(|(path, _)| path.to_owned()));
    }
    found
}

/// `path` without `..`.
fn plain(path: &Path) -> String {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    plain.display().to_string()
}

/// Every file or folder that the compiler reads because the source says so.
fn included() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for file in files("src", ".rs") {
        let source = read(&file);
        let folder = Path::new(&file).parent().expect("a folder");
        for opening in ["include_str!(", "include_bytes!("] {
            let paths = quoted_after(&source, opening);
            found.extend(paths.iter().map(|path| plain(&folder.join(path))));
        }
        found.extend(quoted_after(&source, "migrate!("));
        let templates = quoted_after(&source, "template(path =");
        found.extend(templates.iter().map(|path| format!("templates/{path}")));
    }
    found
}

#[test]
fn the_source_set_holds_only_the_files_that_the_compiler_reads() {
    let set = source_set();
    for path in &set {
        assert!(Path::new(ROOT).join(path).exists(), "{path}");
    }
    let inside = |path: &str| {
        set.iter()
            .any(|kept| path == kept || path.starts_with(&format!("{kept}/")))
    };
    let included = included();
    for wanted in ["src/storage/migrations", "templates/docs/index.html"] {
        assert!(included.contains(wanted), "{wanted}: {included:?}");
    }
    for path in &included {
        assert!(Path::new(ROOT).join(path).exists(), "{path}");
        assert!(inside(path), "nix/sources.nix leaves out {path}");
    }
    for path in [
        "Cargo.toml",
        "Cargo.lock",
        "src/main.rs",
        "openapi/aura.json",
    ] {
        assert!(inside(path), "nix/sources.nix leaves out {path}");
    }
    for path in [
        "README.md",
        "docs/architecture.md",
        "docs/reference",
        "tests/it/main.rs",
    ] {
        assert!(!inside(path), "nix/sources.nix holds {path}");
    }
}

#[test]
fn the_version_stands_in_cargo_toml_alone() {
    for file in nix_files() {
        assert!(!read(&file).contains(env!("CARGO_PKG_VERSION")), "{file}");
    }
    assert!(read("nix/package.nix").contains("inherit (cargo) version;"));
}

#[tokio::test]
async fn the_options_of_the_module_are_the_settings() {
    let Some(options) = evaluated("import ./nix/settings.nix") else {
        return;
    };
    let explained = Settings::new().run(&["config", "explain", "--json"]).await;
    let explained: Value = serde_json::from_slice(&explained.stdout).expect("JSON");
    let explained = explained.as_array().expect("a list");
    assert_eq!(options.as_object().expect("options").len(), explained.len());
    for setting in explained {
        let name = setting["name"].as_str().expect("a name");
        let option = &options[name];
        for fact in [
            "type",
            "minimum",
            "maximum",
            "default",
            "example",
            "required",
            "required_in",
            "required_when",
            "secret",
            "docs",
        ] {
            assert_eq!(option[fact], setting[fact], "{name}: {fact}");
        }
        let allowed = setting["allowed"].as_array().expect("a list").iter();
        let allowed: Value = allowed.map(|variant| variant["value"].clone()).collect();
        assert_eq!(option["allowed"], allowed, "{name}");
    }
}

/// The directives of a section, each with all its values.
fn section(unit: &str, name: &str) -> BTreeMap<String, Vec<String>> {
    let opening = format!("[{name}]\n");
    let (_, rest) = unit.split_once(&opening).expect("the section");
    let rest = rest.split("\n[").next().expect("a part");
    let mut found = BTreeMap::<_, Vec<_>>::new();
    for line in rest.lines().filter(|line| !line.starts_with('#')) {
        if let Some((directive, value)) = line.split_once('=') {
            found
                .entry(directive.to_owned())
                .or_default()
                .push(value.to_owned());
        }
    }
    found
}

#[tokio::test]
async fn the_unit_of_the_module_is_that_of_generate_systemd() {
    let Some(module) = evaluated("import ./nix/unit.nix { stopSeconds = 30; }") else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let to = folder.path().join("out").display().to_string();
    let done = Settings::new()
        .run(&["generate", "systemd", "--out", &to])
        .await;
    assert!(done.status.success(), "{done:?}");
    let unit = std::fs::read_to_string(Path::new(&to).join("systemd/aura.service"));
    let mut rendered = section(&unit.expect("the unit"), "Service");
    // These name files, which NixOS has elsewhere.
    for directive in [
        "ExecStart",
        "Environment",
        "EnvironmentFile",
        "LoadCredential",
    ] {
        assert!(rendered.remove(directive).is_some(), "{directive}");
    }
    let listed = rendered.into_iter().map(|(directive, mut values)| {
        let value = match values.len() {
            1 => values.remove(0).into(),
            _ => Value::from(values),
        };
        (directive, value)
    });
    let rendered = Value::Object(listed.collect::<Map<_, _>>());
    assert_eq!(module, rendered);
}
