//! C's names for cells that make a circuit's first hop: half of what `onion.h`
//! declares, the other half is [`super::extend`].

use crate::cell::cell_t;
use crate::host;
use core::ffi::{c_int, CStr};
use core::mem::offset_of;
use wire::create::{self, Create, Created, Origin, Refused};
use wire::create::{CREATE2, CREATED2, CREATED_FAST, CREATE_FAST, FAST, MAX_CREATE_LEN};
use wire::formats::ed25519_cert::Create2;
use wire::{CellBody, CELL_BODY_LEN};

/// tor's `create_cell_t`: a CREATE_FAST or CREATE2 cell.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct create_cell_t {
    /// Cell command.
    pub cell_type: u8,
    /// Handshake type.
    pub handshake_type: u16,
    /// Length of the client's message, in bytes.
    pub handshake_len: u16,
    /// The client's message, and zeros.
    pub onionskin: [u8; MAX_CREATE_LEN],
}

/// `sizeof(create_cell_t)`, in bytes.
pub const TORRS_CREATE_SIZE: usize = 512;
/// Offset of `create_cell_t.handshake_type`, in bytes.
pub const TORRS_CREATE_TYPE: usize = 2;
/// Offset of `create_cell_t.handshake_len`, in bytes.
pub const TORRS_CREATE_LEN: usize = 4;
/// Offset of `create_cell_t.onionskin`, in bytes.
pub const TORRS_CREATE_ONIONSKIN: usize = 6;
const _: () = {
    assert!(size_of::<create_cell_t>() == TORRS_CREATE_SIZE);
    assert!(offset_of!(create_cell_t, handshake_type) == TORRS_CREATE_TYPE);
    assert!(offset_of!(create_cell_t, handshake_len) == TORRS_CREATE_LEN);
    assert!(offset_of!(create_cell_t, onionskin) == TORRS_CREATE_ONIONSKIN);
};

/// tor's `created_cell_t`: a CREATED_FAST or CREATED2 cell, or all zero.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct created_cell_t {
    /// Cell command.
    pub cell_type: u8,
    /// Length of the relay's answer, in bytes.
    pub handshake_len: u16,
    /// The relay's answer, and zeros.
    pub reply: [u8; CELL_BODY_LEN - 2],
}

/// `sizeof(created_cell_t)`, in bytes.
pub const TORRS_CREATED_SIZE: usize = 512;
/// Offset of `created_cell_t.handshake_len`, in bytes.
pub const TORRS_CREATED_LEN: usize = 2;
/// Offset of `created_cell_t.reply`, in bytes.
pub const TORRS_CREATED_REPLY: usize = 4;
const _: () = {
    assert!(size_of::<created_cell_t>() == TORRS_CREATED_SIZE);
    assert!(offset_of!(created_cell_t, handshake_len) == TORRS_CREATED_LEN);
    assert!(offset_of!(created_cell_t, reply) == TORRS_CREATED_REPLY);
};

impl create_cell_t {
    /// Makes one of its parts in `out`, zeros where it has none. If the data do not
    /// fit, all of it is zero.
    ///
    /// # Safety
    /// `out` is valid for writing.
    #[inline]
    pub(super) unsafe fn put(
        out: *mut Self,
        cell_type: u8,
        handshake_type: u16,
        handshake_data: &[u8],
    ) {
        // SAFETY: this function's contract; all zero is a valid one.
        let out = unsafe {
            out.write_bytes(0, 1);
            &mut *out
        };
        if let Some(onionskin) = out.onionskin.get_mut(..handshake_data.len()) {
            onionskin.copy_from_slice(handshake_data);
            out.cell_type = cell_type;
            out.handshake_type = handshake_type;
            // It is shorter than a cell.
            out.handshake_len = handshake_data.len() as u16;
        }
    }

    /// The client's message; nothing if it is longer than can be.
    fn message(&self) -> Option<&[u8]> {
        self.onionskin.get(..self.handshake_len.into())
    }

    /// The CREATE2 in it, if that is what it is.
    pub(super) fn create2(&self) -> Option<Create2<'_>> {
        let handshake_data = self.message()?;
        (self.cell_type == CREATE2).then_some(Create2 {
            handshake_type: self.handshake_type,
            handshake_data,
        })
    }
}

impl created_cell_t {
    /// Makes one of its parts in `out`, zeros where it has none. If the answer does
    /// not fit, all of it is zero.
    ///
    /// # Safety
    /// `out` is valid for writing.
    #[inline]
    pub(super) unsafe fn put(out: *mut Self, cell_type: u8, answer: &[u8]) {
        // SAFETY: this function's contract; all zero is a valid one.
        let out = unsafe {
            out.write_bytes(0, 1);
            &mut *out
        };
        if let Some(reply) = out.reply.get_mut(..answer.len()) {
            reply.copy_from_slice(answer);
            out.cell_type = cell_type;
            // It is shorter than a cell.
            out.handshake_len = answer.len() as u16;
        }
    }

