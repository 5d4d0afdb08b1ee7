//! Component `cert`: torcert.c, and the check of Ed25519 signatures.
//!
//! * [`keys`]: keys that both sides use; signatures of theirs.
//! * [`ed25519`]: which signatures are good.
//! * [`certificate`]: Ed25519 certificates are read, checked and made.
//! * [`crosscert`]: the same of what RSA keys certify.
//! * [`chain`]: whom the certificates of a CERTS cell prove to be at the other end.

/// Calls the function of this name on a side: `call!(side, name(arguments))`.
macro_rules! call {
    ($side:expr, $name:ident($($argument:expr),* $(,)?)) => {
        match $side {
            $crate::laboratory::Side::C => ctor::cert::$name($($argument),*),
            $crate::laboratory::Side::Rust => ctor::cert::glue::$name($($argument),*),
        }
    };
}

pub mod certificate;
pub mod chain;
pub mod crosscert;
pub mod ed25519;
pub mod keys;

use crate::code::EntryPoint;
use crate::laboratory::{Side, Target};

/// The comparisons of this component.
pub const COMPARISONS: &[&dyn Target] = &[
    &certificate::Certificates,
    &chain::LinkCerts,
    &crosscert::Crosscerts,
    &ed25519::Ed25519,
];

/// Every function of this component that decides something.
pub fn entry_points(side: Side) -> Vec<EntryPoint> {
    macro_rules! all {
        ($module:path, $prefix:literal) => {
            crate::entry_points!($module, $prefix;
                tor_cert_create_raw, tor_cert_parse, tor_cert_get_checkable_sig,
                tor_cert_checksig, tor_make_rsa_ed25519_crosscert, rsa_ed25519_crosscert_check,
                check_tap_onion_key_crosscert, or_handshake_certs_rsa_ok,
                or_handshake_certs_ed25519_ok, or_handshake_certs_check_both,
            )
        };
    }
    match side {
        Side::C => all!(ctor::cert, "c_"),
        Side::Rust => all!(ctor::cert::glue, ""),
    }
}
