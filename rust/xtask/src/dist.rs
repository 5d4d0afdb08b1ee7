//! `cargo xtask dist`: one archive, `tor-VERSION+rust.tar.xz`, from which tor with
//! its Rust components is built without network, autotools or cbindgen: the
//! patched source with a fresh configure, our crates, those of others, the
//! generated header. The same input gives the same bytes.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::UNIX_EPOCH;

use anyhow::{Context, Result};
use clap::Args;
use sha2::{Digest, Sha256};
use walkdir::WalkDir;

use crate::jobs::Job;
use crate::layout::Layout;
use crate::packages;
use crate::progress::{Progress, Scale};
use crate::tor_build::{Builder, Tree};
use crate::vendor::vendor;

/// What packs an archive.
const PACKAGES: &[&str] = &["tar", "xz-utils"];
/// What stands at the top of a patched tree and is no source: a distribution's
/// own files, and what autoreconf leaves behind.
const LEFT_OUT: &[&str] = &["debian", "autom4te.cache", "configure~", "orconfig.h.in~"];
/// What compresses an archive. With a fixed number of threads: what one writes
/// differs from what several do.
const COMPRESSOR: &str = "xz --threads=2";
/// The time that all files of an archive get, as seconds since 1970.
const EPOCH: &str = "SOURCE_DATE_EPOCH";

/// What `cargo xtask dist` can be told.
#[derive(Args)]
pub struct DistOptions {
    /// Where the archive goes; below target/tor/dist without
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    #[command(flatten)]
    pub source: crate::source::SourceOption,
}

/// The verb: writes the archive, and prints its digest and its path.
pub fn run(
    layout: &Layout,
    progress: &Progress,
    builder: &Builder<'_>,
    options: &DistOptions,
) -> Result<ExitCode> {
    let tree = lay_out(layout, progress, builder)?;
    let folder = match &options.output {
        Some(folder) => env::current_dir()?.join(folder),
        None => parent(&tree)?.to_owned(),
    };
    fs::create_dir_all(&folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let time = time(layout, builder)?;
    let archive = pack(layout, progress, &tree, &folder, time, COMPRESSOR)?;
    let digest = Sha256::digest(fs::read(&archive)?);
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    progress.say(format!("SHA-256 {digest}"));
    println!("{}", archive.display());
    Ok(ExitCode::SUCCESS)
}

/// The folder that the archive will hold, made anew.
pub fn lay_out(layout: &Layout, progress: &Progress, builder: &Builder<'_>) -> Result<PathBuf> {
    let patched = builder.tree(Tree::Rust)?;
    let name = format!("tor-{}+rust", builder.source().version);
    let tree = builder.source().work.join("dist").join(name);
    if tree.exists() {
        fs::remove_dir_all(&tree)?;
    }
    let is_source = |entry: &walkdir::DirEntry| {
        entry.depth() != 1 || !LEFT_OUT.iter().any(|name| entry.file_name() == *name)
    };
    for entry in WalkDir::new(&patched).into_iter().filter_entry(is_source) {
        let entry = entry?;
        let to = tree.join(entry.path().strip_prefix(&patched)?);
        if entry.file_type().is_dir() {
            fs::create_dir_all(to)?;
        } else {
            fs::copy(entry.path(), &to)
                .with_context(|| format!("cannot copy {}", entry.path().display()))?;
        }
    }
    vendor(layout, progress, &tree)?;
    Ok(tree)
}

/// Packs a folder that was laid out into an archive in another one. Names in order,
/// one time for all (seconds since 1970), no owner: whoever does it, and
/// whenever, the bytes are the same.
pub fn pack(
    layout: &Layout,
    progress: &Progress,
    tree: &Path,
    folder: &Path,
    time: u64,
    compressor: &str,
) -> Result<PathBuf> {
    packages::ensure(layout, progress, PACKAGES)?;
    let name = tree.file_name().unwrap_or_default().to_string_lossy();
    let archive = folder.join(format!("{name}.tar.xz"));
    let step = progress.step(format!("pack {name}"), Scale::Unknown);
    Job::new("tar", parent(tree)?, layout.logs().join("tar.log"))
        .args(["--create", "--format=ustar", "--sort=name"])
        .args(["--owner=0", "--group=0", "--numeric-owner"])
        .arg("--mode=u=rwX,go=rX")
        .arg(format!("--mtime=@{time}"))
        .arg(format!("--use-compress-program={compressor}"))
        .arg("--file")
        .arg(&archive)
        .arg(name.as_ref())
        .run(|line| step.note(line))?;
    step.done(format!("{} bytes", fs::metadata(&archive)?.len()));
    Ok(archive)
}

/// The time of what is released: [`EPOCH`] if that is set, otherwise that of
/// this repository's newest commit, and in a copy without history that of tor's
/// source.
pub fn time(layout: &Layout, builder: &Builder<'_>) -> Result<u64> {
    if let Some(set) = env::var_os(EPOCH) {
        let text = set.to_string_lossy();
        return text
            .parse()
            .with_context(|| format!("{EPOCH}={text} is no number of seconds"));
    }
    let newest = Command::new("git")
        .current_dir(&layout.root)
        .args(["log", "-1", "--format=%ct"])
        .output();
    if let Some(time) = newest
        .ok()
        .filter(|output| output.status.success())
        .and_then(|output| String::from_utf8(output.stdout).ok()?.trim().parse().ok())
    {
        return Ok(time);
    }
    let stated = fs::metadata(builder.source().folder.join("configure.ac"))?.modified()?;
    Ok(stated.duration_since(UNIX_EPOCH)?.as_secs())
}

fn parent(tree: &Path) -> Result<&Path> {
    tree.parent().context("the tree has no parent folder")
}
