//! `steadyline man`: manual pages, made from the same words as `--help`.

use std::path::{Path, PathBuf};

use api::Exit;
use clap::{Args, CommandFactory as _};
use clap_mangen::{Man as Page, generate_to};
use miette::{IntoDiagnostic as _, WrapErr as _};

use crate::settings::Global;
use crate::{Cli, Ended, output};

/// Writes the manual: its first page to stdout, or every page into a directory.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  steadyline man /usr/local/share/man/man1")]
pub(crate) struct Man {
    /// Where to write every page.
    dir: Option<PathBuf>,
}

/// Writes it.
pub(crate) fn run(man: &Man, global: &Global) -> Ended {
    match &man.dir {
        Some(dir) => every_page(dir, global.quiet),
        None => {
            let mut page = Vec::new();
            Page::new(Cli::command()).render(&mut page).into_diagnostic()?;
            output::raw(&page);
            Ok(Exit::Done)
        }
    }
}

fn every_page(dir: &Path, is_quiet: bool) -> Ended {
    let cannot = || format!("the pages cannot be written to {}", dir.display());
    std::fs::create_dir_all(dir).into_diagnostic().wrap_err_with(cannot)?;
    generate_to(Cli::command(), dir).into_diagnostic().wrap_err_with(cannot)?;
    if !is_quiet {
        output::aside(format_args!("The pages are in {}; read them with `man -l`.", dir.display()));
    }
    Ok(Exit::Done)
}
