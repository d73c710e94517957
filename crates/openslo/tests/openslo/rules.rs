//! Rules for a Prometheus.

use std::process::Command;

use openslo::{Definition, Text, export, import};

use crate::{examples, lines, read};

/// Definitions of every kind.
fn definitions() -> Vec<Definition> {
    let examples = examples::all();
    let texts: Vec<Text<'_>> = examples.iter().map(|(file, text)| Text { file, text }).collect();
    let mut all = openslo::read(&texts).unwrap().definitions;
    let sloth = Text { file: "sloth.yaml", text: include_str!("samples/sloth.yaml") };
    all.extend(import::sloth(&sloth, "http://127.0.0.1:9090").unwrap().definitions);
    let pyrra = Text { file: "pyrra.yaml", text: include_str!("samples/pyrra.yaml") };
    all.extend(import::pyrra(&pyrra, "http://127.0.0.1:9090").unwrap().definitions);
    all
}

#[test]
fn every_example_has_rules() {
    let rules = export::prometheus(&definitions()[..6]);
    insta::assert_snapshot!("rules", rules.text);
    insta::assert_snapshot!("rules_losses", lines(&rules.losses));
}

#[test]
fn names_are_no_templates() {
    let text = crate::SLO.replace("name: crm }", "name: crm, displayName: 'a {{ b }}' }");
    let rules = export::prometheus(&read(&text)).text;
    assert!(rules.contains("a {{ `{{` }} b }}: the error budget"), "{rules}");
}

#[test]
fn promtool_accepts_the_rules_and_its_alerts_fire() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let mut all = definitions();
    all.extend(read(include_str!("samples/odd.yaml")));
    std::fs::write(folder.join("rules.yaml"), export::prometheus(&all).text).unwrap();
    std::fs::write(folder.join("burn.yaml"), include_str!("samples/burn.yaml")).unwrap();
    for arguments in [["check", "rules", "rules.yaml"], ["test", "rules", "burn.yaml"]] {
        let output = Command::new("promtool").args(arguments).current_dir(folder).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
    }
}
