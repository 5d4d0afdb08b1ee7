//! Relay cell encryption, the part of tor-spec that every cell of every
//! circuit goes through ("Relay cells", and proposal 359 for CGO).
//!
//! Replaces C Tor's `relay_crypto_tor1.c` and `relay_crypto_cgo.c`. Nothing
//! here knows of C: the boundary is in `rust/ffi/src/relaycrypt.rs`.
//!
//! * [`tor1`]: AES-128-CTR with a running SHA-1, the algorithm of ordinary
//!   circuit hops; and AES-256-CTR with a running SHA3-256, the same algorithm
//!   on the virtual hop between a client and an onion service.
//! * [`cgo`]: Counter Galois Onion, a wide-block cipher whose keys change with
//!   each message.
//!
//! What a relay pays for is memory, not arithmetic: with thousands of circuits
//! the state of one is seldom in cache. So the state of a direction is its raw
//! keys and little else; round keys and powers of the hash key are computed
//! again for each cell, while the cell's bytes are on their way.

// Allowed again in `kernel` alone.
#![deny(unsafe_code)]

mod ctr;
mod digest;
#[cfg(target_arch = "x86_64")]
mod kernel;

pub mod cgo;
pub mod tor1;

/// Length of a relay cell's body, in bytes (tor-spec: `CELL_BODY_LEN`).
pub const CELL_BODY_LEN: usize = 509;

/// The body of a relay cell, encrypted or not.
pub type CellBody = [u8; CELL_BODY_LEN];

/// Why a cipher state could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InitError {
    /// The key material does not have the length that the algorithm takes.
    KeyMaterialLength,
}
