//! Circuits that Arti sent cells over, replayed at both of their ends.
//!
//! Through the boundary, as tor does it: the client's and the relays' states
//! are those of crate `ffi`.

use std::ffi::c_int;
use std::ptr;

use ffi::relaycrypt::{
    cell_t, cgo_crypt_client_backward, cgo_crypt_client_forward, cgo_crypt_client_originate,
    cgo_crypt_free_, cgo_crypt_new, cgo_crypt_relay_backward, cgo_crypt_relay_forward,
    cgo_crypt_relay_originate, cgo_crypt_t, tor1_crypt_clear, tor1_crypt_client_backward,
    tor1_crypt_client_forward, tor1_crypt_client_originate, tor1_crypt_init,
    tor1_crypt_relay_backward, tor1_crypt_relay_forward, tor1_crypt_relay_originate, tor1_crypt_t,
};
use vectors::{read, Circuit};

const TOR1_TAG_LEN: usize = 20;

/// A hop's state at one end. Operations return the tag of a cell that was
/// originated or recognised.
trait Hop {
    fn client_originate(&mut self, cell: &mut cell_t) -> Vec<u8>;
    fn client_forward(&mut self, cell: &mut cell_t);
    fn client_backward(&mut self, cell: &mut cell_t) -> Option<Vec<u8>>;
    fn relay_originate(&mut self, cell: &mut cell_t) -> Vec<u8>;
    fn relay_forward(&mut self, cell: &mut cell_t) -> Option<Vec<u8>>;
    fn relay_backward(&mut self, cell: &mut cell_t);
}

struct Tor1(tor1_crypt_t);

impl Tor1 {
    /// `reverse` and `is_hs` are those of `tor1_crypt_init`.
    fn new(keys: &[u8], reverse: bool, is_hs: bool) -> Self {
        let mut state = tor1_crypt_t::default();
        // SAFETY: an empty state, and keys that are valid for their length.
        let status = unsafe {
            tor1_crypt_init(
                &mut state,
                keys.as_ptr().cast(),
                keys.len(),
                c_int::from(reverse),
                c_int::from(is_hs),
            )
        };
        assert_eq!(status, 0);
        Tor1(state)
    }

    fn tag(&self) -> Vec<u8> {
        self.0.sendme_digest.to_vec()
    }
}

impl Drop for Tor1 {
    fn drop(&mut self) {
        // SAFETY: an initialised state.
        unsafe { tor1_crypt_clear(&mut self.0) }
    }
}

impl Hop for Tor1 {
    fn client_originate(&mut self, cell: &mut cell_t) -> Vec<u8> {
        // SAFETY: an initialised state, here and below.
        unsafe { tor1_crypt_client_originate(&mut self.0, cell) }
        self.tag()
    }
    fn client_forward(&mut self, cell: &mut cell_t) {
        // SAFETY: as above.
        unsafe { tor1_crypt_client_forward(&mut self.0, cell) }
    }
    fn client_backward(&mut self, cell: &mut cell_t) -> Option<Vec<u8>> {
        // SAFETY: as above.
        unsafe { tor1_crypt_client_backward(&mut self.0, cell) }.then(|| self.tag())
    }
    fn relay_originate(&mut self, cell: &mut cell_t) -> Vec<u8> {
        // SAFETY: as above.
        unsafe { tor1_crypt_relay_originate(&mut self.0, cell) }
        self.tag()
    }
    fn relay_forward(&mut self, cell: &mut cell_t) -> Option<Vec<u8>> {
        // SAFETY: as above.
        unsafe { tor1_crypt_relay_forward(&mut self.0, cell) }.then(|| self.tag())
    }
    fn relay_backward(&mut self, cell: &mut cell_t) {
        // SAFETY: as above.
        unsafe { tor1_crypt_relay_backward(&mut self.0, cell) }
    }
}

/// An onion service: at the relays' end of a circuit, but a client, whose
/// forward is the other client's backward.
struct Service(Tor1);

impl Hop for Service {
    fn client_originate(&mut self, cell: &mut cell_t) -> Vec<u8> {
        self.0.client_originate(cell)
    }
    fn client_forward(&mut self, cell: &mut cell_t) {
        self.0.client_forward(cell);
    }
    fn client_backward(&mut self, cell: &mut cell_t) -> Option<Vec<u8>> {
        self.0.client_backward(cell)
    }
    fn relay_originate(&mut self, cell: &mut cell_t) -> Vec<u8> {
        self.0.client_originate(cell)
    }
    fn relay_forward(&mut self, cell: &mut cell_t) -> Option<Vec<u8>> {
        self.0.client_backward(cell)
    }
    fn relay_backward(&mut self, cell: &mut cell_t) {
        self.0.client_forward(cell);
    }
}

struct Cgo {
    forward: *mut cgo_crypt_t,
    backward: *mut cgo_crypt_t,
}

impl Cgo {
    /// `mode` is the `cgo_mode_t` of the forward direction.
    fn new(keys: &[u8], mode: u32, aes_bits: c_int) -> Self {
        let (forward, backward) = keys.split_at(keys.len() / 2);
        // SAFETY: keys that are valid for their length.
        let [forward, backward] =
            [(mode, forward), (mode + 1, backward)].map(|(mode, keys)| unsafe {
                cgo_crypt_new(mode, aes_bits, keys.as_ptr(), keys.len())
            });
        assert!(!forward.is_null() && !backward.is_null());
        Cgo { forward, backward }
    }
}

impl Drop for Cgo {
    fn drop(&mut self) {
        // SAFETY: both are live states.
        unsafe {
            cgo_crypt_free_(self.forward);
            cgo_crypt_free_(self.backward);
        }
    }
}

