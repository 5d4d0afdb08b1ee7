//! Cells on a link: those of a fixed length, and a link's bytes as they arrive.
//!
//! The bytes of an input for fixed-length cells: length of circuit IDs (even: 2),
//! command (1), circuit ID (4), then the body, or a cell that arrives.
//!
//! For a link: version of the protocol (1), sizes of the pieces in which its bytes
//! arrive (4, see [`Link::pieces`]), how many bytes are missing at its end (2, see
//! [`Link`]), then the cells (see [`cell`]).

use std::ffi::{c_char, c_int};
use std::hint::black_box;
use std::ptr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use arbitrary::{Result, Unstructured};
use ctor::cells::{buf_add, buf_datalen, buf_drain, buf_free_, buf_move_all, buf_new, buf_t};
use ffi::cell::cell_t;
use ffi::cells::framing::{packed_cell_t, var_cell_t, TORRS_PACKED_CELL_LEN};
use wire::cell::{CircIds, VarHeader, NARROW_CELL_LEN, WIDE_CELL_LEN, WIDE_VAR_HEADER_LEN};
use wire::CELL_BODY_LEN;

use super::byte;
use crate::laboratory::{About, Comparison, Side};
use crate::observed::Observed;

/// Calls the function of this name on a side.
macro_rules! call {
    ($side:expr, $name:ident($($argument:expr),* $(,)?)) => {
        match $side {
            Side::C => ctor::cells::$name($($argument),*),
            Side::Rust => ffi::cells::framing::$name($($argument),*),
        }
    };
}

// ---- Cells of a fixed length ------------------------------------------------

/// The comparison of fixed-length cells.
pub struct FixedCells;

/// A cell, and bytes that arrive.
#[derive(Debug)]
pub struct Fixed {
    wide: bool,
    command: u8,
    circ_id: u32,
    bytes: Box<[u8; TORRS_PACKED_CELL_LEN]>,
}

impl Comparison for FixedCells {
    type Input = Fixed;

    fn about(&self) -> &'static About {
        &About {
            name: "fixed-cell",
            component: "cells",
            cases: 40_000,
            longest: 520,
            reaches: &[("wide", 15_000), ("narrow", 15_000), ("too much", 5_000)],
            faults: &["stale-bytes"],
        }
    }

    fn input(&self, bytes: &mut Unstructured<'_>) -> Result<Fixed> {
        let wide = byte(bytes)? % 2 == 1;
        let command = byte(bytes)?;
        let circ_id = bytes.arbitrary()?;
        let mut cell = Box::new([0; TORRS_PACKED_CELL_LEN]);
        let given = bytes.bytes(bytes.len().min(cell.len()))?;
        cell[..given.len()].copy_from_slice(given);
        Ok(Fixed {
            wide,
            command,
            // Half of the short ones fit.
            circ_id: if command % 4 < 2 {
                circ_id
            } else {
                circ_id >> 16
            },
            bytes: cell,
        })
    }

    fn observe(&self, side: Side, input: &Fixed, seen: &mut Observed) {
        let mut payload = [0; CELL_BODY_LEN];
        payload.copy_from_slice(&input.bytes[..CELL_BODY_LEN]);
        let cell = cell_t {
            circ_id: input.circ_id,
            command: input.command,
            payload,
        };
        let packed = pack(side, &cell, input.wide);
        seen.note("packed", &packed.body[..]);
        seen.note("queued behind", packed.next as usize);
        seen.note("queued at", packed.inserted_timestamp);
        for arrived in [&*input.bytes, &packed.body] {
            let cell = unpack(side, arrived, input.wide);
            seen.note("circuit", cell.circ_id);
            seen.note("command", cell.command);
            seen.note("body", &cell.payload[..]);
        }
        seen.reach(if input.wide { "wide" } else { "narrow" });
        if !input.wide && input.circ_id > 0xffff {
            seen.reach("too much");
        }
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        // A CREATE2, a RELAY and a DESTROY cell, short and long.
        let seed = |wide, command| [&[wide, command, 1, 0, 0, 0x80], &[7; 509][..]].concat();
        [0, 1]
            .into_iter()
            .flat_map(|wide| [10, 3, 4].map(|command| seed(wide, command)))
            .collect()
    }
}

