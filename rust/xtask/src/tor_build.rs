//! Builds of tor, side by side, each made again only where something changed.
//! In the work folder of a source:
//!
//! ```text
//! c/src      tor as it is        c/build                       every component in C
//! rust/src   tor, patched        rust/build-<components>       those from Rust
//!                                rust/build-<components>-fault with faults on demand
//!                                rust/build-<components>-asan with sanitizers
//!                                rust/build-none               patched, all in C
//!                                rust/build-<components>-<…>   another toolchain or machine
//! ```
//!
//! All builds are out of tree and at the same distance from their sources: the
//! file names in assertions are equal, and objects can be compared.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{ensure, Context, Result};
use sha2::{Digest, Sha256};

use crate::apply;
use crate::compiler_cache::{CompilerCache, Reuse};
use crate::components::Choice;
use crate::jobs::Job;
use crate::layout::Layout;
use crate::mirror::mirror;
use crate::packages;
use crate::progress::{Progress, Scale};
use crate::source::Source;

/// What every build of ours is configured with: without it configure looks for
/// programs that nothing here needs.
pub const CONFIGURE_ARGUMENTS: &[&str] = &["--disable-asciidoc", "--disable-systemd"];

/// What configure's outcome depends on besides its arguments.
const CONFIGURE_VARIABLES: &[&str] = &[
    "CC",
    "CFLAGS",
    "CPPFLAGS",
    "LDFLAGS",
    "LIBS",
    "AR",
    "RANLIB",
    "OBJCOPY",
    "RUSTFLAGS",
];

/// Configure's arguments for a build with sanitizers. Its own test programs may
/// leak.
const SANITIZED: &[&str] = &[
    "--disable-gcc-hardening",
    "CFLAGS=-g1 -O1 -fno-omit-frame-pointer -fsanitize=address,undefined",
    "ASAN_OPTIONS=detect_leaks=0",
];

/// Which of the two source trees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tree {
    /// Unpatched: the reference.
    C,
    /// Patched, with our crates in `src/rust`.
    Rust,
}

/// What to build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Tor's code as one archive, for programs that call it.
    Library,
    /// The programs of a network: tor and tor-gencert.
    Programs,
    /// These and tor's unit tests.
    Tests,
    /// These, tor's benchmark, its code as one archive, and the programs whose
    /// answers Python scripts check.
    Everything,
}

impl Extent {
    fn targets(self) -> &'static [&'static str] {
        match self {
            Self::Library => &["libtor.a"],
            Self::Programs => &["src/app/tor", "src/tools/tor-gencert"],
            Self::Tests => &["src/app/tor", "src/tools/tor-gencert", "src/test/test"],
            Self::Everything => &[
                "src/app/tor",
                "src/tools/tor-gencert",
                "libtor.a",
                "src/test/test",
                "src/test/bench",
                "src/test/test-ntor-cl",
                "src/test/test-hs-ntor-cl",
            ],
        }
    }
}

/// Whether the Rust components misbehave on demand, for tests of containment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Faults {
    /// The real thing.
    Never,
    /// With the cargo feature `fault`.
    OnDemand,
}

/// A finished build directory.
#[derive(Clone, Debug)]
pub struct TorBuild {
    /// The directory.
    pub folder: PathBuf,
}

impl TorBuild {
    /// The `tor` program.
    pub fn tor(&self) -> PathBuf {
        self.folder.join("src/app/tor")
    }

    /// The linker's map of a program of this build, given by its path there.
    pub fn link_map(&self, program: &str) -> PathBuf {
        self.folder.join(format!("{program}.map"))
    }
}

/// How a build is made, whatever its extent.
struct Plan<'p> {
    tree: Tree,
    /// The name of its directory.
    name: &'p str,
    label: &'p str,
    /// Configure's.
    arguments: &'p [String],
    make_arguments: &'p [&'p str],
    reuse: Reuse,
}

/// Makes builds from one source.
pub struct Builder<'a> {
    layout: &'a Layout,
    progress: &'a Progress,
    source: Source,
    cache: CompilerCache,
    // Held for as long as the builder lives.
    _lock: File,
    c_tree: OnceCell<()>,
    rust_tree: OnceCell<()>,
}

