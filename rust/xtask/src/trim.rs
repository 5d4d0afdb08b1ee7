//! What tor's own build needs of our manifests. In this repository they also name
//! what writes the header (cbindgen and its crates) and what unit tests want; a tor
//! tree, a tarball and a package get none of that, and a Cargo.lock that agrees.
//!
//! A dev-dependency that switches on a feature of a crate that links, and with it
//! one more crate, is more than is seen here: cargo then refuses the lock file
//! (`--locked`) at the next build. `default-features = false` there mends it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cargo_lock::{Lockfile, Package};
use toml_edit::{DocumentMut, Item, TableLike};

const MANIFEST: &str = "Cargo.toml";
const LOCK: &str = "Cargo.lock";
/// Where manifests name dependencies that tor's build needs.
const DEPENDENCIES: &[&str] = &["dependencies", "build-dependencies"];

/// Trims the manifests among these files (contents by path), and the lock file.
///
/// # Errors
///
/// A manifest or the lock file is not what cargo would read.
pub fn trim(files: &mut BTreeMap<PathBuf, Vec<u8>>) -> Result<()> {
    let mut needed = BTreeMap::new();
    for (path, content) in files.iter_mut() {
        if path.file_name().is_none_or(|name| name != MANIFEST) {
            continue;
        }
        let manifest = trimmed(content, path == Path::new(MANIFEST))
            .with_context(|| format!("{} cannot be trimmed", path.display()))?;
        if let Some(name) = manifest
            .get("package")
            .and_then(|p| p.get("name")?.as_str())
        {
            needed.insert(name.to_owned(), dependencies(&manifest));
        }
        *content = manifest.to_string().into_bytes();
    }
    if let Some(lock) = files.get_mut(Path::new(LOCK)) {
        let text = std::str::from_utf8(lock)?;
        let locked: Lockfile = text.parse().context("Cargo.lock cannot be read")?;
        *lock = of_these(locked, &needed).to_string().into_bytes();
    }
    Ok(())
}

/// A manifest without what only this repository uses.
fn trimmed(manifest: &[u8], is_root: bool) -> Result<DocumentMut> {
    let mut manifest: DocumentMut = std::str::from_utf8(manifest)?.parse()?;
    manifest.remove("dev-dependencies");
    if is_root {
        // The build script writes and checks the header, and does nothing else.
        manifest.remove("build-dependencies");
        for (table, key) in [("package", "build"), ("features", "header")] {
            if let Some(table) = manifest.get_mut(table).and_then(Item::as_table_mut) {
                table.remove(key);
            }
        }
    }
    Ok(manifest)
}

/// The names of the crates on which a trimmed manifest depends.
fn dependencies(manifest: &DocumentMut) -> BTreeSet<String> {
    let targets = manifest.get("target").and_then(Item::as_table_like);
    let of_targets = targets.into_iter().flat_map(TableLike::iter);
    let tables = of_targets.map(|(_, item)| item).chain([manifest.as_item()]);
    let mut names = BTreeSet::new();
    for table in tables.filter_map(Item::as_table_like) {
        for list in DEPENDENCIES.iter().filter_map(|key| table.get(key)) {
            for (name, dependency) in list.as_table_like().into_iter().flat_map(TableLike::iter) {
                // Under another name here than at its registry.
                let renamed = dependency.get("package").and_then(Item::as_str);
                names.insert(renamed.unwrap_or(name).to_owned());
            }
        }
    }
    names
}

