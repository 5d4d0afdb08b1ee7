//! Component `cells`: C's names for the byte layouts of cells and of the messages
//! in them.
//!
//! * [`relay_msg`]: messages go into relay cells and come out of them.

pub mod relay_msg;
