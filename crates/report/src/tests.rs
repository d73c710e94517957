use crate::{Finding, Findings, Level, github, gitlab, json, junit, sarif};

fn findings() -> Findings {
    let finding = |rule: &str, level, severity: &str, line| Finding {
        rule: rule.to_owned(),
        title: "a thing is wrong".to_owned(),
        level,
        severity: severity.to_owned(),
        file: "flows/main, \"new\".yaml".to_owned(),
        line,
        column: 7,
        also: vec![(line + 1, 7)],
        flow: "Main <1>".to_owned(),
        action: Some("Get & set".to_owned()),
        path: "task \"A\" > callData".to_owned(),
        message: "100 % of callers\nare lost.".to_owned(),
        fix: "Do this.".to_owned(),
        docs: "docs/rules/DA001.md".to_owned(),
        page: "# A page",
        fingerprint: format!("f{line}"),
    };
    Findings {
        list: vec![
            finding("DA001", Level::Error, "critical", 3),
            finding("TO002", Level::Warning, "medium", 4),
            finding("ST003", Level::Info, "info", 0),
        ],
        files: 1,
        allowed: 2,
        in_baseline: 1,
    }
}

#[test]
fn each_form_escapes_what_it_must_and_loses_nothing() {
    let findings = findings();
    insta::assert_snapshot!("json", format!("{:#}", json::document(&findings)));
    insta::assert_snapshot!("sarif", format!("{:#}", sarif::document(&findings, "1.2.3")));
    insta::assert_snapshot!("gitlab", format!("{:#}", gitlab::document(&findings)));
    insta::assert_snapshot!("github", github::document(&findings));
    insta::assert_snapshot!("junit", junit::document(&findings).unwrap_or_default());
}
