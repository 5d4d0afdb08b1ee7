//! C's names for messages that make a circuit longer: half of what `onion.h`
//! declares, the other half is [`super::create`]. Glue calls those that begin with
//! `torrs_` for C's: one is mockable, one depends on tor's options.
//!
//! What is in a `tor_addr_t` only tor knows.

use super::create::{bug, bytes, create_cell_t, created_cell_t, refused};
use crate::host::{self, tor_addr_t};
use core::ffi::{c_int, CStr};
use core::mem::offset_of;
use core::net::{SocketAddrV4, SocketAddrV6};
use wire::create::{Refused, CREATE2, CREATED2};
use wire::extend::{self, Extend, EXTEND2, EXTENDED2};
use wire::RELAY_DATA_LEN;

/// tor's `tor_addr_port_t`: an address and a port.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tor_addr_port_t {
    /// The address.
    pub addr: tor_addr_t,
    /// The port.
    pub port: u16,
}

/// `sizeof(tor_addr_port_t)`, in bytes.
pub const TORRS_ADDR_PORT_SIZE: usize = 24;
/// Offset of `tor_addr_port_t.port`, in bytes.
pub const TORRS_ADDR_PORT_PORT: usize = 20;
const _: () = {
    assert!(size_of::<tor_addr_port_t>() == TORRS_ADDR_PORT_SIZE);
    assert!(offset_of!(tor_addr_port_t, port) == TORRS_ADDR_PORT_PORT);
};

/// tor's `extend_cell_t`: an EXTEND2 message.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct extend_cell_t {
    /// Relay command.
    pub cell_type: u8,
    /// Where the relay is, or unspecified.
    pub orport_ipv4: tor_addr_port_t,
    /// Where else it is, or unspecified.
    pub orport_ipv6: tor_addr_port_t,
    /// Its RSA identity.
    pub node_id: [u8; 20],
    /// Its Ed25519 identity, or all zero: `ed25519_public_key_t`.
    pub ed_pubkey: [u8; 32],
    /// What is to be sent to it.
    pub create_cell: create_cell_t,
}

/// `sizeof(extend_cell_t)`, in bytes.
pub const TORRS_EXTEND_SIZE: usize = 616;
/// Offset of `extend_cell_t.orport_ipv4`, in bytes.
pub const TORRS_EXTEND_IPV4: usize = 4;
/// Offset of `extend_cell_t.orport_ipv6`, in bytes.
pub const TORRS_EXTEND_IPV6: usize = 28;
/// Offset of `extend_cell_t.node_id`, in bytes.
pub const TORRS_EXTEND_RSA_ID: usize = 52;
/// Offset of `extend_cell_t.ed_pubkey`, in bytes.
pub const TORRS_EXTEND_ED25519_ID: usize = 72;
/// Offset of `extend_cell_t.create_cell`, in bytes.
pub const TORRS_EXTEND_CREATE: usize = 104;
const _: () = {
    assert!(size_of::<extend_cell_t>() == TORRS_EXTEND_SIZE);
    assert!(offset_of!(extend_cell_t, orport_ipv4) == TORRS_EXTEND_IPV4);
    assert!(offset_of!(extend_cell_t, orport_ipv6) == TORRS_EXTEND_IPV6);
    assert!(offset_of!(extend_cell_t, node_id) == TORRS_EXTEND_RSA_ID);
    assert!(offset_of!(extend_cell_t, ed_pubkey) == TORRS_EXTEND_ED25519_ID);
    assert!(offset_of!(extend_cell_t, create_cell) == TORRS_EXTEND_CREATE);
};

/// tor's `extended_cell_t`: an EXTENDED2 message.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct extended_cell_t {
    /// Relay command.
    pub cell_type: u8,
    /// The answer in it.
    pub created_cell: created_cell_t,
}

/// `sizeof(extended_cell_t)`, in bytes.
pub const TORRS_EXTENDED_SIZE: usize = 514;
/// Offset of `extended_cell_t.created_cell`, in bytes.
pub const TORRS_EXTENDED_CREATED: usize = 2;
const _: () = {
    assert!(size_of::<extended_cell_t>() == TORRS_EXTENDED_SIZE);
    assert!(offset_of!(extended_cell_t, created_cell) == TORRS_EXTENDED_CREATED);
};

