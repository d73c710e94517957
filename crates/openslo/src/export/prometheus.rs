//! Rules for a Prometheus: the share of errors over every window that an alert needs, and the alerts.
//!
//! One group for each objective, evaluated every minute. Objectives that Steadyline counts itself are asked of its own
//! metrics, [`EVENTS`] and [`BAD_EVENTS`]; those that a Prometheus counts are asked of their own expressions. Counts of
//! a minute are recorded first, and the windows add up what was recorded: three days of an expression would be asked
//! 4,320 times every minute otherwise.
//!
//! A stretch without events has no share. Counts that are absent while the total is there are zero: the first error
//! makes the series.

use budget::{Budgeting, BurnRule, Minutes, Severity, Window};
use serde_json::{Value, json};

use crate::definition::{Definition, Indicator, Numerator, Op, Query, Ratio, Source, Threshold};
use crate::number::decimal;
use crate::problem::Loss;
use crate::write::yaml;

/// Counts all events of an objective, whose id is the label `slo`.
pub const EVENTS: &str = "steadyline_slo_events_total";

/// Counts the bad events of an objective, whose id is the label `slo`.
pub const BAD_EVENTS: &str = "steadyline_slo_bad_events_total";

/// Events of one minute, recorded.
const EVENTS_OF_MINUTE: &str = "slo:steadyline_events:count_1m";

/// Bad events of one minute, recorded.
const BAD_EVENTS_OF_MINUTE: &str = "slo:steadyline_bad_events:count_1m";

/// Rules, and what they cannot say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// YAML that `promtool check rules` accepts, as long as the objectives' own expressions are PromQL.
    pub text: String,
    /// What they do not say. Paths begin with the id of the objective.
    pub losses: Vec<Loss>,
}

/// Writes recording rules and multi-window, multi-burn-rate alerting rules. The ids of the definitions must differ.
pub fn prometheus(definitions: &[Definition]) -> Rules {
    let groups: Vec<Value> = definitions.iter().map(group).collect();
    let text = yaml(&[json!({"groups": groups})]);
    Rules { text, losses: definitions.iter().flat_map(losses).collect() }
}

fn group(definition: &Definition) -> Value {
    let objective = &definition.objective;
    let mut rules = minute_rules(definition);
    let slice = match objective.budgeting {
        Budgeting::Occurrences => None,
        Budgeting::Timeslices { length, target } => {
            let name = format!("slo:steadyline_slice_errors:ratio_{length}");
            rules.push(record(definition, &name, &share(definition, length)));
            Some((name, length, 1_000_000 - u64::from(target.get())))
        }
    };
    for window in windows(definition) {
        let expression = match &slice {
            None => share(definition, window),
            // A slice that was too bad is 1; steps of an inner query begin at multiples of their length, as slices do.
            Some((name, length, allowed)) => {
                let (window, allowed) = (window.max(*length), decimal(*allowed, 6));
                format!("avg_over_time(({} > bool {allowed})[{window}:{length}])", of(name, &objective.id))
            }
        };
        rules.push(record(definition, &share_name(window), &expression));
    }
    rules.extend([Severity::Page, Severity::Ticket].into_iter().filter_map(|severity| alert(definition, severity)));
    json!({"name": format!("steadyline-slo-{}", objective.id), "interval": "1m", "rules": rules})
}

/// Every window that is needed, each once, the shortest first.
fn windows(definition: &Definition) -> Vec<Minutes> {
    let objective = &definition.objective;
    let mut windows: Vec<Minutes> = objective.alerts.iter().flat_map(|rule| [rule.short, rule.long]).collect();
    if let Window::Rolling(length) = objective.window {
        windows.push(length);
    }
    windows.sort_unstable();
    windows.dedup();
    windows
}

fn share_name(window: Minutes) -> String {
    format!("slo:steadyline_errors:ratio_{window}")
}

/// A series of this objective. Ids have no characters that must be escaped.
fn of(name: &str, id: &str) -> String {
    format!("{name}{{slo=\"{id}\"}}")
}

fn labels(definition: &Definition) -> Value {
    json!({"slo": definition.objective.id, "service": definition.objective.service})
}

fn record(definition: &Definition, name: &str, expression: &str) -> Value {
    json!({"record": name, "expr": expression, "labels": labels(definition)})
}

/// Where the counts of a window come from.
enum Counted<'d> {
    /// Counters of our own.
    Ours,
    /// Expressions for the last minute.
    Minutes { bad: String, total: String },
    /// Expressions that only grow.
    Counters { numerator: Numerator, part: &'d str, total: &'d str },
}

fn counted(indicator: &Indicator) -> Counted<'_> {
    match indicator {
        Indicator::Ratio(Ratio { numerator, part, total, counter }) => match (promql(part), promql(total)) {
            (Some(part), Some(total)) if *counter => Counted::Counters { numerator: *numerator, part, total },
            (Some(part), Some(total)) => {
                let (part, total) = (format!("sum({})", inside(part)), format!("sum({})", inside(total)));
                Counted::Minutes { bad: bad(*numerator, &part, &total), total }
            }
            _ => Counted::Ours,
        },
        Indicator::Threshold(Threshold { metric, op, value }) => match promql(metric) {
            Some(query) => {
                let query = inside(query);
                Counted::Minutes {
                    bad: format!("sum(({query}) {} bool {value})", contrary(*op)),
                    total: format!("count({query})"),
                }
            }
            None => Counted::Ours,
        },
    }
}

