//! ntor v3.
//!
//! The bytes of an input: seed (8 bytes), keys (see [`Keys`]), identity (below
//! 16: not the relay's), purpose (below 16: the two sides do not know the same),
//! length of the keys (2), change of the onionskin and of the reply (see
//! [`Change`]); length of the client's message (1), half of the rest is that
//! message, the remainder the relay's.

use std::ffi::c_int;

use arbitrary::{Result, Unstructured};
use ffi::onion::{ntor3_handshake_state_t, ntor3_server_handshake_state_t};
use onion::ntor_v3::{Ed25519Id, ID_LEN, REPLY_LEN};
use onion::x25519::{KeyPair, PublicKey, KEY_LEN};

use super::call::{pointer, room, Message, State};
use super::change::{byte, Change};
use super::fast::keys_len_of;
use super::keys::{bytes_of, Keys, Map};
use crate::laboratory::{About, Comparison, Side};
use crate::observed::Observed;

/// The comparison.
pub struct NtorV3;

/// One handshake.
#[derive(Debug)]
pub struct Handshake {
    seed: u64,
    keys: Keys,
    /// The relay's, and what the client takes it for.
    id: Ed25519Id,
    asked_id: Ed25519Id,
    /// VER at the client, at the relay.
    purposes: [&'static [u8]; 2],
    keys_len: usize,
    onionskin: Change,
    reply: Change,
    client_message: Vec<u8>,
    relay_message: Vec<u8>,
}

const ABOUT: About = About {
    name: "ntor-v3",
    component: "onion",
    cases: 12_000,
    longest: 512,
    reaches: &[
        ("agreed", 1_500),
        ("refused by the relay", 4_000),
        ("refused by the client", 1_000),
        ("refused before it was sent", 50),
    ],
    faults: &["accept", "wrong-key"],
};

/// Where X stands in an onionskin.
const X_AT: usize = ID_LEN + KEY_LEN;

/// More key material than any circuit wants.
const MOST_KEYS: usize = 2_000;

impl Comparison for NtorV3 {
    type Input = Handshake;

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn input(&self, bytes: &mut Unstructured<'_>) -> Result<Handshake> {
        let seed: u64 = bytes.arbitrary()?;
        let keys = Keys::read(seed, bytes)?.with_junk(seed);
        let id = bytes_of(seed ^ 6);
        let asked_id = match byte(bytes)? {
            0..16 => bytes_of(seed ^ 7),
            _ => id,
        };
        let purposes: [&[u8]; 2] = match byte(bytes)? {
            0..8 => [b"circuit extend", b""],
            8..16 => [b"circuit extend", b"circuit extent"],
            16..32 => [b"", b""],
            _ => [b"circuit extend", b"circuit extend"],
        };
        let keys_len: u16 = bytes.arbitrary()?;
        let onionskin = Change::read(bytes)?;
        let reply = Change::read(bytes)?;
        let client_message = usize::from(byte(bytes).unwrap_or(0)).min(bytes.len());
        Ok(Handshake {
            seed,
            keys,
            id,
            asked_id,
            purposes,
            keys_len: keys_len_of(keys_len, MOST_KEYS),
            onionskin,
            reply,
            client_message: bytes.bytes(client_message)?.to_owned(),
            relay_message: bytes.bytes(bytes.len())?.to_owned(),
        })
    }