impl<'a> Builder<'a> {
    /// A builder for this source; `lock` is [`Layout::lock`]'s.
    pub fn new(layout: &'a Layout, progress: &'a Progress, source: Source, lock: File) -> Self {
        Self {
            layout,
            progress,
            source,
            cache: CompilerCache::find(layout, progress),
            _lock: lock,
            c_tree: OnceCell::new(),
            rust_tree: OnceCell::new(),
        }
    }

    /// Where objects are that builds have in common.
    pub fn cache(&self) -> &CompilerCache {
        &self.cache
    }

    /// The source that is built.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Builds tor with these components in Rust; with none of them, from the
    /// unpatched tree.
    pub fn build(&self, choice: &Choice, faults: Faults, extent: Extent) -> Result<TorBuild> {
        let tree = match choice {
            Choice::None => Tree::C,
            Choice::Some(_) | Choice::All(_) => Tree::Rust,
        };
        let name = match (tree, faults) {
            (Tree::C, _) => "build".into(),
            (Tree::Rust, Faults::Never) => format!("build-{choice}"),
            (Tree::Rust, Faults::OnDemand) => format!("build-{choice}-fault"),
        };
        let mut arguments: Vec<String> = choice.configure_flag().into_iter().collect();
        if tree == Tree::Rust {
            arguments.extend(toolchain()?);
        }
        let label = match faults {
            Faults::Never => described(choice),
            Faults::OnDemand => "tor with faults on demand".into(),
        };
        let extra = match faults {
            Faults::Never => &[][..],
            Faults::OnDemand => &["TORRS_EXTRA_FEATURES=fault"],
        };
        let reuse = match tree {
            Tree::C => Reuse::LeavesOnly,
            Tree::Rust => Reuse::Both,
        };
        self.build_in(
            &Plan {
                tree,
                name: &name,
                label: &label,
                arguments: &arguments,
                make_arguments: extra,
                reuse,
            },
            extent,
        )
    }

    /// Builds tor with AddressSanitizer and UBSan in all C code, and with
    /// AddressSanitizer in the Rust archive if there is a `nightly` toolchain to
    /// do it.
    ///
    /// Not with configure's `--enable-fragile-hardening`: it forgets
    /// `-fsanitize=undefined`, as a later flag takes its place. Without
    /// `--disable-gcc-hardening` there would be `_FORTIFY_SOURCE`, whose checked
    /// memcpy the sanitizer does not see.
    pub fn build_sanitized(&self, choice: &Choice, nightly: Option<&Nightly>) -> Result<TorBuild> {
        let mut arguments: Vec<String> = choice.configure_flag().into_iter().collect();
        match nightly {
            // With a target named, build scripts stay as they are.
            Some(nightly) => arguments.extend([
                format!("CARGO={}", nightly.folder.join("cargo").display()),
                format!("RUSTC={}", nightly.folder.join("rustc").display()),
                format!("CARGO_BUILD_TARGET={}", nightly.host),
                "RUSTFLAGS=-Zsanitizer=address".into(),
            ]),
            None => arguments.extend(toolchain()?),
        }
        arguments.extend(SANITIZED.iter().map(|&s| s.into()));
        let name = format!("build-{choice}-asan");
        self.build_in(
            &Plan {
                tree: Tree::Rust,
                name: &name,
                label: "tor with sanitizers",
                arguments: &arguments,
                make_arguments: &[],
                reuse: Reuse::No,
            },
            Extent::Tests,
        )
    }

    /// Builds tor and its unit tests with another toolchain, for this machine or
    /// another one, as these arguments of configure say. `name` tells such builds
    /// apart.
    pub fn build_otherwise(
        &self,
        choice: &Choice,
        name: &str,
        arguments: &[String],
    ) -> Result<TorBuild> {
        let mut all: Vec<String> = choice.configure_flag().into_iter().collect();
        all.extend_from_slice(arguments);
        self.build_in(
            &Plan {
                tree: Tree::Rust,
                name: &format!("build-{choice}-{name}"),
                label: &format!("tor: {name}"),
                arguments: &all,
                make_arguments: &[],
                reuse: Reuse::Both,
            },
            Extent::Tests,
        )
    }

