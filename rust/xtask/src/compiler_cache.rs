//! Objects that several builds of tor have in common are compiled once. All of
//! tor's C files include orconfig.h, and that differs from build to build, but
//! what the preprocessor makes of most files does not: ccache compares that.
//!
//! Only make is told of it, by a folder before all others in PATH whose `gcc`
//! is ccache. Configure, and with it all that a user of our patches ever runs,
//! does not know; what is made is the same with and without.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::jobs::Job;
use crate::layout::Layout;
use crate::packages;
use crate::progress::Progress;

/// What a build does with objects that another one has compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reuse {
    /// Takes them, and leaves its own.
    Both,
    /// Compiles everything and leaves it: other objects are compared with these.
    LeavesOnly,
    /// Neither.
    No,
}

/// Settings that decide what counts as the same. The preprocessed text names
/// all files that it came from, relative to the build directory, which is at
/// the same distance from its sources in every build. The directory itself
/// would only get into the debug information, where that of the first build
/// will do: it leads to a file with the same text.
const SETTINGS: &[(&str, &str)] = &[
    ("CCACHE_NODIRECT", "1"),
    ("CCACHE_NOHASHDIR", "1"),
    ("CCACHE_COMPILERCHECK", "content"),
    ("CCACHE_SLOPPINESS", ""),
    ("CCACHE_MAXSIZE", "2G"),
];

/// The cache of a target folder.
pub struct CompilerCache {
    /// The program; `None` where it cannot be had.
    ccache: Option<PathBuf>,
    folder: PathBuf,
}

impl CompilerCache {
    /// The cache, its program installed if that can be done. Without, builds
    /// only take longer.
    pub fn find(layout: &Layout, progress: &Progress) -> Self {
        let ccache = in_path("ccache").or_else(|| {
            let installed = packages::ensure(layout, progress, &["ccache"]);
            let found = in_path("ccache");
            if installed.is_err() || found.is_none() {
                progress.say("without ccache (a package) each build compiles all of its C files");
            }
            found
        });
        Self {
            ccache,
            folder: layout.tor().join("compiler-cache"),
        }
    }

    /// `make` with this cache, in a folder that configure has been at.
    pub fn serve(&self, make: Job, build: &Path, reuse: Reuse) -> Result<Job> {
        let (Some(ccache), Some(compiler)) = (&self.ccache, compiler(build)?) else {
            return Ok(make);
        };
        if reuse == Reuse::No {
            return Ok(make);
        }
        let programs = self.folder.join("bin");
        fs::create_dir_all(&programs)?;
        let link = programs.join(compiler);
        if !fs::read_link(&link).is_ok_and(|target| target == *ccache) {
            if link.is_symlink() {
                fs::remove_file(&link)?;
            }
            symlink(ccache, link)?;
        }
        let mut make = make
            .look_first_in(&programs)
            .env("CCACHE_DIR", self.folder.join("objects"));
        for &(name, value) in SETTINGS {
            make = make.env(name, value);
        }
        if reuse == Reuse::LeavesOnly {
            make = make.env("CCACHE_RECACHE", "1");
        }
        Ok(make)
    }
}

/// The name of the compiler that configure chose, unless make would not look
/// for it in PATH.
fn compiler(build: &Path) -> Result<Option<OsString>> {
    let makefile = fs::read_to_string(build.join("Makefile"))?;
    let command = makefile.lines().find_map(|line| line.strip_prefix("CC ="));
    let program = command.and_then(|command| command.split_whitespace().next());
    Ok(program
        .filter(|name| !name.contains('/') && *name != "ccache")
        .map(OsString::from))
}

/// The program that the shell would start.
pub fn in_path(program: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_compiler_that_is_looked_for_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        for (line, name) in [
            ("CC = gcc", Some("gcc")),
            ("CC = clang -std=gnu99", Some("clang")),
            ("CC = /opt/bin/gcc", None),
            ("CC = ccache gcc", None),
        ] {
            fs::write(folder.path().join("Makefile"), format!("A = b\n{line}\n")).unwrap();
            let found = compiler(folder.path()).unwrap();
            assert_eq!(found, name.map(OsString::from), "{line}");
        }
    }
}
