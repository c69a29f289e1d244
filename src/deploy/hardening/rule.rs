//! A rule, and its outcome in one environment.

use super::look::Look;
use super::objects::Objects;
use crate::deploy::kubernetes::Waiver;

/// Something that scanners ask of manifests.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    /// In two or three words.
    pub(super) name: &'static str,
    /// The demand on a manifest; code between backticks.
    pub(super) asks: &'static str,
    /// The scanners that ask for it, with their names of the rule.
    pub(super) scanners: &'static str,
    /// The way to tell whether it is met.
    pub(super) met: Met,
}

/// The way to tell whether a rule is met.
#[derive(Debug, Clone, Copy)]
pub(super) enum Met {
    /// By a look at the objects.
    Checked {
        look: Look,
        /// Waivers that say why it is not met, by their names at their scanners.
        waivers: &'static [&'static str],
        /// Why it is not met where no scanner needs a waiver.
        otherwise: Option<&'static str>,
    },
    /// It is left out everywhere, and this is why.
    LeftOut(&'static str),
    /// It is about what is never generated, and this is what.
    NotApplicable(&'static str),
}

/// Met in every environment.
pub(super) const fn checked(look: Look) -> Met {
    waivable(look, &[])
}

/// Met, or waived by one of `waivers`.
pub(super) const fn waivable(look: Look, waivers: &'static [&'static str]) -> Met {
    Met::Checked {
        look,
        waivers,
        otherwise: None,
    }
}

/// Met, or waived by one of `waivers`, or not for the reason `otherwise`.
pub(super) const fn unless(
    look: Look,
    waivers: &'static [&'static str],
    otherwise: &'static str,
) -> Met {
    Met::Checked {
        look,
        waivers,
        otherwise: Some(otherwise),
    }
}

/// Outcome of a rule in one environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The objects hold what it asks for.
    Met,
    /// They do not, and this is why.
    Waived(&'static str),
    /// It is about something else.
    NotApplicable(&'static str),
    /// They do not, and no waiver says why: the faults.
    Failed(Vec<String>),
}

impl Rule {
    /// The outcome for these objects and waivers.
    pub(super) fn outcome(&self, objects: &Objects, given: &[Waiver]) -> Outcome {
        let (look, waivers, otherwise) = match self.met {
            Met::Checked {
                look,
                waivers,
                otherwise,
            } => (look, waivers, otherwise),
            Met::LeftOut(reason) => return Outcome::Waived(reason),
            Met::NotApplicable(reason) => return Outcome::NotApplicable(reason),
        };
        let faults = look.faults(objects);
        if faults.is_empty() {
            return Outcome::Met;
        }
        let waiver = given.iter().find(|waiver| waivers.contains(&waiver.id));
        match waiver.map(|waiver| waiver.reason).or(otherwise) {
            Some(reason) => Outcome::Waived(reason),
            None => Outcome::Failed(faults),
        }
    }
}

impl Outcome {
    /// One word or two.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Waived(_) => "waived",
            Self::NotApplicable(_) => "not applicable",
            Self::Failed(_) => "not met",
        }
    }

    /// The word and the reason.
    pub(super) fn sentence(&self) -> String {
        let reason = match self {
            Self::Met => return self.word().to_owned(),
            Self::Waived(reason) | Self::NotApplicable(reason) => (*reason).to_owned(),
            Self::Failed(faults) => faults.join("; "),
        };
        format!("{}: {reason}", self.word())
    }
}
