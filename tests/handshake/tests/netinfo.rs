//! What NETINFO leads to (tor-spec, "NETINFO cells"), on any build of tor: C Tor
//! has no test of it.

mod looked_at;

use handshake::certs::Certs;
use handshake::script::{
    ipv4, ipv6, Authenticate, Conn, Event, Mode, Netinfo, Script, World, PEER,
};
use handshake::{command, keys, Trace, BEGINNING};
use looked_at::play;

const OPEN: &str = "6";
const HANDSHAKING: &str = "5";

/// We connect as this, and the peer proves who it is.
fn connects(mode: Mode) -> Script {
    Script::new("connects", mode, Conn::initiator())
        .then(Event::Launch)
        .then(Event::versions(&[4]))
        .then(Event::certs(&Certs::of_responder()))
        .then(Event::auth_challenge(&[3]))
}

/// A relay connects, and proves who it is.
fn a_relay() -> Script {
    Script::new("a relay", Mode::Relay, Conn::responder())
        .then(Event::Wait)
        .then(Event::versions(&[4]))
        .then(Event::certs(&Certs::of_initiator()))
        .then(Event::Authenticate(Authenticate::default()))
}

/// A client connects.
fn a_client() -> Script {
    Script::new("a client", Mode::Relay, Conn::responder())
        .then(Event::Wait)
        .then(Event::versions(&[4]))
}

fn closed(trace: &Trace) -> bool {
    trace.state("marked_for_close") == "1"
}

fn with_other(other: (u8, Vec<u8>)) -> Event {
    Netinfo {
        other,
        ..Netinfo::good()
    }
    .event()
}

fn with_mine(mine: Vec<(u8, Vec<u8>)>) -> Event {
    Netinfo {
        mine,
        ..Netinfo::good()
    }
    .event()
}

fn with_clock(ahead: i64) -> Event {
    Netinfo {
        timestamp: (BEGINNING + ahead) as u32,
        ..Netinfo::good()
    }
    .event()
}

#[test]
fn it_opens_the_link_and_forgets_the_handshake() {
    for script in [
        connects(Mode::Client),
        connects(Mode::Relay),
        a_relay(),
        a_client(),
    ] {
        let trace = play(script.then(Netinfo::good().event()));
        assert_eq!(trace.state("state"), OPEN);
        assert_eq!(trace.state("channel_state"), "2");
        assert_eq!(trace.state("handshake_state"), "0");
        assert!(trace.says("call connection_start_reading"));
        assert!(!closed(&trace));
    }
}

#[test]
fn from_a_responder_that_proved_nothing_it_ends_the_link() {
    let script = Script::new("no CERTS", Mode::Client, Conn::initiator())
        .then(Event::Launch)
        .then(Event::versions(&[4]));
    let trace = play(script.then(Netinfo::good().event()));
    assert!(closed(&trace));
    assert!(trace.says("Got a NETINFO cell from server, but no authentication."));
}

#[test]
fn who_did_not_authenticate_is_a_client() {
    let trace = play(a_client().then(Netinfo::good().event()));
    assert_eq!(trace.state("is_client"), "1");
    assert_eq!(trace.state("conn.identity"), "0".repeat(40));
    let trace = play(a_relay().then(Netinfo::good().event()));
    assert_eq!(trace.state("is_client"), "0");
    let identity = hex::encode_upper(keys::fingerprint(&keys::PEER_IDENTITY));
    assert_eq!(trace.state("conn.identity"), identity);
}

#[test]
fn a_client_is_marked_even_if_its_netinfo_is_malformed() {
    let trace = play(a_client().then(with_other((4, vec![1; 5]))));
    assert!(closed(&trace));
    assert_eq!(trace.state("is_client"), "1");
}

#[test]
fn it_counts_only_while_the_handshake_lasts() {
    let script = Script::new("first", Mode::Relay, Conn::responder()).then(Event::Wait);
    let trace = play(script.then(Netinfo::good().event()));
    assert!(trace.says("Received a NETINFO cell on non-versioned connection; dropping."));
    assert!(!closed(&trace));
    let twice = a_client().then(Netinfo::good().event());
    let trace = play(twice.then(Netinfo::good().event()));
    assert!(trace.says("Received a NETINFO cell on non-handshaking connection; dropping."));
    assert!(!closed(&trace));
}

