//! One implementation a build: the linker's own map says that no replaced C
//! file is in a program, and that the Rust archive is. A C file that stayed in
//! an archive would win silently, with all tests green. The same questions
//! asked of the C build prove that the map can be read.

use std::fs;
use std::path::Path;

use anyhow::{ensure, Context, Result};
use object::read::archive::ArchiveFile;
use object::{Object, ObjectSection};

use super::{count, Outcome, Stage, Tally};
use crate::jobs::Job;
use crate::network_run::in_rust;

/// The programs that are looked at; the Rust archive is in each of them.
const PROGRAMS: &[&str] = &["src/app/tor", "src/test/test", "src/test/bench"];

/// Reads the maps of both builds.
pub fn run(stage: &Stage<'_>) -> Result<Outcome> {
    let (c_build, rust_build) = (stage.c_build()?, stage.rust_build()?);
    let mut outcome = Outcome::default();
    let (mut c, mut rust) = (Tally::default(), Tally::default());
    let complaints = &mut outcome.complaints;
    for program in PROGRAMS {
        let of_c = objects_in(&c_build.link_map(program))?;
        let of_rust = objects_in(&rust_build.link_map(program))?;
        for component in stage.choice.components() {
            ensure!(
                !component.replaces.is_empty(),
                "rust/{0}/Cargo.toml does not say which C files it replaces: add [package.metadata.ctor] replaces = [\"src/…/{0}.c\"]",
                component.name
            );
            for file in &component.replaces {
                let name = format!("{program}, {}", file.display());
                let there = |objects: &[String]| is_among(objects, file);
                let present = there(&of_c)
                    .then_some(())
                    .context("not in the link of the C build, where it must be");
                count(&mut c, complaints, &name, present);
                let absent = (!there(&of_rust))
                    .then_some(())
                    .context("still in the link of the Rust build");
                count(&mut rust, complaints, &name, absent);
            }
        }
        let archive = |objects: &[String]| objects.iter().any(|o| o.starts_with("tor_rust-"));
        let name = format!("{program}, the Rust archive");
        let absent = (!archive(&of_c)).then_some(()).context("in the C build");
        count(&mut c, complaints, &name, absent);
        let present = archive(&of_rust)
            .then_some(())
            .context("not in the Rust build");
        count(&mut rust, complaints, &name, present);
    }
    let named = names_its_components(stage);
    count(&mut rust, complaints, "tor --list-modules", named);
    let bitcode = no_bitcode(&rust_build.folder.join("src/rust/libtor_rust.a"));
    count(
        &mut rust,
        complaints,
        "LLVM bitcode in the archive",
        bitcode,
    );
    outcome.c = Some(c);
    outcome.rust = Some(rust);
    Ok(outcome)
}

/// The object files that a link map names, archive members among them, without
/// their folders.
fn objects_in(map: &Path) -> Result<Vec<String>> {
    let text = fs::read(map).with_context(|| {
        format!(
            "no link map {}: remove that build directory and run again",
            map.display()
        )
    })?;
    let text = String::from_utf8_lossy(&text);
    // Only what was loaded counts; discarded sections are loaded, too.
    let mut objects: Vec<String> = text
        .split([' ', '\t', '\n', '(', ')', '/'])
        .filter(|word| word.ends_with(".o"))
        .map(String::from)
        .collect();
    objects.sort();
    objects.dedup();
    ensure!(
        objects.len() > 100,
        "{} names too few objects to be a map of tor",
        map.display()
    );
    Ok(objects)
}

/// Automake puts the name of the library before that of the file, sometimes.
fn is_among(objects: &[String], c_file: &Path) -> bool {
    let stem = c_file.file_stem().unwrap_or_default().to_string_lossy();
    let plain = format!("{stem}.o");
    let prefixed = format!("-{stem}.o");
    objects
        .iter()
        .any(|object| *object == plain || object.ends_with(&prefixed))
}

fn names_its_components(stage: &Stage<'_>) -> Result<()> {
    let build = stage.rust_build()?;
    let log = stage.layout.logs().join("list-modules.log");
    let text = Job::new(build.tor(), &build.folder, log)
        .arg("--list-modules")
        .run(|_| ())?;
    let mut named = in_rust(&text);
    named.sort();
    let chosen: Vec<_> = stage.choice.components().iter().map(|c| &c.name).collect();
    ensure!(
        named.iter().eq(chosen.iter().copied()),
        "names {named:?}, built with {chosen:?}"
    );
    Ok(())
}

/// With LLVM's linker plugin installed, GNU ar drops members with bitcode.
fn no_bitcode(archive: &Path) -> Result<()> {
    let data = fs::read(archive).with_context(|| format!("no {}", archive.display()))?;
    for member in ArchiveFile::parse(&*data)?.members() {
        let member = member?;
        let Ok(file) = object::File::parse(member.data(&*data)?) else {
            continue;
        };
        let bitcode = file
            .sections()
            .any(|section| section.name().is_ok_and(|name| name.starts_with(".llvmbc")));
        ensure!(
            !bitcode,
            "{} has a section .llvmbc",
            String::from_utf8_lossy(member.name())
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_found_under_the_names_that_automake_gives() {
        let objects = ["libtor_app_testing_a-relay_crypto_tor1.o", "relay_crypto.o"];
        let objects = objects.map(String::from);
        assert!(is_among(
            &objects,
            Path::new("src/core/crypto/relay_crypto_tor1.c")
        ));
        assert!(is_among(
            &objects,
            Path::new("src/core/crypto/relay_crypto.c")
        ));
        assert!(!is_among(
            &objects,
            Path::new("src/core/crypto/relay_crypto_cgo.c")
        ));
        assert!(!is_among(&objects, Path::new("src/core/crypto/crypto.c")));
    }
}
