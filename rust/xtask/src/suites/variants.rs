//! Other ways to configure, each up to a linked tor: in the source tree,
//! without the relay module, without the directory authority module. What
//! configure has to refuse, with the words that tell the user why. And the
//! archive as configure chooses it for the oldest compiler: without what needs a
//! newer one. (A newer one compiles it here.)

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{ensure, Context, Result};

use super::{Outcome, Stage};
use crate::compiler_cache::Reuse;
use crate::components::{accelerators, read_manifest};
use crate::jobs::Job;
use crate::progress::Scale;
use crate::tor_build::{jobs, toolchain, Tree, CONFIGURE_ARGUMENTS};

/// What has to come of a variant.
enum Expected {
    /// A tor that runs and names its Rust components.
    Tor,
    /// Configure stops, and its last words hold all of these.
    Refusal(&'static [&'static str]),
    /// An archive, without any of the accelerators that Cargo.toml names.
    PlainArchive,
}

/// Where a variant is built.
#[derive(PartialEq, Eq)]
enum Place {
    Outside,
    InTree,
}

struct Variant {
    name: &'static str,
    place: Place,
    arguments: &'static [&'static str],
    expected: Expected,
}

/// `@FAKES@` is a folder with a rustc and a cargo that are too old, and a rustc
/// that says it is just old enough; `@MINIMUM@` is the version that Cargo.toml
/// states.
const VARIANTS: &[Variant] = &[
    Variant {
        name: "bogus-component",
        place: Place::Outside,
        arguments: &["--enable-rust=bogus"],
        expected: Expected::Refusal(&["bogus", "cells cert link onion relaycrypt trunnel"]),
    },
    Variant {
        name: "old-rustc",
        place: Place::Outside,
        arguments: &["--enable-rust", "RUSTC=@FAKES@/rustc"],
        expected: Expected::Refusal(&["rustc", "1.63.0", "@MINIMUM@"]),
    },
    Variant {
        name: "old-cargo",
        place: Place::Outside,
        arguments: &["--enable-rust", "CARGO=@FAKES@/cargo"],
        expected: Expected::Refusal(&["cargo", "1.63.0", "@MINIMUM@"]),
    },
    Variant {
        name: "oldest-rustc",
        place: Place::Outside,
        arguments: &["--enable-rust", "RUSTC=@FAKES@/oldest-rustc"],
        expected: Expected::PlainArchive,
    },
    Variant {
        name: "in-tree",
        place: Place::InTree,
        arguments: &["--enable-rust"],
        expected: Expected::Tor,
    },
    Variant {
        name: "no-module-relay",
        place: Place::Outside,
        arguments: &["--enable-rust", "--disable-module-relay"],
        expected: Expected::Tor,
    },
    Variant {
        name: "no-module-dirauth",
        place: Place::Outside,
        arguments: &["--enable-rust", "--disable-module-dirauth"],
        expected: Expected::Tor,
    },
];

/// Builds or tries all of them.
pub fn run(stage: &Stage<'_>) -> Result<Outcome> {
    let fakes = tempfile::tempdir()?;
    let fake = |name: &str, script: &str| -> Result<()> {
        let path = fakes.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n"))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        Ok(())
    };
    fake("rustc", "echo 'rustc 1.63.0 (fake)'")?;
    fake("cargo", "echo 'cargo 1.63.0 (fake)'")?;
    let minimum = minimum_rustc(&stage.layout.root)?;
    let oldest = format!(
        "test \"$*\" = --version || exec rustc \"$@\"\n\
         echo 'rustc {minimum}.0 (fake)'"
    );
    fake("oldest-rustc", &oldest)?;
    let mut outcome = Outcome::default();
    for variant in VARIANTS {
        let result = try_variant(stage, variant, fakes.path());
        outcome.check(variant.name, result);
    }
    Ok(outcome)
}

