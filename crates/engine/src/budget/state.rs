//! The book and everything that follows from its steps: what to keep, whom to tell, what to show.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use api::{BudgetList, FlowView, GateView, SourceView};
use base::Now;
use budget::approvals;
use budget::book::{self, Effect, Event, Policy};
use budget::ladder::{self, Mode};
use budget::ledger;
use budget::{Book, Count, Minute, Series, Severity, Status, Stretch, Terms};
use sha2::{Digest as _, Sha256};
use store::{AuditEntry, Change, Counted, CountedBlock, Document, Fold};

use super::counts::{self, Entry};
use super::happened::Happenings;
use super::touched::Touched;
use super::{AUDIT_WAITING_MAX, COUNTED_WAITING_MAX, DECISIONS_MAX, FOLD_AFTER, views, wire, words};
use crate::incident::{self, Subject};

/// Kinds of documents.
pub(super) const REQUEST: &str = "request";
pub(super) const LADDER: &str = "ladder";
pub(super) const OBJECTIVE: &str = "objective";

/// Everything that is known of budgets.
pub(super) struct State {
    pub(super) policy: Policy,
    /// The places of objectives in the policy, by their ids.
    places: HashMap<String, usize>,
    pub(super) book: Book,
    pub(super) sources: Vec<SourceView>,
    enrichment: Vec<Vec<String>>,
    /// What the store has not taken yet.
    unsaved: Change,
    counted: Vec<Taken>,
    pub(super) counted_seq: u64,
    pub(super) folded_seq: u64,
    /// Blocks with minutes that are in none yet.
    pub(super) unfolded: Touched,
    /// Blocks that are being written.
    folding: Touched,
    /// What incidents are to be made of.
    incidents: Vec<incident::Event>,
    decisions: BTreeMap<String, Decision>,
    questions: u64,
    pub(super) happened: Happenings,
    /// What holds releases up besides budgets.
    holds: Vec<Hold>,
    /// Incidents that an earlier run left open, until it is known whether they are over.
    inherited: BTreeSet<(usize, Inherited)>,
    /// Blocks of objectives that are no longer defined, with minutes that were in none yet.
    pub(super) strays: Vec<CountedBlock>,
    /// Lines of the audit that nobody will read.
    lost: u64,
}

/// A count that was taken: the place of its objective, which minute, what was counted, and when.
type Taken = (usize, Minute, Count, Minute);

/// Why no release of a flow may go out, whatever its budgets say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// What the flow is called: its id, its name.
    pub flow: Vec<String>,
    /// Why, as a sentence.
    pub why: String,
}

/// An answer of the gate that was written down.
struct Decision {
    said: String,
    id: String,
    /// When it was last asked for: the number of the question.
    asked: u64,
}

/// What an incident of an earlier run was about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Inherited {
    Page,
    Ticket,
    Spent,
    Blind,
}

impl Inherited {
    /// What an incident is about, and of which objective; `None` for one that is not of an objective.
    fn of(subject: &Subject) -> Option<(&str, Self)> {
        match subject {
            Subject::Burn(id) => Some((id, Self::Page)),
            Subject::SlowBurn(id) => Some((id, Self::Ticket)),
            Subject::Spent(id) => Some((id, Self::Spent)),
            Subject::Blind(id) => Some((id, Self::Blind)),
            Subject::Circuit(_)
            | Subject::Store
            | Subject::Records
            | Subject::Receiver(_)
            | Subject::Mode(_)
            | Subject::Suspect(_)
            | Subject::WentBack(_)
            | Subject::Stuck(_)
            | Subject::Unseen(_)
            | Subject::Missing(_)
            | Subject::Review(_)
            | Subject::Crowd => None,
        }
    }

    /// Whether it is over; `None` when that cannot be said yet.
    fn is_over(self, status: &Status) -> Option<bool> {
        let is_quiet = |severity| {
            let mut alerts = status.alerts.iter().filter(|alert| alert.rule.severity == severity);
            if alerts.clone().any(|alert| alert.is_firing) {
                return Some(false);
            }
            alerts.all(|alert| alert.verdict != ledger::Verdict::Unknown).then_some(true)
        };
        match self {
            Self::Page => is_quiet(Severity::Page),
            Self::Ticket => is_quiet(Severity::Ticket),
            Self::Spent => status.remaining.map(|left| !left.is_spent()),
            Self::Blind => status.age.map(|_| !status.is_blind),
        }
    }

