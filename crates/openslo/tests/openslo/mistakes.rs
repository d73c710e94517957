//! Everything that can be wrong, where it is, and what is said to it.

use openslo::Text;

use crate::{SLO, said};

/// What is said to an SLO in which `one` stands for `other`.
fn instead(one: &str, other: &str) -> String {
    assert!(SLO.contains(one), "{one}");
    said(&SLO.replace(one, other))
}

#[test]
fn everything_wrong_is_said_at_once() {
    insta::assert_snapshot!(said(
        "apiVersion: openslo/v1
kind: SLO
metadata: { name: crm lookup, colour: red }
spec:
  servce: crm
  indicator:
    spec:
      ratioMetric:
        bad: { metricSource: { type: gateway, spec: { upstraem: crm } } }
        total: { metricSource: { type: datadog, spec: {} } }
  timeWindow: [{ duration: 1M, isRolling: true }]
  budgetingMethod: RatioTimeslices
  objectives: [{ target: 99.5 }, { targetPercent: 99.99999 }, { target: 0.9, targetPercent: 90 }]
  alertPolicies: [{ alertPolicyRef: nobody }]
---
apiVersion: openslo/v2
kind: Slo
metadata: {}
---
apiVersion: openslo/v1
kind: AlertCondition
metadata: { name: fast }
spec:
  severity: page
  condition: { kind: burn, op: lt, threshold: fast, lookbackWindow: 1.5h }
"
    ));
}

#[test]
fn targets_without_a_budget_are_refused() {
    insta::assert_snapshot!(instead("targetPercent: 99.5", "targetPercent: 100"));
    insta::assert_snapshot!(instead("targetPercent: 99.5", "target: 0.0"));
    insta::assert_snapshot!(instead("targetPercent: 99.5", "target: -1"));
    insta::assert_snapshot!(instead("[{ targetPercent: 99.5 }]", "[]"));
    insta::assert_snapshot!(instead("{ targetPercent: 99.5 }", "{}"));
}

#[test]
fn windows_that_cannot_be_are_refused() {
    let window = |text| instead("[{ duration: 30d, isRolling: true }]", text);
    insta::assert_snapshot!(window("[{ duration: 4m, isRolling: true }]"));
    insta::assert_snapshot!(window("[{ duration: 30d }]"));
    insta::assert_snapshot!(window("[]"));
    insta::assert_snapshot!(window(
        "[{ duration: 1M, calendar: { startTime: 2026-03-29 02:30:00, timeZone: Europe/Berlin } }]"
    ));
    insta::assert_snapshot!(window(
        "[{ duration: 12h, calendar: { startTime: 2026-01-01T00:00:00Z, timeZone: UTC } }]"
    ));
    insta::assert_snapshot!(window(
        "[{ duration: 1M, isRolling: true, calendar: { startTime: 2026-01-01, timeZone: Berlin } }]"
    ));
    insta::assert_snapshot!(window("[{ duration: 1M, calendar: { startTime: yesterday, timeZone: Berlin } }]"));
}

#[test]
fn slices_that_do_not_divide_a_day_are_refused() {
    let slices = |text: &str| said(&SLO.replace("Occurrences", "Timeslices").replace("targetPercent: 99.5", text));
    insta::assert_snapshot!(slices("targetPercent: 99.5, timeSliceTarget: 0, timeSliceWindow: 7m"));
    insta::assert_snapshot!(slices("targetPercent: 99.5"));
    insta::assert_snapshot!(instead("targetPercent: 99.5", "targetPercent: 99.5, timeSliceWindow: 5m"));
}

#[test]
fn a_ratio_has_one_source_about_one_thing() {
    let total = |text| instead("total: { metricSource: { type: gateway, spec: { upstream: crm } } }", text);
    insta::assert_snapshot!(total("total: { metricSource: { type: push } }"));
    insta::assert_snapshot!(total("total: { metricSource: { type: gateway, spec: { upstream: erp } } }"));
    insta::assert_snapshot!(total("total: { metricSource: { type: gateway, spec: { upstream: crm, count: good } } }"));
    insta::assert_snapshot!(total("raw: { metricSource: { type: prometheus, spec: { query: q } } }"));
    insta::assert_snapshot!(total(
        "counter: true\n        total: { metricSource: { type: gateway, spec: { upstream: crm } } }"
    ));
    insta::assert_snapshot!(instead("bad: {", "count: {"));
    insta::assert_snapshot!(instead(
        "ratioMetric:",
        "thresholdMetric: { metricSource: { type: push } }\n      ratioMetric:"
    ));
}

#[test]
fn a_threshold_is_a_number_of_a_prometheus_and_has_a_value() {
    let metric = |text: &str| {
        let start = SLO.find("      ratioMetric").unwrap();
        let end = SLO.find("  timeWindow").unwrap();
        said(&format!("{}      thresholdMetric: {{ metricSource: {text} }}\n{}", &SLO[..start], &SLO[end..]))
    };
    insta::assert_snapshot!(metric("{ type: push }"));
    insta::assert_snapshot!(metric("{ type: prometheus, spec: { query: latency, url: 'http://p:9090' } }"));
    insta::assert_snapshot!(metric("{ type: prometheus, spec: { query: latency, url: 'http://me:secret@p' } }"));
    insta::assert_snapshot!(metric("{ type: prometheus, spec: { query: latency } }"));
}

