//! C's names for messages of onion services: what `hs_cell.h` declares, and what
//! `hs_cell.c` and `hs_intropoint.c` need to read and build the others (rend-spec,
//! "Introduction protocol" and "The rendezvous protocol").
//!
//! The circuits, keys, MACs and signatures are C's; the glue that brings both
//! together is `c-glue/hs_cell.h` and `c-glue/hs_intropoint.h`.

use crate::host::{self, TORRS_LD_REND, TORRS_LOG_INFO};
use core::ffi::{c_int, CStr};
use core::mem::offset_of;
use core::{ptr, slice};
use wire::format::{Error, Format, List, Reader};
use wire::formats::ed25519_cert::{LinkSpecifier, Specifier};
use wire::formats::establish_intro::{DosExtension, DosParam, EstablishIntro};
use wire::formats::extension::ExtensionField;
use wire::formats::introduce::{Introduce1, PowExtension};
use wire::hs_cell::{self, Introduction, IntroductionRate, Unusable, COOKIE_LEN, MAC_LEN, SIG_LEN};
use wire::relay_msg::V0_HEADER_LEN;
use wire::CELL_BODY_LEN;
use zeroize::Zeroizing;

/// The body of an export, which a test can make panic.
macro_rules! message {
    ($name:ident, on panic => $fallback:expr, $body:block) => {
        export!($name, on panic => $fallback, {
            #[cfg(feature = "fault")]
            $crate::fault::panic_point(stringify!($name));
            $body
        })
    };
}

/// tor's `hs_pow_solution_t`: what a client has worked out.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hs_pow_solution_t {
    /// What the client has chosen.
    pub nonce: [u8; 16],
    /// How much it has worked.
    pub effort: u32,
    /// The beginning of the service's seed.
    pub seed_head: [u8; 4],
    /// The solution of the puzzle.
    pub equix_solution: [u8; 16],
}

/// `sizeof(hs_pow_solution_t)`, in bytes.
pub const TORRS_POW_SOLUTION_SIZE: usize = 40;
/// Offset of `hs_pow_solution_t.effort`, in bytes.
pub const TORRS_POW_SOLUTION_EFFORT: usize = 16;
/// Offset of `hs_pow_solution_t.seed_head`, in bytes.
pub const TORRS_POW_SOLUTION_SEED: usize = 20;
/// Offset of `hs_pow_solution_t.equix_solution`, in bytes.
pub const TORRS_POW_SOLUTION_EQUIX: usize = 24;
const _: () = {
    assert!(size_of::<hs_pow_solution_t>() == TORRS_POW_SOLUTION_SIZE);
    assert!(offset_of!(hs_pow_solution_t, effort) == TORRS_POW_SOLUTION_EFFORT);
    assert!(offset_of!(hs_pow_solution_t, seed_head) == TORRS_POW_SOLUTION_SEED);
    assert!(offset_of!(hs_pow_solution_t, equix_solution) == TORRS_POW_SOLUTION_EQUIX);
};

/// Bytes of a message that was read, which they live as long as.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct torrs_bytes_t {
    /// Where they begin; not null.
    pub at: *const u8,
    /// How many they are.
    pub len: usize,
}

impl From<&[u8]> for torrs_bytes_t {
    fn from(bytes: &[u8]) -> Self {
        torrs_bytes_t {
            at: bytes.as_ptr(),
            len: bytes.len(),
        }
    }
}

/// A list in a message that was read. What takes its values one after the other
/// shortens it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct torrs_list_t {
    /// The values.
    pub bytes: torrs_bytes_t,
    /// How many they are.
    pub count: usize,
}

impl<'a, T: Format<'a>> From<List<'a, T>> for torrs_list_t {
    fn from(list: List<'a, T>) -> Self {
        torrs_list_t {
            bytes: list.bytes().into(),
            count: list.len(),
        }
    }
}

/// An extension.
#[repr(C)]
pub struct torrs_extension_t {
    /// What it is.
    pub ext_type: u8,
    /// What it says; at most 255 bytes.
    pub body: torrs_bytes_t,
}

