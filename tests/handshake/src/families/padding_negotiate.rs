//! PADDING_NEGOTIATE: whole and malformed, where it may be and where not.

use super::Family;
use crate::command;
use crate::families::honest;
use crate::script::{Conn, Event, Mode, Script, World};

pub const FAMILY: Family = Family {
    name: "padding-negotiate",
    about: "PADDING_NEGOTIATE: malformed, unknown, on links that know it and others",
    scripts,
    reaches: &[
        ("Received a PADDING_NEGOTIATE cell on v3 connection", 20),
        ("Received a PADDING_NEGOTIATE cell on v4 connection", 20),
        ("Received malformed PADDING_NEGOTIATE cell", 20),
        ("call channelpadding_update_padding_for_channel", 40),
        ("PADDING_NEGOTIATE from relay at", 10),
        ("Negotiated padding=1", 10),
        ("Negotiated padding=0", 10),
        ("Received unexpected cell command 12", 20),
    ],
};

fn bodies() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("all zero", vec![]),
        ("stop", vec![0, 1, 0, 0, 0, 0]),
        ("start", vec![0, 2, 0, 0, 0, 0]),
        ("start, low and high", vec![0, 2, 0x20, 0, 0x30, 0]),
        ("start, high below low", vec![0, 2, 0x30, 0, 0x20, 0]),
        ("start, the most", vec![0, 2, 255, 255, 255, 255]),
        ("command 3", vec![0, 3, 0, 0, 0, 0]),
        ("command 0", vec![0, 0, 1, 0, 1, 0]),
        ("command 255", vec![0, 255, 1, 0, 1, 0]),
        ("version 1", vec![1, 2, 1, 0, 1, 0]),
        ("version 255", vec![255, 1, 1, 0, 1, 0]),
        (
            "and more",
            [&[0, 2, 0x20, 0, 0x30, 0][..], &[9; 503]].concat(),
        ),
        ("all ones", vec![255; 509]),
    ]
}

fn scripts() -> Vec<Script> {
    let mut scripts = Vec::new();
    for handshake in honest::handshakes() {
        for (name, body) in bodies() {
            let event = Event::cell(command::PADDING_NEGOTIATE, body);
            let script = handshake.clone().called(name);
            scripts.push(script.clone().then(event.clone()));
            scripts.push(
                script
                    .clone()
                    .called("from a known relay, twice")
                    .with(World::Known)
                    .with(World::UnsafeLog)
                    .then(event.clone())
                    .then(event.clone()),
            );
            let mut early = script.called("before the link is open");
            early.events.pop();
            scripts.push(early.then(event));
        }
    }
    for proto in 0..=6 {
        let conn = Conn::responder();
        let name = format!("link protocol {proto} set by hand");
        scripts.push(
            Script::new(name, Mode::Relay, conn)
                .then(Event::Set("link_proto", proto))
                .then(Event::Set("state", 6))
                .then(Event::cell(
                    command::PADDING_NEGOTIATE,
                    [0, 2, 0x20, 0, 0x30, 0],
                )),
        );
    }
    scripts
}
