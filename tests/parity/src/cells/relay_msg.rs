//! Relay messages: cells that arrive, messages that are sent.
//!
//! The bytes of an input: format (even: version 0), what is done (below 128: a cell
//! is read, else a message is written). A cell: command (1), where the message's
//! length is changed to (see [`length_of`]), then its body. A message: relay
//! command, stream (2), RELAY_EARLY (1), seed of the padding (8), length (3), the
//! data.

use std::ffi::{c_int, c_uint};
use std::fmt;
use std::hint::black_box;
use std::ptr;
use std::sync::Once;

use arbitrary::{Result, Unstructured};
use ffi::cell::cell_t;
use ffi::cells::relay_msg::relay_msg_t;
use wire::relay_msg::{V0_HEADER_LEN, V1_HEADER_LEN};
use wire::{CellBody, CELL_BODY_LEN};

use crate::corpus;
use crate::laboratory::{About, Comparison, Side};
use crate::observed::Observed;

/// Calls the function of this name on a side.
macro_rules! call {
    ($side:expr, $name:ident($($argument:expr),* $(,)?)) => {
        match $side {
            Side::C => ctor::cells::$name($($argument),*),
            Side::Rust => ffi::cells::relay_msg::$name($($argument),*),
        }
    };
}

/// The comparison.
pub struct RelayMessages;

/// One message.
pub struct Case {
    format: c_uint,
    what: What,
}

enum What {
    /// A cell arrives: channel command and body.
    Read(u8, Box<CellBody>),
    /// A message is sent.
    Write {
        command: u8,
        stream_id: u16,
        is_relay_early: bool,
        seed: u64,
        data: Vec<u8>,
    },
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "version {}, ", self.format)?;
        match &self.what {
            What::Read(command, body) => write!(f, "cell {command}: {body:02x?}"),
            What::Write {
                command,
                stream_id,
                is_relay_early,
                data,
                ..
            } => write!(
                f,
                "message {command}, stream {stream_id}, early {is_relay_early}, {} bytes",
                data.len()
            ),
        }
    }
}

const ABOUT: About = About {
    name: "relay-msg",
    component: "cells",
    cases: 60_000,
    longest: 640,
    reaches: &[
        ("read", 15_000),
        ("nothing to read", 10_000),
        ("written", 15_000),
        ("unfit", 8_000),
    ],
    faults: &["wrong-length"],
};

/// More than any message has.
const LONGEST: usize = 600;

impl Comparison for RelayMessages {
    type Input = Case;

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn input(&self, bytes: &mut Unstructured<'_>) -> Result<Case> {
        let format = c_uint::from(byte(bytes)? % 2);
        let what = match byte(bytes)? {
            0..128 => {
                let command = match byte(bytes)? {
                    early @ 0..64 => early,
                    64..128 => 9,
                    _ => 3,
                };
                let length = length_of(bytes)?;
                let mut body = Box::new([0; CELL_BODY_LEN]);
                let given = bytes.bytes(bytes.len().min(CELL_BODY_LEN))?;
                body[..given.len()].copy_from_slice(given);
                // Random commands are unknown, most of them.
                body[16] %= 48;
                if let Some(length) = length {
                    let at = if format == 0 { 9 } else { 17 };
                    body[at..at + 2].copy_from_slice(&length.to_be_bytes());
                }
                What::Read(command, body)
            }
            128..=255 => {
                let command = byte(bytes)? % 48;
                let stream_id: u16 = bytes.arbitrary()?;
                let flags = byte(bytes)?;
                let seed = bytes.arbitrary()?;
                let length = length_of(bytes)?.unwrap_or(0);
                let mut data = bytes.bytes(bytes.len())?.to_owned();
                data.resize(usize::from(length).min(LONGEST), 0x5a);
                What::Write {
                    command,
                    stream_id: if flags & 2 == 0 { stream_id } else { 0 },
                    is_relay_early: flags & 1 == 1,
                    seed,
                    data,
                }
            }
        };
        Ok(Case { format, what })
    }

