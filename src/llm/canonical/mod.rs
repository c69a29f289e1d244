//! A request body as the cache compares it: two bodies that say the same have one digest, two that
//! say anything different have two.
//!
//! White space, the spelling of strings and the order of the body's own members make no difference.
//! Below them order counts: models answer in the order of a schema's `properties`. Whole numbers count
//! exactly. The digest is computed while the body is read: no tree is built, because one takes up to
//! sixteen times the memory of the body. Held are 32 bytes for each member of the objects that are
//! open, to find a key that stands twice, and 64 more for each of the body's own members.

mod external;
mod facts;
mod hasher;
mod reader;

pub(super) use self::facts::{Canonical, UpstreamState};
use self::hasher::BodyHasher;
use super::error::Error;
use super::meter::has_figures;

/// Reads a JSON object.
///
/// # Errors
/// [`Error::Malformed`] for what is not JSON, is nested more than 127 deep, or holds a key twice;
/// [`Error::Invalid`] for JSON that is not an object, and for one with more than a million items or
/// 65,536 members.
pub(super) fn read(body: &[u8]) -> Result<Canonical, Error> {
    let canonical = BodyHasher::of(body).map_err(|fault| fault.error(body))?;
    Ok(Canonical {
        figures: has_figures(body),
        ..canonical
    })
}

#[cfg(test)]
mod tests;
