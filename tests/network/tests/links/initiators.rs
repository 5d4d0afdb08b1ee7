//! Hostile initiators that say they are relays: CERTS and AUTHENTICATE, right and
//! wrong (tor-spec, "AUTHENTICATE cells"). Those that do not are in `tests/hostile`.

use anyhow::Result;
use peer::{command, Forgery, Identity, Script};

use crate::case::{case, Case};
use crate::certs::{changes, End};
use crate::pairs::Known;

/// What must have been seen of some cases.
pub const KNOWN: [Known; 4] = [
    (
        "all right, link protocol 5",
        &["VERSIONS 0003 0004 0005", "NETINFO", "held open"],
        &[
            "Got an AUTHENTICATE cell on",
            "Looks good",
            "using protocol version 5. Its ID digest is <our RSA id>",
        ],
    ),
    (
        "all right, link protocol 3",
        &["held open"],
        &[
            "Looks good",
            "using protocol version 3. Its ID digest is <our RSA id>",
        ],
    ),
    (
        "AUTHENTICATE: Field(\"SLOG\")",
        &["closed"],
        &["Some field in the AUTHENTICATE cell body was not as expected"],
    ),
    (
        "CERTS: type 6 with an unknown extension that affects validation",
        &["closed"],
        &["Received undecodable Ed certificate in CERTS cell"],
    ),
];

/// All cases, under different names.
pub fn cases() -> Vec<Case> {
    let mut cases = right();
    cases.extend(orders());
    cases.extend(certs());
    cases.extend(forgeries());
    cases.extend(between());
    cases
}

/// TLS, VERSIONS, and what the relay answers.
fn answered(script: Script, link_protocol: u16) -> Script {
    script.start_tls().versions(&[link_protocol]).wait(4)
}

fn right() -> Vec<Case> {
    let mut cases: Vec<Case> = [3, 4, 5]
        .into_iter()
        .map(|link_protocol| {
            let name = format!("all right, link protocol {link_protocol}");
            case(name, move |identity, script| {
                let script = answered(script, link_protocol);
                let script = script.certs(&identity.initiator_certs()?);
                let script = script.authenticate(identity, Forgery::Nothing);
                let script = script.relay_netinfo();
                // Then it depends on both RSA keys which ids our circuits may have.
                Ok(match link_protocol {
                    3 => script,
                    _ => script.probe(),
                })
            })
        })
        .collect();
    cases.push(case("one byte at a time", |identity, script| {
        let script = script.start_tls().slowly().versions(&[5]).wait(4);
        let script = script.certs(&identity.initiator_certs()?);
        let script = script.authenticate(identity, Forgery::Nothing);
        Ok(script.relay_netinfo().probe())
    }));
    cases
}

/// The cells of an initiator after VERSIONS.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Certs,
    Authenticate,
    Netinfo,
}

const PARTS: [Part; 3] = [Part::Certs, Part::Authenticate, Part::Netinfo];

/// All sequences of up to four cells, each of the three at most twice.
fn orders() -> Vec<Case> {
    let mut all: Vec<Vec<Part>> = vec![Vec::new()];
    let mut last = all.clone();
    for _ in 0..4 {
        last = last
            .iter()
            .flat_map(|order| PARTS.map(|part| [&order[..], &[part]].concat()))
            .filter(|order| {
                PARTS
                    .iter()
                    .all(|part| order.iter().filter(|other| *other == part).count() <= 2)
            })
            .collect();
        all.extend(last.iter().cloned());
    }
    // Whoever has not sent NETINFO has nothing that can be probed.
    all.retain(|order| order.contains(&Part::Netinfo));
    all.into_iter().map(order).collect()
}

fn order(order: Vec<Part>) -> Case {
    let letters: String = order
        .iter()
        .map(|part| match part {
            Part::Certs => 'C',
            Part::Authenticate => 'A',
            Part::Netinfo => 'N',
        })
        .collect();
    case(format!("order {letters}"), move |identity, script| {
        let mut script = answered(script, 5);
        for part in &order {
            script = match part {
                Part::Certs => script.certs(&identity.initiator_certs()?),
                Part::Authenticate => script.authenticate(identity, Forgery::Nothing),
                Part::Netinfo => script.relay_netinfo(),
            };
        }
        Ok(script.probe())
    })
}

fn certs() -> Vec<Case> {
    changes(End::Initiator)
        .into_iter()
        .map(|(name, make)| {
            case(format!("CERTS: {name}"), move |identity, script| {
                let script = answered(script, 5).certs(&make(identity)?);
                let script = script.authenticate(identity, Forgery::Nothing);
                Ok(script.relay_netinfo().probe())
            })
        })
        .collect()
}

