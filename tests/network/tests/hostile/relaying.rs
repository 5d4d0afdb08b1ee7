//! Scripts of relay cells, sealed with the keys of a circuit of one hop
//! (tor-spec, "Relay cells", "Application connections and stream management").

use peer::{command, relay, CircuitScript, RelayMessage, Script};

const CIRC: u32 = 0x8000_0001;

fn message(command: u8, stream_id: u16, body: impl Into<Vec<u8>>) -> RelayMessage {
    RelayMessage::new(command, stream_id, body)
}

/// EXTEND2 with these link specifiers, each its type and content, and a
/// handshake of 84 bytes of type ntor.
fn extend2(specifiers: &[(u8, &[u8])]) -> Vec<u8> {
    let mut body = vec![specifiers.len() as u8];
    for (kind, content) in specifiers {
        body.extend([*kind, content.len() as u8]);
        body.extend(*content);
    }
    body.extend([0, 2, 0, 84]);
    body.extend([7; 84]);
    body
}

/// A script that makes a circuit, says something on it, and probes the link.
fn on_circuit(name: &str, say: impl Fn(CircuitScript) -> CircuitScript) -> Script {
    Script::open(name, 5).circuit(CIRC, say).probe()
}

/// One message, after which so many cells come back that a worker, a resolver
/// or a directory has to make; what the relay says at once needs no number.
fn one(name: &str, message: RelayMessage, answers: usize) -> Script {
    on_circuit(name, |circuit| circuit.relay(message.clone()).wait(answers))
}

pub fn scripts() -> Vec<Script> {
    let mut scripts = streams();
    scripts.extend(extensions());
    scripts.extend(control());
    scripts.extend(forms());
    scripts
}

fn streams() -> Vec<Script> {
    let begin = |target: &[u8]| message(relay::BEGIN, 1, target);
    vec![
        one("BEGIN from a client", begin(b"127.0.0.1:9\0"), 1),
        one("BEGIN without NUL", begin(b"127.0.0.1:9"), 0),
        one("BEGIN without port", begin(b"127.0.0.1\0"), 0),
        one("BEGIN with port 0", begin(b"127.0.0.1:0\0"), 0),
        one("BEGIN with port 70000", begin(b"127.0.0.1:70000\0"), 0),
        one("BEGIN without body", begin(b""), 0),
        one("BEGIN of 498 bytes", begin(&[b'a'; 498]), 0),
        one("BEGIN with flags cut off", begin(b"127.0.0.1:9\0\0\0"), 0),
        one(
            "BEGIN on stream 0",
            message(relay::BEGIN, 0, *b"127.0.0.1:9\0"),
            0,
        ),
        one("BEGIN_DIR", message(relay::BEGIN_DIR, 1, []), 1),
        one("BEGIN_DIR on stream 0", message(relay::BEGIN_DIR, 0, []), 0),
        on_circuit("BEGIN_DIR twice on one stream", |circuit| {
            circuit
                .relay(message(relay::BEGIN_DIR, 1, []))
                .wait(1)
                .relay(message(relay::BEGIN_DIR, 1, []))
        }),
        on_circuit("BEGIN_DIR, GET of nothing", |circuit| {
            circuit
                .relay(message(relay::BEGIN_DIR, 1, []))
                .wait(1)
                .relay(message(relay::DATA, 1, *b"GET /nothing HTTP/1.0\r\n\r\n"))
                .wait(2)
        }),
        on_circuit("BEGIN_DIR, garbage", |circuit| {
            circuit
                .relay(message(relay::BEGIN_DIR, 1, []))
                .wait(1)
                .relay(message(
                    relay::DATA,
                    1,
                    [b"\0\xff\r\n\r\n".as_slice(), &[0; 100]].concat(),
                ))
                .wait(1)
        }),
        on_circuit("BEGIN_DIR, END, DATA", |circuit| {
            circuit
                .relay(message(relay::BEGIN_DIR, 1, []))
                .wait(1)
                .relay(message(relay::END, 1, [6]))
                .relay(message(relay::DATA, 1, [1]))
        }),
        on_circuit("BEGIN_DIR, stream SENDME unasked for", |circuit| {
            circuit
                .relay(message(relay::BEGIN_DIR, 1, []))
                .wait(1)
                .relay(message(relay::SENDME, 1, []))
        }),
        on_circuit("200 BEGIN_DIR", |circuit| {
            circuit.repeat(200, |circuit| {
                circuit.relay(message(relay::BEGIN_DIR, 0, []))
            })
        }),
        on_circuit("600 DATA on an unknown stream", |circuit| {
            circuit.repeat(600, |circuit| {
                circuit.relay(message(relay::DATA, 5, [1; 498]))
            })
        }),
        on_circuit("1,200 DATA on an unknown stream", |circuit| {
            circuit.repeat(1200, |circuit| {
                circuit.relay(message(relay::DATA, 5, [1; 498]))
            })
        }),
        one(
            "RESOLVE of an address",
            message(relay::RESOLVE, 1, *b"127.0.0.1\0"),
            1,
        ),
        one(
            "RESOLVE of an IPv6 address",
            message(relay::RESOLVE, 1, *b"::1\0"),
            1,
        ),
        one(
            "RESOLVE without NUL",
            message(relay::RESOLVE, 1, *b"127.0.0.1"),
            1,
        ),
        one("RESOLVE of nothing", message(relay::RESOLVE, 1, []), 1),
        one(
            "RESOLVE of bytes that are no name",
            message(relay::RESOLVE, 1, *b"\xff\x01 !\0"),
            1,
        ),
        one(
            "RESOLVE of a malformed reverse name",
            message(relay::RESOLVE, 1, *b"1.2.in-addr.arpa\0"),
            1,
        ),
        one(
            "RESOLVE on stream 0",
            message(relay::RESOLVE, 0, *b"127.0.0.1\0"),
            0,
        ),
        one("DATA on stream 0", message(relay::DATA, 0, [1]), 0),
        one("DATA on an unknown stream", message(relay::DATA, 5, [1]), 0),
        one("END on an unknown stream", message(relay::END, 5, [6]), 0),
        one("END without reason", message(relay::END, 5, []), 0),
        one("END on stream 0", message(relay::END, 0, [6]), 0),
        one(
            "CONNECTED from a client",
            message(relay::CONNECTED, 5, []),
            0,
        ),
        one(
            "RESOLVED from a client",
            message(relay::RESOLVED, 5, [4, 4, 127, 0, 0, 1]),
            0,
        ),
        one(
            "XON on an unknown stream",
            message(relay::XON, 5, [0, 0, 0, 0, 1]),
            0,
        ),
        one("XOFF on an unknown stream", message(relay::XOFF, 5, [0]), 0),
    ]
}

