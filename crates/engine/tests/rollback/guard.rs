//! The guard over a contact centre that does as it is told, on virtual time.

mod house;

use std::time::Duration;

use engine::rollback::guard::WishError;
use rollback::Mode;
use rollback::act::Lock;
use store::{Fault, Store as _};

use crate::centre::Moods;
use house::House;

const NONE: [&str; 0] = [];

fn back_to_11() -> Vec<(String, String)> {
    vec![("main".to_owned(), "11.0".to_owned())]
}

#[tokio::test(start_paused = true)]
async fn a_bad_release_is_gone_back_from_proved_and_told_and_a_second_one_is_left_to_people() {
    let house = House::new(Mode::Automatic).await;
    let list = house.guard().list();
    assert!(
        list.is_leader && list.flows.iter().all(|flow| flow.armed.as_ref().is_some_and(|armed| armed.is_armed)),
        "{list:?}"
    );
    house.centre.publish("main", "12.0", 20);
    house.wait(5).await;
    assert_eq!(house.published(), back_to_11());
    assert_eq!(house.open(), ["suspect/main", "went-back/main"]);
    assert_eq!(house.release("12.0").state, "VERIFYING");
    assert_eq!(house.holds.lock().unwrap().len(), 1);
    house.wait(4).await;
    let release = house.release("12.0");
    assert_eq!(release.state, "RECOVERED", "{release:?}");
    assert_eq!(house.open(), NONE);
    assert_eq!(house.holds.lock().unwrap().len(), 0);
    assert!(house.guard().list().locked_until.is_some());

    house.centre.publish("main", "13.0", 30);
    house.wait(6).await;
    assert_eq!(house.published(), back_to_11(), "locked out");
    assert_eq!(house.release("13.0").state, "ASKED");
    assert_eq!(house.open(), ["stuck/main", "suspect/main"]);
    house.wait(30).await;
    assert_eq!(house.published(), back_to_11(), "what was refused is for people");
    house.centre.publish("main", "14.0", 2);
    house.wait(3).await;
    assert_eq!(house.release("13.0").state, "OVERTAKEN");
    assert_eq!(house.open(), NONE);
    let told: Vec<_> =
        release.story.iter().map(|line| format!("{} {}", line.at.strftime("%H:%M:%S"), line.what)).collect();
    insta::assert_snapshot!(told.join("\n"));
    insta::assert_snapshot!("audit", house.audit().await.join("\n"));
    house.stop().await;
}

#[tokio::test(start_paused = true)]
async fn while_nobody_can_tell_nothing_is_done_and_it_is_said_why() {
    let house = House::new(Mode::Automatic).await;
    house.centre.state().is_silent = true;
    house.centre.publish("main", "12.0", 100);
    house.wait(30).await;
    assert_eq!(house.published(), []);
    assert_eq!(house.open(), ["unseen/main"]);
    let release = house.release("12.0");
    assert_eq!(release.state, "BLIND");
    assert!(release.story.iter().any(|line| line.what.contains("analytics do not answer")), "{release:?}");
    // When it is told after all, what follows from it follows.
    house.centre.state().is_silent = false;
    house.wait(2).await;
    assert_eq!(house.published(), back_to_11());
    house.stop().await;
}

