//! The vector files in `data/`, as types.
//!
//! Serves the tests beside it, which hold the crates `relaycrypt`, `onion` and
//! `ffi` to tor-spec "Relay cells" and "Creating circuits", rend-spec and
//! proposals 332 and 359 as others have read them. No C is linked here: that the
//! tests pass also shows that the Rust components need none. Where each file
//! comes from, and how to make it again, is in data/README.md.

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};

/// Reads one of the files, given as its text.
///
/// # Panics
/// If the file does not have the form that its test asks for.
pub fn read<T: DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).expect("a vector file does not have the form of its type")
}

/// Bytes, written in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

impl Bytes {
    /// The bytes as an array.
    ///
    /// # Panics
    /// If there are not `N`.
    pub fn array<const N: usize>(&self) -> [u8; N] {
        let len = self.0.len();
        self.0[..]
            .try_into()
            .unwrap_or_else(|_| panic!("{len} bytes where {N} belong"))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        hex::decode(text).map(Bytes).map_err(D::Error::custom)
    }
}

/// `arti-tor1*.json` and `arti-cgo-*.json`: cells on a circuit of three hops.
#[derive(Deserialize)]
pub struct Circuit {
    /// The key material of each hop, both directions.
    pub keys: Vec<Bytes>,
    /// What was sent, in this order.
    pub cells: Vec<Cell>,
}

/// One cell on a circuit.
#[derive(Deserialize)]
pub struct Cell {
    /// Whether it moves away from the client.
    pub forward: bool,
    /// The channel command: RELAY or RELAY_EARLY.
    pub command: u8,
    /// Who sent it; without it, nobody on the circuit did.
    #[serde(flatten)]
    pub sent: Option<Sent>,
    /// Its body between the client and the first relay.
    pub wire: Bytes,
    /// Its body after the last one who processed it.
    pub arrived: Bytes,
}

/// The hop for or by which a cell was sent, and how.
#[derive(Deserialize)]
pub struct Sent {
    /// The hop, from 0.
    pub hop: usize,
    /// The body before it was encrypted.
    pub plain: Bytes,
    /// The tag that acknowledges it.
    pub tag: Bytes,
}

/// `published-tor1.json`: cells of a client to its third hop.
#[derive(Deserialize)]
pub struct PublishedTor1 {
    /// The key material of each hop.
    pub keys: Vec<Bytes>,
    /// The bodies of all cells that were sent.
    pub bodies: Vec<Bytes>,
    /// Some of them as they left the client.
    pub expect: Vec<ExpectedCell>,
}

/// A cell as it left the client.
#[derive(Deserialize)]
pub struct ExpectedCell {
    /// Its number, from 0.
    pub cell: usize,
    /// Its body.
    pub wire: Bytes,
}

/// `published-cgo.json`, part by part. The names are proposal 359's.
#[allow(missing_docs)]
#[derive(Deserialize)]
pub struct PublishedCgo {
    pub et: Vec<Et>,
    pub prf: Vec<Prf>,
    pub uiv: Vec<Uiv>,
    pub uiv_update: Vec<UivUpdate>,
    pub relay: Vec<Relay>,
    pub relay_originate: Vec<RelayOriginate>,
    pub client_originate: Vec<ClientOriginate>,
}

/// The tweakable block cipher; `tweak` is H, the command and `X_R`.
#[allow(missing_docs)]
#[derive(Deserialize)]
pub struct Et {
    pub encrypt: bool,
    pub keys: Bytes,
    pub tweak: Bytes,
    pub block: Bytes,
    pub expect: Bytes,
}

/// The pseudo-random function at `t`.
#[allow(missing_docs)]
#[derive(Deserialize)]
pub struct Prf {
    pub keys: Bytes,
    pub t: u8,
    pub input: Bytes,
    pub expect: Bytes,
}

/// The wide-block cipher; `tweak` is H and the command.
#[allow(missing_docs)]
#[derive(Deserialize)]
pub struct Uiv {
    pub encrypt: bool,
    pub keys: Bytes,
    pub tweak: Bytes,
    pub body: Bytes,
    pub expect: Bytes,
}

