//! Findings that an organisation lives with for now: a file of their names, so that only new ones count.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use api::Exit;
use miette::Report;
use report::Findings;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

const VERSION: u32 = 1;

/// A file with the findings of one day.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Baseline {
    version: u32,
    /// Fingerprints, each with what it is, for whoever reads the file.
    findings: BTreeMap<String, String>,
}

/// Takes away the findings that the file holds.
pub(crate) fn subtract(findings: &mut Findings, path: &Path) -> Result<(), Report> {
    let name = path.display();
    let refused = |message: String| {
        let hint = format!("write one with `--write-baseline {name}`");
        Report::from(Failure::new(Exit::Usage, message, hint))
    };
    let text =
        fs::read_to_string(path).map_err(|error| refused(format!("the baseline {name} cannot be read: {error}")))?;
    let baseline: Baseline =
        serde_json::from_str(&text).map_err(|error| refused(format!("the baseline {name} is not one: {error}")))?;
    if baseline.version != VERSION {
        return Err(refused(format!("the baseline {name} has version {}; this is {VERSION}", baseline.version)));
    }
    let before = findings.list.len();
    findings.list.retain(|finding| !baseline.findings.contains_key(&finding.fingerprint));
    findings.in_baseline = before - findings.list.len();
    Ok(())
}

/// Writes the findings of today to the file.
pub(crate) fn write(findings: &Findings, path: &Path) -> Result<(), Report> {
    let describe = |finding: &report::Finding| format!("{} {}: {}", finding.rule, finding.file, finding.message);
    let list = findings.list.iter().map(|finding| (finding.fingerprint.clone(), describe(finding)));
    let baseline = Baseline { version: VERSION, findings: list.collect() };
    let mut text = serde_json::to_string_pretty(&baseline).unwrap_or_default();
    text.push('\n');
    fs::write(path, text).map_err(|error| {
        let message = format!("the baseline {} cannot be written: {error}", path.display());
        Failure::new(Exit::Usage, message, "choose a path that can be written").into()
    })
}
