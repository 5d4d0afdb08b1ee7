//! The crates of others beside ours in a tor tree, so that a build asks nobody
//! for them: `src/rust/vendor`, and a cargo configuration that points there.
//! Only what is compiled and read comes along: a patch cannot carry binary files,
//! and nobody runs their tests there.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;
use walkdir::WalkDir;

use crate::apply;
use crate::jobs::Job;
use crate::layout::Layout;
use crate::progress::{Progress, Scale};
use crate::tor_build::cargo;

/// Where they are, from `src/rust`.
pub const FOLDER: &str = "vendor";
/// What tells cargo, from there.
pub const CONFIGURATION: &str = ".cargo/config.toml";

/// Folders of a crate that tor's build never looks into.
const FOLDERS_LEFT_OUT: &[&str] = &["benches", "examples", "tests"];
/// What cargo compares a crate's files with.
const CHECKSUMS: &str = ".cargo-checksum.json";

/// Puts the crates that Cargo.lock names into a tor tree that has ours.
pub fn vendor(layout: &Layout, progress: &Progress, tree: &Path) -> Result<()> {
    let step = progress.step("vendor the crates that link into tor", Scale::Unknown);
    let folder = tree.join(apply::FOLDER);
    Job::new(cargo(), &folder, layout.logs().join("cargo-vendor.log"))
        .args(["vendor", "--locked", FOLDER])
        .run(|line| step.note(line))?;
    let mut crates = 0;
    for entry in fs::read_dir(folder.join(FOLDER))? {
        leave_out(&entry?.path())?;
        crates += 1;
    }
    let configuration = folder.join(CONFIGURATION);
    if let Some(parent) = configuration.parent() {
        fs::create_dir_all(parent)?;
    }
    let text = format!(
        "[source.crates-io]\nreplace-with = \"vendored\"\n\n\
         [source.vendored]\ndirectory = \"{FOLDER}\"\n"
    );
    fs::write(configuration, text)?;
    step.done(format!("{crates} crates"));
    Ok(())
}

/// Removes what a build does not need from the folder of one crate.
fn leave_out(folder: &Path) -> Result<()> {
    let mut gone = BTreeSet::new();
    for entry in WalkDir::new(folder) {
        let entry = entry?;
        let path = entry.path().strip_prefix(folder)?;
        if entry.file_type().is_file() && is_left_out(path, entry.path())? {
            gone.insert(path.to_string_lossy().into_owned());
        }
    }
    for path in &gone {
        fs::remove_file(folder.join(path))?;
        // Folders that this empties go too.
        let parents = Path::new(path).ancestors().skip(1);
        for parent in parents.take_while(|parent| !parent.as_os_str().is_empty()) {
            if fs::remove_dir(folder.join(parent)).is_err() {
                break;
            }
        }
    }
    let checksums = folder.join(CHECKSUMS);
    let text = fs::read(&checksums)
        .with_context(|| format!("{} is no vendored crate", folder.display()))?;
    let mut value: Value = serde_json::from_slice(&text)?;
    let files = value.get_mut("files").and_then(Value::as_object_mut);
    files
        .with_context(|| format!("{} names no files", checksums.display()))?
        .retain(|name, _| !gone.contains(name));
    fs::write(checksums, value.to_string())?;
    Ok(())
}

/// Whether a file of a crate stays behind; `path` is relative to the crate.
fn is_left_out(path: &Path, file: &Path) -> Result<bool> {
    let first = path.iter().next().unwrap_or_default().to_string_lossy();
    if path == Path::new(CHECKSUMS) {
        return Ok(false);
    }
    let of_no_use = first.starts_with('.') || FOLDERS_LEFT_OUT.contains(&first.as_ref());
    Ok(of_no_use || !is_text(&fs::read(file)?))
}

/// Whether a patch can carry this.
fn is_text(content: &[u8]) -> bool {
    !content.contains(&0) && std::str::from_utf8(content).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_keeps_what_is_compiled_and_the_checksums_of_that() {
        let folder = tempfile::tempdir().unwrap();
        let files = [
            ("src/lib.rs", &b"pub fn f() {}"[..]),
            ("src/data/key.der", b"\x30\x82\x00"),
            ("tests/all.rs", b""),
            (".gitignore", b"target"),
            ("LICENSE-MIT", b"MIT"),
        ];
        let mut names = Vec::new();
        for (name, content) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
            names.push(format!("\"{name}\":\"00\""));
        }
        let checksums = format!("{{\"files\":{{{}}},\"package\":\"11\"}}", names.join(","));
        fs::write(folder.path().join(CHECKSUMS), checksums).unwrap();

        leave_out(folder.path()).unwrap();

        let text = fs::read_to_string(folder.path().join(CHECKSUMS)).unwrap();
        assert_eq!(
            text,
            "{\"files\":{\"LICENSE-MIT\":\"00\",\"src/lib.rs\":\"00\"},\"package\":\"11\"}"
        );
        let exists = |name: &str| folder.path().join(name).exists();
        assert!(exists("src/lib.rs") && exists("LICENSE-MIT"));
        assert!(!exists("src/data") && !exists("tests") && !exists(".gitignore"));
    }
}
