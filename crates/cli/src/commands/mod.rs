//! The commands, one file each.

pub(crate) mod budget;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod degrade;
pub(crate) mod demo;
pub(crate) mod deployment;
pub(crate) mod doctor;
pub(crate) mod drill;
pub(crate) mod flow;
pub(crate) mod gate;
pub(crate) mod incidents;
pub(crate) mod init;
pub(crate) mod integration;
pub(crate) mod maintenance;
pub(crate) mod man;
pub(crate) mod review;
pub(crate) mod rollback;
pub(crate) mod serve;
pub(crate) mod shim;
pub(crate) mod twin;
