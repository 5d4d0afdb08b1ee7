//! Ed25519 certificates: read, checked, made.
//!
//! The bytes of an input: what is done. Below 216: a certificate arrives. Its type (1),
//! when it expires (see [`hour_of`]), what kind of key it certifies (1), its extensions
//! (see [`extensions`]), who signs it (1); then a change (see [`changed`]); with which
//! key it is checked (1), and when (see [`when`]). Else one is made: its type (1), kind
//! (1), when (4), for how long (4), flags (1).

use std::ffi::{c_char, CStr};
use std::{ptr, slice};

use arbitrary::{Result, Unstructured};
use ctor::cert::{
    ctor_cert_cut, ctor_cert_see, ctor_cert_seen_t, ed25519_checkable_t, ed25519_keypair_t,
    tor_cert_t, tor_free_,
};

use super::keys::{self, pointer};
use crate::cells::change::{byte, changed};
use crate::laboratory::{About, Comparison, Side};
use crate::observed::Observed;

/// The comparison.
pub struct Certificates;

/// What is done.
#[derive(Debug)]
pub enum Case {
    /// A certificate arrives.
    Arrives {
        /// It.
        encoded: Vec<u8>,
        /// With which key it is checked; nothing for that in it.
        key: Option<[u8; 32]>,
        /// When.
        now: i64,
    },
    /// A certificate is made.
    Make {
        /// What it is for.
        cert_type: u8,
        /// What it certifies.
        key_type: u8,
        /// From then on.
        now: i64,
        /// For so many seconds.
        lifetime: i64,
        /// Whether the signing key should be in it, and what means nothing.
        flags: u32,
    },
}

const ABOUT: About = About {
    name: "certificates",
    component: "cert",
    cases: 8_000,
    longest: 96,
    reaches: &[
        ("refused", 1_000),
        ("valid", 500),
        ("expired", 200),
        ("mis-signed", 500),
        ("no key", 50),
        ("made", 200),
        ("not made", 50),
    ],
    faults: &["accept"],
};

/// What is in `extensions`: type, flags, content.
pub type Extension = (u8, u8, Vec<u8>);

/// A certificate, signed by `signer`.
pub fn certificate(
    signer: &ed25519_keypair_t,
    cert_type: u8,
    hour: u32,
    key_type: u8,
    signed_key: &[u8; 32],
    extensions: &[Extension],
) -> Vec<u8> {
    let mut encoded = vec![1, cert_type];
    encoded.extend(hour.to_be_bytes());
    encoded.push(key_type);
    encoded.extend(signed_key);
    encoded.push(extensions.len() as u8);
    for (ext_type, flags, content) in extensions {
        encoded.extend((content.len() as u16).to_be_bytes());
        encoded.extend([*ext_type, *flags]);
        encoded.extend(content);
    }
    let signature = keys::sign(signer, &encoded);
    encoded.extend(signature);
    encoded
}

/// When a certificate expires. Takes one or four bytes.
fn hour_of(bytes: &mut Unstructured<'_>) -> Result<u32> {
    Ok(match byte(bytes)? {
        0 => 0,
        1 => 1,
        2 => u32::MAX,
        3..32 => bytes.arbitrary()?,
        hour => 490_000 + u32::from(hour),
    })
}

/// Extensions of a certificate that `key` signs. Takes a byte, and three for each that
/// is not just the signing key.
fn extensions(key: &[u8; 32], bytes: &mut Unstructured<'_>) -> Result<Vec<Extension>> {
    let signing_key = || (4, 0, key.to_vec());
    let mut all = match byte(bytes)? {
        0..32 => vec![],
        32..144 => return Ok(vec![signing_key()]),
        144..208 => vec![signing_key()],
        208..=255 => vec![signing_key(), signing_key()],
    };
    for _ in 0..byte(bytes)? % 3 {
        let (ext_type, flags) = (byte(bytes)?, byte(bytes)?);
        let flags = if flags < 192 { flags & !1 } else { flags };
        let content = match ext_type {
            0..64 => return Ok(all),
            _ => vec![ext_type; usize::from(byte(bytes)? % 40)],
        };
        // The signing key's own type, too, of any length.
        let ext_type = if ext_type < 80 { 4 } else { ext_type };
        all.insert(0, (ext_type, flags, content));
    }
    Ok(all)
}

/// When something is done that depends on an hour: around its end, for the most part.
/// Takes one or nine bytes.
pub fn when(hour: u32, bytes: &mut Unstructured<'_>) -> Result<i64> {
    let end = i64::from(hour) * 3600;
    Ok(match byte(bytes)? {
        0..32 => 0,
        32..48 => bytes.arbitrary()?,
        48..64 => -1,
        64..96 => end + 1,
        96..128 => end,
        128..160 => end + i64::from(byte(bytes)?) * 60,
        ago => end - i64::from(ago),
    })
}

