//! RESOLVED messages are read.
//!
//! The bytes of an input: how many answers; each answer: type (see [`answer`]), its
//! length, what it is, its lifetime (4); then a mutation.

use std::ffi::CStr;
use std::fmt;

use arbitrary::{Result, Unstructured};
use ctor::cells::stream::{address_ttl_t, smartlist_free_, smartlist_new, tor_free_, Elements};

use super::{byte, bytes_of, message, mutate, some, RESOLVED};
use crate::laboratory::{About, Comparison, Side};
use crate::observed::Observed;

/// The comparison.
pub struct ResolvedMessages;

/// A message's body.
pub struct Body(Vec<u8>);

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes, {:02x?}", self.0.len(), self.0)
    }
}

const ABOUT: About = About {
    name: "resolved",
    component: "cells",
    cases: 40_000,
    longest: 300,
    reaches: &[
        ("found", 10_000),
        ("an error", 1_000),
        ("nothing in it", 1_000),
        ("refused", 10_000),
        ("too long", 200),
        ("IPv4", 5_000),
        ("IPv6", 5_000),
        ("hostname", 5_000),
    ],
    faults: &["wrong-length"],
};

/// Types of answers.
const HOSTNAME: u8 = 0;
const IPV4: u8 = 4;
const IPV6: u8 = 6;
const ERROR_TRANSIENT: u8 = 0xf0;
const ERROR: u8 = 0xf1;

/// The longest body of a relay message, in bytes.
const LONGEST: usize = 498;

impl Comparison for ResolvedMessages {
    type Input = Body;

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn input(&self, bytes: &mut Unstructured<'_>) -> Result<Body> {
        let mut body = Vec::new();
        for _ in 0..byte(bytes)? % 6 {
            answer(bytes, &mut body)?;
        }
        mutate(bytes, &mut body)?;
        Ok(Body(body))
    }

    fn observe(&self, side: Side, Body(body): &Body, seen: &mut Observed) {
        // Nothing is behind it: a sanitizer would notice.
        let body = body.clone().into_boxed_slice();
        let msg = message(RESOLVED, &body);
        let mut error = 77;
        // SAFETY: a message with its body, and a list of elements that the side makes;
        // all of it is freed once.
        unsafe {
            let list = smartlist_new();
            // Twice, since what is in the list already has to stay.
            for _ in 0..2 {
                let status = call!(side, resolved_cell_parse(&msg, list, &mut error));
                seen.note("resolved_cell_parse", status);
                seen.note("error", error);
                let elements = &*list.cast::<Elements>();
                seen.note("answers", elements.len);
                seen.reach(match status {
                    0 if elements.len > 0 => "found",
                    0 if error != 0 => "an error",
                    0 => "nothing in it",
                    _ if body.len() > LONGEST => "too long",
                    _ => "refused",
                });
            }
            let elements = &*list.cast::<Elements>();
            for number in 0..elements.len as usize {
                let element: *mut address_ttl_t = (*elements.first.add(number)).cast();
                note(&*element, seen);
                tor_free_((*element).hostname.cast());
                tor_free_(element.cast());
            }
            smartlist_free_(list);
        }
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        let quiet = [255, 0, 0, 0];
        let ipv4 = [&[48, 4, 1, 2, 3, 4, 0, 0, 14, 16][..]].concat();
        let ipv6 = [&[112, 4][..], &[7; 16], &[0, 0, 14, 16]].concat();
        let hostname = [&[160, 4, 3][..], b"a.b", &[0, 0, 14, 16]].concat();
        let error = [200, 4, 0, 0, 0, 14, 16].to_vec();
        [&ipv4, &ipv6, &hostname, &error]
            .into_iter()
            .map(|answer| [&[1], &answer[..], &quiet].concat())
            .chain([
                [&[2], &ipv4[..], &ipv6, &quiet].concat(),
                [&[0][..], &quiet].concat(),
            ])
            .collect()
    }
}

/// Adds an answer, mostly one of the length that its type has.
fn answer(bytes: &mut Unstructured<'_>, body: &mut Vec<u8>) -> Result<()> {
    let choice = byte(bytes)?;
    let wrong_length = byte(bytes)? == 0;
    let (answer_type, right) = match choice {
        0..64 => (IPV4, Some(4)),
        64..128 => (IPV6, Some(16)),
        128..192 => (HOSTNAME, None),
        192..208 => (ERROR, None),
        208..224 => (ERROR_TRANSIENT, None),
        other @ 224..=255 => (other.wrapping_mul(9), None),
    };
    let length = match right {
        Some(right) if !wrong_length => right,
        _ => byte(bytes)?,
    };
    body.extend([answer_type, length]);
    // The longer ones repeat.
    let what = some(bytes, usize::from(length).min(24))?;
    body.extend(what.iter().cycle().take(length.into()));
    body.extend(some(bytes, 4)?);
    Ok(())
}

fn note(element: &address_ttl_t, seen: &mut Observed) {
    let addr = bytes_of(&element.addr);
    seen.note("address", &addr[..]);
    seen.note("ttl", element.ttl);
    // SAFETY: null or a text.
    let hostname =
        (!element.hostname.is_null()).then(|| unsafe { CStr::from_ptr(element.hostname) });
    seen.note("hostname", hostname.map(CStr::to_bytes));
    seen.reach(match (hostname, addr[0]) {
        (Some(_), _) => "hostname",
        (None, 2) => "IPv4",
        _ => "IPv6",
    });
}
