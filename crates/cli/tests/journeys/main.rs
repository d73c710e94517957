//! Journeys through the `steadyline` binary, as people and pipelines take them.
#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod backtest;
mod budget;
mod client;
mod config;
mod demo;
mod doctor;
mod examples;
mod files;
mod flow;
mod help;
mod nginx;
mod releases;
mod rollback;
mod serve;
mod setup;
mod twin;
