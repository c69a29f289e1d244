//! Unit tests of `dep_info`.

use super::*;

#[test]
fn files_are_read_off_their_rules_spaces_included() {
    for (text, expected) in [
        ("", vec![]),
        ("/t/aura:\n", vec![]),
        ("/t/aura: /a.rs /b.rs\n", vec!["/a.rs", "/b.rs"]),
        ("/my\\ t/a:\\ b: /a\\ b/c.rs\n", vec!["/a b/c.rs"]),
        ("/t/a: /x: /y\n/t/b: /z\\ ", vec!["/x:", "/y", "/z "]),
        ("/t/aura: /a\\b  /c\n", vec!["/a\\b", "/c"]),
    ] {
        let expected: Vec<PathBuf> = expected.into_iter().map(PathBuf::from).collect();
        assert_eq!(files(text), expected, "{text}");
    }
}

#[test]
fn a_program_is_built_again_where_it_is() {
    let folder = tempfile::TempDir::new().unwrap();
    let root = folder.path();
    let write = |name: &str, text: &str| {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let main = root.join("src/main.rs").display().to_string();
    write("src/main.rs", "");
    for (program, expected) in [
        ("out/debug/aura", "--profile dev --target-dir OUT"),
        ("out/quick/aura", "--profile quick --target-dir OUT"),
        (
            "out/a-b-c/debug/aura",
            "--profile dev --target-dir OUT --target a-b-c",
        ),
    ] {
        let rule = format!("{program}: /elsewhere/src/main.rs {main}\n");
        write(&format!("{program}.d"), &rule);
        write("out/.rustc_info.json", "");
        let program = root.join(program);
        fs::remove_file(root.join("Cargo.toml")).ok();
        assert!(DepInfo::beside(&program).is_none(), "no package");
        write("Cargo.toml", "");
        let made = DepInfo::beside(&program).unwrap();
        assert_eq!((made.package.as_path(), made.files.len()), (root, 2));
        let command = made.build(&program).unwrap();
        assert_eq!(command.get_current_dir(), Some(root));
        let arguments: Vec<_> = command.get_args().map(|it| it.to_str().unwrap()).collect();
        let arguments = arguments.join(" ");
        let out = root.join("out").display().to_string();
        let expected = format!("build --bin aura {}", expected.replace("OUT", &out));
        assert_eq!(arguments, expected);
    }
    assert!(DepInfo::beside(&root.join("out/debug/other")).is_none());
}