fn extensions() -> Vec<Script> {
    let rsa_id: &[u8] = &[9; 20];
    let ed_id: &[u8] = &[9; 32];
    let address: &[u8] = &[127, 0, 0, 1, 0, 9];
    let good = extend2(&[(0, address), (2, rsa_id), (3, ed_id)]);
    let bodies: Vec<(&str, Vec<u8>)> = vec![
        ("no body", vec![]),
        ("no link specifiers", extend2(&[])),
        ("no identity", extend2(&[(0, address)])),
        ("no address", extend2(&[(2, rsa_id)])),
        (
            "IPv4 of 7 bytes",
            extend2(&[(0, &[127, 0, 0, 1, 0, 9, 9]), (2, rsa_id)]),
        ),
        (
            "IPv4 with port 0",
            extend2(&[(0, &[127, 0, 0, 1, 0, 0]), (2, rsa_id), (3, ed_id)]),
        ),
        (
            "IPv4 of zeros",
            extend2(&[(0, &[0, 0, 0, 0, 0, 9]), (2, rsa_id), (3, ed_id)]),
        ),
        (
            "IPv4 twice",
            extend2(&[(0, address), (0, &[127, 0, 0, 2, 0, 9]), (2, rsa_id)]),
        ),
        ("IPv6 of 4 bytes", extend2(&[(1, &[0; 4]), (2, rsa_id)])),
        (
            "identity of 19 bytes",
            extend2(&[(0, address), (2, &[9; 19])]),
        ),
        (
            "identity twice",
            extend2(&[(0, address), (2, rsa_id), (2, &[8; 20])]),
        ),
        ("identity of zeros", extend2(&[(0, address), (2, &[0; 20])])),
        (
            "Ed25519 identity of 31 bytes",
            extend2(&[(0, address), (2, rsa_id), (3, &[9; 31])]),
        ),
        (
            "unknown specifier first",
            extend2(&[(77, &[1, 2]), (0, address), (2, rsa_id)]),
        ),
        (
            "255 link specifiers, none there",
            [&[255], &extend2(&[])[1..]].concat(),
        ),
        ("link specifier beyond the message", vec![1, 0, 200, 1]),
        (
            "handshake beyond the message",
            good[..good.len() - 1].to_vec(),
        ),
        ("good, loopback", good),
    ];
    let mut scripts = Vec::new();
    for (name, body) in &bodies {
        let extend = || message(relay::EXTEND2, 0, body.clone());
        scripts.push(on_circuit(&format!("EXTEND2: {name}"), |circuit| {
            circuit.relay_early(extend()).wait(1)
        }));
    }
    let (_, good) = bodies.last().expect("the list is not empty");
    let long = [&good[..good.len() - 86], &0xffffu16.to_be_bytes(), &[7; 84]].concat();
    scripts.extend([
        one(
            "EXTEND2 in RELAY, not RELAY_EARLY",
            message(relay::EXTEND2, 0, good.clone()),
            0,
        ),
        on_circuit("EXTEND2 on stream 1", |circuit| {
            circuit.relay_early(message(relay::EXTEND2, 1, good.clone()))
        }),
        on_circuit("EXTEND2 with a handshake of 65535", |circuit| {
            circuit
                .relay_early(message(relay::EXTEND2, 0, long.clone()))
                .wait(1)
        }),
        on_circuit("EXTEND (TAP)", |circuit| {
            circuit
                .relay_early(message(relay::EXTEND, 0, [7; 4 + 2 + 186 + 20]))
                .wait(1)
        }),
        on_circuit("EXTEND (TAP), cut off", |circuit| {
            circuit
                .relay_early(message(relay::EXTEND, 0, [7; 20]))
                .wait(1)
        }),
        one(
            "EXTENDED2 from a client",
            message(relay::EXTENDED2, 0, [0, 2, 7, 7]),
            0,
        ),
        one(
            "EXTENDED from a client",
            message(relay::EXTENDED, 0, [7; 148]),
            0,
        ),
        one("TRUNCATE", message(relay::TRUNCATE, 0, [9]), 1),
        one(
            "TRUNCATE without reason",
            message(relay::TRUNCATE, 0, []),
            1,
        ),
        one(
            "TRUNCATED from a client",
            message(relay::TRUNCATED, 0, [9]),
            0,
        ),
        on_circuit("8 RELAY_EARLY", |circuit| {
            circuit.repeat(8, |circuit| {
                circuit.relay_early(message(relay::DROP, 0, []))
            })
        }),
        on_circuit("9 RELAY_EARLY", |circuit| {
            circuit.repeat(9, |circuit| {
                circuit.relay_early(message(relay::DROP, 0, []))
            })
        }),
    ]);
    scripts
}

