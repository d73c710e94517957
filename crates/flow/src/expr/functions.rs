//! The functions of the expression language that a routing flow uses.
//!
//! A function that is not here gives [`Value::Unknown`]: the flow goes on, and nothing is pretended.

use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::evaluate::{Evaluation, at_index, equality, text};
use crate::value::{Audio, Sound, TEXT_MAX, Value};

/// The most values that one collection may hold, counted through all its levels.
const ITEMS_MAX: usize = 1_000;

/// The most parts that one audio sequence may grow to.
const SOUNDS_MAX: usize = 500;

/// Calls the function `name`, in any case, with evaluated arguments.
pub(super) fn call(name: &str, arguments: &[Value]) -> Evaluation {
    let name = name.to_ascii_lowercase();
    match name.as_str() {
        "isset" => asks(&name, arguments, |value| *value != Value::NotSet),
        "isnotset" => asks(&name, arguments, |value| *value == Value::NotSet),
        "isnotsetorempty" => asks(&name, arguments, is_empty),
        "append" => append(arguments),
        "tocommunication" | "makecommunication" | "todisplaystring" => communication(arguments),
        "makelist" => make_list(arguments),
        "areequal" => are_equal(arguments),
        _ if !is_known(&name) || arguments.contains(&Value::Unknown) => Ok(Value::Unknown),
        _ if arguments.contains(&Value::NotSet) => Err(format!("call {name} with a value that is not set")),
        _ => compute(&name, arguments),
    }
}

fn is_known(name: &str) -> bool {
    matches!(
        name,
        "tostring"
            | "toint"
            | "todecimal"
            | "tobool"
            | "upper"
            | "lower"
            | "trim"
            | "length"
            | "left"
            | "right"
            | "substring"
            | "contains"
            | "startswith"
            | "endswith"
            | "replace"
            | "findstring"
            | "tophonenumber"
            | "toaudio"
            | "toaudiotts"
            | "toaudioblank"
            | "audioplaybackoptions"
            | "finduserprompt"
            | "makeduration"
            | "toduration"
            | "findqueue"
            | "getat"
            | "count"
            | "first"
            | "last"
            | "findfirst"
            | "min"
            | "max"
            | "abs"
            | "jsonparse"
            | "getjsonobjectproperty"
            | "split"
            | "makeemptylist"
            | "additem"
            | "toaudionumber"
            | "toaudioduration"
            | "todatetime"
            | "addseconds"
            | "addminutes"
            | "addhours"
            | "adddays"
            | "year"
            | "month"
            | "day"
            | "hour"
            | "minute"
    )
}