    fn subject(self, id: &str) -> Subject {
        match self {
            Self::Page => alert_subject(id, Severity::Page),
            Self::Ticket => alert_subject(id, Severity::Ticket),
            Self::Spent => Subject::Spent(id.into()),
            Self::Blind => Subject::Blind(id.into()),
        }
    }
}

impl State {
    pub(super) fn new(policy: Policy, book: Book, kinds: &[String], enrichment: Vec<Vec<String>>) -> Self {
        let source = |kind: &String| SourceView { kind: kind.clone(), ..SourceView::default() };
        let ids = policy.objectives.iter().map(|terms| terms.objective.id.clone());
        Self {
            holds: Vec::new(),
            inherited: BTreeSet::new(),
            places: ids.zip(0..).collect(),
            policy,
            book,
            sources: kinds.iter().map(source).collect(),
            enrichment,
            unsaved: Change::default(),
            counted: Vec::new(),
            counted_seq: 0,
            folded_seq: 0,
            unfolded: Touched::default(),
            folding: Touched::default(),
            incidents: Vec::new(),
            decisions: BTreeMap::new(),
            happened: Happenings::default(),
            questions: 0,
            strays: Vec::new(),
            lost: 0,
        }
    }

    /// One step of the book, and note of all that follows.
    pub(super) fn step(&mut self, event: Event, now: Now) -> Vec<Effect> {
        let is_tick = event == Event::Ticked;
        let counted = match &event {
            Event::Counted { objective, minute, count } => Some((*objective, *minute, *count)),
            Event::Acted(..) | Event::Ticked => None,
        };
        let effects = self.book.take(&self.policy, event, now);
        let is_refused = |effect: &Effect| matches!(effect, Effect::Ledger(_, ledger::Effect::Refused(..)));
        // What was refused is not kept either: a later start would believe it.
        if let Some((objective, minute, count)) = counted
            && !effects.iter().any(is_refused)
            && objective < self.policy.objectives.len()
        {
            self.counted.push((objective, minute, count, Minute::of(now.wall)));
            self.unfolded.insert(objective, Series::block_of(minute));
        }
        for effect in &effects {
            self.follow(effect, now);
            self.happened.put(effect.clone(), Minute::of(now.wall));
        }
        if is_tick && !self.inherited.is_empty() {
            self.end_what_is_over(now);
        }
        effects
    }

    fn follow(&mut self, effect: &Effect, now: Now) {
        match effect {
            Effect::Ledger(place, effect) => self.ledger(*place, effect, now),
            Effect::Ladder(place, ladder::Effect::Changed { to, why, .. }) => self.changed(*place, *to, why, now),
            Effect::Approvals(effect) => put_done(&mut self.unsaved, effect, now),
            Effect::Refused(_) => {}
        }
    }

    fn ledger(&mut self, place: usize, effect: &ledger::Effect, now: Now) {
        let Some(terms) = self.policy.objectives.get(place) else { return };
        let (id, name) = (terms.objective.id.as_str(), terms.objective.name.clone());
        match effect {
            ledger::Effect::Alert { rule, is_firing } => {
                let Some(rule) = terms.objective.alerts.get(*rule) else { return };
                let subject = alert_subject(id, rule.severity);
                let is_still_firing = self.is_firing(place, rule.severity, now);
                if *is_firing {
                    let what = words::burning(terms, rule, self.status(place, now).as_ref());
                    self.trouble(subject, what);
                } else if !is_still_firing {
                    self.over(subject, format!("{name} no longer burns at {}", rule.burn_milli / 1_000));
                }
            }
            ledger::Effect::Spent(true) => {
                let left = self.status(place, now).and_then(|status| status.remaining);
                let left = left.map_or_else(String::new, |left| format!(": {left} is left"));
                self.trouble(Subject::Spent(id.into()), format!("{name} has no error budget left{left}"));
            }
            ledger::Effect::Spent(false) => {
                self.over(Subject::Spent(id.into()), format!("{name} has error budget again"));
            }
            ledger::Effect::Blind(true) => {
                let kind = self.sources.get(place).map_or("its source", |source| source.kind.as_str());
                let what = format!("{name}: {kind} has told nothing for {}", terms.blind_after);
                self.trouble(Subject::Blind(id.into()), what);
            }
            ledger::Effect::Blind(false) => {
                self.over(Subject::Blind(id.into()), format!("{name} is measured again"));
            }
            ledger::Effect::Refused(minute, why) => {
                tracing::warn!(objective = id, %minute, ?why, "a counted minute was not taken");
            }
        }
    }

