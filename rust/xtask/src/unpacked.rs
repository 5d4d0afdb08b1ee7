//! Packages of the distribution that are unpacked below the target folder
//! instead of installed: libraries of other architectures, and Rust toolchains
//! other than the user's. Apt authenticates them as ever; its lists and its
//! downloads are in the target folder too, so that the system does not change,
//! and that an ordinary user can do it.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::jobs::Job;
use crate::layout::Layout;
use crate::packages;
use crate::progress::{Progress, Scale};

/// The architectures whose packages can be asked for besides the system's.
const FOREIGN: &[&str] = &["arm64", "i386"];

/// A version of Rust, as far as it counts here: 1.85.
pub type RustVersion = (u32, u32);

/// A Rust toolchain of the distribution.
pub struct Toolchain {
    /// Rust's version of it.
    pub version: RustVersion,
    /// Starts its rustc.
    pub rustc: PathBuf,
    /// Starts its cargo; not there in a toolchain that is only looked at.
    pub cargo: PathBuf,
}

impl Toolchain {
    /// Configure's arguments.
    pub fn arguments(&self) -> Vec<String> {
        vec![
            format!("CARGO={}", self.cargo.display()),
            format!("RUSTC={}", self.rustc.display()),
        ]
    }
}

/// The packages of one toolchain: what goes behind the word "rust".
#[derive(Clone, Copy)]
struct Family(&'static str);

/// Debian keeps a newer Rust than its stable one for browsers.
const FAMILIES: &[Family] = &[Family(""), Family("-web")];

impl Family {
    fn rustc(self) -> String {
        format!("rustc{}", self.0)
    }

    fn cargo(self) -> String {
        format!("cargo{}", self.0)
    }

    fn library(self) -> String {
        format!("libstd-rust{}-dev", self.0)
    }
}

/// Gets packages.
pub struct Unpacker<'a> {
    layout: &'a Layout,
    progress: &'a Progress,
    folder: PathBuf,
    up_to_date: Cell<bool>,
}

impl<'a> Unpacker<'a> {
    /// One that has not asked the network yet.
    pub fn new(layout: &'a Layout, progress: &'a Progress) -> Self {
        Self {
            layout,
            progress,
            folder: layout.tor().join("unpacked"),
            up_to_date: Cell::new(false),
        }
    }

    /// The oldest toolchain of the distribution that is at least `minimum`, with
    /// a standard library for each of these architectures too.
    pub fn toolchain(&self, minimum: RustVersion, foreign: &[&str]) -> Result<Toolchain> {
        let name = format!("rust-for-{}", foreign.join("-"));
        self.rust(&name, |family| {
            let version = |package: String| self.versions(&package);
            let mut common = version(family.rustc())?;
            let mut others = vec![family.cargo(), family.library()];
            others.extend(foreign.iter().map(|arch| format!("{}:{arch}", family.library())));
            for package in others {
                let has = version(package)?;
                common.retain(|version| has.contains(version));
            }
            common.retain(|version| rust_version(version).is_some_and(|v| v >= minimum));
            let Some(version) = oldest(common) else {
                return Ok(None);
            };
            let mut packages = vec![family.rustc(), family.cargo(), family.library()];
            packages.extend(foreign.iter().map(|arch| format!("{}:{arch}", family.library())));
            let exact = |package: String| format!("{package}={version}");
            Ok(Some(packages.into_iter().map(exact).collect()))
        })?
        .with_context(|| {
            format!(
                "the distribution has no Rust {}.{} or later with a standard library for {} in the same version",
                minimum.0,
                minimum.1,
                foreign.join(" and ")
            )
        })
    }

    /// A rustc of the distribution that is older than `minimum`, if it has one.
    /// It can say its version, and nothing more.
    pub fn too_old(&self, minimum: RustVersion) -> Result<Option<Toolchain>> {
        self.rust("rust-too-old", |family| {
            let mut versions = self.versions(&family.rustc())?;
            versions.retain(|version| rust_version(version).is_some_and(|v| v < minimum));
            Ok(oldest(versions).map(|version| vec![format!("{}={version}", family.rustc())]))
        })
    }

    /// The toolchain in this folder; if there is none, made of what `choose`
    /// chooses from a family of packages.
    fn rust(
        &self,
        name: &str,
        choose: impl Fn(Family) -> Result<Option<Vec<String>>>,
    ) -> Result<Option<Toolchain>> {
        let folder = self.folder.join(name);
        if !folder.join(COMPLETE).exists() {
            let mut chosen = None;
            for &family in FAMILIES {
                if chosen.is_none() {
                    chosen = choose(family)?;
                }
            }
            let Some(packages) = chosen else {
                return Ok(None);
            };
            // What is needed to start it; another architecture's only to link.
            self.unpack(name, &packages, &["libstd-rust-", "libllvm"])?;
        }
        let programs = ["rustc", "cargo"].map(|program| wrap(&folder, program));
        let [rustc, cargo] = programs;
        let rustc = rustc?.context("the package of rustc holds no rustc")?;
        let text = Job::new(&rustc, &folder, self.log("rustc-version"))
            .arg("--version")
            .run(|_| ())?;
        let version = text
            .strip_prefix("rustc ")
            .and_then(rust_version)
            .with_context(|| format!("rustc --version says: {text}"))?;
        Ok(Some(Toolchain {
            version,
            rustc,
            cargo: cargo?.unwrap_or_default(),
        }))
    }

