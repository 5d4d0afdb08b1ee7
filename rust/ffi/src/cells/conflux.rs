//! C's names for the messages that tie circuits together: what `conflux_cell.h`
//! declares, but for what sends. `conflux_pool.c` and `conflux.c` read such
//! messages through here, `conflux_cell.c` writes them.

use super::relay_msg::relay_msg_t;
use crate::host::{self, TORRS_LD_BUG, TORRS_LD_CIRC, TORRS_LOG_WARN};
use core::ffi::CStr;
use core::mem::offset_of;
use core::ptr;
use wire::conflux::{self, Link, NotALink, LINK_LEN, LINK_VERSION};

/// tor's `conflux_cell_link_t`: what a CONFLUX_LINK or CONFLUX_LINKED message says.
#[repr(C)]
pub struct conflux_cell_link_t {
    /// Version of the message.
    pub version: u8,
    /// What the sender wishes of the circuits.
    pub desired_ux: u8,
    /// What both circuits are known by.
    pub nonce: [u8; 32],
    /// The sender's last sequence number.
    pub last_seqno_sent: u64,
    /// The last sequence number that it has seen of the other end.
    pub last_seqno_recv: u64,
}

/// Offset of `conflux_cell_link_t.desired_ux`, in bytes.
pub const TORRS_CONFLUX_LINK_UX: usize = 1;
/// Offset of `conflux_cell_link_t.nonce`, in bytes. The two numbers follow it where
/// their alignment allows it, and end the structure.
pub const TORRS_CONFLUX_LINK_NONCE: usize = 2;
const _: () = {
    const SENT: usize = offset_of!(conflux_cell_link_t, last_seqno_sent);
    assert!(offset_of!(conflux_cell_link_t, desired_ux) == TORRS_CONFLUX_LINK_UX);
    assert!(offset_of!(conflux_cell_link_t, nonce) == TORRS_CONFLUX_LINK_NONCE);
    assert!(SENT - (TORRS_CONFLUX_LINK_NONCE + 32) < 8);
    assert!(offset_of!(conflux_cell_link_t, last_seqno_recv) == SENT + 8);
    assert!(size_of::<conflux_cell_link_t>() == SENT + 16);
};

/// A link in a block that C frees.
fn new_link(link: &Link<'_>) -> *mut conflux_cell_link_t {
    let size = size_of::<conflux_cell_link_t>();
    let block: *mut conflux_cell_link_t = host::get().malloc(size).cast();
    // SAFETY: the block is aligned for every type and has room for a link, which
    // may be all zero; nobody else knows it.
    let new = unsafe {
        // What is between the fields is zero too: C compares links as bytes.
        block.write_bytes(0, 1);
        &mut *block
    };
    new.version = LINK_VERSION;
    new.desired_ux = link.desired_ux;
    new.nonce = *link.nonce;
    new.last_seqno_sent = link.last_seqno_sent;
    new.last_seqno_recv = link.last_seqno_recv;
    block
}

/// Writes a CONFLUX_LINK or CONFLUX_LINKED message, 50 bytes, to `cell_out`.
///
/// Returns its length; or -1 and a BUG line if the link's wish is one that nobody
/// knows.
///
/// # Safety
/// `link` is null or valid; `cell_out` is null or valid for writing as many bytes as
/// a message can have.
#[no_mangle]
pub unsafe extern "C" fn build_link_cell(
    link: *const conflux_cell_link_t,
    cell_out: *mut u8,
) -> isize {
    export!(build_link_cell, on panic => -1, {
        #[cfg(feature = "fault")]
        crate::fault::panic_point("build_link_cell");
        let bug = |expression| {
            host::get().bug(c"build_link_cell", expression);
            -1
        };
        // SAFETY: this function's contract.
        let (Some(link), false) = (unsafe { link.as_ref() }, cell_out.is_null()) else {
            return bug(c"link && cell_out");
        };
        let link = Link {
            nonce: &link.nonce,
            last_seqno_sent: link.last_seqno_sent,
            last_seqno_recv: link.last_seqno_recv,
            desired_ux: link.desired_ux,
        };
        let Ok(message) = conflux::encode_link(&link) else {
            return bug(c"pay_len >= 0");
        };
        // SAFETY: not null, and this function's contract.
        unsafe { cell_out.cast::<[u8; LINK_LEN]>().write(message) };
        LINK_LEN as isize
    })
}

