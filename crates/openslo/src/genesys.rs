//! Questions for the platform's aggregates: which dimension must have which value, and which metric counts.
//!
//! Part and total of a ratio ask for the same metric family and the same things, so that an event of the part is
//! always one of the total. That is why flows are counted when they end and not when they begin: a flow that began in
//! one minute and failed in the next would be bad in a minute that it does not belong to.

use std::fmt;

/// A question for the platform's aggregates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Genesys {
    /// Flows.
    Flows(Flows),
    /// Executions of Data Actions.
    Actions(Actions),
    /// Conversations.
    Conversations(Conversations),
}

/// Flows, or the outcomes that they reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flows {
    /// Only of this flow: its id.
    pub flow: Option<String>,
    /// Only of this version: `12.0`.
    pub version: Option<String>,
    /// What is counted.
    pub count: FlowCount,
    /// Only those that ended so; all when there is none.
    pub exit_reasons: Vec<ExitReason>,
}

/// What is counted of flows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowCount {
    /// Flows that ended: the count of `tFlow`.
    Ended,
    /// Outcomes that were reported: `nFlowOutcome`.
    Outcomes,
    /// Outcomes that failed: `nFlowOutcomeFailed`.
    FailedOutcomes,
}

/// How a flow ended: the values of the dimension `exitReason`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitReason {
    /// The caller hung up.
    Disconnect,
    /// The flow hung up, as it is meant to.
    FlowDisconnect,
    /// The flow hung up because of an error.
    FlowErrorDisconnect,
    /// The flow went on elsewhere because of an error.
    FlowErrorExit,
    /// Transferred.
    Transfer,
    /// The caller left.
    UserExit,
    /// The flow was done.
    FlowExit,
    /// The session was too old.
    SessionExpireDisconnect,
    /// Hung up because nothing was understood.
    RecognitionFailureDisconnect,
    /// Went on elsewhere because nothing was understood.
    RecognitionFailureExit,
}

/// Executions of Data Actions: the count of `tTotalExecution`. All conditions must hold; of a list one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Actions {
    /// Only of this Data Action: its id.
    pub action: Option<String>,
    /// Only of this integration: its id.
    pub integration: Option<String>,
    /// Only with one of these statuses.
    pub response_statuses: Vec<Status>,
    /// Only with one of these types of error, as the platform names them.
    pub error_types: Vec<String>,
    /// Only those that took less than so many milliseconds; never 0.
    pub within_ms: Option<u32>,
}

/// A status of HTTP, or a hundred of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// This one: `429`.
    Code(u16),
    /// All that begin with this digit: `5xx`.
    Class(u8),
}

/// Conversations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversations {
    /// Only of this queue: its id.
    pub queue: Option<String>,
    /// Only of this medium: `voice`, `chat`, `message`, `email`, `callback`.
    pub media: Option<String>,
    /// Only of this direction: `inbound` or `outbound`.
    pub direction: Option<String>,
    /// What is counted.
    pub count: ConversationCount,
}

/// What is counted of conversations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConversationCount {
    /// All: `nConversations`.
    All,
    /// Offered to a queue: `nOffered`.
    Offered,
    /// Connected: `nConnected`.
    Connected,
    /// With an error: `nError`.
    Errors,
    /// Answered: the count of `tAnswered`.
    Answered,
    /// Answered later than promised: `nOverSla`.
    OverSla,
    /// Abandoned: the count of `tAbandon`.
    Abandoned,
}

impl Genesys {
    /// The metric whose count answers the question.
    pub const fn metric(&self) -> &'static str {
        match self {
            Self::Flows(flows) => match flows.count {
                FlowCount::Ended => "tFlow",
                FlowCount::Outcomes => "nFlowOutcome",
                FlowCount::FailedOutcomes => "nFlowOutcomeFailed",
            },
            Self::Actions(_) => "tTotalExecution",
            Self::Conversations(conversations) => match conversations.count {
                ConversationCount::All => "nConversations",
                ConversationCount::Offered => "nOffered",
                ConversationCount::Connected => "nConnected",
                ConversationCount::Errors => "nError",
                ConversationCount::Answered => "tAnswered",
                ConversationCount::OverSla => "nOverSla",
                ConversationCount::Abandoned => "tAbandon",
            },
        }
    }

    /// What it is about, as `about` has it.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Flows(_) => "flows",
            Self::Actions(_) => "actions",
            Self::Conversations(_) => "conversations",
        }
    }

    pub(crate) fn is_about_the_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Flows(one), Self::Flows(other)) => {
                (&one.flow, &one.version) == (&other.flow, &other.version)
                    && (one.count == FlowCount::Ended) == (other.count == FlowCount::Ended)
            }
            (Self::Actions(one), Self::Actions(other)) => {
                (&one.action, &one.integration) == (&other.action, &other.integration)
            }
            (Self::Conversations(one), Self::Conversations(other)) => {
                (&one.queue, &one.media, &one.direction) == (&other.queue, &other.media, &other.direction)
            }
            (Self::Flows(_) | Self::Actions(_) | Self::Conversations(_), _) => false,
        }
    }
}

