//! C's names for relay messages: what `relay_msg.h` declares. `relay.c` reads
//! each relay cell that is for us through here, and writes each that begins here.

use crate::cell::cell_t;
use crate::host;
use core::ffi::{c_char, c_int, c_uint, CStr};
use core::mem::offset_of;
use core::ptr;
use core::sync::atomic::AtomicBool;
use wire::relay_msg::{decode, encode, Format, RelayMsg, Unfit, V0_HEADER_LEN};
use wire::CELL_BODY_LEN;

/// tor's `relay_msg_t`: a relay message. All zero is an empty one.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct relay_msg_t {
    /// Relay command.
    pub command: u8,
    /// Length of the body, in bytes.
    pub length: u16,
    /// The stream that it is for, or 0.
    pub stream_id: u16,
    /// Whether its cell is RELAY_EARLY.
    pub is_relay_early: bool,
    /// The body: in the cell that the message was read from, or behind the message
    /// itself if that is a copy.
    pub body: *const u8,
}

impl relay_msg_t {
    const EMPTY: Self = relay_msg_t {
        command: 0,
        length: 0,
        stream_id: 0,
        is_relay_early: false,
        body: ptr::null(),
    };

    /// The body of a message; nothing if there is no message.
    ///
    /// # Safety
    /// `msg` is null or valid, and so is its body for its length, and nobody writes
    /// either meanwhile.
    pub(super) unsafe fn body_of<'a>(msg: *const Self) -> Option<&'a [u8]> {
        // SAFETY: this function's contract.
        let (body, length) = unsafe { msg.as_ref().map(|msg| (msg.body, msg.length)) }?;
        // SAFETY: this function's contract.
        let body = unsafe { super::bytes(body, length.into()) };
        #[cfg(feature = "fault")]
        let body = match body {
            [shorter @ .., _] if crate::fault::wrong_length() => shorter,
            _ => body,
        };
        Some(body)
    }
}

/// Offset of `relay_msg_t.length`, in bytes.
pub const TORRS_RELAY_MSG_LENGTH: usize = 2;
/// Offset of `relay_msg_t.stream_id`, in bytes.
pub const TORRS_RELAY_MSG_STREAM: usize = 4;
/// Offset of `relay_msg_t.is_relay_early`, in bytes.
pub const TORRS_RELAY_MSG_EARLY: usize = 6;
/// Offset of `relay_msg_t.body`, in bytes; a pointer ends it.
pub const TORRS_RELAY_MSG_BODY: usize = 8;
const _: () = {
    assert!(offset_of!(relay_msg_t, length) == TORRS_RELAY_MSG_LENGTH);
    assert!(offset_of!(relay_msg_t, stream_id) == TORRS_RELAY_MSG_STREAM);
    assert!(offset_of!(relay_msg_t, is_relay_early) == TORRS_RELAY_MSG_EARLY);
    assert!(offset_of!(relay_msg_t, body) == TORRS_RELAY_MSG_BODY);
    assert!(size_of::<relay_msg_t>() == TORRS_RELAY_MSG_BODY + size_of::<usize>());
};

/// Cell commands.
const RELAY: u8 = 3;
const RELAY_EARLY: u8 = 9;

/// C's `relay_cell_fmt_t`. Nothing for another value, which C does not have.
fn format_of(format: c_uint) -> Option<Format> {
    match format {
        0 => Some(Format::V0),
        1 => Some(Format::V1),
        _ => None,
    }
}

/// Reports what is null and must not be; -1. Apart from its callers, and as C's
/// functions are, through which no panic can come: else they would make room for what
/// it says, and for its panics, in every call.
#[cold]
#[inline(never)]
extern "C" fn missing(function: *const c_char, expression: *const c_char) -> c_int {
    export!(missing, on panic => -1, {
        // SAFETY: both are C string literals in this file.
        let (function, expression) =
            unsafe { (CStr::from_ptr(function), CStr::from_ptr(expression)) };
        host::get().bug(function, expression);
        -1
    })
}

