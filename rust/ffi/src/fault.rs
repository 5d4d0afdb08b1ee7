//! Faults on demand, for test builds only (feature `fault`; `./configure`
//! cannot select it): the proof that a panic costs one circuit, and that the
//! comparison with C notices a wrong answer.
//!
//! The environment variable `TORRS_FAULT` names the fault:
//!
//! * `panic:EXPORT:N`: the Nth call of that export panics, once.
//! * `backtrace:EXPORT:N`: the Nth call of that export takes a backtrace, which
//!   makes system calls that tor's sandbox refuses.
//! * `wrong-integrity`: tor1 leaves the digest field of a cell that is not ours
//!   zero instead of restoring it.
//! * `wrong-tag`: CGO gives a wrong tag for a cell that is ours.
//! * `accept`: a handshake or a message that has to be refused is accepted.
//! * `wrong-key`: a handshake's key material has a wrong last byte.
//! * `wrong-length`: a message or variable-length cell that is read is one byte
//!   shorter.
//! * `wrong-consumed`: an object was one byte shorter than what was parsed.
//! * `forgotten-error`: an object does not remember that setting a field failed.
//! * `stale-bytes`: what is behind a short cell in a buffer stays there.
//! * `wrong-status`: what refuses says 0, as if it did not.
//! * `wrong-words`: what refuses with a text in the log does so with another one.
//! * `leak`: no CGO state is freed.
//! * `stale-tag`: where CGO says that a tag is, there is freed memory.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::OnceLock;

#[derive(PartialEq)]
enum Fault {
    None,
    Panic { export: String, call: u64 },
    Backtrace { export: String, call: u64 },
    WrongIntegrity,
    WrongTag,
    Accept,
    WrongKey,
    WrongLength,
    WrongConsumed,
    ForgottenError,
    StaleBytes,
    WrongStatus,
    WrongWords,
    Leak,
    StaleTag,
}

fn chosen() -> &'static Fault {
    static CHOSEN: OnceLock<Fault> = OnceLock::new();
    CHOSEN.get_or_init(|| {
        let value = std::env::var("TORRS_FAULT").unwrap_or_default();
        let mut parts = value.split(':');
        match (parts.next(), parts.next(), parts.next()) {
            (Some("panic"), Some(export), Some(call)) => Fault::Panic {
                export: export.to_owned(),
                call: call.parse().unwrap_or(1),
            },
            (Some("backtrace"), Some(export), Some(call)) => Fault::Backtrace {
                export: export.to_owned(),
                call: call.parse().unwrap_or(1),
            },
            (Some("wrong-integrity"), None, None) => Fault::WrongIntegrity,
            (Some("wrong-tag"), None, None) => Fault::WrongTag,
            (Some("accept"), None, None) => Fault::Accept,
            (Some("wrong-key"), None, None) => Fault::WrongKey,
            (Some("wrong-length"), None, None) => Fault::WrongLength,
            (Some("wrong-consumed"), None, None) => Fault::WrongConsumed,
            (Some("forgotten-error"), None, None) => Fault::ForgottenError,
            (Some("stale-bytes"), None, None) => Fault::StaleBytes,
            (Some("wrong-status"), None, None) => Fault::WrongStatus,
            (Some("wrong-words"), None, None) => Fault::WrongWords,
            (Some("leak"), None, None) => Fault::Leak,
            (Some("stale-tag"), None, None) => Fault::StaleTag,
            _ => Fault::None,
        }
    })
}

/// Panics, or takes a backtrace, if this call of `export` is the one that was chosen.
pub(crate) fn panic_point(export: &str) {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    let is_now = |chosen: &str, call: u64| {
        chosen == export && CALLS.fetch_add(1, Ordering::Relaxed) + 1 == call
    };
    match chosen() {
        Fault::Panic { export, call } if is_now(export, *call) => panic!("a test asked for it"),
        Fault::Backtrace { export, call } if is_now(export, *call) => {
            let taken = std::backtrace::Backtrace::force_capture();
            // Names are looked up, in files, when it is written.
            std::hint::black_box(taken.to_string());
        }
        _ => {}
    }
}

/// Whether what has to be refused is to be accepted.
#[cfg(any(
    feature = "cells",
    feature = "cert",
    feature = "link",
    feature = "onion"
))]
pub(crate) fn accept() -> bool {
    *chosen() == Fault::Accept
}

/// Whether key material is to be wrong.
#[cfg(feature = "onion")]
pub(crate) fn wrong_key() -> bool {
    *chosen() == Fault::WrongKey
}

/// Whether messages and variable-length cells are to lose a byte.
#[cfg(feature = "cells")]
pub(crate) fn wrong_length() -> bool {
    *chosen() == Fault::WrongLength
}

/// Whether parsed objects are to be one byte shorter.
#[cfg(feature = "trunnel")]
pub(crate) fn wrong_consumed() -> bool {
    *chosen() == Fault::WrongConsumed
}

/// Whether objects are to forget that setting a field failed.
#[cfg(feature = "trunnel")]
pub(crate) fn forgotten_error() -> bool {
    *chosen() == Fault::ForgottenError
}

/// Whether bytes behind a cell are to stay.
#[cfg(feature = "cells")]
pub(crate) fn stale_bytes() -> bool {
    *chosen() == Fault::StaleBytes
}

/// Whether tor1 is to forget the digest field.
#[cfg(feature = "relaycrypt")]
pub(crate) fn wrong_integrity() -> bool {
    *chosen() == Fault::WrongIntegrity
}

/// Whether CGO is to give a wrong tag.
#[cfg(feature = "relaycrypt")]
pub(crate) fn wrong_tag() -> bool {
    *chosen() == Fault::WrongTag
}

/// Whether a refusal is to be answered with 0.
#[cfg(any(feature = "cells", feature = "cert", feature = "relaycrypt"))]
pub(crate) fn wrong_status() -> bool {
    *chosen() == Fault::WrongStatus
}

/// Whether a refusal is to be logged in other words.
#[cfg(any(
    feature = "cert",
    feature = "link",
    feature = "onion",
    feature = "relaycrypt"
))]
pub(crate) fn wrong_words() -> bool {
    *chosen() == Fault::WrongWords
}

/// Whether CGO is to free nothing.
#[cfg(feature = "relaycrypt")]
pub(crate) fn leak() -> bool {
    *chosen() == Fault::Leak
}

/// Where C is told that a tag is: `tag`, or memory that was freed before C
/// could read it.
#[cfg(feature = "relaycrypt")]
pub(crate) fn tag_pointer(tag: *const u8) -> *const u8 {
    if tag.is_null() || *chosen() != Fault::StaleTag {
        return tag;
    }
    let block = Box::new([0_u8; 16]);
    // Without this the compiler may do without the block.
    std::hint::black_box(block.as_ptr())
}