    fn is_firing(&self, place: usize, severity: Severity, now: Now) -> bool {
        let alerts = self.status(place, now).map(|status| status.alerts).unwrap_or_default();
        alerts.iter().any(|alert| alert.is_firing && alert.rule.severity == severity)
    }

    /// A flow changed its mode: the event in the guide's shape, an incident, a document.
    fn changed(&mut self, place: usize, to: Mode, why: &ladder::Why, now: Now) {
        let Some(flow) = self.policy.flows.get(place) else { return };
        let at = incident::to_millisecond(now.wall);
        let event = if to == Mode::Normal { "budget_recovered" } else { "budget_exceeded" };
        let action = words::action(to);
        let reason = words::mode_change(why);
        let body = serde_json::json!({
            "event": event, "flowId": flow.id, "timestamp": at.to_string(), "action": action, "reason": reason,
        });
        tracing::warn!(event, flow = flow.id, action, reason, "a flow changed its mode");
        let (id, subject) = (flow.id.clone(), Subject::Mode(flow.id.as_str().into()));
        let what = words::flow_changed(flow, to, why);
        if to == Mode::Normal {
            self.over(subject, what);
        } else {
            self.trouble(subject, what);
        }
        put_audit(&mut self.unsaved, format!("mode.{id}.{}", at.as_millisecond()), "steadyline", event, &body, now);
        if let Some(ladder) = self.book.ladder_of(place) {
            let body = wire::ladder_to_json(ladder);
            self.unsaved.documents.push(Document { kind: LADDER.to_owned(), id, at, body });
        }
    }

    fn trouble(&mut self, subject: Subject, what: String) {
        self.incidents.push(incident::Event::Trouble { subject, what });
    }

    fn over(&mut self, subject: Subject, what: String) {
        self.incidents.push(incident::Event::Over { subject, what });
    }

    /// An incident that an earlier run left open.
    pub(super) fn inherit(&mut self, subject: &Subject) {
        let place = Inherited::of(subject).map(|(id, what)| (self.place_of(id), what));
        match (place, subject) {
            (Some((Some(place), what)), _) => {
                self.inherited.insert((place, what));
            }
            (Some((None, _)), _) => self.over(subject.clone(), "its objective is no longer defined".to_owned()),
            (None, Subject::Mode(flow)) if !self.policy.flows.iter().any(|known| known.id == **flow) => {
                self.over(subject.clone(), "the flow no longer has modes".to_owned());
            }
            (None, _) => {}
        }
    }

    /// Ends what an earlier run left open, as soon as it is known to be over. What still holds is ended by the ledger, like any other.
    fn end_what_is_over(&mut self, now: Now) {
        let mut known: Option<(usize, Status)> = None;
        for (place, what) in std::mem::take(&mut self.inherited) {
            // They come objective by objective.
            if known.as_ref().is_none_or(|(of, _)| *of != place) {
                known = self.status(place, now).map(|status| (place, status));
            }
            let Some((_, status)) = known.as_ref().filter(|(of, _)| *of == place) else { continue };
            match what.is_over(status) {
                None => {
                    self.inherited.insert((place, what));
                }
                Some(true) => {
                    let subject = what.subject(&self.policy.objectives[place].objective.id);
                    self.over(subject, "it was over when Steadyline had started again".to_owned());
                }
                Some(false) => {}
            }
        }
    }

    /// One more objective, whose counts are pushed.
    pub(super) fn define(&mut self, terms: Terms) {
        self.book.add(&terms);
        self.places.insert(terms.objective.id.clone(), self.policy.objectives.len());
        self.policy.objectives.push(terms);
        self.sources.push(SourceView { kind: "push".to_owned(), ..SourceView::default() });
    }

    pub(super) fn take_incidents(&mut self) -> Vec<incident::Event> {
        std::mem::take(&mut self.incidents)
    }

