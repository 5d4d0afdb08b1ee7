//! Which components there are, and which of them a build takes from Rust. A
//! component is a feature of the root package that a crate in `rust/` has under
//! its own name, or under that of the component if it has several; the crate's
//! manifest names the C files it replaces, the functions that it replaces in files
//! that stay, and those of tor's unit tests that call it:
//!
//! ```toml
//! [package.metadata.ctor]          # or [package.metadata.ctor.NAME]
//! replaces = ["src/core/crypto/relay_crypto_tor1.c"]
//! unit-tests = ["relaycrypt/.."]
//!
//! [package.metadata.ctor.replaces-functions]
//! "src/core/or/connection_or.c" = ["cell_pack"]
//! ```

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{bail, Context, Result};
use toml::{Table, Value};

/// One component as its manifests describe it.
#[derive(Clone, Debug)]
pub struct Component {
    /// The name used by `--enable-rust=`, and of the cargo feature.
    pub name: String,
    /// C files (relative to tor's source tree) that are not compiled when the
    /// component is in Rust.
    pub replaces: Vec<PathBuf>,
    /// Functions that are not compiled then, of files that are: each file with
    /// their names.
    pub replaces_functions: Vec<(PathBuf, Vec<String>)>,
    /// Tor's unit tests that call the component: names, or the beginnings of
    /// names with two dots behind.
    pub unit_tests: Vec<String>,
}

/// All components of this repository, by name.
#[derive(Clone, Debug)]
pub struct Catalogue(pub Vec<Component>);

impl Catalogue {
    /// Reads the root manifest's features and the manifest of each component.
    pub fn read(root: &Path) -> Result<Self> {
        let manifest = read_manifest(&root.join("Cargo.toml"))?;
        let features = manifest.get("features").and_then(Value::as_table);
        let mut found = Vec::new();
        for entry in fs::read_dir(root.join("rust"))? {
            let path = entry?.path().join("Cargo.toml");
            if path.exists() {
                found.extend(components_of(&read_manifest(&path)?));
            }
        }
        found.retain(|component| features.is_some_and(|f| f.contains_key(&component.name)));
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Self(found))
    }

    /// The names, comma-separated.
    pub fn names(&self) -> String {
        let names: Vec<_> = self.0.iter().map(|c| c.name.as_str()).collect();
        names.join(",")
    }

    /// Understands `all`, `none` or a comma-separated list, in any order.
    pub fn choose(&self, list: &str) -> Result<Choice> {
        let words: Vec<&str> = list.split(',').filter(|word| !word.is_empty()).collect();
        if let Some(word) = words.iter().find(|&&word| {
            word != "all" && word != "none" && !self.0.iter().any(|c| c.name == word)
        }) {
            bail!(
                "unknown component \"{word}\": choose from all, none, {}",
                self.names()
            );
        }
        if words.contains(&"none") && words.len() > 1 {
            bail!("\"none\" stands alone: leave the other components out");
        }
        if words.is_empty() || words == ["none"] {
            return Ok(Choice::None);
        }
        let chosen: Vec<Component> = self
            .0
            .iter()
            .filter(|c| words.contains(&"all") || words.contains(&c.name.as_str()))
            .cloned()
            .collect();
        let everything = chosen.len() == self.0.len();
        Ok(match everything {
            true => Choice::All(chosen),
            false => Choice::Some(chosen),
        })
    }
}

/// The components that a crate's manifest declares.
fn components_of(manifest: &Table) -> Vec<Component> {
    let package = manifest.get("package");
    let get = |key| package.and_then(|table| table.get(key));
    let name = get("name").and_then(Value::as_str);
    let declared = get("metadata").and_then(|table| table.get("ctor")?.as_table());
    let (Some(name), Some(declared)) = (name, declared) else {
        return Vec::new();
    };
    let component = |name: &str, table: &Table| {
        let functions = table.get("replaces-functions").and_then(Value::as_table);
        let of_files = functions.into_iter().flat_map(|functions| {
            let names = |file: &String| (PathBuf::from(file), strings(functions, file));
            functions.keys().map(names)
        });
        Component {
            name: name.to_owned(),
            replaces: strings(table, "replaces")
                .iter()
                .map(PathBuf::from)
                .collect(),
            replaces_functions: of_files.collect(),
            unit_tests: strings(table, "unit-tests"),
        }
    };
    if declared.contains_key("replaces") {
        return vec![component(name, declared)];
    }
    declared
        .iter()
        .filter_map(|(name, table)| Some(component(name, table.as_table()?)))
        .collect()
}

