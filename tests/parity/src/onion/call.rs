//! What it takes to call a function of either side, and to note what it did.

use std::ffi::{c_char, CStr};
use std::{ptr, slice};

use crate::observed::Observed;

/// Calls the function of this name on a side: `call!(side, name(arguments))`.
#[macro_export]
macro_rules! call {
    ($side:expr, $name:ident($($argument:expr),* $(,)?)) => {
        match $side {
            $crate::laboratory::Side::C => ctor::onion::$name($($argument),*),
            $crate::laboratory::Side::Rust => ffi::onion::$name($($argument),*),
        }
    };
}

/// What stands where a result goes: nobody would compute that.
pub const PAINT: u8 = 0xa6;

/// Room for `len` bytes of result. What a side did not write, shows.
pub fn room(len: usize) -> Vec<u8> {
    vec![PAINT; len]
}

/// What a function is given that may do without.
pub fn pointer<T>(argument: Option<&T>) -> *const T {
    argument.map_or(ptr::null(), ptr::from_ref)
}

/// A state that a side made, freed by the same side.
pub struct State<T> {
    state: *mut T,
    free: unsafe fn(*mut T),
}

impl<T> State<T> {
    /// Nothing yet.
    ///
    /// # Safety
    /// `free` frees what is going to be put here.
    pub unsafe fn none(free: unsafe fn(*mut T)) -> Self {
        State {
            state: ptr::null_mut(),
            free,
        }
    }

    /// Where a function puts the state that it makes.
    pub fn out(&mut self) -> *mut *mut T {
        &mut self.state
    }

    /// What a function is given; null if none was made.
    pub fn get(&self) -> *const T {
        self.state
    }

    /// Its bytes: the states here are bytes without padding.
    pub fn bytes(&self) -> Option<&[u8]> {
        // SAFETY: null, or a state, which has that many initialised bytes.
        (!self.state.is_null())
            .then(|| unsafe { slice::from_raw_parts(self.state.cast::<u8>(), size_of::<T>()) })
    }
}

impl<T> Drop for State<T> {
    fn drop(&mut self) {
        // SAFETY: the contract of `none`; null is nothing to free.
        unsafe { (self.free)(self.state) };
    }
}

/// A message that a side allocated in tor's way, freed in tor's way.
pub struct Message {
    bytes: *mut u8,
    len: usize,
}

/// Where a [`Message`] points at first: so it shows if a function does not clear
/// that.
static UNTOUCHED: u8 = PAINT;

impl Message {
    /// Nothing yet.
    pub fn none() -> Self {
        Message {
            bytes: (&raw const UNTOUCHED).cast_mut(),
            len: 1,
        }
    }

    /// Where a function puts a message.
    pub fn out(&mut self) -> *mut *mut u8 {
        &mut self.bytes
    }

    /// Where a function puts its length.
    pub fn len_out(&mut self) -> *mut usize {
        &mut self.len
    }

    /// The bytes, if a function put some there.
    pub fn get(&self) -> Option<&[u8]> {
        // SAFETY: both sides allocate so many bytes.
        (!self.bytes.is_null()).then(|| unsafe { slice::from_raw_parts(self.bytes, self.len) })
    }

    /// Notes what a function put there.
    pub fn note(&self, what: &'static str, seen: &mut Observed) {
        seen.note(what, self.get());
        seen.note("its length", self.len);
    }
}

impl Drop for Message {
    fn drop(&mut self) {
        if !ptr::eq(self.bytes, &UNTOUCHED) {
            // SAFETY: null, or allocated for tor to free; nobody else does.
            unsafe { ctor::onion::tor_free_(self.bytes.cast()) };
        }
    }
}

/// Where a function puts a text that lives for ever.
pub struct Text(*const c_char);

impl Text {
    /// A text of nobody's: so it shows if a function does not touch it.
    pub fn none() -> Self {
        Text(c"untouched".as_ptr())
    }

    /// Where a function puts a text.
    pub fn out(&mut self) -> *mut *const c_char {
        &mut self.0
    }

    /// The text, if there is one.
    pub fn get(self) -> Option<&'static [u8]> {
        // SAFETY: null, or a string that both sides have as a constant.
        (!self.0.is_null()).then(|| unsafe { CStr::from_ptr(self.0) }.to_bytes())
    }
}