impl Genesys {
    /// Whether every event of this is one of the other, which is about the same: no condition of the other is missing
    /// here. Of conversations the platform does not promise it, so nothing is refused.
    pub(crate) fn is_part_of(&self, whole: &Self) -> bool {
        match (self, whole) {
            (Self::Flows(part), Self::Flows(whole)) => {
                let is_counted = whole.count != FlowCount::FailedOutcomes || part.count == whole.count;
                is_counted && narrows(&part.exit_reasons, &whole.exit_reasons, |one, other| one == other)
            }
            (Self::Actions(part), Self::Actions(whole)) => {
                let is_faster = whole.within_ms.is_none_or(|limit| part.within_ms.is_some_and(|ms| ms <= limit));
                is_faster
                    && narrows(&part.response_statuses, &whole.response_statuses, |one, other| one.is_within(*other))
                    && narrows(&part.error_types, &whole.error_types, |one, other| one == other)
            }
            (Self::Conversations(_), Self::Conversations(_)) => true,
            (Self::Flows(_) | Self::Actions(_) | Self::Conversations(_), _) => false,
        }
    }
}

/// Whether a list of which one must hold lets nothing through that the other list does not; an empty one lets all
/// through.
fn narrows<T>(part: &[T], whole: &[T], is_within: impl Fn(&T, &T) -> bool) -> bool {
    let is_one_of = |one: &T| whole.iter().any(|other| is_within(one, other));
    whole.is_empty() || (!part.is_empty() && part.iter().all(is_one_of))
}

impl FlowCount {
    pub(crate) const WORDS: [(&'static str, Self); 3] =
        [("ended", Self::Ended), ("outcomes", Self::Outcomes), ("failedOutcomes", Self::FailedOutcomes)];
}

impl ConversationCount {
    pub(crate) const WORDS: [(&'static str, Self); 7] = [
        ("all", Self::All),
        ("offered", Self::Offered),
        ("connected", Self::Connected),
        ("errors", Self::Errors),
        ("answered", Self::Answered),
        ("overSla", Self::OverSla),
        ("abandoned", Self::Abandoned),
    ];
}

impl ExitReason {
    pub(crate) const WORDS: [(&'static str, Self); 10] = [
        ("DISCONNECT", Self::Disconnect),
        ("FLOW_DISCONNECT", Self::FlowDisconnect),
        ("FLOW_ERROR_DISCONNECT", Self::FlowErrorDisconnect),
        ("FLOW_ERROR_EXIT", Self::FlowErrorExit),
        ("TRANSFER", Self::Transfer),
        ("USER_EXIT", Self::UserExit),
        ("FLOW_EXIT", Self::FlowExit),
        ("SESSION_EXPIRE_DISCONNECT", Self::SessionExpireDisconnect),
        ("RECOGNITION_FAILURE_DISCONNECT", Self::RecognitionFailureDisconnect),
        ("RECOGNITION_FAILURE_EXIT", Self::RecognitionFailureExit),
    ];

    /// As the platform writes it.
    pub fn word(self) -> &'static str {
        word(&Self::WORDS, self)
    }
}

impl Status {
    /// Whether this status is meant.
    pub const fn matches(self, status: u16) -> bool {
        match self {
            Self::Code(code) => code == status,
            Self::Class(digit) => status / 100 == digit as u16,
        }
    }

    fn is_within(self, other: Self) -> bool {
        match self {
            Self::Code(code) => other.matches(code),
            Self::Class(_) => self == other,
        }
    }

    /// `429` or `5xx`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if let Some(digit) = text.strip_suffix("xx").or_else(|| text.strip_suffix("XX")) {
            return digit.parse().ok().filter(|digit| (1..=5).contains(digit)).map(Self::Class);
        }
        text.parse().ok().filter(|code| (100..=599).contains(code)).map(Self::Code)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "{code}"),
            Self::Class(digit) => write!(f, "{digit}xx"),
        }
    }
}

/// The word of a value in a table that has one for each.
pub(crate) fn word<T: Copy + PartialEq>(words: &[(&'static str, T)], value: T) -> &'static str {
    words.iter().find(|(_, known)| *known == value).map_or("", |(word, _)| word)
}
