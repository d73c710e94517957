//! From objectives in files to what budgets are started with.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use api::Exit;
use budget::book::{FlowTerms, Policy};
use budget::{Minutes, Objective, Terms};
use config::{Budget, Config};
use engine::budget::source::{GenesysCounts, RouteCounts};
use miette::Report;
use openslo::{Definition, Indicator, Problem, Source, Text};
use serde_json::Value;

use crate::failure::Failure;

/// The most files with objectives.
const FILES_MAX: usize = 1_000;

/// Objectives, and the flows that obey them.
pub(crate) struct Objectives {
    /// As they were defined.
    pub(crate) definitions: Vec<Definition>,
    /// What the book is held to.
    pub(crate) policy: Policy,
}

/// Something that is wrong, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) file: String,
    pub(crate) line: u32,
    pub(crate) column: u32,
    pub(crate) message: String,
    pub(crate) hint: String,
}

/// Reads the objectives of a configuration, and those that were defined while an earlier run was up, as ids and
/// documents. Everything that is wrong is told at once.
pub(crate) fn read(
    config: &Config,
    config_file: Option<&Path>,
    defined: &[(String, String)],
) -> Result<Objectives, Vec<Wrong>> {
    let folder = config_file.and_then(Path::parent).unwrap_or(Path::new(""));
    let (texts, mut wrong) = texts(&config.budget.objectives, folder);
    let read: Vec<_> = texts.iter().map(|(file, text)| Text { file, text }).collect();
    let mut definitions = match openslo::read(&read) {
        Ok(reading) => reading.definitions,
        Err(invalid) => {
            wrong.extend(invalid.problems.into_iter().map(|problem| Wrong::of(&problem)));
            Vec::new()
        }
    };
    if wrong.is_empty() {
        wrong.extend(gateway_wrong(&definitions, config));
        add_defined(&mut definitions, defined);
        wrong.extend(unknown_objectives(&definitions, &config.budget, config_file));
    }
    if wrong.is_empty() { Ok(Objectives::new(definitions, &config.budget)) } else { Err(wrong) }
}

impl Objectives {
    fn new(definitions: Vec<Definition>, budget: &Budget) -> Self {
        let place = |id: &String| definitions.iter().position(|definition| definition.objective.id == *id);
        let flow = |flow: &config::BudgetFlow| FlowTerms {
            id: flow.name.clone(),
            objectives: flow.objectives.iter().filter_map(|(id, _)| place(id)).collect(),
            ladder: flow.ladder.clone(),
        };
        let flows = budget.flows.iter().map(flow).collect();
        let terms =
            |definition: &Definition| terms(budget, definition.objective.clone(), settle(&definition.indicator));
        let objectives = definitions.iter().map(terms).collect();
        Self { policy: Policy { objectives, flows, gate: budget.gate }, definitions }
    }

    /// The kind of source of each.
    pub(crate) fn kinds(&self) -> Vec<String> {
        self.definitions.iter().map(|definition| definition.indicator.source().word().to_owned()).collect()
    }

    /// Their definitions in the guide's shape, by their ids.
    pub(crate) fn documents(&self) -> BTreeMap<String, Value> {
        let document = |definition: &Definition| (definition.objective.id.clone(), openslo::guide::write(definition));
        self.definitions.iter().map(document).collect()
    }

    /// Those that count the gateway's own traffic.
    pub(crate) fn gateway_counts(&self) -> Vec<RouteCounts> {
        let counts = |(objective, definition): (usize, &Definition)| {
            let Source::Gateway(gateway) = definition.indicator.source() else { return None };
            Some(RouteCounts {
                objective,
                routes: gateway.route.iter().cloned().collect(),
                upstreams: gateway.upstream.iter().cloned().collect(),
                is_cached_good: false,
            })
        };
        self.definitions.iter().enumerate().filter_map(counts).collect()
    }
}

impl Objectives {
    /// Those of each Prometheus, by its address.
    pub(crate) fn prometheus(&self) -> BTreeMap<String, Vec<(usize, Indicator)>> {
        let mut all: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for (place, definition) in self.definitions.iter().enumerate() {
            if let Source::Prometheus(prometheus) = definition.indicator.source() {
                let url = prometheus.url.trim_end_matches('/').to_owned();
                all.entry(url).or_default().push((place, definition.indicator.clone()));
            }
        }
        all
    }

    /// Those that count on the platform.
    pub(crate) fn genesys(&self) -> Vec<(usize, Indicator)> {
        let of_platform = |definition: &&Definition| matches!(definition.indicator.source(), Source::Genesys(_));
        let all = self.definitions.iter().enumerate().filter(|(_, definition)| of_platform(definition));
        all.map(|(place, definition)| (place, definition.indicator.clone())).collect()
    }
}

/// On which terms an objective is kept.
pub(crate) fn terms(budget: &Budget, objective: Objective, settle: Minutes) -> Terms {
    Terms { objective, settle, blind_after: budget.blind_after, missing_max: budget.missing_max, rarity: budget.rarity }
}

