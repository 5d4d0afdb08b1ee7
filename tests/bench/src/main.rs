//! `cargo xtask bench`: one table, C and Rust measured alternately.
//!
//! Serves whoever changes a component: it says what a cell costs at a relay
//! and at a client (tor-spec "Relay cells", proposal 359), with one circuit and
//! with as many as a relay has, what each end of a handshake costs, what certificates
//! cost, and what cells, relay messages and other formats cost to read and to write. Both
//! implementations run in this process, take turns round by round and are timed
//! in CPU time of this thread; of all rounds the fastest counts.

mod certs;
mod circuits;
mod clock;
mod formats;
mod handshakes;
mod messages;
mod operation;
mod work;

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{ensure, Result};
use clap::Parser;
use comfy_table::{presets, CellAlignment, Table};
use indicatif::{ProgressBar, ProgressStyle};
use parity::laboratory::Side;
use parity::relaycrypt::heap::bytes_per_circuit;
use parity::relaycrypt::hop::{AesBits, Algorithm};
use parity::relaycrypt::implementation::{self, Implementation};
use serde::Serialize;

use certs::CERTS;
use circuits::Circuits;
use formats::FORMATS;
use handshakes::HANDSHAKES;
use messages::MESSAGES;
use operation::{Operation, OPERATIONS};
use work::Work;

/// Measure C Tor's code and ours alternately in one process.
#[derive(Parser)]
#[command(name = "bench")]
struct Arguments {
    /// Only the rows whose name contains this text.
    #[arg(long, default_value = "")]
    filter: String,
    /// How often each implementation is measured; the fastest round counts.
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// How many circuits the cells belong to, in pseudo-random order.
    #[arg(long, value_delimiter = ',', default_value = "1,1000,20000",
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    circuits: Vec<u32>,
    /// Print the rows as a JSON list instead of tables.
    #[arg(long)]
    json: bool,
}

/// One row of a table. Times are CPU time of one operation, in nanoseconds.
#[derive(Serialize)]
struct Row {
    name: &'static str,
    /// None of them where a row is not about cells.
    #[serde(skip_serializing_if = "Option::is_none")]
    circuits: Option<u32>,
    c_ns: f64,
    rust_ns: f64,
    /// How many times faster Rust is.
    ratio: f64,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let chosen = |name: &str| name.contains(&arguments.filter);
    let operations: Vec<&Operation> = OPERATIONS.iter().filter(|o| chosen(o.name)).collect();
    let works = |all: &'static [Work]| -> Vec<&Work> {
        all.iter().filter(|work| chosen(work.name)).collect()
    };
    let (messages, formats) = (works(&MESSAGES), works(&FORMATS));
    let (handshakes, certs) = (works(&HANDSHAKES), works(&CERTS));
    ensure!(
        !operations.is_empty()
            || !messages.is_empty()
            || !formats.is_empty()
            || !handshakes.is_empty()
            || !certs.is_empty(),
        "no row is called {:?}; there are: {}",
        arguments.filter,
        OPERATIONS
            .iter()
            .map(|operation| operation.name)
            .chain(
                MESSAGES
                    .iter()
                    .chain(&FORMATS)
                    .chain(&HANDSHAKES)
                    .chain(&CERTS)
                    .map(|work| work.name)
            )
            .collect::<Vec<_>>()
            .join(", ")
    );

    let sides = [implementation::c(), implementation::rust()];
    let others = messages.len() + formats.len() + handshakes.len() + certs.len();
    let count = operations.len() * arguments.circuits.len() + others;
    let progress = ProgressBar::new(count as u64).with_style(ProgressStyle::with_template(
        "{bar:30} {pos}/{len} {elapsed} {msg}",
    )?);
    progress.enable_steady_tick(Duration::from_millis(200));
    let mut cells = Vec::new();
    for operation in operations {
        for &circuits in &arguments.circuits {
            progress.set_message(format!("{}, {circuits} circuits", operation.name));
            let [mut c, mut rust] = sides
                .each_ref()
                .map(|side| Circuits::new(side, operation, circuits));
            let best = alternate(arguments.rounds, || c.measure(), || rust.measure());
            cells.push(Row::new(operation.name, Some(circuits), best));
            progress.inc(1);
        }
    }
    let all = [messages, formats, handshakes, certs];
    let [mut messages, mut formats, mut ends, mut certs] = all.map(|works| {
        let row = |work: &Work| {
            progress.set_message(work.name);
            let [c, rust] = [Side::C, Side::Rust].map(|side| work.on(side));
            let row = Row::new(work.name, None, alternate(arguments.rounds, c, rust));
            progress.inc(1);
            row
        };
        works.into_iter().map(row).collect::<Vec<_>>()
    });
    progress.finish_and_clear();

    let mut out = io::stdout();
    if arguments.json {
        cells.append(&mut messages);
        cells.append(&mut formats);
        cells.append(&mut ends);
        cells.append(&mut certs);
        writeln!(out, "{}", serde_json::to_string_pretty(&cells)?)?;
        return Ok(());
    }
    if !cells.is_empty() {
        writeln!(out, "{}\n{}", times_of_cells(&cells), memory(&sides))?;
    }
    if !messages.is_empty() {
        writeln!(out, "{}", times_of_small(&messages, "relay message"))?;
    }
    if !formats.is_empty() {
        writeln!(out, "{}", times_of_small(&formats, "format"))?;
    }
    if !ends.is_empty() {
        writeln!(out, "{}", times_of_large(&ends, "end of a handshake"))?;
    }
    if !certs.is_empty() {
        writeln!(out, "{}", times_of_large(&certs, "certificate"))?;
    }
    Ok(())
}