/// Reads an EXTEND2 message: `extend_cell_parse()`.
///
/// Returns 0; or -1 if it is another message, or does not say what is needed.
///
/// # Safety
/// `payload` is null or valid for `payload_length` bytes; `cell_out` is null or
/// valid for writing.
#[no_mangle]
pub unsafe extern "C" fn torrs_extend_cell_parse(
    cell_out: *mut extend_cell_t,
    command: u8,
    payload: *const u8,
    payload_length: usize,
) -> c_int {
    export!(torrs_extend_cell_parse, on panic => -1, {
        #[cfg(feature = "fault")]
        crate::fault::panic_point("torrs_extend_cell_parse");
        // SAFETY: this function's contract.
        let data = unsafe { bytes(payload, payload_length) };
        let (Some(data), false) = (data, cell_out.is_null()) else {
            return bug(c"extend_cell_parse", c"cell_out && payload");
        };
        let extend = match Extend::parse(command, data) {
            Ok(extend) => extend,
            Err(why) => return refused(why),
        };
        let host = host::get();
        let handshake_data = extend.create2.handshake_data;
        #[cfg(feature = "fault")]
        let handshake_data = super::create::shortened(handshake_data);
        // SAFETY: not null, and this function's contract; all zero is a valid one,
        // whose addresses are unspecified.
        let cell = unsafe {
            cell_out.write_bytes(0, 1);
            let handshake_type = extend.create2.handshake_type;
            let create_cell = &raw mut (*cell_out).create_cell;
            create_cell_t::put(create_cell, CREATE2, handshake_type, handshake_data);
            &mut *cell_out
        };
        cell.cell_type = EXTEND2;
        if let Some(at) = extend.ipv4 {
            host.addr_from_ipv4(&mut cell.orport_ipv4.addr, *at.ip());
            cell.orport_ipv4.port = at.port();
        }
        if let Some(at) = extend.ipv6 {
            host.addr_from_ipv6(&mut cell.orport_ipv6.addr, *at.ip());
            cell.orport_ipv6.port = at.port();
        }
        cell.node_id = *extend.rsa_id;
        if let Some(id) = extend.ed25519_id {
            cell.ed_pubkey = *id;
        }
        0
    })
}

/// Makes an EXTEND2 message, `extend_cell_format()`: `*command_out`, and `*len_out`
/// bytes of data, zeros behind them. The message names the relay's Ed25519
/// identity, too, if it is there and `by_ed25519_id` says so.
///
/// Returns 0; or -1, and writes nothing, if the message is obsolete, does not say
/// what is needed, or is too long.
///
/// # Safety
/// `cell_in` is null or valid; the others are null or valid for writing,
/// `payload_out` 498 bytes.
#[no_mangle]
pub unsafe extern "C" fn torrs_extend_cell_format(
    command_out: *mut u8,
    len_out: *mut u16,
    payload_out: *mut u8,
    cell_in: *const extend_cell_t,
    by_ed25519_id: extern "C" fn() -> bool,
) -> c_int {
    export!(torrs_extend_cell_format, on panic => -1, {
        #[cfg(feature = "fault")]
        crate::fault::panic_point("torrs_extend_cell_format");
        // SAFETY: this function's contract.
        let Some(cell) = (unsafe { cell_in.as_ref() }) else {
            return bug(c"extend_cell_format", c"cell_in");
        };
        let out = Out { command_out, len_out, payload_out };
        let mut data = [0; RELAY_DATA_LEN];
        match to_be_sent(cell, by_ed25519_id).and_then(|extend| extend.encode(&mut data)) {
            // SAFETY: this function's contract.
            Ok(len) => unsafe { out.put(c"extend_cell_format", EXTEND2, &data, len) },
            Err(why) => refused(why),
        }
    })
}

/// What an EXTEND2 message is to say.
///
/// Asks tor in C's order and as often: it reports an address family that it does
/// not know each time.
fn to_be_sent(
    cell: &extend_cell_t,
    by_ed25519_id: extern "C" fn() -> bool,
) -> Result<Extend<'_>, Refused> {
    let host = host::get();
    let (ipv4, ipv6) = (&cell.orport_ipv4, &cell.orport_ipv6);
    let is_valid = |at: &tor_addr_port_t| host.addr_is_valid(&at.addr) && at.port != 0;
    let is_extend2 = cell.cell_type == EXTEND2;

    extend::check_relay(&cell.node_id)?;
    let has_address = is_valid(ipv4) || is_extend2 && is_valid(ipv6);
    if !has_address {
        return Err(Refused::Address);
    }
    let create2 = cell.create_cell.create2().filter(|_| is_extend2);
    let create2 = create2.ok_or(Refused::Command)?;
    extend::check_create(&create2)?;
    Ok(Extend {
        ipv4: is_valid(ipv4).then(|| SocketAddrV4::new(host.addr_to_ipv4(&ipv4.addr), ipv4.port)),
        rsa_id: &cell.node_id,
        ed25519_id: by_ed25519_id().then_some(&cell.ed_pubkey),
        ipv6: is_valid(ipv6)
            .then(|| SocketAddrV6::new(host.addr_to_ipv6(&ipv6.addr), ipv6.port, 0, 0)),
        create2,
    })
}

