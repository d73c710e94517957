//! What is meant by an experiment as it is written.
//!
//! What could not be read is taken as if it were not there, so that the rest can be judged too; whoever puts the problems
//! together leaves out what follows from that alone.

use drill::{
    Abort, Baseline, Calls, Demand, Expected, FailoverWindow, Fault, Form, Guard, Independence, Limits, Measures,
    Metadata, Operation, Parts, Probe, Rpo, Rto, SteadyState, Subject, Things, Tie, Ties, Value, Watch, Windows, With,
};

use super::forms::Forbidden;
use super::found::Found;
use super::raw;
use super::read::{self, Lasting, List, Read, Share, Text, Word};
use super::tree::Node;

pub(super) fn parts(raw: raw::File, found: &mut Found) -> Parts {
    let steady = raw.steady_state.unwrap_or_default();
    let (before, after) = (steady.before.unwrap_or_default(), steady.after.unwrap_or_default());
    Parts {
        metadata: metadata(raw.metadata.unwrap_or_default()),
        environment: raw.environment.map(word).unwrap_or_default(),
        subjects: raw.subjects.unwrap_or_default().0.into_iter().map(|(name, it)| (name, subject(it))).collect(),
        guard: guard(raw.guard.unwrap_or_default()),
        load: raw.load.and_then(|load| load.calls).map(calls),
        steady_state: SteadyState {
            probes: items(steady.probes).map(probe).collect(),
            before_hold: time(before.hold),
            after_within: time(after.within),
            after_hold: time(after.hold),
        },
        baseline: raw.baseline.map(|it| Baseline { capture: texts(it.capture), length: time(it.length) }),
        faults: items(raw.faults).map(|it| fault(it, found)).collect(),
        failover_window: raw.failover_window.map(failover_window),
        abort: items(raw.abort).map(abort).collect(),
        watch: raw.abort_defaults.map(watch).unwrap_or_default(),
        measure: raw.measure.map(measures).unwrap_or_default(),
        verdict: items(raw.verdict).map(demand).collect(),
    }
}

/// The items of a list, each at its place.
fn items<T: Default>(list: Option<List<T>>) -> impl Iterator<Item = T> {
    list.unwrap_or_default().0.into_iter().map(Option::unwrap_or_default)
}

fn texts<T>(list: Option<List<Text<T>>>) -> Vec<T> {
    list.unwrap_or_default().into_read().map(|text| text.0).collect()
}

fn set<T: Ord>(list: Option<List<T>>) -> std::collections::BTreeSet<T> {
    list.unwrap_or_default().into_read().collect()
}

fn text<T: Default>(text: Option<Text<T>>) -> T {
    text.map(|text| text.0).unwrap_or_default()
}

fn word<T>(word: Word<T>) -> T {
    word.0
}

fn time(time: Option<Lasting>) -> std::time::Duration {
    time.unwrap_or_default().0
}

fn metadata(raw: raw::Metadata) -> Metadata {
    Metadata {
        id: raw.id.unwrap_or_default(),
        title: raw.title.unwrap_or_default(),
        owner: raw.owner.unwrap_or_default(),
        guide: raw.guide.unwrap_or_default().into_read().collect(),
        seed: raw.seed.unwrap_or_default(),
    }
}

fn subject(raw: Option<raw::Subject>) -> Subject {
    let raw = raw.unwrap_or_default();
    Subject {
        kind: raw.kind.map(word).unwrap_or_default(),
        reference: raw.reference.unwrap_or_default(),
        ties: raw.depends_on.map(ties).unwrap_or_default(),
    }
}

pub(super) fn ties(raw: raw::DependsOn) -> Ties {
    let all = [
        (Tie::Carrier, raw.carrier),
        (Tie::Gateway, raw.gateway),
        (Tie::Path, raw.path),
        (Tie::Region, raw.region),
        (Tie::Building, raw.building),
        (Tie::Asn, raw.asn),
        (Tie::DnsZone, raw.dns_zone),
        (Tie::OauthIssuer, raw.oauth_issuer),
    ];
    all.into_iter().filter_map(|(tie, names)| Some((tie, names?.0.into_iter().collect()))).collect()
}