/// The lock file with nothing but what the workspace's members, each of which
/// needs the crates that are listed for it, lead to.
fn of_these(mut lock: Lockfile, needed: &BTreeMap<String, BTreeSet<String>>) -> Lockfile {
    for package in &mut lock.packages {
        if let (None, Some(names)) = (&package.source, needed.get(package.name.as_str())) {
            package
                .dependencies
                .retain(|dependency| names.contains(dependency.name.as_str()));
        }
    }
    let is_member =
        |package: &&Package| package.source.is_none() && needed.contains_key(package.name.as_str());
    let identity = |package: &Package| (package.name.clone(), package.version.clone());
    let mut kept = BTreeSet::new();
    let mut ahead: Vec<&Package> = lock.packages.iter().filter(is_member).collect();
    while let Some(package) = ahead.pop() {
        if kept.insert(identity(package)) {
            let is_dependency = |other: &&Package| {
                let same =
                    |d: &cargo_lock::Dependency| d.name == other.name && d.version == other.version;
                package.dependencies.iter().any(same)
            };
            ahead.extend(lock.packages.iter().filter(is_dependency));
        }
    }
    lock.packages
        .retain(|package| kept.contains(&identity(package)));
    lock
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "\
[package]
name = \"tor_rust\"
build = \"build.rs\"
[features]
onion = [\"ffi/onion\"]
# For the header.
header = [\"dep:cbindgen\"]
[dependencies]
ffi = { path = \"rust/ffi\" }
[build-dependencies]
cbindgen = { version = \"1\", optional = true }
";
    const FFI: &str = "\
[package]
name = \"ffi\"
[target.'cfg(unix)'.dependencies]
fast = { package = \"aes\", version = \"1\" }
[dev-dependencies]
hex = \"1\"
";
    const LOCK_TEXT: &str = "\
# This file is automatically @generated by Cargo.
# It is not intended for manual editing.
version = 4

[[package]]
name = \"aes\"
version = \"1.0.0\"
source = \"registry+https://github.com/rust-lang/crates.io-index\"
checksum = \"0000000000000000000000000000000000000000000000000000000000000000\"
dependencies = [
 \"syn 1.0.0\",
]

[[package]]
name = \"cbindgen\"
version = \"1.0.0\"
source = \"registry+https://github.com/rust-lang/crates.io-index\"
dependencies = [
 \"syn 2.0.0\",
]

[[package]]
name = \"ffi\"
version = \"0.1.0\"
dependencies = [
 \"aes\",
 \"hex\",
]

[[package]]
name = \"hex\"
version = \"1.0.0\"
source = \"registry+https://github.com/rust-lang/crates.io-index\"

[[package]]
name = \"syn\"
version = \"1.0.0\"
source = \"registry+https://github.com/rust-lang/crates.io-index\"

[[package]]
name = \"syn\"
version = \"2.0.0\"
source = \"registry+https://github.com/rust-lang/crates.io-index\"

[[package]]
name = \"tor_rust\"
version = \"0.1.0\"
dependencies = [
 \"cbindgen\",
 \"ffi\",
]
";

    fn trimmed_files() -> BTreeMap<PathBuf, String> {
        let files = [
            ("Cargo.toml", ROOT),
            ("rust/ffi/Cargo.toml", FFI),
            ("Cargo.lock", LOCK_TEXT),
        ];
        let mut files = files
            .iter()
            .map(|(name, text)| (PathBuf::from(name), text.as_bytes().to_vec()))
            .collect();
        trim(&mut files).unwrap();
        let text = |content| String::from_utf8(content).unwrap();
        files
            .into_iter()
            .map(|(name, content)| (name, text(content)))
            .collect()
    }

    #[test]
    fn manifests_lose_the_header_and_what_unit_tests_want() {
        let files = trimmed_files();
        let root = &files[Path::new("Cargo.toml")];
        assert!(root.contains("onion =") && root.contains("ffi ="));
        for gone in ["build", "header", "cbindgen"] {
            assert!(!root.contains(gone), "{gone}: {root}");
        }
        let ffi = &files[Path::new("rust/ffi/Cargo.toml")];
        assert!(ffi.contains("aes") && !ffi.contains("hex"), "{ffi}");
    }

    #[test]
    fn the_lock_file_names_what_is_left_in_cargos_own_way() {
        let files = trimmed_files();
        let lock = &files[Path::new("Cargo.lock")];
        let names: Vec<_> = lock
            .lines()
            .filter(|line| line.starts_with("name"))
            .collect();
        assert_eq!(names.len(), 4, "{lock}");
        for gone in ["cbindgen", "hex", "2.0.0"] {
            assert!(!lock.contains(gone), "{gone}: {lock}");
        }
        // One syn is left: cargo names it without its version then.
        assert!(lock.contains("\n \"syn\",\n"), "{lock}");
    }
}
