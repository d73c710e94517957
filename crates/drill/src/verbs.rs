//! What a fault can do: each verb with the things it fits, what it must be told, what it does and how it is undone.

use std::collections::BTreeMap;
use std::time::Duration;

use base::Ppm;

use crate::subject::Kind;

/// How a fault is kept from outliving whoever made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plane {
    /// It is made by a proxy or a responder of ours, which goes back to passing everything when nobody renews its lease.
    Data,
    /// It changes an object of the platform by this operation. It cannot end by itself: what was there before is kept, and
    /// written back.
    Control(&'static str),
    /// Somebody does it, and does the opposite afterwards.
    Human,
}

/// What a setting may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A whole number between two.
    Number(u64, u64),
    /// A length of time.
    Time,
    /// A share, such as `5%`.
    Share,
    /// One of these words.
    Word(&'static [&'static str]),
    /// One or more of these words.
    Words(&'static [&'static str]),
    /// A line of text.
    Text,
    /// The name of a subject.
    Subject,
}

/// A setting that a verb knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its key.
    pub key: &'static str,
    /// What it may be.
    pub form: Form,
    /// True when it must be there.
    pub is_needed: bool,
    /// What it says.
    pub about: &'static str,
}

/// What a setting is set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A whole number.
    Number(u64),
    /// A length of time.
    Time(Duration),
    /// A share.
    Share(Ppm),
    /// Words of those that are known.
    Words(Vec<&'static str>),
    /// A line of text.
    Text(String),
}

/// What a verb was told, by key.
pub type With = BTreeMap<&'static str, Value>;

/// A verb.
#[derive(Debug, PartialEq, Eq)]
pub struct Verb {
    /// What it is called.
    pub name: &'static str,
    /// The kinds of things that it can be done to.
    pub on: &'static [Kind],
    /// How it is kept from outliving its maker.
    pub plane: Plane,
    /// What it is told.
    pub with: &'static [Setting],
    /// What it does, as a phrase.
    pub does: &'static str,
    /// How it is undone, as a phrase.
    pub undo: &'static str,
}

const fn needed(key: &'static str, form: Form, about: &'static str) -> Setting {
    Setting { key, form, is_needed: true, about }
}

const fn may(key: &'static str, form: Form, about: &'static str) -> Setting {
    Setting { key, form, is_needed: false, about }
}

const METHODS: Form = Form::Words(&["INVITE", "OPTIONS", "REGISTER", "BYE", "CANCEL", "ACK"]);
const SIP_METHODS: Setting = may("methods", METHODS, "requests that it is done to; all unless it is said");
const SHARE: Setting = needed("share", Form::Share, "of the messages");
const DELAY: Setting = needed("delay", Form::Time, "how much later");
const JITTER: Setting = may("jitter", Form::Time, "more or less, at random");
const ANSWERS: Setting = may("share", Form::Share, "of the requests; all unless it is said");
const SIP_CODE: Form = Form::Number(300, 699);
const HTTP_CODE: Form = Form::Number(400, 599);
const RETRY_AFTER: Setting = may("retry_after", Form::Number(0, 86_400), "seconds, for the header Retry-After");

const TRUNK: &[Kind] = &[Kind::SipTrunk];
const TCP: &[Kind] = &[Kind::Upstream, Kind::Oauth, Kind::SipTrunk];
const HTTP: &[Kind] = &[Kind::Upstream, Kind::Oauth];
const OAUTH: &[Kind] = &[Kind::Oauth];
const DNS: &[Kind] = &[Kind::Dns];

const PASSES: &str = "the proxy passes everything again";
const ANSWERS_AGAIN: &str = "the responder answers as before";

const fn data(
    name: &'static str,
    on: &'static [Kind],
    with: &'static [Setting],
    does: &'static str,
    undo: &'static str,
) -> Verb {
    Verb { name, on, plane: Plane::Data, with, does, undo }
}

