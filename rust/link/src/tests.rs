//! The handshake as a whole: the table in the documentation, two peers that talk to
//! each other, and what holds for every cell.

use core::fmt::Write as _;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::action::{Action, Attempt, Outgoing};
use crate::authenticate::{Authenticator, PeerKeys, SIGNATURE_LEN, SIGNED_LEN};
use crate::certs::{CertType, Proven};
use crate::line::Line;
use crate::netinfo::RelayAddresses;
use crate::{
    auth_challenge, certs, command, netinfo, versions, Event, Facts, Initiator, Link, LinkProtocol,
    Responder, Role, State, Surroundings, VarCell,
};

pub(crate) const OURS: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
pub(crate) const THEIRS: IpAddr = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 2));
pub(crate) const NOW: u32 = 1_800_000_000;

/// A connection on which everything goes well.
pub(crate) struct Calm {
    expected: [u8; SIGNED_LEN],
    pub(crate) sent_netinfo: bool,
    /// Which certificates cannot be decoded.
    undecodable: Vec<CertType>,
    logged: usize,
    pub(crate) around: Surroundings,
}

impl Calm {
    pub(crate) fn new() -> Self {
        Calm {
            expected: signed_by_authenticator(),
            sent_netinfo: false,
            undecodable: Vec::new(),
            logged: 0,
            around: Surroundings {
                now: NOW.into(),
                sent_versions_at: i64::from(NOW) - 1,
                sent_netinfo: false,
                bridge: false,
                relay: Some(RelayAddresses {
                    ipv4: Some(Ipv4Addr::new(192, 0, 2, 1)),
                    ipv6: None,
                }),
                peer: Some(THEIRS),
            },
        }
    }
}

impl Facts for Calm {
    fn decode_certificate(&mut self, cert_type: CertType, _: &[u8]) -> bool {
        !self.undecodable.contains(&cert_type)
    }

    fn log(&mut self, _: &Line) {
        self.logged += 1;
    }

    fn expected_authenticator(&mut self, _: u16) -> Option<&[u8]> {
        Some(&self.expected)
    }

    fn peer_keys(&self) -> PeerKeys<'_> {
        PeerKeys {
            has_rsa_id: true,
            has_ed_id: true,
            auth_key: Some(&IDENTITY_POINT),
        }
    }

    fn surroundings(&self) -> Surroundings {
        Surroundings {
            sent_netinfo: self.sent_netinfo,
            ..self.around
        }
    }
}

/// A key that signs everything with R = A = B·0 and S = 0, as C Tor has it: the
/// shortest way to a signature that is good.
const IDENTITY_POINT: [u8; 32] = {
    let mut point = [0; 32];
    point[0] = 1;
    point
};

fn signed_by_authenticator() -> [u8; SIGNED_LEN] {
    let mut signed = [0; SIGNED_LEN];
    let [cid, sid, cid_ed, sid_ed, slog, clog, scert, tlssecrets] =
        &[1, 2, 3, 4, 5, 6, 7, 8].map(|byte| [byte; 32]);
    let authenticator = Authenticator {
        cid,
        sid,
        cid_ed,
        sid_ed,
        slog,
        clog,
        scert,
        tlssecrets,
        rand: &[9; 24],
    };
    assert_eq!(authenticator.encode(&mut signed), Ok(SIGNED_LEN));
    signed
}

pub(crate) fn good_authenticate() -> Vec<u8> {
    let mut body = vec![0, 3];
    body.extend(((SIGNED_LEN + SIGNATURE_LEN) as u16).to_be_bytes());
    body.extend(signed_by_authenticator());
    body.extend(IDENTITY_POINT);
    body.extend([0; 32]);
    body
}

fn good_certs() -> Vec<u8> {
    let mut body = vec![0; 64];
    let len = certs::encode(&[(1, b"link"), (2, b"id"), (4, b"ed"), (7, b"")], &mut body);
    body.truncate(len.unwrap());
    body
}

