//! What it costs to read a relay message from its cell, and to write one.

use std::hint::black_box;

use ffi::cell::cell_t;
use ffi::cells::relay_msg::relay_msg_t;
use parity::cells::relay_msg::{decode, encode, UNFIT};
use parity::laboratory::Side;

use crate::work::Work;

/// How often a message is read or written before its time is taken.
const AT_ONCE: u32 = 200;

/// Relay commands: one with a stream, one without.
const DATA: u8 = 2;
const SENDME: u8 = 5;

/// The rows, in the order of the table.
pub const MESSAGES: [Work; 6] = [
    Work {
        name: "DATA read, version 0",
        at_once: AT_ONCE,
        prepare: |side| read(side, 0, DATA, 498),
    },
    Work {
        name: "DATA read, version 1",
        at_once: AT_ONCE,
        prepare: |side| read(side, 1, DATA, 488),
    },
    Work {
        name: "DATA written, version 0",
        at_once: AT_ONCE,
        prepare: |side| write(side, 0, DATA, 498),
    },
    Work {
        name: "DATA written, version 1",
        at_once: AT_ONCE,
        prepare: |side| write(side, 1, DATA, 488),
    },
    Work {
        name: "SENDME written, version 0",
        at_once: AT_ONCE,
        prepare: |side| write(side, 0, SENDME, 23),
    },
    Work {
        name: "SENDME written, version 1",
        at_once: AT_ONCE,
        prepare: |side| write(side, 1, SENDME, 19),
    },
];

fn message(format: u32, command: u8, length: u16) -> relay_msg_t {
    // With a body that is long enough for every message.
    let (_, unfit) = UNFIT[0];
    relay_msg_t {
        command,
        length,
        stream_id: u16::from(format == 0 || command == DATA),
        ..unfit
    }
}

fn read(side: Side, format: u32, command: u8, length: u16) -> Box<dyn FnMut()> {
    let (status, cell): (_, cell_t) = encode(side, format, &message(format, command, length));
    assert_eq!(status, 0);
    Box::new(move || {
        for _ in 0..AT_ONCE {
            black_box(decode(side, format, black_box(&cell)));
        }
    })
}

fn write(side: Side, format: u32, command: u8, length: u16) -> Box<dyn FnMut()> {
    let message = message(format, command, length);
    Box::new(move || {
        for _ in 0..AT_ONCE {
            black_box(encode(side, format, black_box(&message)));
        }
    })
}