/// Every verb there is.
pub static VERBS: [Verb; 34] = [
    data(
        "sip.respond",
        TRUNK,
        &[
            SIP_METHODS,
            needed("code", SIP_CODE, "the answer"),
            RETRY_AFTER,
            may("cause", Form::Number(1, 127), "the cause of Q.850 in the header Reason"),
            may("provisional", Form::Number(100, 199), "an answer before it"),
        ],
        "answers requests itself",
        ANSWERS_AGAIN,
    ),
    data("sip.drop", TRUNK, &[SIP_METHODS, ANSWERS], "takes messages and says nothing", PASSES),
    data("sip.delay", TRUNK, &[SIP_METHODS, DELAY, JITTER], "hands messages on later", PASSES),
    data("sip.duplicate", TRUNK, &[SIP_METHODS, SHARE], "hands messages on twice", PASSES),
    data("sip.reorder", TRUNK, &[SIP_METHODS, SHARE], "hands messages on in another order", PASSES),
    data("sip.corrupt", TRUNK, &[SIP_METHODS, SHARE], "damages messages", PASSES),
    data(
        "sip.lie",
        TRUNK,
        &[
            needed("how", Form::Word(&["options_ok", "no_audio", "ring_forever"]), "what looks fine and is not"),
            may("code", SIP_CODE, "the answer to calls"),
        ],
        "looks healthy and carries no call",
        ANSWERS_AGAIN,
    ),
    data("rtp.loss", TRUNK, &[SHARE], "loses packets of sound", PASSES),
    data("rtp.jitter", TRUNK, &[needed("jitter", Form::Time, "at most")], "hands packets of sound on unevenly", PASSES),
    data(
        "rtp.one_way",
        TRUNK,
        &[needed("silent", Form::Word(&["caller", "callee"]), "who is not heard")],
        "lets sound through in one direction",
        PASSES,
    ),
    data("tcp.latency", TCP, &[DELAY, JITTER], "hands bytes on later", PASSES),
    data("tcp.reset", TCP, &[ANSWERS], "breaks connections", PASSES),
    data("tcp.blackhole", TCP, &[], "takes bytes and answers nothing", PASSES),
    data(
        "tcp.bandwidth",
        TCP,
        &[needed("bytes_per_s", Form::Number(1, 1_000_000_000), "at most, both ways")],
        "hands bytes on slowly",
        PASSES,
    ),
    data(
        "http.status",
        HTTP,
        &[needed("code", HTTP_CODE, "the answer"), RETRY_AFTER, ANSWERS],
        "answers with an error itself",
        PASSES,
    ),
    data("http.delay", HTTP, &[DELAY, JITTER, ANSWERS], "hands answers on later", PASSES),
    data("http.hang", HTTP, &[ANSWERS], "takes requests and never answers", PASSES),
    data(
        "http.truncate",
        HTTP,
        &[needed("bytes", Form::Number(0, 1_000_000), "of the body that arrive"), ANSWERS],
        "breaks answers off",
        PASSES,
    ),
    data(
        "http.rate_limit",
        HTTP,
        &[needed("per_minute", Form::Number(0, 1_000_000), "answers; the rest gets 429"), RETRY_AFTER],
        "answers 429 beyond a rate",
        PASSES,
    ),
    data(
        "dns.answer",
        DNS,
        &[
            needed("name", Form::Text, "that is asked for"),
            needed("to", Form::Subject, "the subject whose address is told"),
        ],
        "tells another address",
        "the true address is told again",
    ),
    data(
        "dns.nxdomain",
        DNS,
        &[needed("name", Form::Text, "that is asked for")],
        "knows a name no more",
        "the name is known again",
    ),
    data(
        "dns.ttl",
        DNS,
        &[needed("name", Form::Text, "that is asked for"), needed("ttl", Form::Time, "that is told")],
        "lets answers be kept longer or shorter",
        "the true time is told again",
    ),
    data("oauth.deny", OAUTH, &[ANSWERS], "gives no tokens", PASSES),
    data(
        "oauth.expire",
        OAUTH,
        &[needed("lifetime", Form::Time, "of new tokens")],
        "gives tokens that end early",
        PASSES,
    ),
    data("oauth.slow", OAUTH, &[DELAY, JITTER], "gives tokens late", PASSES),
    Verb {
        name: "genesys.trunk_state",
        on: TRUNK,
        plane: Plane::Control("put_telephony_providers_edges_trunkbasesetting"),
        with: &[needed("state", Form::Word(&["out-of-service"]), "the trunk is put into")],
        does: "takes the trunk out of service in the platform",
        undo: "the trunk's settings are written back whole, and read back",
    },
    Verb {
        name: "genesys.emergency_group",
        on: &[Kind::EmergencyGroup],
        plane: Plane::Control("put_architect_emergencygroup"),
        with: &[needed("enabled", Form::Word(&["true", "false"]), "what the group is set to")],
        does: "switches the emergency group",
        undo: "the whole group, with its IVRs, is written back, and read back",
    },
    Verb {
        name: "genesys.queue_unavailable",
        on: &[Kind::Queue],
        plane: Plane::Control("put_routing_queue"),
        with: &[],
        does: "leaves the queue without a way to its agents",
        undo: "the whole queue is written back, and read back",
    },
    Verb {
        name: "genesys.campaign_stop",
        on: &[Kind::Campaign],
        plane: Plane::Control("post_outbound_campaign_stop"),
        with: &[],
        does: "stops the campaign",
        undo: "the campaign is started again if it ran before",
    },
    data(
        "clock.skew",
        &[Kind::Process],
        &[
            needed("by", Form::Time, "the wall clock is off"),
            may("direction", Form::Word(&["ahead", "behind"]), "ahead unless it is said"),
        ],
        "sets the wall clock of a process of ours wrong",
        "the process sees the true time again",
    ),
    data(
        "capacity.cap",
        &[Kind::Queue, Kind::SipTrunk, Kind::Upstream],
        &[needed("share", Form::Share, "of what there is that can be used")],
        "lets only a part of the capacity be used",
        "all of the capacity can be used again",
    ),
    data(
        "capacity.lag",
        &[Kind::Upstream],
        &[needed("lag", Form::Time, "that what is written is seen later")],
        "shows what was written late",
        "what is written is seen at once again",
    ),
    data(
        "process.kill",
        &[Kind::Process],
        &[may("every", Form::Time, "again and again; once unless it is said")],
        "kills a process of ours",
        "the process is started again",
    ),
    Verb {
        name: "human.step",
        on: &[Kind::Person],
        plane: Plane::Human,
        with: &[
            needed("ask", Form::Text, "what is to be done"),
            needed("undo", Form::Text, "what is to be done afterwards"),
            needed("within", Form::Time, "after which it is taken as not done"),
        ],
        does: "asks somebody for a step, and stamps when it is done",
        undo: "somebody is asked to take it back, and the drill waits until that is so",
    },
];

/// Finds a verb.
pub fn verb(name: &str) -> Option<&'static Verb> {
    VERBS.iter().find(|verb| verb.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_stands_once_fits_something_and_says_how_it_is_undone() {
        for (index, verb) in VERBS.iter().enumerate() {
            assert!(VERBS[index + 1..].iter().all(|other| other.name != verb.name), "{}", verb.name);
            assert!(!verb.on.is_empty() && !verb.does.is_empty() && !verb.undo.is_empty(), "{}", verb.name);
            for (at, setting) in verb.with.iter().enumerate() {
                assert!(verb.with[at + 1..].iter().all(|other| other.key != setting.key), "{}", verb.name);
            }
        }
    }
}
