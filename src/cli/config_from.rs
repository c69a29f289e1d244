//! `aura config check --from`: settings in manifests and `.env` files, before they are applied or
//! after.

use std::io::{self, Write};
use std::path::Path;

use serde_json::json;

use super::generate::project::aura;
use super::{BAD_CONFIG, output};
use crate::inspect::input::{self, Inputs};
use crate::inspect::inspection::inspect;
use crate::inspect::report::Report;

/// Looks into `from` (`-` is standard input) and prints what it finds; gives the exit code.
pub(super) fn check(
    from: &Path,
    strict: bool,
    json: bool,
    out: &mut impl Write,
    err: &mut impl Write,
) -> anyhow::Result<u8> {
    let report = inspect(&aura()?, &inputs(from));
    let nothing = report.inspected.is_empty();
    let ok = report.passes(strict) && !nothing;
    if json {
        let report =
            json!({ "ok": ok, "inspected": report.inspected, "findings": report.findings });
        writeln!(out, "{report:#}")?;
    } else {
        print(&report, strict, out, err)?;
    }
    if nothing && report.passes(strict) {
        output::error(&format!(
            "aura: nothing in {} holds settings: no ConfigMap, Secret, workload or .env file of ours",
            from.display()
        ));
    }
    Ok(if ok { 0 } else { BAD_CONFIG })
}

/// The files at `from`; `-` is standard input.
pub(super) fn inputs(from: &Path) -> Inputs {
    if from == Path::new("-") {
        input::read_stream("standard input", io::stdin().lock())
    } else {
        input::read(from)
    }
}

fn print(
    report: &Report,
    strict: bool,
    out: &mut impl Write,
    err: &mut impl Write,
) -> io::Result<()> {
    for finding in &report.findings {
        let weight = if finding.is_fault(strict) {
            ""
        } else {
            "warning: "
        };
        writeln!(err, "{weight}{finding}")?;
    }
    match report.faults(strict).count() {
        0 if report.inspected.is_empty() => Ok(()),
        0 if report.inspected.len() == 1 => writeln!(out, "ok, in 1 place"),
        0 => writeln!(out, "ok, in {} places", report.inspected.len()),
        1 => writeln!(err, "1 fault"),
        many => writeln!(err, "{many} faults"),
    }
}
