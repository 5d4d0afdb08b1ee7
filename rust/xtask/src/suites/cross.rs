//! Other toolchains and other machines: the oldest compiler that will do, which
//! is the distribution's, and with it tors for arm64 and for i386. Cross gcc and
//! emulator are installed like other packages; Rust and the foreign libraries are
//! unpacked below the target folder, so that nothing replaces what the system has.
//!
//! Configure gets `--host` and the places of the foreign libraries, and nothing
//! about Rust. The foreign programs run under qemu: tor itself, those of its unit
//! tests that call a component, each with the verdict that it has here, and the
//! crates' own tests. On these machines the relay cell kernel is not compiled, so
//! that what passes are the portable paths; on arm64 `char` is unsigned, on i386
//! pointers have 4 bytes. All of that is checked, not assumed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{bail, ensure, Context, Result};

use super::cargo_tests::run_tests_with;
use super::unit::{self, count_verdicts, read_verdicts, Verdict, Verdicts};
use super::{Outcome, Stage, Tally};
use crate::compiler_cache::in_path;
use crate::components::minimum_rustc;
use crate::jobs::Job;
use crate::packages;
use crate::progress::Scale;
use crate::tor_build::TorBuild;
use crate::unpacked::{rust_version, Toolchain, Unpacker};

const PACKAGES: &[&str] = &[
    "gcc-aarch64-linux-gnu",
    "gcc-i686-linux-gnu",
    "libc6-dev-arm64-cross",
    "libc6-dev-i386-cross",
    "qemu-user|qemu-user-binfmt",
];

/// What tor links with. Debian's cross compilers also look into /usr/include:
/// what configure finds there has to be in the foreign libraries too.
const LIBRARIES: &[&str] = &[
    "libcap-dev",
    "libevent-dev",
    "libseccomp-dev",
    "libssl-dev",
    "zlib1g-dev",
];

/// A machine to build for.
struct Machine {
    /// Debian's name of it.
    name: &'static str,
    /// The only thing that configure hears of it.
    host: &'static str,
    /// Where its libraries are below `lib`.
    libraries: &'static str,
    /// Rust's name, which configure has to find by itself.
    rust: &'static str,
    emulator: &'static str,
    /// A macro of its C compiler, by which it differs from this machine.
    trait_of_c: &'static str,
}

const MACHINES: &[Machine] = &[
    Machine {
        name: "arm64",
        host: "aarch64-linux-gnu",
        libraries: "aarch64-linux-gnu",
        rust: "aarch64-unknown-linux-gnu",
        emulator: "qemu-aarch64",
        trait_of_c: "#define __CHAR_UNSIGNED__ 1",
    },
    Machine {
        name: "i386",
        host: "i686-linux-gnu",
        libraries: "i386-linux-gnu",
        rust: "i686-unknown-linux-gnu",
        emulator: "qemu-i386",
        trait_of_c: "#define __SIZEOF_POINTER__ 4",
    },
];

/// Part of the symbols of the relay cell kernel for x86-64.
const KERNEL: &str = "relaycrypt6kernel";

/// Here with the oldest compiler, then elsewhere.
pub fn run(stage: &Stage<'_>) -> Result<Outcome> {
    packages::ensure(stage.layout, stage.progress, PACKAGES)?;
    let minimum = minimum_rustc(&stage.layout.root)?;
    let minimum = rust_version(&minimum).context("Cargo.toml's rust-version is no version")?;
    let unpacker = Unpacker::new(stage.layout, stage.progress);
    let foreign: Vec<&str> = MACHINES.iter().map(|machine| machine.name).collect();
    let rust = unpacker.toolchain(minimum, &foreign)?;
    if rust.version != minimum {
        stage.progress.say(format!(
            "  the oldest fitting rustc of this distribution is {}.{}, not {}.{}",
            rust.version.0, rust.version.1, minimum.0, minimum.1
        ));
    }
    let mut outcome = Outcome::default();
    let label = format!("rustc {}.{}", rust.version.0, rust.version.1);
    match here(stage, &rust, &label) {
        Ok(part) => outcome.add(&label, part),
        Err(error) => outcome.check(&label, Err(error)),
    }
    for machine in MACHINES {
        match elsewhere(stage, &rust, &unpacker, machine) {
            Ok(part) => outcome.add(machine.name, part),
            Err(error) => outcome.check(machine.name, Err(error)),
        }
    }
    Ok(outcome)
}

/// This machine: all unit tests have the verdicts of the C build.
fn here(stage: &Stage<'_>, rust: &Toolchain, label: &str) -> Result<Outcome> {
    let name = label.replace(' ', "-");
    let build = stage
        .builder
        .build_otherwise(stage.choice, &name, &rust.arguments())?;
    let c = unit::of_c(stage)?;
    let label = format!("unit tests, {label}");
    let mut outcome = unit::beside_c(stage, &c, &build, stage.choice, &label)?;
    // The suite `unit` counts them.
    outcome.c = None;
    outcome.check(
        "the kernel is in the archive",
        kernel(&build, "nm", true, stage),
    );
    outcome.add("crates", crates(stage, rust, &name, &[], &[])?);
    Ok(outcome)
}

