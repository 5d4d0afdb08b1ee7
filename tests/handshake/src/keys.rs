//! Fixed keys: scripts must be the same tomorrow, and on another machine.
//!
//! They protect nothing.

use std::sync::LazyLock;

use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::{Padding, Rsa};
use openssl::sha::{sha1, sha256};
use openssl::sign::Signer;

/// An RSA key, or the one that is none.
pub type Key = PKey<Private>;

macro_rules! keys {
    ($($(#[$doc:meta])* $name:ident $file:literal)*) => {$(
        $(#[$doc])*
        pub static $name: LazyLock<Key> = LazyLock::new(|| {
            PKey::private_key_from_pem(include_bytes!(concat!("../keys/", $file, ".pem")))
                .expect("a PEM file of this crate")
        });
    )*};
}

keys! {
    /// The identity of the tor that is looked at.
    OUR_IDENTITY "our-identity"
    /// What signs its AUTHENTICATE cells no more.
    OUR_AUTH "our-auth"
    /// Its TLS key.
    OUR_LINK "our-link"
    /// The peer's identity.
    PEER_IDENTITY "peer-identity"
    /// Its authentication key of old.
    PEER_AUTH "peer-auth"
    /// Its TLS key.
    PEER_LINK "peer-link"
    /// Somebody else's identity.
    OTHER_IDENTITY "other-identity"
    /// Somebody else's TLS key.
    OTHER_LINK "other-link"
    /// No RSA key: a point on P-256.
    CURVE "curve"
}

/// Our identity's private key, in PEM as tor wants it.
pub fn our_identity_pem() -> Vec<u8> {
    include_bytes!("../keys/our-identity.pem").to_vec()
}

/// DER of a public RSA key, of which the identity digests are taken.
fn public_der(key: &Key) -> Vec<u8> {
    let rsa: Rsa<Private> = key.rsa().expect("an RSA key");
    rsa.public_key_to_der_pkcs1().expect("an RSA key has DER")
}

/// The fingerprint of an identity.
pub fn fingerprint(key: &Key) -> [u8; 20] {
    sha1(&public_der(key))
}

/// SHA-256 of an identity, as AUTHENTICATE has it.
pub fn fingerprint_256(key: &Key) -> [u8; 32] {
    sha256(&public_der(key))
}

/// Signs with RSA as cross-certificates are signed: PKCS #1 padding around the
/// digest alone.
pub fn sign_rsa(key: &Key, digest: &[u8; 32]) -> Vec<u8> {
    let rsa = key.rsa().expect("an RSA key");
    let mut signature = vec![0; rsa.size() as usize];
    let len = rsa
        .private_encrypt(digest, &mut signature, Padding::PKCS1)
        .expect("a digest is short enough");
    signature.truncate(len);
    signature
}

/// An Ed25519 key pair by its seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EdKey(pub [u8; 32]);

impl EdKey {
    /// The peer's identity key.
    pub const IDENTITY: EdKey = EdKey([0x51; 32]);
    /// Its signing key.
    pub const SIGNING: EdKey = EdKey([0x52; 32]);
    /// Its authentication key.
    pub const AUTH: EdKey = EdKey([0x53; 32]);
    /// Somebody else's.
    pub const OTHER: EdKey = EdKey([0x54; 32]);

    fn pair(self) -> Key {
        PKey::private_key_from_raw_bytes(&self.0, openssl::pkey::Id::ED25519)
            .expect("any seed is one")
    }

    /// The public key.
    pub fn public(self) -> [u8; 32] {
        let bytes = self.pair().raw_public_key().expect("Ed25519 has raw keys");
        bytes.try_into().expect("32 bytes")
    }

    /// A signature.
    pub fn sign(self, message: &[u8]) -> [u8; 64] {
        let pair = self.pair();
        let mut signer = Signer::new_without_digest(&pair).expect("Ed25519 signs");
        let signature = signer
            .sign_oneshot_to_vec(message)
            .expect("any message can be signed");
        signature.try_into().expect("64 bytes")
    }
}

/// The digest that X.509 certificates of tor are signed with.
pub fn x509_digest() -> MessageDigest {
    MessageDigest::sha256()
}
