//! RFC 7748's own vectors and the points at the edges, with each implementation
//! that this processor can run.

use hex_literal::hex;
use onion::x25519::{self, PublicKey, SecretKey, KEY_LEN, X25519};

type Bytes = [u8; KEY_LEN];

fn x25519(curve: &dyn X25519, scalar: Bytes, u: Bytes) -> Bytes {
    *curve
        .shared_secret(&SecretKey(scalar), &PublicKey(u))
        .as_bytes()
}

/// `2^255 - 19 + offset`, and its high bit as it is asked for.
fn near_p(offset: i8, high_bit: bool) -> Bytes {
    let mut u = [0xff; KEY_LEN];
    u[0] = 0xed_u8.wrapping_add_signed(offset);
    u[KEY_LEN - 1] = if high_bit { 0xff } else { 0x7f };
    u
}

const NINE: Bytes = {
    let mut u = [0; KEY_LEN];
    u[0] = 9;
    u
};

/// RFC 7748, section 5.2.
#[test]
fn single_multiplications() {
    for (name, curve) in x25519::all() {
        for (scalar, u, result) in [
            (
                hex!("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"),
                hex!("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c"),
                hex!("c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"),
            ),
            (
                hex!("4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d"),
                hex!("e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493"),
                hex!("95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"),
            ),
        ] {
            assert_eq!(x25519(curve, scalar, u), result, "{name}");
        }
    }
}

/// RFC 7748, section 5.2.
#[test]
fn a_thousand_iterations() {
    for (name, curve) in x25519::all() {
        let (mut k, mut u) = (NINE, NINE);
        for iteration in 1..=1000 {
            (k, u) = (x25519(curve, k, u), k);
            if iteration == 1 {
                let once = hex!("422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079");
                assert_eq!(k, once, "{name}");
            }
        }
        let thousandth = hex!("684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51");
        assert_eq!(k, thousandth, "{name}");
    }
}

/// RFC 7748, section 6.1.
#[test]
fn an_exchange() {
    let secrets = [
        hex!("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"),
        hex!("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"),
    ]
    .map(SecretKey);
    let publics = [
        hex!("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"),
        hex!("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"),
    ]
    .map(PublicKey);
    let shared = hex!("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
    for (name, curve) in x25519::all() {
        for us in 0..2 {
            assert_eq!(curve.public_key(&secrets[us]), publics[us], "{name}");
            let got = curve.shared_secret(&secrets[us], &publics[1 - us]);
            assert_eq!(got.as_bytes(), &shared, "{name}");
        }
    }
}

/// All points whose order divides 8, in each way to write them. Every secret
/// that is clamped takes them to zero.
#[test]
fn points_of_small_order_give_zero() {
    let of_order_8 = [
        hex!("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
        hex!("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
    ];
    let mut one = [0; KEY_LEN];
    one[0] = 1;
    let mut points = vec![[0; KEY_LEN], one];
    points.extend(of_order_8);
    points.extend([-1, 0, 1].map(|offset| near_p(offset, false)));
    let with_high_bit = points.clone().into_iter().map(|mut u| {
        u[KEY_LEN - 1] |= 0x80;
        u
    });
    points.extend(with_high_bit);
    for (name, curve) in x25519::all() {
        for u in &points {
            for scalar in [[0; KEY_LEN], [0xff; KEY_LEN], *u, NINE] {
                let got = curve.shared_secret(&SecretKey(scalar), &PublicKey(*u));
                assert!(bool::from(got.is_zero()), "{name}: {u:02x?}");
            }
        }
    }
}

/// Points of 255 bits that are not below p, and points of 256 bits, count as what
/// they are modulo p once the high bit is off.
#[test]
fn points_that_are_not_reduced_count_as_reduced() {
    let scalar = hex!("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4");
    for (name, curve) in x25519::all() {
        for offset in 0..19 {
            let mut reduced = [0; KEY_LEN];
            reduced[0] = offset;
            let expected = x25519(curve, scalar, reduced);
            let offset = i8::try_from(offset).unwrap();
            for high_bit in [false, true] {
                let got = x25519(curve, scalar, near_p(offset, high_bit));
                assert_eq!(got, expected, "{name}: p + {offset}");
            }
        }
    }
}

/// What is clamped away of a secret makes no difference.
#[test]
fn secrets_are_clamped() {
    let u = hex!("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c");
    let scalar = hex!("a046e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449a44");
    for (name, curve) in x25519::all() {
        let expected = x25519(curve, scalar, u);
        for low in 0..8 {
            for high in [0x04, 0x44, 0x84, 0xc4] {
                let mut other = scalar;
                other[0] |= low;
                other[KEY_LEN - 1] = high;
                assert_eq!(x25519(curve, other, u), expected, "{name}");
            }
        }
    }
}
