//! The section `review`, as it is meant and as it can be wrong.

use std::time::Duration;

use config::Place;

use crate::load;
use crate::mistakes::said;

const CLIENT: &str = "client: { id: c, secret: { env: SECRET } }";

#[test]
fn without_a_word_there_is_no_target_and_that_is_said() {
    let review = load("").unwrap().review;
    let unknown = review.target(None).unwrap_err();
    assert_eq!(unknown.to_string(), "there is no target `platform`");
    assert!(unknown.hint().contains("`review.targets`"), "{}", unknown.hint());
}

#[test]
fn what_the_default_file_shows_behind_its_comment_signs_is_right() {
    let lines = config::DEFAULT.lines().skip_while(|line| *line != "# review:").take_while(|line| !line.is_empty());
    let section: String = lines.map(|line| format!("{}\n", line.trim_start_matches("# "))).collect();
    let review = load(&section).unwrap_or_else(|invalid| panic!("{invalid}\n{section}")).review;
    assert_eq!(review.owner.as_deref(), Some("#contact-centre"));
    let shown: Vec<_> = review.targets.iter().map(|target| (target.name.as_str(), target.is_production)).collect();
    assert_eq!(shown, [("sandbox", false), ("production", true)]);
    let plan = &review.plans[0];
    assert_eq!((plan.target.as_str(), plan.zone.iana_name(), plan.keep), ("sandbox", Some("Europe/Berlin"), 90));
    let health = &review.integrations[0];
    assert_eq!((health.sla, health.samples, health.inputs["ani"].as_str()), (Duration::from_secs(4), 5, "+15550100"));
}

#[test]
fn the_section_platform_is_a_target_by_its_own_name() {
    let config = load(&format!(
        "platform: {{ region: eu-central-1, {CLIENT} }}\nreview: {{ targets: {{ sandbox: {{ region: us-east-1, {CLIENT} }} }} }}"
    ))
    .unwrap();
    let target = config.review.target(None).unwrap();
    assert_eq!((target.name.as_str(), target.is_production), ("platform", false));
    assert_eq!(config.review.target(Some("sandbox")).unwrap().platform.place, Place::Region("us-east-1".into()));
    let unknown = config.review.target(Some("sandbx")).unwrap_err();
    assert_eq!(unknown.hint(), "did you mean `sandbox`? known targets: platform, sandbox");
}

#[test]
fn production_is_what_is_called_so_unless_it_says_otherwise() {
    let production = |platform: &str, target: &str| {
        let source =
            format!("platform: {{ region: eu-central-1, {CLIENT}{platform} }}\nreview: {{ targets: {{ {target} }} }}");
        let review = load(&source).unwrap().review;
        review.targets.iter().map(|target| target.is_production).collect::<Vec<_>>()
    };
    let place = |name: &str, more: &str| format!("{name}: {{ region: eu-central-1, {CLIENT}{more} }}");
    assert_eq!(production("", &place("production", "")), [true, true], "one organisation under two names");
    let other = place("production", "").replace("id: c", "id: d");
    assert_eq!(production("", &other), [false, true], "two organisations of one region");
    assert_eq!(production(", isProduction: false", &place("production", "")), [false, true]);
    assert_eq!(production("", &place("production", ", isProduction: false")), [false, false]);
    assert_eq!(production("", &place("live", ", isProduction: true")), [true, true]);
    assert_eq!(production("", &format!("production: {{ region: us-east-1, {CLIENT} }}")), [false, true]);
}

#[test]
fn what_cannot_work_is_refused() {
    insta::assert_snapshot!(said(&format!(
        "
review:
  targets:
    platform: {{ region: eu-central-1, {CLIENT} }}
    nowhere: {{ {CLIENT} }}
  integrations:
    crm: {{ sla: 0s }}
    billing: {{ action: Look up, url: 'https://billing', samples: 51 }}
    kb: {{ url: 'kb' }}
"
    )));
}

#[test]
fn a_plan_is_reviewed_at_utc_and_kept_for_three_months_unless_it_says_otherwise() {
    let review = load(&format!(
        "
review:
  targets: {{ sandbox: {{ region: eu-central-1, {CLIENT} }}, production: {{ region: us-east-1, {CLIENT} }} }}
  plans:
    - {{ file: a.yaml, target: sandbox, at: 02:30 }}
    - {{ file: b.yaml, target: production, at: \"23:05\", zone: Asia/Kathmandu, keep: 7, touchProduction: true }}
"
    ))
    .unwrap()
    .review;
    let shown = |plan: &config::NightlyPlan| {
        format!("{} {} {} {:?} {}", plan.file, plan.target, plan.at, plan.zone.iana_name(), plan.keep)
    };
    let shown: Vec<_> = review.plans.iter().map(shown).collect();
    let expected =
        ["a.yaml sandbox 02:30:00 Some(\"UTC\") 90", "b.yaml production 23:05:00 Some(\"Asia/Kathmandu\") 7"];
    assert_eq!(shown, expected);
}

#[test]
fn plans_that_cannot_be_reviewed_are_refused_with_their_place() {
    insta::assert_snapshot!(said(&format!(
        "
review:
  targets: {{ sandbox: {{ region: eu-central-1, {CLIENT} }}, production: {{ region: us-east-1, {CLIENT} }} }}
  plans:
    - {{ file: '', target: sandbx, at: '25:00', zone: Europe/Bonn, keep: 0 }}
    - {{ file: a.yaml, target: production, at: '02:30' }}
    - {{ file: b.yaml, target: sandbox, at: '02:30' }}
    - {{ file: b.yaml, target: sandbox, at: '03:30' }}
"
    )));
}
