//! Other ways to configure, each up to a linked tor: without the relay module,
//! without the directory authority module, linked statically. (The suite `dist`
//! builds in the source tree.) What configure has to refuse, with the words that
//! tell the user why. Rust's names for other machines. And the archive as configure
//! chooses it for the oldest compiler: without what needs a newer one. (A newer one
//! compiles it here; the suite `cross` has the real one.)

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{ensure, Context, Result};

use super::{targets, Outcome, Stage};
use crate::compiler_cache::Reuse;
use crate::components::{accelerators, minimum_rustc};
use crate::jobs::Job;
use crate::progress::Scale;
use crate::tor_build::{jobs, toolchain, Tree, CONFIGURE_ARGUMENTS};
use crate::unpacked::{rust_version, Toolchain, Unpacker};

/// What has to come of a variant.
#[derive(PartialEq, Eq)]
enum Expected {
    /// A tor that runs and names its Rust components.
    Tor,
    /// The same, and it needs no shared library.
    StaticTor,
    /// Configure stops, and its last words hold all of these.
    Refusal(&'static [&'static str]),
    /// An archive, without any of the accelerators that Cargo.toml names.
    PlainArchive,
}

struct Variant {
    name: &'static str,
    arguments: &'static [&'static str],
    expected: Expected,
}

/// `@FAKES@` is a folder with a rustc and a cargo that are too old, and a rustc
/// that says it is just old enough; `@MINIMUM@` is the version that Cargo.toml
/// states; `@OLD@` is a rustc of the distribution that is too old, `@OLD_VERSION@`
/// what it says (the fake, where the distribution has none); `@LIBRARIES@` is the
/// folder of the system's libraries.
const VARIANTS: &[Variant] = &[
    Variant {
        name: "bogus-component",
        arguments: &["--enable-rust=bogus"],
        expected: Expected::Refusal(&["bogus", "cells cert link onion relaycrypt trunnel"]),
    },
    Variant {
        name: "old-rustc",
        arguments: &["--enable-rust", "RUSTC=@OLD@"],
        expected: Expected::Refusal(&["rustc", "@OLD_VERSION@", "@MINIMUM@"]),
    },
    Variant {
        name: "old-cargo",
        arguments: &["--enable-rust", "CARGO=@FAKES@/cargo"],
        expected: Expected::Refusal(&["cargo", "1.63.0", "@MINIMUM@"]),
    },
    Variant {
        name: "oldest-rustc",
        arguments: &["--enable-rust", "RUSTC=@FAKES@/oldest-rustc"],
        expected: Expected::PlainArchive,
    },
    Variant {
        name: "no-module-relay",
        arguments: &["--enable-rust", "--disable-module-relay"],
        expected: Expected::Tor,
    },
    // Two things at once, since a build takes its time. What Debian calls the folder
    // of its static libraries is all that tor wants to know.
    Variant {
        name: "no-module-dirauth-and-static",
        arguments: &[
            "--enable-rust",
            "--disable-module-dirauth",
            "--enable-static-tor",
            "--with-libevent-dir=@LIBRARIES@",
            "--with-openssl-dir=@LIBRARIES@",
            "--with-zlib-dir=@LIBRARIES@",
        ],
        expected: Expected::StaticTor,
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
    let old = old_rustc(stage, &minimum)?;
    let filling = [
        ("@FAKES@", fakes.path().display().to_string()),
        ("@MINIMUM@", minimum.clone()),
        (
            "@OLD@",
            match &old {
                Some(old) => old.rustc.display().to_string(),
                None => fakes.path().join("rustc").display().to_string(),
            },
        ),
        (
            "@OLD_VERSION@",
            old.map_or("1.63.0".into(), |old| {
                format!("{}.{}.", old.version.0, old.version.1)
            }),
        ),
        ("@LIBRARIES@", libraries(stage)?),
    ];
    let oldest = format!(
        "test \"$*\" = --version || exec rustc \"$@\"\n\
         echo 'rustc {minimum}.0 (fake)'"
    );
    fake("oldest-rustc", &oldest)?;
    let mut outcome = Outcome::default();
    for variant in VARIANTS {
        let result = try_variant(stage, variant, &filling);
        outcome.check(variant.name, result);
    }
    outcome.check("targets", targets::names(stage));
    outcome.check("target-refusals", targets::refusals(stage));
    Ok(outcome)
}

/// A rustc of the distribution that is too old, as users of its stable release
/// have it. Where it cannot be had, the fake has to do.
fn old_rustc(stage: &Stage<'_>, minimum: &str) -> Result<Option<Toolchain>> {
    let minimum = rust_version(minimum).context("Cargo.toml's rust-version is no version")?;
    let found = Unpacker::new(stage.layout, stage.progress).too_old(minimum);
    let why = match found {
        Ok(Some(found)) => return Ok(Some(found)),
        Ok(None) => "the distribution has none".into(),
        Err(error) => format!("{error:#}"),
    };
    stage
        .progress
        .say(format!("  a too old rustc is played by a script: {why}"));
    Ok(None)
}

/// Where the system's compiler finds libevent's static library.
fn libraries(stage: &Stage<'_>) -> Result<String> {
    let log = stage.layout.logs().join("static-library.log");
    let text = Job::new("gcc", &stage.layout.root, log)
        .arg("-print-file-name=libevent.a")
        .run(|_| ())?;
    let file = Path::new(text.trim());
    let folder = file.parent().filter(|_| file.is_absolute());
    let folder = folder.context("gcc finds no libevent.a (package libevent-dev)")?;
    Ok(folder.canonicalize()?.display().to_string())
}

fn try_variant(stage: &Stage<'_>, variant: &Variant, filling: &[(&str, String)]) -> Result<()> {
    let fill = |text: &str| {
        let filled = |text: String, (name, value): &(&str, String)| text.replace(name, value);
        filling.iter().fold(text.to_owned(), filled)
    };
    let source = stage.builder.tree(Tree::Rust)?;
    let label = format!("variant {}", variant.name);
    let step = stage.progress.step(label, Scale::Unknown);
    let folder = source
        .parent()
        .context("the source tree has no parent folder")?
        .join(format!("variant-{}", variant.name));
    fs::create_dir_all(&folder)?;
    let log = |what: &str| {
        let name = format!("{what}-variant-{}.log", variant.name);
        stage.layout.logs().join(name)
    };
    let configure = Job::new("sh", &folder, log("configure"))
        .arg("../src/configure")
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
        Expected::Tor | Expected::StaticTor => {
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
            if variant.expected == Expected::StaticTor {
                let headers = Job::new("readelf", &folder, log("readelf"))
                    .args(["--program-headers", "--wide", "src/app/tor"])
                    .run(|_| ())?;
                is_static(&headers)?;
            }
            step.done("links and runs");
        }
    }
    Ok(())
}

/// No program interpreter, so that nothing else is loaded.
fn is_static(program_headers: &str) -> Result<()> {
    ensure!(
        program_headers.contains("LOAD"),
        "readelf sees no program: {program_headers}"
    );
    ensure!(
        !program_headers.contains("INTERP"),
        "tor wants an interpreter, which loads shared libraries"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_wants_an_interpreter_is_not_static() {
        let load = "  LOAD 0x000000 0x0000000000000000\n";
        is_static(load).unwrap();
        assert!(is_static(&format!("  INTERP 0x000318\n{load}")).is_err());
        assert!(is_static("").is_err());
    }
}
