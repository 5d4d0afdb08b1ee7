//! ntor.
//!
//! The bytes of an input: seed (8 bytes), keys (see [`Keys`]), identity (below
//! 16: not the relay's), length of the keys (2), change of the onionskin and of
//! the reply (see [`Change`]).

use arbitrary::{Result, Unstructured};
use onion::ntor::{NodeId, MAX_KEYS_LEN, NODE_ID_LEN, ONIONSKIN_LEN, REPLY_LEN};
use onion::x25519::KEY_LEN;

use super::call::{note_text, room, State};
use super::change::{byte, Change};
use super::fast::keys_len_of;
use super::keys::{bytes_of, Keys};
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
    faults: &["accept", "wrong-words"],
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
    // SAFETY: the side's own function frees what its own function makes.
    let mut client = unsafe {
        State::none(match side {
            Side::C => |state| ctor::onion::ntor_handshake_state_free_(state),
            Side::Rust => |state| ffi::onion::ntor_handshake_state_free_(state),
        })
    };
    let mut onionskin = room(ONIONSKIN_LEN);
    // SAFETY: an identity, a key, and room for a state and an onionskin.
    let status = unsafe {
        call!(
            side,
            onion_skin_ntor_create(
                input.asked_id.as_ptr(),
                &input.keys.asked,
                client.out(),
                onionskin.as_mut_ptr(),
            )
        )
    };
    seen.note("onion_skin_ntor_create", status);
    seen.note("client", client.bytes());
    seen.note("onionskin", &onionskin[..]);

    input.onionskin.apply_to_fixed(&mut onionskin, X_AT);
    let map = input.keys.map();
    let mut reply = room(REPLY_LEN);
    let mut relay_keys = room(input.keys_len);
    // SAFETY: an onionskin, a map or none, a pair or none, an identity, and room
    // for a reply and for keys.
    let status = unsafe {
        call!(
            side,
            onion_skin_ntor_server_handshake(
                onionskin.as_ptr(),
                map.get(),
                input.keys.junk(),
                input.node_id.as_ptr(),
                reply.as_mut_ptr(),
                relay_keys.as_mut_ptr(),
                relay_keys.len(),
            )
        )
    };
    let refused = status != 0;
    seen.note("onion_skin_ntor_server_handshake", status);
    seen.note("relay's keys", &relay_keys[..]);
    if refused {
        seen.reach("refused by the relay");
        // What is in the reply is of no use (DIFFERENCES.md,
        // ntor-refused-reply); the client gets another one.
        reply = bytes_of::<REPLY_LEN>(input.seed ^ 8).to_vec();
    } else {
        seen.note("reply", &reply[..]);
    }

    input.reply.apply_to_fixed(&mut reply, 0);
    let mut client_keys = room(input.keys_len);
    let mut text = c"as it was".as_ptr();
    // SAFETY: the side's own state, a reply, and room for keys and a pointer.
    let status = unsafe {
        call!(
            side,
            onion_skin_ntor_client_handshake(
                client.get(),
                reply.as_ptr(),
                client_keys.as_mut_ptr(),
                client_keys.len(),
                &mut text,
            )
        )
    };
    seen.note("onion_skin_ntor_client_handshake", status);
    seen.note("client's keys", &client_keys[..]);
    // SAFETY: the text from above, or what the function put there.
    unsafe { note_text("msg_out", text, seen) };
    if status == 0 {
        seen.reach("agreed");
        if client_keys != relay_keys {
            seen.complain("client and relay agreed on different keys".into());
        }
    } else {
        seen.reach("refused by the client");
        if !text.is_null() {
            seen.reach("a zero secret at the client");
        }
    }
}