/// The update of the wide-block cipher's keys.
#[allow(missing_docs)]
#[derive(Deserialize)]
pub struct UivUpdate {
    pub keys: Bytes,
    pub nonce: Bytes,
    pub expect_keys: Bytes,
    pub expect_nonce: Bytes,
}

/// The state of one direction of a hop.
#[allow(missing_docs)]
#[derive(Deserialize)]
pub struct State {
    pub keys: Bytes,
    pub nonce: Bytes,
    pub tprime: Bytes,
}

/// A cell that passes a relay.
#[allow(missing_docs)]
#[derive(Deserialize)]
pub struct Relay {
    pub inbound: bool,
    pub state: State,
    pub command: Bytes,
    pub body: Bytes,
    pub expect_state: State,
    pub expect: Bytes,
}

/// A relay's own cell.
#[allow(missing_docs)]
#[derive(Deserialize)]
pub struct RelayOriginate {
    pub state: State,
    pub command: Bytes,
    pub message: Bytes,
    pub expect_state: State,
    pub expect: Bytes,
}

/// A client's cell to `hop`, counted from 1.
#[allow(missing_docs)]
#[derive(Deserialize)]
pub struct ClientOriginate {
    pub states: Vec<State>,
    pub hop: usize,
    pub command: Bytes,
    pub message: Bytes,
    pub expect_states: Vec<State>,
    pub expect: Bytes,
}

/// `arti-onion.json` and `published-onion.json`: what passed between the two
/// ends of circuit handshakes.
#[allow(missing_docs)]
#[derive(Deserialize)]
pub struct Onion {
    pub fast: Exchanges<Fast>,
    pub ntor: Exchanges<Ntor>,
    pub ntor_v3: Exchanges<NtorV3>,
    pub hs_ntor: Exchanges<HsNtor>,
}

/// Those of one handshake.
#[derive(Deserialize)]
pub struct Exchanges<T> {
    /// In no order that matters.
    pub exchanges: Vec<T>,
}

/// CREATE_FAST.
#[allow(missing_docs)]
#[derive(Deserialize)]
pub struct Fast {
    pub client_random: Bytes,
    pub relay_random: Bytes,
    pub onionskin: Bytes,
    pub reply: Bytes,
    pub keys: Bytes,
}

/// ntor; `onion_key` is b.
#[allow(missing_docs)]
#[derive(Deserialize)]
pub struct Ntor {
    pub id: Bytes,
    pub onion_key: Bytes,
    pub client_random: Bytes,
    pub relay_random: Bytes,
    pub onionskin: Bytes,
    pub reply: Bytes,
    pub keys: Bytes,
}

/// ntor v3; `onion_key` is b, `verification` is VER.
#[allow(missing_docs)]
#[derive(Deserialize)]
pub struct NtorV3 {
    pub id: Bytes,
    pub onion_key: Bytes,
    pub client_random: Bytes,
    pub relay_random: Bytes,
    pub verification: Bytes,
    pub client_message: Bytes,
    pub relay_message: Bytes,
    pub onionskin: Bytes,
    pub reply: Bytes,
    pub keys: Bytes,
}

/// hs-ntor; `onion_key` is b.
#[allow(missing_docs)]
#[derive(Deserialize)]
pub struct HsNtor {
    pub auth_key: Bytes,
    pub onion_key: Bytes,
    pub client_random: Bytes,
    pub service_random: Bytes,
    /// Those that the service knows.
    pub subcredentials: Vec<Bytes>,
    /// Which of them the client used.
    pub used: usize,
    /// What stands in INTRODUCE1 before X.
    pub header: Bytes,
    /// What is encrypted in it.
    pub plaintext: Bytes,
    /// X, the encrypted plaintext and its MAC.
    pub introduce: Bytes,
    pub enc_key: Bytes,
    pub mac_key: Bytes,
    /// Y and AUTH, as in RENDEZVOUS1.
    pub rendezvous: Bytes,
    pub key_seed: Bytes,
    /// Not published: rend-spec ends at the seed.
    pub keys: Option<Bytes>,
}
