//! `/configuration`: every setting with its value and the origin of that.

use askama::Template;
use poem::http::StatusCode;

use super::error::PageResult;
use super::page::page;
use super::request::PageRequest;
use crate::admin::configuration::SettingReport;

/// A run of text; true for code.
type Span<'a> = (bool, &'a str);

struct Setting<'a> {
    name: &'a str,
    value: &'a str,
    origin: &'a str,
    /// Kind and name of the manifest object that carries it, and its file.
    object: (&'a str, &'a str, &'a str),
    advice: Vec<Vec<Span<'a>>>,
    docs: Vec<Span<'a>>,
}

impl<'a> Setting<'a> {
    fn of(report: &'a SettingReport) -> Self {
        Self {
            name: &report.name,
            value: report.value.as_deref().unwrap_or_default(),
            origin: &report.origin,
            object: (
                &report.object.kind,
                &report.object.name,
                &report.object.file,
            ),
            advice: report.advice.iter().map(|text| spans(text)).collect(),
            docs: spans(&report.docs),
        }
    }
}

struct Section<'a> {
    title: &'a str,
    docs: Vec<Span<'a>>,
    settings: Vec<Setting<'a>>,
}

#[derive(Template)]
#[template(path = "dashboard/configuration.html", whitespace = "minimize")]
struct Page<'a> {
    environment: &'a str,
    query: &'a str,
    /// Number of settings that are shown.
    found: usize,
    /// Settings to change before production, with the reason.
    advised: Vec<(&'a str, Vec<Span<'a>>)>,
    sections: Vec<Section<'a>>,
}

/// Shows the page.
pub(super) fn show(request: &mut PageRequest) -> PageResult {
    request.address.refuse_unknown(&["q"])?;
    let query = request.address.search("q");
    let words: Vec<String> = query.split_whitespace().map(str::to_lowercase).collect();
    let report = std::sync::Arc::clone(&request.site.configuration);
    let sections: Vec<Section<'_>> = report
        .sections
        .iter()
        .map(|section| Section {
            title: &section.title,
            docs: spans(&section.docs),
            settings: section
                .settings
                .iter()
                .filter(|setting| fits(setting, &words))
                .map(Setting::of)
                .collect(),
        })
        .filter(|section| !section.settings.is_empty())
        .collect();
    let found = sections.iter().map(|section| section.settings.len()).sum();
    let advised = report.advice.iter();
    let body = Page {
        environment: &report.environment,
        query: &query,
        found,
        advised: advised
            .map(|advice| (advice.setting.as_str(), spans(&advice.text)))
            .collect(),
        sections,
    };
    Ok(page(request, StatusCode::OK, "Configuration", &body))
}

/// Checks whether the page's text about a setting contains each of `words`. The values of secrets are
/// not searched: a match would reveal a part of them.
fn fits(setting: &SettingReport, words: &[String]) -> bool {
    let mut text = setting.name.to_lowercase();
    for part in [&setting.docs, &setting.origin, &setting.object.name] {
        text.push(' ');
        text.push_str(&part.to_lowercase());
    }
    if let Some(value) = setting.value.as_deref().filter(|_| !setting.secret) {
        text.push(' ');
        text.push_str(&value.to_lowercase());
    }
    // Words apart, so that `redis url` finds REDIS_URL, too.
    words.iter().all(|word| text.contains(word.as_str()))
}

/// Splits text at backquotes, which mark code.
fn spans(text: &str) -> Vec<Span<'_>> {
    let runs = text.split('`').enumerate();
    runs.map(|(index, run)| (index % 2 == 1, run)).collect()
}

#[cfg(test)]
mod tests;
