//! BEGIN and BEGIN_DIR messages are read.
//!
//! The bytes of an input: relay command (above 16: BEGIN), address (1), port (1),
//! whether a NUL follows (1), how many of flags and more (1), and what of these is
//! not one of the usual ones (`some_text`); then a mutation.

use std::ffi::CStr;
use std::fmt;
use std::ptr;

use arbitrary::{Result, Unstructured};
use ctor::cells::stream::{begin_cell_t, tor_free_};

use super::{byte, message, mutate, some};
use crate::laboratory::{About, Comparison, Side};
use crate::observed::Observed;

/// The comparison.
pub struct BeginMessages;

/// One message.
pub struct Case {
    command: u8,
    body: Vec<u8>,
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "command {}: {}", self.command, self.body.escape_ascii())
    }
}

const ABOUT: About = About {
    name: "begin",
    component: "cells",
    cases: 40_000,
    longest: 90,
    reaches: &[
        ("begin", 5_000),
        ("with flags", 8_000),
        ("begin dir", 500),
        ("no port", 1_000),
        ("no address and port", 3_000),
        ("no end", 3_000),
        ("another command", 500),
    ],
    faults: &["wrong-length"],
};

const BEGIN: u8 = 1;
const BEGIN_DIR: u8 = 13;

const ADDRESSES: [&[u8]; 16] = [
    b"a.b",
    b"www.torproject.org",
    b"18.9.22.169",
    b"[2620::6b0:b:1a1a:0:26e5:480e]",
    b"2620::6b0:b:1a1a:0:26e5:480e",
    b"::",
    b"::1",
    b"[::1",
    b"::1]",
    b"",
    b"a:b",
    b"1.2.3",
    b"\xff\x80\x01",
    b"a b",
    b"duskgytldkxiuqc6.onion",
    b"*",
];

const PORTS: [&[u8]; 16] = [
    b":80",
    b":443",
    b":1",
    b":65535",
    b":9001",
    b"",
    b":",
    b":0",
    b":65536",
    b":99999999999999999999999999",
    b":-1",
    b":+80",
    b": 80",
    b":80 ",
    b":0x50",
    b":080",
];

impl Comparison for BeginMessages {
    type Input = Case;

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn input(&self, bytes: &mut Unstructured<'_>) -> Result<Case> {
        let command = match byte(bytes)? {
            13 => BEGIN_DIR,
            other @ 0..8 => other,
            8..16 => BEGIN_DIR,
            _ => BEGIN,
        };
        let mut body = some_text(bytes, &ADDRESSES)?;
        body.extend(some_text(bytes, &PORTS)?);
        if byte(bytes)? >= 16 {
            body.push(0);
        }
        let more = byte(bytes)? % 10;
        body.extend(some(bytes, more.into())?);
        mutate(bytes, &mut body)?;
        Ok(Case { command, body })
    }

    fn observe(&self, side: Side, case: &Case, seen: &mut Observed) {
        // Nothing is behind it: a sanitizer would notice.
        let body = case.body.clone().into_boxed_slice();
        read(side, case.command, &body, seen);
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        let mut seeds = vec![vec![8, 0, 0, 255, 0, 255, 0, 0, 0]];
        for address in [0, 2, 3, 4] {
            for port in [0, 5, 7] {
                let mut seed = vec![255, address, port, 255, 4];
                seed.extend([0, 0, 0, 7, 255, 0, 0, 0]);
                seeds.push(seed);
            }
        }
        seeds
    }
}

/// One of `usual`, or bytes of its own.
fn some_text(bytes: &mut Unstructured<'_>, usual: &[&[u8]]) -> Result<Vec<u8>> {
    match byte(bytes)? {
        // Those in front are more frequent: they are the good ones.
        choice @ 0..64 => Ok(usual[usize::from(choice) % usual.len()].to_owned()),
        choice @ 64..240 => Ok(usual[usize::from(choice) % 5].to_owned()),
        choice @ 240..=255 => some(bytes, usize::from(choice) - 240),
    }
}

/// Nothing that was read.
pub fn no_begin() -> begin_cell_t {
    begin_cell_t {
        address: ptr::null_mut(),
        flags: 0xa6a6_a6a6,
        port: 0xa6a6,
        stream_id: 0xa6a6,
        is_begindir: 0xa6a6_a6a6,
    }
}

/// Reads a message and notes what is in it. The answer is the flags.
pub fn read(side: Side, command: u8, body: &[u8], seen: &mut Observed) -> u32 {
    let msg = message(command, body);
    let (mut begin, mut reason) = (no_begin(), 0xa6);
    // SAFETY: a message with its body, and room for what is read of it.
    let status = unsafe { call!(side, begin_cell_parse(&msg, &mut begin, &mut reason)) };
    seen.note("begin_cell_parse", status);
    seen.note("reason of the end", reason);
    seen.note("stream", begin.stream_id);
    seen.note("port", begin.port);
    seen.note("flags", begin.flags);
    seen.note("BEGIN_DIR", begin.is_begindir);
    // SAFETY: null or a text, which is freed once.
    unsafe {
        let address = (!begin.address.is_null()).then(|| CStr::from_ptr(begin.address));
        seen.note("address", address.map(CStr::to_bytes));
        tor_free_(begin.address.cast());
    }
    let has_end = body.contains(&0);
    seen.reach(match (status, command) {
        (0, BEGIN_DIR) => "begin dir",
        (0, _) if begin.flags != 0 => "with flags",
        (0, _) => "begin",
        (_, BEGIN) if !has_end => "no end",
        (_, BEGIN) if ends_with_port(body) => "no address and port",
        (_, BEGIN) => "no port",
        _ => "another command",
    });
    begin.flags
}

/// Whether there is a colon in a text, and something behind the last one.
fn ends_with_port(body: &[u8]) -> bool {
    let text = body.split(|&byte| byte == 0).next().unwrap_or_default();
    matches!(text.rsplit(|&byte| byte == b':').next(), Some(port) if port.len() < text.len())
}
