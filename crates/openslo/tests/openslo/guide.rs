//! The guide's JSON.

use budget::{Minutes, Severity, Window};
use openslo::{Indicator, Text, guide};

use crate::examples;

const GUIDE: &str = r#"{
  "id": "billing-slo",
  "name": "Billing look-up",
  "description": "Good for 99.5 % over 30 days",
  "metric": { "resourceType": "API", "filterExpression": "api.success_rate > 0" },
  "sloTarget": 99.5,
  "timeWindow": "PT720H",
  "burnRateAlerts": [
    { "level": "CRITICAL", "burnRateThreshold": 14.6, "duration": "PT5M" },
    { "level": "WARNING", "burnRateThreshold": 1, "duration": "P10D" }
  ]
}"#;

fn said(text: &str) -> String {
    guide::read(&Text { file: "body", text }).expect_err("this JSON is wrong").to_string()
}

#[test]
fn an_objective_of_the_guide_gets_long_windows_and_waits_for_counts() {
    let read = guide::read(&Text { file: "body", text: GUIDE }).unwrap();
    assert_eq!(read.objective.target.get(), 995_000);
    assert_eq!(read.objective.window, Window::Rolling(Minutes::days(30)));
    let rules: Vec<_> = read.objective.alerts.iter().map(|rule| (rule.severity, rule.long, rule.short)).collect();
    let page = (Severity::Page, Minutes::hours(1), Minutes::new(5));
    // Twelve times ten days is more than the window.
    let ticket = (Severity::Ticket, Minutes::days(30), Minutes::days(10));
    assert_eq!(rules, [page, ticket]);
    assert_eq!(read.indicator, Indicator::pushed());
    assert_eq!(read.words.as_ref().unwrap().filter_expression, "api.success_rate > 0");
}

#[test]
fn it_is_written_as_it_was_read() {
    let read = guide::read(&Text { file: "body", text: GUIDE }).unwrap();
    let mut written = guide::write(&read);
    let mut expected: serde_json::Value = serde_json::from_str(GUIDE).unwrap();
    // Ten days are 240 hours.
    assert_eq!(written["burnRateAlerts"][1]["duration"].take(), "PT240H");
    expected["burnRateAlerts"][1]["duration"].take();
    assert_eq!(written, expected);
}

#[test]
fn every_example_goes_through_the_guides_json() {
    for (file, text) in examples::all() {
        for mut definition in openslo::read(&[Text { file: &file, text: &text }]).unwrap().definitions {
            let written = serde_json::to_string_pretty(&guide::write(&definition)).unwrap();
            let again = guide::read(&Text { file: "body", text: &written }).unwrap_or_else(|error| panic!("{error}"));
            // The address of a data source is written, not its name.
            forget_names(&mut definition.indicator);
            assert_eq!(again, definition, "{written}");
        }
    }
}

fn forget_names(indicator: &mut Indicator) {
    match indicator {
        Indicator::Ratio(ratio) => (ratio.part.data_source, ratio.total.data_source) = (None, None),
        Indicator::Threshold(threshold) => threshold.metric.data_source = None,
    }
}

#[test]
fn what_is_wrong_is_told_by_its_path() {
    insta::assert_snapshot!(said(
        r#"{"id": "a/b", "sloTarget": 100, "timeWindow": "PT90S", "colour": "red", "metric": {"filter": 1},
            "burnRateAlerts": [{"level": "CRITICAL", "burnRateThreshold": "fast", "duration": 5}, 7],
            "indicator": {"thresholdMetric": {"metricSource": {"type": "prometheus"}}}}"#
    ));
    insta::assert_snapshot!(said(r#"{"id": "a", "sloTarget": 0, "timeWindow": "P1M"}"#));
    insta::assert_snapshot!(said(r#"{"id": "a", "sloTarget": 100, "timeWindow": "PT720H"}"#));
    insta::assert_snapshot!(said(
        &GUIDE.replace("14.6", "500").replace("PT720H", "PT4M").replace("\"P10D\"", "\"PT0M\"")
    ));
    insta::assert_snapshot!(said(r#"{"id": "a", "id": "b", "sloTarget": 99, "timeWindow": "PT720H"}"#));
    insta::assert_snapshot!(said(r#"{"id": "a","#));
    insta::assert_snapshot!(said("[]"));
}
