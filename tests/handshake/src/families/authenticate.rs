//! AUTHENTICATE: each byte wrong, before and after it is signed; AUTH_CHALLENGE
//! with it.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::{bytes, pick, random, Family, FIRST_SEED};
use crate::certs::Certs;
use crate::command;
use crate::families::honest;
use crate::keys::{self, EdKey};
use crate::script::{
    Authenticate, Cell, Conn, Event, Mode, Netinfo, Script, World, AUTHENTICATE_LEN,
};

pub const FAMILY: Family = Family {
    name: "authenticate",
    about: "AUTH_CHALLENGE and AUTHENTICATE: each field wrong",
    scripts,
    reaches: &[
        (
            "Some field in the AUTHENTICATE cell body was not as expected",
            250,
        ),
        ("Ed25519 signature wasn't valid", 80),
        ("Authenticator type was not recognized", 10),
        ("Authenticator was truncated", 10),
        ("Authenticator was too short", 9),
        ("Expected AUTHENTICATE cell body len not as expected", 4),
        ("Cell was way too short", 2),
        ("We already got one!", 1),
        ("We never got a certs cell", 1),
        ("We never got an identity certificate", 1),
        ("We originated this connection", 1),
        ("Couldn't compute expected AUTHENTICATE cell body", 2),
        ("We never got an Ed25519 authentication certificate", 1),
        ("Ed authenticate without Ed ID cert from peer", 1),
        ("Unable to find cert when making", 1),
        ("TLS key export failed", 1),
        ("= authenticated 1", 50),
        ("We haven't gotten a CERTS cell yet", 1),
        ("We didn't originate this connection", 1),
        ("don't know any of its authentication types", 2),
        ("Sending authentication type 3", 4),
        ("AUTH_CHALLENGE cell on", 20),
    ],
};

fn with(authenticate: Authenticate) -> Vec<Event> {
    let mut events = honest::initiator(4);
    events[3] = Event::Authenticate(authenticate);
    events
}

fn scripts() -> Vec<Script> {
    let mut scripts = challenges();
    let relay = || Script::new("AUTHENTICATE", Mode::Relay, Conn::responder());
    let one = |name: String, authenticate: Authenticate| {
        relay().called(name).then_all(with(authenticate))
    };
    let good = Authenticate::default;
    for at in 0..288 {
        let flips = vec![(at, 1 << (at % 8))];
        scripts.push(one(
            format!("byte {at} wrong, signed"),
            Authenticate { flips, ..good() },
        ));
    }
    for at in (0..AUTHENTICATE_LEN).filter(|at| *at < 8 || *at > 250 || at % 5 == 0) {
        let after = vec![(at, 1 << (at % 7))];
        let name = format!("byte {at} of the cell wrong");
        scripts.push(one(name, Authenticate { after, ..good() }));
    }
    for auth_type in [0, 1, 2, 4, 255, 0x300, 0xffff] {
        let name = format!("type {auth_type}");
        scripts.push(one(
            name,
            Authenticate {
                auth_type,
                ..good()
            },
        ));
    }
    for len in [
        0, 1, 64, 287, 288, 289, 290, 312, 351, 353, 1000, 65531, 65535,
    ] {
        let name = format!("length {len}");
        let len = Some(len);
        scripts.push(one(name.clone(), Authenticate { len, ..good() }));
        let more = vec![7; 1000];
        let name = format!("{name}, and more bytes");
        scripts.push(one(
            name,
            Authenticate {
                len,
                more,
                ..good()
            },
        ));
    }
    for cut in [1, 2, 63, 64, 65, 66, 200, 351, 352, 353, 354, 355, 356] {
        let name = format!("{cut} bytes cut");
        scripts.push(one(name.clone(), Authenticate { cut, ..good() }));
        let len = Some(AUTHENTICATE_LEN.saturating_sub(4 + cut));
        let name = format!("{name}, and so it says");
        scripts.push(one(name, Authenticate { cut, len, ..good() }));
    }
    for more in [1, 64, 500] {
        let more = vec![0; more];
        let name = format!("{} bytes more", more.len());
        scripts.push(one(name, Authenticate { more, ..good() }));
    }
    let others = [
        (
            "signed with another key",
            Authenticate {
                key: EdKey::OTHER,
                ..good()
            },
        ),
        (
            "signed with the identity",
            Authenticate {
                key: EdKey::IDENTITY,
                ..good()
            },
        ),
        (
            "another RSA identity",
            Authenticate {
                cid: keys::fingerprint_256(&keys::OTHER_IDENTITY),
                ..good()
            },
        ),
        (
            "another Ed25519 identity",
            Authenticate {
                cid_ed: EdKey::OTHER.public(),
                ..good()
            },
        ),
        (
            "on a circuit",
            Authenticate {
                circ_id: 5,
                ..good()
            },
        ),
        (
            "past the front door",
            Authenticate {
                via: "authenticate",
                ..good()
            },
        ),
    ];
    for (name, authenticate) in others {
        scripts.push(one(name.into(), authenticate));
    }
    scripts.extend(circumstances());
    for seed in FIRST_SEED..FIRST_SEED + 300 {
        let mut random = random(seed);
        let authenticate = any(&mut random);
        scripts.push(one(format!("seed {seed}"), authenticate));
    }
    scripts
}

