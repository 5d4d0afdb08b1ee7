//! Rust's name of the machine that `--host` names: the rules of
//! `autoconf-patches/tor_rust.m4` on many GNU names, in a configure script of a
//! second that holds nothing else; and what it says where they give nothing.

use std::fs;
use std::path::Path;

use anyhow::{bail, ensure, Context, Result};

use super::Stage;
use crate::jobs::Job;
use crate::progress::Scale;
use crate::tor_build::Tree;

const RULES: &str = "autoconf-patches/tor_rust.m4";

/// With TRIPLETS the rules alone, for each of them, as config.sub completes it;
/// otherwise all that configure does when the host is another machine.
const CONFIGURE_AC: &str = r#"AC_INIT([targets], [0])
AC_CONFIG_AUX_DIR([.])
m4_include([tor_rust.m4])
AC_CANONICAL_HOST
AC_ARG_VAR([RUSTC], [rustc])
AS_IF([test "x$TRIPLETS" != x], [
  for alias in $TRIPLETS; do
    full=`$SHELL "$ac_aux_dir/config.sub" $alias` || exit 1
    host_cpu=`expr "$full" : '\([[^-]]*\)'`
    host_os=`expr "$full" : '[[^-]]*-[[^-]]*-\(.*\)'`
    TOR_RUST_TARGET
    AS_ECHO(["target $alias = ${tor_rust_target:--}"])
  done
], [
  TOR_RUST_CROSS
  AS_ECHO(["target = $CARGO_BUILD_TARGET"])
])
AC_OUTPUT
"#;

/// GNU's name and Rust's; a dash where the rules have none to give.
const NAMES: &[(&str, &str)] = &[
    // Debian's ports.
    ("x86_64-linux-gnu", "x86_64-unknown-linux-gnu"),
    ("i386-linux-gnu", "i686-unknown-linux-gnu"),
    ("i686-linux-gnu", "i686-unknown-linux-gnu"),
    ("aarch64-linux-gnu", "aarch64-unknown-linux-gnu"),
    ("arm-linux-gnueabihf", "armv7-unknown-linux-gnueabihf"),
    ("arm-linux-gnueabi", "armv5te-unknown-linux-gnueabi"),
    ("riscv64-linux-gnu", "riscv64gc-unknown-linux-gnu"),
    ("powerpc64le-linux-gnu", "powerpc64le-unknown-linux-gnu"),
    ("s390x-linux-gnu", "s390x-unknown-linux-gnu"),
    ("loongarch64-linux-gnu", "loongarch64-unknown-linux-gnu"),
    ("mips64el-linux-gnuabi64", "mips64el-unknown-linux-gnuabi64"),
    ("mipsel-linux-gnu", "mipsel-unknown-linux-gnu"),
    ("sparc64-linux-gnu", "sparc64-unknown-linux-gnu"),
    ("m68k-linux-gnu", "m68k-unknown-linux-gnu"),
    ("x86_64-linux-gnux32", "x86_64-unknown-linux-gnux32"),
    // Other Linux.
    ("ppc64le-redhat-linux", "powerpc64le-unknown-linux-gnu"),
    ("x86_64-suse-linux-gnu", "x86_64-unknown-linux-gnu"),
    ("i586-suse-linux-gnu", "i686-unknown-linux-gnu"),
    (
        "armv7l-unknown-linux-gnueabihf",
        "armv7-unknown-linux-gnueabihf",
    ),
    (
        "armv6l-unknown-linux-gnueabihf",
        "arm-unknown-linux-gnueabihf",
    ),
    ("x86_64-linux-musl", "x86_64-unknown-linux-musl"),
    ("aarch64-linux-musl", "aarch64-unknown-linux-musl"),
    ("arm-linux-musleabihf", "armv7-unknown-linux-musleabihf"),
    ("riscv64-linux-musl", "riscv64gc-unknown-linux-musl"),
    ("aarch64-linux-android21", "aarch64-linux-android"),
    ("armv7a-linux-androideabi21", "armv7-linux-androideabi"),
    ("arm-linux-androideabi", "arm-linux-androideabi"),
    ("i686-linux-android", "i686-linux-android"),
    ("x86_64-linux-android24", "x86_64-linux-android"),
    ("riscv64-linux-android35", "riscv64-linux-android"),
    // Other systems.
    ("x86_64-w64-mingw32", "x86_64-pc-windows-gnu"),
    ("i686-w64-mingw32", "i686-pc-windows-gnu"),
    ("aarch64-w64-mingw32", "aarch64-pc-windows-gnullvm"),
    ("x86_64-apple-darwin23", "x86_64-apple-darwin"),
    ("aarch64-apple-darwin23.1.0", "aarch64-apple-darwin"),
    ("x86_64-unknown-freebsd14.0", "x86_64-unknown-freebsd"),
    ("i386-unknown-freebsd13.2", "i686-unknown-freebsd"),
    ("aarch64-unknown-freebsd14.0", "aarch64-unknown-freebsd"),
    ("x86_64-unknown-netbsd", "x86_64-unknown-netbsd"),
    ("armv7--netbsdelf-eabihf", "armv7-unknown-netbsd-eabihf"),
    ("amd64-unknown-openbsd7.4", "x86_64-unknown-openbsd"),
    ("riscv64-unknown-openbsd", "riscv64gc-unknown-openbsd"),
    ("x86_64-pc-cygwin", "-"),
    ("vax-dec-ultrix", "-"),
];

