//! Writing documents, the audit and counted minutes.

use sqlx::{Sqlite as Driver, Transaction};

use super::signed;
use crate::{AuditEntry, Change, Counted, Document, Fold, StoreError};

pub(super) async fn put(tx: &mut Transaction<'_, Driver>, change: &Change) -> Result<(), StoreError> {
    for document in &change.documents {
        put_document(tx, document).await?;
    }
    for entry in &change.audit {
        put_audit(tx, entry).await?;
    }
    for counted in &change.counted {
        put_counted(tx, counted).await?;
    }
    match &change.fold {
        Some(fold) => put_fold(tx, fold).await,
        None => Ok(()),
    }
}

async fn put_document(tx: &mut Transaction<'_, Driver>, document: &Document) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO document (kind, id, at_ms, body) VALUES (?, ?, ?, ?) \
         ON CONFLICT (kind, id) DO UPDATE SET at_ms = excluded.at_ms, body = excluded.body",
    )
    .bind(&document.kind)
    .bind(&document.id)
    .bind(document.at.as_millisecond())
    .bind(&document.body)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn put_audit(tx: &mut Transaction<'_, Driver>, entry: &AuditEntry) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO audit (id, at_ms, who, what, body) VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING")
        .bind(&entry.id)
        .bind(entry.at.as_millisecond())
        .bind(&entry.who)
        .bind(&entry.what)
        .bind(&entry.body)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

async fn put_counted(tx: &mut Transaction<'_, Driver>, counted: &Counted) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO counted (seq, body) VALUES (?, ?) ON CONFLICT (seq) DO NOTHING")
        .bind(signed(counted.seq)?)
        .bind(&counted.body)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

async fn put_fold(tx: &mut Transaction<'_, Driver>, fold: &Fold) -> Result<(), StoreError> {
    for block in &fold.blocks {
        sqlx::query(
            "INSERT INTO counted_block (objective, block, body) VALUES (?, ?, ?) \
             ON CONFLICT (objective, block) DO UPDATE SET body = excluded.body",
        )
        .bind(&block.objective)
        .bind(block.block)
        .bind(&block.body)
        .execute(&mut **tx)
        .await?;
    }
    sqlx::query("DELETE FROM counted WHERE seq <= ?").bind(signed(fold.up_to)?).execute(&mut **tx).await?;
    Ok(())
}
