//! Those of tor's unit tests that call a component, under valgrind: no error
//! and no definite leak, neither on our side nor on tor's. It reads every
//! instruction, C's and Rust's, so that it needs no build of its own.
//!
//! Planted faults prove that it looks: a state that is never freed, and a
//! pointer into freed memory that Rust hands to C.

use std::path::Path;

use anyhow::{bail, ensure, Result};

use super::reports::{Reports, FAULTS, FAULTY_TEST};
use super::unit::{count_verdicts, read_verdicts};
use super::{count, Outcome, Stage, Tally};
use crate::jobs::{Job, Output};
use crate::packages;
use crate::progress::Scale;

/// What it takes.
const PACKAGES: &[&str] = &["valgrind"];

/// Runs the tests of the components that the Rust build has, then the faults.
pub fn run(stage: &Stage<'_>) -> Result<Outcome> {
    packages::ensure(stage.layout, stage.progress, PACKAGES)?;
    let build = stage.rust_build()?;
    let mut tests = Vec::new();
    for component in stage.choice.components() {
        ensure!(
            !component.unit_tests.is_empty(),
            "rust/{0}/Cargo.toml does not say which of tor's unit tests call it: add [package.metadata.ctor] unit-tests = [\"{0}/..\"]",
            component.name
        );
        tests.extend(component.unit_tests.iter().map(String::as_str));
    }
    let mut outcome = Outcome::default();
    let mut tally = Tally::default();
    let program = build.folder.join("src/test/test");
    let (output, reports) = watched(stage, &program, &tests, None)?;
    let verdicts = read_verdicts(&output.text);
    ensure!(
        verdicts.len() >= tests.len(),
        "{} tests ran of those that {tests:?} names",
        verdicts.len()
    );
    count_verdicts(&verdicts, &mut tally, &mut outcome.complaints);
    let name = "no error, no definite leak";
    count(&mut tally, &mut outcome.complaints, name, reports.none());
    if !output.success && tally.failed == 0 {
        bail!("valgrind or the unit tests ended with {}", output.status);
    }
    outcome.rust = Some(tally);
    let faulty = stage
        .builder
        .link_faulty_test(build, stage.faulty_build()?)?;
    for (fault, words) in FAULTS.into_iter().zip([
        ["are definitely lost", "cgo_crypt_new"],
        ["Invalid read", "test_crypto_cgo"],
    ]) {
        let program = build.folder.join(faulty);
        let (_, reports) = watched(stage, &program, &[FAULTY_TEST], Some(fault))?;
        outcome.check(&format!("a planted {fault}"), reports.one_with(&words));
    }
    Ok(outcome)
}

/// Runs unit tests under valgrind.
fn watched(
    stage: &Stage<'_>,
    program: &Path,
    tests: &[&str],
    fault: Option<&str>,
) -> Result<(Output, Reports)> {
    let label = match fault {
        None => "unit tests under valgrind".into(),
        Some(fault) => format!("valgrind, a planted {fault}"),
    };
    let name = label.replace([' ', ','], "-");
    let reports = Reports::new(stage, &format!("{name}-reports"))?;
    let step = stage.progress.step(label, Scale::Unknown);
    let folder = tempfile::tempdir()?;
    let log = stage.layout.logs().join(format!("{name}.log"));
    // A test that forks gets a report and an exit code of its own, which its
    // parent takes for a failure.
    let output = Job::new("valgrind", folder.path(), log)
        .args(["--quiet", "--error-exitcode=99", "--num-callers=30"])
        .args(["--leak-check=full", "--show-leak-kinds=definite"])
        .arg("--errors-for-leak-kinds=definite")
        .arg(format!("--log-file={}", reports.file("%p")))
        .arg(program)
        .args(tests)
        .env("TORRS_FAULT", fault.unwrap_or_default())
        .finish(|line| step.note(line))?;
    step.done("");
    Ok((output, reports))
}
