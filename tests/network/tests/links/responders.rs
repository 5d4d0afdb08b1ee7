//! Hostile responders: what a tor that opens a link may meet (tor-spec, "Negotiating
//! and initializing connections").

use anyhow::Result;
use peer::{command, Identity, Script};

use crate::case::{case, Case, Wanted};
use crate::certs::{changes, End};
use crate::pairs::Known;

/// What must have been seen of some cases by relays.
pub const KNOWN_OF_RELAYS: [Known; 4] = [
    (
        "all right",
        &[
            "VERSIONS 0003 0004 0005",
            "CERTS 5: type 3 type 2",
            "AUTHENTICATE, all of it right",
            "NETINFO to 04047f000001 from 04047f000001",
            "CREATE2 0002: 07, 84 times on 0x1",
            "held open",
        ],
        &[
            "Authenticated it with RSA and Ed25519",
            "using protocol version 5",
        ],
    ),
    (
        "another Ed25519 identity wanted",
        &["closed"],
        &["identity keys were not as expected"],
    ),
    (
        "RSA alone, no AUTH_CHALLENGE",
        &["CREATE2 0002: 07, 84 times on 0x1", "held open"],
        &["Authenticated it with RSA"],
    ),
    ("order VNCA", &["closed"], &["but no authentication"]),
];

/// And by clients.
pub const KNOWN_OF_CLIENTS: [Known; 3] = [
    (
        "all right",
        &[
            "VERSIONS 0003 0004 0005",
            "NETINFO to 04047f000001 from ",
            "CREATE_FAST on 0x1",
            "held open",
        ],
        &["Authenticated it with RSA and Ed25519"],
    ),
    (
        "any identity wanted",
        &["CREATE_FAST on 0x1", "held open"],
        &["without knowing its key"],
    ),
    (
        "another RSA identity wanted",
        &["closed"],
        &["identity keys were not as expected"],
    ),
];

/// All cases, under different names.
pub fn cases() -> Vec<Case> {
    let mut cases = wanted();
    cases.extend(orders());
    cases.extend(versions());
    cases.extend(early_cells());
    cases.extend(certs());
    cases.extend(challenges());
    cases.extend(netinfos());
    cases.extend(late_cells());
    cases.extend(transport());
    cases
}

/// TLS, and the VERSIONS of the tor.
fn hello(script: Script) -> Script {
    script.start_tls().wait(1)
}

/// Everything up to CERTS, which is right.
fn certified(identity: &Identity, script: Script) -> Result<Script> {
    let certs = identity.responder_certs()?;
    Ok(hello(script).versions(&[4, 5]).certs(&certs))
}

/// The whole handshake, right.
fn open(identity: &Identity, script: Script) -> Result<Script> {
    let script = certified(identity, script)?.auth_challenge(&[3]);
    Ok(script.relay_netinfo())
}

fn wanted() -> Vec<Case> {
    let right = |name: &str| {
        case(name, |identity, script| {
            Ok(open(identity, script)?.wait_for_create().probe())
        })
    };
    vec![
        right("all right"),
        right("RSA identity alone wanted").wanting(Wanted::OurRsa),
        right("another Ed25519 identity wanted").wanting(Wanted::AnotherEd25519),
        right("another RSA identity wanted").wanting(Wanted::AnotherRsa),
        right("any identity wanted").wanting(Wanted::Any),
        case("one byte at a time", |identity, script| {
            let script = hello(script).slowly().versions(&[4, 5]);
            Ok(rest(identity, script)?.wait_for_create().probe())
        }),
        case("CERTS in two parts", |identity, script| {
            let certs = identity.responder_certs()?.encode();
            let script = hello(script).versions(&[5]);
            Ok(script
                .cut_cell(100, command::CERTS, &certs[..])
                .quiet(PAUSE)
                .bytes(&cell(command::CERTS, certs)[100..])
                .auth_challenge(&[3])
                .relay_netinfo()
                .wait_for_create())
        }),
    ]
}

/// Long enough that the tor has read what came before.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(300);

fn cell(command: u8, body: Vec<u8>) -> Vec<u8> {
    peer::Cell::new(0, command, body).encode(peer::CircIdLen::Four)
}

/// The four cells of a responder.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Versions,
    Certs,
    Challenge,
    Netinfo,
}

const PARTS: [Part; 4] = [Part::Versions, Part::Certs, Part::Challenge, Part::Netinfo];

