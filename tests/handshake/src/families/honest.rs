//! Handshakes as tors make them: both roles, all link protocols, what we may be,
//! and worlds that make a difference.

use crate::certs::Certs;
use crate::command;
use crate::families::Family;
use crate::keys::{self, EdKey};
use crate::script::{ipv4, ipv6, Authenticate, Conn, Event, Mode, Netinfo, Script, World, OURS};

pub const FAMILY: Family = Family {
    name: "honest",
    about: "whole handshakes, and cells after them",
    scripts,
    reaches: &[
        ("= state 6", 300),
        ("= link_proto 3", 80),
        ("= link_proto 4", 80),
        ("= link_proto 5", 80),
        ("= authenticated_ed25519 1", 200),
        ("= is_canonical 1", 200),
        ("= is_canonical_to_peer 1", 100),
        ("= is_client 1", 50),
        ("= padding_enabled 1", 80),
        ("call cell_handler", 200),
        ("Couldn't send certs cell", 20),
        ("call learned_router_identity", 10),
        ("call dirserv_orconn_tls_done", 10),
        ("call clock_skew_warning", 5),
        ("Authenticated it with RSA and Ed25519", 100),
        ("Waiting for AUTHENTICATE", 50),
    ],
};

/// VERSIONS of a peer that ends in this protocol.
pub fn versions(proto: u16) -> Event {
    let list: Vec<u16> = (3..=proto).collect();
    Event::versions(&list)
}

/// What a responder does with whom we connect.
pub fn responder(proto: u16) -> Vec<Event> {
    vec![
        Event::Launch,
        versions(proto),
        Event::certs(&Certs::of_responder()),
        Event::auth_challenge(&[1, 3]),
        Netinfo::good().event(),
    ]
}

/// What a relay does that connects to us.
pub fn initiator(proto: u16) -> Vec<Event> {
    vec![
        Event::Wait,
        versions(proto),
        Event::certs(&Certs::of_initiator()),
        Event::Authenticate(Authenticate::default()),
        Netinfo::good().event(),
    ]
}

/// What a client does that connects to us.
pub fn client(proto: u16) -> Vec<Event> {
    let netinfo = Netinfo {
        timestamp: 0,
        other: ipv4(OURS),
        mine: Vec::new(),
    };
    vec![Event::Wait, versions(proto), netinfo.event()]
}

/// Handshakes between the peer and us, all that there are.
pub fn handshakes() -> Vec<Script> {
    let mut scripts = Vec::new();
    for proto in 3..=5 {
        for mode in Mode::ALL {
            let name = format!("{mode:?} connects, link protocol {proto}");
            let script = Script::new(name, mode, Conn::initiator());
            scripts.push(script.then_all(responder(proto)));
            if mode == Mode::Client {
                continue;
            }
            let name = format!("a relay connects to {mode:?}, link protocol {proto}");
            let script = Script::new(name, mode, Conn::responder());
            scripts.push(script.then_all(initiator(proto)));
            let name = format!("a client connects to {mode:?}, link protocol {proto}");
            let script = Script::new(name, mode, Conn::responder());
            scripts.push(script.then_all(client(proto)));
        }
    }
    scripts
}

/// Cells on an open link.
pub fn afterwards() -> Vec<Event> {
    vec![
        Event::cell(command::PADDING, []),
        Event::var(command::VPADDING, [1, 2, 3]),
        Event::cell(command::PADDING_NEGOTIATE, [0, 2, 0x10, 0, 0x20, 0]),
        Event::cell(command::CREATE2, [0, 2, 0, 84]),
        Event::cell(command::RELAY, [9; 509]),
        Event::cell(command::DESTROY, [1]),
        Netinfo::good().event(),
        Event::versions(&[3]),
    ]
}

/// Worlds that make a difference, by their names.
fn worlds() -> Vec<(&'static str, Vec<World>)> {
    let identity = keys::fingerprint(&keys::PEER_IDENTITY);
    let node = |address, ed| World::Node {
        address,
        identity,
        ed,
    };
    let peer_ed = Some(EdKey::IDENTITY.public());
    let other_ed = Some(EdKey::OTHER.public());
    vec![
        ("", vec![]),
        ("addresses in the log", vec![World::UnsafeLog]),
        ("ProtocolWarnings", vec![World::ProtocolWarnings]),
        ("an authority", vec![World::Trusted]),
        ("in the consensus", vec![World::Known]),
        ("no descriptor", vec![World::NoDescriptor]),
        ("no certificates", vec![World::NoCertificates]),
        (
            "no certificates, going on",
            vec![World::NoCertificates, World::KeepGoing],
        ),
        ("IPv6, too", vec![World::Ipv6("2001:db8::1")]),
        ("known, here", vec![node("198.51.100.7", None)]),
        ("known, elsewhere", vec![node("203.0.113.1", None)]),
        (
            "known with its Ed25519",
            vec![node("198.51.100.7", peer_ed)],
        ),
        (
            "known with another Ed25519",
            vec![node("198.51.100.7", other_ed)],
        ),
        (
            "closing is noted only",
            vec![World::KeepGoing, World::UnsafeLog],
        ),
    ]
}

