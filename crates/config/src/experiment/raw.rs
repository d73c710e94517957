//! An experiment as it is written.

use schemars::JsonSchema;

use super::forms::{Event, Experiment as ExperimentKind, Forbidden, StoreName, Version};
use super::found::Found;
use super::read::{Lasting, Later, List, Names, OneOrMore, Read, Share, Text, Word, record};
use super::tree::Node;

record! {
    /// What is believed, what is broken to see whether it is true, how far that may reach, and when it is given up.
    File {
        /// The version of the form.
        "apiVersion" _version: Word<Version> = "write `apiVersion: steadyline/v1`",
        /// What the file is.
        "kind" _kind: Word<ExperimentKind> = "write `kind: Experiment`",
        /// Who, what, why.
        "metadata" metadata: Metadata = "write `metadata: {id: …, title: …, owner: …}`",
        /// Where it runs: a lab is built for the run; staging has no customers; production has.
        "environment" environment: Word<drill::Environment> = "write lab, staging or production",
        /// The only things that anything below may name.
        "subjects" subjects: Names<Subject> = "name what the steps are about, each with `type` and `ref`",
        /// What may be touched, how much of it, and when.
        "guard" guard: Guard = "say what may be touched, and how much of it",
        /// What the drill does beside breaking things.
        "load" load: Load,
        /// What is believed: so before anything is broken, and again afterwards.
        "steady_state" steady_state: SteadyState = "say what must be so while all is well",
        /// What is measured first, to compare with.
        "baseline" baseline: Baseline,
        /// What is broken.
        "faults" faults: List<Fault> = "say what is broken",
        /// How failing over is judged.
        "failover_window" failover_window: FailoverWindow,
        /// When everything is undone at once.
        "abort" abort: List<Abort> = "say when everything is undone at once",
        /// How those conditions are judged.
        "abort_defaults" abort_defaults: AbortDefaults,
        /// What is measured beside the metrics.
        "measure" measure: Measure,
        /// What must have come out.
        "verdict" verdict: List<Demand> = "say what must have come out",
    }
}

record! {
    /// Who, what, why.
    Metadata {
        /// Its id: small letters, digits, `-` and `_`.
        "id" id: String = "write an id, such as `trunk-503`",
        /// What it is about, in a line.
        "title" title: String = "say in a line what it is about",
        /// Who answers for it.
        "owner" owner: String = "name who answers for it",
        /// What it comes from: sections of guides, incidents.
        "guide" guide: List<String>,
        /// All that is left to chance comes from this. Default 0.
        "seed" seed: u64,
    }
}

record! {
    /// Something that steps may name.
    Subject {
        /// Its type.
        "type" kind: Word<drill::Kind> = "write what it is, such as `sip-trunk`",
        /// What it is called where it is: a name, an id, or `host:port`.
        "ref" reference: String = "write what it is called where it is",
        /// What it hangs on. A lab is built like this; elsewhere it must agree with what is found.
        "depends_on" depends_on: DependsOn,
    }
}

record! {
    /// What a thing leads through.
    DependsOn {
        /// Who carries the calls.
        "carrier" carrier: OneOrMore,
        /// The machine that it leads through.
        "gateway" gateway: OneOrMore,
        /// The way of the cables or tunnels.
        "path" path: OneOrMore,
        /// The region of the platform or of a cloud.
        "region" region: OneOrMore,
        /// The building.
        "building" building: OneOrMore,
        /// The network, by its autonomous system.
        "asn" asn: OneOrMore,
        /// The zone that names are looked up in.
        "dns_zone" dns_zone: OneOrMore,
        /// Who gives the tokens out.
        "oauth_issuer" oauth_issuer: OneOrMore,
    }
}

record! {
    /// What may be touched, how much of it, and when.
    Guard {
        /// This and nothing else.
        "allow" allow: Allow = "name what may be touched: queues, trunks, flows, hosts, campaigns, api, from, to",
        /// Not this, though it is allowed. Emergency numbers are always forbidden.
        "forbid" forbid: Forbid,
        /// How much at most.
        "limits" limits: Limits = "write how much at most: max_faults, max_fault, and for calls max_live_calls, max_cps, max_calls",
        /// When.
        "windows" windows: Windows,
        /// What must not fall together.
        "independent" independent: List<Independence>,
        /// How many people agree before it runs.
        "approvals" approvals: Approvals,
    }
}

record! {
    /// Things, each list complete.
    Allow {
        /// Queues, by name.
        "queues" queues: List<String>,
        /// Trunks, by name.
        "trunks" trunks: List<String>,
        /// Flows, by name.
        "flows" flows: List<String>,
        /// Hosts with their ports.
        "hosts" hosts: List<Text<drill::HostPort>>,
        /// Campaigns, by id.
        "campaigns" campaigns: List<String>,
        /// Operations of the platform, each on one object.
        "api" api: List<Operation>,
        /// Numbers that calls may come from.
        "from" from: List<Text<drill::Pattern>>,
        /// Numbers that calls may go to.
        "to" to: List<Text<drill::Pattern>>,
    }
}

