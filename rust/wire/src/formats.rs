//! The formats that crate `formats` describes (C Tor's `src/trunnel`), as types
//! that cannot be wrong: whatever follows from something else, such as a length,
//! is not a field of theirs. Generated; `cargo doc` shows them.

// Values are listed as they are described.
#![allow(clippy::manual_range_patterns)]

include!(concat!(env!("OUT_DIR"), "/formats.rs"));
