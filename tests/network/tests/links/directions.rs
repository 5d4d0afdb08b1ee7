//! Links between C relays and Rust relays: in both directions, over IPv4 and over IPv6.
//! A circuit that is extended makes one relay open a link to the other; its handshake
//! with the second relay shows that cells pass in both directions. What both relays
//! say of the link has to be that it is open, between these addresses, with link
//! protocol 5, and that each knows who the other one is.

use std::net::SocketAddr;

use anyhow::{ensure, Context, Result};
use network::Network;
use peer::{play, Relay, Script};

use crate::tor::Tor;
use crate::{keys, start};

/// Which relay opens a link to which; no two of them have two links. Those of odd
/// number run C.
const LINKS: [(&str, &str, Family); 6] = [
    ("relay1", "relay2", Family::IPv4),
    ("relay4", "relay1", Family::IPv4),
    ("relay3", "relay4", Family::IPv6),
    ("relay2", "relay3", Family::IPv6),
    ("relay3", "relay1", Family::IPv6),
    ("relay4", "relay2", Family::IPv6),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    IPv4,
    IPv6,
}

pub fn test() -> Result<()> {
    let network = start("directions", 4, 0, &[])?;
    for (from, to, family) in LINKS {
        link(&network, from, to, family)
            .with_context(|| format!("logs are in {}", network.folder().display()))?;
    }
    network.finish(&[])
}

fn link(network: &Network, from: &str, to: &str, family: Family) -> Result<()> {
    let (mut opens, mut waits) = (Tor::relay(network, from)?, Tor::relay(network, to)?);
    let target = Relay {
        or_port: or_port(network, to, family)?,
        ..waits.as_relay()?
    };
    let script = Script::open(format!("{from} to {to}"), 5)
        .circuit(0x8000_0001, |circuit| {
            circuit.extend_ntor_v3(&target).wait(1)
        })
        .probe();
    let transcript = play(&opens.as_relay()?, &script)?;
    let extended = transcript.has("RELAY EXTENDED2, keys agree");
    ensure!(extended, "{from} to {to}, {family:?}: {transcript}");

    let ip = target.or_port.ip();
    let with = match family {
        Family::IPv4 => format!("with {ip}:"),
        Family::IPv6 => format!("with [{ip}]:"),
    };
    // A relay whose address is not its IPv4 address may not be known by it yet, so
    // what is said is told from what is said of our own link by the identities.
    let open = "OR connection is now open, using protocol version 5. Its ID digest is <another id>";
    let opening = "Authenticated it with RSA and Ed25519";
    let waiting = "type 3: Looks good.";
    for (tor, at_last) in [(&mut opens, opening), (&mut waits, waiting)] {
        let said = tor.said(&[])?;
        for expected in [at_last, open] {
            let line = said
                .iter()
                .find(|line| line.contains(expected) && line.contains(&with));
            ensure!(
                line.is_some(),
                "{} did not say \"{expected}\" of a link {with}, but\n    {}",
                tor.name(),
                said.join("\n    ")
            );
        }
    }
    for (at, other) in [(from, to), (to, from)] {
        let keys = keys::relay(network, other)?.keys.context("no keys")?;
        let fingerprint = hex::encode_upper(keys.rsa_id);
        let links = network.control(at)?.get_info("orconn-status")?;
        let connected = links
            .lines()
            .any(|line| line.contains(&fingerprint) && line.ends_with("CONNECTED"));
        ensure!(connected, "{at} has no link with {other}, but {links}");
    }
    println!(
        "{from} ({}) to {to} ({}): {family:?}, link protocol 5, both authenticated",
        build(network, from)?,
        build(network, to)?
    );
    Ok(())
}

/// Where a relay listens.
fn or_port(network: &Network, relay: &str, family: Family) -> Result<SocketAddr> {
    let listeners = network.control(relay)?.get_info("net/listeners/or")?;
    listeners
        .split(' ')
        .filter_map(|listener| listener.trim_matches('"').parse::<SocketAddr>().ok())
        .find(|address| address.is_ipv6() == (family == Family::IPv6))
        .with_context(|| format!("{relay} has no ORPort for {family:?}: {listeners}"))
}

fn build<'a>(network: &'a Network, name: &str) -> Result<&'a str> {
    let node = network.nodes().find(|node| node.name == name);
    let node = node.with_context(|| format!("there is no {name}"))?;
    Ok(&node.binary.label)
}
