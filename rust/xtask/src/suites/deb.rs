//! The Debian package that `cargo xtask deb` makes, beside the distribution's own
//! of the same version: the same files, all but the programs and what names the
//! version byte for byte; the same relations to other packages; no complaint of
//! lintian that the distribution's does not get. Then it is installed in a root
//! of its own, says there which components it has in Rust, and carries data.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{bail, ensure, Context, Result};
use network::{Binary, Network, Spec};
use walkdir::WalkDir;

use super::{Outcome, Stage};
use crate::deb::{self, Packages, Scope};
use crate::jobs::Job;
use crate::network_run::{in_rust, Bars};
use crate::offline::check_offline;
use crate::packages;
use crate::progress::Scale;

/// What this suite runs besides.
const PACKAGES: &[&str] = &["lintian", "mmdebstrap"];

/// Files that the two packages have in common and that need not be equal, and why.
const DIFFERENT: &[(&str, &str)] = &[
    ("DEBIAN/control", "its fields are compared one by one"),
    ("DEBIAN/md5sums", "follows from the rest"),
    ("usr/bin/tor", "the program"),
    ("usr/bin/tor-gencert", "names the OpenSSL it was built with"),
    (
        "usr/share/doc/tor/changelog.Debian.gz",
        "has one more entry",
    ),
    (
        "usr/share/doc/tor-geoipdb/changelog.Debian.gz",
        "has one more entry",
    ),
    ("usr/share/doc/tor/copyright", "has more licences"),
    (
        "usr/share/man/man8/tor-instance-create.8.gz",
        "has the changelog's date",
    ),
];
/// Fields of a package that need not be equal.
const OTHER_FIELDS: &[&str] = &["Version", "Installed-Size"];
/// A library that only ours depends on: Rust unwinds with it. Every Debian has it,
/// apt and C++ need it, too.
const UNWINDER: &str = "libgcc-s1";
/// Files of which the packages must have at least one: without them the
/// comparison would show nothing.
const WANTED: &[&str] = &["etc/apparmor.d/", "lib/systemd/system/", "etc/init.d/"];

/// Bytes to fetch over a circuit, and from the onion service.
const BYTES: u64 = 8 << 20;

/// Makes the package and looks at it.
pub fn run(stage: &Stage<'_>) -> Result<Outcome> {
    packages::ensure(stage.layout, stage.progress, PACKAGES)?;
    let mut outcome = Outcome::default();
    outcome.check("no network during the build", no_network(stage));
    let made = deb::make(
        stage.layout,
        stage.progress,
        stage.builder,
        Scope::Everything,
    )?;
    outcome.check("built with the distribution's toolchain", toolchain(&made));
    outcome.check("tor's unit tests ran", unit_tests(stage));
    let theirs = distributions(stage, &made)?;
    let step = stage.progress.step("compare packages", Scale::Unknown);
    for name in ["tor", "tor-geoipdb"] {
        let compared = compare(stage, name, &made, &theirs);
        outcome.check(&format!("{name} beside the distribution's"), compared);
    }
    step.done("");
    outcome.check(
        "lintian has nothing new to say",
        lint(stage, &made, &theirs),
    );
    match install(stage, &made) {
        Ok(root) => {
            outcome.check(
                "installed, it names its Rust components",
                names(stage, &root),
            );
            outcome.check("installed, it carries data", carry(stage, &root));
        }
        Err(error) => outcome.check("it can be installed", Err(error)),
    }
    Ok(outcome)
}

/// Where the package is built there is no way out of the machine.
fn no_network(stage: &Stage<'_>) -> Result<()> {
    let log = stage.layout.logs().join("deb-offline.log");
    check_offline(deb::on_a_builder(&stage.layout.root, log))
}

/// What was installed while the package was built stands in its .buildinfo.
fn toolchain(made: &Packages) -> Result<()> {
    let path = made.changes.with_extension("buildinfo");
    let text = fs::read_to_string(&path).with_context(|| format!("no {}", path.display()))?;
    for program in ["rustc", "cargo"] {
        let there = text.lines().any(|line| {
            let package = line.trim().split(' ').next().unwrap_or_default();
            package == program || package == format!("{program}-web")
        });
        ensure!(there, "{} names no {program}", path.display());
    }
    Ok(())
}