    /// What the store is to take, and what it is to fold.
    pub(super) fn take_unsaved(&mut self) -> Change {
        if !self.counted.is_empty() {
            self.counted_seq += 1;
            let entry = |(place, minute, count, at): Taken| {
                let objective = self.policy.objectives.get(place)?.objective.id.as_str().into();
                Some(Entry { objective, minute, count, at })
            };
            let entries: Vec<_> = std::mem::take(&mut self.counted).into_iter().filter_map(entry).collect();
            let body = counts::batch_to_json(&entries);
            self.unsaved.counted.push(Counted { seq: self.counted_seq, body });
        }
        let mut change = std::mem::take(&mut self.unsaved);
        if FOLD_AFTER <= self.counted_seq - self.folded_seq {
            let block = |(objective, block): (usize, i64)| {
                let ledger = self.book.ledger_of(objective)?;
                // What the series has forgotten stays in the store as it is.
                let oldest = ledger.events().oldest()?;
                if block < Series::block_of(oldest) {
                    return None;
                }
                let objective = self.policy.objectives.get(objective)?.objective.id.clone();
                let body = counts::block_to_bytes(&ledger.events().block(block));
                Some(CountedBlock { objective, block, body })
            };
            self.folding.append(&mut self.unfolded);
            let blocks = self.strays.iter().cloned().chain(self.folding.iter().filter_map(block)).collect();
            change.fold = Some(Fold { blocks, up_to: self.counted_seq });
        }
        change
    }

    /// What was taken is written.
    pub(super) fn written(&mut self, change: &Change) {
        let Some(fold) = &change.fold else { return };
        self.folded_seq = fold.up_to;
        self.strays.clear();
        self.folding.clear();
    }

    /// Puts back what could not be written. Newer forms come after it and win.
    ///
    /// Entries of counts that are dropped are not lost: their minutes are in the blocks of the next fold.
    pub(super) fn put_back(&mut self, mut change: Change) {
        let newer = std::mem::take(&mut self.unsaved);
        let is_newer = |old: &Document| newer.documents.iter().any(|new| new.kind == old.kind && new.id == old.id);
        change.documents.retain(|document| !is_newer(document));
        change.documents.extend(newer.documents);
        change.audit.extend(newer.audit);
        change.counted.extend(newer.counted);
        change.fold = None;
        change.counted.drain(..change.counted.len().saturating_sub(COUNTED_WAITING_MAX));
        let surplus = change.audit.len().saturating_sub(AUDIT_WAITING_MAX);
        change.audit.drain(..surplus);
        self.lost += surplus as u64;
        self.unfolded.append(&mut self.folding);
        self.unsaved = change;
    }

    /// How many lines of the audit were lost since this was last asked.
    pub(super) fn take_lost(&mut self) -> u64 {
        std::mem::take(&mut self.lost)
    }

    pub(super) fn has_unsaved(&self) -> bool {
        !self.unsaved.is_empty() || !self.counted.is_empty()
    }

    pub(super) fn status(&self, place: usize, now: Now) -> Option<Status> {
        let terms = self.policy.objectives.get(place)?;
        Some(self.book.ledger_of(place)?.status(terms, now))
    }

    pub(super) fn place_of(&self, id: &str) -> Option<usize> {
        self.places.get(id).copied()
    }

    /// Everything, as others see it.
    pub(super) fn list(&self, now: Now) -> BudgetList {
        let objectives = self.policy.objectives.iter().enumerate().filter_map(|(place, terms)| {
            let source = self.sources.get(place).cloned().unwrap_or_default();
            let ever = self.book.ledger_of(place)?.events().ever();
            Some(views::objective(terms, &self.status(place, now)?, ever, source))
        });
        BudgetList { at: Some(now.wall), objectives: objectives.collect(), flows: self.flows(now) }
    }

    /// The flows, as others see them.
    pub(super) fn flows(&self, now: Now) -> Vec<FlowView> {
        let flows = self.policy.flows.iter().enumerate().map(|(place, flow)| {
            let id = |objective: &usize| Some(self.policy.objectives.get(*objective)?.objective.id.clone());
            let objectives = flow.objectives.iter().filter_map(id).collect();
            let (smallest, is_all) = self.book.left(&self.policy, place, now);
            let left = smallest.filter(|left| is_all || left.is_spent());
            let enrichment = self.enrichment.get(place).map(Vec::as_slice).unwrap_or_default();
            views::flow(flow, self.book.ladder_of(place).unwrap_or_default(), objectives, left, enrichment)
        });
        flows.collect()
    }

