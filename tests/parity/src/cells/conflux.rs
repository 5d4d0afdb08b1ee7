//! Messages that tie circuits together: CONFLUX_LINK, CONFLUX_LINKED, CONFLUX_SWITCH.
//!
//! The bytes of an input: what is done. Below 128: a link is read: its fields (see
//! [`link`]), then a change. Below 192: a link is made of such fields. Else: a switch
//! is read: its number (4), then a change (see [`changed`]).

use std::{ptr, slice};

use arbitrary::{Result, Unstructured};
use ffi::cells::conflux::conflux_cell_link_t;
use ffi::cells::relay_msg::relay_msg_t;
use wire::conflux::{encode_link, Link};

use super::change::{byte, changed};
use crate::laboratory::{About, Comparison, Side};
use crate::observed::Observed;

/// Calls the function of this name on a side.
macro_rules! call {
    ($side:expr, $name:ident($($argument:expr),* $(,)?)) => {
        match $side {
            Side::C => ctor::cells::$name($($argument),*),
            Side::Rust => ffi::cells::conflux::$name($($argument),*),
        }
    };
}

/// The comparison.
pub struct Conflux;

/// What is done.
#[derive(Debug)]
pub enum Case {
    /// This is read as a CONFLUX_LINK, and as a CONFLUX_LINKED.
    Link(Vec<u8>),
    /// This link is made and written: nonce, numbers, wish.
    Make([u8; 32], u64, u64, u8),
    /// This is read as a CONFLUX_SWITCH.
    Switch(Vec<u8>),
}

const ABOUT: About = About {
    name: "conflux",
    component: "cells",
    cases: 40_000,
    longest: 96,
    reaches: &[
        ("link read", 5_000),
        ("no link", 1_000),
        ("link made", 3_000),
        ("switch read", 3_000),
        ("no switch", 500),
    ],
    faults: &["wrong-length"],
};

impl Comparison for Conflux {
    type Input = Case;

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn input(&self, bytes: &mut Unstructured<'_>) -> Result<Case> {
        Ok(match byte(bytes)? {
            0..128 => {
                let (nonce, sent, received, ux) = link(bytes)?;
                let link = Link {
                    nonce: &nonce,
                    last_seqno_sent: sent,
                    last_seqno_recv: received,
                    desired_ux: ux,
                };
                let message = encode_link(&link).map(Vec::from).unwrap_or_default();
                Case::Link(changed(message, bytes)?)
            }
            128..192 => {
                let (nonce, sent, received, ux) = link(bytes)?;
                Case::Make(nonce, sent, received, ux)
            }
            192..=255 => {
                let number: [u8; 4] = bytes.arbitrary()?;
                Case::Switch(changed(number.into(), bytes)?)
            }
        })
    }

    fn observe(&self, side: Side, case: &Case, seen: &mut Observed) {
        match case {
            Case::Link(message) => {
                let msg = message_with(message);
                // SAFETY: a message with its body.
                let links = unsafe {
                    [
                        call!(side, conflux_cell_parse_link(&msg)),
                        call!(side, conflux_cell_parse_linked(&msg)),
                    ]
                };
                let reached = match links[0].is_null() {
                    true => "no link",
                    false => "link read",
                };
                seen.reach(reached);
                for link in links {
                    note_and_free(side, link, seen);
                }
            }
            Case::Make(nonce, sent, received, ux) => {
                let nonce = nonce.as_ptr();
                // SAFETY: a nonce of 32 bytes.
                let link =
                    unsafe { call!(side, conflux_cell_new_link(nonce, *sent, *received, *ux)) };
                seen.reach("link made");
                note_and_free(side, link, seen);
            }
            Case::Switch(message) => {
                let number = switch(side, message);
                seen.reach(if message.len() < 4 {
                    "no switch"
                } else {
                    "switch read"
                });
                seen.note("conflux_cell_parse_switch", number);
            }
        }
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        let link = |what: u8, ux: u8| {
            let mut seed = vec![what];
            seed.extend([7; 32]);
            seed.extend(1_u64.to_le_bytes());
            seed.extend(2_u64.to_le_bytes());
            seed.extend([ux, 0]);
            seed
        };
        let links = (0..5).flat_map(|ux| [link(0, ux), link(128, ux)]);
        links.chain([vec![192, 0, 0, 1, 0, 0]]).collect()
    }
}

/// Fields of a link: nonce (32), numbers (8 each), one of the wishes that there are.
fn link(bytes: &mut Unstructured<'_>) -> Result<([u8; 32], u64, u64, u8)> {
    Ok((
        bytes.arbitrary()?,
        bytes.arbitrary()?,
        bytes.arbitrary()?,
        byte(bytes)? % 5,
    ))
}

fn message_with(body: &[u8]) -> relay_msg_t {
    relay_msg_t {
        command: 19,
        length: body.len() as u16,
        stream_id: 0,
        is_relay_early: false,
        body: body.as_ptr(),
    }
}

/// The number in a CONFLUX_SWITCH message.
pub fn switch(side: Side, message: &[u8]) -> u32 {
    let msg = message_with(message);
    // SAFETY: a message with its body.
    unsafe { call!(side, conflux_cell_parse_switch(&msg)) }
}

/// The return code of what writes a link with this wish, and what it wrote.
pub fn write(side: Side, link: &conflux_cell_link_t) -> (isize, [u8; 498]) {
    let mut out = [0xa6; 498];
    // SAFETY: a link, and room for the longest message.
    let len = unsafe { call!(side, build_link_cell(link, out.as_mut_ptr())) };
    (len, out)
}

/// A link with this wish.
pub fn link_with(desired_ux: u8) -> conflux_cell_link_t {
    conflux_cell_link_t {
        version: 1,
        desired_ux,
        nonce: [7; 32],
        last_seqno_sent: 1,
        last_seqno_recv: 2,
    }
}

/// Whether a side reads no link where there is no message.
pub fn reads_no_link(side: Side) -> bool {
    // SAFETY: no message.
    unsafe { call!(side, conflux_cell_parse_link(ptr::null())) }.is_null()
}

/// Whether a side reads no number where there is no message.
pub fn reads_no_switch(side: Side) -> bool {
    // SAFETY: no message.
    unsafe { call!(side, conflux_cell_parse_switch(ptr::null())) == 0 }
}

fn note_and_free(side: Side, link: *mut conflux_cell_link_t, seen: &mut Observed) {
    // SAFETY: null, or a link that a side has made and nobody else knows; what is
    // between its fields is zero.
    unsafe {
        let Some(made) = link.as_ref() else {
            return seen.note("link", false);
        };
        let size = size_of::<conflux_cell_link_t>();
        seen.note("link", slice::from_raw_parts(link.cast::<u8>(), size));
        let (len, out) = write(side, made);
        seen.note("build_link_cell", len);
        seen.note("message", &out[..]);
        ctor::onion::tor_free_(link.cast());
    }
}
