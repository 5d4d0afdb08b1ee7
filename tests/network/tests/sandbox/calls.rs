//! System calls that a sandbox refuses. Tor's answers them with EPERM and goes on, so
//! that nothing shows but the call's failure: strace, started by the tor itself and
//! detached, writes down what failed.

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{bail, ensure, Context, Result};
use network::{Binary, Network};

/// The same tor, but each process writes its failed calls into this folder.
pub fn traced(binary: &Binary, folder: &Path) -> Result<Binary> {
    let script = folder.join(format!("tor-{}", binary.label));
    // The tor keeps the process id, which is the script's; strace is a grandchild.
    let text = format!(
        "#!/bin/sh\nexec strace --daemonize --follow-forks --failed-only --quiet=all \
         --output='{}'/$$ '{}' \"$@\"\n",
        folder.display(),
        binary.tor.display()
    );
    fs::write(&script, text)?;
    fs::set_permissions(&script, Permissions::from_mode(0o755))?;
    Ok(Binary {
        tor: script,
        ..binary.clone()
    })
}

/// The names of the calls that a node of a traced tor was refused so far.
pub fn refused(network: &Network, node: &str, folder: &Path) -> Result<BTreeSet<String>> {
    let file: PathBuf = folder.join(network.pid(node)?.to_string());
    let text = fs::read_to_string(&file)
        .with_context(|| format!("{node} is not traced: no {}", file.display()))?;
    // Every tor looks for files that are not there.
    ensure!(text.contains("ENOENT"), "the trace of {node} is empty");
    Ok(refused_in(&text))
}

fn refused_in(trace: &str) -> BTreeSet<String> {
    let refused = trace.lines().filter(|line| line.contains("= -1 EPERM"));
    refused.filter_map(name).map(String::from).collect()
}

/// `123 openat(…` or `123 <... openat resumed>…`.
fn name(line: &str) -> Option<&str> {
    let (_, call) = line.split_once(' ')?;
    let call = call.trim_start();
    let call = call.strip_prefix("<... ").unwrap_or(call);
    call.split(['(', ' ']).next()
}

/// Fails unless each thread of a node has a filter for its system calls.
pub fn is_filtered(network: &Network, node: &str) -> Result<()> {
    let pid = network.pid(node)?;
    let threads = filters(pid).with_context(|| format!("cannot look at {node}"))?;
    match threads.iter().all(|&mode| mode == FILTER) {
        true => Ok(()),
        false => bail!("{node} has threads without a filter: {threads:?}"),
    }
}

/// What `/proc` calls a thread that has one.
const FILTER: u32 = 2;

/// The mode of each thread.
pub fn filters(pid: u32) -> Result<Vec<u32>> {
    let mut modes = Vec::new();
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        let status = fs::read_to_string(task?.path().join("status"))?;
        let mode = status
            .lines()
            .find_map(|line| line.strip_prefix("Seccomp:"))
            .context("this kernel does not tell who has a filter")?;
        modes.push(mode.trim().parse()?);
    }
    ensure!(!modes.is_empty(), "no thread");
    Ok(modes)
}
