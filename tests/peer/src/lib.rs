//! A raw peer of the link protocol, for tests that send what no tor would: it
//! plays scripts of bytes against an ORPort and writes down what comes back.
//!
//! A [`Cell`] is what both sides exchange, `wire` carries it over TLS or over
//! bare TCP, an [`Identity`] is who we say we are in the link handshake, and
//! `authenticate` how an initiator proves it. `circuit` has the keys of a circuit of
//! one hop, `next_hop` is the relay to which such a circuit is extended. A [`Script`]
//! says what to send and when to wait; [`play`] does so as the initiator of a link,
//! a [`Responder`] as the other end. The [`Transcript`] is
//! what a peer may rely on: two tors that behave alike have equal ones. The
//! scripts themselves stand with the tests that play them.

mod authenticate;
mod cell;
mod circuit;
mod identity;
mod netinfo;
mod next_hop;
mod play;
mod script;
mod transcript;
mod wire;

pub use authenticate::Forgery;
pub use cell::{command, Cell, CircIdLen};
pub use circuit::{relay, RelayMessage};
pub use identity::{cert_type, hours_from_now, Certs, CrossCert, Ed25519Cert, Identity, X509Cert};
pub use netinfo::netinfos;
pub use play::{play, Relay, RelayKeys, Responder};
pub use script::{CircuitScript, Script};
pub use transcript::{Ending, Transcript};
