//! Hostile peers: scripts of bytes, most of them malformed, are played against
//! the ORPort of a C relay and of a Rust relay at the same time. What comes back,
//! whether the connection is closed or held open, and what the relay warns of in
//! its log, has to be equal, script by script. Afterwards both relays live, have
//! reported no bug, and still serve.
//!
//! The builds come from the environment: `TORRS_TOR_C` and `TORRS_TOR_RUST` are
//! tor build directories.

mod circuits;
mod handshake;
mod keys;
mod log;
mod regressions;
mod relaying;
mod transport;

use std::collections::BTreeSet;
use std::env;
use std::thread;
use std::time::Instant;

use anyhow::{ensure, Context, Result};
use log::Log;
use network::{Binary, Control, Network, Quiet, Select, Setting, Spec, Transfer};
use peer::{play, Ending, Relay, Script, Transcript};
use regressions::BUGS;

/// The relays under attack; each also does the work of an exit.
const C: &str = "exit1";
const RUST: &str = "exit2";

/// What must have come back in some of the scripts, so that a relay that refuses
/// everything cannot pass.
const KNOWN: [(&str, &[&str], Ending); 6] = [
    (
        "a client, one byte at a time",
        &[
            "VERSIONS",
            "CERTS",
            "AUTH_CHALLENGE",
            "NETINFO",
            "keys agree",
        ],
        Ending::HeldOpen,
    ),
    (
        "CREATE_FAST, link protocol 3",
        &["VERSIONS 0003 0004 0005", "keys agree"],
        Ending::HeldOpen,
    ),
    (
        "RESOLVE of an address",
        &["keys agree", "RELAY RESOLVED stream 1: f118"],
        Ending::HeldOpen,
    ),
    (
        "BEGIN_DIR, GET of nothing",
        &["RELAY CONNECTED stream 1", "HTTP/1.0 404"],
        Ending::HeldOpen,
    ),
    ("VERSIONS: odd length", &[], Ending::Closed),
    ("RELAY before NETINFO", &["NETINFO"], Ending::Closed),
];

#[test]
fn c_and_rust_relays_answer_hostile_peers_alike() -> Result<()> {
    let scripts = scripts()?;
    let network = start()?;
    let mut c = Target::new(&network, C)?;
    let mut rust = Target::new(&network, RUST)?;
    let began = Instant::now();
    let mut complaints = Vec::new();
    let (mut closed, mut held) = (0, 0);
    for script in &scripts {
        let (c, rust) = attack_both(&network, &mut c, &mut rust, script)?;
        println!("{}: {}", script.name, c.transcript);
        match c.transcript.ending {
            Ending::Closed => closed += 1,
            Ending::HeldOpen => held += 1,
        }
        complaints.extend(judge(script, &c, &rust));
    }
    complaints.extend(controls(&network, &mut c, &mut rust, &scripts)?);
    println!(
        "{} scripts in {:.1} s: {closed} closed, {held} held open",
        scripts.len(),
        began.elapsed().as_secs_f64()
    );
    ensure!(
        complaints.is_empty(),
        "{} complaints; logs are in {}\n{}",
        complaints.len(),
        network.folder().display(),
        complaints.join("\n")
    );
    ensure!(
        closed >= FEWEST_OF_EITHER && held >= FEWEST_OF_EITHER,
        "the scripts do not show both how a relay closes and how it goes on"
    );
    finish(network)
}

/// All scripts, under different names.
fn scripts() -> Result<Vec<Script>> {
    let mut scripts = transport::scripts();
    scripts.extend(handshake::scripts());
    scripts.extend(circuits::scripts());
    scripts.extend(relaying::scripts());
    scripts.extend(regressions::scripts());
    let names: BTreeSet<&str> = scripts.iter().map(|s| s.name.as_str()).collect();
    ensure!(names.len() == scripts.len(), "two scripts have one name");
    let bugs = BUGS.iter().map(|bug| bug.script);
    for name in KNOWN.iter().map(|(name, _, _)| *name).chain(bugs) {
        ensure!(names.contains(name), "there is no script \"{name}\"");
    }
    Ok(scripts)
}

