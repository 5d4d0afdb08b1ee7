//! The real patches on a real tree: a fresh one, a second time, a git
//! checkout, one with a line that does not fit, and all the way back.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use anyhow::{bail, ensure, Context, Result};
use tempfile::TempDir;
use walkdir::WalkDir;

use super::{Outcome, Stage};
use crate::apply::{apply, originals, series, take_back};
use crate::mirror::mirror;
use crate::progress::Scale;

/// Content and time stamp of each file.
type Snapshot = BTreeMap<PathBuf, (Vec<u8>, SystemTime)>;

/// The one check that needs git, and is skipped without it.
const CHECKOUT: &str = "a git checkout is like a tarball";

/// Something that has to hold for a fresh tree.
type Check = fn(&Scene<'_>) -> Result<()>;

/// Runs each check on a tree of its own.
pub fn run(stage: &Stage<'_>) -> Result<Outcome> {
    let step = stage.progress.step("apply", Scale::Unknown);
    let mut outcome = Outcome::default();
    let checks: [(&str, Check); 4] = [
        ("a second run changes nothing", twice),
        ("a misfit is named and changes nothing", misfit),
        ("taken back, the tree is as it was", back),
        (CHECKOUT, checkout),
    ];
    for (name, check) in checks {
        step.note(name);
        if name == CHECKOUT && Command::new("git").arg("--version").output().is_err() {
            outcome.other.get_or_insert_default().skipped += 1;
            continue;
        }
        let result = Scene::new(stage).and_then(|scene| check(&scene));
        outcome.check(name, result);
    }
    step.done("");
    Ok(outcome)
}

/// A fresh tree.
struct Scene<'a> {
    root: &'a Path,
    tree: PathBuf,
    _folder: TempDir,
}

impl<'a> Scene<'a> {
    fn new(stage: &'a Stage<'_>) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let tree = folder.path().join("tor");
        let source = &stage.builder.source().folder;
        let root = &stage.layout.root;
        let unpatched = originals(source, &series(root)?)?;
        mirror(source, &unpatched, &tree)?;
        Ok(Self {
            root,
            tree,
            _folder: folder,
        })
    }

    fn snapshot(&self) -> Result<Snapshot> {
        let mut files = Snapshot::new();
        for entry in WalkDir::new(&self.tree) {
            let entry = entry?;
            if entry.file_type().is_file() {
                let content = (fs::read(entry.path())?, entry.metadata()?.modified()?);
                files.insert(entry.into_path(), content);
            }
        }
        Ok(files)
    }
}

fn twice(scene: &Scene<'_>) -> Result<()> {
    let first = apply(scene.root, &scene.tree)?;
    ensure!(!first.is_empty(), "the first run did nothing");
    let before = scene.snapshot()?;
    let second = apply(scene.root, &scene.tree)?;
    ensure!(
        second.is_empty(),
        "the second run wrote {:?}",
        second.written
    );
    ensure!(scene.snapshot()? == before, "a file or its time changed");
    Ok(())
}

fn misfit(scene: &Scene<'_>) -> Result<()> {
    // The lists of libraries that the archive joins: without them nothing fits.
    let makefile = scene.tree.join("Makefile.am");
    let text = fs::read_to_string(&makefile)?;
    let broken = text.replace("src/lib/libtor-trace.a", "src/lib/libtor-other.a");
    ensure!(text != broken, "Makefile.am has no line to break");
    fs::write(&makefile, broken)?;
    let before = scene.snapshot()?;
    let Err(error) = apply(scene.root, &scene.tree) else {
        bail!("the patches fitted a tree in which they must not");
    };
    let error = error.to_string();
    for word in [
        ".patch does not fit: hunk ",
        "of Makefile.am",
        "Nothing was changed",
    ] {
        ensure!(
            error.contains(word),
            "the error does not say \"{word}\": {error}"
        );
    }
    ensure!(scene.snapshot()? == before, "the tree changed");
    Ok(())
}

fn back(scene: &Scene<'_>) -> Result<()> {
    let contents = |snapshot: Snapshot| -> BTreeMap<PathBuf, Vec<u8>> {
        let files = snapshot.into_iter();
        files.map(|(path, (content, _))| (path, content)).collect()
    };
    let before = contents(scene.snapshot()?);
    apply(scene.root, &scene.tree)?;
    take_back(scene.root, &scene.tree)?;
    ensure!(contents(scene.snapshot()?) == before, "something is left");
    Ok(())
}

fn checkout(scene: &Scene<'_>) -> Result<()> {
    let git = |arguments: &[&str]| -> Result<String> {
        let output = Command::new("git")
            .current_dir(&scene.tree)
            .args([
                "-c",
                "user.name=x",
                "-c",
                "user.email=x",
                "-c",
                "commit.gpgsign=false",
            ])
            .args(arguments)
            .output()
            .context("git is needed: install it")?;
        ensure!(output.status.success(), "git {arguments:?} failed");
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    };
    git(&["init", "--quiet"])?;
    git(&["add", "--all"])?;
    git(&["commit", "--quiet", "--message", "tor"])?;
    apply(scene.root, &scene.tree)?;
    ensure!(
        git(&["status", "--short"])?.contains("src/rust/"),
        "src/rust is not there"
    );
    // A developer takes the files back with git and leaves the crates.
    git(&["checkout", "--quiet", "."])?;
    apply(scene.root, &scene.tree)?;
    ensure!(
        git(&["diff", "--stat"])?.contains("configure.ac"),
        "the patches were not applied again"
    );
    Ok(())
}
