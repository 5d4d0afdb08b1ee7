//! A panic inside an export costs one circuit, or where a link is read, one link,
//! and nothing else.
//!
//! Some nodes run a Rust tor of a test build (`TORRS_TOR_RUST_FAULT`) that panics
//! once, in the export that the environment variable `TORRS_FAULT` names: in the
//! middle of a transfer, or of a handshake. One circuit is closed, all others stand,
//! the node lives and makes new ones, and its log has one BUG line. `TORRS_TOR_C` is
//! the build directory of all other tors.

#[path = "sandbox/calls.rs"]
mod calls;

use std::env;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{bail, ensure, Context, Result};
use network::{
    Binary, Client, Network, Path, Points, Quiet, Role, Select, Setting, Spec, Target, Transfer,
};
use peer::{play, Ending, Relay, Script};

/// A node, the call of an export in which it panics, and where that is reported.
struct Fault {
    node: &'static str,
    export: &'static str,
    call: u32,
}

// ---- While circuits relay ---------------------------------------------------

/// Some 8,400 cells: the panic below comes while both transfers are under way.
const BYTES: u64 = 4 << 20;
/// The call that panics. A relay has made some hundred when transfers begin.
const CALL: u32 = 6000;

/// Ordinary circuits use tor1 at the middle; this export answers nothing, so
/// the circuit is closed by the question whether its state is lost.
const TOR1: Fault = Fault {
    node: "exit3",
    export: "tor1_crypt_relay_backward",
    call: CALL,
};
/// Circuits built hop by hop use CGO at the middle.
const CGO: Fault = Fault {
    node: "exit4",
    export: "cgo_crypt_relay_forward",
    call: CALL,
};

#[test]
fn a_panic_costs_one_circuit_and_the_relay_goes_on() -> Result<()> {
    if !is_in_rust("relaycrypt")? {
        return Ok(());
    }
    let network = start("relaying", &[TOR1, CGO], |mut spec| {
        spec.exits = 4;
        spec
    })?;
    in_tor1(network.client())?;
    in_cgo(network.client())?;
    finish(network, &[TOR1, CGO])
}

/// Fetches over ordinary circuits, which tor chooses.
fn in_tor1(client: &Client) -> Result<()> {
    client.prefer_path(Some(&Path::new("relay1", TOR1.node, "exit1")))?;
    let fetch = |name| Transfer::fetch(Target::Exit, BYTES).isolated(name);
    one_of_two_dies(client, &fetch("first"), &fetch("second"))?;
    arrives(client, &fetch("afterwards")).context("after the panic in tor1")?;
    client.prefer_path(None)
}

/// Sends over circuits that are built hop by hop.
fn in_cgo(client: &Client) -> Result<()> {
    let hops = ["relay2", CGO.node, "exit2"];
    let (first, second) = (client.build_circuit(&hops)?, client.build_circuit(&hops)?);
    let send = || Transfer::send(Target::Exit, BYTES);
    one_of_two_dies(client, &send().on(&first), &send().on(&second))?;
    let afterwards = client.build_circuit(&hops)?;
    arrives(client, &send().on(&afterwards)).context("after the panic in CGO")
}

/// Makes both transfers at the same time; exactly one must break off.
fn one_of_two_dies(client: &Client, a: &Transfer<'_>, b: &Transfer<'_>) -> Result<()> {
    let died = broken_off(client, a, b)?;
    ensure!(died == 1, "{died} of two transfers broke off, not one");
    Ok(())
}

/// Makes both transfers at the same time; how many break off.
fn broken_off(client: &Client, a: &Transfer<'_>, b: &Transfer<'_>) -> Result<usize> {
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
    Ok(died)
}

fn arrives(client: &Client, transfer: &Transfer<'_>) -> Result<()> {
    let done = client.run(transfer, &mut |_| {})?;
    ensure!(done.matches(), "what arrived is not what was sent");
    Ok(())
}

// ---- In tor's sandbox ----

