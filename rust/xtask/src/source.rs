//! C Tor's source: the distribution's source package, fetched and
//! authenticated by apt, or a folder that the user names. The system's apt
//! configuration is read, never changed: a list of our own, made from the
//! system's with `deb-src` in the place of `deb`, and apt's state live in the
//! target folder. That works as an ordinary user, too.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{bail, Context, Result};
use clap::Args;
use sha2::{Digest, Sha256};

use crate::apply::check_version;
use crate::jobs::Job;
use crate::layout::Layout;
use crate::progress::{Progress, Scale};

const SYSTEM_SOURCES: &str = "/etc/apt";

/// Where tor's source comes from, on the command line.
#[derive(Args)]
pub struct SourceOption {
    /// A tor 0.4.9 source tree to build instead of the distribution's source
    /// package: a git checkout or an unpacked tarball. It is copied, never
    /// changed
    #[arg(long, value_name = "DIR")]
    pub tor_src: Option<PathBuf>,
}

/// A tor source tree that nobody but its owner writes to.
#[derive(Clone, Debug)]
pub struct Source {
    /// The tree.
    pub folder: PathBuf,
    /// The version it states, such as `0.4.9.11`.
    pub version: String,
    /// Where its patched copy and its builds live.
    pub work: PathBuf,
}

/// The source to build: `named` if the user named one, otherwise the
/// distribution's, which is fetched once.
pub fn find(layout: &Layout, progress: &Progress, named: Option<&Path>) -> Result<Source> {
    match named {
        Some(folder) => from_folder(layout, folder),
        None => from_distribution(layout, progress),
    }
}

/// Each folder that is named gets builds of its own, so that going to and fro
/// between two trees compiles neither of them again.
fn from_folder(layout: &Layout, folder: &Path) -> Result<Source> {
    let folder = folder
        .canonicalize()
        .with_context(|| format!("there is no folder {}", folder.display()))?;
    let version = check_version(&folder)?;
    let digest = Sha256::digest(folder.as_os_str().as_encoded_bytes());
    let key: String = digest.iter().take(4).map(|b| format!("{b:02x}")).collect();
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    Ok(Source {
        work: layout.tor().join(format!("{name}-{key}")),
        folder,
        version,
    })
}

fn from_distribution(layout: &Layout, progress: &Progress) -> Result<Source> {
    let source = layout.tor().join("source");
    if let Some(found) = unpacked(&source)? {
        return Ok(Source {
            version: check_version(&found)?,
            folder: found,
            work: layout.tor(),
        });
    }
    let step = progress.step("get tor's source package", Scale::Unknown);
    let apt = layout.tor().join("apt");
    for folder in ["parts", "lists/partial", "cache/archives/partial"] {
        fs::create_dir_all(apt.join(folder))?;
    }
    let (one_line, deb822) = source_lists(Path::new(SYSTEM_SOURCES))?;
    if one_line.is_empty() && deb822.is_empty() {
        bail!("apt knows no package source to get tor's source from: name a tor 0.4.9 source tree with --tor-src DIR");
    }
    fs::write(apt.join("parts/torrs.list"), one_line)?;
    fs::write(apt.join("parts/torrs.sources"), deb822)?;
    // Downloaded beside, then moved: what is in `source` is complete.
    let download = layout.tor().join("source.partial");
    if download.exists() {
        fs::remove_dir_all(&download)?;
    }
    fs::create_dir_all(&download)?;
    let apt_get = |verb: &[&str], log: &str| {
        Job::new("apt-get", &download, layout.logs().join(log))
            .args(["-o", "Dir::Etc::SourceList=/dev/null"])
            .args(["-o", &setting("Dir::Etc::SourceParts", &apt, "parts")])
            .args(["-o", &setting("Dir::State::Lists", &apt, "lists")])
            .args(["-o", &setting("Dir::Cache", &apt, "cache")])
            .args(verb)
    };
    // An unreachable third-party source must not stop us: what counts is
    // whether tor's source can be had.
    let update = apt_get(&["update"], "apt-update.log").finish(|line| step.note(line))?;
    let get = apt_get(&["source", "--only-source", "tor"], "apt-source.log");
    if let Err(error) = get.run(|line| step.note(line)) {
        let hint = match update.success {
            true => "",
            false => {
                "\napt-get update had failed before; its log is apt-update.log in the same folder"
            }
        };
        bail!("{error}{hint}\nWithout the distribution's source: name a tor 0.4.9 source tree with --tor-src DIR");
    }
    let tree = unpacked(&download)?.context(
        "apt-get source ended well but left no tor folder: name a source tree with --tor-src DIR",
    )?;
    let version = check_version(&tree).context(
        "the distribution's tor does not fit: name a tor 0.4.9 source tree with --tor-src DIR",
    )?;
    fs::rename(&download, &source)?;
    step.done(format!("tor {version}, authenticated by apt"));
    Ok(Source {
        folder: unpacked(&source)?.unwrap_or(tree),
        version,
        work: layout.tor(),
    })
}

