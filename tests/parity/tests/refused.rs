//! What arrives changed by one bit, too short or too long is refused by both
//! sides, with the same code, words and log. All of it, where the comparisons
//! take samples.

use std::fmt::Debug;

use ctor::log;
use parity::laboratory::Side;
use parity::onion::call::room;
use parity::onion::keys::{bytes_of, Keys};
use parity::onion::{fast, ntor, ntor_v3};

const PURPOSE: &[u8] = b"circuit extend";

/// What a side says of one message, and what it logs.
fn answers<T: PartialEq + Debug>(answer: impl Fn(Side) -> T) -> T {
    ctor::init();
    let [c, rust] = [Side::C, Side::Rust].map(|side| {
        log::take();
        let answer = answer(side);
        (answer, log::take())
    });
    assert_eq!(c, rust);
    rust.0
}

/// Each message that is `message` but for one bit.
fn flips<const N: usize>(message: [u8; N]) -> impl Iterator<Item = [u8; N]> {
    (0..8 * N).map(move |bit| {
        let mut flipped = message;
        flipped[bit / 8] ^= 1 << (bit % 8);
        flipped
    })
}

/// Each message that is `message` but for one bit, or but for its length.
fn changes(message: &[u8]) -> Vec<Vec<u8>> {
    let flipped = (0..8 * message.len()).map(|bit| {
        let mut flipped = message.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        flipped
    });
    let shorter = (0..message.len()).map(|len| message[..len].to_vec());
    let longer = (1..=64).map(|more| [message, &vec![0; more]].concat());
    flipped.chain(shorter).chain(longer).collect()
}

#[test]
fn created_fast() {
    ctor::init();
    // The same client on both sides.
    let client = |side| ctor::random::seeded(1, || fast::Client::new(side)).0;
    let message = client(Side::C).message;
    let (_, answer) = fast::answer(Side::C, &message, &mut room(72));
    let read = |answer: &[u8; 40]| answers(|side| client(side).finish(answer, &mut room(72)));
    assert_eq!(read(&answer), (0, Some(&b"untouched"[..])));
    for flipped in flips(answer) {
        let (status, text) = read(&flipped);
        assert_eq!(status, -1);
        assert!(text.is_some_and(|text| text.starts_with(b"Digest")));
    }
}

#[test]
fn ntor() {
    ctor::init();
    let (keys, id) = (Keys::usual(), bytes_of(2));
    let map = keys.map();
    let client = |side| ctor::random::seeded(1, || ntor::Client::new(side, &id, &keys.asked)).0;
    let reply = |side, onionskin: &[u8; 84], id| {
        let relay = ntor::Relay {
            side,
            map: &map,
            junk: keys.junk(),
            id,
        };
        ctor::random::seeded(2, || relay.reply(onionskin, &mut room(72))).0
    };
    let onionskin = client(Side::C).onionskin;
    let (_, honest) = reply(Side::C, &onionskin, &id);
    let read = |reply: &[u8; 64]| answers(|side| client(side).finish(reply, &mut room(72)));
    assert_eq!(read(&honest).0, 0);
    for flipped in flips(honest) {
        assert_eq!(read(&flipped), (-1, None));
    }
    // The relay cannot tell a wrong X; a wrong key gets an answer that is of no
    // use; a wrong identity gets none.
    for (bit, flipped) in flips(onionskin).enumerate() {
        let (status, reply) = answers(|side| match reply(side, &flipped, &id) {
            // What is left in the reply then: see DIFFERENCES.md.
            (-1, _) => (-1, [0; 64]),
            answer => answer,
        });
        let wrong_id = bit < 8 * 20;
        assert_eq!(status, if wrong_id { -1 } else { 0 }, "bit {bit}");
        if !wrong_id {
            assert_eq!(read(&reply), (-1, None), "bit {bit}");
        }
    }
}

#[test]
fn ntor_v3() {
    ctor::init();
    let (keys, id) = (Keys::usual(), bytes_of(2));
    let map = keys.map();
    let client = |side| {
        let new = || ntor_v3::Client::new(side, &id, &keys.asked, PURPOSE, b"request");
        ctor::random::seeded(1, new).0
    };
    let relay = |side, onionskin: &[u8]| {
        ntor_v3::Relay::new(side, &map, keys.junk(), &id, onionskin, PURPOSE)
    };
    let honest = client(Side::C);
    let onionskin = honest.onionskin.get().unwrap();
    let receive = |onionskin: &[u8]| {
        answers(|side| {
            let relay = relay(side, onionskin);
            let message = relay.message.get().map(<[u8]>::to_vec);
            (relay.status, relay.state.bytes().is_some(), message)
        })
    };
    let (status, _, message) = receive(onionskin);
    assert_eq!((status, message.unwrap()), (0, b"request".to_vec()));
    for changed in changes(onionskin) {
        assert_eq!(receive(&changed), (-1, false, None));
    }

    let (_, reply) = relay(Side::C, onionskin).reply(PURPOSE, b"answer", &mut room(72));
    let read = |reply: &[u8]| {
        answers(|side| {
            let (client, mut client_keys) = (client(side), room(72));
            let finish = || client.finish(reply, PURPOSE, &mut client_keys);
            let (status, message) = ctor::random::seeded(3, finish).0;
            (status, message.get().map(<[u8]>::to_vec), client_keys)
        })
    };
    let reply = reply.get().unwrap();
    let (status, message, _) = read(reply);
    assert_eq!((status, message.unwrap()), (0, b"answer".to_vec()));
    for changed in changes(reply) {
        let (status, message, _) = read(&changed);
        assert_eq!((status, message), (-1, None));
    }
}
