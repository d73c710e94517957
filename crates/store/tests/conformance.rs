//! One suite for every store: what the engine may rely on, whatever is below.

#![expect(clippy::unwrap_used, reason = "a helper of a test is a test")]

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use store::{
    Action, AuditEntry, Change, Counted, CountedBlock, Document, Fold, INCIDENTS_PAGE, Incident, IncidentState,
    JOURNAL_PAGE, JournalEntry, LETTERS_PAGE, Letter, LetterState, Severity, Simulated, Sqlite, Store, StoreError,
    TimelineLine,
};

fn at(second: i64) -> Timestamp {
    Timestamp::from_millisecond(1_780_000_000_000 + second * 1_000 + 7).unwrap()
}

fn incident(n: u32, key: &str) -> Incident {
    Incident {
        id: format!("20260601-000000-{n:06}"),
        key: key.into(),
        dedup_key: format!("sdl:acme:{key}:{n}"),
        title: "Circuit crm is open: 5 failures in a row".into(),
        severity: Severity::Error,
        state: IncidentState::Open,
        opened_at: at(i64::from(n)),
        resolved_at: None,
        acknowledged_by: None,
        detail: r#"{"version":1}"#.into(),
    }
}

fn resolved(incident: &Incident) -> Incident {
    Incident { state: IncidentState::Resolved, resolved_at: Some(at(900)), ..incident.clone() }
}

fn line(incident: &Incident, n: u32, what: &str) -> TimelineLine {
    TimelineLine { incident_id: incident.id.clone(), n, at: at(1), what: what.into() }
}

fn letter(incident: &Incident, seq: u64, receiver: &str) -> Letter {
    Letter {
        id: format!("{}.trigger.{receiver}.{seq}", incident.id),
        seq,
        incident_id: incident.id.clone(),
        receiver: receiver.into(),
        action: Action::Trigger,
        dedup_key: incident.dedup_key.clone(),
        body: r#"{"version":1}"#.into(),
        state: LetterState::Pending,
        attempts: 0,
        created_at: at(1),
        due_at: at(1),
        delivered_at: None,
        last_error: None,
    }
}

