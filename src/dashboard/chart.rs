//! A small bar chart of an hour: one bar per minute, with a subset drawn in front of the whole.
//!
//! The server draws it, so that it needs no script. It takes the colour of the surrounding text; the
//! style sheet can refine it by the classes `chart`, `chart-base` (the base line), `chart-all`,
//! `chart-part`, `chart-max` (the number).

use std::fmt::Write as _;

use askama::Template;

/// Distance between the centres of two bars, in units of the drawing.
const STEP: usize = 4;

/// Vertical position of the base line.
const GROUND: u8 = 55;

/// Height of the highest bar; the space above it is for its number.
const HEIGHT: u8 = 43;

/// Number of bars where nothing has been counted yet.
const EMPTY: usize = 60;

/// Data of a chart.
#[derive(Clone, Copy, Debug)]
pub struct Chart<'a> {
    /// Name of the counter, such as `Requests`: a screen reader says it first.
    pub name: &'a str,
    /// The numbers, one per minute, the oldest first.
    pub all: &'a [u64],
    /// Name of a subset, such as `errors`, and its numbers.
    pub part: Option<(&'a str, &'a [u64])>,
    /// True where the sum of all minutes has a meaning; the sum of queue lengths has none.
    pub adds_up: bool,
}

#[derive(Template)]
#[template(path = "dashboard/chart.svg")]
struct Drawing {
    width: usize,
    title: String,
    all: String,
    part: String,
    most: String,
}

impl Chart<'_> {
    /// Renders the chart as an SVG element; everything in it is escaped.
    ///
    /// # Errors
    /// None that a string could give.
    pub fn svg(&self) -> askama::Result<String> {
        let part = self.part.map_or(&[] as &[u64], |(_, numbers)| numbers);
        let most = self.most();
        let bars = self.all.len().max(part.len());
        let drawing = Drawing {
            width: STEP * if bars == 0 { EMPTY } else { bars },
            title: self.title(),
            all: path(self.all, most),
            part: path(part, most),
            most: short(most),
        };
        drawing.render()
    }

    /// The highest bar. A subset exceeds the whole only where the clocks of replicas differ.
    fn most(&self) -> u64 {
        let part = self.part.map_or(&[] as &[u64], |(_, numbers)| numbers);
        self.all.iter().chain(part).copied().max().unwrap_or(0)
    }

    /// The content of the chart in words.
    fn title(&self) -> String {
        let name = self.name;
        let most = self.most();
        if most == 0 {
            return format!("{name}: none in the last hour");
        }
        let mut title = format!("{name} in the last hour: ");
        // Writing to a string does not fail.
        let _ = if self.adds_up {
            write!(
                title,
                "{}, at most {} a minute",
                grouped(sum(self.all)),
                grouped(most)
            )
        } else {
            write!(title, "at most {}", grouped(most))
        };
        if let Some((name, numbers)) = self.part {
            let _ = write!(title, "; {name}: {}", grouped(sum(numbers)));
        }
        title
    }
}

fn sum(numbers: &[u64]) -> u64 {
    numbers
        .iter()
        .fold(0, |sum: u64, number| sum.saturating_add(*number))
}

/// Bars as strokes from the base line up, each relative to the end of the last one: `m4 9v-5`, which
/// is half as long as absolute positions. A number above zero is always visible.
fn path(numbers: &[u64], most: u64) -> String {
    let mut path = String::new();
    // Position of the pen: distance to the next bar, and height above the base line.
    let (mut behind, mut above) = (0, 0);
    for (index, number) in numbers.iter().enumerate() {
        behind += STEP;
        let height = height(*number, most);
        if height == 0 {
            continue;
        }
        // Writing to a string does not fail.
        let _ = if path.is_empty() {
            write!(path, "M{} {GROUND}v-{height}", index * STEP + STEP / 2)
        } else {
            write!(path, "m{behind} {above}v-{height}")
        };
        (behind, above) = (0, height);
    }
    path
}

fn height(number: u64, most: u64) -> u8 {
    let scaled = (u128::from(number) * u128::from(HEIGHT)).div_ceil(u128::from(most.max(1)));
    u8::try_from(scaled).unwrap_or(HEIGHT)
}

/// A number with thousands separators: `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number in at most four characters: `950`, `12k`, `3.4M`.
fn short(number: u64) -> String {
    let units = ["", "k", "M", "G", "T", "P", "E"];
    let (mut whole, mut tenths, mut unit) = (number, 0, 0);
    while whole >= 1000 && unit + 1 < units.len() {
        (whole, tenths) = (whole / 1000, whole % 1000 / 100);
        unit += 1;
    }
    let unit = units.get(unit).copied().unwrap_or_default();
    if whole < 10 && tenths > 0 {
        format!("{whole}.{tenths}{unit}")
    } else {
        format!("{whole}{unit}")
    }
}

#[cfg(test)]
mod tests;