/// The fastest round of each side, of C first.
fn alternate(rounds: u32, mut c: impl FnMut() -> f64, mut rust: impl FnMut() -> f64) -> [f64; 2] {
    let mut best = [f64::INFINITY; 2];
    for _ in 0..rounds {
        best = [best[0].min(c()), best[1].min(rust())];
    }
    best
}

impl Row {
    fn new(name: &'static str, circuits: Option<u32>, best: [f64; 2]) -> Self {
        let [c_ns, rust_ns] = best.map(to_tenths);
        Row {
            name,
            circuits,
            c_ns,
            rust_ns,
            ratio: to_hundredths(c_ns / rust_ns),
        }
    }
}

fn to_tenths(x: f64) -> f64 {
    (x * 10.0).round() / 10.0
}

fn to_hundredths(x: f64) -> f64 {
    (x * 100.0).round() / 100.0
}

fn times_of_cells(rows: &[Row]) -> Table {
    let mut table = new_table(["operation", "circuits", "C ns", "Rust ns", "ratio"], 1);
    for row in rows {
        let circuits = row.circuits.map(|number| number.to_string());
        table.add_row([
            row.name.to_owned(),
            circuits.unwrap_or_default(),
            format!("{:.1}", row.c_ns),
            format!("{:.1}", row.rust_ns),
            format!("{:.2}", row.ratio),
        ]);
    }
    table
}

/// A table of what takes nanoseconds.
fn times_of_small(rows: &[Row], what: &str) -> Table {
    let mut table = new_table([what, "C ns", "Rust ns", "ratio"], 1);
    for row in rows {
        table.add_row([
            row.name.to_owned(),
            format!("{:.1}", row.c_ns),
            format!("{:.1}", row.rust_ns),
            format!("{:.2}", row.ratio),
        ]);
    }
    table
}

/// A table of what takes microseconds.
fn times_of_large(rows: &[Row], what: &str) -> Table {
    let mut table = new_table([what, "C µs", "Rust µs", "ratio"], 1);
    for row in rows {
        table.add_row([
            row.name.to_owned(),
            format!("{:.2}", row.c_ns / 1000.0),
            format!("{:.2}", row.rust_ns / 1000.0),
            format!("{:.2}", row.ratio),
        ]);
    }
    table
}

fn memory(sides: &[Implementation; 2]) -> Table {
    let mut table = new_table(
        [
            "heap of a circuit at a relay",
            "C bytes",
            "Rust bytes",
            "ratio",
        ],
        1,
    );
    for (name, algorithm) in [
        ("tor1", Algorithm::Tor1),
        ("tor1-hs", Algorithm::Tor1Hs),
        ("CGO", Algorithm::Cgo(AesBits::B128)),
    ] {
        let [c, rust] = sides
            .each_ref()
            .map(|side| bytes_per_circuit(side, algorithm));
        table.add_row([
            name.to_owned(),
            format!("{c:.0}"),
            format!("{rust:.0}"),
            format!("{:.2}", c / rust),
        ]);
    }
    table
}

/// A table whose columns from `numbers` on are numbers.
fn new_table<const N: usize>(header: [&str; N], numbers: usize) -> Table {
    let mut table = Table::new();
    table
        .load_preset(presets::UTF8_BORDERS_ONLY)
        .set_header(header);
    for column in table.column_iter_mut().skip(numbers) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
