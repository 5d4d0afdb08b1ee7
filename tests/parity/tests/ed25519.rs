//! Where RFC 8032 leaves it open whether an Ed25519 signature is good, and everywhere
//! around: C Tor's two implementations and ours say the same.
//!
//! The published cases are those of Chalkias, Garillot and Nikolaenko, "Taming the many
//! EdDSAs" (2020), table 5; made anew here from the conditions in it.

use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT as B, EIGHT_TORSION};
use curve25519_dalek::Scalar;
use parity::cert::ed25519::{fitting, hash, joined, scalars, sum, verdicts, Signed, ENCODINGS, L};
use parity::laboratory::Side;

/// What all say; they have to agree.
fn verdict(signed: &Signed) -> bool {
    let c = verdicts(Side::C, signed);
    let rust = verdicts(Side::Rust, signed);
    assert_eq!(c, rust, "{signed:02x?}");
    assert!(c[0] == c[1] && c[1] == c[2], "C: {c:?}, {signed:02x?}");
    c[0]
}

#[test]
fn every_key_of_small_order_with_every_r_and_every_s_is_decided_alike() {
    ctor::init();
    let (mut good, mut bad) = (0, 0);
    let mut count = |key: &[u8; 32], message: &[u8], r: &[u8; 32], s: &[u8; 32]| {
        let signature = joined(r, s);
        let (key, message) = (*key, message.to_vec());
        let signed = Signed {
            key,
            message,
            signature,
        };
        match verdict(&signed) {
            true => good += 1,
            false => bad += 1,
        }
    };
    for key in ENCODINGS.iter() {
        for (number, s) in scalars().iter().enumerate() {
            // A quarter of them with each S.
            for r in ENCODINGS.iter().skip(number % 4).step_by(4) {
                count(key, &[key[0], s[0]], r, s);
            }
            for message in 0..8 {
                if let Some(r) = fitting(key, s, &[message]) {
                    count(key, &[message], &r, s);
                }
            }
        }
    }
    assert!(good > 100 && bad > 10_000, "{good} good, {bad} bad");
}

/// A key a·B + T and a nonce r·B + U: of which parts, and how they are written.
#[derive(Clone, Copy)]
struct Case {
    a: u64,
    key_torsion: usize,
    r: u64,
    r_torsion: usize,
    /// How the key is written, if not as usual.
    key_written: Option<[u8; 32]>,
    /// How R is written.
    r_written: Option<[u8; 32]>,
    /// Whether the one who signs hashes what is written, or what would be usual.
    hashed: Hashed,
    /// How often the order is added to S.
    more: u8,
    /// Whether the parts of small order cancel out, as the signer sees it.
    exact: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Hashed {
    AsWritten,
    Reduced,
}

impl Case {
    const USUAL: Case = Case {
        a: 12_345,
        key_torsion: 0,
        r: 67_890,
        r_torsion: 0,
        key_written: None,
        r_written: None,
        hashed: Hashed::AsWritten,
        more: 0,
        exact: true,
    };

    /// The first messages for which it is as it should be.
    fn signed(self) -> impl Iterator<Item = Signed> {
        let torsion = |number: usize| EIGHT_TORSION[number];
        let (t, u) = (torsion(self.key_torsion), torsion(self.r_torsion));
        let (a, r) = (Scalar::from(self.a), Scalar::from(self.r));
        let reduced_key = (B * a + t).compress().to_bytes();
        let reduced_r = (B * r + u).compress().to_bytes();
        let key = self.key_written.unwrap_or(reduced_key);
        let r_written = self.r_written.unwrap_or(reduced_r);
        (0..2000_u32).filter_map(move |number| {
            let message = number.to_be_bytes().to_vec();
            let k = match self.hashed {
                Hashed::AsWritten => hash(&r_written, &key, &message),
                Hashed::Reduced => hash(&reduced_r, &reduced_key, &message),
            };
            let is_exact = t * k + u == torsion(0);
            // With what is written it is not: else there would be nothing to see.
            let seen = hash(&r_written, &key, &message);
            let fits = self.hashed == Hashed::AsWritten || t * seen + u != torsion(0);
            let mut s = (r + k * a).to_bytes();
            for _ in 0..self.more {
                s = sum(s, &L);
            }
            (is_exact == self.exact && fits).then(|| Signed {
                key,
                message,
                signature: joined(&r_written, &s),
            })
        })
    }
}

#[test]
fn the_published_cases_are_decided_as_the_paper_says_of_donna_and_ref10() {
    ctor::init();
    let usual = Case::USUAL;
    // y = p, which is 0: of order 4. y = -1 with a negative x, which is 0: of order 2.
    let mut y_p = [0xff; 32];
    (y_p[0], y_p[31]) = (0xed, 0x7f);
    let y_minus_one = {
        let mut y = [0xff; 32];
        y[0] = 0xec;
        y
    };
    let r_of_order_4 = EIGHT_TORSION
        .iter()
        .position(|point| point.compress().to_bytes() == [0; 32])
        .unwrap();
    let small_key = Case {
        a: 0,
        key_torsion: 1,
        ..usual
    };
    let mixed_key = Case {
        key_torsion: 1,
        ..usual
    };
    let other_r = Case {
        r: 0,
        r_torsion: r_of_order_4,
        r_written: Some(y_p),
        ..mixed_key
    };
    let other_key = Case {
        a: 0,
        key_torsion: 4,
        r_torsion: 4,
        key_written: Some(y_minus_one),
        ..usual
    };
    let rows = [
        // 0: S is zero, A and R small.
        (
            Case {
                r: 0,
                r_torsion: 3,
                ..small_key
            },
            true,
        ),
        // 1: only A small.
        (
            Case {
                r_torsion: 3,
                ..small_key
            },
            true,
        ),
        // 2: only R small.
        (
            Case {
                r: 0,
                r_torsion: 3,
                ..mixed_key
            },
            true,
        ),
        // 3: A and R mixed.
        (
            Case {
                r_torsion: 3,
                ..mixed_key
            },
            true,
        ),
        // 4: the same, good only if multiplied by the cofactor.
        (
            Case {
                r_torsion: 3,
                exact: false,
                ..mixed_key
            },
            false,
        ),
        // 5: the same with an R of large order.
        (
            Case {
                exact: false,
                ..mixed_key
            },
            false,
        ),
        // 6: S out of bounds.
        (Case { more: 1, ..usual }, true),
        // 7: S far out of bounds.
        (Case { more: 8, ..usual }, false),
        // 8: R not canonical, reduced before it was hashed.
        (
            Case {
                hashed: Hashed::Reduced,
                key_torsion: 2,
                ..other_r
            },
            false,
        ),
        // 9: not reduced.
        (other_r, false),
        // 10: A not canonical, reduced before it was hashed.
        (
            Case {
                hashed: Hashed::Reduced,
                ..other_key
            },
            false,
        ),
        // 11: not reduced.
        (other_key, true),
    ];
    for (number, (case, good)) in rows.into_iter().enumerate() {
        let mut count = 0;
        for signed in case.signed().take(50) {
            assert_eq!(verdict(&signed), good, "case {number}: {signed:02x?}");
            count += 1;
        }
        assert!(count >= 20, "case {number}: {count} signatures");
    }
}
