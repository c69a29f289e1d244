//! An executable file as it describes itself: its processor, the libraries that it would load
//! first, and of which crates it is made.
//!
//! The file is never run. Its format is ELF (System V ABI, `gabi`), the list of crates the section
//! `.dep-v0` that cargo-auditable writes: JSON, compressed with zlib.

use std::io::Read as _;

use auditable_serde::VersionInfo;
pub use auditable_serde::{DependencyKind, Package, Source};
use flate2::read::ZlibDecoder;
use object::elf::{self, FileHeader64};
use object::read::elf::{Dyn as _, FileHeader as _, ProgramHeader as _, SectionHeader as _};
use object::{Endianness, StringTable};

use super::platform::Platform;

/// The section of cargo-auditable.
const SECTION: &[u8] = b".dep-v0";

/// The largest list of crates that is unpacked: a few bytes can be made to unpack to gigabytes.
/// Two hundred crates take twenty thousand bytes.
const MOST_BYTES: u64 = 8 * 1024 * 1024;

/// An executable file for Linux.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Its platform; none for a processor that images are not made for.
    pub platform: Option<Platform>,
    /// Its processor, in words.
    pub machine: String,
    /// The dynamic linker that it asks for (`PT_INTERP`); none in a static program.
    pub interpreter: Option<String>,
    /// Libraries that it would load (`DT_NEEDED`); none in a static program.
    pub needed: Vec<String>,
    /// Its crates, itself among them (`root`); none where it was not built with cargo-auditable.
    pub packages: Option<Vec<Package>>,
}

/// A file that no image can run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProgramError {
    /// Something else.
    #[error("is not an ELF file; name a program that was built for Linux")]
    NotElf,
    /// Begins like one.
    #[error("is truncated or damaged ({0}); build it or copy it again")]
    Damaged(String),
    /// An object file, a library, a core dump.
    #[error("is an ELF file, but not an executable; name the executable")]
    NoProgram,
    /// A processor without images.
    #[error("is a program for {0}; images are made for amd64 and arm64")]
    Machine(String),
    /// Another processor than was asked for.
    #[error("is a program for {found}, and was given for {wanted}; build it for {wanted}")]
    Foreign {
        /// The program's platform.
        found: Platform,
        /// The requested platform.
        wanted: Platform,
    },
    /// Needs what the image does not have.
    #[error(
        "is linked dynamically (needs {0}), and the image holds no libraries; link it statically: \
         for a musl target, or with -C target-feature=+crt-static"
    )]
    Dynamic(String),
    /// No list of crates.
    #[error(
        "holds no dependency data, which the SBOM is made of; build it with `cargo auditable build`"
    )]
    NoDependencies,
    /// A list that cannot be read.
    #[error("holds dependency data that cannot be read ({0}); build it again")]
    BadDependencies(String),
}

impl Program {
    /// Reads the file whose content is `bytes`.
    ///
    /// # Errors
    /// [`ProgramError`] for what is no whole executable, or whose list of crates is broken. Static
    /// or not, and for which processor, is not judged here but in [`Self::fits`].
    pub fn read(bytes: &[u8]) -> Result<Self, ProgramError> {
        if !bytes.starts_with(&elf::ELFMAG) {
            return Err(ProgramError::NotElf);
        }
        // EI_CLASS. The parser of 64-bit files would only call it unsupported.
        if bytes.get(4) == Some(&1) {
            return Err(ProgramError::Machine("a 32-bit processor".to_owned()));
        }
        let header = FileHeader64::<Endianness>::parse(bytes).map_err(damaged)?;
        let endian = header.endian().map_err(damaged)?;
        let executable = [elf::ET_EXEC, elf::ET_DYN].contains(&header.e_type(endian));
        // A library is ET_DYN, as a position-independent program is, but has no entry point.
        if !executable || header.e_entry(endian) == 0 {
            return Err(ProgramError::NoProgram);
        }
        let (platform, machine) = match header.e_machine(endian) {
            elf::EM_X86_64 => (Some(Platform::Amd64), "x86-64".to_owned()),
            elf::EM_AARCH64 => (Some(Platform::Arm64), "AArch64".to_owned()),
            elf::EM_RISCV => (None, "RISC-V".to_owned()),
            elf::EM_PPC64 => (None, "PowerPC".to_owned()),
            elf::EM_S390 => (None, "S/390".to_owned()),
            other => (None, format!("processor number {other:?} of ELF")),
        };
        let segments = header.program_headers(endian, bytes).map_err(damaged)?;
        let mut program = Self {
            platform,
            machine,
            interpreter: None,
            needed: Vec::new(),
            packages: None,
        };
        for segment in segments {
            // An interrupted copy keeps its header, and would run until it reads beyond its end
            // (SIGBUS).
            if segment.data(endian, bytes).is_err() {
                return Err(ProgramError::Damaged(
                    "a segment ends after the file".to_owned(),
                ));
            }
            if let Some(path) = segment.interpreter(endian, bytes).map_err(damaged)? {
                program.interpreter = Some(String::from_utf8_lossy(path).into_owned());
            }
            if let Some(entries) = segment.dynamic(endian, bytes).map_err(damaged)? {
                program
                    .needed
                    .extend(needed(endian, bytes, segments, entries));
            }
        }
        let sections = header.sections(endian, bytes).map_err(damaged)?;
        if let Some((_, section)) = sections.section_by_name(endian, SECTION) {
            let packed = section.data(endian, bytes).map_err(damaged)?;
            program.packages = Some(packages(packed)?);
        }
        Ok(program)
    }