    fn observe(&self, side: Side, input: &Handshake, seen: &mut Observed) {
        let ((), drawn) = ctor::random::seeded(input.seed, || shake_hands(side, input, seen));
        seen.note("random bytes drawn", drawn);
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        let seed = |choices: &[u8]| [&[5, 0, 0, 0, 0, 0, 0, 0], choices].concat();
        vec![
            // Honest, without messages and with some.
            seed(&[1, 255, 255, 255, 0, 71, 0, 0]),
            seed(&[6, 254, 255, 255, 0, 91, 0, 0, 2, 1, 2, 3, 4, 5]),
            // A congestion control request, and its answer (proposal 324).
            seed(&[1, 255, 255, 255, 0, 91, 0, 0, 3, 1, 1, 0, 1, 2, 1, 31]),
            // An unknown key; another identity; another purpose.
            seed(&[1, 16, 255, 255, 0, 71, 0, 0]),
            seed(&[1, 255, 0, 255, 0, 71, 0, 0]),
            seed(&[1, 255, 255, 8, 0, 71, 0, 0]),
            // A key of small order; X and Y of small order.
            seed(&[1, 0, 0, 255, 255, 0, 71, 0, 0]),
            seed(&[1, 255, 255, 255, 0, 71, 192, 0, 0]),
            seed(&[1, 255, 255, 255, 0, 71, 0, 192, 0]),
            // Too short and too long, in both directions.
            seed(&[1, 255, 255, 255, 0, 71, 224, 0, 127, 0]),
            seed(&[1, 255, 255, 255, 0, 71, 240, 9, 0]),
            seed(&[1, 255, 255, 255, 0, 71, 0, 224, 0, 63]),
            seed(&[1, 255, 255, 255, 0, 71, 0, 240, 9]),
        ]
    }
}

fn shake_hands(side: Side, input: &Handshake, seen: &mut Observed) {
    let [ours, theirs] = input.purposes;
    let client = Client::new(
        side,
        &input.asked_id,
        &input.keys.asked,
        ours,
        &input.client_message,
    );
    seen.note("onion_skin_ntor3_create", client.status);
    client.onionskin.note("onionskin", seen);
    let Some(onionskin) = client.onionskin.get() else {
        // C leaves a state then (DIFFERENCES.md, ntor3-state-after-failure).
        seen.reach("refused before it was sent");
        return;
    };
    seen.note("client", client.state.bytes());

    let mut onionskin = onionskin.to_vec();
    input.onionskin.apply(&mut onionskin, X_AT);
    let map = input.keys.map();
    let relay = Relay::new(side, &map, input.keys.junk(), &input.id, &onionskin, theirs);
    seen.note("onion_skin_ntor3_server_handshake_part1", relay.status);
    seen.note("relay", relay.state.bytes());
    relay.message.note("client's message", seen);

    let mut relay_keys = room(input.keys_len);
    let mut reply = None;
    if relay.state.bytes().is_some() {
        if relay.message.get() != Some(&input.client_message) {
            seen.complain("the client's message arrived as another".into());
        }
        let (status, message) = relay.reply(theirs, &input.relay_message, &mut relay_keys);
        seen.note("onion_skin_ntor3_server_handshake_part2", status);
        seen.note("relay's keys", &relay_keys[..]);
        message.note("reply", seen);
        reply = message.get().map(<[u8]>::to_vec);
    }
    let mut reply = reply.unwrap_or_else(|| {
        seen.reach("refused by the relay");
        let other: [u8; REPLY_LEN] = bytes_of(input.seed ^ 8);
        [&other[..], &input.relay_message].concat()
    });

    input.reply.apply(&mut reply, 0);
    let mut client_keys = room(input.keys_len);
    let (status, message) = client.finish(&reply, ours, &mut client_keys);
    seen.note("onion_ntor3_client_handshake", status);
    seen.note("client's keys", &client_keys[..]);
    message.note("relay's message", seen);
    if status == 0 {
        seen.reach("agreed");
        if client_keys != relay_keys || message.get() != Some(&input.relay_message) {
            seen.complain("client and relay agreed on different keys or messages".into());
        }
    } else {
        seen.reach("refused by the client");
    }
}

/// A client of one side.
pub struct Client {
    side: Side,
    /// What the function that made it returned.
    pub status: c_int,
    /// What the side keeps.
    pub state: State<ntor3_handshake_state_t>,
    /// What it sends.
    pub onionskin: Message,
}

impl Client {
    /// A client that has sent its onionskin, with `message` in it, to the relay
    /// with this identity and onion key.
    pub fn new(
        side: Side,
        id: &Ed25519Id,
        onion_key: &PublicKey,
        purpose: &[u8],
        message: &[u8],
    ) -> Self {
        // SAFETY: the side's own function frees what its own function makes.
        let mut state = unsafe {
            State::none(match side {
                Side::C => |state| ctor::onion::ntor3_handshake_state_free_(state),
                Side::Rust => |state| ffi::onion::ntor3_handshake_state_free_(state),
            })
        };
        let mut onionskin = Message::none();
        // SAFETY: an identity, a key, strings, and room for a state and a message.
        let status = unsafe {
            call!(
                side,
                onion_skin_ntor3_create(
                    id,
                    onion_key,
                    purpose.as_ptr(),
                    purpose.len(),
                    message.as_ptr(),
                    message.len(),
                    state.out(),
                    onionskin.out(),
                    onionskin.len_out(),
                )
            )
        };
        Client {
            side,
            status,
            state,
            onionskin,
        }
    }

