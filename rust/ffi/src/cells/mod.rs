//! Component `cells`: C's names for the byte layouts of cells and of the messages
//! in them.
//!
//! * [`create`]: cells that make a circuit's first hop.
//! * [`extend`]: messages that make it longer.
//! * [`relay_msg`]: messages go into relay cells and come out of them.

pub mod create;
pub mod extend;
pub mod relay_msg;
