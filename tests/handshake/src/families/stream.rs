//! Bytes as they come out of TLS: tor has to find the cells, however slowly they
//! come and wherever they are cut.

use rand::RngExt;

use super::{pick, random, Family, FIRST_SEED};
use crate::certs::Certs;
use crate::families::honest;
use crate::script::{Cell, Conn, Event, Mode, Netinfo, Script, World};

pub const FAMILY: Family = Family {
    name: "stream",
    about: "handshakes as bytes: slow, cut, with a wrong one",
    scripts,
    reaches: &[
        ("= state 6", 100),
        ("call connection_or_process_inbuf: 0", 300),
        ("connection_or_close_for_error", 50),
    ],
};

/// A cell's bytes on the wire.
fn encode(cell: &Cell, wide: bool, variable: bool) -> Vec<u8> {
    let mut bytes = match wide {
        true => cell.circ_id.to_be_bytes().to_vec(),
        false => (cell.circ_id as u16).to_be_bytes().to_vec(),
    };
    bytes.push(cell.command);
    let mut body = cell.body.clone();
    match variable {
        true => bytes.extend((body.len() as u16).to_be_bytes()),
        false => body.resize(509, 0),
    }
    bytes.extend(body);
    bytes
}

/// All that the peer says in a handshake without AUTHENTICATE, and the event
/// before it.
fn handshake(initiator: bool, proto: u16) -> (Event, Vec<u8>) {
    let events = match initiator {
        true => honest::responder(proto),
        false => {
            let mut events = honest::client(proto);
            events.insert(2, Event::certs(&Certs::of_initiator()));
            events
        }
    };
    let mut bytes = Vec::new();
    for event in &events[1..] {
        let wide = proto >= 4 && !bytes.is_empty();
        match event {
            Event::Var(cell) => bytes.extend(encode(cell, wide, true)),
            Event::Cell(cell) => bytes.extend(encode(cell, wide, false)),
            _ => {}
        }
    }
    (events[0].clone(), bytes)
}

fn scripts() -> Vec<Script> {
    let mut scripts = Vec::new();
    let parties = [
        (Mode::Client, Conn::initiator()),
        (Mode::Relay, Conn::initiator()),
        (Mode::Relay, Conn::responder()),
    ];
    for (mode, conn) in &parties {
        for proto in 3..=5 {
            let (begin, bytes) = handshake(conn.initiator, proto);
            let name = format!("{mode:?}, initiator: {}, protocol {proto}", conn.initiator);
            let script = Script::new(name, *mode, conn.clone()).then(begin);
            scripts.push(
                script
                    .clone()
                    .called("at once")
                    .then(Event::Bytes(bytes.clone())),
            );
            let one_by_one = bytes.iter().map(|byte| Event::Bytes(vec![*byte]));
            scripts.push(
                script
                    .clone()
                    .called("one byte at a time")
                    .then_all(one_by_one),
            );
            let longer = [
                &bytes[..],
                &encode(
                    &Cell {
                        circ_id: 1,
                        command: 3,
                        body: vec![],
                    },
                    proto >= 4,
                    false,
                ),
            ]
            .concat();
            scripts.push(
                script
                    .clone()
                    .called("and a cell")
                    .then(Event::Bytes(longer)),
            );
            // Wide circuit IDs where they are not, and the other way round.
            for (wide, name) in [(false, "short"), (true, "wide")] {
                let netinfo = Netinfo::good().encode();
                let cell = Cell {
                    circ_id: 0,
                    command: 8,
                    body: netinfo,
                };
                let bytes = [&bytes[..11], &encode(&cell, wide, false)].concat();
                scripts.push(
                    script
                        .clone()
                        .called(format!("{name} circuit IDs"))
                        .then(Event::Bytes(bytes)),
                );
            }
        }
    }
    for seed in FIRST_SEED..FIRST_SEED + 500 {
        let mut random = random(seed);
        let (mode, conn) = pick(&mut random, &parties);
        let (begin, mut bytes) = handshake(conn.initiator, random.random_range(3..=5));
        let mut script = Script::new(format!("seed {seed}"), *mode, conn.clone()).then(begin);
        if random.random_bool(0.5) {
            script.world.push(World::UnsafeLog);
        }
        match random.random_range(0..4) {
            0 => {}
            1 => {
                let at = random.random_range(0..bytes.len());
                bytes[at] ^= 1 << random.random_range(0..8);
            }
            2 => {
                // Headers are where it matters.
                let at = random.random_range(0..20);
                bytes[at] = random.random();
            }
            _ => bytes.truncate(random.random_range(0..bytes.len())),
        }
        while !bytes.is_empty() {
            let len = match random.random_bool(0.5) {
                true => random.random_range(1..20),
                false => random.random_range(1..1000),
            };
            let rest = bytes.split_off(len.min(bytes.len()));
            script.events.push(Event::Bytes(bytes));
            bytes = rest;
        }
        scripts.push(script);
    }
    scripts
}
