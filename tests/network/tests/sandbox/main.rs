//! `Sandbox 1`: C and Rust relays, clients and onion services under tor's own seccomp
//! filter, with every component at work: links, certificates, cells, handshakes of
//! every kind, tor1 and CGO. A Rust tor is refused no system call that a C tor in the
//! same position is not refused, too.
//!
//! Panics in the sandbox stand in `tests/panic.rs`. The builds come from the
//! environment: `TORRS_TOR_C`, `TORRS_TOR_RUST`, `TORRS_TOR_RUST_FAULT`.

mod calls;

use std::fs;
use std::path::{Path as Folder, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::{ensure, Result};
use network::{
    Binary, Client, Network, Path, Quiet, RelayCrypto, Role, Select, Setting, Spec, Target,
    Transfer,
};
use peer::{play, Relay, Script};

/// Enough cells for the relay crypto to show.
const BYTES: u64 = 1 << 20;

/// Nodes of odd number run C, those of even number Rust.
#[test]
fn in_the_sandbox_every_component_works_and_is_refused_no_call_that_c_is_not() -> Result<()> {
    let folder = new_folder("mixed")?;
    let (c, rust) = (
        calls::traced(&Binary::from_variable("C", "TORRS_TOR_C")?, &folder)?,
        calls::traced(&Binary::from_variable("Rust", "TORRS_TOR_RUST")?, &folder)?,
    );
    let mut spec = Spec::new(folder.join("network"), c);
    spec.exits = 4;
    spec.clients = 2;
    spec.onions = 2;
    let line = |text: &str| Setting::Torrc(text.into());
    spec = spec
        .with(Select::All, line("Sandbox 1"))
        // A service in the sandbox cannot be told later to begin.
        .with(Select::Role(Role::Onion), line("DisableNetwork 0"));
    for node in spec.nodes() {
        let number = node.name.trim_start_matches(node.role.prefix());
        if number.parse::<usize>()? % 2 == 0 {
            spec = spec.with(Select::Node(node.name), Setting::Binary(rust.clone()));
        }
    }
    let network = Network::start(spec, &Quiet)?;
    for node in network.nodes() {
        calls::is_filtered(&network, &node.name)?;
    }
    for client in network.clients() {
        for hops in [["relay1", "exit4", "exit1"], ["relay2", "exit3", "exit2"]] {
            // Built hop by hop, every hop uses CGO.
            let circuit = client.build_circuit(&hops)?;
            let path = Path::new(hops[0], hops[1], hops[2]);
            for transfer in [
                Transfer::fetch(Target::Exit, BYTES).on(&circuit),
                Transfer::send(Target::Exit, BYTES).on(&circuit),
            ] {
                carries(client, &transfer, RelayCrypto::Cgo)?;
            }
            // Built by tor itself, guard and middle use tor1.
            client.prefer_path(Some(&path))?;
            let name = format!("ordinary {path}");
            let transfer = Transfer::fetch(Target::Exit, BYTES).isolated(&name);
            carries(client, &transfer, RelayCrypto::Cgo)?;
        }
        client.prefer_path(None)?;
        for onion in network.onions().keys() {
            let transfer = Transfer::fetch(Target::Onion(onion), BYTES);
            carries(client, &transfer.isolated(onion), RelayCrypto::Tor1)?;
        }
    }
    for relay in ["exit3", "exit4"] {
        let relay = Relay {
            or_port: network.or_port(relay)?,
            keys: None,
        };
        let script = Script::open("CREATE_FAST", 5).create_fast(0x8000_0001);
        let transcript = play(&relay, &script.wait(1).probe())?;
        ensure!(transcript.has("keys agree"), "no circuit: {transcript}");
    }
    for role in [Role::Relay, Role::Exit, Role::Client, Role::Onion] {
        let of = |odd: usize| -> Result<_> {
            let nodes = network.nodes().filter(|node| node.role == role);
            let names = nodes.map(|node| &node.name).skip(odd).step_by(2);
            let mut all = std::collections::BTreeSet::new();
            for name in names {
                all.append(&mut calls::refused(&network, name, &folder)?);
            }
            Ok(all)
        };
        let (c, rust) = (of(0)?, of(1)?);
        println!("{}: refused in C {c:?}, in Rust {rust:?}", role.prefix());
        ensure!(
            rust.is_subset(&c),
            "{} in Rust is refused {rust:?}, in C {c:?}; traces are in {}",
            role.prefix(),
            folder.display()
        );
    }
    network.finish(&[NOT_INTERNED])?;
    Ok(fs::remove_dir_all(folder)?)
}

/// What any client says that gets a new setting in the sandbox: C Tor then looks for
/// files that it did not ask the sandbox to allow.
const NOT_INTERNED: &str = "sandbox_intern_string(): Bug: No interned sandbox parameter";

fn carries(client: &Client, transfer: &Transfer<'_>, expected: RelayCrypto) -> Result<()> {
    let done = client.run(transfer, &mut |_| {})?;
    ensure!(done.matches(), "what arrived is not what was sent");
    let used = client.relay_crypto(&done)?;
    ensure!(
        used == Some(expected),
        "expected {expected}, the cells show {used:?}"
    );
    println!(
        "{} over {}: {expected}",
        client.name(),
        done.path.join(", ")
    );
    Ok(())
}

/// Of two relays one takes a backtrace when a link is opened.
#[test]
fn a_call_that_the_sandbox_refuses_is_noticed_and_so_is_a_tor_without_a_sandbox() -> Result<()> {
    let folder = new_folder("planted")?;
    let rust = Binary::from_variable("Rust", "TORRS_TOR_RUST_FAULT")?;
    if !rust.components()?.iter().any(|name| name == "link") {
        println!("nothing to do: link is not in Rust here");
        return Ok(());
    }
    let mut spec = Spec::new(folder.join("network"), calls::traced(&rust, &folder)?);
    (spec.authorities, spec.relays, spec.exits) = (0, 3, 0);
    (spec.clients, spec.onions) = (0, 0);
    let fault = Setting::Env(
        "TORRS_FAULT".into(),
        "backtrace:torrs_link_var_cell:1".into(),
    );
    let node = |name: &str| Select::Node(name.into());
    let sandbox = || Setting::Torrc("Sandbox 1".into());
    spec = spec
        .with(node("relay1"), sandbox())
        .with(node("relay2"), sandbox())
        .with(node("relay2"), fault);
    let network = Network::start_without_authorities(spec)?;
    let mut refused = Vec::new();
    for name in ["relay1", "relay2"] {
        calls::is_filtered(&network, name)?;
        let relay = Relay {
            or_port: network.or_port(name)?,
            keys: None,
        };
        play(&relay, &Script::open("a link", 5).probe())?;
        // Strace writes a moment later.
        thread::sleep(Duration::from_millis(300));
        refused.push(calls::refused(&network, name, &folder)?);
    }
    println!(
        "refused: {:?}, with a backtrace {:?}",
        refused[0], refused[1]
    );
    ensure!(
        !refused[1].is_subset(&refused[0]),
        "that a backtrace was taken is not noticed"
    );
    ensure!(
        calls::is_filtered(&network, "relay3").is_err(),
        "a tor without the option counts as one with it"
    );
    network.finish(&[])?;
    Ok(fs::remove_dir_all(folder)?)
}

fn new_folder(name: &str) -> Result<PathBuf> {
    let folder = tempfile::Builder::new()
        .prefix(&format!("torrs-sandbox-{name}-"))
        .tempdir_in(Folder::new(env!("CARGO_TARGET_TMPDIR")))?
        .keep();
    println!("logs in {}", folder.display());
    Ok(folder.canonicalize()?)
}
