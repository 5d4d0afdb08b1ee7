//! A circuit of one hop, made by CREATE_FAST or by ntor v3: its keys, and relay
//! messages in relay cell format 0 (tor-spec, "CREATE_FAST/CREATED_FAST cells",
//! "The ntor v3 handshake" and "Relay cells").

use onion::ntor_v3;
use onion::x25519::{fastest, KeyPair, PublicKey};
use onion::Randomness;
use relaycrypt::tor1::{KeyOrder, Ordinary};
use relaycrypt::CellBody;
use sha1::{Digest, Sha1};

use crate::cell::CELL_BODY_LEN;

/// Relay commands, named as in tor-spec, "Relay cells".
#[allow(missing_docs)]
pub mod relay {
    pub const BEGIN: u8 = 1;
    pub const DATA: u8 = 2;
    pub const END: u8 = 3;
    pub const CONNECTED: u8 = 4;
    pub const SENDME: u8 = 5;
    pub const EXTEND: u8 = 6;
    pub const EXTENDED: u8 = 7;
    pub const TRUNCATE: u8 = 8;
    pub const TRUNCATED: u8 = 9;
    pub const DROP: u8 = 10;
    pub const RESOLVE: u8 = 11;
    pub const RESOLVED: u8 = 12;
    pub const BEGIN_DIR: u8 = 13;
    pub const EXTEND2: u8 = 14;
    pub const EXTENDED2: u8 = 15;
    pub const CONFLUX_LINK: u8 = 19;
    pub const CONFLUX_LINKED: u8 = 20;
    pub const CONFLUX_LINKED_ACK: u8 = 21;
    pub const CONFLUX_SWITCH: u8 = 22;
    pub const ESTABLISH_INTRO: u8 = 32;
    pub const ESTABLISH_RENDEZVOUS: u8 = 33;
    pub const INTRODUCE1: u8 = 34;
    pub const INTRODUCE2: u8 = 35;
    pub const RENDEZVOUS1: u8 = 36;
    pub const INTRODUCE_ACK: u8 = 40;
    pub const PADDING_NEGOTIATE: u8 = 41;
    pub const PADDING_NEGOTIATED: u8 = 42;
    pub const XOFF: u8 = 43;
    pub const XON: u8 = 44;
}

/// Bytes of `HASH_LEN` and `KEY_LEN` in tor-spec, "Preliminaries".
const HASH_LEN: usize = 20;
/// Bytes before the body: command, `Recognized`, stream id, `Digest`, length.
const RELAY_HEADER_LEN: usize = 11;

/// A relay message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayMessage {
    /// The relay command.
    pub command: u8,
    /// The stream id; 0 for the whole circuit.
    pub stream_id: u16,
    /// What the length field says; may lie in a message to be sent.
    pub length: u16,
    /// The body, at most 498 bytes.
    pub body: Vec<u8>,
}

impl RelayMessage {
    /// A message whose length field is right.
    pub fn new(command: u8, stream_id: u16, body: impl Into<Vec<u8>>) -> RelayMessage {
        let body = body.into();
        RelayMessage {
            command,
            stream_id,
            length: body.len() as u16,
            body,
        }
    }

    /// The same with a length field that need not fit the body.
    pub fn claiming(mut self, length: u16) -> RelayMessage {
        self.length = length;
        self
    }

    fn encode(&self) -> CellBody {
        let mut cell = [0; CELL_BODY_LEN];
        cell[0] = self.command;
        cell[3..5].copy_from_slice(&self.stream_id.to_be_bytes());
        cell[9..11].copy_from_slice(&self.length.to_be_bytes());
        cell[RELAY_HEADER_LEN..][..self.body.len()].copy_from_slice(&self.body);
        cell
    }

    fn decode(cell: &CellBody) -> RelayMessage {
        let length = u16::from_be_bytes([cell[9], cell[10]]);
        let end = CELL_BODY_LEN.min(RELAY_HEADER_LEN + usize::from(length));
        RelayMessage {
            command: cell[0],
            stream_id: u16::from_be_bytes([cell[3], cell[4]]),
            length,
            body: cell[RELAY_HEADER_LEN..end].to_vec(),
        }
    }
}