/// Which key something is checked with. Takes a byte.
fn key_of(own: &[u8; 32], bytes: &mut Unstructured<'_>) -> Result<Option<[u8; 32]>> {
    Ok(match byte(bytes)? {
        0..112 => None,
        112..224 => Some(*own),
        other => Some(keys::ed25519(other).pubkey),
    })
}

/// A certificate of a side's.
pub struct Cert {
    side: Side,
    cert: *mut tor_cert_t,
}

impl Cert {
    /// Reads one.
    pub fn parse(side: Side, encoded: &[u8]) -> Option<Self> {
        // SAFETY: bytes with their length.
        let cert = unsafe { call!(side, tor_cert_parse(encoded.as_ptr(), encoded.len())) };
        Self::of(side, cert)
    }

    fn of(side: Side, cert: *mut tor_cert_t) -> Option<Self> {
        (!cert.is_null()).then_some(Cert { side, cert })
    }

    /// As nobody would read one: without what is behind `len` bytes.
    pub fn cut(self, len: usize) -> Self {
        assert!(len <= self.see().encoded_len);
        // SAFETY: a certificate that has as many bytes.
        unsafe { ctor_cert_cut(self.cert, len) };
        self
    }

    /// Gives it away.
    pub fn into_raw(self) -> *mut tor_cert_t {
        let cert = self.cert;
        std::mem::forget(self);
        cert
    }

    fn see(&self) -> ctor_cert_seen_t {
        let mut seen = ctor_cert_seen_t {
            signed_key: [0; 32],
            signing_key: [0; 32],
            valid_until: 0,
            encoded: ptr::null(),
            encoded_len: 0,
            cert_type: 0,
            flags: 0,
        };
        // SAFETY: a certificate, and room for what is in it.
        unsafe { ctor_cert_see(self.cert, &mut seen) };
        seen
    }

    fn note(&self, seen: &mut Observed) {
        let all = self.see();
        seen.note("signed_key", &all.signed_key[..]);
        seen.note("signing_key", &all.signing_key[..]);
        seen.note("valid_until", all.valid_until);
        // SAFETY: its bytes.
        let encoded = unsafe { slice::from_raw_parts(all.encoded, all.encoded_len) };
        seen.note("encoded", encoded);
        seen.note("cert_type", all.cert_type);
        seen.note("flags", all.flags);
    }

    /// What `tor_cert_checksig()` says.
    pub fn checksig(&self, key: Option<&[u8; 32]>, now: i64) -> i32 {
        // SAFETY: a certificate, and perhaps a key.
        unsafe { call!(self.side, tor_cert_checksig(self.cert, pointer(key), now)) }
    }

    fn note_checkable(&self, key: Option<&[u8; 32]>, mut expiration: i64, seen: &mut Observed) {
        let mut checkable = ed25519_checkable_t {
            pubkey: ptr::null(),
            signature: [0xa6; 64],
            msg: ptr::null(),
            len: 0,
        };
        // SAFETY: a certificate, perhaps a key, and room for the answers.
        let status = unsafe {
            let (cert, key) = (self.cert, pointer(key));
            call!(
                self.side,
                tor_cert_get_checkable_sig(&mut checkable, cert, key, &mut expiration)
            )
        };
        seen.note("tor_cert_get_checkable_sig", status);
        seen.note("expiration", expiration);
        seen.note("signature", &checkable.signature[..]);
        seen.note("length", checkable.len);
        // SAFETY: null, or a key.
        let key = unsafe { checkable.pubkey.as_ref() };
        seen.note("public key", key);
        seen.note("is in it", ptr::eq(checkable.msg, self.see().encoded));
    }

    fn text(&self) -> Option<Vec<u8>> {
        let mut text: *mut c_char = ptr::null_mut();
        // SAFETY: a certificate, and room for a pointer; what it then points to is ours.
        unsafe {
            let status = call!(self.side, tor_cert_encode_ed22519(self.cert, &mut text));
            let copy = (status == 0).then(|| CStr::from_ptr(text).to_bytes().to_owned());
            tor_free_(text.cast());
            copy
        }
    }

    fn described(&self) -> &'static CStr {
        // SAFETY: a certificate; the answer is a constant.
        unsafe {
            let text = call!(self.side, tor_cert_describe_signature_status(self.cert));
            CStr::from_ptr(text)
        }
    }

    /// Notes what is equal to a copy, and whether that changes the original.
    fn note_copy(&self, seen: &mut Observed) {
        let other = Cert::parse(self.side, &super::certificate::plain());
        let other = other.as_ref().map_or(ptr::null_mut(), |cert| cert.cert);
        // SAFETY: certificates, or null where that will do.
        unsafe {
            let copy = Cert::of(self.side, call!(self.side, tor_cert_dup(self.cert)));
            let copy = copy.expect("a copy is made");
            copy.note(seen);
            seen.note("eq", call!(self.side, tor_cert_eq(self.cert, copy.cert)));
            seen.note("eq other", call!(self.side, tor_cert_eq(self.cert, other)));
            for (left, right) in [
                (self.cert, copy.cert),
                (self.cert, ptr::null_mut()),
                (ptr::null_mut(), copy.cert),
                (ptr::null_mut(), ptr::null_mut()),
            ] {
                seen.note("opt_eq", call!(self.side, tor_cert_opt_eq(left, right)));
            }
        }
    }
}

