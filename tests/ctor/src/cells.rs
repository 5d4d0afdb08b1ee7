//! C Tor's own cells and relay messages, under C's names: connection_or.h,
//! proto_cell.h, relay_msg.h, onion.h, conflux_cell.h, and functions of sendme.c,
//! onion_crypto.c and circuitbuild.c. All structures are the same bytes on both sides,
//! which the glue checks.

pub mod stream;

use std::ffi::{c_char, c_int, c_uint};

use ffi::cell::cell_t;
use ffi::cells::conflux::conflux_cell_link_t;
use ffi::cells::create::{create_cell_t, created_cell_t};
use ffi::cells::extend::{extend_cell_t, extended_cell_t};
use ffi::cells::framing::{packed_cell_t, var_cell_t};
use ffi::cells::negotiation::circuit_params_t;
use ffi::cells::relay_msg::relay_msg_t;
use ffi::host::tor_addr_t;

use crate::relaycrypt::Opaque;

/// C Tor's buffer.
#[repr(C)]
pub struct buf_t(Opaque);

extern "C" {
    /// An empty buffer.
    pub fn buf_new() -> *mut buf_t;
    /// How many bytes are in it.
    pub fn buf_datalen(buf: *const buf_t) -> usize;
    /// Puts bytes at its end.
    pub fn buf_add(buf: *mut buf_t, string: *const c_char, string_len: usize) -> c_int;
    /// Moves all of `buf_in`, as the pieces that it has, to the end of `buf_out`.
    pub fn buf_move_all(buf_out: *mut buf_t, buf_in: *mut buf_t) -> usize;
    /// Takes bytes out of the front of it that are there.
    pub fn buf_drain(buf: *mut buf_t, n: usize);
    /// Frees it.
    pub fn buf_free_(buf: *mut buf_t);
}

renamed! {
    fn cell_pack(dst: *mut packed_cell_t, src: *const cell_t, wide_circ_ids: c_int);
    fn cell_unpack(dest: *mut cell_t, src: *const c_char, wide_circ_ids: c_int);
    fn var_cell_pack_header(
        cell: *const var_cell_t,
        hdr_out: *mut c_char,
        wide_circ_ids: c_int,
    ) -> c_int;
    fn var_cell_new(payload_len: u16) -> *mut var_cell_t;
    fn var_cell_copy(src: *const var_cell_t) -> *mut var_cell_t;
    fn var_cell_free_(cell: *mut var_cell_t);
    fn fetch_var_cell_from_buf(
        buf: *mut buf_t,
        out: *mut *mut var_cell_t,
        linkproto: c_int,
    ) -> c_int;
}

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

// onion.h.
renamed! {
    fn create_cell_init(
        cell_out: *mut create_cell_t,
        cell_type: u8,
        handshake_type: u16,
        handshake_len: u16,
        onionskin: *const u8,
    );
    fn create_cell_parse(cell_out: *mut create_cell_t, cell_in: *const cell_t) -> c_int;
    fn create_cell_format(cell_out: *mut cell_t, cell_in: *const create_cell_t) -> c_int;
    fn create_cell_format_relayed(cell_out: *mut cell_t, cell_in: *const create_cell_t) -> c_int;
    fn created_cell_parse(cell_out: *mut created_cell_t, cell_in: *const cell_t) -> c_int;
    fn created_cell_format(cell_out: *mut cell_t, cell_in: *const created_cell_t) -> c_int;
    fn extend_cell_parse(
        cell_out: *mut extend_cell_t,
        command: u8,
        payload: *const u8,
        payload_length: usize,
    ) -> c_int;
    fn extend_cell_format(
        command_out: *mut u8,
        len_out: *mut u16,
        payload_out: *mut u8,
        cell_in: *const extend_cell_t,
    ) -> c_int;
    fn extended_cell_parse(
        cell_out: *mut extended_cell_t,
        command: u8,
        payload: *const u8,
        payload_len: usize,
    ) -> c_int;
    fn extended_cell_format(
        command_out: *mut u8,
        len_out: *mut u16,
        payload_out: *mut u8,
        cell_in: *const extended_cell_t,
    ) -> c_int;
}

