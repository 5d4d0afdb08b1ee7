//! Generates the types of `wire::formats` from their descriptions.

use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let out = std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    let file = Path::new(&out).join("formats.rs");
    std::fs::write(file, formats::types::generate()).expect("OUT_DIR can be written");
}
