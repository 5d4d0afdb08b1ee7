//! The archive of `cargo xtask dist`: packed again it has the same bytes; tor is
//! built from it twice, without a network, autotools, cbindgen or a cargo home, by
//! different users in different folders, and both get the same program. On request
//! also what a packager runs in it: `make check`, `make dist`, `make distcheck`.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{symlink, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{ensure, Context, Result};
use tempfile::TempDir;
use walkdir::WalkDir;

use super::{Outcome, Stage};
use crate::apply;
use crate::compiler_cache::Reuse;
use crate::dist::{lay_out, pack};
use crate::jobs::Job;
use crate::offline::{self, check_offline, offline};
use crate::packages;
use crate::progress::Scale;
use crate::tor_build::{jobs, toolchain};
use crate::vendor;

/// A time for the files of an archive, in seconds since 1970, and how tar prints
/// it.
const TIME: (u64, &str) = (1_767_225_600, "2026-01-01 00:00:00");

/// What compresses the archives here, sooner than the one that is released.
const COMPRESSOR: &str = "xz --threads=2 -1";

/// Programs that a build from a release must not need, by the beginnings of their
/// names. Cargo and rustc are told by their paths.
const HIDDEN: &[&str] = &[
    "a2x", "aclocal", "asciidoc", "auto", "cargo", "cbindgen", "rustc", "rustup", "xmlto",
];

/// Crates that this repository locks and tor's build does not need.
const NOT_IN_TOR: &[&str] = &["cbindgen", "hex-literal", "serde", "tempfile"];

/// The archive, and what two builds from it make.
pub fn run(stage: &Stage<'_>) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let release = Release::new(stage)?;
    outcome.check("packed again it has the same bytes", release.packed_again());
    outcome.check(
        "its files have the time that is asked for",
        release.has_one_time(),
    );
    outcome.check(
        "it holds the crates that link into tor, and no others",
        release.vendored(),
    );
    let sites = [
        Site::new(&release, "one", 1001, "C"),
        Site::new(&release, "another/and-deeper", 2002, "C.UTF-8"),
    ];
    // C objects that the first build has compiled serve the second one: the suite
    // `distcheck` compiles all.
    release.build_twice(&sites, Reuse::Both, &["src/app/tor"], &mut outcome);
    Ok(outcome)
}

/// What takes long: everything compiled, tested, and packed by tor's own rules.
pub fn run_distcheck(stage: &Stage<'_>) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let release = Release::new(stage)?;
    // Users that every system knows: one of tor's tests looks itself up.
    let sites = [
        Site::new(&release, "full", 1, "C"),
        Site::new(&release, "full-elsewhere/again", 2, "C.UTF-8"),
    ];
    release.build_twice(&sites, Reuse::No, &[], &mut outcome);
    let [site, _] = &sites;
    for target in ["check", "dist", "distcheck"] {
        let label = format!("make {target}");
        let made = release.make(site, &label, Reuse::No, &[target]);
        outcome.check(&label, made);
    }
    let whole = release.dist_is_whole(&site.tree);
    outcome.check("make dist keeps all of src/rust", whole);
    Ok(outcome)
}

/// Somewhere to build, and as whom.
struct Site {
    /// The unpacked archive.
    tree: PathBuf,
    user: u32,
    language: &'static str,
}

impl Site {
    fn new(release: &Release<'_>, folder: &str, user: u32, language: &'static str) -> Self {
        let name = release.tree.file_name().unwrap_or_default();
        Self {
            tree: release.work.join(folder).join(name),
            user,
            language,
        }
    }
}

/// The archive and what is needed to build from it.
struct Release<'a> {
    stage: &'a Stage<'a>,
    tree: PathBuf,
    archive: PathBuf,
    work: PathBuf,
    /// The programs that a build may use.
    programs: TempDir,
}