/// A link specifier.
#[repr(C)]
pub struct torrs_link_specifier_t {
    /// What it is.
    pub ls_type: u8,
    /// Length of what it says, in bytes.
    pub ls_len: u8,
    /// The port, of an address.
    pub port: u16,
    /// The IPv4 address.
    pub ipv4: u32,
    /// The IPv6 address or the identity; or all that an unknown one says.
    pub body: torrs_bytes_t,
}

/// An ESTABLISH_INTRO that was read.
#[repr(C)]
pub struct torrs_establish_intro_t {
    /// Type of the key.
    pub auth_key_type: u8,
    /// The key.
    pub auth_key: torrs_bytes_t,
    /// [`torrs_extension_t`]s.
    pub extensions: torrs_list_t,
    /// Length of what the MAC is of, in bytes.
    pub mac_fields_len: usize,
    /// The MAC.
    pub handshake_mac: torrs_bytes_t,
    /// Length of what the signature is of, in bytes.
    pub sig_fields_len: usize,
    /// The signature.
    pub sig: torrs_bytes_t,
}

/// An INTRODUCE1 or INTRODUCE2 that was read.
#[repr(C)]
pub struct torrs_introduce1_t {
    /// All zero, if it is not of version 2.
    pub legacy_key_id: torrs_bytes_t,
    /// Type of the key.
    pub auth_key_type: u8,
    /// The introduction point's key.
    pub auth_key: torrs_bytes_t,
    /// [`torrs_extension_t`]s.
    pub extensions: torrs_list_t,
    /// What only the service can read.
    pub encrypted: torrs_bytes_t,
}

/// The inner part of an INTRODUCE2 that was read.
#[repr(C)]
pub struct torrs_introduction_t {
    /// The rendezvous cookie.
    pub rend_cookie: torrs_bytes_t,
    /// The rendezvous point's onion key.
    pub onion_key: torrs_bytes_t,
    /// [`torrs_link_specifier_t`]s of the rendezvous point.
    pub specifiers: torrs_list_t,
    /// [`torrs_extension_t`]s.
    pub extensions: torrs_list_t,
}

/// Why there is no introduction in the inner part of an INTRODUCE2: it does not
/// have the format.
pub const TORRS_INTRODUCTION_INVALID: c_int = -1;
/// Its onion key has another length than 32.
pub const TORRS_INTRODUCTION_KEY_LEN: c_int = -2;

/// What is to be in an INTRODUCE1.
#[repr(C)]
pub struct torrs_introduce1_plan_t {
    /// The introduction point's key.
    pub auth_key: *const [u8; 32],
    /// X of hs-ntor.
    pub client_key: *const [u8; 32],
    /// The rendezvous cookie.
    pub rend_cookie: *const [u8; 20],
    /// The rendezvous point's onion key.
    pub onion_key: *const [u8; 32],
    /// Link specifiers of the rendezvous point, encoded.
    pub specifiers: torrs_bytes_t,
    /// How many they are.
    pub specifier_count: u8,
    /// Whether the client wants congestion control.
    pub congestion_control: bool,
    /// What the client has worked out, or null.
    pub pow: *const hs_pow_solution_t,
}

/// How often an introduction point may pass a client on.
#[repr(C)]
pub struct torrs_intro_rate_t {
    /// In a second.
    pub per_second: u64,
    /// At once.
    pub burst: u64,
}

/// Where the encrypted part of an INTRODUCE1 that was built begins, in bytes.
pub const TORRS_INTRODUCE1_ENCRYPTED: usize = 56;
/// Where what has to be encrypted begins; a MAC's room is behind it.
pub const TORRS_INTRODUCE1_INNER: usize = 88;
/// Room for an ESTABLISH_INTRO's MAC, the length of its signature, and the
/// signature; they end it.
pub const TORRS_ESTABLISH_INTRO_MAC: usize = 98;
/// The same without the MAC.
pub const TORRS_ESTABLISH_INTRO_SIG: usize = 66;
const _: () = {
    assert!(TORRS_INTRODUCE1_ENCRYPTED == hs_cell::ENCRYPTED_AT);
    assert!(TORRS_INTRODUCE1_INNER == hs_cell::INNER_AT);
    assert!(TORRS_ESTABLISH_INTRO_SIG == 2 + SIG_LEN);
    assert!(TORRS_ESTABLISH_INTRO_MAC == MAC_LEN + TORRS_ESTABLISH_INTRO_SIG);
};

