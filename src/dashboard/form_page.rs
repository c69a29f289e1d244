//! A page that consists of one form.

use askama::Template;
use poem::Response;
use poem::http::StatusCode;

use super::error::{PageError, keep_headers, status_of_form};
use super::fields::Form;
use super::page::page;
use super::request::PageRequest;
use crate::http::Problem;

/// The page.
#[derive(Default, Template)]
#[template(path = "dashboard/form.html", whitespace = "minimize")]
pub(super) struct FormPage {
    pub(super) heading: &'static str,
    pub(super) lead: String,
    pub(super) action: &'static str,
    /// E-mail of the account, for password managers, where the form has no field for it.
    pub(super) username: String,
    pub(super) form: Form,
    pub(super) button: &'static str,
    /// Links below the form: text before the link, address, text of the link.
    pub(super) links: Vec<(&'static str, String, &'static str)>,
}

impl FormPage {
    /// Shows the form.
    pub(super) fn show(mut self, request: &mut PageRequest) -> Response {
        let token = request.browser.form_token();
        self.form.hidden.push(("form", token));
        self.form.focus();
        let status = if self.form.is_good() {
            StatusCode::OK
        } else {
            StatusCode::UNPROCESSABLE_ENTITY
        };
        page(request, status, self.heading, &self)
    }

    /// Shows the form again with the errors of `problem`.
    ///
    /// # Errors
    /// `problem`, where the user cannot correct it in the form.
    pub(super) fn refuse(
        mut self,
        request: &mut PageRequest,
        problem: impl Into<Problem>,
    ) -> Result<Response, PageError> {
        let problem = self.form.refuse(problem.into())?;
        let status = status_of_form(&problem);
        let mut response = self.show(request);
        response.set_status(status);
        keep_headers(&mut response, problem);
        Ok(response)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::hostile::{HOSTILE, is_text};

    #[test]
    fn hidden_fields_and_links_are_escaped() {
        let mut form = Form::new(Vec::new());
        form.hidden.push(("next", HOSTILE.to_owned()));
        let page = FormPage {
            form,
            username: HOSTILE.to_owned(),
            links: vec![("", HOSTILE.to_owned(), "On")],
            ..FormPage::default()
        };
        is_text(&page.to_string(), 3);
    }
}
