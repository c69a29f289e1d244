//! [`Access`]: which accounts may ask the upstream, and for which models.

use serde_json::{Map, Value};

use super::canonical::Canonical;
use crate::auth::Caller;
use crate::auth::users::ADMIN;
use crate::config::{Llm as Config, Tier};
use crate::http::{Code, FieldError, Problem};

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
    /// `forbidden`.
    pub(super) fn admit(&self, caller: &Caller) -> Result<(), Problem> {
        let Some(roles) = &self.roles else {
            return Ok(());
        };
        if roles.iter().any(|role| caller.has(role)) {
            return Ok(());
        }
        let detail = format!(
            "the language model is for accounts with one of these roles: {}",
            roles.join(", ")
        );
        Err(Problem::new(Code::Forbidden, detail))
    }

    /// Refuses a question to a model that is not allowed.
    ///
    /// # Errors
    /// `model_not_found`; `invalid_input` for a body that another reader of JSON may take for a
    /// question to another model, or for a longer answer.
    pub(super) fn check(&self, asked: &Canonical) -> Result<(), Problem> {
        if self.strict
            && let Some(name) = &asked.doubtful
        {
            let message = format!(
                "{name:?} is not taken here; write members and whole numbers as OpenAI does"
            );
            return Err(Problem::invalid(vec![FieldError::new(
                name.as_str(),
                "unknown_field",
                message,
            )]));
        }
        if self.models.is_empty() {
            return Ok(());
        }
        let forbidden = |model: &&String| !self.models.contains(*model);
        let detail = match asked.model.iter().chain(&asked.tool_models).find(forbidden) {
            None if asked.model.is_some() => return Ok(()),
            Some(model) => format!("the model {model:?} does not exist here; see /v1/models"),
            None => "the body names no model; see /v1/models".to_owned(),
        };
        Err(Problem::new(Code::ModelNotFound, detail))
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
mod tests {
    use super::*;

    fn access(models: &[&str]) -> Access {
        let config = Config {
            models: models.iter().map(|&model| model.to_owned()).collect(),
            ..Config::default()
        };
        Access::new(&config, Tier::Development)
    }

    #[test]
    fn any_account_may_ask_in_development_only() {
        let roles = |given: &[&str], tier| {
            let config = Config {
                allowed_roles: given.iter().map(|&role| role.to_owned()).collect(),
                ..Config::default()
            };
            Access::new(&config, tier).roles
        };
        assert_eq!(roles(&[], Tier::Development), None);
        for tier in [Tier::Staging, Tier::Production] {
            let own = Some(vec!["llm".to_owned(), "admin".to_owned()]);
            assert_eq!(roles(&[], tier), own);
            assert_eq!(roles(&["*"], tier), None);
            assert_eq!(roles(&["staff"], tier), Some(vec!["staff".to_owned()]));
        }
    }

    #[test]
    fn only_listed_models_are_asked_however_they_are_named() {
        let check = |access: &Access, body: &str| {
            let asked = Canonical::of(body.as_bytes()).unwrap();
            access.check(&asked).map_err(|problem| problem.code)
        };
        let some = access(&["tiny", "small"]);
        for body in [
            r#"{"model":"small"}"#,
            r#"{"model":"small","tools":[{"type":"image_generation","model":"tiny"}]}"#,
            r#"{"model":"small","tools":[{"type":"function","function":{"parameters":
                {"properties":{"model":{"type":"string"}}}}}]}"#,
        ] {
            assert_eq!(check(&some, body), Ok(()), "{body}");
        }
        let absent = Err(Code::ModelNotFound);
        for body in [
            "{}",
            r#"{"model":"huge"}"#,
            r#"{"model":["tiny"]}"#,
            r#"{"model":"Tiny"}"#,
            r#"{"model":"tiny","tools":[{"type":"image_generation","model":"huge"}]}"#,
            r#"{"model":"tiny","tools":[{"type":"x","x":[{"Model":"huge"}]}]}"#,
        ] {
            assert_eq!(check(&some, body), absent, "{body}");
        }
        for body in [
            r#"{"model":"tiny","Model":"huge"}"#,
            r#"{"model":"tiny","MODEL":"huge"}"#,
            r#"{"model":"tiny","models":["huge"]}"#,
            r#"{"model":"tiny","fallbacks":["huge"]}"#,
            r#"{"model":"tiny","max_to\u212Aens":9}"#,
        ] {
            assert_eq!(check(&some, body), Err(Code::InvalidInput), "{body}");
            assert_eq!(check(&access(&[]), body), Ok(()), "{body}");
        }
    }

    #[test]
    fn lists_of_models_hold_allowed_ones_only() {
        let some = access(&["tiny"]);
        let list = br#"{"object":"list","data":[{"id":"huge"},{"id":"tiny","owned_by":"x"},{}]}"#;
        let left = br#"{"object":"list","data":[{"id":"tiny","owned_by":"x"}]}"#;
        assert_eq!(some.filter(list).unwrap(), left);
        assert_eq!(some.filter(b"{}"), None);
        assert_eq!(some.filter(b"["), None);
    }
}
