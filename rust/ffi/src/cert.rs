//! Component `cert`: what glue (`c-glue/cert.c`, which has all functions of `torcert.c`)
//! asks about certificates.
//!
//! `tor_cert_t` has bitfields, and what holds the certificates of a CERTS cell has
//! X.509 certificates: glue keeps both, and shows Rust [`torrs_cert_t`] and
//! [`torrs_link_certs_t`]. What only C can say comes by function pointers, which glue
//! gives because in tor's testing build they lead to what is mocked there.

use crate::host::{self, TORRS_LD_DIR, TORRS_LD_PROTOCOL};
use cert::certificate::{self, Certificate, Checkable, Invalid, Unsigned};
use cert::chain::{self, Began, Crosscert, KeyLength, Peer, Presented, Proven, Severity, X509};
use cert::crosscert::{self, OnionKeyRefused, Refused, DIGEST_LEN};
use core::ffi::{c_int, CStr};

/// tor's `crypto_pk_t`: an RSA key.
#[repr(C)]
#[derive(Debug)]
pub struct crypto_pk_t([u8; 0]);

/// What C knows of a well-formed Ed25519 certificate.
#[repr(C)]
#[derive(Debug)]
pub struct torrs_cert_t {
    /// All its bytes.
    pub encoded: *const u8,
    /// How many.
    pub encoded_len: usize,
    /// The key or digest that is certified, of 32 bytes.
    pub signed_key: *const u8,
    /// The signing key, of 32 bytes; null if the certificate does not have it in it.
    pub signing_key: *const u8,
    /// The last second at which it is valid.
    pub valid_until: i64,
    /// What it is for.
    pub cert_type: u8,
}

impl torrs_cert_t {
    /// The certificate; nothing if a part is missing.
    ///
    /// # Safety
    /// Its pointers are null or valid for `'a`.
    unsafe fn get<'a>(&self) -> Option<Certificate<'a>> {
        // SAFETY: this function's contract.
        let (encoded, signed_key, signing_key) = unsafe {
            (
                bytes(self.encoded, self.encoded_len),
                key(self.signed_key),
                key(self.signing_key),
            )
        };
        Some(Certificate {
            encoded,
            cert_type: self.cert_type,
            signed_key: signed_key?,
            signing_key,
            valid_until: self.valid_until,
        })
    }
}

/// What says in Rust's place whether a signature is good, where tor's tests have
/// replaced that; else null. The key has 32 bytes, the signature 64.
pub type torrs_checksig_fn = Option<
    unsafe extern "C" fn(
        public_key: *const u8,
        message: *const u8,
        len: usize,
        signature: *const u8,
    ) -> bool,
>;

/// Whether a signature is good.
///
/// # Safety
/// `instead` is nothing or may be called.
unsafe fn is_good(signature: &Checkable<'_>, instead: torrs_checksig_fn) -> bool {
    match instead {
        None => signature.is_good(),
        // SAFETY: this function's contract; slices, which are only read.
        Some(checksig) => unsafe {
            checksig(
                signature.public_key.as_ptr(),
                signature.message.as_ptr(),
                signature.message.len(),
                signature.signature.as_ptr(),
            )
        },
    }
}

/// `len` bytes of C's. Null will do for none.
///
/// # Safety
/// `bytes` is null or has `len` bytes, which nobody writes meanwhile.
unsafe fn bytes<'a>(bytes: *const u8, len: usize) -> &'a [u8] {
    if bytes.is_null() {
        return &[];
    }
    // SAFETY: this function's contract.
    unsafe { core::slice::from_raw_parts(bytes, len) }
}

/// `N` bytes of C's.
///
/// # Safety
/// `bytes` is null or has `N` bytes, which nobody writes meanwhile.
unsafe fn key<'a, const N: usize>(bytes: *const u8) -> Option<&'a [u8; N]> {
    // SAFETY: this function's contract.
    unsafe { bytes.cast::<[u8; N]>().as_ref() }
}

