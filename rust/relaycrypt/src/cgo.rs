//! Counter Galois Onion: relay cell encryption of proposal 359.
//!
//! A relay encrypts with the wide-block cipher UIV+, a client decrypts with it;
//! UIV+ is non-malleable only in the direction of encryption. The tag of the
//! cell before is part of each cell's tweak, and each message that begins or
//! ends at a hop changes that hop's keys, for good.
//!
//! Names are the proposal's: `ET` is the tweakable block cipher on the body's
//! first 16 bytes, `PRF` the key stream over the rest, `T'` the last tag, `N`
//! the nonce that tells a cell is ours. `KB`, `KU`, `KS`, `BS` are the keys of
//! ET's AES, ET's POLYVAL, the PRF's AES and the PRF's POLYVAL.
//!
//! Only AES-128 is negotiated today; 192 and 256 exist because the C interface
//! offers them, and take the portable path.

use crate::ctr::{xor_key_stream, BLOCK};
#[cfg(target_arch = "x86_64")]
use crate::kernel::Kernel;
use crate::{CellBody, InitError, CELL_BODY_LEN};
use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use polyval::{universal_hash::UniversalHash, Polyval};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// Length of a tag, of `T'` and of the nonce, in bytes.
pub const TAG_LEN: usize = 16;

/// A CGO tag: the first 16 bytes of an encrypted cell body.
pub type Tag = [u8; TAG_LEN];

/// Length of the body after the tag, in bytes: what the PRF encrypts.
pub const PRF_T0_LEN: usize = CELL_BODY_LEN - TAG_LEN;

const POLYVAL_KEY_LEN: usize = 16;
const MAX_AES_KEY_LEN: usize = 32;
const MAX_UIV_KEYS_LEN: usize = 2 * (MAX_AES_KEY_LEN + POLYVAL_KEY_LEN);

/// Which AES the four keys are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum AesBits {
    /// AES-128, the only one that is negotiated.
    Aes128 = 16,
    /// AES-192.
    Aes192 = 24,
    /// AES-256.
    Aes256 = 32,
}

impl AesBits {
    /// The cipher with a key of `bits` bits, if there is one.
    pub fn from_bits(bits: u32) -> Option<Self> {
        match bits {
            128 => Some(AesBits::Aes128),
            192 => Some(AesBits::Aes192),
            256 => Some(AesBits::Aes256),
            _ => None,
        }
    }

    const fn key_len(self) -> usize {
        self as usize
    }

    /// Length of one AES key and one POLYVAL key, in bytes.
    const fn pair_len(self) -> usize {
        self.key_len() + POLYVAL_KEY_LEN
    }

    /// Length of the keys of a [`Uiv`], in bytes.
    pub const fn uiv_keys_len(self) -> usize {
        2 * self.pair_len()
    }

    /// Length of the key material of one direction, in bytes: four keys and a
    /// nonce.
    pub const fn key_material_len(self) -> usize {
        self.uiv_keys_len() + TAG_LEN
    }
}

/// The keys and the nonce that follow an update.
pub(crate) struct NextKeys(pub(crate) [u8; MAX_UIV_KEYS_LEN + TAG_LEN]);

impl Drop for NextKeys {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl Default for NextKeys {
    #[inline]
    fn default() -> Self {
        NextKeys([0; MAX_UIV_KEYS_LEN + TAG_LEN])
    }
}

/// When an operation on a cell also computes the next keys. It costs least
/// while the PRF is at hand, since both have the same input.
#[derive(Clone, Copy)]
pub(crate) enum UpdateWhen<'a> {
    /// The cell is another hop's.
    Never,
    /// The cell begins here.
    Always,
    /// The cell is ours if its first 16 bytes are this nonce afterwards.
    TagIs(&'a Tag),
}

impl UpdateWhen<'_> {
    #[inline]
    pub(crate) fn applies_to(self, body: &CellBody) -> bool {
        match self {
            UpdateWhen::Never => false,
            UpdateWhen::Always => true,
            // As one number: byte by byte the comparison costs a tenth of the
            // whole operation.
            UpdateWhen::TagIs(nonce) => u128::from_ne_bytes(tag_of(body))
                .ct_eq(&u128::from_ne_bytes(*nonce))
                .into(),
        }
    }
}

