//! What OpenSLO may say, and what we make of it.

use budget::{Budgeting, Minutes, Severity, Unit, Window};
use openslo::{Indicator, Numerator, Source, Text};

use crate::{SLO, lines, read};

#[test]
fn what_is_left_out_has_its_usual_value() {
    let one = &read(&SLO.replace("  timeWindow: [{ duration: 30d, isRolling: true }]\n", ""))[0];
    assert_eq!(one.objective.window, Window::Rolling(Minutes::days(30)));
    assert_eq!(one.objective.alerts.len(), 3);
    assert_eq!((one.objective.name.as_str(), one.objective.description.as_str()), ("crm", ""));
}

#[test]
fn an_empty_list_of_policies_tells_nobody() {
    assert_eq!(read(&format!("{SLO}  alertPolicies: []\n"))[0].objective.alerts, []);
    assert_eq!(read(&format!("{SLO}  alertPolicies:\n"))[0].objective.alerts.len(), 3);
}

#[test]
fn several_objectives_are_numbered() {
    let all = read(&SLO.replace("[{ targetPercent: 99.5 }]", "[{ target: 0.9, displayName: low }, { target: 0.99 }]"));
    let names: Vec<_> = all.iter().map(|one| (one.objective.id.as_str(), one.objective.name.as_str())).collect();
    assert_eq!(names, [("crm-1", "crm: low"), ("crm-2", "crm 2")]);
}

#[test]
fn windows_roll_or_follow_a_calendar() {
    let window = |text: &str| {
        let text = SLO.replace("[{ duration: 30d, isRolling: true }]", &format!("[{text}]"));
        read(&text)[0].objective.window.clone()
    };
    let rolling = [("12h", 720), ("30d", 43_200), ("1w", 10_080), ("4w", 40_320), ("90m", 90)];
    for (text, minutes) in rolling {
        let expected = Window::Rolling(Minutes::new(minutes));
        assert_eq!(window(&format!("{{ duration: {text}, isRolling: true }}")), expected, "{text}");
    }
    let calendars = [
        ("1d", 1, Unit::Day),
        ("2w", 2, Unit::Week),
        ("1M", 1, Unit::Month),
        ("1Q", 1, Unit::Quarter),
        ("1Y", 1, Unit::Year),
    ];
    for (text, count, unit) in calendars {
        let start = "startTime: 2026-01-01 00:00:00, timeZone: America/New_York";
        let Window::Calendar(period) = window(&format!("{{ duration: {text}, calendar: {{ {start} }} }}")) else {
            panic!("{text} is a calendar");
        };
        assert_eq!((period.count, period.unit, period.zone.iana_name()), (count, unit, Some("America/New_York")));
    }
}

#[test]
fn slices_may_be_written_as_a_number_of_minutes() {
    for length in ["5", "5m", "\"5\""] {
        let text = SLO.replace("Occurrences", "Timeslices").replace(
            "{ targetPercent: 99.5 }",
            &format!("{{ targetPercent: 99.5, timeSliceTarget: 0.95, timeSliceWindow: {length} }}"),
        );
        let expected = Budgeting::Timeslices { length: Minutes::new(5), target: base::Ppm::percent(95) };
        assert_eq!(read(&text)[0].objective.budgeting, expected, "{length}");
    }
}

#[test]
fn severities_of_other_tools_page_or_wait() {
    let words = [
        ("page", Severity::Page),
        ("CRITICAL", Severity::Page),
        ("high", Severity::Page),
        ("ticket", Severity::Ticket),
        ("medium", Severity::Ticket),
        ("P3", Severity::Ticket),
    ];
    for (word, severity) in words {
        let text = format!("{SLO}{}", policy(&format!("severity: {word}, condition: {{ {BURN} }}")));
        let rule = read(&text)[0].objective.alerts[0];
        assert_eq!((rule.severity, rule.long, rule.short), (severity, Minutes::hours(1), Minutes::new(5)), "{word}");
    }
}

#[test]
fn a_condition_that_waits_is_a_loss() {
    let text = format!("{SLO}{}", policy(&format!("severity: page, condition: {{ {BURN}, alertAfter: 5m }}")));
    let reading = openslo::read(&[Text { file: "slo.yaml", text: &text }]).unwrap();
    insta::assert_snapshot!(lines(&reading.losses));
    let reading = openslo::read(&[Text { file: "slo.yaml", text: &text.replace("5m", "0h") }]).unwrap();
    assert_eq!(reading.losses, []);
}

#[test]
fn a_reference_may_lead_into_another_text() {
    let source = "
apiVersion: openslo/v1
kind: DataSource
metadata: { name: metrics }
spec: { type: Prometheus, connectionDetails: { url: 'https://prometheus.example.com/base/' } }
";
    let slo = SLO
        .replace(
            "type: gateway, spec: { upstream: crm } } }\n        total",
            "metricSourceRef: metrics, spec: { query: bad } } }\n        total",
        )
        .replace("type: gateway, spec: { upstream: crm }", "metricSourceRef: metrics, spec: { query: all }");
    let texts = [Text { file: "slo.yaml", text: &slo }, Text { file: "sources.yaml", text: source }];
    let reading = openslo::read(&texts).unwrap_or_else(|invalid| panic!("{invalid}"));
    let Indicator::Ratio(ratio) = &reading.definitions[0].indicator else { panic!("a ratio") };
    assert_eq!((ratio.numerator, ratio.counter), (Numerator::Bad, false));
    assert_eq!(ratio.total.data_source.as_deref(), Some("metrics"));
    let Source::Prometheus(prometheus) = &ratio.total.source else { panic!("a Prometheus") };
    assert_eq!((prometheus.url.as_str(), prometheus.query.as_str()), ("https://prometheus.example.com/base", "all"));
}

#[test]
fn any_text_is_written_so_that_it_is_read_again() {
    let long = "a  b   c    d ".repeat(1_000);
    let texts = [
        "yes",
        "null",
        "~",
        "012",
        "1e3",
        "0x1F",
        "1:30",
        "2026-01-01",
        "a: b",
        "a #b",
        "- a",
        "---",
        "...",
        "{a}",
        "[a]",
        "*a",
        "&a",
        "!a",
        "|",
        ">",
        "%a",
        "@a",
        "`a`",
        "'a'",
        "\"a\"",
        "a\nb",
        "a\n  b\n",
        "a\tb",
        "\\a",
        "é 😀",
        "a\u{85}b",
        "{{ a }}",
        "  a",
        "a  ",
        &long,
    ];
    for text in texts {
        let mut definition = read(SLO).remove(0);
        definition.objective.description = text.to_owned();
        definition.objective.name = text.to_owned();
        definition.objective.service = text.to_owned();
        definition.targets = vec![text.to_owned()];
        let written = openslo::write(std::slice::from_ref(&definition)).text;
        assert_eq!(read(&written), [definition], "{written}");
    }
}

const BURN: &str = "kind: burnrate, op: gte, threshold: 14.4, lookbackWindow: 1h";

/// The key `alertPolicies` with one policy of one condition.
fn policy(condition: &str) -> String {
    format!(
        "  alertPolicies: [{{ kind: AlertPolicy, metadata: {{ name: p }}, spec: {{ conditions: [{{ kind: AlertCondition, \
         metadata: {{ name: c }}, spec: {{ {condition} }} }}] }} }}]\n"
    )
}