fn guard(raw: raw::Guard) -> Guard {
    let approvals = raw.approvals.unwrap_or_default();
    let approvals = [("lab", approvals.lab), ("staging", approvals.staging), ("production", approvals.production)];
    let independent = items(raw.independent).map(|it| Independence {
        of: items(it.of).collect(),
        differ_in: it.differ_in.unwrap_or_default().into_read().map(word).collect(),
    });
    Guard {
        allow: allow(raw.allow.unwrap_or_default()),
        forbid: forbid(raw.forbid.unwrap_or_default()),
        limits: limits(&raw.limits.unwrap_or_default()),
        windows: windows(raw.windows.unwrap_or_default()),
        independent: independent.collect(),
        approvals: approvals.into_iter().filter_map(|(name, count)| Some((name.to_owned(), count?))).collect(),
    }
}

fn allow(raw: raw::Allow) -> Things {
    let operation = |it: raw::Operation| Operation {
        name: it.operation.unwrap_or_default(),
        object: it.object.unwrap_or_default(),
    };
    Things {
        queues: set(raw.queues),
        trunks: set(raw.trunks),
        flows: set(raw.flows),
        hosts: texts(raw.hosts).into_iter().collect(),
        campaigns: set(raw.campaigns),
        api: items(raw.api).map(operation).collect(),
        from: texts(raw.from),
        to: texts(raw.to),
    }
}

fn forbid(raw: raw::Forbid) -> Things {
    let numbers = texts(raw.numbers).into_iter().filter_map(|number| match number {
        // No scope allows these, whatever is written.
        Forbidden::Emergency => None,
        Forbidden::Numbers(pattern) => Some(pattern),
    });
    let numbers: Vec<drill::Pattern> = numbers.collect();
    Things {
        queues: set(raw.queues),
        trunks: set(raw.trunks),
        flows: set(raw.flows),
        hosts: texts(raw.hosts).into_iter().collect(),
        campaigns: set(raw.campaigns),
        api: Default::default(),
        from: numbers.clone(),
        to: numbers,
    }
}

fn limits(raw: &raw::Limits) -> Limits {
    Limits {
        max_live_calls: raw.max_live_calls,
        max_cps: raw.max_cps,
        max_calls: raw.max_calls,
        max_faults: raw.max_faults,
        max_fault: raw.max_fault.map(|time| time.0),
        live_traffic: raw.live_traffic.unwrap_or_default().0,
    }
}

fn windows(raw: raw::Windows) -> Windows {
    let deny_when = raw.deny_when.map(|list| list.into_read().map(word).collect());
    Windows { allow: texts(raw.allow), deny_when: deny_when.unwrap_or_else(|| Windows::default().deny_when) }
}

fn calls(raw: raw::Calls) -> Calls {
    let expect = raw.expect.unwrap_or_default();
    Calls {
        via: raw.via.unwrap_or_default(),
        to: raw.to.unwrap_or_default(),
        from: raw.from,
        rate: text(raw.rate),
        hold: time(raw.hold),
        model: raw.model.map(word).unwrap_or_default(),
        expect: Expected {
            // What is no answer of SIP is told by whoever judges the parts.
            final_code: expect.final_code.map(|code| u16::try_from(code).unwrap_or(u16::MAX)),
            audio: expect.audio.map(word),
        },
    }
}

fn probe(raw: raw::Probe) -> Probe {
    Probe {
        name: raw.name.unwrap_or_default(),
        metric: text(raw.metric),
        window: time(raw.window),
        min_samples: raw.min_samples.unwrap_or_default(),
        is: text(raw.is),
    }
}

