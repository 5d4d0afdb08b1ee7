//! Tor's own reference implementations of ntor and hs-ntor, in Python, shake
//! hands with the programs of the C build and of the Rust build: a judge that
//! shares no code with either.
//!
//! Programs whose answers are changed in one digit prove that it judges.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{anyhow, Context, Result};

use super::{count, Outcome, Stage};
use crate::jobs::Job;
use crate::packages;
use crate::progress::Scale;
use crate::tor_build::Tree;

/// What it takes. Curve25519 comes with the scripts.
const PACKAGES: &[&str] = &["python3"];

/// Automake's exit code for a test that cannot run here.
const SKIPPED: i32 = 77;

/// A script that `make check` runs.
struct Reference {
    script: &'static str,
    /// The program with which it shakes hands.
    program: &'static str,
    /// Why it skips itself, which it does without a word.
    skips_if: &'static str,
}

const REFERENCES: &[Reference] = &[
    Reference {
        script: "src/test/test_ntor.sh",
        program: "src/test/test-ntor-cl",
        skips_if: "for a reason that is new",
    },
    Reference {
        script: "src/test/test_hs_ntor.sh",
        program: "src/test/test-hs-ntor-cl",
        skips_if: "as python3 has no SHA3 in its hashlib",
    },
];

/// Stands in for a program and changes the last digit of what its server
/// answers: ntor's keys, or hs-ntor's ephemeral public key.
const CHANGED: &str = r#"#!/bin/sh
case "$1" in
server1) "$CTOR_PROGRAM" "$@" | sed -e '$!b' -e 's/[0-7]$/8/' -e t -e 's/.$/0/' ;;
*) exec "$CTOR_PROGRAM" "$@" ;;
esac
"#;

/// How a script says that an answer is not what it should be.
const NOTICED: &str = "AssertionError";

/// Runs each script with both builds, and with changed answers.
pub fn run(stage: &Stage<'_>) -> Result<Outcome> {
    packages::ensure(stage.layout, stage.progress, PACKAGES)?;
    let (c_build, rust_build) = (stage.c_build()?, stage.rust_build()?);
    let tree = stage.builder.tree(Tree::C)?;
    let step = stage
        .progress
        .step("handshakes with Python", Scale::Unknown);
    let mut outcome = Outcome::default();
    for (label, build, column) in [
        ("C build", c_build, &mut outcome.c),
        ("Rust build", rust_build, &mut outcome.rust),
    ] {
        let tally = column.get_or_insert_default();
        for reference in REFERENCES {
            let name = format!("{}, {label}", reference.script);
            step.note(&name);
            let job = reference.job(stage, &tree, &build.folder, label);
            let output = job.finish(|_| ())?;
            if output.code == Some(SKIPPED) {
                tally.skipped += 1;
                let line = format!("  {name}: skipped {}", reference.skips_if);
                stage.progress.say(line);
                continue;
            }
            let result = match output.success {
                true => Ok(()),
                false => Err(anyhow!(job.complaint(&output))),
            };
            count(tally, &mut outcome.complaints, &name, result);
        }
    }
    for reference in REFERENCES {
        let name = format!("{}, a changed answer", reference.script);
        step.note(&name);
        let folder = tempfile::tempdir()?;
        let job = reference.changed(stage, &tree, folder.path(), &rust_build.folder)?;
        let output = job.finish(|_| ())?;
        if output.code == Some(SKIPPED) {
            outcome.other.get_or_insert_default().skipped += 1;
            continue;
        }
        let noticed = !output.success && output.text.contains(NOTICED);
        outcome.check(&name, noticed.then_some(()).context("was not noticed"));
    }
    step.done("");
    Ok(outcome)
}

impl Reference {
    /// The script of the unpatched tree, with the program that is below `folder`.
    fn job(&self, stage: &Stage<'_>, tree: &Path, folder: &Path, label: &str) -> Job {
        let script = PathBuf::from(self.script);
        let stem = script.file_stem().unwrap_or_default().to_string_lossy();
        let log = format!("{stem}-{}.log", label.replace(' ', "-"));
        Job::new("sh", folder, stage.layout.logs().join(log))
            .arg(tree.join(&script))
            .env("abs_top_srcdir", tree)
            // The script would look for `python`, which Debian does not have.
            .env("PYTHON", "python3")
            // The tree stays as it is.
            .env("PYTHONDONTWRITEBYTECODE", "1")
    }

    /// The script, with [`CHANGED`] below the empty `folder` in the place of the
    /// program of `build`.
    fn changed(&self, stage: &Stage<'_>, tree: &Path, folder: &Path, build: &Path) -> Result<Job> {
        let program = folder.join(self.program);
        fs::create_dir_all(program.parent().context("a program without a folder")?)?;
        fs::write(&program, CHANGED)?;
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
        let job = self.job(stage, tree, folder, "changed answer");
        Ok(job.env("CTOR_PROGRAM", build.join(self.program)))
    }
}
