//! Certificates: what signs what, and until when (cert-spec; tor-spec, "CERTS
//! cells").
//!
//! Replaces C Tor's `torcert.c`. Nothing here knows of C: the boundary is in
//! `rust/ffi/src/cert.rs`.
//!
//! * [`ed25519`]: signatures of Ed25519, accepted and refused exactly as in C Tor.
//! * [`certificate`]: an Ed25519 key certifies another one, or a digest.
//! * [`crosscert`]: an RSA key certifies an Ed25519 key.
//! * [`chain`]: what proves together who is at the other end of a link.
//!
//! RSA, X.509 and secret keys stay in C: who calls says what of these is true.

#![forbid(unsafe_code)]

pub mod certificate;
pub mod chain;
pub mod crosscert;
pub mod ed25519;

/// Certificates expire with an hour: so many seconds.
const HOUR: i64 = 3600;

/// The first full hour since 1970 that is not before `seconds`. More than a
/// certificate can say counts from the beginning again.
fn hours(seconds: i64) -> u32 {
    (seconds.wrapping_add(HOUR - 1) / HOUR) as u32
}
