//! Unit tests of `program`.

use proptest::prelude::*;

use super::*;
use crate::deploy::oci::sample::{AMD64, ARM64, Elf, crates, packed, program};
use crate::deploy::sample::assert_holds;

fn refused(elf: &Elf) -> String {
    let read = Program::read(&elf.bytes());
    read.and_then(|program| program.fits(None))
        .unwrap_err()
        .to_string()
}

fn sound() -> Elf {
    Elf::new(AMD64, &crates())
}

#[test]
fn a_static_program_tells_its_processor_and_its_crates() {
    let read = Program::read(&program(ARM64)).unwrap();
    assert_eq!(read.fits(None), Ok(Platform::Arm64));
    assert_eq!(read.interpreter, None);
    assert!(read.needed.is_empty());
    let names: Vec<_> = read
        .packages
        .iter()
        .flatten()
        .map(|p| p.name.as_str())
        .collect();
    assert_eq!(names, ["cc", "ring_ish", "serde", "shop"]);
    assert_eq!(read.root().unwrap().version.to_string(), "1.2.3");
}

#[test]
fn dynamic_programs_are_refused_with_what_they_need() {
    let mut elf = sound();
    elf.interpreter = Some("/lib64/ld-linux-x86-64.so.2");
    assert_holds(&refused(&elf), &["/lib64/ld-linux-x86-64.so.2"]);
    elf.needed = Some("libc.so.6");
    assert_holds(&refused(&elf), &["ld-linux-x86-64.so.2, libc.so.6"]);
    elf.interpreter = None;
    assert_holds(&refused(&elf), &["(needs libc.so.6)", "crt-static"]);
}

#[test]
fn other_processors_are_refused() {
    let mut elf = sound();
    elf.machine = 243;
    assert!(refused(&elf).contains("for RISC-V"));
    elf.machine = 4711;
    assert!(refused(&elf).contains("4711"));
    let mut small = sound().bytes();
    small[4] = 1;
    assert_holds(&Program::read(&small).unwrap_err(), &["32-bit"]);
    let read = Program::read(&sound().bytes()).unwrap();
    assert_holds(
        &read.fits(Some(Platform::Arm64)).unwrap_err(),
        &["for linux/amd64, and was given for linux/arm64"],
    );
}

#[test]
fn a_file_that_is_not_a_program_is_refused() {
    for other in [&b""[..], b"#!/bin/sh\n", b"\x7fEL", b"MZ\0\0"] {
        assert_eq!(Program::read(other), Err(ProgramError::NotElf));
    }
    let mut object = sound();
    object.kind = 1;
    assert_eq!(Program::read(&object.bytes()), Err(ProgramError::NoProgram));
}

#[test]
fn a_program_without_the_list_of_its_crates_is_refused() {
    let mut elf = sound();
    elf.crates = None;
    assert_holds(&refused(&elf), &["cargo auditable build"]);
}

#[test]
fn a_list_that_cannot_be_read_is_refused() {
    let none = packed(br#"{"packages":[]}"#);
    let cut = packed(crates().as_bytes());
    let bomb = packed(&vec![b' '; usize::try_from(MOST_BYTES).unwrap() + 1]);
    for (section, why) in [
        (b"plain text".to_vec(), "cannot be read"),
        (cut[..cut.len() / 2].to_vec(), "cannot be read"),
        (packed(b"[1, 2]"), "cannot be read"),
        (packed(b"\xff\xfe"), "cannot be read"),
        (none, "lists no crate"),
        (bomb, "larger than"),
    ] {
        let mut elf = sound();
        elf.crates = Some(section);
        let error = refused(&elf);
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn a_file_that_ends_early_is_refused_wherever_it_ends() {
    let whole = sound().bytes();
    for length in 4..whole.len() {
        let read = Program::read(&whole[..length]).and_then(|program| program.fits(None));
        assert!(read.is_err(), "{length} of {}", whole.len());
    }
}

proptest! {
    #[test]
    fn no_input_crashes_the_reader(
        at in 0usize..400,
        bytes in proptest::collection::vec(any::<u8>(), 1..16),
    ) {
        let mut file = sound().bytes();
        let end = (at + bytes.len()).min(file.len());
        file[at..end].copy_from_slice(&bytes[..end - at]);
        let _ = Program::read(&file).and_then(|program| program.fits(None));
    }
}
