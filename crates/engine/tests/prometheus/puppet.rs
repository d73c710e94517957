//! A server that says what it is told to say.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Form, Router};
use budget::{Count, Minute};
use engine::budget::source::{PrometheusCounts, SetupError};
use engine::budget::{Source as _, SourceError};
use openslo::{Indicator, Source};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::{bad, below, known, query};

/// A status, headers and a body.
type Answer = (StatusCode, Vec<(&'static str, &'static str)>, String);

/// What was asked: expression, first and last moment, and token.
type Asked = (String, i64, i64, String);

/// Answers by expression, and what was asked.
#[derive(Clone, Default)]
struct Puppet {
    answers: Arc<Mutex<BTreeMap<String, Answer>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
    url: String,
}

impl Puppet {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let puppet = Self { url: format!("http://{}", listener.local_addr().unwrap()), ..Self::default() };
        let app = Router::new().route("/api/v1/query_range", post(answer)).with_state(puppet.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        puppet
    }

    fn says(&self, promql: &str, status: u16, headers: &[(&'static str, &'static str)], body: impl ToString) {
        let answer = (StatusCode::from_u16(status).unwrap(), headers.to_vec(), body.to_string());
        self.answers.lock().unwrap().insert(promql.to_owned(), answer);
    }

    /// One series with these values at the beginnings of minutes 1, 2, 3…
    fn counts(&self, promql: &str, values: &[&str]) {
        let value = |(minute, value): (usize, &&str)| json!([(minute + 1) * 60, value]);
        let values: Vec<_> = values.iter().enumerate().map(value).collect();
        self.says(promql, 200, &[], matrix(&json!([{"metric": {"job": "crm"}, "values": values}])));
    }

    fn refuses(&self, promql: &str, status: u16, kind: &str, error: &str) {
        self.says(promql, status, &[], json!({"status": "error", "errorType": kind, "error": error}));
    }

    fn source(&self, indicators: Vec<Indicator>) -> PrometheusCounts {
        let objectives = indicators.into_iter().enumerate().collect();
        PrometheusCounts::new(&self.url, Some(SecretString::from("secret")), objectives).unwrap()
    }

    /// What two objectives are told of minutes 0 to 2, of which the first is well.
    async fn beside_a_good_one(&self) -> (usize, String) {
        self.counts("good_total", &["9", "9", "9"]);
        self.counts("good_bad", &["1", "1", "1"]);
        let indicators = vec![bad(&self.url, false, "good_bad", "good_total"), bad(&self.url, false, "part", "odd")];
        let readings = self.source(indicators).read(Minute::new(0), Minute::new(3)).await.unwrap();
        assert_eq!(known(&readings, 0).len(), 3, "{readings:?}");
        assert_eq!(readings.troubles.len(), 1, "{readings:?}");
        assert_eq!(readings.troubles[0].0, 1);
        (known(&readings, 1).len(), readings.troubles[0].1.clone())
    }
}

async fn answer(
    State(puppet): State<Puppet>,
    headers: HeaderMap,
    Form(form): Form<BTreeMap<String, String>>,
) -> Response {
    let number = |name: &str| form[name].parse().unwrap();
    let token = headers["authorization"].to_str().unwrap().to_owned();
    let asked = (form["query"].clone(), number("start"), number("end"), token);
    puppet.asked.lock().unwrap().push(asked);
    let known = puppet.answers.lock().unwrap().get(&form["query"]).cloned();
    let (status, headers, body) = known.unwrap_or((StatusCode::OK, Vec::new(), matrix(&json!([])).to_string()));
    let mut response = (status, body).into_response();
    for (name, value) in headers {
        response.headers_mut().insert(name, value.parse().unwrap());
    }
    response
}

fn matrix(result: &Value) -> Value {
    json!({"status": "success", "data": {"resultType": "matrix", "result": result}})
}