    /// Checks whether an image can hold it, and returns its platform; `wanted` is the requested
    /// one, where there is one.
    ///
    /// # Errors
    /// [`ProgramError`] with the first reason why not.
    pub fn fits(&self, wanted: Option<Platform>) -> Result<Platform, ProgramError> {
        let Some(found) = self.platform else {
            return Err(ProgramError::Machine(self.machine.clone()));
        };
        if let Some(wanted) = wanted.filter(|wanted| *wanted != found) {
            return Err(ProgramError::Foreign { found, wanted });
        }
        if !self.is_static() {
            let linker = self.interpreter.iter();
            let all: Vec<_> = linker.chain(&self.needed).map(String::as_str).collect();
            return Err(ProgramError::Dynamic(all.join(", ")));
        }
        if self.packages.is_none() {
            return Err(ProgramError::NoDependencies);
        }
        Ok(found)
    }

    /// Checks whether it starts without anything beside it.
    #[must_use]
    pub fn is_static(&self) -> bool {
        self.interpreter.is_none() && self.needed.is_empty()
    }

    /// The crate that the program is of, where the list says it.
    #[must_use]
    pub fn root(&self) -> Option<&Package> {
        self.packages.iter().flatten().find(|package| package.root)
    }
}

/// The libraries that a dynamic segment names. Names that cannot be found are given as `?`: what
/// counts is that there are some.
fn needed(
    endian: Endianness,
    bytes: &[u8],
    segments: &[elf::ProgramHeader64<Endianness>],
    entries: &[elf::Dyn64<Endianness>],
) -> Vec<String> {
    let value = |tag: elf::DynamicTag| {
        let entry = entries.iter().find(|entry| entry.d_tag(endian) == tag);
        entry.map(|entry| entry.d_val(endian))
    };
    let table = value(elf::DT_STRTAB).zip(value(elf::DT_STRSZ));
    let table = table.and_then(|(address, size)| {
        let mut parts = segments
            .iter()
            .filter(|part| part.p_type(endian) == elf::PT_LOAD);
        parts.find_map(|part| part.data_range(endian, bytes, address, size).ok().flatten())
    });
    let table = table.map(|table| StringTable::new(table, 0, table.len() as u64));
    let name = |offset: u64| {
        let offset = u32::try_from(offset).ok()?;
        let name = table.as_ref()?.get(offset).ok()?;
        Some(String::from_utf8_lossy(name).into_owned())
    };
    entries
        .iter()
        .take_while(|entry| entry.d_tag(endian) != elf::DT_NULL)
        .filter(|entry| entry.d_tag(endian) == elf::DT_NEEDED)
        .map(|entry| name(entry.d_val(endian)).unwrap_or_else(|| "?".to_owned()))
        .collect()
}

/// The list of crates in the section `packed`.
fn packages(packed: &[u8]) -> Result<Vec<Package>, ProgramError> {
    let bad = |reason: String| ProgramError::BadDependencies(reason);
    let mut text = String::new();
    ZlibDecoder::new(packed)
        .take(MOST_BYTES + 1)
        .read_to_string(&mut text)
        .map_err(|error| bad(error.to_string()))?;
    if text.len() as u64 > MOST_BYTES {
        return Err(bad(format!("it is larger than {MOST_BYTES} bytes")));
    }
    let info: VersionInfo = text
        .parse()
        .map_err(|error: serde_json::Error| bad(error.to_string()))?;
    if info.packages.is_empty() {
        return Err(bad("it lists no crate".to_owned()));
    }
    Ok(info.packages)
}

fn damaged(error: object::read::Error) -> ProgramError {
    ProgramError::Damaged(error.to_string())
}

#[cfg(test)]
mod tests;
