//! AES in counter mode as tor uses it: a key stream that goes on from cell to
//! cell, and (for CGO) one that starts anew at a given counter block.
//!
//! The counter block is a 128-bit big-endian number (NIST SP 800-38A, B.1 with
//! m = 128). This file has the portable form on the `aes` crate; where the CPU
//! has AES instructions the work goes to the kernel.

#[cfg(target_arch = "x86_64")]
use crate::kernel::Kernel;
use crate::CellBody;
use aes::cipher::{Array, BlockCipherEncrypt, KeyInit};
use zeroize::Zeroize;

pub(crate) const BLOCK: usize = 16;

/// One direction's key stream: AES-CTR from counter block zero, `KEY_LEN` is
/// 16 or 32 bytes.
pub struct KeyStream<const KEY_LEN: usize> {
    key: [u8; KEY_LEN],
    /// Key-stream bytes used so far.
    used: u64,
}

impl<const KEY_LEN: usize> Drop for KeyStream<KEY_LEN> {
    fn drop(&mut self) {
        self.key.zeroize();
        self.used.zeroize();
    }
}

/// A key length for which [`KeyStream`] knows its cipher.
pub trait Apply {
    /// Adds the next 509 bytes of the key stream to `body`.
    fn apply(&mut self, body: &mut CellBody);
}

impl<const KEY_LEN: usize> KeyStream<KEY_LEN> {
    pub(crate) fn new(key: [u8; KEY_LEN]) -> Self {
        KeyStream { key, used: 0 }
    }

    /// Where the next byte comes from: counter block and offset in it.
    fn advance(&mut self) -> (u64, usize) {
        let at = (
            self.used / BLOCK as u64,
            (self.used % BLOCK as u64) as usize,
        );
        self.used = self.used.wrapping_add(crate::CELL_BODY_LEN as u64);
        at
    }
}

impl Apply for KeyStream<16> {
    #[inline]
    fn apply(&mut self, body: &mut CellBody) {
        let (block, skip) = self.advance();
        #[cfg(target_arch = "x86_64")]
        if let Some(kernel) = Kernel::detect() {
            return kernel.ctr_body_128(&self.key, block, skip, body);
        }
        xor_key_stream(
            &aes::Aes128Enc::new(&self.key.into()),
            block.into(),
            skip,
            body,
        );
    }
}

impl Apply for KeyStream<32> {
    #[inline]
    fn apply(&mut self, body: &mut CellBody) {
        let (block, skip) = self.advance();
        #[cfg(target_arch = "x86_64")]
        if let Some(kernel) = Kernel::detect() {
            return kernel.ctr_body_256(&self.key, block, skip, body);
        }
        xor_key_stream(
            &aes::Aes256Enc::new(&self.key.into()),
            block.into(),
            skip,
            body,
        );
    }
}

/// Adds the key stream that starts `skip` bytes into counter block `first` to
/// `data`. `skip` is below 16.
pub(crate) fn xor_key_stream(
    cipher: &impl BlockCipherEncrypt<BlockSize = aes::cipher::consts::U16>,
    first: u128,
    skip: usize,
    data: &mut [u8],
) {
    // As many blocks at once as the bit-sliced cipher likes to take.
    const AT_ONCE: usize = 8;
    let mut counter = first;
    let mut skip = skip;
    let mut rest = data;
    let mut blocks = [Array::from([0u8; BLOCK]); AT_ONCE];
    while !rest.is_empty() {
        for block in &mut blocks {
            *block = counter.to_be_bytes().into();
            counter = counter.wrapping_add(1);
        }
        cipher.encrypt_blocks(&mut blocks);
        let (now, later) = rest.split_at_mut(rest.len().min(AT_ONCE * BLOCK - skip));
        for (byte, key) in now.iter_mut().zip(blocks.iter().flatten().skip(skip)) {
            *byte ^= key;
        }
        skip = 0;
        rest = later;
    }
}