/// Frees a message, or nothing if it is null.
///
/// # Safety
/// `msg` is null or came from [`relay_msg_copy`] or [`relay_msg_decode_cell`], and
/// is freed once.
#[no_mangle]
pub unsafe extern "C" fn relay_msg_free_(msg: *mut relay_msg_t) {
    export!(relay_msg_free_, on panic => (), {
        // SAFETY: this function's contract.
        unsafe { host::get().free(msg.cast()) };
    });
}

/// Makes a message an empty one.
///
/// # Safety
/// `msg` is null or valid for writing.
#[no_mangle]
pub unsafe extern "C" fn relay_msg_clear(msg: *mut relay_msg_t) {
    export!(relay_msg_clear, on panic => (), {
        if msg.is_null() {
            host::get().bug(c"relay_msg_clear", c"msg");
        } else {
            // SAFETY: not null, and this function's contract.
            unsafe { msg.write(relay_msg_t::EMPTY) };
        }
    });
}

/// A message with a body of its own, which is behind it in the same block; null
/// and a BUG line if the body is longer than any message's.
///
/// # Safety
/// `msg` is null or valid, and so is its body for its length.
#[no_mangle]
pub unsafe extern "C" fn relay_msg_copy(msg: *const relay_msg_t) -> *mut relay_msg_t {
    export!(relay_msg_copy, on panic => ptr::null_mut(), {
        let bug = |expression| {
            host::get().bug(c"relay_msg_copy", expression);
            ptr::null_mut()
        };
        // SAFETY: this function's contract.
        let Some(&original) = (unsafe { msg.as_ref() }) else {
            return bug(c"msg");
        };
        let length = usize::from(original.length);
        if length > CELL_BODY_LEN - V0_HEADER_LEN {
            return bug(c"msg->length <= RELAY_PAYLOAD_SIZE_MAX");
        }
        let copy: *mut relay_msg_t = host::get().malloc(size_of::<relay_msg_t>() + length).cast();
        // SAFETY: the block is aligned for every type and has room for a message
        // and the body; nobody else knows it. The original's body has its length,
        // by this function's contract.
        unsafe {
            let body = copy.add(1).cast::<u8>();
            if length > 0 {
                ptr::copy_nonoverlapping(original.body, body, length);
            }
            copy.write(relay_msg_t { body, ..original });
        }
        copy
    })
}

/// Makes a cell of a message, in `format`; its circuit ID is 0.
///
/// Returns 0; or -1 if the message does not fit the format.
///
/// # Safety
/// `msg` is null or valid, and so is its body for its length; `cell_out` is null
/// or valid for writing. They do not overlap.
#[no_mangle]
pub unsafe extern "C" fn relay_msg_encode_cell(
    format: c_uint,
    msg: *const relay_msg_t,
    cell_out: *mut cell_t,
) -> c_int {
    export!(relay_msg_encode_cell, on panic => -1, {
        #[cfg(feature = "fault")]
        crate::fault::panic_point("relay_msg_encode_cell");
        // SAFETY: this function's contract; what the cell was is not looked at.
        let (Some(msg), Some(cell)) = (unsafe { (msg.as_ref(), cell_out.as_mut()) }) else {
            return missing(
                c"relay_msg_encode_cell".as_ptr(),
                c"msg && cell_out".as_ptr(),
            );
        };
        cell.circ_id = 0;
        cell.command = if msg.is_relay_early { RELAY_EARLY } else { RELAY };
        let Some(format) = format_of(format) else {
            cell.payload = [0; CELL_BODY_LEN];
            return -1;
        };
        let data = match msg.length {
            0 => &[],
            // SAFETY: this function's contract.
            length => unsafe { core::slice::from_raw_parts(msg.body, length.into()) },
        };
        let message = RelayMsg {
            command: msg.command,
            stream_id: msg.stream_id,
            data,
        };
        let pad = |padding: &mut [u8]| host::get().fast_random(padding);
        match encode(format, &message, &mut cell.payload, pad) {
            Ok(()) => 0,
            Err(unfit) => {
                cell.payload = [0; CELL_BODY_LEN];
                report(format, unfit);
                -1
            }
        }
    })
}

