//! The time that an image says it was made at. It is given, never asked of a clock.

use std::fmt;
use std::str::FromStr;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::error::InputError;

/// Whole seconds since 1970; that moment is the default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Created(OffsetDateTime);

impl Default for Created {
    fn default() -> Self {
        Self(OffsetDateTime::UNIX_EPOCH)
    }
}

impl FromStr for Created {
    type Err = InputError;

    /// Seconds since 1970, as in `SOURCE_DATE_EPOCH`, or RFC 3339 in any zone. Parts of a second
    /// are dropped.
    fn from_str(text: &str) -> Result<Self, InputError> {
        // Digits alone are no date of RFC 3339, so the two forms never overlap.
        let seconds = if let Ok(seconds) = text.parse::<u64>() {
            i64::try_from(seconds).ok()
        } else {
            let time = OffsetDateTime::parse(text, &Rfc3339).ok();
            time.map(OffsetDateTime::unix_timestamp)
        };
        let utc = seconds.and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
        // RFC 3339 has years of four digits only.
        utc.filter(|utc| (1970..=9999).contains(&utc.year()))
            .map(Self)
            .ok_or_else(|| InputError::Created(text.to_owned()))
    }
}

impl fmt::Display for Created {
    /// RFC 3339 in UTC: `1970-01-01T00:00:00Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.format(&Rfc3339).map_err(|_| fmt::Error)?)
    }
}

#[cfg(test)]
mod tests;
