//! Faults of a setting, in words for the operator.
//!
//! A fault never holds the value of a secret: its maker has to leave it out.

use std::fmt;

use serde::Serialize;

/// The sort of a fault, for scripts that read the JSON form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// A required setting has no value.
    Missing,
    /// A value is empty, and the setting cannot be.
    Empty,
    /// A value is not of the right kind, form or range.
    Invalid,
    /// A file that should hold a value is unreadable, empty or too large.
    File,
    /// A value is given in two places, or two settings contradict each other.
    Conflict,
    /// A value still holds the placeholder of a generated file.
    Placeholder,
    /// Kubernetes set the variable for a Service of that name.
    ServiceLink,
    /// A variable that is nearly the name of a setting.
    NearMiss,
    /// Works, and will hurt later.
    Advice,
}

/// One fault: its setting, the problem and the remedy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The variable (or option) at fault.
    pub name: String,
    /// Its sort.
    pub kind: FaultKind,
    /// The problem.
    pub problem: String,
    /// The remedy.
    pub remedy: String,
}

impl Fault {
    /// A fault of `name`; neither text may quote the value of a secret.
    #[must_use]
    pub fn new(
        kind: FaultKind,
        name: impl Into<String>,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            name: name.into(),
            kind,
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.problem)?;
        if self.remedy.is_empty() {
            return Ok(());
        }
        write!(f, "; {}", self.remedy)
    }
}

/// Every fault of a configuration. Never empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// `Err` with all of `faults`, or `Ok` when there is none.
    pub fn check(faults: Vec<Fault>) -> Result<(), Self> {
        if faults.is_empty() {
            Ok(())
        } else {
            Err(Self(faults))
        }
    }

    /// The faults one by one.
    pub fn iter(&self) -> std::slice::Iter<'_, Fault> {
        self.0.iter()
    }
}

impl From<Fault> for Faults {
    fn from(fault: Fault) -> Self {
        Self(vec![fault])
    }
}

impl IntoIterator for Faults {
    type Item = Fault;
    type IntoIter = std::vec::IntoIter<Fault>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Faults {
    type Item = &'a Fault;
    type IntoIter = std::slice::Iter<'a, Fault>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for fault in &self.0 {
            writeln!(f, "{fault}")?;
        }
        match self.0.len() {
            1 => f.write_str("1 fault in the configuration"),
            n => write!(f, "{n} faults in the configuration"),
        }
    }
}

impl std::error::Error for Faults {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_a_fault_and_the_count_last() {
        let faults = vec![
            Fault::new(FaultKind::Missing, "A_KEY", "is not set", "set it"),
            Fault::new(FaultKind::Invalid, "B", "is 7", ""),
        ];
        let text = Faults::check(faults).unwrap_err().to_string();
        assert_eq!(
            text,
            "A_KEY: is not set; set it\nB: is 7\n2 faults in the configuration"
        );
        assert!(Faults::check(Vec::new()).is_ok());
    }
}
