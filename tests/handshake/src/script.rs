//! A script: what the world is like, a connection, and what happens to it.
//!
//! [`Script::to_string`] writes it as `driver.c` reads it: settings, `conn`,
//! then one line an event.

use std::fmt;

use crate::certs;
use crate::command;
use crate::keys::{self, EdKey};

/// The peer's address, if nothing else is said.
pub const PEER: [u8; 4] = [198, 51, 100, 7];

/// Our address, if we are a relay.
pub const OURS: [u8; 4] = [192, 0, 2, 1];

/// A script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// What it is about, in one line.
    pub name: String,
    /// What the world is like.
    pub world: Vec<World>,
    /// The connection.
    pub conn: Conn,
    /// What happens, in order.
    pub events: Vec<Event>,
}

/// Something about the world.
#[allow(missing_docs)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum World {
    /// What we are.
    Mode(Mode),
    /// A relay whose descriptor is not made yet.
    NoDescriptor,
    /// A relay without certificates of its own.
    NoCertificates,
    /// A relay with an IPv6 address, too.
    Ipv6(&'static str),
    /// The option ProtocolWarnings.
    ProtocolWarnings,
    /// Addresses are not scrubbed from the log.
    UnsafeLog,
    /// Closing is only noted: what comes after a failure is handled, too.
    KeepGoing,
    /// The peer is a directory authority.
    Trusted,
    /// The peer is in the consensus.
    Known,
    /// The TLS exporter fails like this.
    Exporter(i32),
    /// The peer is in the node list, with this address and perhaps with its
    /// Ed25519 identity.
    Node {
        address: &'static str,
        identity: [u8; 20],
        ed: Option<[u8; 32]>,
    },
    /// The peer's TLS certificate.
    PeerCert(Vec<u8>),
}

/// What the tor is that is looked at.
#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Relay,
    Bridge,
    Authority,
    Client,
}

impl Mode {
    /// All of them.
    pub const ALL: [Mode; 4] = [Mode::Relay, Mode::Bridge, Mode::Authority, Mode::Client];
}

/// A connection to a peer, or from one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conn {
    /// Whether we began it.
    pub initiator: bool,
    /// The peer's address.
    pub address: String,
    /// The RSA identity that is expected.
    pub rsa: Option<[u8; 20]>,
    /// The Ed25519 identity that is expected.
    pub ed: Option<[u8; 32]>,
}

impl Conn {
    /// One that we began, to the peer's identities.
    pub fn initiator() -> Conn {
        Conn {
            initiator: true,
            address: "198.51.100.7".into(),
            rsa: Some(keys::fingerprint(&keys::PEER_IDENTITY)),
            ed: Some(EdKey::IDENTITY.public()),
        }
    }

    /// One that the peer began.
    pub fn responder() -> Conn {
        Conn {
            initiator: false,
            address: "198.51.100.7".into(),
            rsa: None,
            ed: None,
        }
    }
}

/// Something that happens to the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Our TLS handshake is done, and we send VERSIONS.
    Launch,
    /// The peer's TLS handshake is done, and we wait for VERSIONS.
    Wait,
    /// A field of the connection is set to this value.
    Set(&'static str, i64),
    /// The clock is set to so many seconds after the beginning.
    Time(i64),
    /// A fixed-length cell; its body is filled up with zeros.
    Cell(Cell),
    /// A variable-length cell.
    Var(Cell),
    /// A variable-length cell handed to one handler, past the front door.
    Direct(&'static str, Cell),
    /// A good AUTHENTICATE cell, but for its changes.
    Authenticate(Authenticate),
    /// Bytes as they come out of TLS.
    Bytes(Vec<u8>),
}

/// A cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Its circuit id.
    pub circ_id: u32,
    /// Its command.
    pub command: u8,
    /// Its body, without padding.
    pub body: Vec<u8>,
}

/// An AUTHENTICATE cell. The driver makes it, for it depends on what tor sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authenticate {
    /// Where it goes: "front", or the handler "authenticate".
    pub via: &'static str,
    /// Its circuit id.
    pub circ_id: u32,
    /// SHA-256 of the peer's RSA identity.
    pub cid: [u8; 32],
    /// The peer's Ed25519 identity.
    pub cid_ed: [u8; 32],
    /// What signs it.
    pub key: EdKey,
    /// Its type.
    pub auth_type: u16,
    /// Its length, as it says itself.
    pub len: Option<u16>,
    /// Bytes of the signed part to change, before it is signed.
    pub flips: Vec<(u16, u8)>,
    /// Bytes of the cell to change, header and signature included.
    pub after: Vec<(u16, u8)>,
    /// So many bytes are missing at the end.
    pub cut: u16,
    /// These follow.
    pub more: Vec<u8>,
}