/// The report of a panic makes no system call that the sandbox refuses.
#[test]
fn a_panic_in_the_sandbox_costs_one_circuit_and_makes_no_call_that_is_refused() -> Result<()> {
    if !is_in_rust("relaycrypt")? || !is_in_rust("onion")? {
        return Ok(());
    }
    // In the main thread, and in one that works for it.
    let faults = [TOR1, CGO, WORKER];
    let traces = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let folder = traces.path().canonicalize()?;
    let rust = calls::traced(&rust_build()?, &folder)?;
    let network = start_with(&rust, "sandbox", &faults, |mut spec| {
        spec.relays = 3;
        spec.exits = 4;
        spec.onions = 0;
        // What tors build of their own accord leads elsewhere.
        let line = Setting::Torrc(format!("ExcludeNodes {}", WORKER.node));
        let unharmed = Select::Node(UNHARMED.to_owned());
        let sandbox = || Setting::Torrc("Sandbox 1".to_owned());
        // A client in the sandbox complains of its own files when it is told where
        // circuits are to lead.
        spec.with(Select::All, line)
            .with(Select::Role(Role::Relay), sandbox())
            .with(Select::Role(Role::Exit), sandbox())
            .with(unharmed, Setting::Binary(rust.clone()))
    })?;
    for Fault { node, .. } in &faults {
        calls::is_filtered(&network, node)?;
    }
    let client = network.client();
    in_tor1(client)?;
    in_cgo(client)?;
    in_ntor_v3(client, &["exit1", WORKER.node, UNHARMED])?;
    let usual = calls::refused(&network, UNHARMED, &folder)?;
    for Fault { node, .. } in &faults {
        let refused = calls::refused(&network, node, &folder)?;
        println!("{node}: refused {refused:?}");
        ensure!(
            refused.is_subset(&usual),
            "{node}, which panicked, is refused {refused:?}, and else a relay {usual:?}"
        );
    }
    finish(network, &faults)
}

/// Ntor v3 at a relay that nothing else goes through.
const WORKER: Fault = Fault {
    node: "relay3",
    export: "onion_skin_ntor3_server_handshake_part1",
    call: 10,
};
/// A Rust relay that does not panic.
const UNHARMED: &str = "exit2";

// ---- While cells are read ---------------------------------------------------

/// The message in a cell is lost, and with it the circuit.
const MESSAGE: Fault = Fault {
    node: "exit3",
    export: "relay_msg_decode_cell_in_place",
    call: CALL,
};
/// A cell is lost; the next ones of its circuit cannot be decrypted.
const CELL: Fault = Fault {
    node: "exit4",
    export: "cell_unpack",
    call: CALL,
};
/// What begins on a link is lost, and with it the link.
const LINK: Fault = Fault {
    node: "exit2",
    export: "torrs_var_cell_begin",
    call: CALL,
};
const CELLS: [Fault; 3] = [MESSAGE, CELL, LINK];

#[test]
fn a_panic_while_a_cell_is_read_costs_one_circuit_or_one_link() -> Result<()> {
    if !is_in_rust("cells")? {
        return Ok(());
    }
    let network = start("cells", &CELLS, |mut spec| {
        spec.exits = 4;
        spec
    })?;
    let client = network.client();
    // The two circuits of each path have the same links.
    for (hops, circuits) in [
        (["relay1", "relay2", MESSAGE.node], 1),
        (["relay2", CELL.node, "exit1"], 1),
        (["relay1", LINK.node, "exit1"], 2),
    ] {
        let (first, second) = (client.build_circuit(&hops)?, client.build_circuit(&hops)?);
        let send = || Transfer::send(Target::Exit, BYTES);
        let died = broken_off(client, &send().on(&first), &send().on(&second))?;
        ensure!(
            died == circuits,
            "{died} of two transfers over {} broke off, not {circuits}",
            hops.join(", ")
        );
        let afterwards = client.build_circuit(&hops)?;
        arrives(client, &send().on(&afterwards))
            .with_context(|| format!("after the panic in a circuit over {}", hops.join(", ")))?;
    }
    finish(network, &CELLS)
}

