//! Programs that get no network: what has to build without one is built where there
//! is none.

use std::path::{Path, PathBuf};

use anyhow::{ensure, Result};

use crate::jobs::Job;
use crate::packages::is_root;

/// What makes a namespace, and brings its loopback interface up.
pub const PACKAGES: &[&str] = &["iproute2", "util-linux"];

/// A job in a namespace that has no interface but its own loopback (some of tor's
/// tests talk to themselves), with no environment. Its arguments are a program and
/// what that gets; it needs PATH.
pub fn offline(folder: &Path, log: PathBuf) -> Job {
    let namespace: &[&str] = match is_root() {
        true => &["--net"],
        false => &["--map-root-user", "--net"],
    };
    Job::new("/usr/bin/unshare", folder, log)
        .without_environment()
        .args(namespace)
        .args(["sh", "-c", "ip link set lo up && exec \"$@\"", "sh"])
}

/// Fails unless what such a job starts sees no interface but that one.
pub fn check_offline(job: Job) -> Result<()> {
    let text = job.args(["cat", "/proc/net/dev"]).run(|_| ())?;
    let interfaces = interfaces(&text);
    ensure!(
        interfaces == ["lo"],
        "there are interfaces: {}",
        interfaces.join(" ")
    );
    Ok(())
}

/// The names in /proc/net/dev.
fn interfaces(text: &str) -> Vec<&str> {
    let lines = text.lines().skip(2);
    lines
        .filter_map(|line| Some(line.split_once(':')?.0.trim()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_interface_is_seen() {
        let text = "Inter-|   Receive\n face |bytes\n    lo: 0 0\n  eth0: 1 2\n";
        assert_eq!(interfaces(text), ["lo", "eth0"]);
    }
}