impl Default for Authenticate {
    fn default() -> Authenticate {
        Authenticate {
            via: "front",
            circ_id: 0,
            cid: keys::fingerprint_256(&keys::PEER_IDENTITY),
            cid_ed: EdKey::IDENTITY.public(),
            key: EdKey::AUTH,
            auth_type: 3,
            len: None,
            flips: Vec::new(),
            after: Vec::new(),
            cut: 0,
            more: Vec::new(),
        }
    }
}

/// How long AUTHENTICATE's body is, header and signature included.
pub const AUTHENTICATE_LEN: u16 = 4 + 288 + 64;

impl Event {
    /// A fixed-length cell of the link.
    pub fn cell(command: u8, body: impl Into<Vec<u8>>) -> Event {
        Event::Cell(Cell {
            circ_id: 0,
            command,
            body: body.into(),
        })
    }

    /// A variable-length cell of the link.
    pub fn var(command: u8, body: impl Into<Vec<u8>>) -> Event {
        Event::Var(Cell {
            circ_id: 0,
            command,
            body: body.into(),
        })
    }

    /// VERSIONS with these.
    pub fn versions(list: &[u16]) -> Event {
        let body: Vec<u8> = list
            .iter()
            .flat_map(|version| version.to_be_bytes())
            .collect();
        Event::var(command::VERSIONS, body)
    }

    /// CERTS with these.
    pub fn certs(certs: &certs::Certs) -> Event {
        Event::var(command::CERTS, certs.encode())
    }

    /// AUTH_CHALLENGE with these methods.
    pub fn auth_challenge(methods: &[u16]) -> Event {
        let mut body = vec![0xc4; 32];
        body.extend((methods.len() as u16).to_be_bytes());
        body.extend(methods.iter().flat_map(|method| method.to_be_bytes()));
        Event::var(command::AUTH_CHALLENGE, body)
    }

    /// The cell, if it is one that a script holds.
    pub fn as_cell(&self) -> Option<&Cell> {
        match self {
            Event::Cell(cell) | Event::Var(cell) | Event::Direct(_, cell) => Some(cell),
            _ => None,
        }
    }

    /// The same, to be changed.
    pub fn as_cell_mut(&mut self) -> Option<&mut Cell> {
        match self {
            Event::Cell(cell) | Event::Var(cell) | Event::Direct(_, cell) => Some(cell),
            _ => None,
        }
    }
}

/// A body of NETINFO (tor-spec, "NETINFO cells").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Netinfo {
    /// The peer's clock, in seconds since 1970; 0 if it does not say.
    pub timestamp: u32,
    /// Where it says that we are: type and bytes.
    pub other: (u8, Vec<u8>),
    /// Where it says that it is.
    pub mine: Vec<(u8, Vec<u8>)>,
}

impl Netinfo {
    /// From a relay whose clock is right, at its address and ours.
    pub fn good() -> Netinfo {
        Netinfo {
            timestamp: crate::BEGINNING as u32,
            other: ipv4(OURS),
            mine: vec![ipv4(PEER)],
        }
    }

    /// The bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut body = self.timestamp.to_be_bytes().to_vec();
        let mut address = |(addr_type, bytes): &(u8, Vec<u8>)| {
            body.extend([*addr_type, bytes.len() as u8]);
            body.extend(bytes);
        };
        address(&self.other);
        let mut mine = Vec::new();
        for (addr_type, bytes) in &self.mine {
            mine.extend([*addr_type, bytes.len() as u8]);
            mine.extend(bytes);
        }
        body.push(self.mine.len() as u8);
        body.extend(mine);
        body
    }

    /// The cell.
    pub fn event(&self) -> Event {
        let mut body = self.encode();
        body.truncate(509);
        Event::cell(command::NETINFO, body)
    }
}

/// An IPv4 address of NETINFO.
pub fn ipv4(address: [u8; 4]) -> (u8, Vec<u8>) {
    (4, address.to_vec())
}

/// An IPv6 address of NETINFO.
pub fn ipv6(address: &str) -> (u8, Vec<u8>) {
    let address: std::net::Ipv6Addr = address.parse().expect("an address of ours");
    (6, address.octets().to_vec())
}

