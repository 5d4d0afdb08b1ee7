//! Plays a script, against an ORPort or with a tor that connects.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use openssl::sha::sha256;

use crate::authenticate::{log, Forgery, Link, Told};
use crate::cell::{command, Cell, CircIdLen, Decoder};
use crate::circuit::{relay, Keys, NtorV3, RelayMessage};
use crate::identity::Identity;
use crate::next_hop::{accept, extend2, NextHop};
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
    /// The digest of its RSA identity.
    pub rsa_id: [u8; 20],
    /// Its Ed25519 identity.
    pub ed25519_id: [u8; 32],
    /// Its onion key for ntor and ntor v3.
    pub onion_key: [u8; 32],
}

/// Plays the script and returns what came back. An error means that nothing
/// could be tried, for instance that nobody listens.
pub fn play(relay: &Relay, script: &Script) -> Result<Transcript> {
    let wire = Wire::connect(relay.or_port)?;
    Player::new(wire, None, relay.keys, script).play(script)
}

/// The end of a link that is waiting for a tor to open it.
pub struct Responder {
    listener: TcpListener,
    identity: Identity,
}

impl Responder {
    /// Listens on 127.0.0.1, at a port that no responder of this process has had: a
    /// tor that looks for one which has gone must not find another.
    pub fn listen(identity: &Identity) -> Result<Responder> {
        static TAKEN: AtomicU32 = AtomicU32::new(0);
        // Processes begin at different ports.
        let first = std::process::id().wrapping_mul(PORTS_APART);
        let listener = (0..PORTS).find_map(|_| {
            let next = first.wrapping_add(TAKEN.fetch_add(1, Ordering::Relaxed));
            let port = FIRST_PORT + (next % PORTS) as u16;
            TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok()
        });
        Ok(Responder {
            listener: listener.context("no free port on 127.0.0.1")?,
            identity: identity.clone(),
        })
    }

    /// Where.
    pub fn address(&self) -> Result<SocketAddr> {
        Ok(self.listener.local_addr()?)
    }

    /// Plays the script with whoever connects first, and closes the connection. An
    /// error if nobody does.
    pub fn answer(&self, script: &Script) -> Result<Transcript> {
        let stream = accept(&self.listener)?.context("nobody has connected")?;
        let wire = Wire::accepted(stream)?;
        Player::new(wire, Some(self.identity.clone()), None, script).play(script)
    }
}

/// A circuit that a CREATE_FAST or a CREATE2 has asked for.
enum Circuit {
    Asked([u8; 20]),
    AskedNtorV3(NtorV3),
    Complete(Box<Keys>),
}

struct Player {
    /// Who we are if we are the responder.
    responder: Option<Identity>,
    keys: Option<RelayKeys>,
    /// `None` once the peer has closed it.
    wire: Option<Wire>,
    in_tls: bool,
    width: CircIdLen,
    /// Whether the relay's VERSIONS has come.
    agreed: bool,
    outgoing: Vec<u8>,
    /// The pause between bytes that go out one by one.
    slowly: Option<Duration>,
    decoder: Decoder,
    circuits: BTreeMap<u32, Circuit>,
    next_hop: Option<NextHop>,
    /// Our own link, once the script goes on over the next hop's.
    left: Option<Wire>,
    /// Circuits that only probe.
    probes: BTreeSet<u32>,
    /// Circuits that the peer has closed.
    destroyed: BTreeSet<u32>,
    /// Circuits that are being extended, and the handshake with their next hop.
    extending: BTreeMap<u32, NtorV3>,
    /// Cells in the transcript.
    received: usize,
    /// Of these, CREATE_FAST and CREATE2.
    created: usize,
    /// All that has been sent and received in TLS, as AUTHENTICATE needs it.
    sent_log: Vec<u8>,
    received_log: Vec<u8>,
    /// The body of the CERTS that has come.
    peer_certs: Vec<u8>,
    transcript: Transcript,
}

impl Player {
    fn new(
        wire: Wire,
        responder: Option<Identity>,
        keys: Option<RelayKeys>,
        script: &Script,
    ) -> Player {
        Player {
            responder,
            keys,
            wire: Some(wire),
            in_tls: false,
            width: script.width,
            agreed: false,
            outgoing: Vec::new(),
            slowly: None,
            decoder: Decoder::default(),
            circuits: BTreeMap::new(),
            next_hop: None,
            left: None,
            probes: BTreeSet::new(),
            destroyed: BTreeSet::new(),
            extending: BTreeMap::new(),
            received: 0,
            created: 0,
            sent_log: Vec::new(),
            received_log: Vec::new(),
            peer_certs: Vec::new(),
            transcript: Transcript::default(),
        }
    }

