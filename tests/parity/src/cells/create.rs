//! CREATE_FAST, CREATE2 and their answers: cells that arrive, cells that are sent.
//!
//! The bytes of an input: what is done (below 160: a cell is read, else one is
//! written), its command (see [`command_of`]), for [`CreateCells`] the handshake
//! type (see [`handshake_of`]), the length of the handshake data (see
//! [`length_of`]), flags of a cell that is written, the data.

use std::fmt;

use arbitrary::{Result, Unstructured};
use ffi::cell::cell_t;
use ffi::cells::create::{create_cell_t, created_cell_t};
use wire::create::{CREATE2, CREATED2, CREATED_FAST, CREATE_FAST, MAX_CREATE_LEN, MAX_REPLY_LEN};
use wire::{CellBody, CELL_BODY_LEN};

use super::{byte, painted, PAINT};
use crate::laboratory::{About, Comparison, Side};
use crate::observed::Observed;

/// Calls the function of this name on a side.
macro_rules! call {
    ($side:expr, $name:ident($($argument:expr),* $(,)?)) => {
        match $side {
            Side::C => ctor::cells::$name($($argument),*),
            Side::Rust => ffi::cells::create::$name($($argument),*),
        }
    };
}

/// The comparison of cells that begin a handshake.
pub struct CreateCells;

/// The comparison of cells that answer.
pub struct CreatedCells;

/// One cell.
pub enum Case<Sent> {
    /// It arrives: its command and body.
    Read(u8, Box<CellBody>),
    /// It is sent.
    Write(Sent),
}

/// What is sent: the fields of C's structure.
pub struct Sent {
    cell_type: u8,
    handshake_type: u16,
    data: Vec<u8>,
    /// A length that the data do not have.
    lie: Option<u16>,
    relayed: bool,
}

/// What is sent: the fields of C's structure.
pub struct Answer {
    cell_type: u8,
    handshake_len: u16,
    data: Vec<u8>,
}

impl<Sent: fmt::Debug> fmt::Debug for Case<Sent> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Case::Read(command, body) => write!(f, "cell {command}: {body:02x?}"),
            Case::Write(sent) => sent.fmt(f),
        }
    }
}

impl fmt::Debug for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "cell {} to be written, handshake {}, relayed {}, {} bytes, said {:?}",
            self.cell_type,
            self.handshake_type,
            self.relayed,
            self.data.len(),
            self.lie
        )
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (command, len) = (self.cell_type, self.handshake_len);
        write!(f, "cell {command} to be written, {len} bytes")
    }
}

const CREATES: About = About {
    name: "create",
    component: "cells",
    cases: 60_000,
    longest: 560,
    reaches: &[
        ("read", 12_000),
        ("refused", 10_000),
        ("written", 8_000),
        ("unfit", 5_000),
        ("passed on", 800),
    ],
    faults: &["wrong-length", "wrong-status"],
};

const CREATEDS: About = About {
    name: "created",
    component: "cells",
    cases: 40_000,
    longest: 560,
    reaches: &[
        ("read", 12_000),
        ("refused", 2_000),
        ("another cell", 1_500),
        ("written", 5_000),
        ("unfit", 3_000),
    ],
    faults: &["wrong-length", "wrong-status"],
};

impl Comparison for CreateCells {
    type Input = Case<Sent>;

    fn about(&self) -> &'static About {
        &CREATES
    }

    fn input(&self, bytes: &mut Unstructured<'_>) -> Result<Case<Sent>> {
        let is_read = byte(bytes)? < 160;
        let command = command_of(bytes, [CREATE2, CREATE_FAST])?;
        let handshake_type = handshake_of(bytes)?;
        let length = length_of(bytes, handshake_type, MAX_CREATE_LEN)?;
        if is_read {
            let [t0, t1] = handshake_type.to_be_bytes();
            let [l0, l1] = length.to_be_bytes();
            let body = body_of(bytes, &[t0, t1, l0, l1])?;
            return Ok(Case::Read(command, body));
        }
        let relayed = byte(bytes)? & 1 == 1;
        let given = usize::from(length);
        // Not what C does not survive (DIFFERENCES.md, create-too-long).
        let lie = (given > MAX_CREATE_LEN && handshake_type < 3).then_some(length);
        Ok(Case::Write(Sent {
            cell_type: command,
            handshake_type,
            data: data_of(bytes, given.min(MAX_CREATE_LEN))?,
            lie,
            relayed,
        }))
    }

    fn observe(&self, side: Side, case: &Case<Sent>, seen: &mut Observed) {
        match case {
            Case::Read(command, body) => {
                let mut create = painted();
                let status = parse(side, &cell_of(*command, body), &mut create);
                seen.note("create_cell_parse", status);
                if status != 0 {
                    // What is left differs (DIFFERENCES.md, circuit-cell-refused).
                    seen.reach("refused");
                    return;
                }
                seen.reach("read");
                note(&create, seen);
                write(side, &create, true, seen);
            }
            Case::Write(sent) => {
                let mut create = init(side, sent.cell_type, sent.handshake_type, &sent.data);
                note(&create, seen);
                if let Some(lie) = sent.lie {
                    create.handshake_len = lie;
                }
                let status = write(side, &create, sent.relayed, seen);
                seen.reach(if status == 0 { "written" } else { "unfit" });
                if status == 0 && sent.handshake_type > 3 {
                    seen.reach("passed on");
                }
            }
        }
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        // CREATE_FAST, ntor, ntor v3 with congestion control, as they arrive and as
        // they are sent; an unknown handshake, relayed.
        let data: Vec<u8> = (0..200).collect();
        let mut seeds = Vec::new();
        for what in [0, 160] {
            for (command, handshake, length) in [(160, 200, 0), (0, 0, 0), (0, 96, 0)] {
                let mut seed = vec![what, command, handshake, 0, 0, length, 101, 0];
                seed.extend(&data);
                seeds.push(seed);
            }
        }
        seeds.push([&[160, 0, 240, 5, 1, 225, 9, 0, 1], &data[..]].concat());
        seeds
    }
}

