//! `cargo xtask test`: the suites, one row each, and the table at the end. A
//! suite builds what it needs; builds are shared among suites.

mod apply_tree;
mod asan;
pub mod cargo_tests;
mod crates;
mod cross;
mod deb;
mod dependencies;
mod dist;
mod fuzz;
mod hardening;
pub mod header;
mod libtest;
mod link;
mod lint;
mod matrix;
mod objects;
mod references;
mod reports;
mod side_by_side;
mod size;
mod soak;
mod targets;
mod unit;
mod valgrind;
mod variants;

use std::cell::OnceCell;
use std::ops::AddAssign;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{bail, Result};
use comfy_table::{presets, CellAlignment, Table};
use console::style;

use crate::components::{Catalogue, Choice};
use crate::layout::Layout;
use crate::progress::Progress;
use crate::tor_build::{Builder, Extent, Faults, TorBuild};

/// A group of tests with a name that the command line knows.
pub struct Suite {
    name: &'static str,
    about: &'static str,
    run: fn(&Stage<'_>) -> Result<Outcome>,
}

/// The suites of every day, in the order in which they run: what fails fast comes first.
const SUITES: &[Suite] = &[
    Suite {
        name: "lint",
        about: "formatting, clippy without warnings, a reason for every `unsafe`",
        run: lint::run,
    },
    Suite {
        name: "header",
        about: "the committed C header is what the Rust boundary says",
        run: header::run,
    },
    Suite {
        name: "dependencies",
        about: "licences, sources and versions of the crates that link into tor",
        run: dependencies::run,
    },
    Suite {
        name: "crates",
        about: "the crates' own tests, without tor",
        run: crates::run,
    },
    Suite {
        name: "apply",
        about: "the patches on a fresh tree: once, twice, where they do not fit, and back",
        run: apply_tree::run,
    },
    Suite {
        name: "unit",
        about: "tor's own unit tests: same names and same verdicts in both builds",
        run: unit::run,
    },
    Suite {
        name: "references",
        about: "tor's own reference handshakes in Python, with the programs of both builds",
        run: references::run,
    },
    Suite {
        name: "valgrind",
        about: "the components' unit tests under valgrind: no error, no definite leak",
        run: valgrind::run,
    },
    Suite {
        name: "link",
        about: "replaced C files are not in the link, the Rust is",
        run: link::run,
    },
    Suite {
        name: "hardening",
        about: "what protects the program and its objects: Rust's build no less than C's",
        run: hardening::run,
    },
    Suite {
        name: "size",
        about: "what Rust adds to the program and to the memory of an idle relay",
        run: size::run,
    },
    Suite {
        name: "vectors",
        about: "published vectors and those of an independent implementation",
        run: cargo_tests::vectors,
    },
    Suite {
        name: "parity",
        about: "C and Rust in one process, the same inputs; a planted fault is caught",
        run: cargo_tests::parity,
    },
    Suite {
        name: "handshake",
        about: "link handshakes, good and bad, played to both builds: the same bytes, calls, logs",
        run: cargo_tests::handshake,
    },
    Suite {
        name: "fuzz",
        about: "each comparison under libFuzzer for 2 seconds",
        run: fuzz::run,
    },
    Suite {
        name: "network",
        about:
            "private networks, C and Rust tors mixed; hostile peers; links; panics; tor's sandbox",
        run: cargo_tests::network,
    },
    Suite {
        name: "soak",
        about: "ninety seconds of load on a mixed network that is disturbed all the time",
        run: soak::run,
    },
    Suite {
        name: "objects",
        about: "without --enable-rust every object is the unpatched tree's",
        run: objects::run,
    },
    Suite {
        name: "variants",
        about: "disabled modules, a static link, and what configure has to refuse",
        run: variants::run,
    },
    Suite {
        name: "dist",
        about: "the release: built twice, offline, in different places, the same bytes",
        run: dist::run,
    },
    Suite {
        name: "matrix",
        about: "each component alone in Rust: build, link map, all unit tests",
        run: matrix::run,
    },
];

/// The suites that take too long for every day: they run when they are named.
const ON_REQUEST: &[Suite] = &[
    Suite {
        name: "asan",
        about: "AddressSanitizer and UBSan: all unit tests and a private network",
        run: asan::run,
    },
    Suite {
        name: "distcheck",
        about: "the release, all of it compiled twice; make check, dist and distcheck in it",
        run: dist::run_distcheck,
    },
    Suite {
        name: "cross",
        about: "the oldest rustc; tors for arm64 and i386, under an emulator",
        run: cross::run,
    },
    Suite {
        name: "deb",
        about: "the Debian package beside the distribution's, lintian, installed, on a network",
        run: deb::run,
    },
];

/// What a suite works with.
pub struct Stage<'a> {
    /// Where things are.
    pub layout: &'a Layout,
    /// Where to show progress.
    pub progress: &'a Progress,
    /// All components.
    pub catalogue: &'a Catalogue,
    /// Those that the Rust build has.
    pub choice: &'a Choice,
    /// Makes builds.
    pub builder: &'a Builder<'a>,
    c: OnceCell<TorBuild>,
    rust: OnceCell<TorBuild>,
    faulty: OnceCell<TorBuild>,
}