/// `cell_pack`.
pub type Pack = unsafe extern "C" fn(*mut packed_cell_t, *const cell_t, c_int);
/// `cell_unpack`.
pub type Unpack = unsafe extern "C" fn(*mut cell_t, *const c_char, c_int);

/// A side's two functions, called as C calls them: never inlined.
pub fn functions(side: Side) -> (Pack, Unpack) {
    black_box(match side {
        Side::C => (ctor::cells::cell_pack, ctor::cells::cell_unpack),
        Side::Rust => (
            ffi::cells::framing::cell_pack,
            ffi::cells::framing::cell_unpack,
        ),
    })
}

/// A cell as a side packs it, over a packed cell of marks.
pub fn pack(side: Side, cell: &cell_t, wide: bool) -> packed_cell_t {
    let mut packed = packed_cell_t {
        next: ptr::without_provenance_mut(0xa6a6),
        body: [0xa6; TORRS_PACKED_CELL_LEN],
        inserted_timestamp: 0xa6a6_a6a6,
    };
    // SAFETY: a cell, and room for one.
    unsafe { functions(side).0(&mut packed, cell, wide.into()) };
    packed
}

/// A cell as a side unpacks it.
pub fn unpack(side: Side, packed: &[u8; TORRS_PACKED_CELL_LEN], wide: bool) -> cell_t {
    let mut cell = cell_t {
        circ_id: 0xa6a6_a6a6,
        command: 0xa6,
        payload: [0xa6; CELL_BODY_LEN],
    };
    // SAFETY: as many bytes as the longest cell has, and room for one.
    unsafe { functions(side).1(&mut cell, packed.as_ptr().cast(), wide.into()) };
    cell
}

// ---- A link -----------------------------------------------------------------

/// The comparison of variable-length cells.
pub struct VarCells;

/// What arrives on a link.
#[derive(Debug)]
pub struct Link {
    /// The version of the protocol.
    pub protocol: c_int,
    /// The sizes of the pieces in which the bytes are in the buffer; again and again.
    pub pieces: Vec<usize>,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// The most cells of one input, the most bytes of all together, about, and the most
/// pieces in which they arrive.
const MOST_CELLS: usize = 8;
const MOST_PIECES: usize = 400;
const MOST_BYTES: usize = 1 << 17;

impl Comparison for VarCells {
    type Input = Link;

    fn about(&self) -> &'static About {
        &About {
            name: "var-cell",
            component: "cells",
            cases: 20_000,
            longest: 120,
            reaches: &[
                ("whole", 20_000),
                ("incomplete", 3_000),
                ("fixed length", 10_000),
                ("nothing yet", 1_000),
                ("longer than a piece", 4_000),
            ],
            faults: &["wrong-length"],
        }
    }

    fn input(&self, bytes: &mut Unstructured<'_>) -> Result<Link> {
        let protocol = match byte(bytes)? {
            few @ 0..32 => c_int::from(few) - 1,
            other => 3 + c_int::from(other) % 3,
        };
        let sizes = bytes.bytes(4)?;
        let missing = match byte(bytes)? {
            few @ 0..32 => usize::from(few),
            _ => 0,
        };
        let mut link = Vec::new();
        for _ in 0..MOST_CELLS {
            if bytes.is_empty() || link.len() > MOST_BYTES {
                break;
            }
            cell(protocol, bytes, &mut link)?;
        }
        link.truncate(link.len().saturating_sub(missing));
        // Not so many that it takes long.
        let least = 1 + link.len() / MOST_PIECES;
        let pieces = sizes
            .iter()
            .map(|&size| least + usize::from(size).pow(2) / 8)
            .collect();
        Ok(Link {
            protocol,
            pieces,
            bytes: link,
        })
    }

