//! Whom the certificates of a CERTS cell prove to be at the other end. Certificates,
//! keys and signatures are real; what X.509 and TLS say is scripted, and each question
//! to them is noted with its arguments: a side may ask no more, and in no other order.
//!
//! The bytes of an input: which function is called (1), who began the link (1), severity
//! (1), how many things are wrong (1), and what (see [`Wrong`]).

use std::ptr;

use arbitrary::{Result, Unstructured};
use ctor::cert::{
    common_digests_t, ctor_certs_fill, ctor_certs_left, ctor_x509_new, or_handshake_certs_t,
};
use ctor::tls::{with_answers, Answers};

use super::certificate::{certificate, Cert};
use super::crosscert::{crosscert, Signs};
use super::keys::{self, Rsa};
use crate::cells::change::byte;
use crate::laboratory::{About, Comparison, Side};
use crate::observed::Observed;

/// The comparison.
pub struct LinkCerts;

/// Which function is called.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)] // torcert.h says it
pub enum Asked {
    RsaOk,
    Ed25519Ok,
    CheckBoth,
}

/// The certificates, and everything that is said about them.
#[derive(Debug)]
pub struct Presented {
    asked: Asked,
    started_here: bool,
    severity: i32,
    now: i64,
    /// Which X.509 certificates are there: of identity, link, authentication.
    x509: [bool; 3],
    /// The signing key's, and those of link and authentication.
    ed25519: [Option<Vec<u8>>; 3],
    crosscert: Option<Vec<u8>>,
    valid: [bool; 3],
    link_is_of_tls: bool,
    has_tls_cert: bool,
    has_rsa_id: bool,
}

/// The hour with which everything expires that an honest peer sends.
const HOUR: u32 = 490_000;

/// The SHA-256 digest of the TLS connection's certificate.
const TLS_CERT: [u8; 32] = [0x77; 32];

/// Something that is not as it should be.
#[derive(Clone, Copy, Debug)]
enum Wrong {
    /// A certificate is not there: an X.509 one.
    NoX509(u8),
    /// An Ed25519 one.
    NoEd25519(u8),
    /// The cross-certificate.
    NoCrosscert,
    /// X.509 says that one is not valid.
    NotValid(u8),
    /// TLS has another key.
    NotOfTls,
    /// TLS has no certificate.
    NoTlsCert,
    /// The identity's certificate has no key.
    NoRsaKey,
    /// An Ed25519 certificate is replaced by one with another signer, an expiry (in
    /// hours from [`HOUR`]), another subject or type.
    Replaced {
        which: u8,
        signer: u8,
        hours: i8,
        subject: u8,
        cert_type: u8,
    },
    /// The signing key's certificate does not say by whom it is signed.
    NoSigningKey,
    /// The cross-certificate is another RSA key's, expired, or of something else.
    OtherCrosscert(u8),
    /// It is so many bytes shorter.
    ShortCrosscert(u8),
    /// It is so much later.
    Later(i8),
}

impl Wrong {
    fn read(bytes: &mut Unstructured<'_>) -> Result<Self> {
        Ok(match byte(bytes)? {
            0..24 => Wrong::NoX509(byte(bytes)? % 3),
            24..72 => Wrong::NoEd25519(byte(bytes)? % 3),
            72..80 => Wrong::NoCrosscert,
            80..104 => Wrong::NotValid(byte(bytes)? % 3),
            104..112 => Wrong::NotOfTls,
            112..120 => Wrong::NoTlsCert,
            120..128 => Wrong::NoRsaKey,
            128..192 => Wrong::Replaced {
                which: byte(bytes)? % 3,
                signer: byte(bytes)?,
                hours: bytes.arbitrary()?,
                subject: byte(bytes)?,
                cert_type: byte(bytes)?,
            },
            192..204 => Wrong::NoSigningKey,
            204..228 => Wrong::OtherCrosscert(byte(bytes)? % 3),
            228..236 => Wrong::ShortCrosscert(byte(bytes)?),
            236..=255 => Wrong::Later(bytes.arbitrary()?),
        })
    }
}

/// The identity (1), the signing key (2) and the key that signs AUTHENTICATE (3).
fn signing_cert(signer: u8, hour: u32, subject: &[u8; 32], cert_type: u8) -> Vec<u8> {
    let pair = keys::ed25519(signer);
    let in_it = [(4, 0, pair.pubkey.to_vec())];
    certificate(&pair, cert_type, hour, 1, subject, &in_it)
}

