//! The content of the image.

use std::collections::BTreeMap;

use super::unwanted;
use crate::deploy::oci::entry::{Entry, Kind};
use crate::deploy::oci::read::layout::Image;
use crate::deploy::service::Service;
use crate::verify::findings::{Findings, Unseen};
use crate::verify::item::{Group, Item, Look};
use crate::verify::subject::{Image as Given, Subject};

/// See the module.
pub(in crate::verify) const GROUP: Group = Group {
    title: "Image",
    items: &[
        Item {
            id: "image-digests",
            question: "Is every blob what its digest says?",
            look: Look::Own(digests),
        },
        Item {
            id: "image-layers",
            question: "Are there two layers, the base first, and only the program in the other?",
            look: Look::Images(layers),
        },
        Item {
            id: "image-one-program",
            question: "Is the program the one file that can be executed?",
            look: Look::Images(one_program),
        },
        Item {
            id: "image-no-shell",
            question: "Is there no shell, and no script?",
            look: Look::Images(no_shell),
        },
        Item {
            id: "image-no-development",
            question: "Is there nothing that one builds with: compilers, package managers, \
                       headers, sources, repositories?",
            look: Look::Images(no_development),
        },
        Item {
            id: "image-no-setuid",
            question: "Is there no file that runs as another user, and no device?",
            look: Look::Images(no_setuid),
        },
        Item {
            id: "image-base-files",
            question: "Are the files there that TLS and the C library look for?",
            look: Look::Images(base_files),
        },
    ],
};

/// Files that are looked for by programs that were not told where else to look.
const BASE_FILES: &[&str] = &[
    "etc/ssl/certs/ca-certificates.crt",
    "etc/passwd",
    "etc/group",
    "etc/nsswitch.conf",
    "etc/os-release",
];

fn digests(subject: &Subject, findings: &mut Findings) -> Result<(), Unseen> {
    match subject.given_image()? {
        Given::Damaged(which) => findings.fault(which.clone()),
        Given::Whole(layout) => {
            findings.seen("index, manifest, configuration, layers and what is inside them");
            for image in &layout.images {
                let (whose, size) = (image.architecture(), image.size);
                findings.counted(format!("{whose}: {}, {size} bytes", image.digest));
            }
        }
    }
    Ok(())
}

/// The files of the running container, by path: the topmost entry of each.
pub(super) fn files(image: &Image) -> BTreeMap<&str, &Entry> {
    image
        .entries()
        .map(|entry| (entry.path.as_str(), entry))
        .collect()
}

fn layers(_: &Service, image: &Image, whose: &str, findings: &mut Findings) {
    let [base, program] = image.layers.as_slice() else {
        findings.fault(format!("{whose}: there are {} layers", image.layers.len()));
        return;
    };
    let path = image.program().map(|entry| entry.path.as_str());
    let content = |entry: &&Entry| entry.kind != Kind::Directory;
    let mut upper = program.entries.iter().filter(content);
    findings.check(
        upper.all(|entry| Some(entry.path.as_str()) == path),
        "above: the program",
        format!("{whose}: the second layer holds more than the program"),
    );
    findings.check(
        !base
            .entries
            .iter()
            .any(|entry| Some(entry.path.as_str()) == path),
        "below: what stays the same from release to release",
        format!("{whose}: the program is in the first layer"),
    );
    for (layer, name) in [(base, "base"), (program, "program")] {
        findings.counted(format!(
            "{whose}, {name}: {}, {} bytes",
            layer.digest, layer.size
        ));
    }
}

fn one_program(service: &Service, image: &Image, whose: &str, findings: &mut Findings) {
    let entrypoint = &service.program.entrypoint;
    let found = files(image)
        .into_values()
        .filter(|entry| entry.is_executable());
    let found: Vec<_> = found.map(|entry| format!("/{}", entry.path)).collect();
    findings.check(
        found == [entrypoint.as_str()],
        format!("`{entrypoint}`, and nothing else"),
        format!("{whose}: these can be executed: {}", found.join(", ")),
    );
}

fn no_shell(_: &Service, image: &Image, whose: &str, findings: &mut Findings) {
    let found = paths(image, unwanted::is_shell);
    findings.check(
        found.is_empty(),
        "no name of a shell, no file that begins with `#!`",
        format!("{whose}: {}", found.join(", ")),
    );
}

fn no_development(_: &Service, image: &Image, whose: &str, findings: &mut Findings) {
    let found = paths(image, unwanted::is_for_development);
    findings.check(
        found.is_empty(),
        format!("none of {}", unwanted::in_words()),
        format!("{whose}: {}", found.join(", ")),
    );
    findings.counted(format!("{whose}: {} files and folders", files(image).len()));
}

fn no_setuid(_: &Service, image: &Image, whose: &str, findings: &mut Findings) {
    let found = paths(image, |entry| {
        entry.kind == Kind::Special || entry.kind == Kind::File && entry.mode & 0o6000 != 0
    });
    findings.check(
        found.is_empty(),
        "no set-user, no set-group bit, no special file",
        format!("{whose}: {}", found.join(", ")),
    );
}

/// The paths of what `is` so, as they are in the container.
fn paths(image: &Image, is: impl Fn(&Entry) -> bool) -> Vec<String> {
    let found = files(image).into_values().filter(|entry| is(entry));
    found.map(|entry| format!("`/{}`", entry.path)).collect()
}

fn base_files(_: &Service, image: &Image, whose: &str, findings: &mut Findings) {
    for path in BASE_FILES {
        let filled = image.find(path).is_some_and(|entry| entry.size > 0);
        findings.check(
            filled,
            format!("`/{path}`"),
            format!("{whose}: `/{path}` is empty or not there"),
        );
    }
}
