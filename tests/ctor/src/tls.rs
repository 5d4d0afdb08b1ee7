//! What X.509 and TLS say of a link, as a comparison wants it: the build script makes
//! all who ask them ask us in their place. What was asked is kept, in order.

use std::cell::RefCell;
use std::ffi::c_int;
use std::ptr;

use crate::cert::{crypto_pk_dup_key, crypto_pk_t, ctor_x509_new, tor_tls_t, tor_x509_cert_t};

/// The answers.
#[derive(Clone, Copy, Debug)]
pub struct Answers {
    /// The X.509 certificates of identity, link and authentication, which are only
    /// compared.
    pub certs: [*mut tor_x509_cert_t; 3],
    /// Which of them are valid.
    pub valid: [bool; 3],
    /// Whether the link's has the key of the TLS connection.
    pub link_is_of_tls: bool,
    /// The SHA-256 digest of the TLS connection's certificate, if it has one.
    pub tls_cert: Option<[u8; 32]>,
    /// The key in the identity's certificate; or null.
    pub rsa_id: *mut crypto_pk_t,
}

thread_local! {
    static ANSWERS: RefCell<Option<Answers>> = const { RefCell::new(None) };
    static ASKED: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Runs `work` on this thread where X.509 and TLS give these answers; its answer, and
/// what was asked.
pub fn with_answers<T>(answers: Answers, work: impl FnOnce() -> T) -> (T, Vec<String>) {
    ANSWERS.set(Some(answers));
    ASKED.take();
    let answer = work();
    ANSWERS.set(None);
    (answer, ASKED.take())
}

/// The answers, once the question is noted.
fn asked(question: String) -> Answers {
    ASKED.with_borrow_mut(|asked| asked.push(question));
    ANSWERS.with_borrow(|answers| answers.expect("somebody asks X.509 without answers"))
}

/// Which of the certificates it is.
fn number(cert: *const tor_x509_cert_t) -> usize {
    let answers = ANSWERS.with_borrow(|answers| *answers);
    let certs = answers.map_or([ptr::null_mut(); 3], |answers| answers.certs);
    certs
        .iter()
        .position(|known| ptr::eq(*known, cert))
        .expect("an X.509 certificate that nobody has made")
}

/// In place of `tor_tls_cert_matches_key()`.
#[no_mangle]
extern "C" fn ctor_tls_cert_matches_key(
    _tls: *const tor_tls_t,
    cert: *const tor_x509_cert_t,
) -> c_int {
    asked(format!("matches key: {}", number(cert)))
        .link_is_of_tls
        .into()
}

/// In place of `tor_tls_get_peer_cert()`.
#[no_mangle]
extern "C" fn ctor_tls_get_peer_cert(_tls: *mut tor_tls_t) -> *mut tor_x509_cert_t {
    match asked("peer cert".into()).tls_cert {
        // SAFETY: two digests.
        Some(digest) => unsafe { ctor_x509_new(digest.as_ptr(), [0; 32].as_ptr()) },
        None => ptr::null_mut(),
    }
}

/// In place of `tor_tls_cert_is_valid()`.
#[no_mangle]
extern "C" fn ctor_tls_cert_is_valid(
    severity: c_int,
    cert: *const tor_x509_cert_t,
    signing_cert: *const tor_x509_cert_t,
    now: i64,
    check_rsa_1024: c_int,
) -> c_int {
    let (cert, signing_cert) = (number(cert), number(signing_cert));
    let question = format!("is valid: {severity} {cert} {signing_cert} {now} {check_rsa_1024}");
    asked(question).valid[cert].into()
}

/// In place of `tor_tls_cert_get_key()`.
#[no_mangle]
extern "C" fn ctor_tls_cert_get_key(cert: *mut tor_x509_cert_t) -> *mut crypto_pk_t {
    let rsa_id = asked(format!("get key: {}", number(cert))).rsa_id;
    match rsa_id.is_null() {
        true => rsa_id,
        // SAFETY: a key of this thread's.
        false => unsafe { crypto_pk_dup_key(rsa_id) },
    }
}
