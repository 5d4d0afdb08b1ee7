//! `cargo xtask run`: a private network of the tor that was just built, a
//! download through an exit and one from the onion service, and a summary.
//! The network itself is the crate `network`.

use std::cell::RefCell;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{bail, Context, Result};
use clap::Args;
use comfy_table::{presets, Table};
use network::{Binary, Kept, Network, Observer, Spec, Target, Transfer, Transferred};

use crate::layout::Layout;
use crate::progress::{Progress, Scale, Step};
use crate::source::SourceOption;
use crate::tor_build::TorBuild;

const MIB: u64 = 1 << 20;
const GIB: f64 = (1_u64 << 30) as f64;

/// Options of `cargo xtask run`.
#[derive(Args)]
pub struct RunOptions {
    /// Relays besides the 3 directory authorities, 4 or more. Every other one
    /// is an exit
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(4..=64))]
    relays: u16,
    /// MiB to fetch over a 3-hop circuit
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..))]
    mib: u32,
    /// MiB to fetch from the onion service
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..))]
    onion_mib: u32,
    /// Which components are built from Rust: all, none, or a comma-separated
    /// list. "none" is unpatched tor
    #[arg(long, value_name = "LIST", default_value = "all")]
    pub components: String,
    /// Leave the network running, and say how to use it and how to stop it
    #[arg(long)]
    keep: bool,
    /// Where tor's source comes from.
    #[command(flatten)]
    pub source: SourceOption,
    /// Where the nodes keep their data and logs: a new or empty folder. Default:
    /// a new one in target/tor/networks
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
}

