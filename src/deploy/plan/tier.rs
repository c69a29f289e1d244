//! Environments of a service, and their tiers, on which their defaults depend.

use crate::deploy::service::Service;

/// Likeness of an environment to production.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tier {
    /// A developer's machine.
    Development,
    /// Like production, smaller.
    Staging,
    /// Real users.
    Production,
}

/// The environments of a service that names none.
const ENVIRONMENTS: [&str; 3] = ["development", "staging", "production"];

/// Names of environments for development.
const DEVELOPMENT: [&str; 5] = ["development", "dev", "local", "test", "testing"];

/// Names of environments for production.
const PRODUCTION: [&str; 3] = ["production", "prod", "live"];

/// The environments of `service`, from trial to real.
pub(crate) fn environments(service: &Service) -> Vec<String> {
    let setting = service.settings.get(&service.environment);
    let variants = setting.map_or(&[][..], |setting| &setting.variants);
    if variants.is_empty() {
        return ENVIRONMENTS.map(str::to_owned).to_vec();
    }
    variants
        .iter()
        .map(|variant| variant.value.clone())
        .collect()
}

/// The tier of the environment `name` of `service`; none where it has no such one.
pub(crate) fn tier(service: &Service, name: &str) -> Option<Tier> {
    let names = environments(service);
    let at = names.iter().position(|known| known == name)?;
    tiers(&names).get(at).copied()
}

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
    fn tiers_follow_from_names_and_else_from_the_order() {
        for (names, expected) in [
            (
                "development staging production",
                vec![Development, Staging, Production],
            ),
            ("prod dev qa", vec![Production, Development, Staging]),
            ("one two three", vec![Development, Staging, Production]),
            ("only", vec![Production]),
            ("", vec![]),
        ] {
            let names: Vec<_> = names.split_whitespace().map(str::to_owned).collect();
            assert_eq!(tiers(&names), expected);
        }
    }
}
