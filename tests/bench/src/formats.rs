//! What it costs to parse and to encode the formats of `src/trunnel`: through C's
//! functions, objects made and freed; and by the strict types alone, beside C's
//! functions.

use std::hint::black_box;

use parity::laboratory::Side;
use parity::trunnel::number_of;
use parity::trunnel::object::Owned;
use wire::format::Format;
use wire::formats::ed25519_cert::{Create2, Extend2};
use wire::formats::link_handshake::Certs;
use wire::formats::netinfo::Netinfo;

use crate::work::Work;

/// How often something is parsed or encoded before its time is taken.
const AT_ONCE: u32 = 200;

macro_rules! row {
    ($name:literal, $prepare:expr) => {
        Work {
            name: $name,
            at_once: AT_ONCE,
            prepare: $prepare,
        }
    };
}

/// The rows, in the order of the table.
pub const FORMATS: [Work; 19] = [
    row!("NETINFO parsed", |side| parse(
        side,
        "netinfo_cell",
        netinfo()
    )),
    row!("NETINFO encoded", |side| encode(
        side,
        "netinfo_cell",
        netinfo()
    )),
    row!("CREATE2 body parsed", |side| parse(
        side,
        "create2_cell_body",
        create2()
    )),
    row!("CREATE2 body encoded", |side| encode(
        side,
        "create2_cell_body",
        create2()
    )),
    row!("EXTEND2 parsed", |side| parse(
        side,
        "extend2_cell_body",
        extend2()
    )),
    row!("EXTEND2 encoded", |side| encode(
        side,
        "extend2_cell_body",
        extend2()
    )),
    row!("link specifier parsed", |side| parse(
        side,
        "link_specifier",
        ipv4()
    )),
    row!("CERTS parsed", |side| parse(side, "certs_cell", certs())),
    row!("Ed25519 certificate parsed", |side| parse(
        side,
        "ed25519_cert",
        cert()
    )),
    row!("AUTH_CHALLENGE parsed", |side| parse(
        side,
        "auth_challenge_cell",
        challenge()
    )),
    row!("SENDME parsed", |side| parse(side, "sendme_cell", sendme())),
    row!("XON parsed", |side| parse(
        side,
        "xon_cell",
        vec![0, 0, 0, 3, 4]
    )),
    row!("ESTABLISH_INTRO parsed", |side| parse(
        side,
        "trn_cell_establish_intro",
        establish_intro()
    )),
    row!("INTRODUCE1 parsed", |side| parse(
        side,
        "trn_cell_introduce1",
        introduce1()
    )),
    row!("SOCKS5 request parsed", |side| parse(
        side,
        "socks5_client_request",
        socks5()
    )),
    row!("NETINFO, strict type", |side| strict(
        side,
        "netinfo_cell",
        netinfo(),
        |bytes| {
            black_box(Netinfo::parse(bytes)).ok();
        }
    )),
    row!("CREATE2 body, strict type", |side| strict(
        side,
        "create2_cell_body",
        create2(),
        |bytes| {
            black_box(Create2::parse(bytes)).ok();
        }
    )),
    row!("EXTEND2, strict type", |side| strict(
        side,
        "extend2_cell_body",
        extend2(),
        |bytes| {
            black_box(Extend2::parse(bytes)).ok();
        }
    )),
    row!("CERTS, strict type", |side| strict(
        side,
        "certs_cell",
        certs(),
        |bytes| {
            black_box(Certs::parse(bytes)).ok();
        }
    )),
];

/// Parses and frees.
fn parse(side: Side, format: &str, bytes: Vec<u8>) -> Box<dyn FnMut()> {
    let number = number_of(format);
    assert_eq!(Owned::parse(side, number, &bytes).0, bytes.len() as isize);
    Box::new(move || {
        for _ in 0..AT_ONCE {
            black_box(Owned::parse(side, number, black_box(&bytes)));
        }
    })
}

