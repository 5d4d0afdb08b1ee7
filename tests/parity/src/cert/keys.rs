//! Keys that both sides use, made by C Tor.

use std::ptr;

use ctor::cert::{
    crypto_pk_asn1_decode, crypto_pk_asn1_encode, crypto_pk_generate_key_with_bits, crypto_pk_new,
    crypto_pk_private_sign, crypto_pk_t, ed25519_keypair_t, ed25519_public_key_generate,
    ed25519_secret_key_from_seed, ed25519_sign,
};

/// The Ed25519 key pair with this number.
pub fn ed25519(number: u8) -> ed25519_keypair_t {
    let mut pair = ed25519_keypair_t {
        pubkey: [0; 32],
        seckey: [0; 64],
    };
    let seed = [number; 32];
    // SAFETY: room for the keys, and a seed.
    let status = unsafe {
        ed25519_secret_key_from_seed(&mut pair.seckey, seed.as_ptr())
            | ed25519_public_key_generate(&mut pair.pubkey, &pair.seckey)
    };
    assert_eq!(status, 0, "C Tor makes no key");
    pair
}

/// A signature of `message`.
pub fn sign(pair: &ed25519_keypair_t, message: &[u8]) -> [u8; 64] {
    let mut signature = [0; 64];
    // SAFETY: room for a signature, bytes with their length, a key pair.
    let status = unsafe { ed25519_sign(&mut signature, message.as_ptr(), message.len(), pair) };
    assert_eq!(status, 0, "C Tor does not sign");
    signature
}

/// An RSA key of this thread. They are not freed: few are made.
#[derive(Clone, Copy)]
pub struct Rsa(*mut crypto_pk_t);

thread_local! {
    static KEYS: [Rsa; 3] = [1024, 1024, 2048].map(Rsa::generate);
}

impl Rsa {
    fn generate(bits: i32) -> Self {
        ctor::init();
        // SAFETY: a new key.
        unsafe {
            let key = crypto_pk_new();
            let status = crypto_pk_generate_key_with_bits(key, bits);
            assert_eq!(status, 0, "C Tor makes no RSA key");
            Rsa(key)
        }
    }

    /// The key of an identity, if that is 0, or of another. Its length is 1024 bits.
    pub fn short(number: u8) -> Self {
        KEYS.with(|keys| keys[usize::from(number % 2)])
    }

    /// A key of 2048 bits.
    pub fn long() -> Self {
        KEYS.with(|keys| keys[2])
    }

    /// The same key without its secret.
    pub fn public(self) -> Self {
        let mut bytes = [0; 1024];
        // SAFETY: a key; bytes with their length.
        let key = unsafe {
            let len = crypto_pk_asn1_encode(self.0, bytes.as_mut_ptr(), bytes.len());
            let len = usize::try_from(len).expect("C Tor writes a key");
            crypto_pk_asn1_decode(bytes.as_ptr(), len)
        };
        assert!(!key.is_null(), "C Tor reads no key");
        Rsa(key)
    }

    /// What C is given.
    pub fn get(self) -> *mut crypto_pk_t {
        self.0
    }

    /// A signature of `data`, at most 117 bytes.
    pub fn sign(self, data: &[u8]) -> Vec<u8> {
        let mut signature = vec![0; 256];
        let (to, from) = (signature.as_mut_ptr(), data.as_ptr());
        // SAFETY: a key, room for a signature, bytes with their length.
        let len =
            unsafe { crypto_pk_private_sign(self.0, to.cast(), 256, from.cast(), data.len()) };
        signature.truncate(usize::try_from(len).expect("C Tor does not sign"));
        signature
    }
}

/// What a function is given that may do without.
pub fn pointer<T>(argument: Option<&T>) -> *const T {
    argument.map_or(ptr::null(), ptr::from_ref)
}
