//! Bugs that C Tor once had in reading cells (its ChangeLog): the bytes that met
//! them, and what a tor says to these bytes that does not have the bug. A bug that
//! came back on both sides would make no difference between them. Some of the
//! scripts stand with others of their kind; those that need what nothing else does
//! stand here.
//!
//! A client's bugs are not reached from here: see `tests/parity/tests/regressions.rs`.

use peer::{command, relay, CircuitScript, RelayMessage, Script, Transcript};

const CIRC: u32 = 0x8000_0001;
/// A circuit on a link that the relay has opened.
const OUR_CIRC: u32 = 1;

/// What a tor says to a script that once met a bug.
pub struct Bug {
    /// Its number: a TROVE or a ticket.
    number: &'static str,
    /// The script's name.
    pub script: &'static str,
    /// The last of the transcript's lines, without the link handshake; those of
    /// circuit [`CIRC`] do not say so.
    answer: &'static [&'static str],
    /// What a warning says; nothing where none comes of the bug's absence alone.
    warning: &'static str,
}

impl Bug {
    /// What is wrong with an outcome, if anything is.
    pub fn judge(&self, transcript: &Transcript, warnings: &[String]) -> Vec<String> {
        let Bug { number, script, .. } = self;
        let circuit = format!(" on {CIRC:#x}");
        let lines: Vec<String> = transcript
            .lines()
            .iter()
            .filter(|line| !LINK_HANDSHAKE.iter().any(|cell| line.contains(cell)))
            .map(|line| line.replace(&circuit, ""))
            .collect();
        let last = &lines[lines.len().saturating_sub(self.answer.len())..];
        let mut complaints = Vec::new();
        if last != self.answer {
            complaints.push(format!("{number}, {script}: ends with {last:?}"));
        }
        if !self.warning.is_empty() && !warnings.iter().any(|line| line.contains(self.warning)) {
            complaints.push(format!("{number}, {script}: warns of {warnings:?} alone"));
        }
        complaints
    }
}

const fn bug(
    number: &'static str,
    script: &'static str,
    answer: &'static [&'static str],
    warning: &'static str,
) -> Bug {
    Bug {
        number,
        script,
        answer,
        warning,
    }
}

/// Cells of the link handshake, with us and with the next hop.
const LINK_HANDSHAKE: [&str; 4] = ["VERSIONS ", "CERTS ", "AUTH_CHALLENGE ", "NETINFO "];

/// A circuit is made.
const AGREED: &str = "CREATED_FAST, keys agree";
/// The link stands when the script has ended.
const OPEN: &str = "held open";
/// All that comes back when the circuit is closed for a violation of the protocol.
const DESTROYED: &[&str] = &[AGREED, "DESTROY reason 1", OPEN];
/// All that comes back when the message is passed over.
const PASSED_OVER: &[&str] = &[AGREED, OPEN];
/// What the next hop gets before it answers.
const CREATE2: &str = "next hop: CREATE2 0002: 07, 84 times";
/// All that comes when a circuit that is extended is closed for such a violation.
const NEXT_HOP_DESTROYED: &[&str] = &[
    AGREED,
    "DESTROY reason 1",
    CREATE2,
    "next hop: DESTROY reason 1",
    OPEN,
];
/// What a message is said to be that ends its circuit.
const MESSAGE_FAILED: &str = "connection_edge_process_relay_cell (away from origin) failed.";

