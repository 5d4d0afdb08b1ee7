//! All of tor, its C code compiled with AddressSanitizer and UBSan, and with
//! AddressSanitizer in Rust, too, where a nightly toolchain can put it there:
//! the complete unit tests and one private network.
//!
//! A stable compiler instruments no Rust. Its heap is the sanitizer's in any
//! case, so leaks, double frees, and what C does to Rust's memory are found
//! without; what Rust's few `unsafe` places do is not. The runtime is that of
//! the C compiler; instrumented Rust calls the same functions there.
//!
//! Proof that the sanitizers are in the very programs: their symbols, and
//! planted faults that have to be reported.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{bail, ensure, Context, Result};
use network::{Binary, Ended, Network, Observer, Select, Setting, Spec};
use object::{Object, ObjectSymbol};

use super::reports::{FAULTS, FAULTY_TEST};
use super::unit::{count_verdicts, verdicts};
use super::{count, Outcome, Stage, Tally};
use crate::jobs::Job;
use crate::progress::Scale;
use crate::tor_build::{Nightly, TorBuild};

/// What C Tor is known for, line by line with the reason.
const UNDEFINED: &str = "rust/xtask/ubsan-suppressions.txt";
const LEAKS: &str = "rust/xtask/lsan-suppressions.txt";

/// How the sanitizers' reports begin.
const MARKS: [&str; 3] = [
    "ERROR: AddressSanitizer",
    "ERROR: LeakSanitizer",
    "runtime error:",
];

/// Bytes to fetch over a circuit with CGO, and from the onion service, which
/// uses tor1.
const BYTES: u64 = 4 << 20;

/// Builds, checks the build, and runs tests and network.
pub fn run(stage: &Stage<'_>) -> Result<Outcome> {
    let nightly = Nightly::find();
    stage.progress.say(match nightly {
        Some(_) => "Rust side instrumented, by the nightly toolchain",
        None => {
            "Rust side not instrumented: no nightly toolchain (rustup toolchain install nightly)"
        }
    });
    let build = stage
        .builder
        .build_sanitized(stage.choice, nightly.as_ref())?;
    let faulty = stage
        .builder
        .link_faulty_test(&build, stage.faulty_build()?)?;
    let mut outcome = Outcome::default();
    for program in ["src/app/tor", "src/test/test"] {
        let linked = is_instrumented(&build.folder.join(program), nightly.is_some());
        outcome.check(&format!("{program}, the sanitizers"), linked);
    }
    for (fault, words) in FAULTS.into_iter().zip([
        ["detected memory leaks", "cgo_crypt_new"],
        ["heap-use-after-free", "test_crypto_cgo"],
    ]) {
        let noticed = planted(stage, &build.folder.join(faulty), fault, &words);
        outcome.check(&format!("a planted {fault}"), noticed);
    }
    let mut tally = Tally::default();
    let label = "unit tests, sanitizers";
    let verdicts = verdicts(stage, &build, label, &options(stage))?;
    count_verdicts(&verdicts, &mut tally, &mut outcome.complaints);
    let log = stage.layout.logs().join("unit-tests--sanitizers.log");
    let text = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
    let name = format!("no report in {}", log.display());
    count(
        &mut tally,
        &mut outcome.complaints,
        &name,
        silent(text.lines()),
    );
    let carried = carry(stage, &build);
    count(
        &mut tally,
        &mut outcome.complaints,
        "a private network",
        carried,
    );
    outcome.rust = Some(tally);
    Ok(outcome)
}

/// Environment for a program with sanitizers: the first error ends it, and
/// leaks are reported when it ends. All reports go to standard error; with both
/// sanitizers in one program, gcc's do not follow `log_path`.
fn options(stage: &Stage<'_>) -> [(&'static str, String); 3] {
    let file = |name: &str| stage.layout.root.join(name).display().to_string();
    [
        ("ASAN_OPTIONS", "detect_leaks=1".into()),
        (
            "LSAN_OPTIONS",
            format!("print_suppressions=0:suppressions={}", file(LEAKS)),
        ),
        (
            "UBSAN_OPTIONS",
            format!(
                "print_stacktrace=1:halt_on_error=1:suppressions={}",
                file(UNDEFINED)
            ),
        ),
    ]
}