/// The tag at which an operation pointed, if at any.
fn read_tag(tag: *const u8) -> Option<Vec<u8>> {
    // SAFETY: null, or 16 bytes that no one has changed since.
    (!tag.is_null()).then(|| unsafe { std::slice::from_raw_parts(tag, 16) }.to_vec())
}

impl Hop for Cgo {
    fn client_originate(&mut self, cell: &mut cell_t) -> Vec<u8> {
        let mut tag = ptr::null();
        // SAFETY: a live state, here and below.
        unsafe { cgo_crypt_client_originate(self.forward, cell, &mut tag) }
        read_tag(tag).unwrap()
    }
    fn client_forward(&mut self, cell: &mut cell_t) {
        // SAFETY: as above.
        unsafe { cgo_crypt_client_forward(self.forward, cell) }
    }
    fn client_backward(&mut self, cell: &mut cell_t) -> Option<Vec<u8>> {
        let mut tag = ptr::null();
        // SAFETY: as above.
        unsafe { cgo_crypt_client_backward(self.backward, cell, &mut tag) }
        read_tag(tag)
    }
    fn relay_originate(&mut self, cell: &mut cell_t) -> Vec<u8> {
        let mut tag = ptr::null();
        // SAFETY: as above.
        unsafe { cgo_crypt_relay_originate(self.backward, cell, &mut tag) }
        read_tag(tag).unwrap()
    }
    fn relay_forward(&mut self, cell: &mut cell_t) -> Option<Vec<u8>> {
        let mut tag = ptr::null();
        // SAFETY: as above.
        unsafe { cgo_crypt_relay_forward(self.forward, cell, &mut tag) }
        read_tag(tag)
    }
    fn relay_backward(&mut self, cell: &mut cell_t) {
        // SAFETY: as above.
        unsafe { cgo_crypt_relay_backward(self.backward, cell) }
    }
}

/// Replays `circuit`: what Arti encrypted we decrypt, and we encrypt the same.
fn replay<H: Hop>(circuit: Circuit, client: impl Fn(&[u8]) -> H, relay: impl Fn(&[u8]) -> H) {
    let mut at_client: Vec<H> = circuit.keys.iter().map(|keys| client(&keys.0)).collect();
    let mut at_relay: Vec<H> = circuit.keys.iter().map(|keys| relay(&keys.0)).collect();
    for (number, vector) in circuit.cells.iter().enumerate() {
        let new_cell = |payload| cell_t {
            circ_id: 1,
            command: vector.command,
            payload,
        };
        let sender = vector.sent.as_ref();

        if let Some(sent) = sender {
            let mut cell = new_cell(sent.plain.array());
            let tag = if vector.forward {
                let tag = at_client[sent.hop].client_originate(&mut cell);
                for hop in at_client[..sent.hop].iter_mut().rev() {
                    hop.client_forward(&mut cell);
                }
                tag
            } else {
                let tag = at_relay[sent.hop].relay_originate(&mut cell);
                for hop in at_relay[..sent.hop].iter_mut().rev() {
                    hop.relay_backward(&mut cell);
                }
                tag
            };
            assert_eq!(
                cell.payload,
                vector.wire.array(),
                "cell {number} as it was sent"
            );
            assert_eq!(tag, sent.tag.0, "cell {number}, the sender's tag");
        }

        let mut cell = new_cell(vector.wire.array());
        let recognised = if vector.forward {
            let mut hops = at_relay.iter_mut().enumerate();
            hops.find_map(|(i, hop)| Some((i, hop.relay_forward(&mut cell)?)))
        } else {
            let mut hops = at_client.iter_mut().enumerate();
            hops.find_map(|(i, hop)| Some((i, hop.client_backward(&mut cell)?)))
        };
        let expected = sender.map(|sent| (sent.hop, sent.tag.0.clone()));
        assert_eq!(recognised, expected, "cell {number}");
        let mut arrived = vector.arrived.array();
        if sender.is_some_and(|sent| sent.tag.0.len() == TOR1_TAG_LEN) {
            // C Tor leaves tor1's digest field zero in a cell that is its own,
            // and so do we. Arti does not touch it; no one reads it.
            arrived[5..9].fill(0);
        }
        assert_eq!(cell.payload, arrived, "cell {number} as it arrived");
    }
}

#[test]
fn tor1_agrees_with_arti() {
    let new = |keys: &[u8]| Tor1::new(keys, false, false);
    replay(read(include_str!("../data/arti-tor1.json")), new, new);
}

#[test]
fn tor1_for_onion_services_agrees_with_arti() {
    let new = |keys: &[u8]| Tor1::new(keys, false, true);
    replay(read(include_str!("../data/arti-tor1-hs.json")), new, new);
}

#[test]
fn a_reversed_state_is_the_far_end_of_artis() {
    let circuit = read(include_str!("../data/arti-tor1-hs.json"));
    let client = |keys: &[u8]| Service(Tor1::new(keys, false, true));
    let service = |keys: &[u8]| Service(Tor1::new(keys, true, true));
    replay(circuit, client, service);
}

#[test]
fn cgo_128_agrees_with_arti() {
    let circuit = read(include_str!("../data/arti-cgo-128.json"));
    replay(
        circuit,
        |keys| Cgo::new(keys, 0, 128),
        |keys| Cgo::new(keys, 2, 128),
    );
}

#[test]
fn cgo_256_agrees_with_arti() {
    let circuit = read(include_str!("../data/arti-cgo-256.json"));
    replay(
        circuit,
        |keys| Cgo::new(keys, 0, 256),
        |keys| Cgo::new(keys, 2, 256),
    );
}
