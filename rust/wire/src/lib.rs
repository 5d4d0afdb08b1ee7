//! Byte layouts that come from the network, and what may be in them.
//!
//! * [`cell`]: cells on a link.
//! * [`conflux`]: messages that tie circuits together.
//! * [`create`]: cells that make circuits.
//! * [`extend`]: messages that make them longer.
//! * [`format`]: how a described format is read and written.
//! * [`formats`]: the described formats.
//! * [`hs_cell`]: messages by which clients and onion services meet.
//! * [`negotiation`]: what an ntor v3 handshake negotiates.
//! * [`relay_msg`]: messages in relay cells.
//! * [`sendme`]: the SENDME messages of circuits.
//! * [`stream`]: messages that open streams.
//!
//! Nothing here copies what it reads, allocates, or knows of C: the boundary is
//! in `rust/ffi/src/cells`.

#![forbid(unsafe_code)]

pub mod cell;
pub mod conflux;
pub mod create;
pub mod extend;
pub mod format;
pub mod formats;
pub mod hs_cell;
pub mod negotiation;
pub mod relay_msg;
pub mod sendme;
pub mod stream;

/// Length of a fixed-length cell's body, in bytes (tor-spec, "Cell packet
/// format").
pub const CELL_BODY_LEN: usize = 509;

/// Most data that a relay message can have, in bytes: those of version 0 of the
/// relay cell format.
pub const RELAY_DATA_LEN: usize = CELL_BODY_LEN - relay_msg::V0_HEADER_LEN;

/// The body of a fixed-length cell.
pub type CellBody = [u8; CELL_BODY_LEN];
