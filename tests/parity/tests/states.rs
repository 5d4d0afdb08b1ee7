//! States are made, refused, moved and cleared as C Tor does it.

use std::ffi::c_int;

use parity::hop::{AesBits, Algorithm, BareTor1, End};
use parity::implementation::{self, Implementation};

fn both() -> [Implementation; 2] {
    [implementation::c(), implementation::rust()]
}

const TOR1: [Algorithm; 2] = [Algorithm::Tor1, Algorithm::Tor1Hs];
const ENDS: [End; 2] = [End::Client, End::Service];

#[test]
fn key_material_has_the_same_length() {
    let [c, rust] = both();
    let cgo = [AesBits::B128, AesBits::B192, AesBits::B256].map(Algorithm::Cgo);
    for algorithm in TOR1.into_iter().chain(cgo) {
        let lengths = [&c, &rust].map(|side| algorithm.key_material_len(side));
        assert_eq!(lengths[0], lengths[1], "{algorithm:?}");
    }
}

/// Initialises with `len` bytes of keys and says what came of it.
fn init(side: &Implementation, algorithm: Algorithm, end: End, len: usize) -> (c_int, bool) {
    let keys: Vec<u8> = (0..len).map(|i| i as u8).collect();
    let mut state = BareTor1::zeroed(side);
    let status = state.init(algorithm, end, &keys);
    (status, state.is_empty())
}

#[test]
fn a_wrong_key_length_is_refused_and_leaves_the_state_empty() {
    let [c, rust] = both();
    for algorithm in TOR1 {
        let right = algorithm.key_material_len(&c);
        for end in ENDS {
            for len in 0..=2 * right {
                let expected = if len == right { (0, false) } else { (-1, true) };
                assert_eq!(
                    init(&c, algorithm, end, len),
                    expected,
                    "C, {algorithm:?}, {len}"
                );
                assert_eq!(
                    init(&rust, algorithm, end, len),
                    expected,
                    "Rust, {algorithm:?}, {len}"
                );
            }
        }
    }
}

#[test]
fn an_all_zero_state_can_be_cleared_any_number_of_times() {
    for side in &both() {
        let mut state = BareTor1::zeroed(side);
        for _ in 0..3 {
            state.clear();
            assert!(state.is_empty(), "{}", side.name);
        }
    }
}

#[test]
fn a_cleared_state_is_empty_and_can_be_used_again() {
    for side in &both() {
        for algorithm in TOR1 {
            let keys = vec![7; algorithm.key_material_len(side)];
            let mut state = BareTor1::zeroed(side);
            for end in ENDS {
                assert_eq!(state.init(algorithm, end, &keys), 0, "{}", side.name);
                assert!(!state.is_empty(), "{}", side.name);
                state.assert_ok();
                state.clear();
                assert!(state.is_empty(), "{}", side.name);
                state.clear();
            }
        }
    }
}

#[test]
fn freeing_no_cgo_state_does_nothing() {
    for side in &both() {
        // SAFETY: C's contract allows null.
        unsafe { (side.cgo.free)(std::ptr::null_mut()) };
    }
}
