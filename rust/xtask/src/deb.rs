//! `cargo xtask deb`: a Debian package of tor with its components in Rust. It is
//! the distribution's own source package with two quilt patches, a longer
//! Build-Depends and `--enable-rust` in debian/rules; dpkg-buildpackage builds it
//! with the distribution's toolchain and without a network.
//!
//! ```text
//! target/tor/deb/tor-VERSION                    the source package, unpacked and changed
//! target/tor/deb/*.dsc, *.deb, *.changes, …     what came of it
//! target/tor/deb-crates/src/rust                what the patches create
//! ```

mod packaging;
mod quilt;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{bail, Context, Result};
use clap::Args;
use walkdir::WalkDir;

use crate::apply::{self, check_version, series};
use crate::components::{minimum_rustc, read_manifest};
use crate::dist::time;
use crate::jobs::Job;
use crate::layout::Layout;
use crate::offline::{self, offline};
use crate::packages;
use crate::patches::Overlay;
use crate::progress::{Progress, Scale};
use crate::tor_build::Builder;
use crate::vendor::{self, vendor};

use packaging::Entry;
use quilt::QuiltPatch;

/// What the verb itself runs.
const PACKAGES: &[&str] = &["dpkg-dev"];
/// Added to the distribution's version: a package of our kind is newer than
/// theirs, and older than their next.
const SUFFIX: &str = "+rust1";
/// The log of dpkg-buildpackage, in the folder of all logs.
pub const BUILD_LOG: &str = "dpkg-buildpackage.log";
/// Who made the package if DEBFULLNAME and DEBEMAIL do not say so. Nobody can be
/// reached there.
const NOBODY: (&str, &str) = ("ctor-rust", "ctor-rust@packages.invalid");
/// Where the distribution's programs are, and no toolchain of a user.
const PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";
/// What a builder may say to a package's build.
const PASSED_ON: &[&str] = &["DEB_BUILD_OPTIONS", "DEB_BUILD_PROFILES"];

/// What `cargo xtask deb` can be told.
#[derive(Args)]
pub struct DebOptions {
    /// Make the source package and build nothing
    #[arg(long)]
    source_only: bool,
}

/// What is to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The source package.
    Source,
    /// That, and the binary packages that it gives here.
    Everything,
}

/// What was made.
#[derive(Debug)]
pub struct Packages {
    /// The folder of all of it.
    pub folder: PathBuf,
    /// The version, such as `0.4.9.11-0+deb12u1+rust1`.
    pub version: String,
    /// What dpkg-genchanges lists.
    pub changes: PathBuf,
    /// The source package's description.
    pub dsc: PathBuf,
    /// The binary packages, by name.
    pub debs: Vec<PathBuf>,
}

impl Packages {
    /// The version of the distribution's package that this was.
    pub fn original_version(&self) -> &str {
        self.version.strip_suffix(SUFFIX).unwrap_or(&self.version)
    }
}

/// The verb: makes the packages and prints their paths.
pub fn run(
    layout: &Layout,
    progress: &Progress,
    builder: &Builder<'_>,
    options: &DebOptions,
) -> Result<ExitCode> {
    let scope = match options.source_only {
        true => Scope::Source,
        false => Scope::Everything,
    };
    let made = make(layout, progress, builder, scope)?;
    println!("{}", made.dsc.display());
    for deb in &made.debs {
        println!("{}", deb.display());
    }
    Ok(ExitCode::SUCCESS)
}

/// Makes the packages, all of them anew.
pub fn make(
    layout: &Layout,
    progress: &Progress,
    builder: &Builder<'_>,
    scope: Scope,
) -> Result<Packages> {
    packages::ensure(layout, progress, PACKAGES)?;
    packages::ensure(layout, progress, offline::PACKAGES)?;
    let (tree, version) = prepare(layout, progress, builder)?;
    if scope == Scope::Everything {
        packages::ensure_build_dependencies(layout, progress, &tree)?;
    }
    build(layout, progress, &tree, &version, scope)
}

/// The distribution's source package, which apt fetched.
pub fn distributions_dsc(layout: &Layout) -> Result<PathBuf> {
    let folder = layout.tor().join("source");
    with_end(&folder, ".dsc")?.pop().with_context(|| {
        format!(
            "{} holds no source package (.dsc): remove that folder, and it is fetched again",
            folder.display()
        )
    })
}

