//! tor1: the relay cell encryption that tor-spec has always had ("Relay
//! cells").
//!
//! Each direction of a hop has a key stream that goes on from cell to cell and
//! a running digest over the cells that begin or end at this hop. A cell is
//! ours if, once decrypted, its `Recognized` field is zero and its `Digest`
//! field is the first four bytes of the running digest.

use crate::ctr::{Apply, KeyStream};
use crate::digest::{RunningDigest, Sha1, Sha3};
use crate::{CellBody, InitError};
use subtle::ConstantTimeEq;

pub use crate::digest::TAG_LEN;

/// A tor1 authenticated-SENDME tag.
pub type Tag = [u8; TAG_LEN];

// Relay cell format version 0 (tor-spec, "Relay cells").
const RECOGNIZED: core::ops::Range<usize> = 1..3;
const DIGEST: core::ops::Range<usize> = 5..9;

/// Which direction's keys stand first in the key material.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyOrder {
    /// Forward first: relays, and clients of relays and of onion services.
    ForwardFirst,
    /// Backward first: the onion service, which is the far end of a circuit
    /// that it built itself.
    BackwardFirst,
}

struct Direction<D: RunningDigest, const KEY_LEN: usize> {
    stream: KeyStream<KEY_LEN>,
    digest: D,
}

/// Both directions of a tor1 hop; wiped when dropped.
pub struct Tor1<D: RunningDigest, const KEY_LEN: usize> {
    forward: Direction<D, KEY_LEN>,
    backward: Direction<D, KEY_LEN>,
}

/// tor1 of ordinary hops: AES-128-CTR and SHA-1; 72 bytes of key material.
pub type Ordinary = Tor1<Sha1, 16>;

/// tor1 of the virtual hop between a client and an onion service: AES-256-CTR
/// and SHA3-256; 128 bytes of key material.
pub type Onion = Tor1<Sha3, 32>;

impl<D: RunningDigest, const KEY_LEN: usize> Tor1<D, KEY_LEN> {
    /// Length of the key material, in bytes: two digest seeds, then two keys.
    pub const KEY_MATERIAL_LEN: usize = 2 * (D::SEED_LEN + KEY_LEN);

    /// A hop from its key material.
    ///
    /// # Errors
    /// [`InitError::KeyMaterialLength`] unless `key_material` has exactly
    /// [`Self::KEY_MATERIAL_LEN`] bytes.
    pub fn new(key_material: &[u8], order: KeyOrder) -> Result<Self, InitError> {
        if key_material.len() != Self::KEY_MATERIAL_LEN {
            return Err(InitError::KeyMaterialLength);
        }
        let (seeds, keys) = key_material.split_at(2 * D::SEED_LEN);
        let (seed_1, seed_2) = seeds.split_at(D::SEED_LEN);
        let (key_1, key_2) = keys.split_at(KEY_LEN);
        let direction = |seed, key: &[u8]| {
            Ok(Direction {
                stream: KeyStream::new(key.try_into().map_err(|_| InitError::KeyMaterialLength)?),
                digest: D::seeded(seed),
            })
        };
        let (first, second) = (direction(seed_1, key_1)?, direction(seed_2, key_2)?);
        let (forward, backward) = match order {
            KeyOrder::ForwardFirst => (first, second),
            KeyOrder::BackwardFirst => (second, first),
        };
        Ok(Tor1 { forward, backward })
    }
}

impl<D: RunningDigest, const KEY_LEN: usize> Direction<D, KEY_LEN>
where
    KeyStream<KEY_LEN>: Apply,
{
    /// Seals and encrypts a cell that begins here.
    #[inline]
    fn originate(&mut self, body: &mut CellBody) -> Tag {
        self.digest.absorb(body);
        let tag = self.digest.read();
        body[DIGEST].copy_from_slice(&tag[..DIGEST.end - DIGEST.start]);
        self.stream.apply(body);
        tag
    }

    /// Decrypts a cell; its tag if it ends here. Leaves `Digest` as it came if
    /// the cell goes on, and zero if it is ours.
    #[inline]
    fn receive(&mut self, body: &mut CellBody) -> Option<Tag> {
        self.stream.apply(body);
        if body[RECOGNIZED] != [0; 2] {
            return None;
        }
        self.recognise(body)
    }

    #[cold]
    fn recognise(&mut self, body: &mut CellBody) -> Option<Tag> {
        let mut received = [0; DIGEST.end - DIGEST.start];
        received.copy_from_slice(&body[DIGEST]);
        body[DIGEST].fill(0);
        // On a copy: a cell that is not ours must leave no trace.
        let mut digest = self.digest.clone();
        digest.absorb(body);
        let tag = digest.read();
        if bool::from(received.ct_eq(&tag[..received.len()])) {
            self.digest = digest;
            Some(tag)
        } else {
            body[DIGEST].copy_from_slice(&received);
            None
        }
    }
}

