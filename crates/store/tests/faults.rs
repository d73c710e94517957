//! What the simulated store does when it is told to fail.

use std::time::Duration;

use jiff::Timestamp;
use store::{Change, Fault, JournalEntry, Simulated, Store, StoreError};

fn change(seq: u64) -> Change {
    let at = Timestamp::UNIX_EPOCH;
    let entry = JournalEntry { seq, at, version: 1, event: "{}".into(), effects: "[]".into() };
    Change { journal: vec![entry], ..Change::default() }
}

#[tokio::test]
async fn so_many_writes_fail_and_then_they_work() {
    let store = Simulated::new();
    store.fail_writes(2, Fault::Full);
    assert!(matches!(store.commit(&change(1)).await, Err(StoreError::Full)));
    assert!(matches!(store.check(Timestamp::UNIX_EPOCH).await, Err(StoreError::Full)));
    store.commit(&change(1)).await.unwrap();
    assert_eq!(store.commits(), 1);
}

#[tokio::test]
async fn an_unsure_write_is_done_although_it_says_otherwise() {
    let store = Simulated::new();
    store.fail_writes(1, Fault::Unsure);
    assert!(store.commit(&change(1)).await.is_err());
    assert_eq!(store.journal_head().await.unwrap(), 1);
    store.commit(&change(1)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_late_write_is_done_after_those_that_came_later() {
    let store = Simulated::new();
    store.fail_writes(1, Fault::Late(Duration::from_secs(60)));
    let writer = tokio::spawn({
        let store = store.clone();
        async move { store.commit(&change(1)).await }
    });
    tokio::task::yield_now().await;
    store.commit(&change(2)).await.unwrap();
    assert_eq!(store.journal(0).await.unwrap().len(), 1);
    writer.await.unwrap().unwrap();
    assert_eq!(store.journal(0).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_hanging_write_goes_on_when_the_store_is_healed() {
    let store = Simulated::new();
    store.fail_writes(1, Fault::Hang);
    let writer = tokio::spawn({
        let store = store.clone();
        async move { store.commit(&change(1)).await }
    });
    tokio::task::yield_now().await;
    assert!(!writer.is_finished());
    store.heal();
    writer.await.unwrap().unwrap();
    assert_eq!(store.journal_head().await.unwrap(), 1);
}

#[tokio::test]
async fn faults_last_until_they_are_healed() {
    let store = Simulated::new();
    store.fail_writes(u32::MAX, Fault::Locked);
    for _ in 0..10 {
        assert!(matches!(store.commit(&change(1)).await, Err(StoreError::Locked)));
    }
    store.heal();
    store.commit(&change(1)).await.unwrap();
}
