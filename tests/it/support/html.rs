//! What html-validate finds in the HTML of pages: many pages, one process.

use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::{installed, node_tool, said};

/// Its rules.
const CONFIG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tools/htmlvalidate.json");

/// Pages as the server sent them, to be read together.
#[derive(Debug, Default)]
pub(crate) struct Pages(Vec<(String, String)>);

impl Pages {
    /// Keeps one more.
    pub(crate) fn add(&mut self, name: &str, html: &str) {
        self.0.push((name.to_owned(), html.to_owned()));
    }

    /// What is wrong with them, one line each; `None`, said aloud, where the tool is missing.
    pub(crate) fn faults(&self) -> Option<Vec<String>> {
        let node = installed(&["node", "nodejs"], &[])?;
        let tool = node_tool("html-validate/bin/html-validate.mjs")?;
        let folder = TempDir::new().expect("a folder");
        let mut command = Command::new(node);
        command
            .arg(tool)
            .args(["--config", CONFIG, "--formatter", "json"]);
        command.current_dir(folder.path());
        for (index, (_, html)) in self.0.iter().enumerate() {
            let file = folder.path().join(format!("{index}.html"));
            std::fs::write(&file, html).expect("a file");
            command.arg(file);
        }
        let output = command.output().expect("node runs");
        let reports: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", said(&output)));
        let mut faults = Vec::new();
        for report in reports.as_array().expect("a list") {
            let name = report["filePath"].as_str().expect("a path");
            let index = name
                .rsplit('/')
                .next()
                .and_then(|name| name.strip_suffix(".html"));
            let index: usize = index.and_then(|index| index.parse().ok()).expect("ours");
            let (name, html) = &self.0[index];
            for fault in report["messages"].as_array().expect("a list") {
                let line = fault["line"].as_u64().unwrap_or(1).saturating_sub(1);
                let line = usize::try_from(line).expect("a line");
                faults.push(format!(
                    "{name}: {} {}: {}",
                    fault["ruleId"].as_str().unwrap_or("?"),
                    fault["message"].as_str().unwrap_or("?"),
                    html.lines().nth(line).unwrap_or_default().trim()
                ));
            }
        }
        assert!(
            !faults.is_empty() || output.status.success(),
            "{}",
            said(&output)
        );
        Some(faults)
    }
}