    /// The gate's answer, written down. Asked again, it has the same id for as long as it says the same.
    pub(super) fn gate(&mut self, slos: &[String], flows: &[String], now: Now) -> GateView {
        let (key, said, answer) = self.decide(slos, flows, now);
        self.questions += 1;
        let known = self.decisions.get_mut(&key).filter(|known| known.said == said);
        if let Some(known) = known {
            known.asked = self.questions;
            return answer;
        }
        // Questions about what is not there are answered and forgotten: anybody may ask them, and of anything.
        let is_real = key.lines().all(|id| self.place_of(id).is_some());
        if is_real {
            if DECISIONS_MAX <= self.decisions.len() {
                let oldest = self.decisions.iter().min_by_key(|(_, decision)| decision.asked);
                let oldest = oldest.map(|(key, _)| key.clone());
                oldest.and_then(|key| self.decisions.remove(&key));
            }
            let body = serde_json::json!({
                "decisionId": answer.decision_id, "asked": key.lines().collect::<Vec<_>>(), "allowed": answer.allowed,
                "reasons": answer.reasons, "slos": answer.slos, "recheckAfter": answer.recheck_after,
            });
            put_audit(&mut self.unsaved, format!("gate.{}", answer.decision_id), "steadyline", "gate", &body, now);
            let decision = Decision { said, id: answer.decision_id.clone(), asked: self.questions };
            self.decisions.insert(key, decision);
        }
        answer
    }

    /// What holds releases up from now on: all of it.
    pub(super) fn hold(&mut self, holds: Vec<Hold>) {
        self.holds = holds;
    }

    /// Whether a flow, by what it is called, is in maintenance that keeps its releases from being gone back from. One
    /// without objectives is when everything is.
    pub(super) fn keeps_releases(&self, flow: &[&str], minute: Minute) -> bool {
        let is_on = |id: &str| self.book.approvals().on(id, minute, |relief| relief.rollback).is_some();
        let known = self.policy.flows.iter().find(|known| flow.contains(&known.id.as_str()));
        let objectives = known.map(|known| known.objectives.as_slice()).unwrap_or_default();
        let mut ids =
            objectives.iter().filter_map(|place| self.policy.objectives.get(*place)).map(|it| &it.objective.id);
        if objectives.is_empty() { is_on("") } else { ids.all(|id| is_on(id)) }
    }

    /// The same without writing it down.
    pub(super) fn peek(&self, slos: &[String], flows: &[String], now: Now) -> GateView {
        self.decide(slos, flows, now).2
    }

    /// Who asked, what is said in a form that is the same for the same decision, and the answer.
    fn decide(&self, slos: &[String], flows: &[String], now: Now) -> (String, String, GateView) {
        let is_everything = slos.is_empty() && flows.is_empty();
        let asked = self.asked(slos, flows);
        let answer = self.book.gate(&self.policy, &asked, now);
        let seen = |place: usize| {
            let id = &self.policy.objectives.get(place)?.objective.id;
            let is_asked = asked.is_empty() || asked.contains(id);
            is_asked.then(|| self.status(place, now)).flatten().map(|status| views::gate_slo(id, &status))
        };
        let slos = (0..self.policy.objectives.len()).filter_map(seen).collect();
        let said = answer.reasons.iter().map(|reason| {
            let kind = std::mem::discriminant(&reason.what);
            format!("{}\t{kind:?}\t{:?}", reason.objective, reason.overridden_by)
        });
        let is_meant = |hold: &&Hold| is_everything || hold.flow.iter().any(|flow| flows.contains(flow));
        let holds: Vec<&str> = self.holds.iter().filter(is_meant).map(|hold| hold.why.as_str()).collect();
        let allowed = if holds.is_empty() { answer.is_allowed } else { Some(false) };
        let said = format!("{allowed:?}\n{}\n{}", said.collect::<Vec<_>>().join("\n"), holds.join("\n"));
        let key = asked.join("\n");
        let decision_id = match self.decisions.get(&key) {
            Some(known) if known.said == said => known.id.clone(),
            _ => decision_id(&key, &said, Minute::of(now.wall)),
        };
        let held = holds.into_iter().map(str::to_owned);
        let reasons = held.chain(answer.reasons.iter().map(words::reason)).collect();
        let recheck_after = answer.recheck.start();
        (key, said, GateView { allowed, reasons, slos, recheck_after, decision_id })
    }

