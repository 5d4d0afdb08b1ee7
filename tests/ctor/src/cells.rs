//! C Tor's own relay messages, under C's names: relay_msg.h. Cells and messages
//! are the same bytes on both sides, which the glue checks.

use std::ffi::{c_int, c_uint};

use ffi::cell::cell_t;
use ffi::cells::relay_msg::relay_msg_t;

renamed! {
    fn relay_msg_free_(msg: *mut relay_msg_t);
    fn relay_msg_clear(msg: *mut relay_msg_t);
    fn relay_msg_copy(msg: *const relay_msg_t) -> *mut relay_msg_t;
    fn relay_msg_encode_cell(
        format: c_uint,
        msg: *const relay_msg_t,
        cell_out: *mut cell_t,
    ) -> c_int;
    fn relay_msg_decode_cell_in_place(
        format: c_uint,
        cell: *const cell_t,
        msg_out: *mut relay_msg_t,
    ) -> c_int;
    fn relay_msg_decode_cell(format: c_uint, cell: *const cell_t) -> *mut relay_msg_t;
}
