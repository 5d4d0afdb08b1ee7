//! SENDME messages of circuits.
//!
//! The bytes of an input: what is done. Below 160: a message arrives: version (1),
//! cipher (1), the version that the network wants (1), the tag that is expected (20), the
//! tag's length in the message (1), then a change (see [`changed`]). Below 208: a
//! version (1) is asked for, where the network wants another (1). Else: a message is
//! written: cipher (1), tag (20).
//!
//! C's check of a message is a function that stays, with Rust in it: the Rust side here
//! calls what that calls, in the same order.

use arbitrary::{Result, Unstructured};
use ctor::consensus::with_param;
use ffi::cells::sendme::{
    torrs_sendme_tag_matches, torrs_sendme_version, torrs_sendme_version_can_be_handled,
};
use wire::sendme::{CGO_TAG_LEN, TOR1_TAG_LEN};

use super::change::{byte, changed};
use crate::laboratory::{About, Comparison, Side};
use crate::observed::Observed;

/// The comparison.
pub struct Sendme;

/// What is done.
#[derive(Debug)]
pub enum Case {
    /// A message arrives.
    Arrives {
        /// It.
        message: Vec<u8>,
        /// The tag of the cell that it should prove to have arrived. CGO's is the
        /// beginning of it.
        expected: [u8; TOR1_TAG_LEN],
        /// Which cipher the circuit has.
        is_cgo: bool,
        /// The version that the network wants at least.
        least: u8,
    },
    /// A version is asked for: it, and what the network wants at least.
    Version(u8, u8),
    /// A message is written with this tag.
    Write(Vec<u8>),
}

const ABOUT: About = About {
    name: "sendme",
    component: "cells",
    cases: 40_000,
    longest: 64,
    reaches: &[
        ("valid", 5_000),
        ("invalid", 5_000),
        ("version answered", 1_000),
        ("version not answered", 1_000),
        ("written", 3_000),
    ],
    faults: &["accept"],
};

impl Comparison for Sendme {
    type Input = Case;

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn input(&self, bytes: &mut Unstructured<'_>) -> Result<Case> {
        Ok(match byte(bytes)? {
            0..160 => {
                let version = version_of(byte(bytes)?);
                let is_cgo = byte(bytes)? % 2 == 1;
                let least = version_of(byte(bytes)?);
                let expected: [u8; TOR1_TAG_LEN] = bytes.arbitrary()?;
                let tag_len = match byte(bytes)? {
                    0..16 => TOR1_TAG_LEN,
                    16..32 => CGO_TAG_LEN,
                    _ if is_cgo => CGO_TAG_LEN,
                    _ => TOR1_TAG_LEN,
                };
                let mut message = vec![version, 0, tag_len as u8];
                message.extend(&expected[..tag_len]);
                Case::Arrives {
                    message: changed(message, bytes)?,
                    expected,
                    is_cgo,
                    least,
                }
            }
            160..208 => Case::Version(version_of(byte(bytes)?), version_of(byte(bytes)?)),
            208..=255 => {
                let len = match byte(bytes)? % 2 {
                    0 => TOR1_TAG_LEN,
                    _ => CGO_TAG_LEN,
                };
                Case::Write(bytes.bytes(len)?.to_owned())
            }
        })
    }

    fn observe(&self, side: Side, case: &Case, seen: &mut Observed) {
        match case {
            Case::Arrives {
                message,
                expected,
                is_cgo,
                least,
            } => {
                let valid = is_valid(side, message, expected, *is_cgo, *least);
                seen.reach(if valid { "valid" } else { "invalid" });
                seen.note("sendme_is_valid", valid);
            }
            Case::Version(version, least) => {
                let answered = can_be_handled(side, *version, *least);
                let reached = match answered {
                    true => "version answered",
                    false => "version not answered",
                };
                seen.reach(reached);
                seen.note("cell_version_can_be_handled", answered);
            }
            Case::Write(tag) => {
                let (len, out) = write(side, tag);
                seen.reach("written");
                seen.note("build_cell_payload_v1", len);
                seen.note("message", &out[..]);
            }
        }
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        let mut seeds = vec![vec![160, 1, 0], vec![160, 0, 1], vec![160, 2, 3]];
        for cipher in 0..2 {
            for version in 0..2 {
                let mut seed = vec![0, version, cipher, 0];
                seed.extend([9; TOR1_TAG_LEN]);
                seed.extend([255, 0]);
                seeds.push(seed);
            }
            let mut seed = vec![208, cipher];
            seed.extend([9; TOR1_TAG_LEN]);
            seeds.push(seed);
        }
        seeds
    }
}

/// A version, mostly one that there is.
fn version_of(choice: u8) -> u8 {
    match choice {
        0..32 => choice,
        _ => choice % 2,
    }
}

/// What `sendme_is_valid()` says.
fn is_valid(
    side: Side,
    message: &[u8],
    expected: &[u8; TOR1_TAG_LEN],
    is_cgo: bool,
    least: u8,
) -> bool {
    let (payload, len) = (message.as_ptr(), message.len());
    let tag = expected.as_ptr();
    match side {
        // SAFETY: bytes with their length, and a tag.
        Side::C => with_param(least.into(), || unsafe {
            ctor::cells::ctor_sendme_is_valid(payload, len, tag, is_cgo)
        }),
        Side::Rust => {
            let tag_len = if is_cgo { CGO_TAG_LEN } else { TOR1_TAG_LEN };
            // SAFETY: bytes with their length.
            let version = unsafe { torrs_sendme_version(payload, len) };
            version >= 0
                && torrs_sendme_version_can_be_handled(version as u8, least)
                && (version == 0
                    // SAFETY: bytes with their lengths.
                    || unsafe { torrs_sendme_tag_matches(payload, len, tag, tag_len) })
        }
    }
}

/// Whether SENDMEs of this version are answered in a network that wants `least`.
fn can_be_handled(side: Side, version: u8, least: u8) -> bool {
    match side {
        // SAFETY: takes any number.
        Side::C => with_param(least.into(), || unsafe {
            ctor::cells::cell_version_can_be_handled(version)
        }),
        Side::Rust => torrs_sendme_version_can_be_handled(version, least),
    }
}

/// The return code of what writes a message with this tag, and what it wrote.
pub fn write(side: Side, tag: &[u8]) -> (isize, [u8; 498]) {
    let mut out = [0xa6; 498];
    let (at, len, to) = (tag.as_ptr(), tag.len(), out.as_mut_ptr());
    // SAFETY: a tag with its length, and room for the longest message.
    let len = unsafe {
        match side {
            Side::C => ctor::cells::build_cell_payload_v1(at, len, to),
            Side::Rust => ffi::cells::sendme::build_cell_payload_v1(at, len, to),
        }
    };
    (len, out)
}
