//! A private Tor network on 127.0.0.1: directory authorities, relays, exits,
//! clients and onion services, each an ordinary `tor` process with a folder of
//! its own. It serves `cargo xtask run`, the network tests, soak and bench.
//!
//! ```no_run
//! use network::{Binary, Network, Quiet, Spec, Target, Transfer};
//!
//! # fn main() -> anyhow::Result<()> {
//! let spec = Spec::new("a-new-folder", Binary::from_build("C", "build-c")?);
//! let network = Network::start(spec, &Quiet)?;
//! let got = network.client().run(&Transfer::fetch(Target::Exit, 32 << 20), &mut |_| {})?;
//! assert!(got.matches());
//! network.stop()?;
//! # Ok(())
//! # }
//! ```
//!
//! The chapters, in the order in which a network comes to life: [`Spec`] says
//! what it consists of, `keys` makes the identities, `torrc` writes each node's
//! configuration, `process` runs it, [`Network`] waits until all of it is
//! usable, [`Client`] moves checked bytes through it, and [`Control`] speaks
//! tor's control protocol (control-spec) wherever these need it, and
//! [`Handshakes`] reads what relays tell on their MetricsPort, [`Points`] where
//! onion services and their clients meet.

mod circuits;
mod client;
mod content;
mod control;
mod keys;
mod mask;
mod metrics;
mod network;
mod points;
mod ports;
mod process;
pub mod soak;
mod socks;
mod spec;
mod torrc;

pub use circuits::{CellCounts, RelayCrypto};
pub use client::{Circuit, Client, Direction, Path, Target, Transfer, Transferred};
pub use content::Content;
pub use control::{CircuitId, Control, Reply, StreamId};
pub use mask::mask;
pub use metrics::Handshakes;
pub use network::{Kept, Network, Observer, Quiet, Step};
pub use points::Points;
pub use process::{Cause, Ended, Usage};
pub use spec::{Binary, NodeSpec, Role, Select, Setting, Spec};
