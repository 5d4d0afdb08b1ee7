//! Running digests of tor1: what both ends of a hop have hashed so far.
//!
//! tor-spec, "Relay cells": the digest field of a cell is the first four bytes
//! of the running hash over all bytes sent to or from that hop, seeded from the
//! circuit's key material, and reading it does not end the hash.

use crate::{CellBody, CELL_BODY_LEN};
use zeroize::Zeroize;

/// Length of a tor1 authenticated-SENDME tag, in bytes: the whole of a SHA-1,
/// or the first 20 bytes of a SHA3-256.
pub const TAG_LEN: usize = 20;

/// A digest that can be read while it goes on.
///
/// Implementations wipe themselves when dropped.
pub trait RunningDigest: Clone {
    /// Bytes of key material that seed one direction.
    const SEED_LEN: usize;

    /// A digest that has absorbed `seed`.
    fn seeded(seed: &[u8]) -> Self;

    /// Adds a cell's body.
    fn absorb(&mut self, body: &CellBody);

    /// What the digest is now.
    fn read(&self) -> [u8; TAG_LEN];
}

/// SHA-1, for ordinary hops.
#[derive(Clone)]
pub struct Sha1 {
    chain: [u32; 5],
    /// Bytes absorbed so far; `len % 64` of them wait in `tail`.
    len: u64,
    tail: [u8; SHA1_BLOCK],
}

const SHA1_BLOCK: usize = 64;
const SHA1_START: [u32; 5] = [
    0x6745_2301,
    0xefcd_ab89,
    0x98ba_dcfe,
    0x1032_5476,
    0xc3d2_e1f0,
];

/// Whole blocks that one body can complete: 63 waiting bytes and 509 new ones.
const SHA1_MAX_BLOCKS: usize = CELL_BODY_LEN.div_ceil(SHA1_BLOCK);

impl Sha1 {
    fn tail_len(&self) -> usize {
        (self.len % SHA1_BLOCK as u64) as usize
    }
}

impl RunningDigest for Sha1 {
    const SEED_LEN: usize = 20;

    fn seeded(seed: &[u8]) -> Self {
        debug_assert_eq!(seed.len(), Self::SEED_LEN);
        let mut tail = [0; SHA1_BLOCK];
        tail[..seed.len()].copy_from_slice(seed);
        Sha1 {
            chain: SHA1_START,
            len: seed.len() as u64,
            tail,
        }
    }

    #[inline]
    fn absorb(&mut self, body: &CellBody) {
        // Waiting and new bytes side by side, so that all blocks go through one
        // call: the compression function is fast on runs of blocks only.
        let mut joined = [[0u8; SHA1_BLOCK]; SHA1_MAX_BLOCKS + 1];
        let waiting = self.tail_len();
        let flat = joined.as_flattened_mut();
        flat[..SHA1_BLOCK].copy_from_slice(&self.tail);
        flat[waiting..waiting + CELL_BODY_LEN].copy_from_slice(body);

        let whole = (waiting + CELL_BODY_LEN) / SHA1_BLOCK;
        sha1::block_api::compress(&mut self.chain, &joined[..whole]);
        self.tail = joined[whole];
        self.len = self.len.wrapping_add(CELL_BODY_LEN as u64);
    }

    #[inline]
    fn read(&self) -> [u8; TAG_LEN] {
        let mut last = [[0u8; SHA1_BLOCK]; 2];
        let waiting = self.tail_len();
        last[0][..waiting].copy_from_slice(&self.tail[..waiting]);
        last[0][waiting] = 0x80;
        let blocks = if waiting < SHA1_BLOCK - 8 { 1 } else { 2 };
        last[blocks - 1][SHA1_BLOCK - 8..].copy_from_slice(&self.len.wrapping_mul(8).to_be_bytes());

        let mut chain = self.chain;
        sha1::block_api::compress(&mut chain, &last[..blocks]);
        let mut out = [0u8; TAG_LEN];
        for (bytes, word) in out.chunks_exact_mut(4).zip(chain) {
            bytes.copy_from_slice(&word.to_be_bytes());
        }
        out
    }
}

impl Drop for Sha1 {
    fn drop(&mut self) {
        self.chain.zeroize();
        self.len.zeroize();
        self.tail.zeroize();
    }
}