fn good_auth_challenge() -> Vec<u8> {
    let mut body = vec![0; auth_challenge::LEN];
    assert_eq!(
        auth_challenge::encode(&[7; 32], &mut body),
        Ok(auth_challenge::LEN)
    );
    body
}

pub(crate) fn good_netinfo() -> Vec<u8> {
    let mut body = vec![0; wire::CELL_BODY_LEN];
    netinfo::encode(NOW, OURS, &[OURS, THEIRS], &mut body).unwrap();
    body
}

fn good_padding_negotiate() -> Vec<u8> {
    let mut body = vec![0; wire::CELL_BODY_LEN];
    body[1] = 2;
    body
}

/// Every state, with the newest link protocol.
fn states() -> [(&'static str, State); 12] {
    use State::{Initiator as I, Responder as R};
    [
        (
            "initiator, no cell has come",
            State::Silent(Role::Initiator),
        ),
        ("initiator, awaits VERSIONS", I(Initiator::AwaitsVersions)),
        ("initiator, awaits CERTS", I(Initiator::AwaitsCerts)),
        (
            "initiator, awaits AUTH_CHALLENGE",
            I(Initiator::AwaitsAuthChallenge),
        ),
        ("initiator, awaits NETINFO", I(Initiator::AwaitsNetinfo)),
        (
            "responder, no cell has come",
            State::Silent(Role::Responder),
        ),
        ("responder, awaits VERSIONS", R(Responder::AwaitsVersions)),
        ("responder, awaits CERTS", R(Responder::AwaitsCerts)),
        (
            "responder, awaits AUTHENTICATE",
            R(Responder::AwaitsAuthenticate),
        ),
        ("responder, awaits NETINFO", R(Responder::AwaitsNetinfo)),
        ("open", State::Open),
        ("elsewhere", State::Elsewhere),
    ]
}

/// A good cell of each command, and one of a command that is no link's.
fn cells() -> Vec<(&'static str, u8, Vec<u8>)> {
    vec![
        ("VERSIONS", command::VERSIONS, versions::encode().to_vec()),
        ("CERTS", command::CERTS, good_certs()),
        (
            "AUTH_CHALLENGE",
            command::AUTH_CHALLENGE,
            good_auth_challenge(),
        ),
        ("AUTHENTICATE", command::AUTHENTICATE, good_authenticate()),
        ("NETINFO", command::NETINFO, good_netinfo()),
        (
            "PADDING_NEGOTIATE",
            command::PADDING_NEGOTIATE,
            good_padding_negotiate(),
        ),
        ("VPADDING", command::VPADDING, vec![0]),
        ("AUTHORIZE", command::AUTHORIZE, vec![0]),
        ("another", 200, vec![0]),
    ]
}

fn event(command: u8, body: &[u8]) -> Event<'_> {
    match command {
        command::NETINFO | command::PADDING_NEGOTIATE => Event::Cell { command, body },
        _ => Event::VarCell(VarCell {
            command,
            circ_id: 0,
            body,
        }),
    }
}

