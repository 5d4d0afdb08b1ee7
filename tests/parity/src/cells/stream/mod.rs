//! Messages that open streams.
//!
//! * [`begin`]: BEGIN and BEGIN_DIR are read.
//! * [`connected`]: CONNECTED is written and read.
//! * [`resolved`]: RESOLVED is read.

/// Calls the function of this name on a side.
macro_rules! call {
    ($side:expr, $name:ident($($argument:expr),* $(,)?)) => {
        match $side {
            $crate::laboratory::Side::C => ctor::cells::stream::$name($($argument),*),
            $crate::laboratory::Side::Rust => $crate::cells::stream::rust::$name($($argument),*),
        }
    };
}

pub mod begin;
pub mod connected;
pub mod resolved;

use std::ffi::c_int;
use std::ptr;

use arbitrary::{Result, Unstructured};
use ffi::cells::relay_msg::relay_msg_t;
use ffi::host::{tor_addr_t, TORRS_ADDR_SIZE};

use super::byte;
use crate::laboratory::Side;

/// The functions of the Rust side. One is glue.
pub mod rust {
    pub use ctor::cells::stream::glue::begin_cell_parse;
    pub use ffi::cells::stream::{
        connected_cell_format_payload, connected_cell_parse, resolved_cell_parse,
    };
}

/// What each function answers that gets nothing to work on.
pub const GIVEN_NOTHING: [fn(Side) -> c_int; 4] = [
    // SAFETY: no message, and room for what is read of it.
    |side| unsafe {
        let (mut bcell, mut reason) = (begin::no_begin(), 0);
        call!(side, begin_cell_parse(ptr::null(), &mut bcell, &mut reason))
    },
    // SAFETY: no address, and room for a message.
    |side| unsafe {
        let mut payload = [0; 25];
        let payload = payload.as_mut_ptr();
        call!(side, connected_cell_format_payload(payload, ptr::null(), 0))
    },
    // SAFETY: no message, and room for what is read of it.
    |side| unsafe {
        let (mut addr, mut ttl) = (tor_addr_t::UNSPECIFIED, 0);
        call!(side, connected_cell_parse(ptr::null(), &mut addr, &mut ttl))
    },
    // SAFETY: a message, and no list.
    |side| unsafe {
        let mut error = 0;
        let msg = message(RESOLVED, b"");
        call!(side, resolved_cell_parse(&msg, ptr::null_mut(), &mut error))
    },
];

/// Relay commands.
const CONNECTED: u8 = 4;
const RESOLVED: u8 = 12;

const STREAM: u16 = 0x1234;

/// A message, whose body is somebody else's.
fn message(command: u8, body: &[u8]) -> relay_msg_t {
    relay_msg_t {
        command,
        length: body.len() as u16,
        stream_id: STREAM,
        is_relay_early: false,
        body: body.as_ptr(),
    }
}

/// All bytes of an address.
fn bytes_of(addr: &tor_addr_t) -> [u8; TORRS_ADDR_SIZE] {
    // SAFETY: the type is made of bytes, as many as these, each of which has a value.
    unsafe { std::mem::transmute(*addr) }
}

fn addr_of(bytes: [u8; TORRS_ADDR_SIZE]) -> tor_addr_t {
    // SAFETY: as above.
    unsafe { std::mem::transmute(bytes) }
}

/// Changes one byte, makes it shorter or longer, or in half of cases does nothing.
/// Takes four bytes, and what it adds.
fn mutate(bytes: &mut Unstructured<'_>, body: &mut Vec<u8>) -> Result<()> {
    let choice = byte(bytes)?;
    let at = usize::from(bytes.arbitrary::<u16>()?) % body.len().max(1);
    let with = byte(bytes)?;
    match choice {
        0..64 => {
            if let Some(changed) = body.get_mut(at) {
                *changed ^= with;
            }
        }
        64..96 => body.truncate(at),
        96..104 => body.resize(at * 4 % 520, with),
        104..128 => body.extend(bytes.bytes((usize::from(with) % 8).min(bytes.len()))?),
        128..=255 => {}
    }
    Ok(())
}

/// What is there of the `len` bytes that come next.
fn some(bytes: &mut Unstructured<'_>, len: usize) -> Result<Vec<u8>> {
    Ok(bytes.bytes(len.min(bytes.len()))?.to_owned())
}
