//! The relay to which a script extends a circuit: ours too, and no better. It
//! answers the link handshake as a relay with an RSA identity alone does, and
//! what it answers to CREATE2 is the script's affair (tor-spec, "Negotiating and
//! initializing connections" and "CREATE and CREATED cells").

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{bail, Context, Result};
use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::x509::{X509Name, X509};
use sha1::{Digest, Sha1};

use crate::cell::{command, Cell, CircIdLen, Decoder};
use crate::circuit::{relay, RelayMessage};
use crate::wire::{Received, Wire, PATIENCE};

/// A relay that listens.
pub(crate) struct NextHop {
    listener: TcpListener,
    identity: PKey<Private>,
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
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        Ok(NextHop {
            listener,
            identity: PKey::from_rsa(Rsa::generate(1024)?)?,
            wire: None,
            decoder: Decoder::default(),
            agreed: false,
            circ_id: None,
        })
    }

    /// The EXTEND2 that leads here, with a handshake of 84 bytes of type ntor.
    pub(crate) fn extend2(&self) -> Result<RelayMessage> {
        let SocketAddr::V4(address) = self.listener.local_addr()? else {
            bail!("an IPv4 address that is none");
        };
        let key = self.identity.rsa()?.public_key_to_der_pkcs1()?;
        let mut body = vec![2, 0, 6];
        body.extend(address.ip().octets());
        body.extend(address.port().to_be_bytes());
        body.extend([2, 20]);
        body.extend(Sha1::digest(&key));
        body.extend([0, 2, 0, 84]);
        body.extend([7; 84]);
        Ok(RelayMessage::new(relay::EXTEND2, 0, body))
    }

    /// Takes a connection and goes through the handshake up to the CREATE2.
    /// Returns what came, the CREATE2 last if it did.
    pub(crate) fn accept(&mut self) -> Result<Vec<Cell>> {
        let Some(stream) = self.connection()? else {
            return Ok(Vec::new());
        };
        let link = PKey::from_rsa(Rsa::generate(2048)?)?;
        let link_cert = certificate("link", &link, "identity", &self.identity)?;
        let id_cert = certificate("identity", &self.identity, "identity", &self.identity)?;
        self.wire = Wire::accept_tls(stream, &link_cert, &link)?;
        let mut came = self.receive(1)?;
        let mut certs = vec![2];
        for (cert_type, cert) in [(1, link_cert), (2, id_cert)] {
            let der = cert.to_der()?;
            certs.push(cert_type);
            certs.extend((der.len() as u16).to_be_bytes());
            certs.extend(der);
        }
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

    /// `None` when nobody came.
    fn connection(&self) -> Result<Option<TcpStream>> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            match self.listener.accept() {
                Ok((stream, _)) => {
                    stream.set_nonblocking(false)?;
                    return Ok(Some(stream));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    thread::sleep(Duration::from_millis(2));
                }
                Err(error) => return Err(error).context("the next hop cannot listen"),
            }
        }
        Ok(None)
    }
}

fn certificate(
    subject: &str,
    key: &PKey<Private>,
    issuer: &str,
    signer: &PKey<Private>,
) -> Result<X509> {
    let name = |text: &str| -> Result<X509Name> {
        let mut name = X509Name::builder()?;
        name.append_entry_by_text("CN", text)?;
        Ok(name.build())
    };
    let mut cert = X509::builder()?;
    cert.set_version(2)?;
    let serial = BigNum::from_u32(1)?.to_asn1_integer()?;
    cert.set_serial_number(&serial)?;
    cert.set_subject_name(&*name(subject)?)?;
    cert.set_issuer_name(&*name(issuer)?)?;
    cert.set_not_before(&*Asn1Time::days_from_now(0)?)?;
    cert.set_not_after(&*Asn1Time::days_from_now(30)?)?;
    cert.set_pubkey(key)?;
    cert.sign(signer, MessageDigest::sha256())?;
    Ok(cert.build())
}
