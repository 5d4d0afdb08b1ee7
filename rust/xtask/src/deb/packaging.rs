//! What changes in the distribution's own files of debian/: each a small edit
//! that says so when a file is not what it expects.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{ensure, Context, Result};

use crate::components::read_manifest;

/// A line between parts of debian/copyright, as the distribution draws it.
const RULE: &str =
    "===============================================================================";

/// debian/control, with these packages at the end of Build-Depends.
pub fn control(text: &str, build_depends: &str) -> Result<String> {
    let mut lines: Vec<String> = text.lines().map(String::from).collect();
    let is_field = |line: &String| line.to_lowercase().starts_with("build-depends:");
    let field = lines
        .iter()
        .position(is_field)
        .context("debian/control has no Build-Depends")?;
    let folded = lines.iter().skip(field + 1);
    let last = field
        + folded
            .take_while(|line| line.starts_with([' ', '\t']))
            .count();
    if let Some(line) = lines.get_mut(last) {
        let packages = line.trim_end().trim_end_matches(',').len();
        line.truncate(packages);
        *line += &format!(", {build_depends}");
    }
    Ok(lines.join("\n") + "\n")
}

/// debian/rules, with Rust among configure's arguments.
pub fn rules(text: &str) -> Result<String> {
    const ARGUMENTS: &str = "$(confflags)";
    ensure!(
        text.contains(ARGUMENTS),
        "debian/rules gives no {ARGUMENTS} to configure"
    );
    let (before, after) = text
        .split_once("\n%:\n")
        .context("debian/rules has no rule %:")?;
    Ok(format!(
        "{before}\n\
         # Components in Rust: src/rust, with the crates that they use in\n\
         # src/rust/vendor. cargo asks nobody for anything.\n\
         confflags += --enable-rust\n\
         \n%:\n{after}"
    ))
}

/// What a changelog entry says.
pub struct Entry<'a> {
    /// Added to the distribution's version.
    pub suffix: &'a str,
    /// One line each.
    pub changes: &'a [String],
    /// `Name <address>`.
    pub maintainer: &'a str,
    /// Seconds since 1970.
    pub time: u64,
}

/// debian/changelog with one more entry, and the version that this gives.
pub fn changelog(text: &str, entry: &Entry<'_>) -> Result<(String, String)> {
    let newest = text.lines().next().unwrap_or_default();
    let parts = newest.split_once(" (").and_then(|(package, rest)| {
        let (version, rest) = rest.split_once(") ")?;
        Some((package, version, rest.split_once(';')?.0))
    });
    let (package, version, suite) = parts.with_context(|| {
        format!("debian/changelog begins with no version of a package: {newest}")
    })?;
    let version = format!("{version}{}", entry.suffix);
    // A package of one's own is no security update of the distribution.
    let suite = suite.trim_end_matches("-security");
    let mut changes = String::new();
    for change in entry.changes {
        changes += &format!("  {change}\n");
    }
    let seconds = i64::try_from(entry.time)?;
    let time = jiff::Timestamp::from_second(seconds)?.strftime("%a, %d %b %Y %H:%M:%S +0000");
    let text = format!(
        "{package} ({version}) {suite}; urgency=medium\n\n{changes}\n -- {}  {time}\n\n{text}",
        entry.maintainer
    );
    Ok((text, version))
}

