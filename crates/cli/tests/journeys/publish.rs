//! Locks and publishes, in every ending: done, refused, interrupted, killed.

use std::fs;

use crate::organisation::{FLOW, Organisation};
use crate::setup::Ended;

const PUBLISH: [&str; 4] = ["flow", "publish", "--flow-id", "Main IVR"];

/// The names of the files that say what is locked.
fn intents(organisation: &Organisation) -> Vec<String> {
    let Ok(entries) = fs::read_dir(organisation.path().join(".steadyline/locks")) else { return Vec::new() };
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Callers get this version, and nobody has the flow.
fn is_clean(organisation: &Organisation, version: &str, ended: &Ended) {
    let seen = organisation.seen();
    assert_eq!(seen.live.unwrap().id, version, "{}", ended.whole());
    assert_eq!((seen.holder, intents(organisation)), (None, Vec::new()), "{}", ended.whole());
}

#[test]
fn a_version_is_published_under_a_lock_that_is_given_back() {
    let organisation = Organisation::new();
    organisation.save(FLOW);
    let ended = organisation.run(&PUBLISH);
    assert_eq!(ended.code, 0, "{}", ended.whole());
    assert_eq!(ended.stdout, "callers get version 2.0 of Main IVR in platform instead of 1.0\n");
    is_clean(&organisation, "2.0", &ended);
    // Once more is nothing to do, and back is a version like any other.
    let again = organisation.run(&[&PUBLISH[..], &["--format", "json"]].concat());
    assert_eq!((again.code, &again.json()["isUnchanged"]), (0, &true.into()));
    let back = organisation.run(&[&PUBLISH[..], &["--version", "1.0"]].concat());
    is_clean(&organisation, "1.0", &back);
    let none = organisation.run(&[&PUBLISH[..], &["--version", "9.0"]].concat());
    assert_eq!(none.code, 2, "{}", none.whole());
    assert!(none.stderr.contains("has no version 9.0"), "{}", none.stderr);
}

#[test]
fn a_foreign_lock_changes_nothing_and_names_its_holder() {
    let organisation = Organisation::new();
    organisation.save(FLOW);
    organisation.lock("mary");
    for args in [&PUBLISH[..], &["flow", "lock", "Main IVR"], &["flow", "unlock", "Main IVR"]] {
        let ended = organisation.run(args);
        assert_eq!((ended.code, ended.stdout.as_str()), (4, ""), "{}", ended.whole());
        let said = ended.said();
        assert!(said.contains("is locked by user-mary") && said.contains("tell #contact-centre"), "{said}");
        let seen = organisation.seen();
        assert_eq!((seen.live.unwrap().id.as_str(), seen.holder.as_deref()), ("1.0", Some("user-mary")));
        assert!(intents(&organisation).is_empty());
    }
    let taken = organisation.run(&["flow", "unlock", "Main IVR", "--force"]);
    assert_eq!((taken.code, taken.stdout.as_str()), (0, "Main IVR in platform was taken away from user-mary\n"));
    is_clean(&organisation, "1.0", &taken);
}

#[test]
fn a_lock_of_ours_stays_ours_and_is_given_back_by_name() {
    let organisation = Organisation::new();
    let lock = || organisation.run(&["flow", "lock", "Main IVR"]);
    assert_eq!(lock().stdout, "Main IVR in platform is locked\n");
    assert_eq!((organisation.seen().holder.as_deref(), lock().code), (Some("twin-client"), 0));
    assert!(organisation.run(&["flow", "recover"]).stdout.contains("locked on purpose"));
    assert_eq!(organisation.seen().holder.as_deref(), Some("twin-client"));
    let back = organisation.run(&["flow", "unlock", "Main IVR"]);
    assert_eq!((back.code, back.stdout.as_str()), (0, "Main IVR in platform is not locked any more\n"));
    is_clean(&organisation, "1.0", &back);
    assert_eq!(organisation.run(&["flow", "unlock", "Main IVR"]).stdout, "Main IVR in platform was not locked\n");
    // What was locked before is published and given back.
    organisation.save(FLOW);
    assert_eq!(lock().code, 0);
    let ended = organisation.run(&PUBLISH);
    is_clean(&organisation, "2.0", &ended);
}

#[test]
fn a_lock_of_ours_that_no_run_here_has_taken_may_be_that_of_another_machine() {
    let organisation = Organisation::new();
    organisation.save(FLOW);
    // What another machine has locked has no file here.
    assert_eq!(organisation.run(&["flow", "lock", "Main IVR"]).code, 0);
    fs::remove_dir_all(organisation.path().join(".steadyline")).unwrap();
    let ended = organisation.run(&PUBLISH);
    assert_eq!(ended.code, 4, "{}", ended.whole());
    assert_eq!((organisation.seen().holder.as_deref(), intents(&organisation).len()), (Some("twin-client"), 0));
    assert_eq!(organisation.run(&["flow", "unlock", "Main IVR"]).code, 0);
    is_clean(&organisation, "2.0", &organisation.run(&PUBLISH));
}

#[test]
fn what_cannot_be_published_gives_the_lock_back() {
    let organisation = Organisation::new();
    organisation.save(&FLOW.replace("name: Support", "name: Gone"));
    let failed = organisation.run(&PUBLISH);
    assert_eq!((failed.code, failed.stdout.as_str()), (1, ""), "{}", failed.whole());
    assert!(failed.stderr.contains("does not exist"), "{}", failed.stderr);
    is_clean(&organisation, "1.0", &failed);
    // May lock, may not publish.
    organisation.save(FLOW);
    organisation.allow(&["architect:flow:view", "architect:flow:edit"]);
    let refused = organisation.run(&[&PUBLISH[..], &["--target", "sandbox"]].concat());
    assert_eq!(refused.code, 2, "{}", refused.whole());
    assert!(refused.stderr.contains("architect:flow:publish"), "{}", refused.stderr);
    is_clean(&organisation, "1.0", &refused);
    // May not even lock.
    organisation.allow(&["architect:flow:view"]);
    let refused = organisation.run(&[&PUBLISH[..], &["--target", "sandbox"]].concat());
    assert_eq!(refused.code, 2, "{}", refused.whole());
    is_clean(&organisation, "1.0", &refused);
}

#[test]
fn a_version_that_comes_back_under_a_new_id_is_still_what_was_wanted() {
    let organisation = Organisation::new();
    organisation.save(FLOW);
    assert_eq!(organisation.run(&PUBLISH).code, 0);
    organisation.settings(|settings| settings.publish_assigns_new_id = true);
    let back = organisation.run(&[&PUBLISH[..], &["--version", "1.0", "--format", "json"]].concat());
    assert_eq!((back.code, &back.json()["live"]), (0, &"3.0".into()), "{}", back.whole());
    is_clean(&organisation, "3.0", &back);
}

#[test]
fn an_interrupted_publish_gives_the_lock_back() {
    let organisation = Organisation::new();
    organisation.save(FLOW);
    organisation.hold_publishes(true);
    let publish = organisation.start(&PUBLISH);
    organisation.when(|seen| seen.holder.is_some());
    // Another run on this machine keeps away from it.
    let other = organisation.run(&PUBLISH);
    assert_eq!(other.code, 4, "{}", other.whole());
    assert!(organisation.run(&["flow", "recover"]).stdout.contains("a run works on it now"));
    assert_eq!(organisation.seen().holder.as_deref(), Some("twin-client"));
    publish.signal("INT");
    let (status, lines) = publish.end();
    assert_eq!(status.code(), Some(3), "{lines:?}");
    assert!(lines.iter().any(|line| line.contains("interrupted")), "{lines:?}");
    is_clean(&organisation, "1.0", &other);
}

#[test]
fn what_a_killed_publish_has_locked_is_recovered() {
    let organisation = Organisation::new();
    organisation.save(FLOW);
    organisation.hold_publishes(true);
    let publish = organisation.start(&PUBLISH);
    organisation.when(|seen| seen.holder.is_some());
    publish.signal("KILL");
    let _killed = publish.end();
    assert_eq!((organisation.seen().holder.as_deref(), intents(&organisation).len()), (Some("twin-client"), 1));
    organisation.hold_publishes(false);
    let recovered = organisation.run(&["flow", "recover"]);
    assert_eq!((recovered.code, recovered.stdout.as_str()), (0, "Main IVR in platform: the lock is given back\n"));
    is_clean(&organisation, "1.0", &recovered);
    assert_eq!(organisation.run(&["flow", "recover"]).stdout, "no run has left a lock\n");
}

#[test]
fn the_next_publish_takes_over_from_a_killed_one() {
    let organisation = Organisation::new();
    organisation.save(FLOW);
    organisation.hold_publishes(true);
    let publish = organisation.start(&PUBLISH);
    organisation.when(|seen| seen.holder.is_some());
    publish.signal("KILL");
    let _killed = publish.end();
    organisation.hold_publishes(false);
    let ended = organisation.run(&PUBLISH);
    assert_eq!(ended.code, 0, "{}", ended.whole());
    is_clean(&organisation, "2.0", &ended);
}

#[test]
fn a_lock_that_cannot_be_recovered_yet_stays_on_the_list() {
    let organisation = Organisation::new();
    organisation.save(FLOW);
    organisation.hold_publishes(true);
    let publish = organisation.start(&PUBLISH);
    organisation.when(|seen| seen.holder.is_some());
    publish.signal("KILL");
    let _killed = publish.end();
    organisation.write("secret", "wrong");
    let ended = organisation.run(&["flow", "recover", "--format", "json"]);
    assert_eq!((ended.code, &ended.json()["locks"][0]["outcome"]), (6, &"failed".into()), "{}", ended.whole());
    assert_eq!(intents(&organisation).len(), 1);
    organisation.write("secret", "twin-secret");
    assert_eq!(organisation.run(&["flow", "recover"]).code, 0);
    is_clean(&organisation, "1.0", &ended);
}
