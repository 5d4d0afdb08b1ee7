//! A relay's onion keys, as C has them: a map of key pairs by public keys, and a
//! pair that nobody knows.

use std::ptr;

use arbitrary::{Result, Unstructured};
use ffi::host::di_digest256_map_t;
use onion::x25519::{Dalek, KeyPair, PublicKey};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::change::{byte, special_point};

/// A source of test keys.
struct Seeded(ChaCha8Rng);

impl onion::Randomness for Seeded {
    fn fill(&mut self, out: &mut [u8]) {
        self.0.fill_bytes(out);
    }
}

/// A key pair that depends on `seed` only. Made by one implementation for both
/// sides.
pub fn pair(seed: u64) -> KeyPair {
    *KeyPair::generate(&Dalek, &mut Seeded(ChaCha8Rng::seed_from_u64(seed)))
}

/// So many bytes that depend on `seed` only.
pub fn bytes_of<const N: usize>(seed: u64) -> [u8; N] {
    ChaCha8Rng::seed_from_u64(seed).random()
}

/// Which onion key a client asks for, and which ones the relay has.
#[derive(Debug)]
pub struct Keys {
    /// The relay's, the one in use last.
    held: Vec<KeyPair>,
    /// What the relay pretends with.
    junk: Option<KeyPair>,
    /// The client's B.
    pub asked: PublicKey,
}

impl Keys {
    /// A relay's usual ones, and a client that asks for the one in use.
    pub fn usual() -> Self {
        Keys {
            held: vec![pair(1), pair(2)],
            junk: Some(pair(3)),
            asked: pair(2).public,
        }
    }

    /// Takes two or three bytes. `seed` makes the keys.
    ///
    /// # Errors
    /// If there are too few.
    pub fn read(seed: u64, bytes: &mut Unstructured<'_>) -> Result<Self> {
        let choice = byte(bytes)?;
        // A relay has its key and, for a while, the one before.
        let held: Vec<_> = match choice % 8 {
            0 => vec![],
            1..6 => vec![pair(seed)],
            6 => vec![pair(seed ^ 1), pair(seed)],
            _ => vec![pair(seed ^ 2), pair(seed ^ 1), pair(seed)],
        };
        let junk = (choice < 0xe0).then(|| pair(seed ^ 3));
        let asked = match byte(bytes)? {
            0..16 => special_point(byte(bytes)?),
            16..48 => pair(seed ^ 4).public,
            which => {
                let held = held.get(usize::from(which) % held.len().max(1));
                held.unwrap_or(&pair(seed ^ 5)).public
            }
        };
        Ok(Keys { held, junk, asked })
    }

    /// Keys without a junk key are no keys of a real relay; ntor v3 aborts in C.
    pub fn with_junk(mut self, seed: u64) -> Self {
        self.junk.get_or_insert_with(|| pair(seed ^ 3));
        self
    }

    /// What the relay pretends with.
    pub fn junk(&self) -> Option<&KeyPair> {
        self.junk.as_ref()
    }

    /// The relay's keys as C has them.
    pub fn map(&self) -> Map<'_> {
        let mut map = ptr::null_mut();
        for pair in &self.held {
            // SAFETY: the map is null or one that came from here; it copies the
            // key, and the pair outlives it. C only reads the pair.
            unsafe {
                ctor::onion::dimap_add_entry(
                    &mut map,
                    pair.public.0.as_ptr(),
                    ptr::from_ref(pair).cast_mut().cast(),
                );
            }
        }
        Map {
            map,
            _keys: std::marker::PhantomData,
        }
    }
}

/// C Tor's map of [`Keys`]; null if there are none.
pub struct Map<'a> {
    map: *mut di_digest256_map_t,
    _keys: std::marker::PhantomData<&'a Keys>,
}

impl Map<'_> {
    /// What a handshake is given.
    pub fn get(&self) -> *const di_digest256_map_t {
        self.map
    }
}

impl Drop for Map<'_> {
    fn drop(&mut self) {
        // SAFETY: null or a map; the pairs in it belong to the keys.
        unsafe { ctor::onion::dimap_free_(self.map, None) };
    }
}
