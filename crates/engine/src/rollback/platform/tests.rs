use super::*;

fn answered(status: u16, retry_after: Option<u64>) -> Error {
    let body = br#"{"message":"You must have [architect:flow:publish]","code":"missing.any.permissions"}"#;
    let api = ApiError::read("POST", "/api/v2/flows/actions/publish", status, body);
    Error::Api(Box::new(ApiError { retry_after: retry_after.map(Duration::from_secs), ..api }))
}

fn no_answer() -> Error {
    Error::NoAnswer { method: "POST".into(), path: "/x".into(), message: "reset".into() }
}

/// What an error means for a read, and for a change.
fn both(error: &Error) -> [Trouble; 2] {
    [unread(error), done::<()>(Err(error.clone())).unwrap_err()]
}

#[test]
fn what_may_have_been_done_is_told_apart_from_what_was_not() {
    let wait = |secs| Trouble::Busy(Some(Duration::from_secs(secs)));
    let busy = || Trouble::Busy(None);
    assert_eq!(both(&answered(429, Some(12))), [wait(12), wait(12)]);
    assert_eq!(both(&answered(429, None)), [busy(), busy()]);
    assert_eq!(both(&answered(503, Some(7))), [wait(7), wait(7)]);
    assert_eq!(both(&Error::OutOfBudget(Duration::from_secs(20))), [wait(20), wait(20)]);
    let login = Error::Login { status: Some(503), message: "no".into() };
    assert_eq!(both(&login), [busy(), busy()]);
    assert_eq!(both(&answered(401, None)), [busy(), busy()]);
    for error in [no_answer(), answered(500, None), answered(503, None), answered(504, None), answered(408, None)] {
        assert_eq!(both(&error), [busy(), Trouble::NoAnswer], "{error}");
    }
    for status in [409, 423] {
        assert_eq!(both(&answered(status, None)), [Trouble::Conflict, Trouble::Conflict]);
    }
    for status in [404, 410] {
        assert_eq!(both(&answered(status, None)), [Trouble::Gone, Trouble::Gone]);
    }
}

#[test]
fn what_is_refused_says_what_to_do() {
    let Trouble::Refused(why) = unread(&answered(403, None)) else { panic!("it is refused") };
    assert!(why.ends_with("Give a role of the OAuth client: architect:flow:publish."), "{why}");
    assert!(matches!(unread(&answered(400, None)), Trouble::Refused(_)));
}

#[test]
fn an_index_that_does_not_answer_keeps_nobody_from_going_back() {
    let item = |name: &str, deleted| dependencies::Item {
        id: name.into(),
        name: name.into(),
        version: None,
        kind: "QUEUE".into(),
        deleted,
        updated: true,
        state_unknown: true,
    };
    let items = vec![item("Support", false), item("Night", true)];
    assert_eq!(deleted(Some(Ok(items))), Ok(vec!["QUEUE Night".into()]));
    for unknown in [None, Some(Err(no_answer())), Some(Err(answered(500, None))), Some(Err(answered(404, None)))] {
        assert_eq!(deleted(unknown), Ok(Vec::new()));
    }
    // A limit is everybody's: whoever goes on would meet it again.
    assert_eq!(deleted(Some(Err(answered(429, Some(9))))), Err(Trouble::Busy(Some(Duration::from_secs(9)))));
}

#[test]
fn of_operations_that_are_over_only_a_publish_that_failed_counts() {
    let known = |action: Option<&str>, complete, status: &str| flows::Operation {
        id: "op-1".into(),
        complete,
        action_name: action.map(str::to_owned),
        action_status: Some(status.into()),
        error_code: Some("code".into()),
        error_message: None,
    };
    assert_eq!(operation(None), Operation::None);
    assert_eq!(operation(Some(known(Some("CHECKIN"), false, "STARTED"))), Operation::Running);
    assert_eq!(operation(Some(known(Some("PUBLISH"), true, "SUCCESS"))), Operation::None);
    assert_eq!(operation(Some(known(Some("CHECKIN"), true, "FAILURE"))), Operation::None);
    let failed = Operation::Failed { id: "op-1".into(), why: "code".into() };
    assert_eq!(operation(Some(known(Some("PUBLISH"), true, "FAILURE"))), failed);
    assert_eq!(operation(Some(known(None, true, "FAILURE"))), failed);
}

#[test]
fn only_what_was_published_is_a_version_to_go_back_to() {
    let known = |published: Option<&str>, end: Option<&str>| flows::Version {
        id: "11.0".into(),
        configuration_version: Some("c".into()),
        kind: None,
        date_published: published.map(|at| at.parse().unwrap()),
        date_published_end: end.map(|at| at.parse().unwrap()),
    };
    assert_eq!(published(known(None, None)), None);
    let both = published(known(Some("2026-11-21T08:00:00Z"), Some("1970-01-01T00:00:01.5Z"))).unwrap();
    assert_eq!((both.until, both.version.configuration.as_deref()), (Some(1_500), Some("c")));
    assert_eq!(published(known(Some("2026-11-21T08:00:00Z"), None)).unwrap().until, None);
}
