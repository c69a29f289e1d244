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

/// How many edits two names may be apart of which the shorter has `length` characters.
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KNOWN: [&str; 5] = ["REDIS_AUTH_DB", "REDIS_URL", "LOG_LEVEL", "PORT", "TOKEN"];

    fn miss(name: &str) -> Option<&'static str> {
        near_miss(name, KNOWN.into_iter())
    }

    #[test]
    fn two_edits_are_near_and_three_are_not() {
        assert_eq!(miss("REDIS_AUHT_DB"), Some("REDIS_AUTH_DB"));
        assert_eq!(miss("redis_auth_db"), Some("REDIS_AUTH_DB"));
        assert_eq!(miss("REDIS_URI"), Some("REDIS_URL"));
        assert_eq!(miss("LOGLEVEL"), Some("LOG_LEVEL"));
        assert_eq!(miss("LOG_LEVELS"), Some("LOG_LEVEL"));
        assert_eq!(miss("REDIS_AUTHORS"), None);
    }

    #[test]
    fn short_and_common_names_are_left_alone() {
        for name in [
            "PATH", "SORT", "PORTS", "POST", "HOME", "TOKENIZE", "RUST_LOG", "MY_PORT",
        ] {
            assert_eq!(miss(name), None, "{name}");
        }
        assert_eq!(miss("TOKE"), None);
        assert_eq!(miss("TOKENS"), Some("TOKEN"));
    }

    #[test]
    fn a_person_gets_a_broader_guess() {
        assert_eq!(
            nearest("redis_auth", KNOWN.into_iter()),
            Some("REDIS_AUTH_DB")
        );
        assert_eq!(
            nearest("replica", ["replicas"].into_iter()),
            Some("replicas")
        );
        assert_eq!(nearest("zzz", KNOWN.into_iter()), None);
    }

    proptest! {
        #[test]
        fn any_one_edit_of_a_long_name_is_found(at in 0..13_usize, letter in "[A-Z]") {
            let mut name: Vec<char> = "REDIS_AUTH_DB".chars().collect();
            name[at] = letter.chars().next().unwrap();
            let replaced: String = name.iter().collect();
            prop_assert_eq!(miss(&replaced), Some("REDIS_AUTH_DB"));
            name.remove(at);
            let removed: String = name.iter().collect();
            prop_assert_eq!(miss(&removed), Some("REDIS_AUTH_DB"));
        }
    }
}
