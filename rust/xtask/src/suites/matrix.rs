//! Each component of the Rust build once more, alone: it builds with all others
//! in C, its link holds none of the C files that it replaces and all of those
//! that it does not, and tor's unit tests have the verdicts of the C build. A
//! component that leans on another one would pass only beside it.

use anyhow::{Context, Result};

use super::unit::Verdicts;
use super::{link, unit, Outcome, Stage};
use crate::components::Component;
use crate::tor_build::{Extent, Faults};

/// What [`Extent::Tests`] links with all of tor in it.
const PROGRAMS: &[&str] = &["src/app/tor", "src/test/test"];

/// Makes a build for each component, if there are several.
pub fn run(stage: &Stage<'_>) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let components = stage.choice.components();
    if let [only] = components {
        stage.progress.say(format!(
            "  {} is the only component of the Rust build: unit and link have tested it alone",
            only.name
        ));
        outcome.other.get_or_insert_default().skipped += 1;
        return Ok(outcome);
    }
    let c = unit::of_c(stage)?;
    for component in components {
        match alone(stage, component, &c) {
            Ok(part) => outcome.add(&component.name, part),
            Err(error) => outcome.check(&component.name, Err(error)),
        }
    }
    Ok(outcome)
}

fn alone(stage: &Stage<'_>, component: &Component, c: &Verdicts) -> Result<Outcome> {
    let choice = stage.catalogue.choose(&component.name)?;
    let build = stage
        .builder
        .build(&choice, Faults::Never, Extent::Tests)
        .context("does not build alone")?;
    let mut outcome = link::of_rust(stage, &build, &choice, PROGRAMS)?;
    let label = format!("unit tests, {} alone", component.name);
    let mut tests = unit::beside_c(stage, c, &build, &choice, &label)?;
    // The suite `unit` has counted them.
    tests.c = None;
    outcome.add("unit tests", tests);
    Ok(outcome)
}
