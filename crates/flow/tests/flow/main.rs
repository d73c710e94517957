//! Flows from the outside: texts in, transcripts out.
#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod corpora;
mod data_actions;
mod effects;
mod example;
mod expressions;
mod interpreter;
mod lint;
mod problems;
mod properties;
mod script;