fn scripts() -> Vec<Script> {
    let mut scripts = Vec::new();
    for handshake in handshakes() {
        for (name, world) in worlds() {
            let mut script = handshake.clone().called(name);
            script.world.extend(world);
            scripts.push(script.then_all(afterwards()));
        }
    }
    scripts.extend(expectations());
    scripts.extend(addresses());
    for mode in Mode::ALL {
        let initiator = Script::new(format!("{mode:?}, RSA only"), mode, Conn::initiator());
        let mut events = responder(4);
        events[2] = Event::certs(&Certs::of_responder().rsa_only());
        scripts.push(initiator.then_all(events));
        let slow = Script::new(format!("{mode:?}, slow"), mode, Conn::initiator());
        let mut events = responder(4);
        events.insert(4, Event::Time(200));
        events.insert(2, Event::Time(5));
        scripts.push(slow.with(World::Known).then_all(events));
    }
    scripts
}

/// Whom we wanted to reach.
fn expectations() -> Vec<Script> {
    let rsa = keys::fingerprint(&keys::PEER_IDENTITY);
    let other_rsa = keys::fingerprint(&keys::OTHER_IDENTITY);
    let (ed, other_ed) = (EdKey::IDENTITY.public(), EdKey::OTHER.public());
    let mut scripts = Vec::new();
    for mode in Mode::ALL {
        for (rsa_name, rsa) in [
            ("any", None),
            ("this", Some(rsa)),
            ("another", Some(other_rsa)),
        ] {
            for (ed_name, ed) in [
                ("any", None),
                ("this", Some(ed)),
                ("another", Some(other_ed)),
            ] {
                for trusted in [false, true] {
                    for rsa_only in [false, true] {
                        let name = format!(
                            "{mode:?} expects {rsa_name} RSA and {ed_name} Ed25519, \
                             authority: {trusted}, RSA only: {rsa_only}"
                        );
                        let conn = Conn {
                            rsa,
                            ed,
                            ..Conn::initiator()
                        };
                        let mut events = responder(5);
                        if rsa_only {
                            events[2] = Event::certs(&Certs::of_responder().rsa_only());
                        }
                        let mut script = Script::new(name, mode, conn).then_all(events);
                        if trusted {
                            script.world.push(World::Trusted);
                        }
                        scripts.push(script);
                    }
                }
            }
        }
    }
    scripts
}

/// Links over IPv6, and to addresses that are local.
fn addresses() -> Vec<Script> {
    let mut scripts = Vec::new();
    for address in ["2001:db8::7", "127.0.0.1", "10.1.2.3", "::1"] {
        for mode in [Mode::Relay, Mode::Client] {
            let netinfo = Netinfo {
                mine: vec![ipv4([198, 51, 100, 7]), ipv6("2001:db8::7")],
                other: ipv6("2001:db8::1"),
                ..Netinfo::good()
            };
            let conn = |conn: Conn| Conn {
                address: match address.contains(':') {
                    true => format!("[{address}]"),
                    false => address.into(),
                },
                ..conn
            };
            let mut events = responder(5);
            events[4] = netinfo.event();
            let name = format!("{mode:?} connects to {address}");
            let world = World::Ipv6("2001:db8::1");
            let script = Script::new(name, mode, conn(Conn::initiator()));
            scripts.push(script.with(world.clone()).then_all(events));
            if mode == Mode::Relay {
                let mut events = initiator(5);
                events[4] = netinfo.event();
                let name = format!("a relay connects from {address}");
                let script = Script::new(name, mode, conn(Conn::responder()));
                scripts.push(script.with(world.clone()).then_all(events));
                let name = format!("a client connects from {address}");
                let script = Script::new(name, mode, conn(Conn::responder()));
                scripts.push(script.with(world).then_all(client(5)));
            }
        }
    }
    scripts
}
