//! What is reported once a process, is, by both sides and in the same words.
//!
//! One test, since whoever comes first hears it.

use ctor::log;
use parity::cells::relay_msg::{encode, UNFIT};
use parity::laboratory::Side;

#[test]
fn a_message_that_does_not_fit_is_reported_once_a_reason() {
    ctor::init();
    for (number, (format, msg)) in UNFIT.iter().enumerate() {
        let [c, rust] = [Side::C, Side::Rust].map(|side| {
            log::take();
            let status = encode(side, *format, msg).0;
            (status, log::take())
        });
        assert_eq!(c, rust, "message {number}");
        assert_eq!(c.0, -1, "message {number}");
        assert!(!c.1.is_empty(), "message {number}");
        for side in [Side::C, Side::Rust] {
            assert_eq!(encode(side, *format, msg).0, -1);
            assert_eq!(log::take(), [], "message {number}");
        }
    }
}
