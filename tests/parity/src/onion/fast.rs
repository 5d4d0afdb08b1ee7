//! CREATE_FAST and CREATED_FAST.
//!
//! The bytes of an input: seed (8 bytes), length of the keys (2), change of the
//! answer (see [`Change`]).

use std::ffi::c_int;

use arbitrary::{Result, Unstructured};
use ffi::onion::fast_handshake_state_t;
use onion::fast::{CREATED_LEN, CREATE_LEN, MAX_KEYS_LEN};

use super::call::{room, State, Text, PAINT};
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
    faults: &["accept", "wrong-key"],
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

/// A length of key material, up to `most`: mostly as for a circuit or a little
/// more, else any. Not 0, for which ntor aborts in C (DIFFERENCES.md,
/// handshake-keys-length).
pub(super) fn keys_len_of(choice: u16, most: usize) -> usize {
    let choice = usize::from(choice);
    match choice.to_be_bytes() {
        [.., 0..224, len] => 1 + usize::from(len),
        _ => 1 + choice % most,
    }
}

fn shake_hands(side: Side, input: &Handshake, seen: &mut Observed) {
    let client = Client::new(side);
    seen.note("fast_onionskin_create", client.status);
    seen.note("client", client.state.bytes());
    seen.note("CREATE_FAST", &client.message[..]);

    let mut relay_keys = room(input.keys_len);
    let (status, answer) = answer(side, &client.message, &mut relay_keys);
    seen.note("fast_server_handshake", status);
    seen.note("CREATED_FAST", &answer[..]);
    seen.note("relay's keys", &relay_keys[..]);

    let answer = input.answer.apply_to_fixed(&answer, 0);
    let mut client_keys = room(input.keys_len);
    let (status, text) = client.finish(&answer, &mut client_keys);
    seen.note("fast_client_handshake", status);
    seen.note("client's keys", &client_keys[..]);
    seen.note("msg_out", text);
    if status == 0 {
        seen.reach("agreed");
        if client_keys != relay_keys {
            seen.complain("client and relay agreed on different keys".into());
        }
    } else {
        seen.reach("refused");
    }
}

/// A client of one side.
pub struct Client {
    side: Side,
    /// What the function that made it returned.
    pub status: c_int,
    /// What the side keeps.
    pub state: State<fast_handshake_state_t>,
    /// CREATE_FAST.
    pub message: [u8; CREATE_LEN],
}

impl Client {
    /// A client that has sent CREATE_FAST.
    pub fn new(side: Side) -> Self {
        // SAFETY: the side's own function frees what its own function makes.
        let mut state = unsafe {
            State::none(match side {
                Side::C => |state| ctor::onion::fast_handshake_state_free_(state),
                Side::Rust => |state| ffi::onion::fast_handshake_state_free_(state),
            })
        };
        let mut message = [PAINT; CREATE_LEN];
        // SAFETY: room for a state, and for a message.
        let status = unsafe {
            call!(
                side,
                fast_onionskin_create(state.out(), message.as_mut_ptr())
            )
        };
        Client {
            side,
            status,
            state,
            message,
        }
    }

    /// Reads the relay's answer: the return code, and the text about it.
    pub fn finish(
        &self,
        answer: &[u8; CREATED_LEN],
        keys: &mut [u8],
    ) -> (c_int, Option<&'static [u8]>) {
        let mut text = Text::none();
        // SAFETY: the side's own state, an answer, and room for keys and a text.
        let status = unsafe {
            call!(
                self.side,
                fast_client_handshake(
                    self.state.get(),
                    answer.as_ptr(),
                    keys.as_mut_ptr(),
                    keys.len(),
                    text.out(),
                )
            )
        };
        (status, text.get())
    }
}

/// At a relay of one side: the return code, and CREATED_FAST.
pub fn answer(
    side: Side,
    message: &[u8; CREATE_LEN],
    keys: &mut [u8],
) -> (c_int, [u8; CREATED_LEN]) {
    let mut answer = [PAINT; CREATED_LEN];
    // SAFETY: a message, and room for an answer and for keys.
    let status = unsafe {
        call!(
            side,
            fast_server_handshake(
                message.as_ptr(),
                answer.as_mut_ptr(),
                keys.as_mut_ptr(),
                keys.len(),
            )
        )
    };
    (status, answer)
}