/// A package's build could leave them out without an error.
fn unit_tests(stage: &Stage<'_>) -> Result<()> {
    let log = stage.layout.logs().join(deb::BUILD_LOG);
    let text = String::from_utf8_lossy(&fs::read(log)?).into_owned();
    let passed = text.lines().find_map(|line| {
        let (number, _) = line.split_once(" tests ok.")?;
        number.trim().parse::<usize>().ok()
    });
    match passed {
        Some(passed) if passed > 1000 => Ok(()),
        passed => bail!("the build's log names {} passed tests", passed.unwrap_or(0)),
    }
}

/// The distribution's own packages of the version that ours were made from.
struct Distributions {
    dsc: PathBuf,
    /// Its binary packages.
    folder: PathBuf,
}

fn distributions(stage: &Stage<'_>, made: &Packages) -> Result<Distributions> {
    let dsc = deb::distributions_dsc(stage.layout)?;
    let folder = stage.layout.tor().join("deb-distribution");
    fs::create_dir_all(&folder)?;
    let version = made.original_version();
    let step = stage
        .progress
        .step("get the distribution's packages", Scale::Unknown);
    for name in ["tor", "tor-geoipdb"] {
        if package(&folder, name, version).is_err() {
            let log = stage.layout.logs().join("apt-download.log");
            Job::new("apt-get", &folder, log)
                .args(["download", &format!("{name}={version}")])
                .run(|line| step.note(line))?;
        }
    }
    step.done(version);
    Ok(Distributions { dsc, folder })
}

/// The .deb of this package and version in a folder.
fn package(folder: &Path, name: &str, version: &str) -> Result<PathBuf> {
    let start = format!("{name}_{version}_");
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        if file.starts_with(&start) && file.ends_with(".deb") {
            return Ok(path);
        }
    }
    bail!("{} has no {start}….deb", folder.display())
}

/// Unpacks both packages of this name and compares what is in them.
fn compare(stage: &Stage<'_>, name: &str, made: &Packages, theirs: &Distributions) -> Result<()> {
    let unpacked = tempfile::tempdir()?;
    let unpack = |deb: PathBuf, to: &str| {
        let folder = unpacked.path().join(to);
        let log = stage.layout.logs().join("dpkg-deb.log");
        Job::new("dpkg-deb", unpacked.path(), log)
            .arg("--raw-extract")
            .args([&deb, &folder])
            .run(|_| ())?;
        contents(&folder)
    };
    let ours = unpack(package(&made.folder, name, &made.version)?, "ours")?;
    let theirs = package(&theirs.folder, name, made.original_version())?;
    let theirs = unpack(theirs, "theirs")?;
    let mut differences = differences(&ours, &theirs);
    let control = Path::new("DEBIAN/control");
    // Packages of one source name its version when they depend on each other.
    let fields = text(&ours, control)?.replace(&made.version, made.original_version());
    differences.extend(other_fields(&fields, &text(&theirs, control)?));
    if name == "tor" {
        for folder in WANTED {
            let there = theirs
                .keys()
                .any(|path| path.to_string_lossy().starts_with(folder));
            ensure!(there, "the distribution's package has nothing in {folder}");
        }
    }
    ensure!(
        differences.is_empty(),
        "\n    {}",
        differences.join("\n    ")
    );
    Ok(())
}

/// What a path in a package is: mode, and content or where a link leads.
type Contents = BTreeMap<PathBuf, (u32, Vec<u8>)>;

fn contents(folder: &Path) -> Result<Contents> {
    let mut contents = Contents::new();
    for entry in WalkDir::new(folder).min_depth(1) {
        let entry = entry?;
        let kind = entry.file_type();
        let content = if kind.is_symlink() {
            fs::read_link(entry.path())?
                .as_os_str()
                .as_encoded_bytes()
                .to_vec()
        } else if kind.is_file() {
            fs::read(entry.path())?
        } else {
            Vec::new()
        };
        let mode = entry.metadata()?.permissions().mode();
        contents.insert(entry.path().strip_prefix(folder)?.into(), (mode, content));
    }
    Ok(contents)
}

fn text(contents: &Contents, path: &Path) -> Result<String> {
    let (_, content) = contents
        .get(path)
        .with_context(|| format!("no {}", path.display()))?;
    Ok(String::from_utf8_lossy(content).into_owned())
}

