//! Forms as pages show them: fields, their errors, and the list of all errors above.

use askama::Template;
use askama::filters::HtmlSafe;
use poem::http::StatusCode;

use super::error::{again_in, sentence};
use crate::http::{Code, FormFields, Problem};

/// One field of a form.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "dashboard/field.html", whitespace = "minimize")]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    pub(super) kind: &'static str,
    /// Autofill token of the HTML standard, for password managers.
    pub(super) autocomplete: &'static str,
    pub(super) value: String,
    pub(super) hint: String,
    pub(super) required: bool,
    /// True for the field that gets the focus.
    pub(super) autofocus: bool,
    pub(super) errors: Vec<String>,
}

impl HtmlSafe for Field {}

impl Field {
    /// The e-mail of an account.
    pub(super) fn email() -> Self {
        Self::text("email", "E-mail", "email", "username")
    }

    /// An existing password.
    pub(super) fn password(name: &'static str, label: &'static str) -> Self {
        Self::text(name, label, "password", "current-password")
    }

    /// A new password of at least `least` characters.
    pub(super) fn new_password(name: &'static str, label: &'static str, least: usize) -> Self {
        Self {
            hint: format!(
                "At least {least} characters. A few unrelated words make a good \
                 password."
            ),
            ..Self::text(name, label, "password", "new-password")
        }
    }

    /// A required field.
    pub(super) fn text(
        name: &'static str,
        label: &'static str,
        kind: &'static str,
        autocomplete: &'static str,
    ) -> Self {
        Self {
            name,
            label,
            kind,
            autocomplete,
            required: true,
            ..Self::default()
        }
    }

    /// An optional field.
    pub(super) fn optional(name: &'static str, label: &'static str, kind: &'static str) -> Self {
        Self {
            required: false,
            ..Self::text(name, label, kind, "off")
        }
    }

    /// Ids of the texts that explain the field, for a screen reader.
    fn described_by(&self) -> Option<String> {
        let error = (!self.errors.is_empty()).then(|| format!("{}-error", self.name));
        let hint = (!self.hint.is_empty()).then(|| format!("{}-hint", self.name));
        let ids: Vec<String> = error.into_iter().chain(hint).collect();
        (!ids.is_empty()).then(|| ids.join(" "))
    }
}

/// The list of errors above a form; each links to its field.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "dashboard/summary.html", whitespace = "minimize")]
pub(super) struct Summary {
    /// Name of the field (empty for the form as a whole) and message.
    pub(super) errors: Vec<(String, String)>,
}

impl HtmlSafe for Summary {}

/// Submitted values by the names of their fields.
pub(super) struct Values(Vec<(&'static str, String)>);

impl Values {
    /// Takes the value of a field; empty where nothing was submitted.
    pub(super) fn take(&mut self, name: &str) -> String {
        let found = self.0.iter_mut().find(|(field, _)| *field == name);
        debug_assert!(found.is_some(), "the form has no field {name}");
        found.map_or_else(String::new, |(_, value)| std::mem::take(value))
    }
}

/// A form: its fields, hidden values and errors.
#[derive(Clone, Debug, Default)]
pub(super) struct Form {
    pub(super) fields: Vec<Field>,
    pub(super) hidden: Vec<(&'static str, String)>,
    errors: Vec<(String, String)>,
}

impl Form {
    pub(super) fn new(fields: Vec<Field>) -> Self {
        Self {
            fields,
            ..Self::default()
        }
    }

    /// The list of errors above the form.
    pub(super) fn summary(&self) -> Summary {
        Summary {
            errors: self.errors.clone(),
        }
    }

    /// Gives the focus to the first field with an error, else to the first empty one.
    pub(super) fn focus(&mut self) {
        let fields = &mut self.fields;
        let wrong = fields.iter().position(|field| !field.errors.is_empty());
        let empty = || fields.iter().position(|field| field.value.is_empty());
        if let Some(field) = wrong.or_else(empty).and_then(|at| fields.get_mut(at)) {
            field.autofocus = true;
        }
    }

    /// Returns true if the form has no errors.
    pub(super) const fn is_good(&self) -> bool {
        self.errors.is_empty()
    }

    /// Takes the submitted value of each field. A password is never shown again, so it is only in
    /// the values. A required field without a value gets an error.
    pub(super) fn fill(&mut self, sent: &mut FormFields) -> Values {
        let mut values = Vec::with_capacity(self.fields.len());
        let mut missing = Vec::new();
        for field in &mut self.fields {
            let value = sent.take(field.name).unwrap_or_default();
            if field.required && value.is_empty() {
                missing.push(field.name);
            }
            if field.kind != "password" {
                field.value.clone_from(&value);
            }
            values.push((field.name, value));
        }
        for name in missing {
            self.add_error(name, "This field is required.".to_owned());
        }
        Values(values)
    }

    /// Adds an error to the list above, and to its field if the form has it.
    pub(super) fn add_error(&mut self, name: &str, words: String) {
        let known = self.fields.iter_mut().find(|field| field.name == name);
        let shown = match known {
            Some(field) => {
                field.errors.push(words.clone());
                self.errors
                    .push((field.name.to_owned(), format!("{}: {words}", field.label)));
                return;
            }
            None => words,
        };
        self.errors.push((String::new(), shown));
    }

    /// Notes what a refusal says, at the field that it is about; gives back one that takes a page of
    /// its own, because what the form is about is gone or the reader may not change it.
    /// Adds the errors of `problem`.
    ///
    /// # Errors
    /// `problem`, where it is neither the input's fault nor temporary: it needs a page of its own.
    pub(super) fn refuse(&mut self, problem: Problem) -> Result<Problem, Problem> {
        let code = problem.code;
        let is_page = matches!(
            code.status(),
            StatusCode::NOT_FOUND | StatusCode::INTERNAL_SERVER_ERROR
        );
        if is_page || matches!(code, Code::InvalidToken | Code::Forbidden) {
            return Err(problem);
        }
        if code == Code::InvalidInput {
            for error in &problem.errors {
                self.add_error(&error.field, sentence(&error.message));
            }
            return Ok(problem);
        }
        let field = match code {
            Code::EmailTaken => "email",
            Code::WrongPassword => "current_password",
            _ => "",
        };
        let own = problem.own_detail().map(sentence);
        let mut words = own.unwrap_or_else(|| code.sentence().to_owned());
        if let Some(seconds) = problem.retry_after {
            words.push(' ');
            words.push_str(&again_in(seconds));
        }
        self.add_error(field, words);
        Ok(problem)
    }
}

#[cfg(test)]
mod tests;