fn try_variant(stage: &Stage<'_>, variant: &Variant, fakes: &Path) -> Result<()> {
    let minimum = minimum_rustc(&stage.layout.root)?;
    let fill = |text: &str| {
        text.replace("@FAKES@", &fakes.display().to_string())
            .replace("@MINIMUM@", &minimum)
    };
    let source = stage.builder.tree(Tree::Rust)?;
    let label = format!("variant {}", variant.name);
    let step = stage.progress.step(label, Scale::Unknown);
    let (folder, configure) = place(stage, variant, &source)?;
    let log = |what: &str| {
        let name = format!("{what}-variant-{}.log", variant.name);
        stage.layout.logs().join(name)
    };
    let configure = Job::new("sh", &folder, log("configure"))
        .arg(configure)
        .args(CONFIGURE_ARGUMENTS)
        .args(toolchain()?)
        .args(variant.arguments.iter().map(|argument| fill(argument)))
        // Only links and refusals are of interest here, not speed.
        .arg("CFLAGS=-O1 -g0");
    match variant.expected {
        Expected::Refusal(words) => {
            let output = configure.finish(|line| step.note(line))?;
            ensure!(!output.success, "configure went through");
            let lines: Vec<&str> = output.text.lines().collect();
            let last = lines
                .get(lines.len().saturating_sub(3)..)
                .unwrap_or_default();
            let last = last.join(" ");
            for word in words {
                let word = fill(word);
                ensure!(
                    last.contains(&word),
                    "configure refused, but its last words do not say \"{word}\": {last}"
                );
            }
            step.done("refused, as it should be");
        }
        Expected::PlainArchive => {
            configure.run(|line| step.note(line))?;
            let archive = folder.join("src/rust/libtor_rust.a");
            Job::new("make", &folder, log("make"))
                .arg("src/rust/libtor_rust.a")
                .run(|line| step.note(line.trim()))?;
            let symbols = Job::new("nm", &folder, log("nm"))
                .arg(archive)
                .run(|_| ())?;
            ensure!(symbols.contains("torrs_init"), "nm does not see Rust");
            for name in accelerators(&stage.layout.root)? {
                ensure!(!symbols.contains(&name), "{name} is in the archive");
            }
            step.done("builds without accelerators");
        }
        Expected::Tor => {
            configure.run(|line| step.note(line))?;
            let make = Job::new("make", &folder, log("make"))
                .arg(format!("-j{}", jobs()))
                .arg("src/app/tor");
            let cache = stage.builder.cache();
            cache
                .serve(make, &folder, Reuse::Both)?
                .run(|line| step.note(line.trim()))?;
            let text = Job::new(folder.join("src/app/tor"), &folder, log("list-modules"))
                .arg("--list-modules")
                .run(|_| ())?;
            let names = stage.catalogue.names();
            for name in names.split(',') {
                ensure!(text.contains(name), "--list-modules does not name {name}");
            }
            step.done("links and runs");
        }
    }
    Ok(())
}

/// The folder to build in and the configure to call.
fn place(stage: &Stage<'_>, variant: &Variant, source: &Path) -> Result<(PathBuf, &'static str)> {
    let parent = source
        .parent()
        .context("the source tree has no parent folder")?;
    let folder = parent.join(format!("variant-{}", variant.name));
    match variant.place {
        Place::Outside => {
            fs::create_dir_all(&folder)?;
            Ok((folder, "../src/configure"))
        }
        Place::InTree => {
            // With time stamps: what autoreconf wrote stays newer than its
            // sources.
            let log = stage.layout.logs().join("copy-in-tree.log");
            Job::new("cp", parent, log)
                .args(["--archive", "--update", "--no-target-directory"])
                .args([source, &folder])
                .run(|_| ())?;
            Ok((folder, "./configure"))
        }
    }
}

/// The oldest rustc that will do, as Cargo.toml states it.
pub fn minimum_rustc(root: &Path) -> Result<String> {
    let manifest = read_manifest(&root.join("Cargo.toml"))?;
    let minimum = manifest
        .get("workspace")
        .and_then(|table| table.get("package")?.get("rust-version")?.as_str());
    Ok(minimum
        .context("Cargo.toml states no rust-version")?
        .to_string())
}
