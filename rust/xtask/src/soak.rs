//! `cargo xtask soak`: a mixed network under load, disturbed all the time, a
//! table of what it went through and a plot of its relays' memory. The soak
//! itself, and the rules by which it fails, are in the crate `network`.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use comfy_table::{presets, CellAlignment, Table};
use network::soak::{self, Act, Count, Disturbance, Happened, Life, Load, Report, Watcher};
use network::{Binary, Network};

use crate::layout::Layout;
use crate::network_run::{new_folder, Bars};
use crate::progress::{Progress, Scale, Step};
use crate::source::SourceOption;
use crate::tor_build::TorBuild;

const MIB: f64 = (1_u64 << 20) as f64;

/// Options of `cargo xtask soak`.
#[derive(Args)]
pub struct SoakOptions {
    /// How long, 2 minutes or more; a longer soak finds a slower leak
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(2..=10080))]
    minutes: u32,
    /// Repeats the disturbances of another soak of this length
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Which components the Rust tors have: all, none, or a comma-separated
    /// list. "none" is a soak of unpatched tors only
    #[arg(long, value_name = "LIST", default_value = "all")]
    pub components: String,
    /// Where tor's source comes from.
    #[command(flatten)]
    pub source: SourceOption,
}

/// The verb; without a Rust build every node runs C.
pub fn verb(
    layout: &Layout,
    progress: &Progress,
    c: &TorBuild,
    rust: Option<&TorBuild>,
    options: &SoakOptions,
) -> Result<ExitCode> {
    let folder = new_folder(layout)?;
    let duration = Duration::from_secs(60 * u64::from(options.minutes));
    let soaked = soak(progress, c, rust, &folder, duration, options.seed)?;
    for failure in &soaked.failures {
        progress.say(format!("{} {failure}", console::style("✗").red()));
    }
    Ok(match soaked.failures.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// Starts a network in `folder`, soaks it, takes it down, prints the tables and
/// draws the plot. What was wrong stands in the report.
pub fn soak(
    progress: &Progress,
    c: &TorBuild,
    rust: Option<&TorBuild>,
    folder: &Path,
    duration: Duration,
    seed: u64,
) -> Result<Report> {
    let c = Binary::from_build("C", &c.folder)?;
    let rust = match rust {
        Some(rust) => Binary::from_build("Rust", &rust.folder)?,
        None => c.clone(),
    };
    progress.say(format!("network folder {}", folder.display()));
    let network = Network::start(soak::spec(folder, c, rust), &Bars::new(progress))
        .with_context(|| format!("the network did not start; logs: {}", folder.display()))?;
    let step = progress.step(format!("soak, seed {seed}"), Scale::Percent);
    let shown = Shown {
        progress,
        step: &step,
        duration,
    };
    let mut report = soak::run(&network, duration, seed, &shown)?;
    match report.failures.is_empty() {
        true => step.done(format!("{} disturbances", report.disturbances.len())),
        false => drop(step),
    }
    let plot = soak::plot_into(folder, &report)?;
    let step = progress.step("take the network down", Scale::Unknown);
    let ended = network.stop()?;
    let disorderly = ended.iter().filter(|node| !node.orderly());
    report.failures.extend(disorderly.map(ToString::to_string));
    step.done(format!("{} nodes", ended.len()));

    println!("{}", carried(&report));
    for count in &report.carried {
        for reason in &count.reasons {
            println!("repeated, {}: {reason}", count.load);
        }
    }
    println!("{}", memory(&report, duration));
    println!("{}", summary(&report, folder, &plot));
    Ok(report)
}

/// What the load has become.
fn carried(report: &Report) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_header(["load", "done", "MiB", "interrupted", "repeated"]);
    for count in &report.carried {
        table.add_row([
            count.load.to_string(),
            count.done.to_string(),
            match count.load {
                Load::Empty => String::new(),
                _ => format!("{:.0}", count.bytes as f64 / MIB),
            },
            count.interrupted.to_string(),
            count.unexplained.to_string(),
        ]);
    }
    numbers_to_the_right(&mut table, 1..5);
    table
}

/// One row for each process of a relay.
fn memory(report: &Report, duration: Duration) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_header([
        "relay",
        "build",
        "lived",
        "RSS MiB: first",
        "last",
        "anonymous MiB: 2nd quarter",
        "4th quarter",
    ]);
    for life in &report.lives {
        let (Some(first), Some(last)) = (life.samples.first(), life.samples.last()) else {
            continue;
        };
        let [earlier, later] = match life.growth(soak::warm_up(duration)) {
            Some(growth) => [growth.earlier, growth.later].map(mib),
            None => ["", ""].map(String::from),
        };
        table.add_row([
            life.node.clone(),
            life.build.clone(),
            lived(life),
            mib(first.rss),
            mib(last.rss),
            earlier,
            later,
        ]);
    }
    numbers_to_the_right(&mut table, 2..7);
    table
}

fn summary(report: &Report, folder: &Path, plot: &Path) -> Table {
    let of = |act: Act| {
        let all = report.disturbances.iter();
        all.filter(|happened| happened.what.act == act).count()
    };
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.add_row([
        "disturbances",
        &format!(
            "relays killed {}, frozen {}, reloaded {}; clients killed in mid-transfer {}",
            of(Act::KillRelay),
            of(Act::Freeze),
            of(Act::Reload),
            of(Act::KillClient)
        ),
    ]);
    table.add_row([
        "result",
        &match report.failures.len() {
            0 => "passed".to_owned(),
            1 => "FAILED".to_owned(),
            reasons => format!("FAILED for {reasons} reasons"),
        },
    ]);
    table.add_row(["plot", &plot.display().to_string()]);
    table.add_row(["logs", &folder.display().to_string()]);
    table
}

fn numbers_to_the_right(table: &mut Table, columns: std::ops::Range<usize>) {
    for column in columns {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
}

fn mib(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / MIB)
}

/// `1:20 – 3:00`, counted from the beginning of the soak.
fn lived(life: &Life) -> String {
    let [first, last] = [life.samples.first(), life.samples.last()]
        .map(|sample| clock(sample.map_or(Duration::ZERO, |sample| sample.at)));
    format!("{first} – {last}")
}

fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

struct Shown<'a> {
    progress: &'a Progress,
    step: &'a Step<'a>,
    duration: Duration,
}

impl Watcher for Shown<'_> {
    fn planned(&self, plan: &[Disturbance]) {
        let lines = plan
            .iter()
            .map(|what| format!("{} {what}", clock(what.at)))
            .collect::<Vec<_>>();
        self.progress
            .say(format!("  schedule: {}", lines.join(", ")));
    }

    fn second(&self, elapsed: Duration, carried: &[Count]) {
        let part = elapsed.as_secs_f64() / self.duration.as_secs_f64();
        self.step.position((part * 100.0).min(100.0) as u64);
        let of = |value: fn(&Count) -> u64| carried.iter().map(value).sum::<u64>();
        self.step.note(format!(
            "{} of {}, {:.0} MiB, {} interrupted",
            clock(elapsed),
            clock(self.duration),
            of(|count| count.bytes) as f64 / MIB,
            of(|count| count.interrupted)
        ));
    }

    fn happened(&self, happened: &Happened) {
        self.progress.say(format!(
            "  {} {}, usable again after {:.1} s",
            clock(happened.from),
            happened.what,
            happened.until.saturating_sub(happened.from).as_secs_f64()
        ));
    }
}