fn entry(seq: u64) -> JournalEntry {
    JournalEntry { seq, at: at(2), version: 1, event: r#"{"kind":"x"}"#.into(), effects: "[]".into() }
}

fn change(incidents: Vec<Incident>, letters: Vec<Letter>, journal: Vec<JournalEntry>) -> Change {
    Change { incidents, letters, journal, ..Change::default() }
}

/// Everything the engine relies on. `store` is empty.
async fn suite(store: &dyn Store) {
    an_empty_store_answers_with_nothing(store).await;
    a_change_is_read_back_as_it_was_written(store).await;
    a_change_may_be_repeated(store).await;
    a_letter_moves_on_to_its_end(store).await;
    a_second_live_incident_per_key_is_refused_and_nothing_of_it_stays(store).await;
    an_ended_incident_frees_its_key_in_the_same_change(store).await;
    the_journal_refuses_another_entry_under_the_same_number(store).await;
    letters_need_their_incident(store).await;
    lists_are_pages(store).await;
    a_document_is_kept_in_its_latest_form(store).await;
    the_audit_only_grows_and_keeps_an_entry_once(store).await;
    counted_minutes_stay_until_they_are_in_their_blocks(store).await;
    a_lease_is_had_by_one_at_a_time(store).await;
    what_was_begun_under_an_older_lease_is_not_written(store).await;
    a_clock_that_was_set_back_makes_nobody_wait_for_hours(store).await;
}

const LEASE: Duration = Duration::from_secs(10);

async fn a_lease_is_had_by_one_at_a_time(store: &dyn Store) {
    let take = async |holder: &str, second| store.take_lease("one", holder, LEASE, at(second)).await.unwrap();
    let first = take("ann", 0).await.unwrap();
    assert_eq!((first.fence, first.until), (1, at(10)));
    assert_eq!(take("ben", 9).await, None);
    let prolonged = take("ann", 9).await.unwrap();
    assert_eq!((prolonged.fence, prolonged.until), (1, at(19)), "its holder prolongs it");
    assert_eq!(take("ben", 18).await, None);
    assert_eq!(take("ben", 19).await.unwrap().fence, 2, "it has run out");
    assert_eq!(take("ann", 20).await, None);
    assert_eq!(take("ben", 40).await.unwrap().fence, 3, "one's own that had run out is taken anew");
    store.give_back_lease(&prolonged, at(41)).await.unwrap();
    assert_eq!(take("ann", 41).await, None, "what one no longer has cannot be given back");
    let own = take("ben", 41).await.unwrap();
    store.give_back_lease(&own, at(42)).await.unwrap();
    assert_eq!(take("ann", 42).await.unwrap().fence, 4);
}

async fn what_was_begun_under_an_older_lease_is_not_written(store: &dyn Store) {
    let document = |body: &str| Document { kind: "act".into(), id: "1".into(), at: at(1), body: body.into() };
    let change = |body: &str, fence| Change {
        documents: vec![document(body)],
        under: Some(("two".to_owned(), fence)),
        ..Change::default()
    };
    let is_fenced = |result: Result<(), StoreError>| matches!(result, Err(StoreError::Fenced(name)) if name == "two");
    assert!(is_fenced(store.commit(&change("0", 1)).await), "nobody has it");
    let first = store.take_lease("two", "ann", LEASE, at(0)).await.unwrap().unwrap();
    store.commit(&change("1", first.fence)).await.unwrap();
    let second = store.take_lease("two", "ben", LEASE, at(20)).await.unwrap().unwrap();
    assert!(is_fenced(store.commit(&change("2", first.fence)).await));
    assert_eq!(store.documents("act", None).await.unwrap(), [document("1")]);
    store.commit(&change("3", second.fence)).await.unwrap();
    assert_eq!(store.documents("act", None).await.unwrap(), [document("3")]);
}

async fn a_clock_that_was_set_back_makes_nobody_wait_for_hours(store: &dyn Store) {
    let hour = 3_600;
    let first = store.take_lease("three", "ann", LEASE, at(hour)).await.unwrap().unwrap();
    let second = store.take_lease("three", "ben", LEASE, at(0)).await.unwrap().unwrap();
    assert_eq!((second.fence, second.until), (first.fence + 1, at(10)));
}

async fn a_document_is_kept_in_its_latest_form(store: &dyn Store) {
    let document = |id: &str, body: &str| Document { kind: "x".into(), id: id.into(), at: at(1), body: body.into() };
    let documents = vec![document("b", "1"), document("a", "2"), document("b", "3")];
    store.commit(&Change { documents, ..Change::default() }).await.unwrap();
    assert_eq!(store.documents("x", None).await.unwrap(), [document("a", "2"), document("b", "3")]);
    assert_eq!(store.documents("x", Some("a")).await.unwrap(), [document("b", "3")]);
    assert_eq!(store.documents("y", None).await.unwrap(), []);
}

async fn the_audit_only_grows_and_keeps_an_entry_once(store: &dyn Store) {
    let entry = |id: &str| AuditEntry {
        id: id.into(),
        at: at(1),
        who: "ann".into(),
        what: "request".into(),
        body: "{}".into(),
    };
    let change = Change { audit: vec![entry("1"), entry("2")], ..Change::default() };
    store.commit(&change).await.unwrap();
    store.commit(&change).await.unwrap();
    let found = store.audit(None).await.unwrap();
    assert_eq!(found.iter().map(|record| record.entry.id.as_str()).collect::<Vec<_>>(), ["2", "1"]);
    assert_eq!(store.audit(Some(u64::MAX)).await.unwrap(), found);
    let older = store.audit(Some(found[0].seq)).await.unwrap();
    assert_eq!(older.iter().map(|record| record.entry.clone()).collect::<Vec<_>>(), [entry("1")]);
}

async fn counted_minutes_stay_until_they_are_in_their_blocks(store: &dyn Store) {
    let counted = |seq| Counted { seq, body: "[]".into() };
    let counted_all: Vec<_> = (1..=3).map(counted).collect();
    store.commit(&Change { counted: counted_all.clone(), ..Change::default() }).await.unwrap();
    store.commit(&Change { counted: vec![counted(3)], ..Change::default() }).await.unwrap();
    assert_eq!(store.counted(0).await.unwrap(), counted_all);
    let block = |objective: &str, block, body| CountedBlock { objective: objective.into(), block, body };
    let blocks = vec![block("crm", -1, vec![1]), block("crm", 7, vec![2]), block("other", 7, vec![3])];
    let fold = Some(Fold { blocks, up_to: 2 });
    store.commit(&Change { fold, ..Change::default() }).await.unwrap();
    assert_eq!(store.counted(0).await.unwrap(), [counted(3)]);
    assert_eq!(store.counted_blocks("crm", -5).await.unwrap().len(), 2);
    assert_eq!(store.counted_blocks("crm", 0).await.unwrap(), [block("crm", 7, vec![2])]);
    let run = store.counted_run("crm", -5).await.unwrap();
    assert_eq!(run.blocks().collect::<Vec<_>>(), [(-1, &[1][..]), (7, &[2])]);
    assert_eq!((run.len(), run.last()), (2, Some(7)));
    assert!(store.counted_run("nobody", -5).await.unwrap().is_empty());
    // Bytes are no text, whatever they look like.
    let bodies = [vec![0, 255, 0], vec![], vec![0xc3], vec![0xa9, b',', 0]];
    let blocks: Vec<_> = bodies.iter().cloned().zip(1..).map(|(body, number)| block("bytes", number, body)).collect();
    let fold = Some(Fold { blocks: blocks.clone(), up_to: 0 });
    store.commit(&Change { fold, ..Change::default() }).await.unwrap();
    let run = store.counted_run("bytes", 1).await.unwrap();
    let found: Vec<_> = run.blocks().map(|(number, body)| block("bytes", number, body.to_vec())).collect();
    assert_eq!(found, blocks);
    assert_eq!(run.blocks().map(|(_, body)| body.to_vec()).collect::<Vec<_>>(), bodies);
}

async fn an_empty_store_answers_with_nothing(store: &dyn Store) {
    store.check(at(0)).await.unwrap();
    assert!(store.live_incidents(None).await.unwrap().is_empty());
    assert!(store.resolved_incidents(None).await.unwrap().is_empty());
    assert!(store.pending_receivers().await.unwrap().is_empty());
    assert_eq!(store.incident("none").await.unwrap(), None);
    assert_eq!((store.letters_head().await.unwrap(), store.journal_head().await.unwrap()), (0, 0));
}

async fn a_change_is_read_back_as_it_was_written(store: &dyn Store) {
    let crm = incident(1, "circuit/crm");
    let written = Change {
        incidents: vec![crm.clone()],
        timeline: vec![line(&crm, 1, "opened"), line(&crm, 2, "half open")],
        letters: vec![letter(&crm, 1, "pagerduty"), letter(&crm, 2, "ops-hook")],
        journal: vec![entry(1)],
        ..Change::default()
    };
    store.commit(&written).await.unwrap();

    let record = store.incident(&crm.id).await.unwrap().unwrap();
    assert_eq!(record.incident, crm);
    assert_eq!(record.timeline, written.timeline);
    assert_eq!(record.letters, written.letters);
    assert_eq!(store.live_incidents(None).await.unwrap(), vec![record]);
    assert_eq!(store.journal(0).await.unwrap(), written.journal);
    assert_eq!(store.pending_receivers().await.unwrap(), ["ops-hook", "pagerduty"]);
    assert_eq!((store.letters_head().await.unwrap(), store.journal_head().await.unwrap()), (2, 1));
}

async fn a_change_may_be_repeated(store: &dyn Store) {
    let crm = incident(1, "circuit/crm");
    let again = Change {
        incidents: vec![crm.clone()],
        timeline: vec![line(&crm, 1, "opened")],
        letters: vec![letter(&crm, 1, "pagerduty")],
        journal: vec![entry(1)],
        ..Change::default()
    };
    store.commit(&again).await.unwrap();
    store.commit(&again).await.unwrap();
    let record = store.incident(&crm.id).await.unwrap().unwrap();
    assert_eq!((record.timeline.len(), record.letters.len()), (2, 2));
    assert_eq!(store.journal(0).await.unwrap().len(), 1);
}

async fn a_letter_moves_on_to_its_end(store: &dyn Store) {
    let crm = incident(1, "circuit/crm");
    let mut page = letter(&crm, 1, "pagerduty");
    page.attempts = 1;
    page.due_at = at(60);
    page.last_error = Some("503".into());
    store.commit(&change(vec![], vec![page.clone()], vec![])).await.unwrap();
    assert_eq!(store.pending_letters("pagerduty", 0).await.unwrap(), vec![page.clone()]);

    page.state = LetterState::Delivered;
    page.delivered_at = Some(at(61));
    store.commit(&change(vec![], vec![page], vec![])).await.unwrap();
    assert!(store.pending_letters("pagerduty", 0).await.unwrap().is_empty());
    assert_eq!(store.pending_letters("ops-hook", 0).await.unwrap().len(), 1, "the other receiver still waits");
    assert!(store.pending_letters("ops-hook", 2).await.unwrap().is_empty(), "`after` is not part of the page");
}

async fn a_second_live_incident_per_key_is_refused_and_nothing_of_it_stays(store: &dyn Store) {
    let twin = incident(2, "circuit/crm");
    let refused = change(vec![twin.clone()], vec![letter(&twin, 3, "pagerduty")], vec![entry(2)]);
    assert!(matches!(store.commit(&refused).await, Err(StoreError::Refused(_))));
    assert_eq!(store.incident(&twin.id).await.unwrap(), None);
    assert_eq!((store.letters_head().await.unwrap(), store.journal_head().await.unwrap()), (2, 1));
}

async fn an_ended_incident_frees_its_key_in_the_same_change(store: &dyn Store) {
    let (first, second) = (incident(1, "circuit/crm"), incident(3, "circuit/crm"));
    store.commit(&change(vec![second.clone(), resolved(&first)], vec![], vec![])).await.unwrap();
    let live = store.live_incidents(None).await.unwrap();
    assert_eq!(live.iter().map(|record| &record.incident).collect::<Vec<_>>(), [&second]);
    let over = store.resolved_incidents(None).await.unwrap();
    assert_eq!(over.iter().map(|record| &record.incident).collect::<Vec<_>>(), [&resolved(&first)]);
    store.commit(&change(vec![resolved(&second)], vec![], vec![])).await.unwrap();
}

async fn the_journal_refuses_another_entry_under_the_same_number(store: &dyn Store) {
    let other = JournalEntry { event: r#"{"kind":"y"}"#.into(), ..entry(1) };
    assert!(matches!(store.commit(&change(vec![], vec![], vec![other])).await, Err(StoreError::Refused(_))));
    assert_eq!(store.journal(0).await.unwrap(), vec![entry(1)]);
}

async fn letters_need_their_incident(store: &dyn Store) {
    let nobody = incident(77, "circuit/none");
    let lost = change(vec![], vec![letter(&nobody, 77, "pagerduty")], vec![]);
    assert!(matches!(store.commit(&lost).await, Err(StoreError::Refused(_))));
}

async fn lists_are_pages(store: &dyn Store) {
    let many: Vec<_> = (1_000..1_150).map(|n| incident(n, &format!("circuit/{n}"))).collect();
    let letters: Vec<_> = many
        .iter()
        .flat_map(|it| [0, 1].map(|k| letter(it, u64::from(it.opened_at.as_second() as u32) * 2 + k, "slow")))
        .collect();
    let journal: Vec<_> = (2..=700).map(entry).collect();
    store.commit(&change(many.clone(), letters.clone(), journal)).await.unwrap();

    let first = store.live_incidents(None).await.unwrap();
    let rest = store.live_incidents(Some(&first.last().unwrap().incident.id)).await.unwrap();
    assert_eq!((first.len(), rest.len()), (INCIDENTS_PAGE, 50));

    let first = store.pending_letters("slow", 0).await.unwrap();
    let rest = store.pending_letters("slow", first.last().unwrap().seq).await.unwrap();
    assert_eq!((first.len(), rest.len()), (LETTERS_PAGE, 100));
    assert_eq!([first, rest].concat(), letters);

    let first = store.journal(0).await.unwrap();
    let rest = store.journal(first.last().unwrap().seq).await.unwrap();
    assert_eq!((first.len(), rest.len()), (JOURNAL_PAGE, 200));

    store.commit(&change(many.iter().map(resolved).collect(), vec![], vec![])).await.unwrap();
    let last = store.resolved_incidents(None).await.unwrap();
    assert_eq!(last[0].incident.id, many.last().unwrap().id, "the latest comes first");
    let before = store.resolved_incidents(Some(&last.last().unwrap().incident.id)).await.unwrap();
    assert_eq!((last.len(), before.len()), (INCIDENTS_PAGE, 52));
}

#[tokio::test]
async fn the_simulated_store_conforms() {
    suite(&Simulated::new()).await;
}

#[tokio::test]
async fn the_sqlite_store_conforms() {
    let dir = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&dir.path().join("deep/steadyline.db")).await.unwrap();
    suite(&store).await;
}

#[tokio::test]
async fn sqlite_finds_everything_again_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("steadyline.db");
    let crm = incident(1, "circuit/crm");
    let store = Sqlite::open(&path).await.unwrap();
    store.commit(&change(vec![crm.clone()], vec![letter(&crm, 1, "pagerduty")], vec![entry(1)])).await.unwrap();
    assert_eq!(store.path(), path);
    store.close().await;

    let store = Sqlite::open(&path).await.unwrap();
    assert_eq!(store.live_incidents(None).await.unwrap()[0].incident, crm);
    assert_eq!(store.pending_letters("pagerduty", 0).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_second_opener_is_turned_away() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("steadyline.db");
    let _first = Sqlite::open(&path).await.unwrap();
    assert!(matches!(Sqlite::open(&path).await, Err(StoreError::Held)));
}

#[tokio::test]
async fn a_file_that_is_no_database_is_called_corrupt() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("steadyline.db");
    std::fs::write(&path, "dear diary, this is not a database, but it is long enough to look at".repeat(20)).unwrap();
    let error = Sqlite::open(&path).await.unwrap_err();
    assert!(matches!(error, StoreError::Corrupt(_)), "{error:?}");
}