fn fault(raw: raw::Fault, found: &mut Found) -> Fault {
    let verb = raw.verb.map(word);
    let with = raw.with.unwrap_or_default().0;
    Fault {
        name: raw.name.unwrap_or_default(),
        on: raw.on.unwrap_or_default(),
        with: verb.map(|verb| settings(verb, &with, found)).unwrap_or_default(),
        // Which verb it stands for does not matter: what is said of it relies on what could not be read.
        verb: verb.unwrap_or(&drill::VERBS[0]),
        at: time(raw.at),
        length: time(raw.length),
        lease: raw.lease.map(|lease| lease.0),
    }
}

/// Settings, each of the form that the verb has for it.
fn settings(verb: &'static drill::Verb, node: &Node, found: &mut Found) -> With {
    let known: Vec<&str> = verb.with.iter().map(|setting| setting.key).collect();
    if *node == Node::default() || found.map(node, &known).is_none() {
        return With::new();
    }
    let read = |setting: &'static drill::Setting, found: &mut Found| {
        let value = value(setting.form, node.get(setting.key)?, found)?;
        Some((setting.key, value))
    };
    verb.with.iter().filter_map(|setting| read(setting, found)).collect()
}

fn value(form: Form, node: &Node, found: &mut Found) -> Option<Value> {
    match form {
        Form::Number(..) => u64::read(node, found).map(Value::Number),
        Form::Time => Lasting::read(node, found).map(|time| Value::Time(time.0)),
        Form::Share => Share::read(node, found).map(|share| Value::Share(share.0)),
        Form::Text | Form::Subject => String::read(node, found).map(Value::Text),
        Form::Word(known) => one(known, node, found).map(|word| Value::Words(vec![word])),
        Form::Words(known) => {
            let list = List::<read::Later>::read(node, found)?;
            Some(Value::Words(list.into_read().filter_map(|node| one(known, &node.0, found)).collect()))
        }
    }
}

fn one(known: &'static [&'static str], node: &Node, found: &mut Found) -> Option<&'static str> {
    let text = found.text(node)?;
    let word = known.iter().copied().find(|word| *word == text);
    if word.is_none() {
        let hint = crate::problem::suggest(text, known.iter().copied(), "words");
        found.wrong(node, format!("`{text}` may not stand here"), hint);
    }
    word
}

fn failover_window(raw: raw::FailoverWindow) -> FailoverWindow {
    let budget = raw.budget.unwrap_or_default();
    FailoverWindow {
        fault: text(raw.from).0,
        tolerate: time(raw.tolerate),
        max: time(raw.max),
        failed_calls: budget.failed_calls,
        endless_ring: budget.endless_ring,
    }
}

fn abort(raw: raw::Abort) -> Abort {
    Abort { when: text(raw.when), held: time(raw.held), not_before: time(raw.not_before) }
}

fn watch(raw: raw::AbortDefaults) -> Watch {
    let usual = Watch::default();
    Watch {
        every: raw.every.map_or(usual.every, |time| time.0),
        on_no_data: raw.on_no_data.map_or(usual.on_no_data, word),
        no_data_after: raw.no_data_after.map_or(usual.no_data_after, |time| time.0),
    }
}

fn measures(raw: raw::Measure) -> Measures {
    let rto = raw.rto.map(|rto| Rto {
        good: text(rto.good),
        window: time(rto.window),
        hold: time(rto.hold),
        fault: text(rto.from).0,
    });
    let rpo = raw.rpo.map(|rpo| {
        let markers = rpo.markers.unwrap_or_default();
        Rpo { write: text(markers.write).0, read: text(markers.read).0, every: time(markers.every) }
    });
    Measures { rto, rpo }
}

fn demand(raw: raw::Demand) -> Demand {
    Demand { metric: text(raw.metric), is: text(raw.is), severity: raw.severity.map(word).unwrap_or_default() }
}