/// debian/copyright with our licence and those of the vendored crates, from
/// their manifests and licence files.
pub fn copyright(text: &str, rust: &Path, vendor: &Path) -> Result<String> {
    let ours = fs::read_to_string(rust.join("LICENSE"))?;
    let mut crates = String::new();
    let mut texts: BTreeMap<String, Licence> = BTreeMap::new();
    for folder in folders(vendor)? {
        let manifest = read_manifest(&folder.join("Cargo.toml"))?;
        let package = manifest.get("package");
        let field = |name: &str| package.and_then(|table| table.get(name)?.as_str());
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let version = field("version").unwrap_or_default();
        let licence = field("license")
            .or(field("license-file"))
            .with_context(|| format!("{name} {version} states no licence"))?;
        crates += &format!("{name} {version}: {licence}\n");
        let mut holders = Vec::new();
        for file in licence_files(&folder)? {
            let path = format!("{name}/{}", file.name);
            holders.extend(file.holders);
            // Debian's own copy is in /usr/share/common-licenses.
            if !file.text.contains("Apache License") {
                let same: String = file.text.split_whitespace().collect();
                let licence = texts.entry(same).or_insert_with(|| Licence {
                    text: file.text,
                    files: Vec::new(),
                });
                licence.files.push(path);
            }
        }
        let authors = package.and_then(|table| table.get("authors")?.as_array());
        if holders.is_empty() {
            let authors = authors
                .into_iter()
                .flatten()
                .filter_map(|name| name.as_str());
            holders.extend(authors.map(String::from));
        }
        holders.sort();
        holders.dedup();
        for holder in holders {
            crates += &format!("    {holder}\n");
        }
    }
    let mut licences: Vec<Licence> = texts.into_values().collect();
    licences.sort_by(|a, b| a.files.cmp(&b.files));
    let mut text = format!(
        "{}\n\n{RULE}\nsrc/rust/, except src/rust/vendor/:\n\n{}\n\n\
         {RULE}\nsrc/rust/vendor/: crates of others that src/rust uses, with the licences that\n\
         their manifests state and the copyright notices of their licence files, or\n\
         their authors. On Debian systems the text of Apache-2.0 is in\n\
         /usr/share/common-licenses/Apache-2.0; the other texts follow.\n\n{}",
        text.trim_end(),
        ours.trim_end(),
        crates
    );
    for licence in licences {
        let files = licence.files.join(",\n  ");
        text += &format!(
            "{RULE}\nIn src/rust/vendor/:\n  {files}:\n\n{}\n\n",
            licence.text.trim()
        );
    }
    Ok(text)
}

/// A text, without the copyright notices, and the files that hold it.
struct Licence {
    text: String,
    files: Vec<String>,
}

/// A licence file of a crate.
struct LicenceFile {
    name: String,
    /// The lines that name who holds the copyright.
    holders: Vec<String>,
    /// All other lines.
    text: String,
}

fn licence_files(folder: &Path) -> Result<Vec<LicenceFile>> {
    const NAMES: &[&str] = &["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "UNLICENSE"];
    let mut files = Vec::new();
    for path in entries(folder)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if !path.is_file()
            || !NAMES
                .iter()
                .any(|start| name.to_uppercase().starts_with(start))
        {
            continue;
        }
        let content = fs::read_to_string(&path)?;
        let (mut holders, mut text) = (Vec::new(), String::new());
        for line in content.lines() {
            let line = line.trim_end();
            match is_notice(line.trim_start()) {
                true => holders.push(line.trim().to_owned()),
                false => text += &format!("{line}\n"),
            }
        }
        files.push(LicenceFile {
            name: name.into_owned(),
            holders,
            text,
        });
    }
    Ok(files)
}

/// Whether a line says who holds a copyright: `Copyright (c) 2020 Somebody`, and
/// not a sentence about copyright, nor the blank that a licence leaves for a name.
fn is_notice(line: &str) -> bool {
    let Some(rest) = line.strip_prefix("Copyright ") else {
        return false;
    };
    ["(c) ", "(C) ", "©"]
        .iter()
        .any(|mark| rest.starts_with(mark))
        || rest.starts_with(|first: char| first.is_ascii_digit())
}

fn folders(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut folders = entries(folder)?;
    folders.retain(|path| path.is_dir());
    Ok(folders)
}