impl Script {
    /// One in which nothing happens yet.
    pub fn new(name: impl Into<String>, mode: Mode, conn: Conn) -> Script {
        Script {
            name: name.into(),
            world: vec![World::Mode(mode), World::PeerCert(certs::LINK.clone())],
            conn,
            events: Vec::new(),
        }
    }

    /// The same under another name.
    pub fn called(mut self, name: impl fmt::Display) -> Script {
        self.name = format!("{}: {name}", self.name);
        self
    }

    /// The same in another world.
    pub fn with(mut self, world: World) -> Script {
        self.world.push(world);
        self
    }

    /// The same with one event more.
    pub fn then(mut self, event: Event) -> Script {
        self.events.push(event);
        self
    }

    /// The same with more events.
    pub fn then_all(mut self, events: impl IntoIterator<Item = Event>) -> Script {
        self.events.extend(events);
        self
    }
}

struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.is_empty() {
            true => f.write_str("-"),
            false => f.write_str(&hex::encode(self.0)),
        }
    }
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            World::Mode(Mode::Relay) => f.write_str("mode relay"),
            World::Mode(Mode::Bridge) => f.write_str("mode bridge"),
            World::Mode(Mode::Authority) => f.write_str("mode authority"),
            World::Mode(Mode::Client) => f.write_str("mode client"),
            World::NoDescriptor => f.write_str("no-descriptor"),
            World::NoCertificates => f.write_str("no-certificates"),
            World::Ipv6(address) => write!(f, "ipv6 {address}"),
            World::ProtocolWarnings => f.write_str("protocol-warnings"),
            World::UnsafeLog => f.write_str("unsafe-log"),
            World::KeepGoing => f.write_str("keep-going"),
            World::Trusted => f.write_str("trusted"),
            World::Known => f.write_str("known"),
            World::Exporter(code) => write!(f, "exporter {code}"),
            World::Node {
                address,
                identity,
                ed,
            } => {
                write!(f, "node {address} {}", Hex(identity))?;
                match ed {
                    Some(ed) => write!(f, " {}", Hex(ed)),
                    None => Ok(()),
                }
            }
            World::PeerCert(cert) => write!(f, "peer-cert {}", Hex(cert)),
        }
    }
}

impl fmt::Display for Conn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let role = match self.initiator {
            true => "initiator",
            false => "responder",
        };
        write!(f, "conn {role} {}", self.address)?;
        if let Some(rsa) = &self.rsa {
            write!(f, " rsa={}", Hex(rsa))?;
        }
        if let Some(ed) = &self.ed {
            write!(f, " ed={}", Hex(ed))?;
        }
        Ok(())
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.circ_id, self.command, Hex(&self.body))
    }
}

impl fmt::Display for Authenticate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Authenticate {
            via,
            circ_id,
            auth_type,
            cut,
            ..
        } = self;
        write!(f, "via={via} circ={circ_id} type={auth_type} cut={cut}")?;
        if let Some(len) = self.len {
            write!(f, " len={len}")?;
        }
        for (at, bits) in &self.flips {
            write!(f, " flip={at}:{bits:02x}")?;
        }
        for (at, bits) in &self.after {
            write!(f, " after={at}:{bits:02x}")?;
        }
        if !self.more.is_empty() {
            write!(f, " more={}", Hex(&self.more))?;
        }
        let (cid, cid_ed, key) = (Hex(&self.cid), Hex(&self.cid_ed), Hex(&self.key.0));
        write!(f, " cid={cid} cid_ed={cid_ed} key={key}")
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Launch => f.write_str("launch"),
            Event::Wait => f.write_str("wait"),
            Event::Set(field, value) => write!(f, "set {field} {value}"),
            Event::Time(seconds) => write!(f, "time {seconds}"),
            Event::Cell(cell) => write!(f, "cell {cell}"),
            Event::Var(cell) => write!(f, "var {cell}"),
            Event::Direct(door, cell) => write!(f, "direct {door} {cell}"),
            Event::Authenticate(authenticate) => write!(f, "authenticate {authenticate}"),
            Event::Bytes(bytes) => write!(f, "bytes {}", Hex(bytes)),
        }
    }
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "script {}", self.name)?;
        for world in &self.world {
            writeln!(f, "{world}")?;
        }
        writeln!(f, "{}", self.conn)?;
        for event in &self.events {
            writeln!(f, "{event}")?;
        }
        writeln!(f, "end")
    }
}