/// A relay under attack.
struct Target {
    node: &'static str,
    relay: Relay,
    control: Control,
    log: Log,
}

/// What a script brought to light at one relay.
struct Outcome {
    transcript: Transcript,
    /// The warnings that it logged meanwhile.
    warnings: Vec<String>,
}

impl Target {
    fn new(network: &Network, node: &'static str) -> Result<Target> {
        Ok(Target {
            node,
            relay: keys::relay(network, node)?,
            control: network.control(node)?,
            log: Log::from_now_on(network, node)?,
        })
    }

    fn attack(&mut self, script: &Script) -> Result<Outcome> {
        let transcript = play(&self.relay, script)
            .with_context(|| format!("{} and the script \"{}\"", self.node, script.name))?;
        // Asked twice: in between the relay has gone through its main loop and
        // seen the end of the connection.
        for _ in 0..2 {
            self.control.get_info("version")?;
        }
        Ok(Outcome {
            transcript,
            warnings: self.log.new_warnings()?,
        })
    }
}

/// What a relay says that closes a circuit because it is idle. C Tor looks for such
/// circuits every few seconds, and takes for idle what came over a link on which it
/// has not yet noticed that it sent something: each that is new in that moment.
const FINISHED: &str = "DESTROY reason 9";

/// Plays a script against both at the same time. Outcomes that differ get a second
/// chance if that may have another cause: warnings, which the other traffic of this
/// network may bring about, and a circuit that its relay has [`FINISHED`].
fn attack_both(
    network: &Network,
    c: &mut Target,
    rust: &mut Target,
    script: &Script,
) -> Result<(Outcome, Outcome)> {
    let mut chances = 2;
    loop {
        let (of_c, of_rust) = thread::scope(|scope| {
            let other = scope.spawn(|| rust.attack(script));
            let of_c = c.attack(script);
            let of_rust = other.join();
            (
                of_c,
                of_rust.unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            )
        });
        // That a relay has ended explains more than that it refuses connections.
        network
            .alive()
            .with_context(|| format!("after the script \"{}\"", script.name))?;
        let (of_c, of_rust) = (of_c?, of_rust?);
        chances -= 1;
        let outcomes = [&of_c, &of_rust];
        let may_be_chance = match of_c.transcript == of_rust.transcript {
            true => of_c.warnings != of_rust.warnings,
            false => outcomes.iter().any(|of| of.transcript.has(FINISHED)),
        };
        if !may_be_chance || chances == 0 {
            return Ok((of_c, of_rust));
        }
        let name = format!("{}: outcomes differ, played again", script.name);
        let [c, rust] = outcomes.map(|of| [of.transcript.lines(), of.warnings.clone()].concat());
        println!("{}", side_by_side(&name, &c, &rust));
    }
}

/// What is wrong with the outcomes of a script, if anything is.
fn judge(script: &Script, c: &Outcome, rust: &Outcome) -> Vec<String> {
    let mut complaints = Vec::new();
    let name = &script.name;
    if c.transcript != rust.transcript {
        let (c, rust) = (c.transcript.lines(), rust.transcript.lines());
        complaints.push(side_by_side(name, &c, &rust));
    }
    if c.warnings != rust.warnings {
        let name = format!("warnings of {name}");
        complaints.push(side_by_side(&name, &c.warnings, &rust.warnings));
    }
    if c.transcript.waited_in_vain() {
        complaints.push(format!("{name}: {}", c.transcript));
    }
    for (_, parts, ending) in KNOWN.iter().filter(|(known, _, _)| known == name) {
        for part in parts.iter().filter(|part| !c.transcript.has(part)) {
            complaints.push(format!("{name}: no \"{part}\" in: {}", c.transcript));
        }
        if c.transcript.ending != *ending {
            complaints.push(format!("{name}: not {ending}: {}", c.transcript));
        }
    }
    for bug in BUGS.iter().filter(|bug| bug.script == *name) {
        for outcome in [c, rust] {
            complaints.extend(bug.judge(&outcome.transcript, &outcome.warnings));
        }
    }
    complaints
}