// ---- While links are made ---------------------------------------------------

/// Relays open links to each other, and authenticate, before ours come: each costs
/// three or four of these calls.
const HANDSHAKE: Fault = Fault {
    node: "exit1",
    export: "torrs_link_var_cell",
    call: 100,
};
/// Certificates are judged once a link; tor tries again to open one that it wants.
const CERTIFICATES: Fault = Fault {
    node: "exit2",
    export: "torrs_link_certs_check",
    call: 4,
};
/// The panicking call must be among those of so many links of ours.
const MOST_LINKS: usize = 100;

#[test]
fn a_panic_in_a_link_handshake_costs_one_link_and_the_next_is_opened() -> Result<()> {
    if !is_in_rust("link")? {
        return Ok(());
    }
    let mut faults = vec![HANDSHAKE];
    if is_in_rust("cert")? {
        faults.push(CERTIFICATES);
    }
    let network = start("links", &faults, |spec| spec)?;
    let relay = Relay {
        or_port: network.or_port(HANDSHAKE.node)?,
        keys: None,
    };
    let script = Script::open("a link", 5)
        .quiet(Duration::from_millis(1))
        .probe();
    let mut closed = 0;
    for _ in 0..MOST_LINKS {
        let transcript = play(&relay, &script)?;
        closed += usize::from(transcript.ending == Ending::Closed);
        if !bugs(&network, HANDSHAKE.node)?.is_empty() {
            break;
        }
    }
    println!("{closed} of our links closed");
    ensure!(closed <= 1, "{closed} links were closed, not one");
    let afterwards = play(&relay, &script)?;
    ensure!(
        afterwards.ending == Ending::HeldOpen,
        "no link is opened after the panic: {afterwards}"
    );
    let client = network.client();
    let circuit = client.build_circuit(&["relay1", CERTIFICATES.node, HANDSHAKE.node])?;
    arrives(client, &Transfer::fetch(Target::Exit, 1 << 16).on(&circuit))?;
    finish(network, &faults)
}

// ---- While circuits are made ------------------------------------------------

/// Relays answer ntor v3 in two parts, in a worker thread. Each has done so once
/// or twice as a directory of onion services when circuits of ours come.
const NTOR_V3_RECEIVES: Fault = Fault {
    node: "relay1",
    export: "onion_skin_ntor3_server_handshake_part1",
    call: 10,
};
const NTOR_V3_REPLIES: Fault = Fault {
    node: "relay2",
    export: "onion_skin_ntor3_server_handshake_part2",
    call: 10,
};
/// Ntor too, but tor asks only introduction and rendezvous points for it, which
/// it draws at random.
const NTOR: Fault = Fault {
    node: "relay3",
    export: "onion_skin_ntor_server_handshake",
    call: 1,
};
/// A relay answers CREATE_FAST in its main loop.
const FAST: Fault = Fault {
    node: "relay4",
    export: "fast_server_handshake",
    call: 2,
};
/// A client has made some when it is ready, and makes three for each circuit of
/// ours; then it builds no others.
const NTOR_V3_AT_CLIENT: Fault = Fault {
    node: "client2",
    export: "onion_ntor3_client_handshake",
    call: 60,
};
/// The first client that is introduced to the service is lost.
const INTRODUCTION: Fault = Fault {
    node: "onion1",
    export: "hs_ntor_service_get_introduce1_keys_multi",
    call: 1,
};
const HANDSHAKES: [Fault; 6] = [
    NTOR_V3_RECEIVES,
    NTOR_V3_REPLIES,
    NTOR,
    FAST,
    NTOR_V3_AT_CLIENT,
    INTRODUCTION,
];

