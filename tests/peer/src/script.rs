//! What a peer sends, and when it waits: data, made by builders that read like
//! the conversation.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::authenticate::Forgery;
use crate::cell::{command, Cell, CircIdLen};
use crate::circuit::RelayMessage;
use crate::identity::{Certs, Identity};
use crate::next_hop::extend2;
use crate::play::Relay;

/// One step of a script. What is sent goes out at the next step that waits or
/// ends, all of it in one write.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// TLS from here on.
    Tls,
    Send(Vec<u8>),
    /// A CREATE_FAST whose keys are kept.
    Create(u32),
    /// A CREATE2 for ntor v3 whose keys are kept.
    CreateNtorV3(u32),
    /// A relay cell of this link command, sealed with the circuit's keys.
    Relay(u32, u8, RelayMessage),
    /// A new relay of ours listens, and EXTEND2 to it goes out on the circuit.
    Extend(u32),
    /// It takes the connection, and has a CREATE2 in the end.
    NextHopAccepts,
    /// It sends a cell of this link command on the circuit.
    NextHopSends(u8, Vec<u8>),
    /// Until it has this many more cells.
    NextHopAwaits(usize),
    /// From here on, everything goes over the link that it has.
    OverNextHop,
    /// A circuit is extended to this relay, by an ntor v3 handshake whose keys count.
    ExtendNtorV3(u32, Box<Relay>),
    /// AUTHENTICATE, once CERTS and AUTH_CHALLENGE have come.
    Authenticate(Box<Identity>, Forgery),
    /// From here on, each byte goes out in a write of its own, so long after the last.
    Slowly(Duration),
    /// Until this many more cells have come.
    Await(usize),
    /// Until this circuit is made or refused.
    AwaitCreated(u32),
    /// Listens this long.
    Quiet(Duration),
    /// Positive evidence that the link lives: new circuits are made on it.
    Probe,
    /// Such evidence too: the tor that opened the link makes a circuit on it.
    AwaitCreate,
    EndTls,
    EndTcp,
}

/// A conversation over a link, from either of its ends.
#[derive(Clone, Debug)]
pub struct Script {
    /// What is tried, in a few words.
    pub name: String,
    pub(crate) width: CircIdLen,
    pub(crate) steps: Vec<Step>,
}

impl Script {
    /// Starts with bare TCP.
    pub fn tcp(name: impl Into<String>) -> Script {
        Script {
            name: name.into(),
            width: CircIdLen::Four,
            steps: Vec::new(),
        }
    }

    /// Starts with a TLS handshake.
    pub fn tls(name: impl Into<String>) -> Script {
        Script::tcp(name).start_tls()
    }

    /// Starts with TLS, VERSIONS of this one link protocol (3 to 5), and the
    /// relay's VERSIONS, CERTS, AUTH_CHALLENGE and NETINFO.
    pub fn answered(name: impl Into<String>, link_protocol: u16) -> Script {
        Script::tls(name).versions(&[link_protocol]).wait(4)
    }

    /// Starts with the whole handshake of an unauthenticated client.
    pub fn open(name: impl Into<String>, link_protocol: u16) -> Script {
        Script::answered(name, link_protocol).netinfo()
    }

    /// Starts with a link that the relay has opened to us, in order to extend a
    /// circuit (on `circ_id`) that is ours too. On such a link we are no client;
    /// the highest bit of our circuit ids is 0.
    pub fn called(name: impl Into<String>, circ_id: u32) -> Script {
        Script::open(name, 5)
            .circuit(circ_id, CircuitScript::extend)
            .step(Step::OverNextHop)
    }

    /// A TLS handshake on the connection that there is.
    pub fn start_tls(self) -> Script {
        self.step(Step::Tls)
    }

    /// Any bytes.
    pub fn bytes(self, bytes: impl Into<Vec<u8>>) -> Script {
        self.step(Step::Send(bytes.into()))
    }

    /// A cell, with circuit ids as long as the agreed link protocol has them.
    pub fn cell(self, circ_id: u32, command: u8, body: impl Into<Vec<u8>>) -> Script {
        let bytes = Cell::new(circ_id, command, body).encode(self.width);
        self.bytes(bytes)
    }