/// What is in a folder, by name.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)
        .with_context(|| format!("cannot read the folder {}", folder.display()))?;
    let mut paths = Vec::new();
    for entry in entries {
        paths.push(entry?.path());
    }
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn build_depends_get_longer_on_one_line_or_folded() {
        let control = |text| super::control(text, "cargo, rustc (>= 1)").unwrap();
        assert_eq!(
            control("Source: tor\nBuild-Depends: a, b (>= 2)\nHomepage: x\n"),
            "Source: tor\nBuild-Depends: a, b (>= 2), cargo, rustc (>= 1)\nHomepage: x\n"
        );
        assert_eq!(
            control("Source: tor\nBuild-Depends: a,\n b,\nHomepage: x\n"),
            "Source: tor\nBuild-Depends: a,\n b, cargo, rustc (>= 1)\nHomepage: x\n"
        );
        assert!(super::control("Source: tor\n", "cargo").is_err());
    }

    #[test]
    fn rules_give_configure_the_argument_before_the_rule_for_everything() {
        let text = "export X = y\n\n%:\n\tdh $@\n\noverride_dh_auto_configure:\n\
                    \tdh_auto_configure -- $(confflags)\n";
        let changed = rules(text).unwrap();
        let argument = changed.find("confflags += --enable-rust").unwrap();
        assert!(argument < changed.find("\n%:\n\tdh $@").unwrap());
        let without = text.replace("$(confflags)", "");
        let error = rules(&without).unwrap_err().to_string();
        assert!(error.contains("$(confflags)"), "{error}");
        assert!(rules(&text.replace("%:", "all:")).is_err());
    }

    #[test]
    fn the_changelog_entry_is_a_version_of_the_distributions() {
        let before = "tor (0.4.9.11-0+deb12u1) bookworm-security; urgency=high\n\n  * x\n";
        let entry = Entry {
            suffix: "+rust1",
            changes: &["* One.".into(), "* Two.".into()],
            maintainer: "Some Body <some@body.example>",
            time: 1_795_608_123,
        };
        let (text, version) = changelog(before, &entry).unwrap();
        assert_eq!(version, "0.4.9.11-0+deb12u1+rust1");
        assert_eq!(
            text.strip_suffix(before).unwrap(),
            "tor (0.4.9.11-0+deb12u1+rust1) bookworm; urgency=medium\n\n  * One.\n  * Two.\n\n \
             -- Some Body <some@body.example>  Wed, 25 Nov 2026 12:02:03 +0000\n\n"
        );
        assert!(changelog("no changelog", &entry).is_err());
    }

    #[test]
    fn each_crate_is_named_with_its_licence_and_each_text_stands_once() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("LICENSE", "OURS\n");
        for (name, year) in [("a", "2019"), ("b", "2021")] {
            let manifest =
                format!("[package]\nname = \"{name}\"\nversion = \"1.0.0\"\nlicense = \"MIT\"\n");
            write(&format!("vendor/{name}/Cargo.toml"), &manifest);
            let licence =
                format!("Copyright (c) {year} {name}'s authors\n\nPermission is granted\n");
            write(&format!("vendor/{name}/LICENSE-MIT"), &licence);
        }
        write("vendor/b/LICENSE-APACHE", "Apache License\nlong text\n");
        let vendor = folder.path().join("vendor");
        let text = copyright("THEIRS\n", folder.path(), &vendor).unwrap();
        assert!(text.starts_with("THEIRS\n") && text.contains("OURS"));
        assert!(text.contains("a 1.0.0: MIT\n    Copyright (c) 2019 a's authors\nb 1.0.0: MIT\n"));
        assert_eq!(text.matches("Permission is granted").count(), 1);
        assert!(text.contains("a/LICENSE-MIT,\n  b/LICENSE-MIT:"));
        assert!(!text.contains("long text"));
        write(
            "vendor/c/Cargo.toml",
            "[package]\nname = \"c\"\nversion = \"1.0.0\"\n",
        );
        let error = copyright("", folder.path(), &vendor).unwrap_err();
        assert!(error.to_string().contains("c 1.0.0 states no licence"));
    }

    #[test]
    fn a_notice_says_who_and_a_sentence_about_copyright_does_not() {
        assert!(is_notice("Copyright (c) 2020 Somebody"));
        assert!(is_notice("Copyright (c) The Project Developers"));
        assert!(is_notice(
            "Copyright 2016-2021 isis agora lovecruft. All rights reserved."
        ));
        assert!(!is_notice("Copyright [yyyy] [name of copyright owner]"));
        assert!(!is_notice("Copyright holders are not liable"));
    }
}
