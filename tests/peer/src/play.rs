//! Plays a script against an ORPort.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::cell::{command, Cell, CircIdLen, Decoder};
use crate::circuit::{Keys, NtorV3, RelayMessage};
use crate::next_hop::NextHop;
use crate::script::{Script, Step};
use crate::transcript::{Ending, Transcript};
use crate::wire::{Received, Wire, PATIENCE};

/// The relay against which a script is played.
#[derive(Clone, Copy, Debug)]
pub struct Relay {
    /// Its ORPort.
    pub or_port: SocketAddr,
    /// Its keys, which only ntor v3 needs.
    pub keys: Option<RelayKeys>,
}

/// The keys of a relay that a client has from the directory.
#[derive(Clone, Copy, Debug)]
pub struct RelayKeys {
    /// Its Ed25519 identity.
    pub ed25519_id: [u8; 32],
    /// Its onion key for ntor and ntor v3.
    pub onion_key: [u8; 32],
}

/// Plays the script and returns what came back. An error means that nothing
/// could be tried, for instance that nobody listens.
pub fn play(relay: &Relay, script: &Script) -> Result<Transcript> {
    let mut player = Player {
        wire: Some(Wire::connect(relay.or_port)?),
        keys: relay.keys,
        in_tls: false,
        width: script.width,
        agreed: false,
        outgoing: Vec::new(),
        slowly: false,
        decoder: Decoder::default(),
        circuits: BTreeMap::new(),
        next_hop: None,
        left: None,
        probes: BTreeSet::new(),
        received: 0,
        transcript: Transcript::default(),
    };
    let mut alive = false;
    for step in &script.steps {
        alive = player.step(step)?;
    }
    player.flush()?;
    if !alive {
        // Nothing has shown that the link lives: it ought to be closed.
        player.listen(CLOSING, |_| false)?;
    }
    Ok(player.finish())
}

/// A circuit that a CREATE_FAST or a CREATE2 has asked for.
enum Circuit {
    Asked([u8; 20]),
    AskedNtorV3(NtorV3),
    Complete(Box<Keys>),
}

struct Player {
    keys: Option<RelayKeys>,
    /// `None` once the peer has closed it.
    wire: Option<Wire>,
    in_tls: bool,
    width: CircIdLen,
    /// Whether the relay's VERSIONS has come.
    agreed: bool,
    outgoing: Vec<u8>,
    slowly: bool,
    decoder: Decoder,
    circuits: BTreeMap<u32, Circuit>,
    next_hop: Option<NextHop>,
    /// Our own link, once the script goes on over the next hop's.
    left: Option<Wire>,
    /// Circuits that only probe.
    probes: BTreeSet<u32>,
    /// Cells in the transcript.
    received: usize,
    transcript: Transcript,
}

