//! Where things are: the clone this program belongs to, and the folder for
//! everything it makes (`target/`, or what CARGO_TARGET_DIR names).

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rustix::fs::{flock, FlockOperation};

use crate::progress::Progress;

/// The two folders everything else is found from; both absolute.
#[derive(Clone, Debug)]
pub struct Layout {
    /// The clone of this repository.
    pub root: PathBuf,
    /// Cargo's target folder.
    pub target: PathBuf,
}

impl Layout {
    /// Finds the clone from what cargo tells its child, or else from the
    /// folder this program was compiled in.
    pub fn find() -> Result<Self> {
        let manifest =
            env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let root = Path::new(&manifest)
            .join("../..")
            .canonicalize()
            .context("the repository is not where it was: run this as `cargo xtask` inside it")?;
        let target = match env::var_os("CARGO_TARGET_DIR") {
            Some(folder) => env::current_dir()?.join(folder),
            None => root.join("target"),
        };
        Ok(Self { root, target })
    }

    /// Everything that has to do with tor's own build.
    pub fn tor(&self) -> PathBuf {
        self.target.join("tor")
    }

    /// Waits until no other `cargo xtask` works in the target folder, and keeps
    /// others out until the result is dropped.
    pub fn lock(&self, progress: &Progress) -> Result<File> {
        fs::create_dir_all(self.tor())?;
        let file = File::create(self.tor().join("lock"))?;
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            progress.say("waiting for another `cargo xtask` to end its builds …");
            flock(&file, FlockOperation::LockExclusive)?;
        }
        Ok(file)
    }

    /// Full logs of all steps, one file each.
    pub fn logs(&self) -> PathBuf {
        self.tor().join("logs")
    }
}