    /// The relay's answer; nothing if it is longer than can be.
    pub(super) fn answer(&self) -> Option<&[u8]> {
        self.reply.get(..self.handshake_len.into())
    }
}

/// Makes a cell of its parts; an empty one and a BUG line if they are too many.
///
/// # Safety
/// `cell_out` is null or valid for writing, `onionskin` is valid for
/// `handshake_len` bytes.
#[no_mangle]
pub unsafe extern "C" fn create_cell_init(
    cell_out: *mut create_cell_t,
    cell_type: u8,
    handshake_type: u16,
    handshake_len: u16,
    onionskin: *const u8,
) {
    export!(create_cell_init, on panic => (), {
        // SAFETY: this function's contract.
        let data = unsafe { bytes(onionskin, handshake_len.into()) };
        let (Some(data), false) = (data, cell_out.is_null()) else {
            host::get().bug(c"create_cell_init", c"cell_out && onionskin");
            return;
        };
        if data.len() > MAX_CREATE_LEN {
            host::get().bug(c"create_cell_init", c"handshake_len <= MAX_CREATE_LEN");
        }
        // SAFETY: not null, and this function's contract.
        unsafe { create_cell_t::put(cell_out, cell_type, handshake_type, data) };
    });
}

/// Reads what a CREATE_FAST or CREATE2 cell asks for.
///
/// Returns 0; or -1 if it is another cell, or nobody here can answer it.
///
/// # Safety
/// `cell_in` is null or valid; `cell_out` is null or valid for writing.
#[no_mangle]
pub unsafe extern "C" fn create_cell_parse(
    cell_out: *mut create_cell_t,
    cell_in: *const cell_t,
) -> c_int {
    export!(create_cell_parse, on panic => -1, {
        #[cfg(feature = "fault")]
        crate::fault::panic_point("create_cell_parse");
        // SAFETY: this function's contract.
        let (Some(cell), false) = (unsafe { cell_in.as_ref() }, cell_out.is_null()) else {
            return bug(c"create_cell_parse", c"cell_out && cell_in");
        };
        let (handshake_type, data) = match Create::parse(cell.command, &cell.payload) {
            Ok(Create::Fast(message)) => (FAST, &message[..]),
            Ok(Create::Create2(Create2 {
                handshake_type,
                handshake_data,
            })) => (handshake_type, handshake_data),
            Err(why) => return refused(why),
        };
        #[cfg(feature = "fault")]
        let data = shortened(data);
        // SAFETY: not null, and this function's contract.
        unsafe { create_cell_t::put(cell_out, cell.command, handshake_type, data) };
        0
    })
}

/// Makes a cell of ours; its circuit ID is left alone.
///
/// Returns 0; or -1 and nothing in the cell if it is obsolete, or nobody would
/// answer it.
///
/// # Safety
/// `cell_in` is null or valid; `cell_out` is null or valid for writing.
#[no_mangle]
pub unsafe extern "C" fn create_cell_format(
    cell_out: *mut cell_t,
    cell_in: *const create_cell_t,
) -> c_int {
    export!(create_cell_format, on panic => -1, {
        #[cfg(feature = "fault")]
        crate::fault::panic_point("create_cell_format");
        // SAFETY: this function's contract.
        unsafe { format(cell_out, cell_in, Origin::Here) }
    })
}

/// [`create_cell_format`] for a client, who may know handshakes that we do not.
///
/// # Safety
/// As there.
#[no_mangle]
pub unsafe extern "C" fn create_cell_format_relayed(
    cell_out: *mut cell_t,
    cell_in: *const create_cell_t,
) -> c_int {
    export!(create_cell_format_relayed, on panic => -1, {
        #[cfg(feature = "fault")]
        crate::fault::panic_point("create_cell_format_relayed");
        // SAFETY: this function's contract.
        unsafe { format(cell_out, cell_in, Origin::Client) }
    })
}

/// # Safety
/// That of [`create_cell_format`].
unsafe fn format(cell_out: *mut cell_t, cell_in: *const create_cell_t, origin: Origin) -> c_int {
    const FUNCTION: &CStr = c"create_cell_format_impl";
    // SAFETY: this function's contract.
    let (Some(cell), false) = (unsafe { cell_in.as_ref() }, cell_out.is_null()) else {
        return bug(FUNCTION, c"cell_out && cell_in");
    };
    let create = match (cell.cell_type, cell.message()) {
        (CREATE_FAST, Some(message)) if cell.handshake_type == FAST => {
            message.try_into().ok().map(Create::Fast)
        }
        (CREATE2, Some(_)) => cell.create2().map(Create::Create2),
        (CREATE2, None) => {
            let len = usize::from(cell.handshake_len);
            return match create::check(cell.handshake_type, len, origin) {
                Err(why) if why != Refused::Length => refused(why),
                _ => bug(FUNCTION, c"cell_in->handshake_len <= MAX_CREATE_LEN"),
            };
        }
        _ => None,
    };
    let Some(create) = create else {
        return refused(Refused::Command);
    };
    if let Err(why) = create.check(origin) {
        return refused(why);
    }
    // SAFETY: not null, and this function's contract.
    let body = unsafe { begin_cell(cell_out, cell.cell_type) };
    create.encode(body).map_or_else(refused, |()| 0)
}

