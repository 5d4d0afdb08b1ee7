//! What an ntor v3 handshake negotiates.
//!
//! The bytes of an input: what is done. Below 128: a relay is asked: what the relay has
//! (1), cells for a SENDME (1), the request. Below 224: a client is answered: whether it
//! wants congestion control (1), the answer. Else: a client asks: what it and the relay
//! have (1). A request and an answer are extensions (see [`extensions`]).

use std::ffi::{c_int, c_uint};
use std::sync::Once;

use arbitrary::{Result, Unstructured};
use ctor::cells::always_congestion_control;
use ffi::cells::negotiation::circuit_params_t;

use super::change::{byte, changed};
use crate::laboratory::{About, Comparison, Side};
use crate::observed::Observed;
use crate::onion::call::Message;

/// The comparison.
pub struct Negotiation;

/// What is done.
#[derive(Debug)]
pub enum Case {
    /// A relay that has congestion control or not, with so many cells for a SENDME, is
    /// asked this.
    Asked(bool, u8, Vec<u8>),
    /// A client that wants congestion control or not is answered this.
    Answered(bool, Vec<u8>),
    /// A client that wants congestion control or not asks a relay that has congestion
    /// control or not, and Counter Galois Onion or not.
    Asks(bool, bool, bool),
}

const ABOUT: About = About {
    name: "negotiation",
    component: "cells",
    cases: 60_000,
    longest: 64,
    reaches: &[
        ("congestion control granted", 2_000),
        ("CGO granted", 700),
        ("nothing granted", 3_000),
        ("refused", 3_000),
        ("congestion control agreed", 1_000),
        ("agreed", 2_000),
        ("answer refused", 1_000),
        ("asked", 3_000),
    ],
    faults: &["accept"],
};

impl Comparison for Negotiation {
    type Input = Case;

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn input(&self, bytes: &mut Unstructured<'_>) -> Result<Case> {
        Ok(match byte(bytes)? {
            0..128 => {
                let has = byte(bytes)? >= 64;
                let cells = byte(bytes)?;
                Case::Asked(has, cells, extensions(bytes)?)
            }
            128..224 => {
                let wants = byte(bytes)? >= 64;
                Case::Answered(wants, extensions(bytes)?)
            }
            224..=255 => {
                let flags = byte(bytes)?;
                Case::Asks(flags & 1 == 1, flags & 2 == 2, flags & 4 == 4)
            }
        })
    }

    fn observe(&self, side: Side, case: &Case, seen: &mut Observed) {
        say_what_is_said_once();
        match case {
            Case::Asked(has, cells, request) => asked(side, *has, *cells, request, seen),
            Case::Answered(wants, answer) => {
                let mut params = NO_PARAMS;
                let (at, len) = (answer.as_ptr(), answer.len());
                // SAFETY: bytes with their length, and parameters.
                let status = with_wish(*wants, || unsafe {
                    match side {
                        Side::C => {
                            ctor::cells::negotiate_v3_ntor_client_circ_params(at, len, &mut params)
                        }
                        Side::Rust => ctor::cells::glue::negotiate_v3_ntor_client_circ_params(
                            at,
                            len,
                            &mut params,
                        ),
                    }
                });
                seen.note("negotiate_v3_ntor_client_circ_params", status);
                note(&params, seen);
                seen.reach(match (status, params.cc_enabled) {
                    (..0, _) => "answer refused",
                    (_, true) => "congestion control agreed",
                    (_, false) => "agreed",
                });
            }
            Case::Asks(wants, has_cc, has_cgo) => {
                let (status, message, params) = asks(side, *wants, *has_cc, *has_cgo);
                seen.reach("asked");
                seen.note("client_circ_negotiation_message", status);
                message.note("request", seen);
                note(&params, seen);
            }
        }
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        let requests: [&[u8]; 4] = [&[0], &[1, 32, 0], &[2, 32, 0, 64, 0], &[1, 64, 0]];
        let mut seeds = Vec::new();
        for has in [0, 64] {
            for request in requests {
                let mut seed = vec![0, has, 31];
                seed.extend(request);
                seed.push(0);
                seeds.push(seed);
            }
            for cells in [30, 31, 32, 33] {
                seeds.push(vec![128, has, 1, 48, 0, cells, 0]);
            }
        }
        seeds.extend((0..8).map(|flags| vec![224, flags]));
        seeds
    }
}