    /// Reads the relay's reply: the return code, and what the relay says.
    pub fn finish(&self, reply: &[u8], purpose: &[u8], keys: &mut [u8]) -> (c_int, Message) {
        let mut message = Message::none();
        // SAFETY: the side's own state, strings, and room for keys and a message.
        let status = unsafe {
            call!(
                self.side,
                onion_ntor3_client_handshake(
                    self.state.get(),
                    reply.as_ptr(),
                    reply.len(),
                    purpose.as_ptr(),
                    purpose.len(),
                    keys.as_mut_ptr(),
                    keys.len(),
                    message.out(),
                    message.len_out(),
                )
            )
        };
        (status, message)
    }
}

/// A relay of one side, between the two parts of its handshake.
pub struct Relay {
    side: Side,
    /// What the function that made it returned.
    pub status: c_int,
    /// What the side keeps.
    pub state: State<ntor3_server_handshake_state_t>,
    /// What the client says.
    pub message: Message,
}

impl Relay {
    /// A relay that has read an onionskin.
    pub fn new(
        side: Side,
        map: &Map<'_>,
        junk: Option<&KeyPair>,
        id: &Ed25519Id,
        onionskin: &[u8],
        purpose: &[u8],
    ) -> Self {
        // SAFETY: the side's own function frees what its own function makes.
        let mut state = unsafe {
            State::none(match side {
                Side::C => |state| ctor::onion::ntor3_server_handshake_state_free_(state),
                Side::Rust => |state| ffi::onion::ntor3_server_handshake_state_free_(state),
            })
        };
        let mut message = Message::none();
        // SAFETY: a map or none, a pair or none, an identity, strings, and room for
        // a message and a state.
        let status = unsafe {
            call!(
                side,
                onion_skin_ntor3_server_handshake_part1(
                    map.get(),
                    pointer(junk),
                    id,
                    onionskin.as_ptr(),
                    onionskin.len(),
                    purpose.as_ptr(),
                    purpose.len(),
                    message.out(),
                    message.len_out(),
                    state.out(),
                )
            )
        };
        Relay {
            side,
            status,
            state,
            message,
        }
    }

    /// Replies: the return code, and the reply with `message` in it.
    pub fn reply(&self, purpose: &[u8], message: &[u8], keys: &mut [u8]) -> (c_int, Message) {
        let mut reply = Message::none();
        // SAFETY: the side's own state, strings, and room for a message and keys.
        let status = unsafe {
            call!(
                self.side,
                onion_skin_ntor3_server_handshake_part2(
                    self.state.get(),
                    purpose.as_ptr(),
                    purpose.len(),
                    message.as_ptr(),
                    message.len(),
                    reply.out(),
                    reply.len_out(),
                    keys.as_mut_ptr(),
                    keys.len(),
                )
            )
        };
        (status, reply)
    }
}
