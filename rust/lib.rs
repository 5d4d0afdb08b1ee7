//! `libtor_rust.a`: the one static archive of Rust components that is linked
//! into tor. All of it stands in `rust/ffi` and the component crates.

pub use ffi::*;