impl Stage<'_> {
    /// The C build, complete with tests.
    pub fn c_build(&self) -> Result<&TorBuild> {
        self.once(&self.c, &Choice::None, Faults::Never)
    }

    /// The Rust build, complete with tests.
    pub fn rust_build(&self) -> Result<&TorBuild> {
        self.once(&self.rust, self.choice, Faults::Never)
    }

    /// A Rust build that misbehaves when its environment says so.
    pub fn faulty_build(&self) -> Result<&TorBuild> {
        self.once(&self.faulty, self.choice, Faults::OnDemand)
    }

    fn once<'b>(
        &'b self,
        cell: &'b OnceCell<TorBuild>,
        choice: &Choice,
        faults: Faults,
    ) -> Result<&'b TorBuild> {
        if let Some(build) = cell.get() {
            return Ok(build);
        }
        let extent = match faults {
            Faults::Never => Extent::Everything,
            Faults::OnDemand => Extent::Programs,
        };
        let build = self.builder.build(choice, faults, extent)?;
        Ok(cell.get_or_init(|| build))
    }
}

/// How many tests passed, failed and were skipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Tests that passed.
    pub passed: usize,
    /// Tests that failed.
    pub failed: usize,
    /// Tests that their program chose not to run.
    pub skipped: usize,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// What came of a suite.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Tests of the C build.
    pub c: Option<Tally>,
    /// Tests of the Rust build.
    pub rust: Option<Tally>,
    /// Tests that need both builds or neither.
    pub other: Option<Tally>,
    /// What to say about each failure.
    pub complaints: Vec<String>,
}

impl Outcome {
    fn total(&self) -> Tally {
        let mut total = Tally::default();
        for tally in [self.c, self.rust, self.other].into_iter().flatten() {
            total += tally;
        }
        total
    }

    /// Adds what came of a part, whose name goes before its complaints.
    fn add(&mut self, part: &str, other: Self) {
        for (sum, tally) in [
            (&mut self.c, other.c),
            (&mut self.rust, other.rust),
            (&mut self.other, other.other),
        ] {
            if let Some(tally) = tally {
                *sum.get_or_insert_default() += tally;
            }
        }
        let complaints = other.complaints.into_iter();
        self.complaints
            .extend(complaints.map(|complaint| format!("{part}: {complaint}")));
    }

    /// Counts one check that belongs to neither build or to both.
    pub fn check(&mut self, name: &str, result: Result<()>) {
        let tally = self.other.get_or_insert_default();
        count(tally, &mut self.complaints, name, result);
    }
}

fn count(tally: &mut Tally, complaints: &mut Vec<String>, name: &str, result: Result<()>) {
    match result {
        Ok(()) => tally.passed += 1,
        Err(error) => {
            tally.failed += 1;
            complaints.push(format!("{name}: {error:#}"));
        }
    }
}

