//! One implementation a build: the linker's own map says that no replaced C
//! file is in a program, and that the Rust archive is. A C file that stayed in
//! an archive would win silently, with all tests green. Of a C file that stays,
//! the objects say that a replaced function is not in them. The same questions
//! asked of the C build prove that maps and objects can be read.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{anyhow, ensure, Context, Result};
use object::read::archive::ArchiveFile;
use object::{Object, ObjectSection, ObjectSymbol};

use super::{count, Outcome, Stage, Tally};
use crate::components::Choice;
use crate::jobs::Job;
use crate::network_run::in_rust;
use crate::tor_build::TorBuild;

/// The programs that hold all of tor, and with it the Rust archive.
const PROGRAMS: &[&str] = &["src/app/tor", "src/test/test", "src/test/bench"];

/// Programs that hold only what they call.
const PARTIAL_PROGRAMS: &[&str] = &["src/test/test-ntor-cl", "src/test/test-hs-ntor-cl"];

/// Reads the maps of both builds.
pub fn run(stage: &Stage<'_>) -> Result<Outcome> {
    let (c_build, rust_build) = (stage.c_build()?, stage.rust_build()?);
    let mut outcome = of_rust(stage, rust_build, stage.choice, PROGRAMS)?;
    let (rust, complaints) = (
        outcome.rust.get_or_insert_default(),
        &mut outcome.complaints,
    );
    for program in PARTIAL_PROGRAMS {
        let of_c = objects_in(&c_build.link_map(program))?;
        let of_rust = objects_in(&rust_build.link_map(program))?;
        let replaced = stage.choice.components().iter().flat_map(|c| &c.replaces);
        for file in replaced.filter(|file| is_among(&of_c, file)) {
            let name = format!("{program}, {}", file.display());
            let only_rust = !is_among(&of_rust, file) && has_archive(&of_rust);
            let result = only_rust
                .then_some(())
                .context("still in the link, or the Rust archive is not");
            count(rust, complaints, &name, result);
        }
    }
    let c = outcome.c.get_or_insert_default();
    members(stage, c_build, &Choice::None, PROGRAMS, c, complaints)?;
    functions(stage, c_build, &Choice::None, c, complaints)?;
    let planted = is_noticed_if_c_stays(stage);
    outcome.check("functions of C in a Rust build are noticed", planted);
    Ok(outcome)
}

/// All that has to hold for a build with these components in Rust.
pub fn of_rust(
    stage: &Stage<'_>,
    build: &TorBuild,
    choice: &Choice,
    programs: &[&str],
) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let mut tally = Tally::default();
    let complaints = &mut outcome.complaints;
    members(stage, build, choice, programs, &mut tally, complaints)?;
    functions(stage, build, choice, &mut tally, complaints)?;
    let named = names_its_components(stage, build, choice);
    count(&mut tally, complaints, "tor --list-modules", named);
    let bitcode = no_bitcode(&build.folder.join("src/rust/libtor_rust.a"));
    count(
        &mut tally,
        complaints,
        "LLVM bitcode in the archive",
        bitcode,
    );
    outcome.rust = Some(tally);
    Ok(outcome)
}

/// Each program of a build holds the C files of just those components that are
/// not from Rust, and the Rust archive if any is.
fn members(
    stage: &Stage<'_>,
    build: &TorBuild,
    choice: &Choice,
    programs: &[&str],
    tally: &mut Tally,
    complaints: &mut Vec<String>,
) -> Result<()> {
    for program in programs {
        let objects = objects_in(&build.link_map(program))?;
        for component in &stage.catalogue.0 {
            ensure!(
                !component.replaces.is_empty(),
                "rust/{0}/Cargo.toml does not say which C files it replaces: add [package.metadata.ctor] replaces = [\"src/…/{0}.c\"]",
                component.name
            );
            let in_rust = choice
                .components()
                .iter()
                .any(|chosen| chosen.name == component.name);
            // What only another component calls is not in the link if that is from Rust.
            let some = component.replaces.iter().any(|f| is_among(&objects, f));
            let all_called = choice.components().is_empty() || !some;
            for file in &component.replaces {
                let result = match (in_rust, is_among(&objects, file)) {
                    (true, true) => Err(anyhow!(
                        "still in the link, although {} is from Rust",
                        component.name
                    )),
                    (false, false) if all_called => Err(anyhow!(
                        "not in the link, although {} is from C",
                        component.name
                    )),
                    _ => Ok(()),
                };
                let name = format!("{program}, {}", file.display());
                count(tally, complaints, &name, result);
            }
        }
        let result = match (choice.components().is_empty(), has_archive(&objects)) {
            (true, true) => Err(anyhow!("in a build with all components from C")),
            (false, false) => Err(anyhow!("not in the link")),
            _ => Ok(()),
        };
        let name = format!("{program}, the Rust archive");
        count(tally, complaints, &name, result);
    }
    Ok(())
}

