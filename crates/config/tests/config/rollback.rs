//! The section `rollback`, as it is meant and as it can be wrong.

use std::time::Duration;

use base::{Minutes, Ppm};
use rollback::act::Locked;
use rollback::{Mode, Policy, Rule};

use crate::load;
use crate::mistakes::said;

const PLATFORM: &str = "platform: { region: eu-central-1, client: { id: c, secret: { env: SECRET } } }";

#[test]
fn without_a_word_nothing_is_watched_and_the_reference_values_hold() {
    let rollback = load("").unwrap().rollback;
    assert_eq!(rollback.policy, Policy { alpha: 0.05 / 520.0, ..Policy::default() });
    assert_eq!((rollback.history, rollback.arm_after), (Minutes::days(28), Minutes::days(7)));
    assert_eq!((rollback.lockout, rollback.locked), (Duration::from_secs(900), Locked::HandOver));
    assert!(rollback.flows.is_empty());
}

#[test]
fn what_the_default_file_shows_behind_its_comment_signs_is_the_default() {
    let lines = config::DEFAULT.lines().skip_while(|line| *line != "# rollback:").take_while(|line| !line.is_empty());
    let section: String = lines.map(|line| format!("{}\n", line.trim_start_matches("# "))).collect();
    let shown = load(&format!("{section}{PLATFORM}\n")).unwrap_or_else(|invalid| panic!("{invalid}\n{section}"));
    let mut usual = load("").unwrap().rollback;
    usual.flows.clone_from(&shown.rollback.flows);
    assert_eq!(shown.rollback, usual);
    assert_eq!(usual.flows.iter().map(|flow| flow.mode).collect::<Vec<_>>(), [Mode::Automatic, Mode::Approve]);
}

#[test]
fn a_section_is_meant_as_it_is_written() {
    let config = load(&format!(
        "
rollback:
  policy: both
  falseRollbacksPerYear: 1
  releasesPerYear: 100
  guide: {{ trip: 2%, minutes: 5 }}
  watch: 2h
  watchQuiet: 3h
  history: 14d
  armAfter: 2d
  lockout: 90s
  locked: unlock
  flows:
    main: {{ mode: automatic }}
    side: {{ mode: recommend, siblings: [] }}
    other: {{ siblings: [main, side] }}
{PLATFORM}
"
    ))
    .unwrap();
    insta::assert_debug_snapshot!(config.rollback);
}

#[test]
fn what_is_left_out_follows_what_is_written() {
    let rollback = load("rollback: { watch: 6h, history: 1d, guide: { trip: 1% } }").unwrap().rollback;
    assert_eq!(rollback.policy.length_quiet, Minutes::hours(6), "never shorter than with many conversations");
    assert_eq!(rollback.arm_after, Minutes::days(1), "never more than is looked at");
    assert_eq!(rollback.policy.guide.clear, Ppm::percent(1), "never above where it trips");
    assert_eq!(rollback.policy.rule, Rule::Evidence);
}

#[test]
fn bounds_are_told() {
    insta::assert_snapshot!(said(
        "
rollback:
  falseRollbacksPerYear: 0
  releasesPerYear: 0
  guide: { trip: 100%, minutes: 0 }
  watch: 4m
  watchQuiet: 9h
  history: 29d
  armAfter: 90s
  lockout: 30s
"
    ));
    insta::assert_snapshot!(said(
        "
rollback:
  falseRollbacksPerYear: 6
  releasesPerYear: 12
  guide: { trip: 3%, clear: 5% }
  watch: 2h
  watchQuiet: 1h
  history: 30m
  armAfter: 1d
  lockout: 25h
"
    ));
    for number in [".nan", "-1", "10.5", ".inf"] {
        let said = said(&format!("rollback: {{ falseRollbacksPerYear: {number} }}"));
        assert!(said.contains("above 0 and at most 10"), "{said}");
    }
}

#[test]
fn flows_that_cannot_be_watched_are_refused() {
    let flows = "
rollback:
  flows:
    main: { mode: automatic, siblings: [main, sied] }
    side: { siblings: [main, main, elsewhere] }
";
    insta::assert_snapshot!(said(&format!("{flows}{PLATFORM}\n")));
    insta::assert_snapshot!(said("rollback:\n  flows:\n    main: { mode: approve }\n"));
    insta::assert_snapshot!(said(&format!("rollback: {{ flows: {{ main: {{ siblings: [side] }} }} }}\n{PLATFORM}\n")));
    insta::assert_snapshot!(said("rollback: { flows: { main: { mode: automtic } } }"));
    insta::assert_snapshot!(said("rollback: { policy: odds }"));
}