/// Fails if one of these lines begins a report.
fn silent<'a>(mut lines: impl Iterator<Item = &'a str>) -> Result<()> {
    match lines.find(|line| MARKS.iter().any(|mark| line.contains(mark))) {
        Some(line) => bail!("{line}"),
        None => Ok(()),
    }
}

/// Looks for the calls that the compilers put into instrumented code.
fn is_instrumented(program: &Path, rust_too: bool) -> Result<()> {
    let data = fs::read(program).with_context(|| format!("no {}", program.display()))?;
    let file = object::File::parse(&*data)?;
    let mut wanted = vec!["__asan_init", "__asan_report_store8", "__ubsan_handle_"];
    // Only LLVM names it so, and it compiles only Rust here.
    if rust_too {
        wanted.push("asan.module_ctor");
    }
    for name in wanted {
        let there = file
            .symbols()
            .chain(file.dynamic_symbols())
            .any(|symbol| symbol.name().is_ok_and(|found| found.starts_with(name)));
        ensure!(there, "has no symbol {name}");
    }
    Ok(())
}

/// Runs a unit test with a fault, which has to be reported.
fn planted(stage: &Stage<'_>, program: &Path, fault: &str, words: &[&str]) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let log = stage
        .layout
        .logs()
        .join(format!("asan-planted-{fault}.log"));
    let mut job = Job::new(program, folder.path(), log)
        .arg(FAULTY_TEST)
        .env("TORRS_FAULT", fault);
    for (name, value) in options(stage) {
        job = job.env(name, value);
    }
    let text = job.finish(|_| ())?.text;
    for word in words {
        ensure!(text.contains(word), "\"{word}\" is not reported");
    }
    Ok(())
}

/// A network of nothing else, a download through it and one from its onion
/// service. A node with something to report says so in its output.
fn carry(stage: &Stage<'_>, build: &TorBuild) -> Result<()> {
    let step = stage
        .progress
        .step("network with sanitizers", Scale::Unknown);
    let folder = stage.layout.tor().join("networks/asan");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let mut spec = Spec::new(&folder, Binary::from_build("sanitizers", &build.folder)?);
    for (name, value) in options(stage) {
        spec = spec.with(Select::All, Setting::Env(name.into(), value));
    }
    let network = Network::start(spec, &Notes(&step))?;
    network.carries(BYTES)?;
    network.alive()?;
    let mut complaints = network.bug_lines();
    let nodes: Vec<_> = network.nodes().cloned().collect();
    let ended = network.stop()?;
    for node in &nodes {
        // What tor says at its end is there, too.
        let text = fs::read(node.folder.join("output.log"))?;
        if let Err(report) = silent(String::from_utf8_lossy(&text).lines()) {
            complaints.push(format!("{}: {report}", node.name));
        }
    }
    let disorderly = ended.iter().filter(|ended| !ended.orderly());
    complaints.extend(disorderly.map(Ended::to_string));
    ensure!(
        complaints.is_empty(),
        "{}\nlogs are in {}",
        complaints.join("\n"),
        folder.display()
    );
    fs::remove_dir_all(folder)?;
    step.done(format!("{} nodes, 2 downloads", ended.len()));
    Ok(())
}

/// Shows where a network's start is.
struct Notes<'a>(&'a crate::progress::Step<'a>);

impl Observer for Notes<'_> {
    fn started(&self, step: network::Step) {
        self.0.note(step.to_string());
    }

    fn progress(&self, _: network::Step, _: u8, _: &str) {}

    fn finished(&self, _: network::Step, _: Duration) {}
}
