//! Component `relaycrypt`: relay_crypto_tor1.c and relay_crypto_cgo.c.
//!
//! * [`implementation`]: one side, as a table of its functions.
//! * [`hop`]: the state of one hop on one side, safe to use.
//! * [`circuit`]: cells through circuits of several hops.
//! * [`keys`]: states are made, refused and cleared.
//! * [`heap`]: what a circuit costs in memory.

pub mod circuit;
pub mod heap;
pub mod hop;
pub mod implementation;
pub mod keys;

use crate::laboratory::Target;
use circuit::Circuits;
use keys::Keys;

/// The comparisons of this component.
pub const COMPARISONS: &[&dyn Target] = &[
    &Circuits::TOR1,
    &Circuits::TOR1_HS,
    &Circuits::ONION_SERVICE,
    &Circuits::CGO,
    &Circuits::ANY,
    &Keys,
];
