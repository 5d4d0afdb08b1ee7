//! The two sides are different code: without this, equal results prove nothing.
//!
//! That the Rust side does not call the C side either is shown by
//! `tests/vectors`, where it works in a program that has no C side.

use parity::code::Program;
use parity::entry_points;
use parity::laboratory::Side;

#[test]
fn c_and_rust_are_different_code() {
    let program = Program::current().unwrap();
    program
        .check_different(&entry_points(Side::C), &entry_points(Side::Rust))
        .unwrap();
}

#[test]
fn the_original_symbols_are_defined_once_and_by_rust() {
    let program = Program::current().unwrap();
    let (c, rust) = (entry_points(Side::C), entry_points(Side::Rust));
    assert_eq!(c.len(), rust.len());
    for (c, rust) in c.iter().zip(&rust) {
        assert_eq!(program.count(c.symbol), 1, "{}", c.symbol);
        assert_eq!(program.count(rust.symbol), 1, "{}", rust.symbol);
        assert_eq!(c.symbol, format!("c_{}", rust.symbol));
    }
}

#[test]
fn comparing_a_side_with_itself_is_noticed() {
    let program = Program::current().unwrap();
    for side in [Side::C, Side::Rust].map(entry_points) {
        program.check_different(&side, &side).unwrap_err();
    }
}

#[test]
fn a_function_that_stands_in_the_other_ones_place_is_noticed() {
    let program = Program::current().unwrap();
    let (c, mut rust) = (entry_points(Side::C), entry_points(Side::Rust));
    for i in 0..rust.len() {
        let original = rust[i].address;
        rust[i].address = c[i].address;
        program.check_different(&c, &rust).unwrap_err();
        rust[i].address = original;
    }
}
