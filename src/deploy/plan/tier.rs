//! How much an environment is for real, by its name: what its defaults depend on, and how much
//! comfort its manifests leave.

/// How much an environment is for real.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tier {
    /// A person's machine.
    Development,
    /// Like production, smaller.
    Staging,
    /// Real users.
    Production,
}

const DEVELOPMENT: [&str; 5] = ["development", "dev", "local", "test", "testing"];
const PRODUCTION: [&str; 3] = ["production", "prod", "live"];

/// The tiers of the environments `names`, which stand in order from trial to real.
pub(super) fn tiers(names: &[String]) -> Vec<Tier> {
    let first_of = |list: &[&str]| {
        names
            .iter()
            .position(|name| list.contains(&name.to_ascii_lowercase().as_str()))
    };
    // Where no name says it, the last is for real, and the first is for trying.
    let production = first_of(&PRODUCTION).or(names.len().checked_sub(1));
    let development = first_of(&DEVELOPMENT).or(Some(0));
    (0..names.len())
        .map(|at| match at {
            _ if Some(at) == production => Tier::Production,
            _ if Some(at) == development => Tier::Development,
            _ => Tier::Staging,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::Tier::{Development, Production, Staging};
    use super::*;

    #[test]
    fn names_say_it_and_else_the_order() {
        let of = |names: &[&str]| {
            let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
            tiers(&names)
        };
        assert_eq!(
            of(&["development", "staging", "production"]),
            [Development, Staging, Production]
        );
        assert_eq!(
            of(&["prod", "dev", "qa"]),
            [Production, Development, Staging]
        );
        assert_eq!(
            of(&["one", "two", "three"]),
            [Development, Staging, Production]
        );
        assert_eq!(of(&["only"]), [Production]);
        assert_eq!(of(&[]), []);
    }
}
