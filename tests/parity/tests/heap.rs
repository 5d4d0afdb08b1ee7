//! A circuit's relay crypto takes at most half of the memory that C's takes.
//!
//! One test, so that nothing else allocates while it measures.

use parity::relaycrypt::heap::bytes_per_circuit;
use parity::relaycrypt::hop::{AesBits, Algorithm};
use parity::relaycrypt::implementation;

#[test]
fn rust_takes_at_most_half_of_the_memory() {
    let (c, rust) = (implementation::c(), implementation::rust());
    for algorithm in [
        Algorithm::Tor1,
        Algorithm::Tor1Hs,
        Algorithm::Cgo(AesBits::B128),
        Algorithm::Cgo(AesBits::B256),
    ] {
        let in_c = bytes_per_circuit(&c, algorithm);
        let in_rust = bytes_per_circuit(&rust, algorithm);
        println!("{algorithm:?}: C {in_c:.0}, Rust {in_rust:.0} bytes of heap a circuit");
        assert!(in_rust > 0.0, "{algorithm:?}: nothing was measured");
        assert!(
            2.0 * in_rust <= in_c,
            "{algorithm:?}: C {in_c:.0}, Rust {in_rust:.0} bytes"
        );
    }
}