#[test]
fn our_address_of_another_type_or_length_ends_the_link() {
    let unreadable = "from NETINFO - wrong type/length";
    let malformed = "Failed to parse NETINFO cell - closing connection.";
    for (other, why) in [
        ((4, vec![1; 3]), malformed),
        ((4, vec![]), malformed),
        ((4, vec![1; 5]), malformed),
        ((6, vec![1; 15]), malformed),
        ((6, vec![1; 4]), malformed),
        ((6, vec![1; 17]), malformed),
        ((0, b"example.com".to_vec()), unreadable),
        ((5, vec![1; 4]), unreadable),
    ] {
        let trace = play(connects(Mode::Relay).then(with_other(other.clone())));
        assert!(closed(&trace), "{other:?}");
        assert!(trace.says(why), "{other:?}");
        assert_eq!(trace.state("state"), HANDSHAKING);
    }
}

#[test]
fn one_that_ends_too_early_ends_the_link() {
    let mut body = Netinfo::good().encode();
    // More addresses than there is room for.
    body[10] = 255;
    body.resize(509, 255);
    let trace = play(connects(Mode::Relay).then(Event::cell(command::NETINFO, body)));
    assert!(closed(&trace));
    assert!(trace.says("Failed to parse NETINFO cell - closing connection."));
}

#[test]
fn the_link_is_canonical_if_the_peer_says_that_it_is_where_it_is() {
    let elsewhere = ipv4([203, 0, 113, 9]);
    for (mine, canonical) in [
        (vec![ipv4(PEER)], "1"),
        (vec![elsewhere.clone(), ipv4(PEER)], "1"),
        (vec![ipv6("2001:db8::7"), ipv4(PEER)], "1"),
        // What cannot be read is skipped.
        (vec![(5, vec![1; 4]), (9, vec![]), ipv4(PEER)], "1"),
        (vec![elsewhere], "0"),
        (vec![ipv6("::ffff:198.51.100.7")], "0"),
        (vec![], "0"),
    ] {
        let trace = play(connects(Mode::Relay).then(with_mine(mine.clone())));
        assert_eq!(trace.state("is_canonical"), canonical, "{mine:?}");
        assert_eq!(trace.state("state"), OPEN);
    }
}

#[test]
fn the_link_is_canonical_to_the_peer_if_it_sees_us_where_we_are() {
    let ipv6_too = World::Ipv6("2001:db8::1");
    for (other, canonical) in [
        (ipv4([192, 0, 2, 1]), "1"),
        (ipv4([192, 0, 2, 2]), "0"),
        (ipv6("2001:db8::1"), "1"),
        (ipv6("2001:db8::2"), "0"),
        (ipv6("::ffff:192.0.2.1"), "0"),
    ] {
        let script = connects(Mode::Relay).with(ipv6_too.clone());
        let trace = play(script.then(with_other(other.clone())));
        assert_eq!(trace.state("is_canonical_to_peer"), canonical, "{other:?}");
    }
}

#[test]
fn an_ipv6_address_that_we_do_not_have_is_not_where_we_are() {
    let trace = play(connects(Mode::Relay).then(with_other(ipv6("::"))));
    assert_eq!(trace.state("is_canonical_to_peer"), "0");
}

#[test]
fn no_link_of_a_bridge_is_canonical_to_the_peer() {
    let trace = play(connects(Mode::Bridge).then(Netinfo::good().event()));
    assert_eq!(trace.state("is_canonical_to_peer"), "0");
    assert_eq!(trace.state("addr_according_to_peer"), "192.0.2.1");
}

#[test]
fn only_who_has_a_descriptor_remembers_where_it_was_seen() {
    let seen = || with_other(ipv4([203, 0, 113, 5]));
    let trace = play(connects(Mode::Relay).then(seen()));
    assert_eq!(trace.state("addr_according_to_peer"), "203.0.113.5");
    let trace = play(connects(Mode::Client).then(seen()));
    assert_eq!(trace.state("addr_according_to_peer"), "unspec");
    let trace = play(connects(Mode::Relay).with(World::NoDescriptor).then(seen()));
    assert_eq!(trace.state("addr_according_to_peer"), "unspec");
}

#[test]
fn a_clock_that_differs_by_more_than_an_hour_is_a_warning() {
    for (ahead, skew) in [
        (3601, Some("-3601")),
        (-3601, Some("3601")),
        (3600, None),
        (0, None),
    ] {
        let trace = play(connects(Mode::Client).then(with_clock(ahead)));
        let call = trace.last("call clock_skew_warning ");
        match skew {
            Some(skew) => {
                let expected = format!("skew={skew} trusted=0");
                assert!(call.unwrap().starts_with(&expected), "{ahead}");
            }
            None => assert_eq!(call, None, "{ahead}"),
        }
        assert_eq!(trace.state("state"), OPEN);
    }
}

