//! C and Rust tors in one network, in every position: guard, middle, exit,
//! client, onion service, directory authority. One network for each set of
//! consensus parameters; in it every combination of builds carries checked bytes
//! in both directions, with the relay crypto that the combination must negotiate,
//! after handshakes of every kind between C and Rust.
//!
//! The builds come from the environment: `TORRS_TOR_C` and `TORRS_TOR_RUST` are
//! tor build directories. `TORRS_SEED` repeats the content of an earlier run.

mod handshakes;

use std::env;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use anyhow::{ensure, Context, Result};
use network::{
    Binary, Client, Direction, Network, Observer, Path, RelayCrypto, Role, Select, Setting, Spec,
    Step, Target, Transfer,
};

/// Nodes of odd number run C, those of even number Rust. Each position has one of
/// either kind, and no relay stands in two positions.
const GUARDS: [&str; 2] = ["relay1", "relay2"];
const MIDDLES: [&str; 2] = ["exit3", "exit4"];
const EXITS: [&str; 2] = ["exit1", "exit2"];

/// Enough cells for the relay crypto to show.
const BYTES: u64 = 1 << 20;

#[test]
fn every_mixture_shakes_hands_and_carries_tor1_and_cgo_side_by_side() -> Result<(), Failure> {
    Ok(mixed_with_cgo()?)
}

#[test]
fn every_mixture_shakes_hands_and_carries_tor1_alone() -> Result<(), Failure> {
    Ok(mixed_with_tor1_alone()?)
}

/// Two networks work side by side, but two that start at once on few processors
/// slow each other down.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn mixed_with_cgo() -> Result<()> {
    let _alone = ONE_AT_A_TIME.lock();
    let network = start("cgo", &[])?;
    let clients = network.clients();
    each(clients, |client| {
        each(&paths(), |path| {
            // Built hop by hop, every hop uses CGO; a stream can leave at the
            // middle, which shows its crypto too.
            carry(client, path, RelayCrypto::Cgo)?;
            let circuit = client.build_circuit(&path.hops())?;
            let transfer = Transfer::fetch(Target::Exit, BYTES).on_hop(&circuit, 2);
            check(client, &transfer, RelayCrypto::Cgo)
        })
    })?;
    each(clients, |client| {
        // Built by tor itself, only the exit uses CGO; guard and middle use tor1.
        for path in paths() {
            client.prefer_path(Some(&path))?;
            let isolation = format!("ordinary {path}");
            let transfer = Transfer::fetch(Target::Exit, BYTES).isolated(&isolation);
            let took = check(client, &transfer, RelayCrypto::Cgo)?;
            ensure!(
                took == path.hops(),
                "asked for {path}, got {}",
                took.join(", ")
            );
        }
        client.prefer_path(None)
    })?;
    each(clients, |client| carry_onions(&network, client))?;
    handshakes::ntor_v3(&network)?;
    finish(network)
}

fn mixed_with_tor1_alone() -> Result<()> {
    let _alone = ONE_AT_A_TIME.lock();
    let network = start("tor1", &[("cc_alg", 0)])?;
    let clients = network.clients();
    each(clients, |client| {
        each(&paths(), |path| carry(client, path, RelayCrypto::Tor1))
    })?;
    handshakes::ntor_v3(&network)?;
    let ntor = handshakes::Ntor::watch(&network)?;
    each(clients, |client| carry_onions(&network, client))?;
    ntor.until_all_have_met_both()?;
    handshakes::create_fast(&network)?;
    finish(network)
}

/// Both directions over one circuit through this path.
fn carry(client: &Client, path: &Path, expected: RelayCrypto) -> Result<()> {
    let circuit = client.build_circuit(&path.hops())?;
    for transfer in [
        Transfer::fetch(Target::Exit, BYTES),
        Transfer::send(Target::Exit, BYTES),
    ] {
        check(client, &transfer.on(&circuit), expected)?;
    }
    Ok(())
}

/// Both directions with every onion service, after hs-ntor between each pair of
/// builds; such circuits always use tor1.
fn carry_onions(network: &Network, client: &Client) -> Result<()> {
    for onion in network.onions().keys() {
        for direction in [Direction::Fetch, Direction::Send] {
            let isolation = format!("{onion} {direction:?}");
            let transfer = match direction {
                Direction::Fetch => Transfer::fetch(Target::Onion(onion), BYTES),
                Direction::Send => Transfer::send(Target::Onion(onion), BYTES),
            };
            check(client, &transfer.isolated(&isolation), RelayCrypto::Tor1)?;
        }
        println!(
            "{} ({}) with {onion} ({}): hs-ntor",
            client.name(),
            handshakes::build(network, client.name())?,
            handshakes::build(network, onion)?
        );
    }
    Ok(())
}

