//! Objects of `src/trunnel` and certificates are freed with all that is in them, on both
//! sides. The fuzzer cannot tell: C Tor keeps tables until its process ends.
//!
//! Measured in a process of its own, in which nothing else allocates and malloc keeps
//! nothing at hand: this program, with the test that is otherwise ignored.

use std::process::Command;

use parity::cert;
use parity::laboratory::{random_bytes, Side, Target, FIRST_SEED};
use parity::relaycrypt::heap::in_use;
use parity::trunnel::object::Owned;
use parity::trunnel::{self, number_of};

const INPUTS: u64 = 1_500;

fn compare_all(target: &dyn Target) {
    for seed in FIRST_SEED..FIRST_SEED + INPUTS {
        target.compare(&random_bytes(target.about(), seed)).unwrap();
    }
}

/// How many bytes more are in use when `work` is done another time.
fn growth(work: impl Fn()) -> usize {
    work();
    let before = in_use();
    work();
    in_use().saturating_sub(before)
}

#[test]
#[ignore = "run by the other test, in a process of its own"]
fn measure() -> Result<(), String> {
    for target in trunnel::COMPARISONS.iter().chain(cert::COMPARISONS) {
        let (name, more) = (target.about().name, growth(|| compare_all(*target)));
        if more > 0 {
            return Err(format!("{name} leaks {more} bytes"));
        }
    }
    for side in [Side::C, Side::Rust] {
        let one = || {
            Owned::new(side, number_of("xon_cell")).release();
        };
        if growth(one) == 0 {
            return Err(format!("{side:?}: a leak goes unnoticed"));
        }
    }
    Ok(())
}

#[test]
fn what_is_parsed_and_built_is_freed() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "measure", "--ignored", "--nocapture"])
        .env("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}
