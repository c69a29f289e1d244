//! Frozen installation: what is built is what was locked, and a build that would change the lock
//! fails.

use crate::deploy::dockerfile;
use crate::verify::checkout::{DOCKERFILE, IGNORED, LOCK, MANIFEST};
use crate::verify::findings::{Findings, Unseen};
use crate::verify::item::{Group, Item, Look};
use crate::verify::subject::Subject;

/// See the module.
pub(in crate::verify) const GROUP: Group = Group {
    title: "Frozen installation",
    items: &[
        Item {
            id: "lock-committed",
            question: "Is `Cargo.lock` in the source, and not ignored?",
            look: Look::Own(committed),
        },
        Item {
            id: "lock-current",
            question: "Does `Cargo.lock` answer every dependency of `Cargo.toml`, and no other?",
            look: Look::Own(current),
        },
        Item {
            id: "lock-pinned",
            question: "Is every library pinned by a checksum?",
            look: Look::Own(pinned),
        },
        Item {
            id: "builds-frozen",
            question: "Does whatever builds a release keep to the lock?",
            look: Look::Own(builds),
        },
        Item {
            id: "dockerfile-frozen",
            question: "Does the `Dockerfile` take a binary, and resolve no dependency itself?",
            look: Look::Own(dockerfile),
        },
    ],
};

/// Commands of cargo that may resolve dependencies.
const RESOLVES: &[&str] = &[
    "auditable",
    "bench",
    "build",
    "check",
    "clippy",
    "doc",
    "fetch",
    "install",
    "nextest",
    "run",
    "rustc",
    "test",
    "vendor",
    "zigbuild",
];

/// Words that keep cargo from resolving, or from doing anything.
const FROZEN: &[&str] = &["--locked", "--frozen", "--version"];

fn committed(subject: &Subject, findings: &mut Findings) -> Result<(), Unseen> {
    let checkout = subject.checkout()?;
    findings.check(
        checkout.lock().is_some(),
        format!("`{LOCK}` is there"),
        format!("there is no `{LOCK}`; make one with `cargo generate-lockfile`, and commit it"),
    );
    let ignored = checkout.text(IGNORED).unwrap_or_default();
    let matches = |line: &str| matches!(line.trim().trim_start_matches('/'), LOCK | "*.lock");
    findings.check(
        !ignored.lines().any(matches),
        format!("`{IGNORED}` does not name it"),
        format!("`{IGNORED}` names `{LOCK}`, so it is not committed; take it out there"),
    );
    Ok(())
}

fn current(subject: &Subject, findings: &mut Findings) -> Result<(), Unseen> {
    let checkout = subject.checkout()?;
    let lock = checkout.lock().ok_or(Unseen("there is no Cargo.lock"))?;
    for fault in lock.stale(checkout.manifest()) {
        findings.fault(format!(
            "{fault}; run `cargo update --workspace`, and commit `{LOCK}`"
        ));
    }
    if findings.faults.is_empty() {
        findings.seen(format!("`{LOCK}` is what `{MANIFEST}` asks for"));
    }
    Ok(())
}

fn pinned(subject: &Subject, findings: &mut Findings) -> Result<(), Unseen> {
    let lock = subject.checkout()?.lock();
    let lock = lock.ok_or(Unseen("there is no Cargo.lock"))?;
    let mut count = 0;
    let mut loose = Vec::new();
    for package in lock
        .package
        .iter()
        .filter(|package| package.source.is_some())
    {
        count += 1;
        if package.checksum.is_none() {
            loose.push(format!("`{}` {}", package.name, package.version));
        }
    }
    findings.none_of(&loose, "without a checksum, so their content may change");
    if loose.is_empty() {
        findings.seen("every package from elsewhere has its SHA-256");
        findings.counted(format!("{count} packages"));
    }
    Ok(())
}

