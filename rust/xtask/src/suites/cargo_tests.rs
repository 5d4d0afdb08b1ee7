//! Suites that are crates of the tests workspace, and the benchmark. They find
//! the builds of tor through the environment:
//!
//! | variable | tor's build directory |
//! |---|---|
//! | `TORRS_TOR_C` | unpatched, with libtor.a and objects |
//! | `TORRS_TOR_RUST` | with components in Rust |
//! | `TORRS_TOR_RUST_FAULT` | the same, misbehaving on demand |
//! | `TORRS_TOR` | whichever of them a test of behaviour looks at |

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{bail, Context, Result};

use super::{libtest, Outcome, Stage, Tally};
use crate::components::Choice;
use crate::jobs::Job;
use crate::layout::Layout;
use crate::packages;
use crate::progress::Scale;
use crate::tor_build::{cargo, Builder, Extent, Faults};

/// The variable that names the C build.
pub const TOR_C: &str = "TORRS_TOR_C";
const TOR_RUST: &str = "TORRS_TOR_RUST";
const TOR_RUST_FAULT: &str = "TORRS_TOR_RUST_FAULT";
const TOR: &str = "TORRS_TOR";

/// Vectors need no tor.
pub fn vectors(stage: &Stage<'_>) -> Result<Outcome> {
    outcome([cargo_test(stage, "vectors", &["--release"], &[])?])
}

/// Parity, and once more with a fault planted in the Rust side, which has to
/// be caught.
pub fn parity(stage: &Stage<'_>) -> Result<Outcome> {
    let c = [(TOR_C, stage.c_build()?.folder.clone())];
    let pristine = cargo_test(stage, "ctor", &["--release", "--lib"], &c)?;
    let plain = cargo_test(stage, "parity", &["--release"], &c)?;
    let planted = [
        "--release",
        "--features",
        "fault",
        "--test",
        "planted_fault",
    ];
    let planted = cargo_test(stage, "parity", &planted, &c)?;
    outcome([pristine, plain, planted])
}

/// What link handshakes lead to in each build, and that it is the same in all of
/// them; a planted fault has to be caught.
pub fn handshake(stage: &Stage<'_>) -> Result<Outcome> {
    let (c, rust) = (&stage.c_build()?.folder, &stage.rust_build()?.folder);
    let mut result = Outcome::default();
    let behaviour = ["--release", "--test", "versions", "--test", "netinfo"];
    for (label, build, column) in [
        ("C build", c, &mut result.c),
        ("Rust build", rust, &mut result.rust),
    ] {
        let one = [(TOR, build.clone())];
        let (tally, complaints) = cargo_test(stage, "handshake", &behaviour, &one)?;
        *column = Some(tally);
        let named = complaints.into_iter();
        result
            .complaints
            .extend(named.map(|complaint| format!("{label}: {complaint}")));
    }
    let both = [
        (TOR_C, c.clone()),
        (TOR_RUST, rust.clone()),
        (TOR_RUST_FAULT, stage.faulty_build()?.folder.clone()),
    ];
    let comparison = [
        "--release",
        "--lib",
        "--test",
        "same",
        "--test",
        "planted_fault",
    ];
    result.add(
        "both builds",
        outcome([cargo_test(stage, "handshake", &comparison, &both)?])?,
    );
    Ok(result)
}

/// Private networks, with the release of every build at hand.
pub fn network(stage: &Stage<'_>) -> Result<Outcome> {
    packages::ensure(stage.layout, stage.progress, packages::FOR_NETWORKS)?;
    let builds = [
        (TOR_C, stage.c_build()?.folder.clone()),
        (TOR_RUST, stage.rust_build()?.folder.clone()),
        (TOR_RUST_FAULT, stage.faulty_build()?.folder.clone()),
    ];
    // The crate's small tests run in the suite `crates`. Two networks at a time
    // on a small machine only wait for each other.
    let arguments = ["--release", "--test", "*", "--", "--test-threads=1"];
    outcome([cargo_test(stage, "network", &arguments, &builds)?])
}

fn outcome(runs: impl IntoIterator<Item = (Tally, Vec<String>)>) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    for (tally, complaints) in runs {
        *outcome.other.get_or_insert_default() += tally;
        outcome.complaints.extend(complaints);
    }
    Ok(outcome)
}

/// Runs the tests of one package of the tests workspace.
fn cargo_test(
    stage: &Stage<'_>,
    package: &str,
    arguments: &[&str],
    builds: &[(&str, PathBuf)],
) -> Result<(Tally, Vec<String>)> {
    let label = match arguments.contains(&"fault") {
        true => format!("tests of {package}, fault planted"),
        false => format!("tests of {package}"),
    };
    let mut all = vec!["--manifest-path", "tests/Cargo.toml", "--package", package];
    all.extend(arguments);
    run_tests(stage, &label, &all, builds)
}

/// Runs `cargo test` in the clone and counts.
pub fn run_tests(
    stage: &Stage<'_>,
    label: &str,
    arguments: &[&str],
    builds: &[(&str, PathBuf)],
) -> Result<(Tally, Vec<String>)> {
    run_tests_with(stage, cargo(), label, arguments, builds)
}

/// The same with another cargo; all paths become environment variables.
pub fn run_tests_with(
    stage: &Stage<'_>,
    cargo: impl Into<PathBuf>,
    label: &str,
    arguments: &[&str],
    variables: &[(&str, PathBuf)],
) -> Result<(Tally, Vec<String>)> {
    let step = stage.progress.step(label, Scale::Unknown);
    let (cargo_arguments, test_arguments) = match arguments.iter().position(|a| *a == "--") {
        Some(at) => arguments.split_at(at),
        None => (arguments, &[][..]),
    };
    let log = label.replace([' ', ','], "-") + ".log";
    let mut job = Job::new(cargo, &stage.layout.root, stage.layout.logs().join(log))
        .args(["test", "--locked", "--no-fail-fast"])
        .args(cargo_arguments)
        .args(test_arguments)
        .env("CARGO_TARGET_DIR", &stage.layout.target);
    for (name, folder) in variables {
        job = job.env(name, folder);
    }
    let output = job.finish(|line| {
        let shown = line.starts_with("test ") || line.trim_start().starts_with("Compiling");
        if shown {
            step.note(line.trim());
        }
    })?;
    let tally = libtest::tally(&output.text);
    let mut complaints = libtest::failures(&output.text);
    if !output.success && tally.failed == 0 {
        // The tests did not even compile, or a program crashed.
        bail!("{label}: {}", job.complaint(&output));
    }
    if complaints.is_empty() && tally.failed > 0 {
        complaints.push(job.complaint(&output));
    }
    let summary = format!(
        "{} passed, {} failed, {} skipped",
        tally.passed, tally.failed, tally.skipped
    );
    match tally.failed {
        0 => step.done(summary),
        _ => step.note(summary),
    }
    Ok((tally, complaints))
}

/// `cargo xtask bench`: the benchmark in release mode, its output untouched.
pub fn bench(layout: &Layout, builder: &Builder<'_>, arguments: &[OsString]) -> Result<ExitCode> {
    let c = builder.build(&Choice::None, Faults::Never, Extent::Library)?;
    let status = Command::new(cargo())
        .current_dir(&layout.root)
        .args(["run", "--quiet", "--release", "--locked"])
        .args([
            "--manifest-path",
            "tests/Cargo.toml",
            "--package",
            "bench",
            "--",
        ])
        .args(arguments)
        .env("CARGO_TARGET_DIR", &layout.target)
        .env(TOR_C, c.folder)
        .status()
        .context("cannot start cargo")?;
    Ok(match status.success() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}
