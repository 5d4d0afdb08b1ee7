//! Generates C's structures and functions of the described formats.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    #[cfg(feature = "trunnel")]
    {
        let out = std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
        let file = std::path::Path::new(&out).join("trunnel.rs");
        std::fs::write(file, formats::c_layer::generate()).expect("OUT_DIR can be written");
    }
}
