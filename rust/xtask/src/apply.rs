//! `cargo xtask apply DIR`: makes any tor 0.4.9 source tree one that can be
//! configured with `--enable-rust`. What links into tor is copied to
//! `src/rust/` with the paths it has here, and the patches of
//! `autoconf-patches/` are applied. Their copy in `src/rust/autoconf-patches/`
//! records what was applied, so that a later run can take back an older series
//! first. A second run changes nothing, not even a time stamp.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{bail, Context, Result};
use walkdir::WalkDir;

use crate::components::read_manifest;
use crate::patches::{read_if_there, Overlay, Series};
use crate::trim::trim;

/// Where our files go in tor's tree.
pub const FOLDER: &str = "src/rust";
/// The list of what we put there, so that stale files can go and what others
/// put beside them (objects, a vendor folder) stays.
pub const LIST: &str = ".xtask-files";
const PATCHES: &str = "autoconf-patches";

/// What a run of [`apply`] or [`take_back`] did to the tree.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Files written because their content differed.
    pub written: Vec<PathBuf>,
    /// Files removed.
    pub removed: Vec<PathBuf>,
}

impl Changes {
    /// Whether the tree was as it should be.
    pub fn is_empty(&self) -> bool {
        self.written.is_empty() && self.removed.is_empty()
    }
}

/// Applies everything of the repository `root` to the tor tree `tree`.
pub fn apply(root: &Path, tree: &Path) -> Result<Changes> {
    check_version(tree)?;
    let series = Series::read(&root.join(PATCHES))?;
    let files = series.apply(tree, &originals(tree, &series)?)?;
    let payload = payload(root)?;
    let mut changes = Changes::default();
    for (path, content) in &files {
        put(tree, path, content.as_deref(), &mut changes)?;
    }
    copy_payload(&payload, tree, &mut changes)?;
    Ok(changes)
}

/// Makes the tree what it was before [`apply`].
pub fn take_back(root: &Path, tree: &Path) -> Result<Changes> {
    check_version(tree)?;
    let series = Series::read(&root.join(PATCHES))?;
    let mut changes = Changes::default();
    for (path, content) in originals(tree, &series)? {
        put(tree, &path, content.as_deref(), &mut changes)?;
    }
    copy_payload(&BTreeMap::new(), tree, &mut changes)?;
    Ok(changes)
}

/// The patched files as they are without patches, whether the tree carries an
/// older series, the present one or none.
pub fn originals(tree: &Path, present: &Series) -> Result<Overlay> {
    let recorded = Series::read(&tree.join(FOLDER).join(PATCHES))?;
    let older = match recorded.is_empty() {
        true => Ok(Overlay::new()),
        false => recorded.take_back(tree),
    };
    match older {
        // No record: plain tor, or a tree patched by other means (quilt).
        Ok(files) if files.is_empty() => Ok(present.take_back(tree).unwrap_or_default()),
        Ok(files) => Ok(files),
        // The record does not fit: an interrupted run, or somebody restored
        // tor's files and left src/rust in place.
        Err(error) => match present.take_back(tree) {
            Ok(files) => Ok(files),
            Err(_) if recorded.apply(tree, &Overlay::new()).is_ok() => Ok(Overlay::new()),
            Err(_) => Err(error),
        },
    }
}

/// The patches of the repository `root`.
pub fn series(root: &Path) -> Result<Series> {
    Series::read(&root.join(PATCHES))
}

/// Brings `src/rust` of a tree up to date with the repository `root`.
pub fn copy_crates(root: &Path, tree: &Path) -> Result<Changes> {
    let mut changes = Changes::default();
    copy_payload(&payload(root)?, tree, &mut changes)?;
    Ok(changes)
}

