//! A layer as bytes: a USTAR archive, and what it becomes for the way.
//!
//! Everything that could differ between two machines is set: the order, times (0), owners
//! (numbers), names of owners (none), and what a compressor says of itself.

use std::io::{self, Read};

use flate2::read::GzDecoder;
use oci_spec::image::MediaType;
use tar::{Archive, Builder, EntryType, Header};

use super::entry::{Entry, Kind};
use super::error::OciError;

/// Best of deflate.
const GZIP_LEVEL: u8 = 9;

/// The best of zstd that needs no more memory than usual to unpack.
const ZSTD_LEVEL: i32 = 19;

/// Compression of layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Read by every runtime.
    Gzip,
    /// A fifth smaller; read by containerd 1.5, Docker 23 and podman 4, and by what is newer.
    Zstd,
}

impl Compression {
    /// The type of a layer that is compressed so.
    pub(super) fn media_type(self) -> MediaType {
        match self {
            Self::Gzip => MediaType::ImageLayerGzip,
            Self::Zstd => MediaType::ImageLayerZstd,
        }
    }

    /// `bytes`, compressed; the same bytes every time and on every machine.
    pub(super) fn pack(self, bytes: &[u8]) -> Result<Vec<u8>, OciError> {
        match self {
            Self::Gzip => Ok(gzip(bytes)),
            // One thread: with several, the split of the work would show in the bytes.
            Self::Zstd => Ok(zstd::bulk::compress(bytes, ZSTD_LEVEL)?),
        }
    }
}

/// A gzip member (RFC 1952) without a time, a name or a system.
///
/// The deflate stream comes from `miniz_oxide` itself, not through `flate2`: which compressor is
/// behind that one is decided by whoever else uses it, and the bytes with it.
fn gzip(bytes: &[u8]) -> Vec<u8> {
    // Magic, deflate, no flags, no time, slowest, unknown system.
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255];
    out.extend(miniz_oxide::deflate::compress_to_vec(bytes, GZIP_LEVEL));
    out.extend(crc32fast::hash(bytes).to_le_bytes());
    // The length modulo 2^32, as the format has it.
    let length = (bytes.len() as u64).to_le_bytes();
    out.extend(&length[..4]);
    out
}

/// The archive of `entries`, which come in this order.
pub(super) fn archive(entries: &[Entry]) -> Result<Vec<u8>, OciError> {
    let mut builder = Builder::new(Vec::new());
    for entry in entries {
        let mut header = Header::new_ustar();
        let (kind, end) = match entry.kind {
            Kind::Directory => (EntryType::Directory, "/"),
            _ => (EntryType::Regular, ""),
        };
        header.set_entry_type(kind);
        header.set_path(format!("{}{end}", entry.path))?;
        header.set_mode(entry.mode);
        header.set_uid(entry.uid);
        header.set_gid(entry.gid);
        header.set_mtime(0);
        header.set_size(entry.content.len() as u64);
        header.set_cksum();
        builder.append(&header, entry.content.as_slice())?;
    }
    Ok(builder.into_inner()?)
}

/// The archive in `blob`, a layer of that type; `most` bytes at most.
pub(super) fn expand(media_type: &MediaType, blob: &[u8], most: u64) -> io::Result<Vec<u8>> {
    let reader: Box<dyn Read + '_> = match media_type {
        MediaType::ImageLayer => Box::new(blob),
        MediaType::ImageLayerGzip => Box::new(GzDecoder::new(blob)),
        MediaType::ImageLayerZstd => Box::new(zstd::stream::read::Decoder::new(blob)?),
        other => {
            return Err(io::Error::other(format!(
                "{other} is not a known type of layer"
            )));
        }
    };
    let mut out = Vec::new();
    // One byte more than allowed tells a layer of that size from one that goes on.
    reader.take(most + 1).read_to_end(&mut out)?;
    if out.len() as u64 > most {
        return Err(io::Error::other(format!(
            "it unpacks to more than {most} bytes"
        )));
    }
    Ok(out)
}

/// The entries of the archive `tar`, in its own order.
pub(super) fn entries(tar: &[u8]) -> io::Result<Vec<Entry>> {
    let mut archive = Archive::new(tar);
    archive.entries()?.map(|entry| read(entry?)).collect()
}

fn read(mut entry: tar::Entry<'_, &[u8]>) -> io::Result<Entry> {
    let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
    let header = entry.header();
    let kind = match header.entry_type() {
        EntryType::Directory => Kind::Directory,
        EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => Kind::File,
        EntryType::Symlink | EntryType::Link => Kind::Link,
        _ => Kind::Special,
    };
    let (mode, uid, gid) = (header.mode()?, header.uid()?, header.gid()?);
    let mut content = Vec::new();
    if kind == Kind::Link {
        content.extend(entry.link_name_bytes().unwrap_or_default().iter());
    } else {
        entry.read_to_end(&mut content)?;
    }
    Ok(Entry {
        path: path.trim_start_matches("./").trim_matches('/').to_owned(),
        kind,
        mode: mode & 0o7777,
        uid,
        gid,
        size: content.len() as u64,
        content,
    })
}

#[cfg(test)]
mod tests;