/// Unpacks the source package and changes it; the folder, and the version.
fn prepare(
    layout: &Layout,
    progress: &Progress,
    builder: &Builder<'_>,
) -> Result<(PathBuf, String)> {
    let dsc = distributions_dsc(layout)?;
    let (folder, crates) = (layout.tor().join("deb"), layout.tor().join("deb-crates"));
    for old in [&folder, &crates] {
        if old.exists() {
            fs::remove_dir_all(old)?;
        }
        fs::create_dir_all(old)?;
    }
    let step = progress.step("unpack the source package", Scale::Unknown);
    // dpkg-source wants what the new .dsc will name beside the tree.
    for original in with_end(&layout.tor().join("source"), ".orig.tar.gz")? {
        fs::copy(
            &original,
            folder.join(original.file_name().unwrap_or_default()),
        )?;
    }
    let tree = folder.join("tor");
    Job::new(
        "dpkg-source",
        &folder,
        layout.logs().join("dpkg-source.log"),
    )
    .arg("--extract")
    .arg(&dsc)
    .arg(&tree)
    .run(|line| step.note(line))?;
    let named = folder.join(format!("tor-{}", check_version(&tree)?));
    fs::rename(&tree, &named)?;
    step.done("");

    let tree = named;
    apply::copy_crates(&layout.root, &crates)?;
    vendor(layout, progress, &crates)?;
    let step = progress.step("make quilt patches", Scale::Unknown);
    let patches = patches(layout, &tree, &crates)?;
    let debian = Debian(tree.join("debian"));
    fs::create_dir_all(tree.join(quilt::folder()))?;
    for patch in &patches {
        fs::write(tree.join(quilt::folder()).join(patch.name), patch.text())?;
    }
    debian.edit("patches/series", |text| Ok(quilt::series(text, &patches)))?;
    let minimum = minimum_rustc(&layout.root)?;
    let build_depends = format!("cargo (>= {minimum}), rustc (>= {minimum})");
    debian.edit("control", |text| packaging::control(text, &build_depends))?;
    debian.edit("rules", packaging::rules)?;
    let rust = crates.join(apply::FOLDER);
    debian.edit("copyright", |text| {
        packaging::copyright(text, &rust, &rust.join(vendor::FOLDER))
    })?;
    let mut version = String::new();
    let maintainer = maintainer();
    let entry = Entry {
        suffix: SUFFIX,
        changes: &changes(&patches, &build_depends),
        maintainer: &maintainer,
        time: time(layout, builder)?,
    };
    debian.edit("changelog", |text| {
        let (text, new) = packaging::changelog(text, &entry)?;
        version = new;
        Ok(text)
    })?;
    let files: usize = patches.iter().map(QuiltPatch::files).sum();
    step.done(format!("{version}, {files} files patched or created"));
    Ok((tree, version))
}

/// The two patches: what one reads, and what cargo checks.
fn patches(layout: &Layout, tree: &Path, crates: &Path) -> Result<[QuiltPatch; 2]> {
    let manifest = read_manifest(&layout.root.join("Cargo.toml"))?;
    let version = manifest
        .get("workspace")
        .and_then(|table| table.get("package")?.get("version")?.as_str())
        .context("Cargo.toml states no version")?;
    let header = |what: &str| {
        format!(
            "{what}\nOrigin: other, ctor-rust {version}, cargo xtask deb\nForwarded: not-needed\n"
        )
    };
    let mut components = QuiltPatch::new(
        "rust-components.patch",
        &header(
            "Description: components in Rust\n \
             configure's --enable-rust and what it selects in the place of C: the\n \
             crates and the C that calls them, in src/rust. Without --enable-rust the\n \
             build is what it was.",
        ),
    );
    let mut vendored = QuiltPatch::new(
        "rust-vendored-crates.patch",
        &header(
            "Description: the crates that src/rust uses\n \
             Copies, in the versions that src/rust/Cargo.lock names, so that the build\n \
             needs no network; cargo compares them with the checksums there. Their\n \
             tests, benchmarks and examples and all binary files are left out.",
        ),
    );
    let changed = series(&layout.root)?.apply(tree, &Overlay::new())?;
    for (path, content) in &changed {
        let before = fs::read(tree.join(path)).ok();
        match content {
            Some(after) => components.add(path, before.as_deref(), after)?,
            None => bail!("the patches remove {}: not expected", path.display()),
        }
    }
    let others = [vendor::FOLDER, ".cargo"].map(|name| crates.join(apply::FOLDER).join(name));
    for entry in WalkDir::new(crates).sort_by_file_name() {
        let entry = entry?;
        let path = entry.path();
        if !entry.file_type().is_file() || entry.file_name() == apply::LIST {
            continue;
        }
        let patch = match others.iter().any(|folder| path.starts_with(folder)) {
            true => &mut vendored,
            false => &mut components,
        };
        patch.add(path.strip_prefix(crates)?, None, &fs::read(path)?)?;
    }
    Ok([components, vendored])
}