impl Comparison for CreatedCells {
    type Input = Case<Answer>;

    fn about(&self) -> &'static About {
        &CREATEDS
    }

    fn input(&self, bytes: &mut Unstructured<'_>) -> Result<Case<Answer>> {
        let is_read = byte(bytes)? < 160;
        let command = command_of(bytes, [CREATED2, CREATED_FAST])?;
        let length = length_of(bytes, 3, MAX_REPLY_LEN)?;
        if is_read {
            let body = body_of(bytes, &length.to_be_bytes())?;
            return Ok(Case::Read(command, body));
        }
        let is_fast = command == CREATED_FAST && byte(bytes)? < 192;
        Ok(Case::Write(Answer {
            cell_type: command,
            handshake_len: if is_fast { 40 } else { length },
            data: data_of(bytes, CELL_BODY_LEN - 2)?,
        }))
    }

    fn observe(&self, side: Side, case: &Case<Answer>, seen: &mut Observed) {
        match case {
            Case::Read(command, body) => {
                let mut created = painted();
                let status = parse_created(side, &cell_of(*command, body), &mut created);
                seen.note("created_cell_parse", status);
                if status != 0 {
                    // What is left differs (DIFFERENCES.md, circuit-cell-refused).
                    seen.reach("refused");
                    return;
                }
                let none = created.cell_type == 0;
                seen.reach(if none { "another cell" } else { "read" });
                note_created(&created, seen);
                write_created(side, &created, seen);
            }
            Case::Write(answer) => {
                let mut created: created_cell_t = painted();
                created.cell_type = answer.cell_type;
                created.handshake_len = answer.handshake_len;
                created.reply.copy_from_slice(&answer.data);
                let status = write_created(side, &created, seen);
                seen.reach(if status == 0 { "written" } else { "unfit" });
            }
        }
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        // CREATED_FAST, CREATED2 of ntor, the longest, and one that is too long.
        let data: Vec<u8> = (0..200).collect();
        let mut seeds = Vec::new();
        for what in [0, 160] {
            for (command, choice, length) in
                [(160, 0, 40_u16), (0, 0, 64), (0, 230, 496), (0, 230, 507)]
            {
                let mut seed = vec![what, command, 0, choice];
                seed.extend(length.to_le_bytes());
                seed.extend(&data);
                seeds.push(seed);
            }
        }
        seeds
    }
}

/// A cell's command, mostly the first of these. Takes two bytes.
fn command_of(bytes: &mut Unstructured<'_>, [new, fast]: [u8; 2]) -> Result<u8> {
    let choice = byte(bytes)?;
    let any = byte(bytes)?;
    Ok(match choice {
        0..144 => new,
        144..208 => fast,
        208..240 => any % 16,
        240..=255 => any,
    })
}

/// A handshake type, mostly ntor or ntor v3. Takes two bytes.
pub(super) fn handshake_of(bytes: &mut Unstructured<'_>) -> Result<u16> {
    let choice = byte(bytes)?;
    let any = byte(bytes)?;
    Ok(match choice {
        0..80 => 2,
        80..160 => 3,
        160..176 => 0,
        176..208 => 1,
        208..=255 => u16::from(any) * 16,
    })
}

/// A length of handshake data, mostly that of the handshake or any that fits, else
/// one at an edge. Takes three bytes.
pub(super) fn length_of(
    bytes: &mut Unstructured<'_>,
    handshake_type: u16,
    most: usize,
) -> Result<u16> {
    let choice = byte(bytes)?;
    let any: u16 = bytes.arbitrary()?;
    let right = match handshake_type {
        1 => 20,
        2 => 84,
        _ => any % (most as u16 + 1),
    };
    let near = any % 16;
    Ok(match choice {
        0..176 => right,
        176..192 => right.wrapping_add(near).wrapping_sub(8),
        192..224 => most as u16 + near - 4,
        224..240 => any % 1024,
        240..=255 => any,
    })
}

