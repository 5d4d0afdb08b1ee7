//! The AES-NI and PCLMULQDQ kernel for x86-64: whole cell bodies at a time.
//!
//! The one file of this crate with `unsafe` in it. Nothing outside can reach a
//! function here without a [`Kernel`], and a [`Kernel`] exists only where the
//! CPU has the instructions. Each function is tested against the portable
//! composition of the `aes` and `polyval` crates.
//!
//! Round keys and powers of the hash key are computed anew for each cell. With
//! many circuits that is faster than fetching them from memory, and their
//! dependency chain runs beside the first blocks' work.
//!
//! No AVX here: SHA-1's instructions exist only in the legacy encoding, and
//! switching between the two with dirty upper halves costs hundreds of cycles.

#![allow(unsafe_code)]

use crate::cgo::{NextKeys, UivKeys, UpdateWhen};
use crate::{CellBody, CELL_BODY_LEN};
use core::arch::x86_64::*;
use zeroize::Zeroize;

/// Proof that this CPU has SSSE3, SSE4.1, AES-NI and PCLMULQDQ.
#[derive(Clone, Copy)]
pub(crate) struct Kernel(());

const BLOCK: usize = 16;
/// Where the last 16 bytes of a body begin.
const LAST: usize = CELL_BODY_LEN - BLOCK;

impl Kernel {
    /// The kernel, if this CPU can run it.
    #[inline]
    pub(crate) fn detect() -> Option<Self> {
        (is_x86_feature_detected!("aes")
            && is_x86_feature_detected!("pclmulqdq")
            && is_x86_feature_detected!("ssse3")
            && is_x86_feature_detected!("sse4.1"))
        .then_some(Kernel(()))
    }

    /// Adds 509 bytes of AES-128-CTR key stream to `body`, beginning `skip`
    /// bytes into counter block `first`.
    #[inline]
    pub(crate) fn ctr_body_128(self, key: &[u8; 16], first: u64, skip: usize, body: &mut CellBody) {
        debug_assert!(skip < BLOCK);
        // SAFETY: `self` proves that the CPU has the features that
        // `expand_128` and `ctr_body` are compiled for.
        unsafe { ctr_body(&expand_128(key), first, skip % BLOCK, body) }
    }

    /// The same for AES-256.
    #[inline]
    pub(crate) fn ctr_body_256(self, key: &[u8; 32], first: u64, skip: usize, body: &mut CellBody) {
        debug_assert!(skip < BLOCK);
        // SAFETY: `self` proves that the CPU has the features that
        // `expand_256` and `ctr_body` are compiled for.
        unsafe { ctr_body(&expand_256(key), first, skip % BLOCK, body) }
    }

    /// CGO's `ENC_UIV` with AES-128; see [`crate::cgo`] for the parameters.
    #[inline]
    pub(crate) fn uiv_encrypt(
        self,
        keys: UivKeys<'_>,
        h: &[u8; 16],
        command: u8,
        body: &mut CellBody,
        update: UpdateWhen<'_>,
    ) -> Option<NextKeys> {
        // SAFETY: `self` proves that the CPU has the features that
        // `uiv_encrypt` is compiled for.
        unsafe { uiv_encrypt(keys, h, command, body, update) }
    }

    /// CGO's `DEC_UIV` with AES-128; see [`crate::cgo`] for the parameters.
    #[inline]
    pub(crate) fn uiv_decrypt(
        self,
        keys: UivKeys<'_>,
        h: &[u8; 16],
        command: u8,
        body: &mut CellBody,
        update: UpdateWhen<'_>,
    ) -> Option<NextKeys> {
        // SAFETY: `self` proves that the CPU has the features that
        // `uiv_decrypt` is compiled for.
        unsafe { uiv_decrypt(keys, h, command, body, update) }
    }
}

// ---- Loads and stores -----------------------------------------------------

/// The 16 bytes of `bytes` at `at`.
///
/// # Safety
/// `at + 16 <= bytes.len()`.
#[inline(always)]
unsafe fn load(bytes: &[u8], at: usize) -> __m128i {
    debug_assert!(at + BLOCK <= bytes.len());
    // SAFETY: the caller's bound keeps the read inside the slice; `loadu` asks
    // for no alignment.
    unsafe { _mm_loadu_si128(bytes.as_ptr().add(at).cast()) }
}