/// An action in a word or two; nothing of what is done about every cell.
fn word(action: &Action) -> Option<String> {
    Some(match action {
        Action::NoteInternet | Action::NoteCell | Action::Count(_) => return None,
        Action::Log(_) => "log".into(),
        Action::Close => "close".into(),
        Action::Attempt(Attempt::Begin, _) => "begin".into(),
        Action::Attempt(Attempt::Send(cell), _) => match cell {
            Outgoing::Versions => "send VERSIONS".into(),
            Outgoing::Certs => "send CERTS".into(),
            Outgoing::AuthChallenge => "send AUTH_CHALLENGE".into(),
            Outgoing::Authenticate(_) => "send AUTHENTICATE".into(),
            Outgoing::Netinfo => "send NETINFO".into(),
        },
        Action::Attempt(Attempt::TakeIdentity, _) => "take identity".into(),
        Action::Attempt(Attempt::LearnPeer, _) => "compare with whom we wanted".into(),
        Action::Attempt(Attempt::Open(_), _) => "open".into(),
        Action::Record => "record".into(),
        Action::Negotiated(protocol) => format!("speak version {}", protocol.number()),
        Action::UseLayout(_) => "use its layout".into(),
        Action::KeepCertificates => "keep certificates".into(),
        Action::CheckCertificates => "judge them".into(),
        Action::ReceivedCerts => "note CERTS".into(),
        Action::ReceivedAuthChallenge => "note AUTH_CHALLENGE".into(),
        Action::Authenticated => "take identity, record no more".into(),
        Action::MarkClient => "mark as a client's".into(),
        Action::CanonicalToPeer => "canonical to the peer".into(),
        Action::AddressAccordingToPeer(_) => "note our address".into(),
        Action::Canonical => "canonical".into(),
        Action::ReportOneSided(_) => "log if canonical to us only".into(),
        Action::ClockSkew(_) => "warn of the clock".into(),
        Action::SuggestAddress(_) => "suggest our address".into(),
        Action::Pad(_) => "pad".into(),
    })
}

pub(crate) fn words(actions: &[Action]) -> String {
    let words: Vec<_> = actions.iter().filter_map(word).collect();
    match words.is_empty() {
        true => "—".into(),
        false => words.join(", "),
    }
}

pub(crate) fn relay(state: State) -> Link {
    let versions_are_awaited = matches!(
        state,
        State::Silent(_)
            | State::Elsewhere
            | State::Initiator(Initiator::AwaitsVersions)
            | State::Responder(Responder::AwaitsVersions)
    );
    Link {
        state,
        link_protocol: if versions_are_awaited { 0 } else { 5 },
        known_without_proof: false,
        public_relay: true,
    }
}

/// What a link has come to when `action` is done, which is C's to remember.
pub(crate) fn after(state: State, action: &Action) -> State {
    match (state, action) {
        (State::Silent(role), Action::Attempt(Attempt::Begin, _)) => State::begun(role),
        (State::Initiator(Initiator::AwaitsVersions), Action::Negotiated(_)) => {
            State::Initiator(Initiator::AwaitsCerts)
        }
        (State::Initiator(Initiator::AwaitsCerts), Action::ReceivedCerts) => {
            State::Initiator(Initiator::AwaitsAuthChallenge)
        }
        (State::Initiator(Initiator::AwaitsAuthChallenge), Action::ReceivedAuthChallenge) => {
            State::Initiator(Initiator::AwaitsNetinfo)
        }
        (State::Responder(Responder::AwaitsVersions), Action::Negotiated(_)) => {
            State::Responder(Responder::AwaitsCerts)
        }
        (State::Responder(Responder::AwaitsCerts), Action::ReceivedCerts) => {
            State::Responder(Responder::AwaitsAuthenticate)
        }
        (State::Responder(Responder::AwaitsAuthenticate), Action::Authenticated) => {
            State::Responder(Responder::AwaitsNetinfo)
        }
        (_, Action::Attempt(Attempt::Open(_), _)) => State::Open,
        (state, _) => state,
    }
}

/// What the documentation's table has to be.
fn table() -> String {
    let mut out = String::from("\n| state | cell | actions, of a relay |\n|---|---|---|\n");
    for (name, state) in states() {
        // Cells that have the same answer share a line.
        let mut lines: Vec<(String, Vec<&str>)> = Vec::new();
        for (cell, command, body) in cells() {
            let actions = words(&relay(state).handle(event(command, &body), &mut Calm::new()));
            match lines.iter_mut().find(|line| line.0 == actions) {
                Some(line) => line.1.push(cell),
                None => lines.push((actions, vec![cell])),
            }
        }
        for proven in [Proven::RsaAndEd25519, Proven::Nothing] {
            let actions = relay(state).handle(Event::CertificatesChecked(proven), &mut Calm::new());
            if !matches!(
                state,
                State::Initiator(Initiator::AwaitsCerts) | State::Responder(Responder::AwaitsCerts)
            ) {
                continue;
            }
            lines.push((
                words(&actions),
                vec![match proven {
                    Proven::Nothing => "(certificates are bad)",
                    _ => "(certificates are good)",
                }],
            ));
        }
        for (actions, cells) in lines {
            let _ = writeln!(out, "| {name} | {} | {actions} |", cells.join(", "));
        }
    }
    out
}