/// The four keys of AES-128 UIV+, for the kernel.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
pub(crate) struct UivKeys<'a> {
    pub(crate) kb: &'a [u8; 16],
    pub(crate) ku: &'a [u8; 16],
    pub(crate) ks: &'a [u8; 16],
    pub(crate) bs: &'a [u8; 16],
}

/// UIV+, the wide-block cipher.
#[repr(C)]
pub struct Uiv {
    bits: AesBits,
    /// `KB`, `KU`, `KS`, `BS`, one after the other; what is left is zero. Last,
    /// so that the keys of AES-128 stand close to what goes before.
    keys: [u8; MAX_UIV_KEYS_LEN],
}

impl Drop for Uiv {
    fn drop(&mut self) {
        self.keys.zeroize();
    }
}

impl Uiv {
    /// UIV+ with the keys `KB`, `KU`, `KS` and `BS`, in this order.
    ///
    /// # Errors
    /// [`InitError::KeyMaterialLength`] unless `keys` has exactly
    /// [`AesBits::uiv_keys_len`] bytes.
    pub fn new(bits: AesBits, keys: &[u8]) -> Result<Self, InitError> {
        if keys.len() != bits.uiv_keys_len() {
            return Err(InitError::KeyMaterialLength);
        }
        let mut uiv = Uiv {
            bits,
            keys: [0; MAX_UIV_KEYS_LEN],
        };
        uiv.keys[..keys.len()].copy_from_slice(keys);
        Ok(uiv)
    }

    #[cfg(target_arch = "x86_64")]
    #[inline]
    fn keys_128(&self) -> Option<UivKeys<'_>> {
        if self.bits != AesBits::Aes128 {
            return None;
        }
        let (kb, rest) = self.keys.split_first_chunk()?;
        let (ku, rest) = rest.split_first_chunk()?;
        let (ks, rest) = rest.split_first_chunk()?;
        let (bs, _) = rest.split_first_chunk()?;
        Some(UivKeys { kb, ku, ks, bs })
    }

    fn et(&self) -> Et<'_> {
        Et::new(self.bits, &self.keys[..self.bits.pair_len()])
    }

    fn prf(&self) -> Prf<'_> {
        let pair = self.bits.pair_len();
        Prf::new(self.bits, &self.keys[pair..2 * pair])
    }

    /// The keys `KB`, `KU`, `KS` and `BS`, in this order.
    pub fn keys(&self) -> &[u8] {
        &self.keys[..self.bits.uiv_keys_len()]
    }

    /// `ENC_UIV`: encrypts `body` under the tweak of `h` and the cell command.
    pub fn encrypt(&self, h: &Tag, command: u8, body: &mut CellBody) {
        self.encrypt_and(h, command, body, UpdateWhen::Never);
    }

    /// `DEC_UIV`, the inverse of [`Uiv::encrypt`].
    pub fn decrypt(&self, h: &Tag, command: u8, body: &mut CellBody) {
        self.decrypt_and(h, command, body, UpdateWhen::Never);
    }

    #[inline]
    fn encrypt_and(
        &self,
        h: &Tag,
        command: u8,
        body: &mut CellBody,
        update: UpdateWhen<'_>,
    ) -> Option<NextKeys> {
        #[cfg(target_arch = "x86_64")]
        if let (Some(kernel), Some(keys)) = (Kernel::detect(), self.keys_128()) {
            return kernel.uiv_encrypt(keys, h, command, body, update);
        }
        self.encrypt_portably(h, command, body, update)
    }

    #[inline]
    fn decrypt_and(
        &self,
        h: &Tag,
        command: u8,
        body: &mut CellBody,
        update: UpdateWhen<'_>,
    ) -> Option<NextKeys> {
        #[cfg(target_arch = "x86_64")]
        if let (Some(kernel), Some(keys)) = (Kernel::detect(), self.keys_128()) {
            return kernel.uiv_decrypt(keys, h, command, body, update);
        }
        self.decrypt_portably(h, command, body, update)
    }

    fn encrypt_portably(
        &self,
        h: &Tag,
        command: u8,
        body: &mut CellBody,
        update: UpdateWhen<'_>,
    ) -> Option<NextKeys> {
        let (left, right) = halves(body);
        self.et().encrypt(h, command, right, left);
        let prf = self.prf();
        let counter = prf.counter(left);
        prf.xor_t0(counter, right);
        update
            .applies_to(body)
            .then(|| self.next_keys(&prf, counter))
    }

    fn decrypt_portably(
        &self,
        h: &Tag,
        command: u8,
        body: &mut CellBody,
        update: UpdateWhen<'_>,
    ) -> Option<NextKeys> {
        let (left, right) = halves(body);
        let prf = self.prf();
        let counter = prf.counter(left);
        prf.xor_t0(counter, right);
        self.et().decrypt(h, command, right, left);
        update
            .applies_to(body)
            .then(|| self.next_keys(&prf, counter))
    }

    fn next_keys(&self, prf: &Prf<'_>, counter: u128) -> NextKeys {
        let mut next = NextKeys::default();
        prf.xor_t1(counter, &mut next.0[..self.bits.key_material_len()]);
        next
    }

    #[inline]
    fn replace(&mut self, next: &NextKeys, nonce: &mut Tag) {
        let len = self.bits.uiv_keys_len();
        self.keys[..len].copy_from_slice(&next.0[..len]);
        nonce.copy_from_slice(&next.0[len..len + TAG_LEN]);
    }

    /// `UPDATE_UIV`: replaces the keys, and `nonce`, by what `nonce` leads to.
    pub fn update(&mut self, nonce: &mut Tag) {
        let prf = self.prf();
        let next = self.next_keys(&prf, prf.counter(nonce));
        self.replace(&next, nonce);
    }
}