    /// A folder with these packages of an architecture and those that they need
    /// of the same source (whose names begin alike); headers and libraries are
    /// where they would be in the system.
    pub fn libraries(&self, architecture: &str, packages: &[&str]) -> Result<PathBuf> {
        let name = format!("sysroot-{architecture}");
        if !self.folder.join(&name).join(COMPLETE).exists() {
            let foreign = |package: &&str| format!("{package}:{architecture}");
            let wanted: Vec<String> = packages.iter().map(foreign).collect();
            let stems: Vec<&str> = packages
                .iter()
                .map(|package| package.trim_end_matches("-dev"))
                .map(|stem| stem.trim_end_matches("1g"))
                .collect();
            self.unpack(&name, &wanted, &stems)?;
        }
        Ok(self.folder.join(name))
    }

    /// Downloads and unpacks these packages (`name[:architecture][=version]`) and
    /// those that they depend on if their names begin with one of `along`; other
    /// libraries that a package of this system needs are installed.
    fn unpack(&self, name: &str, wanted: &[String], along: &[&str]) -> Result<()> {
        self.update()?;
        let folder = self.folder.join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        let downloads = folder.join(DOWNLOADS);
        fs::create_dir_all(&downloads)?;
        let step = self
            .progress
            .step(format!("unpack packages: {name}"), Scale::Unknown);
        let mut asked = BTreeSet::new();
        let mut queue: Vec<String> = wanted.to_vec();
        let mut installed = BTreeSet::new();
        while !queue.is_empty() {
            asked.extend(queue.iter().cloned());
            self.apt("apt-get", &downloads, "apt-download.log")
                .arg("download")
                .args(&queue)
                .run(|line| step.note(line))?;
            queue.clear();
            for entry in fs::read_dir(&downloads)? {
                let package = entry?.path();
                let field = |name: &str| -> Result<String> {
                    let text = Job::new("dpkg-deb", &downloads, self.log("dpkg-deb"))
                        .arg("--field")
                        .arg(&package)
                        .arg(name)
                        .run(|_| ())?;
                    Ok(text.trim().into())
                };
                let (architecture, needs) = (field("Architecture")?, field("Depends")?);
                Job::new("dpkg-deb", &downloads, self.log("dpkg-deb"))
                    .arg("--extract")
                    .args([&package, &folder])
                    .run(|line| step.note(line))?;
                fs::remove_file(&package)?;
                let foreign = FOREIGN.contains(&architecture.as_str());
                for need in dependencies(&needs) {
                    let follows = along.iter().any(|stem| need.name.starts_with(stem));
                    // A foreign standard library is only linked.
                    let follows = follows && !(foreign && need.name.starts_with("libstd-rust"));
                    if follows {
                        let request = need.request(foreign.then_some(&*architecture));
                        if !asked.contains(&request) {
                            queue.push(request);
                        }
                    } else if !foreign && need.is_library() {
                        installed.insert(need.alternatives);
                    }
                }
            }
            queue.sort();
            queue.dedup();
        }
        fs::remove_dir(&downloads)?;
        step.done(wanted.join(" "));
        let installed: Vec<&str> = installed.iter().map(String::as_str).collect();
        packages::ensure(self.layout, self.progress, &installed)?;
        fs::write(folder.join(COMPLETE), wanted.join("\n"))?;
        Ok(())
    }

    /// The versions of a package (`name[:architecture]`) that apt can get.
    fn versions(&self, package: &str) -> Result<BTreeSet<String>> {
        self.update()?;
        let text = self
            .apt("apt-cache", &self.folder, "apt-madison.log")
            .args(["madison", package])
            .run(|_| ())?;
        Ok(text.lines().filter_map(version_of).collect())
    }

    /// Apt's lists, once in the life of this process.
    fn update(&self) -> Result<()> {
        if self.up_to_date.replace(true) {
            return Ok(());
        }
        for folder in ["lists/partial", "cache/archives/partial"] {
            fs::create_dir_all(self.folder.join("apt").join(folder))?;
        }
        let step = self.progress.step("update package lists", Scale::Unknown);
        // An unreachable third-party source must not stop us: what counts is
        // whether the packages can be had.
        self.apt("apt-get", &self.folder, "apt-update-unpacked.log")
            .arg("update")
            .finish(|line| step.note(line))?;
        step.done("");
        Ok(())
    }

    /// A program of apt's with the system's sources and our own state.
    fn apt(&self, program: &str, folder: &Path, log: &str) -> Job {
        let own =
            |name: &str, of: &str| format!("{name}={}", self.folder.join("apt").join(of).display());
        let mut job = Job::new(program, folder, self.layout.logs().join(log))
            .args(["-o", &own("Dir::State::Lists", "lists")])
            .args(["-o", &own("Dir::Cache", "cache")]);
        for architecture in FOREIGN {
            job = job.args(["-o", &format!("APT::Architectures::={architecture}")]);
        }
        job
    }

