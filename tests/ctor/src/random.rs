//! Randomness that a comparison can repeat.
//!
//! Both sides draw from C Tor (Rust by the host table). The build script makes
//! all of its callers call [`ctor_crypto_rand`] in place of `crypto_rand()`;
//! while a thread has a seed, they get that seed's stream.

use std::cell::RefCell;
use std::ffi::{c_char, c_void};
use std::slice;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

extern "C" {
    /// C Tor's own.
    fn crypto_rand(to: *mut c_char, n: usize);
    fn crypto_fast_rng_getbytes(rng: *mut c_void, out: *mut u8, n: usize);
}

struct Stream {
    rng: ChaCha8Rng,
    drawn: usize,
}

thread_local! {
    static STREAM: RefCell<Option<Stream>> = const { RefCell::new(None) };
}

/// Runs `work` on a stream that depends on `seed` only; its answer, and how many
/// bytes of the stream were drawn.
pub fn seeded<T>(seed: u64, work: impl FnOnce() -> T) -> (T, usize) {
    STREAM.set(Some(Stream {
        rng: ChaCha8Rng::seed_from_u64(seed),
        drawn: 0,
    }));
    let answer = work();
    let drawn = STREAM.take().map_or(0, |stream| stream.drawn);
    (answer, drawn)
}

/// Fills `to` from this thread's stream, if it has one.
fn fill(to: &mut [u8]) -> bool {
    STREAM.with_borrow_mut(|stream| match stream {
        Some(stream) => {
            stream.rng.fill_bytes(to);
            stream.drawn += to.len();
            true
        }
        None => false,
    })
}

/// What C Tor's code calls in place of `crypto_rand()`.
///
/// # Safety
/// `to` has room for `n` bytes.
#[no_mangle]
unsafe extern "C" fn ctor_crypto_rand(to: *mut c_char, n: usize) {
    // SAFETY: this function's contract.
    if !fill(unsafe { slice::from_raw_parts_mut(to.cast(), n) }) {
        // SAFETY: this function's contract.
        unsafe { crypto_rand(to, n) };
    }
}

/// What C Tor's code calls in place of `crypto_fast_rng_getbytes()`.
///
/// # Safety
/// `rng` is a generator, `out` has room for `n` bytes.
#[no_mangle]
unsafe extern "C" fn ctor_crypto_fast_rng_getbytes(rng: *mut c_void, out: *mut u8, n: usize) {
    // SAFETY: this function's contract.
    if !fill(unsafe { slice::from_raw_parts_mut(out, n) }) {
        // SAFETY: this function's contract.
        unsafe { crypto_fast_rng_getbytes(rng, out, n) };
    }
}
