//! C's names for messages that open streams, which `connection_edge.h` and `relay.h`
//! declare for tests. Exits and onion services read BEGIN through here and write
//! CONNECTED; clients read CONNECTED and RESOLVED.

use crate::cells::relay_msg::relay_msg_t;
use crate::host::{
    self, smartlist_t, tor_addr_t, Host, TORRS_LD_BUG, TORRS_LD_PROTOCOL, TORRS_LOG_WARN,
};
use core::ffi::{c_char, c_int};
use core::ptr;
use wire::format::Format;
use wire::relay_msg::V0_HEADER_LEN;
use wire::stream::{Begin, Connected, Found, Resolved, CONNECTED_MAX_LEN};
use wire::CELL_BODY_LEN;

/// Relay command of BEGIN.
pub const TORRS_BEGIN: u8 = 1;
/// Relay command of BEGIN_DIR.
pub const TORRS_BEGIN_DIR: u8 = 13;

/// The reason of an END message: we did something wrong.
pub const TORRS_END_INTERNAL: u8 = 10;
/// The reason of an END message: the peer broke the protocol.
pub const TORRS_END_TORPROTOCOL: u8 = 13;

/// RESOLVED says that it is no use to ask again.
pub const TORRS_RESOLVED_ERROR: u8 = 0xf1;
/// RESOLVED says that it may be of use.
pub const TORRS_RESOLVED_ERROR_TRANSIENT: u8 = 0xf0;
const _: () = {
    assert!(TORRS_RESOLVED_ERROR == wire::stream::ERROR);
    assert!(TORRS_RESOLVED_ERROR_TRANSIENT == wire::stream::ERROR_TRANSIENT);
};

/// What a BEGIN or BEGIN_DIR message asks for. tor's own structure has a bitfield.
#[repr(C)]
#[derive(Debug)]
pub struct torrs_begin_t {
    /// The address, which C frees; null if it is BEGIN_DIR.
    pub address: *mut c_char,
    /// Which addresses the client can do with.
    pub flags: u32,
    /// The port.
    pub port: u16,
    /// Whether it is BEGIN_DIR, which says nothing else.
    pub is_begin_dir: bool,
}

/// tor's `address_ttl_t`: an answer of RESOLVED that finds something. C frees it.
#[repr(C)]
struct address_ttl_t {
    /// The address, if it is one.
    addr: tor_addr_t,
    /// Else the name.
    hostname: *mut c_char,
    /// How long it is valid, in seconds; less than 0 if that is longer than fits.
    ttl: c_int,
}

/// Reads a BEGIN or BEGIN_DIR message, for glue's `begin_cell_parse`.
///
/// Returns 0; or -1, and in `end_reason_out` why, if the stream is to be ended.
///
/// # Safety
/// `msg` is null or valid, and so is its body for its length; the other pointers are
/// null or valid for writing.
#[no_mangle]
pub unsafe extern "C" fn torrs_begin_cell_parse(
    msg: *const relay_msg_t,
    begin_out: *mut torrs_begin_t,
    end_reason_out: *mut u8,
) -> c_int {
    export!(torrs_begin_cell_parse, on panic => -1, {
        #[cfg(feature = "fault")]
        crate::fault::panic_point("torrs_begin_cell_parse");
        // SAFETY: this function's contract.
        let message = unsafe {
            let body = relay_msg_t::body_of(msg);
            body.map(|body| ((*msg).command, body))
        };
        let (Some((command, body)), false, false) =
            (message, begin_out.is_null(), end_reason_out.is_null())
        else {
            host::get().bug(c"begin_cell_parse", c"msg && bcell && end_reason_out");
            return -1;
        };
        match begin(host::get(), command, body) {
            Ok(begin) => {
                // SAFETY: not null, and this function's contract.
                unsafe { begin_out.write(begin) };
                0
            }
            Err(end_reason) => {
                // SAFETY: not null, and this function's contract.
                unsafe { end_reason_out.write(end_reason) };
                -1
            }
        }
    })
}

