//! Pages that people read: every setting is in one, and what has to be set is where newcomers look.

use crate::deploy::env_docs::{self, MARKDOWN};
use crate::deploy::facts;
use crate::deploy::kubernetes::needed_secrets;
use crate::deploy::kustomize::join;
use crate::deploy::promises::{Names, Page};
use crate::deploy::service::Service;
use crate::verify::findings::{Findings, Unseen};
use crate::verify::item::{Group, Item, Look};
use crate::verify::subject::Subject;

/// See the module.
pub(in crate::verify) const GROUP: Group = Group {
    title: "Documentation",
    items: &[
        Item {
            id: "settings-documented",
            question: "Has every setting a heading of its own in the reference?",
            look: Look::Own(documented),
        },
        Item {
            id: "reference-current",
            question: "Does the reference say what the code says?",
            look: Look::Own(current),
        },
        Item {
            id: "required-documented",
            question: "Does the page for newcomers name every setting that has to be set?",
            look: Look::Own(required),
        },
        Item {
            id: "reference-linked",
            question: "Does the page for users link to the reference?",
            look: Look::Own(linked),
        },
    ],
};

const NO_REFERENCE: &str = "write it with `generate env-docs --out .`";

fn documented(subject: &Subject, findings: &mut Findings) -> Result<(), Unseen> {
    let text = subject.checkout()?.text(MARKDOWN);
    let Some(text) = text else {
        findings.fault(format!("there is no `{MARKDOWN}`; {NO_REFERENCE}"));
        return Ok(());
    };
    let settings = &subject.project.service.settings;
    let headed = |name: &str| {
        let mut headings = text.lines().filter(|line| line.starts_with('#'));
        headings.any(|line| names(line, name))
    };
    let missing = settings.iter().filter(|setting| !headed(&setting.name));
    let missing: Vec<_> = missing.map(|setting| code(&setting.name)).collect();
    findings.none_of(&missing, &format!("`{MARKDOWN}` has no heading for"));
    if missing.is_empty() {
        findings.seen(format!("`{MARKDOWN}` has all of them"));
        findings.counted(format!("{} settings", settings.iter().count()));
    }
    Ok(())
}

fn current(subject: &Subject, findings: &mut Findings) -> Result<(), Unseen> {
    let checkout = subject.checkout()?;
    match (env_docs::ARTEFACT.render)(&subject.project) {
        Ok(files) => {
            let rendered = files.iter().find(|file| file.path == MARKDOWN);
            findings.check(
                rendered.map(|file| file.text.as_str()) == checkout.text(MARKDOWN),
                format!("`{MARKDOWN}` is what the code renders"),
                format!("`{MARKDOWN}` is not what the code renders; {NO_REFERENCE}"),
            );
        }
        Err(error) => findings.fault(format!("the reference cannot be rendered: {error}")),
    }
    Ok(())
}

fn required(subject: &Subject, findings: &mut Findings) -> Result<(), Unseen> {
    let wanted = must_be_set(&subject.project.service);
    on_pages(
        subject,
        Names::RequiredSettings,
        findings,
        |path, text, findings| {
            let missing = wanted.iter().filter(|name| !names(text, name));
            let missing: Vec<_> = missing.map(|name| code(name)).collect();
            findings.none_of(&missing, &format!("`{path}` does not name"));
            if missing.is_empty() {
                let all: Vec<_> = wanted.iter().map(|name| code(name)).collect();
                findings.seen(format!("`{path}` names {}", all.join(", ")));
            }
        },
    )
}

fn linked(subject: &Subject, findings: &mut Findings) -> Result<(), Unseen> {
    on_pages(
        subject,
        Names::Reference,
        findings,
        |path, text, findings| {
            findings.check(
                links(path, text).any(|target| target == MARKDOWN),
                format!("`{path}` links to `{MARKDOWN}`"),
                format!("`{path}` has no link to `{MARKDOWN}`"),
            );
        },
    )
}

/// Looks into every page that has to name `names`.
fn on_pages(
    subject: &Subject,
    names: Names,
    findings: &mut Findings,
    look: impl Fn(&str, &str, &mut Findings),
) -> Result<(), Unseen> {
    let checkout = subject.checkout()?;
    let pages = &subject.project.service.promises.pages;
    let mut any = false;
    for Page { path, .. } in pages.iter().filter(|page| page.names == names) {
        any = true;
        match checkout.text(path) {
            Some(text) => look(path, text, findings),
            None => findings.fault(format!("there is no `{path}`")),
        }
    }
    if any {
        Ok(())
    } else {
        Err(Unseen("the service names no such page"))
    }
}

/// Settings that a deployment gives a value: those that are required somewhere, and secrets whose
/// default is for a single machine.
fn must_be_set(service: &Service) -> Vec<String> {
    let secrets: Vec<_> = needed_secrets(service)
        .map(|setting| &setting.name)
        .collect();
    let settings = service.settings.iter();
    settings
        .filter(|setting| facts::is_required(setting) || secrets.contains(&&setting.name))
        .map(|setting| setting.name.clone())
        .collect()
}

/// Checks whether `text` has `name` as a word.
fn names(text: &str, name: &str) -> bool {
    let inside = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.match_indices(name).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + name.len()..]);
        !before.ends_with(inside) && !after.starts_with(inside)
    })
}

/// Targets of the links of the Markdown page at `path`, relative to the top of the checkout.
fn links<'a>(path: &'a str, text: &'a str) -> impl Iterator<Item = String> + 'a {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let targets = text.split("](").skip(1);
    targets.filter_map(move |rest| {
        let target = rest.split(')').next()?.split('#').next()?;
        Some(join(folder, target))
    })
}

fn code(name: &str) -> String {
    format!("`{name}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_inside_another_one_is_not_named() {
        assert!(names("set `REDIS_URL`.", "REDIS_URL"));
        assert!(!names("REDIS_URL_FILE, MY_REDIS_URL", "REDIS_URL"));
    }

    #[test]
    fn links_are_followed_from_the_folder_of_their_page() {
        let text = "[a](reference/x.md#y) [b](../README.md) [c](./d.md)";
        let found: Vec<_> = links("docs/guide.md", text).collect();
        assert_eq!(found, ["docs/reference/x.md", "README.md", "docs/d.md"]);
    }

    #[test]
    fn a_link_that_climbs_above_the_checkout_does_not_lead_to_the_reference() {
        let text = format!("[a](../{MARKDOWN}) [b](../../{MARKDOWN})");
        let found: Vec<_> = links("docs/guide.md", &text).collect();
        assert_eq!(found, [MARKDOWN.to_owned(), format!("../{MARKDOWN}")]);
    }
}