/// What concerns the whole circuit: flow control, conflux, padding, onion
/// services.
fn control() -> Vec<Script> {
    let version_1 = [&[1, 0, 20][..], &[9; 20]].concat();
    let bodies: Vec<(&str, u8, Vec<u8>, usize)> = vec![
        ("SENDME unasked for, empty", relay::SENDME, vec![], 0),
        (
            "SENDME of version 1, wrong digest",
            relay::SENDME,
            version_1,
            0,
        ),
        (
            "SENDME of version 1, cut off",
            relay::SENDME,
            vec![1, 0, 20, 9],
            0,
        ),
        ("SENDME of version 0", relay::SENDME, vec![0, 0, 0], 0),
        ("SENDME of unknown version", relay::SENDME, vec![9, 0, 0], 0),
        ("DROP", relay::DROP, vec![1; 498], 0),
        ("CONFLUX_LINK, empty", relay::CONFLUX_LINK, vec![], 0),
        (
            "CONFLUX_LINK",
            relay::CONFLUX_LINK,
            [&[1][..], &[9; 49]].concat(),
            0,
        ),
        (
            "CONFLUX_LINK of unknown version",
            relay::CONFLUX_LINK,
            vec![9; 50],
            0,
        ),
        (
            "CONFLUX_LINKED",
            relay::CONFLUX_LINKED,
            [&[1][..], &[9; 49]].concat(),
            0,
        ),
        ("CONFLUX_LINKED_ACK", relay::CONFLUX_LINKED_ACK, vec![], 0),
        ("CONFLUX_SWITCH", relay::CONFLUX_SWITCH, vec![0, 0, 0, 9], 0),
        ("CONFLUX_SWITCH, empty", relay::CONFLUX_SWITCH, vec![], 0),
        (
            "PADDING_NEGOTIATE, start machine 1",
            relay::PADDING_NEGOTIATE,
            vec![0, 2, 1, 0, 0, 0, 0, 0],
            0,
        ),
        (
            "PADDING_NEGOTIATE, empty",
            relay::PADDING_NEGOTIATE,
            vec![],
            0,
        ),
        (
            "PADDING_NEGOTIATED",
            relay::PADDING_NEGOTIATED,
            vec![0, 2, 1, 1, 0, 0, 0, 0],
            0,
        ),
        ("XON on stream 0", relay::XON, vec![0, 0, 0, 0, 1], 0),
        ("XOFF on stream 0", relay::XOFF, vec![0], 0),
        ("ESTABLISH_INTRO, empty", relay::ESTABLISH_INTRO, vec![], 0),
        (
            "ESTABLISH_INTRO, garbage",
            relay::ESTABLISH_INTRO,
            vec![2; 200],
            0,
        ),
        (
            "ESTABLISH_RENDEZVOUS, empty",
            relay::ESTABLISH_RENDEZVOUS,
            vec![],
            0,
        ),
        (
            "ESTABLISH_RENDEZVOUS",
            relay::ESTABLISH_RENDEZVOUS,
            vec![9; 20],
            0,
        ),
        ("INTRODUCE1, empty", relay::INTRODUCE1, vec![], 0),
        ("INTRODUCE1, garbage", relay::INTRODUCE1, vec![0; 300], 0),
        (
            "INTRODUCE2 from a client",
            relay::INTRODUCE2,
            vec![0; 300],
            0,
        ),
        ("RENDEZVOUS1, empty", relay::RENDEZVOUS1, vec![], 0),
        ("RENDEZVOUS1 for nobody", relay::RENDEZVOUS1, vec![9; 84], 0),
        ("relay command 0", 0, vec![], 0),
        ("relay command 99", 99, vec![1, 2, 3], 0),
        ("relay command 255", 255, vec![1; 498], 0),
    ];
    let mut scripts: Vec<Script> = bodies
        .into_iter()
        .map(|(name, command, body, answers)| one(name, message(command, 0, body), answers))
        .collect();
    scripts.extend([
        one(
            "CONFLUX_LINK on stream 1",
            message(relay::CONFLUX_LINK, 1, [1; 50]),
            0,
        ),
        one("DROP on stream 1", message(relay::DROP, 1, []), 0),
        one("relay command 99 on stream 1", message(99, 1, []), 0),
        on_circuit("100 SENDME", |circuit| {
            circuit.repeat(100, |circuit| {
                circuit.relay(message(relay::SENDME, 0, [0, 0, 0]))
            })
        }),
        on_circuit("2,000 DROP", |circuit| {
            circuit.repeat(2000, |circuit| circuit.relay(message(relay::DROP, 0, [])))
        }),
    ]);
    scripts
}