fn compute(name: &str, arguments: &[Value]) -> Evaluation {
    use Value::{Audio as Sounds, Boolean, Decimal, Integer, List, Object, Queue, String as Text};
    match (name, arguments) {
        ("tostring", [value]) => text(value.to_text().unwrap_or_default()),
        ("toint", [Integer(number)]) => Ok(Integer(*number)),
        ("toint", [Decimal(number)]) => to_int(number.trunc()),
        ("toint", [Text(digits)]) => digits.trim().parse().map(Integer).map_err(|_| no_number(digits)),
        ("todecimal", [Integer(number)]) => Ok(Decimal(*number as f64)),
        ("todecimal", [Decimal(number)]) => Ok(Decimal(*number)),
        ("todecimal", [Text(digits)]) => to_decimal(digits),
        ("tobool", [Boolean(value)]) => Ok(Boolean(*value)),
        ("tobool", [Text(word)]) => to_bool(word),
        ("upper", [Text(words)]) => text(words.to_uppercase()),
        ("lower", [Text(words)]) => text(words.to_lowercase()),
        ("trim", [Text(words)]) => text(words.trim().to_owned()),
        ("length", [Text(words)]) => Ok(count(words.chars().count())),
        ("length" | "count", [List(items)]) => Ok(count(items.len())),
        ("left", [Text(words), Integer(length)]) => text(words.chars().take(size(*length)?).collect()),
        ("right", [Text(words), Integer(length)]) => right(words, size(*length)?),
        ("substring", [Text(words), Integer(start)]) => substring(words, *start, None),
        ("substring", [Text(words), Integer(start), Integer(length)]) => substring(words, *start, Some(*length)),
        ("contains", [Text(words), Text(part)]) => Ok(Boolean(words.contains(part.as_str()))),
        ("contains", [Text(words), Text(part), Boolean(fold)]) => {
            Ok(Boolean(folded(words, *fold).contains(&folded(part, *fold))))
        }
        ("contains", [List(items), value]) => Ok(Boolean(items.contains(value))),
        ("startswith", [Text(words), Text(part)]) => Ok(Boolean(words.starts_with(part.as_str()))),
        ("endswith", [Text(words), Text(part)]) => Ok(Boolean(words.ends_with(part.as_str()))),
        ("replace", [Text(words), Text(from), Text(to)]) => replace(words, from, to),
        ("findstring", [Text(words), Text(part)]) => Ok(find(words, part)),
        ("findfirst", [List(items), value]) => Ok(position(items.iter().position(|item| item == value))),
        ("getat", [list, index]) => at_index(list, index),
        ("first", [List(items)]) => items.first().cloned().ok_or_else(|| "take the first of no items".to_owned()),
        ("last", [List(items)]) => items.last().cloned().ok_or_else(|| "take the last of no items".to_owned()),
        ("min", [Integer(a), Integer(b)]) => Ok(Integer(*a.min(b))),
        ("max", [Integer(a), Integer(b)]) => Ok(Integer(*a.max(b))),
        ("abs", [Integer(number)]) => number.checked_abs().map(Integer).ok_or_else(|| "negate the number".to_owned()),
        ("abs", [Decimal(number)]) => Ok(Decimal(number.abs())),
        ("tophonenumber", [Text(number)]) => phone(number),
        ("tophonenumber", [number @ Value::Phone(_)]) => Ok(number.clone()),
        ("toaudio" | "toaudiotts", [Text(words), ..]) => Ok(Sounds(Audio::speech(words.clone()))),
        ("toaudio" | "audioplaybackoptions", [Sounds(audio), ..]) => Ok(Sounds(audio.clone())),
        ("toaudioblank", [Integer(ms)]) => Ok(Sounds(Audio(vec![Sound::Blank(milliseconds(*ms)?)]))),
        ("toaudioblank", [Value::Duration(length)]) => Ok(Sounds(Audio(vec![Sound::Blank(*length)]))),
        ("finduserprompt", [Text(prompt)]) => Ok(Sounds(Audio(vec![Sound::Prompt(prompt.clone())]))),
        ("makeduration", parts) => make_duration(parts),
        ("split", [Text(words), Text(separator)]) => split(words, separator),
        ("makeemptylist", _) => Ok(List(Vec::new())),
        ("additem", [List(items), item]) => make_list(&[items.as_slice(), std::slice::from_ref(item)].concat()),
        ("toaudionumber", [number @ (Integer(_) | Decimal(_))]) => {
            Ok(Sounds(Audio::speech(number.to_text().unwrap_or_default())))
        }
        ("toaudioduration", [length @ Value::Duration(_)]) => {
            Ok(Sounds(Audio::speech(length.to_text().unwrap_or_default())))
        }
        ("todatetime", [moment @ Value::DateTime(_)]) => Ok(moment.clone()),
        ("todatetime", [Text(text)]) => {
            text.parse().map(Value::DateTime).map_err(|_| format!("read `{text}` as a date and time"))
        }
        ("addseconds", [Value::DateTime(moment), Integer(count)]) => later(*moment, *count, 1),
        ("addminutes", [Value::DateTime(moment), Integer(count)]) => later(*moment, *count, 60),
        ("addhours", [Value::DateTime(moment), Integer(count)]) => later(*moment, *count, 3_600),
        ("adddays", [Value::DateTime(moment), Integer(count)]) => later(*moment, *count, 86_400),
        ("year" | "month" | "day" | "hour" | "minute", [Value::DateTime(moment)]) => Ok(part_of(name, *moment)),
        ("toduration", [length @ Value::Duration(_)]) => Ok(length.clone()),
        ("toduration", [Integer(ms)]) => Ok(Value::Duration(milliseconds(*ms)?)),
        ("findqueue", [Text(queue)]) => Ok(Queue(queue.clone())),
        ("jsonparse", [Text(json)]) => json_parse(json),
        ("getjsonobjectproperty", [Object(members), Text(member)]) => {
            Ok(members.get(member).cloned().unwrap_or_default())
        }
        (_, arguments) => {
            let kinds: Vec<&str> = arguments.iter().map(Value::kind).collect();
            Err(format!("call {name} with ({})", kinds.join(", ")))
        }
    }
}