#[rustfmt::skip]
pub const BUGS: &[Bug] = &[
    bug("TROVE-2026-003", "CREATED2 of 496 bytes", &[AGREED, "RELAY EXTENDED2 stream 0: 498 bytes", CREATE2, OPEN], ""),
    bug("TROVE-2026-003", "CREATED2 of 497 bytes", NEXT_HOP_DESTROYED, "Unparseable created cell."),
    bug("TROVE-2026-003", "CREATED2 of 507 bytes", NEXT_HOP_DESTROYED, "Unparseable created cell."),
    bug("TROVE-2026-006", "CERTS, link open", &["closed"], "We're not doing a v3 handshake!"),
    bug("TROVE-2026-007", "BEGIN with flags", &["RELAY END stream 1: 04 on 0x1", AGREED, CREATE2, OPEN], ""),
    bug("TROVE-2026-007", "BEGIN with 3 bytes of flags, and another behind", &["RELAY END stream 1: 01 on 0x1", AGREED, CREATE2, OPEN], ""),
    bug("TROVE-2026-007", "BEGIN with 3 bytes of flags at the end of the cell", &["RELAY END stream 1: 02 on 0x1", AGREED, CREATE2, OPEN], ""),
    bug("TROVE-2026-008", "CONFLUX_LINK, then BEGIN_DIR", &["RELAY END stream 1: 0e", OPEN], ""),
    bug("TROVE-2026-008", "CONFLUX_LINK, LINKED_ACK, BEGIN_DIR", &["RELAY END stream 1: 0e", OPEN], ""),
    bug("TROVE-2026-011", "END without reason, stream open", &[AGREED, "RELAY CONNECTED stream 1: ", "DESTROY reason 1", OPEN], MESSAGE_FAILED),
    bug("TROVE-2026-011", "END without reason, no stream", DESTROYED, MESSAGE_FAILED),
    bug("TROVE-2026-011", "TRUNCATE, circuit extended", &[AGREED, "RELAY TRUNCATED stream 0: 03", CREATE2, "next hop: DESTROY reason 9", OPEN], ""),
    bug("TROVE-2026-011", "TRUNCATE without reason, circuit extended", NEXT_HOP_DESTROYED, MESSAGE_FAILED),
    bug("TROVE-2026-025", "BEGIN_DIR, then CONFLUX_LINK", &["RELAY CONNECTED stream 1: ", "DESTROY reason 1", OPEN], "Got a CONFLUX_LINK on a circuit with attached streams. Closing circuit."),
    bug("41299", "INTRODUCE1 of version 2", &["RELAY INTRODUCE_ACK stream 0: 000200 on 0x1", AGREED, CREATE2, OPEN], "Incoming INTRODUCE1 cell uses legacy format. Rejecting."),
    bug("41191", "100 DATA, SENDME empty", &["RELAY END stream 100: 06", OPEN], ""),
    bug("33900", "EXTEND2: IPv4 of zeros", DESTROYED, "Can't parse extend cell. Closing circuit."),
    bug("33900", "EXTEND2: IPv4 with port 0", DESTROYED, "Can't parse extend cell. Closing circuit."),
    bug("31343", "NETINFO before VERSIONS", &[OPEN], "Received a NETINFO cell on non-versioned connection; dropping."),
    bug("31107", "VERSIONS: 1 alone", &["closed"], "Couldn't find a version in common"),
    bug("30649", "PADDING_NEGOTIATE to stop what is not there", PASSED_OVER, "Received circuit padding stop command for unknown machine."),
    bug("26214", "BEGIN_DIR, stream SENDME unasked for", &[AGREED, "RELAY CONNECTED stream 1: ", "DESTROY reason 1", OPEN], "Unexpected stream sendme cell. Closing circ (window 500)."),
    bug("10536", "EXTEND2: no body", DESTROYED, "Can't parse extend cell. Closing circuit."),
    bug("10365", "VERSIONS: odd length", &["closed"], "Received a VERSION cell with odd payload length 3; closing connection."),
    bug("8059", "VERSIONS: 0 and 1024", &["closed"], "Couldn't find a version in common"),
    bug("7959", "CREATE with ntor in it", &["DESTROY reason 1", OPEN], "Bogus/unrecognized create cell; closing."),
    bug("7947", "TRUNCATE while the circuit is extended, then EXTEND2", &[AGREED, "RELAY TRUNCATED stream 0: 03", CREATE2, OPEN], ""),
    bug("7889", "CREATE_FAST on circuit 0", &[OPEN], "with zero circID;  ignoring."),
    bug("7889", "BEGIN on stream 0", PASSED_OVER, "Relay command 1 with zero stream_id. Dropping."),
    bug("7889", "RESOLVE on stream 0", PASSED_OVER, "Relay command 11 with zero stream_id. Dropping."),
    bug("6271", "SENDME on an unknown stream", PASSED_OVER, ""),
    bug("6271", "EXTEND2 on stream 1", PASSED_OVER, "'extend' cell received for non-zero stream. Dropping."),
    bug("6252", "SENDME unasked for, empty", DESTROYED, "We received a SENDME but we have no cell digests to match."),
];

/// A script that makes a circuit, says something on it, and probes the link.
fn on_circuit(name: &str, say: impl Fn(CircuitScript) -> CircuitScript) -> Script {
    Script::open(name, 5).circuit(CIRC, say).probe()
}

fn message(command: u8, stream_id: u16, body: impl Into<Vec<u8>>) -> RelayMessage {
    RelayMessage::new(command, stream_id, body)
}

pub fn scripts() -> Vec<Script> {
    let mut scripts = next_hops();
    scripts.extend(without_reason());
    scripts.extend(flow_control());
    scripts.extend(conflux());
    scripts.extend(of_a_relay());
    scripts.extend(others());
    scripts
}

