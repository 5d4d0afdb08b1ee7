//! C's names for cells on a link: what `connection_or.h` and `proto_cell.h` say of
//! them. `connection_or.c` reads and writes all cells through here, but those that
//! `relay.c` writes into the queues of circuits.

use crate::cell::cell_t;
use crate::host;
use core::ffi::{c_char, c_int};
use core::mem::offset_of;
use core::ptr;
use wire::cell::{
    front, CircIds, Front, NarrowCell, VarHeader, WideCell, NARROW_CELL_LEN, NARROW_VAR_HEADER_LEN,
    WIDE_CELL_LEN, WIDE_VAR_HEADER_LEN,
};
use wire::CELL_BODY_LEN;

/// tor's `packed_cell_t`: a fixed-length cell as the network gets it, in a queue.
#[repr(C)]
pub struct packed_cell_t {
    /// The next one in the queue.
    pub next: *mut packed_cell_t,
    /// The cell; where circuit IDs are short, two bytes more.
    pub body: [u8; TORRS_PACKED_CELL_LEN],
    /// When it was put into the queue.
    pub inserted_timestamp: u32,
}

/// Length of `packed_cell_t.body`, in bytes; before it is a pointer.
pub const TORRS_PACKED_CELL_LEN: usize = 514;
const _: () = {
    assert!(offset_of!(packed_cell_t, body) == size_of::<usize>());
    assert!(TORRS_PACKED_CELL_LEN == WIDE_CELL_LEN);
};

/// tor's `var_cell_t`: a variable-length cell. Its body comes behind it, so it may be
/// shorter than this type, and is never borrowed as one.
#[repr(C)]
pub struct var_cell_t {
    /// Cell command.
    pub command: u8,
    /// Circuit ID.
    pub circ_id: u32,
    /// Length of the body, in bytes.
    pub payload_len: u16,
    /// Where the body begins.
    pub payload: [u8; 0],
}

/// Offset of `var_cell_t.circ_id`, in bytes.
pub const TORRS_VAR_CELL_CIRC_ID: usize = 4;
/// Offset of `var_cell_t.payload_len`, in bytes.
pub const TORRS_VAR_CELL_LEN: usize = 8;
/// Offset of `var_cell_t.payload`, in bytes.
pub const TORRS_VAR_CELL_PAYLOAD: usize = 10;
const _: () = {
    assert!(offset_of!(var_cell_t, command) == 0);
    assert!(offset_of!(var_cell_t, circ_id) == TORRS_VAR_CELL_CIRC_ID);
    assert!(offset_of!(var_cell_t, payload_len) == TORRS_VAR_CELL_LEN);
    assert!(offset_of!(var_cell_t, payload) == TORRS_VAR_CELL_PAYLOAD);
};

/// The first link protocol with long circuit IDs.
pub const TORRS_FIRST_WIDE_LINK_PROTOCOL: c_int = 4;
const _: () = {
    assert!(matches!(
        CircIds::of(TORRS_FIRST_WIDE_LINK_PROTOCOL),
        CircIds::Wide
    ));
    assert!(matches!(
        CircIds::of(TORRS_FIRST_WIDE_LINK_PROTOCOL - 1),
        CircIds::Narrow
    ));
};

/// Writes a cell as the network gets it; where circuit IDs are short, the two bytes
/// behind it become zero. The queue's fields stay as they are.
///
/// # Safety
/// `dst` is valid for writing, `src` is valid; they do not overlap.
#[no_mangle]
pub unsafe extern "C" fn cell_pack(
    dst: *mut packed_cell_t,
    src: *const cell_t,
    wide_circ_ids: c_int,
) {
    // SAFETY: this function's contract.
    let body = unsafe { &raw mut (*dst).body };
    // A cell of zeros is padding, which the other end ignores.
    // SAFETY: this function's contract.
    let nothing = || unsafe { body.write([0; TORRS_PACKED_CELL_LEN]) };
    export!(cell_pack, on panic => nothing(), {
        #[cfg(feature = "fault")]
        crate::fault::panic_point("cell_pack");
        // SAFETY: this function's contract.
        let &cell_t { circ_id, command, ref payload } = unsafe { &*src };
        if wide_circ_ids != 0 {
            let cell = WideCell::new(circ_id, command, *payload);
            // SAFETY: the body is as long as such a cell.
            unsafe { body.cast::<WideCell>().write(cell) };
        } else {
            let cell = NarrowCell::new(circ_id, command, *payload);
            // SAFETY: the body is two bytes longer than such a cell.
            unsafe {
                body.cast::<NarrowCell>().write(cell);
                #[cfg(feature = "fault")]
                if crate::fault::stale_bytes() {
                    return;
                }
                body.cast::<[u8; 2]>().byte_add(NARROW_CELL_LEN).write([0; 2]);
            }
        }
    });
}

/// Reads a cell as it came from the network.
///
/// # Safety
/// `dest` is valid for writing; `src` for reading a cell with circuit IDs of that
/// length.
#[no_mangle]
pub unsafe extern "C" fn cell_unpack(dest: *mut cell_t, src: *const c_char, wide_circ_ids: c_int) {
    let padding = cell_t {
        circ_id: 0,
        command: 0,
        payload: [0; CELL_BODY_LEN],
    };
    // SAFETY: this function's contract.
    export!(cell_unpack, on panic => unsafe { dest.write(padding) }, {
        #[cfg(feature = "fault")]
        crate::fault::panic_point("cell_unpack");
        // SAFETY: this function's contract; a cell on a link needs no alignment.
        unsafe {
            dest.write(if wide_circ_ids != 0 {
                let cell = &*src.cast::<WideCell>();
                cell_t { circ_id: cell.circ_id(), command: cell.command, payload: cell.body }
            } else {
                let cell = &*src.cast::<NarrowCell>();
                cell_t { circ_id: cell.circ_id(), command: cell.command, payload: cell.body }
            });
        }
    });
}

