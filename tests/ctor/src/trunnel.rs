//! C Tor's own code for the described formats, under C's names: the headers of
//! `src/trunnel`. Declared by the build script.
//!
//! C's structures are not all like ours: who calls this hands them from one function
//! to the other, and looks into none.

// Most structures have no layout that we know.
#![allow(improper_ctypes)]

use std::ffi::{c_char, c_int};

use ffi::trunnel::*;

include!(concat!(env!("OUT_DIR"), "/trunnel.rs"));
