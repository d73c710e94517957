use std::collections::VecDeque;

use super::*;

mod model;

fn version(id: &str) -> Version {
    Version { id: id.into(), configuration: None }
}

pub(super) fn plan() -> Plan {
    let good = vec!["10.0".into(), "11.0".into()];
    Plan { flow: "main".into(), bad: "12.0".into(), to: None, good, known_bad: Vec::new(), locked: Locked::HandOver }
}

pub(super) fn versions() -> Vec<Published> {
    let published = |id, until| Published { version: version(id), until };
    vec![published("12.0", None), published("9.0", Some(9)), published("11.0", Some(12)), published("10.0", Some(11))]
}

pub(super) fn flow(live: &str, operation: Operation, lock: Lock) -> Flow {
    Flow { published: Some(version(live)), operation, lock }
}

/// A platform that does as it is told, and otherwise what a test says.
struct Platform {
    live: &'static str,
    lock: Lock,
    deleted_in: Vec<&'static str>,
    /// How it fails, one for each publish; after those it succeeds.
    publishes: VecDeque<Fails>,
    /// Troubles before it answers at all, for questions of this kind.
    troubles: VecDeque<(Question, Trouble)>,
    operation: Operation,
    told: Vec<String>,
}

#[derive(Clone, Copy)]
enum Fails {
    /// It answers 200 and does nothing.
    Nothing,
    /// The operation fails.
    Operation,
    /// It succeeds, and the answer is lost.
    LostAnswer,
    /// The request is lost.
    LostRequest,
}

impl Platform {
    fn new() -> Self {
        Self {
            live: "12.0",
            lock: Lock::Free,
            deleted_in: Vec::new(),
            publishes: VecDeque::new(),
            troubles: VecDeque::new(),
            operation: Operation::None,
            told: Vec::new(),
        }
    }

    fn ask(&mut self, question: &Question) -> Event {
        self.told.push(match question {
            Question::Dependencies(id) => format!("check {id}"),
            Question::Publish(id) => format!("PUBLISH {id}"),
            other => format!("{other:?}").to_lowercase(),
        });
        if self.troubles.front().is_some_and(|(of, _)| of == question) {
            let trouble = self.troubles.pop_front().map(|(_, trouble)| trouble).unwrap();
            return Event::Failed(trouble);
        }
        Event::Answered(match question {
            Question::Flow => Answer::Flow(flow(self.live, self.operation.clone(), self.lock.clone())),
            Question::Versions => Answer::Versions(versions()),
            Question::Dependencies(id) => {
                let is_broken = self.deleted_in.contains(&id.as_str());
                Answer::Dependencies(if is_broken { vec!["Prompt welcome".into()] } else { Vec::new() })
            }
            Question::Lock if matches!(self.lock, Lock::Foreign(_)) => return Event::Failed(Trouble::Conflict),
            Question::Lock => {
                self.lock = Lock::Ours;
                Answer::Done
            }
            Question::Unlock | Question::Release => {
                self.lock = Lock::Free;
                Answer::Done
            }
            Question::Publish(id) => return self.publish(id),
        })
    }

    fn publish(&mut self, id: &str) -> Event {
        let ids = ["9.0", "10.0", "11.0"];
        let id = ids.into_iter().find(|known| *known == id).unwrap();
        match self.publishes.pop_front() {
            None => self.live = id,
            Some(Fails::Nothing) => {}
            Some(Fails::Operation) => {
                self.operation = Operation::Failed { id: format!("of {id}"), why: "a prompt is gone".into() };
            }
            Some(Fails::LostAnswer) => {
                self.live = id;
                return Event::Failed(Trouble::NoAnswer);
            }
            Some(Fails::LostRequest) => return Event::Failed(Trouble::NoAnswer),
        }
        Event::Answered(Answer::Done)
    }

    /// Carries an act out to its end; what was asked, pauses left out.
    fn carry_out(&mut self, plan: Plan) -> (Outcome, Duration) {
        let mut act = Act::new(plan);
        let (mut event, mut waited) = (Event::Resumed, Duration::ZERO);
        for _ in 0..10_000 {
            let (next, effects) = step(act, event);
            act = next;
            let mut then = None;
            for effect in effects {
                match effect {
                    Effect::Ask(question) => then = Some(self.ask(&question)),
                    Effect::Pause(pause) => {
                        waited += pause;
                        then = Some(Event::Woke);
                    }
                    Effect::Late => self.told.push("LATE".into()),
                    Effect::Ended(outcome) => return (outcome, waited),
                }
            }
            event = then.expect("an act that has not ended wants something");
        }
        panic!("it does not end: {:?}", self.told);
    }
}

#[test]
fn it_goes_back_to_the_last_good_version_with_the_lock_in_hand_and_gives_it_back() {
    let mut platform = Platform::new();
    let (outcome, _) = platform.carry_out(plan());
    assert_eq!(outcome, Outcome::Live("11.0".into()));
    let expected = ["flow", "versions", "check 11.0", "lock", "flow", "PUBLISH 11.0", "flow", "release"];
    assert_eq!(platform.told, expected);
}

