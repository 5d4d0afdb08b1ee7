//! Every cell at every state: tor is led, or put, into each state that a
//! connection can have, and then gets any command, whole, empty or short.

use super::Family;
use crate::certs::Certs;
use crate::command;
use crate::families::honest;
use crate::script::{Authenticate, Cell, Conn, Event, Mode, Netinfo, Script, World};

pub const FAMILY: Family = Family {
    name: "states",
    about: "every cell at every state of a connection",
    scripts,
    reaches: &[
        ("in unexpected orconn state", 100),
        ("Received unexpected cell command", 500),
        ("Cell of unknown type", 100),
        ("Variable-length cell of unknown type", 100),
        ("with link protocol 2; ignoring it", 50),
        ("Received a cell while TLS-handshaking", 3),
        ("call cell_handler", 100),
        ("handshake state is missing", 20),
        ("on an OR connection with no channel", 100),
        ("= stats.authorize 1", 10),
        ("= stats.vpadding 1", 10),
        ("= stats.padding 1", 10),
    ],
};

/// States, by their names, as scripts that lead there.
pub fn states() -> Vec<Script> {
    let mut states = Vec::new();
    for mode in [Mode::Relay, Mode::Client] {
        for proto in [3, 5] {
            let connects = Script::new(
                format!("{mode:?} connects, protocol {proto}"),
                mode,
                Conn::initiator(),
            );
            let events = honest::responder(proto);
            for (n, name) in [
                "TLS",
                "launched",
                "VERSIONS",
                "CERTS",
                "AUTH_CHALLENGE",
                "open",
            ]
            .into_iter()
            .enumerate()
            {
                if proto == 5 || n > 1 {
                    let script = connects.clone().called(name);
                    states.push(script.then_all(events[..n].to_vec()));
                }
            }
        }
    }
    for proto in [3, 4] {
        let connected = Script::new(
            format!("a relay is connected to, protocol {proto}"),
            Mode::Relay,
            Conn::responder(),
        );
        let events = honest::initiator(proto);
        for (n, name) in [
            "TLS",
            "waiting",
            "VERSIONS",
            "CERTS",
            "AUTHENTICATE",
            "open",
        ]
        .into_iter()
        .enumerate()
        {
            if proto == 4 || n > 1 {
                let script = connected.clone().called(name);
                states.push(script.then_all(events[..n].to_vec()));
            }
        }
        let client = connected.clone().called("open, a client");
        states.push(client.then_all(honest::client(proto)));
        let mut bad = honest::initiator(proto);
        bad.truncate(3);
        bad[2] = Event::certs(&Certs::of_initiator().without(7));
        let bad_certs = connected.clone().called("bad CERTS, going on");
        states.push(bad_certs.with(World::KeepGoing).then_all(bad));
        let mut bad = honest::initiator(proto);
        bad.truncate(4);
        bad[3] = Event::Authenticate(Authenticate {
            flips: vec![(100, 1)],
            ..Authenticate::default()
        });
        let bad_authenticate = connected.called("bad AUTHENTICATE, going on");
        states.push(bad_authenticate.with(World::KeepGoing).then_all(bad));
    }
    for (name, conn) in [
        ("connects", Conn::initiator()),
        ("is connected to", Conn::responder()),
    ] {
        let relay = Script::new(format!("a relay {name}"), Mode::Relay, conn);
        for state in [1, 2, 6] {
            for proto in [0, 1, 2, 4] {
                let script = relay
                    .clone()
                    .called(format!("state {state}, protocol {proto}"));
                states.push(
                    script
                        .then(Event::Set("link_proto", proto))
                        .then(Event::Set("state", state)),
                );
            }
        }
        states.push(
            relay
                .clone()
                .called("no handshake state")
                .then(Event::Set("state", 5)),
        );
        states.push(
            relay
                .clone()
                .called("no channel")
                .then(Event::Set("channel", 0)),
        );
        states.push(
            relay
                .called("marked for close")
                .then(Event::Set("marked_for_close", 1)),
        );
    }
    states
}

/// What each state gets.
pub fn cells() -> Vec<Event> {
    let mut cells = vec![
        honest::versions(5),
        Event::certs(&Certs::of_responder()),
        Event::certs(&Certs::of_initiator()),
        Event::certs(&Certs::of_responder().rsa_only()),
        Event::auth_challenge(&[3]),
        Event::Authenticate(Authenticate::default()),
        Event::Authenticate(Authenticate {
            via: "authenticate",
            ..Authenticate::default()
        }),
        Netinfo::good().event(),
        Event::cell(command::PADDING_NEGOTIATE, [0, 2, 0, 0, 0, 0]),
        Event::cell(command::NETINFO, [255; 20]),
        Event::Direct(
            "certs",
            Cell {
                circ_id: 0,
                command: command::CERTS,
                body: Certs::of_responder().encode(),
            },
        ),
        Event::Direct(
            "certs",
            Cell {
                circ_id: 0,
                command: command::CERTS,
                body: vec![0],
            },
        ),
        Event::Direct(
            "auth_challenge",
            Cell {
                circ_id: 0,
                command: command::AUTH_CHALLENGE,
                body: vec![0; 36],
            },
        ),
        Event::Direct(
            "authenticate",
            Cell {
                circ_id: 0,
                command: command::AUTHENTICATE,
                body: vec![0, 3, 0, 0],
            },
        ),
    ];
    for command in (0..=13).chain(127..=133).chain([255]) {
        cells.push(Event::cell(command, []));
        cells.push(Event::var(command, []));
        cells.push(Event::var(command, [0, 4]));
        cells.push(Event::Cell(Cell {
            circ_id: 0x8000_0001,
            command,
            body: vec![0xff; 509],
        }));
    }
    cells
}

fn scripts() -> Vec<Script> {
    let mut scripts = Vec::new();
    for state in states() {
        let no_channel = state.name.ends_with("no channel");
        for (n, cell) in cells().into_iter().enumerate() {
            let direct = match &cell {
                Event::Direct(..) => true,
                Event::Authenticate(there) => there.via != "front",
                _ => false,
            };
            if no_channel && direct {
                // The front door is where that is found out.
                continue;
            }
            let name = match cell.as_cell() {
                Some(there) => format!("cell {n}, command {}", there.command),
                None => format!("cell {n}, AUTHENTICATE"),
            };
            let mut script = state.clone().called(name);
            if n % 2 == 0 {
                script.world.push(World::UnsafeLog);
            }
            scripts.push(script.then(cell));
        }
    }
    // All commands there are, where anything may come.
    for state in states() {
        if !state.name.ends_with(": open") || state.name.contains("Client") {
            continue;
        }
        for command in 0..=255 {
            let script = state.clone().called(format!("any command {command}"));
            scripts.push(
                script
                    .then(Event::cell(command, []))
                    .then(Event::var(command, [])),
            );
        }
    }
    scripts
}
