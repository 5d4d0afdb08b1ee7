//! What memory checkers report: each process writes a file of its own into one
//! folder, and only if it has something to say.

use std::fs;
use std::path::PathBuf;

use anyhow::{bail, ensure, Result};

use super::Stage;

/// How many lines of a report are shown.
const SHOWN_LINES: usize = 25;

/// The folder for the reports of one run.
pub struct Reports(PathBuf);

impl Reports {
    /// An empty folder of this name among the logs.
    pub fn new(stage: &Stage<'_>, name: &str) -> Result<Self> {
        let folder = std::path::absolute(stage.layout.logs())?.join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }

    /// A file in it, for a checker's option.
    pub fn file(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    /// Fails if there is a report, and shows the first one.
    pub fn none(&self) -> Result<()> {
        let reports = self.read()?;
        let Some(first) = reports.first() else {
            return Ok(());
        };
        let shown: Vec<String> = first
            .lines()
            .take(SHOWN_LINES)
            .map(|line| format!("    {line}"))
            .collect();
        bail!(
            "{} processes have something to report. The first:\n{}\nAll reports are in {}",
            reports.len(),
            shown.join("\n"),
            self.0.display()
        )
    }

    /// Fails unless one report holds all of these words.
    pub fn one_with(&self, words: &[&str]) -> Result<()> {
        let reports = self.read()?;
        let found = |report: &String| words.iter().all(|word| report.contains(word));
        ensure!(
            reports.iter().any(found),
            "none of {} reports in {} holds all of {words:?}",
            reports.len(),
            self.0.display()
        );
        Ok(())
    }

    fn read(&self) -> Result<Vec<String>> {
        let mut reports = Vec::new();
        for entry in fs::read_dir(&self.0)? {
            let bytes = fs::read(entry?.path())?;
            if !bytes.is_empty() {
                reports.push(String::from_utf8_lossy(&bytes).into_owned());
            }
        }
        Ok(reports)
    }
}

/// The faults (`rust/ffi/src/fault.rs`) that a memory checker has to notice.
pub const FAULTS: [&str; 2] = ["leak", "stale-tag"];

/// A unit test of tor that meets each of [`FAULTS`].
pub const FAULTY_TEST: &str = "crypto/cgo/cgo_fwd";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_no_report_and_words_must_stand_in_one() {
        let folder = tempfile::tempdir().unwrap();
        let reports = Reports(folder.path().into());
        fs::write(reports.file("1"), "").unwrap();
        assert!(reports.none().is_ok());
        assert!(reports.one_with(&[]).is_err());
        fs::write(reports.file("2"), "a leak").unwrap();
        fs::write(reports.file("3"), "by malloc").unwrap();
        assert!(reports
            .none()
            .unwrap_err()
            .to_string()
            .contains("2 processes"));
        assert!(reports.one_with(&["leak", "malloc"]).is_err());
        assert!(reports.one_with(&["leak", "a"]).is_ok());
    }
}
