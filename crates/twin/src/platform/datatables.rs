//! Data tables: a schema, and rows that flows look up by their key.

use serde_json::{Map, Value, json};

use super::Need::{All, Any};
use super::kinds::DATA_TABLE;
use super::{Answer, ApiError, Call, Reply, Table, home, iso};
use crate::world::{Change, Rows, Service, Stage};

const VIEW: super::Need = Any(&["architect:datatable:view"]);
const ADD: super::Need = Any(&["architect:datatable:add", "architect:datatableRow:add"]);
const EDIT: super::Need = Any(&["architect:datatable:edit", "architect:datatableRow:edit"]);

pub(super) static TABLE: Table = Table {
    service: Service::DataTables,
    operations: &[
        ("GET", "/api/v2/flows/datatables", VIEW, list),
        ("POST", "/api/v2/flows/datatables", All(&["architect:datatable:add"]), create),
        ("GET", "/api/v2/flows/datatables/{datatableId}", VIEW, show),
        ("PUT", "/api/v2/flows/datatables/{datatableId}", All(&["architect:datatable:edit"]), replace),
        ("GET", "/api/v2/flows/datatables/{datatableId}/rows", VIEW, rows),
        ("POST", "/api/v2/flows/datatables/{datatableId}/rows", ADD, add_row),
        ("GET", "/api/v2/flows/datatables/{datatableId}/rows/{rowId}", VIEW, row),
        ("PUT", "/api/v2/flows/datatables/{datatableId}/rows/{rowId}", EDIT, put_row),
        (
            "DELETE",
            "/api/v2/flows/datatables/{datatableId}/rows/{rowId}",
            Any(&["architect:datatable:delete", "architect:datatableRow:delete"]),
            delete_row,
        ),
        ("POST", "/api/v2/flows/datatables/{datatableId}/import/csv/jobs", ADD, import),
        ("GET", "/api/v2/flows/datatables/{datatableId}/import/jobs/{importJobId}", VIEW, imported),
        ("POST", "/api/v2/flows/datatables/{datatableId}/export/jobs", VIEW, export),
        ("GET", "/api/v2/flows/datatables/{datatableId}/export/jobs/{exportJobId}", VIEW, exported),
    ],
};

/// Types that a column may have.
const TYPES: [&str; 4] = ["string", "integer", "number", "boolean"];

fn list(call: &mut Call<'_>) -> Answer {
    let with_schema = call.asked_all("expand").contains(&"schema");
    let listed =
        call.named(&DATA_TABLE).into_iter().map(|table| if with_schema { table } else { without_schema(table) });
    call.page(listed.collect())
}

fn show(call: &mut Call<'_>) -> Answer {
    let table = Value::Object(call.document(&DATA_TABLE, call.at("datatableId"))?);
    let with_schema = call.asked_all("expand").contains(&"schema");
    Ok(if with_schema { table } else { without_schema(table) }.into())
}

fn without_schema(mut table: Value) -> Value {
    table.as_object_mut().map(|table| table.remove("schema"));
    table
}

fn create(call: &mut Call<'_>) -> Answer {
    let name = call.text("name")?;
    let schema = call.object()?.get("schema").cloned().unwrap_or_default();
    check_schema(&schema)?;
    if call.world.documents.all(&DATA_TABLE).iter().any(|table| table.get("name") == Some(&json!(name))) {
        return Err(ApiError::conflict(format!("A data table named {name} exists already.")));
    }
    let mut table = json!({"name": name, "division": home(), "schema": schema});
    if let Some(description) = call.object()?.get("description") {
        table["description"] = description.clone();
    }
    let id = call.id();
    let added = call.world.documents.add(&DATA_TABLE, &id, table).cloned();
    let added = added.map_err(|error| call.refused(&DATA_TABLE, error))?;
    call.audit(Change { service: "Architect", entity_type: "DataTable", action: "Create", id: &id, name: &name });
    Ok(Value::Object(added).into())
}

fn check_schema(schema: &Value) -> Result<(), ApiError> {
    let columns = schema["properties"].as_object();
    let columns = columns.ok_or_else(|| ApiError::invalid("The schema needs properties."))?;
    if columns.get("key").is_none_or(|key| key["type"] != "string") {
        return Err(ApiError::invalid("The schema needs the property key of the type string."));
    }
    let strange = columns.iter().find(|(_, column)| !TYPES.iter().any(|known| column["type"] == *known));
    match strange {
        Some((name, _)) => Err(ApiError::invalid(format!("The column {name} must be one of {}.", TYPES.join(", ")))),
        None => Ok(()),
    }
}

