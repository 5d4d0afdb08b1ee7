//! Plays a script against an ORPort.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::cell::{command, Cell, CircIdLen, Decoder};
use crate::circuit::{Keys, RelayMessage};
use crate::script::{Script, Step};
use crate::transcript::{Ending, Transcript};
use crate::wire::{Received, Wire, PATIENCE};

/// Plays the script and returns what came back. An error means that nothing
/// could be tried, for instance that nobody listens.
pub fn play(address: SocketAddr, script: &Script) -> Result<Transcript> {
    let mut player = Player {
        wire: Some(Wire::connect(address)?),
        in_tls: false,
        width: script.width,
        agreed: false,
        outgoing: Vec::new(),
        slowly: false,
        decoder: Decoder::default(),
        circuits: BTreeMap::new(),
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

/// A circuit that a CREATE_FAST has asked for.
enum Circuit {
    Asked([u8; 20]),
    Complete(Box<Keys>),
}

struct Player {
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
            Step::Relay(circ_id, command, message) => self.relay(*circ_id, *command, message),
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

    fn relay(&mut self, circ_id: u32, command: u8, message: &RelayMessage) {
        if let Some(Circuit::Complete(keys)) = self.circuits.get_mut(&circ_id) {
            let cell = Cell::new(circ_id, command, keys.seal(message));
            self.outgoing.extend(cell.encode(self.width));
        }
    }

    /// A relay answers CREATE_FAST at once, but a circuit that it closes meanwhile
    /// says so only after that answer: what it sent before the answer to the
    /// second probe is all that it had to say.
    fn probe(&mut self) -> Result<bool> {
        for _ in 0..2 {
            let first = match self.width {
                CircIdLen::Two => 0xfe00,
                CircIdLen::Four => 0xfe00_0000,
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
