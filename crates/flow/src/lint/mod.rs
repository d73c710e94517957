//! What is wrong with a flow or a Data Action before a caller finds out.

pub mod walk;
