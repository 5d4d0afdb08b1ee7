//! The system packages that tor's build and some suites need: installed when we
//! may, named in one command when we may not.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

use anyhow::{bail, Result};

use crate::jobs::Job;
use crate::layout::Layout;
use crate::progress::{Progress, Scale};

/// What every build needs on Debian or Ubuntu. Names after a bar are other
/// packages that will do.
pub const FOR_BUILDS: &[&str] = &[
    "autoconf",
    "automake",
    "binutils",
    "dpkg-dev",
    "gcc",
    "libc6-dev",
    "libevent-dev",
    // Without it configure leaves out the option `Sandbox`.
    "libseccomp-dev",
    "libssl-dev",
    "make",
    "pkg-config|pkgconf",
    "zlib1g-dev",
];

/// What tor links with, or would if it were there: what a build finds depends on
/// these.
const LIBRARIES: &[&str] = &[
    "libcap-dev",
    "libevent-dev",
    "liblzma-dev",
    "libscrypt-dev",
    "libseccomp-dev",
    "libssl-dev",
    "libzstd-dev",
    "zlib1g-dev",
];

/// What libFuzzer is compiled with.
pub const FOR_FUZZERS: &[&str] = &["g++"];

/// What instruments C for a fuzzer, in the way that nightly instruments Rust.
pub const FOR_INSTRUMENTED_FUZZERS: &[&str] = &["clang", "g++"];

/// What tells which system calls a private network's tors were refused.
pub const FOR_NETWORKS: &[&str] = &["strace"];

/// Sees to it that all of these packages are there, or says which command
/// installs them. Elsewhere than on Debian and its kin nothing is checked: configure
/// will name what it misses.
pub fn ensure(layout: &Layout, progress: &Progress, needed: &[&str]) -> Result<()> {
    let Some(installed) = installed()? else {
        return Ok(());
    };
    let missing = missing(&installed, needed);
    if missing.is_empty() {
        return Ok(());
    }
    if !is_root() {
        bail!(
            "system packages are missing: run this command and start again\n    sudo apt-get install {}",
            missing.join(" ")
        );
    }
    let step = progress.step("install system packages", Scale::Unknown);
    step.note(missing.join(" "));
    let apt_get = |arguments: &[&str]| {
        Job::new("apt-get", &layout.root, layout.logs().join("packages.log"))
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive")
    };
    let mut install = vec!["install", "--yes", "--no-install-recommends"];
    install.extend(&missing);
    // The package lists may be stale or absent (a fresh container): they are
    // refreshed only when an installation failed without that.
    if !apt_get(&install).finish(|line| step.note(line))?.success {
        apt_get(&["update"]).run(|line| step.note(line))?;
        apt_get(&install).run(|line| step.note(line))?;
    }
    step.done(missing.join(" "));
    Ok(())
}

/// Sees to it that everything is there that the unpacked source package `tree`
/// names in Build-Depends, or says which command installs it. Apt does the work:
/// it knows about versions, architectures and what else provides a package. It
/// takes no package away for that.
pub fn ensure_build_dependencies(layout: &Layout, progress: &Progress, tree: &Path) -> Result<()> {
    let job = |program: &str, arguments: &[&str]| {
        Job::new(program, tree, layout.logs().join("build-depends.log"))
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive")
    };
    let check = job("dpkg-checkbuilddeps", &[]);
    let missing = check.finish(|_| ())?;
    if missing.success {
        return Ok(());
    }
    let install = [
        "build-dep",
        "--yes",
        "--no-install-recommends",
        "--no-remove",
        "./",
    ];
    if !is_root() {
        bail!(
            "{}\nRun this command and start again\n    cd {} && sudo apt-get {}",
            missing.text.trim(),
            tree.display(),
            install.join(" ")
        );
    }
    let step = progress.step("install what the package is built with", Scale::Unknown);
    let install = job("apt-get", &install);
    if !install.finish(|line| step.note(line))?.success {
        job("apt-get", &["update"]).run(|line| step.note(line))?;
        install.run(|line| step.note(line))?;
    }
    check.run(|_| ())?;
    step.done("");
    Ok(())
}

/// Whether this process may install packages.
pub fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// The libraries that tor could link with, as they are installed now, one a line with
/// its version. Nothing where there is no dpkg.
pub fn libraries() -> String {
    let query = Command::new("dpkg-query")
        .args([
            "--show",
            "--showformat=${db:Status-Abbrev}${Package} ${Version}\n",
        ])
        .args(LIBRARIES)
        .output();
    // Its exit code says that some are not installed.
    let text = query.map(|output| output.stdout).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let installed = text.lines().filter_map(|line| line.strip_prefix("ii "));
    installed.map(|line| format!("{line}\n")).collect()
}

/// The names of all installed packages; `None` where there is no dpkg.
fn installed() -> Result<Option<String>> {
    let query = Command::new("dpkg-query")
        .args(["--show", "--showformat=${db:Status-Abbrev}${Package}\n"])
        .output();
    Ok(match query {
        Ok(output) => Some(String::from_utf8_lossy(&output.stdout).into_owned()),
        Err(_) => None,
    })
}

/// The needed packages that are not in dpkg's list.
fn missing<'n>(installed: &str, needed: &[&'n str]) -> Vec<&'n str> {
    let present = |name: &str| {
        installed
            .lines()
            .any(|line| line.strip_prefix("ii ") == Some(name))
    };
    needed
        .iter()
        .filter(|needed| !needed.split('|').any(present))
        .filter_map(|needed| needed.split('|').next())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_not_fully_installed_is_missing() {
        let mut list = String::new();
        for needed in FOR_BUILDS {
            let name = needed.split('|').next_back().unwrap();
            // "rc": removed, its configuration left.
            let status = if name == "make" { "rc " } else { "ii " };
            list += &format!("{status}{name}\n");
        }
        assert_eq!(missing(&list, FOR_BUILDS), ["make"]);
    }
}
