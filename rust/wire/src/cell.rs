//! Cells on a link (tor-spec, "Cell Packet format"): how bytes become fixed-length
//! and variable-length cells, and cells bytes.
//!
//! Replaces what C Tor's `connection_or.c` and `proto_cell.c` know of this. Which of
//! the two a cell is, and how long its circuit ID, depends on the version of the link
//! protocol; versions 3 to 5 are spoken, 0 stands for one that is not known yet.

use crate::CellBody;

/// Length of a fixed-length cell with a long circuit ID, in bytes.
pub const WIDE_CELL_LEN: usize = 514;
/// Length of a fixed-length cell with a short circuit ID, in bytes.
pub const NARROW_CELL_LEN: usize = 512;
/// Length of a variable-length cell's header with a long circuit ID, in bytes.
pub const WIDE_VAR_HEADER_LEN: usize = 7;
/// Length of a variable-length cell's header with a short circuit ID, in bytes.
pub const NARROW_VAR_HEADER_LEN: usize = 5;

/// How long circuit IDs are on a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CircIds {
    /// 2 bytes.
    Narrow,
    /// 4 bytes.
    Wide,
}

impl CircIds {
    /// Those of this version of the link protocol.
    #[inline]
    pub const fn of(link_protocol: i32) -> Self {
        match link_protocol {
            4.. => Self::Wide,
            _ => Self::Narrow,
        }
    }

    /// Length of a variable-length cell's header, in bytes.
    #[inline]
    pub const fn var_header_len(self) -> usize {
        match self {
            Self::Narrow => NARROW_VAR_HEADER_LEN,
            Self::Wide => WIDE_VAR_HEADER_LEN,
        }
    }
}

/// A fixed-length cell with a long circuit ID, as it is on the link.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WideCell {
    circ_id: [u8; 4],
    /// Cell command.
    pub command: u8,
    /// Cell body.
    pub body: CellBody,
}

/// A fixed-length cell with a short circuit ID, as it is on the link.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NarrowCell {
    circ_id: [u8; 2],
    /// Cell command.
    pub command: u8,
    /// Cell body.
    pub body: CellBody,
}

// Nothing but bytes in either, so every link has a cell.
const _: () = assert!(size_of::<WideCell>() == WIDE_CELL_LEN);
const _: () = assert!(size_of::<NarrowCell>() == NARROW_CELL_LEN);
const _: () = assert!(align_of::<WideCell>() == 1 && align_of::<NarrowCell>() == 1);

impl WideCell {
    /// A cell of these parts.
    #[inline(always)]
    pub const fn new(circ_id: u32, command: u8, body: CellBody) -> Self {
        Self {
            circ_id: circ_id.to_be_bytes(),
            command,
            body,
        }
    }

    /// The circuit ID.
    #[inline(always)]
    pub const fn circ_id(&self) -> u32 {
        u32::from_be_bytes(self.circ_id)
    }
}

impl NarrowCell {
    /// A cell of these parts, and of the last two bytes of a circuit ID: more do not
    /// go in.
    #[inline(always)]
    pub const fn new(circ_id: u32, command: u8, body: CellBody) -> Self {
        Self {
            circ_id: last_two(circ_id),
            command,
            body,
        }
    }

    /// The circuit ID.
    #[inline(always)]
    pub const fn circ_id(&self) -> u32 {
        u16::from_be_bytes(self.circ_id) as u32
    }
}

const fn last_two(circ_id: u32) -> [u8; 2] {
    let [_, _, c2, c3] = circ_id.to_be_bytes();
    [c2, c3]
}

/// What stands before the body of a variable-length cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VarHeader {
    /// Circuit ID.
    pub circ_id: u32,
    /// Cell command.
    pub command: u8,
    /// Length of the body, in bytes.
    pub length: u16,
}

impl VarHeader {
    /// The header with a long circuit ID.
    #[inline]
    pub const fn wide(&self) -> [u8; WIDE_VAR_HEADER_LEN] {
        let [c0, c1, c2, c3] = self.circ_id.to_be_bytes();
        let [l0, l1] = self.length.to_be_bytes();
        [c0, c1, c2, c3, self.command, l0, l1]
    }

    /// The header with a short circuit ID: its last two bytes.
    #[inline]
    pub const fn narrow(&self) -> [u8; NARROW_VAR_HEADER_LEN] {
        let [c2, c3] = last_two(self.circ_id);
        let [l0, l1] = self.length.to_be_bytes();
        [c2, c3, self.command, l0, l1]
    }