/// Writes 16 bytes of `bytes` at `at`.
///
/// # Safety
/// `at + 16 <= bytes.len()`.
#[inline(always)]
unsafe fn store(bytes: &mut [u8], at: usize, value: __m128i) {
    debug_assert!(at + BLOCK <= bytes.len());
    // SAFETY: the caller's bound keeps the write inside the slice; `storeu`
    // asks for no alignment.
    unsafe { _mm_storeu_si128(bytes.as_mut_ptr().add(at).cast(), value) }
}

/// Shuffle controls: the 16 bytes at [`SLIDE_NONE`] leave a block as it is, those
/// `n` bytes before move its bytes `n` places up, those `n` bytes after move them
/// down; what comes in is zero.
static SLIDE: [u8; 64] = {
    let mut table = [0x80; 64];
    let mut i = 0;
    while i < BLOCK {
        table[24 + i] = i as u8;
        i += 1;
    }
    table
};
const SLIDE_NONE: usize = 24;

/// `value` with its bytes moved `n` places towards the end, zeros coming in;
/// `n` at most 24 (from 16 on nothing is left).
///
/// # Safety
/// The CPU has SSSE3.
#[inline(always)]
unsafe fn slide_up(value: __m128i, n: usize) -> __m128i {
    // SAFETY: SSSE3 by the caller's word; `n <= 24` keeps the load in the table
    // (and `saturating_sub` keeps it there for any `n`).
    unsafe { _mm_shuffle_epi8(value, load(&SLIDE, SLIDE_NONE.saturating_sub(n))) }
}

/// `value` with its first `n` bytes gone and the rest in their place; `n`
/// below 16.
///
/// # Safety
/// The CPU has SSSE3.
#[inline(always)]
unsafe fn slide_down(value: __m128i, n: usize) -> __m128i {
    // SAFETY: SSSE3 by the caller's word; the mask keeps the load in the table.
    unsafe { _mm_shuffle_epi8(value, load(&SLIDE, SLIDE_NONE + n % BLOCK)) }
}

/// A block's bytes in the opposite order: from big-endian counter to integer.
///
/// # Safety
/// The CPU has SSSE3.
#[inline(always)]
unsafe fn swap(value: __m128i) -> __m128i {
    // SAFETY: SSSE3 by the caller's word.
    unsafe {
        let reverse = _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
        _mm_shuffle_epi8(value, reverse)
    }
}

// ---- AES ------------------------------------------------------------------

/// Round keys, wiped when dropped.
struct RoundKeys<const N: usize>([__m128i; N]);