/// Relay cells whose form is wrong.
fn forms() -> Vec<Script> {
    let drop = || message(relay::DROP, 0, []);
    vec![
        one("length 498", drop().claiming(498), 0),
        one("length 499", drop().claiming(499), 0),
        one("length 65535", drop().claiming(65535), 0),
        one(
            "length 499 in BEGIN_DIR",
            message(relay::BEGIN_DIR, 1, []).claiming(499),
            0,
        ),
        on_circuit("RELAY not for this hop", |circuit| {
            circuit.cell(command::RELAY, [0x55; 509])
        }),
        on_circuit("RELAY_EARLY not for this hop", |circuit| {
            circuit.cell(command::RELAY_EARLY, [0x55; 509])
        }),
        on_circuit("RELAY not for this hop, then a good one", |circuit| {
            circuit
                .cell(command::RELAY, [0x55; 509])
                .relay(message(relay::TRUNCATE, 0, [1]))
        }),
        Script::open("relay messages, link protocol 3", 3)
            .circuit(0x8001, |circuit| {
                circuit
                    .relay(message(relay::RESOLVE, 7, *b"127.0.0.1\0"))
                    .wait(1)
            })
            .probe(),
        Script::open("relay messages on 3 circuits", 4)
            .repeat(3, |script, number| {
                script.circuit(CIRC + number, |circuit| {
                    circuit
                        .relay(message(relay::BEGIN_DIR, 1, []))
                        .wait(1)
                        .relay(message(relay::TRUNCATE, 0, [1]))
                        .wait(1)
                })
            })
            .probe(),
        Script::open("circuit and relay messages, one byte at a time", 5)
            .slowly()
            .circuit(CIRC, |circuit| {
                circuit
                    .relay(message(relay::RESOLVE, 7, *b"127.0.0.1\0"))
                    .wait(1)
            })
            .probe(),
    ]
}
