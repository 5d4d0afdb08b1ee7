//! C's functions for the described formats as tables, in which objects have no
//! types: what calls them is written once for all formats.
//!
//! The build script writes the tables from the descriptions.

use std::ffi::{c_char, c_int, c_void};

use crate::laboratory::Side;

/// An object of some format and side.
pub type Object = *mut c_void;

/// What one side has for one format.
///
/// # Safety
/// For each of its functions: an object is one of this side and format, and nobody
/// else uses it; a number is below the length; pointers are valid for the lengths
/// beside them, strings end with a zero.
#[allow(missing_docs)] // C's names
pub struct Functions {
    pub name: &'static str,
    /// The length of C's structure, if C touches its fields: it is the same on both
    /// sides.
    pub layout: Option<usize>,
    pub new: unsafe fn() -> Object,
    pub free: unsafe fn(Object),
    pub parse: unsafe fn(*mut Object, *const u8, usize) -> isize,
    pub encoded_len: unsafe fn(Object) -> isize,
    pub encode: unsafe fn(*mut u8, usize, Object) -> isize,
    pub check: unsafe fn(Object) -> *const c_char,
    pub clear_errors: unsafe fn(Object) -> c_int,
    pub fields: &'static [Field],
}

/// A field of C's structure.
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// The functions for it.
    pub access: Access,
}

/// The functions for a field. A child is named by the number of its format.
#[allow(missing_docs)] // C's names
pub enum Access {
    Integer {
        get: unsafe fn(Object) -> u64,
        set: unsafe fn(Object, u64) -> c_int,
    },
    Bytes(Elements),
    Array {
        elements: Elements,
        grow: Grow,
    },
    String {
        elements: Elements,
        grow: Grow,
        get_str: unsafe fn(Object) -> *const c_char,
        set_str: unsafe fn(Object, *const c_char) -> c_int,
        set_str0: unsafe fn(Object, *const c_char, usize) -> c_int,
    },
    List {
        elements: Elements,
        grow: Grow,
        child: usize,
        set0: unsafe fn(Object, usize, u64) -> c_int,
    },
    Child {
        child: usize,
        get: unsafe fn(Object) -> Object,
        get_const: unsafe fn(Object) -> Object,
        set: unsafe fn(Object, Object) -> c_int,
        set0: unsafe fn(Object, Object) -> c_int,
    },
    Text {
        get: unsafe fn(Object) -> *const c_char,
        set: unsafe fn(Object, *const c_char) -> c_int,
    },
    Position {
        get: unsafe fn(Object) -> *const u8,
    },
}

/// Reading and writing elements: integers, or pointers as such.
#[allow(missing_docs)] // C's names
pub struct Elements {
    /// The length of one, in bytes.
    pub width: usize,
    pub len: unsafe fn(Object) -> usize,
    pub get: unsafe fn(Object, usize) -> u64,
    pub get_const: unsafe fn(Object, usize) -> u64,
    pub set: unsafe fn(Object, usize, u64) -> c_int,
    pub all: unsafe fn(Object) -> *mut u8,
    pub all_const: unsafe fn(Object) -> *const u8,
}

/// What changes the number of elements.
#[allow(missing_docs)] // C's names
pub struct Grow {
    pub add: unsafe fn(Object, u64) -> c_int,
    pub set_len: unsafe fn(Object, usize) -> c_int,
}

fn char_as_u64(c: c_char) -> u64 {
    (c as u8).into()
}

fn address<T>(of: *mut T) -> u64 {
    of as usize as u64
}

// The contract of each function is that of `Functions`; some integers are of 64 bits
// already.
#[allow(
    clippy::undocumented_unsafe_blocks,
    clippy::unnecessary_cast,
    clippy::useless_conversion
)]
mod c {
    use super::{address, char_as_u64, Access, Elements, Field, Functions, Grow};
    use ctor::trunnel::*;
    include!(concat!(env!("OUT_DIR"), "/trunnel_tables.rs"));
}

// As above.
#[allow(
    clippy::undocumented_unsafe_blocks,
    clippy::unnecessary_cast,
    clippy::useless_conversion
)]
mod rust {
    use super::{address, char_as_u64, Access, Elements, Field, Functions, Grow};
    use ffi::trunnel::*;
    include!(concat!(env!("OUT_DIR"), "/trunnel_tables.rs"));
}

/// What a side has for each format, in the order of the descriptions.
pub fn of(side: Side) -> &'static [Functions] {
    match side {
        Side::C => c::FORMATS,
        Side::Rust => rust::FORMATS,
    }
}
