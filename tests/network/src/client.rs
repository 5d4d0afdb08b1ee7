//! A client of the network: moves content of known checksum over its SOCKS port,
//! on a path of tor's choice, on a path that tor is told to prefer, or on a
//! circuit built hop by hop.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{ensure, Context, Result};

use crate::circuits::{CellCounts, Circuits, RelayCrypto};
use crate::content::{read_checksum, Content, Request};
use crate::control::CircuitId;
use crate::process::lock;
use crate::socks::{self, Destination};

/// Where a transfer leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// The content server on loopback, through an exit.
    Exit,
    /// The onion service of this name (`onion1`).
    Onion(&'a str),
}

/// Which way the content travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the server to the client.
    Fetch,
    /// From the client to the server.
    Send,
}

/// One transfer to make.
#[derive(Clone, Copy, Debug)]
pub struct Transfer<'a> {
    target: Target<'a>,
    direction: Direction,
    bytes: u64,
    isolation: &'a str,
    circuit: Option<(CircuitId, Option<usize>)>,
}

impl<'a> Transfer<'a> {
    /// Fetches `bytes` bytes.
    pub fn fetch(target: Target<'a>, bytes: u64) -> Transfer<'a> {
        Transfer {
            target,
            direction: Direction::Fetch,
            bytes,
            isolation: "ordinary",
            circuit: None,
        }
    }

    /// Sends `bytes` bytes.
    pub fn send(target: Target<'a>, bytes: u64) -> Transfer<'a> {
        Transfer {
            direction: Direction::Send,
            ..Transfer::fetch(target, bytes)
        }
    }

    /// Streams of different isolation names never share a circuit.
    pub fn isolated(self, name: &'a str) -> Transfer<'a> {
        Transfer {
            isolation: name,
            ..self
        }
    }

    /// Uses this circuit, up to its last hop.
    pub fn on(self, circuit: &Circuit) -> Transfer<'a> {
        Transfer {
            circuit: Some((circuit.id, None)),
            ..self
        }
    }

    /// Uses this circuit, but leaves it at an earlier hop, counted from 1. Tor
    /// refuses the first; the others have to be exits.
    pub fn on_hop(self, circuit: &Circuit, hop: usize) -> Transfer<'a> {
        Transfer {
            circuit: Some((circuit.id, Some(hop))),
            ..self
        }
    }
}

/// What came of a transfer.
#[derive(Clone, Debug)]
pub struct Transferred {
    /// How many bytes of content were moved.
    pub bytes: u64,
    /// SHA-256 of the content as it was sent, in hexadecimal.
    pub sent_sha256: String,
    /// SHA-256 of the content as it arrived, in hexadecimal.
    pub received_sha256: String,
    /// From the connection to the SOCKS port until tor said that it is connected.
    pub connecting: Duration,
    /// From then until the last byte had arrived.
    pub moving: Duration,
    /// The names of the circuit's hops; for an onion service only those that
    /// the client chose.
    pub path: Vec<String>,
    circuit: CircuitId,
    direction: Direction,
    before: CellCounts,
}

impl Transferred {
    /// Whether what arrived is what was sent.
    pub fn matches(&self) -> bool {
        self.sent_sha256 == self.received_sha256
    }

    /// Bytes a second, connecting left out.
    pub fn rate(&self) -> f64 {
        self.bytes as f64 / self.moving.as_secs_f64().max(f64::MIN_POSITIVE)
    }
}

/// Three relays, by their names in the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// The first hop.
    pub guard: String,
    /// The second hop.
    pub middle: String,
    /// The last hop.
    pub exit: String,
}

impl Path {
    /// A path through these three.
    pub fn new(
        guard: impl Into<String>,
        middle: impl Into<String>,
        exit: impl Into<String>,
    ) -> Path {
        Path {
            guard: guard.into(),
            middle: middle.into(),
            exit: exit.into(),
        }
    }

    /// The three names in order.
    pub fn hops(&self) -> [&str; 3] {
        [&self.guard, &self.middle, &self.exit]
    }
}

impl std::fmt::Display for Path {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, {}, {}", self.guard, self.middle, self.exit)
    }
}

/// One of the network's clients. Transfers may run at the same time, from
/// several threads.
pub struct Client {
    name: String,
    socks: SocketAddr,
    directory: Directory,
    /// Those of its present process.
    circuits: Mutex<Arc<Circuits>>,
    next_seed: AtomicU64,
}