/// A good AUTHENTICATE where it should not be.
fn circumstances() -> Vec<Script> {
    let good = || Event::Authenticate(Authenticate::default());
    let direct = || {
        Event::Authenticate(Authenticate {
            via: "authenticate",
            ..Authenticate::default()
        })
    };
    let mut scripts = Vec::new();
    for mode in [Mode::Relay, Mode::Bridge, Mode::Authority] {
        let script = |name: &str| {
            Script::new(format!("{mode:?}: {name}"), mode, Conn::responder())
                .with(World::KeepGoing)
                .with(World::UnsafeLog)
        };
        let certs = |certs: Certs| {
            let mut events = honest::initiator(5);
            events[2] = Event::certs(&certs);
            events
        };
        let all = Certs::of_initiator;
        scripts.extend([
            script("before VERSIONS").then(Event::Wait).then(good()),
            script("before CERTS")
                .then_all(honest::initiator(5).into_iter().take(2))
                .then(good()),
            script("twice").then_all(honest::initiator(5)).then(good()),
            script("twice, at once")
                .then_all(honest::initiator(5).into_iter().take(4))
                .then(good())
                .then(direct()),
            script("after NETINFO of a client")
                .then_all(honest::client(5))
                .then(good()),
            script("certificates of RSA only").then_all(certs(all().rsa_only())),
            script("no identity certificate").then_all(certs(all().without(2))),
            script("no certificate of the signing key").then_all(certs(all().without(4))),
            script("no certificate of the authentication key").then_all(certs(all().without(6))),
            script("no cross-certificate").then_all(certs(all().without(7))),
            script("certificates of a responder").then_all(certs(Certs::of_responder())),
            script("no certificates").then_all(certs(Certs(Vec::new()))),
            script("no identity certificate, by hand")
                .then_all(certs(all().without(2)).into_iter().take(3))
                .then(Event::Set("received_certs_cell", 1))
                .then(good()),
            script("no certificate of the authentication key, by hand")
                .then_all(certs(all().without(6)).into_iter().take(3))
                .then(Event::Set("received_certs_cell", 1))
                .then(good()),
            script("certificates of RSA only, by hand")
                .then_all(certs(all().rsa_only()).into_iter().take(3))
                .then(Event::Set("received_certs_cell", 1))
                .then(good()),
            script("authenticated, by hand")
                .then_all(honest::initiator(5).into_iter().take(3))
                .then(Event::Set("authenticated", 1))
                .then(good()),
            script("received, by hand")
                .then_all(honest::initiator(5).into_iter().take(3))
                .then(Event::Set("received_authenticate", 1))
                .then(good()),
            script("link protocol 2, by hand")
                .then_all(honest::initiator(5).into_iter().take(3))
                .then(Event::Set("link_proto", 2))
                .then(good()),
            script("in state 6, by hand")
                .then_all(honest::initiator(5).into_iter().take(3))
                .then(Event::Set("state", 6))
                .then(good())
                .then(direct()),
            script("without a handshake, by hand")
                .then(Event::Set("state", 5))
                .then(Event::Set("link_proto", 4))
                .then(direct()),
            script("no exporter, OpenSSL's bug")
                .with(World::Exporter(-2))
                .then_all(honest::initiator(5)),
            script("no exporter")
                .with(World::Exporter(-1))
                .then_all(honest::initiator(5)),
        ]);
        let connects = Script::new(format!("{mode:?} connects"), mode, Conn::initiator())
            .with(World::KeepGoing);
        scripts.push(
            connects
                .then_all(honest::responder(5).into_iter().take(4))
                .then(good())
                .then(direct()),
        );
    }
    scripts
}

