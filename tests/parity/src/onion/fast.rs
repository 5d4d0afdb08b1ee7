//! CREATE_FAST and CREATED_FAST.
//!
//! The bytes of an input: seed (8 bytes), length of the keys (2), change of the
//! answer (see [`Change`]).

use std::ptr;

use arbitrary::{Result, Unstructured};
use onion::fast::{CREATED_LEN, CREATE_LEN, MAX_KEYS_LEN};

use super::call::{note_text, room, State};
use super::change::Change;
use crate::laboratory::{About, Comparison, Side};
use crate::observed::Observed;

/// The comparison.
pub struct CreateFast;

/// One handshake.
#[derive(Debug)]
pub struct Handshake {
    seed: u64,
    keys_len: usize,
    answer: Change,
}

const ABOUT: About = About {
    name: "create-fast",
    component: "onion",
    cases: 20_000,
    longest: 16,
    reaches: &[("agreed", 3_000), ("refused", 2_000)],
    faults: &["accept"],
};

impl Comparison for CreateFast {
    type Input = Handshake;

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn input(&self, bytes: &mut Unstructured<'_>) -> Result<Handshake> {
        let seed = bytes.arbitrary()?;
        let keys_len: u16 = bytes.arbitrary()?;
        Ok(Handshake {
            seed,
            keys_len: keys_len_of(keys_len, MAX_KEYS_LEN),
            answer: Change::read(bytes)?,
        })
    }

    fn observe(&self, side: Side, input: &Handshake, seen: &mut Observed) {
        let ((), drawn) = ctor::random::seeded(input.seed, || shake_hands(side, input, seen));
        seen.note("random bytes drawn", drawn);
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        vec![
            vec![1, 0, 0, 0, 0, 0, 0, 0, 0, 72, 0],
            vec![2, 0, 0, 0, 0, 0, 0, 0, 0, 92, 128, 0, 200],
            vec![3, 0, 0, 0, 0, 0, 0, 0, 255, 255, 0],
        ]
    }
}

/// A length of key material, 1 up to `most`: with a large `choice`, as for a
/// circuit or a little more, else any.
pub(super) fn keys_len_of(choice: u16, most: usize) -> usize {
    let choice = usize::from(choice);
    match choice.to_be_bytes() {
        [.., 0..224, len] => 1 + usize::from(len),
        _ => 1 + choice % most,
    }
}

fn shake_hands(side: Side, input: &Handshake, seen: &mut Observed) {
    // SAFETY: the side's own function frees what its own function makes.
    let mut client = unsafe {
        State::none(match side {
            Side::C => |state| ctor::onion::fast_handshake_state_free_(state),
            Side::Rust => |state| ffi::onion::fast_handshake_state_free_(state),
        })
    };
    let mut message = room(CREATE_LEN);
    // SAFETY: room for a state, and for a message.
    let status = unsafe {
        call!(
            side,
            fast_onionskin_create(client.out(), message.as_mut_ptr())
        )
    };
    seen.note("fast_onionskin_create", status);
    seen.note("client", client.bytes());
    seen.note("CREATE_FAST", &message[..]);

    let mut answer = room(CREATED_LEN);
    let mut relay_keys = room(input.keys_len);
    // SAFETY: a message, and room for an answer and for keys.
    let status = unsafe {
        call!(
            side,
            fast_server_handshake(
                message.as_ptr(),
                answer.as_mut_ptr(),
                relay_keys.as_mut_ptr(),
                relay_keys.len(),
            )
        )
    };
    seen.note("fast_server_handshake", status);
    seen.note("CREATED_FAST", &answer[..]);
    seen.note("relay's keys", &relay_keys[..]);

    input.answer.apply_to_fixed(&mut answer, 0);
    let mut client_keys = room(input.keys_len);
    let mut text = c"as it was".as_ptr();
    // SAFETY: the side's own state, an answer, and room for keys and a pointer.
    let status = unsafe {
        call!(
            side,
            fast_client_handshake(
                client.get(),
                answer.as_ptr(),
                client_keys.as_mut_ptr(),
                client_keys.len(),
                &mut text,
            )
        )
    };
    seen.note("fast_client_handshake", status);
    seen.note("client's keys", &client_keys[..]);
    // SAFETY: the text from above, or what the function put there.
    unsafe { note_text("msg_out", text, seen) };
    if status == 0 {
        seen.reach("agreed");
        if client_keys != relay_keys {
            seen.complain("client and relay agreed on different keys".into());
        }
        return;
    }
    seen.reach("refused");
    // SAFETY: as before; nobody wants the text.
    let status = unsafe {
        call!(
            side,
            fast_client_handshake(
                client.get(),
                answer.as_ptr(),
                client_keys.as_mut_ptr(),
                client_keys.len(),
                ptr::null_mut(),
            )
        )
    };
    seen.note("fast_client_handshake, without msg_out", status);
}