    fn observe(&self, side: Side, link: &Link, seen: &mut Observed) {
        let buffer = Buffer::new(link);
        loop {
            let (found, cell) = buffer.fetch(side, link.protocol);
            seen.note("fetch_var_cell_from_buf", found);
            seen.note("bytes left", buffer.len());
            match cell {
                Some(cell) => {
                    seen.reach("whole");
                    if cell.body().len() > link.pieces[0] {
                        seen.reach("longer than a piece");
                    }
                    note(&cell, seen);
                }
                None if found != 0 => {
                    seen.reach("incomplete");
                    return;
                }
                // As tor does, one of a fixed length.
                None if buffer.drain(fixed_len(link.protocol)) => seen.reach("fixed length"),
                None => {
                    seen.reach("nothing yet");
                    return;
                }
            }
        }
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        // VERSIONS, CERTS, AUTH_CHALLENGE, then a NETINFO cell, all at once and in
        // small pieces; a part of each.
        let handshake = |protocol, piece, missing| {
            let mut seed = vec![protocol, piece, piece, piece, piece, missing];
            for (command, length) in [(7, 6_u16), (129, 600), (130, 36)] {
                seed.extend([0, command, 0, 0, 0, 0, 0]);
                seed.extend(length.to_le_bytes());
                seed.push(1);
            }
            seed.extend([128, 8, 1, 2, 3, 4]);
            seed
        };
        let mut seeds = Vec::new();
        for protocol in [0, 1, 2, 3, 4, 33, 34, 35] {
            for (piece, missing) in [(255, 255), (2, 255), (20, 1), (0, 9)] {
                seeds.push(handshake(protocol, piece, missing));
            }
        }
        seeds
    }
}

/// Adds a cell to what a link brings: which kind (1), command (1), circuit ID (4) and
/// for a variable length, how that is chosen (1), what from (2), and what the body
/// begins with (1).
fn cell(protocol: c_int, bytes: &mut Unstructured<'_>, link: &mut Vec<u8>) -> Result<()> {
    let kind = byte(bytes)?;
    let command = match (kind, byte(bytes)?) {
        // Commands of variable-length cells, most of them.
        (0..96, command) if command != 7 => 128 | command,
        (_, command) => command,
    };
    let circ_id = bytes.arbitrary()?;
    let header = |length| {
        let header = VarHeader {
            circ_id,
            command,
            length,
        };
        match CircIds::of(protocol) {
            CircIds::Wide => header.wide().to_vec(),
            CircIds::Narrow => header.narrow().to_vec(),
        }
    };
    if kind >= 128 {
        let from = link.len();
        link.extend(header(0));
        link.resize(from + fixed_len(protocol), kind);
        return Ok(());
    }
    let choice = byte(bytes)?;
    let any: u16 = bytes.arbitrary()?;
    let length = match choice {
        0..192 => any % 700,
        192..240 => any % 8_000,
        240..=255 => any,
    };
    let first = byte(bytes)?;
    link.extend(header(length));
    // No byte is like its neighbours, so that each shows where it was.
    link.extend((0..length).map(|at| (at ^ at >> 8) as u8 ^ first));
    Ok(())
}

/// Length of a fixed-length cell, in bytes.
fn fixed_len(protocol: c_int) -> usize {
    match CircIds::of(protocol) {
        CircIds::Wide => WIDE_CELL_LEN,
        CircIds::Narrow => NARROW_CELL_LEN,
    }
}

/// Notes a cell, and what can be done with it.
fn note(cell: &VarCell, seen: &mut Observed) {
    note_fields(cell, seen);
    for wide in [false, true] {
        let (len, header) = cell.header(wide);
        seen.note("var_cell_pack_header", len);
        seen.note("header", &header[..]);
    }
    let copy = cell.copy();
    note_fields(&copy, seen);
    seen.note("the copy is another one", copy.cell != cell.cell);
    let fresh = VarCell::new(cell.side, cell.body().len() as u16);
    note_fields(&fresh, seen);
}

fn note_fields(cell: &VarCell, seen: &mut Observed) {
    // SAFETY: a cell, which is not written to here.
    unsafe {
        seen.note("command", (*cell.cell).command);
        seen.note("circuit", (*cell.cell).circ_id);
    }
    seen.note("body", cell.body());
}

/// A variable-length cell of a side.
pub struct VarCell {
    side: Side,
    cell: *mut var_cell_t,
}

impl VarCell {
    /// A new one.
    pub fn new(side: Side, length: u16) -> Self {
        let cell = match side {
            // SAFETY: takes any length.
            Side::C => unsafe { ctor::cells::var_cell_new(length) },
            Side::Rust => ffi::cells::framing::var_cell_new(length),
        };
        assert!(!cell.is_null());
        Self { side, cell }
    }

