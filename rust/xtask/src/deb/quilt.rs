//! Patches as quilt and `patch` read them, made from files before and after.

use std::path::{Path, PathBuf};

use anyhow::{ensure, Result};
use diffy::DiffOptions;

/// One patch of debian/patches.
#[derive(Debug)]
pub struct QuiltPatch {
    /// Its file's name there, and in `series`.
    pub name: &'static str,
    text: Vec<u8>,
    files: usize,
}

impl QuiltPatch {
    /// A patch that changes nothing yet; `header` says what it is for (DEP-3).
    pub fn new(name: &'static str, header: &str) -> Self {
        let text = format!("{}\n---\n\n", header.trim_end()).into_bytes();
        Self {
            name,
            text,
            files: 0,
        }
    }

    /// Adds what makes the file `before` (none: there is no such file) the file
    /// `after`. `path` is its place in the source.
    pub fn add(&mut self, path: &Path, before: Option<&[u8]>, after: &[u8]) -> Result<()> {
        if before == Some(after) {
            return Ok(());
        }
        for content in before.into_iter().chain([after]) {
            ensure!(
                !content.contains(&0),
                "{} is a binary file: no patch can carry it",
                path.display()
            );
        }
        let name = path.to_string_lossy();
        ensure!(
            !name.contains(char::is_whitespace),
            "the name \"{name}\" has a blank: for `patch` it would end there"
        );
        let (old, new) = (format!("a/{name}"), format!("b/{name}"));
        // With git's header `patch` creates a file without a line, too; and once
        // one file has it, all need it.
        let mut header = format!("diff --git {old} {new}\n");
        if before.is_none() {
            header += "new file mode 100644\n";
        }
        self.text.extend(header.into_bytes());
        if before.is_some() || !after.is_empty() {
            let old = before.map_or("/dev/null".into(), |_| old);
            let diff = DiffOptions::new()
                .set_original_filename(old)
                .set_modified_filename(new)
                .create_patch_bytes(before.unwrap_or_default(), after)
                .to_bytes();
            self.text.extend(diff);
        }
        self.files += 1;
        Ok(())
    }

    /// The patch file.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// How many files it changes or creates.
    pub fn files(&self) -> usize {
        self.files
    }
}

/// debian/patches/series with these patches at its end.
pub fn series(before: &str, patches: &[QuiltPatch]) -> String {
    let mut series = before.trim_end().to_owned();
    for patch in patches {
        if !series.is_empty() {
            series.push('\n');
        }
        series.push_str(patch.name);
    }
    series + "\n"
}

/// Where patches are in a source package.
pub fn folder() -> PathBuf {
    PathBuf::from("debian/patches")
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use super::*;

    /// Files before (none: no such file) and after, of every kind that a crate
    /// has.
    const FILES: &[(&str, Option<&str>, &str)] = &[
        (
            "configure.ac",
            Some("1\n2\n3\n4\n5\n"),
            "1\n2\nthree\n4\n5\n",
        ),
        ("src/rust/new.rs", None, "fn f() {}\n"),
        ("src/rust/one-line.rs", None, "no end of line"),
        ("src/rust/crlf.md", None, "a\r\nb\r\n"),
        ("src/rust/empty.rs", None, ""),
        (
            "src/rust/dashes.md",
            None,
            "--- a/x\n+++ b/x\n@@ -1 +1 @@\n",
        ),
    ];

    #[test]
    fn patch_makes_of_the_files_before_those_after() {
        let folder = tempfile::tempdir().unwrap();
        let mut patch = QuiltPatch::new("x.patch", "Description: a test\nForwarded: no\n");
        for (path, before, after) in FILES {
            patch
                .add(Path::new(path), before.map(str::as_bytes), after.as_bytes())
                .unwrap();
            if let Some(before) = before {
                fs::write(folder.path().join(path), before).unwrap();
            }
        }
        assert_eq!(patch.files(), FILES.len());
        fs::write(folder.path().join(patch.name), patch.text()).unwrap();
        let done = Command::new("patch")
            .current_dir(folder.path())
            .args(["--batch", "--strip=1", "--input", patch.name])
            .output()
            .unwrap();
        assert!(done.status.success(), "{done:?}");
        for (path, _, after) in FILES {
            let text = fs::read_to_string(folder.path().join(path)).ok();
            assert_eq!(text.as_deref(), Some(*after), "{path}");
        }
    }

    #[test]
    fn what_patch_cannot_carry_is_refused_by_name() {
        let mut patch = QuiltPatch::new("x.patch", "Description: a test\n");
        for (name, content) in [("key.der", &b"\x30\0"[..]), ("a name", b"1\n")] {
            let error = patch.add(Path::new(name), None, content).unwrap_err();
            assert!(error.to_string().contains(name));
        }
    }

    #[test]
    fn what_does_not_change_is_not_in_the_patch() {
        let mut patch = QuiltPatch::new("x.patch", "Description: a test\n");
        patch.add(Path::new("a"), Some(b"1\n"), b"1\n").unwrap();
        assert_eq!(patch.text(), b"Description: a test\n---\n\n");
    }

    #[test]
    fn ours_come_after_the_distributions_patches() {
        let ours = [QuiltPatch::new("ours.patch", "Description: a test\n")];
        assert_eq!(series("", &ours), "ours.patch\n");
        assert_eq!(
            series("theirs.patch\n", &ours),
            "theirs.patch\nours.patch\n"
        );
    }
}
