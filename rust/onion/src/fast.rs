//! CREATE_FAST and CREATED_FAST (tor-spec, "CREATE_FAST/CREATED_FAST cells"):
//! both sides choose a number, in clear. For the first hop only, where the link
//! has already authenticated and encrypted everything.
//!
//! Replaces C Tor's `onion_fast.c`.

use crate::Randomness;
use sha1::{Digest, Sha1};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Length of what each side chooses, and of a SHA-1, in bytes.
pub const HASH_LEN: usize = 20;
/// Length of the client's message, in bytes.
pub const CREATE_LEN: usize = HASH_LEN;
/// Length of the relay's answer, in bytes: Y, then KH.
pub const CREATED_LEN: usize = 2 * HASH_LEN;
/// How much key material there can be, in bytes: KDF-TOR counts blocks in one
/// byte, and KH is the first.
pub const MAX_KEYS_LEN: usize = 255 * HASH_LEN;

/// A client that has sent X. Wiped when it is dropped.
#[derive(Zeroize, ZeroizeOnDrop)]
#[repr(transparent)]
pub struct Client {
    x: [u8; HASH_LEN],
}

/// KH is not what the keys say: the answer was changed on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongDigest;

impl Client {
    /// A client, and its message.
    pub fn begin(randomness: &mut dyn Randomness) -> (Box<Self>, [u8; CREATE_LEN]) {
        let mut client = Box::new(Client { x: [0; HASH_LEN] });
        randomness.fill(&mut client.x);
        let message = client.x;
        (client, message)
    }

    /// Reads the relay's answer and fills `keys`.
    ///
    /// # Errors
    /// If KH does not fit; `keys` is then left as it was.
    ///
    /// # Panics
    /// If `keys` has more than [`MAX_KEYS_LEN`] bytes.
    pub fn finish(self, answer: &[u8; CREATED_LEN], keys: &mut [u8]) -> Result<(), WrongDigest> {
        let (y, kh) = answer.split_at(HASH_LEN);
        let kdf = Kdf::new(&self.x, y);
        if bool::from(kdf.block(0).ct_eq(kh)) {
            kdf.fill(keys);
            Ok(())
        } else {
            Err(WrongDigest)
        }
    }
}

/// A relay's answer to a client's message `x`. Fills `keys`.
///
/// # Panics
/// If `keys` has more than [`MAX_KEYS_LEN`] bytes.
pub fn respond(
    randomness: &mut dyn Randomness,
    x: &[u8; CREATE_LEN],
    keys: &mut [u8],
) -> [u8; CREATED_LEN] {
    let mut answer = [0; CREATED_LEN];
    let (y, kh) = answer.split_at_mut(HASH_LEN);
    randomness.fill(y);
    let kdf = Kdf::new(x, y);
    kh.copy_from_slice(&*kdf.block(0));
    kdf.fill(keys);
    answer
}

/// KDF-TOR: block `i` is `SHA1(K0 | [i])`, where `K0` is `X | Y`.
#[derive(Zeroize, ZeroizeOnDrop)]
struct Kdf([u8; 2 * HASH_LEN]);

impl Kdf {
    fn new(x: &[u8], y: &[u8]) -> Self {
        let mut kdf = Kdf([0; 2 * HASH_LEN]);
        kdf.0[..HASH_LEN].copy_from_slice(x);
        kdf.0[HASH_LEN..].copy_from_slice(y);
        kdf
    }

    fn block(&self, number: u8) -> Zeroizing<[u8; HASH_LEN]> {
        let hash = Sha1::new().chain_update(self.0).chain_update([number]);
        Zeroizing::new(hash.finalize().into())
    }

    /// The blocks behind KH.
    fn fill(&self, keys: &mut [u8]) {
        assert!(
            keys.len() <= MAX_KEYS_LEN,
            "more than {MAX_KEYS_LEN} bytes of keys"
        );
        for (number, part) in (1..=u8::MAX).zip(keys.chunks_mut(HASH_LEN)) {
            let block = self.block(number);
            part.copy_from_slice(&block[..part.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::Counting;

    #[test]
    fn both_sides_get_the_same_keys_and_the_first_block_is_kh() {
        let (client, x) = Client::begin(&mut Counting(1));
        let (mut ours, mut theirs) = ([0; 92], [1; 92]);
        let answer = respond(&mut Counting(2), &x, &mut theirs);
        client.finish(&answer, &mut ours).unwrap();
        assert_eq!(ours, theirs);
        let mut k0 = [0; 41];
        k0[..20].copy_from_slice(&x);
        k0[20..40].copy_from_slice(&answer[..20]);
        assert_eq!(answer[20..], Sha1::digest(k0)[..]);
        k0[40] = 1;
        assert_eq!(ours[..20], Sha1::digest(k0)[..]);
    }

    #[test]
    fn every_single_bit_flip_of_an_answer_is_refused() {
        let (_, x) = Client::begin(&mut Counting(3));
        let answer = respond(&mut Counting(4), &x, &mut [0; 72]);
        for bit in 0..8 * CREATED_LEN {
            let mut flipped = answer;
            flipped[bit / 8] ^= 1 << (bit % 8);
            let (client, _) = Client::begin(&mut Counting(3));
            let mut keys = [7; 72];
            assert_eq!(client.finish(&flipped, &mut keys), Err(WrongDigest));
            assert_eq!(keys, [7; 72], "bit {bit}");
        }
    }

    #[test]
    fn the_longest_key_material_is_all_different() {
        let mut keys = vec![0; MAX_KEYS_LEN];
        respond(&mut Counting(5), &[9; 20], &mut keys);
        let blocks: std::collections::BTreeSet<_> = keys.chunks(HASH_LEN).collect();
        assert_eq!(blocks.len(), 255);
    }
}