fn builds(subject: &Subject, findings: &mut Findings) -> Result<(), Unseen> {
    let checkout = subject.checkout()?;
    let builds = &subject.project.service.promises.builds;
    if builds.is_empty() {
        return Err(Unseen("the service names no file that builds it"));
    }
    for build in builds {
        let (path, word) = (&build.path, &build.frozen_by);
        let Some(text) = checkout.text(path) else {
            findings.fault(format!("`{path}` is not there"));
            continue;
        };
        let loose = loose(text);
        for (line, command) in &loose {
            findings.fault(format!(
                "`{path}`, line {line}: `cargo {command}` without `--locked`"
            ));
        }
        let said = commands(text).any(|(_, line)| line.contains(word.as_str()));
        if !said {
            findings.fault(format!("`{path}` does not say `{word}`"));
        } else if loose.is_empty() {
            findings.seen(format!("`{path}`: `{word}`"));
        }
    }
    Ok(())
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "every item has this signature, this one needs nothing but the code"
)]
fn dockerfile(subject: &Subject, findings: &mut Findings) -> Result<(), Unseen> {
    match dockerfile::render(&subject.project) {
        Ok(files) => {
            let text = files.iter().find(|file| file.path == DOCKERFILE);
            look_into("generated", text.map_or("", |file| &file.text), findings);
        }
        Err(error) => findings.fault(format!("it cannot be generated: {error}")),
    }
    let written = subject.checkout.as_ref();
    if let Some(text) = written.and_then(|checkout| checkout.text(DOCKERFILE)) {
        look_into("in the checkout", text, findings);
    }
    Ok(())
}

fn look_into(which: &str, text: &str, findings: &mut Findings) {
    for (line, command) in loose(text) {
        findings.fault(format!(
            "`{DOCKERFILE}` {which}, line {line}: `cargo {command}` without `--locked`"
        ));
    }
    let copies = commands(text).any(|(_, line)| line.starts_with("COPY"));
    findings.check(
        copies,
        format!("`{DOCKERFILE}` {which}: copies what was built before"),
        format!("`{DOCKERFILE}` {which} copies nothing"),
    );
}

/// The lines of `text` that resolve dependencies without being told to keep to the lock, by their
/// numbers, with the command.
fn loose(text: &str) -> Vec<(usize, String)> {
    let frozen = |part: &str| FROZEN.iter().any(|word| part.contains(word));
    let mut found = Vec::new();
    for (number, line) in commands(text) {
        // One line may hold several commands.
        let parts = line.split([';', '&', '|']).filter(|part| !frozen(part));
        found.extend(parts.filter_map(resolves).map(|command| (number, command)));
    }
    found
}

/// The command of cargo in `part` of a line that may resolve dependencies.
fn resolves(part: &str) -> Option<String> {
    let mut words = part.split(|c: char| c.is_whitespace() || "\"'(){}`$".contains(c));
    words.find(|word| *word == "cargo" || word.ends_with("/cargo"))?;
    // Options and a toolchain (`+nightly`) may stand before the command.
    let command = words.find(|word| !word.is_empty() && !word.starts_with(['+', '-']))?;
    RESOLVES.contains(&command).then(|| command.to_owned())
}

/// Lines that do something, by their numbers: without comments, and with those that a `\` ends
/// joined to the next.
fn commands(text: &str) -> impl Iterator<Item = (usize, String)> {
    let mut joined: Vec<(usize, String)> = Vec::new();
    let mut open = false;
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.starts_with('#') {
            continue;
        }
        let (part, goes_on) = match line.strip_suffix('\\') {
            Some(part) => (part, true),
            None => (line, false),
        };
        match joined.last_mut().filter(|_| open) {
            Some((_, whole)) => {
                whole.push(' ');
                whole.push_str(part);
            }
            None => joined.push((at + 1, part.to_owned())),
        }
        open = goes_on;
    }
    joined.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_resolves_without_a_lock_is_found_wherever_it_stands() {
        let text = "# cargo build\ncargo build --locked\ncargo fmt\n\
                    cargo +nightly build \\\n  --release\nx && ~/.cargo/bin/cargo install y\n\
                    cargo nextest --version; cargo test\necho \"$(cargo run -- x)\"\n\
                    cargo auditable build \\\n  --profile dist \\\n  --locked\n";
        let expected = [(4, "build"), (6, "install"), (7, "test"), (8, "run")];
        assert_eq!(
            loose(text),
            expected.map(|(line, word)| (line, word.to_owned()))
        );
    }
}
