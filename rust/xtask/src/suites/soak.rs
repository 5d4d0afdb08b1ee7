//! Ninety seconds of `cargo xtask soak`, its seed fixed.

use std::time::Duration;

use anyhow::Result;

use super::{Outcome, Stage};
use crate::network_run;
use crate::soak;

/// Every reason for a failure is a complaint of its own.
pub fn run(stage: &Stage<'_>) -> Result<Outcome> {
    let (c, rust) = (stage.c_build()?, stage.rust_build()?);
    let folder = network_run::new_folder(stage.layout)?;
    let soaked = soak::soak(stage.progress, c, Some(rust), &folder, DURATION, SEED)?;
    let mut outcome = Outcome::default();
    let tally = outcome.other.get_or_insert_default();
    match soaked.failures.len() {
        0 => tally.passed = 1,
        failures => tally.failed = failures,
    }
    outcome.complaints = soaked.failures;
    Ok(outcome)
}

const DURATION: Duration = Duration::from_secs(90);
const SEED: u64 = 1;
