//! What was written for Sloth and Pyrra.

use openslo::import::{self, Imported};
use openslo::{Invalid, Text};

use crate::{lines, read};

const URL: &str = "http://127.0.0.1:9090";

fn sloth(text: &str) -> Result<Imported, Box<Invalid>> {
    import::sloth(&Text { file: "sloth.yaml", text }, URL)
}

fn pyrra(text: &str) -> Result<Imported, Box<Invalid>> {
    import::pyrra(&Text { file: "pyrra.yaml", text }, URL)
}

/// What an import writes is read again, as the same.
fn check(imported: &Imported) {
    assert_eq!(read(&imported.text), imported.definitions);
}

#[test]
fn a_file_of_sloth_becomes_openslo() {
    let imported = sloth(include_str!("samples/sloth.yaml")).unwrap_or_else(|invalid| panic!("{invalid}"));
    insta::assert_snapshot!("sloth_file", imported.text);
    insta::assert_snapshot!("sloth_file_losses", lines(&imported.losses));
    check(&imported);
}

#[test]
fn a_resource_of_sloth_becomes_openslo() {
    let imported = sloth(include_str!("samples/sloth-resource.yaml")).unwrap_or_else(|invalid| panic!("{invalid}"));
    insta::assert_snapshot!("sloth_resource", imported.text);
    insta::assert_snapshot!("sloth_resource_losses", lines(&imported.losses));
    check(&imported);
}

#[test]
fn resources_of_pyrra_become_openslo() {
    let imported = pyrra(include_str!("samples/pyrra.yaml")).unwrap_or_else(|invalid| panic!("{invalid}"));
    insta::assert_snapshot!("pyrra", imported.text);
    insta::assert_snapshot!("pyrra_losses", lines(&imported.losses));
    check(&imported);
}

#[test]
fn alerts_that_can_never_hold_are_left_out() {
    let text = include_str!("samples/sloth-resource.yaml").replace("99.95", "92");
    let imported = sloth(&text).unwrap();
    assert_eq!(imported.definitions[0].objective.alerts.len(), 1);
    assert!(
        lines(&imported.losses).contains("a burn rate of 14.4 over 1h is never reached; this alert is left out"),
        "{}",
        lines(&imported.losses)
    );
    check(&imported);
}

#[test]
fn what_cannot_be_imported_is_told_at_once() {
    insta::assert_snapshot!(
        "sloth_mistakes",
        sloth(
            "
version: prometheus/v1
service: my crm
slos:
  - { name: a, objective: 100, sli: { events: { error_query: 'x{a=\"{{.service}}\"}' } } }
  - { name: b, objective: 99, sli: { plugin: { id: some/plugin } } }
  - { name: c, objective: 99, sli: {} }
---
version: prometheus/v2
---
kind: PrometheusServiceLevel
"
        )
        .unwrap_err()
    );
    insta::assert_snapshot!(
        "pyrra_mistakes",
        pyrra(
            "
apiVersion: pyrra.dev/v1alpha1
kind: ServiceLevelObjective
metadata: { name: kb }
spec: { target: '100', window: 4 weeks, indicator: { ratio: { errors: {}, total: { metric: x } }, latency: {} } }
"
        )
        .unwrap_err()
    );
}