/// A body's tag and the rest.
fn halves(body: &mut CellBody) -> (&mut Tag, &mut [u8]) {
    match body.split_first_chunk_mut() {
        Some(halves) => halves,
        None => unreachable!("a body is longer than a tag"),
    }
}

/// `ET`, the tweakable block cipher (LRW2 with POLYVAL), on the portable path.
pub struct Et<'a> {
    bits: AesBits,
    kb: &'a [u8],
    ku: &'a [u8],
}

impl<'a> Et<'a> {
    /// `ET` with the keys `KB` and `KU`, in this order; `keys` has one AES key
    /// and 16 bytes, or the cipher is that of a zero key.
    pub fn new(bits: AesBits, keys: &'a [u8]) -> Self {
        let (kb, ku) = keys.split_at(bits.key_len().min(keys.len()));
        Et { bits, kb, ku }
    }

    /// Encrypts `block` under the tweak of `h`, the cell command and `right`.
    pub fn encrypt(&self, h: &Tag, command: u8, right: &[u8], block: &mut Tag) {
        let mask = self.mask(h, command, right);
        xor(block, &mask);
        let bytes = block.into();
        match self.bits {
            AesBits::Aes128 => with_key::<aes::Aes128Enc>(self.kb).encrypt_block(bytes),
            AesBits::Aes192 => with_key::<aes::Aes192Enc>(self.kb).encrypt_block(bytes),
            AesBits::Aes256 => with_key::<aes::Aes256Enc>(self.kb).encrypt_block(bytes),
        }
        xor(block, &mask);
    }

    /// The inverse of [`Et::encrypt`].
    pub fn decrypt(&self, h: &Tag, command: u8, right: &[u8], block: &mut Tag) {
        let mask = self.mask(h, command, right);
        xor(block, &mask);
        let bytes = block.into();
        match self.bits {
            AesBits::Aes128 => with_key::<aes::Aes128Dec>(self.kb).decrypt_block(bytes),
            AesBits::Aes192 => with_key::<aes::Aes192Dec>(self.kb).decrypt_block(bytes),
            AesBits::Aes256 => with_key::<aes::Aes256Dec>(self.kb).decrypt_block(bytes),
        }
        xor(block, &mask);
    }

