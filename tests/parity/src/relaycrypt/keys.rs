//! States are made from keys, refused, cleared and made again.

use arbitrary::{Result, Unstructured};

use super::hop::{AesBits, Algorithm, BareTor1, End};
use super::implementation;
use crate::laboratory::{About, Comparison, Side};
use crate::observed::Observed;

/// The comparison.
pub struct Keys;

/// What is done to one state, from its all-zero beginning.
#[derive(Debug)]
pub struct Life {
    steps: Vec<Step>,
}

/// One call.
#[derive(Debug)]
enum Step {
    /// `tor1_crypt_init` with this many bytes of keys. Does nothing to a state
    /// that has keys: C aborts (DIFFERENCES.md, init-twice).
    Init(Algorithm, End, u8),
    /// `tor1_crypt_clear`.
    Clear,
    /// `tor1_key_material_len` and `cgo_key_material_len`.
    Lengths,
    /// `cgo_crypt_new` with the right keys, `cgo_crypt_free_` with what it
    /// gives and with nothing.
    Cgo(AesBits),
}

const ABOUT: About = About {
    name: "keys",
    component: "relaycrypt",
    cases: 3_000,
    longest: 64,
    reaches: &[("made", 500), ("refused", 5_000), ("cleared", 1_000)],
    faults: &["wrong-status", "wrong-words"],
};

impl Comparison for Keys {
    type Input = Life;

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn input(&self, bytes: &mut Unstructured<'_>) -> Result<Life> {
        let mut steps = Vec::new();
        while let &[choice, more, ..] = bytes.peek_bytes(2).unwrap_or_default() {
            bytes.bytes(2)?;
            steps.push(step(choice, more));
        }
        Ok(Life { steps })
    }

    fn observe(&self, side: Side, life: &Life, seen: &mut Observed) {
        let side = implementation::of(side);
        let mut state = BareTor1::zeroed(side);
        for step in &life.steps {
            match *step {
                Step::Init(algorithm, end, len) => {
                    if !state.is_empty() {
                        continue;
                    }
                    let keys: Vec<u8> = (0..len).collect();
                    let status = state.init(algorithm, end, &keys);
                    seen.reach(match status {
                        0 => "made",
                        _ => "refused",
                    });
                    seen.note("tor1_crypt_init", status);
                }
                Step::Clear => {
                    state.clear();
                    seen.reach("cleared");
                }
                Step::Lengths => {
                    for algorithm in [Algorithm::Tor1, Algorithm::Tor1Hs] {
                        seen.note("tor1_key_material_len", algorithm.key_material_len(side));
                    }
                    for bits in [AesBits::B128, AesBits::B192, AesBits::B256] {
                        let len = Algorithm::Cgo(bits).key_material_len(side);
                        seen.note("cgo_key_material_len", len);
                    }
                }
                Step::Cgo(bits) => {
                    let keys = [3; 112];
                    // SAFETY: the keys are as long as asked for; null is
                    // allowed where a state is freed.
                    unsafe {
                        let len = (side.cgo.key_material_len)(bits as i32);
                        let cgo = (side.cgo.new)(0, bits as i32, keys[..len].as_ptr(), len);
                        seen.note("cgo_crypt_new", !cgo.is_null());
                        (side.cgo.free)(cgo);
                        (side.cgo.free)(std::ptr::null_mut());
                    }
                }
            }
            seen.note("empty", state.is_empty());
        }
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        // Right and wrong lengths of both algorithms, and everything else.
        vec![
            vec![0, 72, 9, 0, 0, 72, 9, 0, 0, 71, 10, 0],
            vec![2, 128, 9, 0, 9, 0, 2, 72, 10, 0, 11, 1],
            vec![1, 72, 9, 0, 3, 128, 11, 0, 11, 2, 0, 0],
        ]
    }
}

fn step(choice: u8, more: u8) -> Step {
    match choice % 12 {
        init @ 0..8 => {
            let algorithm = match init & 2 {
                0 => Algorithm::Tor1,
                _ => Algorithm::Tor1Hs,
            };
            let end = match init & 1 {
                0 => End::Client,
                _ => End::Service,
            };
            // Half of them one of the two right lengths.
            let len = match (init & 4, more % 2) {
                (0, _) => more,
                (_, 0) => 72,
                _ => 128,
            };
            Step::Init(algorithm, end, len)
        }
        8 | 9 => Step::Clear,
        10 => Step::Lengths,
        _ => Step::Cgo(match more % 3 {
            0 => AesBits::B128,
            1 => AesBits::B192,
            _ => AesBits::B256,
        }),
    }
}
