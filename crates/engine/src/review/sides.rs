//! What two organisations are made of.

use std::collections::BTreeMap;

use genesys::{Client, Error, datatables, flows, integrations, queues, telephony};
use review::{Item, Known, Sides};
use serde_json::Value;

use super::{Asking, gap};

pub(super) async fn learn(asking: &Asking<'_>) -> Known<Option<Sides>> {
    let Some(other) = &asking.setup.other else { return Ok(None) };
    let both = async {
        let (here, there) = tokio::join!(items(asking.client), items(&other.client));
        let (here, there) = (here.map_err(|error| gap(&error))?, there.map_err(|error| gap(&error))?);
        Ok(Some(Sides { other: other.name.clone(), here, there }))
    };
    asking.part("parity", 1, both).await
}

async fn items(client: &Client) -> Result<Vec<Item>, Error> {
    let (flows, integrations, actions, queues, tables, trunks) = tokio::try_join!(
        flows::list(client, None),
        integrations::list(client),
        integrations::actions(client, None),
        queues::list(client, None),
        datatables::list(client),
        telephony::trunks(client),
    )?;
    let names: BTreeMap<&str, &str> = integrations.iter().map(|it| (it.id.as_str(), it.name.as_str())).collect();
    let mut items = Vec::new();
    for flow in flows.iter().filter(|flow| !flow.deleted) {
        let is_published = flow.published_version.is_some();
        items.push(item("flow", &flow.name, [("type", flow.kind.clone()), ("published", is_published.to_string())]));
    }
    for it in &integrations {
        let state = it.intended_state.clone().unwrap_or_default();
        items.push(item("integration", &it.name, [("intended state", state)]));
    }
    for action in &actions {
        let timeout = action.timeout().map_or_else(|| "none".to_owned(), |time| format!("{} s", time.as_secs()));
        let of = action.integration_id.as_deref().and_then(|id| names.get(id)).copied().unwrap_or_default();
        items.push(item("action", &action.name, [("timeout", timeout), ("integration", of.to_owned())]));
    }
    items.extend(queues.iter().map(|queue| item("queue", &queue.name, [])));
    items.extend(tables.iter().map(|table| item("table", &table.name, [("columns", columns(table.schema.as_ref()))])));
    let external = trunks.iter().filter(|trunk| trunk.trunk_type.as_deref() == Some("EXTERNAL"));
    items.extend(external.map(|trunk| item("trunk", &trunk.name, [])));
    Ok(items)
}

fn item<const N: usize>(kind: &str, name: &str, settings: [(&str, String); N]) -> Item {
    let settings = settings.into_iter().map(|(setting, value)| (setting.to_owned(), value)).collect();
    Item { kind: kind.to_owned(), name: name.to_owned(), settings }
}

/// The columns of a table with their types, sorted.
fn columns(schema: Option<&Value>) -> String {
    let properties = schema.and_then(|schema| schema.get("properties")).and_then(Value::as_object);
    let column = |(name, of): (&String, &Value)| format!("{name}: {}", of["type"].as_str().unwrap_or("?"));
    let mut columns: Vec<String> = properties.into_iter().flatten().map(column).collect();
    columns.sort();
    columns.join(", ")
}
