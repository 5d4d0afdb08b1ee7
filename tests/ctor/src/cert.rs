//! C Tor's own certificates, under C's names: torcert.h; the same functions of glue,
//! which call Rust; and the keys that both need.

use std::ffi::{c_char, c_int, c_void};

pub use ffi::cert::crypto_pk_t;

use crate::relaycrypt::Opaque;

/// An Ed25519 certificate.
#[repr(C)]
pub struct tor_cert_t(Opaque);

/// The certificates of a CERTS cell.
#[repr(C)]
pub struct or_handshake_certs_t(Opaque);

/// An X.509 certificate.
#[repr(C)]
pub struct tor_x509_cert_t(Opaque);

/// A TLS connection.
#[repr(C)]
pub struct tor_tls_t(Opaque);

/// SHA-1 and SHA-256 digests.
#[repr(C)]
pub struct common_digests_t {
    /// Each has room for the longer one.
    pub d: [[u8; 32]; 2],
}

/// An Ed25519 key pair.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ed25519_keypair_t {
    /// The public key.
    pub pubkey: [u8; 32],
    /// The expanded secret key.
    pub seckey: [u8; 64],
}

/// A signature, and all that it takes to check it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ed25519_checkable_t {
    /// Whose it should be.
    pub pubkey: *const [u8; 32],
    /// It.
    pub signature: [u8; 64],
    /// What is signed.
    pub msg: *const u8,
    /// How many bytes of it.
    pub len: usize,
}

/// All that is in a [`tor_cert_t`].
#[repr(C)]
#[derive(Clone, Copy)]
#[allow(missing_docs)] // torcert.h says it
pub struct ctor_cert_seen_t {
    pub signed_key: [u8; 32],
    pub signing_key: [u8; 32],
    pub valid_until: i64,
    pub encoded: *const u8,
    pub encoded_len: usize,
    pub cert_type: u8,
    /// A bit each, in the order of torcert.h.
    pub flags: u8,
}

/// Declares functions of C, and those of glue that have the same names.
macro_rules! both {
    ($(fn $name:ident($($argument:ident: $type:ty),* $(,)?) $(-> $result:ty)?;)*) => {
        renamed! {
            $(fn $name($($argument: $type),*) $(-> $result)?;)*
        }

        /// Functions of glue that have C's names and call Rust.
        pub mod glue {
            use super::*;

            #[allow(missing_docs)] // tor's headers say it
            extern "C" {
                $(pub fn $name($($argument: $type),*) $(-> $result)?;)*
            }
        }
    };
}

both! {
    fn tor_cert_create_raw(
        signing_key: *const ed25519_keypair_t,
        cert_type: u8,
        signed_key_type: u8,
        signed_key_info: *const u8,
        now: i64,
        lifetime: i64,
        flags: u32,
    ) -> *mut tor_cert_t;
    fn tor_cert_parse(encoded: *const u8, len: usize) -> *mut tor_cert_t;
    fn tor_cert_free_(cert: *mut tor_cert_t);
    fn tor_cert_get_checkable_sig(
        checkable_out: *mut ed25519_checkable_t,
        cert: *const tor_cert_t,
        pubkey: *const [u8; 32],
        expiration_out: *mut i64,
    ) -> c_int;
    fn tor_cert_checksig(cert: *mut tor_cert_t, pubkey: *const [u8; 32], now: i64) -> c_int;
    fn tor_cert_describe_signature_status(cert: *const tor_cert_t) -> *const c_char;
    fn tor_cert_dup(cert: *const tor_cert_t) -> *mut tor_cert_t;
    fn tor_cert_eq(cert1: *const tor_cert_t, cert2: *const tor_cert_t) -> c_int;
    fn tor_cert_opt_eq(cert1: *const tor_cert_t, cert2: *const tor_cert_t) -> c_int;
    fn tor_cert_encode_ed22519(cert: *const tor_cert_t, cert_str_out: *mut *mut c_char) -> c_int;
    fn tor_make_rsa_ed25519_crosscert(
        ed_key: *const [u8; 32],
        rsa_key: *const crypto_pk_t,
        expires: i64,
        cert: *mut *mut u8,
    ) -> isize;
    fn rsa_ed25519_crosscert_check(
        crosscert: *const u8,
        crosscert_len: usize,
        rsa_id_key: *const crypto_pk_t,
        master_key: *const [u8; 32],
        reject_if_expired_before: i64,
    ) -> c_int;
    fn check_tap_onion_key_crosscert(
        crosscert: *const u8,
        crosscert_len: c_int,
        onion_pkey: *const crypto_pk_t,
        master_id_pkey: *const [u8; 32],
        rsa_id_digest: *const u8,
    ) -> c_int;
    fn or_handshake_certs_new() -> *mut or_handshake_certs_t;
    fn or_handshake_certs_free_(certs: *mut or_handshake_certs_t);
    fn or_handshake_certs_rsa_ok(
        severity: c_int,
        certs: *mut or_handshake_certs_t,
        tls: *mut tor_tls_t,
        now: i64,
    ) -> c_int;
    fn or_handshake_certs_ed25519_ok(
        severity: c_int,
        certs: *mut or_handshake_certs_t,
        tls: *mut tor_tls_t,
        now: i64,
    ) -> c_int;
    fn or_handshake_certs_check_both(
        severity: c_int,
        certs: *mut or_handshake_certs_t,
        tls: *mut tor_tls_t,
        now: i64,
        ed_id_out: *mut *const [u8; 32],
        rsa_id_out: *mut *const common_digests_t,
    );
}

