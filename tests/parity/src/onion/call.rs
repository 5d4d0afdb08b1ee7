//! What it takes to call a function of either side, and to note what it did.

use std::ffi::{c_char, CStr};
use std::slice;

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
const PAINT: u8 = 0xa6;

/// Room for `len` bytes of result. What a side did not write, shows.
pub fn room(len: usize) -> Vec<u8> {
    vec![PAINT; len]
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
            state: std::ptr::null_mut(),
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

/// A message that a side allocated in tor's way.
pub struct Message {
    bytes: *mut u8,
    len: usize,
}

impl Message {
    /// Nothing yet. Not what a function would leave, so that it shows if one
    /// does not clear it.
    pub fn none() -> Self {
        Message {
            bytes: std::ptr::NonNull::dangling().as_ptr(),
            len: usize::MAX,
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

    /// Notes what a function put there, and returns the bytes, if any.
    pub fn note(self, what: &'static str, seen: &mut Observed) -> Option<Vec<u8>> {
        if self.bytes.is_null() {
            seen.note(what, None::<&[u8]>);
            seen.note("length of nothing", self.len);
            return None;
        }
        // SAFETY: both sides allocate so many bytes for tor to free, which
        // happens here, once.
        let bytes = unsafe {
            let bytes = slice::from_raw_parts(self.bytes, self.len).to_owned();
            ctor::onion::tor_free_(self.bytes.cast());
            bytes
        };
        seen.note(what, &bytes[..]);
        Some(bytes)
    }
}

/// Notes the text at which a function points, or that it does not.
///
/// # Safety
/// `text` is null or NUL-terminated.
pub unsafe fn note_text(what: &'static str, text: *const c_char, seen: &mut Observed) {
    // SAFETY: this function's contract.
    let text = (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_bytes());
    seen.note(what, text);
}