/// What is only in one of two packages, and what differs and must not.
fn differences(ours: &Contents, theirs: &Contents) -> Vec<String> {
    let paths: BTreeSet<&PathBuf> = ours.keys().chain(theirs.keys()).collect();
    let may_differ = |path: &Path| DIFFERENT.iter().any(|(name, _)| Path::new(name) == path);
    let complaint = |path: &PathBuf| match (ours.get(path), theirs.get(path)) {
        (Some(_), None) => Some("only in ours"),
        (None, Some(_)) => Some("only in the distribution's"),
        (Some((ours, _)), Some((theirs, _))) if ours != theirs => Some("another mode"),
        (ours, theirs) if ours != theirs && !may_differ(path) => Some("another content"),
        _ => None,
    };
    let complaints = paths.into_iter();
    complaints
        .filter_map(|path| Some(format!("{}: {}", path.display(), complaint(path)?)))
        .collect()
}

/// Fields of two control files that differ and must not.
fn other_fields(ours: &str, theirs: &str) -> Vec<String> {
    let (ours, theirs) = (fields(ours), fields(theirs));
    let names: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
    let names = names.into_iter();
    names
        .filter(|name| ours.get(*name) != theirs.get(*name))
        .map(|name| {
            let value = |of: &BTreeMap<String, String>| of.get(name).cloned().unwrap_or_default();
            format!(
                "{name}: \"{}\" instead of \"{}\"",
                value(&ours),
                value(&theirs)
            )
        })
        .collect()
}

/// The fields that are compared, without what may be there.
fn fields(control: &str) -> BTreeMap<String, String> {
    // Folded lines belong to the field before.
    let unfolded = control.replace("\n ", " ");
    let fields = unfolded.lines().filter_map(|line| line.split_once(": "));
    fields
        .filter(|(name, _)| !OTHER_FIELDS.contains(name))
        .map(|(name, value)| {
            let packages = value.split(", ");
            let is_other = |package: &&str| {
                package
                    .split(' ')
                    .next()
                    .is_none_or(|name| name != UNWINDER)
            };
            let value: Vec<&str> = packages.filter(is_other).collect();
            (name.to_owned(), value.join(", "))
        })
        .collect()
}

/// Runs lintian on both, source and binary packages.
fn lint(stage: &Stage<'_>, made: &Packages, theirs: &Distributions) -> Result<()> {
    let step = stage.progress.step("lintian", Scale::Unknown);
    let lintian = |what: &str, files: &[PathBuf]| -> Result<String> {
        let log = stage.layout.logs().join(format!("lintian-{what}.log"));
        step.note(what);
        Job::new("lintian", &stage.layout.root, log)
            .args(["--display-info", "--pedantic", "--fail-on", "none"])
            .args(files)
            .run(|_| ())
    };
    let mut of_theirs = vec![theirs.dsc.clone()];
    for name in ["tor", "tor-geoipdb"] {
        of_theirs.push(package(&theirs.folder, name, made.original_version())?);
    }
    let before = lintian("theirs", &of_theirs)?;
    let after = lintian("ours", std::slice::from_ref(&made.changes))?;
    ensure!(
        !tags(&before).is_empty(),
        "lintian says nothing of the distribution's"
    );
    let new: Vec<String> = tags(&after).difference(&tags(&before)).cloned().collect();
    ensure!(new.is_empty(), "\n    {}", new.join("\n    "));
    step.done(format!("{} tags, none of them new", tags(&after).len()));
    Ok(())
}

/// Lintian's complaints, without the numbers of lines.
fn tags(text: &str) -> BTreeSet<String> {
    let is_tag = |line: &&str| {
        ["E: ", "W: ", "I: ", "P: "]
            .iter()
            .any(|s| line.starts_with(s))
    };
    let without_line = |line: &str| match line.strip_suffix(']').and_then(|l| l.rsplit_once(':')) {
        Some((start, number)) if number.parse::<u32>().is_ok() => format!("{start}]"),
        _ => line.to_owned(),
    };
    text.lines().filter(is_tag).map(without_line).collect()
}

/// Installs the package into a new, minimal root, with what it depends on.
fn install(stage: &Stage<'_>, made: &Packages) -> Result<PathBuf> {
    let root = stage.layout.tor().join("deb-root");
    if root.exists() {
        fs::remove_dir_all(&root)?;
    }
    let release = fs::read_to_string("/etc/os-release")?;
    let suite = release
        .lines()
        .find_map(|line| line.strip_prefix("VERSION_CODENAME="))
        .context("/etc/os-release names no release")?;
    let step = stage
        .progress
        .step("install into a scratch root", Scale::Unknown);
    let deb = package(&made.folder, "tor", &made.version)?;
    let log = stage.layout.logs().join("mmdebstrap.log");
    Job::new("mmdebstrap", &stage.layout.tor(), log)
        .arg("--variant=minbase")
        .arg("--hook-dir=/usr/share/mmdebstrap/hooks/file-mirror-automount")
        .arg(format!("--include={}", deb.display()))
        .arg(suite)
        .arg(&root)
        .run(|line| step.note(line))?;
    step.done(suite);
    Ok(root)
}

