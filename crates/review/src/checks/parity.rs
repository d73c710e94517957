//! Is the sandbox like production?

use std::collections::{BTreeMap, BTreeSet};

use crate::catalogue::Check;
use crate::facts::{Facts, Item, Sides};
use crate::finding::{Exhibit, Judged, Weight};
use crate::plan::{Difference, Plan};
use crate::words::count;

pub(crate) struct Parity;

/// Something that is not the same on both sides.
struct Drift {
    kind: String,
    name: String,
    setting: String,
    here: Option<String>,
    there: Option<String>,
}

impl Check for Parity {
    fn judge(&self, plan: &Plan, facts: &Facts) -> Judged {
        let sides = match &facts.sides {
            Ok(Some(sides)) => sides,
            Ok(None) => return Judged::skipped("the plan names no second organisation to compare with"),
            Err(gap) => {
                let mut judged = Judged::default();
                judged.gap("second organisation", gap);
                return judged;
            }
        };
        let mut judged = Judged::default();
        let (mut rows, mut accepted) = (Vec::new(), 0);
        for drift in drifts(sides) {
            let why = plan.accepted.iter().find(|known| known.covers(&drift)).map(|known| known.why.clone());
            accepted += usize::from(why.is_some());
            let is_planned = drift.kind == "flow" && drift.there.is_none() && plan.flows.contains(&drift.name);
            judge(&drift, why.is_some() || is_planned, sides, facts, &mut judged);
            rows.push(row(&drift, why));
        }
        let columns = vec!["KIND", "NAME", "SETTING", "HERE", "THERE", "ACCEPTED"];
        judged.summary = format!("{} compared, {accepted} differences accepted", count(sides.here.len(), "thing"));
        judged.exhibits.push(Exhibit::Table { title: format!("{} and {}", facts.target, sides.other), columns, rows });
        judged
    }
}

fn judge(drift: &Drift, is_expected: bool, sides: &Sides, facts: &Facts, judged: &mut Judged) {
    if is_expected {
        return;
    }
    let about = format!("{} {}", drift.kind, drift.name);
    let fix = "Make them the same, or accept the difference in the plan (`accepted`), with the reason.";
    match (&drift.here, &drift.there) {
        (Some(_), None) if drift.setting.is_empty() => {
            judged.blocks(about, format!("{} does not have it.", sides.other), fix);
        }
        // What production has beside the launch says nothing about the launch.
        (None, Some(_)) if drift.setting.is_empty() => {
            judged.add(Weight::Info, about, format!("Only {} has it.", sides.other), "");
        }
        (here, there) => {
            let word = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
            let what = format!(
                "{} is {} in {} and {} in {}.",
                drift.setting,
                word(here),
                facts.target,
                word(there),
                sides.other
            );
            judged.blocks(about, what, fix);
        }
    }
}

impl Difference {
    fn covers(&self, drift: &Drift) -> bool {
        let fits = |pattern: &str, text: &str| pattern == "*" || pattern == text;
        self.kind == drift.kind && fits(&self.name, &drift.name) && fits(&self.setting, &drift.setting)
    }
}

fn drifts(sides: &Sides) -> Vec<Drift> {
    fn index(items: &[Item]) -> BTreeMap<(&str, &str), &Item> {
        items.iter().map(|item| ((item.kind.as_str(), item.name.as_str()), item)).collect()
    }
    let (here, there) = (index(&sides.here), index(&sides.there));
    let keys: BTreeSet<_> = here.keys().chain(there.keys()).copied().collect();
    let mut drifts = Vec::new();
    for key in keys {
        let drift = |setting: &str, here: Option<String>, there: Option<String>| Drift {
            kind: key.0.to_owned(),
            name: key.1.to_owned(),
            setting: setting.to_owned(),
            here,
            there,
        };
        let yes = || Some("there".to_owned());
        match (here.get(&key), there.get(&key)) {
            (Some(here), Some(there)) => {
                let settings: BTreeSet<&String> = here.settings.keys().chain(there.settings.keys()).collect();
                let different = settings.into_iter().filter(|it| here.settings.get(*it) != there.settings.get(*it));
                drifts.extend(
                    different.map(|it| drift(it, here.settings.get(it).cloned(), there.settings.get(it).cloned())),
                );
            }
            (Some(_), None) => drifts.push(drift("", yes(), None)),
            (None, _) => drifts.push(drift("", None, yes())),
        }
    }
    drifts
}

fn row(drift: &Drift, accepted: Option<String>) -> Vec<String> {
    let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    vec![
        drift.kind.clone(),
        drift.name.clone(),
        drift.setting.clone(),
        shown(&drift.here),
        shown(&drift.there),
        accepted.unwrap_or_default(),
    ]
}
