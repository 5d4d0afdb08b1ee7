//! What VERSIONS leads to (tor-spec, "Negotiating versions with VERSIONS
//! cells"), on any build of tor: C Tor has no test of it.

mod looked_at;

use handshake::certs::Certs;
use handshake::script::{Conn, Event, Mode, Netinfo, Script, World};
use handshake::{command, Trace};
use looked_at::play;

/// State "handshaking (Tor, v3 handshake)".
const HANDSHAKING: &str = "5";

/// We connect, and are answered with these.
fn answered_with(versions: &[u16]) -> Trace {
    answered(Event::versions(versions))
}

fn answered(event: Event) -> Trace {
    let script = Script::new("answered", Mode::Client, Conn::initiator());
    play(script.then(Event::Launch).then(event))
}

/// A peer connects to this tor and offers these.
fn offered(mode: Mode, versions: &[u16]) -> Trace {
    let script = Script::new("offered", mode, Conn::responder());
    play(script.then(Event::Wait).then(Event::versions(versions)))
}

/// The commands of the cells that were sent, where the first one is VERSIONS.
fn commands(trace: &Trace) -> Vec<u8> {
    let wide = trace.state("link_proto") >= "4";
    let (sent, mut at, mut commands) = (trace.sent(), 0, Vec::new());
    while at < sent.len() {
        let id = match wide && !commands.is_empty() {
            true => 4,
            false => 2,
        };
        let command = sent[at + id];
        commands.push(command);
        at += id + 1;
        at += match command == command::VERSIONS || command >= 128 {
            true => 2 + usize::from(u16::from_be_bytes([sent[at], sent[at + 1]])),
            false => 509,
        };
    }
    commands
}

fn closed(trace: &Trace) -> bool {
    trace.state("marked_for_close") == "1"
}

#[test]
fn we_offer_3_4_and_5_with_a_short_circuit_id() {
    let script = Script::new("launched", Mode::Client, Conn::initiator());
    let trace = play(script.then(Event::Launch));
    assert_eq!(trace.sent(), [0, 0, 7, 0, 6, 0, 3, 0, 4, 0, 5]);
    assert_eq!(trace.state("state"), HANDSHAKING);
}

#[test]
fn the_highest_version_in_common_is_taken() {
    for (offered, taken) in [
        (&[3][..], "3"),
        (&[3, 4], "4"),
        (&[4, 3], "4"),
        (&[3, 4, 5], "5"),
        (&[5, 6, 7], "5"),
        (&[1, 2, 3], "3"),
        (&[0xffff, 4], "4"),
        (&[3, 3, 3], "3"),
    ] {
        let trace = answered_with(offered);
        assert_eq!(trace.state("link_proto"), taken, "{offered:?}");
        assert_eq!(trace.state("received_versions"), "1");
        assert!(!closed(&trace));
    }
}

#[test]
fn without_a_version_in_common_the_link_ends() {
    for versions in [&[][..], &[0], &[1], &[2], &[1, 2], &[6], &[0x0300]] {
        let trace = answered_with(versions);
        assert!(closed(&trace), "{versions:?}");
        assert_eq!(trace.state("link_proto"), "0");
        assert!(trace.says("Couldn't find a version in common"));
        assert_eq!(trace.state("received_versions"), "0");
    }
}

#[test]
fn an_odd_length_ends_the_link_whatever_it_holds() {
    for body in [&[4][..], &[0, 4, 0], &[0, 3, 0, 4, 0, 5, 0]] {
        let trace = answered(Event::var(command::VERSIONS, body));
        assert!(closed(&trace));
        assert!(trace.says("Received a VERSION cell with odd payload length"));
        assert_eq!(trace.state("link_proto"), "0");
    }
}

#[test]
fn circuit_ids_are_wide_from_version_4_on_and_padding_is_on_from_5_on() {
    for (version, wide, padding) in [(3, "0", "0"), (4, "1", "0"), (5, "1", "1")] {
        let trace = answered_with(&[version]);
        assert_eq!(trace.state("conn.wide_circ_ids"), wide);
        assert_eq!(trace.state("chan.wide_circ_ids"), wide);
        assert_eq!(trace.state("padding_enabled"), padding);
    }
}

#[test]
fn a_responder_answers_with_versions_certs_auth_challenge_and_netinfo() {
    for mode in [Mode::Relay, Mode::Bridge] {
        for version in 3..=5 {
            let trace = offered(mode, &[version]);
            assert_eq!(trace.state("state"), HANDSHAKING);
            assert_eq!(
                commands(&trace),
                [
                    command::VERSIONS,
                    command::CERTS,
                    command::AUTH_CHALLENGE,
                    command::NETINFO
                ]
            );
            assert_eq!(trace.state("sent_netinfo"), "1");
            assert_eq!(trace.state("digest_sent_data"), "0");
        }
    }
}