/// Arguments of configure, and what its last line holds.
const REFUSALS: &[(&str, &[&str])] = &[
    // The rules give nothing.
    (
        "--host=x86_64-pc-cygwin",
        &["error:", "CARGO_BUILD_TARGET=TARGET"],
    ),
    // They give something, and rustc does not know it.
    (
        "--host=vax-linux-gnu",
        &["error:", "vax-", "CARGO_BUILD_TARGET=TARGET"],
    ),
    // It knows it, and has no library for it: no rustup and no Debian has one.
    (
        "--host=m68k-linux-gnu",
        &[
            "error:",
            "rustup target add m68k-unknown-linux-gnu",
            "libstd-rust-dev",
        ],
    ),
    (
        "CARGO_BUILD_TARGET=nonsense",
        &["error:", "knows no target nonsense"],
    ),
];

/// Where the library is: what the rules say, unless the user says something.
const ACCEPTED: &[(&str, &str)] = &[
    ("--host=@HOST@", "target = "),
    (
        "--host=x86_64-torrs-linux-gnu",
        "target = x86_64-unknown-linux-gnu",
    ),
    // Named by the user; that of the host would be refused.
    (
        "--host=m68k-linux-gnu CARGO_BUILD_TARGET=x86_64-unknown-linux-gnu",
        "target = x86_64-unknown-linux-gnu",
    ),
];

/// The rules say what the table says, and rustc knows each of the names.
pub fn names(stage: &Stage<'_>) -> Result<()> {
    let step = stage
        .progress
        .step("Rust's names of machines", Scale::Unknown);
    let script = Script::make(stage)?;
    let triplets: Vec<&str> = NAMES.iter().map(|(gnu, _)| *gnu).collect();
    let text = script.run(&[format!("TRIPLETS={}", triplets.join(" "))])?;
    compare(&text, NAMES)?;
    let known = script.rustc(&["--print", "target-list"])?;
    for (_, name) in NAMES.iter().filter(|(_, name)| *name != "-") {
        ensure!(
            known.lines().any(|line| line == *name),
            "rustc knows no {name}"
        );
    }
    step.done(format!("{} names", NAMES.len()));
    Ok(())
}

