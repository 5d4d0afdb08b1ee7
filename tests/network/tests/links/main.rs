//! Links, by C tors and Rust tors that belong to no network: hostile responders that
//! relays and clients connect to, hostile initiators that say they are relays, slow
//! and silent peers of both roles, links between C and Rust in both directions over
//! IPv4 and IPv6, and what many links leave behind.
//!
//! Of hostile peers everything that they see has to be equal, case by case: cells and
//! their content, whether the connection is closed or held open, and besides what the
//! tor says in its log about the link, in order. Initiators that do not say who they
//! are stand in `tests/hostile`.
//!
//! The builds come from the environment: `TORRS_TOR_C` and `TORRS_TOR_RUST` are
//! tor build directories.

mod case;
mod certs;
mod directions;
mod initiators;
#[path = "../hostile/keys.rs"]
mod keys;
mod log;
mod memory;
mod pairs;
mod responders;
mod stalls;
mod tor;

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{ensure, Result};
use case::Case;
use network::{Binary, Network, Role, Select, Setting, Spec};
use pairs::{joined, Pair, Play};
use tor::Tor;

/// Waits dominate, so all of it happens at the same time.
#[test]
fn c_and_rust_answer_hostile_peers_alike() -> Result<()> {
    let network = start("hostile", 6, CLIENTS, &[])?;
    let stalling = start("stalls", 2, 2, &[stalls::KEEPALIVE])?;
    let results = thread::scope(|scope| {
        let network = &network;
        let stalls = scope
            .spawn(|| stalls::play_all(&stalling, ["relay1", "relay2"], ["client1", "client2"]));
        let initiators = scope.spawn(|| hostile_initiators(network));
        let clients = scope.spawn(|| hostile_responders_of_clients(network));
        let relays = hostile_responders_of_relays(network);
        [relays, joined(initiators), joined(clients), joined(stalls)]
    });
    let failed = results.into_iter().filter_map(Result::err);
    let failed: Vec<String> = failed.map(|error| format!("{error:#}")).collect();
    ensure!(failed.is_empty(), "{}", failed.join("\n"));
    stalling.finish(&[])?;
    network.finish(&[])
}

#[test]
fn c_and_rust_open_links_to_each_other_in_both_directions_over_ipv4_and_ipv6() -> Result<()> {
    directions::test()
}

#[test]
fn five_hundred_links_leave_no_growth() -> Result<()> {
    memory::test()
}

fn hostile_initiators(network: &Network) -> Result<()> {
    let cases = initiators::cases();
    let cases: Vec<&Case> = cases.iter().collect();
    let pairs = vec![["relay1".to_owned(), "relay2".to_owned()]];
    let of = |names: &[String; 2]| Pair::relays(network, &names[0], &names[1]);
    let play = Play {
        network,
        meet: Tor::meet_initiator,
        known: &initiators::KNOWN,
        different: &[
            // What is seen differs, and then what is said alone.
            (
                "AUTHENTICATE: Field(\"RAND\")",
                "AUTHENTICATE: Afterwards(\"RAND\")",
            ),
            ("AUTHENTICATE: Cut(65)", "AUTHENTICATE: Cut(200)"),
        ],
    };
    play.all(&cases, &pairs, of)
}

fn hostile_responders_of_relays(network: &Network) -> Result<()> {
    let cases = responders::cases();
    let cases: Vec<&Case> = cases.iter().collect();
    let pairs = [3, 5].map(|first| [first, first + 1].map(|number| format!("relay{number}")));
    let of = |names: &[String; 2]| Pair::relays(network, &names[0], &names[1]);
    let play = Play {
        network,
        meet: Tor::meet_responder,
        known: &responders::KNOWN_OF_RELAYS,
        different: &[
            ("RSA alone, AUTH_CHALLENGE", "RSA alone, no AUTH_CHALLENGE"),
            ("CERTS: type 5 expired", "CERTS: type 5 for another key"),
        ],
    };
    play.all(&cases, &pairs, of)
}

/// A client looks for new bridges once a second, so there are many.
fn hostile_responders_of_clients(network: &Network) -> Result<()> {
    let cases = responders::cases();
    let cases: Vec<&Case> = cases.iter().filter(|case| case.clients).collect();
    let pairs: Vec<[String; 2]> = (1..=CLIENTS)
        .step_by(2)
        .map(|first| [first, first + 1].map(|number| format!("client{number}")))
        .collect();
    let of = |names: &[String; 2]| Pair::clients(network, &names[0], &names[1]);
    let play = Play {
        network,
        meet: Tor::meet_responder,
        known: &responders::KNOWN_OF_CLIENTS,
        different: &[],
    };
    play.all(&cases, &pairs, of)
}

/// Relays and clients; those of odd number run C, the others Rust.
fn start(name: &str, relays: usize, clients: usize, lines: &[&str]) -> Result<Network> {
    let (c, rust) = (
        Binary::from_variable("C", "TORRS_TOR_C")?,
        Binary::from_variable("Rust", "TORRS_TOR_RUST")?,
    );
    let folder = tempfile::Builder::new()
        .prefix(&format!("torrs-links-{name}-"))
        .tempdir_in(env!("CARGO_TARGET_TMPDIR"))?
        .keep();
    println!(
        "{name}: in Rust {}; logs in {}",
        rust.components()?.join(" "),
        folder.display()
    );
    let mut spec = Spec::new(folder.canonicalize()?, c);
    spec.authorities = 0;
    spec.relays = relays;
    spec.exits = 0;
    spec.clients = clients;
    spec.onions = 0;
    for node in spec.nodes() {
        let mut add = |setting: Setting| {
            let select = Select::Node(node.name.clone());
            spec = spec.clone().with(select, setting);
        };
        let number = node.name.trim_start_matches(node.role.prefix());
        if number.parse::<usize>()? % 2 == 0 {
            add(Setting::Binary(rust.clone()));
        }
        add(Setting::Torrc(log::torrc(&node.folder)));
        let lines_of_role: &[&str] = match node.role {
            Role::Relay => &["ORPort [::1]:auto"],
            // A new bridge is asked at once.
            _ => &[
                "TestingBridgeDownloadInitialDelay 0",
                // Failures of circuits are forgotten after that long.
                "NewCircuitPeriod 1 second",
            ],
        };
        let lines = lines_of_role.iter().chain(lines);
        lines.for_each(|line| add(Setting::Torrc((*line).to_owned())));
    }
    let network = Network::start_without_authorities(spec)?;
    for number in 1..=relays {
        await_descriptor(&network, &format!("relay{number}"))?;
    }
    Ok(network)
}

/// A relay that has not yet made its own descriptor does not say its addresses.
fn await_descriptor(network: &Network, relay: &str) -> Result<()> {
    let mut control = network.control(relay)?;
    let deadline = Instant::now() + DESCRIPTOR_LIMIT;
    while control.ask("GETINFO exit-policy/full")?.code != 250 {
        ensure!(
            Instant::now() < deadline,
            "{relay} has made no descriptor of its own"
        );
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// That is made within a second.
const DESCRIPTOR_LIMIT: Duration = Duration::from_secs(60);

/// Clients that are at work at the same time.
const CLIENTS: usize = 20;