#[test]
fn the_table_in_the_documentation_is_true() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/src/table.md");
    if std::env::var_os("TABLE").is_some_and(|how| how == "write") {
        std::fs::write(file, table()).unwrap();
    }
    assert!(
        include_str!("table.md") == table(),
        "it is not; write it anew with: TABLE=write cargo test -p link"
    );
}

/// A whole handshake: what each peer sends is what the other one gets.
fn meet(initiator_is_relay: bool) -> (State, State, Vec<Outgoing>) {
    struct Peer {
        link: Link,
        facts: Calm,
        sent: Vec<Outgoing>,
    }
    impl Peer {
        fn take(&mut self, event: Event<'_>) -> Vec<Outgoing> {
            let mut sent = Vec::new();
            for action in self.link.handle(event, &mut self.facts) {
                assert_ne!(action, Action::Close);
                self.link.state = after(self.link.state, &action);
                if let Action::Negotiated(protocol) = action {
                    self.link.link_protocol = protocol.number();
                }
                match action {
                    Action::Attempt(Attempt::Send(cell), _) => {
                        self.facts.sent_netinfo |= cell == Outgoing::Netinfo;
                        sent.push(cell);
                    }
                    Action::CheckCertificates => {
                        sent.extend(self.take(Event::CertificatesChecked(Proven::RsaAndEd25519)));
                    }
                    _ => {}
                }
            }
            sent
        }

        fn hear(&mut self, cells: &[Outgoing]) -> Vec<Outgoing> {
            let mut answers = Vec::new();
            for cell in cells {
                let (command, body) = match cell {
                    Outgoing::Versions => (command::VERSIONS, versions::encode().to_vec()),
                    Outgoing::Certs => (command::CERTS, good_certs()),
                    Outgoing::AuthChallenge => (command::AUTH_CHALLENGE, good_auth_challenge()),
                    Outgoing::Authenticate(_) => (command::AUTHENTICATE, good_authenticate()),
                    Outgoing::Netinfo => (command::NETINFO, good_netinfo()),
                };
                answers.extend(self.take(event(command, &body)));
            }
            self.sent.extend(&answers);
            answers
        }
    }
    let new = |state, public_relay| Peer {
        link: Link {
            public_relay,
            ..relay(state)
        },
        facts: Calm::new(),
        sent: Vec::new(),
    };
    let mut initiator = new(State::begun(Role::Initiator), initiator_is_relay);
    let mut responder = new(State::Silent(Role::Responder), true);
    let mut cells = vec![Outgoing::Versions];
    while !cells.is_empty() {
        let answers = responder.hear(&cells);
        cells = initiator.hear(&answers);
    }
    (initiator.link.state, responder.link.state, initiator.sent)
}

#[test]
fn two_relays_open_a_link_and_both_know_each_other() {
    let (initiator, responder, sent) = meet(true);
    let open = State::Open;
    assert_eq!((initiator, responder), (open, open));
    assert_eq!(
        sent,
        [
            Outgoing::Certs,
            Outgoing::Authenticate(3),
            Outgoing::Netinfo
        ]
    );
}

#[test]
fn a_client_opens_a_link_and_says_nothing_about_itself() {
    let (initiator, responder, sent) = meet(false);
    let open = State::Open;
    assert_eq!((initiator, responder), (open, open));
    assert_eq!(sent, [Outgoing::Netinfo]);
}

/// A generator of bytes that are the same in every run.
struct Bytes(u64);

impl Bytes {
    fn next(&mut self) -> u8 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 56) as u8
    }

    fn below(&mut self, end: usize) -> usize {
        usize::from(u16::from_be_bytes([self.next(), self.next()])) % end
    }
}

