//! Data tables: state that flows can read cheaply.

use reqwest::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::client::{Client, segment};
use crate::error::Error;
use crate::page;

/// A data table.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Table {
    /// Its id.
    pub id: String,
    /// Its name; flows look it up by this.
    pub name: String,
    /// Its columns as a JSON schema, when it was asked for.
    pub schema: Option<Value>,
}

/// A row: a value for each column, among them `key`.
pub type Row = Map<String, Value>;

/// `GET /api/v2/flows/datatables`, all pages, with schemas.
///
/// # Errors
/// See [`Error`].
pub async fn list(client: &Client) -> Result<Vec<Table>, Error> {
    page::all(client, "/api/v2/flows/datatables", &[("expand", "schema".to_owned())]).await
}

/// `GET /api/v2/flows/datatables/{id}`, with its schema.
///
/// # Errors
/// See [`Error`].
pub async fn one(client: &Client, id: &str) -> Result<Table, Error> {
    client.get(&path(id), &[("expand", "schema".to_owned())]).await
}

/// Creates a table with these columns beside `key`, each with a type among `string`, `integer`, `number` and `boolean`:
/// `POST /api/v2/flows/datatables`
///
/// # Errors
/// See [`Error`]; 409 when there is one with the name.
pub async fn create(client: &Client, name: &str, description: &str, columns: &[(&str, &str)]) -> Result<Table, Error> {
    let mut properties = json!({"key": {"type": "string", "title": "key", "$id": "/properties/key"}});
    for (column, kind) in columns {
        properties[*column] = json!({"type": kind, "title": column, "$id": format!("/properties/{column}")});
    }
    let schema = json!({
        "$schema": "http://json-schema.org/draft-04/schema#", "type": "object", "required": ["key"],
        "properties": properties, "additionalProperties": false,
    });
    let body = json!({"name": name, "description": description, "schema": schema});
    client.change(Method::POST, "/api/v2/flows/datatables", &[], Some(&body)).await
}

/// Adds columns; there is no way to change or remove any: `PUT /api/v2/flows/datatables/{id}`
///
/// # Errors
/// See [`Error`].
pub async fn add_columns(client: &Client, id: &str, columns: &[(&str, &str)]) -> Result<Table, Error> {
    let mut table: Map<String, Value> = client.get(&path(id), &[("expand", "schema".to_owned())]).await?;
    for (column, kind) in columns {
        if let Some(schema) = table.get_mut("schema") {
            schema["properties"][*column] =
                json!({"type": kind, "title": column, "$id": format!("/properties/{column}")});
        }
    }
    client.change(Method::PUT, &path(id), &[], Some(&Value::Object(table))).await
}

/// All rows: `GET /api/v2/flows/datatables/{id}/rows`
///
/// # Errors
/// See [`Error`].
pub async fn rows(client: &Client, id: &str) -> Result<Vec<Row>, Error> {
    page::all(client, &format!("{}/rows", path(id)), &[("showbrief", "false".to_owned())]).await
}

/// A row; none when there is no such key: `GET /api/v2/flows/datatables/{id}/rows/{key}`
///
/// # Errors
/// See [`Error`].
pub async fn row(client: &Client, id: &str, key: &str) -> Result<Option<Row>, Error> {
    let path = format!("{}/rows/{}", path(id), segment(key));
    match client.get(&path, &[("showbrief", "false".to_owned())]).await {
        Err(error) if error.status() == Some(404) => Ok(None),
        row => row.map(Some),
    }
}

/// Writes a whole row, whether or not it is there: `PUT /api/v2/flows/datatables/{id}/rows/{key}`, else
/// `POST /api/v2/flows/datatables/{id}/rows`.
///
/// # Errors
/// See [`Error`].
pub async fn put(client: &Client, id: &str, row: &Row) -> Result<Row, Error> {
    let key = row.get("key").and_then(Value::as_str).unwrap_or_default();
    let body = Value::Object(row.clone());
    let at = format!("{}/rows/{}", path(id), segment(key));
    match client.change(Method::PUT, &at, &[], Some(&body)).await {
        Err(error) if error.status() == Some(404) => {}
        written => return written,
    }
    match client.change(Method::POST, &format!("{}/rows", path(id)), &[], Some(&body)).await {
        // Somebody else was faster: the row is there now.
        Err(error) if error.status() == Some(409) => client.change(Method::PUT, &at, &[], Some(&body)).await,
        written => written,
    }
}

/// Deletes a row; it may be gone already: `DELETE /api/v2/flows/datatables/{id}/rows/{key}`
///
/// # Errors
/// See [`Error`].
pub async fn delete(client: &Client, id: &str, key: &str) -> Result<(), Error> {
    let path = format!("{}/rows/{}", path(id), segment(key));
    match client.order(Method::DELETE, &path, None).await {
        Err(error) if error.status() == Some(404) => Ok(()),
        deleted => deleted,
    }
}

fn path(id: &str) -> String {
    format!("/api/v2/flows/datatables/{}", segment(id))
}