    /// POLYVAL over `h`, the command byte and `right`, padded with zeros.
    fn mask(&self, h: &Tag, command: u8, right: &[u8]) -> Tag {
        let mut input = [0u8; TAG_LEN + 1 + PRF_T0_LEN];
        input[..TAG_LEN].copy_from_slice(h);
        input[TAG_LEN] = command;
        let right = &right[..right.len().min(PRF_T0_LEN)];
        input[TAG_LEN + 1..TAG_LEN + 1 + right.len()].copy_from_slice(right);
        polyval(self.ku, &input)
    }
}

/// `PRF`, POLYVAL and AES-CTR, on the portable path.
pub struct Prf<'a> {
    bits: AesBits,
    ks: &'a [u8],
    bs: &'a [u8],
}

impl<'a> Prf<'a> {
    /// `PRF` with the keys `KS` and `BS`, in this order; `keys` as for
    /// [`Et::new`].
    pub fn new(bits: AesBits, keys: &'a [u8]) -> Self {
        let (ks, bs) = keys.split_at(bits.key_len().min(keys.len()));
        Prf { bits, ks, bs }
    }

    /// Counter block zero for `input`: the low six bits count blocks.
    pub fn counter(&self, input: &Tag) -> u128 {
        u128::from_be_bytes(polyval(self.bs, input)) & !0x3f
    }

    /// Adds the output at t = 0 to `data`, which has [`PRF_T0_LEN`] bytes.
    pub fn xor_t0(&self, counter: u128, data: &mut [u8]) {
        self.xor_from(counter, data);
    }

    /// Adds the output at t = 1 to `data`, as much as is wanted.
    pub fn xor_t1(&self, counter: u128, data: &mut [u8]) {
        const T1_OFFSET: u128 = PRF_T0_LEN.div_ceil(BLOCK) as u128;
        self.xor_from(counter.wrapping_add(T1_OFFSET), data);
    }

    fn xor_from(&self, counter: u128, data: &mut [u8]) {
        match self.bits {
            AesBits::Aes128 => {
                xor_key_stream(&with_key::<aes::Aes128Enc>(self.ks), counter, 0, data)
            }
            AesBits::Aes192 => {
                xor_key_stream(&with_key::<aes::Aes192Enc>(self.ks), counter, 0, data)
            }
            AesBits::Aes256 => {
                xor_key_stream(&with_key::<aes::Aes256Enc>(self.ks), counter, 0, data)
            }
        }
    }
}

/// A cipher with `key`, or with a key of zeros if the length is wrong, which
/// the callers' own lengths rule out.
fn with_key<C: KeyInit>(key: &[u8]) -> C {
    C::new_from_slice(key).unwrap_or_else(|_| C::new(&Default::default()))
}

fn polyval(key: &[u8], input: &[u8]) -> Tag {
    let mut hash = with_key::<Polyval>(key);
    hash.update_padded(input);
    hash.finalize().into()
}

fn xor(block: &mut Tag, mask: &Tag) {
    for (byte, mask) in block.iter_mut().zip(mask) {
        *byte ^= mask;
    }
}

/// One direction of a CGO hop, at a client or at a relay.
#[repr(C)]
pub struct Cgo {
    /// `N`: what a cell's tag decrypts to when the cell is for us.
    nonce: Tag,
    /// `T'`: the tag of the cell before.
    tprime: Tag,
    /// The tag of the last cell that came in at a relay, before encryption
    /// replaced it.
    incoming: Tag,
    uiv: Uiv,
}

impl Drop for Cgo {
    fn drop(&mut self) {
        self.wipe();
    }
}

/// Where the fields of a [`Cgo`] stand, in bytes from its start: C Tor's unit
/// tests set and read them.
pub mod layout {
    use super::{Cgo, Uiv};
    use core::mem::offset_of;

    /// The nonce.
    pub const NONCE: usize = offset_of!(Cgo, nonce);
    /// `T'`.
    pub const TPRIME: usize = offset_of!(Cgo, tprime);
    /// The four keys.
    pub const KEYS: usize = offset_of!(Cgo, uiv) + offset_of!(Uiv, keys);
}