/// Plays different scripts against the two, which has to be noticed.
fn controls(
    network: &Network,
    c: &mut Target,
    rust: &mut Target,
    scripts: &[Script],
) -> Result<Vec<String>> {
    let mut complaints = Vec::new();
    for (of_c, of_rust) in DIFFERENT {
        let script = |name: &str| scripts.iter().find(|script| script.name == name);
        let (Some(for_c), Some(for_rust)) = (script(of_c), script(of_rust)) else {
            anyhow::bail!("there is no script \"{of_c}\" or no \"{of_rust}\"");
        };
        let outcomes = (c.attack(for_c)?, rust.attack(for_rust)?);
        network.alive()?;
        if judge(for_c, &outcomes.0, &outcomes.1).is_empty() {
            complaints.push(format!("\"{of_c}\" and \"{of_rust}\" make no difference"));
        }
    }
    Ok(complaints)
}

fn side_by_side(name: &str, c: &[String], rust: &[String]) -> String {
    let width = c
        .iter()
        .map(|line| line.chars().count())
        .max()
        .unwrap_or(0)
        .max(1);
    let mut text = format!("{name}:");
    for at in 0..c.len().max(rust.len()) {
        let line = |lines: &[String]| lines.get(at).cloned().unwrap_or_default();
        let mark = if c.get(at) == rust.get(at) { ' ' } else { '|' };
        text += &format!("\n    {:width$} {mark} {}", line(c), line(rust));
    }
    text
}

/// One authority, and as few relays as a consensus and a circuit need.
fn start() -> Result<Network> {
    let (c, rust) = (
        Binary::from_variable("C", "TORRS_TOR_C")?,
        Binary::from_variable("Rust", "TORRS_TOR_RUST")?,
    );
    let folder = tempfile::Builder::new()
        .prefix("torrs-hostile-")
        .tempdir_in(env!("CARGO_TARGET_TMPDIR"))?
        .keep();
    println!("logs in {}", folder.display());
    let mut spec = Spec::new(folder, c);
    spec.authorities = 1;
    spec.exits = 2;
    spec.onions = 0;
    // As in the public network; what is taken all the same is an exception.
    let least_sendme = ("sendme_accept_min_version".to_owned(), 1);
    spec.consensus_params.push(least_sendme);
    let mut spec = spec.with(Select::Node(RUST.to_owned()), Setting::Binary(rust));
    for exit in [C, RUST] {
        // Our peer is one, where it is a relay.
        let known = Setting::Torrc("RefuseUnknownExits 0".to_owned());
        spec = spec.with(Select::Node(exit.to_owned()), known);
    }
    Network::start(spec, &Quiet)
}

/// Nobody died, nothing was reported as a bug, both relays still carry streams,
/// and everybody left when asked.
fn finish(network: Network) -> Result<()> {
    for exit in [C, RUST] {
        let circuit = network
            .client()
            .build_circuit(&["relay1", "relay2", exit])?;
        let transfer = Transfer::fetch(network::Target::Exit, 1 << 20).on(&circuit);
        let done = network.client().run(&transfer, &mut |_| {})?;
        ensure!(done.matches(), "what {exit} carried afterwards is damaged");
    }
    // What C itself reports as a bug, and both of them did, is no bug of ours.
    network.finish(&C_BUGS)
}

/// Scripts that are alike and have different outcomes: in cells that
/// end a circuit or stand on it, in the ending, and in the log alone.
const DIFFERENT: [(&str, &str); 4] = [
    ("8 RELAY_EARLY", "9 RELAY_EARLY"),
    ("TRUNCATE", "DROP"),
    ("VERSIONS: none", "VERSIONS: 3 alone"),
    ("relay command 99", "relay command 0"),
];

/// At least this many scripts have to end closed, and this many held open.
const FEWEST_OF_EITHER: usize = 50;

/// Bugs that C Tor has and reports: after CONFLUX_SWITCH on a circuit that is not
/// in a conflux set it closes the circuit twice, and it takes a CONFLUX_SWITCH that
/// is too short for a bug of its own.
const C_BUGS: [&str; 2] = [
    "Bug: Duplicate call to circuit_mark_for_close at",
    "conflux_cell_parse_switch(): Bug: Failed to parse switch cell",
];
