//! What the consensus says, of which a test program has none.
//!
//! The build script makes all who call `networkstatus_get_param()` call
//! [`ctor_networkstatus_get_param`] in its place.

use std::cell::Cell;
use std::ffi::{c_char, c_void};

thread_local! {
    static PARAM: Cell<Option<i32>> = const { Cell::new(None) };
}

/// Runs `work` on this thread where each parameter of the consensus is `value`, or as
/// near to that as its limits allow.
pub fn with_param<T>(value: i32, work: impl FnOnce() -> T) -> T {
    PARAM.set(Some(value));
    let answer = work();
    PARAM.set(None);
    answer
}

/// A parameter of the consensus: what it is in a consensus that does not name it, if
/// nobody wants another value.
#[no_mangle]
extern "C" fn ctor_networkstatus_get_param(
    _consensus: *const c_void,
    _name: *const c_char,
    otherwise: i32,
    least: i32,
    most: i32,
) -> i32 {
    PARAM.get().unwrap_or(otherwise).clamp(least, most)
}