#[test]
fn no_cell_breaks_anything_and_nothing_follows_the_end_of_a_link() {
    const SEED: u64 = 20_261_125;
    println!("seed {SEED}");
    let mut bytes = Bytes(SEED);
    let mut closed = 0;
    for _ in 0..40_000 {
        let (_, state) = states()[bytes.below(12)];
        let all = cells();
        let (_, command, mut body) = all[bytes.below(all.len())].clone();
        match bytes.below(4) {
            0 => body.truncate(bytes.below(body.len() + 1)),
            1 => body.push(bytes.next()),
            _ => {}
        }
        for _ in 0..bytes.below(3) {
            if !body.is_empty() {
                let at = bytes.below(body.len());
                body[at] = bytes.next();
            }
        }
        let link = Link {
            public_relay: bytes.below(2) == 0,
            ..relay(state)
        };
        let mut facts = Calm::new();
        let event = Event::VarCell(VarCell {
            command,
            circ_id: (bytes.below(8) == 0).into(),
            body: &body,
        });
        let actions = match command {
            command::NETINFO | command::PADDING_NEGOTIATE => {
                body.resize(wire::CELL_BODY_LEN, 0);
                link.handle(
                    Event::Cell {
                        command,
                        body: &body,
                    },
                    &mut facts,
                )
            }
            _ => link.handle(event, &mut facts),
        };
        let end = actions.iter().position(|action| *action == Action::Close);
        if let Some(end) = end {
            assert_eq!(end, actions.len() - 1, "{state:?} {actions:?}");
            closed += 1;
        }
    }
    assert!((1_000..39_000).contains(&closed), "{closed}");
}

#[test]
fn a_link_opens_only_with_a_netinfo_cell_and_only_to_who_may_be_anybody_or_is_known() {
    for (name, state) in states() {
        for (cell, command, body) in cells() {
            let actions = relay(state).handle(event(command, &body), &mut Calm::new());
            let opens = actions
                .iter()
                .any(|action| matches!(action, Action::Attempt(Attempt::Open(_), _)));
            let may = command == command::NETINFO
                && matches!(
                    state,
                    State::Initiator(Initiator::AwaitsAuthChallenge | Initiator::AwaitsNetinfo)
                        | State::Responder(
                            Responder::AwaitsCerts
                                | Responder::AwaitsAuthenticate
                                | Responder::AwaitsNetinfo
                        )
                );
            assert_eq!(opens, may, "{cell} at {name}");
            let as_client = actions.contains(&Action::MarkClient);
            let unknown = matches!(
                state,
                State::Responder(Responder::AwaitsCerts | Responder::AwaitsAuthenticate)
            );
            assert_eq!(as_client, opens && unknown, "{cell} at {name}");
        }
    }
}

#[test]
fn certificates_that_cannot_be_decoded_are_named_and_the_others_kept() {
    let link = relay(after(
        State::begun(Role::Initiator),
        &Action::Negotiated(LinkProtocol::V4),
    ));
    let mut facts = Calm::new();
    facts.undecodable = vec![CertType::TlsLinkX509, CertType::IdentityVSigning];
    let body = good_certs();
    let actions = link.handle(event(command::CERTS, &body), &mut facts);
    let words = words(&actions);
    assert_eq!(words, "record, keep certificates, judge them");
    assert_eq!(facts.logged, 2);
}

#[test]
fn of_two_certificates_of_a_type_none_is_kept_unless_one_cannot_be_decoded() {
    let mut body = vec![0; 64];
    let len = certs::encode(&[(5, b"a"), (5, b"b")], &mut body).unwrap();
    body.truncate(len);
    let link = relay(after(
        State::begun(Role::Responder),
        &Action::Negotiated(LinkProtocol::V3),
    ));
    let actions = link.handle(event(command::CERTS, &body), &mut Calm::new());
    assert_eq!(words(&actions), "record, log, close");
}