impl Part {
    fn letter(self) -> char {
        match self {
            Part::Versions => 'V',
            Part::Certs => 'C',
            Part::Challenge => 'A',
            Part::Netinfo => 'N',
        }
    }

    fn add(self, identity: &Identity, script: Script, agreed: bool) -> Result<Script> {
        let certs = identity.responder_certs()?.encode();
        let challenge = [&[0x33; 32][..], &[0, 1, 0, 3]].concat();
        Ok(match (self, agreed) {
            (Part::Versions, false) => script.versions(&[4, 5]),
            (Part::Versions, true) => script.cell(0, command::VERSIONS, [0, 4, 0, 5]),
            (Part::Certs, true) => script.cell(0, command::CERTS, certs),
            (Part::Certs, false) => script.early_cell(command::CERTS, certs),
            (Part::Challenge, true) => script.cell(0, command::AUTH_CHALLENGE, challenge),
            (Part::Challenge, false) => script.early_cell(command::AUTH_CHALLENGE, challenge),
            (Part::Netinfo, true) => script.relay_netinfo(),
            (Part::Netinfo, false) => script.early_cell(command::NETINFO, NETINFO),
        })
    }
}

/// NETINFO without a time.
const NETINFO: [u8; 17] = [0, 0, 0, 0, 4, 4, 127, 0, 0, 1, 1, 4, 4, 127, 0, 0, 1];

/// All orders of the four cells, and the right order with one cell too many.
fn orders() -> Vec<Case> {
    let mut orders = Vec::new();
    for first in PARTS {
        for second in PARTS {
            for third in PARTS {
                for fourth in PARTS {
                    let order = [first, second, third, fourth];
                    if PARTS.iter().all(|part| order.contains(part)) {
                        orders.push(order.to_vec());
                    }
                }
            }
        }
    }
    for more in PARTS {
        for at in 1..=PARTS.len() {
            let mut order = PARTS.to_vec();
            order.insert(at, more);
            if !orders.contains(&order) {
                orders.push(order);
            }
        }
    }
    // No AUTH_CHALLENGE: a relay need not be asked.
    orders.push(vec![Part::Versions, Part::Certs, Part::Netinfo]);
    orders.push(vec![Part::Versions, Part::Netinfo]);
    orders.push(vec![Part::Versions, Part::Challenge, Part::Netinfo]);
    orders.push(vec![Part::Certs, Part::Challenge, Part::Netinfo]);
    orders.into_iter().map(order).collect()
}

fn order(order: Vec<Part>) -> Case {
    let letters: String = order.iter().map(|part| part.letter()).collect();
    case(format!("order {letters}"), move |identity, script| {
        let mut script = hello(script);
        let mut agreed = false;
        for part in &order {
            script = part.add(identity, script, agreed)?;
            agreed |= *part == Part::Versions;
        }
        Ok(script.wait_for_create())
    })
}

fn versions() -> Vec<Case> {
    let lists: [(&str, &[u16]); 12] = [
        ("3 alone", &[3]),
        ("4 alone", &[4]),
        ("5 alone", &[5]),
        ("unordered, twice", &[5, 3, 4, 4, 3, 5]),
        ("unknown ones among known", &[0, 1, 2, 6, 0xffff, 4]),
        ("4 two thousand times", &[4; 2000]),
        ("none", &[]),
        ("1 alone", &[1]),
        ("2 alone", &[2]),
        ("1 and 2", &[1, 2]),
        ("0 and 1024", &[0, 1024]),
        ("unknown ones alone", &[0, 6, 7, 0xffff]),
    ];
    let mut cases: Vec<Case> = lists
        .into_iter()
        .map(|(name, list)| {
            case(format!("VERSIONS: {name}"), move |identity, script| {
                let script = hello(script).versions(list);
                Ok(rest(identity, script)?.wait_for_create())
            })
        })
        .collect();
    cases.extend([
        case("VERSIONS: odd length", |identity, script| {
            let script = hello(script).early_cell(command::VERSIONS, [0, 4, 0]);
            rest(identity, script)
        }),
        case("VERSIONS: one byte", |_, script| {
            Ok(hello(script).early_cell(command::VERSIONS, [4]))
        }),
        case("VERSIONS on circuit 1", |identity, script| {
            let script = hello(script).bytes([0, 1, 7, 0, 2, 0, 4]);
            Ok(rest(identity, script)?.wait_for_create())
        }),
        case("VERSIONS in 4-byte form", |_, script| {
            let script = hello(script).bytes([0, 0, 0, 0, 7, 0, 2, 0, 4]);
            Ok(script.bytes([0; 503]))
        }),
        case("VERSIONS again, in 2-byte form", |_, script| {
            let script = hello(script).versions(&[5]);
            Ok(script.early_cell(command::VERSIONS, [0, 4]).bytes([0; 510]))
        }),
        case("VERSIONS again, odd length", |identity, script| {
            let script = hello(script).versions(&[5]);
            rest(identity, script.cell(0, command::VERSIONS, [0]))
        }),
        case("VERSIONS cut off, then FIN", |_, script| {
            Ok(hello(script)
                .bytes([0, 0, 7, 0, 4, 0])
                .quiet(PAUSE)
                .end_tcp())
        }),
    ]);
    cases
}