/// The lines of the changelog entry.
fn changes(patches: &[QuiltPatch], build_depends: &str) -> Vec<String> {
    // By these words lintian knows that this is nobody's upload.
    let mut lines = vec!["* Local package: components in Rust (--enable-rust).".into()];
    for patch in patches {
        lines.push(format!(
            "* {}/{}: new.",
            quilt::folder().display(),
            patch.name
        ));
    }
    lines.push(format!("* Build-Depends: {build_depends}."));
    lines.push("* debian/copyright: licences of src/rust and of the crates it uses.".into());
    lines
}

/// As Debian's own tools find it: the address may hold the name, too.
fn maintainer() -> String {
    let or = |name: &str, default: &str| env::var(name).unwrap_or_else(|_| default.into());
    let (name, address) = NOBODY;
    let address = or("DEBEMAIL", address);
    match address.contains('<') {
        true => address,
        false => format!("{} <{address}>", or("DEBFULLNAME", name)),
    }
}

/// Runs dpkg-buildpackage.
fn build(
    layout: &Layout,
    progress: &Progress,
    tree: &Path,
    version: &str,
    scope: Scope,
) -> Result<Packages> {
    let label = match scope {
        Scope::Source => "dpkg-buildpackage, source",
        Scope::Everything => "dpkg-buildpackage, offline (minutes)",
    };
    let step = progress.step(label, Scale::Unknown);
    let arguments: &[&str] = match scope {
        // The tree is clean, and nothing is compiled: that needs no packages.
        Scope::Source => &["--build=source", "--no-pre-clean", "--no-check-builddeps"],
        Scope::Everything => &["--build=full"],
    };
    let mut done = Done::default();
    let log = layout.logs().join(BUILD_LOG);
    on_a_builder(tree, log)
        .args([
            "dpkg-buildpackage",
            "--unsigned-source",
            "--unsigned-changes",
        ])
        .args(arguments)
        .run(|line| {
            if let Some(note) = done.see(line) {
                step.note(note);
            }
        })?;
    let folder = tree.parent().context("the tree has no parent")?.to_owned();
    let one = |end: &str| -> Result<PathBuf> {
        let found = with_end(&folder, end)?.pop();
        found.with_context(|| format!("dpkg-buildpackage left no {end} in {}", folder.display()))
    };
    let made = Packages {
        version: version.into(),
        changes: one(".changes")?,
        dsc: one(".dsc")?,
        debs: with_end(&folder, ".deb")?,
        folder,
    };
    step.done(format!("{} binary packages", made.debs.len()));
    Ok(made)
}

/// A job with no network, the distribution's programs, and nothing of the user's
/// settings. Its arguments are a program and what that gets.
pub fn on_a_builder(folder: &Path, log: PathBuf) -> Job {
    let mut job = offline(folder, log)
        .env("PATH", PATH)
        // As on a builder of the distribution's.
        .env("HOME", "/nonexistent")
        .env("LC_ALL", "C.UTF-8");
    for name in PASSED_ON {
        if let Some(value) = env::var_os(name) {
            job = job.env(name, value);
        }
    }
    job
}

/// How far dpkg-buildpackage is, from the lines it prints.
#[derive(Default)]
struct Done {
    stage: String,
    compiled: usize,
}

impl Done {
    /// A note to show, if this line says that something has begun.
    fn see(&mut self, line: &str) -> Option<String> {
        let word = line.trim_start().split(' ').next()?;
        if word.starts_with("dh_") || word.starts_with("dpkg-") {
            self.stage = word.into();
        } else if line.contains(" -c -o ") {
            self.compiled += 1;
        } else {
            return None;
        }
        Some(format!(
            "{} (files compiled: {})",
            self.stage, self.compiled
        ))
    }
}

/// The packaging of an unpacked source.
struct Debian(PathBuf);

impl Debian {
    /// Changes one file, which may not be there yet.
    fn edit(&self, name: &str, change: impl FnOnce(&str) -> Result<String>) -> Result<()> {
        let path = self.0.join(name);
        let before = match path.exists() {
            true => fs::read_to_string(&path)?,
            false => String::new(),
        };
        fs::write(&path, change(&before)?)?;
        Ok(())
    }
}

/// The files of a folder whose names end so, by name.
fn with_end(folder: &Path, end: &str) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    if folder.is_dir() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.to_string_lossy().ends_with(end) {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_names_the_step_and_counts_files() {
        let mut done = Done::default();
        let see = done.see("   dh_auto_build -O--builddirectory=build");
        assert_eq!(see.unwrap(), "dh_auto_build (files compiled: 0)");
        assert!(done.see("checking for gcc... gcc").is_none());
        let see = done.see("gcc -O2 -c -o src/a.o ../src/a.c");
        assert_eq!(see.unwrap(), "dh_auto_build (files compiled: 1)");
    }
}
