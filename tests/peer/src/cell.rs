//! Cells on the wire (tor-spec, "Cell Packet format").

use std::ops::RangeInclusive;

/// Link cell commands, named as in tor-spec, "Cell Packet format".
#[allow(missing_docs)]
pub mod command {
    pub const PADDING: u8 = 0;
    pub const CREATE: u8 = 1;
    pub const CREATED: u8 = 2;
    pub const RELAY: u8 = 3;
    pub const DESTROY: u8 = 4;
    pub const CREATE_FAST: u8 = 5;
    pub const CREATED_FAST: u8 = 6;
    pub const VERSIONS: u8 = 7;
    pub const NETINFO: u8 = 8;
    pub const RELAY_EARLY: u8 = 9;
    pub const CREATE2: u8 = 10;
    pub const CREATED2: u8 = 11;
    pub const PADDING_NEGOTIATE: u8 = 12;
    pub const VPADDING: u8 = 128;
    pub const CERTS: u8 = 129;
    pub const AUTH_CHALLENGE: u8 = 130;
    pub const AUTHENTICATE: u8 = 131;
    pub const AUTHORIZE: u8 = 132;
}

/// Bytes in the body of a fixed-length cell.
pub const CELL_BODY_LEN: usize = 509;

/// Commands of variable-length cells, besides VERSIONS.
const VARIABLE: RangeInclusive<u8> = 128..=255;

/// How many bytes a circuit id takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CircIdLen {
    /// Link protocols 1 to 3, and any cell before the versions are agreed upon.
    Two,
    /// Link protocol 4 and later.
    Four,
}

impl CircIdLen {
    fn bytes(self) -> usize {
        match self {
            CircIdLen::Two => 2,
            CircIdLen::Four => 4,
        }
    }
}

/// A cell, its body as long as it is on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The circuit id; 0 for cells that belong to the link.
    pub circ_id: u32,
    /// The command.
    pub command: u8,
    /// The body: 509 bytes in a fixed-length cell that was received, at most
    /// that many in one to be sent; up to 65535 in a variable-length cell.
    pub body: Vec<u8>,
}

impl Cell {
    /// A cell of a circuit.
    pub fn new(circ_id: u32, command: u8, body: impl Into<Vec<u8>>) -> Cell {
        Cell {
            circ_id,
            command,
            body: body.into(),
        }
    }

    /// Whether the command makes it a variable-length cell.
    pub fn is_variable(&self) -> bool {
        is_variable(self.command)
    }

    /// The bytes on the wire; a fixed-length cell is filled up with zeros.
    ///
    /// # Panics
    /// When the body does not fit, or the circuit id does not.
    pub fn encode(&self, width: CircIdLen) -> Vec<u8> {
        let mut bytes = Vec::new();
        match width {
            CircIdLen::Two => {
                let id = u16::try_from(self.circ_id).expect("the circuit id has two bytes");
                bytes.extend(id.to_be_bytes());
            }
            CircIdLen::Four => bytes.extend(self.circ_id.to_be_bytes()),
        }
        bytes.push(self.command);
        if self.is_variable() {
            let length = u16::try_from(self.body.len()).expect("the body has 65535 bytes at most");
            bytes.extend(length.to_be_bytes());
            bytes.extend(&self.body);
        } else {
            let rest = CELL_BODY_LEN
                .checked_sub(self.body.len())
                .expect("the body has 509 bytes at most");
            bytes.extend(&self.body);
            bytes.resize(bytes.len() + rest, 0);
        }
        bytes
    }
}

fn is_variable(command: u8) -> bool {
    command == command::VERSIONS || VARIABLE.contains(&command)
}

/// Cuts received bytes into cells.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    bytes: Vec<u8>,
}

impl Decoder {
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
    }

    /// What has been received and is not yet a whole cell.
    pub(crate) fn rest(&self) -> &[u8] {
        &self.bytes
    }

    /// The next cell, once all of it is there.
    pub(crate) fn next(&mut self, width: CircIdLen) -> Option<Cell> {
        let id = self.bytes.get(..width.bytes())?;
        let circ_id = id.iter().fold(0, |id, byte| id << 8 | u32::from(*byte));
        let command = *self.bytes.get(width.bytes())?;
        let mut header = width.bytes() + 1;
        let mut length = CELL_BODY_LEN;
        if is_variable(command) {
            let field = self.bytes.get(header..header + 2)?;
            length = usize::from(u16::from_be_bytes([field[0], field[1]]));
            header += 2;
        }
        let body = self.bytes.get(header..header + length)?.to_vec();
        self.bytes.drain(..header + length);
        Some(Cell {
            circ_id,
            command,
            body,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_come_out_of_the_decoder_as_they_went_in() {
        for width in [CircIdLen::Two, CircIdLen::Four] {
            let mut body = vec![7; CELL_BODY_LEN];
            body[508] = 9;
            let cells = [
                Cell::new(0, command::VERSIONS, [0, 4, 0, 5]),
                Cell::new(0x8001, command::CREATE_FAST, body),
                Cell::new(0, command::VPADDING, []),
            ];
            let mut decoder = Decoder::default();
            let mut got = Vec::new();
            for byte in cells.iter().flat_map(|cell| cell.encode(width)) {
                decoder.feed(&[byte]);
                got.extend(decoder.next(width));
            }
            assert_eq!(got, cells);
            assert!(decoder.rest().is_empty());
        }
    }

    #[test]
    fn fixed_cells_have_the_lengths_of_tor_spec() {
        let cell = Cell::new(1, command::DESTROY, [1]);
        assert_eq!(cell.encode(CircIdLen::Two).len(), 512);
        assert_eq!(cell.encode(CircIdLen::Four).len(), 514);
    }
}