fn promql(query: &Query) -> Option<&str> {
    match &query.source {
        Source::Prometheus(prometheus) => Some(&prometheus.query),
        Source::Gateway(_) | Source::Genesys(_) | Source::Push => None,
    }
}

/// Bad events out of what is counted.
fn bad(numerator: Numerator, part: &str, total: &str) -> String {
    match numerator {
        Numerator::Bad => format!("{part} or 0 * {total}"),
        Numerator::Good => format!("{total} - ({part} or 0 * {total})"),
    }
}

/// An expression that stands in parentheses; a comment at its end must not swallow the one that closes.
fn inside(query: &str) -> String {
    if query.contains('#') { format!("\n{query}\n") } else { query.to_owned() }
}

/// What holds where `op` does not.
fn contrary(op: Op) -> &'static str {
    match op {
        Op::Lt => ">=",
        Op::Lte => ">",
        Op::Gt => "<=",
        Op::Gte => "<",
    }
}

fn minute_rules(definition: &Definition) -> Vec<Value> {
    match counted(&definition.indicator) {
        Counted::Ours | Counted::Counters { .. } => Vec::new(),
        Counted::Minutes { bad, total } => {
            vec![record(definition, BAD_EVENTS_OF_MINUTE, &bad), record(definition, EVENTS_OF_MINUTE, &total)]
        }
    }
}

/// The share of bad events over a window.
fn share(definition: &Definition, window: Minutes) -> String {
    let id = &definition.objective.id;
    let (bad, total) = match counted(&definition.indicator) {
        Counted::Ours => {
            let grown = |name| format!("sum(increase({}[{window}]))", of(name, id));
            (grown(BAD_EVENTS), grown(EVENTS))
        }
        Counted::Minutes { .. } => {
            let added = |name| format!("sum(sum_over_time({}[{window}]))", of(name, id));
            (added(BAD_EVENTS_OF_MINUTE), added(EVENTS_OF_MINUTE))
        }
        Counted::Counters { numerator, part, total } => {
            let (part, total) = (grown(part, window), grown(total, window));
            (bad(numerator, &part, &total), total)
        }
    };
    format!("({bad}) / ({total} > 0)")
}

/// How much a counter grew. Of a series this is exact at its resets; of anything else it is asked minute by minute.
fn grown(query: &str, window: Minutes) -> String {
    if is_series(query) {
        format!("sum(increase({query}[{window}]))")
    } else {
        format!("sum(increase(({})[{window}:1m]))", inside(query))
    }
}

/// A name, with at most one pair of braces after it that holds no other one.
fn is_series(query: &str) -> bool {
    let (name, rest) = query.find('{').map_or((query, ""), |start| query.split_at(start));
    let is_name = !name.is_empty()
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == ':');
    let matchers = rest.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    is_name && (rest.is_empty() || matchers.is_some_and(|inside| !inside.contains(['{', '}', '#'])))
}

/// The alert of one severity: one for all its rules, because whoever is woken up wants to be woken up once.
fn alert(definition: &Definition, severity: Severity) -> Option<Value> {
    let objective = &definition.objective;
    let rules: Vec<&BurnRule> = objective.alerts.iter().filter(|rule| rule.severity == severity).collect();
    if rules.is_empty() {
        return None;
    }
    // Thousandths times millionths.
    let burning = |rule: &BurnRule| u64::from(rule.burn_milli) * u64::from(objective.allowed().get());
    let reached = |rule: &BurnRule, window| {
        format!("{} >= {}", of(&share_name(window), &objective.id), decimal(burning(rule), 9))
    };
    let holds = |rule: &&BurnRule| format!("({} and {})", reached(rule, rule.long), reached(rule, rule.short));
    let said = |rule: &&BurnRule| {
        let percent = decimal(burning(rule), 7);
        format!("at least {percent} % of the last {} and of the last {}", rule.long, rule.short)
    };
    let target = decimal(objective.target.get().into(), 4);
    let labels = json!({"slo": objective.id, "service": literal(&objective.service), "severity": severity.word()});
    Some(json!({
        "alert": "SteadylineBudgetBurn",
        "expr": rules.iter().map(holds).collect::<Vec<_>>().join(" or "),
        "labels": labels,
        "annotations": {
            "summary": format!("{}: the error budget burns too fast", literal(&objective.name)),
            "description": format!(
                "Bad were {}; the target is {target} %.",
                rules.iter().map(said).collect::<Vec<_>>().join(", or ")
            ),
        },
    }))
}

/// Text in which nothing is filled in: labels and annotations of an alert are templates.
fn literal(text: &str) -> String {
    text.replace("{{", "{{ `{{` }}")
}

fn losses(definition: &Definition) -> Vec<Loss> {
    let objective = &definition.objective;
    let loss = |key: &str, what: &str, instead: &str| Loss {
        file: String::new(),
        path: format!("{}/{key}", objective.id),
        line: 0,
        what: what.to_owned(),
        instead: instead.to_owned(),
    };
    let mut losses = Vec::new();
    if matches!(objective.window, Window::Calendar(_)) {
        let what = "PromQL knows no calendar";
        losses.push(loss(
            "window",
            what,
            "the share of the period is not recorded; the alerts need only their own windows",
        ));
    }
    if !definition.targets.is_empty() {
        let instead = "an Alertmanager sends them by the labels `slo`, `service` and `severity`";
        losses.push(loss("targets", "rules do not say who is told", instead));
    }
    losses
}
