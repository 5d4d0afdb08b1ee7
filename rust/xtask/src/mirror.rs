//! A copy of a source tree that is kept up to date: only files whose original
//! changed are written, so that make compiles no more than it has to. The
//! original is never touched. What a build leaves behind in an original (it
//! may be somebody's working folder) is not copied, and neither is what
//! autoreconf writes anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::UNIX_EPOCH;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use walkdir::WalkDir;

use crate::apply;
use crate::patches::Overlay;

/// Files at the top of a tree that configure or autoreconf writes.
const WRITTEN_AT_TOP: &[&str] = &[
    "Makefile",
    "Makefile.in",
    "aclocal.m4",
    "config.log",
    "config.status",
    "configure",
    "configure~",
    "libtool",
    "orconfig.h",
    "orconfig.h.in",
    "orconfig.h.in~",
    "stamp-h1",
];
/// Folders with nothing to compile, at any depth.
const FOLDERS_LEFT_OUT: &[&str] = &[".git", ".pc", ".deps", "autom4te.cache"];
/// Ends of names of files that a compiler writes.
const ENDS_LEFT_OUT: &[&str] = &[".o", ".a", ".map", ".dirstamp"];

/// Makes `copy` equal to `source` with `overlay` laid over it. Returns how
/// many files were written or removed.
pub fn mirror(source: &Path, overlay: &Overlay, copy: &Path) -> Result<usize> {
    let manifest = copy.with_extension("files.json");
    let before: BTreeMap<PathBuf, String> = match fs::read(&manifest) {
        Ok(text) if copy.is_dir() => serde_json::from_slice(&text).unwrap_or_default(),
        _ => BTreeMap::new(),
    };
    let mut now = BTreeMap::new();
    let mut changed = 0;
    for path in list(source)? {
        if overlay.contains_key(&path) {
            continue;
        }
        let from = source.join(&path);
        // A symbolic link that leads nowhere is no source file.
        let Ok(metadata) = fs::metadata(&from) else {
            continue;
        };
        let modified = metadata.modified()?.duration_since(UNIX_EPOCH)?;
        let stamp = format!("{} {}", metadata.len(), modified.as_nanos());
        if before.get(&path) != Some(&stamp) {
            let to = make_room(copy, &path)?;
            fs::copy(&from, &to).with_context(|| format!("cannot copy {}", from.display()))?;
            changed += 1;
        }
        now.insert(path, stamp);
    }
    for (path, content) in overlay {
        let Some(content) = content else { continue };
        let stamp = format!("{:x?}", Sha256::digest(content));
        if before.get(path) != Some(&stamp) {
            fs::write(make_room(copy, path)?, content)?;
            if let Ok(original) = fs::metadata(source.join(path)) {
                fs::set_permissions(copy.join(path), original.permissions())?;
            }
            changed += 1;
        }
        now.insert(path.clone(), stamp);
    }
    for path in before.keys().filter(|path| !now.contains_key(*path)) {
        if fs::remove_file(copy.join(path)).is_ok() {
            changed += 1;
        }
    }
    fs::create_dir_all(copy)?;
    if before != now {
        fs::write(&manifest, serde_json::to_vec(&now)?)?;
    }
    Ok(changed)
}

/// The place for a file of the copy, free to be written.
fn make_room(copy: &Path, path: &Path) -> Result<PathBuf> {
    let to = copy.join(path);
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    if to.exists() {
        fs::remove_file(&to)?;
    }
    Ok(to)
}

/// All source files of a tree, relative to it.
fn list(source: &Path) -> Result<Vec<PathBuf>> {
    let all = match source.join(".git").exists() {
        true => list_checkout(source)?,
        false => list_folder(source)?,
    };
    Ok(all.into_iter().filter(|path| is_source(path)).collect())
}

/// What git knows or would add: a checkout may be full of build products.
fn list_checkout(source: &Path) -> Result<Vec<PathBuf>> {
    let output = Command::new("git")
        .current_dir(source)
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .output()
        .context("git is needed to read a git checkout: install it")?;
    anyhow::ensure!(
        output.status.success(),
        "git cannot list the files of {}: {}",
        source.display(),
        String::from_utf8_lossy(&output.stderr).trim()
    );
    let names = String::from_utf8(output.stdout).context("a file name is not UTF-8")?;
    Ok(names
        .split_terminator('\0')
        .map(PathBuf::from)
        .filter(|path| source.join(path).is_file())
        .collect())
}

fn list_folder(source: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in WalkDir::new(source).sort_by_file_name() {
        let entry = entry?;
        if !entry.file_type().is_dir() {
            files.push(entry.path().strip_prefix(source)?.into());
        }
    }
    Ok(files)
}

fn is_source(path: &Path) -> bool {
    let text = path.to_string_lossy();
    !path.starts_with(apply::FOLDER)
        && !WRITTEN_AT_TOP.contains(&text.as_ref())
        && !ENDS_LEFT_OUT.iter().any(|end| text.ends_with(end))
        && !path
            .iter()
            .any(|part| FOLDERS_LEFT_OUT.iter().any(|folder| part == *folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path, name: &str, text: &str) {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn only_changed_files_are_written_and_generated_ones_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (source, copy) = (folder.path().join("source"), folder.path().join("copy"));
        for name in ["configure.ac", "configure", "src/a.c", "src/a.o", "src/b.c"] {
            write(&source, name, name);
        }
        let patched = Overlay::from([
            (PathBuf::from("src/b.c"), Some(b"patched".to_vec())),
            (PathBuf::from("src/new.c"), Some(b"new".to_vec())),
        ]);
        assert_eq!(mirror(&source, &patched, &copy).unwrap(), 4);
        assert_eq!(fs::read(copy.join("src/b.c")).unwrap(), b"patched");
        assert!(!copy.join("src/a.o").exists() && !copy.join("configure").exists());

        write(&copy, "configure", "by autoreconf");
        assert_eq!(mirror(&source, &patched, &copy).unwrap(), 0);

        write(&source, "src/a.c", "longer than before");
        assert_eq!(mirror(&source, &patched, &copy).unwrap(), 1);

        // The patches are gone, and with them the file that they created.
        assert_eq!(mirror(&source, &Overlay::new(), &copy).unwrap(), 2);
        assert_eq!(fs::read(copy.join("src/b.c")).unwrap(), b"src/b.c");
        assert!(!copy.join("src/new.c").exists());
        assert_eq!(fs::read(copy.join("configure")).unwrap(), b"by autoreconf");
    }
}
