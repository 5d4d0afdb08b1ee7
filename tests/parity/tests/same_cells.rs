//! The same cells through C and Rust give the same bytes, verdicts and tags.
//!
//! Replaces nothing of C Tor: it holds our relay_crypto_tor1.c and
//! relay_crypto_cgo.c to theirs. Each test sends a fixed set of circuits; the
//! seeds are printed, and `TORRS_PARITY_SEED=N` sends the one circuit N only.

use parity::circuit::{run, Mix, Tally, CELLS_PER_CIRCUIT};
use parity::hop::{AesBits, Algorithm};
use parity::implementation;

/// The cells of all tests here together are at least 200,000.
const CASES: &[(&str, Mix, u64)] = &[
    ("tor1", Mix::All(Algorithm::Tor1), 70_000),
    (
        "tor1 for onion services",
        Mix::All(Algorithm::Tor1Hs),
        40_000,
    ),
    ("onion service", Mix::OnionService, 40_000),
    ("CGO-128", Mix::All(Algorithm::Cgo(AesBits::B128)), 70_000),
    ("CGO-192", Mix::All(Algorithm::Cgo(AesBits::B192)), 20_000),
    ("CGO-256", Mix::All(Algorithm::Cgo(AesBits::B256)), 20_000),
    ("any", Mix::Any, 40_000),
];

/// The first seed of each case; the others follow it.
const FIRST_SEED: u64 = 0x7031_0001;

fn same_cells(name: &str) {
    let (_, mix, cells) = *CASES
        .iter()
        .find(|case| case.0 == name)
        .expect("a case of CASES");
    let (c, rust) = (implementation::c(), implementation::rust());
    let seeds = match std::env::var("TORRS_PARITY_SEED") {
        Ok(seed) => {
            let seed = seed
                .parse()
                .expect("TORRS_PARITY_SEED has to be a decimal number");
            seed..seed + 1
        }
        Err(_) => FIRST_SEED..FIRST_SEED + cells.div_ceil(CELLS_PER_CIRCUIT),
    };
    let mut tally = Tally::default();
    for seed in seeds.clone() {
        match run(&c, &rust, mix, seed) {
            Ok(circuit) => tally += circuit,
            Err(mismatch) => panic!("{name}: {mismatch}"),
        }
    }
    println!(
        "{name}: seeds {} to {}: {tally:?}",
        seeds.start,
        seeds.end - 1
    );
    if seeds.end - seeds.start == 1 {
        return;
    }
    // The cells have to reach the code that can be wrong.
    assert!(tally.cells >= cells);
    assert!(
        tally.recognised > cells / 3,
        "too few cells were recognised: {tally:?}"
    );
    assert!(
        tally.unrecognised > cells / 16,
        "too few cells were not recognised: {tally:?}"
    );
    if !matches!(mix, Mix::All(Algorithm::Cgo(_))) {
        assert!(
            tally.restored > cells / 64,
            "too few cells had a wrong digest: {tally:?}"
        );
    }
}

#[test]
fn at_least_two_hundred_thousand_cells_are_compared() {
    assert!(CASES.iter().map(|case| case.2).sum::<u64>() >= 200_000);
}

#[test]
fn tor1_agrees() {
    same_cells("tor1");
}

#[test]
fn tor1_for_onion_services_agrees_in_every_hop() {
    same_cells("tor1 for onion services");
}

#[test]
fn a_client_and_an_onion_service_agree() {
    same_cells("onion service");
}

#[test]
fn cgo_128_agrees() {
    same_cells("CGO-128");
}

#[test]
fn cgo_192_agrees() {
    same_cells("CGO-192");
}

#[test]
fn cgo_256_agrees() {
    same_cells("CGO-256");
}

#[test]
fn circuits_of_mixed_algorithms_agree() {
    same_cells("any");
}
