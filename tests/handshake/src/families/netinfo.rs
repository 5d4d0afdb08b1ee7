//! NETINFO: addresses of any kind, clocks, and when it comes.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::{bytes, pick, random, Family, FIRST_SEED};
use crate::families::honest;
use crate::script::{ipv4, ipv6, Conn, Event, Mode, Netinfo, Script, World, OURS, PEER};
use crate::{command, BEGINNING};

pub const FAMILY: Family = Family {
    name: "netinfo",
    about: "NETINFO: addresses, clocks, lengths",
    scripts,
    reaches: &[
        ("Failed to parse NETINFO cell", 50),
        ("Cannot read address from NETINFO", 100),
        ("Bad address in netinfo cell", 50),
        ("but no authentication", 8),
        ("on a v1 connection; dropping", 4),
        ("on non-versioned connection; dropping", 4),
        ("NETINFO cell on non-handshaking connection", 20),
        ("call clock_skew_warning", 50),
        ("= is_canonical 1", 200),
        ("= is_canonical_to_peer 1", 200),
        ("= state 6", 500),
        ("they will not consider this connection canonical", 20),
        ("their address is ours", 1),
    ],
};

/// Whose NETINFO it is.
#[derive(Clone, Debug)]
struct Party {
    name: String,
    script: Script,
    /// All before NETINFO.
    before: Vec<Event>,
}

fn parties() -> Vec<Party> {
    let mut parties = Vec::new();
    for mode in Mode::ALL {
        let mut add = |name: &str, conn: Conn, mut before: Vec<Event>| {
            before.pop();
            let name = format!("{mode:?} {name}");
            let script = Script::new(name.clone(), mode, conn);
            parties.push(Party {
                name,
                script,
                before,
            });
        };
        add("connects", Conn::initiator(), honest::responder(5));
        if mode != Mode::Client {
            add("meets a relay", Conn::responder(), honest::initiator(4));
            add("meets a client", Conn::responder(), honest::client(3));
        }
    }
    parties
}

/// Bodies of NETINFO, by their names.
pub fn bodies() -> Vec<(String, Vec<u8>)> {
    let good = Netinfo::good();
    let other = |other: (u8, Vec<u8>)| Netinfo {
        other,
        ..good.clone()
    };
    let mine = |mine: Vec<(u8, Vec<u8>)>| Netinfo {
        mine,
        ..good.clone()
    };
    let at = |seconds: i64| Netinfo {
        timestamp: (BEGINNING + seconds) as u32,
        ..good.clone()
    };
    let mut bodies: Vec<(String, Vec<u8>)> = [
        ("good", good.clone()),
        ("we are elsewhere", other(ipv4([203, 0, 113, 9]))),
        ("we are where it is", other(ipv4(PEER))),
        ("we are nowhere", other(ipv4([0; 4]))),
        ("we are local", other(ipv4([127, 0, 0, 1]))),
        ("we are at IPv6", other(ipv6("2001:db8::1"))),
        ("we are at another IPv6", other(ipv6("2001:db8::2"))),
        ("we are at ::", other(ipv6("::"))),
        ("IPv4 in IPv6", other(ipv6("::ffff:192.0.2.1"))),
        ("IPv4 of 16 bytes", other((4, vec![9; 16]))),
        ("IPv4 of 3 bytes", other((4, vec![9; 3]))),
        ("IPv4 of 5 bytes", other((4, vec![9; 5]))),
        ("IPv4 of no bytes", other((4, vec![]))),
        ("IPv6 of 4 bytes", other((6, vec![9; 4]))),
        ("IPv6 of 15 bytes", other((6, vec![9; 15]))),
        ("IPv6 of 17 bytes", other((6, vec![9; 17]))),
        ("a hostname", other((0, b"example.com".to_vec()))),
        ("an error", other((0xf0, vec![0; 4]))),
        ("type 0", other((0, vec![0; 4]))),
        ("type 255 of 255 bytes", other((255, vec![1; 255]))),
        ("it is nowhere", mine(vec![])),
        ("it is elsewhere", mine(vec![ipv4([203, 0, 113, 9])])),
        ("it is at IPv6", mine(vec![ipv6("2001:db8::7")])),
        (
            "it is elsewhere and here",
            mine(vec![ipv4([203, 0, 113, 9]), ipv4(PEER)]),
        ),
        ("it is here twice", mine(vec![ipv4(PEER), ipv4(PEER)])),
        (
            "it is somewhere unreadable and here",
            mine(vec![(4, vec![1; 3]), (7, vec![]), ipv4(PEER)]),
        ),
        (
            "it is here and somewhere unreadable",
            mine(vec![ipv4(PEER), (6, vec![1; 4])]),
        ),
        ("it is at 80 places", mine(vec![ipv4([203, 0, 113, 1]); 80])),
        (
            "it is at 82 places and here",
            mine([vec![ipv4([203, 0, 113, 1]); 81], vec![ipv4(PEER)]].concat()),
        ),
        ("more places than fit", mine(vec![ipv4(PEER); 255])),
        ("no clock", at(-BEGINNING)),
        ("an hour early", at(-3600)),
        ("more than an hour early", at(-3601)),
        ("an hour late", at(3600)),
        ("more than an hour late", at(3601)),
        ("a year late", at(365 * 86400)),
        ("the last second", at(i64::from(u32::MAX) - BEGINNING)),
    ]
    .into_iter()
    .map(|(name, netinfo)| {
        let mut body = netinfo.encode();
        body.truncate(509);
        (name.to_string(), body)
    })
    .collect();
    let mut counted = |name: &str, n: u8| {
        let mut body = Netinfo::good().encode();
        body[10] = n;
        bodies.push((name.into(), body));
    };
    counted("two places and one there", 2);
    counted("255 places and one there", 255);
    counted("no places and one there", 0);
    bodies.push(("all zero".into(), Vec::new()));
    bodies.push(("all ones".into(), vec![255; 509]));
    let mut last = vec![0, 0, 0, 0, 4, 4, 192, 0, 2, 1, 1, 7, 255];
    last.resize(509, 1);
    bodies.push(("a long one".into(), last));
    bodies
}

