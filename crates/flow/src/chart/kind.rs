//! Types of flows.

/// What type of flow it is; by the file's one top-level key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FlowKind {
    /// A caller comes in, goes out, waits in a queue, or gives a secret.
    Call(CallKind),
    /// A chat or a message.
    Digital(String),
    /// An e-mail.
    Email,
    /// A bot, by voice or in text.
    Bot(String),
    /// Nobody is on the line.
    Workflow(String),
    /// A part that other flows call.
    CommonModule,
    /// A type that this reader does not know.
    Other(String),
}

/// What kind of call a call flow handles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallKind {
    /// `inboundCall`
    Inbound,
    /// `outboundCall`
    Outbound,
    /// `inqueueCall`
    InQueue,
    /// `secureCall`
    Secure,
}

impl FlowKind {
    /// The type that a top-level key names.
    pub fn of(key: &str) -> Self {
        match key {
            "inboundCall" => Self::Call(CallKind::Inbound),
            "outboundCall" => Self::Call(CallKind::Outbound),
            "inqueueCall" => Self::Call(CallKind::InQueue),
            "secureCall" => Self::Call(CallKind::Secure),
            "inboundChat" | "inboundShortMessage" => Self::Digital(key.to_owned()),
            "inboundEmail" => Self::Email,
            "botFlow" | "digitalBot" | "voiceSurvey" => Self::Bot(key.to_owned()),
            "workflow" | "workitem" | "surveyInvite" => Self::Workflow(key.to_owned()),
            "commonModule" => Self::CommonModule,
            _ => Self::Other(key.to_owned()),
        }
    }

    /// The file's top-level key.
    pub fn key(&self) -> &str {
        match self {
            Self::Call(CallKind::Inbound) => "inboundCall",
            Self::Call(CallKind::Outbound) => "outboundCall",
            Self::Call(CallKind::InQueue) => "inqueueCall",
            Self::Call(CallKind::Secure) => "secureCall",
            Self::Email => "inboundEmail",
            Self::CommonModule => "commonModule",
            Self::Digital(key) | Self::Bot(key) | Self::Workflow(key) | Self::Other(key) => key,
        }
    }

    /// Somebody listens, and silence is heard.
    pub const fn has_caller(&self) -> bool {
        matches!(self, Self::Call(_))
    }

    /// Somebody waits for an answer, by voice or in text.
    pub const fn has_customer(&self) -> bool {
        matches!(self, Self::Call(_) | Self::Digital(_) | Self::Email)
    }
}
