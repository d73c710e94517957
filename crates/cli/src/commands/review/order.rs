//! A plan, read with the texts of the flows that it names files for.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use config::{Launch, load_plan};
use miette::Report;

use crate::diagnostics;
use crate::settings::{Source, read, read_or};

/// What is to be reviewed.
pub(super) struct Order {
    /// The plan's file, as it was named.
    pub(super) file: String,
    /// The plan as it was written.
    pub(super) text: String,
    /// The plan.
    pub(super) launch: Launch,
    /// The texts of flows, by the flows' names.
    pub(super) texts: BTreeMap<String, String>,
}

impl Order {
    pub(super) fn read(path: &Path) -> Result<Self, Report> {
        let Source { name: file, text } =
            read_or(path, "check the path; `steadyline review init` writes a first plan")?;
        let launch = load_plan(&PathBuf::from(&file), &text).map_err(|problems| diagnostics::invalid(*problems))?;
        let texts = launch.files.iter().map(|(name, path)| Ok((name.clone(), read(path)?.text)));
        let texts = texts.collect::<Result<_, Report>>()?;
        Ok(Self { file, text, launch, texts })
    }
}
