//! The published vectors of tor1 and CGO.

use relaycrypt::cgo::{AesBits, Cgo, Et, Prf, Tag, Uiv, TAG_LEN};
use relaycrypt::tor1::{KeyOrder, Ordinary};
use relaycrypt::{CellBody, CELL_BODY_LEN};
use vectors::{read, Bytes, PublishedCgo, PublishedTor1, State};

/// All published vectors are of this key length.
const BITS: AesBits = AesBits::Aes128;

fn cgo_vectors() -> PublishedCgo {
    read(include_str!("../data/published-cgo.json"))
}

#[test]
fn tor1_encrypts_as_c_tor_did() {
    let vectors: PublishedTor1 = read(include_str!("../data/published-tor1.json"));
    let mut hops: Vec<Ordinary> = vectors
        .keys
        .iter()
        .map(|keys| Ordinary::new(&keys.0, KeyOrder::ForwardFirst).unwrap())
        .collect();
    let wires: Vec<CellBody> = vectors
        .bodies
        .iter()
        .map(|body| {
            let mut body = body.array();
            hops[2].client_originate(&mut body);
            hops[1].client_forward(&mut body);
            hops[0].client_forward(&mut body);
            body
        })
        .collect();
    assert!(!vectors.expect.is_empty());
    for expect in &vectors.expect {
        assert_eq!(
            wires[expect.cell],
            expect.wire.array(),
            "cell {}",
            expect.cell
        );
    }
}

#[test]
fn et_agrees() {
    for vector in cgo_vectors().et {
        let (h, command, right) = split_tweak(&vector.tweak);
        let mut block = vector.block.array();
        let et = Et::new(BITS, &vector.keys.0);
        if vector.encrypt {
            et.encrypt(&h, command, right, &mut block);
        } else {
            et.decrypt(&h, command, right, &mut block);
        }
        assert_eq!(block, vector.expect.array());
    }
}

#[test]
fn prf_agrees() {
    for vector in cgo_vectors().prf {
        let prf = Prf::new(BITS, &vector.keys.0);
        let counter = prf.counter(&vector.input.array());
        let mut data = vec![0; vector.expect.0.len()];
        match vector.t {
            0 => prf.xor_t0(counter, &mut data),
            _ => prf.xor_t1(counter, &mut data),
        }
        assert_eq!(data, vector.expect.0, "t = {}", vector.t);
    }
}

#[test]
fn uiv_agrees() {
    for vector in cgo_vectors().uiv {
        let (h, command, _) = split_tweak(&vector.tweak);
        let mut body = vector.body.array();
        let uiv = Uiv::new(BITS, &vector.keys.0).unwrap();
        if vector.encrypt {
            uiv.encrypt(&h, command, &mut body);
        } else {
            uiv.decrypt(&h, command, &mut body);
        }
        assert_eq!(body, vector.expect.array());
    }
}

#[test]
fn uiv_update_agrees() {
    for vector in cgo_vectors().uiv_update {
        let mut uiv = Uiv::new(BITS, &vector.keys.0).unwrap();
        let mut nonce = vector.nonce.array();
        uiv.update(&mut nonce);
        assert_eq!(uiv.keys(), vector.expect_keys.0);
        assert_eq!(nonce, vector.expect_nonce.array());
    }
}

#[test]
fn a_relay_passes_cells_on() {
    for vector in cgo_vectors().relay {
        let mut relay = relay_at(&vector.state);
        let mut body = vector.body.array();
        let command = vector.command.0[0];
        if vector.inbound {
            relay.relay_backward(command, &mut body);
        } else {
            assert_eq!(relay.relay_forward(command, &mut body), None);
        }
        assert_eq!(body, vector.expect.array());
        assert_relays_agree(relay, relay_at(&vector.expect_state));
    }
}

#[test]
fn a_relay_originates_cells() {
    for vector in cgo_vectors().relay_originate {
        let mut relay = relay_at(&vector.state);
        let mut body = with_message(&vector.message);
        let tag = *relay.relay_originate(vector.command.0[0], &mut body);
        assert_eq!(body, vector.expect.array());
        assert_eq!(tag, body[..TAG_LEN]);
        assert_relays_agree(relay, relay_at(&vector.expect_state));
    }
}

#[test]
fn a_client_originates_cells() {
    for vector in cgo_vectors().client_originate {
        let mut hops: Vec<Cgo> = vector.states.iter().map(client_at).collect();
        let mut body = with_message(&vector.message);
        let command = vector.command.0[0];
        let (target, nearer) = hops[..vector.hop].split_last_mut().unwrap();
        target.client_originate(command, &mut body);
        for hop in nearer.iter_mut().rev() {
            hop.client_forward(command, &mut body);
        }
        assert_eq!(body, vector.expect.array());
        for (hop, expect) in hops.into_iter().zip(&vector.expect_states) {
            assert_clients_agree(hop, client_at(expect));
        }
    }
}

/// H, the command and, if there is one, `X_R`.
fn split_tweak(tweak: &Bytes) -> (Tag, u8, &[u8]) {
    let (h, rest) = tweak.0.split_at(TAG_LEN);
    (h.try_into().unwrap(), rest[0], &rest[1..])
}

fn with_message(message: &Bytes) -> CellBody {
    let mut body = [0; CELL_BODY_LEN];
    body[TAG_LEN..].copy_from_slice(&message.0);
    body
}

fn new(state: &State) -> Cgo {
    Cgo::new(BITS, &[&state.keys.0[..], &state.nonce.0].concat()).unwrap()
}

/// A relay in the middle of its life.
///
/// T' is the tag of the last cell that passed, so the first cell here is one
/// that comes out with the wanted tag.
fn relay_at(state: &State) -> Cgo {
    let mut body = [0; CELL_BODY_LEN];
    body[..TAG_LEN].copy_from_slice(&state.tprime.0);
    let (first_tprime, command) = ([0; TAG_LEN], 3);
    Uiv::new(BITS, &state.keys.0)
        .unwrap()
        .decrypt(&first_tprime, command, &mut body);
    let mut relay = new(state);
    relay.relay_backward(command, &mut body);
    assert_eq!(body[..TAG_LEN], state.tprime.0);
    relay
}

/// A client in the middle of a circuit's life; see [`relay_at`].
fn client_at(state: &State) -> Cgo {
    let mut body = [0; CELL_BODY_LEN];
    body[..TAG_LEN].copy_from_slice(&state.tprime.0);
    let mut client = new(state);
    client.client_forward(3, &mut body);
    client
}

/// Shows that two states are equal by what they do next: pass a cell on (the
/// keys and T'), originate one (the nonce), and again with the next keys.
fn assert_relays_agree(mut one: Cgo, mut other: Cgo) {
    for _ in 0..2 {
        let (mut a, mut b) = ([0x5a; CELL_BODY_LEN], [0x5a; CELL_BODY_LEN]);
        one.relay_backward(3, &mut a);
        other.relay_backward(3, &mut b);
        assert_eq!(a, b);
        one.relay_originate(3, &mut a);
        other.relay_originate(3, &mut b);
        assert_eq!(a, b);
    }
}

/// See [`assert_relays_agree`].
fn assert_clients_agree(mut one: Cgo, mut other: Cgo) {
    for _ in 0..2 {
        let (mut a, mut b) = ([0x5a; CELL_BODY_LEN], [0x5a; CELL_BODY_LEN]);
        one.client_forward(3, &mut a);
        other.client_forward(3, &mut b);
        assert_eq!(a, b);
        one.client_originate(3, &mut a);
        other.client_originate(3, &mut b);
        assert_eq!(a, b);
    }
}
