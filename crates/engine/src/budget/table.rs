//! How flows stand, written to data tables of the organisation: a flow that reads a row needs no call.
//!
//! A row is written when it changes, and once a minute so that its `updatedAt` says that somebody still looks. A table
//! that is not there is created. What cannot be written is tried again with the next minute; a flow that reads an old
//! `updatedAt` knows that nobody has told it anything since.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::PoisonError;

use api::{BudgetList, FlowView};
use genesys::{Client, Error, datatables};
use serde_json::json;

use super::Budgets;

/// The columns of a table beside its key.
const COLUMNS: [(&str, &str); 6] = [
    ("mode", "string"),
    ("skipEnrichment", "boolean"),
    ("agentOnly", "boolean"),
    ("errorBudgetRemaining", "integer"),
    ("dataAvailable", "boolean"),
    ("updatedAt", "string"),
];

/// A row that tells how a flow stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowRow {
    /// The flow.
    pub flow: String,
    /// The table's name.
    pub table: String,
    /// The row's key.
    pub row: String,
}

/// Writes the rows of flows, for as long as budgets run.
pub struct Tables {
    client: Client,
    rows: Vec<FlowRow>,
    /// Ids of tables, by their names.
    ids: Mutex<BTreeMap<String, String>>,
}

impl Tables {
    /// Rows to write through a client of the platform.
    pub fn new(client: Client, rows: Vec<FlowRow>) -> Self {
        Self { client, rows, ids: Mutex::default() }
    }

    /// Writes now, and after every step of the budgets.
    pub async fn run(self, budgets: Budgets) {
        let mut steps = budgets.steps();
        loop {
            let (at, flows) = budgets.flows();
            self.write(&BudgetList { at: Some(at), objectives: Vec::new(), flows }).await;
            if !steps.next().await {
                return;
            }
        }
    }

    /// Writes every row as it is now; what cannot be written is told and tried again the next time.
    pub async fn write(&self, list: &BudgetList) {
        let Some(at) = list.at else { return };
        for row in &self.rows {
            let Some(flow) = list.flows.iter().find(|flow| flow.flow == row.flow) else { continue };
            if let Err(error) = self.put(row, flow, at).await {
                let hint = error.hint();
                tracing::warn!(flow = row.flow, table = row.table, %error, %hint, "a flow's row was not written");
                // It may have been deleted; it is looked for again.
                self.ids.lock().unwrap_or_else(PoisonError::into_inner).remove(&row.table);
            }
        }
    }

    async fn put(&self, row: &FlowRow, flow: &FlowView, at: jiff::Timestamp) -> Result<(), Error> {
        let id = self.table(&row.table).await?;
        let values = json!({
            "key": row.row,
            "mode": flow.mode,
            "skipEnrichment": flow.mode != "NORMAL",
            "agentOnly": matches!(flow.mode.as_str(), "AGENT_ONLY" | "OVERFLOW"),
            // A column of whole numbers holds no "not known"; `dataAvailable` says so.
            "errorBudgetRemaining": flow.error_budget_remaining.unwrap_or(0),
            "dataAvailable": flow.error_budget_remaining.is_some(),
            "updatedAt": at.strftime("%FT%TZ").to_string(),
        });
        let values = values.as_object().cloned().unwrap_or_default();
        datatables::put(&self.client, &id, &values).await.map(drop)
    }

    /// The id of a table; it is created when there is none.
    async fn table(&self, name: &str) -> Result<String, Error> {
        let known = self.ids.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        if let Some(id) = known {
            return Ok(id);
        }
        let found = datatables::list(&self.client).await?.into_iter().find(|table| table.name == name);
        let id = match found {
            Some(table) => self.completed(table).await?,
            None => {
                datatables::create(&self.client, name, "How flows stand; written by Steadyline", &COLUMNS).await?.id
            }
        };
        self.ids.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), id.clone());
        Ok(id)
    }

    /// Adds the columns that a table lacks.
    async fn completed(&self, table: datatables::Table) -> Result<String, Error> {
        let has = |column: &str| {
            let schema = table.schema.as_ref();
            schema.is_some_and(|schema| schema["properties"].get(column).is_some())
        };
        let lacking: Vec<_> = COLUMNS.into_iter().filter(|(column, _)| !has(column)).collect();
        if !lacking.is_empty() {
            datatables::add_columns(&self.client, &table.id, &lacking).await?;
        }
        Ok(table.id)
    }
}