impl Presented {
    /// What an honest peer presents.
    pub fn honest(asked: Asked, started_here: bool) -> Self {
        let key = |number| keys::ed25519(number).pubkey;
        let by_signing = |cert_type, key_type, subject| {
            let signer = keys::ed25519(2);
            certificate(&signer, cert_type, HOUR, key_type, subject, &[])
        };
        Presented {
            asked,
            started_here,
            severity: 4,
            now: i64::from(HOUR) * 3600,
            x509: [true; 3],
            ed25519: [
                Some(signing_cert(1, HOUR, &key(2), 4)),
                Some(by_signing(5, 3, &TLS_CERT)),
                Some(by_signing(6, 1, &key(3))),
            ],
            crosscert: Some(crosscert(Rsa::short(0), HOUR, Signs::Digest)),
            valid: [true; 3],
            link_is_of_tls: true,
            has_tls_cert: true,
            has_rsa_id: true,
        }
    }

    fn go_wrong(&mut self, wrong: Wrong) {
        match wrong {
            Wrong::NoX509(which) => self.x509[usize::from(which)] = false,
            Wrong::NoEd25519(which) => self.ed25519[usize::from(which)] = None,
            Wrong::NoCrosscert => self.crosscert = None,
            Wrong::NotValid(which) => self.valid[usize::from(which)] = false,
            Wrong::NotOfTls => self.link_is_of_tls = false,
            Wrong::NoTlsCert => self.has_tls_cert = false,
            Wrong::NoRsaKey => self.has_rsa_id = false,
            Wrong::Replaced {
                which,
                signer,
                hours,
                subject,
                cert_type,
            } => {
                // What is small changes nothing.
                let signer = if signer < 128 {
                    1 + u8::from(which > 0)
                } else {
                    signer
                };
                let hours = if hours > 0 { 0 } else { hours };
                let hour = HOUR.saturating_add_signed(hours.into());
                let subject = match (subject, which) {
                    (0..128, 1) => TLS_CERT,
                    (0..128, _) => keys::ed25519(2 + which / 2).pubkey,
                    (other, _) => keys::ed25519(other).pubkey,
                };
                let pair = keys::ed25519(signer);
                self.ed25519[usize::from(which)] = Some(match which {
                    0 => signing_cert(signer, hour, &subject, cert_type),
                    _ => certificate(&pair, cert_type, hour, cert_type, &subject, &[]),
                });
            }
            Wrong::NoSigningKey => {
                let (pair, subject) = (keys::ed25519(1), keys::ed25519(2).pubkey);
                self.ed25519[0] = Some(certificate(&pair, 4, HOUR, 1, &subject, &[]));
            }
            Wrong::OtherCrosscert(how) => {
                self.crosscert = Some(match how {
                    0 => crosscert(Rsa::short(1), HOUR, Signs::Digest),
                    1 => crosscert(Rsa::short(0), HOUR - 1, Signs::Digest),
                    _ => crosscert(Rsa::short(0), HOUR, Signs::Other),
                });
            }
            Wrong::ShortCrosscert(by) => {
                if let Some(crosscert) = &mut self.crosscert {
                    crosscert.truncate(crosscert.len().saturating_sub(by.into()));
                }
            }
            Wrong::Later(seconds) => self.now += i64::from(seconds),
        }
    }
}

/// The certificates as a side has them.
struct Certs {
    side: Side,
    certs: *mut or_handshake_certs_t,
    answers: Answers,
}

impl Certs {
    fn new(side: Side, presented: &Presented) -> Self {
        let mut x509 = [ptr::null_mut(); 3];
        for (number, is_there) in presented.x509.iter().enumerate() {
            if *is_there {
                let id = [number as u8; 32];
                // SAFETY: two digests.
                x509[number] = unsafe { ctor_x509_new([0; 32].as_ptr(), id.as_ptr()) };
            }
        }
        let ed = presented.ed25519.each_ref().map(|encoded| {
            let cert = encoded
                .as_deref()
                .and_then(|bytes| Cert::parse(side, bytes));
            cert.map_or(ptr::null_mut(), Cert::into_raw)
        });
        let crosscert = presented.crosscert.as_deref();
        let len = crosscert.map_or(0, <[u8]>::len);
        let crosscert = crosscert.map_or(ptr::null(), <[u8]>::as_ptr);
        // SAFETY: certificates, which belong to the object then; bytes with their length.
        let certs = unsafe {
            let certs = call!(side, or_handshake_certs_new());
            let began = presented.started_here;
            ctor_certs_fill(certs, began, x509.as_ptr(), ed.as_ptr(), crosscert, len);
            certs
        };
        Certs {
            side,
            certs,
            answers: Answers {
                certs: x509,
                valid: presented.valid,
                link_is_of_tls: presented.link_is_of_tls,
                tls_cert: presented.has_tls_cert.then_some(TLS_CERT),
                rsa_id: match presented.has_rsa_id {
                    true => Rsa::short(0).get(),
                    false => ptr::null_mut(),
                },
            },
        }
    }
}