    /// Reads a header; nothing if these are not enough bytes for one.
    #[inline]
    fn read(circ_ids: CircIds, bytes: &[u8]) -> Option<Self> {
        let (circ_id, command, length) = match (circ_ids, bytes) {
            (CircIds::Wide, &[c0, c1, c2, c3, command, l0, l1, ..]) => {
                ([c0, c1, c2, c3], command, [l0, l1])
            }
            (CircIds::Narrow, &[c2, c3, command, l0, l1, ..]) => {
                ([0, 0, c2, c3], command, [l0, l1])
            }
            _ => return None,
        };
        Some(Self {
            circ_id: u32::from_be_bytes(circ_id),
            command,
            length: u16::from_be_bytes(length),
        })
    }
}

/// What a link's unread bytes begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Front {
    /// No variable-length cell; or too few bytes to know.
    NotVarCell,
    /// A variable-length cell, of which something has yet to come.
    Incomplete,
    /// A whole variable-length cell.
    VarCell(VarHeader),
}

/// Finds out what the unread bytes of a link begin with: there are `unread` of
/// them, and `first` has as many of the first as a header can have, or all.
#[inline]
pub fn front(link_protocol: i32, unread: usize, first: &[u8]) -> Front {
    let circ_ids = CircIds::of(link_protocol);
    match VarHeader::read(circ_ids, first) {
        Some(header) if is_var_length(header.command, link_protocol) => {
            let whole = circ_ids.var_header_len() + usize::from(header.length);
            match unread < whole {
                true => Front::Incomplete,
                false => Front::VarCell(header),
            }
        }
        _ => Front::NotVarCell,
    }
}

/// VERSIONS.
const VERSIONS: u8 = 7;

/// Whether cells with this command have a variable length.
#[inline]
pub const fn is_var_length(command: u8, link_protocol: i32) -> bool {
    match link_protocol {
        1 => false,
        2 => command == VERSIONS,
        _ => command == VERSIONS || command >= 128,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CELL_BODY_LEN;

    const BODY: CellBody = [0x5a; CELL_BODY_LEN];
    const CERTS: u8 = 129;

    #[test]
    fn a_circuit_id_that_fits_is_read_as_it_was_written() {
        for circ_id in [0, 1, 0x1234, 0xffff] {
            let cell = NarrowCell::new(circ_id, 3, BODY);
            assert_eq!(
                (cell.circ_id(), cell.command, cell.body),
                (circ_id, 3, BODY)
            );
        }
        for circ_id in [0, 0x8000_0001, u32::MAX] {
            let cell = WideCell::new(circ_id, 3, BODY);
            assert_eq!(
                (cell.circ_id(), cell.command, cell.body),
                (circ_id, 3, BODY)
            );
        }
        assert_eq!(NarrowCell::new(0x8765_4321, 3, BODY).circ_id(), 0x4321);
    }

    #[test]
    fn a_var_cell_is_found_at_every_length_as_soon_as_it_is_there() {
        for (link_protocol, circ_id) in [(0, 0xabcd), (3, 0xabcd), (4, 0x89ab_cdef), (5, 1)] {
            for length in 0..=u16::MAX {
                let header = VarHeader {
                    circ_id,
                    command: CERTS,
                    length,
                };
                let bytes = match CircIds::of(link_protocol) {
                    CircIds::Wide => header.wide().to_vec(),
                    CircIds::Narrow => header.narrow().to_vec(),
                };
                let whole = bytes.len() + usize::from(length);
                let found = |unread| front(link_protocol, unread, &bytes);
                assert_eq!(found(whole), Front::VarCell(header));
                assert_eq!(found(whole + 1), Front::VarCell(header));
                if length > 0 {
                    assert_eq!(found(whole - 1), Front::Incomplete);
                    assert_eq!(found(bytes.len()), Front::Incomplete);
                }
            }
        }
    }

    #[test]
    fn nothing_is_known_before_the_header_is_there() {
        for link_protocol in -1..7 {
            let header_len = CircIds::of(link_protocol).var_header_len();
            for len in 0..header_len {
                let few = [255; 7];
                assert_eq!(front(link_protocol, len, &few[..len]), Front::NotVarCell);
            }
        }
    }

    #[test]
    fn versions_is_variable_from_link_protocol_2_on_and_others_from_3() {
        for command in 0..=255 {
            let high = command >= 128;
            assert!(!is_var_length(command, 1));
            assert_eq!(is_var_length(command, 2), command == VERSIONS);
            for link_protocol in [-1, 0, 3, 4, 5, i32::MAX] {
                let variable = is_var_length(command, link_protocol);
                assert_eq!(variable, high || command == VERSIONS);
            }
        }
    }
}
