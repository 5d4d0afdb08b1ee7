//! The two sides are different code: without this, equal results prove nothing.
//!
//! That the Rust side does not call the C side either is shown by
//! `tests/vectors`, where it works in a program that has no C side.

use parity::code::Program;
use parity::relaycrypt::implementation;

#[test]
fn c_and_rust_are_different_code() {
    let program = Program::current().unwrap();
    program
        .check_different(&implementation::c(), &implementation::rust())
        .unwrap();
}

#[test]
fn the_original_symbols_are_defined_once_and_by_rust() {
    let program = Program::current().unwrap();
    let (c, rust) = (implementation::c(), implementation::rust());
    for (c, rust) in c.entry_points.iter().zip(&rust.entry_points) {
        assert_eq!(program.count(c.symbol), 1, "{}", c.symbol);
        assert_eq!(program.count(rust.symbol), 1, "{}", rust.symbol);
        assert_eq!(c.symbol, format!("c_{}", rust.symbol));
    }
}

#[test]
fn comparing_a_side_with_itself_is_noticed() {
    let program = Program::current().unwrap();
    for side in [implementation::c, implementation::rust] {
        program.check_different(&side(), &side()).unwrap_err();
    }
}

#[test]
fn a_function_that_stands_in_the_other_ones_place_is_noticed() {
    let program = Program::current().unwrap();
    let (c, mut rust) = (implementation::c(), implementation::rust());
    for i in 0..rust.entry_points.len() {
        let original = rust.entry_points[i].address;
        rust.entry_points[i].address = c.entry_points[i].address;
        program.check_different(&c, &rust).unwrap_err();
        rust.entry_points[i].address = original;
    }
}