impl Player {
    /// Tells whether the step has proved that the link lives.
    fn step(&mut self, step: &Step) -> Result<bool> {
        match step {
            Step::Tls => {
                self.flush()?;
                self.wire = match self.wire.take() {
                    Some(wire) => wire.start_tls()?,
                    None => None,
                };
                self.in_tls = true;
            }
            Step::Send(bytes) => self.outgoing.extend(bytes),
            Step::Create(circ_id) => self.create(*circ_id),
            Step::CreateNtorV3(circ_id) => self.create_ntor_v3(*circ_id),
            Step::Relay(circ_id, command, message) => self.relay(*circ_id, *command, message),
            Step::Extend(circ_id) => {
                let next_hop = self.next_hop.insert(NextHop::listen()?);
                let message = next_hop.extend2()?;
                self.relay(*circ_id, command::RELAY_EARLY, &message);
            }
            Step::NextHopAccepts => {
                self.flush()?;
                self.next_hop("VERSIONS, NETINFO, CREATE2", 3, NextHop::accept)?;
            }
            Step::NextHopSends(command, body) => {
                self.flush()?;
                if let Some(next_hop) = &mut self.next_hop {
                    next_hop.send(*command, body);
                }
            }
            Step::NextHopAwaits(cells) => {
                self.flush()?;
                let what = format!("{cells} more cells");
                self.next_hop(&what, *cells, |next_hop| next_hop.receive(*cells))?;
            }
            Step::OverNextHop => {
                self.flush()?;
                if let Some(next_hop) = self.next_hop.take() {
                    self.left = self.wire.take();
                    (self.wire, self.decoder) = next_hop.into_link();
                    self.width = CircIdLen::Four;
                }
            }
            Step::Slowly => {
                self.flush()?;
                self.slowly = true;
            }
            Step::Await(cells) => {
                self.flush()?;
                let enough = self.received + cells;
                let came = self.listen(PATIENCE, |player| player.received >= enough)?;
                if !came && self.wire.is_some() {
                    self.transcript.in_vain(format!("{cells} more cells"));
                }
            }
            Step::Quiet(time) => {
                self.flush()?;
                self.listen(*time, |_| false)?;
            }
            Step::Probe => return self.probe(),
            Step::EndTls => {
                self.flush()?;
                self.wire.iter_mut().for_each(Wire::end_tls);
            }
            Step::EndTcp => {
                self.flush()?;
                self.wire.iter_mut().for_each(Wire::end_tcp);
            }
        }
        Ok(false)
    }

    fn create(&mut self, circ_id: u32) {
        // Any X will do; one that repeats makes runs repeatable.
        let x = [circ_id as u8; 20];
        self.circuits.insert(circ_id, Circuit::Asked(x));
        let cell = Cell::new(circ_id, command::CREATE_FAST, x);
        self.outgoing.extend(cell.encode(self.width));
    }

    fn create_ntor_v3(&mut self, circ_id: u32) {
        let begun = self
            .keys
            .and_then(|keys| NtorV3::begin(&keys.ed25519_id, &keys.onion_key));
        if let Some((handshake, body)) = begun {
            self.circuits
                .insert(circ_id, Circuit::AskedNtorV3(handshake));
            let cell = Cell::new(circ_id, command::CREATE2, body);
            self.outgoing.extend(cell.encode(self.width));
        }
    }

    fn relay(&mut self, circ_id: u32, command: u8, message: &RelayMessage) {
        if let Some(Circuit::Complete(keys)) = self.circuits.get_mut(&circ_id) {
            let cell = Cell::new(circ_id, command, keys.seal(message));
            self.outgoing.extend(cell.encode(self.width));
        }
    }

    /// Lets the next hop receive, at least so many cells.
    fn next_hop(
        &mut self,
        what: &str,
        least: usize,
        receive: impl FnOnce(&mut NextHop) -> Result<Vec<Cell>>,
    ) -> Result<()> {
        let Some(next_hop) = &mut self.next_hop else {
            return Ok(());
        };
        let cells = receive(next_hop)?;
        for cell in &cells {
            self.transcript.next_hop(cell, next_hop.knows(cell));
        }
        if cells.len() < least {
            self.transcript.in_vain(format!("{what} at the next hop"));
        }
        Ok(())
    }

