//! The crates that link into tor, and those that run when it is built: which, under
//! which licence, for which component. `cargo xtask licences` writes the list for
//! packagers, who owe their users the licences of everything in a program.
//!
//! What links differs from target to target; `deny.toml` says which targets count.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{ensure, Context, Result};
use cargo_metadata::{CargoOpt, MetadataCommand};
use toml::Value;

use crate::components::{accelerators, read_manifest, Catalogue};
use crate::jobs::Job;
use crate::layout::Layout;
use crate::tor_build::cargo;

/// Where the list stands.
pub const LIST: &str = "rust/linked-crates.md";
/// Where it stands which licences, targets and features count.
pub const POLICY: &str = "deny.toml";

/// A crate of somebody else's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linked {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What its manifest says, an SPDX expression.
    pub licence: String,
    /// What it is for, in its authors' words.
    pub purpose: String,
    /// Whether it comes from crates.io.
    pub from_registry: bool,
    /// The components that need it.
    pub components: BTreeSet<String>,
    /// Whether it is only a procedural macro, or needed by one or by a build script.
    pub at_build_time: bool,
}

/// What `deny.toml` says.
#[derive(Debug)]
pub struct Policy {
    /// SPDX identifiers of the licences that may link.
    pub licences: Vec<String>,
    /// The cargo features that a tor may be built with.
    pub features: Vec<String>,
    targets: Vec<String>,
}

impl Policy {
    /// Reads it.
    pub fn read(root: &Path) -> Result<Self> {
        let table = read_manifest(&root.join(POLICY))?;
        let list = |section: &str, key: &str| -> Result<Vec<String>> {
            let list = table
                .get(section)
                .and_then(|section| section.get(key)?.as_array());
            let list = list.with_context(|| format!("{POLICY} has no [{section}] {key}"))?;
            Ok(list
                .iter()
                .filter_map(Value::as_str)
                .map(String::from)
                .collect())
        };
        Ok(Self {
            licences: list("licenses", "allow")?,
            features: list("graph", "features")?,
            targets: list("graph", "targets")?,
        })
    }

    /// The features are all components and all accelerators, no more.
    pub fn check_features(&self, root: &Path, catalogue: &Catalogue) -> Result<()> {
        let named: BTreeSet<String> = self.features.iter().cloned().collect();
        let mut all: BTreeSet<String> = accelerators(root)?.into_iter().collect();
        all.extend(catalogue.0.iter().map(|component| component.name.clone()));
        ensure!(
            named == all,
            "{POLICY} names the features {named:?}, there are {all:?}"
        );
        Ok(())
    }
}

/// Name and version.
type Id = (String, String);

/// Asks cargo, for each component and each target.
pub fn find(layout: &Layout, catalogue: &Catalogue) -> Result<Vec<Linked>> {
    let policy = Policy::read(&layout.root)?;
    let accelerators = accelerators(&layout.root)?;
    let mut links: BTreeMap<Id, BTreeSet<String>> = BTreeMap::new();
    let mut builds: BTreeMap<Id, BTreeSet<String>> = BTreeMap::new();
    for component in &catalogue.0 {
        // An accelerator of another component adds nothing.
        let features = [&[component.name.clone()][..], &accelerators]
            .concat()
            .join(",");
        for target in &policy.targets {
            for (edges, into) in [
                ("normal,no-proc-macro", &mut links),
                ("normal,build", &mut builds),
            ] {
                for id in tree(layout, &features, target, edges)? {
                    into.entry(id).or_default().insert(component.name.clone());
                }
            }
        }
    }
    let metadata = MetadataCommand::new()
        .cargo_path(cargo())
        .manifest_path(layout.root.join("Cargo.toml"))
        .features(CargoOpt::SomeFeatures(policy.features.clone()))
        .other_options(vec!["--locked".into()])
        .exec()?;
    let mut found = Vec::new();
    for package in &metadata.packages {
        let id = (package.name.to_string(), package.version.to_string());
        // Ours have no source.
        let Some(source) = &package.source else {
            continue;
        };
        let (components, at_build_time) = match (links.get(&id), builds.get(&id)) {
            (Some(components), _) => (components, false),
            (None, Some(components)) => (components, true),
            (None, None) => continue,
        };
        found.push(Linked {
            licence: package.license.clone().unwrap_or_default(),
            purpose: one_line(package.description.as_deref().unwrap_or_default()),
            from_registry: source.is_crates_io(),
            components: components.clone(),
            at_build_time,
            name: id.0,
            version: id.1,
        });
    }
    ensure!(found.len() > 5, "cargo names only {} crates", found.len());
    found.sort_by(|a, b| (a.at_build_time, &a.name).cmp(&(b.at_build_time, &b.name)));
    Ok(found)
}

