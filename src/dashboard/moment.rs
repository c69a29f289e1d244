//! Times and durations as people read them.

use std::fmt;

use askama::filters::HtmlSafe;

use crate::clock::Timestamp;

/// A time in UTC to the minute; its `datetime` attribute has the second.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment(pub(super) Timestamp);

/// A time in UTC to the second, for lists in which the order within a minute matters.
#[derive(Clone, Copy, Debug)]
pub(super) struct Exact(pub(super) Timestamp);

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(f, self.0, false)
    }
}

impl fmt::Display for Exact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(f, self.0, true)
    }
}

// Digits and fixed words only.
impl HtmlSafe for Moment {}
impl HtmlSafe for Exact {}

fn write(f: &mut fmt::Formatter<'_>, at: Timestamp, with_seconds: bool) -> fmt::Result {
    let at = at.to_utc();
    let (year, month, day) = at.to_calendar_date();
    let (hour, minute, second) = at.to_hms();
    let month = u8::from(month);
    write!(
        f,
        "<time datetime=\"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z\">\
         {year:04}-{month:02}-{day:02} {hour:02}:{minute:02}"
    )?;
    if with_seconds {
        write!(f, ":{second:02}")?;
    }
    f.write_str("</time>")
}

/// A duration in seconds as its two largest units: "3 days 4 hours".
pub(super) fn span(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let units = [
        (86_400, "day"),
        (3_600, "hour"),
        (60, "minute"),
        (1, "second"),
    ];
    let first = units.iter().position(|(size, _)| seconds >= *size);
    let first = first.unwrap_or(units.len() - 1);
    let mut words = Vec::new();
    let mut rest = seconds;
    for (size, name) in units.iter().skip(first).take(2) {
        let count = rest / size;
        rest %= size;
        if count > 0 || words.is_empty() {
            let plural = if count == 1 { "" } else { "s" };
            words.push(format!("{count} {name}{plural}"));
        }
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moment_shows_minutes_and_carries_seconds() {
        assert_eq!(
            Moment(Timestamp::from_millis(1_767_323_045_678)).to_string(),
            "<time datetime=\"2026-01-02T03:04:05Z\">2026-01-02 03:04</time>"
        );
        assert_eq!(
            Exact(Timestamp::from_millis(1_767_323_045_678)).to_string(),
            "<time datetime=\"2026-01-02T03:04:05Z\">2026-01-02 03:04:05</time>"
        );
    }

    #[test]
    fn span_has_two_units_at_most() {
        for (seconds, words) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (61, "1 minute 1 second"),
            (3_600, "1 hour"),
            (90_061, "1 day 1 hour"),
            (-5, "0 seconds"),
        ] {
            assert_eq!(span(seconds), words);
        }
    }
}