/// Prints the suites' names and what they are about.
pub fn list() {
    for suite in SUITES {
        println!("{:12}{}", suite.name, suite.about);
    }
    for suite in ON_REQUEST {
        println!("{:12}{} (only when named)", suite.name, suite.about);
    }
}

/// The suites of these names, in their own order; those of every day if none is
/// named.
pub fn choose(names: &[String]) -> Result<Vec<&'static Suite>> {
    if names.is_empty() {
        return Ok(SUITES.iter().collect());
    }
    let suites = || SUITES.iter().chain(ON_REQUEST);
    let known = |name: &str| suites().any(|suite| suite.name == name);
    if let Some(name) = names.iter().find(|name| !known(name)) {
        let all: Vec<_> = suites().map(|suite| suite.name).collect();
        bail!(
            "there is no suite \"{name}\"; choose from {}",
            all.join(", ")
        );
    }
    let chosen = |suite: &&Suite| names.iter().any(|name| name == suite.name);
    Ok(suites().filter(chosen).collect())
}

/// Runs suites and prints the table.
pub fn run(
    layout: &Layout,
    progress: &Progress,
    catalogue: &Catalogue,
    choice: &Choice,
    builder: &Builder<'_>,
    suites: &[&Suite],
) -> Result<ExitCode> {
    if choice.components().is_empty() {
        bail!("the tests compare a C build with a Rust build: name at least one component");
    }
    let stage = Stage {
        layout,
        progress,
        catalogue,
        choice,
        builder,
        c: OnceCell::new(),
        rust: OnceCell::new(),
        faulty: OnceCell::new(),
    };
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_header(["suite", "C build", "Rust build", "both or neither", "time"]);
    let mut total = Tally::default();
    for suite in suites {
        progress.say(
            style(format!("── {}: {}", suite.name, suite.about))
                .bold()
                .to_string(),
        );
        let started = Instant::now();
        let mut outcome = (suite.run)(&stage).unwrap_or_else(|error| {
            let mut outcome = Outcome::default();
            outcome.check("could not run", Err(error));
            outcome
        });
        for complaint in outcome.complaints.drain(..) {
            let mark = style("✗").red();
            progress.say(format!("{mark} {}: {complaint}", suite.name));
        }
        total += outcome.total();
        let seconds = started.elapsed().as_secs();
        table.add_row([
            suite.name.to_string(),
            cell(outcome.c),
            cell(outcome.rust),
            cell(outcome.other),
            format!("{}:{:02}", seconds / 60, seconds % 60),
        ]);
    }
    if let Some(column) = table.column_mut(4) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    println!(
        "tor {}, passed/failed/skipped\n{table}",
        builder.source().version
    );
    println!(
        "{} passed, {} failed, {} skipped",
        total.passed, total.failed, total.skipped
    );
    Ok(match total.failed {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}

fn cell(tally: Option<Tally>) -> String {
    tally.map_or_else(String::new, |tally| {
        format!("{}/{}/{}", tally.passed, tally.failed, tally.skipped)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_too_long_runs_only_when_it_is_named() {
        let names = |chosen: &[&str]| -> Vec<&str> {
            let chosen: Vec<String> = chosen.iter().map(|&name| name.into()).collect();
            let suites = choose(&chosen).unwrap();
            suites.iter().map(|suite| suite.name).collect()
        };
        assert!(names(&[]).contains(&"valgrind") && !names(&[]).contains(&"asan"));
        assert_eq!(names(&["asan", "unit"]), ["unit", "asan"]);
    }

    #[test]
    fn a_part_adds_to_the_columns_that_it_has_and_signs_its_complaints() {
        let (mut whole, mut part) = (Outcome::default(), Outcome::default());
        whole.check("a", Ok(()));
        part.check("b", Err(anyhow::anyhow!("no")));
        whole.add("part", part);
        let sum = Tally {
            passed: 1,
            failed: 1,
            skipped: 0,
        };
        assert_eq!((whole.c, whole.rust, whole.other), (None, None, Some(sum)));
        assert_eq!(whole.complaints, ["part: b: no"]);
    }
}