    /// A relay answers CREATE_FAST at once, but a circuit that it closes meanwhile
    /// says so only after that answer: what it sent before the answer to the
    /// second probe is all that it had to say.
    fn probe(&mut self) -> Result<bool> {
        for _ in 0..2 {
            let first = match (self.width, &self.left) {
                (CircIdLen::Two, _) => 0xfe00,
                (CircIdLen::Four, None) => 0xfe00_0000,
                (CircIdLen::Four, Some(_)) => 0x7e00_0000,
            };
            let circ_id = first + self.probes.len() as u32;
            self.probes.insert(circ_id);
            self.create(circ_id);
            self.flush()?;
            let complete = |player: &Player| {
                matches!(player.circuits.get(&circ_id), Some(Circuit::Complete(_)))
            };
            if !self.listen(PATIENCE, complete)? {
                if self.wire.is_some() {
                    self.transcript.in_vain("the answer to a probe".to_owned());
                }
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn flush(&mut self) -> Result<()> {
        let bytes = std::mem::take(&mut self.outgoing);
        let Some(wire) = &mut self.wire else {
            return Ok(());
        };
        if !self.slowly {
            if !bytes.is_empty() {
                wire.send(&bytes);
            }
            return Ok(());
        }
        for byte in bytes {
            wire.send(&[byte]);
            thread::sleep(BETWEEN_BYTES);
        }
        Ok(())
    }

    /// Receives until `enough`, at most this long. False when it was not enough
    /// or the peer closed the connection.
    fn listen(&mut self, limit: Duration, enough: impl Fn(&Player) -> bool) -> Result<bool> {
        let deadline = Instant::now() + limit;
        loop {
            if enough(self) {
                return Ok(true);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let Some(wire) = self.wire.as_mut().filter(|_| !left.is_zero()) else {
                return Ok(false);
            };
            match wire.receive(left)? {
                Received::Nothing => {}
                Received::End => self.wire = None,
                Received::Bytes(bytes) if self.in_tls => {
                    self.decoder.feed(&bytes);
                    self.take_cells();
                }
                Received::Bytes(bytes) => self.transcript.bare(&bytes),
            }
        }
    }

    fn take_cells(&mut self) {
        loop {
            let width = match self.agreed {
                true => self.width,
                false => CircIdLen::Two,
            };
            let Some(cell) = self.decoder.next(width) else {
                return;
            };
            self.agreed |= cell.command == command::VERSIONS;
            self.take(&cell);
        }
    }

    fn take(&mut self, cell: &Cell) {
        // Padding comes when the relay's clock says so.
        if matches!(cell.command, command::PADDING | command::VPADDING) {
            return;
        }
        let probe = self.probes.contains(&cell.circ_id);
        let circuit = self.circuits.get_mut(&cell.circ_id);
        match (cell.command, circuit) {
            (command::CREATED_FAST, Some(circuit @ Circuit::Asked(_))) => {
                let Circuit::Asked(x) = &*circuit else { return };
                let keys = Keys::from_created_fast(x, &cell.body);
                if !probe {
                    self.transcript.created_fast(cell, keys.is_some());
                }
                if let Some(keys) = keys {
                    *circuit = Circuit::Complete(Box::new(keys));
                }
            }
            (command::CREATED2, Some(Circuit::AskedNtorV3(_))) => {
                let Some(Circuit::AskedNtorV3(handshake)) = self.circuits.remove(&cell.circ_id)
                else {
                    return;
                };
                let agreed = handshake.finish(&cell.body);
                let extensions = agreed.as_ref().map(|(_, extensions)| &extensions[..]);
                self.transcript.created_ntor_v3(cell, extensions);
                if let Some((keys, _)) = agreed {
                    let circuit = Circuit::Complete(Box::new(keys));
                    self.circuits.insert(cell.circ_id, circuit);
                }
            }
            (command::RELAY, Some(Circuit::Complete(keys))) => {
                self.transcript.relay(cell, keys.open(&cell.body));
            }
            _ => self.transcript.cell(cell),
        }
        self.received += usize::from(!probe);
    }

    fn finish(mut self) -> Transcript {
        self.transcript.rest(self.decoder.rest());
        self.transcript.ending = match self.wire {
            Some(_) => Ending::HeldOpen,
            None => Ending::Closed,
        };
        self.transcript
    }
}

/// How long a relay may take to close a link that it has reason to close. A
/// link that nothing has proved alive and that is open after this long counts
/// as held open.
const CLOSING: Duration = Duration::from_secs(3);
/// Long enough for the relay to read most bytes by themselves.
const BETWEEN_BYTES: Duration = Duration::from_micros(200);