/// Extensions: how many (1), then of each the kind (1) and the body, then a change of
/// the whole (see [`changed`]). A kind has its own sort of body, see below.
fn extensions(bytes: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let count = byte(bytes)? % 4;
    let mut message = vec![count];
    for _ in 0..count {
        let (field_type, body): (u8, Vec<u8>) = match byte(bytes)? {
            // Any type with a short body.
            any @ 0..32 => (any, short(bytes)?),
            // A request for congestion control.
            32..48 => (1, short(bytes)?),
            // How many cells a SENDME is for, and perhaps more; or not even that.
            48..64 => {
                let more = short(bytes)?;
                let cells = byte(bytes)?;
                match cells {
                    0..16 => (2, more),
                    _ => (
                        2,
                        [
                            &[if cells < 128 { 29 + cells % 5 } else { cells }],
                            &more[..],
                        ]
                        .concat(),
                    ),
                }
            }
            // Counter Galois Onion as the one capability.
            64..128 => (3, vec![2, 6].into_iter().chain(short(bytes)?).collect()),
            // Some capabilities.
            128..160 => (3, short(bytes)?),
            160..208 => (1, Vec::new()),
            208..=255 => (2, vec![byte(bytes)? % 8 + 28]),
        };
        message.extend([field_type, body.len() as u8]);
        message.extend(body);
    }
    changed(message, bytes)
}

/// Up to four bytes, small ones; none in most cases.
fn short(bytes: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let len = usize::from(byte(bytes)?.saturating_sub(200) % 5);
    Ok(bytes.bytes(len)?.iter().map(|byte| byte % 8).collect())
}

/// What nobody would negotiate, but no cipher but tor1 and no format but version 0:
/// with these begins who negotiates.
pub const NO_PARAMS: circuit_params_t = circuit_params_t {
    cc_enabled: false,
    sendme_inc_cells: 0xa6,
    crypto_alg: 0,
    cell_fmt: 0,
};

fn note(params: &circuit_params_t, seen: &mut Observed) {
    seen.note("congestion control", params.cc_enabled);
    seen.note("cells", params.sendme_inc_cells);
    seen.note("cipher", params.crypto_alg);
    seen.note("format", params.cell_fmt);
}

/// Runs `work` as a client that wants congestion control or not.
fn with_wish<T>(congestion_control: bool, work: impl FnOnce() -> T) -> T {
    always_congestion_control(congestion_control);
    let answer = work();
    always_congestion_control(false);
    answer
}

/// A client that is not on the main thread is reported, once a process.
fn say_what_is_said_once() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        asks(Side::C, false, true, true);
        ctor::log::take();
    });
}

fn asks(
    side: Side,
    wants: bool,
    has_cc: bool,
    has_cgo: bool,
) -> (c_int, Message, circuit_params_t) {
    let (mut message, mut params) = (Message::none(), NO_PARAMS);
    // SAFETY: room for a message and its length, and parameters.
    let status = with_wish(wants, || unsafe {
        ctor::cells::ctor_client_circ_negotiation_message(
            side == Side::C,
            has_cc,
            has_cgo,
            message.out(),
            message.len_out(),
            &mut params,
        )
    });
    (status, message, params)
}

/// What a relay answers that has congestion control or not, with so many cells for a
/// SENDME: the return code, the answer, what was agreed on.
pub fn ask(side: Side, has: bool, cells: u8, request: &[u8]) -> (c_int, Message, circuit_params_t) {
    const NOBODY_READS: c_uint = 77;
    let ours = circuit_params_t {
        cc_enabled: has,
        sendme_inc_cells: cells,
        crypto_alg: NOBODY_READS,
        cell_fmt: NOBODY_READS,
    };
    let (mut message, mut params) = (Message::none(), NO_PARAMS);
    let (at, len) = (request.as_ptr(), request.len());
    let (out, len_out) = (message.out(), message.len_out());
    // SAFETY: bytes with their length, parameters, room for a message and its length.
    let status = unsafe {
        match side {
            Side::C => ctor::cells::negotiate_v3_ntor_server_circ_params(
                at,
                len,
                &ours,
                &mut params,
                out,
                len_out,
            ),
            Side::Rust => ffi::cells::negotiation::negotiate_v3_ntor_server_circ_params(
                at,
                len,
                &ours,
                &mut params,
                out,
                len_out,
            ),
        }
    };
    (status, message, params)
}

fn asked(side: Side, has: bool, cells: u8, request: &[u8], seen: &mut Observed) {
    let (status, answer, params) = ask(side, has, cells, request);
    seen.note("negotiate_v3_ntor_server_circ_params", status);
    if status != 0 {
        // What is left differs (DIFFERENCES.md, negotiation-refused).
        return seen.reach("refused");
    }
    answer.note("answer", seen);
    note(&params, seen);
    seen.reach(match (params.cc_enabled, params.crypto_alg) {
        (_, 1..) => "CGO granted",
        (true, 0) => "congestion control granted",
        (false, 0) => "nothing granted",
    });
}
