//! ntor.
//!
//! The bytes of an input: seed (8 bytes), keys (see [`Keys`]), identity (below
//! 16: not the relay's), length of the keys (2), change of the onionskin and of
//! the reply (see [`Change`]).

use std::ffi::c_int;

use arbitrary::{Result, Unstructured};
use ffi::onion::ntor_handshake_state_t;
use onion::ntor::{NodeId, MAX_KEYS_LEN, NODE_ID_LEN, ONIONSKIN_LEN, REPLY_LEN};
use onion::x25519::{KeyPair, PublicKey, KEY_LEN};

use super::call::{pointer, room, State, Text, PAINT};
use super::change::{byte, Change};
use super::fast::keys_len_of;
use super::keys::{bytes_of, Keys, Map};
use crate::laboratory::{About, Comparison, Side};
use crate::observed::Observed;

/// The comparison.
pub struct Ntor;

/// One handshake.
#[derive(Debug)]
pub struct Handshake {
    seed: u64,
    keys: Keys,
    /// The relay's, and what the client takes it for.
    node_id: NodeId,
    asked_id: NodeId,
    keys_len: usize,
    onionskin: Change,
    reply: Change,
}

const ABOUT: About = About {
    name: "ntor",
    component: "onion",
    cases: 12_000,
    longest: 32,
    reaches: &[
        ("agreed", 1_000),
        ("refused by the relay", 1_000),
        ("refused by the client", 1_500),
        ("a zero secret at the client", 100),
    ],
    faults: &["accept", "wrong-key", "wrong-words"],
};

/// Where X stands in an onionskin.
const X_AT: usize = NODE_ID_LEN + KEY_LEN;

impl Comparison for Ntor {
    type Input = Handshake;

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn input(&self, bytes: &mut Unstructured<'_>) -> Result<Handshake> {
        let seed: u64 = bytes.arbitrary()?;
        let keys = Keys::read(seed, bytes)?;
        let node_id = bytes_of(seed ^ 6);
        let asked_id = match byte(bytes)? {
            0..16 => bytes_of(seed ^ 7),
            _ => node_id,
        };
        let keys_len: u16 = bytes.arbitrary()?;
        Ok(Handshake {
            seed,
            keys,
            node_id,
            asked_id,
            keys_len: keys_len_of(keys_len, MAX_KEYS_LEN),
            onionskin: Change::read(bytes)?,
            reply: Change::read(bytes)?,
        })
    }

    fn observe(&self, side: Side, input: &Handshake, seen: &mut Observed) {
        let ((), drawn) = ctor::random::seeded(input.seed, || shake_hands(side, input, seen));
        seen.note("random bytes drawn", drawn);
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        let seed = |choices: &[u8]| [&[5, 0, 0, 0, 0, 0, 0, 0], choices].concat();
        vec![
            // One key, two, three; all honest.
            seed(&[1, 255, 255, 0, 71, 0, 0]),
            seed(&[6, 254, 255, 0, 91, 0, 0]),
            seed(&[7, 253, 255, 0, 127, 0, 0]),
            // An unknown key, with and without a junk key; another identity.
            seed(&[1, 16, 255, 0, 71, 0, 0]),
            seed(&[0xe1, 16, 255, 0, 71, 0, 0]),
            seed(&[1, 255, 0, 0, 71, 0, 0]),
            // A key of small order; X and Y of small order; a bit of AUTH.
            seed(&[1, 0, 0, 255, 0, 71, 0, 0]),
            seed(&[1, 255, 255, 0, 71, 192, 0, 0]),
            seed(&[1, 255, 255, 0, 71, 0, 192, 0]),
            seed(&[1, 255, 255, 0, 71, 0, 128, 0, 1]),
        ]
    }
}

