//! A numbered series of patches, applied and taken back in memory: every hunk
//! of every patch fits, or nothing is written anywhere. A hunk may have moved
//! (the nearest place counts), but its context has to be there to the letter.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::{anyhow, bail, ensure, Context, Result};
use diffy::patch_set::{FileOperation, ParseOptions, PatchSet};
use diffy::{Line, Patch};

/// Contents of files by their path in the tree; `None`: no such file.
pub type Overlay = BTreeMap<PathBuf, Option<Vec<u8>>>;

/// One patch file: `NNNN-name.patch`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct PatchFile {
    name: String,
    text: Vec<u8>,
}

/// The patches of a folder, in the order of their numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Series(Vec<PatchFile>);

/// Which way a series goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Forward,
    Backward,
}

impl Series {
    /// Reads all `*.patch` files of a folder; none if there is no folder.
    pub fn read(folder: &Path) -> Result<Self> {
        let mut patches = Vec::new();
        if folder.is_dir() {
            for entry in fs::read_dir(folder)? {
                let path = entry?.path();
                if path.extension().is_some_and(|end| end == "patch") {
                    let name = path.file_name().unwrap_or_default();
                    patches.push(PatchFile {
                        name: name.to_string_lossy().into_owned(),
                        text: fs::read(&path)?,
                    });
                }
            }
        }
        patches.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Self(patches))
    }

    /// Whether there is nothing to apply.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The files as they are with the series applied, on top of `base` and,
    /// for files that `base` does not name, of the tree.
    pub fn apply(&self, tree: &Path, base: &Overlay) -> Result<Overlay> {
        let mut files = base.clone();
        for patch in &self.0 {
            patch.turn(Direction::Forward, tree, &mut files)?;
        }
        Ok(files)
    }

    /// The files as they were before the series was applied to the tree.
    pub fn take_back(&self, tree: &Path) -> Result<Overlay> {
        let mut files = Overlay::new();
        for patch in self.0.iter().rev() {
            patch.turn(Direction::Backward, tree, &mut files)?;
        }
        Ok(files)
    }
}

impl PatchFile {
    fn turn(&self, direction: Direction, tree: &Path, files: &mut Overlay) -> Result<()> {
        let options = match find(&self.text, b"diff --git ") {
            Some(_) => ParseOptions::gitdiff(),
            None => ParseOptions::unidiff(),
        };
        for part in PatchSet::parse_bytes(&self.text, options) {
            let part = part.map_err(|error| anyhow!("{} is not a patch: {error}", self.name))?;
            let (mut old, mut new) = self.paths(&part.operation().strip_prefix(1))?;
            let patch = part.patch().as_text().with_context(|| {
                format!(
                    "{} changes a binary file; only text can be patched",
                    self.name
                )
            })?;
            let patch = match direction {
                Direction::Forward => patch.clone(),
                Direction::Backward => {
                    std::mem::swap(&mut old, &mut new);
                    patch.reverse()
                }
            };
            let file = old.as_ref().or(new.as_ref()).cloned().unwrap_or_default();
            let current = match files.get(&file) {
                Some(content) => content.clone(),
                None => read_if_there(&tree.join(&file))?,
            };
            let text = match (old, current) {
                (Some(_), Some(text)) => text,
                (None, None) => Vec::new(),
                (Some(_), None) => bail!(self.misfit(&file, 1, "there is no such file", direction)),
                (None, Some(_)) => bail!(self.misfit(
                    &file,
                    1,
                    "the file that it creates is there already",
                    direction
                )),
            };
            let text = patched(&text, &patch).map_err(|hunk| {
                let wanted = patch.hunks().get(hunk - 1);
                let first = wanted.and_then(|hunk| hunk.lines().iter().find_map(old_line));
                let first = String::from_utf8_lossy(first.unwrap_or_default());
                let line = wanted.map_or(0, |hunk| hunk.old_range().start());
                let reason = format!(
                    "its lines, which begin with \"{}\" near line {line}, are not there",
                    first.trim_end()
                );
                anyhow!(self.misfit(&file, hunk, &reason, direction))
            })?;
            let content = match new {
                Some(_) => Some(text),
                None => {
                    ensure!(
                        text.is_empty(),
                        self.misfit(
                            &file,
                            1,
                            "the file has more lines than it deletes",
                            direction
                        )
                    );
                    None
                }
            };
            files.insert(file, content);
        }
        Ok(())
    }