/// What follows VERSIONS.
fn rest(identity: &Identity, script: Script) -> Result<Script> {
    let script = script.certs(&identity.responder_certs()?);
    Ok(script.auth_challenge(&[3]).relay_netinfo())
}

/// Cells that do not belong into the handshake.
const STRANGE: [(&str, u8); 14] = [
    ("PADDING", command::PADDING),
    ("CREATE_FAST", command::CREATE_FAST),
    ("CREATE2", command::CREATE2),
    ("CREATED2", command::CREATED2),
    ("RELAY", command::RELAY),
    ("DESTROY", command::DESTROY),
    ("PADDING_NEGOTIATE", command::PADDING_NEGOTIATE),
    ("unknown command 99", 99),
    ("VPADDING", command::VPADDING),
    ("AUTHORIZE", command::AUTHORIZE),
    ("AUTHENTICATE", command::AUTHENTICATE),
    ("unknown variable command 200", 200),
    ("unknown variable command 255", 255),
    ("PADDING on circuit 7", command::PADDING),
];

/// Strange cells, before VERSIONS, before CERTS, and before NETINFO.
fn early_cells() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, command) in STRANGE {
        let circ_id = if name.ends_with('7') { 7 } else { 0 };
        cases.extend([
            case(
                format!("{name} before VERSIONS"),
                move |identity, script| {
                    let script = hello(script).early_cell(command, []).versions(&[4, 5]);
                    Ok(rest(identity, script)?.wait_for_create())
                },
            ),
            case(format!("{name} before CERTS"), move |identity, script| {
                let script = hello(script).versions(&[4, 5]).cell(circ_id, command, []);
                Ok(rest(identity, script)?.wait_for_create())
            }),
            case(format!("{name} before NETINFO"), move |identity, script| {
                let script =
                    certified(identity, script)?
                        .auth_challenge(&[3])
                        .cell(circ_id, command, []);
                Ok(script.relay_netinfo().wait_for_create())
            }),
        ]);
    }
    cases
}

fn certs() -> Vec<Case> {
    let mut cases: Vec<Case> = changes(End::Responder)
        .into_iter()
        .enumerate()
        .map(|(at, (name, make))| {
            let case = case(format!("CERTS: {name}"), move |identity, script| {
                let script = hello(script).versions(&[5]).certs(&make(identity)?);
                let script = script.auth_challenge(&[3]).relay_netinfo();
                Ok(script.wait_for_create())
            });
            // The same code reads them; a few show that it does.
            match at % 5 {
                0 => case,
                _ => case.of_relays(),
            }
        })
        .collect();
    // Who knows no Ed25519 identity may do without one.
    let rsa_alone = cases.iter().filter(|case| case.name.contains("RSA alone"));
    let names: Vec<String> = rsa_alone.map(|case| case.name.clone()).collect();
    for (name, make) in changes(End::Responder) {
        if names.iter().any(|other| other.ends_with(&name)) {
            let name = format!("CERTS, RSA identity alone wanted: {name}");
            let case = case(name, move |identity, script| {
                let script = hello(script).versions(&[4]).certs(&make(identity)?);
                let script = script.auth_challenge(&[3]).relay_netinfo();
                Ok(script.wait_for_create())
            });
            cases.push(case.wanting(Wanted::OurRsa).of_relays());
        }
    }
    type Wrong = fn(Vec<u8>) -> Vec<u8>;
    let bodies: [(&str, Wrong); 6] = [
        ("no body", |_| Vec::new()),
        ("count too high", |mut body| {
            body[0] += 1;
            body
        }),
        ("count too low", |mut body| {
            body[0] -= 1;
            body
        }),
        ("bytes behind the last", |body| {
            [&body[..], &[1, 2]].concat()
        }),
        ("last byte missing", |mut body| {
            body.pop();
            body
        }),
        ("255 empty ones of unknown type", |_| {
            [&[255][..], &[99, 0, 0].repeat(255)].concat()
        }),
    ];
    cases.extend(bodies.into_iter().map(|(name, wrong)| {
        case(format!("CERTS: {name}"), move |identity, script| {
            let body = wrong(identity.responder_certs()?.encode());
            let script = hello(script).versions(&[5]);
            let script = script.cell(0, command::CERTS, body).auth_challenge(&[3]);
            Ok(script.relay_netinfo().wait_for_create())
        })
    }));
    cases.push(case("CERTS on circuit 1", |identity, script| {
        let body = identity.responder_certs()?.encode();
        let script = hello(script).versions(&[5]);
        Ok(script.cell(1, command::CERTS, body).auth_challenge(&[3]))
    }));
    cases
}