fn asks(name: &str, arguments: &[Value], question: fn(&Value) -> bool) -> Evaluation {
    match arguments {
        [Value::Unknown] => Ok(Value::Unknown),
        [value] => Ok(Value::Boolean(question(value))),
        _ => Err(format!("call {name} with {} arguments: it takes one", arguments.len())),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::NotSet => true,
        Value::String(text) => text.is_empty(),
        Value::List(items) => items.is_empty(),
        Value::Audio(audio) => audio.0.is_empty(),
        _ => false,
    }
}

/// Text after text, or sound after sound; what is not set is skipped.
fn append(arguments: &[Value]) -> Evaluation {
    if arguments.contains(&Value::Unknown) {
        return Ok(Value::Unknown);
    }
    let is_audio = arguments.iter().any(|value| matches!(value, Value::Audio(_)));
    let mut words = String::new();
    let mut sounds = Vec::new();
    for argument in arguments {
        match argument {
            Value::Audio(audio) => sounds.extend(audio.0.iter().cloned()),
            Value::String(part) if is_audio => sounds.push(Sound::Speech(part.clone())),
            Value::String(part) => words.push_str(part),
            Value::NotSet => {}
            other => return Err(format!("append a {}", other.kind())),
        }
        if sounds.len() > SOUNDS_MAX || words.len() > TEXT_MAX {
            return Err("append that much".to_owned());
        }
    }
    if is_audio { Ok(Value::Audio(Audio(sounds))) } else { Ok(Value::String(words)) }
}

/// Collections are copied when they are read, so their size must not double with every action.
fn make_list(items: &[Value]) -> Evaluation {
    if items.iter().map(weight).sum::<usize>() > ITEMS_MAX {
        return Err(format!("make a collection of more than {ITEMS_MAX} values"));
    }
    Ok(Value::List(items.to_vec()))
}

fn weight(value: &Value) -> usize {
    match value {
        Value::List(items) => 1 + items.iter().map(weight).sum::<usize>(),
        Value::Object(members) => 1 + members.values().map(weight).sum::<usize>(),
        _ => 1,
    }
}

fn are_equal(arguments: &[Value]) -> Evaluation {
    let equal = match arguments {
        [Value::String(a), Value::String(b), Value::Boolean(fold)] => Some(folded(a, *fold) == folded(b, *fold)),
        [a, b] | [a, b, Value::Boolean(_)] => equality(a, b)?,
        _ => return Err(format!("call AreEqual with {} arguments", arguments.len())),
    };
    Ok(equal.map_or(Value::Unknown, Value::Boolean))
}

fn to_int(number: f64) -> Evaluation {
    let fits = i64::MIN as f64 <= number && number < i64::MAX as f64;
    if fits { Ok(Value::Integer(number as i64)) } else { Err(format!("make {number} a whole number")) }
}

fn to_decimal(digits: &str) -> Evaluation {
    let number = digits.trim().parse().ok().filter(|number: &f64| number.is_finite());
    number.map(Value::Decimal).ok_or_else(|| no_number(digits))
}

fn to_bool(word: &str) -> Evaluation {
    match word.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" => Ok(Value::Boolean(true)),
        "false" | "no" | "0" => Ok(Value::Boolean(false)),
        _ => Err(format!("read `{word}` as true or false")),
    }
}

fn no_number(digits: &str) -> String {
    format!("read `{digits}` as a number")
}

fn count(length: usize) -> Value {
    Value::Integer(i64::try_from(length).unwrap_or(i64::MAX))
}

fn position(found: Option<usize>) -> Value {
    found.map_or(Value::Integer(-1), count)
}

fn size(length: i64) -> Result<usize, String> {
    usize::try_from(length).map_err(|_| format!("take {length} characters"))
}

fn right(words: &str, length: usize) -> Evaluation {
    let skipped = words.chars().count().saturating_sub(length);
    text(words.chars().skip(skipped).collect())
}

