//! Certificates: what signs what, and until when (cert-spec; tor-spec, "CERTS
//! cells").
//!
//! Nothing here knows of C: the boundary is in `rust/ffi/src/cert.rs`.
//!
//! * [`ed25519`]: signatures of Ed25519, accepted and refused exactly as in C Tor.

#![forbid(unsafe_code)]

pub mod ed25519;