fn worlds() -> Vec<(&'static str, Vec<World>)> {
    vec![
        ("", vec![World::UnsafeLog]),
        ("known", vec![World::Known]),
        ("authority", vec![World::Trusted, World::Known]),
        ("IPv6", vec![World::Ipv6("2001:db8::1"), World::UnsafeLog]),
        ("no descriptor", vec![World::NoDescriptor]),
    ]
}

fn scripts() -> Vec<Script> {
    let mut scripts = Vec::new();
    for party in parties() {
        let begun = party.script.clone().then_all(party.before.clone());
        for (name, body) in bodies() {
            let event = Event::cell(command::NETINFO, body);
            for (world_name, world) in worlds() {
                let mut script = begun.clone().called(&name).called(world_name);
                script.world.extend(world);
                scripts.push(script.then(event.clone()));
            }
        }
        for (late, name) in [
            (179, "179 s later"),
            (180, "180 s later"),
            (-10, "10 s earlier"),
        ] {
            for clock in [0, 4000, -4000] {
                let netinfo = Netinfo {
                    timestamp: (BEGINNING + clock) as u32,
                    ..Netinfo::good()
                };
                let script = begun.clone().called(name).called(format!("clock {clock}"));
                scripts.push(
                    script
                        .with(World::Known)
                        .then(Event::Time(late))
                        .then(netinfo.event()),
                );
            }
        }
        let early: Vec<_> = (0..party.before.len()).collect();
        for at in early {
            for keep_going in [false, true] {
                let name = format!("after {at} events, going on: {keep_going}");
                let mut script = party.script.clone().called(name);
                if keep_going {
                    script.world.push(World::KeepGoing);
                }
                script.events.extend_from_slice(&party.before[..at]);
                script.events.push(Netinfo::good().event());
                script.events.extend_from_slice(&party.before[at..]);
                script.events.push(Netinfo::good().event());
                scripts.push(script);
            }
        }
        scripts.push(
            begun
                .clone()
                .called("twice")
                .then(Netinfo::good().event())
                .then(Netinfo::good().event()),
        );
        scripts.push(
            begun
                .called("on a circuit")
                .then(Event::Cell(crate::script::Cell {
                    circ_id: 77,
                    command: command::NETINFO,
                    body: Netinfo::good().encode(),
                })),
        );
        for proto in [0, 1, 2] {
            for state in [4, 5, 6] {
                if (proto, state) == (2, 5) {
                    // Nobody gets there, and C Tor asserts that.
                    continue;
                }
                let script = party.script.clone();
                scripts.push(
                    script
                        .called(format!("link protocol {proto}, state {state}"))
                        .then_all(party.before.iter().take(2).cloned())
                        .then(Event::Set("link_proto", proto))
                        .then(Event::Set("state", state))
                        .then(Netinfo::good().event()),
                );
            }
        }
    }
    for seed in FIRST_SEED..FIRST_SEED + 1000 {
        let mut random = random(seed);
        let parties = parties();
        let party = pick(&mut random, &parties);
        let mut script = party.script.clone().then_all(party.before.clone());
        script.name = format!("seed {seed}, {}", party.name);
        let worlds = worlds();
        script
            .world
            .extend(pick(&mut random, &worlds).1.iter().cloned());
        scripts.push(script.then(any(&mut random)));
    }
    scripts
}

/// An address that may be one.
fn address(random: &mut ChaCha8Rng) -> (u8, Vec<u8>) {
    match random.random_range(0..10) {
        0 | 1 => ipv4(OURS),
        2 | 3 => ipv4(PEER),
        4 => ipv6("2001:db8::1"),
        5 => (4, bytes(random, 4)),
        6 => (6, bytes(random, 16)),
        7 => (*pick(random, &[4, 6]), {
            let len = random.random_range(0..20);
            bytes(random, len)
        }),
        _ => (random.random(), {
            let len = random.random_range(0..20);
            bytes(random, len)
        }),
    }
}

/// Any NETINFO.
pub fn any(random: &mut ChaCha8Rng) -> Event {
    let skew = *pick(random, &[0, 0, 0, 3000, 4000, -4000, 1 << 30]);
    let places = random.random_range(0..6);
    let mut body = Netinfo {
        timestamp: (BEGINNING + skew) as u32,
        other: address(random),
        mine: (0..places).map(|_| address(random)).collect(),
    }
    .encode();
    body.truncate(509);
    if random.random_bool(0.3) {
        let at = random.random_range(0..body.len());
        body[at] = random.random();
    }
    Event::cell(command::NETINFO, body)
}