fn shake_hands(side: Side, input: &Handshake, seen: &mut Observed) {
    let client = Client::new(side, &input.asked_id, &input.keys.asked);
    seen.note("onion_skin_ntor_create", client.status);
    seen.note("client", client.state.bytes());
    seen.note("onionskin", &client.onionskin[..]);

    let onionskin = input.onionskin.apply_to_fixed(&client.onionskin, X_AT);
    let relay = Relay {
        side,
        map: &input.keys.map(),
        junk: input.keys.junk(),
        id: &input.node_id,
    };
    let mut relay_keys = room(input.keys_len);
    let (status, mut reply) = relay.reply(&onionskin, &mut relay_keys);
    seen.note("onion_skin_ntor_server_handshake", status);
    seen.note("relay's keys", &relay_keys[..]);
    if status == 0 {
        seen.note("reply", &reply[..]);
    } else {
        seen.reach("refused by the relay");
        // What is in the reply is of no use (DIFFERENCES.md,
        // ntor-refused-reply); the client gets another one.
        reply = bytes_of(input.seed ^ 8);
    }

    let reply = input.reply.apply_to_fixed(&reply, 0);
    let mut client_keys = room(input.keys_len);
    let (status, text) = client.finish(&reply, &mut client_keys);
    seen.note("onion_skin_ntor_client_handshake", status);
    seen.note("client's keys", &client_keys[..]);
    seen.note("msg_out", text);
    if status == 0 {
        seen.reach("agreed");
        if client_keys != relay_keys {
            seen.complain("client and relay agreed on different keys".into());
        }
    } else {
        seen.reach("refused by the client");
        if text.is_some() {
            seen.reach("a zero secret at the client");
        }
    }
}

/// A client of one side.
pub struct Client {
    side: Side,
    /// What the function that made it returned.
    pub status: c_int,
    /// What the side keeps.
    pub state: State<ntor_handshake_state_t>,
    /// What it sends.
    pub onionskin: [u8; ONIONSKIN_LEN],
}

impl Client {
    /// A client that has sent its onionskin to the relay with this identity and
    /// onion key.
    pub fn new(side: Side, id: &NodeId, onion_key: &PublicKey) -> Self {
        // SAFETY: the side's own function frees what its own function makes.
        let mut state = unsafe {
            State::none(match side {
                Side::C => |state| ctor::onion::ntor_handshake_state_free_(state),
                Side::Rust => |state| ffi::onion::ntor_handshake_state_free_(state),
            })
        };
        let mut onionskin = [PAINT; ONIONSKIN_LEN];
        // SAFETY: an identity, a key, and room for a state and an onionskin.
        let status = unsafe {
            call!(
                side,
                onion_skin_ntor_create(id.as_ptr(), onion_key, state.out(), onionskin.as_mut_ptr(),)
            )
        };
        Client {
            side,
            status,
            state,
            onionskin,
        }
    }

    /// Reads the relay's reply: the return code, and the text about it.
    pub fn finish(
        &self,
        reply: &[u8; REPLY_LEN],
        keys: &mut [u8],
    ) -> (c_int, Option<&'static [u8]>) {
        let mut text = Text::none();
        // SAFETY: the side's own state, a reply, and room for keys and a text.
        let status = unsafe {
            call!(
                self.side,
                onion_skin_ntor_client_handshake(
                    self.state.get(),
                    reply.as_ptr(),
                    keys.as_mut_ptr(),
                    keys.len(),
                    text.out(),
                )
            )
        };
        (status, text.get())
    }
}

/// A relay of one side.
#[allow(missing_docs)]
pub struct Relay<'a> {
    pub side: Side,
    pub map: &'a Map<'a>,
    pub junk: Option<&'a KeyPair>,
    pub id: &'a NodeId,
}

impl Relay<'_> {
    /// Answers an onionskin: the return code, and the reply.
    pub fn reply(
        &self,
        onionskin: &[u8; ONIONSKIN_LEN],
        keys: &mut [u8],
    ) -> (c_int, [u8; REPLY_LEN]) {
        let mut reply = [PAINT; REPLY_LEN];
        // SAFETY: an onionskin, a map or none, a pair or none, an identity, and
        // room for a reply and for keys.
        let status = unsafe {
            call!(
                self.side,
                onion_skin_ntor_server_handshake(
                    onionskin.as_ptr(),
                    self.map.get(),
                    pointer(self.junk),
                    self.id.as_ptr(),
                    reply.as_mut_ptr(),
                    keys.as_mut_ptr(),
                    keys.len(),
                )
            )
        };
        (status, reply)
    }
}