#[test]
fn a_version_that_was_gone_back_from_or_never_proved_comes_after_those_that_were() {
    let choose = |good: &[&str], known_bad: &[&str], out: &[&str]| {
        let owned = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        let plan = Plan { good: owned(good), known_bad: owned(known_bad), ..plan() };
        super::choose(&plan, &owned(out), &versions()).map(|version| version.id)
    };
    assert_eq!(choose(&["10.0"], &[], &[]).as_deref(), Some("10.0"));
    assert_eq!(choose(&[], &[], &[]).as_deref(), Some("11.0"));
    assert_eq!(choose(&["11.0"], &["11.0"], &[]).as_deref(), Some("10.0"));
    assert_eq!(choose(&["11.0", "9.0"], &[], &["11.0"]).as_deref(), Some("9.0"));
    assert_eq!(choose(&[], &["9.0", "10.0"], &["11.0"]), None);
}

#[test]
fn a_version_that_somebody_wants_is_the_only_one_that_is_tried() {
    let wanted = |to: &str| Plan { to: Some(to.into()), known_bad: vec!["9.0".into()], ..plan() };
    let choose = |to: &str, out: &[String]| super::choose(&wanted(to), out, &versions()).map(|version| version.id);
    assert_eq!(choose("10.0", &[]).as_deref(), Some("10.0"), "not the latest good one");
    assert_eq!(choose("9.0", &[]).as_deref(), Some("9.0"), "it was gone back from, and somebody wants it all the same");
    assert_eq!(choose("10.0", &["10.0".into()]), None, "there is no other");
    assert_eq!((choose("8.0", &[]), choose("12.0", &[])), (None, None), "never published, and the bad one");
    let mut platform = Platform::new();
    assert_eq!(platform.carry_out(wanted("10.0")).0, Outcome::Live("10.0".into()));
    for fails in [Fails::Nothing, Fails::Operation] {
        let mut platform = Platform::new();
        platform.publishes.push_back(fails);
        assert_eq!(platform.carry_out(wanted("10.0")).0, Outcome::NoTarget, "{:?}", platform.told);
        let published = platform.told.iter().filter(|told| told.starts_with("PUBLISH"));
        assert_eq!(published.collect::<Vec<_>>(), ["PUBLISH 10.0"]);
        assert_eq!(platform.lock, Lock::Free);
    }
}

#[test]
fn what_cannot_be_gone_back_to_is_passed_over() {
    type Setting = fn(&mut Platform);
    let cases: [(&str, Setting, &str); 4] = [
        ("a deleted dependency", |platform| platform.deleted_in.push("11.0"), "10.0"),
        ("200 and nothing", |platform| platform.publishes.push_back(Fails::Nothing), "10.0"),
        ("a failed operation", |platform| platform.publishes.push_back(Fails::Operation), "10.0"),
        (
            "a deleted version",
            |platform| platform.troubles.push_back((Question::Publish("11.0".into()), Trouble::Gone)),
            "10.0",
        ),
    ];
    for (name, set, target) in cases {
        let mut platform = Platform::new();
        set(&mut platform);
        assert_eq!(platform.carry_out(plan()).0, Outcome::Live(target.into()), "{name}: {:?}", platform.told);
        assert_eq!(platform.lock, Lock::Free, "{name}");
    }
}

#[test]
fn a_lost_answer_is_looked_up_and_a_lost_request_is_asked_again() {
    for (lost, publishes) in [(Fails::LostAnswer, 1), (Fails::LostRequest, 2)] {
        let mut platform = Platform::new();
        platform.publishes.push_back(lost);
        assert_eq!(platform.carry_out(plan()).0, Outcome::Live("11.0".into()), "{:?}", platform.told);
        let published = platform.told.iter().filter(|told| *told == "PUBLISH 11.0").count();
        assert_eq!(published, publishes, "{:?}", platform.told);
    }
}

#[test]
fn while_a_lost_request_may_still_arrive_the_lock_is_kept() {
    let waited = |fails: Option<Fails>| {
        let mut platform = Platform::new();
        platform.publishes.extend(fails);
        let (_, waited) = platform.carry_out(plan());
        (waited >= ARRIVES, platform.told.last().cloned())
    };
    let released = Some("release".to_owned());
    assert_eq!(waited(Some(Fails::LostRequest)), (true, released.clone()));
    assert_eq!(waited(Some(Fails::LostAnswer)), (true, released.clone()));
    assert_eq!(waited(None), (false, released), "whoever was always answered waits for nothing");
    // A lock that was asked for may be taken after somebody else has published.
    let asked = Act { step: Step::Lock(version("11.0")), ..Act::new(plan()) };
    let (act, _) = step(asked, Event::Failed(Trouble::NoAnswer));
    let (act, _) = step(Act { step: Step::Look, ..act }, Event::Woke);
    let overtaken = flow("13.0", Operation::None, Lock::Free);
    let (act, effects) = step(act, Event::Answered(Answer::Flow(overtaken)));
    assert_eq!(effects, Effects::one(Effect::Pause(ARRIVES)));
    let (_, effects) = step(act, Event::Woke);
    assert_eq!(effects, Effects::one(Effect::Ask(Question::Release)));
}