fn substring(words: &str, start: i64, length: Option<i64>) -> Evaluation {
    let total = words.chars().count();
    let start = size(start)?;
    if start > total {
        return Err(format!("take characters from {start} of a text of {total}"));
    }
    let length = length.map_or(Ok(total), size)?;
    text(words.chars().skip(start).take(length).collect())
}

fn replace(words: &str, from: &str, to: &str) -> Evaluation {
    if from.is_empty() {
        return text(words.to_owned());
    }
    let added = words.matches(from).count().saturating_mul(to.len());
    if words.len().saturating_add(added) > TEXT_MAX {
        return Err(format!("build a text of more than {TEXT_MAX} bytes"));
    }
    text(words.replace(from, to))
}

fn find(words: &str, part: &str) -> Value {
    position(words.find(part).map(|offset| words[..offset].chars().count()))
}

fn folded(words: &str, fold: bool) -> String {
    if fold { words.to_lowercase() } else { words.to_owned() }
}

/// A number in E.164 form: a sign and 7 to 15 digits, whatever stands between them.
fn phone(number: &str) -> Evaluation {
    let bare = number.trim().trim_start_matches("tel:").trim_start_matches("sip:");
    let bare = bare.split('@').next().unwrap_or_default();
    let digits: String = bare.chars().filter(char::is_ascii_digit).collect();
    let is_plain = bare.chars().all(|c| c.is_ascii_digit() || "+-(). ".contains(c));
    if !is_plain || digits.len() < 7 || digits.len() > 15 {
        return Err(format!("read `{number}` as a phone number"));
    }
    // Ten digits without a country are North American, as the platform's default region is.
    let country = if digits.len() == 10 && !bare.starts_with('+') { "1" } else { "" };
    Ok(Value::Phone(format!("+{country}{digits}")))
}

fn milliseconds(ms: i64) -> Result<Duration, String> {
    u64::try_from(ms).map(Duration::from_millis).map_err(|_| format!("make a duration of {ms} ms"))
}

/// Texts and what else can be shown, one after the other; what is not set shows nothing.
fn communication(arguments: &[Value]) -> Evaluation {
    if arguments.contains(&Value::Unknown) {
        return Ok(Value::Unknown);
    }
    text(arguments.iter().filter_map(Value::to_text).collect())
}

fn split(words: &str, separator: &str) -> Evaluation {
    if separator.is_empty() {
        return Err("split a text at nothing".to_owned());
    }
    make_list(&words.split(separator).map(Value::from).collect::<Vec<_>>())
}

fn later(moment: Timestamp, count: i64, seconds: i64) -> Evaluation {
    let span = count.checked_mul(seconds).map(SignedDuration::from_secs);
    let later = span.and_then(|span| moment.checked_add(span).ok());
    later.map(Value::DateTime).ok_or_else(|| "go that far in time".to_owned())
}

/// A part of a moment, in UTC.
fn part_of(name: &str, moment: Timestamp) -> Value {
    let moment = moment.to_zoned(TimeZone::UTC);
    Value::Integer(match name {
        "year" => i64::from(moment.year()),
        "month" => i64::from(moment.month()),
        "day" => i64::from(moment.day()),
        "hour" => i64::from(moment.hour()),
        _ => i64::from(moment.minute()),
    })
}

/// Days, hours, minutes, seconds and, when given, milliseconds.
fn make_duration(parts: &[Value]) -> Evaluation {
    const UNITS_MS: [i64; 5] = [86_400_000, 3_600_000, 60_000, 1_000, 1];
    if parts.len() < 4 || parts.len() > UNITS_MS.len() {
        return Err(format!("call MakeDuration with {} arguments", parts.len()));
    }
    let mut total = 0i64;
    for (part, unit) in parts.iter().zip(UNITS_MS) {
        let Value::Integer(amount) = part else { return Err(format!("make a duration of a {}", part.kind())) };
        let ms = amount.checked_mul(unit).and_then(|ms| total.checked_add(ms));
        total = ms.ok_or_else(|| "make a duration that long".to_owned())?;
    }
    Ok(Value::Duration(milliseconds(total)?))
}

fn json_parse(json: &str) -> Evaluation {
    let parsed: Result<serde_json::Value, _> = serde_json::from_str(json);
    parsed.map(|value| Value::from_json(&value)).map_err(|_| "parse the text as JSON".to_owned())
}