/// The crates that the root package needs over edges of these kinds.
fn tree(layout: &Layout, features: &str, target: &str, edges: &str) -> Result<Vec<Id>> {
    let text = Job::new(cargo(), &layout.root, layout.logs().join("cargo-tree.log"))
        .args(["tree", "--locked", "--quiet", "--package", "tor_rust"])
        .args(["--prefix", "none", "--format", "{p}"])
        .args(["--features", features, "--target", target, "--edges", edges])
        .run(|_| ())?;
    Ok(ids(&text))
}

/// Reads lines of `name v1.2.3 (where) (*)`.
fn ids(tree: &str) -> Vec<Id> {
    tree.lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let (name, version) = (words.next()?, words.next()?);
            Some((name.to_owned(), version.strip_prefix('v')?.to_owned()))
        })
        .collect()
}

/// Descriptions come with line feeds, and a bar would end a cell of the table.
fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").replace('|', "/")
}

/// Writes the list.
pub fn write(layout: &Layout, catalogue: &Catalogue) -> Result<()> {
    let path = layout.root.join(LIST);
    fs::write(&path, render(&find(layout, catalogue)?))
        .with_context(|| format!("cannot write {}", path.display()))
}

/// The list as it is committed.
pub fn render(crates: &[Linked]) -> String {
    let mut text = String::from(INTRODUCTION);
    for (at_build_time, heading) in [(false, LINKED), (true, BUILDING)] {
        text += heading;
        text += "\n| crate | version | licence | for | what it is |\n|---|---|---|---|---|\n";
        for one in crates
            .iter()
            .filter(|one| one.at_build_time == at_build_time)
        {
            let components: Vec<&str> = one.components.iter().map(String::as_str).collect();
            // A String takes everything.
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} | {} |",
                one.name,
                one.version,
                one.licence,
                components.join(", "),
                one.purpose
            );
        }
    }
    text
}

const INTRODUCTION: &str = "\
# Crates that link into tor

Written by `cargo xtask licences`; `cargo xtask test dependencies` fails when it is not
what Cargo.lock says. All components are counted, with their accelerators, on the Linux
targets that `deny.toml` names: a tor with fewer components, or for one target, has
fewer crates. Our own crates are BSD-3-Clause, as tor is.

Rust's standard library, which comes with the compiler, links too. It is MIT OR
Apache-2.0, but for a few parts under other licences of that kind (Unicode-3.0,
BSD-2-Clause). The compiler's own file `COPYRIGHT-library.html`, or the `copyright` file
of the distribution's package, lists them.
";

const LINKED: &str = "\n## Linked\n";

const BUILDING: &str = "
## Only while building

Procedural macros, build scripts, and what these need. Nothing of them is in tor.
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_versions_are_read_from_what_cargo_prints() {
        let text = "tor_rust v0.1.0 (/somewhere)\ncfg-if v1.0.5\ncfg-if v1.0.5 (*)\n\
                    zeroize_derive v1.5.0 (proc-macro)\n[build-dependencies]\n";
        let names: Vec<String> = ids(text).into_iter().map(|id| id.0).collect();
        assert_eq!(names, ["tor_rust", "cfg-if", "cfg-if", "zeroize_derive"]);
        assert_eq!(ids(text)[1].1, "1.0.5");
    }

    #[test]
    fn what_links_and_what_builds_stand_in_tables_of_their_own() {
        let one = |name: &str, at_build_time| Linked {
            name: name.into(),
            version: "1.0.0".into(),
            licence: "MIT".into(),
            purpose: one_line("Does\n this | that"),
            from_registry: true,
            components: BTreeSet::from(["cert".into(), "onion".into()]),
            at_build_time,
        };
        let text = render(&[one("aes", false), one("syn", true)]);
        let at = |part: &str| text.find(part).unwrap();
        assert!(at("| aes | 1.0.0 | MIT | cert, onion | Does this / that |") < at("## Only while"));
        assert!(at("## Only while") < at("| syn |"));
    }
}
