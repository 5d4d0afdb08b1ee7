//! The identities of a network's relays: authority certificates by tor-gencert
//! (dir-spec, "Creating key certificates") and the fingerprints that tor itself
//! derives from the keys that it makes.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{ensure, Context, Result};

use crate::spec::NodeSpec;

/// Makes an authority's identity key, signing key and certificate, and returns
/// its v3 identity in hexadecimal.
pub(crate) fn make_authority_keys(node: &NodeSpec) -> Result<String> {
    let keys = node.folder.join("keys");
    fs::create_dir_all(&keys)?;
    let log = node.folder.join("gencert.log");
    let mut gencert = Command::new(&node.binary.gencert);
    gencert
        .args(["--create-identity-key", "-m", "12", "--passphrase-fd", "0"])
        .arg("-i")
        .arg(keys.join("authority_identity_key"))
        .arg("-s")
        .arg(keys.join("authority_signing_key"))
        .arg("-c")
        .arg(keys.join("authority_certificate"))
        .stdin(Stdio::piped())
        .stdout(File::create(&log)?)
        .stderr(File::options().append(true).open(&log)?);
    let mut child = gencert
        .spawn()
        .with_context(|| format!("cannot run {}", node.binary.gencert.display()))?;
    if let Some(mut stdin) = child.stdin.take() {
        // The identity key is of no use to anyone once the network is gone.
        stdin.write_all(b"private network\n")?;
    }
    let status = child.wait()?;
    ensure!(
        status.success(),
        "tor-gencert failed for {} ({status}): see {}",
        node.name,
        log.display()
    );
    let certificate = fs::read_to_string(keys.join("authority_certificate"))?;
    let identity = certificate
        .lines()
        .find_map(|line| line.strip_prefix("fingerprint "))
        .with_context(|| format!("{}'s certificate has no fingerprint line", node.name))?;
    Ok(identity.trim().to_owned())
}

/// Lets tor make a relay's keys, and returns its RSA fingerprint in hexadecimal.
pub(crate) fn make_relay_keys(node: &NodeSpec, no_defaults: &Path) -> Result<String> {
    let log = node.folder.join("list-fingerprint.log");
    let mut tor = Command::new(&node.binary.tor);
    tor.arg("--list-fingerprint")
        .arg("--defaults-torrc")
        .arg(no_defaults)
        .arg("-f")
        .arg(no_defaults)
        .args(["--ORPort", "1", "--Nickname", &node.name])
        .arg("--DataDirectory")
        .arg(&node.folder)
        // No default authorities: this process has no business outside.
        .args(["--DirAuthority", NO_AUTHORITY])
        .envs(node.env.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(File::create(&log)?)
        .stderr(File::options().append(true).open(&log)?);
    let status = tor
        .status()
        .with_context(|| format!("cannot run {}", node.binary.tor.display()))?;
    ensure!(
        status.success(),
        "tor could not make the keys of {} ({status}): see {}",
        node.name,
        log.display()
    );
    let fingerprint = fs::read_to_string(node.folder.join("fingerprint"))?;
    let fingerprint = fingerprint
        .split_whitespace()
        .nth(1)
        .with_context(|| format!("the fingerprint file of {} is empty", node.name))?;
    Ok(fingerprint.to_owned())
}

/// An authority at an address where nobody listens.
pub(crate) const NO_AUTHORITY: &str =
    "none orport=1 127.0.0.1:1 0123456789ABCDEF0123456789ABCDEF01234567";