#[test]
fn a_panic_in_a_handshake_costs_one_circuit_and_the_next_is_made() -> Result<()> {
    if !is_in_rust("onion")? {
        return Ok(());
    }
    let network = start("handshakes", &HANDSHAKES, |mut spec| {
        spec.relays = 4;
        spec.exits = 4;
        spec.clients = 2;
        // Circuits that tors build of their own accord lead elsewhere, but for
        // some to the directories of onion services.
        let tested = [NTOR_V3_RECEIVES.node, NTOR_V3_REPLIES.node, FAST.node];
        let line = format!("ExcludeNodes {}", tested.join(","));
        spec = spec.with(Select::All, Setting::Torrc(line));
        // No relay is both a guard and a place to meet: NTOR's shall be the latter.
        for role in [Role::Client, Role::Onion] {
            let line = Setting::Torrc("EntryNodes exit3,exit4".to_owned());
            spec = spec.with(Select::Role(role), line);
        }
        for line in [
            // A client that hears nothing of the service for three times as long
            // tries again.
            "LearnCircuitBuildTimeout 0",
            "CircuitBuildTimeout 3",
        ] {
            spec = spec.with(Select::Role(Role::Client), Setting::Torrc(line.to_owned()));
        }
        spec
    })?;
    let [client, client2] = network.clients() else {
        bail!("this network has two clients");
    };
    thread::scope(|scope| {
        let lost = scope.spawn(|| visit(client, "lost"));
        await_report(&network, &INTRODUCTION)?;
        visit(client, "afterwards").context("after the panic in the introduction")?;
        let began = Instant::now();

        until_ntor_meets(&network, client)?;
        in_ntor_v3(client, &["exit1", NTOR_V3_RECEIVES.node, "exit2"])?;
        in_ntor_v3(client, &["exit1", NTOR_V3_REPLIES.node, "exit2"])?;
        let mut control = network.control(client2.name())?;
        control.set_conf(&[("__DisablePredictedCircuits", "1")])?;
        in_ntor_v3(client2, &["exit3", "exit4", "exit1"])?;
        in_create_fast(&network)?;

        let lost = lost.join().unwrap_or_else(|p| std::panic::resume_unwind(p));
        println!(
            "introduced again {:.1} s later",
            began.elapsed().as_secs_f64()
        );
        lost.context("the client whose introduction was lost")
    })?;
    finish(network, &HANDSHAKES)
}

/// Fetches from the onion service over circuits that have this name.
fn visit(client: &Client, name: &str) -> Result<()> {
    let fetch = Transfer::fetch(Target::Onion(INTRODUCTION.node), 1 << 10);
    arrives(client, &fetch.isolated(name))
}

/// Visits until a circuit has met at the relay that panics, which is then not the
/// first that tried: one or the other side has made another one without a word.
fn until_ntor_meets(network: &Network, client: &Client) -> Result<()> {
    let mut sides = [client.name(), INTRODUCTION.node]
        .map(|side| Points::watch(network.control(side)?))
        .into_iter()
        .collect::<Result<Vec<_>>>()?;
    for visits in 1..=MOST_VISITS {
        visit(client, &format!("visit {visits}"))?;
        for side in &mut sides {
            if side.reached()?.iter().any(|relay| relay == NTOR.node) {
                println!("met at {} in visit {visits}", NTOR.node);
                return Ok(());
            }
        }
    }
    bail!("no circuit met at {} in {MOST_VISITS} visits", NTOR.node)
}

/// Builds circuits until one is closed, and one more. Those before and after it
/// carry streams.
fn in_ntor_v3(client: &Client, hops: &[&str]) -> Result<()> {
    let first = client.build_circuit(hops)?;
    for _ in 0..MOST_CIRCUITS {
        if let Err(error) = client.build_circuit(hops) {
            println!("closed: {error:#}");
            let next = client
                .build_circuit(hops)
                .context("after the panic in ntor v3")?;
            for circuit in [first, next] {
                arrives(client, &Transfer::fetch(Target::Exit, 1 << 16).on(&circuit))?;
            }
            return Ok(());
        }
    }
    bail!("none of {MOST_CIRCUITS} circuits was closed")
}

