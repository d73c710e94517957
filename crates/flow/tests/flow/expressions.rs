//! Expressions: what each one is worth.

use flow::Value;
use flow::expr::{Scope, evaluate, parse};

struct Caller;

impl Scope for Caller {
    fn variable(&self, scope: &str, name: &str) -> Value {
        match (scope, name) {
            ("Flow", "name") => Value::from("Ada"),
            ("Flow", "count") => Value::Integer(3),
            ("Flow", "list") => Value::List(vec![Value::Integer(4), Value::Integer(5)]),
            ("Flow", "queue") => Value::Queue("Support".to_owned()),
            ("Flow", _) => Value::NotSet,
            _ => Value::Unknown,
        }
    }
}

#[test]
fn moments_and_messages_are_values_too() {
    check("AddHours(ToDateTime(\"2026-11-20T23:30:00Z\"), 1)", "date and time 2026-11-21T00:30:00Z");
    check("Hour(AddMinutes(ToDateTime(\"2026-11-20T23:30:00Z\"), 45))", "integer 0");
    check("ToDateTime(\"2026-11-20T08:00:00Z\") < ToDateTime(\"2026-11-20T09:00:00Z\")", "boolean true");
    check("ToDateTime(\"soon\")", "error: read `soon` as a date and time");
    check("GetCurrentDateTimeUtc()", "unknown");
    check("MakeCommunication(ToCommunication(\"Hello \"), Flow.name, NOT_SET)", "string Hello Ada");
    check("Split(\"a,b\", \",\")[1]", "string b");
    check("Count(AddItem(MakeEmptyList(), 4))", "integer 1");
}

/// The value as text with its kind, or the error.
fn check(text: &str, expected: &str) {
    let expr = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let actual = match evaluate(&expr, &Caller) {
        Ok(value @ (Value::NotSet | Value::Unknown)) => value.kind().to_owned(),
        Ok(value) => format!("{} {}", value.kind(), value.to_text().unwrap_or_default()),
        Err(message) => format!("error: {message}"),
    };
    assert_eq!(actual, expected, "{text}");
}

#[test]
fn operators_bind_as_the_language_says() {
    check("1 + 2 * 3", "integer 7");
    check("(1 + 2) * 3", "integer 9");
    check("-2 ^ 2", "integer 4");
    check("10 - 2 - 3", "integer 5");
    check("1 < 2 and 2 < 3 or false", "boolean true");
    check("1 + 1 == 2 AND !false", "boolean true");
    check("6 & 3 | 8", "integer 10");
    check("7 % 4", "integer 3");
    check("7 / 2", "decimal 3.5");
    check("~0", "integer -1");
    check("1 > 2 ? \"a\" : 2 > 1 ? \"b\" : \"c\"", "string b");
}

#[test]
fn what_is_not_set_can_be_asked_for_and_nothing_else() {
    check("Flow.none == NOT_SET", "boolean true");
    check("Flow.name != NOT_SET", "boolean true");
    check("IsSet(Flow.none)", "boolean false");
    check("IsNotSet(Flow.none)", "boolean true");
    check("IsNotSetOrEmpty(\"\")", "boolean true");
    check("Append(\"a\", Flow.none, \"b\")", "string ab");
    check("Flow.none + 1", "error: apply `+` to a value that is not set");
    check("ToInt(Flow.none)", "error: call toint with a value that is not set");
    check("Flow.none and true", "error: apply `and` to a value that is not set");
    check("Flow.list[2]", "error: take item 2 of a collection of 2");
    check("ToInt(\"\")", "error: read `` as a number");
    check("1 / 0", "error: divide by zero");
    check("9223372036854775807 + 1", "error: compute a number that large");
}

#[test]
fn what_cannot_be_known_stays_unknown_unless_it_does_not_matter() {
    check("Call.EstimatedWaitTime", "unknown");
    check("Call.X == 1", "unknown");
    check("Call.X and false", "boolean false");
    check("Call.X or true", "boolean true");
    check("Call.X or false", "unknown");
    check("If(Call.X, 1, 2)", "unknown");
    check("RandomInt(1, 6)", "unknown");
    check("IsSet(Call.X)", "unknown");
}

#[test]
fn only_the_chosen_branch_of_if_is_computed() {
    check("If(true, 1, 1 / 0)", "integer 1");
    check("if(Flow.count > 2, \"many\", \"few\")", "string many");
}

#[test]
fn functions_work_on_text() {
    check("Upper(Lower(\"AbC\"))", "string ABC");
    check("Left(\"über\", 2) + Right(\"über\", 2)", "string über");
    check("Substring(\"hello\", 1, 3)", "string ell");
    check("Substring(\"hello\", 6, 1)", "error: take characters from 6 of a text of 5");
    check("Trim(\"  a \")", "string a");
    check("Contains(\"Support\", \"PORT\", true)", "boolean true");
    check("AreEqual(\"a\", \"A\")", "boolean false");
    check("Length(\"über\")", "integer 4");
    check("Replace(\"tel:+1\", \"tel:\", \"\")", "string +1");
    check("FindString(\"über\", \"e\")", "integer 2");
    check("ToString(2 > 1)", "string true");
    check("\"a\" + Flow.name", "string aAda");
    check("1 + \"a\"", "error: apply `+` to a integer and a string");
}

#[test]
fn functions_work_on_numbers_lists_phones_durations_and_audio() {
    check("ToInt(\" 42 \")", "integer 42");
    check("GetAt(Flow.list, Count(Flow.list) - 1)", "integer 5");
    check("FindFirst(Flow.list, 9)", "integer -1");
    check("ToPhoneNumber(\"tel:+1 (317) 555-0100\").e164", "string +13175550100");
    check("ToPhoneNumber(\"3175550100\")", "phone number +13175550100");
    check("ToPhoneNumber(\"anonymous\")", "error: read `anonymous` as a phone number");
    check("MakeDuration(0, 1, 2, 3)", "duration P0DT1H2M3S");
    check("MakeDuration(0, 0, 0, 2) > ToDuration(1500)", "boolean true");
    check("Append(ToAudioTTS(\"hi\"), ToAudioBlank(200), \"you\")", "audio \"hi [silence 200 ms] you\"");
    check("Flow.queue.name", "string Support");
    check("FindQueue(\"VIP\")", "queue VIP");
    check("GetJsonObjectProperty(JsonParse(\"{\\\"a\\\": 1}\"), \"a\")", "integer 1");
}

#[test]
fn a_text_that_is_no_expression_says_where() {
    for (text, offset, message) in [
        ("1 +", 3, "read the rest of an expression that ends too early"),
        ("(1", 2, "find the closing `)`"),
        ("\"abc", 0, "read text without its closing quote"),
        ("1 1", 2, "read what follows the end of the expression"),
        ("customer", 0, "understand `customer`: text stands in quotes, variables begin with a scope"),
        ("1 # 2", 2, "read the sign `#` in an expression"),
    ] {
        let error = parse(text).unwrap_err();
        assert_eq!((error.offset, error.message.as_str()), (offset, message), "{text}");
    }
}

#[test]
fn a_bottomless_expression_is_refused_before_it_is_walked() {
    for text in ["(".repeat(100_000), "!".repeat(100_000), "1+".repeat(100_000) + "1", "Upper(".repeat(100_000)] {
        assert!(parse(&text).is_err());
    }
}