/// Room for a message that is built, in bytes: C's `RELAY_PAYLOAD_SIZE_MAX`.
const ROOM: usize = CELL_BODY_LEN - V0_HEADER_LEN;

/// C's return code for a message that cannot be read or built.
fn code_of(error: Error) -> isize {
    match error {
        Error::Invalid => -1,
        Error::Truncated => -2,
    }
}

/// The bytes that C hands in; nothing, and a bug, if it should but does not.
///
/// # Safety
/// `at` is null or valid for `len` bytes as long as the answer is used.
#[track_caller]
unsafe fn given<'a>(at: *const u8, len: usize, function: &CStr) -> Option<&'a [u8]> {
    if at.is_null() {
        host::get().bug(function, c"payload");
        return None;
    }
    // SAFETY: not null, and this function's contract.
    Some(unsafe { slice::from_raw_parts(at, len) })
}

/// A message as if it had arrived without its last byte, if a test asks for it.
fn arrived(payload: &[u8]) -> &[u8] {
    #[cfg(feature = "fault")]
    if let ([shorter @ .., _], true) = (payload, crate::fault::wrong_length()) {
        return shorter;
    }
    payload
}

/// Whether an INTRO_ESTABLISHED is one.
///
/// Returns its length, in bytes; or a negative number.
///
/// # Safety
/// `payload` is null or valid for `payload_len` bytes.
#[no_mangle]
pub unsafe extern "C" fn hs_cell_parse_intro_established(
    payload: *const u8,
    payload_len: usize,
) -> isize {
    message!(hs_cell_parse_intro_established, on panic => -1, {
        // SAFETY: this function's contract.
        let payload = unsafe { given(payload, payload_len, c"hs_cell_parse_intro_established") };
        let Some(payload) = payload else { return -1 };
        match hs_cell::read_intro_established(arrived(payload)) {
            // It is shorter than a cell.
            Ok(len) => len as isize,
            Err(error) => code_of(error),
        }
    })
}

/// The status in an INTRODUCE_ACK; or -1 if it is none.
///
/// # Safety
/// `payload` is null or valid for `payload_len` bytes.
#[no_mangle]
pub unsafe extern "C" fn hs_cell_parse_introduce_ack(
    payload: *const u8,
    payload_len: usize,
) -> c_int {
    message!(hs_cell_parse_introduce_ack, on panic => -1, {
        let function = c"hs_cell_parse_introduce_ack";
        // SAFETY: this function's contract.
        let Some(payload) = (unsafe { given(payload, payload_len, function) }) else {
            return -1;
        };
        match hs_cell::read_introduce_ack(arrived(payload)) {
            Ok(status) => status.into(),
            Err(_) => {
                let text = "Invalid INTRODUCE_ACK cell. Unable to parse it.";
                host::get().log(TORRS_LOG_INFO, TORRS_LD_REND, function, text);
                -1
            }
        }
    })
}

/// What the service says in a RENDEZVOUS2.
///
/// Returns 0; or -1, and `handshake_info` is as it was.
///
/// # Safety
/// `payload` is null or valid for `payload_len` bytes; `handshake_info` is null or
/// valid for writing `handshake_info_len` bytes.
#[no_mangle]
pub unsafe extern "C" fn hs_cell_parse_rendezvous2(
    payload: *const u8,
    payload_len: usize,
    handshake_info: *mut u8,
    handshake_info_len: usize,
) -> c_int {
    message!(hs_cell_parse_rendezvous2, on panic => -1, {
        let function = c"hs_cell_parse_rendezvous2";
        // SAFETY: this function's contract.
        let Some(payload) = (unsafe { given(payload, payload_len, function) }) else {
            return -1;
        };
        let Ok(info) = hs_cell::read_rendezvous2(arrived(payload)) else {
            let text = "Invalid RENDEZVOUS2 cell. Unable to parse it.";
            host::get().log(TORRS_LOG_INFO, TORRS_LD_REND, function, text);
            return -1;
        };
        if handshake_info.is_null() || handshake_info_len != info.len() {
            host::get().bug(function, c"handshake_info has the length of HANDSHAKE_INFO");
            return -1;
        }
        // SAFETY: not null, and this function's contract.
        unsafe { ptr::copy_nonoverlapping(info.as_ptr(), handshake_info, info.len()) };
        0
    })
}