/// Makes a transfer, compares checksums and relay crypto, and returns the path.
fn check(client: &Client, transfer: &Transfer<'_>, expected: RelayCrypto) -> Result<Vec<String>> {
    let done = client.run(transfer, &mut |_| {})?;
    let path = done.path.join(", ");
    ensure!(
        done.matches(),
        "{} over {path}: sent {}, received {}",
        client.name(),
        done.sent_sha256,
        done.received_sha256
    );
    let used = client.relay_crypto(&done)?;
    ensure!(
        used == Some(expected),
        "{} over {path}: expected {expected}, the cells show {used:?}",
        client.name()
    );
    println!(
        "{} over {path}: connected in {:.1} s, {:.1} MB/s, {expected}, SHA-256 {}…",
        client.name(),
        done.connecting.as_secs_f64(),
        done.rate() / 1e6,
        &done.received_sha256[..16]
    );
    Ok(done.path)
}

/// All 8 combinations of builds as guard, middle and exit.
fn paths() -> Vec<Path> {
    let mut paths = Vec::new();
    for guard in GUARDS {
        for middle in MIDDLES {
            for exit in EXITS {
                paths.push(Path::new(guard, middle, exit));
            }
        }
    }
    paths
}

/// Does something for all of them at the same time; the first error counts.
fn each<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> Result<R> + Sync) -> Result<()> {
    thread::scope(|scope| {
        let threads: Vec<_> = items
            .iter()
            .map(|item| scope.spawn(|| work(item).map(drop)))
            .collect();
        let results: Vec<Result<()>> = threads
            .into_iter()
            .map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
            .collect();
        results.into_iter().collect()
    })
}

fn start(name: &'static str, params: &[(&str, i64)]) -> Result<Network> {
    let (c, rust) = (
        Binary::from_variable("C", "TORRS_TOR_C")?,
        Binary::from_variable("Rust", "TORRS_TOR_RUST")?,
    );
    let seed = match env::var("TORRS_SEED") {
        Ok(seed) => seed.parse().context("TORRS_SEED is not a number")?,
        Err(_) => 0x746f_7272,
    };
    let folder = tempfile::Builder::new()
        .prefix(&format!("torrs-mixed-{name}-"))
        .tempdir_in(env!("CARGO_TARGET_TMPDIR"))?
        .keep();
    println!(
        "{name}: seed {seed} (repeat with TORRS_SEED={seed}), logs in {}",
        folder.display()
    );
    let mut spec = Spec::new(folder, c);
    spec.relays = 2;
    spec.exits = 4;
    spec.clients = 2;
    spec.onions = 2;
    spec.seed = seed;
    spec.consensus_params = params
        .iter()
        .map(|(name, value)| ((*name).to_owned(), *value))
        .collect();
    for node in spec.nodes() {
        if node.role == Role::Client {
            let log = handshakes::circuit_log(&node);
            let line = format!("Log [circ]info file {}", log.display());
            let select = Select::Node(node.name.clone());
            spec = spec.with(select, Setting::Torrc(line));
        }
        if node.name.ends_with(['2', '4']) {
            let select = Select::Node(node.name);
            spec = spec.with(select, Setting::Binary(rust.clone()));
        }
    }
    let network = Network::start(spec, &Printed(name))?;
    let mixture: Vec<String> = network
        .nodes()
        .map(|node| format!("{} {}", node.name, node.binary.label))
        .collect();
    println!("{name}: {}", mixture.join(", "));
    labels_are_true(&network)?;
    Ok(network)
}

/// A tor with Rust in it says so when it starts, and no other does.
fn labels_are_true(network: &Network) -> Result<()> {
    for node in network.nodes() {
        let lines = network.log_lines(&node.name)?;
        let has_rust = lines
            .iter()
            .any(|line| line.contains("Components in Rust:"));
        ensure!(
            has_rust == (node.binary.label == "Rust"),
            "{} is called {}, which its log contradicts",
            node.name,
            node.binary.label
        );
    }
    Ok(())
}

/// Nobody died, nothing was reported as a bug, and everybody left when asked.
/// Only then the folder with the logs goes.
fn finish(network: Network) -> Result<()> {
    network.alive()?;
    for role in [Role::Relay, Role::Exit, Role::Client, Role::Onion] {
        let nodes: Vec<String> = network
            .nodes()
            .filter(|node| node.role == role)
            .map(|node| node.name.clone())
            .collect();
        for name in nodes {
            let usage = network.usage(&name)?;
            ensure!(usage.rss > 0, "{name} has no memory");
        }
    }
    network.finish(&[])
}

/// An error that the test program prints as one message, whatever the
/// environment says about backtraces.
struct Failure(anyhow::Error);

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Failure {
        Failure(error)
    }
}

impl std::fmt::Debug for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:#}", self.0)
    }
}

struct Printed(&'static str);

impl Observer for Printed {
    fn started(&self, _: Step) {}
    fn progress(&self, _: Step, _: u8, _: &str) {}
    fn finished(&self, step: Step, elapsed: Duration) {
        println!("{}: {step} after {:.1} s", self.0, elapsed.as_secs_f64());
    }
}
