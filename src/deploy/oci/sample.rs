//! Programs and certificates for tests of this module.

#[path = "../../../tests/it/support/certificate.rs"]
mod certificate;
#[path = "../../../tests/it/support/elf.rs"]
mod elf;

use serde_json::Value;

pub(super) use self::certificate::CERTIFICATE;
pub(crate) use self::elf::{AMD64, ARM64, Elf, packed};
use super::ca::CaBundle;
use super::created::Created;
use super::format::{Format, Output};
use super::layer::Compression;
use super::platform::Platform;
use super::program::{Package, Program};
use super::read::layout::Layout;
use super::reference::Reference;
use super::rendered::{Files, render};
use super::request::Request;
use crate::deploy::sample::service;
use crate::deploy::service::Service;

/// A bundle of one.
pub(super) fn ca_bundle() -> CaBundle {
    CaBundle::read(CERTIFICATE.into()).unwrap()
}

/// The crates of the program `shop`, as cargo-auditable writes them.
pub(crate) fn crates() -> String {
    serde_json::json!({ "packages": [
        { "name": "cc", "version": "1.2.3", "source": "crates.io", "kind": "build" },
        {
            "name": "ring_ish", "version": "0.1.0-rc.1+build", "source": "git",
            "dependencies": [0, 2],
        },
        { "name": "serde", "version": "1.0.200", "source": "crates.io" },
        {
            "name": "shop", "version": "1.2.3", "source": "local", "root": true,
            "dependencies": [0, 1],
        },
    ]})
    .to_string()
}

/// The same, as it is read back.
pub(super) fn packages() -> Vec<Package> {
    let program = Program::read(&program(AMD64)).unwrap();
    program.packages.unwrap()
}

/// The program `shop` for a processor.
pub(super) fn program(machine: u16) -> Vec<u8> {
    Elf::new(machine, &crates()).bytes()
}

/// Asks for an image of `shop` for one platform.
pub(super) fn request() -> Request {
    Request {
        programs: vec![(Platform::Amd64, program(AMD64))],
        ca_bundle: ca_bundle(),
        reference: Reference::new("shop", "1.2.3").unwrap(),
        compression: Compression::Gzip,
        revision: Some("8cc3c4f".parse().unwrap()),
        created: Created::default(),
    }
}

/// The same for two.
pub(super) fn request_for_two() -> Request {
    let mut request = request();
    // In the other order, which must not matter.
    request
        .programs
        .insert(0, (Platform::Arm64, program(ARM64)));
    request
}

/// The request for a program of which one line was edited.
pub(super) fn edited() -> Request {
    let mut elf = Elf::new(AMD64, &crates());
    elf.filling = b"edited".to_vec();
    let mut request = request();
    request.programs[0].1 = elf.bytes();
    request
}

/// The image of `shop` in one format.
pub(super) fn output(request: &Request, format: Format) -> Output {
    let rendered = render(&service(), request).unwrap();
    rendered.output(format).unwrap()
}

/// The files in it, by path.
pub(super) fn files(request: &Request, format: Format) -> Files {
    output(request, format).main.files().clone()
}

/// One of them, read as JSON.
pub(super) fn json(files: &Files, path: &str) -> Value {
    serde_json::from_slice(&files[path]).unwrap()
}

/// An image of `service` for one platform, as it is read back.
pub(crate) fn layout(service: &Service) -> Layout {
    let rendered = render(service, &request()).unwrap();
    Layout::of_files(&rendered.layout(true).unwrap()).unwrap()
}
