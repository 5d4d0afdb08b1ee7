//! How a call from C enters Rust, and how a panic is kept from leaving it.
//!
//! A panic costs one circuit or one channel, never the relay: it is caught at
//! the export, reported with file and line, and the export fails as its C
//! original would. State that may be half-written is given up there.

use crate::host;
use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};

/// The body of an export: `export!(name, on panic => fallback, body)`.
///
/// Runs `body`. If it panics, reports that under `name` and evaluates
/// `fallback`, which gives up what may be half-written and is the export's
/// answer.
macro_rules! export {
    ($name:ident, on panic => $fallback:expr, $body:expr) => {
        $crate::boundary::contain(stringify!($name), || $body, || $fallback)
    };
}

thread_local! {
    /// Where this thread's last panic was, and what it said.
    static LAST_PANIC: RefCell<Option<host::Panic>> = const { RefCell::new(None) };
}

/// Runs `body`; see [`export!`].
#[inline(always)]
pub(crate) fn contain<T>(
    export: &'static str,
    body: impl FnOnce() -> T,
    fallback: impl FnOnce() -> T,
) -> T {
    match panic::catch_unwind(AssertUnwindSafe(body)) {
        Ok(answer) => answer,
        Err(payload) => {
            // Dropping a payload may run code that panics again.
            core::mem::forget(payload);
            report(export);
            fallback()
        }
    }
}

#[cold]
fn report(export: &'static str) {
    // A thread that is ending has no such place any more.
    let last = LAST_PANIC
        .try_with(|last| last.try_borrow_mut().ok().and_then(|mut l| l.take()))
        .ok()
        .flatten();
    host::get().panicked(export, &last.unwrap_or_default());
}

/// Makes panics of this process silent until their export reports them.
///
/// The hook takes no backtrace: that opens files, which tor's sandbox forbids.
pub(crate) fn install_panic_hook() {
    panic::set_hook(Box::new(|info: &PanicHookInfo<'_>| {
        let panic = host::Panic::new(info);
        let _ending = LAST_PANIC.try_with(|last| {
            if let Ok(mut last) = last.try_borrow_mut() {
                *last = Some(panic);
            }
        });
    }));
}

#[cfg(test)]
mod tests {
    use super::contain;

    #[test]
    fn a_panic_becomes_the_fallback_and_the_next_call_works() {
        let answer = contain("export", || panic!("on purpose"), || -1);
        assert_eq!(answer, -1);
        assert_eq!(contain("export", || 7, || -1), 7);
    }
}
