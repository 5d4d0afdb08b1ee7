//! Which handshakes the circuits of a mixed network are made by, and that each of
//! them joins a C end and a Rust end, either of them at either end.
//!
//! Tor 0.4.9 asks every relay that knows CGO for ntor v3, whatever the consensus
//! says of congestion control: then it carries an empty message. Plain ntor is for
//! introduction and rendezvous points (see [`Points`]), CREATE_FAST for a relay of
//! which no onion key is known. Relays count the first two, but not for their
//! neighbours that are no relays; that a circuit is complete says that both ends of
//! each handshake found the same keys.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{bail, ensure, Context, Result};
use network::{Circuit, Handshakes, Network, NodeSpec, Points, Role, Target, Transfer};

use crate::{each, paths, EXITS, GUARDS, MIDDLES};

/// Every client makes ntor v3 handshakes with relays of either build, each client in
/// its turn, so that the relays' counts tell whose they were.
pub fn ntor_v3(network: &Network) -> Result<()> {
    let paths = paths();
    // Half of all paths lead through any one relay.
    let expected = paths.len() as u64 / 2;
    for client in network.clients() {
        let before = counts(network)?;
        let circuits: Result<Vec<Circuit>> = paths
            .iter()
            .map(|path| client.build_circuit(&path.hops()))
            .collect();
        drop(circuits?);
        let after = counts(network)?;
        for relay in MIDDLES.into_iter().chain(EXITS) {
            let added = after[relay].since(before[relay]).ntor_v3;
            ensure!(
                added >= expected,
                "{} had {expected} circuits through {relay}, which counted {added} ntor v3",
                client.name()
            );
            println!(
                "{} ({}) with {relay} ({}): {added} ntor v3",
                client.name(),
                build(network, client.name())?,
                build(network, relay)?
            );
        }
    }
    Ok(())
}

/// The ntor handshakes of clients with introduction points and of services with
/// rendezvous points.
pub struct Ntor<'a> {
    network: &'a Network,
    watched: Vec<(&'a NodeSpec, Points)>,
    before: BTreeMap<&'a str, Handshakes>,
}

impl<'a> Ntor<'a> {
    /// Watches from now on.
    pub fn watch(network: &'a Network) -> Result<Ntor<'a>> {
        let watched = network
            .nodes()
            .filter(|node| matches!(node.role, Role::Client | Role::Onion))
            .map(|node| Ok((node, Points::watch(network.control(&node.name)?)?)))
            .collect::<Result<_>>()?;
        Ok(Ntor {
            network,
            watched,
            before: counts(network)?,
        })
    }

    /// Lets clients meet services until each of either has shaken hands with a C
    /// relay and a Rust relay: tor draws these relays at random.
    pub fn until_all_have_met_both(mut self) -> Result<()> {
        let mut met = BTreeSet::new();
        let mut reached = BTreeMap::new();
        let wanted = 2 * self.watched.len();
        for round in 0..MOST_ROUNDS {
            for (node, points) in &mut self.watched {
                for relay in points.reached()? {
                    let of_relay = build(self.network, &relay)?;
                    println!(
                        "{} ({}) met {relay} ({of_relay})",
                        node.name, node.binary.label
                    );
                    met.insert((node.name.as_str(), of_relay));
                    *reached.entry(relay).or_insert(0) += 1;
                }
            }
            if met.len() == wanted {
                return self.relays_counted(&reached);
            }
            each(self.network.clients(), |client| {
                for onion in self.network.onions().keys() {
                    let isolation = format!("{onion} again, {round}");
                    let fetch = Transfer::fetch(Target::Onion(onion), 1 << 10);
                    let done = client.run(&fetch.isolated(&isolation), &mut |_| {})?;
                    ensure!(done.matches(), "{onion} was fetched wrongly");
                }
                Ok(())
            })?;
        }
        bail!("after {MOST_ROUNDS} rounds only these have met: {met:?}")
    }

    fn relays_counted(&self, reached: &BTreeMap<String, u64>) -> Result<()> {
        let after = counts(self.network)?;
        for (relay, expected) in reached {
            let (before, after) = (self.before[relay.as_str()], after[relay.as_str()]);
            let added = after.since(before).ntor;
            println!("{relay}: {added} ntor, {expected} of them seen at the other end");
            ensure!(
                added >= *expected,
                "{expected} circuits met at {relay}, which counted {added} ntor"
            );
        }
        Ok(())
    }
}

/// Each client asks a relay of the other build for its descriptor as if it knew
/// nothing of it. These are the last circuits of this network: the clients
/// take that relay for their bridge.
pub fn create_fast(network: &Network) -> Result<()> {
    let [c, rust] = network.clients() else {
        bail!("one client of each build is needed");
    };
    // Relays of odd number run C, those of even number Rust.
    each(&[(c, GUARDS[1]), (rust, GUARDS[0])], |(client, relay)| {
        let (of_client, of_relay) = (build(network, client.name())?, build(network, relay)?);
        ensure!(of_client != of_relay, "both ends are {of_client}");
        let log = circuit_log(node(network, client.name())?);
        // It may have done so when it started.
        let earlier = sent_create_fast(&log, relay)?;
        client.use_bridge(relay, network.or_port(relay)?)?;
        let arrived = format!("new bridge descriptor '{relay}'");
        let deadline = Instant::now() + DESCRIPTOR_LIMIT;
        while !logged(network, client.name(), &arrived)? {
            ensure!(
                Instant::now() < deadline,
                "{relay} sent {} no descriptor",
                client.name()
            );
            thread::sleep(Duration::from_millis(100));
        }
        ensure!(
            sent_create_fast(&log, relay)? > earlier,
            "{} sent {relay} no CREATE_FAST",
            client.name()
        );
        println!(
            "{} ({of_client}) with {relay} ({of_relay}): CREATE_FAST",
            client.name()
        );
        Ok(())
    })
}

/// Where a client notes what it sends to first hops.
pub fn circuit_log(client: &NodeSpec) -> PathBuf {
    client.folder.join("circuits.log")
}

/// How many CREATE_FAST cells this relay has been sent.
fn sent_create_fast(log: &Path, relay: &str) -> Result<usize> {
    let to_relay = format!("~{relay} ");
    let lines = fs::read_to_string(log)?;
    let sent = lines.lines().filter(|line| {
        line.contains("finished sending CREATE_FAST cell to") && line.contains(&to_relay)
    });
    Ok(sent.count())
}

fn logged(network: &Network, node: &str, text: &str) -> Result<bool> {
    let lines = network.log_lines(node)?;
    Ok(lines.iter().any(|line| line.contains(text)))
}

fn counts(network: &Network) -> Result<BTreeMap<&str, Handshakes>> {
    let relays = network.nodes().filter(|node| node.role.relays());
    relays
        .map(|node| Ok((node.name.as_str(), network.handshakes(&node.name)?)))
        .collect()
}

/// The label of the build that a node runs.
pub fn build<'a>(network: &'a Network, node_name: &str) -> Result<&'a str> {
    Ok(&node(network, node_name)?.binary.label)
}

fn node<'a>(network: &'a Network, name: &str) -> Result<&'a NodeSpec> {
    let node = network.nodes().find(|node| node.name == name);
    node.with_context(|| format!("this network has no node {name}"))
}

/// Each round, a node meets at least one relay, and half of them are of either
/// build.
const MOST_ROUNDS: usize = 40;
/// This only ends the wait for a descriptor that does not come.
const DESCRIPTOR_LIMIT: Duration = Duration::from_secs(60);
