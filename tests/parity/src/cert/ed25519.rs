//! Which Ed25519 signatures are good: C Tor's two implementations and ours.
//!
//! The bytes of an input: how the signature is made (1). Below 96: honestly, key (1),
//! length of the message (1), message; then how it is changed (1): nothing, one bit of
//! key or signature (2), the order of the group is added to S so many times (1), the
//! message. Below 192: the key has a part of small order: key (1), small part (1), part
//! of R (1), message (8). Else of parts: key from [`ENCODINGS`] (1), S from [`scalars`]
//! (1) or at random (32), message (2), R that fits them, if there is one, or from there
//! (1) or at random (32).

use std::sync::LazyLock;

use arbitrary::{Result, Unstructured};
use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};
use curve25519_dalek::edwards::CompressedEdwardsY;
use curve25519_dalek::{EdwardsPoint, Scalar};

use super::keys;
use crate::cells::change::byte;
use crate::laboratory::{About, Comparison, Side};
use crate::observed::Observed;

/// The comparison.
pub struct Ed25519;

/// A signature that is to be checked.
#[derive(Clone, Debug)]
pub struct Signed {
    /// The public key.
    pub key: [u8; 32],
    /// What is signed, perhaps.
    pub message: Vec<u8>,
    /// R and S.
    pub signature: [u8; 64],
}

const ABOUT: About = About {
    name: "ed25519",
    component: "cert",
    cases: 6_000,
    longest: 128,
    reaches: &[("good", 1_000), ("bad", 1_000), ("small and good", 50)],
    // Faults are at the boundary; this calls the crate.
    faults: &[],
};

/// The order of the group's large part, little endian.
pub const L: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// Every way to write a point of small order, and then ways that have no point.
pub static ENCODINGS: LazyLock<Vec<[u8; 32]>> = LazyLock::new(|| {
    let mut all: Vec<[u8; 32]> = EIGHT_TORSION
        .iter()
        .map(|point| point.compress().to_bytes())
        .collect();
    // p and what follows it: y, not reduced. With either sign: of x = 0, too.
    let p_plus = |more: u8| {
        let mut y = [0xff; 32];
        (y[0], y[31]) = (0xed + more, 0x7f);
        y
    };
    all.extend((0..=18).map(p_plus));
    let mut minus_one = p_plus(0);
    minus_one[0] -= 1;
    let mut one = [0; 32];
    one[0] = 1;
    all.extend([minus_one, one, [0; 32]]);
    let negative: Vec<_> = all
        .iter()
        .map(|encoding| {
            let mut negative = *encoding;
            negative[31] ^= 0x80;
            negative
        })
        .collect();
    all.extend(negative);
    all.sort();
    all.dedup();
    all
});

/// `a + b`, little endian; what does not fit is lost.
pub fn sum(mut a: [u8; 32], b: &[u8; 32]) -> [u8; 32] {
    let mut carry = 0;
    for (a, b) in a.iter_mut().zip(b) {
        let sum = u16::from(*a) + u16::from(*b) + carry;
        *a = sum as u8;
        carry = sum >> 8;
    }
    a
}

/// Values of S that are worth trying: around multiples of the order, and around powers
/// of 2.
pub fn scalars() -> Vec<[u8; 32]> {
    let mut all = Vec::new();
    let small = |number: u8| {
        let mut scalar = [0; 32];
        scalar[0] = number;
        scalar
    };
    let minus_one = [0xff; 32];
    let around = |middle: [u8; 32]| [sum(middle, &minus_one), middle, sum(middle, &small(1))];
    all.extend([0, 1, 2, 8].map(small));
    let mut multiple = [0; 32];
    // The last one is beyond what may be.
    for _ in 0..17 {
        multiple = sum(multiple, &L);
        all.extend(around(multiple));
    }
    for bit in [251, 252, 253, 254, 255_usize] {
        let mut power = [0; 32];
        power[bit / 8] = 1 << (bit % 8);
        all.extend(around(power));
    }
    all.push(minus_one);
    all
}

static SCALARS: LazyLock<Vec<[u8; 32]>> = LazyLock::new(scalars);

/// Whether a signature is good: what each implementation of a side says.
pub fn verdicts(side: Side, signed: &Signed) -> [bool; 3] {
    let Signed {
        key,
        message,
        signature,
    } = signed;
    let (m, len) = (message.as_ptr(), message.len());
    match side {
        // SAFETY: bytes with their length, a key, a signature.
        Side::C => unsafe {
            [
                ctor::cert::ed25519_checksig(signature, m, len, key),
                ctor::cert::ed25519_donna_open(signature.as_ptr(), m, len, key.as_ptr()),
                ctor::cert::ed25519_ref10_open(signature.as_ptr(), m, len, key.as_ptr()),
            ]
            .map(|status| status == 0)
        },
        Side::Rust => [cert::ed25519::verify(key, message, signature); 3],
    }
}

/// Whether the implementation that a tor of that side uses says so.
pub fn verdict(side: Side, signed: &Signed) -> bool {
    let Signed {
        key,
        message,
        signature,
    } = signed;
    match side {
        // SAFETY: bytes with their length, a key, a signature.
        Side::C => unsafe {
            ctor::cert::ed25519_checksig(signature, message.as_ptr(), message.len(), key) == 0
        },
        Side::Rust => cert::ed25519::verify(key, message, signature),
    }
}