impl Drop for Cert {
    fn drop(&mut self) {
        // SAFETY: a certificate of that side's, freed once.
        unsafe { call!(self.side, tor_cert_free_(self.cert)) };
    }
}

/// A certificate of a relay's signing key, with its identity in it.
pub fn plain() -> Vec<u8> {
    let identity = keys::ed25519(1);
    let in_it = [(4, 0, identity.pubkey.to_vec())];
    certificate(&identity, 4, 490_000, 1, &keys::ed25519(2).pubkey, &in_it)
}

impl Comparison for Certificates {
    type Input = Case;

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn input(&self, bytes: &mut Unstructured<'_>) -> Result<Case> {
        Ok(match byte(bytes)? {
            0..216 => {
                let (cert_type, hour) = (byte(bytes)?, hour_of(bytes)?);
                let key_type = byte(bytes)?;
                let own = keys::ed25519(1);
                let extensions = extensions(&own.pubkey, bytes)?;
                let signer = match byte(bytes)? {
                    0..208 => own,
                    other => keys::ed25519(other),
                };
                let subject = keys::ed25519(2).pubkey;
                let encoded =
                    certificate(&signer, cert_type, hour, key_type, &subject, &extensions);
                Case::Arrives {
                    encoded: changed(encoded, bytes)?,
                    key: key_of(&own.pubkey, bytes)?,
                    now: when(hour, bytes)?,
                }
            }
            216..=255 => Case::Make {
                cert_type: byte(bytes)?,
                key_type: byte(bytes)?,
                now: bytes.arbitrary::<u32>()?.into(),
                lifetime: bytes.arbitrary::<i32>()?.into(),
                flags: byte(bytes)?.into(),
            },
        })
    }

    fn observe(&self, side: Side, case: &Case, seen: &mut Observed) {
        match case {
            Case::Arrives { encoded, key, now } => {
                let Some(cert) = Cert::parse(side, encoded) else {
                    seen.reach("refused");
                    seen.note("refused", true);
                    return;
                };
                cert.note(seen);
                cert.note_checkable(None, i64::MAX, seen);
                cert.note_checkable(key.as_ref(), *now, seen);
                seen.note("described", cert.described().to_bytes());
                let status = cert.checksig(key.as_ref(), *now);
                seen.note("tor_cert_checksig", status);
                let described = cert.described();
                seen.reach(match described.to_bytes() {
                    b"okay" => "valid",
                    b"expired" => "expired",
                    b"mis-signed" => "mis-signed",
                    _ => "no key",
                });
                seen.note("described", described.to_bytes());
                cert.note(seen);
                // It remembers.
                seen.note("again", cert.checksig(Some(&cert.see().signing_key), 0));
                cert.note(seen);
                cert.note_copy(seen);
                seen.note("text", cert.text());
            }
            Case::Make {
                cert_type,
                key_type,
                now,
                lifetime,
                flags,
            } => {
                let cert = make(side, *cert_type, *key_type, *now, *lifetime, *flags);
                seen.reach(if cert.is_some() { "made" } else { "not made" });
                match cert {
                    Some(cert) => cert.note(seen),
                    None => seen.note("made", false),
                }
            }
        }
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        let arrives = |extensions: &[u8], key: u8, when: u8| {
            [&[0, 4, 40, 1][..], extensions, &[0, 0, key, when, 9]].concat()
        };
        vec![
            arrives(&[32], 0, 200),
            arrives(&[32], 112, 64),
            arrives(&[32], 255, 96),
            arrives(&[0, 0], 112, 0),
            arrives(&[0, 0], 0, 0),
            arrives(&[208, 0], 0, 0),
            arrives(&[144, 1, 100, 2, 7], 0, 0),
            arrives(&[144, 1, 100, 255, 7], 0, 0),
            vec![216, 4, 1, 0, 0, 0, 100, 0, 1, 0, 0, 1],
            vec![216, 4, 1, 0, 0, 0, 100, 0, 1, 0, 255, 0],
        ]
    }
}

/// What `tor_cert_create_raw()` makes with the key 1 of the key 2.
pub fn make(
    side: Side,
    cert_type: u8,
    key_type: u8,
    now: i64,
    lifetime: i64,
    flags: u32,
) -> Option<Cert> {
    let (signer, subject) = (keys::ed25519(1), keys::ed25519(2).pubkey);
    // SAFETY: key pairs and a key.
    let cert = unsafe {
        let subject = subject.as_ptr();
        call!(
            side,
            tor_cert_create_raw(&signer, cert_type, key_type, subject, now, lifetime, flags)
        )
    };
    Cert::of(side, cert)
}