impl Cgo {
    /// The state that `key_material` leads to: four keys and a nonce.
    ///
    /// # Errors
    /// [`InitError::KeyMaterialLength`] unless `key_material` has exactly
    /// [`AesBits::key_material_len`] bytes.
    pub fn new(bits: AesBits, key_material: &[u8]) -> Result<Self, InitError> {
        if key_material.len() != bits.key_material_len() {
            return Err(InitError::KeyMaterialLength);
        }
        let (keys, nonce) = key_material.split_at(bits.uiv_keys_len());
        Ok(Cgo {
            nonce: nonce.try_into().map_err(|_| InitError::KeyMaterialLength)?,
            tprime: [0; TAG_LEN],
            incoming: [0; TAG_LEN],
            uiv: Uiv::new(bits, keys)?,
        })
    }

    /// Overwrites all that is secret; what is left encrypts with keys of zero.
    pub fn wipe(&mut self) {
        self.nonce.zeroize();
        self.tprime.zeroize();
        self.incoming.zeroize();
        self.uiv.keys.zeroize();
    }

    /// At a relay, a cell away from the client. The tag to acknowledge it by, if
    /// it is for us.
    #[inline]
    pub fn relay_forward(&mut self, command: u8, body: &mut CellBody) -> Option<&Tag> {
        self.incoming = tag_of(body);
        let next =
            self.uiv
                .encrypt_and(&self.tprime, command, body, UpdateWhen::TagIs(&self.nonce));
        self.tprime = tag_of(body);
        let next = next?;
        // The tag is the nonce, so the PRF that encrypted the cell has been
        // the one that UPDATE_UIV asks for.
        self.uiv.replace(&next, &mut self.nonce);
        Some(&self.incoming)
    }

    /// At a relay, a cell from another relay towards the client.
    #[inline]
    pub fn relay_backward(&mut self, command: u8, body: &mut CellBody) {
        self.uiv
            .encrypt_and(&self.tprime, command, body, UpdateWhen::Never);
        self.tprime = tag_of(body);
    }

    /// At a relay, a cell that begins here, towards the client; the first 16
    /// bytes of `body` are free. The tag that acknowledges it.
    #[inline]
    pub fn relay_originate(&mut self, command: u8, body: &mut CellBody) -> &Tag {
        body[..TAG_LEN].copy_from_slice(&self.nonce);
        let next = self
            .uiv
            .encrypt_and(&self.tprime, command, body, UpdateWhen::Always);
        self.tprime = tag_of(body);
        if let Some(next) = next {
            self.uiv.replace(&next, &mut self.nonce);
        }
        &self.tprime
    }

    /// At a client, a cell that goes on beyond this hop.
    #[inline]
    pub fn client_forward(&mut self, command: u8, body: &mut CellBody) {
        self.client_forward_and(command, body, UpdateWhen::Never);
    }

    /// At a client, a cell for this hop; the first 16 bytes of `body` are free.
    /// Afterwards they are the tag that acknowledges the cell.
    #[inline]
    pub fn client_originate(&mut self, command: u8, body: &mut CellBody) {
        body[..TAG_LEN].copy_from_slice(&self.nonce);
        self.client_forward_and(command, body, UpdateWhen::Always);
    }

    #[inline]
    fn client_forward_and(&mut self, command: u8, body: &mut CellBody, update: UpdateWhen<'_>) {
        let tag = tag_of(body);
        let next = self.uiv.decrypt_and(&self.tprime, command, body, update);
        self.tprime = tag;
        if let Some(next) = next {
            self.uiv.replace(&next, &mut self.nonce);
        }
    }

    /// At a client, a cell that comes in. The tag to acknowledge it by, if this
    /// hop sent it.
    #[inline]
    pub fn client_backward(&mut self, command: u8, body: &mut CellBody) -> Option<&Tag> {
        let tag = tag_of(body);
        let next =
            self.uiv
                .decrypt_and(&self.tprime, command, body, UpdateWhen::TagIs(&self.nonce));
        self.tprime = tag;
        let next = next?;
        self.uiv.replace(&next, &mut self.nonce);
        Some(&self.tprime)
    }
}