/// Reads a CONFLUX_LINK message. Null, and a line in the log, if it is none.
///
/// # Safety
/// `msg` is null or valid, and so is its body for its length.
#[no_mangle]
pub unsafe extern "C" fn conflux_cell_parse_link(
    msg: *const relay_msg_t,
) -> *mut conflux_cell_link_t {
    export!(conflux_cell_parse_link, on panic => ptr::null_mut(), {
        #[cfg(feature = "fault")]
        crate::fault::panic_point("conflux_cell_parse_link");
        // SAFETY: this function's contract.
        let Some(body) = (unsafe { relay_msg_t::body_of(msg) }) else {
            host::get().bug(c"conflux_cell_parse_link", c"msg");
            return ptr::null_mut();
        };
        match conflux::parse_link(body) {
            Ok(link) => new_link(&link),
            Err(reason) => {
                report(reason);
                ptr::null_mut()
            }
        }
    })
}

/// Says in C's words why a message is no CONFLUX_LINK.
#[cold]
fn report(reason: NotALink) {
    let (function, text): (&CStr, _) = match reason {
        NotALink::Version => (
            c"conflux_cell_parse_link",
            "Unable to parse CONFLUX_LINK cell.",
        ),
        NotALink::Payload => (
            c"conflux_cell_parse_link_v1",
            "Unable to parse CONFLUX_LINK v1 payload.",
        ),
    };
    host::get().log_protocol_warn(TORRS_LD_CIRC, function, text);
}

/// Reads a CONFLUX_LINKED message, which says the same as a CONFLUX_LINK.
///
/// # Safety
/// As [`conflux_cell_parse_link`].
#[no_mangle]
pub unsafe extern "C" fn conflux_cell_parse_linked(
    msg: *const relay_msg_t,
) -> *mut conflux_cell_link_t {
    // SAFETY: this function's contract.
    unsafe { conflux_cell_parse_link(msg) }
}

/// A link to be sent. C frees it.
///
/// # Safety
/// `nonce` is null or has 32 bytes.
#[no_mangle]
pub unsafe extern "C" fn conflux_cell_new_link(
    nonce: *const u8,
    last_sent: u64,
    last_recv: u64,
    ux: u8,
) -> *mut conflux_cell_link_t {
    export!(conflux_cell_new_link, on panic => ptr::null_mut(), {
        // SAFETY: this function's contract.
        let Some(nonce) = (unsafe { nonce.cast::<[u8; 32]>().as_ref() }) else {
            host::get().bug(c"conflux_cell_new_link", c"nonce");
            return ptr::null_mut();
        };
        new_link(&Link {
            nonce,
            last_seqno_sent: last_sent,
            last_seqno_recv: last_recv,
            desired_ux: ux,
        })
    })
}

/// Reads a CONFLUX_SWITCH message: how many cells the leg that goes on is ahead. 0,
/// which no honest peer sends, and a line in the log, if it is none.
///
/// # Safety
/// `msg` is null or valid, and so is its body for its length.
#[no_mangle]
pub unsafe extern "C" fn conflux_cell_parse_switch(msg: *const relay_msg_t) -> u32 {
    export!(conflux_cell_parse_switch, on panic => 0, {
        #[cfg(feature = "fault")]
        crate::fault::panic_point("conflux_cell_parse_switch");
        // SAFETY: this function's contract.
        let Some(body) = (unsafe { relay_msg_t::body_of(msg) }) else {
            host::get().bug(c"conflux_cell_parse_switch", c"msg");
            return 0;
        };
        conflux::parse_switch(body).unwrap_or_else(|_| {
            let text = "Failed to parse switch cell";
            let function = c"conflux_cell_parse_switch";
            host::get().log(TORRS_LOG_WARN, TORRS_LD_BUG, function, text);
            0
        })
    })
}
