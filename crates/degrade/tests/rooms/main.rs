//! The room from outside: a breaker under simulated traffic, and its truth whatever came before.
#![cfg(not(loom))]

mod day;
mod traffic;
mod truth;