#[test]
fn questions_for_the_platform_name_what_the_platform_has() {
    let genesys = |spec: &str| {
        instead(
            "bad: { metricSource: { type: gateway, spec: { upstream: crm } } }",
            &format!("bad: {{ metricSource: {{ type: genesys, spec: {spec} }} }}"),
        )
    };
    insta::assert_snapshot!(genesys("{ about: flow }"));
    insta::assert_snapshot!(genesys("{ flow: f }"));
    insta::assert_snapshot!(genesys("{ about: flows, exitReason: [FLOW_EROR_EXIT], queue: q }"));
    insta::assert_snapshot!(genesys("{ about: flows, exitReason: FLOW_EXIT, count: outcomes }"));
    insta::assert_snapshot!(genesys("{ about: actions, responseStatus: [200, 9xx], within: soon }"));
    insta::assert_snapshot!(genesys("{ about: conversations, media: fax, count: lost }"));
}

#[test]
fn the_part_of_a_ratio_is_a_part_of_its_total() {
    let both = |part: &str, total: &str| {
        let metric = |spec: &str| format!("{{ metricSource: {{ type: genesys, spec: {spec} }} }}");
        let gateway = "{ metricSource: { type: gateway, spec: { upstream: crm } } }";
        let text = SLO.replacen(gateway, &metric(part), 1).replacen(gateway, &metric(total), 1);
        openslo::read(&[Text { file: "slo.yaml", text: &text }])
            .map_or_else(|invalid| invalid.to_string(), |_| "right".to_owned())
    };
    let right = [
        ("{ about: actions, responseStatus: [429, 503] }", "{ about: actions, responseStatus: [4xx, 5xx] }"),
        ("{ about: actions, within: 2s }", "{ about: actions, within: 3s }"),
        ("{ about: flows, count: failedOutcomes }", "{ about: flows, count: outcomes }"),
        ("{ about: conversations, count: errors }", "{ about: conversations }"),
    ];
    for (part, total) in right {
        assert_eq!(both(part, total), "right", "{part}");
    }
    let wrong = [
        ("{ about: actions, within: 3s }", "{ about: actions, responseStatus: 2xx }"),
        ("{ about: actions, responseStatus: 5xx }", "{ about: actions, responseStatus: [500, 503] }"),
        ("{ about: actions }", "{ about: actions, within: 3s }"),
        ("{ about: flows, count: outcomes }", "{ about: flows, count: failedOutcomes }"),
        ("{ about: flows, exitReason: FLOW_ERROR_EXIT }", "{ about: flows, exitReason: [FLOW_EXIT, TRANSFER] }"),
    ];
    for (part, total) in wrong {
        assert!(both(part, total).contains("`bad` counts events that `total` leaves out"), "{part}");
    }
}

#[test]
fn rules_that_can_never_hold_are_refused_at_their_condition() {
    let condition = "
---
apiVersion: openslo/v1
kind: AlertCondition
metadata: { name: fast }
spec: { severity: page, condition: { threshold: 14.4, lookbackWindow: 60d } }
---
apiVersion: openslo/v1
kind: AlertPolicy
metadata: { name: burn }
spec: { conditions: [{ conditionRef: fast }, { conditionRef: fats }], notificationTargets: [{ targetRef: on-call }] }
";
    insta::assert_snapshot!(said(&format!("{SLO}  alertPolicies: [burn]{condition}")));
}

#[test]
fn two_of_one_name_are_refused() {
    insta::assert_snapshot!(said(&format!("{SLO}---\n{SLO}")));
    let numbered = SLO.replace("[{ targetPercent: 99.5 }]", "[{ target: 0.9 }, { target: 0.99 }]");
    insta::assert_snapshot!(said(&format!("{numbered}---\n{}", SLO.replace("name: crm", "name: crm-2"))));
    insta::assert_snapshot!(instead("  service: crm\n", "  service: crm\n  service: erp\n"));
}

#[test]
fn services_are_checked_where_there_are_some() {
    let service = "---\napiVersion: openslo/v1\nkind: Service\nmetadata: { name: crn }\nspec: { description: CRM }\n";
    insta::assert_snapshot!(said(&format!("{SLO}{service}")));
}

#[test]
fn text_that_is_no_yaml_is_refused_with_its_place_after_what_came_before() {
    insta::assert_snapshot!(said(&format!("{}---\nkind: [SLO\n", SLO.replace("99.5", "100"))));
    insta::assert_snapshot!(said("a: &x 1\nb: *x\n"));
    insta::assert_snapshot!(said("- a\n- b\n"));
}

#[test]
fn problems_are_in_the_order_of_the_texts() {
    let wrong = SLO.replace("99.5", "100");
    let second = wrong.replace("name: crm", "name: erp");
    let texts = [Text { file: "a.yaml", text: &wrong }, Text { file: "b.yaml", text: &second }];
    insta::assert_snapshot!(openslo::read(&texts).unwrap_err());
}

#[test]
fn an_empty_text_is_an_empty_set() {
    for text in ["", "---\n---\n", "# nothing\n"] {
        assert_eq!(openslo::read(&[Text { file: "slo.yaml", text }]).unwrap().definitions, []);
    }
}