/// Runs a network of this build. The exit code is a failure if any data
/// arrived changed or any node reported a bug.
pub fn run(
    layout: &Layout,
    progress: &Progress,
    build: &TorBuild,
    options: &RunOptions,
) -> Result<ExitCode> {
    let modules = rust_modules(build)?;
    let folder = match &options.folder {
        Some(folder) => std::path::absolute(folder)?,
        None => new_folder(layout)?,
    };
    let mut spec = Spec::new(&folder, Binary::from_build("this build", &build.folder)?);
    let relays = usize::from(options.relays);
    spec.exits = relays.div_ceil(2);
    spec.relays = relays - spec.exits;
    progress.say(format!("network folder {}", folder.display()));
    let network = Network::start(spec, &Bars::new(progress))
        .with_context(|| format!("the network did not start; logs: {}", folder.display()))?;

    let before = relay_cpu(&network)?;
    let exit = transfer(progress, &network, Target::Exit, u64::from(options.mib))?;
    let after = relay_cpu(&network)?;
    let onion = Target::Onion("onion1");
    let onion = transfer(progress, &network, onion, u64::from(options.onion_mib))?;
    network.alive()?;
    let bugs = network.bug_lines();

    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.add_row(["components in Rust", &modules]);
    table.add_row([
        "network",
        &format!("3 authorities, {relays} relays, 1 client, 1 onion service"),
    ]);
    table.add_row([
        "bootstrap",
        &format!("{:.1} s", network.ready_after().as_secs_f64()),
    ]);
    table.add_row(["3-hop circuit", &described(&exit)]);
    table.add_row(["onion service", &described(&onion)]);
    let per_gib = after.saturating_sub(before).as_secs_f64() * GIB / exit.bytes as f64;
    table.add_row([
        "relay CPU-seconds per GiB",
        &format!("{per_gib:.1} (3-hop circuit, all relays together)"),
    ]);
    table.add_row(["checksums", verdict(&exit, &onion)]);
    table.add_row(["bug messages", &bugs.len().to_string()]);
    table.add_row(["logs", &folder.display().to_string()]);
    println!("{table}");
    for line in &bugs {
        println!("{line}");
    }
    if options.keep {
        explain(&network.keep()?, &folder);
    } else {
        let step = progress.step("take the network down", Scale::Unknown);
        let ended = network.stop()?;
        if let Some(node) = ended.iter().find(|node| !node.orderly()) {
            bail!("{node}; logs: {}", folder.display());
        }
        step.done(format!("{} nodes", ended.len()));
    }
    Ok(match exit.matches() && onion.matches() && bugs.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// Where the nodes of a new network keep data and logs, unless another folder is
/// asked for.
pub fn new_folder(layout: &Layout) -> Result<PathBuf> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let process = std::process::id();
    Ok(layout.tor().join(format!("networks/{now}-{process}")))
}

/// The components that the program itself says it has in Rust.
pub fn rust_modules(build: &TorBuild) -> Result<String> {
    let tor = build.tor();
    let output = Command::new(&tor)
        .arg("--list-modules")
        .output()
        .with_context(|| format!("cannot run {}", tor.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(match in_rust(&text) {
        names if names.is_empty() => "none".into(),
        names => names.join(", "),
    })
}

/// The components in the line `rust: …` of `tor --list-modules`.
pub fn in_rust(list_modules: &str) -> Vec<String> {
    let line = list_modules
        .lines()
        .find_map(|line| line.strip_prefix("rust:"));
    line.into_iter()
        .flat_map(|names| names.split([',', ' ']))
        .filter(|name| !name.is_empty())
        .map(String::from)
        .collect()
}

fn transfer(
    progress: &Progress,
    network: &Network,
    target: Target<'_>,
    mib: u64,
) -> Result<Transferred> {
    let label = match target {
        Target::Exit => "fetch over a 3-hop circuit",
        Target::Onion(_) => "fetch from the onion service",
    };
    let step = progress.step(label, Scale::Bytes(mib * MIB));
    let fetched = network
        .client()
        .run(&Transfer::fetch(target, mib * MIB), &mut |bytes| {
            step.position(bytes);
            step.note(format!("{} of {mib} MiB", bytes / MIB));
        })
        .with_context(|| format!("{label} failed; logs: {}", network.folder().display()))?;
    step.done(described(&fetched));
    Ok(fetched)
}

fn described(fetched: &Transferred) -> String {
    format!(
        "{} MiB in {:.1} s, {:.1} MB/s",
        fetched.bytes / MIB,
        fetched.moving.as_secs_f64(),
        fetched.rate() / 1e6
    )
}

fn verdict(exit: &Transferred, onion: &Transferred) -> &'static str {
    match (exit.matches(), onion.matches()) {
        (true, true) => "SHA-256 equal at both ends, both downloads",
        (false, true) => "DIFFERENT over the 3-hop circuit",
        (true, false) => "DIFFERENT from the onion service",
        (false, false) => "DIFFERENT in both downloads",
    }
}

/// CPU time of all nodes that relay.
fn relay_cpu(network: &Network) -> Result<Duration> {
    let relays = network.nodes().filter(|node| node.role.relays());
    relays.map(|node| Ok(network.usage(&node.name)?.cpu)).sum()
}

fn explain(kept: &Kept, folder: &std::path::Path) {
    println!("The network runs on. Its folder: {}", folder.display());
    for socks in &kept.socks {
        println!("  SOCKS:    curl --socks5-hostname {socks} http://…");
    }
    for (name, socket) in &kept.client_control {
        println!("  control:  {} ({name}, no password)", socket.display());
    }
    let pids: Vec<String> = kept.pids.iter().map(u32::to_string).collect();
    println!("  stop it:  kill {}", pids.join(" "));
}

/// Draws a bar for each step of a network's start.
pub struct Bars<'a> {
    progress: &'a Progress,
    current: RefCell<Option<Step<'a>>>,
}

impl<'a> Bars<'a> {
    /// Bars among what this progress shows.
    pub fn new(progress: &'a Progress) -> Self {
        Self {
            progress,
            current: RefCell::new(None),
        }
    }
}

impl Observer for Bars<'_> {
    fn started(&self, step: network::Step) {
        let step = self
            .progress
            .step(format!("start network: {step}"), Scale::Percent);
        self.current.replace(Some(step));
    }

    fn progress(&self, _: network::Step, percent: u8, detail: &str) {
        if let Some(step) = self.current.borrow().as_ref() {
            step.position(u64::from(percent));
            step.note(detail);
        }
    }

    fn finished(&self, _: network::Step, elapsed: Duration) {
        if let Some(step) = self.current.take() {
            step.done(format!("{:.1} s after the start", elapsed.as_secs_f64()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::in_rust;

    #[test]
    fn rust_components_are_read_from_list_modules() {
        let text = "relay: yes\ndirauth: yes\npow: no\nrust: onion, relaycrypt\n";
        assert_eq!(in_rust(text), ["onion", "relaycrypt"]);
        assert!(in_rust("relay: yes\n").is_empty());
    }
}
