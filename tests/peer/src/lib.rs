//! A raw peer of the link protocol, for tests that send what no tor would: it
//! plays scripts of bytes against an ORPort and writes down what comes back.
//!
//! A [`Cell`] is what both sides exchange, `wire` carries it over TLS or over
//! bare TCP, `circuit` has the keys of a circuit of one hop, `next_hop` is the
//! relay to which such a circuit is extended, a [`Script`] says what to send and
//! when to wait, [`play`] does so, and the [`Transcript`] is
//! what a peer may rely on: two tors that behave alike have equal ones. The
//! scripts themselves stand with the tests that play them.

mod cell;
mod circuit;
mod next_hop;
mod play;
mod script;
mod transcript;
mod wire;

pub use cell::{command, Cell, CircIdLen};
pub use circuit::{relay, RelayMessage};
pub use play::{play, Relay, RelayKeys};
pub use script::{CircuitScript, Script};
pub use transcript::{Ending, Transcript};
