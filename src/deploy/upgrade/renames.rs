//! Pairs of removed and added settings that are the same one.

use crate::schema::Setting;

/// Names of one section that are less alike than this are two settings.
const ALIKE: f64 = 0.85;

/// Pairs of old and new, each setting at most once; the surest first.
pub(super) fn find<'a>(
    gone: &[&'a Setting],
    came: &[&'a Setting],
) -> Vec<(&'a Setting, &'a Setting)> {
    let mut likely: Vec<(f64, &Setting, &Setting)> = Vec::new();
    for old in gone {
        for new in came {
            if let Some(likeness) = likeness(old, new) {
                likely.push((likeness, old, new));
            }
        }
    }
    // Stable: equally likely pairs stay in the order of the sources.
    likely.sort_by(|(a, ..), (b, ..)| b.total_cmp(a));
    let mut pairs: Vec<(&Setting, &Setting)> = Vec::new();
    for (_, old, new) in likely {
        if !pairs
            .iter()
            .any(|(a, b)| a.name == old.name || b.name == new.name)
        {
            pairs.push((old, new));
        }
    }
    pairs
}

/// Likelihood that both are one setting; none where they are not.
fn likeness(old: &Setting, new: &Setting) -> Option<f64> {
    if old.kind != new.kind {
        return None;
    }
    let alike = strsim::jaro_winkler(&old.name, &new.name);
    if !old.docs.is_empty() && old.docs == new.docs {
        // Before all pairs that are alike by their names only.
        return Some(1.0 + alike);
    }
    let section = |setting: &Setting| setting.path.split_last().map(|(_, path)| path.to_vec());
    let last = |setting: &Setting| setting.path.last().cloned().unwrap_or_default();
    let alike = strsim::jaro_winkler(&last(old), &last(new));
    (section(old) == section(new) && alike >= ALIKE).then_some(alike)
}