/// Reads the answer in a CREATED_FAST or CREATED2 cell.
///
/// Returns 0, also for a cell that is none of CREATED, CREATED_FAST and CREATED2,
/// whose answer is all zero; or -1 if it is CREATED, or the answer is too long.
///
/// # Safety
/// `cell_in` is null or valid; `cell_out` is null or valid for writing.
#[no_mangle]
pub unsafe extern "C" fn created_cell_parse(
    cell_out: *mut created_cell_t,
    cell_in: *const cell_t,
) -> c_int {
    export!(created_cell_parse, on panic => -1, {
        #[cfg(feature = "fault")]
        crate::fault::panic_point("created_cell_parse");
        // SAFETY: this function's contract.
        let (Some(cell), false) = (unsafe { cell_in.as_ref() }, cell_out.is_null()) else {
            return bug(c"created_cell_parse", c"cell_out && cell_in");
        };
        let (cell_type, answer) = match Created::parse(cell.command, &cell.payload) {
            Ok(Some(Created::Fast(answer))) => (CREATED_FAST, &answer[..]),
            Ok(Some(Created::Created2(answer))) => (CREATED2, answer),
            Ok(None) => (0, &[][..]),
            Err(why) => return refused(why),
        };
        #[cfg(feature = "fault")]
        let answer = shortened(answer);
        // SAFETY: not null, and this function's contract.
        unsafe { created_cell_t::put(cell_out, cell_type, answer) };
        0
    })
}

/// Makes a cell of an answer; its circuit ID is left alone.
///
/// Returns 0; or -1 and nothing in the cell if it is obsolete, or the answer is too
/// long.
///
/// # Safety
/// `cell_in` is null or valid; `cell_out` is null or valid for writing.
#[no_mangle]
pub unsafe extern "C" fn created_cell_format(
    cell_out: *mut cell_t,
    cell_in: *const created_cell_t,
) -> c_int {
    export!(created_cell_format, on panic => -1, {
        #[cfg(feature = "fault")]
        crate::fault::panic_point("created_cell_format");
        // SAFETY: this function's contract.
        let (Some(cell), false) = (unsafe { cell_in.as_ref() }, cell_out.is_null()) else {
            return bug(c"created_cell_format", c"cell_out && cell_in");
        };
        let created = match (cell.cell_type, cell.answer()) {
            (CREATED_FAST, Some(answer)) => answer.try_into().ok().map(Created::Fast),
            (CREATED2, Some(answer)) => Some(Created::Created2(answer)),
            _ => None,
        };
        let Some(created) = created else {
            return refused(Refused::Command);
        };
        if let Err(why) = created.check() {
            return refused(why);
        }
        // SAFETY: not null, and this function's contract.
        let body = unsafe { begin_cell(cell_out, cell.cell_type) };
        created.encode(body).map_or_else(refused, |()| 0)
    })
}

/// Gives a cell this command, and a body that is all zero.
///
/// # Safety
/// `cell` is valid for writing, and used by nobody else as long as the body is.
unsafe fn begin_cell<'a>(cell: *mut cell_t, command: u8) -> &'a mut CellBody {
    // SAFETY: this function's contract.
    unsafe {
        (&raw mut (*cell).command).write(command);
        let body = &raw mut (*cell).payload;
        body.write_bytes(0, 1);
        &mut *body
    }
}

/// `len` bytes of C's; nothing if they should be there and are not.
///
/// # Safety
/// `bytes` is null or valid for `len` bytes, for as long as the answer is used.
pub(super) unsafe fn bytes<'a>(bytes: *const u8, len: usize) -> Option<&'a [u8]> {
    match (bytes.is_null(), len) {
        (_, 0) => Some(&[]),
        (true, _) => None,
        // SAFETY: not null, and this function's contract.
        (false, _) => Some(unsafe { core::slice::from_raw_parts(bytes, len) }),
    }
}

/// What C says of a cell that is refused, whatever the reason.
#[cold]
pub(super) fn refused(_why: Refused) -> c_int {
    #[cfg(feature = "fault")]
    if crate::fault::wrong_status() {
        return 0;
    }
    -1
}

/// Reports what C does not survive.
#[cold]
#[track_caller]
pub(super) fn bug(function: &CStr, expression: &CStr) -> c_int {
    host::get().bug(function, expression);
    -1
}

/// A message without its last byte, if that is today's fault.
#[cfg(feature = "fault")]
pub(super) fn shortened(message: &[u8]) -> &[u8] {
    match message {
        [shorter @ .., _] if crate::fault::wrong_length() => shorter,
        _ => message,
    }
}
