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
        let wrong = || InputError::Created(text.to_owned());
        let time = match text.parse::<u64>() {
            Ok(seconds) => i64::try_from(seconds)
                .ok()
                .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok()),
            Err(_) => OffsetDateTime::parse(text, &Rfc3339).ok(),
        };
        let time = time
            .ok_or_else(wrong)?
            .replace_nanosecond(0)
            .map_err(|_| wrong())?;
        // RFC 3339 has years of four digits only.
        let utc = time
            .checked_to_offset(time::UtcOffset::UTC)
            .ok_or_else(wrong)?;
        (1970..=9999)
            .contains(&utc.year())
            .then_some(Self(utc))
            .ok_or_else(wrong)
    }
}

impl fmt::Display for Created {
    /// RFC 3339 in UTC: `1970-01-01T00:00:00Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (date, time) = (self.0.date(), self.0.time());
        let (year, month, day) = (date.year(), u8::from(date.month()), date.day());
        let (hour, minute, second) = time.as_hms();
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
        )
    }
}

#[cfg(test)]
mod tests;
