//! Everything of a kind, however many pages of it the store has.

use store::{DOCUMENTS_PAGE, Document, INCIDENTS_PAGE, Store, StoreError};

use crate::incident::Subject;

/// Every document of a kind, in the order of their ids.
pub(crate) async fn all(store: &dyn Store, kind: &str) -> Result<Vec<Document>, StoreError> {
    let mut all: Vec<Document> = Vec::new();
    loop {
        let page = store.documents(kind, all.last().map(|last| last.id.as_str())).await?;
        let is_last = page.len() < DOCUMENTS_PAGE;
        all.extend(page);
        if is_last {
            return Ok(all);
        }
    }
}

/// What the incidents are about that are open; the engine has a bound for them.
pub(crate) async fn open_subjects(store: &dyn Store) -> Result<Vec<Subject>, StoreError> {
    let (mut subjects, mut after) = (Vec::new(), None);
    loop {
        let page = store.live_incidents(after.as_deref()).await?;
        let is_last = page.len() < INCIDENTS_PAGE;
        after = page.last().map(|record| record.incident.id.clone());
        subjects.extend(page.iter().filter_map(|record| Subject::parse(&record.incident.key)));
        if is_last {
            return Ok(subjects);
        }
    }
}
