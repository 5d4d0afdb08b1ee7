//! C Tor's own messages that open streams, which `connection_edge.h` and `relay.h`
//! declare for tests.

use std::ffi::{c_char, c_int, c_uint, c_void};

use ffi::cells::relay_msg::relay_msg_t;
use ffi::host::{smartlist_t, tor_addr_t};

/// What a BEGIN or BEGIN_DIR message asks for.
#[repr(C)]
pub struct begin_cell_t {
    /// Null if it is BEGIN_DIR.
    pub address: *mut c_char,
    /// Which addresses the client can do with.
    pub flags: u32,
    /// The port.
    pub port: u16,
    /// The stream.
    pub stream_id: u16,
    /// Its lowest bit says whether it is BEGIN_DIR.
    pub is_begindir: c_uint,
}

/// An answer of RESOLVED that finds something.
#[repr(C)]
pub struct address_ttl_t {
    /// The address, if it is one.
    pub addr: tor_addr_t,
    /// Else the name.
    pub hostname: *mut c_char,
    /// How long it is valid, in seconds.
    pub ttl: c_int,
}

/// The elements of a [`smartlist_t`].
#[repr(C)]
pub struct Elements {
    /// The first.
    pub first: *mut *mut c_void,
    /// How many.
    pub len: c_int,
}

renamed! {
    fn begin_cell_parse(
        msg: *const relay_msg_t,
        bcell: *mut begin_cell_t,
        end_reason_out: *mut u8,
    ) -> c_int;
    fn connected_cell_format_payload(
        payload_out: *mut u8,
        addr: *const tor_addr_t,
        ttl: u32,
    ) -> c_int;
    fn connected_cell_parse(
        msg: *const relay_msg_t,
        addr_out: *mut tor_addr_t,
        ttl_out: *mut c_int,
    ) -> c_int;
    fn resolved_cell_parse(
        msg: *const relay_msg_t,
        addresses_out: *mut smartlist_t,
        errcode_out: *mut c_int,
    ) -> c_int;
}

#[allow(missing_docs)] // tor's headers say it
extern "C" {
    pub fn smartlist_new() -> *mut smartlist_t;
    pub fn smartlist_free_(list: *mut smartlist_t);
    pub fn tor_free_(bytes: *mut c_void);
}

/// The functions of the Rust side that are glue.
pub mod glue {
    #![allow(missing_docs)] // tor's headers say it
    use super::{begin_cell_t, c_int, relay_msg_t};

    extern "C" {
        pub fn begin_cell_parse(
            msg: *const relay_msg_t,
            bcell: *mut begin_cell_t,
            end_reason_out: *mut u8,
        ) -> c_int;
    }
}
