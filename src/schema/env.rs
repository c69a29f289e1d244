//! The environment as a value, and the one place that reads the process's own.
//!
//! The meaning of the variables is the loader's business.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fmt;

use super::dotenv::dotenv;
use super::fault::{Fault, FaultKind, Faults};

/// Environment variables, by name. A value that is not UTF-8 is kept as such, to be reported.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, Result<String, NotUtf8>>,
    /// Names whose values come from a `.env` file.
    from_dotenv: BTreeSet<String>,
}

/// Marks a value that is not UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotUtf8;

impl Environment {
    /// The variables of this process.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one reader of the environment"
    )]
    pub fn of_process() -> Self {
        std::env::vars_os().collect()
    }

    /// Adds the variables of a `.env` file; one that is set already, even to nothing, is kept. Of
    /// two lines with one name the later counts.
    ///
    /// # Errors
    /// Every line that is not `NAME=value`, by its number.
    pub fn with_dotenv(mut self, text: &str) -> Result<Self, Faults> {
        let mut faults = Vec::new();
        for line in dotenv(text) {
            match line {
                Ok(one)
                    if !self.variables.contains_key(&one.name)
                        || self.is_from_dotenv(&one.name) =>
                {
                    self.from_dotenv.insert(one.name.clone());
                    self.variables.insert(one.name, Ok(one.value));
                }
                Ok(_) => {}
                Err(number) => faults.push(Fault::new(
                    FaultKind::Invalid,
                    ".env",
                    format!("line {number} is not NAME=value"),
                    "write one NAME=value a line, and # before a comment",
                )),
            }
        }
        Faults::check(faults)?;
        Ok(self)
    }

    /// Tells whether the value of `name` comes from a `.env` file.
    pub(super) fn is_from_dotenv(&self, name: &str) -> bool {
        self.from_dotenv.contains(name)
    }

    /// The value of `name`, where it is set and UTF-8: for a variable that is not a setting.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.ok()
    }

    /// The value of `name`, where it is set.
    pub(super) fn get(&self, name: &str) -> Option<Result<&str, NotUtf8>> {
        self.variables
            .get(name)
            .map(|value| value.as_deref().map_err(|&fault| fault))
    }

    /// Every variable with its value, by name; values that are not UTF-8 come as none.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.variables
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_deref().ok()))
    }
}

impl<K: Into<OsString>, V: Into<OsString>> FromIterator<(K, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Self {
        // A name that is not UTF-8 is neither the name of a setting nor near one.
        let named = variables.into_iter().filter_map(|(name, value)| {
            let value = value.into().into_string().map_err(|_| NotUtf8);
            Some((name.into().into_string().ok()?, value))
        });
        Self {
            variables: named.collect(),
            from_dotenv: BTreeSet::new(),
        }
    }
}

/// Names only: any value may be a secret.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}

#[cfg(test)]
mod tests;