/// Asks for three circuits on one connection; the second is refused.
fn in_create_fast(network: &Network) -> Result<()> {
    let script = (1..=3).fold(Script::open("three times CREATE_FAST", 5), |script, id| {
        script.create_fast(FIRST_CIRC_ID + id).wait(1)
    });
    let relay = Relay {
        or_port: network.or_port(FAST.node)?,
        keys: None,
    };
    let transcript = play(&relay, &script.probe())?;
    println!("{transcript}");
    let lines = transcript.lines();
    let count = |part: &str| lines.iter().filter(|line| line.contains(part)).count();
    ensure!(
        count("keys agree") == 2 && count("DESTROY") == 1,
        "not one of three circuits was refused: {transcript}"
    );
    Ok(())
}

/// Waits until a node has reported its panic.
fn await_report(network: &Network, fault: &Fault) -> Result<()> {
    let deadline = Instant::now() + REPORT_LIMIT;
    while bugs(network, fault.node)?.is_empty() {
        network.alive()?;
        ensure!(Instant::now() < deadline, "{} has not panicked", fault.node);
        thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// Each visit meets at one relay, drawn from three or more.
const MOST_VISITS: usize = 60;
/// The panicking call must be among the handshakes of this many circuits.
const MOST_CIRCUITS: usize = 20;
/// What a client sets in every circuit id.
const FIRST_CIRC_ID: u32 = 0x8000_0000;
/// This only ends the wait for a panic that does not come.
const REPORT_LIMIT: Duration = Duration::from_secs(60);

// ---- Before and after -------------------------------------------------------

/// The build that panics.
fn rust_build() -> Result<Binary> {
    Binary::from_variable("Rust", "TORRS_TOR_RUST_FAULT")
}

/// Whether it has this component in Rust: `--components` may have left it out.
fn is_in_rust(component: &str) -> Result<bool> {
    let here = rust_build()?.components()?.iter().any(|c| c == component);
    if !here {
        println!("nothing to do: {component} is not in Rust here");
    }
    Ok(here)
}

/// A network of C tors but for the nodes that are to panic.
fn start(name: &str, faults: &[Fault], shape: impl Fn(Spec) -> Spec) -> Result<Network> {
    start_with(&rust_build()?, name, faults, shape)
}

/// The same with the nodes that are to panic running this tor.
fn start_with(
    rust: &Binary,
    name: &str,
    faults: &[Fault],
    shape: impl Fn(Spec) -> Spec,
) -> Result<Network> {
    let c = Binary::from_variable("C", "TORRS_TOR_C")?;
    let folder = tempfile::Builder::new()
        .prefix(&format!("torrs-panic-{name}-"))
        .tempdir_in(env!("CARGO_TARGET_TMPDIR"))?
        .keep();
    println!("logs in {}", folder.display());
    let mut spec = shape(Spec::new(&folder, c));
    for Fault { node, export, call } in faults {
        let value = format!("panic:{export}:{call}");
        let select = || Select::Node((*node).to_owned());
        spec = spec
            .with(select(), Setting::Binary(rust.clone()))
            .with(select(), Setting::Env("TORRS_FAULT".to_owned(), value));
    }
    Network::start(spec, &Quiet)
}

/// Every node lives, and each panic was reported once, as what it was.
fn finish(network: Network, faults: &[Fault]) -> Result<()> {
    network.alive()?;
    for Fault { node, export, .. } in faults {
        let bugs = bugs(&network, node)?;
        println!("{node}: {bugs:?}");
        ensure!(bugs.len() == 1, "{node} reports {} bugs", bugs.len());
        for part in [export, "Rust panic at rust/ffi/src/fault.rs:", "contained"] {
            ensure!(bugs[0].contains(part), "no \"{part}\" in: {}", bugs[0]);
        }
    }
    let reported = network.bug_lines().len();
    ensure!(reported == faults.len(), "another node reports a bug");
    let exports: Vec<&str> = faults.iter().map(|fault| fault.export).collect();
    network.finish(&exports)
}

fn bugs(network: &Network, node: &str) -> Result<Vec<String>> {
    let mut lines = network.log_lines(node)?;
    lines.retain(|line| line.contains("Bug:"));
    Ok(lines)
}
