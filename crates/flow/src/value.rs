//! What a variable of a flow can hold.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

/// The most characters that a text may grow to; a flow that builds more is in error.
pub const TEXT_MAX: usize = 32_000;

/// A value in a running flow.
///
/// Evaluation has three values: known, not set, and [`Value::Unknown`] for what a simulation cannot
/// know (a function or a system variable that nobody supplied). Unknown spreads; it never pretends.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// Nothing was assigned.
    #[default]
    NotSet,
    /// Cannot be known here.
    Unknown,
    /// Text.
    String(String),
    /// A whole number.
    Integer(i64),
    /// A number with a fraction; always finite.
    Decimal(f64),
    /// Yes or no.
    Boolean(bool),
    /// A span of time; Architect's durations are never negative here.
    Duration(Duration),
    /// A moment.
    DateTime(Timestamp),
    /// A queue, by name.
    Queue(String),
    /// A phone number in E.164 form.
    Phone(String),
    /// Something to play.
    Audio(Audio),
    /// A collection.
    List(Vec<Value>),
    /// An object: what JSON values and member access work on.
    Object(BTreeMap<String, Value>),
}

/// Something to play, in the order of its parts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Audio(pub Vec<Sound>);

/// One part of something to play.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Sound {
    /// Text that is spoken.
    Speech(String),
    /// A recorded prompt, by name.
    Prompt(String),
    /// Silence on purpose.
    Blank(Duration),
}

/// How long one spoken word takes, at an unhurried 150 words a minute.
const SPOKEN_WORD: Duration = Duration::from_millis(400);

/// How long a recorded prompt takes; the file is not part of the flow, so this is an assumption.
const PROMPT: Duration = Duration::from_secs(3);

impl Audio {
    /// Spoken text.
    pub fn speech(text: impl Into<String>) -> Self {
        Self(vec![Sound::Speech(text.into())])
    }

    /// How long it plays, estimated from the number of words.
    pub fn duration(&self) -> Duration {
        self.0.iter().map(Sound::duration).fold(Duration::ZERO, Duration::saturating_add)
    }

    /// True when the caller hears something: not only blank audio, not only empty text.
    pub fn is_audible(&self) -> bool {
        self.0.iter().any(|sound| match sound {
            Sound::Speech(text) => !text.trim().is_empty(),
            Sound::Prompt(_) => true,
            Sound::Blank(_) => false,
        })
    }
}

impl Sound {
    fn duration(&self) -> Duration {
        match self {
            Self::Speech(text) => {
                let words = u32::try_from(text.split_whitespace().count()).unwrap_or(u32::MAX);
                SPOKEN_WORD.saturating_mul(words)
            }
            Self::Prompt(_) => PROMPT,
            Self::Blank(length) => *length,
        }
    }
}

impl Value {
    /// What kind of value it is, in Architect's words.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NotSet => "NOT_SET",
            Self::Unknown => "unknown",
            Self::String(_) => "string",
            Self::Integer(_) => "integer",
            Self::Decimal(_) => "decimal",
            Self::Boolean(_) => "boolean",
            Self::Duration(_) => "duration",
            Self::DateTime(_) => "date and time",
            Self::Queue(_) => "queue",
            Self::Phone(_) => "phone number",
            Self::Audio(_) => "audio",
            Self::List(_) => "collection",
            Self::Object(_) => "object",
        }
    }

    /// The text of the value, as `ToString` and participant data show it; `None` when it has none
    /// (not set, unknown).
    pub fn to_text(&self) -> Option<String> {
        match self {
            Self::NotSet | Self::Unknown => None,
            Self::String(text) | Self::Queue(text) | Self::Phone(text) => Some(text.clone()),
            Self::Integer(number) => Some(number.to_string()),
            Self::Decimal(number) => Some(number.to_string()),
            Self::Boolean(value) => Some(value.to_string()),
            Self::Duration(length) => Some(duration_text(*length)),
            Self::DateTime(moment) => Some(moment.to_string()),
            Self::Audio(_) | Self::List(_) | Self::Object(_) => Some(self.to_json().to_string()),
        }
    }

    /// The value as JSON; what is not set or unknown is null.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match self {
            Self::NotSet | Self::Unknown => Json::Null,
            Self::String(text) | Self::Queue(text) | Self::Phone(text) => Json::from(text.as_str()),
            Self::Integer(number) => Json::from(*number),
            Self::Decimal(number) => Json::from(*number),
            Self::Boolean(value) => Json::from(*value),
            Self::Duration(length) => Json::from(duration_text(*length)),
            Self::DateTime(moment) => Json::from(moment.to_string()),
            Self::Audio(audio) => Json::from(audio.to_string()),
            Self::List(items) => items.iter().map(Self::to_json).collect(),
            Self::Object(members) => {
                Json::Object(members.iter().map(|(name, value)| (name.clone(), value.to_json())).collect())
            }
        }
    }

    /// The value that a JSON value becomes in a flow; null is not set.
    pub fn from_json(json: &serde_json::Value) -> Self {
        use serde_json::Value as Json;
        match json {
            Json::Null => Self::NotSet,
            Json::Bool(value) => Self::Boolean(*value),
            Json::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(whole), _) => Self::Integer(whole),
                (None, Some(decimal)) if decimal.is_finite() => Self::Decimal(decimal),
                (None, _) => Self::Unknown,
            },
            Json::String(text) => Self::String(text.clone()),
            Json::Array(items) => Self::List(items.iter().map(Self::from_json).collect()),
            Json::Object(members) => {
                Self::Object(members.iter().map(|(name, value)| (name.clone(), Self::from_json(value))).collect())
            }
        }
    }
}

/// A duration as Architect writes it: `P0DT0H1M3.5S`.
fn duration_text(length: Duration) -> String {
    let (seconds, ms) = (length.as_secs(), length.subsec_millis());
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    let fraction = if ms == 0 { String::new() } else { format!(".{ms:03}") };
    format!("P{days}DT{hours}H{minutes}M{}{fraction}S", seconds % 60)
}

impl fmt::Display for Audio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, sound) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            match sound {
                Sound::Speech(text) => f.write_str(text)?,
                Sound::Prompt(name) => write!(f, "[{name}]")?,
                Sound::Blank(length) => write!(f, "[silence {} ms]", length.as_millis())?,
            }
        }
        Ok(())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}