    fn log(&self, name: &str) -> PathBuf {
        self.layout.logs().join(format!("{name}.log"))
    }
}

/// In an unpacked folder: it is complete, and what was asked for.
const COMPLETE: &str = "unpacked";
const DOWNLOADS: &str = "downloads";

/// Makes a script that starts a program of an unpacked folder with the libraries
/// there, and returns its path; `None` if the folder has no such program.
fn wrap(folder: &Path, program: &str) -> Result<Option<PathBuf>> {
    let real = folder.join("usr/bin").join(program);
    if !real.exists() {
        return Ok(None);
    }
    let mut libraries = vec![folder.join("usr/lib")];
    for entry in fs::read_dir(folder.join("usr/lib"))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with("-linux-gnu") {
            libraries.push(path);
        }
    }
    let libraries: Vec<String> = libraries
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    let script = folder.join(program);
    let text = format!(
        "#!/bin/sh\nLD_LIBRARY_PATH='{}' exec '{}' \"$@\"\n",
        libraries.join(":"),
        real.display()
    );
    // A new time stamp would look like another compiler.
    if !fs::read_to_string(&script).is_ok_and(|old| old == text) {
        fs::write(&script, text)?;
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
    }
    Ok(Some(script))
}

/// One entry of a `Depends` field.
#[derive(Debug, PartialEq, Eq)]
struct Dependency {
    /// The first package that will do.
    name: String,
    /// Its version, if it has to be this one.
    exactly: Option<String>,
    /// The names of all that will do, with bars between them.
    alternatives: String,
}

impl Dependency {
    fn request(&self, architecture: Option<&str>) -> String {
        let mut request = self.name.clone();
        if let Some(architecture) = architecture {
            request += &format!(":{architecture}");
        }
        if let Some(version) = &self.exactly {
            request += &format!("={version}");
        }
        request
    }

    /// Something that a program needs to start, and not a compiler or the like.
    fn is_library(&self) -> bool {
        self.name.starts_with("lib") && self.name != "libc-dev"
    }
}

fn dependencies(field: &str) -> Vec<Dependency> {
    let entries = field.split(',').map(str::trim);
    entries
        .filter(|entry| !entry.is_empty())
        .map(|entry| {
            let name = |word: &str| {
                let end = word.find([' ', '(', ':']).unwrap_or(word.len());
                word[..end].to_owned()
            };
            let all: Vec<String> = entry.split('|').map(|word| name(word.trim())).collect();
            let exactly = entry
                .split_once("(= ")
                .and_then(|(_, rest)| rest.split_once(')'))
                .map(|(version, _)| version.to_owned());
            Dependency {
                name: all.first().cloned().unwrap_or_default(),
                exactly,
                alternatives: all.join("|"),
            }
        })
        .collect()
}

/// The version in a line of `apt-cache madison`.
fn version_of(line: &str) -> Option<String> {
    let mut columns = line.split('|').map(str::trim);
    let version = columns.nth(1)?;
    columns
        .next()
        .is_some_and(|source| source.ends_with("Packages"))
        .then(|| version.into())
}

/// Rust's version at the beginning of a text, as in `1.85.0+dfsg3-1`.
pub fn rust_version(text: &str) -> Option<RustVersion> {
    let mut numbers = text.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

fn oldest(versions: BTreeSet<String>) -> Option<String> {
    versions
        .into_iter()
        .min_by_key(|version| rust_version(version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_are_names_with_the_versions_that_have_to_be() {
        let field = "libc6 (>= 2.34), libstd-rust-1.85 (= 1.85.0-1), gcc | clang | c-compiler";
        let found = dependencies(field);
        let requests: Vec<_> = found.iter().map(|need| need.request(None)).collect();
        assert_eq!(requests, ["libc6", "libstd-rust-1.85=1.85.0-1", "gcc"]);
        assert_eq!(
            found[1].request(Some("arm64")),
            "libstd-rust-1.85:arm64=1.85.0-1"
        );
        assert_eq!(found[2].alternatives, "gcc|clang|c-compiler");
        assert_eq!(
            found.iter().map(Dependency::is_library).collect::<Vec<_>>(),
            [true, true, false]
        );
        assert_eq!(dependencies(""), []);
    }

    #[test]
    fn the_oldest_version_is_so_by_number() {
        let text = "\
rustc-web | 1.100.0+dfsg1-1 | http://host/debian suite/main amd64 Packages
rustc-web | 1.96.0+dfsg1-1~deb12u2 | http://host/debian suite/main amd64 Packages
rustc-web | 1.85.0+dfsg3-1 | http://host/debian suite/main Sources
";
        let versions: BTreeSet<String> = text.lines().filter_map(version_of).collect();
        assert_eq!(versions.len(), 2);
        assert_eq!(oldest(versions).unwrap(), "1.96.0+dfsg1-1~deb12u2");
        assert_eq!(rust_version("1.85"), Some((1, 85)));
        assert_eq!(rust_version("unknown"), None);
    }
}
