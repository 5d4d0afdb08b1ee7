//! The inputs that are kept: `tests/fuzz/corpus/NAME/`, what fuzzing found
//! worth keeping, and `tests/fuzz/regressions/NAME/`, what once went wrong, each
//! with its reason in one line in a `.txt` file of the same name.

use std::fs;
use std::path::{Path, PathBuf};

use crate::comparisons;
use crate::laboratory::Target;

/// What all corpora together may have, in bytes: they are committed.
const LARGEST_CORPUS: usize = 5 << 20;

/// What a private network sent, recorded by `cargo xtask fuzz --record`: the
/// relay cells of one version of their format (`v0` or `v1`), 509 bytes each,
/// before they were encrypted.
pub fn recorded_relay_cells(version: &str) -> Vec<Vec<u8>> {
    let cells = files(&fuzz_folder().join("recorded/relay-cells")).unwrap_or_default();
    let of_version = cells.iter().filter(|file| {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        name.split('-').next() == Some(version)
    });
    of_version.filter_map(|file| fs::read(file).ok()).collect()
}

/// Where all of it is.
fn fuzz_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz")
}

/// Gives each kept input and each seed to both sides; the number of them.
///
/// # Errors
/// The first mismatch with the file's name; a regression without a reason; a
/// comparison without a corpus; more than 5 MiB.
pub fn replay(target: &dyn Target) -> Result<usize, String> {
    let name = target.about().name;
    for (number, seed) in target.seeds().iter().enumerate() {
        match target.compare(seed) {
            Ok(Some(_)) => {}
            Ok(None) => return Err(format!("{name}: seed {number} is no input")),
            Err(mismatch) => return Err(format!("seed {number}: {mismatch}")),
        }
    }
    let corpus = files(&fuzz_folder().join("corpus").join(name))?;
    if corpus.is_empty() {
        return Err(format!(
            "{name} has no corpus: `cargo xtask fuzz {name} --minimise` writes it"
        ));
    }
    let regressions = files(&fuzz_folder().join("regressions").join(name))?;
    for file in &regressions {
        if file.extension().is_some_and(|extension| extension == "txt") {
            continue;
        }
        let reason = fs::read_to_string(file.with_extension("txt")).unwrap_or_default();
        if reason.trim().is_empty() || reason.trim().lines().count() != 1 {
            return Err(format!("{} has no one-line reason", file.display()));
        }
    }
    let mut size = 0;
    for file in corpus.iter().chain(&regressions) {
        let bytes = fs::read(file).map_err(|e| format!("cannot read {}: {e}", file.display()))?;
        size += bytes.len();
        target
            .compare(&bytes)
            .map_err(|mismatch| format!("{}: {mismatch}", file.display()))?;
    }
    let most = LARGEST_CORPUS / comparisons().count();
    if size > most {
        return Err(format!(
            "the corpus of {name} has {size} bytes, more than {most}"
        ));
    }
    Ok(corpus.len() + regressions.len())
}

/// The files of a folder in order; none if it is not there.
fn files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Ok(Vec::new());
    };
    let mut files = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| format!("cannot list {}: {e}", folder.display()))?;
    files.sort();
    Ok(files)
}