/// A body that begins so. Takes what is left.
fn body_of(bytes: &mut Unstructured<'_>, beginning: &[u8]) -> Result<Box<CellBody>> {
    let mut body = Box::new([0; CELL_BODY_LEN]);
    let (at, rest) = body.split_at_mut(beginning.len());
    at.copy_from_slice(beginning);
    let given = bytes.bytes(bytes.len().min(rest.len()))?;
    rest[..given.len()].copy_from_slice(given);
    Ok(body)
}

/// Handshake data of this length. Takes what is left.
pub(super) fn data_of(bytes: &mut Unstructured<'_>, len: usize) -> Result<Vec<u8>> {
    let mut data = bytes.bytes(bytes.len().min(len))?.to_owned();
    data.resize(len, 0x5a);
    Ok(data)
}

/// A cell of circuit 7.
pub fn cell_of(command: u8, body: &CellBody) -> cell_t {
    cell_t {
        circ_id: 7,
        command,
        payload: *body,
    }
}

/// Reads what a cell asks for; the return code.
pub fn parse(side: Side, cell: &cell_t, create: &mut create_cell_t) -> i32 {
    // SAFETY: a cell, and room for what it asks for.
    unsafe { call!(side, create_cell_parse(create, cell)) }
}

/// Reads the answer in a cell; the return code.
pub fn parse_created(side: Side, cell: &cell_t, created: &mut created_cell_t) -> i32 {
    // SAFETY: a cell, and room for an answer.
    unsafe { call!(side, created_cell_parse(created, cell)) }
}

/// What is made of these parts.
pub fn init(side: Side, cell_type: u8, handshake_type: u16, data: &[u8]) -> create_cell_t {
    assert!(data.len() <= MAX_CREATE_LEN);
    let mut create = painted();
    // SAFETY: room for so much.
    unsafe { init_at(side, &mut create, cell_type, handshake_type, data) };
    create
}

/// The same, somewhere.
///
/// # Safety
/// There is room for a structure, and behind it for what does not fit in.
pub unsafe fn init_at(
    side: Side,
    out: *mut create_cell_t,
    cell_type: u8,
    handshake_type: u16,
    data: &[u8],
) {
    let (data, len) = (data.as_ptr(), data.len() as u16);
    // SAFETY: data, and this function's contract.
    unsafe {
        call!(
            side,
            create_cell_init(out, cell_type, handshake_type, len, data)
        );
    }
}

/// Makes a cell; the return code.
pub fn format(side: Side, create: &create_cell_t, relayed: bool, cell: &mut cell_t) -> i32 {
    // SAFETY: what is asked for, and room for a cell.
    unsafe {
        match relayed {
            true => call!(side, create_cell_format_relayed(cell, create)),
            false => call!(side, create_cell_format(cell, create)),
        }
    }
}

/// Makes a cell of an answer; the return code.
pub fn format_created(side: Side, created: &created_cell_t, cell: &mut cell_t) -> i32 {
    // SAFETY: an answer, and room for a cell.
    unsafe { call!(side, created_cell_format(cell, created)) }
}

fn write(side: Side, create: &create_cell_t, relayed: bool, seen: &mut Observed) -> i32 {
    let mut cell = cell_of(PAINT, &[PAINT; CELL_BODY_LEN]);
    let status = format(side, create, relayed, &mut cell);
    seen.note("create_cell_format", status);
    note_cell(status, &cell, seen);
    status
}

fn write_created(side: Side, created: &created_cell_t, seen: &mut Observed) -> i32 {
    let mut cell = cell_of(PAINT, &[PAINT; CELL_BODY_LEN]);
    let status = format_created(side, created, &mut cell);
    seen.note("created_cell_format", status);
    note_cell(status, &cell, seen);
    status
}

fn note_cell(status: i32, cell: &cell_t, seen: &mut Observed) {
    if status == 0 {
        seen.note("circuit", cell.circ_id);
        seen.note("command", cell.command);
        seen.note("cell", &cell.payload[..]);
    }
}

/// Notes what a cell asks for.
pub(super) fn note(create: &create_cell_t, seen: &mut Observed) {
    seen.note("cell type", create.cell_type);
    seen.note("handshake type", create.handshake_type);
    seen.note("length", create.handshake_len);
    seen.note("onionskin", &create.onionskin[..]);
}

/// Notes an answer.
pub(super) fn note_created(created: &created_cell_t, seen: &mut Observed) {
    seen.note("cell type", created.cell_type);
    seen.note("length", created.handshake_len);
    seen.note("reply", &created.reply[..]);
}