/// Builds an ESTABLISH_RENDEZVOUS: the rendezvous cookie.
///
/// Returns its length, in bytes; or 0, which is no message, since C expects none
/// that is negative.
///
/// # Safety
/// `rendezvous_cookie` is null or valid for 20 bytes, `cell_out` null or valid for
/// writing as many.
#[no_mangle]
pub unsafe extern "C" fn hs_cell_build_establish_rendezvous(
    rendezvous_cookie: *const u8,
    cell_out: *mut u8,
) -> isize {
    message!(hs_cell_build_establish_rendezvous, on panic => 0, {
        if rendezvous_cookie.is_null() || cell_out.is_null() {
            host::get().bug(
                c"hs_cell_build_establish_rendezvous",
                c"rendezvous_cookie && cell_out",
            );
            return 0;
        }
        // SAFETY: not null, and this function's contract; where they overlap, too.
        unsafe { ptr::copy(rendezvous_cookie, cell_out, COOKIE_LEN) };
        COOKIE_LEN as isize
    })
}

/// Builds a RENDEZVOUS1.
///
/// Returns its length, in bytes; or 0, which is no message, since C expects none
/// that is negative.
///
/// # Safety
/// The cookie and the handshake's bytes are null or valid for the lengths beside
/// them; `cell_out` is null or valid for writing 498 bytes.
#[no_mangle]
pub unsafe extern "C" fn hs_cell_build_rendezvous1(
    rendezvous_cookie: *const u8,
    rendezvous_cookie_len: usize,
    rendezvous_handshake_info: *const u8,
    rendezvous_handshake_info_len: usize,
    cell_out: *mut u8,
) -> isize {
    message!(hs_cell_build_rendezvous1, on panic => 0, {
        let function = c"hs_cell_build_rendezvous1";
        // SAFETY: this function's contract.
        let (cookie, info) = unsafe {
            (
                given(rendezvous_cookie, rendezvous_cookie_len, function),
                given(rendezvous_handshake_info, rendezvous_handshake_info_len, function),
            )
        };
        let (Some(cookie), Some(info), false) = (cookie, info, cell_out.is_null()) else {
            return 0;
        };
        let mut whole = Zeroizing::new([0; COOKIE_LEN]);
        let Some(begin) = whole.get_mut(..cookie.len()) else {
            host::get().bug(function, c"rendezvous_cookie_len <= REND_COOKIE_LEN");
            return 0;
        };
        begin.copy_from_slice(cookie);
        // SAFETY: not null, and this function's contract.
        let out = unsafe { slice::from_raw_parts_mut(cell_out, ROOM) };
        match hs_cell::write_rendezvous1(&whole, info, out) {
            Ok(len) => len as isize,
            Err(_) => {
                host::get().bug(function, c"cell_len > 0");
                0
            }
        }
    })
}

/// Reads an ESTABLISH_INTRO.
///
/// Returns its length, in bytes; -1 if it is invalid; -2 if it is truncated.
///
/// # Safety
/// `payload` is null or valid for `payload_len` bytes, and stays so as long as
/// `out` is used; `out` is valid for writing.
#[no_mangle]
pub unsafe extern "C" fn torrs_establish_intro_read(
    payload: *const u8,
    payload_len: usize,
    out: *mut torrs_establish_intro_t,
) -> isize {
    message!(torrs_establish_intro_read, on panic => -1, {
        // SAFETY: this function's contract.
        let payload = unsafe { given(payload, payload_len, c"torrs_establish_intro_read") };
        let Some(payload) = payload else { return -1 };
        match EstablishIntro::parse(arrived(payload)) {
            Ok((message, len)) => {
                let read = torrs_establish_intro_t {
                    auth_key_type: message.auth_key_type,
                    auth_key: message.auth_key.into(),
                    extensions: message.extensions.fields.into(),
                    mac_fields_len: message.end_mac_fields,
                    handshake_mac: message.handshake_mac[..].into(),
                    sig_fields_len: message.end_sig_fields,
                    sig: message.sig.into(),
                };
                // SAFETY: this function's contract.
                unsafe { out.write(read) };
                len as isize
            }
            Err(error) => code_of(error),
        }
    })
}

