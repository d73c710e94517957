//! Scripts of faults: `dataAction:*=503x3,then=200`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// The most outcomes that one script spells out.
const OUTCOMES_MAX: usize = 1_000;

/// How something behaves once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// As it should.
    Ok,
    /// An answer with this HTTP status.
    Status(u16),
    /// 429, with so much time to wait in its answer.
    Busy(Option<Duration>),
    /// No answer in time.
    Timeout,
    /// The connection breaks.
    Reset,
    /// An answer that cannot be read.
    Malformed,
    /// An answer after this long.
    Slow(Duration),
    /// A good answer with nothing in it, as systems give that wrap their errors in 200.
    Empty,
    /// Not there: an entry of a table.
    Missing,
}

/// What a script is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// A Data Action, by name.
    DataAction,
    /// A transfer, by the name of the queue or number.
    Transfer,
    /// A data table, by name.
    DataTable,
}

/// How something behaves, time after time; the last outcome stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    target: Target,
    /// A name in which `*` stands for anything.
    name: String,
    outcomes: Vec<Fault>,
    text: String,
}

/// Scripts; the first that fits a name holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scripts(pub Vec<Script>);

/// Why a text is no script.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ScriptError(String);

impl Scripts {
    /// The script for a thing of this name.
    pub(super) fn of(&self, target: Target, name: &str) -> Option<&Script> {
        self.0.iter().find(|script| script.target == target && fits(&script.name, name))
    }
}

impl Script {
    /// How the thing behaves the time after `count` others.
    pub(super) fn at(&self, count: usize) -> Fault {
        self.outcomes.get(count).or(self.outcomes.last()).cloned().unwrap_or(Fault::Ok)
    }
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ok => f.write_str("ok"),
            Self::Status(status) => write!(f, "{status}"),
            Self::Busy(None) => f.write_str("429"),
            Self::Busy(Some(time)) => write!(f, "429, again in {} s", time.as_secs()),
            Self::Timeout => f.write_str("timeout"),
            Self::Reset => f.write_str("reset"),
            Self::Malformed => f.write_str("malformed"),
            Self::Slow(time) => write!(f, "slow: {} s", time.as_secs_f64()),
            Self::Empty => f.write_str("empty"),
            Self::Missing => f.write_str("missing"),
        }
    }
}

/// ```
/// use flow::trace::Script;
/// assert!("dataAction:CRM*=503x3,then=200".parse::<Script>().is_ok());
/// assert_eq!("dataAction:CRM=5x".parse::<Script>().unwrap_err().to_string(), "`5x` is no fault: write ok, a status such as 503, 503x3, 429:2, timeout, reset, malformed, empty, slow:4s or missing");
/// ```
impl FromStr for Script {
    type Err = ScriptError;

    fn from_str(text: &str) -> Result<Self, ScriptError> {
        let shape = || {
            ScriptError("write it as dataAction:NAME=503x3,then=200; `*` in the name stands for anything".to_owned())
        };
        let (target, rest) = text.split_once(':').ok_or_else(shape)?;
        let target = match target {
            "dataAction" => Target::DataAction,
            "transfer" => Target::Transfer,
            "dataTable" => Target::DataTable,
            other => {
                return Err(ScriptError(format!("`{other}` has no faults: write dataAction, transfer or dataTable")));
            }
        };
        let (name, list) = split_outcomes(rest).ok_or_else(shape)?;
        if name.is_empty() {
            return Err(shape());
        }
        let mut outcomes = Vec::new();
        for item in list.split(',') {
            let item = item.trim();
            let item = item.strip_prefix("then=").unwrap_or(item);
            let (fault, times) = repeated(item)?;
            if outcomes.len() + times > OUTCOMES_MAX {
                return Err(ScriptError(format!("a script has at most {OUTCOMES_MAX} outcomes")));
            }
            outcomes.extend(std::iter::repeat_n(fault, times));
        }
        Ok(Self { target, name: name.to_owned(), outcomes, text: text.to_owned() })
    }
}

/// The name ends at the last `=` that does not belong to `then=`.
fn split_outcomes(rest: &str) -> Option<(&str, &str)> {
    let end = rest.find(",then=").unwrap_or(rest.len());
    let at = rest[..end].rfind('=')?;
    Some((&rest[..at], &rest[at + 1..]))
}

fn repeated(item: &str) -> Result<(Fault, usize), ScriptError> {
    let unknown = || {
        ScriptError(format!(
            "`{item}` is no fault: write ok, a status such as 503, 503x3, 429:2, timeout, reset, malformed, empty, slow:4s or missing"
        ))
    };
    let (name, times) = match item.rsplit_once('x') {
        Some((name, times)) if !times.is_empty() && times.bytes().all(|c| c.is_ascii_digit()) => {
            (name, times.parse().map_err(|_| unknown())?)
        }
        _ => (item, 1),
    };
    let fault = match name.split_once(':') {
        Some(("429", after)) => Fault::Busy(Some(seconds(after).ok_or_else(unknown)?)),
        Some(("slow", time)) => Fault::Slow(seconds(time).ok_or_else(unknown)?),
        Some(_) => return Err(unknown()),
        None => match name {
            "ok" => Fault::Ok,
            "429" => Fault::Busy(None),
            "timeout" | "hang" => Fault::Timeout,
            "reset" => Fault::Reset,
            "malformed" => Fault::Malformed,
            "empty" => Fault::Empty,
            "missing" => Fault::Missing,
            "fail" | "down" => Fault::Status(503),
            status => match status.parse() {
                Ok(status @ 100..=599) => Fault::Status(status),
                _ => return Err(unknown()),
            },
        },
    };
    Ok((fault, times))
}

/// `4s`, `250ms`, `2`.
fn seconds(text: &str) -> Option<Duration> {
    let (number, unit) = match text.strip_suffix("ms") {
        Some(number) => (number, 0.001),
        None => (text.strip_suffix('s').unwrap_or(text), 1.0),
    };
    let number: f64 = number.parse().ok()?;
    Duration::try_from_secs_f64(number * unit).ok()
}

/// True when `name` fits the pattern, in which `*` stands for anything.
fn fits(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(first) = parts.next() else { return false };
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.len() >= last.len() && rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcomes(text: &str) -> Vec<String> {
        let script: Script = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
        (0..5).map(|count| script.at(count).to_string()).collect()
    }

    #[test]
    fn outcomes_follow_each_other_and_the_last_one_stays() {
        assert_eq!(outcomes("dataAction:*=503x3,then=200"), ["503", "503", "503", "200", "200"]);
        assert_eq!(
            outcomes("dataAction:a=b=timeout,429:2"),
            ["timeout", "429, again in 2 s", "429, again in 2 s", "429, again in 2 s", "429, again in 2 s"]
        );
        assert_eq!(outcomes("transfer:Support=fail,then=ok")[..2], ["503", "ok"]);
        assert_eq!(outcomes("dataAction:x=slow:250ms")[0], "slow: 0.25 s");
    }

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, name, expected) in [
            ("*", "", true),
            ("CRM*", "CRM Lookup", true),
            ("*Lookup", "CRM Lookup", true),
            ("C*k*p", "CRM Lookup", true),
            ("CRM", "CRM Lookup", false),
            ("a*a", "a", false),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn what_is_no_script_says_how_to_write_one() {
        for text in [
            "",
            "crm=503",
            "dataAction:=503",
            "dataAction:a=",
            "dataAction:a=600",
            "dataAction:a=503x9999",
            "queue:a=503",
        ] {
            assert!(text.parse::<Script>().is_err(), "{text}");
        }
    }
}
