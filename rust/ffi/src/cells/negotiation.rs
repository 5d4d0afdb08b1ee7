//! C's names for what an ntor v3 handshake negotiates. `onion_crypto.c` calls the
//! relay's side, from its worker threads; glue calls the client's, which asks
//! whether congestion control is wanted.

use super::bytes;
use crate::host;
use core::ffi::{c_int, c_uint};
use core::mem::offset_of;
use wire::format::Error;
use wire::negotiation::{Request, Response, LONGEST_REQUEST, LONGEST_RESPONSE};

/// tor's `circuit_params_t`: what was agreed on for a circuit.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct circuit_params_t {
    /// Whether there is congestion control.
    pub cc_enabled: bool,
    /// If there is: how many cells a SENDME is for.
    pub sendme_inc_cells: u8,
    /// C's `relay_crypto_alg_t`.
    pub crypto_alg: c_uint,
    /// C's `relay_cell_fmt_t`.
    pub cell_fmt: c_uint,
}

/// Offset of `circuit_params_t.sendme_inc_cells`, in bytes.
pub const TORRS_CIRCUIT_PARAMS_INC: usize = 1;
/// Offset of `circuit_params_t.crypto_alg`, in bytes.
pub const TORRS_CIRCUIT_PARAMS_ALG: usize = 4;
/// Offset of `circuit_params_t.cell_fmt`, in bytes.
pub const TORRS_CIRCUIT_PARAMS_FMT: usize = 8;
/// `sizeof(circuit_params_t)`, in bytes.
pub const TORRS_CIRCUIT_PARAMS_SIZE: usize = 12;
const _: () = {
    assert!(offset_of!(circuit_params_t, sendme_inc_cells) == TORRS_CIRCUIT_PARAMS_INC);
    assert!(offset_of!(circuit_params_t, crypto_alg) == TORRS_CIRCUIT_PARAMS_ALG);
    assert!(offset_of!(circuit_params_t, cell_fmt) == TORRS_CIRCUIT_PARAMS_FMT);
    assert!(size_of::<circuit_params_t>() == TORRS_CIRCUIT_PARAMS_SIZE);
};

/// C's `RELAY_CRYPTO_ALG_CGO_RELAY`.
pub const TORRS_CGO_RELAY: c_uint = 4;
/// C's `RELAY_CELL_FORMAT_V1`.
const FORMAT_V1: c_uint = 1;

/// Reads what a client asks for, grants it as far as `our_ns_params` has it, and
/// writes the answer.
///
/// Returns 0; or -1 if it cannot be granted, and nothing is written.
///
/// # Safety
/// `param_request_msg` is null or has `param_request_len` bytes; the other pointers
/// are null or valid, and used by nobody else during the call.
#[no_mangle]
pub unsafe extern "C" fn negotiate_v3_ntor_server_circ_params(
    param_request_msg: *const u8,
    param_request_len: usize,
    our_ns_params: *const circuit_params_t,
    params_out: *mut circuit_params_t,
    resp_msg_out: *mut *mut u8,
    resp_msg_len_out: *mut usize,
) -> c_int {
    export!(negotiate_v3_ntor_server_circ_params, on panic => -1, {
        #[cfg(feature = "fault")]
        crate::fault::panic_point("negotiate_v3_ntor_server_circ_params");
        // SAFETY: this function's contract.
        let (ours, params, response_out, len_out) = unsafe {
            (
                our_ns_params.as_ref(),
                params_out.as_mut(),
                resp_msg_out.as_mut(),
                resp_msg_len_out.as_mut(),
            )
        };
        let (Some(ours), Some(params), Some(response_out), Some(len_out)) =
            (ours, params, response_out, len_out)
        else {
            let function = c"negotiate_v3_ntor_server_circ_params";
            host::get().bug(function, c"our_ns_params && params_out && resp_msg_out");
            return -1;
        };
        // SAFETY: this function's contract.
        let request = Request::parse(unsafe { bytes(param_request_msg, param_request_len) });
        #[cfg(feature = "fault")]
        let request = match request {
            Err(_) if crate::fault::accept() => Ok(Request {
                congestion_control: false,
                cgo: false,
            }),
            request => request,
        };
        let Ok(granted) = request.and_then(|request| request.granted(ours.cc_enabled)) else {
            return -1;
        };
        let sendme_inc = granted.congestion_control.then_some(ours.sendme_inc_cells);
        let mut response = [0; LONGEST_RESPONSE];
        let encoded = Response { sendme_inc }.encode(&mut response);
        let Some(response) = encoded.ok().and_then(|len| response.get(..len)) else {
            return -1;
        };
        *response_out = host::get().memdup(response);
        *len_out = response.len();
        params.cc_enabled = granted.congestion_control;
        params.sendme_inc_cells = ours.sendme_inc_cells;
        if granted.cgo {
            params.crypto_alg = TORRS_CGO_RELAY;
            params.cell_fmt = FORMAT_V1;
        }
        0
    })
}

/// Reads what a relay has granted.
///
/// Returns 1 if there will be congestion control, and in `sendme_inc_out` how many
/// cells a SENDME is then for; 0 if not; or less if the answer is none.
///
/// # Safety
/// `message` is null or has `len` bytes; `sendme_inc_out` is null or valid for
/// writing.
#[no_mangle]
pub unsafe extern "C" fn torrs_circ_response_parse(
    message: *const u8,
    len: usize,
    sendme_inc_out: *mut u8,
) -> c_int {
    export!(torrs_circ_response_parse, on panic => -1, {
        #[cfg(feature = "fault")]
        crate::fault::panic_point("torrs_circ_response_parse");
        // SAFETY: this function's contract.
        let Some(sendme_inc_out) = (unsafe { sendme_inc_out.as_mut() }) else {
            host::get().bug(c"torrs_circ_response_parse", c"sendme_inc_out");
            return -1;
        };
        // SAFETY: this function's contract.
        match Response::parse(unsafe { bytes(message, len) }) {
            Ok(Response { sendme_inc: None }) => 0,
            Ok(Response { sendme_inc: Some(sendme_inc) }) => {
                *sendme_inc_out = sendme_inc;
                1
            }
            Err(Error::Truncated) => -2,
            Err(Error::Invalid) => -1,
        }
    })
}

/// What a client sends to ask for congestion control, for Counter Galois Onion, or
/// for neither: bytes that C frees, and in `len_out` how many.
///
/// Null if there is none.
///
/// # Safety
/// `len_out` is null or valid for writing.
#[no_mangle]
pub unsafe extern "C" fn torrs_circ_request_new(
    congestion_control: bool,
    cgo: bool,
    len_out: *mut usize,
) -> *mut u8 {
    export!(torrs_circ_request_new, on panic => core::ptr::null_mut(), {
        #[cfg(feature = "fault")]
        crate::fault::panic_point("torrs_circ_request_new");
        // SAFETY: this function's contract.
        let Some(len_out) = (unsafe { len_out.as_mut() }) else {
            host::get().bug(c"torrs_circ_request_new", c"len_out");
            return core::ptr::null_mut();
        };
        let asked = Request {
            congestion_control,
            cgo,
        };
        let mut request = [0; LONGEST_REQUEST];
        let encoded = asked.encode(&mut request);
        let Some(request) = encoded.ok().and_then(|len| request.get(..len)) else {
            return core::ptr::null_mut();
        };
        *len_out = request.len();
        host::get().memdup(request)
    })
}
