//! Programs that get no network: what has to build without one is built where there
//! is none.

use std::path::{Path, PathBuf};

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
