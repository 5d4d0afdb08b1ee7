//! X25519 (RFC 7748), behind a trait so that who computes it can change.
//!
//! Two implementations: dalek's runs everywhere; graviola's, formally verified
//! assembly, takes half the time but wants a recent x86-64 or arm64 processor.
//! [`fastest`] chooses while tor runs. Both ignore the high bit of a point,
//! take points that are not reduced, and clamp the secret, as RFC 7748 asks.

use crate::Randomness;
use core::fmt;
use subtle::{Choice, ConstantTimeEq};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Length of keys, points and shared secrets, in bytes.
pub const KEY_LEN: usize = 32;

/// A public key: a point's u-coordinate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(transparent)]
pub struct PublicKey(pub [u8; KEY_LEN]);

/// A secret key, wiped when it is dropped. The default is zero, which is nobody's.
#[derive(Clone, Default, Zeroize, ZeroizeOnDrop)]
#[repr(transparent)]
pub struct SecretKey(pub [u8; KEY_LEN]);

impl SecretKey {
    /// Becomes a fresh key, clamped (RFC 7748, section 5).
    pub(crate) fn regenerate(&mut self, randomness: &mut dyn Randomness) {
        randomness.fill(&mut self.0);
        self.0[0] &= 0xf8;
        self.0[KEY_LEN - 1] &= 0x7f;
        self.0[KEY_LEN - 1] |= 0x40;
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey")
    }
}

/// A secret key and its public key.
#[derive(Clone, Debug, Default)]
#[repr(C)]
pub struct KeyPair {
    /// What everybody may know.
    pub public: PublicKey,
    /// What nobody else may know.
    pub secret: SecretKey,
}

impl KeyPair {
    /// A fresh pair, made where it is going to stay: a secret that is moved leaves a
    /// copy.
    pub fn generate(curve: &dyn X25519, randomness: &mut dyn Randomness) -> Box<Self> {
        let mut pair = Box::<Self>::default();
        pair.secret.regenerate(randomness);
        pair.public = curve.public_key(&pair.secret);
        pair
    }
}

impl KeyPair {
    /// Becomes a copy of `other`; see [`SharedSecret::copy_from`].
    pub(crate) fn copy_from(&mut self, other: &Self) {
        self.public = other.public;
        self.secret.0.copy_from_slice(&other.secret.0);
    }
}

/// A relay's onion keys, by their public halves.
pub trait OnionKeys {
    /// The pair whose public key is `wanted`.
    ///
    /// For an unknown one, a pair that nobody knows: the handshake then fails
    /// like any other, and does not tell which keys there are. The search takes
    /// the same time whatever it finds. Nothing only if there is no such pair.
    fn find(&self, wanted: &PublicKey) -> Option<&KeyPair>;
}

/// What two parties share, wiped when it is dropped.
#[derive(Clone, Default, Zeroize, ZeroizeOnDrop)]
#[repr(transparent)]
pub struct SharedSecret([u8; KEY_LEN]);

impl SharedSecret {
    /// Becomes a copy of `other`: to keep it elsewhere without moving it, which would
    /// leave another copy.
    pub(crate) fn copy_from(&mut self, other: &Self) {
        self.0.copy_from_slice(&other.0);
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8; KEY_LEN] {
        &self.0
    }

    /// Whether the other party chose a point of small order: then everybody
    /// knows the secret, which is zero. Takes the same time for every secret.
    pub fn is_zero(&self) -> Choice {
        self.0.ct_eq(&[0; KEY_LEN])
    }
}

/// An implementation of X25519.
pub trait X25519: Sync {
    /// The public key of `secret`.
    fn public_key(&self, secret: &SecretKey) -> PublicKey;

    /// What the owner of `secret` shares with that of `public`; zero if the
    /// point has small order.
    fn shared_secret(&self, secret: &SecretKey, public: &PublicKey) -> SharedSecret;
}

/// x25519-dalek: portable.
#[derive(Clone, Copy, Debug)]
pub struct Dalek;

impl X25519 for Dalek {
    fn public_key(&self, secret: &SecretKey) -> PublicKey {
        let secret = x25519_dalek::StaticSecret::from(secret.0);
        PublicKey(x25519_dalek::PublicKey::from(&secret).to_bytes())
    }

    fn shared_secret(&self, secret: &SecretKey, public: &PublicKey) -> SharedSecret {
        let secret = x25519_dalek::StaticSecret::from(secret.0);
        let public = x25519_dalek::PublicKey::from(public.0);
        SharedSecret(secret.diffie_hellman(&public).to_bytes())
    }
}

/// graviola: for processors that it supports.
#[cfg(all(
    feature = "graviola",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
mod verified {
    use super::{PublicKey, SecretKey, SharedSecret, KEY_LEN, X25519};
    use graviola::key_agreement::x25519;

    /// graviola on a processor that it supports.
    #[derive(Clone, Copy, Debug)]
    pub struct Graviola(());

    impl Graviola {
        /// Itself, if this processor can run it; graviola panics on others.
        pub fn detect() -> Option<Self> {
            graviola::util::is_cpu_supported().then_some(Graviola(()))
        }
    }

    impl X25519 for Graviola {
        fn public_key(&self, secret: &SecretKey) -> PublicKey {
            let secret = x25519::StaticPrivateKey::from_array(&secret.0);
            PublicKey(secret.public_key().as_bytes())
        }

        fn shared_secret(&self, secret: &SecretKey, public: &PublicKey) -> SharedSecret {
            let secret = x25519::StaticPrivateKey::from_array(&secret.0);
            let public = x25519::PublicKey::from_array(&public.0);
            match secret.diffie_hellman(&public) {
                Ok(shared) => SharedSecret(shared.0),
                // Its one error: the secret is zero.
                Err(_) => SharedSecret([0; KEY_LEN]),
            }
        }
    }
}

#[cfg(all(
    feature = "graviola",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
pub use verified::Graviola;

#[cfg(all(
    feature = "graviola",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
fn accelerated() -> Option<&'static dyn X25519> {
    use std::sync::LazyLock;
    static GRAVIOLA: LazyLock<Option<Graviola>> = LazyLock::new(Graviola::detect);
    GRAVIOLA.as_ref().map(|graviola| graviola as _)
}

#[cfg(not(all(
    feature = "graviola",
    any(target_arch = "x86_64", target_arch = "aarch64")
)))]
fn accelerated() -> Option<&'static dyn X25519> {
    None
}

/// The fastest implementation that this processor can run.
pub fn fastest() -> &'static dyn X25519 {
    accelerated().unwrap_or(&Dalek)
}

/// Every implementation that this processor can run, with its name: for tests,
/// which have to try each of them.
pub fn all() -> Vec<(&'static str, &'static dyn X25519)> {
    let accelerated = accelerated().map(|curve| ("graviola", curve));
    core::iter::once(("dalek", &Dalek as _))
        .chain(accelerated)
        .collect()
}