/// Columns can only be added.
fn replace(call: &mut Call<'_>) -> Answer {
    let known = call.document(&DATA_TABLE, call.at("datatableId"))?;
    let schema = call.object()?.get("schema").cloned().unwrap_or_default();
    check_schema(&schema)?;
    let columns = known["schema"]["properties"].as_object().cloned().unwrap_or_default();
    let lost = columns.iter().find(|(name, column)| schema["properties"][name.as_str()]["type"] != column["type"]);
    if let Some((name, _)) = lost {
        return Err(ApiError::invalid(format!("The column {name} cannot be changed or removed.")));
    }
    Ok(Value::Object(call.replace(&DATA_TABLE, "datatableId", "Architect", "DataTable")?).into())
}

fn table(call: &Call<'_>) -> Result<(String, Map<String, Value>), ApiError> {
    let table = call.document(&DATA_TABLE, call.at("datatableId"))?;
    Ok((call.at("datatableId").to_owned(), table))
}

fn rows(call: &mut Call<'_>) -> Answer {
    let (id, _) = table(call)?;
    let is_brief = call.asked("showbrief") != Some("false");
    let brief =
        |row: &Map<String, Value>| if is_brief { json!({"key": row.get("key")}) } else { Value::Object(row.clone()) };
    let listed = call.world.rows.of(&id).map(brief).collect();
    call.page(listed)
}

fn row(call: &mut Call<'_>) -> Answer {
    let (id, _) = table(call)?;
    let is_brief = call.asked("showbrief") == Some("true");
    let row = call.world.rows.get(&id, call.at("rowId")).ok_or_else(no_row)?;
    Ok(if is_brief { json!({"key": row.get("key")}) } else { Value::Object(row.clone()) }.into())
}

fn no_row() -> ApiError {
    ApiError::not_found("The row")
}

fn add_row(call: &mut Call<'_>) -> Answer {
    let (id, table) = table(call)?;
    let row = complete(call.object()?.clone(), &table)?;
    let key = row["key"].as_str().unwrap_or_default().to_owned();
    if call.world.rows.get(&id, &key).is_some() {
        return Err(ApiError::conflict(format!("A row with the key {key} exists already.")));
    }
    put(call, &id, &key, row)
}

fn put_row(call: &mut Call<'_>) -> Answer {
    let (id, table) = table(call)?;
    let key = call.at("rowId").to_owned();
    call.world.rows.get(&id, &key).ok_or_else(no_row)?;
    let mut row = call.object()?.clone();
    row.insert("key".to_owned(), key.clone().into());
    let row = complete(row, &table)?;
    put(call, &id, &key, row)
}

fn put(call: &mut Call<'_>, id: &str, key: &str, row: Map<String, Value>) -> Answer {
    let body = Value::Object(row.clone());
    if !call.world.rows.put(id, key, row) {
        return Err(ApiError::conflict("The data table is full."));
    }
    call.audit(Change { service: "Architect", entity_type: "DataTableRow", action: "Update", id, name: key });
    Ok(body.into())
}

/// A row with all columns, each of its type.
fn complete(mut row: Map<String, Value>, table: &Map<String, Value>) -> Result<Map<String, Value>, ApiError> {
    let columns = table["schema"]["properties"].as_object().cloned().unwrap_or_default();
    if row.get("key").and_then(Value::as_str).is_none_or(str::is_empty) {
        return Err(ApiError::invalid("The row needs a key."));
    }
    for (name, value) in &row {
        let Some(column) = columns.get(name) else {
            return Err(ApiError::invalid(format!("The table has no column {name}.")));
        };
        let fits = match column["type"].as_str() {
            Some("integer") => value.is_i64() || value.is_u64(),
            Some("number") => value.is_number(),
            Some("boolean") => value.is_boolean(),
            _ => value.is_string(),
        };
        if !fits {
            return Err(ApiError::invalid(format!("The column {name} takes a value of the type {}.", column["type"])));
        }
    }
    for (name, column) in columns {
        let default = column.get("default").cloned().unwrap_or_else(|| match column["type"].as_str() {
            Some("integer" | "number") => json!(0),
            Some("boolean") => json!(false),
            _ => json!(""),
        });
        row.entry(name).or_insert(default);
    }
    Ok(row)
}

fn delete_row(call: &mut Call<'_>) -> Answer {
    let (id, _) = table(call)?;
    let key = call.at("rowId").to_owned();
    if !call.world.rows.remove(&id, &key) {
        return Err(no_row());
    }
    call.audit(Change { service: "Architect", entity_type: "DataTableRow", action: "Delete", id: &id, name: &key });
    call.done()
}

fn import(call: &mut Call<'_>) -> Answer {
    let (table, _) = table(call)?;
    let mode = call.object()?.get("importMode").and_then(Value::as_str).unwrap_or("ReplaceAll").to_owned();
    let id = call.begin("import");
    let uri = format!("/api/v2/flows/datatables/{table}/import/jobs/{id}");
    let body = json!({"id": id, "status": "WaitingForUpload", "dateCreated": iso(call.now.wall), "importMode": mode,
        "uploadURI": format!("{}/twin/uploads/{id}", call.base), "uploadHeaders": {"Content-Type": "text/csv"},
        "selfUri": uri});
    Ok(Reply::Json(202, body))
}

