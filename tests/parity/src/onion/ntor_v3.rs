//! ntor v3.
//!
//! The bytes of an input: seed (8 bytes), keys (see [`Keys`]), identity (below
//! 16: not the relay's), purpose (below 16: the two sides do not know the same),
//! length of the keys (2), change of the onionskin and of the reply (see
//! [`Change`]); length of the client's message (1), half of the rest is that
//! message, the remainder the relay's.

use arbitrary::{Result, Unstructured};
use onion::ntor_v3::{Ed25519Id, ID_LEN};
use onion::x25519::KEY_LEN;

use super::call::{room, Message, State};
use super::change::{byte, Change};
use super::fast::keys_len_of;
use super::keys::{bytes_of, Keys};
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
    faults: &["accept"],
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
    // SAFETY: the side's own function frees what its own function makes.
    let mut client = unsafe {
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
                &input.asked_id,
                &input.keys.asked,
                ours.as_ptr(),
                ours.len(),
                input.client_message.as_ptr(),
                input.client_message.len(),
                client.out(),
                onionskin.out(),
                onionskin.len_out(),
            )
        )
    };
    seen.note("onion_skin_ntor3_create", status);
    let Some(mut onionskin) = onionskin.note("onionskin", seen) else {
        // C leaves a state then (DIFFERENCES.md, ntor3-state-after-failure).
        seen.reach("refused before it was sent");
        return;
    };
    seen.note("client", client.bytes());

    input.onionskin.apply(&mut onionskin, X_AT);
    let map = input.keys.map();
    // SAFETY: the side's own function frees what its own function makes.
    let mut relay = unsafe {
        State::none(match side {
            Side::C => |state| ctor::onion::ntor3_server_handshake_state_free_(state),
            Side::Rust => |state| ffi::onion::ntor3_server_handshake_state_free_(state),
        })
    };
    let mut message = Message::none();
    // SAFETY: a map or none, a pair, an identity, strings, and room for a message
    // and a state.
    let status = unsafe {
        call!(
            side,
            onion_skin_ntor3_server_handshake_part1(
                map.get(),
                input.keys.junk(),
                &input.id,
                onionskin.as_ptr(),
                onionskin.len(),
                theirs.as_ptr(),
                theirs.len(),
                message.out(),
                message.len_out(),
                relay.out(),
            )
        )
    };
    seen.note("onion_skin_ntor3_server_handshake_part1", status);
    seen.note("relay", relay.bytes());
    let message = message.note("client's message", seen);
    let mut relay_keys = room(input.keys_len);
    let mut reply = match (relay.bytes(), message) {
        (Some(_), Some(message)) => {
            if message != input.client_message {
                seen.complain("the client's message arrived as another".into());
            }
            reply_to(side, &relay, input, &mut relay_keys, seen)
        }
        _ => None,
    }
    .unwrap_or_else(|| {
        seen.reach("refused by the relay");
        let mut other = bytes_of::<{ 2 * KEY_LEN }>(input.seed ^ 8).to_vec();
        other.extend(&input.relay_message);
        other
    });

    input.reply.apply(&mut reply, 0);
    let mut client_keys = room(input.keys_len);
    let mut message = Message::none();
    // SAFETY: the side's own state, strings, and room for keys and a message.
    let status = unsafe {
        call!(
            side,
            onion_ntor3_client_handshake(
                client.get(),
                reply.as_ptr(),
                reply.len(),
                ours.as_ptr(),
                ours.len(),
                client_keys.as_mut_ptr(),
                client_keys.len(),
                message.out(),
                message.len_out(),
            )
        )
    };
    seen.note("onion_ntor3_client_handshake", status);
    seen.note("client's keys", &client_keys[..]);
    let message = message.note("relay's message", seen);
    if status == 0 {
        seen.reach("agreed");
        if client_keys != relay_keys || message.as_ref() != Some(&input.relay_message) {
            seen.complain("client and relay agreed on different keys or messages".into());
        }
    } else {
        seen.reach("refused by the client");
    }
}

/// The second part at the relay.
fn reply_to(
    side: Side,
    relay: &State<ffi::onion::ntor3_server_handshake_state_t>,
    input: &Handshake,
    keys: &mut [u8],
    seen: &mut Observed,
) -> Option<Vec<u8>> {
    let [_, purpose] = input.purposes;
    let mut reply = Message::none();
    // SAFETY: the side's own state, strings, and room for a message and keys.
    let status = unsafe {
        call!(
            side,
            onion_skin_ntor3_server_handshake_part2(
                relay.get(),
                purpose.as_ptr(),
                purpose.len(),
                input.relay_message.as_ptr(),
                input.relay_message.len(),
                reply.out(),
                reply.len_out(),
                keys.as_mut_ptr(),
                keys.len(),
            )
        )
    };
    seen.note("onion_skin_ntor3_server_handshake_part2", status);
    seen.note("relay's keys", &*keys);
    reply.note("reply", seen)
}