/// Reads an Ed25519 certificate. What `cert_out` then has is in `encoded`.
///
/// Returns 0; or -1 if it is none, and writes nothing.
///
/// # Safety
/// `encoded` is null or has `len` bytes; `cert_out` is null or valid for writing.
#[no_mangle]
pub unsafe extern "C" fn torrs_cert_parse(
    encoded: *const u8,
    len: usize,
    cert_out: *mut torrs_cert_t,
) -> c_int {
    export!(torrs_cert_parse, on panic => -1, {
        #[cfg(feature = "fault")]
        crate::fault::panic_point("torrs_cert_parse");
        // SAFETY: this function's contract.
        let (encoded, out) = unsafe { (bytes(encoded, len), cert_out.as_mut()) };
        let Some(out) = out else {
            host::get().bug(c"torrs_cert_parse", c"cert_out");
            return -1;
        };
        let read = Certificate::parse(encoded);
        #[cfg(feature = "fault")]
        let read = read.or_else(|error| match crate::fault::accept() {
            // Without what follows.
            true => Certificate::parse(encoded.get(..len.wrapping_sub(1)).unwrap_or_default()),
            false => Err(error),
        });
        let Ok(read) = read else {
            return -1;
        };
        *out = torrs_cert_t {
            encoded: read.encoded.as_ptr(),
            encoded_len: read.encoded.len(),
            signed_key: read.signed_key.as_ptr(),
            signing_key: read.signing_key.map_or(core::ptr::null(), |key| key.as_ptr()),
            valid_until: read.valid_until,
            cert_type: read.cert_type,
        };
        0
    })
}

/// The key with which to check `cert`: `public_key`, or if that is null the one in the
/// certificate; and in `signed_len_out` how many of its bytes are signed. The others
/// are the signature.
///
/// Returns null if there is none, and writes nothing.
///
/// # Safety
/// The pointers are null or valid, `public_key` for 32 bytes.
#[no_mangle]
pub unsafe extern "C" fn torrs_cert_checkable(
    cert: *const torrs_cert_t,
    public_key: *const u8,
    signed_len_out: *mut usize,
) -> *const u8 {
    export!(torrs_cert_checkable, on panic => core::ptr::null(), {
        #[cfg(feature = "fault")]
        crate::fault::panic_point("torrs_cert_checkable");
        // SAFETY: this function's contract.
        let (cert, public_key, signed_len) = unsafe {
            let cert = cert.as_ref().and_then(|cert| cert.get());
            (cert, key(public_key), signed_len_out.as_mut())
        };
        let (Some(cert), Some(signed_len)) = (cert, signed_len) else {
            host::get().bug(c"torrs_cert_checkable", c"cert && signed_len_out");
            return core::ptr::null();
        };
        let Some(checkable) = cert.checkable(public_key) else {
            return core::ptr::null();
        };
        *signed_len = checkable.message.len();
        checkable.public_key.as_ptr()
    })
}

/// The certificate is valid.
pub const TORRS_CERT_VALID: c_int = 0;
/// Nobody knows the signing key.
pub const TORRS_CERT_NO_KEY: c_int = 1;
/// The time of the certificate is over. The signature was not looked at.
pub const TORRS_CERT_EXPIRED: c_int = 2;
/// The signature is not good.
pub const TORRS_CERT_MIS_SIGNED: c_int = 3;

/// Whether `cert` is valid at `now` (at any time, if that is 0) and signed with
/// `public_key`, or if that is null with the key in it: one of `TORRS_CERT_…`.
///
/// # Safety
/// The pointers are null or valid, `public_key` for 32 bytes; `checksig` is null or
/// may be called.
#[no_mangle]
pub unsafe extern "C" fn torrs_cert_checksig(
    cert: *const torrs_cert_t,
    public_key: *const u8,
    now: i64,
    checksig: torrs_checksig_fn,
) -> c_int {
    export!(torrs_cert_checksig, on panic => TORRS_CERT_NO_KEY, {
        #[cfg(feature = "fault")]
        crate::fault::panic_point("torrs_cert_checksig");
        // SAFETY: this function's contract.
        let (cert, public_key) = unsafe {
            (cert.as_ref().and_then(|cert| cert.get()), key(public_key))
        };
        let Some(cert) = cert else {
            host::get().bug(c"torrs_cert_checksig", c"cert");
            return TORRS_CERT_NO_KEY;
        };
        let now = (now != 0).then_some(now);
        // SAFETY: this function's contract.
        match cert.check(public_key, now, |signature| unsafe { is_good(signature, checksig) }) {
            Ok(()) => TORRS_CERT_VALID,
            Err(Invalid::NoKey) => TORRS_CERT_NO_KEY,
            Err(Invalid::Expired) => TORRS_CERT_EXPIRED,
            #[cfg(feature = "fault")]
            Err(Invalid::MisSigned) if crate::fault::accept() => TORRS_CERT_VALID,
            Err(Invalid::MisSigned) => TORRS_CERT_MIS_SIGNED,
        }
    })
}

