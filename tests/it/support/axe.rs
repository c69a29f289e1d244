//! What axe-core finds: pages that some people cannot use.

use super::{Browser, node_tool};

/// axe-core, read once.
#[derive(Debug)]
pub(crate) struct Axe(String);

/// Runs every rule, those of good practice too, on what the page is at this moment.
const RUN: &str = "
    const done = arguments[arguments.length - 1];
    axe.run(document, {preload: false, resultTypes: ['violations']}).then(
        found => done(found.violations.flatMap(rule => rule.nodes.map(node =>
            rule.id + ' (' + rule.impact + ') ' + node.target.join(' ') + ': ' + node.html + ': '
                + node.failureSummary))),
        error => done(['axe: ' + error]));";

impl Axe {
    /// Reads it; `None`, said aloud, where it is not installed.
    pub(crate) fn installed() -> Option<Self> {
        let file = node_tool("axe-core/axe.min.js")?;
        let source = std::fs::read_to_string(file).expect("axe-core");
        Some(Self(source))
    }

    /// What is wrong with the page in `browser`, one line each.
    pub(crate) async fn violations(&self, browser: &Browser) -> Vec<String> {
        let known = browser.run("return typeof window.axe === 'object'").await;
        if known != true {
            browser.run(&self.0).await;
        }
        let found = browser.execute_async(RUN, Vec::new()).await;
        let found = found.unwrap_or_else(|error| panic!("axe-core does not run: {error}"));
        let lines = found.as_array().expect("a list").iter();
        lines
            .map(|line| {
                line.as_str()
                    .map_or_else(|| line.to_string(), str::to_owned)
            })
            .collect()
    }

    /// Checks that nothing is.
    pub(crate) async fn is_content(&self, browser: &Browser, page: &str) {
        let found = self.violations(browser).await;
        assert!(found.is_empty(), "{page}:\n{}", found.join("\n"));
    }
}