/// What comes from the relay to which a circuit was extended.
fn next_hops() -> Vec<Script> {
    let created2 = |length: u16| {
        let content = vec![7; 507.min(length.into())];
        [&length.to_be_bytes()[..], &content].concat()
    };
    let mut scripts: Vec<Script> = [497, 507, 508, 65535]
        .into_iter()
        .map(|length| {
            on_circuit(&format!("CREATED2 of {length} bytes"), |circuit| {
                circuit
                    .extend()
                    .next_hop_sends(command::CREATED2, created2(length))
                    .next_hop_waits(1)
                    .wait(1)
            })
        })
        .collect();
    scripts.push(on_circuit("CREATED2 of 496 bytes", |circuit| {
        circuit
            .extend()
            .next_hop_sends(command::CREATED2, created2(496))
            .wait(1)
    }));
    scripts.push(on_circuit("CREATED2 twice", |circuit| {
        circuit
            .extend()
            .next_hop_sends(command::CREATED2, created2(64))
            .wait(1)
            .next_hop_sends(command::CREATED2, created2(64))
            .wait(1)
    }));
    for (name, command) in [
        ("CREATED", command::CREATED),
        ("CREATED_FAST", command::CREATED_FAST),
    ] {
        scripts.push(on_circuit(&format!("{name} for CREATE2"), |circuit| {
            circuit
                .extend()
                .next_hop_sends(command, [7; 509])
                .next_hop_waits(1)
                .wait(1)
        }));
    }
    scripts
}

/// END and TRUNCATE whose reason is missing, with a byte behind the message that
/// looks like one.
fn without_reason() -> Vec<Script> {
    let without = |command, stream_id| message(command, stream_id, [9]).claiming(0);
    vec![
        on_circuit("TRUNCATE without reason, circuit extended", |circuit| {
            circuit
                .extend()
                .relay(without(relay::TRUNCATE, 0))
                .next_hop_waits(1)
                .wait(1)
        }),
        on_circuit("TRUNCATE, circuit extended", |circuit| {
            circuit
                .extend()
                .relay(message(relay::TRUNCATE, 0, [9]))
                .next_hop_waits(1)
                .wait(1)
        }),
        on_circuit(
            "TRUNCATE while the circuit is extended, then EXTEND2",
            |circuit| {
                circuit
                    .extend_in_vain()
                    .relay(message(relay::TRUNCATE, 0, [9]))
                    .wait(1)
                    .extend()
            },
        ),
        on_circuit("END without reason, stream open", |circuit| {
            circuit
                .relay(message(relay::BEGIN_DIR, 1, []))
                .wait(1)
                .relay(without(relay::END, 1))
        }),
        on_circuit("END without reason, no stream", |circuit| {
            circuit.relay(without(relay::END, 1))
        }),
    ]
}

/// SENDME after 100 DATA, of which the relay keeps the digest of the last.
fn flow_control() -> Vec<Script> {
    let bodies: [(&str, Vec<u8>); 2] = [
        ("empty", vec![]),
        ("with a wrong digest", [&[1, 0, 20][..], &[9; 20]].concat()),
    ];
    let mut scripts: Vec<Script> = bodies
        .into_iter()
        .map(|(name, body)| {
            on_circuit(&format!("100 DATA, SENDME {name}"), |circuit| {
                (1..=100)
                    .fold(circuit, |circuit, stream_id| {
                        circuit
                            .relay(message(relay::BEGIN_DIR, stream_id, []))
                            .wait(1)
                            .relay(message(
                                relay::DATA,
                                stream_id,
                                *b"GET /nothing HTTP/1.0\r\n\r\n",
                            ))
                            .wait(2)
                    })
                    .relay(message(relay::SENDME, 0, body.clone()))
            })
        })
        .collect();
    scripts.push(on_circuit("SENDME on an unknown stream", |circuit| {
        circuit.relay(message(relay::SENDME, 5, []))
    }));
    scripts
}

