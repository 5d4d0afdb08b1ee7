//! The relay to which a script extends a circuit: ours too, and no better. It
//! answers the link handshake as a relay with an RSA identity alone does, and
//! what it answers to CREATE2 is the script's affair (tor-spec, "Negotiating and
//! initializing connections" and "CREATE and CREATED cells").

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};

use crate::cell::{command, Cell, CircIdLen, Decoder};
use crate::circuit::{relay, RelayMessage};
use crate::identity::{cert_type, Identity};
use crate::wire::{Received, Wire, PATIENCE};

/// A relay that listens.
pub(crate) struct NextHop {
    listener: TcpListener,
    identity: Identity,
    /// `None` before a connection has come, and once it has gone.
    wire: Option<Wire>,
    decoder: Decoder,
    agreed: bool,
    /// The circuit that a CREATE2 has asked for.
    circ_id: Option<u32>,
}

/// The link protocol that it offers.
const LINK_PROTOCOL: u16 = 4;

impl NextHop {
    /// Under a new identity, so that no link to an earlier one is taken for it.
    pub(crate) fn listen() -> Result<NextHop> {
        Ok(NextHop {
            listener: TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?,
            identity: Identity::new()?,
            wire: None,
            decoder: Decoder::default(),
            agreed: false,
            circ_id: None,
        })
    }

    /// The EXTEND2 that leads here, with a handshake of 84 bytes of type ntor.
    pub(crate) fn extend2(&self) -> Result<RelayMessage> {
        let create2 = [&[0, 2, 0, 84][..], &[7; 84]].concat();
        let address = self.listener.local_addr()?;
        Ok(extend2(address, &self.identity.rsa_id()?, None, &create2))
    }

    /// Takes a connection and goes through the handshake up to the CREATE2.
    /// Returns what came, the CREATE2 last if it did.
    pub(crate) fn accept(&mut self) -> Result<Vec<Cell>> {
        let Some(stream) = accept(&self.listener)? else {
            return Ok(Vec::new());
        };
        let (key, cert) = self.identity.tls();
        self.wire = Wire::accepted(stream)?.answer_tls(cert, key)?;
        let mut came = self.receive(1)?;
        let ed25519 = [
            cert_type::IDENTITY_V_SIGNING,
            cert_type::SIGNING_V_TLS_CERT,
            cert_type::RSA_ID_V_IDENTITY,
        ];
        let certs = self.identity.responder_certs()?.without(&ed25519).encode();
        // No method to authenticate by: who asks is not our affair.
        let challenge = [0; 34];
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() as u32;
        let local = [4, 4, 127, 0, 0, 1];
        let netinfo = [&now.to_be_bytes()[..], &local, &[1], &local].concat();
        let versions = Cell::new(0, command::VERSIONS, LINK_PROTOCOL.to_be_bytes());
        let mut answer = versions.encode(CircIdLen::Two);
        for cell in [
            Cell::new(0, command::CERTS, certs),
            Cell::new(0, command::AUTH_CHALLENGE, challenge),
            Cell::new(0, command::NETINFO, netinfo),
        ] {
            answer.extend(cell.encode(CircIdLen::Four));
        }
        if let Some(wire) = &mut self.wire {
            wire.send(&answer);
        }
        while self.circ_id.is_none() {
            let cells = self.receive(1)?;
            if cells.is_empty() {
                break;
            }
            came.extend(cells);
        }
        Ok(came)
    }

    /// Sends a cell on the circuit.
    pub(crate) fn send(&mut self, command: u8, body: &[u8]) {
        if let (Some(wire), Some(circ_id)) = (&mut self.wire, self.circ_id) {
            wire.send(&Cell::new(circ_id, command, body).encode(CircIdLen::Four));
        }
    }

    /// Receives until at least so many cells have come, padding apart. Fewer came
    /// if the link was closed or they took too long.
    pub(crate) fn receive(&mut self, least: usize) -> Result<Vec<Cell>> {
        let deadline = Instant::now() + PATIENCE;
        let mut cells = Vec::new();
        loop {
            let width = match self.agreed {
                true => CircIdLen::Four,
                false => CircIdLen::Two,
            };
            if let Some(cell) = self.decoder.next(width) {
                self.agreed |= cell.command == command::VERSIONS;
                if cell.command == command::CREATE2 {
                    self.circ_id.get_or_insert(cell.circ_id);
                }
                if !matches!(cell.command, command::PADDING | command::VPADDING) {
                    cells.push(cell);
                }
                continue;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let Some(wire) = &mut self.wire else {
                return Ok(cells);
            };
            if cells.len() >= least || left.is_zero() {
                return Ok(cells);
            }
            match wire.receive(left)? {
                Received::Nothing => {}
                Received::End => self.wire = None,
                Received::Bytes(bytes) => self.decoder.feed(&bytes),
            }
        }
    }

    /// Its end of the link, and what has been received of a cell.
    pub(crate) fn into_link(self) -> (Option<Wire>, Decoder) {
        (self.wire, self.decoder)
    }

    /// Whether the cell is one of the circuit that was asked for, or of the link.
    pub(crate) fn knows(&self, cell: &Cell) -> bool {
        cell.circ_id == 0 || Some(cell.circ_id) == self.circ_id
    }
}

/// The EXTEND2 that leads to a relay with this address and identity, and has the body
/// of CREATE2 for it.
pub(crate) fn extend2(
    address: SocketAddr,
    rsa_id: &[u8; 20],
    ed25519_id: Option<&[u8; 32]>,
    create2: &[u8],
) -> RelayMessage {
    let (specifier, ip) = match address.ip() {
        IpAddr::V4(ip) => (0, ip.octets().to_vec()),
        IpAddr::V6(ip) => (1, ip.octets().to_vec()),
    };
    let mut specifiers = vec![
        (
            specifier,
            [ip, address.port().to_be_bytes().to_vec()].concat(),
        ),
        (2, rsa_id.to_vec()),
    ];
    specifiers.extend(ed25519_id.map(|id| (3, id.to_vec())));
    let mut body = vec![specifiers.len() as u8];
    for (specifier, content) in specifiers {
        body.extend([specifier, content.len() as u8]);
        body.extend(content);
    }
    body.extend(create2);
    RelayMessage::new(relay::EXTEND2, 0, body)
}

/// The next connection; `None` when nobody came.
pub(crate) fn accept(listener: &TcpListener) -> Result<Option<TcpStream>> {
    listener.set_nonblocking(true)?;
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        match listener.accept() {
            Ok((stream, _)) => return Ok(Some(stream)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                thread::sleep(Duration::from_millis(2));
            }
            Err(error) => return Err(error).context("a peer cannot listen"),
        }
    }
    Ok(None)
}
