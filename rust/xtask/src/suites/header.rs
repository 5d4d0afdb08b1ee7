//! The header that C includes is generated from the Rust boundary and
//! committed. The root package's build script writes or checks it when its
//! feature `header` is on and TORRS_HEADER says which.

use std::process::ExitCode;

use anyhow::Result;

use super::{Outcome, Stage};
use crate::components::Catalogue;
use crate::jobs::Job;
use crate::layout::Layout;
use crate::progress::{Progress, Scale};
use crate::tor_build::cargo;

const VARIABLE: &str = "TORRS_HEADER";

/// Fails when the committed header is not what the boundary says.
pub fn run(stage: &Stage<'_>) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let checked = generate(stage.layout, stage.progress, stage.catalogue, "check");
    outcome.check("c-glue/tor_rust.h", checked);
    Ok(outcome)
}

/// Writes the header.
pub fn write(layout: &Layout, progress: &Progress, catalogue: &Catalogue) -> Result<ExitCode> {
    generate(layout, progress, catalogue, "write")?;
    Ok(ExitCode::SUCCESS)
}

fn generate(layout: &Layout, progress: &Progress, catalogue: &Catalogue, mode: &str) -> Result<()> {
    let step = progress.step(format!("{mode} the generated header"), Scale::Unknown);
    Job::new(cargo(), &layout.root, layout.logs().join("header.log"))
        .args(["check", "--locked", "--features"])
        .arg(format!("header,{}", catalogue.names()))
        .env("CARGO_TARGET_DIR", &layout.target)
        .env(VARIABLE, mode)
        .run(|line| step.note(line))?;
    step.done("");
    Ok(())
}