fn forgeries() -> Vec<Case> {
    let fields = [
        "TYPE",
        "CID",
        "SID",
        "CID_ED",
        "SID_ED",
        "SLOG",
        "CLOG",
        "SCERT",
        "TLSSECRETS",
        "RAND",
    ];
    let mut forgeries: Vec<Forgery> = fields
        .into_iter()
        .flat_map(|field| [Forgery::Field(field), Forgery::Afterwards(field)])
        .collect();
    forgeries.extend([Forgery::Signature, Forgery::AnotherKey]);
    forgeries.extend([0, 1, 2, 4, 0xffff].map(Forgery::Method));
    forgeries.extend([-400, -65, -1, 1, 1000].map(Forgery::Length));
    forgeries.extend([1, 24, 63, 64, 65, 87, 88, 89, 200, 350, 351, 352, 416].map(Forgery::Cut));
    forgeries.extend([1, 64, 1000].map(Forgery::Longer));
    forgeries.extend([1, 1000].map(Forgery::Behind));
    forgeries.extend([1, 24].map(Forgery::MoreRandom));
    let mut cases: Vec<Case> = forgeries
        .into_iter()
        .map(|forgery| {
            case(
                format!("AUTHENTICATE: {forgery:?}"),
                move |identity, script| {
                    let script = answered(script, 5).certs(&identity.initiator_certs()?);
                    let script = script.authenticate(identity, forgery);
                    Ok(script.relay_netinfo().probe())
                },
            )
        })
        .collect();
    let bodies: [(&str, Vec<u8>); 6] = [
        ("no body", vec![]),
        ("3 bytes", vec![0, 3, 0]),
        ("4 bytes", vec![0, 3, 0, 0]),
        ("zeros", [&[0, 3, 1, 0xa0][..], &[0; 416]].concat()),
        (
            "RSA of the old kind",
            [&[0, 1, 1, 0][..], &[9; 256]].concat(),
        ),
        (
            "65535 bytes",
            [&[0, 3, 0xff, 0xfb][..], &[0; 65531]].concat(),
        ),
    ];
    cases.extend(bodies.into_iter().map(|(name, body)| {
        case(format!("AUTHENTICATE: {name}"), move |identity, script| {
            let script = answered(script, 5).certs(&identity.initiator_certs()?);
            let script = script.cell(0, command::AUTHENTICATE, &body[..]);
            Ok(script.relay_netinfo().probe())
        })
    }));
    cases
}

/// Other cells between CERTS and AUTHENTICATE, or after them: what belongs to the log
/// that AUTHENTICATE signs, and what does not.
fn between() -> Vec<Case> {
    let strange: [(&str, u8); 9] = [
        ("VPADDING", command::VPADDING),
        ("AUTHORIZE", command::AUTHORIZE),
        ("unknown variable command 200", 200),
        ("VERSIONS", command::VERSIONS),
        ("AUTH_CHALLENGE", command::AUTH_CHALLENGE),
        ("PADDING", command::PADDING),
        ("CREATE_FAST", command::CREATE_FAST),
        ("unknown command 99", 99),
        ("PADDING_NEGOTIATE", command::PADDING_NEGOTIATE),
    ];
    let mut cases = Vec::new();
    for (name, command) in strange {
        let places = [
            ("before CERTS", 0),
            ("before AUTHENTICATE", 1),
            ("before NETINFO", 2),
        ];
        for (place, at) in places {
            cases.push(case(format!("{name} {place}"), move |identity, script| {
                let with = |script: Script, here: usize| match here == at {
                    true => script.cell(0, command, []),
                    false => script,
                };
                let script = with(answered(script, 5), 0);
                let script = with(script.certs(&identity.initiator_certs()?), 1);
                let script = with(script.authenticate(identity, Forgery::Nothing), 2);
                Ok(script.relay_netinfo().probe())
            }));
        }
        cases.push(case(
            format!("{name}, link open"),
            move |identity, script| Ok(open(identity, script)?.cell(0, command, []).probe()),
        ));
    }
    cases.push(case("VPADDING before VERSIONS", |identity, script| {
        let script = script.start_tls().early_cell(command::VPADDING, [7; 300]);
        let script = script.versions(&[4, 5]).wait(4);
        let script = script.certs(&identity.initiator_certs()?);
        let script = script.authenticate(identity, Forgery::Nothing);
        Ok(script.relay_netinfo().probe())
    }));
    cases.push(case("CERTS on circuit 1", |identity, script| {
        let certs = identity.initiator_certs()?.encode();
        Ok(answered(script, 5).cell(1, command::CERTS, certs))
    }));
    cases.push(case("AUTHENTICATE on circuit 1", |identity, script| {
        let script = answered(script, 5).certs(&identity.initiator_certs()?);
        let script = script.cell(1, command::AUTHENTICATE, [0, 3, 0, 0]);
        Ok(script.relay_netinfo().probe())
    }));
    cases
}

/// The whole handshake, right.
fn open(identity: &Identity, script: Script) -> Result<Script> {
    let script = answered(script, 5).certs(&identity.initiator_certs()?);
    let script = script.authenticate(identity, Forgery::Nothing);
    Ok(script.relay_netinfo())
}
