//! tor's `cell_t`, which several components work on.

/// tor's `cell_t`: a fixed-length cell, unpacked.
#[repr(C)]
pub struct cell_t {
    /// Circuit ID.
    pub circ_id: u32,
    /// Cell command.
    pub command: u8,
    /// Cell body.
    pub payload: [u8; 509],
}

/// `sizeof(cell_t)`, in bytes.
pub const TORRS_CELL_SIZE: usize = 516;
/// Offset of `cell_t.command`, in bytes.
pub const TORRS_CELL_COMMAND: usize = 4;
/// Offset of `cell_t.payload`, in bytes.
pub const TORRS_CELL_PAYLOAD: usize = 5;
const _: () = assert!(size_of::<cell_t>() == TORRS_CELL_SIZE);
const _: () = assert!(core::mem::offset_of!(cell_t, command) == TORRS_CELL_COMMAND);
const _: () = assert!(core::mem::offset_of!(cell_t, payload) == TORRS_CELL_PAYLOAD);