/// What a message asks for; or the reason for an END, after a line in the log.
fn begin(host: Host, command: u8, body: &[u8]) -> Result<torrs_begin_t, u8> {
    let function = c"begin_cell_parse";
    let refuse = |text| {
        host.log_protocol_warn(TORRS_LD_PROTOCOL, function, text);
        Err(TORRS_END_TORPROTOCOL)
    };
    match command {
        TORRS_BEGIN_DIR => {
            return Ok(torrs_begin_t {
                address: ptr::null_mut(),
                flags: 0,
                port: 0,
                is_begin_dir: true,
            })
        }
        TORRS_BEGIN => {}
        _ => {
            let text = format!("Got an unexpected command {command}");
            host.log(TORRS_LOG_WARN, TORRS_LD_BUG, function, &text);
            return Err(TORRS_END_INTERNAL);
        }
    }
    let Ok((begin, _)) = Begin::parse(body) else {
        return refuse("Relay begin cell has no \\0. Closing.");
    };
    let Some((address, port)) = host.addr_port_split(begin.address_port) else {
        return refuse("Unable to parse addr:port in relay begin cell. Closing.");
    };
    if port == 0 {
        // SAFETY: C has just made it, and nobody else has it.
        unsafe { host.free(address.cast()) };
        return refuse("Missing port in relay begin cell. Closing.");
    }
    Ok(torrs_begin_t {
        address,
        flags: begin.flags,
        port,
        is_begin_dir: false,
    })
}

/// Writes the CONNECTED message that tells a client where its stream is connected to,
/// and fills what remains of 25 bytes with zeros.
///
/// Returns its length; or -1 and zeros if `addr` is no IP address.
///
/// # Safety
/// `payload_out` is null or valid for writing 25 bytes; `addr` is null or valid.
#[no_mangle]
pub unsafe extern "C" fn connected_cell_format_payload(
    payload_out: *mut u8,
    addr: *const tor_addr_t,
    ttl: u32,
) -> c_int {
    export!(connected_cell_format_payload, on panic => -1, {
        // SAFETY: this function's contract.
        let (Some(addr), false) = (unsafe { addr.as_ref() }, payload_out.is_null()) else {
            host::get().bug(c"connected_cell_format_payload", c"payload_out && addr");
            return -1;
        };
        let mut payload = [0; CONNECTED_MAX_LEN];
        let length = host::get()
            .addr_to_ip(addr)
            .and_then(|address| {
                let ttl = Some(ttl);
                Connected { address, ttl }.encode(&mut payload).ok()
            })
            // It is at most 25.
            .map_or(-1, |length| length as c_int);
        // SAFETY: not null, and this function's contract.
        unsafe { payload_out.cast::<[u8; CONNECTED_MAX_LEN]>().write(payload) };
        length
    })
}

/// Reads a CONNECTED message: the address, unspecified if it names none, and how long
/// a name has it, in seconds, -1 if it does not say or that is longer than fits.
///
/// Returns 0; or -1, an unspecified address and -1 seconds, if there is something
/// else in it.
///
/// # Safety
/// `msg` is null or valid, and so is its body for its length; the other pointers are
/// null or valid for writing.
#[no_mangle]
pub unsafe extern "C" fn connected_cell_parse(
    msg: *const relay_msg_t,
    addr_out: *mut tor_addr_t,
    ttl_out: *mut c_int,
) -> c_int {
    export!(connected_cell_parse, on panic => -1, {
        #[cfg(feature = "fault")]
        crate::fault::panic_point("connected_cell_parse");
        // SAFETY: this function's contract.
        let body = unsafe { relay_msg_t::body_of(msg) };
        let (Some(body), false, false) = (body, addr_out.is_null(), ttl_out.is_null()) else {
            host::get().bug(c"connected_cell_parse", c"msg && addr_out && ttl_out");
            return -1;
        };
        let connected = Connected::parse_message(body);
        let (addr, ttl) = match connected {
            Ok(Some(Connected { address, ttl })) => (
                host::get().addr_from_ip(address),
                ttl.and_then(|ttl| ttl.try_into().ok()).unwrap_or(-1),
            ),
            Ok(None) | Err(_) => (tor_addr_t::UNSPECIFIED, -1),
        };
        // SAFETY: not null, and this function's contract.
        unsafe {
            addr_out.write(addr);
            ttl_out.write(ttl);
        }
        match connected {
            Ok(_) => 0,
            Err(_) => -1,
        }
    })
}