/// The objects of files that stay have just those replaceable functions that are
/// not from Rust.
fn functions(
    stage: &Stage<'_>,
    build: &TorBuild,
    choice: &Choice,
    tally: &mut Tally,
    complaints: &mut Vec<String>,
) -> Result<()> {
    for component in &stage.catalogue.0 {
        let in_rust = choice
            .components()
            .iter()
            .any(|chosen| chosen.name == component.name);
        for (file, names) in &component.replaces_functions {
            let of_c = symbols_of(stage.c_build()?, file)?;
            let here = symbols_of(build, file)?;
            for function in names {
                let result = is_where_it_should(&of_c, &here, function, in_rust);
                let name = format!("{}, {function}", file.display());
                count(tally, complaints, &name, result);
            }
        }
    }
    Ok(())
}

/// The C build's objects, taken for those of a Rust build, have every function
/// that they should not have.
fn is_noticed_if_c_stays(stage: &Stage<'_>) -> Result<()> {
    for (file, names) in stage
        .choice
        .components()
        .iter()
        .flat_map(|c| &c.replaces_functions)
    {
        let of_c = symbols_of(stage.c_build()?, file)?;
        for function in names {
            ensure!(
                is_where_it_should(&of_c, &of_c, function, true).is_err(),
                "{}: that {function} is in C is not noticed",
                file.display()
            );
        }
    }
    Ok(())
}

/// A function is in a C file's objects, or if it is from Rust, is not. One that is
/// static in C may be in no object because the compiler put it into its callers;
/// then those have to call Rust's.
fn is_where_it_should(of_c: &Symbols, here: &Symbols, name: &str, in_rust: bool) -> Result<()> {
    let (of_c, here) = (of_c.place_of(name), here.place_of(name));
    match (of_c, here, in_rust) {
        (Place::Elsewhere, ..) => Err(anyhow!("in no such file of C")),
        (_, Place::Here, true) => Err(anyhow!("still compiled, although it is from Rust")),
        (Place::Nowhere, Place::Nowhere, true) => {
            Err(anyhow!("nobody calls Rust's, and C has none of that name"))
        }
        (Place::Here, Place::Elsewhere | Place::Nowhere, false) | (_, Place::Elsewhere, false) => {
            Err(anyhow!("not compiled, although it is from C"))
        }
        _ => Ok(()),
    }
}

/// Where a function is that an object may have or call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// In this object.
    Here,
    /// Not in this object, which calls it.
    Elsewhere,
    /// No symbol has its name.
    Nowhere,
}

/// The symbols of a C file's objects: that of tor, and that of its unit tests.
#[derive(Default)]
struct Symbols {
    defined: Vec<String>,
    referred: Vec<String>,
}

impl Symbols {
    fn add(&mut self, object: &Path) -> Result<()> {
        let data = fs::read(object)?;
        let file = object::File::parse(&*data)
            .with_context(|| format!("cannot read {}", object.display()))?;
        for symbol in file.symbols() {
            let list = match symbol.is_undefined() {
                true => &mut self.referred,
                false => &mut self.defined,
            };
            list.push(symbol.name().unwrap_or_default().to_owned());
        }
        Ok(())
    }

    fn place_of(&self, name: &str) -> Place {
        // The compiler's own versions of a static function have a dot in their names.
        let is = |symbol: &String| symbol.split('.').next() == Some(name);
        if self.defined.iter().any(is) {
            Place::Here
        } else if self.referred.iter().any(is) {
            Place::Elsewhere
        } else {
            Place::Nowhere
        }
    }
}

