//! The smoke run of the fuzzers: what `cargo xtask fuzz all --seconds 2` does.

use anyhow::Result;

use super::{Outcome, Stage};
use crate::fuzz::Fuzzer;

/// Enough to see that a fuzzer works.
const SECONDS: u64 = 2;

/// Fuzzes each comparison for a short time.
pub fn run(stage: &Stage<'_>) -> Result<Outcome> {
    let fuzzer = Fuzzer::build(stage.layout, stage.progress, stage.builder)?;
    let mut outcome = Outcome::default();
    for target in &fuzzer.targets {
        let found = fuzzer.run(stage.progress, target, SECONDS);
        outcome.check(&target.0, found);
    }
    Ok(outcome)
}
