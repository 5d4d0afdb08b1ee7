//! What a comparison of C and Rust is, and all that follows from declaring one.
//!
//! A component implements [`Comparison`] once for each group of functions that
//! work together. Everything else is written here, for all of them: the
//! property test (tests/same.rs), the proof that it can fail
//! (tests/planted_fault.rs), the coverage-guided fuzz target (crate `fuzz`) and
//! the replay of the corpus.
//!
//! An input begins as bytes: random ones in the property test, libFuzzer's
//! while fuzzing, a file's in a replay. [`Comparison::input`] makes structure
//! of them, so that each path explores the same inputs and a finding of one can
//! be repeated in the others.

use std::collections::BTreeMap;
use std::fmt;

use arbitrary::Unstructured;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::observed::{difference, Observed};

/// One of the two implementations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Side {
    C,
    Rust,
}

/// What is to be known about a comparison before it runs.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// Its name, on the command line and as that of its corpus folder.
    pub name: &'static str,
    /// The component whose functions it calls.
    pub component: &'static str,
    /// How many random inputs the property test takes.
    pub cases: u64,
    /// The longest input worth making, in bytes.
    pub longest: usize,
    /// What the inputs of the property test together have to reach, and how
    /// often at least: inputs that are all refused at once prove nothing.
    pub reaches: &'static [(&'static str, u64)],
    /// Faults of rust/ffi/src/fault.rs that the property test has to catch.
    pub faults: &'static [&'static str],
}

/// A group of functions that C and Rust both have.
pub trait Comparison: Sync {
    /// What both sides are given.
    type Input: fmt::Debug;

    /// What is to be known beforehand.
    fn about(&self) -> &'static About;

    /// Makes an input of bytes, taking them from the front only.
    ///
    /// # Errors
    /// If there are too few.
    fn input(&self, bytes: &mut Unstructured<'_>) -> arbitrary::Result<Self::Input>;

    /// Gives `input` to one side and notes everything that a caller could see
    /// of what it does: return codes, outputs, consumed lengths, the state
    /// afterwards. Log lines are noted without its help.
    fn observe(&self, side: Side, input: &Self::Input, seen: &mut Observed);

    /// Bytes from which [`input`](Self::input) makes what an honest peer would
    /// send: where fuzzing begins.
    fn seeds(&self) -> Vec<Vec<u8>>;
}

/// A [`Comparison`] without its types.
pub trait Target: Sync {
    /// What is to be known beforehand.
    fn about(&self) -> &'static About;

    /// Gives the input in `bytes` to both sides. The answer says what was
    /// reached, or nothing if there are too few bytes for an input.
    ///
    /// # Errors
    /// Where the sides first differ.
    fn compare(&self, bytes: &[u8]) -> Result<Option<Reached>, Mismatch>;

    /// Where fuzzing begins.
    fn seeds(&self) -> Vec<Vec<u8>>;
}

/// How often each named place was reached.
pub type Reached = BTreeMap<&'static str, u64>;

impl<T: Comparison> Target for T {
    fn about(&self) -> &'static About {
        Comparison::about(self)
    }

    fn compare(&self, bytes: &[u8]) -> Result<Option<Reached>, Mismatch> {
        ctor::init();
        let Ok(input) = self.input(&mut Unstructured::new(bytes)) else {
            return Ok(None);
        };
        let [c, rust] = [Side::C, Side::Rust].map(|side| {
            let mut seen = Observed::begin();
            self.observe(side, &input, &mut seen);
            seen.end()
        });
        match difference(&c, &rust) {
            None => Ok(Some(c.reached)),
            Some(what) => Err(Mismatch {
                comparison: Comparison::about(self).name,
                what,
                input: format!("{input:?}"),
            }),
        }
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        Comparison::seeds(self)
    }
}

/// Where the sides differ, or went wrong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The comparison's name.
    pub comparison: &'static str,
    /// What differs, in one line.
    pub what: String,
    /// The input, as the comparison understood it.
    pub input: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 2000;
        write!(f, "{}: {}\ninput: ", self.comparison, self.what)?;
        match self.input.char_indices().nth(SHOWN) {
            None => f.write_str(&self.input),
            Some((end, _)) => write!(f, "{} ...", &self.input[..end]),
        }
    }
}

impl std::error::Error for Mismatch {}

/// The seed of each property test's first case; the others follow it.
pub const FIRST_SEED: u64 = 0x7031_0001;

/// The bytes of the property test's case `seed`.
pub fn random_bytes(about: &About, seed: u64) -> Vec<u8> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut bytes = vec![0; rng.random_range(0..=about.longest)];
    rng.fill_bytes(&mut bytes);
    bytes
}

/// The property test: [`About::cases`] random inputs, or with
/// `TORRS_PARITY_SEED=N` in the environment the one case N.
///
/// # Errors
/// The first mismatch with its seed, or a place that was not reached often
/// enough.
pub fn property(target: &dyn Target) -> Result<Reached, String> {
    let about = target.about();
    let chosen = match std::env::var("TORRS_PARITY_SEED") {
        Ok(seed) => Some(
            seed.parse::<u64>()
                .map_err(|_| "TORRS_PARITY_SEED has to be a decimal number".to_owned())?,
        ),
        Err(_) => None,
    };
    let seeds = match chosen {
        Some(seed) => seed..=seed,
        None => FIRST_SEED..=FIRST_SEED + about.cases - 1,
    };
    println!("{}: seeds {seeds:?}", about.name);
    let mut total = Reached::new();
    for seed in seeds {
        let reached = target.compare(&random_bytes(about, seed)).map_err(|e| {
            format!("seed {seed}: {e}\nrepeat only this case with TORRS_PARITY_SEED={seed}")
        })?;
        for (place, times) in reached.unwrap_or_default() {
            *total.entry(place).or_default() += times;
        }
    }
    println!("{}: reached {total:?}", about.name);
    if chosen.is_none() {
        for (place, least) in about.reaches {
            let times = total.get(place).copied().unwrap_or_default();
            if times < *least {
                return Err(format!("reached \"{place}\" {times} times, not {least}"));
            }
        }
    }
    Ok(total)
}
