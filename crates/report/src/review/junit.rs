//! JUnit XML: a test for each check. What blocks is a failure; what nobody could judge is an error.

use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};
use review::{Review, Verdict, Weight};

use super::Head;
use crate::junit::printable;

/// The document.
///
/// # Errors
/// Never in practice: it writes to memory.
pub fn document(review: &Review, head: &Head) -> io::Result<String> {
    let count = |verdict| review.results.iter().filter(|it| it.judged.verdict() == verdict).count().to_string();
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    writer.create_element("testsuites").with_attribute(("name", "steadyline review")).write_inner_content(
        |writer| {
            writer
                .create_element("testsuite")
                .with_attribute(("name", printable(&head.plan).as_str()))
                .with_attribute(("tests", review.results.len().to_string().as_str()))
                .with_attribute(("failures", count(Verdict::Blocked).as_str()))
                .with_attribute(("errors", count(Verdict::Unknown).as_str()))
                .with_attribute(("skipped", count(Verdict::Skipped).as_str()))
                .write_inner_content(|writer| review.results.iter().try_for_each(|it| case(writer, it, head)))?;
            Ok(())
        },
    )?;
    let mut text = String::from_utf8_lossy(&writer.into_inner()).into_owned();
    text.push('\n');
    Ok(text)
}

fn case(writer: &mut Writer<Vec<u8>>, it: &review::Result, head: &Head) -> io::Result<()> {
    let name = format!("{} {}", it.check.id, it.check.title);
    writer
        .create_element("testcase")
        .with_attribute(("name", name.as_str()))
        .with_attribute(("classname", printable(&head.target).as_str()))
        .write_inner_content(|writer| {
            let element = match it.judged.verdict() {
                Verdict::Blocked => "failure",
                Verdict::Unknown => "error",
                Verdict::Skipped => "skipped",
                Verdict::Pass => "system-out",
            };
            let element = writer.create_element(element);
            let element = if it.judged.verdict() == Verdict::Pass {
                element
            } else {
                element.with_attribute(("message", printable(&first(it)).as_str()))
            };
            element.write_text_content(BytesText::new(&printable(&told(it))))?;
            Ok(())
        })?;
    Ok(())
}

/// The worst finding.
fn first(it: &review::Result) -> String {
    let worst = it.judged.findings.iter().rev().max_by_key(|finding| finding.weight);
    worst.map_or_else(|| it.judged.summary.clone(), |finding| format!("{}: {}", finding.about, finding.what))
}

fn told(it: &review::Result) -> String {
    let mut lines = vec![it.judged.summary.clone()];
    for finding in it.judged.findings.iter().filter(|finding| Weight::Info < finding.weight) {
        lines.push(format!("{} {}: {} {}", finding.weight.word(), finding.about, finding.what, finding.fix));
    }
    lines.join("\n")
}