    fn play(mut self, script: &Script) -> Result<Transcript> {
        let mut alive = false;
        for step in &script.steps {
            alive = self.step(step)?;
        }
        self.flush()?;
        if !alive {
            // Nothing has shown that the link lives: it ought to be closed.
            self.listen(CLOSING, |_| false)?;
        }
        Ok(self.finish())
    }

    /// Tells whether the step has proved that the link lives.
    fn step(&mut self, step: &Step) -> Result<bool> {
        match step {
            Step::Tls => {
                self.flush()?;
                self.wire = match (self.wire.take(), &self.responder) {
                    (Some(wire), None) => wire.start_tls()?,
                    (Some(wire), Some(identity)) => {
                        let (key, cert) = identity.tls();
                        wire.answer_tls(cert, key)?
                    }
                    (None, _) => None,
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
            Step::ExtendNtorV3(circ_id, relay) => self.extend_ntor_v3(*circ_id, relay),
            Step::Authenticate(identity, forgery) => self.authenticate(identity, *forgery)?,
            Step::Slowly(pause) => {
                self.flush()?;
                self.slowly = Some(*pause);
            }
            Step::Await(cells) => {
                self.flush()?;
                let enough = self.received + cells;
                let came = self.listen(PATIENCE, |player| player.received >= enough)?;
                if !came && self.wire.is_some() {
                    self.transcript.in_vain(format!("{cells} more cells"));
                }
            }
            Step::AwaitCreated(circ_id) => {
                self.flush()?;
                let answered = |player: &Player| {
                    let circuit = player.circuits.get(circ_id);
                    let made = matches!(circuit, Some(Circuit::Complete(_)));
                    made || player.destroyed.contains(circ_id)
                };
                if !self.listen(PATIENCE, answered)? && self.wire.is_some() {
                    self.transcript.in_vain(format!("circuit {circ_id:#x}"));
                }
            }
            Step::Quiet(time) => {
                self.flush()?;
                self.listen(*time, |_| false)?;
            }
            Step::Probe => return self.probe(),
            Step::AwaitCreate => {
                self.flush()?;
                return self.listen(CLOSING, |player| player.created > 0);
            }
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

    fn extend_ntor_v3(&mut self, circ_id: u32, relay: &Relay) {
        let Some(keys) = &relay.keys else { return };
        let Some((handshake, create2)) = NtorV3::begin(&keys.ed25519_id, &keys.onion_key) else {
            return;
        };
        self.extending.insert(circ_id, handshake);
        let ed25519_id = Some(&keys.ed25519_id);
        let message = extend2(relay.or_port, &keys.rsa_id, ed25519_id, &create2);
        self.relay(circ_id, command::RELAY_EARLY, &message);
    }

    /// What AUTHENTICATE is about, once both ends have sent CERTS; `None` before.
    fn link(&self, initiator: Option<&Identity>) -> Result<Option<Link>> {
        let (Some(wire), Some(told)) = (&self.wire, Told::by(&self.peer_certs)) else {
            return Ok(None);
        };
        let sent = [&self.sent_log[..], &self.outgoing].concat();
        let (sent, received) = (&sent, &self.received_log);
        let (challenge, end) = (command::AUTH_CHALLENGE, command::AUTHENTICATE);
        let width = self.width;
        let ours = self.responder.as_ref().or(initiator);
        let Some(ours) = ours else { return Ok(None) };
        let our_ids = (ours.rsa_id_sha256()?, ours.ed25519_id()?);
        let their_ids = (told.rsa_id_sha256, told.ed25519_id);
        let (client, server, clog, slog, scert) = match &self.responder {
            None => {
                let (clog, slog) = (log(sent, width, end), log(received, width, challenge));
                (our_ids, their_ids, clog, slog, wire.peer_cert_sha256())
            }
            Some(responder) => {
                let (clog, slog) = (log(received, width, end), log(sent, width, challenge));
                let (_, cert) = responder.tls();
                let scert = sha256(&cert.to_der()?);
                (their_ids, our_ids, clog, slog, Some(scert))
            }
        };
        Ok(Some(Link {
            cid: client.0,
            sid: server.0,
            cid_ed: client.1,
            sid_ed: server.1,
            slog,
            clog,
            scert: scert.unwrap_or_default(),
            tls_secrets: Link::secrets(wire, &client.0)?,
        }))
    }

    fn authenticate(&mut self, identity: &Identity, forgery: Forgery) -> Result<()> {
        let Some(link) = self.link(Some(identity))? else {
            return Ok(());
        };
        let body = link.authenticate(identity, forgery)?;
        let cell = Cell::new(0, command::AUTHENTICATE, body);
        self.outgoing.extend(cell.encode(self.width));
        Ok(())
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
            let called = self.responder.is_some() || self.left.is_some();
            let first = match (self.width, called) {
                (CircIdLen::Two, true) => 0x7e00,
                (CircIdLen::Two, false) => 0xfe00,
                (CircIdLen::Four, true) => 0x7e00_0000,
                (CircIdLen::Four, false) => 0xfe00_0000,
            };
            let circ_id = first + self.probes.len() as u32;
            self.probes.insert(circ_id);
            self.create(circ_id);
            self.flush()?;
            // A tor that is no relay refuses the circuit, which is an answer too.
            let answered = |player: &Player| match player.circuits.get(&circ_id) {
                Some(Circuit::Complete(_)) => true,
                Some(_) => false,
                None => true,
            };
            if !self.listen(PATIENCE, answered)? {
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
        if self.in_tls {
            self.sent_log.extend(&bytes);
        }
        let Some(pause) = self.slowly else {
            if !bytes.is_empty() {
                wire.send(&bytes);
            }
            return Ok(());
        };
        for byte in bytes {
            if !wire.send(&[byte]) {
                break;
            }
            thread::sleep(pause);
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
                    self.received_log.extend(&bytes);
                    self.decoder.feed(&bytes);
                    self.take_cells()?;
                }
                // What a TLS client sends is random; its records say what it is.
                Received::Bytes(bytes) if self.responder.is_some() => {
                    self.transcript
                        .bare(&bytes[..bytes.len().min(RECORD_TYPE_LEN)]);
                }
                Received::Bytes(bytes) => self.transcript.bare(&bytes),
            }
        }
    }

    fn take_cells(&mut self) -> Result<()> {
        loop {
            let width = match self.agreed {
                true => self.width,
                false => CircIdLen::Two,
            };
            let Some(cell) = self.decoder.next(width) else {
                return Ok(());
            };
            self.agreed |= cell.command == command::VERSIONS;
            self.take(&cell)?;
        }
    }

    fn take(&mut self, cell: &Cell) -> Result<()> {
        match cell.command {
            // Padding comes when the relay's clock says so.
            command::PADDING | command::VPADDING => return Ok(()),
            command::CERTS => self.peer_certs = cell.body.clone(),
            command::CREATE_FAST | command::CREATE2 => self.created += 1,
            command::AUTHENTICATE => {
                if let Some(link) = self.link(None)? {
                    let auth_key = Told::by(&self.peer_certs).and_then(|told| told.auth_key);
                    self.transcript
                        .authenticate(&link.wrong(&cell.body, auth_key));
                    self.received += 1;
                    return Ok(());
                }
            }
            _ => {}
        }
        if cell.command == command::DESTROY {
            self.destroyed.insert(cell.circ_id);
        }
        let probe = self.probes.contains(&cell.circ_id);
        let circuit = self.circuits.get_mut(&cell.circ_id);
        match (cell.command, circuit) {
            (command::CREATED_FAST, Some(circuit @ Circuit::Asked(_))) => {
                let Circuit::Asked(x) = &*circuit else {
                    return Ok(());
                };
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
                    return Ok(());
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
                let message = keys.open(&cell.body);
                let extended = message.as_ref().filter(|m| m.command == relay::EXTENDED2);
                let handshake = extended.and_then(|_| self.extending.remove(&cell.circ_id));
                match (extended, handshake) {
                    (Some(extended), Some(handshake)) => {
                        let agreed = handshake.finish(&extended.body).is_some();
                        self.transcript.extended_ntor_v3(cell, agreed);
                    }
                    _ => self.transcript.relay(cell, message),
                }
            }
            // Nobody who closes it as idle knows that it was a probe.
            (command::DESTROY, Some(_)) if probe && cell.body.first() == Some(&FINISHED) => {
                self.circuits.remove(&cell.circ_id);
            }
            (command::DESTROY, Some(_)) if probe && self.responder.is_some() => {
                self.circuits.remove(&cell.circ_id);
                self.transcript.cell(cell);
            }
            // A tor that has connected draws the ids of its circuits.
            _ if self.responder.is_some() && !probe && cell.circ_id != 0 => {
                let cell = Cell::new(THEIR_CIRCUIT, cell.command, &cell.body[..]);
                self.transcript.cell(&cell);
            }
            _ => self.transcript.cell(cell),
        }
        self.received += usize::from(!probe);
        Ok(())
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
/// What circuits of a tor that has connected are called, all of them.
const THEIR_CIRCUIT: u32 = 1;
/// Bytes of a TLS record that tell its type and version.
const RECORD_TYPE_LEN: usize = 3;
/// A reason of DESTROY (tor-spec, "Tearing down circuits").
const FINISHED: u8 = 9;
/// Ports of responders, below those that the kernel hands to outgoing connections.
const FIRST_PORT: u16 = 12_000;
const PORTS: u32 = 20_000;
const PORTS_APART: u32 = 1_999;
