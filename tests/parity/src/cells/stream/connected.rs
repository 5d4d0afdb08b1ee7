//! CONNECTED messages are written, and read again; and others are read.
//!
//! The bytes of an input: what is done (below 96: written). A message that is
//! written: family (1), address (16), lifetime (4). One that is read: where an IPv4
//! address is (above 96: zeros), the type (below 240: IPv6), an address (16), a
//! lifetime (4), the length (1), then a mutation.

use arbitrary::{Result, Unstructured};
use ffi::host::{tor_addr_t, TORRS_ADDR_SIZE};

use super::{addr_of, byte, bytes_of, message, mutate, some, CONNECTED};
use crate::laboratory::{About, Comparison, Side};
use crate::observed::Observed;

/// The comparison.
pub struct ConnectedMessages;

/// One message.
#[derive(Debug)]
pub enum Case {
    /// It is written.
    #[allow(missing_docs)]
    Write {
        family: u8,
        address: [u8; 16],
        ttl: u32,
    },
    /// It is read.
    Read(Vec<u8>),
}

const ABOUT: About = About {
    name: "connected",
    component: "cells",
    cases: 40_000,
    longest: 48,
    reaches: &[
        ("IPv4 written", 4_000),
        ("IPv6 written", 4_000),
        ("no family to write", 1_000),
        ("nothing in it", 500),
        ("IPv4", 2_000),
        ("IPv6", 2_000),
        ("refused", 2_000),
    ],
    faults: &["wrong-length"],
};

/// Families of addresses, as Linux numbers them.
const UNIX: u8 = 1;
const INET: u8 = 2;
const INET6: u8 = 10;

/// What a message is written into, in bytes, and bytes behind it.
const ROOM: usize = 25 + 8;

impl Comparison for ConnectedMessages {
    type Input = Case;

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn input(&self, bytes: &mut Unstructured<'_>) -> Result<Case> {
        if byte(bytes)? < 96 {
            let family = match byte(bytes)? {
                0..100 => INET,
                100..200 => INET6,
                200..210 => UNIX,
                210..230 => 0,
                other => other,
            };
            let zero = byte(bytes)? < 16;
            let address = if zero { [0; 16] } else { bytes.arbitrary()? };
            let ttl = bytes.arbitrary()?;
            return Ok(Case::Write {
                family,
                address,
                ttl,
            });
        }
        let mut body = match byte(bytes)? {
            0..96 => some(bytes, 4)?,
            96..=255 => vec![0; 4],
        };
        body.push(match byte(bytes)? {
            0..240 => 6,
            other => other,
        });
        body.extend(some(bytes, 16 + 4)?);
        match byte(bytes)? {
            0..16 => body.clear(),
            short @ 16..48 => body.truncate(usize::from(short) - 16),
            48..64 => body.truncate(8),
            64..=255 => {}
        }
        mutate(bytes, &mut body)?;
        Ok(Case::Read(body))
    }

    fn observe(&self, side: Side, case: &Case, seen: &mut Observed) {
        match case {
            &Case::Write {
                family,
                address,
                ttl,
            } => write(side, family, address, ttl, seen),
            Case::Read(body) => {
                // Nothing is behind it: a sanitizer would notice.
                read(side, &body.clone().into_boxed_slice(), seen);
            }
        }
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        let written = [0, 100, 200].map(|family| {
            let mut seed = vec![0, family, 255];
            seed.extend(1..=16);
            seed.extend([0x10, 0x0e, 0, 0]);
            seed
        });
        let read = [0, 255].map(|ipv4| {
            let mut seed = vec![255, ipv4];
            if ipv4 == 0 {
                seed.extend([1, 2, 3, 4]);
            }
            seed.push(0);
            seed.extend([7; 20]);
            seed.extend([255, 255, 0, 0, 0]);
            seed
        });
        written.into_iter().chain(read).collect()
    }
}

fn write(side: Side, family: u8, address: [u8; 16], ttl: u32, seen: &mut Observed) {
    let mut bytes = [0; TORRS_ADDR_SIZE];
    bytes[0] = family;
    let len = if family == INET { 4 } else { 16 };
    bytes[4..4 + len].copy_from_slice(&address[..len]);
    let addr = addr_of(bytes);
    let mut payload = [0xa6; ROOM];
    // SAFETY: an address, and room for a message.
    let status = unsafe {
        call!(
            side,
            connected_cell_format_payload(payload.as_mut_ptr(), &addr, ttl)
        )
    };
    seen.note("connected_cell_format_payload", status);
    seen.note("message", &payload[..]);
    seen.reach(match status {
        8 => "IPv4 written",
        25 => "IPv6 written",
        _ => "no family to write",
    });
    let Ok(length) = usize::try_from(status) else {
        return;
    };
    let (status, again, ttl_again) = read(side, &payload[..length], seen);
    let ttl = i32::try_from(ttl).unwrap_or(-1);
    // Which is the beginning of an IPv6 address, too.
    let is_zero = family == INET && address[..4] == [0; 4];
    let same = (status, bytes_of(&again), ttl_again) == (0, bytes, ttl);
    if same == is_zero {
        seen.complain("what is written is not what is read".into());
    }
}

/// Reads a message and notes what is in it: the return code, the address, and how
/// long a name has it.
pub fn read(side: Side, body: &[u8], seen: &mut Observed) -> (i32, tor_addr_t, i32) {
    let msg = message(CONNECTED, body);
    let (mut addr, mut ttl) = (addr_of([0xa6; TORRS_ADDR_SIZE]), 0x00a6_a6a6);
    // SAFETY: a message with its body, and room for what is read of it.
    let status = unsafe { call!(side, connected_cell_parse(&msg, &mut addr, &mut ttl)) };
    seen.note("connected_cell_parse", status);
    seen.note("address", &bytes_of(&addr)[..]);
    seen.note("ttl", ttl);
    seen.reach(match (status, bytes_of(&addr)[0]) {
        (0, INET) => "IPv4",
        (0, INET6) => "IPv6",
        (0, _) => "nothing in it",
        _ => "refused",
    });
    (status, addr, ttl)
}
