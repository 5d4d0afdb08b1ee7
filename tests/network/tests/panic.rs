//! A panic inside an export costs one circuit and nothing else.
//!
//! Two middle relays run a Rust tor of a test build (`TORRS_TOR_RUST_FAULT`)
//! that panics once, in the middle of a transfer, in the export that the
//! environment variable `TORRS_FAULT` names. Two transfers go through such a
//! relay at the same time: one circuit is closed, the other transfer arrives
//! unchanged, the relay lives and goes on relaying, and its log has one BUG line.
//! `TORRS_TOR_C` is the build directory of all other tors.

use std::env;
use std::thread;

use anyhow::{ensure, Context, Result};
use network::{Binary, Client, Network, Path, Quiet, Select, Setting, Spec, Target, Transfer};

/// Some 8,400 cells: the panic below comes while both transfers are under way.
const BYTES: u64 = 4 << 20;
/// The call that panics. A relay has made some hundred when transfers begin.
const CALL: u64 = 6000;

/// A middle relay, the export in which it panics, and where that is reported.
struct Fault {
    relay: &'static str,
    export: &'static str,
}

/// Ordinary circuits use tor1 at the middle; this export answers nothing, so
/// the circuit is closed by the question whether its state is lost.
const TOR1: Fault = Fault {
    relay: "exit3",
    export: "tor1_crypt_relay_backward",
};
/// Circuits built hop by hop use CGO at the middle.
const CGO: Fault = Fault {
    relay: "exit4",
    export: "cgo_crypt_relay_forward",
};

#[test]
fn a_panic_costs_one_circuit_and_the_relay_goes_on() -> Result<()> {
    let c = Binary::from_variable("C", "TORRS_TOR_C")?;
    let fault = Binary::from_variable("Rust", "TORRS_TOR_RUST_FAULT")?;
    let folder = tempfile::Builder::new()
        .prefix("torrs-panic-")
        .tempdir_in(env!("CARGO_TARGET_TMPDIR"))?
        .keep();
    println!("logs in {}", folder.display());
    let mut spec = Spec::new(&folder, c);
    spec.exits = 4;
    for Fault { relay, export } in [TOR1, CGO] {
        let value = format!("panic:{export}:{CALL}");
        let select = || Select::Node(relay.to_owned());
        spec = spec
            .with(select(), Setting::Binary(fault.clone()))
            .with(select(), Setting::Env("TORRS_FAULT".to_owned(), value));
    }
    let network = Network::start(spec, &Quiet)?;
    in_tor1(network.client())?;
    in_cgo(network.client())?;

    network.alive()?;
    for Fault { relay, export } in [TOR1, CGO] {
        let lines = network.log_lines(relay)?;
        let bugs: Vec<_> = lines.iter().filter(|l| l.contains("Bug:")).collect();
        println!("{relay}: {bugs:?}");
        ensure!(bugs.len() == 1, "{relay} reports {} bugs", bugs.len());
        for part in [export, "Rust panic at rust/ffi/src/fault.rs:", "contained"] {
            ensure!(bugs[0].contains(part), "no \"{part}\" in: {}", bugs[0]);
        }
    }
    ensure!(network.bug_lines().len() == 2, "another node reports a bug");
    network.finish(&[TOR1.export, CGO.export])
}

/// Fetches over ordinary circuits, which tor chooses.
fn in_tor1(client: &Client) -> Result<()> {
    client.prefer_path(Some(&Path::new("relay1", TOR1.relay, "exit1")))?;
    let fetch = |name| Transfer::fetch(Target::Exit, BYTES).isolated(name);
    one_of_two_dies(client, &fetch("first"), &fetch("second"))?;
    arrives(client, &fetch("afterwards")).context("after the panic in tor1")?;
    client.prefer_path(None)
}

/// Sends over circuits that are built hop by hop.
fn in_cgo(client: &Client) -> Result<()> {
    let hops = ["relay2", CGO.relay, "exit2"];
    let (first, second) = (client.build_circuit(&hops)?, client.build_circuit(&hops)?);
    let send = || Transfer::send(Target::Exit, BYTES);
    one_of_two_dies(client, &send().on(&first), &send().on(&second))?;
    let afterwards = client.build_circuit(&hops)?;
    arrives(client, &send().on(&afterwards)).context("after the panic in CGO")
}

/// Makes both transfers at the same time; exactly one must break off.
fn one_of_two_dies(client: &Client, a: &Transfer<'_>, b: &Transfer<'_>) -> Result<()> {
    let results = thread::scope(|scope| {
        let run = |transfer| move || client.run(transfer, &mut |_| {});
        let threads = [scope.spawn(run(a)), scope.spawn(run(b))];
        threads.map(|t| t.join().unwrap_or_else(|p| std::panic::resume_unwind(p)))
    });
    let mut died = 0;
    for result in results {
        match result {
            Ok(done) => ensure!(done.matches(), "the surviving transfer is damaged"),
            Err(error) => {
                println!("closed: {error:#}");
                died += 1;
            }
        }
    }
    ensure!(died == 1, "{died} of two transfers broke off, not one");
    Ok(())
}

fn arrives(client: &Client, transfer: &Transfer<'_>) -> Result<()> {
    let done = client.run(transfer, &mut |_| {})?;
    ensure!(done.matches(), "what arrived is not what was sent");
    Ok(())
}