    /// Links the unit tests of `build` once more, with the Rust archive of
    /// `faulty` before all others, and returns the program's path in the build
    /// directory.
    pub fn link_faulty_test(&self, build: &TorBuild, faulty: &TorBuild) -> Result<&'static str> {
        const PROGRAM: &str = "src/test/test-fault";
        let archive = faulty.folder.join("src/rust/libtor_rust.a");
        // What comes first is what is linked: tor's test library holds a copy of
        // the proper archive.
        let flags = format!(
            "{} -Wl,--whole-archive,{},--no-whole-archive",
            with_link_maps(&build.folder)?,
            archive.display()
        );
        // Make does not know that it depends on that archive.
        let program = build.folder.join(PROGRAM);
        if program.exists() {
            fs::remove_file(program)?;
        }
        let label = "unit tests with faults on demand";
        let arguments = [&flags, "EXEEXT=-fault"];
        self.make(&build.folder, label, &arguments, &[PROGRAM], Reuse::No)?;
        Ok(PROGRAM)
    }

    /// Builds the patched tree with every component in C. Its objects are the
    /// compiler's own, and so are those of the C build with which they are
    /// compared.
    pub fn build_patched_c(&self, extent: Extent) -> Result<TorBuild> {
        self.build_in(
            &Plan {
                tree: Tree::Rust,
                name: "build-none",
                label: "patched tor without --enable-rust",
                arguments: &[],
                make_arguments: &[],
                reuse: Reuse::No,
            },
            extent,
        )
    }

    fn build_in(&self, plan: &Plan<'_>, extent: Extent) -> Result<TorBuild> {
        let source = self.tree(plan.tree)?;
        let folder = source
            .parent()
            .context("the source tree has no parent")?
            .join(plan.name);
        let build = TorBuild { folder };
        self.configure(&source, &build.folder, plan.label, plan.arguments)?;
        let (arguments, targets) = (plan.make_arguments, extent.targets());
        self.make(&build.folder, plan.label, arguments, targets, plan.reuse)?;
        Ok(build)
    }

    /// The copy of the source that is built: up to date, patched if it is to
    /// be, and with a fresh configure.
    pub fn tree(&self, tree: Tree) -> Result<PathBuf> {
        let (folder, ready) = match tree {
            Tree::C => (self.source.work.join("c/src"), &self.c_tree),
            Tree::Rust => (self.source.work.join("rust/src"), &self.rust_tree),
        };
        if ready.get().is_some() {
            return Ok(folder);
        }
        let original = &self.source.folder;
        let series = apply::series(&self.layout.root)?;
        let unpatched = apply::originals(original, &series)?;
        match tree {
            Tree::C => mirror(original, &unpatched, &folder)?,
            Tree::Rust => {
                ensure!(
                    !series.is_empty(),
                    "autoconf-patches/ holds no patch: only --components none can be built"
                );
                let patched = series.apply(original, &unpatched)?;
                let copied = mirror(original, &patched, &folder)?;
                copied
                    + apply::copy_crates(&self.layout.root, &folder)?
                        .written
                        .len()
            }
        };
        self.autoreconf(&folder, tree)?;
        if tree == Tree::Rust {
            fetch_crates(self.layout, self.progress, &folder)?;
        }
        // Set once only: this function is the one place that does it.
        let _ = ready.set(());
        Ok(folder)
    }

    /// Writes configure and the Makefile templates anew when something that
    /// they are made from has changed.
    fn autoreconf(&self, folder: &Path, tree: Tree) -> Result<()> {
        let stamp = folder.with_extension("autoreconf");
        let digest = digest_of_autotools_input(folder)?;
        let made = ["configure", "Makefile.in"].map(|name| folder.join(name).exists());
        if made == [true, true] && fs::read_to_string(&stamp).is_ok_and(|old| old == digest) {
            return Ok(());
        }
        let label = match tree {
            Tree::C => "autoreconf, tor as it is",
            Tree::Rust => "autoreconf, patched tor",
        };
        let step = self.progress.step(label, Scale::Unknown);
        let log = self.layout.logs().join(match tree {
            Tree::C => "autoreconf-c.log",
            Tree::Rust => "autoreconf-rust.log",
        });
        Job::new("autoreconf", folder, log)
            .arg("-fi")
            .run(|line| step.note(line))?;
        fs::write(stamp, digest)?;
        step.done("");
        Ok(())
    }

    fn configure(&self, source: &Path, build: &Path, label: &str, extra: &[String]) -> Result<()> {
        let mut arguments: Vec<String> = CONFIGURE_ARGUMENTS.iter().map(|&s| s.into()).collect();
        arguments.extend_from_slice(extra);
        let mut digest = Sha256::new();
        for name in ["configure", "orconfig.h.in", "warning_flags.in"] {
            digest.update(fs::read(source.join(name)).unwrap_or_default());
        }
        digest.update(format!("{arguments:?}"));
        for name in CONFIGURE_VARIABLES {
            digest.update(format!("{name}={:?}", env::var_os(name)));
        }
        let digest = format!("{:x?}", digest.finalize());
        let libraries = packages::libraries();
        let stamp = build.join("configured");
        let old = fs::read_to_string(&stamp).unwrap_or_default();
        let (old_digest, old_libraries) = old.split_once('\n').unwrap_or_default();
        if old_libraries == libraries {
            if build.join("config.status").exists() && old_digest == digest {
                return Ok(());
            }
        } else if build.exists() {
            // Headers of another version may be older than the objects: make would
            // not notice.
            fs::remove_dir_all(build)?;
        }
        fs::create_dir_all(build)?;
        let step = self
            .progress
            .step(format!("configure {label}"), Scale::Unknown);
        Job::new("sh", build, self.log("configure", build))
            .arg("../src/configure")
            .args(arguments)
            .run(|line| step.note(line))?;
        fs::write(stamp, format!("{digest}\n{libraries}"))?;
        step.done("");
        Ok(())
    }

    fn make(
        &self,
        build: &Path,
        label: &str,
        arguments: &[&str],
        targets: &[&str],
        reuse: Reuse,
    ) -> Result<()> {
        let step = self.progress.step(format!("make {label}"), Scale::Unknown);
        let mut done = Done::default();
        let make = Job::new("make", build, self.log("make", build))
            .arg(format!("-j{}", jobs()))
            .arg(with_link_maps(build)?)
            .args(arguments)
            .args(targets);
        self.cache.serve(make, build, reuse)?.run(|line| {
            if let Some(note) = done.see(line) {
                step.note(note);
            }
        })?;
        step.done(done.summary());
        Ok(())
    }

    fn log(&self, what: &str, build: &Path) -> PathBuf {
        let side = build.parent().and_then(Path::file_name).unwrap_or_default();
        let name = build.file_name().unwrap_or_default();
        self.layout.logs().join(format!(
            "{what}-{}-{}.log",
            side.to_string_lossy(),
            name.to_string_lossy()
        ))
    }
}

