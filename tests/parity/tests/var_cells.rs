//! Variable-length cells come out of a link's buffer on both sides at the same byte,
//! whatever their length, and wherever the bytes are parted.

use ctor::log;
use parity::cells::framing::{Buffer, Link};
use parity::laboratory::Side;
use wire::cell::{CircIds, VarHeader};

const CERTS: u8 = 129;

/// The versions of the link protocol with either length of circuit IDs.
const PROTOCOLS: [i32; 2] = [3, 4];

fn cell(protocol: i32, length: u16) -> Vec<u8> {
    let header = VarHeader {
        circ_id: 0x89ab,
        command: CERTS,
        length,
    };
    let mut cell = match CircIds::of(protocol) {
        CircIds::Wide => header.wide().to_vec(),
        CircIds::Narrow => header.narrow().to_vec(),
    };
    cell.extend((0..length).map(|at| (at ^ at >> 8) as u8));
    cell
}

/// The return code, the header and the body of what comes out, and how many bytes
/// are left; the same on both sides.
fn fetched(link: &Link) -> (i32, Option<Vec<u8>>, usize) {
    let wide = CircIds::of(link.protocol) == CircIds::Wide;
    // What starting C Tor said.
    log::take();
    let [c, rust] = [Side::C, Side::Rust].map(|side| {
        let buffer = Buffer::new(link);
        let (found, cell) = buffer.fetch(side, link.protocol);
        let cell = cell.map(|cell| {
            let (len, header) = cell.header(wide);
            [&header[..len as usize], cell.body()].concat()
        });
        (found, cell, buffer.len())
    });
    assert_eq!(c, rust, "{link:?}");
    assert_eq!(log::take(), []);
    rust
}

#[test]
fn of_every_length() {
    ctor::init();
    for protocol in PROTOCOLS {
        for length in (0..=u16::MAX).filter(|l| *l < 9_000 || *l > 65_500 || l % 61 == 0) {
            let cell = cell(protocol, length);
            let mut link = Link {
                protocol,
                pieces: vec![1 << 12, 1, 700],
                bytes: cell.clone(),
            };
            link.bytes.push(0xee);
            assert_eq!(fetched(&link), (1, Some(cell.clone()), 1));
            link.bytes.truncate(cell.len() - 1);
            let header_there = length > 0;
            let waits = (i32::from(header_there), None, cell.len() - 1);
            assert_eq!(fetched(&link), waits);
        }
    }
}

#[test]
fn cut_off_after_each_byte_and_parted_after_each() {
    ctor::init();
    for protocol in PROTOCOLS {
        let whole = cell(protocol, 40);
        let header_len = CircIds::of(protocol).var_header_len();
        for kept in 0..=whole.len() {
            for piece in 1..=whole.len() {
                let link = Link {
                    protocol,
                    pieces: vec![piece],
                    bytes: whole[..kept].to_vec(),
                };
                let expected = match kept {
                    _ if kept == whole.len() => (1, Some(whole.clone()), 0),
                    _ => (i32::from(kept >= header_len), None, kept),
                };
                assert_eq!(fetched(&link), expected);
            }
        }
    }
}

#[test]
fn of_every_command_in_every_link_protocol() {
    ctor::init();
    for protocol in (-1..=6).chain([255, i32::MAX, i32::MIN]) {
        for command in 0..=255 {
            let mut bytes = cell(protocol, 3);
            let header_len = CircIds::of(protocol).var_header_len();
            bytes[header_len - 3] = command;
            let link = Link {
                protocol,
                pieces: vec![2],
                bytes,
            };
            let (found, cell, _) = fetched(&link);
            assert_eq!(found == 1, cell.is_some());
        }
    }
}