fn challenges() -> Vec<Case> {
    let nonce: &[u8] = &[9; 32];
    let body = |content: &[u8]| [nonce, content].concat();
    let bodies: [(&str, Vec<u8>); 13] = [
        ("no body", vec![]),
        ("31 bytes", nonce[1..].to_vec()),
        ("the challenge alone", nonce.to_vec()),
        ("half a count", body(&[0])),
        ("no methods", body(&[0, 0])),
        ("RSA alone", body(&[0, 1, 0, 1])),
        (
            "unknown methods alone",
            body(&[0, 3, 0, 0, 0, 4, 0xff, 0xff]),
        ),
        ("methods 1, 2 and 3", body(&[0, 3, 0, 1, 0, 2, 0, 3])),
        ("method 3 twice", body(&[0, 2, 0, 3, 0, 3])),
        (
            "a thousand methods",
            body(&[&[3, 0xe8][..], &[0, 3].repeat(1000)].concat()),
        ),
        ("fewer methods than it says", body(&[0, 2, 0, 3])),
        ("half a method", body(&[0, 1, 0])),
        ("bytes behind the methods", body(&[0, 1, 0, 3, 7, 7])),
    ];
    let mut cases: Vec<Case> = bodies
        .into_iter()
        .map(|(name, body)| {
            case(
                format!("AUTH_CHALLENGE: {name}"),
                move |identity, script| {
                    let script = certified(identity, script)?;
                    let script = script.cell(0, command::AUTH_CHALLENGE, &body[..]);
                    Ok(script.relay_netinfo().wait_for_create())
                },
            )
        })
        .collect();
    cases.push(case("AUTH_CHALLENGE on circuit 1", |identity, script| {
        let body = [&[9; 32][..], &[0, 1, 0, 3]].concat();
        let script = certified(identity, script)?;
        let script = script.cell(1, command::AUTH_CHALLENGE, body);
        Ok(script.relay_netinfo().wait_for_create())
    }));
    cases.push(
        case("RSA alone, AUTH_CHALLENGE", |identity, script| {
            // Whoever has no Ed25519 identity cannot be authenticated to.
            let certs = identity.responder_certs()?.without(&[4, 5, 7]);
            let script = hello(script).versions(&[5]).certs(&certs);
            let script = script.auth_challenge(&[3]).relay_netinfo();
            Ok(script.wait_for_create())
        })
        .wanting(Wanted::OurRsa),
    );
    cases.push(
        case("RSA alone, no AUTH_CHALLENGE", |identity, script| {
            let certs = identity.responder_certs()?.without(&[4, 5, 7]);
            let script = hello(script).versions(&[5]).certs(&certs);
            Ok(script.relay_netinfo().wait_for_create())
        })
        .wanting(Wanted::OurRsa),
    );
    cases
}

