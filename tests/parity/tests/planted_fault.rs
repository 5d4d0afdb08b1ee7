//! A wrong answer of the Rust side is caught by the comparison.
//!
//! Needs feature `fault`, with which the Rust side gives wrong answers when
//! `TORRS_FAULT` says so (rust/ffi/src/fault.rs). The variable is read once a
//! process, so the comparison runs in processes of its own: this program, with
//! the one test that is otherwise ignored.

use std::process::{Command, Output};

use parity::circuit::{run, Mix, CELLS_PER_CIRCUIT};
use parity::hop::{AesBits, Algorithm};
use parity::implementation;

/// The comparison that is to fail: a twentieth of the cells of `same_cells`.
#[test]
#[ignore = "run by the other tests, with a fault planted"]
fn compare() {
    let (c, rust) = (implementation::c(), implementation::rust());
    for mix in [
        Mix::All(Algorithm::Tor1),
        Mix::All(Algorithm::Cgo(AesBits::B128)),
    ] {
        for seed in 0..5_000_u64.div_ceil(CELLS_PER_CIRCUIT) {
            if let Err(mismatch) = run(&c, &rust, mix, seed) {
                panic!("{mismatch}");
            }
        }
    }
}

fn compare_with_fault(fault: &str) -> Output {
    let program = std::env::current_exe().unwrap();
    Command::new(program)
        .args(["--exact", "compare", "--ignored", "--nocapture"])
        .env("TORRS_FAULT", fault)
        .output()
        .unwrap()
}

/// The line that reports the mismatch.
fn caught(fault: &str) -> String {
    let output = compare_with_fault(fault);
    assert!(!output.status.success(), "fault {fault} was not caught");
    let text = String::from_utf8_lossy(&output.stderr);
    let line = text.lines().find(|line| line.starts_with("seed "));
    let line = line.unwrap_or_else(|| panic!("fault {fault} failed otherwise:\n{text}"));
    println!("{fault}: {line}");
    line.to_owned()
}

#[test]
fn without_a_fault_nothing_is_caught() {
    let output = compare_with_fault("");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn forgetting_to_restore_the_integrity_bytes_is_caught() {
    let line = caught("wrong-integrity");
    assert!(
        line.contains("Tor1") && line.contains("the cells of C and Rust differ"),
        "{line}"
    );
}

#[test]
fn a_wrong_cgo_tag_is_caught() {
    let line = caught("wrong-tag");
    assert!(line.contains("RelayForward at Cgo(B128)"), "{line}");
}
