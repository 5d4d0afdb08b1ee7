//! `cargo xtask fuzz`: the comparisons of `tests/parity` under libFuzzer.
//!
//! With a nightly toolchain, Rust and the C files of the components
//! are instrumented: AddressSanitizer and coverage on both sides. Without, the
//! same program replays the corpus. Findings and work in progress are kept in
//! `target/tor/fuzz/NAME/`; what is committed lies in `tests/fuzz/`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{bail, ensure, Context, Result};
use clap::Args;
use network::{Binary, Network, Quiet, Select, Setting, Spec, Target as Place, Transfer};

use crate::components::Choice;
use crate::jobs::Job;
use crate::layout::Layout;
use crate::packages;
use crate::progress::{Progress, Scale};
use crate::source::SourceOption;
use crate::suites::cargo_tests::TOR_C;
use crate::tor_build::cargo;
use crate::tor_build::{Builder, Extent, Faults};

/// Options of `cargo xtask fuzz`.
#[derive(Args)]
pub struct FuzzOptions {
    /// The comparison to fuzz, or all
    #[arg(value_name = "NAME", required_unless_present_any = ["list", "record"])]
    name: Option<String>,
    /// How long each comparison is fuzzed
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// List the comparisons and stop
    #[arg(long)]
    list: bool,
    /// Write the committed corpus anew afterwards: the fewest inputs that reach
    /// all that is known to be reachable
    #[arg(long)]
    minimise: bool,
    /// Run a private network and keep its relay cells, from which corpora begin
    #[arg(long, conflicts_with_all = ["name", "list", "minimise"])]
    record: bool,
    #[command(flatten)]
    pub source: SourceOption,
}

/// Runs the verb.
pub fn run(
    layout: &Layout,
    progress: &Progress,
    builder: &Builder<'_>,
    all: &Choice,
    options: &FuzzOptions,
) -> Result<ExitCode> {
    if options.record {
        return record(layout, progress, builder, all);
    }
    let fuzzer = Fuzzer::build(layout, progress, builder)?;
    if options.list {
        for (name, component) in &fuzzer.targets {
            println!("{name:20}{component}");
        }
        return Ok(ExitCode::SUCCESS);
    }
    let mut failed = false;
    for target in fuzzer.choose(options.name.as_deref().unwrap_or("all"))? {
        match fuzzer.run(progress, target, options.seconds) {
            Ok(()) if options.minimise => fuzzer.minimise(progress, target)?,
            Ok(()) => {}
            Err(error) => {
                progress.say(format!("{error:#}"));
                failed = true;
            }
        }
    }
    Ok(match failed {
        false => ExitCode::SUCCESS,
        true => ExitCode::FAILURE,
    })
}

/// The program that fuzzes, and what it can fuzz.
pub struct Fuzzer<'a> {
    layout: &'a Layout,
    program: PathBuf,
    /// Whether it was built with sanitizers and coverage.
    instrumented: bool,
    /// Name and component of each comparison.
    pub targets: Vec<(String, String)>,
}

/// What a nightly rustc is told: find memory errors, report which code runs.
const INSTRUMENTATION: &str = "-Zsanitizer=address -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares \
    --cfg fuzzing";

impl<'a> Fuzzer<'a> {
    /// Builds the program, instrumented if there is a nightly toolchain.
    pub fn build(layout: &'a Layout, progress: &Progress, builder: &Builder<'_>) -> Result<Self> {
        let c = builder.build(&Choice::None, Faults::Never, Extent::Library)?;
        let nightly = nightly_cargo();
        let packages = match nightly {
            Some(_) => packages::FOR_INSTRUMENTED_FUZZERS,
            None => packages::FOR_FUZZERS,
        };
        packages::ensure(layout, progress, packages)?;
        // Elsewhere than on Debian nobody has seen to it.
        let instrumented = nightly.is_some() && has_clang();
        let label = match instrumented {
            true => "build the fuzzer, with AddressSanitizer and coverage",
            false => "build the fuzzer",
        };
        let step = progress.step(label, Scale::Unknown);
        let log = layout.logs().join("fuzz-build.log");
        let host = host_triple()?;
        // A folder of its own: other flags than anybody else's.
        let target = layout.target.join("fuzz");
        let cargo = match (&nightly, instrumented) {
            (Some(nightly), true) => nightly.clone(),
            _ => cargo().into(),
        };
        let mut job = Job::new(cargo, &layout.root, log)
            .args([
                "build",
                "--locked",
                "--profile",
                "fuzz",
                "--package",
                "fuzz",
            ])
            .args(["--manifest-path", "tests/Cargo.toml", "--target", &host])
            .env("CARGO_TARGET_DIR", &target)
            .env(TOR_C, &c.folder);
        if instrumented {
            job = job
                .env("RUSTFLAGS", INSTRUMENTATION)
                .env("TORRS_FUZZ", "1")
                // Not the toolchain that runs us.
                .env("RUSTUP_TOOLCHAIN", "nightly");
        }
        job.run(|line| step.note(line.trim()))?;
        step.done("");
        if !instrumented {
            progress.say(
                "no nightly toolchain: the corpus is replayed, nothing new is searched for \
                 (rustup toolchain install nightly)",
            );
        }
        let program = target.join(host).join("fuzz/fuzz");
        let output = Command::new(&program)
            .env_remove("TORRS_FUZZ_TARGET")
            .output()
            .with_context(|| format!("cannot run {}", program.display()))?;
        let targets = String::from_utf8_lossy(&output.stdout)
            .lines()
            .filter_map(|line| line.split_once(' '))
            .map(|(name, component)| (name.to_owned(), component.to_owned()))
            .collect::<Vec<_>>();
        ensure!(!targets.is_empty(), "the fuzzer knows no comparison");
        Ok(Self {
            layout,
            program,
            instrumented,
            targets,
        })
    }