impl<const N: usize> Drop for RoundKeys<N> {
    #[inline]
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// One step of the key schedule: `previous` is the round key one key length
/// back, `word` four copies of the substituted (and rotated) word.
///
/// # Safety
/// The CPU has SSE2.
#[inline(always)]
unsafe fn schedule(previous: __m128i, word: __m128i) -> __m128i {
    // SAFETY: SSE2 is part of x86-64.
    unsafe {
        let sums = _mm_xor_si128(previous, _mm_slli_si128(previous, 4));
        let sums = _mm_xor_si128(sums, _mm_slli_si128(sums, 8));
        _mm_xor_si128(sums, word)
    }
}

/// SubWord(RotWord(last word)) ^ `rcon`, in all four words.
///
/// AESENCLAST on four equal columns is SubBytes alone, and its latency is half
/// of AESKEYGENASSIST's.
///
/// # Safety
/// The CPU has AES-NI and SSSE3.
#[inline(always)]
unsafe fn rotated(key: __m128i, rcon: i32) -> __m128i {
    // SAFETY: the features by the caller's word.
    unsafe {
        let last = _mm_shuffle_epi8(key, _mm_set1_epi32(0x0c0f_0e0d));
        _mm_aesenclast_si128(last, _mm_set1_epi32(rcon))
    }
}

/// SubWord(last word), in all four words.
///
/// # Safety
/// The CPU has AES-NI.
#[inline(always)]
unsafe fn substituted(key: __m128i) -> __m128i {
    // SAFETY: the feature by the caller's word.
    unsafe { _mm_aesenclast_si128(_mm_shuffle_epi32(key, 0xff), _mm_setzero_si128()) }
}

const RCON: [i32; 10] = [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0x1b, 0x36];

/// The AES-128 key schedule (FIPS 197, 5.2).
///
/// # Safety
/// The CPU has AES-NI and SSSE3.
#[inline]
#[target_feature(enable = "aes,ssse3")]
unsafe fn expand_128(key: &[u8; 16]) -> RoundKeys<11> {
    // SAFETY: the features by the caller's word; the load is of the whole key.
    unsafe {
        let mut keys = [load(key, 0); 11];
        for round in 1..11 {
            let previous = keys[round - 1];
            keys[round] = schedule(previous, rotated(previous, RCON[round - 1]));
        }
        RoundKeys(keys)
    }
}

/// The AES-256 key schedule.
///
/// # Safety
/// The CPU has AES-NI and SSSE3.
#[inline]
#[target_feature(enable = "aes,ssse3")]
unsafe fn expand_256(key: &[u8; 32]) -> RoundKeys<15> {
    // SAFETY: the features by the caller's word; the loads are the key's halves.
    unsafe {
        let mut keys = [load(key, 0); 15];
        keys[1] = load(key, 16);
        for round in 2..15 {
            let word = if round % 2 == 0 {
                rotated(keys[round - 1], RCON[round / 2 - 1])
            } else {
                substituted(keys[round - 1])
            };
            keys[round] = schedule(keys[round - 2], word);
        }
        RoundKeys(keys)
    }
}

/// Encrypts `BLOCKS` blocks side by side.
///
/// # Safety
/// The CPU has AES-NI.
#[inline(always)]
unsafe fn encrypt<const N: usize, const BLOCKS: usize>(
    keys: &[__m128i; N],
    mut blocks: [__m128i; BLOCKS],
) -> [__m128i; BLOCKS] {
    // SAFETY: the feature by the caller's word.
    unsafe {
        for block in &mut blocks {
            *block = _mm_xor_si128(*block, keys[0]);
        }
        for key in &keys[1..N - 1] {
            for block in &mut blocks {
                *block = _mm_aesenc_si128(*block, *key);
            }
        }
        for block in &mut blocks {
            *block = _mm_aesenclast_si128(*block, keys[N - 1]);
        }
    }
    blocks
}

/// Decrypts one block with the keys of the forward cipher.
///
/// # Safety
/// The CPU has AES-NI.
#[inline(always)]
unsafe fn decrypt_one<const N: usize>(keys: &[__m128i; N], block: __m128i) -> __m128i {
    // SAFETY: the feature by the caller's word.
    unsafe {
        let mut block = _mm_xor_si128(block, keys[N - 1]);
        for key in keys[1..N - 1].iter().rev() {
            block = _mm_aesdec_si128(block, _mm_aesimc_si128(*key));
        }
        _mm_aesdeclast_si128(block, keys[0])
    }
}

/// The key stream of counter blocks `base + from ..`, where `base` is the
/// counter as an integer. The sum must not carry out of the low 64 bits.
///
/// # Safety
/// The CPU has AES-NI and SSSE3.
#[inline(always)]
unsafe fn key_stream<const N: usize, const BLOCKS: usize>(
    keys: &[__m128i; N],
    base: __m128i,
    from: usize,
) -> [__m128i; BLOCKS] {
    // SAFETY: the features by the caller's word.
    unsafe {
        let mut blocks = [base; BLOCKS];
        for (i, block) in blocks.iter_mut().enumerate() {
            *block = swap(_mm_add_epi64(base, _mm_set_epi64x(0, (from + i) as i64)));
        }
        encrypt(keys, blocks)
    }
}

/// Blocks encrypted side by side: enough to fill the AES units, few enough for
/// the registers.
const LANES: usize = 8;

/// Adds 16 bytes of key stream to the body at `at`.
///
/// # Safety
/// `at <= LAST`.
#[inline(always)]
unsafe fn add(body: &mut CellBody, at: usize, stream: __m128i) {
    // SAFETY: the caller's bound keeps both inside the body.
    unsafe {
        let sum = _mm_xor_si128(load(&body[..], at), stream);
        store(&mut body[..], at, sum);
    }
}

/// Counter mode over a body; `skip` is below 16.
///
/// # Safety
/// The CPU has AES-NI and SSSE3.
#[target_feature(enable = "aes,ssse3")]
unsafe fn ctr_body<const N: usize>(
    keys: &RoundKeys<N>,
    first: u64,
    skip: usize,
    body: &mut CellBody,
) {
    // The key stream's block `k` meets the body at `16 * k - skip`: blocks 1 to
    // 30 always lie inside it. Blocks 0, 31 and 32 may hang over an end; their
    // overhanging bytes are slid out and zeros come in, without a branch, since
    // `skip` changes with each cell.
    //
    // SAFETY: the features by the caller's word. Offsets: `16 * k - skip` is at
    // least 0 and at most `LAST` for k in 1..=30; the others are 0 and LAST or
    // `at`, which is at most LAST.
    unsafe {
        let keys = &keys.0;
        let base = _mm_set_epi64x(0, first as i64);

        let [head, group @ ..] = key_stream::<N, LANES>(keys, base, 0);
        add(body, 0, slide_down(head, skip));
        for (i, stream) in group.into_iter().enumerate() {
            add(body, BLOCK * (1 + i) - skip, stream);
        }
        for from in [LANES, 2 * LANES] {
            let group = key_stream::<N, LANES>(keys, base, from);
            for (i, stream) in group.into_iter().enumerate() {
                add(body, BLOCK * (from + i) - skip, stream);
            }
        }
        let last: [__m128i; 9] = key_stream(keys, base, 3 * LANES);
        for (i, stream) in last[..7].iter().enumerate() {
            add(body, BLOCK * (3 * LANES + i) - skip, *stream);
        }
        let at = (BLOCK * 31 - skip).min(LAST);
        add(body, at, slide_up(last[7], BLOCK * 31 - skip - at));
        add(body, LAST, slide_up(last[8], BLOCK * 32 - skip - LAST));
    }
}

// ---- POLYVAL --------------------------------------------------------------

/// An unreduced product in GF(2^128): high, middle and low parts.
#[derive(Clone, Copy)]
struct Product {
    high: __m128i,
    middle: __m128i,
    low: __m128i,
}

/// The sum of a block's halves, in its low half: what Karatsuba's method
/// multiplies for the middle part.
///
/// # Safety
/// The CPU has SSE2.
#[inline(always)]
unsafe fn halves_sum(a: __m128i) -> __m128i {
    // SAFETY: SSE2 is part of x86-64.
    unsafe { _mm_xor_si128(a, _mm_shuffle_epi32(a, 0x4e)) }
}

/// `a * b`, not yet reduced (RFC 8452, section 3).
///
/// # Safety
/// The CPU has PCLMULQDQ.
#[inline(always)]
unsafe fn multiply(a: __m128i, b: __m128i) -> Product {
    // SAFETY: the feature by the caller's word.
    unsafe {
        Product {
            high: _mm_clmulepi64_si128(a, b, 0x11),
            middle: _mm_clmulepi64_si128(halves_sum(a), halves_sum(b), 0x00),
            low: _mm_clmulepi64_si128(a, b, 0x00),
        }
    }
}

/// # Safety
/// The CPU has SSE2.
#[inline(always)]
unsafe fn sum(a: Product, b: Product) -> Product {
    // SAFETY: SSE2 is part of x86-64.
    unsafe {
        Product {
            high: _mm_xor_si128(a.high, b.high),
            middle: _mm_xor_si128(a.middle, b.middle),
            low: _mm_xor_si128(a.low, b.low),
        }
    }
}

/// Reduces `product * x^-128` modulo x^128 + x^127 + x^126 + x^121 + 1.
///
/// # Safety
/// The CPU has PCLMULQDQ.
#[inline(always)]
unsafe fn reduce(product: Product) -> __m128i {
    // SAFETY: the feature by the caller's word.
    unsafe {
        let modulus = _mm_set_epi64x(0xc200_0000_0000_0000_u64 as i64, 1);
        let ends = _mm_xor_si128(product.high, product.low);
        let middle = _mm_xor_si128(product.middle, ends);
        let low = _mm_xor_si128(product.low, _mm_slli_si128(middle, 8));
        let high = _mm_xor_si128(product.high, _mm_srli_si128(middle, 8));
        let half = _mm_xor_si128(
            _mm_shuffle_epi32(low, 0x4e),
            _mm_clmulepi64_si128(low, modulus, 0x10),
        );
        let whole = _mm_xor_si128(
            _mm_shuffle_epi32(half, 0x4e),
            _mm_clmulepi64_si128(half, modulus, 0x10),
        );
        _mm_xor_si128(high, whole)
    }
}

/// RFC 8452's `dot(a, b)`.
///
/// # Safety
/// The CPU has PCLMULQDQ.
#[inline(always)]
unsafe fn dot(a: __m128i, b: __m128i) -> __m128i {
    // SAFETY: the feature by the caller's word.
    unsafe { reduce(multiply(a, b)) }
}

/// Blocks hashed between two reductions.
const STRIDE: usize = 8;

/// Block `k` of the 32 that CGO hashes: `h`, the command byte, and the body
/// after its tag, padded with zeros.
///
/// # Safety
/// `k < 32`; the CPU has SSSE3 and SSE4.1.
#[inline(always)]
unsafe fn tweak_block(h: &[u8; 16], command: u8, body: &CellBody, k: usize) -> __m128i {
    // SAFETY: the features by the caller's word. Block `k` of 2..=30 lies at
    // `16 * k - 1`, at most 479; block 31 is the body's last 16 bytes less the
    // two that block 30 has had.
    unsafe {
        match k {
            0 => load(h, 0),
            1 => _mm_insert_epi8(load(&body[..], BLOCK - 1), command as i32, 0),
            31 => slide_down(load(&body[..], LAST), 2),
            _ => load(&body[..], BLOCK * k - 1),
        }
    }
}

/// POLYVAL of CGO's tweak, 32 blocks.
///
/// # Safety
/// The CPU has PCLMULQDQ, SSSE3 and SSE4.1.
#[inline(always)]
unsafe fn hash_tweak(key: __m128i, h: &[u8; 16], command: u8, body: &CellBody) -> __m128i {
    // SAFETY: the features by the caller's word; `from + i` is at most 31.
    unsafe {
        let mut powers = [key; STRIDE + 1];
        powers[2] = dot(key, key);
        for n in 3..=STRIDE {
            powers[n] = dot(powers[n / 2], powers[n - n / 2]);
        }

        let mut hash = _mm_setzero_si128();
        for from in (0..32).step_by(STRIDE) {
            let mut total = multiply(
                _mm_xor_si128(hash, tweak_block(h, command, body, from)),
                powers[STRIDE],
            );
            for i in 1..STRIDE {
                total = sum(
                    total,
                    multiply(tweak_block(h, command, body, from + i), powers[STRIDE - i]),
                );
            }
            hash = reduce(total);
        }
        hash
    }
}

// ---- CGO ------------------------------------------------------------------

/// The key stream blocks of the PRF at t = 0: 493 bytes.
const T0_BLOCKS: usize = 31;
/// And at t = 1: four keys and a nonce.
const T1_BLOCKS: usize = 5;

/// The first counter block of the PRF on `input`, as an integer.
///
/// # Safety
/// The CPU has PCLMULQDQ and SSSE3.
#[inline(always)]
unsafe fn prf_counter(hash_key: __m128i, input: __m128i) -> __m128i {
    // SAFETY: the features by the caller's word.
    unsafe {
        // The last byte's low six bits count blocks; as an integer it is the
        // lowest byte.
        let mask = _mm_set_epi64x(-1, !0x3f);
        _mm_and_si128(swap(dot(input, hash_key)), mask)
    }
}

/// Adds the PRF at t = 0 to the body after its tag.
///
/// # Safety
/// The CPU has AES-NI, SSSE3 and SSE4.1.
#[inline(always)]
unsafe fn prf_xor_t0(keys: &RoundKeys<11>, counter: __m128i, body: &mut CellBody) {
    // SAFETY: the features by the caller's word. Offsets: blocks 0 to 29 lie at
    // `16 + 16 * k`, at most 480; the last is slid to the body's last 16 bytes.
    // Counters: the low six bits of `counter` are clear, 31 more never carry.
    unsafe {
        let keys = &keys.0;
        for from in [0, LANES, 2 * LANES] {
            let group = key_stream::<11, LANES>(keys, counter, from);
            for (i, stream) in group.into_iter().enumerate() {
                add(body, BLOCK * (1 + from + i), stream);
            }
        }
        let [group @ .., last] =
            key_stream::<11, { T0_BLOCKS - 3 * LANES }>(keys, counter, 3 * LANES);
        for (i, stream) in group.into_iter().enumerate() {
            add(body, BLOCK * (1 + 3 * LANES + i), stream);
        }
        let stream = slide_up(last, BLOCK * (1 + T0_BLOCKS) - CELL_BODY_LEN);
        add(body, LAST, stream);
    }
}

/// The PRF at t = 1: the next keys and nonce.
///
/// # Safety
/// The CPU has AES-NI and SSSE3.
#[inline(always)]
unsafe fn prf_t1(keys: &RoundKeys<11>, counter: __m128i) -> NextKeys {
    let mut next = NextKeys::default();
    // SAFETY: the features by the caller's word; `next` has room for
    // seven blocks.
    unsafe {
        let stream = key_stream::<11, T1_BLOCKS>(&keys.0, counter, T0_BLOCKS);
        for (i, block) in stream.into_iter().enumerate() {
            store(&mut next.0, BLOCK * i, block);
        }
    }
    next
}

/// # Safety
/// The CPU has AES-NI, PCLMULQDQ, SSSE3 and SSE4.1.
#[target_feature(enable = "aes,pclmulqdq,ssse3,sse4.1")]
unsafe fn uiv_encrypt(
    keys: UivKeys<'_>,
    h: &[u8; 16],
    command: u8,
    body: &mut CellBody,
    update: UpdateWhen<'_>,
) -> Option<NextKeys> {
    // SAFETY: the features by the caller's word; all loads and stores at 0 are
    // of arrays of 16 bytes or more.
    unsafe {
        let block_keys = expand_128(keys.kb);
        let stream_keys = expand_128(keys.ks);
        let mask = hash_tweak(load(keys.ku, 0), h, command, body);
        let [left] = encrypt(&block_keys.0, [_mm_xor_si128(load(&body[..], 0), mask)]);
        let left = _mm_xor_si128(left, mask);
        store(&mut body[..], 0, left);

        let counter = prf_counter(load(keys.bs, 0), left);
        prf_xor_t0(&stream_keys, counter, body);
        update
            .applies_to(body)
            .then(|| prf_t1(&stream_keys, counter))
    }
}

/// # Safety
/// The CPU has AES-NI, PCLMULQDQ, SSSE3 and SSE4.1.
#[target_feature(enable = "aes,pclmulqdq,ssse3,sse4.1")]
unsafe fn uiv_decrypt(
    keys: UivKeys<'_>,
    h: &[u8; 16],
    command: u8,
    body: &mut CellBody,
    update: UpdateWhen<'_>,
) -> Option<NextKeys> {
    // SAFETY: the features by the caller's word; all loads and stores at 0 are
    // of arrays of 16 bytes or more.
    unsafe {
        let block_keys = expand_128(keys.kb);
        let stream_keys = expand_128(keys.ks);
        let left = load(&body[..], 0);
        let counter = prf_counter(load(keys.bs, 0), left);
        prf_xor_t0(&stream_keys, counter, body);

        let mask = hash_tweak(load(keys.ku, 0), h, command, body);
        let left = decrypt_one(&block_keys.0, _mm_xor_si128(left, mask));
        store(&mut body[..], 0, _mm_xor_si128(left, mask));
        update
            .applies_to(body)
            .then(|| prf_t1(&stream_keys, counter))
    }
}