/// Reads an INTRODUCE1 or INTRODUCE2.
///
/// Returns its length, in bytes; -1 if it is invalid; -2 if it is truncated.
///
/// # Safety
/// `payload` is null or valid for `payload_len` bytes, and stays so as long as
/// `out` is used; `out` is valid for writing.
#[no_mangle]
pub unsafe extern "C" fn torrs_introduce1_read(
    payload: *const u8,
    payload_len: usize,
    out: *mut torrs_introduce1_t,
) -> isize {
    message!(torrs_introduce1_read, on panic => -1, {
        // SAFETY: this function's contract.
        let payload = unsafe { given(payload, payload_len, c"torrs_introduce1_read") };
        let Some(payload) = payload else { return -1 };
        match Introduce1::parse(arrived(payload)) {
            Ok((message, len)) => {
                let read = torrs_introduce1_t {
                    legacy_key_id: message.legacy_key_id[..].into(),
                    auth_key_type: message.auth_key_type,
                    auth_key: message.auth_key.into(),
                    extensions: message.extensions.fields.into(),
                    encrypted: message.encrypted.into(),
                };
                // SAFETY: this function's contract.
                unsafe { out.write(read) };
                len as isize
            }
            Err(error) => code_of(error),
        }
    })
}

/// Reads the inner part of an INTRODUCE2, decrypted.
///
/// Returns 0; or [`TORRS_INTRODUCTION_INVALID`]; or [`TORRS_INTRODUCTION_KEY_LEN`],
/// and the length of the key is in `out`.
///
/// # Safety
/// `decrypted` is null or valid for `decrypted_len` bytes, and stays so as long as
/// `out` is used; `out` is valid for writing.
#[no_mangle]
pub unsafe extern "C" fn torrs_introduction_read(
    decrypted: *const u8,
    decrypted_len: usize,
    out: *mut torrs_introduction_t,
) -> c_int {
    message!(torrs_introduction_read, on panic => TORRS_INTRODUCTION_INVALID, {
        // SAFETY: this function's contract.
        let decrypted = unsafe { given(decrypted, decrypted_len, c"torrs_introduction_read") };
        let Some(decrypted) = decrypted else {
            return TORRS_INTRODUCTION_INVALID;
        };
        match Introduction::read(decrypted) {
            Ok(introduction) => {
                let read = torrs_introduction_t {
                    rend_cookie: introduction.rend_cookie[..].into(),
                    onion_key: introduction.onion_key[..].into(),
                    specifiers: introduction.specifiers.into(),
                    extensions: introduction.extensions.into(),
                };
                // SAFETY: this function's contract.
                unsafe { out.write(read) };
                0
            }
            Err(Unusable::Format(_)) => TORRS_INTRODUCTION_INVALID,
            Err(Unusable::OnionKeyLen(len)) => {
                // SAFETY: this function's contract.
                unsafe { (&raw mut (*out).onion_key.len).write(len) };
                TORRS_INTRODUCTION_KEY_LEN
            }
        }
    })
}

/// Takes the first value out of a list.
///
/// # Safety
/// `list` is valid and was read as a list of `T`, or is null; what it was read from
/// is valid as long as the answer is used.
unsafe fn next<'a, T: Format<'a>>(list: *mut torrs_list_t) -> Option<T> {
    // SAFETY: this function's contract.
    let list = unsafe { list.as_mut() }?;
    let count = list.count.checked_sub(1)?;
    // SAFETY: the bytes of a list are those of a slice, or what is left of them.
    let bytes = unsafe { slice::from_raw_parts(list.bytes.at, list.bytes.len) };
    let mut reader = Reader::new(bytes);
    let value = T::read(&mut reader).ok()?;
    list.bytes = reader.rest().into();
    list.count = count;
    Some(value)
}