impl Drop for Certs {
    fn drop(&mut self) {
        // SAFETY: an object of that side's, freed once.
        unsafe { call!(self.side, or_handshake_certs_free_(self.certs)) };
    }
}

/// The certificates of an honest peer, to be checked again and again.
pub struct Checked {
    certs: Certs,
    now: i64,
}

impl Checked {
    /// As a side has them.
    pub fn honest(side: Side) -> Self {
        let presented = Presented::honest(Asked::Ed25519Ok, true);
        Checked {
            certs: Certs::new(side, &presented),
            now: presented.now,
        }
    }

    /// What `or_handshake_certs_ed25519_ok()` says.
    pub fn check(&self) -> i32 {
        let (object, now) = (self.certs.certs, self.now);
        let tls = ptr::null_mut();
        // SAFETY: an object with certificates; whatever would look into the TLS
        // connection is scripted.
        let check = || unsafe {
            call!(
                self.certs.side,
                or_handshake_certs_ed25519_ok(4, object, tls, now)
            )
        };
        with_answers(self.certs.answers, check).0
    }
}

const ABOUT: About = About {
    name: "link_certs",
    component: "cert",
    cases: 4_000,
    longest: 32,
    reaches: &[
        ("ok", 200),
        ("not ok", 500),
        ("both identities", 200),
        ("RSA identity", 30),
        ("nobody", 500),
        ("crosscert asked", 500),
    ],
    faults: &["accept", "wrong-words"],
};

impl Comparison for LinkCerts {
    type Input = Presented;

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn input(&self, bytes: &mut Unstructured<'_>) -> Result<Presented> {
        let asked = match byte(bytes)? {
            0..48 => Asked::RsaOk,
            48..112 => Asked::Ed25519Ok,
            _ => Asked::CheckBoth,
        };
        let started_here = byte(bytes)? % 2 == 1;
        let mut presented = Presented::honest(asked, started_here);
        presented.severity = 4 + i32::from(byte(bytes)? % 3);
        for _ in 0..byte(bytes)? % 4 {
            // What is not there is not wrong.
            match Wrong::read(bytes) {
                Ok(wrong) => presented.go_wrong(wrong),
                Err(_) => break,
            }
        }
        Ok(presented)
    }

    fn observe(&self, side: Side, presented: &Presented, seen: &mut Observed) {
        let certs = Certs::new(side, presented);
        let (severity, object, now) = (presented.severity, certs.certs, presented.now);
        let tls = ptr::null_mut();
        let mut ed_id: *const [u8; 32] = ptr::null();
        let mut rsa_id: *const common_digests_t = ptr::null();
        // SAFETY: an object with certificates, and room for the answers. Whatever would
        // look into the TLS connection is scripted.
        let (status, asked) = with_answers(certs.answers, || unsafe {
            match presented.asked {
                Asked::RsaOk => {
                    call!(side, or_handshake_certs_rsa_ok(severity, object, tls, now))
                }
                Asked::Ed25519Ok => {
                    call!(
                        side,
                        or_handshake_certs_ed25519_ok(severity, object, tls, now)
                    )
                }
                Asked::CheckBoth => {
                    let (ed, rsa) = (&mut ed_id, &mut rsa_id);
                    call!(
                        side,
                        or_handshake_certs_check_both(severity, object, tls, now, ed, rsa)
                    );
                    2
                }
            }
        });
        // SAFETY: null, or in the object.
        let (ed_id, rsa_id) = unsafe { (ed_id.as_ref(), rsa_id.as_ref()) };
        seen.reach(match (status, ed_id, rsa_id) {
            (0, ..) => "not ok",
            (1, ..) => "ok",
            (_, Some(_), _) => "both identities",
            (_, None, Some(_)) => "RSA identity",
            (_, None, None) => "nobody",
        });
        if asked.iter().any(|question| question.starts_with("get key")) {
            seen.reach("crosscert asked");
        }
        seen.note("status", status);
        for question in &asked {
            seen.note("asked", question.as_bytes());
        }
        seen.note("ed_id", ed_id);
        seen.note("rsa_id", rsa_id.map(|digests| digests.d.concat()));
        // SAFETY: the object.
        seen.note("left", unsafe { ctor_certs_left(object) });
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        let mut seeds = Vec::new();
        for asked in [0, 48, 112] {
            for began in 0..2 {
                seeds.push(vec![asked, began, 0, 0]);
                for wrong in (0..=255).step_by(8) {
                    for more in 0..3 {
                        seeds.push(vec![asked, began, 0, 1, wrong, more, 0, 0, 0, 0]);
                    }
                }
            }
        }
        seeds
    }
}
