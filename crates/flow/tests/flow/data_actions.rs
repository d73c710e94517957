//! What goes wrong with a Data Action is a failure with a reason.

use flow::{DataAction, Problems};
use serde_json::{Map, Value as Json, json};

fn action(success: &str) -> DataAction {
    parse(&json!({
        "name": "Lookup",
        "integrationType": "custom-rest-actions",
        "config": {
            "request": {
                "requestUrlTemplate": "https://crm/${input.id}",
                "requestType": "POST",
                "headers": {"Authorization": "Bearer ${credentials.token}"},
                "requestTemplate": "{\"id\": \"$esc.jsonString(${input.id})\", \"note\": \"$!{input.note}\"}"
            },
            "response": {
                "translationMap": {"name": "$.customer.name", "tag": "$.customer.tags[0]"},
                "translationMapDefaults": {"tag": "\"none\""},
                "successTemplate": success
            }
        },
        "contract": {
            "input": {"inputSchema": {"required": ["id"], "properties": {"id": {"type": "string"}}}},
            "output": {"successSchema": {"properties": {"name": {"type": "string"}}}}
        }
    }))
    .unwrap()
}

fn parse(json: &Json) -> Result<DataAction, Problems> {
    DataAction::parse(&json.to_string())
}

fn inputs(json: Json) -> Map<String, Json> {
    json.as_object().unwrap().clone()
}

#[test]
fn a_request_is_filled_in_with_inputs_and_credentials() {
    let credentials = [("token".to_owned(), "t0".to_owned())];
    let request = action("${rawResult}").request(&inputs(json!({"id": "a\"b"})), &credentials).unwrap();
    assert_eq!(request.headers, [("Authorization".to_owned(), "Bearer t0".to_owned())]);
    assert_eq!(request.body.as_deref(), Some(r#"{"id": "a\"b", "note": ""}"#));
}

#[test]
fn a_request_without_what_it_needs_says_what_is_missing() {
    let action = action("${rawResult}");
    let error = |given: Json| action.request(&inputs(given), &[]).unwrap_err().to_string();
    assert_eq!(error(json!({})), "call a data action without its required input `id`");
    assert_eq!(error(json!({"id": 7})), "match `id` with the contract: it must be a string");
    assert_eq!(error(json!({"id": "7"})), "fill in `${credentials.token}`: it has no value");
}

#[test]
fn an_answer_is_translated_with_defaults() {
    let action = action(r#"{"name": ${name}, "tag": ${tag}}"#);
    let outputs = action.outputs(200, r#"{"customer": {"name": "Ada", "tags": []}}"#).unwrap();
    assert_eq!(Json::Object(outputs), json!({"name": "Ada", "tag": "none"}));
}

#[test]
fn every_bad_answer_is_a_failure_with_its_reason() {
    let action = action(r#"{"name": ${name}}"#);
    let error = |status: u16, body: &str| action.outputs(status, body).unwrap_err().to_string();
    assert_eq!(error(503, "{}"), "get an answer: the status is 503");
    assert_eq!(error(200, "<html>"), "translate the answer: the body is no JSON");
    assert_eq!(error(200, "{}"), "fill in `${name}`: it has no value");
    assert_eq!(error(200, r#"{"customer": {"name": 7}}"#), "match `name` with the contract: it must be a string");
}

#[test]
fn a_file_reports_all_its_problems_with_places() {
    let text = r##"{
  "name": "Broken",
  "config": {
    "request": {"requestUrlTemplate": "#if(1)x#end", "requestType": "GET"},
    "response": {"translationMap": {"a": "$.b[?(@.c == 1)]"}},
    "timeoutSeconds": 90
  }
}"##;
    let problems = DataAction::parse(text).unwrap_err();
    let found: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [
            "4:39: understand the directive `#if` in a template",
            "5:42: understand the path `$.b[?(@.c == 1)]`",
            "6:23: read `timeoutSeconds` as a time limit",
        ]
    );
}