/// How many things are made at a time.
pub fn jobs() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The cargo that runs us.
pub fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Configure's arguments for the toolchain: the cargo that runs us and the
/// rustc beside it, so that both come from one toolchain.
pub fn toolchain() -> Result<Vec<String>> {
    let cargo = PathBuf::from(cargo());
    let beside = cargo.with_file_name("rustc");
    let rustc = match env::var_os("RUSTC") {
        Some(named) => PathBuf::from(named),
        None if beside.is_absolute() && beside.exists() => beside,
        None => PathBuf::from("rustc"),
    };
    Ok(vec![
        format!("CARGO={}", cargo.display()),
        format!("RUSTC={}", rustc.display()),
    ])
}

/// A nightly toolchain, which alone can put a sanitizer into Rust code.
pub struct Nightly {
    /// Where its cargo and rustc are.
    folder: PathBuf,
    /// Rust's name of this machine.
    host: String,
}

impl Nightly {
    /// The one that rustup calls `nightly`, if there is one.
    pub fn find() -> Option<Self> {
        let output = |program: &Path, arguments: &[&str]| {
            let output = Command::new(program).args(arguments).output().ok()?;
            output
                .status
                .success()
                .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
        };
        let which = ["which", "--toolchain", "nightly", "rustc"];
        let rustc = PathBuf::from(output(Path::new("rustup"), &which)?.trim());
        let version = output(&rustc, &["-vV"])?;
        let host = version
            .lines()
            .find_map(|line| line.strip_prefix("host: "))?;
        let folder = rustc.parent()?.to_owned();
        folder.join("cargo").exists().then(|| Self {
            folder,
            host: host.into(),
        })
    }
}

