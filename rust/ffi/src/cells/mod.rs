//! Component `cells`: C's names for the byte layouts of cells and of the messages
//! in them.
//!
//! * [`conflux`]: messages that tie circuits together.
//! * [`create`]: cells that make a circuit's first hop.
//! * [`extend`]: messages that make it longer.
//! * [`framing`]: cells come from links and go onto them.
//! * [`hs_cell`]: messages of onion services.
//! * [`negotiation`]: what an ntor v3 handshake negotiates.
//! * [`relay_msg`]: messages go into relay cells and come out of them.
//! * [`sendme`]: the SENDME messages of circuits.
//! * [`stream`]: messages that open streams.

pub mod conflux;
pub mod create;
pub mod extend;
pub mod framing;
pub mod hs_cell;
pub mod negotiation;
pub mod relay_msg;
pub mod sendme;
pub mod stream;

/// `len` bytes of C's. Null will do for none.
///
/// # Safety
/// `bytes` is null or has `len` bytes, which nobody writes meanwhile.
unsafe fn bytes<'a>(bytes: *const u8, len: usize) -> &'a [u8] {
    if bytes.is_null() {
        return &[];
    }
    // SAFETY: this function's contract.
    unsafe { core::slice::from_raw_parts(bytes, len) }
}
