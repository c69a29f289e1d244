//! Which name was meant: near misses among variables, and the nearest name for a person who asks.

/// Variables of every shell and container that are never a misspelt setting.
const WELL_KNOWN: [&str; 28] = [
    "CARGO",
    "COLUMNS",
    "DISPLAY",
    "EDITOR",
    "HISTFILE",
    "HISTSIZE",
    "HOME",
    "HOSTNAME",
    "HOSTTYPE",
    "LANG",
    "LANGUAGE",
    "LESSOPEN",
    "LINES",
    "LOGNAME",
    "LS_COLORS",
    "MAIL",
    "MANPATH",
    "OLDPWD",
    "OSTYPE",
    "PAGER",
    "PATH",
    "PWD",
    "RUST_LOG",
    "SHELL",
    "SHLVL",
    "TERM",
    "TMPDIR",
    "USER",
];

/// The known name that `name` nearly is: at most two edits away (a swap of neighbours counts as
/// one), fewer where the names are short, for short words are near each other by chance.
pub(super) fn near_miss<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if WELL_KNOWN.contains(&name) {
        return None;
    }
    let upper = name.to_ascii_uppercase();
    let length = name.chars().count();
    known
        .filter_map(|candidate| {
            let allowed = edits_allowed(length.min(candidate.len()));
            // Measuring the distance takes the product of both lengths; this is the least it can be.
            if length.abs_diff(candidate.chars().count()) > allowed {
                return None;
            }
            let distance = strsim::damerau_levenshtein(&upper, candidate);
            (distance <= allowed).then_some((distance, candidate))
        })
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// Edits that two names may be apart of which the shorter has `length` characters.
fn edits_allowed(length: usize) -> usize {
    match length {
        0..5 => 0,
        5 => 1,
        _ => 2,
    }
}

/// The known name most like `name`, case aside, where any is like it at all.
#[must_use]
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    /// Below this, a suggestion is noise.
    const ALIKE: f64 = 0.75;
    /// Longest name that is compared, in bytes: comparing takes the product of the lengths.
    const LONGEST: usize = 256;

    if name.len() > LONGEST {
        return None;
    }
    let upper = name.to_ascii_uppercase();
    known
        .map(|candidate| {
            let likeness = strsim::jaro_winkler(&upper, &candidate.to_ascii_uppercase());
            (likeness, candidate)
        })
        .filter(|&(likeness, _)| likeness >= ALIKE)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests;