/// Makes an Ed25519 certificate that is valid at `valid_until` and that has
/// `signing_key` in it if that is not null: bytes that C frees, and in `len_out` how
/// many. The last 64 are zero: there the signature comes.
///
/// Returns null, and writes nothing, if there is none.
///
/// # Safety
/// The pointers are null or valid, keys for 32 bytes.
#[no_mangle]
pub unsafe extern "C" fn torrs_cert_new(
    cert_type: u8,
    key_type: u8,
    signed_key: *const u8,
    signing_key: *const u8,
    valid_until: i64,
    len_out: *mut usize,
) -> *mut u8 {
    export!(torrs_cert_new, on panic => core::ptr::null_mut(), {
        #[cfg(feature = "fault")]
        crate::fault::panic_point("torrs_cert_new");
        // SAFETY: this function's contract.
        let (signed_key, signing_key, len_out) =
            unsafe { (key(signed_key), key(signing_key), len_out.as_mut()) };
        let (Some(signed_key), Some(len_out)) = (signed_key, len_out) else {
            host::get().bug(c"torrs_cert_new", c"signed_key && len_out");
            return core::ptr::null_mut();
        };
        let unsigned = Unsigned {
            cert_type,
            key_type,
            signed_key,
            signing_key,
            valid_until,
        };
        let mut out = [0; certificate::LONGEST];
        allocated(unsigned.encode(&mut out), &out, len_out)
    })
}

/// The first bytes of `out`, for C to free, if they could be made.
fn allocated<E>(len: Result<usize, E>, out: &[u8], len_out: &mut usize) -> *mut u8 {
    let Some(made) = len.ok().and_then(|len| out.get(..len)) else {
        return core::ptr::null_mut();
    };
    *len_out = made.len();
    host::get().memdup(made)
}

/// Writes what `key` has signed with a signature to `out`, of at most `out_len` bytes,
/// and returns how many; or less than 0 if it has not. As `crypto_pk_public_checksig()`.
pub type torrs_rsa_recover_fn = unsafe extern "C" fn(
    key: *const crypto_pk_t,
    out: *mut u8,
    out_len: usize,
    signature: *const u8,
    signature_len: usize,
) -> c_int;

/// The longest that an RSA key of ours signs, in bytes: `PK_BYTES`.
pub const TORRS_RSA_LEN: usize = 128;

/// Checks that `crosscert` certifies, with `rsa_key`, the Ed25519 key `ed_key`, and was
/// not expired before `expired_before`. Logs with `severity` what is wrong.
///
/// Returns 0, or less.
///
/// # Safety
/// `crosscert` is null or has `len` bytes, `ed_key` is null or has 32; `recover` may be
/// called with `rsa_key`.
#[no_mangle]
pub unsafe extern "C" fn torrs_crosscert_check(
    severity: c_int,
    crosscert: *const u8,
    len: usize,
    ed_key: *const u8,
    expired_before: i64,
    rsa_key: *const crypto_pk_t,
    recover: torrs_rsa_recover_fn,
) -> c_int {
    export!(torrs_crosscert_check, on panic => -1, {
        #[cfg(feature = "fault")]
        crate::fault::panic_point("torrs_crosscert_check");
        // SAFETY: this function's contract.
        let (crosscert, ed_key) = unsafe { (bytes(crosscert, len), key(ed_key)) };
        let Some(ed_key) = ed_key else {
            host::get().bug(c"rsa_ed25519_crosscert_check", c"master_key");
            return -1;
        };
        let recover = |signature: &[u8]| {
            let mut out = [0; TORRS_RSA_LEN];
            let (to, from) = (out.as_mut_ptr(), signature.as_ptr());
            // SAFETY: this function's contract; slices with their lengths.
            let len = unsafe { recover(rsa_key, to, out.len(), from, signature.len()) };
            let recovered = out.get(..usize::try_from(len).ok()?)?;
            recovered.first_chunk::<DIGEST_LEN>().copied()
        };
        let (code, words) = match crosscert::check(crosscert, ed_key, expired_before, recover) {
            Ok(()) => return 0,
            Err(Refused::Unparseable) => (-2, "Unparseable or overlong crosscert"),
            Err(Refused::OtherKey) => (-3, "Crosscert did not match Ed25519 key"),
            Err(Refused::Expired) => (-4, "Crosscert is expired"),
            Err(Refused::BadSignature) => (
                -5,
                "Bad signature, or length of signed data not as expected",
            ),
            Err(Refused::OtherData) => (
                -6,
                "The signature was good, but it didn't match the data",
            ),
        };
        #[cfg(feature = "fault")]
        let (code, words) = match (crate::fault::wrong_status(), crate::fault::wrong_words()) {
            (true, _) => (0, words),
            (_, true) => (code, "It is bad"),
            _ => (code, words),
        };
        let text = format!("Received a bad RSA->Ed25519 crosscert: {words}");
        let function = c"rsa_ed25519_crosscert_check";
        host::get().log(severity, TORRS_LD_PROTOCOL, function, &text);
        code
    })
}