    /// The paths before and after; `None` where the file does not exist then.
    fn paths(
        &self,
        operation: &FileOperation<'_, [u8]>,
    ) -> Result<(Option<PathBuf>, Option<PathBuf>)> {
        let path = |name: &[u8]| -> Result<PathBuf> {
            let path = PathBuf::from(String::from_utf8_lossy(name).into_owned());
            let inside = path.components().all(|c| matches!(c, Component::Normal(_)));
            ensure!(
                inside && !path.as_os_str().is_empty(),
                "{} names a file outside the tree: {}",
                self.name,
                path.display()
            );
            Ok(path)
        };
        Ok(match operation {
            FileOperation::Create(name) => (None, Some(path(name)?)),
            FileOperation::Delete(name) => (Some(path(name)?), None),
            FileOperation::Modify { original, modified } if original == modified => {
                (Some(path(original)?), Some(path(modified)?))
            }
            _ => bail!(
                "{} renames or copies a file: write that as a deletion and a creation",
                self.name
            ),
        })
    }

    fn misfit(&self, file: &Path, hunk: usize, reason: &str, direction: Direction) -> String {
        let (verb, advice) = match direction {
            Direction::Forward => (
                "does not fit",
                "Use a tor 0.4.9 tree without changes there, or adapt the patch.",
            ),
            Direction::Backward => (
                "cannot be taken back",
                "Restore that file (for example with git checkout) and run the command again.",
            ),
        };
        format!(
            "{} {verb}: hunk {hunk} of {}: {reason}. Nothing was changed. {advice}",
            self.name,
            file.display()
        )
    }
}

/// Applies all hunks in order, each at the place nearest to where it should
/// be. The error is the number of the first hunk that fits nowhere, from 1.
fn patched(text: &[u8], patch: &Patch<'_, [u8]>) -> Result<Vec<u8>, usize> {
    let lines: Vec<&[u8]> = text.split_inclusive(|&byte| byte == b'\n').collect();
    let mut result = Vec::with_capacity(text.len());
    // The first line not yet passed, and how far the hunks so far have moved.
    let (mut next, mut drift) = (0, 0);
    for (index, hunk) in patch.hunks().iter().enumerate() {
        let old: Vec<&[u8]> = hunk.lines().iter().filter_map(old_line).collect();
        let range = hunk.old_range();
        // A range without lines names the line before it.
        let stated = range.start().saturating_sub(usize::from(!old.is_empty()));
        let expected = stated.saturating_add_signed(drift);
        let last = lines.len().checked_sub(old.len()).ok_or(index + 1)?;
        let found = (next..=last)
            .filter(|&at| lines.get(at..at + old.len()) == Some(&old[..]))
            .min_by_key(|&at| at.abs_diff(expected))
            .ok_or(index + 1)?;
        for line in lines.get(next..found).unwrap_or_default() {
            result.extend_from_slice(line);
        }
        for line in hunk.lines() {
            if let Line::Context(line) | Line::Insert(line) = line {
                result.extend_from_slice(line);
            }
        }
        next = found + old.len();
        drift = found as isize - stated as isize;
    }
    for line in lines.get(next..).unwrap_or_default() {
        result.extend_from_slice(line);
    }
    Ok(result)
}

fn old_line<'a>(line: &Line<'a, [u8]>) -> Option<&'a [u8]> {
    match line {
        Line::Context(line) | Line::Delete(line) => Some(line),
        Line::Insert(_) => None,
    }
}

/// A file's content, or `None` if there is no such file.
pub fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.split_inclusive(|&byte| byte == b'\n')
        .position(|line| line.starts_with(wanted))
}