extern "C" {
    fn ctor_extend_by_ed25519_id(choice: c_int);

    /// tor's: makes an address one of this family that is all zero.
    pub fn tor_addr_make_null(addr: *mut tor_addr_t, family: u16);
    /// tor's: makes an address this one, in network order.
    pub fn tor_addr_from_ipv4n(addr: *mut tor_addr_t, ipv4: u32);
    /// tor's: makes an address this one, of 16 bytes.
    pub fn tor_addr_from_ipv6_bytes(addr: *mut tor_addr_t, ipv6: *const u8);
}

/// What tor's options say to this thread about ExtendByEd25519ID: 0, 1, or -1 for
/// nothing.
pub fn set_extend_by_ed25519_id(choice: c_int) {
    // SAFETY: sets a variable of this thread.
    unsafe { ctor_extend_by_ed25519_id(choice) }
}

// conflux_cell.c.
renamed! {
    fn build_link_cell(link: *const conflux_cell_link_t, cell_out: *mut u8) -> isize;
    fn conflux_cell_parse_link(msg: *const relay_msg_t) -> *mut conflux_cell_link_t;
    fn conflux_cell_parse_linked(msg: *const relay_msg_t) -> *mut conflux_cell_link_t;
    fn conflux_cell_new_link(
        nonce: *const u8,
        last_sent: u64,
        last_recv: u64,
        ux: u8,
    ) -> *mut conflux_cell_link_t;
    fn conflux_cell_parse_switch(msg: *const relay_msg_t) -> u32;
}

// sendme.c.
renamed! {
    fn build_cell_payload_v1(cell_tag: *const u8, tag_len: usize, payload: *mut u8) -> isize;
    fn cell_version_can_be_handled(cell_version: u8) -> bool;
}

extern "C" {
    /// Whether `sendme_is_valid()` says so of a circuit with CGO or tor1 that expects
    /// these 20 bytes of a tag.
    pub fn ctor_sendme_is_valid(
        payload: *const u8,
        len: usize,
        expected: *const u8,
        is_cgo: bool,
    ) -> bool;
}

// onion_crypto.c and circuitbuild.c.
renamed! {
    fn negotiate_v3_ntor_server_circ_params(
        param_request_msg: *const u8,
        param_request_len: usize,
        our_ns_params: *const circuit_params_t,
        params_out: *mut circuit_params_t,
        resp_msg_out: *mut *mut u8,
        resp_msg_len_out: *mut usize,
    ) -> c_int;
    fn negotiate_v3_ntor_client_circ_params(
        param_response_msg: *const u8,
        param_response_len: usize,
        params_out: *mut circuit_params_t,
    ) -> c_int;
}

extern "C" {
    fn ctor_always_congestion_control(choice: bool);

    /// What a side asks a relay for that has congestion control and Counter Galois
    /// Onion, or has not.
    pub fn ctor_client_circ_negotiation_message(
        is_c: bool,
        has_cc: bool,
        has_cgo: bool,
        msg_out: *mut *mut u8,
        msg_len_out: *mut usize,
        params_out: *mut circuit_params_t,
    ) -> c_int;
}

/// Makes clients want congestion control or not, on this thread.
pub fn always_congestion_control(choice: bool) {
    // SAFETY: sets a variable of this thread.
    unsafe { ctor_always_congestion_control(choice) }
}

/// Functions of glue that have C's names and call Rust.
pub mod glue {
    use super::{buf_t, c_int, circuit_params_t, extend_cell_t, var_cell_t};

    #[allow(missing_docs)] // tor's headers say it
    extern "C" {
        pub fn extend_cell_parse(
            cell_out: *mut extend_cell_t,
            command: u8,
            payload: *const u8,
            payload_length: usize,
        ) -> c_int;
        pub fn extend_cell_format(
            command_out: *mut u8,
            len_out: *mut u16,
            payload_out: *mut u8,
            cell_in: *const extend_cell_t,
        ) -> c_int;
        pub fn fetch_var_cell_from_buf(
            buf: *mut buf_t,
            out: *mut *mut var_cell_t,
            linkproto: c_int,
        ) -> c_int;
        pub fn negotiate_v3_ntor_client_circ_params(
            param_response_msg: *const u8,
            param_response_len: usize,
            params_out: *mut circuit_params_t,
        ) -> c_int;
    }
}
