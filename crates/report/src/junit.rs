//! JUnit XML: a test suite per file, a failure per finding.

use std::collections::BTreeMap;
use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use crate::{Finding, Findings, Level};

/// Errors and warnings are failures; what is good to know is a test that passed, with a note.
///
/// # Errors
/// Never in practice: it writes to memory.
pub fn document(findings: &Findings) -> io::Result<String> {
    let mut suites: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in &findings.list {
        suites.entry(&finding.file).or_default().push(finding);
    }
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let failures = findings.list.iter().filter(|finding| fails(finding)).count();
    writer
        .create_element("testsuites")
        .with_attribute(("name", "steadyline flow lint"))
        .with_attribute(("tests", findings.list.len().to_string().as_str()))
        .with_attribute(("failures", failures.to_string().as_str()))
        .write_inner_content(|writer| suites.iter().try_for_each(|(file, findings)| suite(writer, file, findings)))?;
    let mut text = String::from_utf8_lossy(&writer.into_inner()).into_owned();
    text.push('\n');
    Ok(text)
}

fn suite(writer: &mut Writer<Vec<u8>>, file: &str, findings: &[&Finding]) -> io::Result<()> {
    let failures = findings.iter().filter(|finding| fails(finding)).count();
    writer
        .create_element("testsuite")
        .with_attribute(("name", printable(file).as_str()))
        .with_attribute(("tests", findings.len().to_string().as_str()))
        .with_attribute(("failures", failures.to_string().as_str()))
        .write_inner_content(|writer| findings.iter().try_for_each(|finding| case(writer, finding)))?;
    Ok(())
}

fn case(writer: &mut Writer<Vec<u8>>, finding: &Finding) -> io::Result<()> {
    let place = format!("{}:{}:{}", finding.file, finding.line, finding.column);
    let name = printable(&format!("{} {} ({place})", finding.rule, finding.title));
    let text = printable(&format!("{place}\n{}\n{}\n{}\n{}", finding.path, finding.message, finding.fix, finding.docs));
    writer
        .create_element("testcase")
        .with_attribute(("name", name.as_str()))
        .with_attribute(("classname", printable(&finding.flow).as_str()))
        .write_inner_content(|writer| {
            let element = if fails(finding) { "failure" } else { "system-out" };
            let mut element = writer.create_element(element);
            if fails(finding) {
                element = element
                    .with_attribute(("type", finding.level.word()))
                    .with_attribute(("message", printable(&finding.message).as_str()));
            }
            element.write_text_content(BytesText::new(&text))?;
            Ok(())
        })?;
    Ok(())
}

fn fails(finding: &Finding) -> bool {
    finding.level > Level::Info
}

/// Without the control characters that XML 1.0 cannot carry.
pub(crate) fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}