impl<'a> Release<'a> {
    fn new(stage: &'a Stage<'a>) -> Result<Self> {
        packages::ensure(stage.layout, stage.progress, offline::PACKAGES)?;
        let tree = lay_out(stage.layout, stage.progress, stage.builder)?;
        let work = tree.parent().context("no parent")?.join("suite");
        if work.exists() {
            // `make distcheck` leaves folders that even their owner cannot write to.
            let log = stage.layout.logs().join("dist-clean.log");
            Job::new("chmod", &stage.layout.root, log)
                .args(["-R", "u+rwX"])
                .arg(&work)
                .run(|_| ())?;
            fs::remove_dir_all(&work)?;
        }
        fs::create_dir_all(&work)?;
        let archive = pack(
            stage.layout,
            stage.progress,
            &tree,
            &work,
            TIME.0,
            COMPRESSOR,
        )?;
        Ok(Self {
            stage,
            tree,
            archive,
            work,
            programs: without_hidden()?,
        })
    }

    fn log(&self, name: &str) -> PathBuf {
        self.stage.layout.logs().join(format!("dist-{name}.log"))
    }

    /// A copy with other times, and readable by its owner only, makes the same
    /// archive.
    fn packed_again(&self) -> Result<()> {
        let copy = TempDir::new()?;
        let tree = copy.path().join(self.tree.file_name().unwrap_or_default());
        Job::new("sh", &self.work, self.log("copy"))
            .args(["-c", "umask 077 && cp -r \"$0\" \"$1\""])
            .args([&self.tree, &tree])
            .run(|_| ())?;
        let (layout, progress) = (self.stage.layout, self.stage.progress);
        let again = pack(layout, progress, &tree, copy.path(), TIME.0, COMPRESSOR)?;
        ensure!(
            fs::read(again)? == fs::read(&self.archive)?,
            "the archives differ"
        );
        Ok(())
    }

    fn has_one_time(&self) -> Result<()> {
        let list = Job::new("tar", &self.work, self.log("list"))
            .args(["--list", "--verbose", "--full-time", "--utc", "--file"])
            .arg(&self.archive)
            .run(|_| ())?;
        ensure!(list.lines().count() > 1000, "the archive is not whole");
        for line in list.lines() {
            ensure!(line.contains(TIME.1), "another time: {line}");
            ensure!(line.contains(" 0/0 "), "an owner: {line}");
        }
        Ok(())
    }

    fn vendored(&self) -> Result<()> {
        let mut names = BTreeSet::new();
        for entry in fs::read_dir(self.tree.join(apply::FOLDER).join(vendor::FOLDER))? {
            names.insert(entry?.file_name().to_string_lossy().into_owned());
        }
        ensure!(names.contains("curve25519-dalek"), "only {names:?}");
        for name in NOT_IN_TOR {
            ensure!(!names.contains(*name), "{name} is there");
        }
        Ok(())
    }

    /// Builds in two places, and compares what came of it.
    fn build_twice(
        &self,
        sites: &[Site; 2],
        reuse: Reuse,
        targets: &[&str],
        outcome: &mut Outcome,
    ) {
        for site in sites {
            let label = format!("tor from the archive, user {}", site.user);
            let offline = check_offline(self.as_user(site, &self.work, self.log("offline")));
            outcome.check("there is no network", offline);
            let built = self
                .unpack(site)
                .and_then(|()| self.configure(site, &label))
                .and_then(|()| self.make(site, &label, reuse, targets))
                .and_then(|()| self.names_components(&site.tree));
            outcome.check("it builds without network and autotools", built);
        }
        for file in ["src/rust/libtor_rust.a", "src/app/tor"] {
            outcome.check(&format!("{file} is the same"), same(sites, file));
        }
    }

    fn unpack(&self, site: &Site) -> Result<()> {
        let folder = site.tree.parent().context("no parent")?;
        fs::create_dir_all(folder)?;
        Job::new("tar", folder, self.log("unpack"))
            .args(["--extract", "--file"])
            .arg(&self.archive)
            .run(|_| ())?;
        Ok(())
    }