    /// The objectives that are meant by objectives and flows. A flow that is not known asks for an objective that is
    /// not there.
    fn asked(&self, slos: &[String], flows: &[String]) -> Vec<String> {
        let mut asked: Vec<_> = slos.to_vec();
        for flow in flows {
            match self.policy.flows.iter().find(|known| known.id == *flow) {
                Some(known) => {
                    let id = |place: &usize| Some(self.policy.objectives.get(*place)?.objective.id.clone());
                    asked.extend(known.objectives.iter().filter_map(id));
                }
                None => asked.push(format!("flow {flow}")),
            }
        }
        asked.sort();
        asked.dedup();
        asked
    }

    pub(super) fn burn(&self, id: &str, stretch: Stretch) -> Option<api::BurnView> {
        let place = self.place_of(id)?;
        let (terms, ledger) = (self.policy.objectives.get(place)?, self.book.ledger_of(place)?);
        Some(views::burn(id, stretch, ledger.adjusted(stretch), ledger.burn(terms, stretch)))
    }
}

/// The change that keeps an objective that somebody defined.
pub(super) fn defined(id: &str, who: &str, document: String, now: Now) -> Change {
    let mut change = Change::default();
    let at = incident::to_millisecond(now.wall);
    let details = serde_json::json!({ "id": id });
    put_audit(&mut change, format!("define.{id}.{}", at.as_millisecond()), who, "define", &details, now);
    change.documents.push(Document { kind: OBJECTIVE.to_owned(), id: id.to_owned(), at, body: document });
    change
}

/// Puts a request, as it is now, and what was done with it into a change.
pub(super) fn put_done(change: &mut Change, effect: &approvals::Effect, now: Now) {
    let approvals::Effect::Done { deed, by, request } = effect;
    let at = incident::to_millisecond(now.wall);
    let details = serde_json::to_value(views::request(request, now)).unwrap_or_default();
    let id = format!("{}.{}.{}", deed.word(), request.id, at.as_millisecond());
    put_audit(change, id, by.as_deref().unwrap_or("steadyline"), deed.word(), &details, now);
    let body = wire::request_to_json(request);
    change.documents.push(Document { kind: REQUEST.to_owned(), id: request.id.clone(), at, body });
}

/// Adds a line to the audit.
fn put_audit(change: &mut Change, id: String, who: &str, what: &str, body: &serde_json::Value, now: Now) {
    let at = incident::to_millisecond(now.wall);
    change.audit.push(AuditEntry { id, at, who: who.to_owned(), what: what.to_owned(), body: body.to_string() });
}

fn alert_subject(id: &str, severity: Severity) -> Subject {
    let id: Arc<str> = id.into();
    match severity {
        Severity::Page => Subject::Burn(id),
        Severity::Ticket => Subject::SlowBurn(id),
    }
}

/// Names a decision by what it says and since when.
fn decision_id(key: &str, said: &str, since: Minute) -> String {
    let digest = Sha256::digest(format!("{key}\n{said}\n{}", since.get()));
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// What became of a document that is loaded.
pub(super) fn kept(requests: Vec<Document>, ladders: Vec<Document>) -> Result<book::Kept, super::StartError> {
    let approvals = approvals::Approvals::load(self::requests(requests)?);
    let mut stood = BTreeMap::new();
    for document in ladders {
        let ladder = wire::ladder_from_json(&document.body)
            .map_err(|why| super::StartError::Format { what: format!("the mode of {}", document.id), why })?;
        stood.insert(document.id, ladder);
    }
    Ok(book::Kept { ladders: stood, approvals })
}

/// What was asked for, in the order in which it was.
pub(super) fn requests(documents: Vec<Document>) -> Result<Vec<approvals::Request>, super::StartError> {
    let request = |document: Document| {
        wire::request_from_json(&document.id, &document.body)
            .map_err(|why| super::StartError::Format { what: format!("request {}", document.id), why })
    };
    let mut found = documents.into_iter().map(request).collect::<Result<Vec<_>, _>>()?;
    found.sort_by_key(|request| request.asked_at);
    Ok(found)
}