#[test]
fn the_clock_of_who_connects_matters_only_if_it_is_a_known_relay() {
    let wrong = || with_clock(10_000);
    assert!(!play(a_client().then(wrong())).says("call clock_skew_warning"));
    assert!(!play(a_relay().then(wrong())).says("call clock_skew_warning"));
    let known = a_relay().with(World::Known);
    assert!(play(known.then(wrong())).says("call clock_skew_warning"));
}

#[test]
fn the_clock_of_a_slow_handshake_says_nothing() {
    for (seconds, warns) in [(179, true), (180, false)] {
        let slow = connects(Mode::Client).then(Event::Time(seconds));
        let trace = play(slow.then(with_clock(10_000)));
        assert_eq!(trace.says("call clock_skew_warning"), warns, "{seconds}");
    }
}

#[test]
fn an_authoritys_clock_is_trusted() {
    let trace = play(
        connects(Mode::Client)
            .with(World::Trusted)
            .then(with_clock(10_000)),
    );
    assert!(trace.says("call clock_skew_warning skew=-10000 trusted=1"));
}

#[test]
fn ours_is_sent_before_the_link_opens_if_nothing_asked_for_it_before() {
    // A public relay waits for AUTH_CHALLENGE, which does not come.
    let script = Script::new("no AUTH_CHALLENGE", Mode::Relay, Conn::initiator())
        .then(Event::Launch)
        .then(Event::versions(&[4]))
        .then(Event::certs(&Certs::of_responder()));
    let before = play(script.clone());
    assert_eq!(before.state("sent_netinfo"), "0");
    let trace = play(script.then(Netinfo::good().event()));
    assert_eq!(trace.state("state"), OPEN);
    let sent = trace.sent();
    let netinfo = &sent[sent.len() - 514..];
    assert_eq!(netinfo[..5], [0, 0, 0, 0, command::NETINFO]);
}

/// The body of the NETINFO that was sent.
fn ours(trace: &Trace) -> Vec<u8> {
    let sent = trace.sent();
    sent[sent.len() - 509..].to_vec()
}

#[test]
fn ours_tells_the_peer_where_it_is_and_a_relays_where_we_are() {
    let now = (BEGINNING as u32).to_be_bytes();
    let relay = ours(&play(connects(Mode::Relay)));
    assert_eq!(relay[..4], now);
    assert_eq!(relay[4..11], [4, 4, 198, 51, 100, 7, 1]);
    assert_eq!(relay[11..17], [4, 4, 192, 0, 2, 1]);
    assert!(relay[17..].iter().all(|byte| *byte == 0));
    let both = ours(&play(
        connects(Mode::Relay).with(World::Ipv6("2001:db8::1")),
    ));
    assert_eq!(both[10], 2);
    assert_eq!(both[17..19], [6, 16]);
}

#[test]
fn a_clients_and_a_bridges_that_connects_tells_neither_time_nor_address() {
    for mode in [Mode::Client, Mode::Bridge] {
        let script = Script::new("connects", mode, Conn::initiator())
            .then(Event::Launch)
            .then(Event::versions(&[4]))
            .then(Event::certs(&Certs::of_responder()));
        let netinfo = ours(&play(script));
        assert_eq!(netinfo[..11], [0, 0, 0, 0, 4, 4, 198, 51, 100, 7, 0]);
    }
    let bridge = Script::new("is connected to", Mode::Bridge, Conn::responder())
        .then(Event::Wait)
        .then(Event::versions(&[4]));
    let netinfo = ours(&play(bridge));
    assert_eq!(netinfo[..4], (BEGINNING as u32).to_be_bytes());
    assert_eq!(netinfo[10], 1);
}

#[test]
fn an_authority_suggests_our_address() {
    let suggests = |other| {
        connects(Mode::Relay)
            .with(World::Trusted)
            .then(with_other(other))
    };
    let trace = play(suggests(ipv4([203, 0, 113, 5])));
    assert!(trace.says("call relay_address_new_suggestion 203.0.113.5 peer=198.51.100.7"));
    let trace = play(suggests(ipv4(PEER)));
    assert!(trace.says("is telling us that their address is ours"));
}