    /// A cell of which only the first bytes go out.
    pub fn cut_cell(self, length: usize, command: u8, body: impl Into<Vec<u8>>) -> Script {
        let mut bytes = Cell::new(0, command, body).encode(self.width);
        bytes.truncate(length);
        self.bytes(bytes)
    }

    /// A VERSIONS cell as one begins with, its circuit id two bytes long; what
    /// follows is encoded for the highest link protocol in it that tor knows.
    pub fn versions(mut self, versions: &[u16]) -> Script {
        let known = versions.iter().filter(|version| (3..=5).contains(*version));
        self.width = match known.max() {
            Some(3) => CircIdLen::Two,
            _ => CircIdLen::Four,
        };
        let body: Vec<u8> = versions.iter().flat_map(|v| v.to_be_bytes()).collect();
        self.early_cell(command::VERSIONS, body)
    }

    /// A cell before the versions are agreed upon: circuit id 0 in two bytes.
    pub fn early_cell(self, command: u8, body: impl Into<Vec<u8>>) -> Script {
        let bytes = Cell::new(0, command, body).encode(CircIdLen::Two);
        self.bytes(bytes)
    }

    /// A NETINFO as a client sends it: no time, the relay's address 127.0.0.1,
    /// none of its own.
    pub fn netinfo(self) -> Script {
        self.cell(0, command::NETINFO, [0, 0, 0, 0, 4, 4, 127, 0, 0, 1, 0])
    }

    /// The same with the time that it is, and an address of ours: 127.0.0.1.
    pub fn relay_netinfo(self) -> Script {
        let local = [4, 4, 127, 0, 0, 1];
        self.netinfo_of([&local[..], &[1], &local].concat())
    }

    /// NETINFO with the time that it is, and this content.
    pub fn netinfo_of(self, content: impl AsRef<[u8]>) -> Script {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.unwrap_or_default().as_secs() as u32;
        let body = [&now.to_be_bytes()[..], content.as_ref()].concat();
        self.cell(0, command::NETINFO, body)
    }

    /// CERTS.
    pub fn certs(self, certs: &Certs) -> Script {
        self.cell(0, command::CERTS, certs.encode())
    }

    /// AUTH_CHALLENGE that offers these methods.
    pub fn auth_challenge(self, methods: &[u16]) -> Script {
        let mut body = vec![0x33; 32];
        body.extend((methods.len() as u16).to_be_bytes());
        body.extend(methods.iter().flat_map(|method| method.to_be_bytes()));
        self.cell(0, command::AUTH_CHALLENGE, body)
    }

    /// AUTHENTICATE as this identity, right or not.
    pub fn authenticate(self, identity: &Identity, forgery: Forgery) -> Script {
        self.step(Step::Authenticate(Box::new(identity.clone()), forgery))
    }

    /// Waits until the tor that has opened the link makes a circuit on it.
    pub fn wait_for_create(self) -> Script {
        self.step(Step::AwaitCreate)
    }

    /// A CREATE_FAST.
    pub fn create_fast(self, circ_id: u32) -> Script {
        self.step(Step::Create(circ_id))
    }

    /// A circuit, complete, and what is said on it.
    pub fn circuit(self, circ_id: u32, say: impl Fn(CircuitScript) -> CircuitScript) -> Script {
        let script = self.create_fast(circ_id).wait_for_created(circ_id);
        say(CircuitScript { script, circ_id }).script
    }

    /// The same by ntor v3, with congestion control.
    pub fn ntor_v3_circuit(
        self,
        circ_id: u32,
        say: impl Fn(CircuitScript) -> CircuitScript,
    ) -> Script {
        let script = self.step(Step::CreateNtorV3(circ_id)).wait(1);
        say(CircuitScript { script, circ_id }).script
    }

    /// Everything that `part` adds, this many times.
    pub fn repeat(self, times: u32, part: impl Fn(Script, u32) -> Script) -> Script {
        (0..times).fold(self, part)
    }

    /// From here on one byte at a time, each in a write and TLS record of its own.
    pub fn slowly(self) -> Script {
        self.step(Step::Slowly(BETWEEN_BYTES))
    }

    /// The same, so slowly that it takes as long as `pause` from byte to byte.
    pub fn pausing(self, pause: Duration) -> Script {
        self.step(Step::Slowly(pause))
    }