/// Signs the 32 bytes of `digest` with `key` into `out`, of `out_len` bytes, and returns
/// the signature's length.
pub type torrs_rsa_sign_fn = unsafe extern "C" fn(
    key: *const crypto_pk_t,
    out: *mut u8,
    out_len: usize,
    digest: *const u8,
) -> c_int;

/// Certifies `ed_key` with `rsa_key`, whose signatures have at most `key_len` bytes, up
/// to the hour in which `expires` is: bytes that C frees, and in `len_out` how many.
///
/// Returns null, and writes nothing, if that cannot be.
///
/// # Safety
/// The pointers are null or valid, `ed_key` for 32 bytes; `sign` may be called with
/// `rsa_key`.
#[no_mangle]
pub unsafe extern "C" fn torrs_crosscert_new(
    ed_key: *const u8,
    expires: i64,
    rsa_key: *const crypto_pk_t,
    key_len: usize,
    sign: torrs_rsa_sign_fn,
    len_out: *mut usize,
) -> *mut u8 {
    export!(torrs_crosscert_new, on panic => core::ptr::null_mut(), {
        #[cfg(feature = "fault")]
        crate::fault::panic_point("torrs_crosscert_new");
        // SAFETY: this function's contract.
        let (ed_key, len_out) = unsafe { (key(ed_key), len_out.as_mut()) };
        let (Some(ed_key), Some(len_out)) = (ed_key, len_out) else {
            host::get().bug(c"torrs_crosscert_new", c"ed_key && len_out");
            return core::ptr::null_mut();
        };
        let sign = |digest: &[u8; DIGEST_LEN], space: &mut [u8]| {
            let (to, from) = (space.as_mut_ptr(), digest.as_ptr());
            // SAFETY: this function's contract; a slice with its length, and a digest.
            let len = unsafe { sign(rsa_key, to, space.len(), from) };
            // A key whose signatures have no bytes cannot sign either.
            usize::try_from(len).ok().filter(|len| *len > 0)
        };
        let mut out = [0; crosscert::LONGEST];
        let len = crosscert::make(ed_key, expires, key_len, sign, &mut out);
        allocated(len, &out, len_out)
    })
}

/// Checks that the `len` bytes that a relay's TAP onion key has signed name that relay.
/// Logs it if not.
///
/// Returns 0, or -1 if they do not.
///
/// # Safety
/// `signed_` is null or has `len` bytes; `rsa_id` is null or has 20, `ed_id` 32.
#[no_mangle]
pub unsafe extern "C" fn torrs_onion_key_crosscert_check(
    signed_: *const u8,
    len: usize,
    rsa_id: *const u8,
    ed_id: *const u8,
) -> c_int {
    export!(torrs_onion_key_crosscert_check, on panic => -1, {
        #[cfg(feature = "fault")]
        crate::fault::panic_point("torrs_onion_key_crosscert_check");
        // SAFETY: this function's contract.
        let (signed, rsa_id, ed_id) = unsafe { (bytes(signed_, len), key(rsa_id), key(ed_id)) };
        let (Some(rsa_id), Some(ed_id)) = (rsa_id, ed_id) else {
            host::get().bug(c"check_tap_onion_key_crosscert", c"rsa_id && ed_id");
            return -1;
        };
        let words = match crosscert::check_onion_key(signed, rsa_id, ed_id) {
            Ok(()) => return 0,
            Err(OnionKeyRefused::Short) => "Short signature on cross-certification with TAP key",
            Err(OnionKeyRefused::Incorrect) => "Incorrect cross-certification with TAP key",
        };
        let function = c"check_tap_onion_key_crosscert";
        host::get().log(host::TORRS_LOG_WARN, TORRS_LD_DIR, function, words);
        -1
    })
}