impl<D: RunningDigest, const KEY_LEN: usize> Tor1<D, KEY_LEN>
where
    KeyStream<KEY_LEN>: Apply,
{
    /// At a client, a cell for this hop; `Recognized` and `Digest` are zero.
    #[inline]
    pub fn client_originate(&mut self, body: &mut CellBody) -> Tag {
        self.forward.originate(body)
    }

    /// At a client, a cell that goes on beyond this hop.
    #[inline]
    pub fn client_forward(&mut self, body: &mut CellBody) {
        self.forward.stream.apply(body);
    }

    /// At a client, a cell that comes in; its tag if this hop sent it.
    #[inline]
    pub fn client_backward(&mut self, body: &mut CellBody) -> Option<Tag> {
        self.backward.receive(body)
    }

    /// At a relay, a cell that begins here, towards the client.
    #[inline]
    pub fn relay_originate(&mut self, body: &mut CellBody) -> Tag {
        self.backward.originate(body)
    }

    /// At a relay, a cell away from the client; its tag if it is for us.
    #[inline]
    pub fn relay_forward(&mut self, body: &mut CellBody) -> Option<Tag> {
        self.forward.receive(body)
    }

    /// At a relay, a cell from another relay towards the client.
    #[inline]
    pub fn relay_backward(&mut self, body: &mut CellBody) {
        self.backward.stream.apply(body);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctr::xor_key_stream;
    use ctr::cipher::{KeyIvInit, StreamCipher};

    fn material<const N: usize>(seed: u8) -> [u8; N] {
        core::array::from_fn(|i| (i as u8).wrapping_mul(29).wrapping_add(seed))
    }

    // 40 cells take the position in a counter block through every residue, so
    // each overhanging block of the kernel is met.
    #[test]
    fn the_key_stream_goes_on_from_cell_to_cell_as_plain_aes_ctr_does() {
        let key = material::<16>(1);
        let mut ours = KeyStream::new(key);
        let mut plain = ctr::Ctr128BE::<aes::Aes128>::new(&key.into(), &[0; 16].into());
        let key_256 = material::<32>(2);
        let mut ours_256 = KeyStream::new(key_256);
        let mut plain_256 = ctr::Ctr128BE::<aes::Aes256>::new(&key_256.into(), &[0; 16].into());
        for cell in 0..40 {
            let start: CellBody = material(cell);
            let (mut a, mut b) = (start, start);
            ours.apply(&mut a);
            plain.apply_keystream(&mut b);
            assert_eq!(a, b, "AES-128, cell {cell}");
            ours_256.apply(&mut a);
            plain_256.apply_keystream(&mut b);
            assert_eq!(a, b, "AES-256, cell {cell}");
        }
    }

    #[test]
    fn the_portable_key_stream_starts_anywhere_in_a_block() {
        use aes::cipher::KeyInit;
        let key = material::<16>(3);
        for skip in 0..16 {
            let mut whole = [0u8; 16 + 509];
            ctr::Ctr128BE::<aes::Aes128>::new(&key.into(), &7u128.to_be_bytes().into())
                .apply_keystream(&mut whole);
            let mut body = [0; 509];
            xor_key_stream(&aes::Aes128Enc::new(&key.into()), 7, skip, &mut body);
            assert_eq!(body, whole[skip..skip + 509], "skip {skip}");
        }
    }

    fn two_ends_agree<D: RunningDigest, const K: usize>(material: &[u8], far: KeyOrder)
    where
        KeyStream<K>: Apply,
    {
        let mut near = Tor1::<D, K>::new(material, KeyOrder::ForwardFirst).unwrap();
        let mut relay = Tor1::<D, K>::new(material, far).unwrap();
        for n in 0..60 {
            let mut message: CellBody = core::array::from_fn(|i| (i * 3 + n) as u8);
            message[RECOGNIZED].fill(0);
            message[DIGEST].fill(0);
            let mut body = message;
            let sent = near.client_originate(&mut body);
            // Reversed keys make the service a client of the same circuit.
            let got = match far {
                KeyOrder::ForwardFirst => relay.relay_forward(&mut body),
                KeyOrder::BackwardFirst => relay.client_backward(&mut body),
            };
            assert_eq!(got, Some(sent));
            assert_eq!(body, message);
        }
    }

    #[test]
    fn a_cell_sealed_at_one_end_is_recognised_at_the_other() {
        two_ends_agree::<Sha1, 16>(&material::<72>(4), KeyOrder::ForwardFirst);
        two_ends_agree::<Sha3, 32>(&material::<128>(5), KeyOrder::ForwardFirst);
        two_ends_agree::<Sha3, 32>(&material::<128>(5), KeyOrder::BackwardFirst);
    }

    #[test]
    fn a_wrong_digest_leaves_cell_and_state_as_if_nothing_had_been_checked() {
        let keys = material::<72>(6);
        let mut client = Ordinary::new(&keys, KeyOrder::ForwardFirst).unwrap();
        let mut relay = Ordinary::new(&keys, KeyOrder::ForwardFirst).unwrap();
        let mut forged: CellBody = [7; 509];
        forged[RECOGNIZED].fill(0);
        let before = forged;
        client.client_forward(&mut forged);
        assert_eq!(relay.relay_forward(&mut forged), None);
        assert_eq!(forged, before);

        let mut body = [0; 509];
        let sent = client.client_originate(&mut body);
        assert_eq!(relay.relay_forward(&mut body), Some(sent));
    }

    #[test]
    fn key_material_of_another_length_is_refused() {
        for len in [0, 71, 73, 128] {
            let error = Ordinary::new(&[0; 128][..len], KeyOrder::ForwardFirst).err();
            assert_eq!(error, Some(InitError::KeyMaterialLength), "{len}");
        }
    }
}
