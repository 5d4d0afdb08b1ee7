//! Each of our implementations of X25519 against C Tor's: random points and
//! secrets, and those where implementations have gone wrong.

use onion::x25519::{self, PublicKey, SecretKey, KEY_LEN};
use parity::onion::change::special_point;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const SEED: u64 = 25_519;
const RANDOM_POINTS: usize = 100_000;

type Bytes = [u8; KEY_LEN];

/// Or the other tests here would say nothing about what most relays run.
#[test]
#[cfg(target_arch = "x86_64")]
fn the_accelerated_one_is_compared_where_the_processor_can_run_it() {
    let can = is_x86_feature_detected!("adx")
        && is_x86_feature_detected!("aes")
        && is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("pclmulqdq");
    let names: Vec<_> = x25519::all().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names.contains(&"graviola"), can);
}

fn c_shared_secret(secret: &Bytes, point: &Bytes) -> Bytes {
    let mut shared = [0; KEY_LEN];
    // SAFETY: all three have 32 bytes.
    unsafe {
        ctor::onion::curve25519_handshake(shared.as_mut_ptr(), secret.as_ptr(), point.as_ptr());
    }
    shared
}

fn c_public_key(secret: &Bytes) -> Bytes {
    let mut public = [0; KEY_LEN];
    // SAFETY: both have 32 bytes.
    unsafe {
        ctor::onion::curve25519_public_key_generate(public.as_mut_ptr(), secret.as_ptr());
    }
    public
}

fn assert_equal(secret: &Bytes, point: &Bytes) {
    let c = c_shared_secret(secret, point);
    for (name, curve) in x25519::all() {
        let ours = curve.shared_secret(&SecretKey(*secret), &PublicKey(*point));
        assert_eq!(ours.as_bytes(), &c, "{name}: {secret:02x?}, {point:02x?}");
    }
}

#[test]
fn random_points_give_the_same_secrets() {
    ctor::init();
    println!("seed {SEED}");
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    for _ in 0..RANDOM_POINTS {
        assert_equal(&rng.random(), &rng.random());
    }
}

/// Each special point, and its neighbours at a distance of one bit, with secrets
/// of few and of many bits.
#[test]
fn points_at_the_edges_give_the_same_secrets() {
    ctor::init();
    println!("seed {SEED}");
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    for number in (0..32).chain(128..160) {
        let point = special_point(number).0;
        for secret in [[0; KEY_LEN], [0xff; KEY_LEN], point, rng.random()] {
            assert_equal(&secret, &point);
        }
        for bit in 0..8 * KEY_LEN {
            let mut neighbour = point;
            neighbour[bit / 8] ^= 1 << (bit % 8);
            assert_equal(&rng.random(), &neighbour);
        }
    }
}

#[test]
fn secrets_have_the_same_public_keys() {
    ctor::init();
    println!("seed {SEED}");
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let edges = (0..=u8::MAX).map(|number| special_point(number).0);
    let random: Vec<Bytes> = (0..RANDOM_POINTS / 4).map(|_| rng.random()).collect();
    for secret in edges.chain(random) {
        let c = c_public_key(&secret);
        for (name, curve) in x25519::all() {
            let ours = curve.public_key(&SecretKey(secret));
            assert_eq!(ours.0, c, "{name}: {secret:02x?}");
        }
    }
}
