//! Scripts, by what they are about. All are made anew in each run and are the
//! same each time; what is random in them comes of a seed, which stands in the
//! script's name.

mod authenticate;
mod certs;
mod honest;
mod mutated;
mod netinfo;
mod padding_negotiate;
mod states;
mod stream;
mod versions;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::Script;

/// Scripts that belong together.
pub struct Family {
    /// Its name, on the command line and as a test.
    pub name: &'static str,
    /// What it is about.
    pub about: &'static str,
    /// Makes the scripts.
    pub scripts: fn() -> Vec<Script>,
    /// Words that traces have to hold, and how many of them at least: scripts
    /// that are all refused at once prove nothing.
    pub reaches: &'static [(&'static str, usize)],
}

/// All families, small ones first.
pub const FAMILIES: &[Family] = &[
    honest::FAMILY,
    versions::FAMILY,
    netinfo::FAMILY,
    padding_negotiate::FAMILY,
    stream::FAMILY,
    authenticate::FAMILY,
    certs::FAMILY,
    states::FAMILY,
    mutated::ONE_CHANGE,
    mutated::ANY_ORDER,
];

/// The seed of a family's first random script; the others follow it.
pub const FIRST_SEED: u64 = 0x6c69_6e6b;

fn random(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// One of them.
fn pick<'a, T>(random: &mut ChaCha8Rng, from: &'a [T]) -> &'a T {
    &from[random.random_range(0..from.len())]
}

/// So many random bytes.
fn bytes(random: &mut ChaCha8Rng, len: usize) -> Vec<u8> {
    (0..len).map(|_| random.random()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_family_makes_the_same_scripts_each_time_and_calls_each_by_its_own_name() {
        for family in FAMILIES {
            let (first, second) = ((family.scripts)(), (family.scripts)());
            assert!(first == second, "{}", family.name);
            let names: BTreeSet<_> = first.iter().map(|script| &script.name).collect();
            assert_eq!(names.len(), first.len(), "{}", family.name);
        }
    }
}
