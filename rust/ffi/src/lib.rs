//! The boundary between C Tor and the Rust components.
//!
//! C calls the `extern "C"` functions here, one file a component; Rust calls C
//! only through the table in [`host`] and functions that come with a call. This
//! crate and `relaycrypt`'s kernel are the only places where `unsafe` is allowed.
//!
//! Exports that replace a C function keep its name; new ones begin with
//! `torrs_`. Each goes through [`export!`], which turns a panic into that
//! function's own way to fail.

#![allow(non_camel_case_types)]

// A profile or a flag from outside could change it without a word.
#[cfg(not(panic = "unwind"))]
compile_error!("build with panic=unwind: the boundary catches panics");

#[macro_use]
mod boundary;
#[cfg(any(feature = "cells", feature = "relaycrypt"))]
pub mod cell;
#[cfg(feature = "cells")]
pub mod cells;
#[cfg(feature = "cert")]
pub mod cert;
#[cfg(all(
    feature = "fault",
    any(
        feature = "cells",
        feature = "cert",
        feature = "link",
        feature = "onion",
        feature = "relaycrypt",
        feature = "trunnel"
    )
))]
mod fault;
pub mod host;
#[cfg(feature = "link")]
pub mod link;
#[cfg(feature = "onion")]
pub mod onion;
#[cfg(all(feature = "fault", feature = "relaycrypt"))]
mod record;
#[cfg(feature = "relaycrypt")]
pub mod relaycrypt;
#[cfg(feature = "trunnel")]
pub mod trunnel;

use core::ffi::{c_char, c_int};
use std::ffi::CString;
use std::sync::OnceLock;

/// Each component's name, as in `./configure --enable-rust=LIST`, and whether
/// it is in this archive.
const COMPONENTS: &[(&str, bool)] = &[
    ("cells", cfg!(feature = "cells")),
    ("cert", cfg!(feature = "cert")),
    ("link", cfg!(feature = "link")),
    ("onion", cfg!(feature = "onion")),
    ("relaycrypt", cfg!(feature = "relaycrypt")),
    ("trunnel", cfg!(feature = "trunnel")),
];

/// The components in this archive: a NUL-terminated string of names separated
/// by blanks that lives for ever.
#[no_mangle]
pub extern "C" fn torrs_components() -> *const c_char {
    static NAMES: OnceLock<CString> = OnceLock::new();
    export!(torrs_components, on panic => c"".as_ptr(), {
        let names = || {
            let here: Vec<_> = COMPONENTS.iter().filter(|c| c.1).map(|c| c.0).collect();
            CString::new(here.join(" ")).unwrap_or_default()
        };
        NAMES.get_or_init(names).as_ptr()
    })
}

/// Takes tor's table and readies this archive for use. Called before anything
/// else here.
///
/// Returns 0, or -1 if the table is not the one that this archive was built
/// for.
///
/// # Safety
/// `host` is null or points to a table that lives for ever and whose functions
/// may be called from any thread.
#[no_mangle]
pub unsafe extern "C" fn torrs_init(host: *const host::torrs_host_t) -> c_int {
    export!(torrs_init, on panic => -1, {
        // SAFETY: this function's contract.
        if unsafe { host::set(host) } {
            boundary::install_panic_hook();
            0
        } else {
            -1
        }
    })
}
