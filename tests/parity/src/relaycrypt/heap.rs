//! What a circuit's relay crypto costs in memory.
//!
//! Serves the test of that name and the table of `cargo xtask bench`. Counted
//! is what the C library's allocator hands out, headers and rounding included,
//! for both directions of one hop. The struct that C embeds in its circuit is
//! the same size on both sides and not counted.

use super::hop::{Algorithm, End, Hop};
use super::implementation::Implementation;

/// How many circuits are made for one measurement.
const CIRCUITS: usize = 10_000;

/// Heap bytes per circuit at a relay. Exact if no other thread allocates
/// meanwhile.
pub fn bytes_per_circuit(side: &Implementation, algorithm: Algorithm) -> f64 {
    let keys = vec![0x5a; algorithm.key_material_len(side)];
    let relay = || Hop::new(side, algorithm, End::Relay, &keys);
    // What the first circuit allocates for all of them is not a circuit's.
    drop(relay());
    let mut circuits = Vec::with_capacity(CIRCUITS);
    let before = in_use();
    for _ in 0..CIRCUITS {
        circuits.push(relay());
    }
    let all = in_use() - before;
    // `Hop` keeps the struct that C would embed in a block of its own.
    all as f64 / CIRCUITS as f64 - circuits[0].embedded_size() as f64
}

/// Bytes in blocks that malloc has given out.
pub fn in_use() -> usize {
    // SAFETY: takes no arguments, only reads the allocator's statistics.
    let statistics = unsafe { libc::mallinfo2() };
    statistics.uordblks + statistics.hblkhd
}
