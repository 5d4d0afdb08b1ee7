//! The crates' own tests: everything that links into tor, this program, and
//! the parts of the tests workspace that need no tor.

use anyhow::Result;

use super::cargo_tests::run_tests;
use super::{Outcome, Stage};
use crate::components::accelerators;

/// Runs them in both workspaces.
pub fn run(stage: &Stage<'_>) -> Result<Outcome> {
    let mut features = accelerators(&stage.layout.root)?;
    features.push(stage.catalogue.names());
    let features = features.join(",");
    let into_tor = ["--workspace", "--features", &features];
    let tools = [
        "--manifest-path",
        "tests/Cargo.toml",
        "--package",
        "xtask",
        "--package",
        "network",
        "--package",
        "peer",
        "--lib",
        "--bins",
    ];
    let mut outcome = Outcome::default();
    for (label, arguments) in [
        ("tests of what links into tor", &into_tor[..]),
        ("tests of the tools", &tools[..]),
    ] {
        let (tally, complaints) = run_tests(stage, label, arguments, &[])?;
        *outcome.other.get_or_insert_default() += tally;
        outcome.complaints.extend(complaints);
    }
    Ok(outcome)
}