/// What CREATE2 for ntor v3 is about (tor-spec, "The ntor v3 handshake": VER).
const CIRCUIT_EXTEND: &[u8] = b"circuit extend";
/// Extensions of CREATE2: one, by which the client asks for congestion control.
const CONGESTION_CONTROL: &[u8] = &[1, 1, 0];
/// The handshake type of ntor v3.
const NTOR_V3: u16 = 3;

/// An ntor v3 handshake that waits for the relay's answer.
pub(crate) struct NtorV3(Box<ntor_v3::Client>);

struct System;

impl Randomness for System {
    fn fill(&mut self, out: &mut [u8]) {
        openssl::rand::rand_bytes(out).expect("OpenSSL has randomness");
    }
}

impl NtorV3 {
    /// The handshake with a relay of this Ed25519 identity and onion key, and the
    /// body of CREATE2; `None` if that is no key.
    pub(crate) fn begin(id: &[u8; 32], onion_key: &[u8; 32]) -> Option<(NtorV3, Vec<u8>)> {
        let pair = KeyPair::generate(fastest(), &mut System);
        let (client, onionskin) = ntor_v3::Client::begin(
            fastest(),
            &pair,
            id,
            &PublicKey(*onion_key),
            CIRCUIT_EXTEND,
            CONGESTION_CONTROL,
        )
        .ok()?;
        let mut body = NTOR_V3.to_be_bytes().to_vec();
        body.extend((onionskin.len() as u16).to_be_bytes());
        body.extend(onionskin);
        Some((NtorV3(client), body))
    }

    /// The keys, and the extensions with which the relay answers; `None` when it
    /// did not derive the same keys.
    pub(crate) fn finish(self, created2: &[u8]) -> Option<(Keys, Vec<u8>)> {
        let (length, rest) = created2.split_first_chunk()?;
        let reply = rest.get(..u16::from_be_bytes(*length).into())?;
        let mut keys = [0; Ordinary::KEY_MATERIAL_LEN];
        let extensions = self
            .0
            .finish(fastest(), &mut System, reply, CIRCUIT_EXTEND, &mut keys)
            .ok()?;
        let keys = Ordinary::new(&keys, KeyOrder::ForwardFirst).ok()?;
        Some((Keys(keys), extensions))
    }
}

/// The client's side of a circuit that CREATED_FAST or CREATED2 has completed.
pub(crate) struct Keys(Ordinary);

impl Keys {
    /// Derives the keys from `X`, which we sent, and the body of a CREATED_FAST,
    /// which is `Y` and the proof that the relay derived the same; `None` when it
    /// did not.
    pub(crate) fn from_created_fast(x: &[u8; HASH_LEN], body: &[u8]) -> Option<Keys> {
        let (y, rest) = body.split_at_checked(HASH_LEN)?;
        let secret = [&x[..], y].concat();
        // KDF-TOR (tor-spec, "KDF-TOR"): KH | Df | Db | Kf | Kb.
        let stream: Vec<u8> = (0..5u8)
            .flat_map(|count| Sha1::digest([&secret[..], &[count]].concat()))
            .collect();
        let (kh, keys) = stream.split_at(HASH_LEN);
        if rest.get(..HASH_LEN)? != kh {
            return None;
        }
        let keys = Ordinary::new(&keys[..Ordinary::KEY_MATERIAL_LEN], KeyOrder::ForwardFirst);
        keys.ok().map(Keys)
    }

    /// The body of a relay cell that carries a message to the hop.
    pub(crate) fn seal(&mut self, message: &RelayMessage) -> CellBody {
        let mut cell = message.encode();
        self.0.client_originate(&mut cell);
        cell
    }

    /// The message of a received relay cell, if the hop sent it.
    pub(crate) fn open(&mut self, body: &[u8]) -> Option<RelayMessage> {
        let mut cell: CellBody = body.try_into().ok()?;
        self.0.client_backward(&mut cell)?;
        Some(RelayMessage::decode(&cell))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_created_fast_with_a_wrong_proof_makes_no_keys() {
        let (x, y) = ([1; HASH_LEN], [2; HASH_LEN]);
        let mut kh = Sha1::digest([&x[..], &y[..], &[0]].concat()).to_vec();
        let body = |kh: &[u8]| [&y[..], kh].concat();
        assert!(Keys::from_created_fast(&x, &body(&kh)).is_some());
        kh[19] ^= 1;
        assert!(Keys::from_created_fast(&x, &body(&kh)).is_none());
    }
}
