//! Whether an Ed25519 signature is good, decided exactly as C Tor does with either of
//! its implementations (`src/ext/ed25519`): a relay that is stricter or laxer than the
//! others would see another network than they do.
//!
//! RFC 8032 leaves some signatures to the implementation, which only somebody with
//! the secret key, or with a key of small order, can make. Of these:
//!
//! * S may be as large as 2²⁵³ − 1: only its three highest bits are looked at. It
//!   counts modulo the order of the group, so each signature has a twin.
//! * The public key may be a point of small order, or have a part of small order; its
//!   y may be written with p added, and zero may be negative.
//! * R is not decoded. It is compared as bytes with the canonical encoding of what it
//!   has to be, so a point of small order makes a difference in it (the equation is
//!   not multiplied by the cofactor), and no other encoding of it will do.
//!
//! There is no secret here, and nothing takes constant time.

use curve25519_dalek::edwards::CompressedEdwardsY;
use curve25519_dalek::{EdwardsPoint, Scalar};
use sha2::{Digest as _, Sha512};

/// Length of a public key, in bytes.
pub const PUBLIC_KEY_LEN: usize = 32;
/// Length of a signature, in bytes.
pub const SIGNATURE_LEN: usize = 64;

/// The bits of S's last byte that have to be zero.
const S_TOO_LARGE: u8 = 0b1110_0000;

/// Whether `signature` is one of `message` by the holder of `public_key`.
pub fn verify(
    public_key: &[u8; PUBLIC_KEY_LEN],
    message: &[u8],
    signature: &[u8; SIGNATURE_LEN],
) -> bool {
    let (r, s) = signature.split_at(SIGNATURE_LEN / 2);
    let Ok(s) = <[u8; 32]>::try_from(s) else {
        return false;
    };
    let [.., s_last] = s;
    if s_last & S_TOO_LARGE != 0 {
        return false;
    }
    let Some(key) = CompressedEdwardsY(*public_key).decompress() else {
        return false;
    };
    let hash = Sha512::new()
        .chain_update(r)
        .chain_update(public_key)
        .chain_update(message)
        .finalize();
    let k = Scalar::from_bytes_mod_order_wide(&hash.into());
    let s = Scalar::from_bytes_mod_order(s);
    let expected = EdwardsPoint::vartime_double_scalar_mul_basepoint(&k, &-key, &s);
    expected.compress().as_bytes() == r
}

#[cfg(test)]
mod tests {
    use super::verify;
    use hex_literal::hex;

    /// RFC 8032, 7.1, test 3.
    const KEY: [u8; 32] = hex!("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025");
    const MESSAGE: [u8; 2] = hex!("af82");
    const SIGNATURE: [u8; 64] = hex!(
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac
         18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
    );
    /// The order of the group, little endian.
    const L: [u8; 32] = hex!("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");

    #[test]
    fn given_the_vectors_of_the_rfc_then_they_are_good() {
        assert!(verify(&KEY, &MESSAGE, &SIGNATURE));
        // Test 1: no message.
        let key = hex!("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
        let signature = hex!(
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155
             5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        );
        assert!(verify(&key, b"", &signature));
    }

    #[test]
    fn when_a_bit_is_changed_then_it_is_bad() {
        for bit in (0..512).step_by(7) {
            let mut signature = SIGNATURE;
            signature[bit / 8] ^= 1 << (bit % 8);
            assert!(!verify(&KEY, &MESSAGE, &signature), "bit {bit}");
        }
        for bit in (0..256).step_by(7) {
            let mut key = KEY;
            key[bit / 8] ^= 1 << (bit % 8);
            assert!(!verify(&key, &MESSAGE, &SIGNATURE), "bit {bit} of the key");
        }
        assert!(!verify(&KEY, &hex!("af83"), &SIGNATURE));
    }

    #[test]
    fn given_s_with_the_order_added_then_it_is_good_as_in_c() {
        let mut twin = SIGNATURE;
        let mut carry = 0;
        for (byte, more) in twin[32..].iter_mut().zip(L) {
            let sum = u16::from(*byte) + u16::from(more) + carry;
            *byte = sum as u8;
            carry = sum >> 8;
        }
        assert!(verify(&KEY, &MESSAGE, &twin));
    }

    #[test]
    fn given_a_key_of_small_order_then_what_it_signs_is_good_as_in_c() {
        // The neutral element, written in its two ways with a zero that may be
        // negative: R = S·B for every message.
        let mut identity = [0; 32];
        identity[0] = 1;
        let mut non_canonical = [0xff; 32];
        non_canonical[0] = 0xee;
        let mut negative_zero = identity;
        negative_zero[31] = 0x80;
        let mut signature = [0; 64];
        signature[0] = 1;
        non_canonical[31] = 0x7f;
        for key in [identity, non_canonical, negative_zero] {
            assert!(verify(&key, b"anything", &signature), "{key:02x?}");
        }
    }
}
