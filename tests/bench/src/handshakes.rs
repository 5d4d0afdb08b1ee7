//! What a circuit costs before its first cell: the handshakes, end by end.

use std::hint::black_box;
use std::sync::LazyLock;

use parity::laboratory::Side;
use parity::onion::call::Message;
use parity::onion::hs_ntor::Meeting;
use parity::onion::keys::{bytes_of, Keys};
use parity::onion::{fast, ntor, ntor_v3};

use crate::work::Work;

/// Key material of a circuit, in bytes: CPATH_KEY_MATERIAL_LEN, and what onion
/// services of old wanted.
const KEYS_LEN: usize = 92;

/// VER of ntor v3, and a negotiation of congestion control.
const PURPOSE: &[u8] = b"circuit extend";
const REQUEST: &[u8] = &[1, 1, 0];
const ANSWER: &[u8] = &[1, 2, 1, 31];

/// The rows, in the order of the table.
pub const HANDSHAKES: [Work; 13] = [
    Work {
        name: "CREATE_FAST client, message",
        at_once: 1,
        prepare: |side| {
            Box::new(move || {
                black_box(fast::Client::new(side));
            })
        },
    },
    Work {
        name: "CREATE_FAST relay",
        at_once: 1,
        prepare: |side| {
            let message = fast::Client::new(side).message;
            Box::new(move || {
                black_box(fast::answer(side, &message, &mut keys()));
            })
        },
    },
    Work {
        name: "CREATE_FAST client, answer",
        at_once: 1,
        prepare: |side| {
            let client = fast::Client::new(side);
            let (_, answer) = fast::answer(side, &client.message, &mut keys());
            Box::new(move || {
                let (status, _) = black_box(client.finish(&answer, &mut keys()));
                assert_eq!(status, 0);
            })
        },
    },
    Work {
        name: "ntor client, onionskin",
        at_once: 1,
        prepare: |side| {
            Box::new(move || {
                black_box(ntor_client(side));
            })
        },
    },
    Work {
        name: "ntor relay",
        at_once: 1,
        prepare: |side| {
            let (client, relay) = (ntor_client(side), ntor_relay(side));
            Box::new(move || {
                black_box(relay(&client));
            })
        },
    },
    Work {
        name: "ntor client, reply",
        at_once: 1,
        prepare: |side| {
            let client = ntor_client(side);
            let reply = ntor_relay(side)(&client);
            Box::new(move || {
                let (status, _) = black_box(client.finish(&reply, &mut keys()));
                assert_eq!(status, 0);
            })
        },
    },
    Work {
        name: "ntor v3 client, onionskin",
        at_once: 1,
        prepare: |side| {
            Box::new(move || {
                black_box(ntor_v3_client(side));
            })
        },
    },
    Work {
        name: "ntor v3 relay, both parts",
        at_once: 1,
        prepare: |side| {
            let (client, relay) = (ntor_v3_client(side), ntor_v3_relay(side));
            Box::new(move || {
                black_box(relay(&client));
            })
        },
    },
    Work {
        name: "ntor v3 client, reply",
        at_once: 1,
        prepare: |side| {
            let client = ntor_v3_client(side);
            let reply = ntor_v3_relay(side)(&client);
            Box::new(move || {
                let reply = reply.get().unwrap_or_default();
                let (status, _) = black_box(client.finish(reply, PURPOSE, &mut keys()));
                assert_eq!(status, 0);
            })
        },
    },
    Work {
        name: "hs-ntor client, INTRODUCE1",
        at_once: 1,
        prepare: |side| {
            let meeting = Meeting::honest();
            Box::new(move || {
                black_box(meeting.client_introduces(side));
            })
        },
    },
    Work {
        name: "hs-ntor service, INTRODUCE1",
        at_once: 1,
        prepare: |side| {
            let meeting = Meeting::honest();
            Box::new(move || {
                black_box(meeting.service_is_introduced_once(side));
            })
        },
    },
    Work {
        name: "hs-ntor service, RENDEZVOUS1",
        at_once: 1,
        prepare: |side| {
            let meeting = Meeting::honest();
            Box::new(move || {
                black_box(meeting.service_meets(side));
            })
        },
    },
    Work {
        name: "hs-ntor client, RENDEZVOUS1",
        at_once: 1,
        prepare: |side| {
            let meeting = Meeting::honest();
            Box::new(move || {
                black_box(meeting.client_meets(side));
            })
        },
    },
];

fn keys() -> [u8; KEYS_LEN] {
    [0; KEYS_LEN]
}

/// The relay's onion keys.
static ONION_KEYS: LazyLock<Keys> = LazyLock::new(Keys::usual);

fn ntor_client(side: Side) -> ntor::Client {
    ntor::Client::new(side, &bytes_of(1), &ONION_KEYS.asked)
}

fn ntor_relay(side: Side) -> impl Fn(&ntor::Client) -> [u8; onion::ntor::REPLY_LEN] {
    let (map, id) = (ONION_KEYS.map(), bytes_of(1));
    move |client| {
        let relay = ntor::Relay {
            side,
            map: &map,
            junk: ONION_KEYS.junk(),
            id: &id,
        };
        let (status, reply) = relay.reply(&client.onionskin, &mut keys());
        assert_eq!(status, 0);
        reply
    }
}

fn ntor_v3_client(side: Side) -> ntor_v3::Client {
    ntor_v3::Client::new(side, &bytes_of(1), &ONION_KEYS.asked, PURPOSE, REQUEST)
}

fn ntor_v3_relay(side: Side) -> impl Fn(&ntor_v3::Client) -> Message {
    let (map, id) = (ONION_KEYS.map(), bytes_of(1));
    move |client| {
        let onionskin = client.onionskin.get().unwrap_or_default();
        let junk = ONION_KEYS.junk();
        let relay = ntor_v3::Relay::new(side, &map, junk, &id, onionskin, PURPOSE);
        let (status, reply) = relay.reply(PURPOSE, ANSWER, &mut keys());
        assert_eq!(status, 0);
        reply
    }
}