#[tokio::test]
async fn a_store_from_the_future_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("steadyline.db");
    Sqlite::open(&path).await.unwrap().close().await;
    sql(&path, "INSERT INTO _sqlx_migrations VALUES (9, 'later', CURRENT_TIMESTAMP, TRUE, x'00', 1)").await;
    assert!(matches!(Sqlite::open(&path).await, Err(StoreError::TooNew { found: 9, known: 3 })));
}

#[tokio::test]
async fn journal_and_audit_cannot_be_rewritten_even_with_sql() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("steadyline.db");
    let store = Sqlite::open(&path).await.unwrap();
    store.commit(&change(vec![], vec![], vec![entry(1)])).await.unwrap();
    let (who, what, body) = ("ann".into(), "ask".into(), "{}".into());
    let audit = vec![AuditEntry { id: "1".into(), at: at(1), who, what, body }];
    store.commit(&Change { audit, ..Change::default() }).await.unwrap();
    store.close().await;
    for forbidden in ["UPDATE journal SET event = '{}'", "DELETE FROM journal", "DELETE FROM audit"] {
        assert!(try_sql(&path, forbidden).await.is_err(), "{forbidden}");
    }
}

/// The sample was written by the first released schema. It must load for as long as this program
/// says that it reads version 1; a later schema adds a sample of its own.
#[tokio::test]
async fn a_store_of_schema_1_still_loads() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("steadyline.db");
    sql(&path, include_str!("../samples/schema-1.sql")).await;
    let store = Sqlite::open(&path).await.unwrap();
    let live = store.live_incidents(None).await.unwrap();
    assert_eq!(live.len(), 1);
    assert_eq!(live[0].incident.key, "circuit/crm");
    assert_eq!(live[0].timeline[0].what, "opened");
    assert_eq!(store.pending_letters("pagerduty", 0).await.unwrap(), live[0].letters);
    assert_eq!(store.journal_head().await.unwrap(), 1);
}

#[tokio::test]
async fn a_store_of_schema_2_still_loads() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("steadyline.db");
    sql(&path, include_str!("../samples/schema-2.sql")).await;
    let store = Sqlite::open(&path).await.unwrap();
    assert_eq!(store.live_incidents(None).await.unwrap().len(), 1);
    assert_eq!(store.documents("ladder", None).await.unwrap()[0].id, "main");
    assert_eq!(store.audit(None).await.unwrap()[0].entry.who, "ann");
    assert_eq!(store.counted(0).await.unwrap()[0].seq, 3);
    assert_eq!(store.counted_blocks("crm", 0).await.unwrap()[0].body, [1]);
}

async fn sql(path: &Path, text: &'static str) {
    try_sql(path, text).await.unwrap();
}

async fn try_sql(path: &Path, text: &'static str) -> Result<(), sqlx::Error> {
    use sqlx::{ConnectOptions, Connection};
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let mut connection = options.connect().await?;
    let done = sqlx::raw_sql(text).execute(&mut connection).await.map(drop);
    connection.close().await?;
    done
}