/// Reads an EXTENDED2 message.
///
/// Returns 0; or -1 if it is another message, or the answer in it is not there or
/// too long.
///
/// # Safety
/// `payload` is null or valid for `payload_len` bytes; `cell_out` is null or valid
/// for writing.
#[no_mangle]
pub unsafe extern "C" fn extended_cell_parse(
    cell_out: *mut extended_cell_t,
    command: u8,
    payload: *const u8,
    payload_len: usize,
) -> c_int {
    export!(extended_cell_parse, on panic => -1, {
        #[cfg(feature = "fault")]
        crate::fault::panic_point("extended_cell_parse");
        // SAFETY: this function's contract.
        let data = unsafe { bytes(payload, payload_len) };
        let (Some(data), false) = (data, cell_out.is_null()) else {
            return bug(c"extended_cell_parse", c"cell_out && payload");
        };
        let answer = match extend::parse_extended(command, data) {
            Ok(answer) => answer,
            Err(why) => return refused(why),
        };
        #[cfg(feature = "fault")]
        let answer = super::create::shortened(answer);
        // SAFETY: not null, and this function's contract.
        unsafe {
            (&raw mut (*cell_out).cell_type).write(EXTENDED2);
            created_cell_t::put(&raw mut (*cell_out).created_cell, CREATED2, answer);
        }
        0
    })
}

/// Makes an EXTENDED2 message: `*command_out`, and `*len_out` bytes of data, zeros
/// behind them.
///
/// Returns 0; or -1, and writes nothing, if the message is obsolete, or the answer
/// too long.
///
/// # Safety
/// As [`torrs_extend_cell_format`].
#[no_mangle]
pub unsafe extern "C" fn extended_cell_format(
    command_out: *mut u8,
    len_out: *mut u16,
    payload_out: *mut u8,
    cell_in: *const extended_cell_t,
) -> c_int {
    export!(extended_cell_format, on panic => -1, {
        #[cfg(feature = "fault")]
        crate::fault::panic_point("extended_cell_format");
        // SAFETY: this function's contract.
        let Some(cell) = (unsafe { cell_in.as_ref() }) else {
            return bug(c"extended_cell_format", c"cell_in");
        };
        let answer = match (cell.cell_type, cell.created_cell.cell_type) {
            (EXTENDED2, CREATED2) => cell.created_cell.answer(),
            _ => None,
        };
        let Some(answer) = answer else {
            return refused(Refused::Command);
        };
        let out = Out { command_out, len_out, payload_out };
        let mut data = [0; RELAY_DATA_LEN];
        match extend::encode_extended(answer, &mut data) {
            // SAFETY: this function's contract.
            Ok(len) => unsafe { out.put(c"extended_cell_format", EXTENDED2, &data, len) },
            Err(why) => refused(why),
        }
    })
}

/// Where a message goes.
struct Out {
    command_out: *mut u8,
    len_out: *mut u16,
    payload_out: *mut u8,
}

impl Out {
    /// Puts a message there, unless there is no place.
    ///
    /// # Safety
    /// Each pointer is null or valid for writing, the data's 498 bytes.
    unsafe fn put(
        self,
        function: &CStr,
        command: u8,
        data: &[u8; RELAY_DATA_LEN],
        len: usize,
    ) -> c_int {
        if self.command_out.is_null() || self.len_out.is_null() || self.payload_out.is_null() {
            return bug(function, c"command_out && len_out && payload_out");
        }
        // SAFETY: not null, and this function's contract.
        unsafe {
            self.command_out.write(command);
            // It is shorter than a cell.
            self.len_out.write(len as u16);
            self.payload_out.cast::<[u8; RELAY_DATA_LEN]>().write(*data);
        }
        0
    }
}