/// Writes the header of a variable-length cell; its length, or 0 if there is none.
///
/// # Safety
/// `cell` is valid; `hdr_out` is valid for writing the header.
#[no_mangle]
pub unsafe extern "C" fn var_cell_pack_header(
    cell: *const var_cell_t,
    hdr_out: *mut c_char,
    wide_circ_ids: c_int,
) -> c_int {
    export!(var_cell_pack_header, on panic => 0, {
        // SAFETY: this function's contract; the cell is borrowed field by field.
        let header = unsafe { header_of(cell) };
        // SAFETY: this function's contract.
        unsafe {
            if wide_circ_ids != 0 {
                hdr_out.cast::<[u8; WIDE_VAR_HEADER_LEN]>().write(header.wide());
                WIDE_VAR_HEADER_LEN as c_int
            } else {
                hdr_out.cast::<[u8; NARROW_VAR_HEADER_LEN]>().write(header.narrow());
                NARROW_VAR_HEADER_LEN as c_int
            }
        }
    })
}

/// # Safety
/// `cell` is valid.
unsafe fn header_of(cell: *const var_cell_t) -> VarHeader {
    // SAFETY: this function's contract.
    unsafe {
        VarHeader {
            circ_id: (*cell).circ_id,
            command: (*cell).command,
            length: (*cell).payload_len,
        }
    }
}

/// A cell with this header, for C to free. What is in its body is left to chance.
fn begin(header: VarHeader) -> *mut var_cell_t {
    let size = TORRS_VAR_CELL_PAYLOAD + usize::from(header.length);
    let cell: *mut var_cell_t = host::get().malloc(size).cast();
    // SAFETY: the block is aligned for every type, has this size, which is that of
    // the fields and the body, and nobody else knows it.
    unsafe {
        cell.cast::<u8>().write_bytes(0, TORRS_VAR_CELL_PAYLOAD);
        (&raw mut (*cell).command).write(header.command);
        (&raw mut (*cell).circ_id).write(header.circ_id);
        (&raw mut (*cell).payload_len).write(header.length);
    }
    cell
}

/// A cell of zeros with so long a body.
#[no_mangle]
pub extern "C" fn var_cell_new(payload_len: u16) -> *mut var_cell_t {
    export!(var_cell_new, on panic => ptr::null_mut(), {
        let cell = begin(VarHeader { circ_id: 0, command: 0, length: payload_len });
        // SAFETY: it has so long a body, and nobody else knows it.
        unsafe { (&raw mut (*cell).payload).cast::<u8>().write_bytes(0, payload_len.into()) };
        cell
    })
}

/// A copy of a cell; null of null.
///
/// # Safety
/// `src` is null or valid, and so is its body for its length.
#[no_mangle]
pub unsafe extern "C" fn var_cell_copy(src: *const var_cell_t) -> *mut var_cell_t {
    export!(var_cell_copy, on panic => ptr::null_mut(), {
        if src.is_null() {
            return ptr::null_mut();
        }
        // SAFETY: not null, and this function's contract.
        let header = unsafe { header_of(src) };
        let copy = begin(header);
        // SAFETY: both have so long a body, and the copy is new.
        unsafe {
            ptr::copy_nonoverlapping(
                (&raw const (*src).payload).cast::<u8>(),
                (&raw mut (*copy).payload).cast::<u8>(),
                header.length.into(),
            );
        }
        copy
    })
}

/// Frees a cell, or nothing if it is null.
///
/// # Safety
/// `cell` is null or came from [`var_cell_new`], [`var_cell_copy`] or
/// [`torrs_var_cell_begin`], and is freed once.
#[no_mangle]
pub unsafe extern "C" fn var_cell_free_(cell: *mut var_cell_t) {
    export!(var_cell_free_, on panic => (), {
        // SAFETY: this function's contract.
        unsafe { host::get().free(cell.cast()) };
    });
}

/// Finds out what the unread bytes of a link begin with: there are `unread` of
/// them, and `first` has the first `first_len`, at least 7 or all.
///
/// Returns the length of the header if it is a variable-length cell, and 0 if it is
/// not or cannot be known yet; -1 if the link has to be given up. In `*out` is a new
/// cell, whose body has yet to be read, if all of it is there; else null.
///
/// # Safety
/// `first` is valid for `first_len` bytes, `out` for writing.
#[no_mangle]
pub unsafe extern "C" fn torrs_var_cell_begin(
    link_protocol: c_int,
    unread: usize,
    first: *const u8,
    first_len: usize,
    out: *mut *mut var_cell_t,
) -> c_int {
    export!(torrs_var_cell_begin, on panic => -1, {
        // SAFETY: this function's contract.
        unsafe { out.write(ptr::null_mut()) };
        #[cfg(feature = "fault")]
        crate::fault::panic_point("torrs_var_cell_begin");
        // SAFETY: this function's contract.
        let first = unsafe { core::slice::from_raw_parts(first, first_len) };
        let header_len = CircIds::of(link_protocol).var_header_len() as c_int;
        match front(link_protocol, unread, first) {
            Front::NotVarCell => 0,
            Front::Incomplete => header_len,
            Front::VarCell(header) => {
                #[cfg(feature = "fault")]
                let header = VarHeader {
                    length: header.length - u16::from(header.length > 0 && crate::fault::wrong_length()),
                    ..header
                };
                // SAFETY: this function's contract.
                unsafe { out.write(begin(header)) };
                header_len
            }
        }
    })
}