/// Another machine.
fn elsewhere(
    stage: &Stage<'_>,
    rust: &Toolchain,
    unpacker: &Unpacker<'_>,
    machine: &Machine,
) -> Result<Outcome> {
    let sysroot = unpacker.libraries(machine.name, LIBRARIES)?;
    let mut arguments = rust.arguments();
    arguments.extend(host(machine, &sysroot)?);
    let build = stage
        .builder
        .build_otherwise(stage.choice, machine.name, &arguments)?;
    let mut outcome = Outcome::default();
    let checks = [
        (
            "tor runs and names its components",
            names(stage, machine, &sysroot, &build),
        ),
        ("C is different there", trait_of_c(stage, machine, &build)),
        (
            "no kernel in the archive",
            kernel(&build, &format!("{}-nm", machine.host), false, stage),
        ),
    ];
    for (name, result) in checks {
        outcome.check(name, result);
    }
    outcome.add("unit tests", unit_tests(stage, machine, &sysroot, &build)?);
    let variable = machine.rust.to_uppercase().replace('-', "_");
    let (linker, runner) = (
        format!("CARGO_TARGET_{variable}_LINKER"),
        format!("CARGO_TARGET_{variable}_RUNNER"),
    );
    // The runner is a list of words for cargo: no path with a blank in it.
    let emulator = format!("{} -L /usr/{}", machine.emulator, machine.host);
    let variables = [
        (&*linker, PathBuf::from(format!("{}-gcc", machine.host))),
        (&*runner, PathBuf::from(emulator)),
    ];
    let target = ["--target", machine.rust];
    outcome.add(
        "crates",
        crates(stage, rust, machine.name, &target, &variables)?,
    );
    Ok(outcome)
}

/// What configure has to be told: the host, and where foreign libraries are.
fn host(machine: &Machine, sysroot: &Path) -> Result<[String; 5]> {
    // With a path, or tor's configure takes it for a sign of a missing cross
    // toolchain that it has no name with the host in front.
    let pkg_config = in_path("pkg-config").context("there is no pkg-config")?;
    let (sysroot, libraries) = (sysroot.display(), machine.libraries);
    Ok([
        format!("--host={}", machine.host),
        format!("PKG_CONFIG={}", pkg_config.display()),
        format!("PKG_CONFIG_LIBDIR={sysroot}/usr/lib/{libraries}/pkgconfig"),
        format!("CPPFLAGS=-I{sysroot}/usr/include -I{sysroot}/usr/include/{libraries}"),
        format!(
            "LDFLAGS=-L{sysroot}/usr/lib/{libraries} -L{sysroot}/lib/{libraries} \
             -Wl,-rpath-link,{sysroot}/usr/lib/{libraries}"
        ),
    ])
}

/// A program of a foreign build, under the emulator.
fn emulated(machine: &Machine, sysroot: &Path, program: &Path, folder: &Path, log: PathBuf) -> Job {
    let folders = ["usr/lib", "lib"].map(|lib| {
        let folder = sysroot.join(lib).join(machine.libraries);
        folder.display().to_string()
    });
    Job::new(machine.emulator, folder, log)
        .args(["-L", &format!("/usr/{}", machine.host)])
        .args(["-E", &format!("LD_LIBRARY_PATH={}", folders.join(":"))])
        .arg(program)
}

fn names(stage: &Stage<'_>, machine: &Machine, sysroot: &Path, build: &TorBuild) -> Result<()> {
    let run = |argument: &str| {
        let log = format!("{}{argument}.log", machine.name);
        let log = stage.layout.logs().join(log);
        emulated(machine, sysroot, &build.tor(), &build.folder, log)
            .arg(argument)
            .run(|_| ())
    };
    let version = run("--version")?;
    ensure!(
        version.starts_with("Tor version"),
        "tor --version says: {version}"
    );
    let modules = run("--list-modules")?;
    for component in stage.choice.components() {
        ensure!(
            modules.contains(&component.name),
            "--list-modules does not name {}: {modules}",
            component.name
        );
    }
    Ok(())
}

/// What the C compiler of the build says of itself, with the flags of the build.
fn trait_of_c(stage: &Stage<'_>, machine: &Machine, build: &TorBuild) -> Result<()> {
    let makefile = std::fs::read_to_string(build.folder.join("Makefile"))?;
    let words = |name: &str| {
        let line = makefile.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_default().split_whitespace()
    };
    let mut command = words("CC =");
    let compiler = command.next().context("Makefile names no compiler")?;
    let log = format!("{}-macros.log", machine.name);
    let macros = Job::new(compiler, &build.folder, stage.layout.logs().join(log))
        .args(command)
        .args(words("CFLAGS ="))
        .args(["-dM", "-E", "-x", "c", "/dev/null"])
        .run(|_| ())?;
    ensure!(
        macros.lines().any(|line| line == machine.trait_of_c),
        "{compiler} does not say \"{}\"",
        machine.trait_of_c
    );
    Ok(())
}