    /// The comparison of this name, or all of them.
    fn choose(&self, name: &str) -> Result<Vec<&(String, String)>> {
        if name == "all" {
            return Ok(self.targets.iter().collect());
        }
        match self.targets.iter().find(|target| target.0 == name) {
            Some(target) => Ok(vec![target]),
            None => {
                let all: Vec<_> = self.targets.iter().map(|target| &*target.0).collect();
                bail!(
                    "there is no comparison \"{name}\"; choose all or one of {}",
                    all.join(", ")
                )
            }
        }
    }

    /// Fuzzes one comparison for so many seconds, or replays its corpus.
    ///
    /// An error is a finding: it says what differs and where the input is kept.
    pub fn run(
        &self,
        progress: &Progress,
        (name, component): &(String, String),
        seconds: u64,
    ) -> Result<()> {
        let folders = Folders::make(self.layout, name)?;
        let label = match self.instrumented {
            true => format!("fuzz {name}"),
            false => format!("replay the corpus of {name}"),
        };
        let step = progress.step(label, Scale::Unknown);
        let mut job = self
            .job(name, &folders)
            .arg(format!("-artifact_prefix={}/", folders.findings.display()));
        job = match self.instrumented {
            true => job.args([
                format!("-max_total_time={seconds}"),
                "-print_final_stats=1".to_owned(),
            ]),
            false => job.arg("-runs=0"),
        };
        let dictionary = self
            .layout
            .root
            .join(format!("tests/fuzz/dictionaries/{component}.dict"));
        if dictionary.is_file() {
            job = job.arg(format!("-dict={}", dictionary.display()));
        }
        let job = job.arg(&folders.work).arg(&folders.corpus);
        let output = job.finish(|line| {
            if line.starts_with('#') {
                step.note(line.trim());
            }
        })?;
        if output.success {
            step.done(match statistic(&output.text, "number_of_executed_units") {
                Some(runs) => format!("{runs} inputs, no difference"),
                None => "no difference".into(),
            });
            return Ok(());
        }
        let after = |start: &str| {
            let found = |line: &str| line.split_once(start).map(|(_, rest)| rest.to_owned());
            output.text.lines().find_map(found)
        };
        let Some(input) = after("Test unit written to ") else {
            bail!(job.complaint(&output));
        };
        let difference = after(&format!("{name}: "))
            .or_else(|| after("SUMMARY: "))
            .unwrap_or_default();
        bail!(
            "{name}: {difference}\nThe input is {input}; the full log is {}.\n\
             Make the input tests/fuzz/regressions/{name}/WHAT.bin, with the reason in one line \
             in WHAT.txt beside it.",
            self.log(name).display()
        )
    }

    /// Writes the committed corpus of one comparison anew.
    fn minimise(&self, progress: &Progress, (name, _): &(String, String)) -> Result<()> {
        ensure!(
            self.instrumented,
            "a corpus can only be minimised with a nightly toolchain: rustup toolchain install nightly"
        );
        let folders = Folders::make(self.layout, name)?;
        let step = progress.step(format!("minimise the corpus of {name}"), Scale::Unknown);
        let fresh = folders.corpus.with_extension("new");
        if fresh.exists() {
            fs::remove_dir_all(&fresh)?;
        }
        fs::create_dir_all(&fresh)?;
        self.job(name, &folders)
            .arg("-merge=1")
            .args([&fresh, &folders.work, &folders.corpus])
            .run(|line| step.note(line.trim()))?;
        fs::remove_dir_all(&folders.corpus)?;
        fs::rename(&fresh, &folders.corpus)?;
        step.done(format!("{} inputs", fs::read_dir(&folders.corpus)?.count()));
        Ok(())
    }

