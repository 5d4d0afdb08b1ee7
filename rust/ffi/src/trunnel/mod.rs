//! Component `trunnel`: what C Tor's `src/trunnel` declares, for all the formats
//! that crate `formats` describes.
//!
//! C builds a structure field by field, in any order, asks whether it is valid,
//! and encodes it; or has one parsed, and reads it. The structures and functions
//! are generated; what they are made of is here:
//!
//! * [`object`]: what can be done with every structure.
//! * [`fields`]: arrays, strings, other structures and positions in them.
//!
//! Bytes are parsed and encoded by crate `wire` alone.
//!
//! C may hand in null where C Tor's own code would crash, or a number beyond an
//! array's end, where it would abort: that is reported as a bug, and the function
//! fails.

mod fields;
mod object;

use core::ffi::{c_char, c_int};
use core::ptr;

use fields::{element, set_child, set_element, set_string, Child, DynArray, Position, Text};
use object::{
    change, check, clear_errors, encode, encoded_len, free, new, parse, read, Object, Unfit,
    BAD_TAG, OUT_OF_BOUNDS, SET_FAILED,
};

/// Functions that C calls, by their C names.
macro_rules! exports {
    ($(fn $name:ident($($argument:ident: $of:ty),*) -> $answer:ty as $failed:expr => $body:block)*) => {$(
        /// # Safety
        /// A pointer to a structure is null, or points to a valid one that nobody
        /// else uses meanwhile; a pointer to bytes is valid for the length beside
        /// it; a string ends with a zero. What C gives away with `set` and `add` is
        /// freed here, what it gets is C's to free with the function for it.
        #[no_mangle]
        // Some do nothing that could go wrong.
        #[allow(unused_unsafe)]
        pub unsafe extern "C" fn $name($($argument: $of),*) -> $answer {
            export!($name, on panic => $failed, {
                #[cfg(feature = "fault")]
                crate::fault::panic_point(stringify!($name));
                // SAFETY: this function's contract.
                unsafe { $body }
            })
        }
    )*};
}

#[allow(missing_docs, clippy::manual_range_patterns)]
mod generated {
    use super::*;
    include!(concat!(env!("OUT_DIR"), "/trunnel.rs"));
}

pub use generated::*;

#[cfg(test)]
mod tests {
    use super::*;
    use core::ffi::CStr;

    #[test]
    fn a_name_that_was_parsed_is_also_a_string() {
        for name in [&b"8.8.8.8"[..], b"torproject", b""] {
            let mut bytes = vec![name.len() as u8];
            bytes.extend(name);
            bytes.extend([0xff; 8]);
            let mut parsed = ptr::null_mut();
            // SAFETY: the pointers are valid, and what was parsed is freed once.
            unsafe {
                domainname_parse(&mut parsed, bytes.as_ptr(), bytes.len());
                let text = CStr::from_ptr(domainname_getconstarray_name(parsed));
                assert_eq!(text.to_bytes(), name);
                domainname_free(parsed);
            }
        }
    }
}
