//! What RSA keys certify: made, and checked, with real keys.
//!
//! The bytes of an input: what is done. Below 192: a cross-certificate arrives. When it
//! expires (1), what is signed (see [`Signs`]), then a change (see [`changed`]); with
//! which keys it is checked (1), and when (see [`when`]). Below 216: one is made: when
//! it expires (4). Else an onion key has signed identities: what (1), a change, with
//! which keys it is checked (1).

use std::{ptr, slice};

use arbitrary::{Result, Unstructured};
use cert::crosscert::LONGEST;
use ctor::cert::tor_free_;

use super::certificate::when;
use super::keys::{self, Rsa};
use crate::cells::change::{byte, changed};
use crate::laboratory::{About, Comparison, Side};
use crate::observed::Observed;

/// The comparison.
pub struct Crosscerts;

/// What is done.
#[derive(Debug)]
pub enum Case {
    /// A cross-certificate arrives.
    Arrives {
        /// It.
        crosscert: Vec<u8>,
        /// With which keys it is checked.
        checked: CheckedWith,
        /// When.
        now: i64,
    },
    /// One is made that expires then.
    Make(i64),
    /// An onion key has signed identities.
    OnionKey {
        /// The signature.
        signature: Vec<u8>,
        /// With which keys it is checked.
        checked: CheckedWith,
    },
}

/// With which keys something is checked.
#[derive(Clone, Copy, Debug)]
pub struct CheckedWith {
    /// The number of the Ed25519 key; 1 is right.
    pub ed_key: u8,
    /// The number of the RSA key: 0 is right, 2 is a longer one.
    pub rsa_key: u8,
}

impl CheckedWith {
    /// The right ones, mostly. Takes a byte.
    fn read(bytes: &mut Unstructured<'_>) -> Result<Self> {
        let (ed_key, rsa_key) = match byte(bytes)? {
            0..192 => (1, 0),
            192..216 => (2, 0),
            216..244 => (1, 1),
            _ => (1, 2),
        };
        Ok(CheckedWith { ed_key, rsa_key })
    }

    fn rsa(self) -> Rsa {
        match self.rsa_key {
            2 => Rsa::long(),
            number => Rsa::short(number),
        }
    }
}

/// What an RSA key signs for a cross-certificate.
#[derive(Clone, Copy, Debug)]
pub enum Signs {
    /// What it should.
    Digest,
    /// More, behind it.
    More(u8),
    /// Too little.
    Less(u8),
    /// Something else.
    Other,
    /// Nothing: the signature is so many bytes of nobody's.
    Nobody(u8),
}

impl Signs {
    fn read(bytes: &mut Unstructured<'_>) -> Result<Self> {
        Ok(match byte(bytes)? {
            0..160 => Signs::Digest,
            160..184 => Signs::More(byte(bytes)? % 80),
            184..208 => Signs::Less(byte(bytes)? % 32),
            208..232 => Signs::Other,
            232..=255 => Signs::Nobody(byte(bytes)?),
        })
    }

    fn signature(self, rsa: Rsa, digest: &[u8; 32]) -> Vec<u8> {
        match self {
            Signs::Digest => rsa.sign(digest),
            Signs::More(len) => rsa.sign(&[&digest[..], &vec![7; len.into()]].concat()),
            Signs::Less(len) => rsa.sign(&digest[..len.into()]),
            Signs::Other => rsa.sign(&[5; 32]),
            Signs::Nobody(len) => vec![9; len.into()],
        }
    }
}

/// A cross-certificate of the Ed25519 key 1 by `rsa` that expires with `hour`.
pub fn crosscert(rsa: Rsa, hour: u32, signs: Signs) -> Vec<u8> {
    let mut out = [0; LONGEST];
    let sign = |digest: &[u8; 32], space: &mut [u8]| {
        let signature = signs.signature(rsa, digest);
        space[..signature.len()].copy_from_slice(&signature);
        Some(signature.len())
    };
    let (key, expires) = (keys::ed25519(1).pubkey, i64::from(hour) * 3600);
    let len = cert::crosscert::make(&key, expires, 255, sign, &mut out);
    out[..len.expect("it fits")].to_owned()
}

const ABOUT: About = About {
    name: "crosscerts",
    component: "cert",
    cases: 4_000,
    longest: 64,
    reaches: &[
        ("good", 300),
        ("a bug", 20),
        ("unparseable", 300),
        ("other key", 100),
        ("expired", 100),
        ("bad signature", 100),
        ("other data", 50),
        ("made", 100),
        ("onion key good", 50),
        ("onion key bad", 50),
    ],
    faults: &["wrong-status", "wrong-words"],
};