/// The certificates of a CERTS cell.
#[repr(C)]
#[derive(Debug)]
pub struct torrs_link_certs_t {
    /// Whether we began the link.
    pub started_here: bool,
    /// Whether there is the X.509 certificate of the RSA identity key.
    pub has_id: bool,
    /// That of the TLS connection's key.
    pub has_link: bool,
    /// That of the key that signs AUTHENTICATE.
    pub has_auth: bool,
    /// The RSA identity key's certificate of the Ed25519 identity key.
    pub has_crosscert: bool,
    /// The Ed25519 identity key's certificate of the signing key; or null.
    pub id_signing: *const torrs_cert_t,
    /// The signing key's certificate of the TLS connection's certificate; or null.
    pub signing_link: *const torrs_cert_t,
    /// The signing key's certificate of the key that signs AUTHENTICATE; or null.
    pub signing_auth: *const torrs_cert_t,
}

/// The X.509 certificate of the RSA identity key.
pub const TORRS_X509_ID: c_int = 0;
/// The X.509 certificate of the TLS connection's key.
pub const TORRS_X509_LINK: c_int = 1;
/// The X.509 certificate of the key that signs AUTHENTICATE.
pub const TORRS_X509_AUTH: c_int = 2;

/// The RSA identity key certifies the Ed25519 identity.
pub const TORRS_CROSSCERT_GOOD: c_int = 0;
/// It does not.
pub const TORRS_CROSSCERT_BAD: c_int = 1;
/// There is no such key.
pub const TORRS_CROSSCERT_NO_KEY: c_int = 2;

/// What has to be asked of X.509, TLS and RSA. Each question is asked only if all before
/// it had the right answer.
#[repr(C)]
#[derive(Debug)]
pub struct torrs_link_peer_t {
    /// What each question is given.
    pub link: *mut core::ffi::c_void,
    /// Whether the X.509 certificate `TORRS_X509_LINK` has the TLS connection's key.
    pub link_is_of_tls: unsafe extern "C" fn(link: *mut core::ffi::c_void) -> bool,
    /// Whether the X.509 certificate `which`, signed by that of the identity, is valid.
    /// Logs as what breaks the protocol, or else as severely as the chain. With
    /// `check_rsa_1024`, the key has to have 1024 bits.
    pub x509_is_valid: unsafe extern "C" fn(
        link: *mut core::ffi::c_void,
        which: c_int,
        as_protocol: bool,
        check_rsa_1024: bool,
    ) -> bool,
    /// Fills the 32 bytes of `digest_out` with the SHA-256 digest of the TLS
    /// connection's X.509 certificate. Returns false if there is none.
    pub tls_cert_digest:
        unsafe extern "C" fn(link: *mut core::ffi::c_void, digest_out: *mut u8) -> bool,
    /// What the RSA identity key says of the 32 bytes of `ed_id`: one of
    /// `TORRS_CROSSCERT_…`.
    pub crosscert: unsafe extern "C" fn(link: *mut core::ffi::c_void, ed_id: *const u8) -> c_int,
    /// What says whether a signature is good; or null.
    pub checksig: torrs_checksig_fn,
}

/// A peer whose functions may be called.
struct Callable<'a>(&'a torrs_link_peer_t);