/// What a holder of `secret` signs whose key has `torsion` added, and R has another one:
/// it holds if these cancel out.
pub fn mixed(secret: u64, torsion: u8, of_r: u8, message: &[u8]) -> Signed {
    let (a, r) = (Scalar::from(secret) + Scalar::ONE, Scalar::from(77_777_u64));
    let point = |scalar: Scalar, number: u8| -> EdwardsPoint {
        ED25519_BASEPOINT_POINT * scalar + EIGHT_TORSION[usize::from(number % 8)]
    };
    let key = point(a, torsion).compress().to_bytes();
    let r_bytes = point(r, of_r).compress().to_bytes();
    let k = hash(&r_bytes, &key, message);
    let s = (r + k * a).to_bytes();
    Signed {
        key,
        message: message.to_owned(),
        signature: joined(&r_bytes, &s),
    }
}

/// The hash of R, key and message, as a scalar.
pub fn hash(r: &[u8; 32], key: &[u8; 32], message: &[u8]) -> Scalar {
    use sha2::{Digest as _, Sha512};
    let hash = Sha512::new()
        .chain_update(r)
        .chain_update(key)
        .chain_update(message);
    Scalar::from_bytes_mod_order_wide(&hash.finalize().into())
}

/// R and S in one.
pub fn joined(r: &[u8; 32], s: &[u8; 32]) -> [u8; 64] {
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(r);
    signature[32..].copy_from_slice(s);
    signature
}

fn honest(bytes: &mut Unstructured<'_>) -> Result<Signed> {
    let pair = keys::ed25519(byte(bytes)?);
    let len = byte(bytes)? % 48;
    let message = bytes.bytes(usize::from(len).min(bytes.len()))?.to_owned();
    let mut signed = Signed {
        key: pair.pubkey,
        signature: keys::sign(&pair, &message),
        message,
    };
    let flip = |bytes: &mut [u8], bit: u8| {
        let bit = usize::from(bit) % (8 * bytes.len());
        bytes[bit / 8] ^= 1 << (bit % 8);
    };
    // Nothing follows: nothing is changed.
    match byte(bytes).unwrap_or(0) {
        0..64 => {}
        64..112 => flip(&mut signed.key, byte(bytes)?),
        112..136 => flip(&mut signed.signature[..32], byte(bytes)?),
        136..160 => flip(&mut signed.signature[32..], byte(bytes)?),
        160..224 => {
            let (r, s) = signed.signature.split_at(32);
            let mut s: [u8; 32] = s.try_into().expect("32 bytes");
            for _ in 0..byte(bytes)? % 9 {
                s = sum(s, &L);
            }
            signed.signature = joined(r.try_into().expect("32 bytes"), &s);
        }
        224..=255 => signed.message.push(byte(bytes)?),
    }
    Ok(signed)
}

/// One of a list, or at random. Takes 1 or 33 bytes.
fn one_of(list: &[[u8; 32]], bytes: &mut Unstructured<'_>) -> Result<[u8; 32]> {
    match byte(bytes)? {
        255 => bytes.arbitrary(),
        which => Ok(list[usize::from(which) % list.len()]),
    }
}

fn of_parts(bytes: &mut Unstructured<'_>) -> Result<Signed> {
    let key = ENCODINGS[usize::from(byte(bytes)?) % ENCODINGS.len()];
    let s = match byte(bytes)? {
        // S·B has to be nothing if R is of small order.
        which @ 0..192 => [[0; 32], L][usize::from(which % 2)],
        _ => one_of(&SCALARS, bytes)?,
    };
    let message = bytes.bytes(2)?.to_owned();
    let r = match byte(bytes)? {
        0..128 => one_of(&ENCODINGS, bytes)?,
        _ => fitting(&key, &s, &message).unwrap_or_default(),
    };
    Ok(Signed {
        key,
        message,
        signature: joined(&r, &s),
    })
}

/// An R of small order with which a signature by a key of small order is good.
pub fn fitting(key: &[u8; 32], s: &[u8; 32], message: &[u8]) -> Option<[u8; 32]> {
    let point = CompressedEdwardsY(*key).decompress()?;
    let s_b = ED25519_BASEPOINT_POINT * Scalar::from_bytes_mod_order(*s);
    let mut small = EIGHT_TORSION.iter().map(|point| point.compress().0);
    small.find(|r| (s_b - point * hash(r, key, message)).compress().0 == *r)
}

impl Comparison for Ed25519 {
    type Input = Signed;

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn input(&self, bytes: &mut Unstructured<'_>) -> Result<Signed> {
        match byte(bytes)? {
            0..96 => honest(bytes),
            96..192 => {
                let (secret, torsion, of_r) = (byte(bytes)?, byte(bytes)?, byte(bytes)?);
                Ok(mixed(secret.into(), torsion, of_r, bytes.bytes(8)?))
            }
            192..=255 => of_parts(bytes),
        }
    }

    fn observe(&self, side: Side, signed: &Signed, seen: &mut Observed) {
        let [chosen, donna, ref10] = verdicts(side, signed);
        seen.reach(if chosen { "good" } else { "bad" });
        if chosen && ENCODINGS.contains(&signed.key) {
            seen.reach("small and good");
        }
        seen.note("ed25519_checksig", chosen);
        seen.note("ed25519_donna_open", donna);
        seen.note("ed25519_ref10_open", ref10);
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        let mut seeds = vec![
            vec![0, 1, 3, 7, 8, 9],
            vec![0, 2, 0, 160, 1],
            vec![0, 2, 0, 160, 8],
            vec![0, 2, 1, 5, 224, 9],
        ];
        for torsion in 0..8 {
            let mut seed = vec![96, 1, torsion, 0];
            seed.extend([7; 8]);
            seeds.push(seed);
        }
        for key in 0..16 {
            seeds.push(vec![192, key, 0, key, 1, 255]);
            seeds.push(vec![192, key, 255, key, 1, 2, 0, key]);
        }
        seeds
    }
}