extern "C" {
    /// Looks into a certificate.
    pub fn ctor_cert_see(cert: *const tor_cert_t, seen: *mut ctor_cert_seen_t);
    /// Makes a certificate one that nobody would read: of `len` bytes, no more than it
    /// has.
    pub fn ctor_cert_cut(cert: *mut tor_cert_t, len: usize);
    /// What stands for an X.509 certificate with these SHA-256 digests, of all of it
    /// and of its key.
    pub fn ctor_x509_new(cert_digest: *const u8, id_digest: *const u8) -> *mut tor_x509_cert_t;
    /// Puts certificates in, which are then freed with it: of the RSA identity, link
    /// and authentication; of the signing key, link and authentication; and a copy of
    /// the cross-certificate. Each may be null.
    pub fn ctor_certs_fill(
        certs: *mut or_handshake_certs_t,
        started_here: bool,
        x509: *const *mut tor_x509_cert_t,
        ed: *const *mut tor_cert_t,
        crosscert: *const u8,
        crosscert_len: usize,
    );
    /// Which of these are there: a bit each.
    pub fn ctor_certs_left(certs: *const or_handshake_certs_t) -> u8;

    /// tor's: expands a secret key of 32 bytes.
    pub fn ed25519_secret_key_from_seed(seckey_out: *mut [u8; 64], seed: *const u8) -> c_int;
    /// tor's: the public key of a secret key.
    pub fn ed25519_public_key_generate(pubkey_out: *mut [u8; 32], seckey: *const [u8; 64])
        -> c_int;
    /// tor's: signs.
    pub fn ed25519_sign(
        signature_out: *mut [u8; 64],
        msg: *const u8,
        len: usize,
        keypair: *const ed25519_keypair_t,
    ) -> c_int;
    /// tor's: 0 if a signature is good. With whichever implementation it has chosen.
    pub fn ed25519_checksig(
        signature: *const [u8; 64],
        msg: *const u8,
        len: usize,
        pubkey: *const [u8; 32],
    ) -> c_int;
    /// The same of one implementation.
    pub fn ed25519_donna_open(
        signature: *const u8,
        m: *const u8,
        mlen: usize,
        pk: *const u8,
    ) -> c_int;
    /// The same of the other one.
    pub fn ed25519_ref10_open(
        signature: *const u8,
        m: *const u8,
        mlen: usize,
        pk: *const u8,
    ) -> c_int;

    /// tor's: an RSA key, empty.
    pub fn crypto_pk_new() -> *mut crypto_pk_t;
    /// tor's: puts a new key into it.
    pub fn crypto_pk_generate_key_with_bits(env: *mut crypto_pk_t, bits: c_int) -> c_int;
    /// tor's: the same key, to be freed once more.
    pub fn crypto_pk_dup_key(orig: *mut crypto_pk_t) -> *mut crypto_pk_t;
    /// tor's: writes its public part; how many bytes.
    pub fn crypto_pk_asn1_encode(
        pk: *const crypto_pk_t,
        dest: *mut c_char,
        dest_len: usize,
    ) -> c_int;
    /// tor's: reads that.
    pub fn crypto_pk_asn1_decode(str: *const c_char, len: usize) -> *mut crypto_pk_t;
    /// tor's: frees it.
    pub fn crypto_pk_free_(env: *mut crypto_pk_t);
    /// tor's: signs.
    pub fn crypto_pk_private_sign(
        env: *const crypto_pk_t,
        to: *mut c_char,
        tolen: usize,
        from: *const c_char,
        fromlen: usize,
    ) -> c_int;
    /// tor's: frees anything that it allocated.
    pub fn tor_free_(bytes: *mut c_void);
}
