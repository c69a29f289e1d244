//! Forms as pages show them: fields, what is wrong with each, and the list of faults above.

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
    /// A word of the HTML standard's list, for password managers.
    pub(super) autocomplete: &'static str,
    pub(super) value: String,
    pub(super) hint: String,
    pub(super) required: bool,
    /// True where typing begins.
    pub(super) autofocus: bool,
    pub(super) faults: Vec<String>,
}

impl HtmlSafe for Field {}

impl Field {
    /// An e-mail that signs in.
    pub(super) fn email() -> Self {
        Self::text("email", "E-mail", "email", "username")
    }

    /// A password that exists.
    pub(super) fn password(name: &'static str, label: &'static str) -> Self {
        Self::text(name, label, "password", "current-password")
    }

    /// A password to be.
    pub(super) fn new_password(name: &'static str, label: &'static str, least: usize) -> Self {
        Self {
            hint: format!(
                "At least {least} characters. A few words that have nothing to do with each other \
                 are good."
            ),
            ..Self::text(name, label, "password", "new-password")
        }
    }

    /// A field that must be filled in.
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

    /// A field that may stay empty.
    pub(super) fn optional(name: &'static str, label: &'static str, kind: &'static str) -> Self {
        Self {
            required: false,
            ..Self::text(name, label, kind, "off")
        }
    }

    /// What explains the field, for a screen reader.
    fn described_by(&self) -> Option<String> {
        let fault = (!self.faults.is_empty()).then(|| format!("{}-fault", self.name));
        let hint = (!self.hint.is_empty()).then(|| format!("{}-hint", self.name));
        let ids: Vec<String> = fault.into_iter().chain(hint).collect();
        (!ids.is_empty()).then(|| ids.join(" "))
    }
}

/// The faults of a form, above it; each leads to its field.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "dashboard/summary.html", whitespace = "minimize")]
pub(super) struct Summary {
    /// The field (empty: the form as a whole) and the fault.
    pub(super) faults: Vec<(String, String)>,
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

/// A form: its fields, what is hidden in it, and its faults.
#[derive(Clone, Debug, Default)]
pub(super) struct Form {
    pub(super) fields: Vec<Field>,
    pub(super) hidden: Vec<(&'static str, String)>,
    faults: Vec<(String, String)>,
}

impl Form {
    pub(super) fn new(fields: Vec<Field>) -> Self {
        Self {
            fields,
            ..Self::default()
        }
    }

    /// The faults, to stand above the form.
    pub(super) fn summary(&self) -> Summary {
        Summary {
            faults: self.faults.clone(),
        }
    }

    /// Lets typing begin at the first field that is wrong, else at the first that is empty.
    pub(super) fn focus(&mut self) {
        let fields = &mut self.fields;
        let wrong = fields.iter().position(|field| !field.faults.is_empty());
        let empty = || fields.iter().position(|field| field.value.is_empty());
        if let Some(field) = wrong.or_else(empty).and_then(|at| fields.get_mut(at)) {
            field.autofocus = true;
        }
    }

    /// Whether anything is wrong with it.
    pub(super) const fn is_good(&self) -> bool {
        self.faults.is_empty()
    }

    /// Takes the submitted value of each field. A password is never shown again, so it is only in
    /// the values. A required field without a value is a fault.
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
            self.fault(name, "This must be filled in.".to_owned());
        }
        Values(values)
    }

    /// Notes a fault: at its field, if the form has it, and above.
    pub(super) fn fault(&mut self, name: &str, words: String) {
        let known = self.fields.iter_mut().find(|field| field.name == name);
        let shown = match known {
            Some(field) => {
                field.faults.push(words.clone());
                self.faults
                    .push((field.name.to_owned(), format!("{}: {words}", field.label)));
                return;
            }
            None => words,
        };
        self.faults.push((String::new(), shown));
    }

    /// Notes what a refusal says, at the field that it is about; gives back one that takes a page of
    /// its own, because what the form is about is gone or the reader may not change it.
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
                self.fault(&error.field, sentence(&error.message));
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
        self.fault(field, words);
        Ok(problem)
    }
}

#[cfg(test)]
mod tests;