/// What a client is told about the rest of its network.
#[derive(Clone, Default)]
pub(crate) struct Directory {
    /// Relays' fingerprints by name.
    pub(crate) fingerprints: BTreeMap<String, String>,
    /// Onion services' addresses by name.
    pub(crate) onions: BTreeMap<String, String>,
    /// The content server's port on 127.0.0.1.
    pub(crate) content_port: u16,
}

impl Client {
    pub(crate) fn new(
        name: &str,
        socks: SocketAddr,
        directory: Directory,
        circuits: Circuits,
        first_seed: u64,
    ) -> Client {
        Client {
            name: name.to_owned(),
            socks,
            directory,
            circuits: Mutex::new(Arc::new(circuits)),
            next_seed: AtomicU64::new(first_seed),
        }
    }

    /// Goes on with a process that has taken the place of the earlier one.
    pub(crate) fn watch(&self, circuits: Circuits) {
        *lock(&self.circuits) = Arc::new(circuits);
    }

    fn circuits(&self) -> Arc<Circuits> {
        Arc::clone(&lock(&self.circuits))
    }

    /// The node's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where its SOCKS port is.
    pub fn socks(&self) -> SocketAddr {
        self.socks
    }

    /// Makes one transfer. `progress` is called with the bytes moved so far,
    /// beginning with 0 when the connection stands.
    pub fn run(
        &self,
        transfer: &Transfer<'_>,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Transferred> {
        let mut stream = TcpStream::connect(self.socks)
            .with_context(|| format!("cannot reach the SOCKS port of {}", self.name))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(STALL_LIMIT))?;
        stream.set_write_timeout(Some(STALL_LIMIT))?;
        let port = stream.local_addr()?.port();
        let circuits = self.circuits();
        circuits.expect(port, transfer.circuit);
        let result = self.run_on(&mut stream, &circuits, transfer, progress);
        let failure = circuits.failure(port);
        circuits.forget(port);
        result.with_context(|| {
            let failure = failure.map_or(String::new(), |why| format!(" ({why})"));
            format!(
                "{} could not finish {} of {} bytes, {}{failure}",
                self.name,
                match transfer.direction {
                    Direction::Fetch => "the fetch",
                    Direction::Send => "the sending",
                },
                transfer.bytes,
                match transfer.target {
                    Target::Exit => "through an exit".to_owned(),
                    Target::Onion(name) => format!("with {name}"),
                },
            )
        })
    }

    fn run_on(
        &self,
        stream: &mut TcpStream,
        circuits: &Circuits,
        transfer: &Transfer<'_>,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Transferred> {
        let started = Instant::now();
        let destination = self.destination(transfer.target)?;
        let port = stream.local_addr()?.port();
        let before = transfer.circuit.map(|(id, _)| circuits.counts(id));
        socks::connect(stream, transfer.isolation, &destination)?;
        let connecting = started.elapsed();
        let (circuit, path) = circuits.circuit_of(port)?;
        let before = before.unwrap_or_else(|| circuits.counts(circuit));
        progress(0);

        let (seed, bytes) = (self.seed(), transfer.bytes);
        let started = Instant::now();
        let received = match transfer.direction {
            Direction::Fetch => {
                stream.write_all(Request::Get { seed, bytes }.line().as_bytes())?;
                hex::encode(read_checksum(stream, bytes, progress)?)
            }
            Direction::Send => {
                stream.write_all(Request::Put { seed, bytes }.line().as_bytes())?;
                Content::new(seed, bytes).write_to(stream, progress)?;
                let mut answer = String::new();
                BufReader::new(&mut *stream).read_line(&mut answer)?;
                ensure!(
                    answer.ends_with('\n'),
                    "the server did not confirm what it received"
                );
                answer.trim_end().to_owned()
            }
        };
        let moving = started.elapsed();
        Ok(Transferred {
            bytes,
            sent_sha256: hex::encode(Content::new(seed, bytes).sha256()),
            received_sha256: received,
            connecting,
            moving,
            path,
            circuit,
            direction: transfer.direction,
            before,
        })
    }

    /// The relay crypto that carried a transfer of at least 250 KB which had its
    /// circuit to itself; waits up to a second for tor's report. `None` when the
    /// cells do not show it (see [`CellCounts::relay_crypto`]).
    pub fn relay_crypto(&self, transferred: &Transferred) -> Result<Option<RelayCrypto>> {
        let counts = self.circuits().counts_when(transferred.circuit, |counts| {
            let added = counts.since(transferred.before);
            match transferred.direction {
                Direction::Fetch => added.body_read >= transferred.bytes,
                Direction::Send => added.body_written >= transferred.bytes,
            }
        })?;
        Ok(counts.since(transferred.before).relay_crypto())
    }

    /// Builds a circuit through these relays, CGO on every hop that knows it
    /// unless the consensus forbids it. It closes when the value is dropped.
    pub fn build_circuit(&self, hops: &[&str]) -> Result<Circuit> {
        let fingerprints: Vec<&str> = hops
            .iter()
            .map(|name| self.fingerprint(name))
            .collect::<Result<_>>()?;
        let circuits = self.circuits();
        let (id, path) = circuits
            .build(&fingerprints)
            .with_context(|| format!("{}: no circuit {}", self.name, hops.join(", ")))?;
        ensure!(
            path == hops,
            "asked for a circuit {}, tor built {}",
            hops.join(", "),
            path.join(", ")
        );
        Ok(Circuit { id, circuits })
    }

    /// Makes tor build its ordinary circuits through this path (guard and middle
    /// then use tor1, the exit CGO), or through any path again.
    pub fn prefer_path(&self, path: Option<&Path>) -> Result<()> {
        let hops = match path {
            Some(path) => path.hops().map(|name| self.fingerprint(name)),
            None => [Ok(""), Ok(""), Ok("")],
        };
        let [guard, middle, exit] = hops;
        let options = [
            ("EntryNodes", guard?),
            ("MiddleNodes", middle?),
            ("ExitNodes", exit?),
        ];
        self.circuits().commands().set_conf(&options)?;
        self.forget_the_past()
    }

    /// Takes this relay, which takes connections at `or_port`, for a bridge, of which
    /// nothing is known yet; so its descriptor is asked for over a circuit of one
    /// hop that is made by CREATE_FAST. All circuits begin there from now on.
    pub fn use_bridge(&self, relay: &str, or_port: SocketAddr) -> Result<()> {
        let bridge = format!("{or_port} {}", self.fingerprint(relay)?);
        let options = [("UseBridges", "1"), ("Bridge", &bridge)];
        self.circuits().commands().set_conf(&options)
    }

    /// Uses no circuit that stands already for new streams, and forgets what is
    /// known about onion services and their introduction points (NEWNYM).
    pub fn forget_the_past(&self) -> Result<()> {
        self.circuits().commands().command("SIGNAL NEWNYM")?;
        Ok(())
    }

    fn fingerprint(&self, name: &str) -> Result<&str> {
        let fingerprint = self.directory.fingerprints.get(name);
        fingerprint
            .map(String::as_str)
            .with_context(|| format!("this network has no relay {name}"))
    }

    fn destination(&self, target: Target<'_>) -> Result<Destination> {
        Ok(match target {
            Target::Exit => {
                Destination::Address((Ipv4Addr::LOCALHOST, self.directory.content_port).into())
            }
            Target::Onion(name) => {
                let address = self.directory.onions.get(name);
                let address =
                    address.with_context(|| format!("this network has no onion service {name}"))?;
                Destination::Name(address.clone(), ONION_PORT)
            }
        })
    }

    fn seed(&self) -> u64 {
        self.next_seed.fetch_add(1, Ordering::Relaxed)
    }
}

/// A circuit that was built by name; it closes when it is dropped.
pub struct Circuit {
    id: CircuitId,
    circuits: Arc<Circuits>,
}

impl Circuit {
    /// Its identifier on the client's control port.
    pub fn id(&self) -> CircuitId {
        self.id
    }
}

impl Drop for Circuit {
    fn drop(&mut self) {
        // It may be closed already.
        let _closed = self.circuits.commands().close_circuit(self.id);
    }
}

/// The port of every onion service (`HiddenServicePort` in torrc.rs).
const ONION_PORT: u16 = 80;
/// This only ends a transfer that hangs.
const STALL_LIMIT: Duration = Duration::from_secs(180);
