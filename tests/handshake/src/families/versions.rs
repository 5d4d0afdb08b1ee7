//! VERSIONS: lists of any kind, at any time.

use rand::RngExt;

use super::{pick, random, Family, FIRST_SEED};
use crate::command;
use crate::families::honest;
use crate::script::{Conn, Event, Mode, Netinfo, Script, World};

pub const FAMILY: Family = Family {
    name: "versions",
    about: "VERSIONS: odd, empty, old, unknown, twice, late",
    scripts,
    reaches: &[
        ("with odd payload length", 50),
        ("Couldn't find a version in common", 100),
        ("with its version already set to", 50),
        ("= link_proto 3", 100),
        ("= link_proto 4", 100),
        ("= link_proto 5", 100),
        ("Received unexpected VERSIONS cell on a channel", 4),
    ],
};

/// Bodies of VERSIONS, by their names.
pub fn bodies() -> Vec<(String, Vec<u8>)> {
    let list = |list: &[u16]| -> Vec<u8> {
        list.iter()
            .flat_map(|version| version.to_be_bytes())
            .collect()
    };
    let mut bodies: Vec<(String, Vec<u8>)> = [
        &[][..],
        &[1],
        &[2],
        &[1, 2],
        &[0],
        &[3],
        &[4],
        &[5],
        &[6],
        &[3, 4, 5],
        &[5, 4, 3],
        &[4, 4, 4],
        &[3, 3, 5, 5],
        &[1, 2, 3],
        &[2, 6, 0xffff],
        &[5, 0x0300],
        &[0x0300, 0x0400],
        &[4, 0, 0, 0],
        &[6, 7, 8, 5],
    ]
    .into_iter()
    .map(|versions| (format!("{versions:?}"), list(versions)))
    .collect();
    bodies.extend([
        ("4 two thousand times".into(), list(&[4; 2000])),
        ("as many as there are room for".into(), list(&[2; 32767])),
        ("one byte".into(), vec![4]),
        ("an odd length".into(), vec![0, 4, 0]),
        ("a good list and a byte".into(), vec![0, 3, 0, 4, 0, 5, 0]),
        ("the odd longest".into(), vec![0; 65535]),
    ]);
    bodies
}

fn scripts() -> Vec<Script> {
    let mut scripts = Vec::new();
    let parties = [
        (Mode::Relay, Conn::initiator(), Event::Launch),
        (Mode::Client, Conn::initiator(), Event::Launch),
        (Mode::Bridge, Conn::initiator(), Event::Launch),
        (Mode::Relay, Conn::responder(), Event::Wait),
        (Mode::Bridge, Conn::responder(), Event::Wait),
    ];
    for (mode, conn, begin) in &parties {
        let role = match conn.initiator {
            true => "connects",
            false => "is connected to",
        };
        for (name, body) in bodies() {
            let script = Script::new(format!("{mode:?} {role}: {name}"), *mode, conn.clone());
            let first = Event::var(command::VERSIONS, body.clone());
            let begun = script.then(begin.clone());
            scripts.push(
                begun
                    .clone()
                    .called("then NETINFO")
                    .then(first.clone())
                    .then(Netinfo::good().event()),
            );
            let after = begun.clone().called("after a good one");
            scripts.push(after.then(honest::versions(5)).then(first.clone()));
            let before = begun.clone().called("then a good one, whatever happened");
            scripts.push(
                before
                    .with(World::KeepGoing)
                    .then(first.clone())
                    .then(honest::versions(4)),
            );
            let mut early = begun.called("before TLS is done");
            early.events.pop();
            scripts.push(early.then(first));
        }
        // A v1 link would have it in a fixed-length cell.
        for proto in [0, 1, 4] {
            let name = format!("{mode:?} {role}: fixed-length, link protocol {proto}");
            scripts.push(
                Script::new(name, *mode, conn.clone())
                    .then(begin.clone())
                    .then(Event::Set("link_proto", proto))
                    .then(Event::cell(command::VERSIONS, [0, 4])),
            );
        }
        for state in [1, 2, 3, 4, 5, 6] {
            for proto in [0, 2, 3] {
                let name = format!("{mode:?} {role}: state {state}, link protocol {proto}");
                scripts.push(
                    Script::new(name, *mode, conn.clone())
                        .then(begin.clone())
                        .then(Event::Set("link_proto", proto))
                        .then(Event::Set("state", state))
                        .then(honest::versions(4)),
                );
            }
        }
    }
    for seed in FIRST_SEED..FIRST_SEED + 600 {
        let mut random = random(seed);
        let (mode, conn, begin) = pick(&mut random, &parties);
        let mut script = Script::new(format!("seed {seed}"), *mode, conn.clone());
        if random.random_bool(0.5) {
            script.world.push(World::KeepGoing);
        }
        script.events.push(begin.clone());
        for _ in 0..random.random_range(1..4) {
            let len = random.random_range(0..9);
            let list: Vec<u16> = (0..len)
                .map(|_| match random.random_bool(0.9) {
                    true => random.random_range(0..8),
                    false => random.random(),
                })
                .collect();
            script.events.push(Event::versions(&list));
        }
        scripts.push(script);
    }
    scripts
}