/// The program says so in that root, with that root's libraries, and accepts the
/// configuration that is installed there.
fn names(stage: &Stage<'_>, root: &Path) -> Result<()> {
    let tor = |argument: &str| {
        let log = stage.layout.logs().join("deb-chroot.log");
        Job::new("chroot", &stage.layout.tor(), log)
            .arg(root)
            .args(["tor", argument])
            .run(|_| ())
    };
    let named = in_rust(&tor("--list-modules")?).join(",");
    let all = stage.catalogue.names();
    ensure!(named == all, "it names \"{named}\" instead of \"{all}\"");
    tor("--verify-config")?;
    Ok(())
}

/// A private network of nothing but the installed program.
fn carry(stage: &Stage<'_>, root: &Path) -> Result<()> {
    let folder = stage.layout.tor().join("networks/deb");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let binary = Binary {
        label: "package".into(),
        tor: root.join("usr/bin/tor"),
        gencert: root.join("usr/bin/tor-gencert"),
    };
    let network = Network::start(Spec::new(&folder, binary), &Bars::new(stage.progress))?;
    network.carries(BYTES)?;
    network.finish(&[])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(files: &[(&str, u32, &str)]) -> Contents {
        let files = files.iter();
        files
            .map(|(path, mode, content)| ((*path).into(), (*mode, content.as_bytes().to_vec())))
            .collect()
    }

    #[test]
    fn a_file_that_is_added_lost_or_changed_is_named() {
        let theirs = package(&[
            ("etc/apparmor.d/system_tor", 0o644, "a"),
            ("lib/systemd/system/tor.service", 0o644, "b"),
            ("usr/bin/tor", 0o755, "c"),
            ("usr/bin/tor-gencert", 0o755, "d"),
        ]);
        let same = package(&[
            ("etc/apparmor.d/system_tor", 0o644, "a"),
            ("lib/systemd/system/tor.service", 0o644, "b"),
            ("usr/bin/tor", 0o755, "in Rust"),
            ("usr/bin/tor-gencert", 0o755, "d"),
        ]);
        assert!(differences(&same, &theirs).is_empty());
        let ours = package(&[
            ("etc/apparmor.d/system_tor", 0o644, "x"),
            ("usr/bin/tor", 0o4755, "c"),
            ("usr/bin/tor-gencert", 0o755, "d"),
            ("usr/lib/libtor_rust.a", 0o644, ""),
        ]);
        assert_eq!(
            differences(&ours, &theirs),
            [
                "etc/apparmor.d/system_tor: another content",
                "lib/systemd/system/tor.service: only in the distribution's",
                "usr/bin/tor: another mode",
                "usr/lib/libtor_rust.a: only in ours",
            ]
        );
    }

    #[test]
    fn a_new_dependency_is_a_difference_and_a_new_version_is_none() {
        let theirs = "Package: tor\nVersion: 1\nDepends: libc6,\n libssl3\n";
        let newer = "Package: tor\nVersion: 2\nDepends: libc6,\n libssl3\n";
        assert!(other_fields(newer, theirs).is_empty());
        let unwinder = "Package: tor\nVersion: 2\nDepends: libc6, libgcc-s1 (>= 4.2), libssl3\n";
        assert!(other_fields(unwinder, theirs).is_empty());
        let ours = "Package: tor\nVersion: 2\nDepends: libc6, libssl3, libstdc++6\n";
        let [difference] = &other_fields(ours, theirs)[..] else {
            panic!("not one difference");
        };
        assert!(difference.contains("libstdc++6"), "{difference}");
    }

    #[test]
    fn a_tag_is_new_wherever_it_stands_unless_only_its_line_moved() {
        let before = tags("E: tor: a\nP: tor source: b [debian/rules:73]\nN: not one\n");
        let after =
            tags("E: tor: a\nP: tor source: b [debian/rules:77]\nI: tor: c [usr/bin/tor]\n");
        let new: Vec<_> = after.difference(&before).collect();
        assert_eq!(new, ["I: tor: c [usr/bin/tor]"]);
    }
}