/// How long after its end a minute is judged. The gateway's counters are read when it ends; others need a while.
fn settle(indicator: &Indicator) -> Minutes {
    Minutes::new(match indicator.source() {
        Source::Gateway(_) => 0,
        Source::Prometheus(_) => 1,
        Source::Push => 2,
        // What the platform tells about a minute is whole a while after it.
        Source::Genesys(_) => GenesysCounts::TOLD_AFTER.get(),
    })
}

/// The same for an objective that somebody defines, whose counts are pushed.
pub(crate) const SETTLE_PUSHED: Minutes = Minutes::new(2);

impl Wrong {
    fn of(problem: &Problem) -> Self {
        Self {
            file: problem.file.clone(),
            line: problem.line,
            column: problem.column,
            message: problem.message.clone(),
            hint: problem.hint.clone(),
        }
    }

    fn file(path: &Path, message: String, hint: &str) -> Self {
        Self { file: path.display().to_string(), line: 0, column: 0, message, hint: hint.to_owned() }
    }
}

/// A report of everything that is wrong.
pub(crate) fn report(wrong: &[Wrong]) -> Report {
    let told = wrong.iter().map(|Wrong { file, line, column, message, hint }| {
        let place = if *line == 0 { file.clone() } else { format!("{file}:{line}:{column}") };
        format!("{place}: {message}\n  hint: {hint}")
    });
    let told: Vec<_> = told.collect();
    let message = format!("objectives cannot be used:\n{}", told.join("\n"));
    Failure::new(Exit::Usage, message, "docs/objectives.md says what may stand there").into()
}

/// The texts of all files, folders gone through in the order of names.
fn texts(paths: &[PathBuf], folder: &Path) -> (Vec<(String, String)>, Vec<Wrong>) {
    let (mut texts, mut wrong) = (Vec::new(), Vec::new());
    for path in paths {
        let path = folder.join(path);
        let files = if path.is_dir() { files_in(&path) } else { Ok(vec![path.clone()]) };
        let files = files.unwrap_or_else(|error| {
            wrong.push(Wrong::file(&path, format!("the folder cannot be read: {error}"), "check who may read it"));
            Vec::new()
        });
        for file in files {
            if FILES_MAX <= texts.len() {
                let message = format!("there are more than {FILES_MAX} files with objectives");
                wrong.push(Wrong::file(&path, message, "put several objectives into one file"));
                return (texts, wrong);
            }
            match std::fs::read_to_string(&file) {
                Ok(text) => texts.push((file.display().to_string(), text)),
                Err(error) => {
                    let hint = "paths under `budget.objectives` begin at the folder of the configuration";
                    wrong.push(Wrong::file(&file, format!("the file cannot be read: {error}"), hint));
                }
            }
        }
    }
    (texts, wrong)
}

fn files_in(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let is_yaml = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
        if is_yaml && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Upstreams and routes that the gateway does not have.
fn gateway_wrong(definitions: &[Definition], config: &Config) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    for definition in definitions {
        let Source::Gateway(gateway) = definition.indicator.source() else { continue };
        let id = &definition.objective.id;
        let mut check = |what: &str, name: &Option<String>, is_known: &dyn Fn(&str) -> bool| {
            let Some(name) = name.as_deref().filter(|name| !is_known(name)) else { return };
            let message = format!("objective {id} counts calls of {what} `{name}`, which there is not");
            let hint = format!("name one of those under `degrade.{what}s`");
            wrong.push(Wrong::file(Path::new("budget.objectives"), message, &hint));
        };
        check("upstream", &gateway.upstream, &|name| config.degrade.upstreams.iter().any(|known| *known.name == *name));
        check("route", &gateway.route, &|name| config.degrade.routes.iter().any(|known| *known.name == *name));
    }
    wrong
}

/// What was defined while an earlier run was up; a file of the same id wins.
fn add_defined(definitions: &mut Vec<Definition>, defined: &[(String, String)]) {
    for (id, document) in defined {
        if definitions.iter().any(|known| known.objective.id == *id) {
            tracing::warn!(objective = id, "an objective of a file takes the place of one that was defined meanwhile");
            continue;
        }
        match openslo::guide::read(&Text { file: id, text: document }) {
            Ok(definition) => definitions.push(definition),
            Err(invalid) => tracing::error!(objective = id, %invalid, "a kept objective cannot be read any more"),
        }
    }
}

fn unknown_objectives(definitions: &[Definition], budget: &Budget, config_file: Option<&Path>) -> Vec<Wrong> {
    let file = config_file.map_or_else(|| "the configuration".to_owned(), |path| path.display().to_string());
    let known: Vec<_> = definitions.iter().map(|definition| definition.objective.id.as_str()).collect();
    let mut wrong = Vec::new();
    for flow in &budget.flows {
        for (id, (line, column)) in flow.objectives.iter().filter(|(id, _)| !known.contains(&id.as_str())) {
            wrong.push(Wrong {
                file: file.clone(),
                line: *line,
                column: *column,
                message: format!("flow `{}` obeys objective `{id}`, which there is not", flow.name),
                hint: format!("known objectives: {}", known.join(", ")),
            });
        }
    }
    wrong
}
