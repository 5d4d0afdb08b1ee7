//! What a circuit costs before its first cell: the handshakes, end by end.

use std::hint::black_box;
use std::sync::LazyLock;

use parity::laboratory::Side;
use parity::onion::call::Message;
use parity::onion::hs_ntor::Meeting;
use parity::onion::keys::{bytes_of, Keys};
use parity::onion::{fast, ntor, ntor_v3};

use crate::clock::cpu_time;

/// The least time that is read off the clock at once, in nanoseconds.
const ROUND: u64 = 3_000_000;

/// Key material of a circuit, in bytes: CPATH_KEY_MATERIAL_LEN, and what onion
/// services of old wanted.
const KEYS_LEN: usize = 92;

/// VER of ntor v3, and a negotiation of congestion control.
const PURPOSE: &[u8] = b"circuit extend";
const REQUEST: &[u8] = &[1, 1, 0];
const ANSWER: &[u8] = &[1, 2, 1, 31];

/// One end of a handshake.
pub struct Handshake {
    /// The row's name.
    pub name: &'static str,
    /// Everything before that end's work, on one side. What is returned does the
    /// work, each time from the start.
    prepare: fn(Side) -> Box<dyn FnMut()>,
}

impl Handshake {
    /// What measures this end on `side`: CPU time of the work, in nanoseconds.
    pub fn on(&self, side: Side) -> impl FnMut() -> f64 {
        let mut work = (self.prepare)(side);
        move || {
            // The first time is the caches'.
            work();
            let start = cpu_time();
            let mut times = 0;
            loop {
                for _ in 0..10 {
                    work();
                }
                times += 10;
                let time = cpu_time() - start;
                if time >= ROUND {
                    return time as f64 / f64::from(times);
                }
            }
        }
    }
}

/// The rows, in the order of the table.
pub const HANDSHAKES: [Handshake; 13] = [
    Handshake {
        name: "CREATE_FAST client, message",
        prepare: |side| {
            Box::new(move || {
                black_box(fast::Client::new(side));
            })
        },
    },
    Handshake {
        name: "CREATE_FAST relay",
        prepare: |side| {
            let message = fast::Client::new(side).message;
            Box::new(move || {
                black_box(fast::answer(side, &message, &mut keys()));
            })
        },
    },
    Handshake {
        name: "CREATE_FAST client, answer",
        prepare: |side| {
            let client = fast::Client::new(side);
            let (_, answer) = fast::answer(side, &client.message, &mut keys());
            Box::new(move || {
                let (status, _) = black_box(client.finish(&answer, &mut keys()));
                assert_eq!(status, 0);
            })
        },
    },
    Handshake {
        name: "ntor client, onionskin",
        prepare: |side| {
            Box::new(move || {
                black_box(ntor_client(side));
            })
        },
    },
    Handshake {
        name: "ntor relay",
        prepare: |side| {
            let (client, relay) = (ntor_client(side), ntor_relay(side));
            Box::new(move || {
                black_box(relay(&client));
            })
        },
    },
    Handshake {
        name: "ntor client, reply",
        prepare: |side| {
            let client = ntor_client(side);
            let reply = ntor_relay(side)(&client);
            Box::new(move || {
                let (status, _) = black_box(client.finish(&reply, &mut keys()));
                assert_eq!(status, 0);
            })
        },
    },
    Handshake {
        name: "ntor v3 client, onionskin",
        prepare: |side| {
            Box::new(move || {
                black_box(ntor_v3_client(side));
            })
        },
    },
    Handshake {
        name: "ntor v3 relay, both parts",
        prepare: |side| {
            let (client, relay) = (ntor_v3_client(side), ntor_v3_relay(side));
            Box::new(move || {
                black_box(relay(&client));
            })
        },
    },
    Handshake {
        name: "ntor v3 client, reply",
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
    Handshake {
        name: "hs-ntor client, INTRODUCE1",
        prepare: |side| {
            let meeting = Meeting::honest();
            Box::new(move || {
                black_box(meeting.client_introduces(side));
            })
        },
    },
    Handshake {
        name: "hs-ntor service, INTRODUCE1",
        prepare: |side| {
            let meeting = Meeting::honest();
            Box::new(move || {
                black_box(meeting.service_is_introduced_once(side));
            })
        },
    },
    Handshake {
        name: "hs-ntor service, RENDEZVOUS1",
        prepare: |side| {
            let meeting = Meeting::honest();
            Box::new(move || {
                black_box(meeting.service_meets(side));
            })
        },
    },
    Handshake {
        name: "hs-ntor client, RENDEZVOUS1",
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
