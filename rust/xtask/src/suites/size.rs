//! What Rust adds to the size of the program and to the memory of an idle relay, and
//! that neither is more than a distribution or an operator would put up with.
//!
//! The program is measured without symbols, as it is packaged. Memory is that of relays
//! which have joined a private network, know its consensus and carry nothing but what
//! tors do of their own accord; C and Rust stand side by side in that network.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{ensure, Context, Result};
use network::{Binary, Network, Quiet, Role, Select, Setting, Spec, Usage};

use super::side_by_side::{self, Row, Verdict};
use super::{Outcome, Stage};
use crate::jobs::Job;
use crate::network_run;
use crate::progress::Scale;
use crate::tor_build::TorBuild;

/// By how many bytes the stripped program may grow.
const MOST_PROGRAM: u64 = 1_500_000;
/// By how many bytes the resident memory of an idle relay may grow.
const MOST_MEMORY: u64 = 2_000_000;
/// Relays of each build; they differ by some 100 kB among themselves.
const RELAYS: usize = 3;
/// Readings of each relay.
const READINGS: usize = 5;
/// Between two readings, and before the first, when a start's last work is done.
const PAUSE: Duration = Duration::from_secs(1);

/// Measures both builds.
pub fn run(stage: &Stage<'_>) -> Result<Outcome> {
    let (c, rust) = (stage.c_build()?, stage.rust_build()?);
    let mut rows = vec![bounded(
        "program without symbols",
        stripped(stage, c)?,
        stripped(stage, rust)?,
        MOST_PROGRAM,
    )];
    let [of_c, of_rust] = idle(stage, c, rust)?;
    rows.push(bounded(
        "idle relay, resident memory",
        median(&of_c, |usage| usage.rss),
        median(&of_rust, |usage| usage.rss),
        MOST_MEMORY,
    ));
    // Heap and stacks are a process's own; the rest is files, shared by all tors of a
    // machine.
    let anonymous = |usage: &Usage| usage.anonymous;
    rows.push(Row {
        verdict: Verdict::ToBeKnown,
        ..bounded(
            "of that, heap and stacks",
            median(&of_c, anonymous),
            median(&of_rust, anonymous),
            MOST_MEMORY,
        )
    });
    side_by_side::show(stage, "size", rows)
}

/// A row of two sizes in bytes, of which the second may be larger by so much.
fn bounded(what: &str, c: u64, rust: u64, most: u64) -> Row {
    let grown = rust as i64 - c as i64;
    let verdict = match grown > most as i64 {
        true => Verdict::Worse(format!("grows by more than {} MB", megabytes(most as i64))),
        false => Verdict::Fine,
    };
    Row {
        what: what.into(),
        c: format!("{} MB", megabytes(c as i64)),
        rust: format!("{} MB ({:+.2})", megabytes(rust as i64), grown as f64 / 1e6),
        verdict,
    }
}

fn megabytes(bytes: i64) -> String {
    format!("{:.2}", bytes as f64 / 1e6)
}

/// The size of the program when it is stripped.
fn stripped(stage: &Stage<'_>, build: &TorBuild) -> Result<u64> {
    let folder = tempfile::tempdir()?;
    let program = folder.path().join("tor");
    Job::new(
        "strip",
        folder.path(),
        stage.layout.logs().join("strip.log"),
    )
    .arg("-o")
    .arg(&program)
    .arg(build.tor())
    .run(|_| ())?;
    Ok(fs::metadata(program)?.len())
}

/// What relays of each build need.
fn idle(stage: &Stage<'_>, c: &TorBuild, rust: &TorBuild) -> Result<[Vec<Usage>; 2]> {
    let step = stage.progress.step("idle relays", Scale::Unknown);
    let binary = |label: &str, folder: &Path| Binary::from_build(label, folder);
    let mut spec = Spec::new(
        network_run::new_folder(stage.layout)?,
        binary("C", &c.folder)?,
    );
    spec.relays = 2 * RELAYS;
    spec.exits = 2;
    spec.onions = 0;
    // A cache packs each consensus, which takes 12 MB for good, some of them sooner and
    // some later.
    let no_cache = Setting::Torrc("DirCache 0".into());
    spec = spec.with(Select::Role(Role::Relay), no_cache);
    let rust = binary("Rust", &rust.folder)?;
    for number in RELAYS + 1..=2 * RELAYS {
        let relay = Select::Node(format!("{}{number}", Role::Relay.prefix()));
        spec = spec.with(relay, Setting::Binary(rust.clone()));
    }
    let network = Network::start(spec, &Quiet)?;
    let mut usages = [Vec::new(), Vec::new()];
    for _ in 0..READINGS {
        thread::sleep(PAUSE);
        for node in network.nodes().filter(|node| node.role == Role::Relay) {
            let usage = network.usage(&node.name)?;
            ensure!(usage.rss > 0, "{} has no memory", node.name);
            usages[usize::from(node.binary == rust)].push(usage);
        }
    }
    let words = |usages: &[Usage]| {
        let all = usages.iter().map(|usage| usage.rss as f64 / 1e6);
        let (least, most) = all.fold((f64::MAX, 0.0_f64), |(least, most), rss| {
            (least.min(rss), most.max(rss))
        });
        format!("{least:.2} to {most:.2} MB")
    };
    step.done(format!(
        "C {}, Rust {}",
        words(&usages[0]),
        words(&usages[1])
    ));
    network.finish(&[]).context("the idle network")?;
    Ok(usages)
}

fn median(usages: &[Usage], of: impl Fn(&Usage) -> u64) -> u64 {
    let mut values: Vec<u64> = usages.iter().map(of).collect();
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_beyond_the_bar_is_worse() {
        let fine = bounded("size", 4_000_000, 5_000_000, 1_000_000);
        assert_eq!(fine.verdict, Verdict::Fine);
        assert_eq!((&*fine.c, &*fine.rust), ("4.00 MB", "5.00 MB (+1.00)"));
        let bad = bounded("size", 4_000_000, 5_000_001, 1_000_000);
        let Verdict::Worse(why) = bad.verdict else {
            panic!("not noticed");
        };
        assert_eq!(why, "grows by more than 1.00 MB");
    }

    #[test]
    fn less_is_fine() {
        let row = bounded("size", 5_000_000, 4_500_000, 1);
        assert_eq!(row.verdict, Verdict::Fine);
        assert_eq!(row.rust, "4.50 MB (-0.50)");
    }

    #[test]
    fn one_reading_that_is_out_of_line_does_not_count() {
        let usages = [7, 1, 900, 8, 9].map(|rss| Usage {
            rss,
            ..Usage::default()
        });
        assert_eq!(median(&usages, |usage| usage.rss), 8);
    }
}