/// What `rsa_ed25519_crosscert_check()` says.
pub fn check(side: Side, crosscert: &[u8], checked: CheckedWith, now: i64) -> i32 {
    let ed_key = keys::ed25519(checked.ed_key).pubkey;
    let (bytes, len) = (crosscert.as_ptr(), crosscert.len());
    // SAFETY: bytes with their length, and keys.
    unsafe {
        let rsa = checked.rsa().get();
        call!(
            side,
            rsa_ed25519_crosscert_check(bytes, len, rsa, &ed_key, now)
        )
    }
}

/// What `tor_make_rsa_ed25519_crosscert()` says and makes.
pub fn make(side: Side, rsa: Rsa, expires: i64) -> (isize, Option<Vec<u8>>) {
    let ed_key = keys::ed25519(1).pubkey;
    let mut made = ptr::null_mut();
    // SAFETY: keys, and room for a pointer; what it then points to is ours.
    unsafe {
        let len = call!(
            side,
            tor_make_rsa_ed25519_crosscert(&ed_key, rsa.get(), expires, &mut made)
        );
        let bytes = usize::try_from(len)
            .ok()
            .map(|len| slice::from_raw_parts(made, len).to_owned());
        tor_free_(made.cast());
        (len, bytes)
    }
}

/// An RSA identity.
const RSA_ID: [u8; 20] = [3; 20];

impl Comparison for Crosscerts {
    type Input = Case;

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn input(&self, bytes: &mut Unstructured<'_>) -> Result<Case> {
        Ok(match byte(bytes)? {
            0..192 => {
                let hour = match byte(bytes)? {
                    0 => 0,
                    1 => u32::MAX,
                    hour => 490_000 + u32::from(hour),
                };
                let crosscert = crosscert(Rsa::short(0), hour, Signs::read(bytes)?);
                Case::Arrives {
                    crosscert: changed(crosscert, bytes)?,
                    checked: CheckedWith::read(bytes)?,
                    now: when(hour, bytes)?,
                }
            }
            192..216 => Case::Make(bytes.arbitrary::<u32>()?.into()),
            216..=255 => {
                let right = [&RSA_ID[..], &keys::ed25519(1).pubkey].concat();
                let signed = match byte(bytes)? {
                    0..128 => right,
                    128..160 => [&right[..], b"more"].concat(),
                    160..208 => right[..usize::from(byte(bytes)?) % right.len()].to_owned(),
                    _ => changed(right, bytes)?,
                };
                // So many are the most that can be signed.
                let signed = &signed[..signed.len().min(117)];
                Case::OnionKey {
                    signature: changed(Rsa::short(0).sign(signed), bytes)?,
                    checked: CheckedWith::read(bytes)?,
                }
            }
        })
    }

    fn observe(&self, side: Side, case: &Case, seen: &mut Observed) {
        match case {
            Case::Arrives {
                crosscert,
                checked,
                now,
            } => {
                let status = check(side, crosscert, *checked, *now);
                seen.reach(match status {
                    0 => "good",
                    -1 => "a bug",
                    -2 => "unparseable",
                    -3 => "other key",
                    -4 => "expired",
                    -5 => "bad signature",
                    _ => "other data",
                });
                seen.note("rsa_ed25519_crosscert_check", status);
            }
            Case::Make(expires) => {
                let (len, made) = make(side, Rsa::short(0), *expires);
                seen.reach("made");
                seen.note("tor_make_rsa_ed25519_crosscert", len);
                seen.note("made", made);
            }
            Case::OnionKey { signature, checked } => {
                let ed_key = keys::ed25519(checked.ed_key).pubkey;
                let (bytes, len) = (signature.as_ptr(), signature.len() as i32);
                // SAFETY: bytes with their length, keys, an identity.
                let status = unsafe {
                    let (rsa, id) = (checked.rsa().get(), RSA_ID.as_ptr());
                    call!(
                        side,
                        check_tap_onion_key_crosscert(bytes, len, rsa, &ed_key, id)
                    )
                };
                seen.reach(match status {
                    0 => "onion key good",
                    _ => "onion key bad",
                });
                seen.note("check_tap_onion_key_crosscert", status);
            }
        }
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        let arrives =
            |signs: &[u8], with: u8, when: u8| [&[0, 40][..], signs, &[0, with, when]].concat();
        vec![
            arrives(&[0], 0, 200),
            arrives(&[0], 0, 64),
            arrives(&[160, 9], 0, 200),
            arrives(&[184, 9], 0, 200),
            arrives(&[208], 0, 200),
            arrives(&[232, 128], 0, 200),
            arrives(&[0], 192, 200),
            arrives(&[0], 216, 200),
            arrives(&[0], 255, 200),
            vec![192, 0, 0, 0, 100],
            vec![216, 0, 0, 0],
            vec![216, 160, 9, 0, 0],
            vec![216, 0, 0, 192],
        ]
    }
}