/// Conflux, which needs circuits with congestion control.
fn conflux() -> Vec<Script> {
    // Version, nonce, sequence numbers sent and received, desired UX.
    let link = |nonce: u8| {
        message(
            relay::CONFLUX_LINK,
            0,
            [&[1][..], &[nonce; 32], &[0; 17]].concat(),
        )
    };
    let on = |name: &str, say: &dyn Fn(CircuitScript) -> CircuitScript| {
        Script::open(name, 5).ntor_v3_circuit(CIRC, say).probe()
    };
    let begin_dir = || message(relay::BEGIN_DIR, 1, []);
    // What comes after a gap in the sequence numbers has to wait.
    let switch = |name: &str, by: u32, answers| {
        on(name, &|circuit| {
            circuit
                .relay(link(9))
                .wait(1)
                .relay(message(relay::CONFLUX_LINKED_ACK, 0, []))
                .relay(message(relay::CONFLUX_SWITCH, 0, by.to_be_bytes()))
                .relay(message(relay::RESOLVE, 1, *b"127.0.0.1\0"))
                .wait(answers)
        })
    };
    let mut cut = link(8);
    cut.length = 49;
    vec![
        on("CONFLUX_LINK, then BEGIN_DIR", &|circuit| {
            circuit.relay(link(1)).wait(1).relay(begin_dir())
        }),
        on("BEGIN_DIR, then CONFLUX_LINK", &|circuit| {
            circuit.relay(begin_dir()).wait(1).relay(link(2))
        }),
        on("CONFLUX_LINK twice on one circuit", &|circuit| {
            circuit.relay(link(3)).wait(1).relay(link(3))
        }),
        on("CONFLUX_LINK cut off by one byte", &|circuit| {
            circuit.relay(cut.clone())
        }),
        on(
            "CONFLUX_LINK of version 2, congestion control",
            &|circuit| {
                let mut link = link(4);
                link.body[0] = 2;
                circuit.relay(link)
            },
        ),
        on("CONFLUX_LINKED after CONFLUX_LINK", &|circuit| {
            let mut linked = link(5);
            linked.command = relay::CONFLUX_LINKED;
            circuit.relay(link(5)).wait(1).relay(linked)
        }),
        on("CONFLUX_LINK, LINKED_ACK, BEGIN_DIR", &|circuit| {
            circuit
                .relay(link(6))
                .wait(1)
                .relay(message(relay::CONFLUX_LINKED_ACK, 0, []))
                .relay(begin_dir())
        }),
        on("CONFLUX_LINK, LINKED_ACK, SWITCH cut off", &|circuit| {
            circuit
                .relay(link(7))
                .wait(1)
                .relay(message(relay::CONFLUX_LINKED_ACK, 0, []))
                .relay(message(relay::CONFLUX_SWITCH, 0, [0, 0, 1, 0]).claiming(3))
        }),
        switch("CONFLUX_SWITCH by 0, then RESOLVE", 0, 1),
        switch("CONFLUX_SWITCH by 1, then RESOLVE", 1, 0),
        switch("CONFLUX_SWITCH by 4294967295, then RESOLVE", u32::MAX, 0),
    ]
}

/// What the relay takes from other relays alone: it has called us.
fn of_a_relay() -> Vec<Script> {
    let called = |name: &str, message: RelayMessage, answers| {
        Script::called(name, CIRC)
            .circuit(OUR_CIRC, |circuit| {
                circuit.relay(message.clone()).wait(answers)
            })
            .probe()
    };
    // Our flags say that IPv4 is not wanted.
    let flags = message(relay::BEGIN, 1, *b"127.0.0.1:9\0\0\0\0\x02");
    let longest = [&[b'a'; 492][..], b":9\0\0\0\0"].concat();
    let version_2 = [&[9; 20][..], &[2, 0, 32], &[9; 32], &[0], &[9; 100]].concat();
    vec![
        called("BEGIN with flags", flags.clone(), 1),
        called(
            "BEGIN with 3 bytes of flags, and another behind",
            flags.claiming(15),
            1,
        ),
        called(
            "BEGIN with 3 bytes of flags at the end of the cell",
            message(relay::BEGIN, 1, longest),
            1,
        ),
        called(
            "INTRODUCE1 of version 2",
            message(relay::INTRODUCE1, 0, version_2),
            1,
        ),
    ]
}

fn others() -> Vec<Script> {
    let padding = |name: &str, bodies: &[&[u8]], answers| {
        let bodies: Vec<Vec<u8>> = bodies.iter().map(|body| body.to_vec()).collect();
        on_circuit(&format!("PADDING_NEGOTIATE {name}"), |circuit| {
            bodies
                .iter()
                .fold(circuit, |circuit, body| {
                    circuit.relay(message(relay::PADDING_NEGOTIATE, 0, body.clone()))
                })
                .wait(answers)
        })
    };
    let start: &[u8] = &[0, 2, 1, 0, 0, 0, 0, 0];
    let stop: &[u8] = &[0, 1, 1, 0, 0, 0, 0, 9];
    vec![
        Script::tls("VERSIONS: 0 and 1024").versions(&[0, 1024]),
        padding("to stop what is not there", &[stop], 0),
        padding("cut off", &[&start[..7]], 0),
    ]
}