/// The list of strings of this key.
fn strings(table: &Table, key: &str) -> Vec<String> {
    let list = table.get(key).and_then(Value::as_array);
    let strings = list.into_iter().flatten().filter_map(Value::as_str);
    strings.map(String::from).collect()
}

/// The features that a build has besides, where rustc is new enough for each.
pub fn accelerators(root: &Path) -> Result<Vec<String>> {
    let manifest = read_manifest(&root.join("Cargo.toml"))?;
    let table = manifest
        .get("workspace")
        .and_then(|table| table.get("metadata")?.get("rust-version")?.as_table());
    Ok(table.into_iter().flat_map(Table::keys).cloned().collect())
}

/// The oldest rustc and cargo that will do, as Cargo.toml states it.
pub fn minimum_rustc(root: &Path) -> Result<String> {
    let manifest = read_manifest(&root.join("Cargo.toml"))?;
    let minimum = manifest
        .get("workspace")
        .and_then(|table| table.get("package")?.get("rust-version"))
        .and_then(Value::as_str);
    Ok(minimum
        .context("Cargo.toml states no rust-version")?
        .to_owned())
}

/// The components that a build takes from Rust, in canonical order, so that
/// two ways to write the same list share one build.
#[derive(Clone, Debug)]
pub enum Choice {
    /// The C build: unpatched tor.
    None,
    /// Some, but not all.
    Some(Vec<Component>),
    /// Every component there is.
    All(Vec<Component>),
}

impl Choice {
    /// The chosen components.
    pub fn components(&self) -> &[Component] {
        match self {
            Self::None => &[],
            Self::Some(list) | Self::All(list) => list,
        }
    }

    /// The argument for configure, if it needs one.
    pub fn configure_flag(&self) -> Option<String> {
        match self {
            Self::None => None,
            Self::All(_) => Some("--enable-rust".into()),
            Self::Some(_) => Some(format!("--enable-rust={self}")),
        }
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::All(_) => f.write_str("all"),
            Self::Some(list) => {
                let names: Vec<_> = list.iter().map(|c| c.name.as_str()).collect();
                f.write_str(&names.join(","))
            }
        }
    }
}

/// A manifest as a table.
pub fn read_manifest(path: &Path) -> Result<Table> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    text.parse()
        .with_context(|| format!("{} is not valid TOML", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalogue() -> Catalogue {
        let component = |name: &str| Component {
            name: name.into(),
            replaces: Vec::new(),
            replaces_functions: Vec::new(),
            unit_tests: Vec::new(),
        };
        Catalogue(vec![component("onion"), component("relaycrypt")])
    }

    #[test]
    fn the_order_of_a_list_does_not_matter() {
        for list in ["relaycrypt,onion", "onion,relaycrypt", "all"] {
            let choice = catalogue().choose(list).unwrap();
            assert_eq!(choice.to_string(), "all");
            assert_eq!(choice.configure_flag().unwrap(), "--enable-rust");
        }
    }

    #[test]
    fn a_part_is_named_by_its_list() {
        let choice = catalogue().choose("relaycrypt").unwrap();
        assert_eq!(choice.configure_flag().unwrap(), "--enable-rust=relaycrypt");
        assert!(catalogue().choose("none").unwrap().components().is_empty());
    }

    #[test]
    fn a_manifest_names_files_and_functions_of_files_that_stay() {
        let manifest = r#"
            [package]
            name = "wire"
            [package.metadata.ctor.cells]
            replaces = ["src/a.c"]
            [package.metadata.ctor.cells.replaces-functions]
            "src/b.c" = ["f", "g"]
        "#;
        let [cells] = &components_of(&manifest.parse().unwrap())[..] else {
            panic!("not one component");
        };
        assert_eq!(cells.replaces, [Path::new("src/a.c")]);
        let functions = vec!["f".to_owned(), "g".to_owned()];
        assert_eq!(cells.replaces_functions, [("src/b.c".into(), functions)]);
    }

    #[test]
    fn an_unknown_component_is_refused_with_the_known_ones() {
        let error = catalogue()
            .choose("relaycrypt,bogus")
            .unwrap_err()
            .to_string();
        assert!(error.contains("\"bogus\"") && error.contains("onion,relaycrypt"));
    }
}
