//! Wire formats, each described once; what follows from a description is
//! generated when the crates that need it are built.
//!
//! * [`described`]: the descriptions, one file for each header of C Tor's
//!   `src/trunnel`. They are the formats of tor-spec, rend-spec, cert-spec and of
//!   tor's local protocols.
//! * [`format`]: what a description says, and how it is read.
//! * [`types`]: the strict types of crate `wire`: parser, encoder, lengths.
//! * [`c_layer`]: what C knows: its structures and their checks.
//! * [`functions`]: every function that C has for a format.
//! * [`sample`]: bytes of a format, for tests.
//! * [`header`]: C's prototypes of all that, for the compiler to compare.
//!
//! Nothing of this crate is linked into tor: build scripts call it.

#![forbid(unsafe_code)]

pub mod c_layer;
pub mod described;
pub mod format;
pub mod functions;
pub mod header;
pub mod sample;
pub mod types;
