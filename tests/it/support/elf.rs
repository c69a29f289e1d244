//! The smallest programs that there are: an ELF file of a few hundred bytes that ends at once with
//! exit code 0, static or not, with or without the list of its crates.
//!
//! The unit tests of the library use them, too.

use std::io::Write as _;

/// The processors of ELF that programs are made for here.
pub(crate) const AMD64: u16 = 62;
pub(crate) const ARM64: u16 = 183;

/// `exit(0)` on both.
const EXIT_AMD64: &[u8] = &[0x31, 0xff, 0xb8, 0x3c, 0, 0, 0, 0x0f, 0x05];
const EXIT_ARM64: &[u8] = &[0, 0, 0x80, 0xd2, 0xa8, 0x0b, 0x80, 0xd2, 0x01, 0, 0, 0xd4];

/// Where the file begins in memory.
const ADDRESS: u64 = 0x40_0000;

/// What a file says of itself.
#[derive(Debug, Clone)]
pub(crate) struct Elf {
    pub(crate) machine: u16,
    /// 2: a program, 1: an object file.
    pub(crate) kind: u16,
    pub(crate) interpreter: Option<&'static str>,
    pub(crate) needed: Option<&'static str>,
    /// The content of `.dep-v0`.
    pub(crate) crates: Option<Vec<u8>>,
    /// More bytes, so that two programs differ.
    pub(crate) filling: Vec<u8>,
}

impl Elf {
    /// A static program with the list `crates`, which is JSON.
    pub(crate) fn new(machine: u16, crates: &str) -> Self {
        Self {
            machine,
            kind: 2,
            interpreter: None,
            needed: None,
            crates: Some(packed(crates.as_bytes())),
            filling: Vec::new(),
        }
    }

    /// The file.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let code = if self.machine == ARM64 {
            EXIT_ARM64
        } else {
            EXIT_AMD64
        };
        let count = 1 + u16::from(self.interpreter.is_some()) + u16::from(self.needed.is_some());
        let mut body = Body(64 + 56 * u64::from(count), Vec::new());
        let code = body.put(code);
        body.put(&self.filling);
        let mut segments = Vec::new();
        if let Some(path) = self.interpreter {
            let (at, size) = body.put(format!("{path}\0").as_bytes());
            segments.push((3, at, size));
        }
        if let Some(name) = self.needed {
            let (names, size) = body.put(format!("\0{name}\0").as_bytes());
            // DT_NEEDED, DT_STRTAB, DT_STRSZ, DT_NULL.
            let entries = [1, 1, 5, ADDRESS + names, 10, size, 0, 0];
            let bytes: Vec<u8> = entries.iter().flat_map(|word| word.to_le_bytes()).collect();
            let (at, size) = body.put(&bytes);
            segments.push((2, at, size));
        }
        let crates = self.crates.as_ref().map(|bytes| body.put(bytes));
        let names = body.put(b"\0.dep-v0\0.shstrtab\0");
        body.put(&[]);
        let sections = body.0;
        let mut list = vec![[0; 3]];
        list.extend(crates.map(|(at, size)| [1, at, size]));
        list.push([9, names.0, names.1]);
        let mut file = self.header(count, sections, list.len(), ADDRESS + code.0);
        file.extend(segment(1, 0, sections));
        for (kind, at, size) in segments {
            file.extend(segment(kind, at, size));
        }
        file.extend(body.1);
        for [name, at, size] in list {
            file.extend(section(name, at, size));
        }
        file
    }

    fn header(&self, segments: u16, sections: u64, count: usize, entry: u64) -> Vec<u8> {
        let mut out = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
        out.extend(self.kind.to_le_bytes());
        out.extend(self.machine.to_le_bytes());
        out.extend(1u32.to_le_bytes());
        for word in [entry, 64, sections] {
            out.extend(word.to_le_bytes());
        }
        out.extend(0u32.to_le_bytes());
        let count = u16::try_from(count).expect("few");
        for half in [64, 56, segments, 64, count, count - 1] {
            out.extend(half.to_le_bytes());
        }
        out
    }
}

/// What comes after the headers: where it ends, and its bytes.
struct Body(u64, Vec<u8>);

impl Body {
    /// Adds `bytes` at the next multiple of eight; where, and how many.
    fn put(&mut self, bytes: &[u8]) -> (u64, u64) {
        while !self.0.is_multiple_of(8) {
            self.1.push(0);
            self.0 += 1;
        }
        let at = self.0;
        self.1.extend(bytes);
        self.0 += bytes.len() as u64;
        (at, bytes.len() as u64)
    }
}

fn segment(kind: u32, at: u64, size: u64) -> Vec<u8> {
    let mut out = Vec::new();
    // To be read and to be executed.
    out.extend(kind.to_le_bytes());
    out.extend(5u32.to_le_bytes());
    for word in [at, ADDRESS + at, ADDRESS + at, size, size, 0x1000] {
        out.extend(word.to_le_bytes());
    }
    out
}

fn section(name: u64, at: u64, size: u64) -> Vec<u8> {
    let mut out = Vec::new();
    let kind = match name {
        0 => 0u64,
        9 => 3,
        _ => 1,
    };
    // The name is an offset into the names, and shares a word with the kind.
    out.extend((name | kind << 32).to_le_bytes());
    for word in [0, 0, at, size, 0, 1, 0] {
        out.extend(u64::to_le_bytes(word));
    }
    out
}

/// `bytes` as cargo-auditable packs them.
pub(crate) fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}
