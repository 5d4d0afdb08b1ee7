//! Randomness that a comparison can repeat.
//!
//! Both sides draw from C Tor (Rust by the host table). The build script makes
//! all of its callers call [`ctor_crypto_rand`] in place of `crypto_rand()`;
//! while a thread has a seed, they get that seed's stream.

use std::cell::RefCell;
use std::ffi::c_char;
use std::slice;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

extern "C" {
    /// C Tor's own.
    fn crypto_rand(to: *mut c_char, n: usize);
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

/// What C Tor's code calls in place of `crypto_rand()`.
///
/// # Safety
/// `to` has room for `n` bytes.
#[no_mangle]
unsafe extern "C" fn ctor_crypto_rand(to: *mut c_char, n: usize) {
    let filled = STREAM.with_borrow_mut(|stream| match stream {
        Some(stream) if n > 0 => {
            // SAFETY: this function's contract.
            let to = unsafe { slice::from_raw_parts_mut(to.cast(), n) };
            stream.rng.fill_bytes(to);
            stream.drawn += n;
            true
        }
        _ => false,
    });
    if !filled {
        // SAFETY: this function's contract.
        unsafe { crypto_rand(to, n) };
    }
}
