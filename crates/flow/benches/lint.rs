//! What a lint and a trace cost. `cargo bench -p flow`
//!
//! The peer is the YAML parser alone, which every reader of these files has to pay: a lint should cost a small multiple
//! of it. `STEADYLINE_CORPUS=DIR` adds a folder of real flows to the run.

#![expect(clippy::unwrap_used, reason = "a benchmark may stop at the first surprise")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use divan::{Bencher, black_box};
use flow::chart::{Chart, Substitutions};
use flow::lint::{self, Library, Settings};
use flow::trace;

fn main() {
    divan::main();
}

/// A flow with so many Data Actions, each with a decision and a prompt behind it.
fn flow_of(calls: usize) -> String {
    let mut text = "inboundCall:\n  name: Bench\n  startUpRef: ./tasks/task[main]\n  tasks:\n    - task:\n        name: Main\n        refId: main\n        actions:\n".to_owned();
    for at in 0..calls {
        text.push_str(&format!(
            "          - callData:
              name: Ask {at}
              timeout:
                lit:
                  minutes: 1
              category:
                CRM:
                  dataAction:
                    Action {at}:
                      inputs:
                        ani:
                          exp: Replace(Call.Ani, \"tel:\", \"\")
                      successOutputs:
                        name:
                          var: Task.name{at}
              outputs:
                failure:
                  actions:
                    - updateData:
                        statements:
                          - string:
                              variable: Task.name{at}
                              value:
                                lit: Unknown
          - decision:
              name: Known {at}?
              condition:
                exp: IsNotSetOrEmpty(Task.name{at})
              outputs:
                yes:
                  actions:
                    - playAudio:
                        audio:
                          tts: We could not find what you asked for.
"
        ));
    }
    text.push_str("          - transferToAcd:\n              targetQueue:\n                lit:\n                  name: Support\n");
    text
}

/// About 250 kB.
fn large() -> String {
    flow_of(190)
}

fn linted(text: &str) -> usize {
    let chart = Chart::read(text, &Substitutions::default()).unwrap();
    lint::flow(&chart, &Settings::default(), &Library::default()).len()
}

#[divan::bench]
fn parse_250_kb_by_the_yaml_parser_alone(bencher: Bencher<'_, '_>) {
    let text = large();
    bencher.bench(|| serde_saphyr::from_str::<serde_json::Value>(black_box(&text)).unwrap());
}

#[divan::bench]
fn read_250_kb(bencher: Bencher<'_, '_>) {
    let text = large();
    bencher.bench(|| Chart::read(black_box(&text), &Substitutions::default()).unwrap().steps.len());
}

#[divan::bench]
fn lint_250_kb(bencher: Bencher<'_, '_>) {
    let text = large();
    bencher.bench(|| linted(black_box(&text)));
}

#[divan::bench]
fn every_fault_of_12_data_actions(bencher: Bencher<'_, '_>) {
    let chart = Arc::new(Chart::read(&flow_of(12), &Substitutions::default()).unwrap());
    bencher.bench(|| trace::every_fault(black_box(&chart), &BTreeMap::new()).states);
}

#[divan::bench]
fn lint_a_corpus(bencher: Bencher<'_, '_>) {
    let Some(folder) = std::env::var_os("STEADYLINE_CORPUS") else { return };
    let mut texts = Vec::new();
    let mut folders = vec![PathBuf::from(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                texts.push(String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned());
            }
        }
    }
    bencher.bench(|| {
        let mut findings = 0;
        for text in &texts {
            findings += match Chart::read(text, &Substitutions::default()) {
                Ok(chart) => lint::flow(&chart, &Settings::default(), &Library::default()).len(),
                Err(_) => lint::action(text, &Settings::default()).map_or(0, |(_, findings)| findings.len()),
            };
        }
        findings
    });
}