fn setting(name: &str, apt: &Path, folder: &str) -> String {
    format!("{name}={}", apt.join(folder).display())
}

/// The one `tor-…` folder that dpkg-source unpacked, if it is there.
fn unpacked(folder: &Path) -> Result<Option<PathBuf>> {
    if !folder.is_dir() {
        return Ok(None);
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if entry.file_type()?.is_dir() && name.to_string_lossy().starts_with("tor-") {
            return Ok(Some(entry.path()));
        }
    }
    Ok(None)
}

/// The system's package sources with source packages in the place of binary
/// ones: (one-line format, deb822 format).
fn source_lists(etc_apt: &Path) -> Result<(String, String)> {
    let mut files = vec![etc_apt.join("sources.list")];
    if let Ok(entries) = fs::read_dir(etc_apt.join("sources.list.d")) {
        for entry in entries {
            files.push(entry?.path());
        }
    }
    files.sort();
    let (mut one_line, mut deb822) = (String::new(), String::new());
    for file in files {
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            // Lists may hold passwords and be closed to ordinary users.
            Err(_) => continue,
        };
        match file.extension().and_then(|end| end.to_str()) {
            Some("list") => one_line += &from_one_line(&text),
            Some("sources") => deb822 += &from_deb822(&text),
            _ => {}
        }
    }
    Ok((one_line, deb822))
}

/// `deb …` and `deb-src …` lines both become one `deb-src …` line.
fn from_one_line(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default().trim();
        let Some((kind, rest)) = line.split_once([' ', '\t']) else {
            continue;
        };
        let line = format!("deb-src {}\n", rest.trim());
        if matches!(kind, "deb" | "deb-src") && !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines.concat()
}

/// Each enabled paragraph with `Types: deb-src`.
fn from_deb822(text: &str) -> String {
    let mut result = String::new();
    let text: String = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| format!("{}\n", line.trim_end()))
        .collect();
    for paragraph in text.split("\n\n") {
        let field = |name: &str| {
            paragraph.lines().find_map(|line| {
                let (field, value) = line.split_once(':')?;
                field.eq_ignore_ascii_case(name).then(|| value.trim())
            })
        };
        let disabled = field("Enabled")
            .is_some_and(|value| ["no", "false"].contains(&value.to_lowercase().as_str()));
        if field("Types").is_none() || disabled {
            continue;
        }
        result += "Types: deb-src\n";
        for line in paragraph.lines().filter(|line| !line.is_empty()) {
            if !line.to_lowercase().starts_with("types:") {
                result += line;
                result += "\n";
            }
        }
        result += "\n";
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_sources_lose_binary_lines_and_keep_options() {
        let text = "# comment\ndeb [signed-by=/k.gpg] http://host/debian stable main # why\n\
                    deb-src http://host/debian stable main\n\
                    deb http://host/debian stable main\n";
        assert_eq!(
            from_one_line(text),
            "deb-src [signed-by=/k.gpg] http://host/debian stable main\n\
             deb-src http://host/debian stable main\n"
        );
    }

    #[test]
    fn deb822_paragraphs_keep_their_keys_and_disabled_ones_are_left_out() {
        let text = "# first\nTypes: deb\n# in between\nURIs: http://host/debian\nSuites: stable\n\
                    Components: main\nSigned-By:\n -----BEGIN\n .\n\n\
                    Enabled: no\nTypes: deb\nURIs: http://other\nSuites: x\nComponents: y\n";
        assert_eq!(
            from_deb822(text),
            "Types: deb-src\nURIs: http://host/debian\nSuites: stable\n\
             Components: main\nSigned-By:\n -----BEGIN\n .\n\n"
        );
    }
}