#[tokio::test]
async fn an_expression_that_many_share_is_asked_for_once_with_the_token() {
    let puppet = Puppet::start().await;
    puppet.counts("total", &["9", "0", "9"]);
    puppet.counts("bad", &["1", "0", "0"]);
    let (url, minute) = (&puppet.url, Minute::new);
    let source = puppet.source(vec![bad(url, false, "bad", "total"), bad(url, false, "slow", "total")]);
    let readings = source.read(minute(0), minute(3)).await.unwrap();
    let observed = |bad, total| Count::Observed { bad, total };
    let expected = [(minute(0), observed(1, 9)), (minute(1), Count::Empty), (minute(2), observed(0, 9))];
    assert_eq!(known(&readings, 0), expected.into());
    assert_eq!(known(&readings, 1)[&minute(0)], observed(0, 9), "a part without a series is 0");
    let mut asked = puppet.asked.lock().unwrap().clone();
    asked.sort();
    let asked_for = |promql: &str| (promql.to_owned(), 60, 180, "Bearer secret".to_owned());
    assert_eq!(asked, ["bad", "slow", "total"].map(asked_for));
}

#[tokio::test]
async fn a_server_that_wishes_to_be_left_alone_is() {
    let date = ("date", "Fri, 20 Nov 2026 12:00:00 GMT");
    let cases = [
        (429, vec![("retry-after", "120")], Some(120)),
        (429, vec![date, ("retry-after", "Fri, 20 Nov 2026 12:00:42 GMT")], Some(42)),
        (503, vec![("retry-after", "7")], Some(7)),
        (503, vec![], None),
    ];
    for (status, headers, seconds) in cases {
        let puppet = Puppet::start().await;
        puppet.counts("total", &["9", "9", "9"]);
        puppet.says("bad", status, &headers, "later");
        let source = puppet.source(vec![bad(&puppet.url, false, "bad", "total")]);
        let SourceError { why, retry_after } = source.read(Minute::new(0), Minute::new(3)).await.unwrap_err();
        assert!(why.starts_with(&format!("it answers {status}")), "{why}");
        assert_eq!(retry_after, seconds.map(Duration::from_secs));
    }
}

#[tokio::test]
async fn a_wrong_expression_is_told_and_does_not_blind_the_others() {
    let puppet = Puppet::start().await;
    puppet.refuses("odd", 400, "bad_data", "1:4: parse error: unclosed left parenthesis");
    let told = "total: bad_data: 1:4: parse error: unclosed left parenthesis";
    assert_eq!(puppet.beside_a_good_one().await, (0, told.to_owned()));
    puppet.refuses("odd", 503, "timeout", "query timed out in expression evaluation");
    let told = "total: timeout: query timed out in expression evaluation";
    assert_eq!(puppet.beside_a_good_one().await, (0, told.to_owned()));
    puppet.says("odd", 302, &[("location", "http://127.0.0.1:9/")], "");
    assert_eq!(puppet.beside_a_good_one().await, (0, "total: it answers 302 Found".to_owned()));
}

#[tokio::test]
async fn what_cannot_be_read_or_held_is_told() {
    let series = |number: usize| json!({"metric": {"pod": number.to_string()}, "values": [[60, "1"]]});
    let many: Vec<_> = (0..501).map(series).collect();
    let vector = json!({"status": "success", "data": {"resultType": "vector", "result": []}});
    let cases = [
        ("{".to_owned(), "total: its answer cannot be read: "),
        (vector.to_string(), "total: its answer cannot be read: "),
        (" ".repeat(9 * 1024 * 1024), "total: its answer is longer than 8388608 bytes"),
        (matrix(&json!(many)).to_string(), "total: it answers with 501 series, more than 500: sum them up"),
        (matrix(&json!([{"histograms": []}])).to_string(), "total: it answers with histograms"),
        (matrix(&json!([{"values": [[61, "1"]]}])).to_string(), "total: it answers for other moments"),
        (matrix(&json!([{"values": [[60, "many"]]}])).to_string(), "total: it answers with a value that is no number"),
        (matrix(&json!([])).to_string(), "total: it finds no series"),
    ];
    let puppet = Puppet::start().await;
    for (body, told) in cases {
        puppet.says("odd", 200, &[], body);
        let (minutes, trouble) = puppet.beside_a_good_one().await;
        assert_eq!(minutes, 0);
        assert!(trouble.starts_with(told), "{trouble}");
    }
}