fn netinfos() -> Vec<Case> {
    let mut cases: Vec<Case> = peer::netinfos()
        .into_iter()
        .map(|(name, content)| {
            case(format!("NETINFO: {name}"), move |identity, script| {
                let script = certified(identity, script)?.auth_challenge(&[3]);
                Ok(script.netinfo_of(&content).wait_for_create())
            })
        })
        .collect();
    for (name, time) in [
        ("no time", 0),
        ("a time far off", u32::MAX),
        ("a time of 2026", 0x6955_b900_u32),
    ] {
        cases.push(case(format!("NETINFO: {name}"), move |identity, script| {
            let body = [&time.to_be_bytes()[..], &NETINFO[4..]].concat();
            let script = certified(identity, script)?.auth_challenge(&[3]);
            Ok(script.cell(0, command::NETINFO, body).wait_for_create())
        }));
    }
    for (name, list) in [("", [5]), (", link protocol 3", [3])] {
        let name = format!("NETINFO on circuit 1{name}");
        cases.push(case(name, move |identity, script| {
            let script = hello(script).versions(&list);
            let script = script.certs(&identity.responder_certs()?);
            let script = script.auth_challenge(&[3]);
            Ok(script.cell(1, command::NETINFO, NETINFO).wait_for_create())
        }));
    }
    cases.push(case("NETINFO cut off, then FIN", |identity, script| {
        let script = certified(identity, script)?.auth_challenge(&[3]);
        Ok(script
            .cut_cell(100, command::NETINFO, [])
            .quiet(PAUSE)
            .end_tcp())
    }));
    cases
}

/// Cells of the handshake when the link is open.
fn late_cells() -> Vec<Case> {
    let mut cases: Vec<Case> = STRANGE
        .into_iter()
        .chain([
            ("CERTS, empty", command::CERTS),
            ("AUTH_CHALLENGE, empty", command::AUTH_CHALLENGE),
            ("NETINFO, empty", command::NETINFO),
            ("VERSIONS, empty", command::VERSIONS),
        ])
        // The tor's circuits are its own affair.
        .filter(|(_, command)| !matches!(*command, command::CREATE_FAST | command::CREATE2))
        .map(|(name, command)| {
            case(format!("{name}, link open"), move |identity, script| {
                let script = open(identity, script)?.wait_for_create();
                Ok(script.cell(0, command, []).probe())
            })
        })
        .collect();
    for (name, parts) in [
        ("CERTS", Part::Certs),
        ("AUTH_CHALLENGE", Part::Challenge),
        ("NETINFO", Part::Netinfo),
    ] {
        cases.push(case(
            format!("{name}, link open"),
            move |identity, script| {
                let script = open(identity, script)?.wait_for_create();
                Ok(parts.add(identity, script, true)?.probe())
            },
        ));
    }
    cases
}

/// Below the link protocol.
fn transport() -> Vec<Case> {
    vec![
        case("TCP, then FIN", |_, script| {
            Ok(script.quiet(PAUSE).end_tcp())
        }),
        case("HTTP instead of TLS", |_, script| {
            Ok(script.bytes("HTTP/1.0 404 Not Found\r\n\r\n"))
        }),
        case("zeros instead of TLS", |_, script| {
            Ok(script.bytes([0; 600]))
        }),
        case("a TLS alert", |_, script| {
            Ok(script.bytes([0x15, 3, 3, 0, 2, 2, 40]))
        }),
        case("TLS, then close_notify", |_, script| {
            Ok(hello(script).end_tls())
        }),
        case("TLS, then FIN", |_, script| {
            Ok(hello(script).quiet(PAUSE).end_tcp())
        }),
        case("VERSIONS, then FIN", |_, script| {
            Ok(hello(script).versions(&[5]).quiet(PAUSE).end_tcp())
        }),
        case("CERTS, then FIN", |identity, script| {
            Ok(certified(identity, script)?.quiet(PAUSE).end_tcp())
        }),
        case("CERTS cut off, then FIN", |_, script| {
            let script = hello(script).versions(&[5]);
            Ok(script
                .cut_cell(20, command::CERTS, [0; 200])
                .quiet(PAUSE)
                .end_tcp())
        }),
        case("600 zeros in TLS", |_, script| {
            Ok(hello(script).bytes([0; 600]))
        }),
        case("HTTP in TLS", |_, script| {
            Ok(hello(script).bytes("HTTP/1.0 200 OK\r\n".repeat(40)))
        }),
        case("600 bytes 0xff in TLS, then FIN", |_, script| {
            Ok(hello(script).bytes([0xff; 600]).quiet(PAUSE).end_tcp())
        }),
    ]
}
