//! `cargo xtask bench`: one table, C and Rust measured alternately.
//!
//! Serves whoever changes a component: it says what a cell costs at a relay
//! and at a client (tor-spec "Relay cells", proposal 359), with one circuit and
//! with as many as a relay has. Both implementations run in this process, take
//! turns round by round and are timed in CPU time of this thread; of all rounds
//! the fastest counts.

mod circuits;
mod operation;

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{ensure, Result};
use clap::Parser;
use comfy_table::{presets, CellAlignment, Table};
use indicatif::{ProgressBar, ProgressStyle};
use parity::relaycrypt::heap::bytes_per_circuit;
use parity::relaycrypt::hop::{AesBits, Algorithm};
use parity::relaycrypt::implementation::{self, Implementation};
use serde::Serialize;

use circuits::Circuits;
use operation::{Operation, OPERATIONS};

/// Measure C Tor's relay crypto and ours alternately in one process.
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

/// One row of the table. Times are CPU time of one operation, in nanoseconds.
#[derive(Serialize)]
struct Row {
    name: &'static str,
    circuits: u32,
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
    let operations: Vec<&Operation> = OPERATIONS
        .iter()
        .filter(|operation| operation.name.contains(&arguments.filter))
        .collect();
    ensure!(
        !operations.is_empty(),
        "no row is called {:?}; there are: {}",
        arguments.filter,
        OPERATIONS.map(|operation| operation.name).join(", ")
    );

    let sides = [implementation::c(), implementation::rust()];
    let progress = ProgressBar::new((operations.len() * arguments.circuits.len()) as u64)
        .with_style(ProgressStyle::with_template(
            "{bar:30} {pos}/{len} {elapsed} {msg}",
        )?);
    progress.enable_steady_tick(Duration::from_millis(200));
    let mut rows = Vec::new();
    for operation in operations {
        for &circuits in &arguments.circuits {
            progress.set_message(format!("{}, {circuits} circuits", operation.name));
            rows.push(measure(&sides, operation, circuits, arguments.rounds));
            progress.inc(1);
        }
    }
    progress.finish_and_clear();

    if arguments.json {
        writeln!(io::stdout(), "{}", serde_json::to_string_pretty(&rows)?)?;
    } else {
        writeln!(io::stdout(), "{}\n{}", times(&rows), memory(&sides))?;
    }
    Ok(())
}

fn measure(sides: &[Implementation; 2], operation: &Operation, circuits: u32, rounds: u32) -> Row {
    let mut states = sides
        .each_ref()
        .map(|side| Circuits::new(side, operation, circuits));
    let mut best = [f64::INFINITY; 2];
    for _ in 0..rounds {
        for (best, states) in best.iter_mut().zip(&mut states) {
            *best = best.min(states.measure());
        }
    }
    let [c_ns, rust_ns] = best.map(to_tenths);
    Row {
        name: operation.name,
        circuits,
        c_ns,
        rust_ns,
        ratio: to_hundredths(c_ns / rust_ns),
    }
}

fn to_tenths(x: f64) -> f64 {
    (x * 10.0).round() / 10.0
}

fn to_hundredths(x: f64) -> f64 {
    (x * 100.0).round() / 100.0
}

fn times(rows: &[Row]) -> Table {
    let mut table = new_table(["operation", "circuits", "C ns", "Rust ns", "ratio"], 1);
    for row in rows {
        table.add_row([
            row.name.to_owned(),
            row.circuits.to_string(),
            format!("{:.1}", row.c_ns),
            format!("{:.1}", row.rust_ns),
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