    /// A copy.
    pub fn copy(&self) -> Self {
        // SAFETY: a cell.
        let cell = unsafe { call!(self.side, var_cell_copy(self.cell)) };
        assert!(!cell.is_null());
        Self {
            side: self.side,
            cell,
        }
    }

    /// Its header's length, and the header with marks behind.
    pub fn header(&self, wide: bool) -> (c_int, [u8; WIDE_VAR_HEADER_LEN]) {
        let mut header = [0xa6; WIDE_VAR_HEADER_LEN];
        (self.write_header(wide, &mut header), header)
    }

    /// Writes its header; the length.
    pub fn write_header(&self, wide: bool, header: &mut [u8; WIDE_VAR_HEADER_LEN]) -> c_int {
        type PackHeader = unsafe extern "C" fn(*const var_cell_t, *mut c_char, c_int) -> c_int;
        let out = header.as_mut_ptr().cast();
        let pack_header: PackHeader = match self.side {
            Side::C => ctor::cells::var_cell_pack_header,
            Side::Rust => ffi::cells::framing::var_cell_pack_header,
        };
        // SAFETY: a cell, and room for the longest header.
        unsafe { black_box(pack_header)(self.cell, out, wide.into()) }
    }

    /// Its body.
    pub fn body(&self) -> &[u8] {
        // SAFETY: a cell, whose body has this length and is not written to while it
        // is borrowed.
        unsafe {
            let body = (&raw const (*self.cell).payload).cast();
            std::slice::from_raw_parts(body, (*self.cell).payload_len.into())
        }
    }
}

impl Drop for VarCell {
    fn drop(&mut self) {
        // SAFETY: this side's cell, freed once.
        unsafe { call!(self.side, var_cell_free_(self.cell)) };
    }
}

/// C Tor's buffer, with a link's bytes in it.
pub struct Buffer(*mut buf_t);

/// C Tor counts the bytes of all buffers together, without a lock, as there is one
/// thread in tor that has them: what changes a buffer is done alone.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Buffer {
    /// One in which the bytes are in pieces.
    pub fn new(link: &Link) -> Self {
        let _alone = alone();
        // SAFETY: makes a buffer.
        let buffer = Self(unsafe { buf_new() });
        let mut rest = &link.bytes[..];
        for &size in link.pieces.iter().cycle() {
            let (piece, after) = rest.split_at(size.min(rest.len()));
            if piece.is_empty() {
                break;
            }
            // SAFETY: two buffers, and bytes; the second one is freed once.
            unsafe {
                let next = buf_new();
                buf_add(next, piece.as_ptr().cast(), piece.len());
                buf_move_all(buffer.0, next);
                buf_free_(next);
            }
            rest = after;
        }
        buffer
    }

    /// Puts bytes behind the others.
    pub fn add(&self, bytes: &[u8]) {
        let _alone = alone();
        // SAFETY: a buffer, and bytes.
        unsafe { buf_add(self.0, bytes.as_ptr().cast(), bytes.len()) };
    }

    /// How many bytes are in it.
    pub fn len(&self) -> usize {
        // SAFETY: a buffer.
        unsafe { buf_datalen(self.0) }
    }

    /// Whether no byte is in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes bytes out of it, if there are so many.
    pub fn drain(&self, len: usize) -> bool {
        let can = self.len() >= len;
        if can {
            let _alone = alone();
            // SAFETY: a buffer, which has so many bytes.
            unsafe { buf_drain(self.0, len) };
        }
        can
    }

    /// The return code, and the cell that came out.
    pub fn fetch(&self, side: Side, protocol: c_int) -> (c_int, Option<VarCell>) {
        let mut cell = ptr::without_provenance_mut(0xa6a6);
        let fetch = match side {
            Side::C => ctor::cells::fetch_var_cell_from_buf,
            Side::Rust => ctor::cells::glue::fetch_var_cell_from_buf,
        };
        let _alone = alone();
        // SAFETY: a buffer, and room for a pointer.
        let found = unsafe { fetch(self.0, &mut cell, protocol) };
        let cell = (!cell.is_null()).then_some(VarCell { side, cell });
        (found, cell)
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let _alone = alone();
        // SAFETY: a buffer, freed once.
        unsafe { buf_free_(self.0) };
    }
}
