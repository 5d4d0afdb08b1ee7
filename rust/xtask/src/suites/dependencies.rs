//! What may link into tor: the list for packagers is fresh, every licence is among
//! those that `deny.toml` allows, nothing links in two versions, and all of it comes
//! from crates.io. Where cargo-deny is installed, it looks too; and where its database
//! of advisories is on this machine, for known faults. Nothing here uses the network.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{bail, ensure, Context, Result};
use spdx::{Expression, ParseMode};

use super::{Outcome, Stage};
use crate::jobs::Job;
use crate::linked_crates::{self, Linked, Policy, LIST, POLICY};
use crate::progress::Scale;
use crate::tor_build::cargo;

/// Looks at all of them.
pub fn run(stage: &Stage<'_>) -> Result<Outcome> {
    let root = &stage.layout.root;
    let step = stage
        .progress
        .step("crates that link into tor", Scale::Unknown);
    let policy = Policy::read(root)?;
    let crates = linked_crates::find(stage.layout, stage.catalogue)?;
    let (building, linking): (Vec<&Linked>, Vec<&Linked>) =
        crates.iter().partition(|one| one.at_build_time);
    step.done(format!(
        "{}, and {} that run while it is built",
        linking.len(),
        building.len()
    ));
    let mut outcome = Outcome::default();
    let committed = fs::read_to_string(root.join(LIST)).unwrap_or_default();
    let fresh = committed == linked_crates::render(&crates);
    let is_fresh = fresh
        .then_some(())
        .context("is not what Cargo.lock says: `cargo xtask licences` writes it anew");
    outcome.check(LIST, is_fresh);
    outcome.check(POLICY, policy.check_features(root, stage.catalogue));
    for one in &crates {
        let name = format!("{} {}", one.name, one.version);
        outcome.check(&name, check(one, &policy.licences));
    }
    outcome.check("one version of each", only_one_version(&linking));
    deny(stage, &mut outcome)?;
    Ok(outcome)
}

/// A crate has a licence that is allowed, and comes from where all others do.
fn check(one: &Linked, allowed: &[String]) -> Result<()> {
    ensure!(one.from_registry, "does not come from crates.io");
    // Older crates have a slash for OR.
    let Ok(expression) = Expression::parse_mode(&one.licence, ParseMode::LAX) else {
        bail!("\"{}\" is no SPDX expression", one.licence);
    };
    let fits = expression.evaluate(|licence| {
        let id = licence.license.id();
        // An exception permits more, never less.
        id.is_some_and(|id| allowed.iter().any(|allowed| allowed == id.name))
    });
    ensure!(
        fits,
        "its licence \"{}\" is not among those that {POLICY} allows",
        one.licence
    );
    Ok(())
}

fn only_one_version(linking: &[&Linked]) -> Result<()> {
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for one in linking {
        versions.entry(&one.name).or_default().push(&one.version);
    }
    versions.retain(|_, versions| versions.len() > 1);
    ensure!(
        versions.is_empty(),
        "link more than once: {}",
        versions
            .iter()
            .map(|(name, versions)| format!("{name} ({})", versions.join(", ")))
            .collect::<Vec<_>>()
            .join(", ")
    );
    Ok(())
}

/// The same and more by the tool that others know.
fn deny(stage: &Stage<'_>, outcome: &mut Outcome) -> Result<()> {
    let installed = Command::new(cargo()).args(["deny", "--version"]).output();
    let installed = installed.is_ok_and(|output| output.status.success());
    let skip = |outcome: &mut Outcome, name: &str, why: &str| {
        stage.progress.say(format!("skipped: {name}: {why}"));
        outcome.other.get_or_insert_default().skipped += 1;
    };
    let check = |what: &[&str]| -> Result<()> {
        let log = stage.layout.logs().join("cargo-deny.log");
        Job::new(cargo(), &stage.layout.root, log)
            .args(["deny", "--offline", "--locked", "check"])
            .args(what)
            .run(|_| ())?;
        Ok(())
    };
    let missing = "cargo-deny is not installed (cargo install cargo-deny)";
    match installed {
        true => outcome.check("cargo deny", check(&["bans", "licenses", "sources"])),
        false => skip(outcome, "cargo deny", missing),
    }
    match (installed, advisories()) {
        (true, true) => outcome.check("advisories", check(&["advisories"])),
        (false, _) => skip(outcome, "advisories", missing),
        (true, false) => skip(
            outcome,
            "advisories",
            "no database on this machine (`cargo deny fetch` brings it)",
        ),
    }
    Ok(())
}

/// Whether cargo-deny has a database of advisories.
fn advisories() -> bool {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cargo")));
    home.and_then(|home| fs::read_dir(home.join("advisory-dbs")).ok())
        .is_some_and(|entries| entries.flatten().any(|entry| entry.path().is_dir()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn one(licence: &str) -> Linked {
        Linked {
            name: "aes".into(),
            version: "1.0.0".into(),
            licence: licence.into(),
            purpose: String::new(),
            from_registry: true,
            components: BTreeSet::new(),
            at_build_time: false,
        }
    }

    #[test]
    fn only_licences_of_the_list_pass() {
        let allowed = ["MIT", "Apache-2.0", "Unicode-3.0"].map(String::from);
        for good in [
            "MIT",
            "MIT/Apache-2.0",
            "GPL-3.0-only OR MIT",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception",
        ] {
            check(&one(good), &allowed).unwrap();
        }
        for bad in [
            "GPL-3.0-only",
            "MIT AND LGPL-2.1-or-later",
            "",
            "what you like",
        ] {
            assert!(check(&one(bad), &allowed).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_crate_from_elsewhere_is_refused() {
        let elsewhere = Linked {
            from_registry: false,
            ..one("MIT")
        };
        let error = check(&elsewhere, &["MIT".into()]).unwrap_err().to_string();
        assert!(error.contains("crates.io"));
    }

    #[test]
    fn two_versions_of_a_crate_are_named() {
        let other = Linked {
            version: "2.0.0".into(),
            ..one("MIT")
        };
        only_one_version(&[&other]).unwrap();
        let error = only_one_version(&[&one("MIT"), &other]).unwrap_err();
        assert!(error.to_string().contains("aes (1.0.0, 2.0.0)"));
    }
}