record! {
    /// Things that are left out of what is allowed.
    Forbid {
        /// Numbers, in either direction; `emergency` stands for all emergency numbers, which are forbidden anyway.
        "numbers" numbers: List<Text<Forbidden>>,
        /// Queues, by name.
        "queues" queues: List<String>,
        /// Trunks, by name.
        "trunks" trunks: List<String>,
        /// Flows, by name.
        "flows" flows: List<String>,
        /// Hosts with their ports.
        "hosts" hosts: List<Text<drill::HostPort>>,
        /// Campaigns, by id.
        "campaigns" campaigns: List<String>,
    }
}

record! {
    /// An operation of the platform on one object.
    Operation {
        /// Its name, such as `put_architect_emergencygroup`.
        "operation" operation: String = "write the name of the operation",
        /// The object's id.
        "object" object: String = "write the id of the object",
    }
}

record! {
    /// How much at most.
    Limits {
        /// Calls of the drill that stand at the same time.
        "max_live_calls" max_live_calls: u32,
        /// New calls a second.
        "max_cps" max_cps: u32,
        /// Calls in the whole run.
        "max_calls" max_calls: u32,
        /// Faults in the whole run.
        "max_faults" max_faults: u32,
        /// How long one fault lasts.
        "max_fault" max_fault: Lasting,
        /// Customers' share of what goes through what is broken. Default 0%.
        "live_traffic" live_traffic: Share,
    }
}

record! {
    /// When it may run.
    Windows {
        /// Stretches of a week in which the whole run lies, such as `Mon-Thu 09:00-16:00Z`.
        "allow" allow: List<Text<drill::Weekly>>,
        /// What forbids it while it is so. Default: all of them.
        "deny_when" deny_when: List<Word<drill::Deny>>,
    }
}

record! {
    /// Subjects that must not fall together.
    Independence {
        /// The subjects.
        "of" of: List<String> = "name two subjects at least",
        /// What they must not have in common.
        "differ_in" differ_in: List<Word<drill::Tie>> = "name what they must not have in common, such as `carrier`",
    }
}

record! {
    /// How many people agree, by environment.
    Approvals {
        /// Default 0.
        "lab" lab: u32,
        /// Default 0.
        "staging" staging: u32,
        /// Default, and at least, 2.
        "production" production: u32,
    }
}

record! {
    /// What the drill does beside breaking things.
    Load {
        /// Calls of its own.
        "calls" calls: Calls = "say where calls come in, where they go and how often",
    }
}

record! {
    /// Calls of the drill itself.
    Calls {
        /// The trunk that they come in by, as a subject.
        "via" via: String = "name a subject of type `sip-trunk`",
        /// Where they go, in full: `+15550199001`.
        "to" to: String = "write a full number that is kept for tests",
        /// The number that they show. Default: one that the guard allows.
        "from" from: String,
        /// How often, such as `2/s`.
        "rate" rate: Text<drill::Rate> = "write how often, such as `2/s`",
        /// How long each is held.
        "hold" hold: Lasting = "write how long each is held, such as `5s`",
        /// How they come: `open` whatever becomes of those before, as callers do. Default open.
        "model" model: Word<drill::Arrivals>,
        /// How a good one ends.
        "expect" expect: Expect,
    }
}

record! {
    /// How a good call ends.
    Expect {
        /// The final answer to its INVITE.
        "final" final_code: u32,
        /// What is heard.
        "audio" audio: Word<drill::Audio>,
    }
}

record! {
    /// What is believed.
    SteadyState {
        /// All of it must be so.
        "probes" probes: List<Probe> = "say what must be so",
        /// Before anything is broken.
        "before" before: Before = "write `before: {hold: 30s}`",
        /// After every undo was verified.
        "after" after: After = "write `after: {within: 120s, hold: 30s}`",
    }
}

record! {
    /// Something that must be so.
    Probe {
        /// Its name.
        "name" name: String = "give it a name",
        /// What it looks at.
        "metric" metric: Text<drill::Name> = "name a metric, such as `calls.answer_ratio`",
        /// Over how long.
        "window" window: Lasting = "write over how long, such as `20s`",
        /// With fewer samples it is not so.
        "min_samples" min_samples: u32 = "write with how many samples it can be judged, such as 20",
        /// What must be so, such as `>= 0.99`.
        "is" is: Text<drill::Comparison> = "write what must be so, such as `\">= 0.99\"`",
    }
}