    fn log(&self, name: &str) -> PathBuf {
        self.layout.logs().join(format!("fuzz-{name}.log"))
    }

    fn job(&self, name: &str, folders: &Folders) -> Job {
        Job::new(&self.program, &self.layout.root, self.log(name))
            .env("TORRS_FUZZ_TARGET", name)
            .env("TORRS_FUZZ_SEEDS", &folders.work)
            // C Tor keeps tables until its process ends.
            .env("ASAN_OPTIONS", "detect_leaks=0")
            .arg("-max_len=4096")
    }
}

/// Where the inputs of a comparison are.
struct Folders {
    /// What fuzzing has found interesting so far.
    work: PathBuf,
    /// What went wrong.
    findings: PathBuf,
    /// The committed corpus.
    corpus: PathBuf,
}

impl Folders {
    fn make(layout: &Layout, name: &str) -> Result<Self> {
        let own = layout.tor().join("fuzz").join(name);
        let folders = Self {
            work: own.join("work"),
            findings: own.join("findings"),
            corpus: layout.root.join("tests/fuzz/corpus").join(name),
        };
        for folder in [&folders.work, &folders.findings, &folders.corpus] {
            fs::create_dir_all(folder)?;
        }
        Ok(folders)
    }
}

/// Runs a network whose nodes record, and keeps what is new.
fn record(
    layout: &Layout,
    progress: &Progress,
    builder: &Builder<'_>,
    all: &Choice,
) -> Result<ExitCode> {
    let build = builder.build(all, Faults::OnDemand, Extent::Programs)?;
    let step = progress.step("record a private network", Scale::Unknown);
    let scratch = tempfile::Builder::new()
        .prefix("record-")
        .tempdir_in(layout.tor())?;
    let cells = scratch.path().join("cells");
    fs::create_dir(&cells)?;
    let folder = cells.to_string_lossy().into_owned();
    let spec = Spec::new(
        scratch.path().join("network"),
        Binary::from_build("recording", &build.folder)?,
    )
    .with(Select::All, Setting::Env("TORRS_RECORD".into(), folder));
    let network = Network::start(spec, &Quiet)?;
    for transfer in [
        Transfer::fetch(Place::Exit, 1 << 20),
        Transfer::send(Place::Exit, 1 << 20),
        Transfer::fetch(Place::Onion("onion1"), 1 << 20),
    ] {
        let done = network.client().run(&transfer, &mut |_| {})?;
        ensure!(done.matches(), "the recorded network moves data wrongly");
    }
    // Circuits built hop by hop use CGO.
    let hops = ["relay1", "relay2", "exit1"];
    let circuit = network.client().build_circuit(&hops)?;
    let fetch = Transfer::fetch(Place::Exit, 1 << 20).on(&circuit);
    network.client().run(&fetch, &mut |_| {})?;
    drop(circuit);
    network.stop()?;
    let kept = layout.root.join("tests/fuzz/recorded/relay-cells");
    fs::create_dir_all(&kept)?;
    let mut new = 0;
    for cell in fs::read_dir(&cells)? {
        let cell = cell?;
        let place = kept.join(cell.file_name());
        if !place.exists() {
            fs::copy(cell.path(), place)?;
            new += 1;
        }
    }
    step.done(format!("{new} new relay cells"));
    Ok(ExitCode::SUCCESS)
}

/// The cargo of the nightly toolchain, if there is one.
fn nightly_cargo() -> Option<PathBuf> {
    let output = Command::new("rustup")
        .args(["which", "--toolchain", "nightly", "cargo"])
        .output()
        .ok()?;
    let path = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (output.status.success() && Path::new(&path).is_file()).then(|| path.into())
}

fn has_clang() -> bool {
    let output = Command::new("clang").arg("--version").output();
    output.is_ok_and(|output| output.status.success())
}

/// The target that rustc compiles for by itself.
fn host_triple() -> Result<String> {
    let output = Command::new("rustc")
        .args(["--version", "--verbose"])
        .output()
        .context("cannot run rustc")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc does not name its host")?.to_owned())
}

/// A number of libFuzzer's final statistics.
fn statistic(text: &str, name: &str) -> Option<u64> {
    let line = text
        .lines()
        .find(|line| line.contains(&format!("stat::{name}:")))?;
    line.rsplit(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libfuzzers_statistics_are_read() {
        let text = "Done\nstat::number_of_executed_units: 13594\nstat::peak_rss_mb:  416\n";
        assert_eq!(statistic(text, "number_of_executed_units"), Some(13594));
        assert_eq!(statistic(text, "peak_rss_mb"), Some(416));
        assert_eq!(statistic(text, "new_units_added"), None);
    }
}
