//! Which crate may use which: what ARCHITECTURE.md draws must be what Cargo builds.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use crate::shell::{self, Error};

/// The graph of our own crates, one line each: `name: what it uses`. Dependencies of tests do not count.
pub(crate) fn current() -> Result<String, Error> {
    let metadata =
        shell::output(shell::command("cargo", &["metadata", "--no-deps", "--locked", "--format-version", "1"]))?;
    let metadata: Value = serde_json::from_str(&metadata).map_err(|error| format!("cargo metadata: {error}"))?;
    let packages = metadata["packages"].as_array().ok_or("cargo metadata names no packages")?;
    let ours: Vec<&str> = packages.iter().filter_map(|package| package["name"].as_str()).collect();
    let mut graph = BTreeMap::new();
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        let mut uses: Vec<&str> = package["dependencies"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|dependency| dependency["kind"].is_null())
            .filter_map(|dependency| dependency["name"].as_str())
            .filter(|dependency| ours.contains(dependency))
            .collect();
        uses.sort_unstable();
        graph.insert(name, uses);
    }
    let mut text = String::new();
    for (name, uses) in graph {
        let uses = if uses.is_empty() { "nothing of ours".to_owned() } else { uses.join(", ") };
        writeln!(text, "{name}: {uses}").map_err(|error| error.to_string())?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str) -> String {
        std::fs::read_to_string(shell::root().join(path)).unwrap()
    }

    #[test]
    fn architecture_shows_the_graph_that_cargo_builds() {
        let graph = current().unwrap();
        let shown = read("ARCHITECTURE.md");
        assert!(shown.contains(&graph), "ARCHITECTURE.md must contain what `cargo xtask graph` prints:\n{graph}");
    }

    #[test]
    fn rooms_use_nothing_but_the_ground() {
        for room in ["budget", "degrade", "drill", "review", "rollback"] {
            let graph = current().unwrap();
            let line = graph.lines().find(|line| line.starts_with(&format!("{room}:"))).unwrap();
            // A review carries flows out, which is ground, too.
            let ground = if room == "review" { "flow" } else { "base" };
            assert_eq!(line, format!("{room}: {ground}"));
            let manifest = read(&format!("crates/{room}/Cargo.toml"));
            for banned in ["tokio", "serde", "reqwest", "sqlx", "rand", "clock"] {
                let is_used = manifest.lines().any(|line| line.starts_with(banned));
                assert!(!is_used, "{room} decides and does nothing: it must not use {banned}");
            }
        }
    }
}
