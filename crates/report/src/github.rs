//! GitHub annotations: workflow commands, a line each, that show a finding beside the line it is about.

use crate::{Finding, Findings, Level};

/// One command per finding.
pub fn document(findings: &Findings) -> String {
    findings.list.iter().map(command).collect()
}

fn command(finding: &Finding) -> String {
    let name = match finding.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Info => "notice",
    };
    format!(
        "::{name} file={},line={},col={},title={}::{}\n",
        property(&finding.file),
        finding.line.max(1),
        finding.column.max(1),
        property(&format!("{} {}", finding.rule, finding.title)),
        data(&format!("{} {}", finding.message, finding.fix)),
    )
}

pub(crate) fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

pub(crate) fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