#[tokio::test]
async fn what_is_no_count_is_missing_and_told_while_other_minutes_are_known() {
    let puppet = Puppet::start().await;
    let no_count = "the source answers with something that is no count (NaN, an infinity, or below zero)";
    for value in ["NaN", "+Inf", "-Inf", "-1"] {
        puppet.counts("odd", &["8", value, "8"]);
        let told = format!("{no_count}, first at 1970-01-01T00:01Z");
        assert_eq!(puppet.beside_a_good_one().await, (2, told), "{value}");
    }
    puppet.counts("odd", &["8", "8", "8"]);
    puppet.counts("part", &["8", "9", "10"]);
    let told = "the source counts more bad events than events, first at 1970-01-01T00:02Z";
    assert_eq!(puppet.beside_a_good_one().await, (2, told.to_owned()));
}

#[tokio::test]
async fn what_was_not_told_of_one_is_asked_for_again() {
    let puppet = Puppet::start().await;
    puppet.counts("total", &["9", "9", "9", "9"]);
    puppet.refuses("slow", 503, "timeout", "query timed out");
    let (url, minute) = (&puppet.url, Minute::new);
    let source = puppet.source(vec![bad(url, true, "bad", "total"), below(url, "slow", 3.0)]);
    source.read(minute(0), minute(3)).await.unwrap();
    puppet.counts("slow", &["1", "NaN", "4", "1"]);
    puppet.asked.lock().unwrap().clear();
    let readings = source.read(minute(2), minute(4)).await.unwrap();
    let mut asked: Vec<_> = puppet.asked.lock().unwrap().iter().map(|asked| (asked.0.clone(), asked.1)).collect();
    asked.sort();
    let expected = [("bad", 120), ("slow", 60), ("total", 120)];
    assert_eq!(asked, expected.map(|(promql, first)| (promql.to_owned(), first)));
    let observed = |bad| Count::Observed { bad, total: 1 };
    let expected = [(minute(0), observed(0)), (minute(2), observed(1)), (minute(3), observed(0))];
    assert_eq!(known(&readings, 1), expected.into());
    assert_eq!(readings.troubles, []);
}

#[tokio::test]
async fn a_source_that_can_tell_nothing_does_not_answer() {
    let puppet = Puppet::start().await;
    puppet.refuses("odd", 400, "bad_data", "parse error");
    let source = puppet.source(vec![below(&puppet.url, "odd", 1.0)]);
    let error = source.read(Minute::new(0), Minute::new(1)).await.unwrap_err();
    assert_eq!(error, SourceError::new("thresholdMetric: bad_data: parse error"));
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let nobody = format!("http://{nobody}");
    let source = PrometheusCounts::new(&nobody, None, vec![(0, below(&nobody, "up", 1.0))]).unwrap();
    let error = source.read(Minute::new(0), Minute::new(1)).await.unwrap_err();
    assert!(error.why.starts_with("thresholdMetric: it cannot be asked: "), "{error}");
}

#[test]
fn a_source_is_for_its_own_objectives_only() {
    let new = |url: &str, indicator| PrometheusCounts::new(url, None, vec![(4, indicator)]).map(|_| ());
    assert!(new("http://a/", below("http://a", "up", 1.0)).is_ok());
    let foreign = new("http://a", below("http://b", "up", 1.0));
    assert!(matches!(foreign, Err(SetupError::Foreign { objective: 4, word: "prometheus" })));
    assert!(matches!(new("http://a", Indicator::pushed()), Err(SetupError::Foreign { word: "push", .. })));
    let mut metric = query("ftp://a", "up");
    let Source::Prometheus(asked) = &mut metric.source else { return };
    asked.url = "ftp://a".to_owned();
    assert!(matches!(new("ftp://a", below("ftp://a", "up", 1.0)), Err(SetupError::Url(_))));
}