fn imported(call: &mut Call<'_>) -> Answer {
    let (table_id, table) = table(call)?;
    let (job, stage) = call.job("import", "importJobId")?;
    let id = call.at("importJobId").to_owned();
    let mode = job.asked["importMode"].as_str().unwrap_or("ReplaceAll").to_owned();
    let mut body = json!({"id": id, "dateCreated": iso(job.began.wall), "importMode": mode, "selfUri": call.uri});
    let Some(result) = job.result else {
        body["status"] = "WaitingForUpload".into();
        return Ok(body.into());
    };
    if stage != Stage::Done {
        body["status"] = "Processing".into();
        return Ok(body.into());
    }
    let (updated, failed) = match result["csv"].as_str() {
        Some(csv) => {
            if mode == "ReplaceAll" {
                call.world.rows.clear(&table_id);
            }
            let counts = load(&mut call.world.rows, &table_id, &table, csv);
            if let Some(job) = call.world.jobs.get_mut("import", &id) {
                job.result = Some(json!({"updated": counts.0, "failed": counts.1}));
            }
            counts
        }
        None => (result["updated"].as_u64().unwrap_or(0), result["failed"].as_u64().unwrap_or(0)),
    };
    body["status"] = if failed == 0 { "Succeeded" } else { "Failed" }.into();
    body["countRecordsUpdated"] = updated.into();
    body["countRecordsDeleted"] = 0.into();
    body["countRecordsFailed"] = failed.into();
    body["dateCompleted"] = iso(call.now.wall).into();
    Ok(body.into())
}

/// Loads the lines of a file into a table: how many were taken, and how many were not.
fn load(rows: &mut Rows, id: &str, table: &Map<String, Value>, csv: &str) -> (u64, u64) {
    let mut lines =
        csv.lines().map(|line| line.split(',').map(|cell| cell.trim().trim_matches('"')).collect::<Vec<_>>());
    let names = lines.next().unwrap_or_default();
    let (mut updated, mut failed) = (0, 0);
    for cells in lines.filter(|cells| cells.iter().any(|cell| !cell.is_empty())) {
        let typed = names.iter().zip(&cells).map(|(name, cell)| {
            let value = match table["schema"]["properties"][*name]["type"].as_str() {
                Some("integer" | "number" | "boolean") => serde_json::from_str(cell).unwrap_or_else(|_| json!(cell)),
                _ => json!(cell),
            };
            ((*name).to_owned(), value)
        });
        match complete(typed.collect(), table) {
            Ok(row) => {
                let key = row["key"].as_str().unwrap_or_default().to_owned();
                if rows.put(id, &key, row) { updated += 1 } else { failed += 1 }
            }
            Err(_) => failed += 1,
        }
    }
    (updated, failed)
}

fn export(call: &mut Call<'_>) -> Answer {
    let (table, _) = table(call)?;
    let id = call.begin("tableExport");
    let uri = format!("/api/v2/flows/datatables/{table}/export/jobs/{id}");
    let body = json!({"id": id, "status": "Processing", "dateCreated": iso(call.now.wall), "selfUri": uri});
    Ok(Reply::Json(202, body))
}

fn exported(call: &mut Call<'_>) -> Answer {
    let (table, _) = table(call)?;
    let (job, stage) = call.job("tableExport", "exportJobId")?;
    let mut body = json!({"id": call.at("exportJobId"), "dateCreated": iso(job.began.wall), "selfUri": call.uri});
    if stage != Stage::Done {
        body["status"] = "Processing".into();
        return Ok(body.into());
    }
    body["status"] = "Succeeded".into();
    body["dateCompleted"] = iso(call.now.wall).into();
    body["countRecordsProcessed"] = call.world.rows.of(&table).count().into();
    body["downloadURI"] = format!("{}/twin/tables/{table}", call.base).into();
    Ok(body.into())
}

/// A table as lines of cells, its key first.
pub(crate) fn as_csv(world: &crate::world::World, id: &str) -> Option<String> {
    let table = world.documents.get(&DATA_TABLE, id)?;
    let columns = table["schema"]["properties"].as_object()?;
    let names: Vec<&String> =
        columns.keys().filter(|name| *name == "key").chain(columns.keys().filter(|name| *name != "key")).collect();
    let head = names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(",");
    let line = |row: &Map<String, Value>| {
        let cell = |name: &&String| match row.get(*name) {
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
            None => String::new(),
        };
        names.iter().map(cell).collect::<Vec<_>>().join(",")
    };
    let lines: Vec<String> = std::iter::once(head).chain(world.rows.of(id).map(line)).collect();
    Some(lines.join("\n"))
}