/// Reads a RESOLVED message: puts an `address_ttl_t` for each address and name in it
/// at the end of `addresses_out`; if there is none, the last error in it into
/// `errcode_out`, else 0.
///
/// Returns 0; or -1, nothing at the end and no error, if it is no such message.
///
/// # Safety
/// `msg` is null or valid, and so is its body for its length; `addresses_out` is null
/// or a list that nobody else uses during the call; `errcode_out` is null or valid
/// for writing.
#[no_mangle]
pub unsafe extern "C" fn resolved_cell_parse(
    msg: *const relay_msg_t,
    addresses_out: *mut smartlist_t,
    errcode_out: *mut c_int,
) -> c_int {
    export!(resolved_cell_parse, on panic => -1, {
        #[cfg(feature = "fault")]
        crate::fault::panic_point("resolved_cell_parse");
        // SAFETY: this function's contract.
        let body = unsafe { relay_msg_t::body_of(msg) };
        let (Some(body), false, false) = (body, addresses_out.is_null(), errcode_out.is_null())
        else {
            host::get().bug(c"resolved_cell_parse", c"msg && addresses_out && errcode_out");
            return -1;
        };
        let resolved = match body.len() {
            ..=RELAY_DATA_LEN => Resolved::parse(body).ok(),
            _ => None,
        };
        let error = resolved.and_then(|resolved| resolved.error());
        // SAFETY: not null, and this function's contract.
        unsafe { errcode_out.write(error.map_or(0, c_int::from)) };
        let Some(resolved) = resolved else {
            return -1;
        };
        for answer in resolved.answers() {
            // SAFETY: this function's contract.
            unsafe { add(host::get(), addresses_out, answer.found, answer.ttl) };
        }
        0
    })
}

/// The longest body that a relay message can have, in bytes.
const RELAY_DATA_LEN: usize = CELL_BODY_LEN - V0_HEADER_LEN;

/// Puts an answer at the end of `list`, if it finds something.
///
/// # Safety
/// `list` is valid, and nobody else uses it meanwhile.
unsafe fn add(host: Host, list: *mut smartlist_t, found: Found<'_>, ttl: u32) {
    let (addr, hostname) = match found {
        Found::Ipv4(ipv4) => (host.addr_from_ip(ipv4.into()), ptr::null_mut()),
        Found::Ipv6(ipv6) => (host.addr_from_ip(ipv6.into()), ptr::null_mut()),
        Found::Hostname(name) => (tor_addr_t::UNSPECIFIED, c_string(host, name)),
        Found::Nothing { .. } | Found::Unrecognized { .. } => return,
    };
    let element: *mut address_ttl_t = host.malloc(size_of::<address_ttl_t>()).cast();
    // SAFETY: the block is aligned for every type and has room for an element; the
    // list is this function's contract.
    unsafe {
        element.write(address_ttl_t {
            addr,
            hostname,
            // As C has it: what is longer than fits is negative.
            ttl: ttl as c_int,
        });
        host.smartlist_add(list, element);
    }
}

/// A copy of `name` that C frees, with a NUL behind it.
fn c_string(host: Host, name: &[u8]) -> *mut c_char {
    let copy: *mut u8 = host.malloc(name.len() + 1).cast();
    // SAFETY: the block has room for the name and one byte more.
    unsafe {
        copy.copy_from_nonoverlapping(name.as_ptr(), name.len());
        copy.add(name.len()).write(0);
    }
    copy.cast()
}
