//! `steadyline flow graph`: a flow as a picture.

use std::fs;
use std::path::PathBuf;

use api::Exit;
use clap::{Args, ValueEnum};
use flow::lint::walk;
use flow::picture::{self, Highlight};

use super::files::{self, Content};
use crate::failure::Failure;
use crate::{Ended, output};

/// Draws a flow as SVG or HTML: tasks, outputs, the way of a fault in orange, disconnects in red.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  steadyline flow graph main.yaml --out main.svg\n  steadyline flow graph main.yaml --fault 'CRM Lookup' --on timeout --out main.html"
)]
pub(crate) struct Graph {
    /// The flow; `-` for stdin.
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// Where the picture goes; HTML when the name ends so. Stdout without it.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Colour the way after this Data Action fails; `*` for all.
    #[arg(long, value_name = "NAME")]
    fault: Option<String>,
    /// How it fails.
    #[arg(long, value_enum, default_value_t = On::Failure)]
    on: On,
    /// A value for a template parameter.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = files::substitution)]
    set: Vec<(String, String)>,
}

/// How a Data Action fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum On {
    Failure,
    Timeout,
}

/// Draws.
pub(crate) fn run(args: &Graph) -> Ended {
    let input =
        files::read(std::slice::from_ref(&args.path), &files::substitutions(&args.set))?.list.into_iter().next();
    let Some(Content::Flow(chart)) = input.map(|input| input.content) else {
        let message = format!("{} holds no flow that could be read", args.path.display());
        return Err(Failure::new(Exit::Usage, message, "`steadyline flow lint` says what is wrong with it").into());
    };
    let fault = match args.on {
        On::Failure => walk::Fault::Failure,
        On::Timeout => walk::Fault::Timeout,
    };
    let highlight = match &args.fault {
        Some(name) => Highlight::of(&chart, fault, |action| name == "*" || name == action),
        None => Highlight::default(),
    };
    if let Some(name) = args.fault.as_ref().filter(|_| highlight.failing.is_empty()) {
        let known: Vec<&str> = chart.asks().map(|(_, _, ask)| ask.action.as_str()).collect();
        let hint = format!("the flow calls: {}", known.join(", "));
        return Err(Failure::new(Exit::Usage, format!("the flow calls no Data Action `{name}`"), hint).into());
    }
    let svg = picture::svg(&chart, &highlight);
    let Some(path) = &args.out else {
        output::raw(svg.as_bytes());
        return Ok(Exit::Done);
    };
    let is_html = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("html"));
    let text = if is_html { page(&chart.name, &svg) } else { svg };
    fs::write(path, text).map_err(|error| {
        let message = format!("{} cannot be written: {error}", path.display());
        Failure::new(Exit::Usage, message, "choose a path that can be written")
    })?;
    Ok(Exit::Done)
}

fn page(name: &str, svg: &str) -> String {
    let name = name.replace('&', "&amp;").replace('<', "&lt;");
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>{name}</title>\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<style>:root{{color-scheme:light dark}}body{{margin:0}}</style>\n\
         {svg}</html>\n"
    )
}