/// AUTH_CHALLENGE of all kinds, to us who connect.
fn challenges() -> Vec<Script> {
    let mut bodies: Vec<(String, Vec<u8>)> = [
        &[][..],
        &[3],
        &[1],
        &[1, 2],
        &[2, 3, 1],
        &[0xffff, 3],
        &[3; 200],
    ]
    .iter()
    .filter_map(|methods| {
        let event = Event::auth_challenge(methods);
        Some((
            format!("{} methods {:?}", methods.len(), methods.first()),
            event.as_cell()?.body.clone(),
        ))
    })
    .collect();
    let whole = bodies[2].1.clone();
    for len in [0, 1, 31, 32, 33, 34, 35] {
        bodies.push((format!("{len} bytes"), whole[..len].to_vec()));
    }
    bodies.push(("a byte more".into(), [&whole[..], &[1]].concat()));
    bodies.push(("a method less".into(), {
        let mut body = whole;
        body[33] = 2;
        body
    }));
    let mut scripts = Vec::new();
    for mode in Mode::ALL {
        let connects = Script::new(format!("{mode:?}: AUTH_CHALLENGE"), mode, Conn::initiator());
        for (name, body) in &bodies {
            for keep_going in [false, true] {
                let mut events = honest::responder(4);
                events[3] = Event::var(command::AUTH_CHALLENGE, body.clone());
                let mut script = connects.clone().called(name).called(keep_going);
                if keep_going {
                    script.world.push(World::KeepGoing);
                }
                scripts.push(script.then_all(events));
            }
        }
        for (world, name) in [
            (World::Exporter(-1), "fails"),
            (World::Exporter(-2), "cannot"),
        ] {
            let script = connects.clone().called(format!("the exporter {name}"));
            scripts.push(script.with(world).then_all(honest::responder(4)));
        }
        let mut no_cert = connects.clone().called("no TLS certificate");
        no_cert
            .world
            .retain(|world| !matches!(world, World::PeerCert(_)));
        let mut events = honest::responder(4);
        events.insert(3, Event::Set("received_certs_cell", 1));
        scripts.push(no_cert.with(World::KeepGoing).then_all(events));
        let challenge = || Event::auth_challenge(&[3]);
        let direct = |event: Event| match event {
            Event::Var(cell) => Event::Direct("auth_challenge", cell),
            other => other,
        };
        let keep = connects.clone().with(World::KeepGoing);
        scripts.extend([
            keep.clone()
                .called("before CERTS")
                .then_all(honest::responder(4).into_iter().take(2))
                .then(challenge()),
            keep.clone()
                .called("twice")
                .then_all(honest::responder(4).into_iter().take(4))
                .then(challenge()),
            keep.clone()
                .called("after NETINFO")
                .then_all(honest::responder(4))
                .then(challenge())
                .then(direct(challenge())),
            keep.clone()
                .called("past the front door")
                .then_all(honest::responder(4).into_iter().take(3))
                .then(direct(challenge())),
            keep.clone()
                .called("RSA only")
                .then_all(honest::responder(4).into_iter().take(2))
                .then(Event::certs(&Certs::of_responder().rsa_only()))
                .then(challenge())
                .then(Netinfo::good().event()),
            keep.clone()
                .called("link protocol 2, by hand")
                .then_all(honest::responder(4).into_iter().take(3))
                .then(Event::Set("link_proto", 2))
                .then(challenge()),
            keep.clone()
                .called("NETINFO was sent, by hand")
                .then_all(honest::responder(4).into_iter().take(3))
                .then(Event::Set("sent_netinfo", 1))
                .then(challenge()),
            keep.called("on a circuit")
                .then_all(honest::responder(4).into_iter().take(3))
                .then(Event::Var(Cell {
                    circ_id: 9,
                    command: command::AUTH_CHALLENGE,
                    body: challenge()
                        .as_cell()
                        .map(|cell| cell.body.clone())
                        .unwrap_or_default(),
                })),
        ]);
        if mode != Mode::Client {
            let connected = Script::new(
                format!("{mode:?} is connected to: AUTH_CHALLENGE"),
                mode,
                Conn::responder(),
            );
            scripts.push(
                connected
                    .with(World::KeepGoing)
                    .then_all(honest::initiator(4).into_iter().take(3))
                    .then(challenge()),
            );
        }
    }
    scripts
}

/// Any AUTHENTICATE.
pub fn any(random: &mut ChaCha8Rng) -> Authenticate {
    let mut authenticate = Authenticate::default();
    match random.random_range(0..8) {
        0 => authenticate.flips = vec![(random.random_range(0..288), random.random_range(1..=255))],
        1 => {
            let at = random.random_range(0..AUTHENTICATE_LEN);
            authenticate.after = vec![(at, random.random_range(1..=255))];
        }
        2 => authenticate.cut = random.random_range(1..AUTHENTICATE_LEN),
        3 => {
            let len = random.random_range(1..100);
            authenticate.more = bytes(random, len);
        }
        4 => authenticate.len = Some(random.random_range(280..360)),
        5 => authenticate.auth_type = random.random_range(0..6),
        6 => {
            // The part that is random anyway.
            authenticate.flips = vec![(random.random_range(264..288), 0x55)];
        }
        _ => authenticate.key = *pick(random, &[EdKey::AUTH, EdKey::SIGNING]),
    }
    authenticate
}