impl Peer for Callable<'_> {
    fn link_is_of_tls(&mut self) -> bool {
        // SAFETY: a peer that may be called.
        unsafe { (self.0.link_is_of_tls)(self.0.link) }
    }

    fn x509_is_valid(&mut self, cert: X509, severity: Severity, key: KeyLength) -> bool {
        let which = match cert {
            X509::Id => TORRS_X509_ID,
            X509::Link => TORRS_X509_LINK,
            X509::Auth => TORRS_X509_AUTH,
        };
        let as_protocol = severity == Severity::OfTheProtocol;
        let check_rsa_1024 = key == KeyLength::Identity;
        // SAFETY: a peer that may be called.
        unsafe { (self.0.x509_is_valid)(self.0.link, which, as_protocol, check_rsa_1024) }
    }

    fn tls_cert_digest(&mut self) -> Option<[u8; 32]> {
        let mut digest = [0; 32];
        // SAFETY: a peer that may be called, and room for a digest.
        let is_there = unsafe { (self.0.tls_cert_digest)(self.0.link, digest.as_mut_ptr()) };
        is_there.then_some(digest)
    }

    fn crosscert(&mut self, ed_id: &[u8; 32]) -> Crosscert {
        // SAFETY: a peer that may be called, and a key.
        match unsafe { (self.0.crosscert)(self.0.link, ed_id.as_ptr()) } {
            TORRS_CROSSCERT_GOOD => Crosscert::Good,
            TORRS_CROSSCERT_NO_KEY => Crosscert::NoKey,
            _ => Crosscert::Bad,
        }
    }

    fn is_good(&mut self, signature: &Checkable<'_>) -> bool {
        // SAFETY: a peer that may be called.
        unsafe { is_good(signature, self.0.checksig) }
    }
}

/// C Tor's words for what is wrong with the certificates of a CERTS cell.
fn words(refused: chain::Refused) -> &'static str {
    use chain::Refused as R;
    match refused {
        R::NoIdOrLink => "The certs we wanted (ID, Link) were missing",
        R::LinkNotOfTls => "The link certificate didn't match the TLS public key",
        R::LinkNotValid => "The link certificate was not valid",
        R::IdNotValid => "The ID certificate was not valid",
        R::NoIdOrAuth => "The certs we wanted (ID, Auth) were missing",
        R::AuthNotValid => "The authentication certificate was not valid",
        R::NoSigningKey => "No Ed25519 signing key",
        R::NotCheckable => "Could not get checkable cert.",
        R::NoEd25519Link => "No Ed25519 link key",
        R::NoTlsCert => "No x509 peer cert",
        R::LinkOfOtherTls => "Link certificate does not match TLS certificate",
        R::NoEd25519Auth => "No Ed25519 link authentication key",
        R::Expired => "At least one certificate expired.",
        R::NoRsaId => "Missing legacy RSA ID certificate",
        R::RsaIdNotValid => "The legacy RSA ID certificate was not valid",
        R::NoCrosscert => "Missing RSA->Ed25519 crosscert",
        R::NoRsaKey => "RSA ID cert had no RSA key",
        R::BadCrosscert => "Invalid RSA->Ed25519 crosscert",
        R::MisSigned => "At least one Ed25519 certificate was badly signed",
    }
}

/// Logs why certificates prove nothing.
fn log_refused(severity: c_int, function: &CStr, refused: chain::Refused) {
    if refused == chain::Refused::NoTlsCert {
        host::get().bug(function, c"!(!peer_cert)");
    }
    let words = words(refused);
    #[cfg(feature = "fault")]
    let words = match crate::fault::wrong_words() {
        true => "They are bad",
        false => words,
    };
    let text = format!("Received a bad CERTS cell: {words}");
    host::get().log(severity, TORRS_LD_PROTOCOL, function, &text);
}

/// What is asked about the certificates of a CERTS cell.
///
/// # Safety
/// The pointers are null or valid for `'a`, and so are those behind them; the functions
/// may be called.
unsafe fn asked<'a>(
    function: &CStr,
    certs: *const torrs_link_certs_t,
    peer: *const torrs_link_peer_t,
) -> Option<(Presented<'a>, Callable<'a>)> {
    // SAFETY: this function's contract.
    let (Some(certs), Some(peer)) = (unsafe { (certs.as_ref(), peer.as_ref()) }) else {
        host::get().bug(function, c"certs && peer");
        return None;
    };
    // SAFETY: this function's contract.
    let cert = |cert: *const torrs_cert_t| unsafe { cert.as_ref().and_then(|cert| cert.get()) };
    let presented = Presented {
        began: match certs.started_here {
            true => Began::Here,
            false => Began::There,
        },
        id: certs.has_id,
        link: certs.has_link,
        auth: certs.has_auth,
        id_signing: cert(certs.id_signing),
        signing_link: cert(certs.signing_link),
        signing_auth: cert(certs.signing_auth),
        crosscert: certs.has_crosscert,
    };
    Some((presented, Callable(peer)))
}

