//! Bytes become objects, and objects bytes again.
//!
//! The bytes of an input: format, how it is made. Below 64: what follows is given to
//! the parser as it is. Else it chooses for a sample of the description, then for
//! what is changed of that.

use std::fmt;

use arbitrary::{Result, Unstructured};

use super::object::Owned;
use super::{below, format, sample, table};
use crate::laboratory::{About, Comparison, Side};
use crate::observed::Observed;

/// The comparison.
pub struct Parse;

/// What is parsed.
pub struct Case {
    format: usize,
    bytes: Vec<u8>,
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:02x?}", format(self.format).c_name, self.bytes)
    }
}

const ABOUT: About = About {
    name: "trunnel-parse",
    component: "trunnel",
    cases: 60_000,
    longest: 400,
    reaches: REACHES,
    faults: &["wrong-consumed"],
};

const REACHES: &[(&str, u64)] = with_formats!(400;
    ("parsed", 25_000),
    ("truncated", 5_000),
    ("invalid", 3_000),
    ("more follows", 2_000),
    ("valid", 25_000),
    ("an object is missing", 8_000),
    ("encoded", 60_000),
    ("too little space", 50_000),
);

impl Comparison for Parse {
    type Input = Case;

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn input(&self, bytes: &mut Unstructured<'_>) -> Result<Case> {
        let [number, how] = bytes.bytes(2)? else {
            unreachable!("two bytes were asked for");
        };
        let number = usize::from(*number) % table::of(Side::C).len();
        let bytes = match how {
            0..64 => bytes.bytes(bytes.len())?.to_owned(),
            64..=255 => changed(bytes, number),
        };
        Ok(Case {
            format: number,
            bytes,
        })
    }

    fn observe(&self, side: Side, case: &Case, seen: &mut Observed) {
        let (code, object) = Owned::parse(side, case.format, &case.bytes);
        seen.note("parse", code);
        seen.note("an object", object.is_some());
        let name = table::of(side)[case.format].name;
        let Some(object) = object else {
            seen.reach(match code {
                -2 => "truncated",
                _ => "invalid",
            });
            // What C does next, if it does not look.
            Owned::none(side, case.format).note_encoded(seen);
            return;
        };
        seen.reach("parsed");
        seen.reach(name);
        if code < case.bytes.len() as isize {
            seen.reach("more follows");
        }
        object.expect_strings_to_end(seen);
        object.note(&case.bytes, seen);
        object.note_encoded(seen);
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        let mut seeds = Vec::new();
        for number in 0..table::of(Side::C).len() as u8 {
            // Choices of all kinds, for a sample that stays as it is.
            for factor in [0, 5, 91_u8] {
                let choices = (0..200_u8).map(|n| n.wrapping_mul(factor));
                seeds.push([number, 200].into_iter().chain(choices.clone()).collect());
                let mut choices: Vec<u8> = choices.collect();
                let sample = sample(&mut Unstructured::new(&choices), number.into());
                choices = sample.bytes;
                seeds.push([number, 0].into_iter().chain(choices).collect());
            }
        }
        seeds
    }
}

/// A sample that is as it should be, or with one change.
fn changed(bytes: &mut Unstructured<'_>, number: usize) -> Vec<u8> {
    // Chosen first: a long sample may use up all bytes.
    let (what, which, how) = (
        below(bytes, 16),
        below(bytes, 0x1_0000) as usize,
        below(bytes, 256) as u8,
    );
    let sample = sample(bytes, number);
    let mut changed = sample.bytes;
    let at = which % changed.len().max(1);
    match what {
        0..2 => changed.truncate(at),
        2 => changed.truncate(changed.len().saturating_sub(1)),
        3 => {
            if let Some(byte) = changed.get_mut(at) {
                *byte ^= 1 << (how % 8);
            }
        }
        4..8 if !sample.decisive.is_empty() => {
            let place = sample.decisive[which % sample.decisive.len()].clone();
            let last = &mut changed[place.end - 1];
            *last = match how {
                0..100 => how % 8,
                100..150 => last.wrapping_add(1),
                150..200 => last.wrapping_sub(1),
                200..220 => 255,
                _ => how,
            };
            if how % 32 == 31 {
                changed[place.start] = how;
            }
        }
        8..10 => changed.extend((0..=how % 40).map(|n| n ^ how)),
        _ => {}
    }
    changed
}