/// What is refused, in one line that says what to do; and what is not.
pub fn refusals(stage: &Stage<'_>) -> Result<()> {
    let step = stage
        .progress
        .step("refusals of other machines", Scale::Unknown);
    let script = Script::make(stage)?;
    for (argument, words) in REFUSALS {
        match script.run(&[argument.to_string()]) {
            Ok(text) => bail!("{argument} went through: {text}"),
            Err(error) => says(&error.to_string(), words).with_context(|| argument.to_string())?,
        }
    }
    let build = script.run(&[])?;
    let build = build
        .lines()
        .find_map(|line| line.strip_prefix("checking build system type... "))
        .context("configure names no build system")?;
    // Elsewhere rustc has other libraries.
    let here = |argument: &str| !argument.contains("x86_64") || build.starts_with("x86_64-");
    for (arguments, line) in ACCEPTED.iter().filter(|(argument, _)| here(argument)) {
        let words = arguments.split(' ');
        let words: Vec<String> = words.map(|word| word.replace("@HOST@", build)).collect();
        let text = script.run(&words).with_context(|| arguments.to_string())?;
        ensure!(
            text.lines().any(|found| found == *line),
            "{arguments}: no line \"{line}\" in: {text}"
        );
    }
    step.done("");
    Ok(())
}

/// A configure script with nothing in it but the rules.
struct Script<'a> {
    stage: &'a Stage<'a>,
    folder: tempfile::TempDir,
    rustc: String,
}

impl<'a> Script<'a> {
    fn make(stage: &'a Stage<'a>) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let path = folder.path();
        fs::write(path.join("configure.ac"), CONFIGURE_AC)?;
        fs::copy(stage.layout.root.join(RULES), path.join("tor_rust.m4"))?;
        let tree = stage.builder.tree(Tree::Rust)?;
        for name in ["config.guess", "config.sub", "install-sh"] {
            fs::copy(tree.join(name), path.join(name))
                .with_context(|| format!("autoreconf made no {name}"))?;
        }
        let log = stage.layout.logs().join("autoconf-targets.log");
        Job::new("autoconf", path, log).run(|_| ())?;
        let arguments = crate::tor_build::toolchain()?;
        let rustc = arguments
            .iter()
            .find_map(|argument| argument.strip_prefix("RUSTC="));
        Ok(Self {
            stage,
            rustc: rustc.unwrap_or("rustc").into(),
            folder,
        })
    }

    fn run(&self, arguments: &[String]) -> Result<String> {
        let log = self.stage.layout.logs().join("configure-targets.log");
        Job::new("sh", self.folder.path(), log)
            .arg("configure")
            .arg(format!("RUSTC={}", self.rustc))
            .args(arguments)
            .run(|_| ())
    }

    fn rustc(&self, arguments: &[&str]) -> Result<String> {
        let log = self.stage.layout.logs().join("rustc-targets.log");
        let folder: &Path = self.folder.path();
        Job::new(&self.rustc, folder, log)
            .args(arguments)
            .run(|_| ())
    }
}

fn compare(text: &str, names: &[(&str, &str)]) -> Result<()> {
    let mut wrong = Vec::new();
    for (gnu, name) in names {
        let start = format!("target {gnu} = ");
        let found = text.lines().find_map(|line| line.strip_prefix(&start));
        if found != Some(name) {
            wrong.push(format!(
                "{gnu} is {}, not {name}",
                found.unwrap_or("absent")
            ));
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("; "));
    Ok(())
}

/// One line of a complaint holds all words.
fn says(complaint: &str, words: &[&str]) -> Result<()> {
    let says = |line: &str| words.iter().all(|word| line.contains(word));
    ensure!(
        complaint.lines().any(says),
        "no line says {words:?}: {complaint}"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_not_the_table_s_is_found() {
        let names = [("a-b", "rust-a"), ("c-d", "-")];
        compare("target a-b = rust-a\ntarget c-d = -\n", &names).unwrap();
        let error = compare("target a-b = other\n", &names).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a-b is other, not rust-a; c-d is absent, not -"
        );
    }

    #[test]
    fn a_refusal_is_one_line() {
        says("x\nerror: a b\n", &["error:", "b"]).unwrap();
        assert!(says("error: a\nb\n", &["error:", "b"]).is_err());
    }
}
