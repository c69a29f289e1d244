//! [`Access`]: which accounts may ask the upstream, and for which models.

use serde_json::{Map, Value};

use super::canonical::Canonical;
use super::error::Error;
use crate::auth::Caller;
use crate::auth::users::ADMIN;
use crate::config::{Llm as Config, Tier};
use crate::http::FieldError;

/// The role that asks the language model in staging and production, beside [`ADMIN`].
const LLM: &str = "llm";

/// Stands for any account in `LLM_ALLOWED_ROLES`.
const ANY: &str = "*";

/// The roles and the models of the configuration.
#[derive(Debug)]
pub(super) struct Access {
    /// `None`: any account.
    roles: Option<Vec<String>>,
    /// Empty: any model.
    models: Vec<String>,
    /// Members that decide on the price must be spelt as OpenAI spells them.
    strict: bool,
}

impl Access {
    /// The rules of `config` in the environment `tier`.
    pub(super) fn new(config: &Config, tier: Tier) -> Self {
        let roles = &config.allowed_roles;
        let any = roles.iter().any(|role| role == ANY);
        let roles = match tier {
            _ if any => None,
            _ if !roles.is_empty() => Some(roles.clone()),
            Tier::Development => None,
            Tier::Staging | Tier::Production => Some(vec![LLM.to_owned(), ADMIN.to_owned()]),
        };
        Self {
            roles,
            models: config.models.clone(),
            strict: !config.models.is_empty() || config.tokens_per_day.get() > 0,
        }
    }

    /// Refuses a caller who has none of the roles at this moment.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub(super) fn admit(&self, caller: &Caller) -> Result<(), Error> {
        let Some(roles) = &self.roles else {
            return Ok(());
        };
        if roles.iter().any(|role| caller.has(role)) {
            return Ok(());
        }
        Err(Error::Forbidden(roles.clone()))
    }

    /// Refuses a question to a model that is not allowed.
    ///
    /// # Errors
    /// [`Error::ModelNotFound`]; [`Error::Invalid`] for a body that another reader of JSON may take for a
    /// question to another model, or for a longer answer.
    pub(super) fn check(&self, asked: &Canonical) -> Result<(), Error> {
        // Only where the body decides on access or price; elsewhere the upstream may be as lenient as
        // it likes.
        if self.strict
            && let Some(name) = &asked.ambiguous
        {
            let message = format!(
                "{name:?} is not accepted here; write members and whole numbers as OpenAI does"
            );
            return Err(Error::Invalid(FieldError::new(
                name.as_str(),
                "unknown_field",
                message,
            )));
        }
        if self.models.is_empty() {
            return Ok(());
        }
        let forbidden = |model: &&String| !self.models.contains(*model);
        match asked.model.iter().chain(&asked.tool_models).find(forbidden) {
            None if asked.model.is_some() => Ok(()),
            model => Err(Error::ModelNotFound(model.cloned())),
        }
    }

    /// Checks whether lists of models must pass through [`Self::filter`].
    pub(super) const fn filters(&self) -> bool {
        !self.models.is_empty()
    }

    /// A list of models without those that are not allowed; `None` for what is not a list.
    pub(super) fn filter(&self, body: &[u8]) -> Option<Vec<u8>> {
        let mut list: Map<String, Value> = serde_json::from_slice(body).ok()?;
        let models = list.get_mut("data")?.as_array_mut()?;
        models.retain(|model| {
            let id = model["id"].as_str();
            id.is_some_and(|id| self.models.iter().any(|allowed| allowed == id))
        });
        serde_json::to_vec(&list).ok()
    }
}

#[cfg(test)]
mod tests;
