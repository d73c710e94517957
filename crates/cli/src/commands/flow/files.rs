//! Files that hold flows: found, read and told apart.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use api::Exit;
use flow::chart::{Chart, Substitutions};
use flow::lint::{self, JsonKind};
use flow::{FILE_BYTES_MAX, Place, Problem, ProblemKind, Problems};
use miette::Report;

use crate::failure::Failure;
use crate::settings;

/// The most files of one run; a folder with more is the wrong folder.
const FILES_MAX: usize = 50_000;

/// The deepest folder that is looked into.
const DEPTH_MAX: usize = 32;

/// A file that holds something to judge.
pub(crate) struct Input {
    /// Its name in messages.
    pub(crate) name: String,
    /// Where it is; none for stdin.
    pub(crate) path: Option<PathBuf>,
    /// Its text.
    pub(crate) text: String,
    /// What it holds.
    pub(crate) content: Content,
}

/// What a file holds.
pub(crate) enum Content {
    /// A flow.
    Flow(Box<Chart>),
    /// A Data Action.
    Action,
    /// A retry policy.
    RetryPolicy,
    /// Nothing that could be read.
    Unreadable(Problems),
}

impl Input {
    /// A text that comes from somewhere else than a file.
    pub(crate) fn of_text(name: String, text: String) -> Self {
        let content = content(&text, &Substitutions::default());
        Self { name, path: None, text, content }
    }

    /// Something else than the flows that are read here.
    pub(crate) fn is_other(&self) -> bool {
        match &self.content {
            Content::Unreadable(problems) => problems.iter().all(|problem| problem.kind == ProblemKind::FlowType),
            _ => false,
        }
    }
}

/// Everything under some paths.
#[derive(Default)]
pub(crate) struct Inputs {
    /// Files with content, in the order of their names.
    pub(crate) list: Vec<Input>,
    /// How many files in folders hold something else.
    pub(crate) skipped: usize,
}

/// `name=value` for a template parameter.
pub(crate) fn substitution(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write it as name=value")?;
    if name.is_empty() {
        return Err("the name is empty: write it as name=value".to_owned());
    }
    Ok((name.to_owned(), value.to_owned()))
}

/// The values for template parameters.
pub(crate) fn substitutions(pairs: &[(String, String)]) -> Substitutions {
    Substitutions(pairs.iter().cloned().collect::<BTreeMap<_, _>>())
}

/// Reads files, and the flows and Data Actions in folders.
pub(crate) fn read(paths: &[PathBuf], substitutions: &Substitutions) -> Result<Inputs, Report> {
    let mut found: Vec<(PathBuf, bool)> = Vec::new();
    for path in paths {
        if path.is_dir() {
            let mut inside = Vec::new();
            walk(path, 0, &mut inside)?;
            inside.sort();
            found.extend(inside.into_iter().map(|path| (path, true)));
        } else {
            found.push((path.clone(), false));
        }
    }
    let mut inputs = Inputs::default();
    for (path, is_in_folder) in found {
        // What is too large is not even read.
        let size = fs::metadata(&path).map_or(0, |data| data.len());
        let (source, content) = if size > FILE_BYTES_MAX as u64 {
            (String::new(), Content::Unreadable(too_large(size).into()))
        } else {
            let source = if settings::is_stdin(&path) { settings::read(&path)?.text } else { text(&path)? };
            let content = content(&source, substitutions);
            (source, content)
        };
        let name = path.display().to_string();
        let path = (!settings::is_stdin(&path)).then_some(path);
        let name = if path.is_none() { "stdin".to_owned() } else { name };
        let input = Input { name, path, text: source, content };
        if is_in_folder && (input.is_other() || holds_other_json(&input.text, &input.content)) {
            inputs.skipped += 1;
            continue;
        }
        inputs.list.push(input);
    }
    Ok(inputs)
}

fn walk(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), Report> {
    let refused = |message: String, hint: &str| Report::from(Failure::new(Exit::Usage, message, hint));
    if depth > DEPTH_MAX {
        let message = format!("{} lies more than {DEPTH_MAX} folders deep", folder.display());
        return Err(refused(message, "name the folder with the flows itself"));
    }
    let entries = fs::read_dir(folder).map_err(|error| {
        refused(format!("{} cannot be read: {error}", folder.display()), "check the path and its permissions")
    })?;
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        // Links are not followed: they may lead in a circle.
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() && !name.starts_with('.') && name != "node_modules" && name != "target" {
            walk(&path, depth + 1, found)?;
        } else if kind.is_file() && may_hold_flow(&name) {
            found.push(path);
            if found.len() > FILES_MAX {
                let message = format!("{} holds more than {FILES_MAX} files", folder.display());
                return Err(refused(message, "name the folders with the flows"));
            }
        }
    }
    Ok(())
}

fn may_hold_flow(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    matches!(extension, "yaml" | "yml" | "tftpl" | "json") || extension.starts_with("i3")
}

fn text(path: &Path) -> Result<String, Report> {
    let refused = |message: String, hint: String| Report::from(Failure::new(Exit::Usage, message, hint));
    let name = path.display();
    let bytes = fs::read(path).map_err(|error| {
        refused(format!("{name} cannot be read: {error}"), "check the path; a folder is searched for flows".to_owned())
    })?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn too_large(bytes: u64) -> Problem {
    Problem {
        at: Place { line: 1, column: 1 },
        kind: ProblemKind::TooLarge,
        message: format!("read a file of {bytes} bytes"),
        hint: format!("A flow has at most {FILE_BYTES_MAX} bytes."),
    }
}

fn content(text: &str, substitutions: &Substitutions) -> Content {
    match lint::kind_of_json(text) {
        Some(JsonKind::DataAction) => Content::Action,
        Some(JsonKind::RetryPolicy) => Content::RetryPolicy,
        None => match Chart::read(text, substitutions) {
            Ok(chart) => Content::Flow(Box::new(chart)),
            Err(problems) => Content::Unreadable(problems),
        },
    }
}

/// True for JSON in a folder that has nothing to do with flows: settings, packages.
fn holds_other_json(text: &str, content: &Content) -> bool {
    matches!(content, Content::Action)
        && !(text.contains("\"requestUrlTemplate\"") || text.contains("\"integrationType\""))
}