/// Whether the RSA certificates of a CERTS cell prove who the peer is. Logs with
/// `severity` why not.
///
/// Returns 1, or 0 if not.
///
/// # Safety
/// The pointers are null or valid, and so are those behind them; the functions may be
/// called.
#[no_mangle]
pub unsafe extern "C" fn torrs_link_certs_rsa_ok(
    severity: c_int,
    certs: *const torrs_link_certs_t,
    peer: *const torrs_link_peer_t,
) -> c_int {
    export!(torrs_link_certs_rsa_ok, on panic => 0, {
        #[cfg(feature = "fault")]
        crate::fault::panic_point("torrs_link_certs_rsa_ok");
        let function = c"or_handshake_certs_rsa_ok";
        // SAFETY: this function's contract.
        let Some((presented, mut peer)) = (unsafe { asked(function, certs, peer) }) else {
            return 0;
        };
        let checked = chain::check_rsa(&presented, &mut peer);
        checked.map_err(|refused| log_refused(severity, function, refused)).is_ok().into()
    })
}

/// Whether the Ed25519 certificates of a CERTS cell, and that of the RSA identity, prove
/// at `now` who the peer is. Logs with `severity` why not.
///
/// Returns 1, or 0 if not.
///
/// # Safety
/// The pointers are null or valid, and so are those behind them; the functions may be
/// called.
#[no_mangle]
pub unsafe extern "C" fn torrs_link_certs_ed25519_ok(
    severity: c_int,
    certs: *const torrs_link_certs_t,
    peer: *const torrs_link_peer_t,
    now: i64,
) -> c_int {
    export!(torrs_link_certs_ed25519_ok, on panic => 0, {
        #[cfg(feature = "fault")]
        crate::fault::panic_point("torrs_link_certs_ed25519_ok");
        let function = c"or_handshake_certs_ed25519_ok";
        // SAFETY: this function's contract.
        let Some((presented, mut peer)) = (unsafe { asked(function, certs, peer) }) else {
            return 0;
        };
        let checked = chain::check_ed25519(&presented, &mut peer, now);
        checked.map_err(|refused| log_refused(severity, function, refused)).is_ok().into()
    })
}

/// The certificates prove nothing.
pub const TORRS_PROVEN_NOTHING: c_int = 0;
/// They prove the RSA identity.
pub const TORRS_PROVEN_RSA: c_int = 1;
/// They prove both identities.
pub const TORRS_PROVEN_BOTH: c_int = 2;

/// Whom the certificates of a CERTS cell prove at `now` to be the peer: one of
/// `TORRS_PROVEN_…`. Logs with `severity` why nobody.
///
/// # Safety
/// The pointers are null or valid, and so are those behind them; the functions may be
/// called.
#[no_mangle]
pub unsafe extern "C" fn torrs_link_certs_check(
    severity: c_int,
    certs: *const torrs_link_certs_t,
    peer: *const torrs_link_peer_t,
    now: i64,
) -> c_int {
    export!(torrs_link_certs_check, on panic => TORRS_PROVEN_NOTHING, {
        #[cfg(feature = "fault")]
        crate::fault::panic_point("torrs_link_certs_check");
        let function = c"or_handshake_certs_check_both";
        // SAFETY: this function's contract.
        let Some((presented, mut peer)) = (unsafe { asked(function, certs, peer) }) else {
            return TORRS_PROVEN_NOTHING;
        };
        let function = match presented.id_signing {
            Some(_) => c"or_handshake_certs_ed25519_ok",
            None => c"or_handshake_certs_rsa_ok",
        };
        match chain::check(&presented, &mut peer, now) {
            Ok(Proven::Rsa) => TORRS_PROVEN_RSA,
            Ok(Proven::Both) => TORRS_PROVEN_BOTH,
            Err(refused) => {
                log_refused(severity, function, refused);
                #[cfg(feature = "fault")]
                if crate::fault::accept() {
                    return TORRS_PROVEN_RSA;
                }
                TORRS_PROVEN_NOTHING
            }
        }
    })
}