/// SHA3-256, for the virtual hop of an onion-service circuit.
#[derive(Clone)]
pub struct Sha3 {
    lanes: [u64; 25],
    /// Bytes absorbed since the last permutation, below [`SHA3_RATE`].
    filled: u8,
}

/// FIPS 202: the rate of SHA3-256, in bytes.
const SHA3_RATE: usize = 136;

impl Sha3 {
    fn permute(&mut self) {
        keccak::Keccak::new().with_f1600(|f1600| f1600(&mut self.lanes));
    }

    fn absorb_bytes(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let filled = usize::from(self.filled);
            let (now, later) = bytes.split_at(bytes.len().min(SHA3_RATE - filled));
            // To the next lane boundary byte by byte, then lane by lane.
            let (head, rest) = now.split_at(now.len().min(filled.wrapping_neg() % 8));
            xor_bytes(&mut self.lanes, filled, head);
            let at = (filled + head.len()) / 8;
            let lanes = rest.chunks_exact(8);
            let last = lanes.remainder();
            let last_at = filled + now.len() - last.len();
            for (lane, chunk) in self.lanes[at..].iter_mut().zip(lanes) {
                let mut word = [0; 8];
                word.copy_from_slice(chunk);
                *lane ^= u64::from_le_bytes(word);
            }
            xor_bytes(&mut self.lanes, last_at, last);

            let filled = filled + now.len();
            if filled == SHA3_RATE {
                self.permute();
                self.filled = 0;
            } else {
                self.filled = filled as u8;
            }
            bytes = later;
        }
    }
}

/// Adds `bytes` to the sponge's little-endian byte string from offset `at` on.
fn xor_bytes(lanes: &mut [u64; 25], at: usize, bytes: &[u8]) {
    for (i, byte) in (at..).zip(bytes) {
        lanes[i / 8] ^= u64::from(*byte) << (8 * (i % 8));
    }
}

impl RunningDigest for Sha3 {
    const SEED_LEN: usize = 32;

    fn seeded(seed: &[u8]) -> Self {
        debug_assert_eq!(seed.len(), Self::SEED_LEN);
        let mut state = Sha3 {
            lanes: [0; 25],
            filled: 0,
        };
        state.absorb_bytes(seed);
        state
    }

    fn absorb(&mut self, body: &CellBody) {
        self.absorb_bytes(body);
    }

    fn read(&self) -> [u8; TAG_LEN] {
        let mut end = self.clone();
        xor_bytes(&mut end.lanes, usize::from(end.filled), &[0x06]);
        xor_bytes(&mut end.lanes, SHA3_RATE - 1, &[0x80]);
        end.permute();
        let mut out = [0u8; TAG_LEN];
        for (bytes, lane) in out.chunks_mut(8).zip(end.lanes) {
            bytes.copy_from_slice(&lane.to_le_bytes()[..bytes.len()]);
        }
        out
    }
}

impl Drop for Sha3 {
    fn drop(&mut self) {
        self.lanes.zeroize();
        self.filled.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha3::Digest as _;

    /// A body that differs from cell to cell and byte to byte.
    fn body(n: usize) -> CellBody {
        core::array::from_fn(|i| (i * 7 + n * 31 + i / 256) as u8)
    }

    // 64 cells take the waiting length through every residue.
    #[test]
    fn sha1_reads_what_a_plain_sha1_over_the_same_bytes_reads() {
        let seed = [3u8; 20];
        let mut running = Sha1::seeded(&seed);
        let mut plain = sha1::Sha1::new_with_prefix(seed);
        for n in 0..130 {
            running.absorb(&body(n));
            plain.update(body(n));
            assert_eq!(running.read()[..], plain.clone().finalize()[..], "cell {n}");
        }
    }

    #[test]
    fn sha3_reads_what_a_plain_sha3_256_over_the_same_bytes_reads() {
        let seed = [5u8; 32];
        let mut running = Sha3::seeded(&seed);
        let mut plain = sha3::Sha3_256::new_with_prefix(seed);
        for n in 0..280 {
            running.absorb(&body(n));
            plain.update(body(n));
            assert_eq!(
                running.read()[..],
                plain.clone().finalize()[..TAG_LEN],
                "cell {n}"
            );
        }
    }
}