/// The version that a source tree states, such as `0.4.9.11` or
/// `0.4.9.3-dev`; an error for any tor that the patches are not made for.
pub fn check_version(tree: &Path) -> Result<String> {
    let path = tree.join("configure.ac");
    let text = fs::read_to_string(&path).with_context(|| {
        format!(
            "{} is no tor source tree: it has no configure.ac",
            tree.display()
        )
    })?;
    let version = text
        .split_once("AC_INIT([tor],[")
        .and_then(|(_, rest)| Some(rest.split_once(']')?.0));
    let Some(version) = version else {
        bail!("{} does not name a version of tor", path.display());
    };
    if !version.starts_with("0.4.9.") {
        bail!(
            "{} is tor {version}; the patches are for 0.4.9.x: name a 0.4.9 tree",
            tree.display()
        );
    }
    Ok(version.into())
}

/// What goes to `src/rust`, by its path there. Everything that links into tor
/// and nothing else: the root package, the crates of its workspace, the glue,
/// and the patches with the automake fragments they refer to; of the manifests
/// what tor's build needs.
fn payload(root: &Path) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
    let manifest = read_manifest(&root.join("Cargo.toml"))?;
    let members = manifest
        .get("workspace")
        .and_then(|table| table.get("members")?.as_array())
        .context("the root Cargo.toml has no workspace members")?;
    let mut folders: Vec<&str> = members.iter().filter_map(|name| name.as_str()).collect();
    folders.extend(["c-glue", PATCHES]);
    let mut files = BTreeMap::new();
    for name in ["Cargo.toml", "Cargo.lock", "LICENSE", "rust/lib.rs"] {
        let content = read_if_there(&root.join(name))?
            .with_context(|| format!("{name} is missing from {}", root.display()))?;
        files.insert(PathBuf::from(name), content);
    }
    for folder in folders {
        let visible =
            |name: &str| !name.starts_with('.') && !name.ends_with(['~', '#']) && name != "target";
        let entries = WalkDir::new(root.join(folder))
            .into_iter()
            .filter_entry(|entry| visible(&entry.file_name().to_string_lossy()));
        for entry in entries {
            let entry = entry?;
            if entry.file_type().is_file() {
                let path = entry.path().strip_prefix(root)?.into();
                files.insert(path, fs::read(entry.path())?);
            }
        }
    }
    trim(&mut files)?;
    Ok(files)
}

fn copy_payload(
    payload: &BTreeMap<PathBuf, Vec<u8>>,
    tree: &Path,
    changes: &mut Changes,
) -> Result<()> {
    let folder = Path::new(FOLDER);
    let list = folder.join(LIST);
    let before: BTreeSet<PathBuf> = match read_if_there(&tree.join(&list))? {
        Some(text) => String::from_utf8_lossy(&text)
            .lines()
            .map(PathBuf::from)
            .collect(),
        None => BTreeSet::new(),
    };
    for stale in before.iter().filter(|path| !payload.contains_key(*path)) {
        put(tree, &folder.join(stale), None, changes)?;
    }
    for (path, content) in payload {
        put(tree, &folder.join(path), Some(content), changes)?;
    }
    if payload.is_empty() {
        return put(tree, &list, None, changes);
    }
    let names: Vec<_> = payload
        .keys()
        .map(|path| path.display().to_string())
        .collect();
    put(
        tree,
        &list,
        Some((names.join("\n") + "\n").as_bytes()),
        changes,
    )
}

/// Gives a file this content, or removes it; touches nothing that is right.
fn put(tree: &Path, path: &Path, content: Option<&[u8]>, changes: &mut Changes) -> Result<()> {
    let there = tree.join(path);
    let current = read_if_there(&there)?;
    if current.as_deref() == content {
        return Ok(());
    }
    match content {
        Some(content) => {
            if let Some(folder) = there.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::write(&there, content)
                .with_context(|| format!("cannot write {}", there.display()))?;
            changes.written.push(path.into());
        }
        None => {
            fs::remove_file(&there)
                .with_context(|| format!("cannot remove {}", there.display()))?;
            changes.removed.push(path.into());
            // Folders that this empties go too; one with other files stays.
            for folder in path
                .ancestors()
                .skip(1)
                .take_while(|f| f.starts_with(FOLDER))
            {
                if fs::remove_dir(tree.join(folder)).is_err() {
                    break;
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "apply_tests.rs"]
mod tests;