#[inline]
fn tag_of(body: &CellBody) -> Tag {
    let mut tag = [0; TAG_LEN];
    tag.copy_from_slice(&body[..TAG_LEN]);
    tag
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that look random and are the same each time (xorshift64).
    fn bytes<const N: usize>(seed: u64) -> [u8; N] {
        let mut x = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        core::array::from_fn(|_| {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            (x >> 32) as u8
        })
    }

    #[cfg(target_arch = "x86_64")]
    fn both_updates() -> [UpdateWhen<'static>; 2] {
        [UpdateWhen::Never, UpdateWhen::Always]
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn the_kernel_encrypts_and_decrypts_as_the_portable_path_does() {
        let Some(_) = Kernel::detect() else {
            println!("skipped: this CPU has no AES-NI or no PCLMULQDQ");
            return;
        };
        for seed in 0..300 {
            let uiv = Uiv::new(AesBits::Aes128, &bytes::<64>(seed)).unwrap();
            let h = bytes(seed + 1000);
            let start: CellBody = bytes(seed + 2000);
            for update in both_updates() {
                let (mut fast, mut plain) = (start, start);
                let fast_next = uiv.encrypt_and(&h, seed as u8, &mut fast, update);
                let plain_next = uiv.encrypt_portably(&h, seed as u8, &mut plain, update);
                assert_eq!(fast, plain, "encrypt, seed {seed}");
                assert_eq!(fast_next.map(|n| n.0), plain_next.map(|n| n.0));

                let fast_next = uiv.decrypt_and(&h, seed as u8, &mut fast, update);
                let plain_next = uiv.decrypt_portably(&h, seed as u8, &mut plain, update);
                assert_eq!(fast, start, "decrypt, seed {seed}");
                assert_eq!(plain, start, "decrypt, seed {seed}");
                assert_eq!(fast_next.map(|n| n.0), plain_next.map(|n| n.0));
            }
        }
    }

    #[test]
    fn the_fused_update_is_update_uiv_with_the_nonce() {
        for bits in [AesBits::Aes128, AesBits::Aes192, AesBits::Aes256] {
            let keys = bytes::<MAX_UIV_KEYS_LEN>(7);
            let mut uiv = Uiv::new(bits, &keys[..bits.uiv_keys_len()]).unwrap();
            let mut body: CellBody = bytes(8);
            let next = uiv.encrypt_and(&[9; TAG_LEN], 3, &mut body, UpdateWhen::Always);
            let mut nonce = tag_of(&body);
            uiv.update(&mut nonce);
            let next = next.unwrap();
            let len = bits.uiv_keys_len();
            assert_eq!(uiv.keys[..len], next.0[..len]);
            assert_eq!(nonce, next.0[len..len + TAG_LEN]);
        }
    }

    #[test]
    fn key_material_of_another_length_is_refused() {
        for len in [0, 79, 81, 112] {
            let error = Cgo::new(AesBits::Aes128, &[0; 112][..len]).err();
            assert_eq!(error, Some(InitError::KeyMaterialLength), "{len}");
        }
    }

    // A cell from the client to hop 3 and one back, through three relays.
    #[test]
    fn a_cell_is_recognised_where_it_was_meant_to_be_and_nowhere_else() {
        let material = |seed| bytes::<80>(seed);
        let hop = |seed| Cgo::new(AesBits::Aes128, &material(seed)).unwrap();
        let (mut client, mut relays) = ([hop(1), hop(2), hop(3)], [hop(1), hop(2), hop(3)]);
        for round in 0..50 {
            let message: CellBody = bytes(100 + round);
            let mut body = message;
            let target = (round % 3) as usize;
            client[target].client_originate(3, &mut body);
            let tag = tag_of(&body);
            for hop in client[..target].iter_mut().rev() {
                hop.client_forward(3, &mut body);
            }
            for (i, relay) in relays[..=target].iter_mut().enumerate() {
                let recognised = relay.relay_forward(3, &mut body).copied();
                assert_eq!(recognised, (i == target).then_some(tag));
            }
            assert_eq!(body[TAG_LEN..], message[TAG_LEN..]);
        }
    }
}