#[test]
fn a_responders_versions_has_a_short_circuit_id_and_all_after_it_the_negotiated_one() {
    let sent = offered(Mode::Relay, &[4]).sent();
    assert_eq!(&sent[..11], [0, 0, 7, 0, 6, 0, 3, 0, 4, 0, 5]);
    assert_eq!(&sent[11..16], [0, 0, 0, 0, command::CERTS]);
    let sent = offered(Mode::Relay, &[3]).sent();
    assert_eq!(&sent[11..14], [0, 0, command::CERTS]);
}

#[test]
fn a_responder_sends_nothing_if_there_is_no_version_in_common() {
    let trace = offered(Mode::Relay, &[1, 2, 6]);
    assert!(closed(&trace));
    assert_eq!(trace.sent(), []);
}

#[test]
fn who_connects_shows_certificates_only_as_a_public_relay() {
    for (mode, sent) in [
        (Mode::Client, &[command::VERSIONS][..]),
        (Mode::Bridge, &[command::VERSIONS]),
        (Mode::Relay, &[command::VERSIONS, command::CERTS]),
        (Mode::Authority, &[command::VERSIONS, command::CERTS]),
    ] {
        let script = Script::new("connects", mode, Conn::initiator());
        let trace = play(script.then(Event::Launch).then(Event::versions(&[3, 4, 5])));
        assert_eq!(commands(&trace), sent, "{mode:?}");
        assert_eq!(trace.state("sent_netinfo"), "0");
    }
}

#[test]
fn a_second_versions_changes_nothing() {
    let script = Script::new("twice", Mode::Client, Conn::initiator());
    let script = script.then(Event::Launch).then(Event::versions(&[4]));
    let trace = play(script.then(Event::versions(&[5])));
    assert_eq!(trace.state("link_proto"), "4");
    assert!(trace.says("version already set to 4; dropping"));
    assert!(!closed(&trace));
}

#[test]
fn versions_on_an_open_link_changes_nothing() {
    let script = Script::new("late", Mode::Client, Conn::initiator());
    let trace = play(
        script
            .then(Event::Launch)
            .then(Event::versions(&[4]))
            .then(Event::certs(&Certs::of_responder()))
            .then(Netinfo::good().event())
            .then(Event::versions(&[3])),
    );
    assert_eq!(trace.state("state"), "6");
    assert_eq!(trace.state("link_proto"), "4");
    assert!(!closed(&trace));
}

#[test]
fn nothing_but_versions_and_padding_begins_a_handshake() {
    for first in [
        command::CERTS,
        command::AUTH_CHALLENGE,
        command::AUTHENTICATE,
        255,
    ] {
        let script = Script::new("first", Mode::Relay, Conn::responder());
        let trace = play(script.then(Event::Wait).then(Event::var(first, [0; 40])));
        assert!(closed(&trace), "{first}");
        assert!(trace.says("in unexpected orconn state"));
    }
    for first in [command::VPADDING, command::AUTHORIZE] {
        let script = Script::new("first", Mode::Relay, Conn::responder());
        let trace = play(
            script
                .then(Event::Wait)
                .then(Event::var(first, [0; 40]))
                .then(Event::versions(&[4])),
        );
        assert!(!closed(&trace), "{first}");
        assert_eq!(trace.state("link_proto"), "4");
    }
}

#[test]
fn a_fixed_length_versions_is_ignored() {
    let script = Script::new("fixed", Mode::Relay, Conn::responder());
    let trace = play(
        script
            .then(Event::Wait)
            .then(Event::cell(command::VERSIONS, [0, 4])),
    );
    assert_eq!(trace.state("link_proto"), "0");
    assert!(trace.says("Received unexpected VERSIONS cell on a channel using link protocol 0"));
    assert!(!closed(&trace));
}

#[test]
fn what_is_wrong_is_a_warning_only_if_the_operator_wants_it() {
    let script = Script::new("quiet", Mode::Relay, Conn::responder());
    let script = script.then(Event::Wait).then(Event::versions(&[1]));
    let line = "channel_tls_process_versions_cell: Couldn't find a version in common";
    assert!(play(script.clone()).says(&format!("log info OR {line}")));
    let loud = script.with(World::ProtocolWarnings);
    assert!(play(loud).says(&format!("log warn OR {line}")));
}

#[test]
fn the_digest_of_what_was_said_covers_versions() {
    let offered = [0, 0, 7, 0, 2, 0, 4];
    let trace = offered_bytes(&offered);
    let expected = hex::encode_upper(openssl::sha::sha256(&offered));
    assert_eq!(trace.state("digest_received"), expected);
    // All but NETINFO, which is the last 514 bytes.
    let sent = trace.sent();
    let before = &sent[..sent.len() - 514];
    let expected = hex::encode_upper(openssl::sha::sha256(before));
    assert_eq!(trace.state("digest_sent"), expected);
}

fn offered_bytes(bytes: &[u8]) -> Trace {
    let script = Script::new("bytes", Mode::Relay, Conn::responder());
    play(script.then(Event::Wait).then(Event::Bytes(bytes.to_vec())))
}
