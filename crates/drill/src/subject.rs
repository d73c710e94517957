//! The things that an experiment may name, and what they hang on.

use std::collections::{BTreeMap, BTreeSet};

/// A kind of thing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A trunk to a carrier, by name.
    #[default]
    SipTrunk,
    /// A queue, by name.
    Queue,
    /// A flow, by name.
    Flow,
    /// A system behind a flow, as `host:port`.
    Upstream,
    /// A server that gives tokens out, as `host:port`.
    Oauth,
    /// A name server, as `host:port`.
    Dns,
    /// An emergency group, by id.
    EmergencyGroup,
    /// A campaign, by id.
    Campaign,
    /// A process of our own, by name.
    Process,
    /// Somebody who does a step by hand.
    Person,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::SipTrunk,
        Self::Queue,
        Self::Flow,
        Self::Upstream,
        Self::Oauth,
        Self::Dns,
        Self::EmergencyGroup,
        Self::Campaign,
        Self::Process,
        Self::Person,
    ];

    /// What it is called in a file.
    pub const fn word(self) -> &'static str {
        match self {
            Self::SipTrunk => "sip-trunk",
            Self::Queue => "queue",
            Self::Flow => "flow",
            Self::Upstream => "upstream",
            Self::Oauth => "oauth",
            Self::Dns => "dns",
            Self::EmergencyGroup => "emergency-group",
            Self::Campaign => "campaign",
            Self::Process => "process",
            Self::Person => "person",
        }
    }

    /// True when customers' traffic can go through it.
    pub const fn carries_traffic(self) -> bool {
        match self {
            Self::SipTrunk
            | Self::Queue
            | Self::Flow
            | Self::Upstream
            | Self::Oauth
            | Self::Dns
            | Self::EmergencyGroup
            | Self::Campaign => true,
            Self::Process | Self::Person => false,
        }
    }
}

/// What things can have in common, so that they fall together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tie {
    /// Who carries the calls.
    Carrier,
    /// The machine that both lead through.
    Gateway,
    /// The way of the cables or tunnels.
    Path,
    /// The region of the platform or of a cloud.
    Region,
    /// The building.
    Building,
    /// The network, by its autonomous system.
    Asn,
    /// The zone that names are looked up in.
    DnsZone,
    /// Who gives the tokens out.
    OauthIssuer,
}

impl Tie {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Carrier,
        Self::Gateway,
        Self::Path,
        Self::Region,
        Self::Building,
        Self::Asn,
        Self::DnsZone,
        Self::OauthIssuer,
    ];

    /// What it is called in a file.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Carrier => "carrier",
            Self::Gateway => "gateway",
            Self::Path => "path",
            Self::Region => "region",
            Self::Building => "building",
            Self::Asn => "asn",
            Self::DnsZone => "dns_zone",
            Self::OauthIssuer => "oauth_issuer",
        }
    }
}

/// What a thing hangs on: for each tie that is known, the names of what it leads through.
pub type Ties = BTreeMap<Tie, BTreeSet<String>>;

/// Something that an experiment may name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// Its kind.
    pub kind: Kind,
    /// What it is called where it is.
    pub reference: String,
    /// What it hangs on, as the file says. A lab is built like this; elsewhere it must agree with what is found.
    pub ties: Ties,
}