/// Whether the kernel for x86-64 is in the archive; where it is not, each cell
/// takes the portable path.
fn kernel(build: &TorBuild, nm: &str, expected: bool, stage: &Stage<'_>) -> Result<()> {
    let symbols = Job::new(nm, &build.folder, stage.layout.logs().join("nm-cross.log"))
        .arg("src/rust/libtor_rust.a")
        .run(|_| ())?;
    ensure!(symbols.contains("torrs_init"), "{nm} does not see Rust");
    match (symbols.contains(KERNEL), expected) {
        (true, false) => bail!("{KERNEL} is in the archive"),
        (false, true) => bail!("{KERNEL} is not in the archive, and the other checks look for it"),
        _ => Ok(()),
    }
}

/// Those of tor's unit tests that call a component, there and here.
fn unit_tests(
    stage: &Stage<'_>,
    machine: &Machine,
    sysroot: &Path,
    build: &TorBuild,
) -> Result<Outcome> {
    let components = stage.choice.components().iter();
    let tests: BTreeSet<&str> = components
        .flat_map(|component| component.unit_tests.iter().map(String::as_str))
        .collect();
    let run = |label: &str, make: &dyn Fn(&Path, PathBuf) -> Job| -> Result<Verdicts> {
        let step = stage.progress.step(label, Scale::Unknown);
        let folder = tempfile::tempdir()?;
        let log = stage
            .layout
            .logs()
            .join(label.replace([' ', ','], "-") + ".log");
        let output = make(folder.path(), log)
            .args(&tests)
            .finish(|line| step.note(line))?;
        let verdicts = read_verdicts(&output.text);
        step.done(format!("{} tests", verdicts.len()));
        Ok(verdicts)
    };
    let native = stage.rust_build()?.folder.join("src/test/test");
    let here = run("component unit tests here", &|folder, log| {
        Job::new(&native, folder, log)
    })?;
    let foreign = build.folder.join("src/test/test");
    let label = format!("component unit tests on {}", machine.name);
    let there = run(&label, &|folder, log| {
        emulated(machine, sysroot, &foreign, folder, log)
    })?;
    ensure!(
        here.len() >= tests.len(),
        "{} tests ran here of those that {tests:?} names",
        here.len()
    );
    let mut outcome = Outcome::default();
    let mut tally = Tally::default();
    count_verdicts(&there, &mut tally, &mut outcome.complaints);
    outcome.rust = Some(tally);
    outcome.check("the verdicts of this machine", same(&here, &there));
    Ok(outcome)
}

fn same(here: &Verdicts, there: &Verdicts) -> Result<()> {
    let names: BTreeSet<&String> = here.keys().chain(there.keys()).collect();
    let word = |verdict: Option<&Verdict>| match verdict {
        Some(verdict) => format!("{verdict:?}").to_lowercase(),
        None => "absent".into(),
    };
    let differences: Vec<String> = names
        .into_iter()
        .map(|name| (name, here.get(name), there.get(name)))
        .filter(|(_, here, there)| here != there)
        .map(|(name, here, there)| format!("{name} {} here, {} there", word(here), word(there)))
        .collect();
    ensure!(differences.is_empty(), "{}", differences.join("; "));
    Ok(())
}

/// The own tests of the crates that link into tor, by this toolchain.
fn crates(
    stage: &Stage<'_>,
    rust: &Toolchain,
    name: &str,
    target: &[&str],
    variables: &[(&str, PathBuf)],
) -> Result<Outcome> {
    let features = stage.catalogue.names();
    let mut arguments = vec!["--workspace", "--lib", "--tests", "--features", &*features];
    arguments.extend(target);
    let mut variables = variables.to_vec();
    variables.push(("RUSTC", rust.rustc.clone()));
    // What is of use on x86-64 only is dead code elsewhere, and make would show
    // the warning to everybody who builds there.
    variables.push(("RUSTFLAGS", "-Dwarnings".into()));
    let label = format!("tests of what links into tor: {name}");
    let (tally, complaints) = run_tests_with(stage, &rust.cargo, &label, &arguments, &variables)?;
    ensure!(
        tally.passed + tally.failed > 100,
        "only {tally:?} tests were seen"
    );
    Ok(Outcome {
        rust: Some(tally),
        complaints,
        ..Outcome::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_that_another_machine_has_not_is_named() {
        let here = read_verdicts("a/b: OK\na/c: OK\na/d: SKIPPED\n");
        same(&here, &here).unwrap();
        let there = read_verdicts("a/b: OK\na/d: OK\n");
        let error = same(&here, &there).unwrap_err().to_string();
        assert_eq!(
            error,
            "a/c passed here, absent there; a/d skipped here, passed there"
        );
    }

    #[test]
    fn configure_hears_of_another_machine_and_not_of_rust() {
        let Ok(arguments) = host(&MACHINES[0], Path::new("/s")) else {
            // Without pkg-config nothing of tor is built.
            return;
        };
        assert_eq!(arguments[0], "--host=aarch64-linux-gnu");
        assert!(!arguments
            .iter()
            .any(|word| word.contains("CARGO") || word.contains("unknown")));
    }
}