/// Says, once a reason, in C's words why a message is unfit; they have a macro of
/// C's in them.
#[cold]
fn report(format: Format, unfit: Unfit) {
    static REPORTED: [AtomicBool; 4] = [const { AtomicBool::new(false) }; 4];
    let function = match format {
        Format::V0 => c"encode_v0_cell",
        Format::V1 => c"encode_v1_cell",
    };
    let (reported, expression): (_, &CStr) = match (format, unfit) {
        (Format::V0, _) => (
            &REPORTED[0],
            c"!(ASSERT_PREDICT_UNLIKELY_(msg->length > maxlen))",
        ),
        (Format::V1, Unfit::TooLong) => (
            &REPORTED[1],
            c"!(ASSERT_PREDICT_UNLIKELY_(msg->length > maxlen))",
        ),
        (Format::V1, Unfit::NoStream) => (
            &REPORTED[2],
            c"!(ASSERT_PREDICT_UNLIKELY_(msg->stream_id == 0))",
        ),
        (Format::V1, Unfit::Stream) => (
            &REPORTED[3],
            c"!(ASSERT_PREDICT_UNLIKELY_(msg->stream_id != 0))",
        ),
    };
    host::get().bug_once(reported, function, expression);
}

/// Reads the message of a RELAY or RELAY_EARLY cell in `format`; its body is in
/// the cell.
///
/// Returns 0; or -1 and an empty message if there is none.
///
/// # Safety
/// `cell` is null or valid; `msg_out` is null or valid for writing.
#[no_mangle]
pub unsafe extern "C" fn relay_msg_decode_cell_in_place(
    format: c_uint,
    cell: *const cell_t,
    msg_out: *mut relay_msg_t,
) -> c_int {
    export!(relay_msg_decode_cell_in_place, on panic => -1, {
        #[cfg(feature = "fault")]
        crate::fault::panic_point("relay_msg_decode_cell_in_place");
        // SAFETY: this function's contract.
        let (Some(cell), false) = (unsafe { cell.as_ref() }, msg_out.is_null()) else {
            return missing(
                c"relay_msg_decode_cell_in_place".as_ptr(),
                c"cell && msg_out".as_ptr(),
            );
        };
        // Each version by itself: what is constant in one is not computed.
        let message = match format_of(format) {
            Some(Format::V0) => decode(Format::V0, &cell.payload).ok(),
            Some(Format::V1) => decode(Format::V1, &cell.payload).ok(),
            None => None,
        };
        let Some(RelayMsg { command, stream_id, data }) = message else {
            // SAFETY: not null, and this function's contract.
            unsafe { msg_out.write(relay_msg_t::EMPTY) };
            return -1;
        };
        #[cfg(feature = "fault")]
        let data = match data {
            [shorter @ .., _] if crate::fault::wrong_length() => shorter,
            _ => data,
        };
        let msg = relay_msg_t {
            command,
            // It is shorter than a cell.
            length: data.len() as u16,
            stream_id,
            is_relay_early: cell.command == RELAY_EARLY,
            body: data.as_ptr(),
        };
        // SAFETY: not null, and this function's contract.
        unsafe { msg_out.write(msg) };
        0
    })
}

/// [`relay_msg_decode_cell_in_place`] into a new message; null if there is none.
///
/// # Safety
/// `cell` is null or valid.
#[no_mangle]
pub unsafe extern "C" fn relay_msg_decode_cell(
    format: c_uint,
    cell: *const cell_t,
) -> *mut relay_msg_t {
    export!(relay_msg_decode_cell, on panic => ptr::null_mut(), {
        let mut msg = relay_msg_t::EMPTY;
        // SAFETY: this function's contract, and a message to write to.
        if unsafe { relay_msg_decode_cell_in_place(format, cell, &mut msg) } != 0 {
            return ptr::null_mut();
        }
        let block: *mut relay_msg_t = host::get().malloc(size_of::<relay_msg_t>()).cast();
        // SAFETY: the block is aligned for every type and has room for a message.
        unsafe { block.write(msg) };
        block
    })
}