#[test]
fn an_operation_that_failed_long_ago_rules_nothing_out() {
    let mut platform = Platform::new();
    platform.operation = Operation::Failed { id: "last week".into(), why: String::new() };
    platform.publishes.push_back(Fails::LostRequest);
    assert_eq!(platform.carry_out(plan()).0, Outcome::Live("11.0".into()), "{:?}", platform.told);
}

#[test]
fn a_busy_platform_is_left_alone_as_long_as_it_wishes_and_one_goes_on_where_one_was() {
    let mut platform = Platform::new();
    let busy = |secs| Trouble::Busy(Some(Duration::from_secs(secs)));
    platform.troubles.extend([
        (Question::Flow, busy(20)),
        (Question::Lock, busy(30)),
        (Question::Publish("11.0".into()), busy(40)),
    ]);
    let (outcome, waited) = platform.carry_out(plan());
    assert_eq!(outcome, Outcome::Live("11.0".into()));
    assert!(Duration::from_secs(90) <= waited && waited < Duration::from_secs(100), "{waited:?}");
    let after = platform.told.iter().skip_while(|told| *told != "PUBLISH 11.0").collect::<Vec<_>>();
    assert_eq!(after, ["PUBLISH 11.0", "flow", "PUBLISH 11.0", "flow", "release"], "looked before asking again");
}

#[test]
fn trouble_that_lasts_is_told_within_minutes_and_given_up_within_the_hour() {
    let mut platform = Platform::new();
    platform.troubles.extend((0..1_000).map(|_| (Question::Flow, Trouble::Busy(None))));
    let (outcome, waited) = platform.carry_out(plan());
    assert_eq!(outcome, Outcome::GivenUp);
    assert!(waited <= WAITED_MAX);
    assert_eq!(platform.told.iter().filter(|told| *told == "LATE").count(), 1);
}

#[test]
fn whoever_gives_up_tries_hard_to_leave_the_flow_unlocked() {
    let mut platform = Platform::new();
    let busy = |of: &Question| (of.clone(), Trouble::Busy(None));
    let publish = Question::Publish("11.0".into());
    // The lock is taken, no publish is let through for half an hour, and even the release fails at first.
    platform.troubles.extend(std::iter::repeat_n(busy(&publish), 130));
    let mut act = Act::new(plan());
    let (mut event, mut outcome) = (Event::Resumed, None);
    while outcome.is_none() {
        let (next, effects) = step(act, event);
        act = next;
        event = Event::Woke;
        for effect in effects {
            match effect {
                Effect::Ask(Question::Release)
                    if platform.told.iter().filter(|told| *told == "release").count() < 5 =>
                {
                    platform.told.push("release".into());
                    event = Event::Failed(Trouble::Busy(None));
                }
                Effect::Ask(question) => event = platform.ask(&question),
                Effect::Pause(_) | Effect::Late => {}
                Effect::Ended(ended) => outcome = Some(ended),
            }
        }
    }
    assert_eq!((outcome, platform.lock), (Some(Outcome::GivenUp), Lock::Free));
}

#[test]
fn somebody_elses_lock_is_named_or_taken_away_as_the_policy_says() {
    let foreign = || Platform { lock: Lock::Foreign("ann".into()), ..Platform::new() };
    let mut platform = foreign();
    assert_eq!(platform.carry_out(plan()).0, Outcome::Locked("ann".into()));
    assert!(!platform.told.iter().any(|told| told.starts_with("PUBLISH")));
    let mut platform = foreign();
    let plan = Plan { locked: Locked::Unlock, ..plan() };
    assert_eq!(platform.carry_out(plan).0, Outcome::Live("11.0".into()), "{:?}", platform.told);
}

#[test]
fn when_somebody_else_has_published_nothing_is_left_to_do() {
    let mut platform = Platform { live: "13.0", ..Platform::new() };
    assert_eq!(platform.carry_out(plan()).0, Outcome::Overtaken(Some("13.0".into())));
    assert_eq!(platform.told, ["flow"]);
}

#[test]
fn a_version_that_got_a_new_id_by_being_published_again_is_known_by_what_it_holds() {
    let held = |id: &str| Version { id: id.into(), configuration: Some("c-11".into()) };
    let (act, _) = step(Act { aims: vec![held("11.0")], ..Act::new(plan()) }, Event::Resumed);
    let seen = Flow { published: Some(held("13.0")), operation: Operation::None, lock: Lock::Free };
    let (act, _) = step(act, Event::Answered(Answer::Flow(seen)));
    assert_eq!(act.outcome(), Some(&Outcome::Live("11.0".into())));
}

#[test]
fn what_is_refused_is_handed_over_with_the_lock_given_back() {
    let mut platform = Platform::new();
    let refused = Trouble::Refused("architect:flow:publish is missing".into());
    platform.troubles.push_back((Question::Publish("11.0".into()), refused));
    assert_eq!(platform.carry_out(plan()).0, Outcome::Refused("architect:flow:publish is missing".into()));
    assert_eq!(platform.lock, Lock::Free);
}
