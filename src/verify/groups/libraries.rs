//! Libraries that the service cannot do its work without: locked, in the binary, and the same ones.

use crate::deploy::promises::Library;
use crate::verify::checkout::{Checkout, LOCK};
use crate::verify::findings::{Findings, Unseen};
use crate::verify::item::{Group, Item, Look};
use crate::verify::subject::Subject;

/// See the module.
pub(in crate::verify) const GROUP: Group = Group {
    title: "Libraries",
    items: &[
        Item {
            id: "libraries-locked",
            question: "Is every library that the service stands on in `Cargo.lock`?",
            look: Look::Own(locked),
        },
        Item {
            id: "libraries-in-binary",
            question: "Is every one of these in the binary, by its own list of what it was built from?",
            look: Look::Own(in_binary),
        },
        Item {
            id: "libraries-agree",
            question: "Is everything in the binary what `Cargo.lock` says, version by version?",
            look: Look::Own(agree),
        },
    ],
};

/// The libraries that the service promises; without any, the item is not looked at.
fn promised(subject: &Subject) -> Result<&[Library], Unseen> {
    let libraries = &subject.project.service.promises.libraries;
    if libraries.is_empty() {
        return Err(Unseen("the service names no library"));
    }
    Ok(libraries)
}

fn locked(subject: &Subject, findings: &mut Findings) -> Result<(), Unseen> {
    let (checkout, libraries) = (subject.checkout()?, promised(subject)?);
    for Library { name, purpose } in libraries {
        let versions = versions(checkout, name);
        findings.check(
            !versions.is_empty(),
            format!(
                "`{name}` {}, which {purpose}, in `{LOCK}`",
                versions.join(" and ")
            ),
            format!("`{name}`, which {purpose}, is not in `{LOCK}`"),
        );
    }
    Ok(())
}

fn in_binary(subject: &Subject, findings: &mut Findings) -> Result<(), Unseen> {
    let (layout, libraries) = (subject.image()?, promised(subject)?);
    for image in &layout.images {
        let packages = super::program::packages(image);
        for Library { name, purpose } in libraries {
            let found: Vec<_> = packages
                .iter()
                .filter(|package| package.name == *name)
                .map(|package| package.version.to_string())
                .collect();
            let whose = image.architecture();
            findings.check(
                !found.is_empty(),
                format!(
                    "`{name}` {}, which {purpose}, in the binary",
                    found.join(" and ")
                ),
                format!("`{name}`, which {purpose}, is not in the binary for {whose}"),
            );
        }
    }
    Ok(())
}

fn agree(subject: &Subject, findings: &mut Findings) -> Result<(), Unseen> {
    let (layout, checkout) = (subject.image()?, subject.checkout()?);
    for image in &layout.images {
        let packages = super::program::packages(image);
        let strangers = packages.iter().filter(|package| {
            let version = package.version.to_string();
            !versions(checkout, &package.name).contains(&version.as_str())
        });
        let strangers: Vec<_> = strangers
            .map(|package| format!("`{}` {}", package.name, package.version))
            .collect();
        let whose = image.architecture();
        let problem = format!("`{LOCK}` does not have what is in the binary for {whose}");
        findings.none_of(&strangers, &problem);
        let count = packages.len();
        if count == 0 {
            findings.fault(format!(
                "the binary for {whose} does not say what it was built from"
            ));
        } else if strangers.is_empty() {
            findings.seen(format!("every package of the binary is in `{LOCK}`"));
            findings.counted(format!("{count} packages, {whose}"));
        }
    }
    Ok(())
}

/// Every version of `name` that is locked.
fn versions<'a>(checkout: &'a Checkout, name: &'a str) -> Vec<&'a str> {
    let lock = checkout.lock().into_iter();
    lock.flat_map(|lock| lock.versions(name)).collect()
}