record! {
    /// Before anything is broken.
    Before {
        /// All of it is so for so long without a break; otherwise nothing is broken.
        "hold" hold: Lasting = "write how long, such as `30s`",
    }
}

record! {
    /// After every undo was verified.
    After {
        /// Within this
        "within" within: Lasting = "write within how long all must be well again, such as `120s`",
        /// all of it is so for so long without a break.
        "hold" hold: Lasting = "write how long, such as `30s`",
    }
}

record! {
    /// What is measured first.
    Baseline {
        /// Metrics.
        "capture" capture: List<Text<drill::Name>> = "name metrics",
        /// For how long.
        "for" length: Lasting = "write how long, such as `60s`",
    }
}

record! {
    /// Something that is broken on purpose.
    #[schemars(transform = super::with_settings)]
    Fault {
        /// Its name.
        "name" name: String = "give it a name",
        /// The subject.
        "on" on: String = "name a subject",
        /// What is done to it.
        "do" verb: Word<&'static drill::Verb> = "write what is done, such as `sip.respond`",
        /// How: settings that the verb knows.
        "with" with: Later,
        /// When, from the moment at which the first fault may begin. Default 0s.
        "at" at: Lasting,
        /// For how long.
        "for" length: Lasting = "write how long, such as `90s`",
        /// It ends by itself so long after nobody has asked for more. Every fault that can has one.
        "lease" lease: Lasting,
    }
}

record! {
    /// How failing over is judged.
    FailoverWindow {
        /// From where on time counts: `fault.NAME.applied`.
        "from" from: Text<Event> = "write `fault.NAME.applied`",
        /// Losses within this are expected; only the budget is held against them.
        "tolerate" tolerate: Lasting = "write within how long losses are expected, such as `30s`",
        /// From here on every loss fails the drill.
        "max" max: Lasting = "write from when on every loss fails the drill, such as `120s`",
        /// What may be lost.
        "budget" budget: LossBudget,
    }
}

record! {
    /// What may be lost while failing over.
    LossBudget {
        /// Calls that fail.
        "failed_calls" failed_calls: u32,
        /// Calls that ring for ever.
        "endless_ring" endless_ring: u32,
    }
}

record! {
    /// When everything is undone at once.
    Abort {
        /// What is so, such as `calls.failed_ratio[10s] > 0.5`.
        "when" when: Text<drill::Condition> = "write a condition, such as `\"calls.failed_ratio[10s] > 0.5\"`",
        /// For how long. Default 0s: at the first sample.
        "for" held: Lasting,
        /// Not before this, from the moment at which the first fault may begin. Default 0s.
        "not_before" not_before: Lasting,
    }
}

record! {
    /// How abort conditions are judged.
    AbortDefaults {
        /// How often. Default 100ms.
        "every" every: Lasting,
        /// What it means that nobody knows. Default abort; `continue` only in a lab.
        "on_no_data" on_no_data: Word<drill::OnNoData>,
        /// After so long without a sample nobody knows. Default 2s.
        "no_data_after" no_data_after: Lasting,
    }
}

record! {
    /// What is measured beside the metrics.
    Measure {
        /// The time to recover.
        "rto" rto: Rto,
        /// What was lost.
        "rpo" rpo: Rpo,
    }
}

record! {
    /// How the time to recover is measured.
    Rto {
        /// What is good, such as `calls.answer_ratio >= 0.99`.
        "good" good: Text<drill::Condition> = "write what is good, such as `\"calls.answer_ratio >= 0.99\"`",
        /// Over how long.
        "window" window: Lasting = "write over how long, such as `10s`",
        /// It is recovered when it stays so for so long.
        "hold" hold: Lasting = "write how long it must stay so, such as `20s`",
        /// From where on time counts: `fault.NAME.applied`.
        "from" from: Text<Event> = "write `fault.NAME.applied`",
    }
}

record! {
    /// How what was lost is measured.
    Rpo {
        /// Numbered markers.
        "markers" markers: Markers = "say where markers are written and looked for",
    }
}

record! {
    /// Numbered markers.
    Markers {
        /// Where they are written: `SUBJECT.STORE`.
        "write" write: Text<StoreName> = "name a subject and its store, such as `primary.kv`",
        /// Where they are looked for.
        "read" read: Text<StoreName> = "name a subject and its store, such as `backup.kv`",
        /// How often one is written.
        "every" every: Lasting = "write how often, such as `250ms`",
    }
}

record! {
    /// What must have come out.
    Demand {
        /// Of what.
        "metric" metric: Text<drill::Name> = "name a metric, such as `restore.seconds`",
        /// What must be so.
        "is" is: Text<drill::Comparison> = "write what must be so, such as `\"<= 5\"`",
        /// What it means that it is not: `fail` for a weakness, `warn` for a look. Default fail.
        "severity" severity: Word<drill::Severity>,
    }
}
