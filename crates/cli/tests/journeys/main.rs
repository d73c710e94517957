//! Journeys through the `steadyline` binary, as people and pipelines take them.
#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod approvals;
mod backtest;
mod budget;
mod client;
mod config;
mod demo;
mod deployment;
mod doctor;
mod drill;
mod examples;
mod files;
mod flow;
mod help;
mod integration;
mod nginx;
mod organisation;
mod pipelines;
mod publish;
mod releases;
mod review;
mod reviews;
mod rollback;
mod serve;
mod setup;
mod shim;
mod twin;
mod validate;