    fn observe(&self, side: Side, case: &Case, seen: &mut Observed) {
        say_everything_that_is_said_once();
        match &case.what {
            What::Read(command, body) => read(side, case.format, *command, body, seen),
            What::Write {
                command,
                stream_id,
                is_relay_early,
                seed,
                data,
            } => {
                let msg = relay_msg_t {
                    command: *command,
                    length: data.len() as u16,
                    stream_id: *stream_id,
                    is_relay_early: *is_relay_early,
                    body: data.as_ptr(),
                };
                let ((), drawn) =
                    ctor::random::seeded(*seed, || write(side, case.format, &msg, seen));
                seen.note("random bytes drawn", drawn);
            }
        }
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        let mut seeds = Vec::new();
        for (version, format) in [("v0", 0), ("v1", 1)] {
            for body in corpus::recorded_relay_cells(version) {
                seeds.push([&[format, 0, 255, 255, 0, 0], &body[..]].concat());
            }
            // A DATA message, a SENDME, and messages that do not fit.
            for (command, length) in [(2, 498), (5, 0), (2, 499), (10, 491)] {
                for stream in [0, 1] {
                    let mut seed = vec![format, 128, command, stream, 0, 0];
                    seed.extend(7_u64.to_le_bytes());
                    seed.push(200);
                    seed.extend(u16::to_le_bytes(length));
                    seeds.push(seed);
                }
            }
        }
        seeds
    }
}

/// A length, mostly one at the edge of what fits; nothing in a quarter of cases.
/// Takes three bytes.
fn length_of(bytes: &mut Unstructured<'_>) -> Result<Option<u16>> {
    let choice = byte(bytes)?;
    let any: u16 = bytes.arbitrary()?;
    Ok(match choice {
        0..64 => {
            let headers = [V0_HEADER_LEN, V1_HEADER_LEN, V1_HEADER_LEN + 2];
            let most = CELL_BODY_LEN - headers[usize::from(any) % headers.len()];
            Some(most as u16 + any / 256 % 8 - 5)
        }
        64..192 => Some(any % 512),
        192..208 => Some(any),
        208..=255 => None,
    })
}

fn byte(bytes: &mut Unstructured<'_>) -> Result<u8> {
    Ok(bytes.bytes(1)?[0])
}

fn no_message() -> relay_msg_t {
    relay_msg_t {
        command: 0xa6,
        length: 0xa6a6,
        stream_id: 0xa6a6,
        is_relay_early: true,
        body: ptr::NonNull::dangling().as_ptr(),
    }
}

/// What a side has for relay cells, as C calls it: not inlined.
pub struct Functions {
    /// Reads the message of a cell.
    pub decode: unsafe extern "C" fn(c_uint, *const cell_t, *mut relay_msg_t) -> c_int,
    /// Makes a cell of a message.
    pub encode: unsafe extern "C" fn(c_uint, *const relay_msg_t, *mut cell_t) -> c_int,
}

/// The functions of a side.
pub fn functions(side: Side) -> Functions {
    black_box(match side {
        Side::C => Functions {
            decode: ctor::cells::relay_msg_decode_cell_in_place,
            encode: ctor::cells::relay_msg_encode_cell,
        },
        Side::Rust => Functions {
            decode: ffi::cells::relay_msg::relay_msg_decode_cell_in_place,
            encode: ffi::cells::relay_msg::relay_msg_encode_cell,
        },
    })
}

/// The return code, and the message that is in a cell.
pub fn decode(side: Side, format: c_uint, cell: &cell_t) -> (i32, relay_msg_t) {
    let mut msg = no_message();
    // SAFETY: a cell, and room for a message.
    let status = unsafe { (functions(side).decode)(format, cell, &mut msg) };
    (status, msg)
}

/// Whether a copy of a message comes to be; it is freed again.
///
/// # Safety
/// The message's body is valid for its length.
pub unsafe fn can_be_copied(side: Side, msg: *const relay_msg_t) -> bool {
    // SAFETY: this function's contract; the side frees what it made.
    unsafe {
        let copy = call!(side, relay_msg_copy(msg));
        let made = !copy.is_null();
        call!(side, relay_msg_free_(copy));
        made
    }
}

