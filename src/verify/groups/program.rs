//! The program in the image, by what its file says of itself: static, for the right processor, and
//! of which packages.

use crate::deploy::oci::platform::Platform;
use crate::deploy::oci::program::{Package, Program};
use crate::deploy::oci::read::layout::Image;
use crate::deploy::service::Service;
use crate::verify::findings::Findings;
use crate::verify::item::{Group, Item, Look};

/// See the module.
pub(in crate::verify) const GROUP: Group = Group {
    title: "Program",
    items: &[
        Item {
            id: "program-static",
            question: "Is the program linked statically, so that it needs nothing beside it?",
            look: Look::Programs(is_static),
        },
        Item {
            id: "program-architecture",
            question: "Is the program for the processor that its image says?",
            look: Look::Programs(architecture),
        },
        Item {
            id: "program-version",
            question: "Is the program of the version that is released?",
            look: Look::Programs(version),
        },
        Item {
            id: "sbom-complete",
            question: "Does the image carry an SBOM, and does it list what is in the program, no \
                       more and no less?",
            look: Look::Programs(sbom),
        },
    ],
};

/// The packages of the program of `image`; nothing where it does not list them.
pub(super) fn packages(image: &Image) -> Vec<Package> {
    let program = image
        .program()
        .and_then(|file| Program::read(&file.content).ok());
    program
        .and_then(|program| program.packages)
        .unwrap_or_default()
}

fn is_static(_: &Service, _: &Image, whose: &str, program: &Program, findings: &mut Findings) {
    let needs = program.interpreter.iter().chain(&program.needed);
    let needs: Vec<_> = needs.map(|one| format!("`{one}`")).collect();
    findings.check(
        program.is_static(),
        "no interpreter, no shared library",
        format!("{whose}: it loads {}", needs.join(", ")),
    );
}

fn architecture(_: &Service, _: &Image, whose: &str, program: &Program, findings: &mut Findings) {
    let found = program.platform.map(Platform::architecture);
    if found == Some(whose) {
        findings.seen("the header of the file and the configuration of the image agree");
        findings.counted(format!("{}, `{whose}`", program.machine));
    } else {
        let machine = &program.machine;
        findings.fault(format!("{whose}: the program is for {machine}"));
    }
}

fn version(service: &Service, _: &Image, whose: &str, program: &Program, findings: &mut Findings) {
    match program.root() {
        Some(root) if root.version.to_string() == service.version => {
            findings.seen("it is the one that the code says");
            findings.counted(format!("`{}` {}", root.name, root.version));
        }
        Some(root) => findings.fault(format!(
            "{whose}: it is {} {}, and {} is released",
            root.name, root.version, service.version
        )),
        None => findings.fault(format!("{whose}: it does not say what it was built from")),
    }
}

fn sbom(_: &Service, image: &Image, whose: &str, program: &Program, findings: &mut Findings) {
    let Some(document) = &image.sbom else {
        findings.fault(format!(
            "{whose}: there is no SBOM that refers to the image"
        ));
        return;
    };
    let mut listed: Vec<(String, String)> = components(document);
    listed.extend(component(&document["metadata"]["component"]));
    let built = program.packages.iter().flatten();
    let built: Vec<_> = built
        .map(|package| (package.name.clone(), package.version.to_string()))
        .collect();
    let lacks = |these: &[(String, String)], those: &[(String, String)]| {
        let missing = these.iter().filter(|one| !those.contains(one));
        missing
            .map(|(name, version)| format!("`{name}` {version}"))
            .collect::<Vec<_>>()
    };
    findings.none_of(&lacks(&built, &listed), &format!("{whose}: the SBOM lacks"));
    let surplus = format!("{whose}: the SBOM lists what is not in the program");
    findings.none_of(&lacks(&listed, &built), &surplus);
    let format = document["bomFormat"].as_str().unwrap_or("no known format");
    if built.is_empty() {
        findings.fault(format!(
            "{whose}: the program does not say what it was built from"
        ));
    } else if findings.faults.is_empty() {
        findings.seen(format!("{format}, as a referrer of the image"));
        findings.counted(format!("{} packages, {whose}", built.len()));
    }
}

/// Names and versions of the components of a CycloneDX document.
fn components(document: &serde_json::Value) -> Vec<(String, String)> {
    let list = document["components"].as_array().into_iter().flatten();
    list.filter_map(component).collect()
}

fn component(value: &serde_json::Value) -> Option<(String, String)> {
    let text = |key: &str| value[key].as_str().map(str::to_owned);
    text("name").zip(text("version"))
}