/// Takes the first of a list of extensions out of it.
///
/// Returns whether there was one.
///
/// # Safety
/// `extensions` is null, or was given out here as such a list, and what it was read
/// from is still valid; `out` is valid for writing.
#[no_mangle]
pub unsafe extern "C" fn torrs_extension_next(
    extensions: *mut torrs_list_t,
    out: *mut torrs_extension_t,
) -> bool {
    message!(torrs_extension_next, on panic => false, {
        // SAFETY: this function's contract.
        let Some(extension) = (unsafe { next::<ExtensionField<'_>>(extensions) }) else {
            return false;
        };
        let read = torrs_extension_t {
            ext_type: extension.field_type,
            body: extension.body.into(),
        };
        // SAFETY: this function's contract.
        unsafe { out.write(read) };
        true
    })
}

/// Takes the first of a list of link specifiers out of it.
///
/// Returns whether there was one.
///
/// # Safety
/// `specifiers` is null, or was given out here as such a list, and what it was read
/// from is still valid; `out` is valid for writing.
#[no_mangle]
pub unsafe extern "C" fn torrs_link_specifier_next(
    specifiers: *mut torrs_list_t,
    out: *mut torrs_link_specifier_t,
) -> bool {
    message!(torrs_link_specifier_next, on panic => false, {
        // SAFETY: this function's contract.
        let Some(LinkSpecifier { specifier }) = (unsafe { next(specifiers) }) else {
            return false;
        };
        let (ipv4, port, body): (_, _, &[u8]) = match specifier {
            Specifier::Ipv4 { addr, port } => (addr, port, &[]),
            Specifier::Ipv6 { addr, port } => (0, port, addr),
            Specifier::LegacyId { id } => (0, 0, id),
            Specifier::Ed25519Id { id } => (0, 0, id),
            Specifier::Unrecognized { bytes, .. } => (0, 0, bytes),
        };
        let read = torrs_link_specifier_t {
            ls_type: specifier.tag(),
            // It was read from one byte.
            ls_len: specifier.body_len() as u8,
            port,
            ipv4,
            body: body.into(),
        };
        // SAFETY: this function's contract.
        unsafe { out.write(read) };
        true
    })
}

/// Reads a proof of work, which is the body of an extension.
///
/// Returns 0; or -1 if it is none.
///
/// # Safety
/// `body` is null or valid for `body_len` bytes; `out` is valid for writing.
#[no_mangle]
pub unsafe extern "C" fn torrs_pow_read(
    body: *const u8,
    body_len: usize,
    out: *mut hs_pow_solution_t,
) -> c_int {
    message!(torrs_pow_read, on panic => -1, {
        // SAFETY: this function's contract.
        let Some(body) = (unsafe { given(body, body_len, c"torrs_pow_read") }) else {
            return -1;
        };
        let Ok((pow, _)) = PowExtension::parse(body) else {
            return -1;
        };
        let read = hs_pow_solution_t {
            nonce: *pow.pow_nonce,
            effort: pow.pow_effort,
            seed_head: *pow.pow_seed,
            equix_solution: *pow.pow_solution,
        };
        // SAFETY: this function's contract.
        unsafe { out.write(read) };
        0
    })
}

/// Reads the parameters of ESTABLISH_INTRO's DoS extension.
///
/// Returns the length, in bytes; -1 if they are invalid; -2 if they are truncated.
///
/// # Safety
/// `body` is null or valid for `body_len` bytes, and stays so as long as
/// `params_out` is used; `params_out` is valid for writing.
#[no_mangle]
pub unsafe extern "C" fn torrs_dos_read(
    body: *const u8,
    body_len: usize,
    params_out: *mut torrs_list_t,
) -> isize {
    message!(torrs_dos_read, on panic => -1, {
        // SAFETY: this function's contract.
        let Some(body) = (unsafe { given(body, body_len, c"torrs_dos_read") }) else {
            return -1;
        };
        match DosExtension::parse(body) {
            Ok((DosExtension { params }, len)) => {
                // SAFETY: this function's contract.
                unsafe { params_out.write(params.into()) };
                len as isize
            }
            Err(error) => code_of(error),
        }
    })
}

/// Takes the first of a list of such parameters out of it.
///
/// Returns whether there was one.
///
/// # Safety
/// `params` is null, or came from [`torrs_dos_read`], and what it was read from is
/// still valid; the others are valid for writing.
#[no_mangle]
pub unsafe extern "C" fn torrs_dos_param_next(
    params: *mut torrs_list_t,
    type_out: *mut u8,
    value_out: *mut u64,
) -> bool {
    message!(torrs_dos_param_next, on panic => false, {
        // SAFETY: this function's contract.
        let Some(DosParam { param_type, value }) = (unsafe { next(params) }) else {
            return false;
        };
        // SAFETY: this function's contract.
        unsafe {
            type_out.write(param_type);
            value_out.write(value);
        }
        true
    })
}

/// Builds an ESTABLISH_INTRO, but for the MAC and the signature: see
/// [`TORRS_ESTABLISH_INTRO_MAC`].
///
/// Returns its length, in bytes; or a negative number.
///
/// # Safety
/// `auth_key` is null or valid for 32 bytes; `rate` is null, which is none, or
/// valid; `cell_out` is null or valid for writing 498 bytes.
#[no_mangle]
pub unsafe extern "C" fn torrs_establish_intro_build(
    auth_key: *const u8,
    rate: *const torrs_intro_rate_t,
    cell_out: *mut u8,
) -> isize {
    message!(torrs_establish_intro_build, on panic => -1, {
        // SAFETY: this function's contract.
        let (auth_key, rate) = unsafe { (auth_key.cast::<[u8; 32]>().as_ref(), rate.as_ref()) };
        let (Some(auth_key), false) = (auth_key, cell_out.is_null()) else {
            host::get().bug(c"torrs_establish_intro_build", c"auth_key && cell_out");
            return -1;
        };
        // SAFETY: not null, and this function's contract.
        let out = unsafe { slice::from_raw_parts_mut(cell_out, ROOM) };
        let rate = rate.map(|rate| IntroductionRate {
            per_second: rate.per_second,
            burst: rate.burst,
        });
        match hs_cell::write_establish_intro(auth_key, rate, out) {
            Ok(len) => len as isize,
            Err(error) => code_of(error),
        }
    })
}

/// Builds an INTRODUCE1, but for the encryption and the MAC: see
/// [`TORRS_INTRODUCE1_INNER`].
///
/// Returns its length, in bytes; or a negative number.
///
/// # Safety
/// `plan` is valid, and so is all that it points to; `cell_out` is null or valid
/// for writing 498 bytes.
#[no_mangle]
pub unsafe extern "C" fn torrs_introduce1_build(
    plan: *const torrs_introduce1_plan_t,
    cell_out: *mut u8,
) -> isize {
    message!(torrs_introduce1_build, on panic => -1, {
        let built = || {
            // SAFETY: this function's contract.
            let plan = unsafe { plan.as_ref() }?;
            // SAFETY: this function's contract.
            let (specifiers, pow) = unsafe {
                let bytes = plan.specifiers;
                (given(bytes.at, bytes.len, c"torrs_introduce1_build")?, plan.pow.as_ref())
            };
            // SAFETY: this function's contract.
            let message = unsafe {
                hs_cell::Introduce1 {
                    auth_key: plan.auth_key.as_ref()?,
                    client_key: plan.client_key.as_ref()?,
                    rend_cookie: plan.rend_cookie.as_ref()?,
                    onion_key: plan.onion_key.as_ref()?,
                    specifiers: arrived(specifiers),
                    specifier_count: plan.specifier_count,
                    congestion_control: plan.congestion_control,
                    pow: pow.map(|pow| PowExtension {
                        pow_nonce: &pow.nonce,
                        pow_effort: pow.effort,
                        pow_seed: &pow.seed_head,
                        pow_solution: &pow.equix_solution,
                    }),
                }
            };
            if cell_out.is_null() {
                return None;
            }
            // SAFETY: not null, and this function's contract.
            let out = unsafe { slice::from_raw_parts_mut(cell_out, ROOM) };
            Some(message.write(out))
        };
        match built() {
            Some(Ok(len)) => len as isize,
            Some(Err(error)) => code_of(error),
            None => {
                host::get().bug(c"torrs_introduce1_build", c"plan && cell_out");
                -1
            }
        }
    })
}