#[tokio::test(start_paused = true)]
async fn silence_after_much_talk_is_not_believed() {
    let house = House::new(Mode::Automatic).await;
    house.centre.publish("main", "12.0", 2);
    house.centre.state().is_empty = true;
    house.wait(12).await;
    assert_eq!(house.release("12.0").state, "BLIND");
    house.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_crash_at_any_moment_neither_loses_nor_repeats_a_rollback() {
    for seconds in (0..400).step_by(25) {
        let mut house = House::new(Mode::Automatic).await;
        house.centre.publish("main", "12.0", 20);
        house.clock.sleep(Duration::from_secs(seconds)).await;
        house.crash().await;
        house.wait(12).await;
        assert_eq!(house.published(), back_to_11(), "crash after {seconds} s");
        let release = house.release("12.0");
        assert_eq!(release.state, "RECOVERED", "crash after {seconds} s: {release:?}");
        assert_eq!(house.open(), NONE, "crash after {seconds} s");
        assert_eq!(house.guard().list().releases.len(), 1, "crash after {seconds} s");
        house.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_approver_says_so_and_it_is_gone_back() {
    let house = House::new(Mode::Approve).await;
    house.centre.publish("main", "12.0", 20);
    house.wait(6).await;
    let release = house.release("12.0");
    assert_eq!((release.state.as_str(), house.published()), ("ASKED", Vec::new()));
    assert_eq!(house.open(), ["stuck/main", "suspect/main"]);
    assert!(matches!(house.guard().approve("nothing", "Ann").await, Err(WishError::NoSuch(_))));
    house.guard().approve(&release.id, "Ann").await.unwrap();
    house.wait(4).await;
    assert_eq!(house.published(), back_to_11());
    assert_eq!(house.release("12.0").state, "RECOVERED");
    assert!(matches!(house.guard().approve(&release.id, "Ann").await, Err(WishError::Wrong(_))));
    house.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_rollback_that_does_not_help_is_for_people_and_shuts_the_gate() {
    let house = House::new(Mode::Automatic).await;
    house.centre.publish("main", "12.0", 20);
    house.wait(5).await;
    assert_eq!(house.published(), back_to_11());
    // It was something else.
    house.centre.state().errors.insert(("main".to_owned(), "11.0".to_owned()), 20);
    house.wait(20).await;
    assert_eq!(house.release("12.0").state, "NOT_HELPED");
    assert_eq!(house.open(), ["stuck/main"]);
    assert_eq!(house.holds.lock().unwrap().len(), 1);
    house.wait(60).await;
    assert_eq!(house.published(), back_to_11(), "never a second one");
    house.stop().await;
}

#[tokio::test(start_paused = true)]
async fn maintenance_and_a_locked_flow_change_nothing() {
    let house = House::new(Mode::Automatic).await;
    house.maintain("main");
    house.centre.publish("main", "12.0", 20);
    house.wait(6).await;
    let release = house.release("12.0");
    assert_eq!((release.state.as_str(), house.published()), ("SHADOW", Vec::new()));
    assert!(release.story.iter().any(|line| line.what.contains("would be bad")), "{release:?}");
    house.end_maintenance();
    house.centre.state().flows.get_mut("main").unwrap().lock = Lock::Foreign("Mary".into());
    house.wait(6).await;
    assert_eq!(house.release("12.0").state, "HANDED_OVER");
    assert_eq!(
        (house.published(), house.open()),
        (Vec::new(), vec!["stuck/main".to_owned(), "suspect/main".to_owned()])
    );
    house.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_healthy_release_is_proved_good_and_a_shock_to_all_is_no_release() {
    let house = House::new(Mode::Automatic).await;
    house.centre.publish("main", "12.0", 2);
    house.wait(20).await;
    for flow in ["main", "night", "billing"] {
        for version in ["11.0", "12.0"] {
            house.centre.state().errors.insert((flow.to_owned(), version.to_owned()), 60);
        }
    }
    house.wait(10).await;
    house.centre.state().errors.clear();
    house.wait(35).await;
    let release = house.release("12.0");
    assert_eq!((release.state.as_str(), house.published()), ("CERTIFIED", Vec::new()), "{release:?}");
    house.stop().await;
}

#[tokio::test(start_paused = true)]
async fn somebody_goes_back_by_hand_and_that_version_is_watched_too() {
    let house = House::new(Mode::Observe).await;
    house.centre.publish("main", "12.0", 20);
    house.wait(6).await;
    assert_eq!((house.release("12.0").state.as_str(), house.open()), ("CONFIRMED", Vec::new()), "it only observes");
    let wish = |to: &str| api::RollbackWish { flow: "main".into(), to: to.into(), reason: "it drops callers".into() };
    assert!(matches!(house.guard().run(&wish("12.0"), "ann").await, Err(WishError::Wrong(_))));
    assert!(matches!(house.guard().run(&wish("7.0"), "ann").await, Err(WishError::NoSuch(_))));
    house.guard().run(&wish("10.0"), "ann").await.unwrap();
    house.wait(2).await;
    assert_eq!(house.centre.live("main"), "10.0");
    assert_eq!((house.release("12.0").state.as_str(), house.release("10.0").state.as_str()), ("OVERTAKEN", "WATCHING"));
    assert!(matches!(house.guard().run(&wish("11.0"), "ann").await, Err(WishError::LockedOut(_))));
    house.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_decision_comes_out_again_from_what_was_kept() {
    let house = House::new(Mode::Automatic).await;
    house.centre.publish("main", "12.0", 20);
    house.wait(10).await;
    let id = house.release("12.0").id;
    let whole = house.guard().one(&id).await.unwrap();
    assert_eq!(whole.is_reproduced, Some(true));
    assert!(whole.minutes.iter().any(|minute| minute.odds.is_some_and(|odds| whole.odds_needed <= odds)));
    assert!(whole.minutes.last().unwrap().is_after_rollback);
    // One flipped digit is found.
    let document = house.store.documents("release", None).await.unwrap().pop().unwrap();
    let body = document.body.replacen("[20,200]", "[21,200]", 1);
    assert_ne!(body, document.body);
    let change = store::Change { documents: vec![store::Document { body, ..document }], ..store::Change::default() };
    house.store.commit(&change).await.unwrap();
    assert_eq!(house.guard().one(&id).await.unwrap().is_reproduced, Some(false));
    assert!(house.guard().one("nothing").await.is_none());
    house.stop().await;
}

#[tokio::test(start_paused = true)]
async fn whoever_takes_over_goes_on_with_what_was_kept_and_does_nothing_before() {
    let mut house = House::new(Mode::Approve).await;
    let (first_rollbacks, first) = house.running.take().unwrap();
    house.start().await;
    house.centre.publish("main", "12.0", 20);
    house.wait(6).await;
    let known = first.list().releases;
    assert_eq!((known.len(), known[0].state.as_str()), (1, "ASKED"));
    // The second one knows of nothing yet, and has no say.
    assert!(matches!(house.guard().approve(&known[0].id, "Ann").await, Err(WishError::Away(_))));
    let wish = api::RollbackWish { flow: "main".into(), to: "10.0".into(), reason: String::new() };
    assert!(matches!(house.guard().run(&wish, "ann").await, Err(WishError::Away(_))));
    first.abort();
    first_rollbacks.abort();
    house.wait(3).await;
    let release = house.release("12.0");
    assert_eq!((&release.id, release.state.as_str()), (&known[0].id, "ASKED"));
    assert_eq!(house.guard().list().releases.len(), 1);
    // What the first one told is taken back by the second.
    assert_eq!(house.open(), ["stuck/main", "suspect/main"]);
    house.guard().approve(&release.id, "Ann").await.unwrap();
    house.wait(4).await;
    assert_eq!((house.published(), house.open()), (back_to_11(), Vec::new()));
    house.stop().await;
}

#[tokio::test(start_paused = true)]
async fn whoever_says_so_is_in_the_audit() {
    let house = House::new(Mode::Approve).await;
    house.centre.publish("main", "12.0", 20);
    house.wait(6).await;
    house.guard().approve(&house.release("12.0").id, "Ann").await.unwrap();
    house.wait(25).await;
    let wish = api::RollbackWish { flow: "main".into(), to: "10.0".into(), reason: "it is quiet".into() };
    house.guard().run(&wish, "Bob").await.unwrap();
    let audit = house.store.audit(None).await.unwrap();
    let said: Vec<_> = audit.iter().filter(|line| line.entry.who != "steadyline").collect();
    let said: Vec<_> = said.iter().rev().map(|line| (line.entry.who.as_str(), line.entry.what.as_str())).collect();
    assert_eq!(said, [("Ann", "release_approved"), ("Bob", "rollback_wanted")]);
    house.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_approval_while_another_flow_is_gone_back_changes_nothing() {
    let house = House::new(Mode::Automatic).await;
    house.centre.publish("night", "12.0", 2);
    house.wait(2).await;
    house.centre.state().is_busy = true;
    house.centre.publish("main", "12.0", 20);
    house.wait(5).await;
    let list = house.guard().list();
    let night = list.releases.iter().find(|release| release.flow == "night").unwrap();
    assert_eq!(list.open.as_deref(), Some("Flow main"));
    assert!(matches!(house.guard().approve(&night.id, "Ann").await, Err(WishError::Held(_))));
    let list = house.guard().list();
    let night = list.releases.iter().find(|release| release.flow == "night").unwrap();
    assert_eq!((night.state.as_str(), house.open().contains(&"stuck/night".to_owned())), ("WATCHING", false));
    house.stop().await;
}

#[tokio::test(start_paused = true)]
async fn how_a_rollback_came_out_is_not_lost_on_a_flow_that_is_still_to_be_found() {
    let mut house = House::new(Mode::Automatic).await;
    house.centre.state().is_busy = true;
    house.centre.publish("main", "12.0", 20);
    house.wait(5).await;
    assert_eq!(house.release("12.0").state, "ROLLING_BACK");
    // Whoever goes on cannot ask how flows are before the rollback is done.
    house.centre.state().is_mute = true;
    house.crash().await;
    house.centre.state().is_busy = false;
    house.wait(4).await;
    assert_eq!(house.published(), back_to_11());
    house.centre.state().is_mute = false;
    house.wait(10).await;
    let release = house.release("12.0");
    assert_eq!(release.state, "RECOVERED", "{release:?}");
    assert_eq!(house.open(), NONE);
    house.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_sibling_that_is_bad_itself_hides_no_other_release() {
    let house = House::new(Mode::Automatic).await;
    house.centre.state().flows.get_mut("billing").unwrap().lock = Lock::Foreign("Mary".into());
    house.centre.publish("billing", "12.0", 200);
    // Until nothing is locked out any more.
    house.wait(25).await;
    assert_eq!(house.release("12.0").state, "HANDED_OVER");
    house.centre.publish("main", "13.0", 20);
    house.wait(6).await;
    assert_eq!(house.published(), back_to_11());
    house.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_found_before_maintenance_begins_after_it() {
    let house = House::new(Mode::Automatic).await;
    house.centre.state().moods = Moods { lag: 3, is_lag_told: true, ..Moods::default() };
    house.centre.publish("main", "12.0", 20);
    // Three minutes of it are known then, and none of maintenance.
    house.wait(5).await;
    house.maintain("main");
    house.wait(2).await;
    let told = |what: &str| house.release("12.0").story.iter().filter(|line| line.what.contains(what)).count();
    assert_eq!((told("is bad: "), told("would be gone back from now"), house.published()), (1, 1, Vec::new()));
    assert!(house.audit().await.contains(&"release_suppressed".to_owned()));
    house.maintained.lock().unwrap().clear();
    house.wait(3).await;
    assert_eq!(house.published(), back_to_11());
    house.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_bad_release_is_gone_back_from_after_a_maintenance_that_is_longer_than_its_watch() {
    let house = House::new(Mode::Automatic).await;
    house.centre.state().moods = Moods { lag: 3, is_lag_told: true, ..Moods::default() };
    house.centre.publish("main", "12.0", 20);
    house.wait(5).await;
    house.maintain("main");
    house.wait(125).await;
    assert_eq!((house.release("12.0").is_open, house.published()), (true, Vec::new()), "{:?}", house.release("12.0"));
    house.end_maintenance();
    house.wait(10).await;
    assert_eq!(house.published(), back_to_11(), "{:?}", house.release("12.0"));
    house.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_somebody_publishes_while_going_back_is_only_wanted_is_watched() {
    let house = House::new(Mode::Automatic).await;
    house.centre.state().moods = Moods { lag: 3, is_lag_told: true, ..Moods::default() };
    house.centre.publish("main", "12.0", 20);
    house.wait(5).await;
    house.maintain("main");
    house.wait(2).await;
    assert_eq!(house.release("12.0").state, "CONFIRMED");
    house.centre.publish("main", "13.0", 2);
    house.wait(2).await;
    assert_eq!((house.release("12.0").state.as_str(), house.release("13.0").is_open), ("OVERTAKEN", true));
    house.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_shock_to_all_is_no_release_even_where_all_have_one() {
    let house = House::new(Mode::Automatic).await;
    let flows = ["main", "night", "billing"];
    for flow in flows {
        house.centre.publish(flow, "12.0", 2);
    }
    house.wait(20).await;
    for flow in flows {
        for version in ["11.0", "12.0"] {
            house.centre.state().errors.insert((flow.to_owned(), version.to_owned()), 60);
        }
    }
    house.wait(10).await;
    house.centre.state().errors.clear();
    house.wait(35).await;
    assert_eq!(house.published(), Vec::new(), "{:?}", house.release("12.0"));
    house.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_sibling_that_people_work_on_hides_no_other_release() {
    let house = House::new(Mode::Automatic).await;
    house.maintain("billing");
    house.centre.publish("billing", "12.0", 200);
    house.wait(5).await;
    house.centre.publish("main", "13.0", 20);
    house.wait(6).await;
    assert_eq!(house.published(), back_to_11());
    house.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_past_that_was_told_as_empty_is_read_again_once_there_are_callers() {
    let mut house = House::new(Mode::Automatic).await;
    house.centre.state().is_empty = true;
    house.crash().await;
    house.wait(3).await;
    house.centre.state().is_empty = false;
    house.centre.publish("main", "12.0", 20);
    house.wait(6).await;
    assert_eq!(house.published(), back_to_11());
    house.stop().await;
}

#[tokio::test(start_paused = true)]
async fn without_a_past_there_are_neither_odds_nor_anything_tolerated() {
    let mut house = House::new(Mode::Automatic).await;
    house.centre.state().is_empty = true;
    house.crash().await;
    house.wait(30).await;
    house.centre.publish("main", "12.0", 0);
    house.wait(4).await;
    let unweighed = house.release("12.0");
    assert_eq!((unweighed.normal_percent, unweighed.odds, unweighed.tolerated_percent), (None, None, None));
    let unweighed = house.guard().one(&unweighed.id).await.unwrap();
    assert!(!unweighed.minutes.is_empty() && unweighed.minutes.iter().all(|minute| minute.odds.is_none()));
    house.centre.state().is_empty = false;
    house.wait(30).await;
    let weighed = house.release("12.0");
    assert!(weighed.normal_percent.is_some() && weighed.odds.is_some() && weighed.tolerated_percent.is_some());
    assert!(house.guard().one(&weighed.id).await.unwrap().minutes.iter().all(|minute| minute.odds.is_some()));
    house.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_incident_that_was_told_and_not_kept_does_not_outlive_its_cause() {
    let mut house = House::new(Mode::Automatic).await;
    house.centre.state().is_silent = true;
    house.centre.publish("main", "12.0", 2);
    // Its minutes are told at 300 ms after 20 s.
    house.clock.sleep(Duration::from_millis(6 * 60_000 + 20_200)).await;
    house.store.fail_writes(u32::MAX, Fault::Full);
    house.clock.sleep(Duration::from_millis(300)).await;
    assert_eq!(house.open(), ["unseen/main"]);
    house.end();
    house.store.heal();
    house.centre.state().is_silent = false;
    house.start().await;
    house.wait(3).await;
    assert_eq!(house.open(), NONE);
    house.stop().await;
}

#[tokio::test(start_paused = true)]
async fn whoever_takes_over_at_any_moment_goes_on_with_what_was_kept_and_not_with_what_it_knew() {
    for seconds in (0..500).step_by(50) {
        let mut house = House::new(Mode::Automatic).await;
        // It has looked at nothing, and what it read when it started is old when it takes over.
        let other = house.controller().await;
        house.centre.publish("main", "12.0", 20);
        house.clock.sleep(Duration::from_secs(seconds)).await;
        house.end();
        house.running = Some(other);
        house.wait(14).await;
        assert_eq!(house.published(), back_to_11(), "after {seconds} s");
        let releases = house.guard().list().releases;
        let states: Vec<_> = releases.iter().map(|it| (it.version.as_str(), it.state.as_str())).collect();
        assert_eq!(states, [("12.0", "RECOVERED")], "after {seconds} s: {releases:?}");
        assert_eq!(house.open(), NONE, "after {seconds} s");
        house.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_controller_writes_late_is_not_kept_over_what_another_has_kept_since() {
    for seconds in (0..60).step_by(4) {
        let mut house = House::new(Mode::Automatic).await;
        let other = house.controller().await;
        house.centre.publish("main", "12.0", 20);
        house.clock.sleep(Duration::from_secs(120 + seconds)).await;
        // Whoever writes next stands still for longer than its lease lasts.
        house.store.fail_writes(1, Fault::Late(Duration::from_secs(600)));
        house.wait(25).await;
        assert_eq!(house.published(), back_to_11(), "after {seconds} s");
        let kept = house.kept().await;
        assert!(kept.contains("recovered"), "after {seconds} s: {kept}");
        other.1.shutdown().await;
        other.0.shutdown().await;
        house.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_starts_again_ends_what_an_earlier_run_could_not_see() {
    let mut house = House::new(Mode::Automatic).await;
    house.centre.state().is_mute = true;
    house.wait(6).await;
    assert_eq!(house.open(), ["unseen/all"]);
    house.end();
    house.centre.state().is_mute = false;
    house.start().await;
    house.wait(3).await;
    assert_eq!(house.open(), NONE);
    house.stop().await;
}

#[tokio::test(start_paused = true)]
async fn callers_of_a_version_that_is_found_to_be_bad_late_were_never_normal() {
    let house = House::new(Mode::Automatic).await;
    let normal = |house: &House| house.guard().list().flows[0].normal_percent.unwrap();
    let before = normal(&house);
    // Nobody says anything for longer than minutes are asked for again.
    house.centre.state().is_silent = true;
    house.centre.publish("main", "12.0", 100);
    house.wait(40).await;
    house.centre.state().is_silent = false;
    house.wait(4).await;
    assert_eq!(house.published(), back_to_11());
    assert!((normal(&house) - before).abs() < 0.01, "{} after {before}", normal(&house));
    house.stop().await;
}

#[tokio::test(start_paused = true)]
async fn callers_of_a_bad_version_that_are_told_of_all_at_once_were_never_normal() {
    let mut house = House::new(Mode::Approve).await;
    let before = house.guard().list().flows[0].normal_percent.unwrap();
    house.end();
    house.centre.publish("main", "12.0", 100);
    house.wait(60).await;
    house.start().await;
    house.wait(4).await;
    assert_eq!(house.release("12.0").state, "ASKED");
    let after = house.guard().list().flows[0].normal_percent.unwrap();
    assert!((after - before).abs() < 0.01, "{after} after {before}");
    house.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_was_had_before_anybody_watched_is_noticed_all_the_same() {
    let mut house = House::new(Mode::Automatic).await;
    house.end();
    house.pause = Duration::from_secs(40);
    house.start().await;
    house.centre.publish("main", "12.0", 20);
    house.wait(8).await;
    assert_eq!(house.published(), back_to_11());
    house.stop().await;
}

#[tokio::test(start_paused = true)]
async fn silence_does_not_unsay_what_was_told() {
    let house = House::new(Mode::Approve).await;
    house.centre.publish("main", "12.0", 20);
    house.wait(6).await;
    assert_eq!(house.release("12.0").state, "ASKED");
    house.centre.state().is_empty = true;
    house.wait(4).await;
    let release = house.release("12.0");
    assert_eq!(release.state, "ASKED", "{release:?}");
    assert_eq!(house.open(), ["stuck/main", "suspect/main"]);
    house.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_version_that_was_live_for_minutes_is_not_the_one_to_go_back_to() {
    let house = House::new(Mode::Automatic).await;
    house.centre.publish("main", "12.0", 190);
    house.wait(1).await;
    house.centre.publish("main", "13.0", 20);
    house.wait(10).await;
    assert_eq!(house.published(), back_to_11(), "nobody knows how 12 would have fared");
    house.stop().await;
}