/// The symbols of this file's objects in a build.
fn symbols_of(build: &TorBuild, c_file: &Path) -> Result<Symbols> {
    let mut symbols = Symbols::default();
    for object in objects_of(build, c_file)? {
        symbols.add(&object)?;
    }
    Ok(symbols)
}

/// The objects that a build has made of this file.
fn objects_of(build: &TorBuild, c_file: &Path) -> Result<Vec<PathBuf>> {
    let folder = build.folder.join(c_file.parent().unwrap_or(c_file));
    let mut objects = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if is_among(&[name], c_file) {
            objects.push(entry.path());
        }
    }
    ensure!(
        objects.len() == 2,
        "{} has not two objects of {}, tor's and the unit tests'",
        build.folder.display(),
        c_file.display()
    );
    Ok(objects)
}

fn has_archive(objects: &[String]) -> bool {
    objects.iter().any(|object| object.starts_with("tor_rust-"))
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
        objects.len() > 50,
        "{} names too few objects to be a map of tor",
        map.display()
    );
    Ok(objects)
}

/// Automake puts the name of the library before that of the file, sometimes; of
/// trunnel's, always, and other libraries have files of the same names.
fn is_among(objects: &[String], c_file: &Path) -> bool {
    let stem = c_file.file_stem().unwrap_or_default().to_string_lossy();
    let plain = format!("{stem}.o");
    let prefixed = format!("-{stem}.o");
    let of_trunnel = ["src/trunnel", "src/ext/trunnel"].map(|folder| c_file.starts_with(folder));
    objects
        .iter()
        .any(|object| match of_trunnel.contains(&true) {
            true => object.contains("libor_trunnel") && object.ends_with(&prefixed),
            false => *object == plain || object.ends_with(&prefixed),
        })
}

fn names_its_components(stage: &Stage<'_>, build: &TorBuild, choice: &Choice) -> Result<()> {
    let log = stage
        .layout
        .logs()
        .join(format!("list-modules-{choice}.log"));
    let text = Job::new(build.tor(), &build.folder, log)
        .arg("--list-modules")
        .run(|_| ())?;
    let mut named = in_rust(&text);
    named.sort();
    let chosen: Vec<_> = choice.components().iter().map(|c| &c.name).collect();
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

    #[test]
    fn an_object_of_trunnel_is_not_taken_for_another_of_that_name() {
        let file = Path::new("src/trunnel/conflux.c");
        let other = ["conflux.o", "libtor_app_testing_a-conflux.o"].map(String::from);
        assert!(!is_among(&other, file));
        let own = ["libor_trunnel_testing_a-conflux.o".to_owned()];
        assert!(is_among(&own, file));
    }

    fn compiled(c: &str) -> Symbols {
        let folder = tempfile::tempdir().unwrap();
        let (source, object) = (folder.path().join("a.c"), folder.path().join("a.o"));
        fs::write(&source, c).unwrap();
        let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
        let status = std::process::Command::new(compiler)
            .args(["-O2", "-c"])
            .arg(&source)
            .arg("-o")
            .arg(&object)
            .status()
            .unwrap();
        assert!(status.success());
        let mut symbols = Symbols::default();
        symbols.add(&object).unwrap();
        symbols
    }

    #[test]
    fn a_function_that_stays_in_c_is_noticed_and_so_is_one_that_is_missing() {
        let all_in_c = compiled(
            "void pack(char *p) { *p = 1; }
             static inline void unpack(char *p) { *p = 2; }
             void caller(char *p) { pack(p); unpack(p); }",
        );
        let all_in_rust = compiled(
            "void pack(char *p); void unpack(char *p);
             void caller(char *p) { pack(p); unpack(p); }",
        );
        for name in ["pack", "unpack"] {
            let ask = |here, in_rust| is_where_it_should(&all_in_c, here, name, in_rust);
            assert!(ask(&all_in_c, false).is_ok(), "{name}");
            assert!(ask(&all_in_rust, true).is_ok(), "{name}");
            assert!(ask(&all_in_c, true).is_err(), "{name}");
            assert!(ask(&all_in_rust, false).is_err(), "{name}");
        }
        for here in [&all_in_c, &all_in_rust] {
            let misspelt = is_where_it_should(&all_in_c, here, "packed", true);
            assert!(misspelt.is_err());
        }
        // A name of another file of C.
        assert!(is_where_it_should(&all_in_rust, &all_in_rust, "pack", true).is_err());
    }
}