/// Encodes, into a buffer that is there.
fn encode(side: Side, format: &str, bytes: Vec<u8>) -> Box<dyn FnMut()> {
    let (_, object) = Owned::parse(side, number_of(format), &bytes);
    let object = object.expect("the bytes are valid");
    let mut space = [0; 512];
    Box::new(move || {
        for _ in 0..AT_ONCE {
            // SAFETY: space with its length, and an object of that format.
            let len = unsafe {
                let (object, encode) = (object.as_ptr(), object.functions().encode);
                encode(black_box(space.as_mut_ptr()), space.len(), object)
            };
            assert_eq!(len, bytes.len() as isize);
        }
    })
}

/// As [`parse`] on the side of C, on that of Rust with the strict type alone.
fn strict(side: Side, format: &str, bytes: Vec<u8>, read: fn(&[u8])) -> Box<dyn FnMut()> {
    match side {
        Side::C => parse(side, format, bytes),
        Side::Rust => Box::new(move || {
            for _ in 0..AT_ONCE {
                read(black_box(&bytes));
            }
        }),
    }
}

/// A relay with an IPv4 and an IPv6 address speaks to one with an IPv4 address.
fn netinfo() -> Vec<u8> {
    let ipv4 = [4, 4, 192, 0, 2, 7];
    let ipv6 = [&[6, 16][..], &[0x20; 16]].concat();
    [&[0x65, 0x43, 0x21, 0][..], &ipv4, &[2], &ipv4, &ipv6].concat()
}

/// An ntor onionskin.
fn create2() -> Vec<u8> {
    [&[0, 2, 0, 84][..], &[7; 84]].concat()
}

fn ipv4() -> Vec<u8> {
    vec![0, 6, 192, 0, 2, 7, 0x23, 0x29]
}

/// An IPv4 address, both identities, an ntor onionskin.
fn extend2() -> Vec<u8> {
    let identity = [&[2, 20][..], &[8; 20]].concat();
    let ed_identity = [&[3, 32][..], &[9; 32]].concat();
    [vec![3], ipv4(), identity, ed_identity, create2()].concat()
}

/// What a relay sends: two RSA certificates, two Ed25519 ones, a cross-certificate.
fn certs() -> Vec<u8> {
    let of = |kind, len: u16| [&[kind][..], &len.to_be_bytes(), &vec![kind; len.into()]].concat();
    [
        vec![5],
        of(1, 456),
        of(2, 448),
        of(4, 140),
        of(5, 104),
        of(7, 165),
    ]
    .concat()
}

/// A signing key, certified by the identity which is in it.
fn cert() -> Vec<u8> {
    let key = [&[0, 32, 4, 0][..], &[6; 32]].concat();
    [&[1, 4, 0, 7, 1, 2, 1][..], &[5; 32], &[1], &key, &[3; 64]].concat()
}

fn challenge() -> Vec<u8> {
    [&[4; 32][..], &[0, 2, 0, 1, 0, 3]].concat()
}

/// Version 1, with a digest.
fn sendme() -> Vec<u8> {
    [&[1, 0, 20][..], &[2; 20]].concat()
}

/// With an extension that asks for protection from denial of service.
fn establish_intro() -> Vec<u8> {
    let params = [&[2, 1][..], &[0; 7], &[25, 2], &[0; 7], &[200]].concat();
    let extensions = [&[1, 1, params.len() as u8][..], &params].concat();
    [
        &[2, 0, 32][..],
        &[1; 32],
        &extensions,
        &[2; 32],
        &[0, 64],
        &[3; 64],
    ]
    .concat()
}

fn introduce1() -> Vec<u8> {
    [&[0; 20][..], &[2, 0, 32], &[1; 32], &[0], &[5; 246]].concat()
}

fn socks5() -> Vec<u8> {
    [&[5, 1, 0, 3, 14][..], b"torproject.org", &[1, 187]].concat()
}