fn read(side: Side, format: c_uint, command: u8, body: &CellBody, seen: &mut Observed) {
    let cell = cell_t {
        circ_id: 7,
        command,
        payload: *body,
    };
    let mut msg = no_message();
    // SAFETY: a cell, and room for a message.
    let status = unsafe {
        call!(
            side,
            relay_msg_decode_cell_in_place(format, &cell, &mut msg)
        )
    };
    seen.note("relay_msg_decode_cell_in_place", status);
    // SAFETY: a cell.
    let allocated = unsafe { call!(side, relay_msg_decode_cell(format, &cell)) };
    seen.note("relay_msg_decode_cell", !allocated.is_null());
    if status != 0 {
        // What is left in the message differs (DIFFERENCES.md, relay-msg-refused).
        seen.reach("nothing to read");
        return;
    }
    seen.reach("read");
    note(&msg, &cell, seen);
    // SAFETY: not null, as was noted; the messages are freed once, by the side that
    // made them.
    unsafe {
        if let Some(allocated) = allocated.as_ref() {
            note(allocated, &cell, seen);
        }
        let copy = call!(side, relay_msg_copy(&msg));
        seen.note("relay_msg_copy", !copy.is_null());
        let own = std::slice::from_raw_parts((*copy).body, (*copy).length.into());
        seen.note("the copy's body", own);
        seen.note("it is the cell's", ptr::eq((*copy).body, msg.body));
        call!(side, relay_msg_free_(copy));
        call!(side, relay_msg_free_(allocated));
        call!(side, relay_msg_clear(&mut msg));
    }
    seen.note(
        "cleared",
        msg.command == 0 && msg.length == 0 && msg.body.is_null(),
    );
}

/// Notes a message that is in a cell.
fn note(msg: &relay_msg_t, cell: &cell_t, seen: &mut Observed) {
    seen.note("command", msg.command);
    seen.note("length", msg.length);
    seen.note("stream", msg.stream_id);
    seen.note("early", msg.is_relay_early);
    let at = (msg.body as usize).wrapping_sub(cell.payload.as_ptr() as usize);
    seen.note("where the body is", at);
    if at + usize::from(msg.length) > CELL_BODY_LEN {
        seen.complain("a message that ends behind its cell".into());
    }
}

/// Makes both sides report what they report once a process: comparisons run in
/// several threads, and who comes first is not their affair. What is said then is
/// tried in tests/said_once.rs.
fn say_everything_that_is_said_once() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for side in [Side::C, Side::Rust] {
            for (format, msg) in UNFIT {
                assert_eq!(encode(side, format, &msg).0, -1);
            }
        }
        ctor::log::take();
    });
}

/// A message for each reason not to send it.
pub const UNFIT: [(c_uint, relay_msg_t); 4] = {
    static DATA: [u8; LONGEST] = [0; LONGEST];
    const fn message(command: u8, stream_id: u16, length: u16) -> relay_msg_t {
        relay_msg_t {
            command,
            length,
            stream_id,
            is_relay_early: false,
            body: (&raw const DATA).cast(),
        }
    }
    [
        (0, message(2, 1, 499)),
        (1, message(2, 1, 489)),
        (1, message(2, 0, 1)),
        (1, message(10, 1, 1)),
    ]
};

/// The return code, and the cell.
pub fn encode(side: Side, format: c_uint, msg: &relay_msg_t) -> (i32, cell_t) {
    let mut cell = cell_t {
        circ_id: 7,
        command: 7,
        payload: [0xa6; CELL_BODY_LEN],
    };
    // SAFETY: a message with its body, and room for a cell.
    let status = unsafe { (functions(side).encode)(format, msg, &mut cell) };
    (status, cell)
}

fn write(side: Side, format: c_uint, msg: &relay_msg_t, seen: &mut Observed) {
    let (status, cell) = encode(side, format, msg);
    seen.note("relay_msg_encode_cell", status);
    if status == 0 {
        seen.reach("written");
        seen.note("circuit", cell.circ_id);
        seen.note("channel command", cell.command);
        seen.note("cell", &cell.payload[..]);
    } else {
        seen.reach("unfit");
    }
}
