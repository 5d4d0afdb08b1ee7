//! Tor's complete unit-test program, from the C build and from the Rust build:
//! the same names, each with the same verdict. White-box tests of C code that
//! a component replaces are skipped there; `rust/xtask/unit-skips.txt` lists
//! them with the place to which their vectors went, and that list can only
//! shrink.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{bail, ensure, Context, Result};

use super::{count, Outcome, Stage, Tally};
use crate::components::Choice;
use crate::jobs::Job;
use crate::progress::Scale;
use crate::tor_build::TorBuild;

const SKIPS: &str = "rust/xtask/unit-skips.txt";

/// How a test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As it should.
    Passed,
    /// With a complaint.
    Failed,
    /// Not run, by its own choice.
    Skipped,
    /// Its name was printed, and then nothing about it.
    Lost,
}

/// Verdicts by the tests' names.
pub type Verdicts = BTreeMap<String, Verdict>;

/// Runs the program twice and compares.
pub fn run(stage: &Stage<'_>) -> Result<Outcome> {
    let c = of_c(stage)?;
    let label = "unit tests, Rust build";
    beside_c(stage, &c, stage.rust_build()?, stage.choice, label)
}

/// What the C build says.
pub fn of_c(stage: &Stage<'_>) -> Result<Verdicts> {
    verdicts(stage, stage.c_build()?, "unit tests, C build", &[])
}

/// Runs the program of a build with these components in Rust, and compares.
pub fn beside_c(
    stage: &Stage<'_>,
    c: &Verdicts,
    build: &TorBuild,
    choice: &Choice,
    label: &str,
) -> Result<Outcome> {
    let rust = verdicts(stage, build, label, &[])?;
    let skips = fs::read_to_string(stage.layout.root.join(SKIPS))
        .with_context(|| format!("cannot read {SKIPS}"))?;
    let skips = expected_skips(&skips, choice)?;
    Ok(compare(c, &rust, &skips))
}

/// Runs the whole program with these environment variables, and what failed once
/// more.
pub fn verdicts(
    stage: &Stage<'_>,
    build: &TorBuild,
    label: &str,
    variables: &[(&str, String)],
) -> Result<Verdicts> {
    let step = stage.progress.step(label, Scale::Unknown);
    let mut found = run_program(stage, build, label, &[], variables, |line| step.note(line))?;
    ensure!(
        found.len() > 1000,
        "{label}: only {} tests were seen; the program's log is in {}",
        found.len(),
        stage.layout.logs().display()
    );
    // A test that failed gets a second chance, alone: some of tor's own tests
    // measure time and fail on a busy machine, in C just as well.
    let failed: Vec<String> = found
        .iter()
        .filter(|(_, verdict)| matches!(verdict, Verdict::Failed | Verdict::Lost))
        .map(|(name, _)| name.clone())
        .collect();
    for name in failed {
        let argument = name.split(' ').next().unwrap_or_default();
        let label = format!("{label} again");
        let again = run_program(stage, build, &label, &[argument], variables, |_| ())?;
        if again.get(&name) == Some(&Verdict::Passed) {
            stage
                .progress
                .say(format!("  {label}: {name} passed alone, after a failure"));
            found.insert(name, Verdict::Passed);
        }
    }
    step.done(format!("{} tests", found.len()));
    Ok(found)
}

fn run_program(
    stage: &Stage<'_>,
    build: &TorBuild,
    label: &str,
    names: &[&str],
    variables: &[(&str, String)],
    watch: impl FnMut(&str),
) -> Result<Verdicts> {
    let log = stage
        .layout
        .logs()
        .join(label.replace([' ', ','], "-") + ".log");
    // Some tests leave files where they run.
    let folder = tempfile::tempdir()?;
    let program = build.folder.join("src/test/test");
    let mut job = Job::new(program, folder.path(), log).args(names);
    for (name, value) in variables {
        job = job.env(name, value);
    }
    let output = job.finish(watch)?;
    Ok(read_verdicts(&output.text))
}

/// Reads the output of tinytest: `group/name: OK`, where a line may be broken
/// by what the test itself prints.
pub fn read_verdicts(text: &str) -> Verdicts {
    let mut verdicts = Verdicts::new();
    let mut current: Option<String> = None;
    for line in text.lines() {
        let begins = line
            .split_once(": ")
            .or_else(|| Some((line.strip_suffix(':')?, "")));
        let rest = match begins {
            Some((name, rest)) if is_name(name) => {
                // Tor has two tests of the same name.
                let name = match verdicts.contains_key(name) {
                    true => format!("{name} (second)"),
                    false => name.into(),
                };
                verdicts.insert(name.clone(), Verdict::Lost);
                current = Some(name);
                rest
            }
            _ => line,
        };
        let Some(name) = &current else { continue };
        let word = rest.trim_end().rsplit(' ').next().unwrap_or_default();
        let verdict = match word {
            "OK" => Verdict::Passed,
            "SKIPPED" => Verdict::Skipped,
            "FAILED]" => Verdict::Failed,
            _ => continue,
        };
        verdicts.insert(name.clone(), verdict);
        current = None;
    }
    verdicts
}

fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_lowercase())
        && word
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_/-+.".contains(c))
        && !word.ends_with(".c")
}

/// Lines of `component test-name where-its-vectors-are`, for the chosen
/// components: test name → that place.
fn expected_skips(text: &str, choice: &Choice) -> Result<BTreeMap<String, String>> {
    let mut skips = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split_whitespace();
        let (Some(component), Some(test)) = (words.next(), words.next()) else {
            continue;
        };
        let place: Vec<_> = words.collect();
        if place.is_empty() {
            bail!("{SKIPS} does not say where the vectors of {test} went");
        }
        if choice.components().iter().any(|c| c.name == component) {
            skips.insert(test.to_string(), place.join(" "));
        }
    }
    Ok(skips)
}

/// Adds each verdict to `tally`, and those of failed tests to `complaints`.
pub fn count_verdicts(verdicts: &Verdicts, tally: &mut Tally, complaints: &mut Vec<String>) {
    for (name, verdict) in verdicts {
        match verdict {
            Verdict::Skipped => tally.skipped += 1,
            Verdict::Passed => tally.passed += 1,
            Verdict::Failed | Verdict::Lost => {
                count(tally, complaints, name, Err(anyhow::anyhow!("{verdict:?}")))
            }
        }
    }
}

fn compare(c: &Verdicts, rust: &Verdicts, skips: &BTreeMap<String, String>) -> Outcome {
    let mut outcome = Outcome::default();
    let (mut of_c, mut of_rust) = (Tally::default(), Tally::default());
    for (verdicts, tally) in [(c, &mut of_c), (rust, &mut of_rust)] {
        count_verdicts(verdicts, tally, &mut outcome.complaints);
    }
    let names: std::collections::BTreeSet<&String> = c.keys().chain(rust.keys()).collect();
    let mut differences = Vec::new();
    for name in names {
        let both = (c.get(name), rust.get(name));
        let as_expected = match skips.get(name) {
            Some(_) => both == (Some(&Verdict::Passed), Some(&Verdict::Skipped)),
            None => both.0 == both.1,
        };
        if !as_expected {
            let word = |verdict: Option<&Verdict>| match verdict {
                Some(verdict) => format!("{verdict:?}").to_lowercase(),
                None => "absent".into(),
            };
            let listed = match skips.contains_key(name) {
                true => format!(", and {SKIPS} lists it"),
                false => String::new(),
            };
            differences.push(format!(
                "{name} {} in the C build, {} in the Rust build{listed}",
                word(both.0),
                word(both.1)
            ));
        }
    }
    outcome.c = Some(of_c);
    outcome.rust = Some(of_rust);
    let same = match differences.is_empty() {
        true => Ok(()),
        false => Err(anyhow::anyhow!("{}", differences.join("; "))),
    };
    outcome.check("same names, same verdicts", same);
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
onion_queues: OK
util/thread/basic: [forking] OK
crypto/cgo: [forking] Nov 23 21:55:05.000 [warn] src/x.c: no
  still talking
OK
tortls/x: SKIPPED
dir/bad: [forking] 
  FAIL src/test/test_dir.c:1: assert(0)
  [bad FAILED]
onion_queues: OK
dir/crash: 
";

    #[test]
    fn verdicts_are_found_behind_what_tests_print() {
        let verdicts = read_verdicts(TEXT);
        let of = |name: &str| verdicts.get(name).copied();
        assert_eq!(of("onion_queues"), Some(Verdict::Passed));
        assert_eq!(of("util/thread/basic"), Some(Verdict::Passed));
        assert_eq!(of("crypto/cgo"), Some(Verdict::Passed));
        assert_eq!(of("tortls/x"), Some(Verdict::Skipped));
        assert_eq!(of("dir/bad"), Some(Verdict::Failed));
        assert_eq!(of("dir/crash"), Some(Verdict::Lost));
        assert_eq!(of("onion_queues (second)"), Some(Verdict::Passed));
        assert_eq!(verdicts.len(), 7);
    }

    #[test]
    fn a_difference_is_one_failure_and_names_the_tests() {
        let c = read_verdicts("a/b: OK\na/c: OK\n");
        let rust = read_verdicts("a/b: SKIPPED\n");
        let outcome = compare(&c, &rust, &BTreeMap::new());
        assert_eq!(outcome.other.unwrap().failed, 1);
        assert!(outcome.complaints[0].contains("a/b passed in the C build, skipped"));
        assert!(outcome.complaints[0].contains("a/c passed in the C build, absent"));
    }

    #[test]
    fn a_listed_skip_has_to_be_skipped() {
        let skips = BTreeMap::from([("a/b".to_string(), "tests/vectors".to_string())]);
        let c = read_verdicts("a/b: OK\n");
        let skipped = read_verdicts("a/b: SKIPPED\n");
        assert_eq!(compare(&c, &skipped, &skips).other.unwrap().failed, 0);
        assert_eq!(compare(&c, &c, &skips).other.unwrap().failed, 1);
    }
}