    /// A job without a network or an environment, as another user. Its arguments are
    /// a program and what that gets.
    fn as_user(&self, site: &Site, folder: &Path, log: PathBuf) -> Job {
        offline(folder, log)
            .args(["unshare", "--user"])
            .arg(format!("--map-user={}", site.user))
            .arg(format!("--map-group={}", site.user))
            .env("PATH", self.programs.path())
            .env("HOME", "/dev/null/none")
            .env("LC_ALL", site.language)
    }

    fn configure(&self, site: &Site, label: &str) -> Result<()> {
        let step = format!("configure {label}");
        let step = self.stage.progress.step(step, Scale::Unknown);
        let log = self.log(&format!("configure-{}", site.user));
        self.as_user(site, &site.tree, log)
            .args(["./configure", "--enable-rust"])
            .args(toolchain()?)
            .run(|line| step.note(line))?;
        step.done("");
        Ok(())
    }

    fn make(&self, site: &Site, label: &str, reuse: Reuse, targets: &[&str]) -> Result<()> {
        let step = self.stage.progress.step(label, Scale::Unknown);
        let what = targets.concat().replace('/', "-");
        let log = self.log(&format!("make-{}{what}", site.user));
        let make = self
            .as_user(site, &site.tree, log)
            .arg("make")
            .arg(format!("-j{}", jobs()))
            .args(targets);
        let cache = self.stage.builder.cache();
        cache
            .serve(make, &site.tree, reuse)?
            .run(|line| step.note(line.trim()))?;
        step.done("");
        Ok(())
    }

    fn names_components(&self, tree: &Path) -> Result<()> {
        let text = Job::new(tree.join("src/app/tor"), tree, self.log("list-modules"))
            .arg("--list-modules")
            .run(|_| ())?;
        for component in &self.stage.catalogue.0 {
            let name = &component.name;
            ensure!(text.contains(name), "--list-modules does not name {name}");
        }
        Ok(())
    }

    /// What `make dist` packs has every file of `src/rust` that we pack.
    fn dist_is_whole(&self, tree: &Path) -> Result<()> {
        let version = &self.stage.builder.source().version;
        let folder = self.work.join("made");
        fs::create_dir_all(&folder)?;
        Job::new("tar", &folder, self.log("unpack-made"))
            .args(["--extract", "--file"])
            .arg(tree.join(format!("tor-{version}.tar.gz")))
            .run(|_| ())?;
        let made = files(&folder.join(format!("tor-{version}")).join(apply::FOLDER))?;
        let ours = files(&self.tree.join(apply::FOLDER))?;
        let missing: Vec<_> = ours.difference(&made).collect();
        // The list of what `apply` has put there says nothing in a release.
        ensure!(
            missing == [Path::new(apply::LIST)],
            "make dist leaves out {missing:?}"
        );
        Ok(())
    }
}

/// A folder of links to the system's programs, but for the hidden ones.
fn without_hidden() -> Result<TempDir> {
    let folder = TempDir::new()?;
    // The users of namespaces look in here, too.
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
    for system in ["/usr/sbin", "/usr/bin", "/sbin", "/bin"] {
        for entry in fs::read_dir(system)? {
            let entry = entry?;
            let name = entry.file_name();
            let hidden = |begin: &&str| name.to_string_lossy().starts_with(*begin);
            let link = folder.path().join(&name);
            if !HIDDEN.iter().any(hidden) && !link.is_symlink() {
                symlink(entry.path(), link)?;
            }
        }
    }
    Ok(folder)
}

/// Whether two builds made the same of this file.
fn same([one, other]: &[Site; 2], file: &str) -> Result<()> {
    let read = |site: &Site| {
        let path = site.tree.join(file);
        fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    ensure!(
        read(one)? == read(other)?,
        "{} and {} differ in it",
        one.tree.display(),
        other.tree.display()
    );
    Ok(())
}

/// The files below a folder, relative to it.
fn files(folder: &Path) -> Result<BTreeSet<PathBuf>> {
    let mut found = BTreeSet::new();
    for entry in WalkDir::new(folder) {
        let entry = entry?;
        if entry.file_type().is_file() {
            found.insert(entry.path().strip_prefix(folder)?.to_owned());
        }
    }
    Ok(found)
}