    /// Waits for this many more cells, or the end of the connection.
    pub fn wait(self, cells: usize) -> Script {
        self.step(Step::Await(cells))
    }

    /// Waits until a circuit that was asked for is made or refused.
    pub fn wait_for_created(self, circ_id: u32) -> Script {
        self.step(Step::AwaitCreated(circ_id))
    }

    /// Listens for a while; what comes is written down.
    pub fn quiet(self, time: Duration) -> Script {
        self.step(Step::Quiet(time))
    }

    /// Makes circuits on the open link, to see that it still works.
    pub fn probe(self) -> Script {
        self.step(Step::Probe)
    }

    /// TLS close_notify.
    pub fn end_tls(self) -> Script {
        self.step(Step::EndTls)
    }

    /// TCP FIN.
    pub fn end_tcp(self) -> Script {
        self.step(Step::EndTcp)
    }

    fn step(mut self, step: Step) -> Script {
        self.steps.push(step);
        self
    }
}

/// The part of a script that stands on one circuit.
pub struct CircuitScript {
    script: Script,
    circ_id: u32,
}

impl CircuitScript {
    /// A message in a RELAY cell.
    pub fn relay(self, message: RelayMessage) -> CircuitScript {
        let circ_id = self.circ_id;
        self.then(|script| script.step(Step::Relay(circ_id, command::RELAY, message)))
    }

    /// A message in a RELAY_EARLY cell.
    pub fn relay_early(self, message: RelayMessage) -> CircuitScript {
        let circ_id = self.circ_id;
        self.then(|script| script.step(Step::Relay(circ_id, command::RELAY_EARLY, message)))
    }

    /// Extends the circuit to a relay of ours, which has the CREATE2 then and does
    /// not answer it.
    pub fn extend(self) -> CircuitScript {
        self.extend_in_vain()
            .then(|script| script.step(Step::NextHopAccepts))
    }

    /// The same, but that relay does not answer the connection.
    pub fn extend_in_vain(self) -> CircuitScript {
        let circ_id = self.circ_id;
        self.then(|script| script.step(Step::Extend(circ_id)))
    }

    /// Extends it to whoever listens there and has these identities, with a handshake
    /// that is none.
    pub fn extend_to(
        self,
        address: SocketAddr,
        rsa_id: &[u8; 20],
        ed25519_id: Option<&[u8; 32]>,
    ) -> CircuitScript {
        let create2 = [&[0, 2, 0, 84][..], &[7; 84]].concat();
        self.relay_early(extend2(address, rsa_id, ed25519_id, &create2))
    }

    /// Extends it to a relay that is one.
    pub fn extend_ntor_v3(self, relay: &Relay) -> CircuitScript {
        let step = Step::ExtendNtorV3(self.circ_id, Box::new(*relay));
        self.then(|script| script.step(step))
    }

    /// The relay to which the circuit was extended sends a cell on it.
    pub fn next_hop_sends(self, command: u8, body: impl Into<Vec<u8>>) -> CircuitScript {
        self.then(|script| script.step(Step::NextHopSends(command, body.into())))
    }

    /// Waits until the relay to which the circuit was extended has this many more
    /// cells.
    pub fn next_hop_waits(self, cells: usize) -> CircuitScript {
        self.then(|script| script.step(Step::NextHopAwaits(cells)))
    }

    /// A cell on this circuit that is not sealed.
    pub fn cell(self, command: u8, body: impl Into<Vec<u8>>) -> CircuitScript {
        let circ_id = self.circ_id;
        self.then(|script| script.cell(circ_id, command, body))
    }

    /// Waits for this many more cells.
    pub fn wait(self, cells: usize) -> CircuitScript {
        self.then(|script| script.wait(cells))
    }

    /// Everything that `part` adds, this many times.
    pub fn repeat(
        self,
        times: u32,
        part: impl Fn(CircuitScript) -> CircuitScript,
    ) -> CircuitScript {
        (0..times).fold(self, |script, _| part(script))
    }

    fn then(mut self, add: impl FnOnce(Script) -> Script) -> CircuitScript {
        self.script = add(self.script);
        self
    }
}

/// Long enough for the relay to read most bytes by themselves.
const BETWEEN_BYTES: Duration = Duration::from_micros(200);