/// Downloads what Cargo.lock names, so that tor's own build, which never uses
/// the network, finds it.
pub fn fetch_crates(layout: &Layout, progress: &Progress, tree: &Path) -> Result<()> {
    let step = progress.step("fetch the crates that link into tor", Scale::Unknown);
    let folder = tree.join(apply::FOLDER);
    Job::new(cargo(), &folder, layout.logs().join("cargo-fetch.log"))
        .args(["fetch", "--locked"])
        .run(|line| step.note(line))?;
    step.done("");
    Ok(())
}

/// The argument that makes each link write its map beside the program.
fn with_link_maps(build: &Path) -> Result<String> {
    let makefile = fs::read_to_string(build.join("Makefile"))?;
    let flags = makefile
        .lines()
        .find_map(|line| line.strip_prefix("LDFLAGS ="))
        .unwrap_or_default();
    Ok(format!("LDFLAGS={} -Wl,-Map,$@.map", flags.trim()))
}

fn described(choice: &Choice) -> String {
    match choice {
        Choice::None => "tor in C".into(),
        Choice::Some(_) => format!("tor with {choice} in Rust"),
        Choice::All(_) => "tor with all components in Rust".into(),
    }
}

/// A digest over everything that autoreconf reads.
fn digest_of_autotools_input(folder: &Path) -> Result<String> {
    let mut files = BTreeSet::new();
    for entry in walkdir::WalkDir::new(folder) {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy();
        let generated =
            name == "aclocal.m4" || entry.path().starts_with(folder.join("src/rust/target"));
        let read = name == "configure.ac" || name.ends_with(".am") || name.ends_with(".m4");
        if entry.file_type().is_file() && read && !generated {
            files.insert(entry.into_path());
        }
    }
    let mut digest = Sha256::new();
    for file in files {
        digest.update(file.as_os_str().as_encoded_bytes());
        digest.update(fs::read(&file)?);
    }
    Ok(format!("{:x?}", digest.finalize()))
}

/// What make has done so far, from the lines it prints.
#[derive(Default)]
struct Done {
    compiled: usize,
    linked: usize,
}

impl Done {
    /// A note to show, if this line says that something is being made.
    fn see(&mut self, line: &str) -> Option<String> {
        let (verb, file) = line.strip_prefix("  ")?.split_once(' ')?;
        let file = file.trim();
        match verb {
            "CC" => self.compiled += 1,
            "CCLD" => self.linked += 1,
            "AR" | "GEN" => {}
            _ => return None,
        }
        Some(format!("{file} (C files compiled: {})", self.compiled))
    }

    fn summary(&self) -> String {
        match (self.compiled, self.linked) {
            (0, 0) => "nothing to do in C".into(),
            (compiled, linked) => {
                format!("C files compiled: {compiled}, programs linked: {linked}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_make_are_counted() {
        let mut done = Done::default();
        assert_eq!(
            done.see("  CC       src/core/or/channel.o").unwrap(),
            "src/core/or/channel.o (C files compiled: 1)"
        );
        assert!(done.see("make: Nothing to be done").is_none());
        assert!(done.see("  CCLD     src/app/tor").is_some());
        assert_eq!(done.summary(), "C files compiled: 1, programs linked: 1");
    }

    #[test]
    fn the_autotools_input_is_what_autoreconf_reads() {
        let folder = tempfile::tempdir().unwrap();
        let tree = folder.path();
        let write = |name: &str, text: &str| fs::write(tree.join(name), text).unwrap();
        write("configure.ac", "1");
        write("include.am", "1");
        let first = digest_of_autotools_input(tree).unwrap();
        write("main.c", "1");
        write("aclocal.m4", "generated");
        assert_eq!(digest_of_autotools_input(tree).unwrap(), first);
        write("include.am", "2");
        assert_ne!(digest_of_autotools_input(tree).unwrap(), first);
    }
}
