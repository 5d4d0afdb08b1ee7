//! CERTS: what a certificate can be, what can be missing, and any mixture.

use openssl::sha::sha256;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::{bytes, pick, random, Family, FIRST_SEED};
use crate::certs::{cert_type, hours, Certs, CrossCert, EdCert, Extension, X509Cert};
use crate::certs::{AUTH, ID, LINK, OTHER_ID, OTHER_LINK};
use crate::command;
use crate::families::honest;
use crate::keys::{self, EdKey};
use crate::script::{Authenticate, Cell, Conn, Event, Mode, Netinfo, Script, World};

pub const FAMILY: Family = Family {
    name: "certs",
    about: "CERTS: expired, forged, malformed, missing, doubled",
    scripts,
    reaches: &[
        ("= authenticated_ed25519 1", 200),
        ("Waiting for AUTHENTICATE", 200),
        ("Invalid certificate chain", 500),
        ("It couldn't be parsed", 20),
        ("It had no body", 2),
        ("It had a nonzero circuit ID", 4),
        ("We already got one", 2),
        ("We're already authenticated", 2),
        ("We're not doing a v3 handshake", 4),
        ("Duplicate x509 certificate", 10),
        ("Duplicate Ed25519 certificate", 10),
        ("Duplicate RSA->Ed25519 crosscert", 4),
        ("undecodable certificate", 20),
        ("undecodable Ed certificate", 40),
        ("The certs we wanted (ID, Link) were missing", 4),
        ("The certs we wanted (ID, Auth) were missing", 4),
        ("didn't match the TLS public key", 2),
        ("The link certificate was not valid", 4),
        ("The ID certificate was not valid", 4),
        ("The authentication certificate was not valid", 4),
        ("No Ed25519 signing key", 4),
        ("No Ed25519 link key", 2),
        ("No Ed25519 link authentication key", 2),
        ("Link certificate does not match TLS certificate", 4),
        ("At least one certificate expired", 10),
        ("Missing legacy RSA ID certificate", 4),
        ("The legacy RSA ID certificate was not valid", 10),
        ("Missing RSA->Ed25519 crosscert", 4),
        ("Invalid RSA->Ed25519 crosscert", 20),
        ("At least one Ed25519 certificate was badly signed", 10),
        ("Problem setting or checking peer id", 10),
    ],
};

/// CERTS by their names, for one who connects or one with whom we connect.
fn variants(responder: bool) -> Vec<(String, Certs)> {
    let good = || match responder {
        true => Certs::of_responder(),
        false => Certs::of_initiator(),
    };
    let mut variants: Vec<(String, Certs)> = Vec::new();
    let mut add = |name: &str, certs: Certs| variants.push((name.into(), certs));
    add("good", good());
    add("RSA only", good().rsa_only());
    add(
        "those of the other role",
        match responder {
            true => Certs::of_initiator(),
            false => Certs::of_responder(),
        },
    );
    add(
        "those of both roles",
        Certs(
            [
                Certs::of_responder().0,
                Certs::of_initiator().0[3..4].to_vec(),
                Certs::of_initiator().0[..1].to_vec(),
            ]
            .concat(),
        ),
    );
    add("none", Certs(Vec::new()));
    let mut backwards = good();
    backwards.0.reverse();
    add("backwards", backwards);
    for cert_type in 1..=7 {
        add(&format!("without {cert_type}"), good().without(cert_type));
        add(
            &format!("without {cert_type}, RSA only"),
            good().rsa_only().without(cert_type),
        );
        add(
            &format!("{cert_type} empty"),
            good().with(cert_type, vec![]),
        );
        add(
            &format!("{cert_type} is nonsense"),
            good().with(cert_type, vec![0xaa; 104]),
        );
        let twice = good()
            .0
            .iter()
            .find(|(there, _)| *there == cert_type)
            .cloned();
        if let Some((_, cert)) = twice {
            add(
                &format!("{cert_type} twice"),
                good().and(cert_type, cert.clone()),
            );
            add(
                &format!("{cert_type} twice, first nonsense"),
                good()
                    .with(cert_type, vec![0xaa; 104])
                    .and(cert_type, cert.clone()),
            );
            for cut in [1, 2, 33, 64, 65, 80, 100] {
                if cut < cert.len() {
                    let cert = cert[..cert.len() - cut].to_vec();
                    add(
                        &format!("{cert_type} without its last {cut}"),
                        good().with(cert_type, cert),
                    );
                }
            }
            let longer = [&cert[..], &[0]].concat();
            add(
                &format!("{cert_type} and a byte"),
                good().with(cert_type, longer),
            );
            for other in 1..=8 {
                // As if it were another one.
                let mut certs = good();
                for entry in certs.0.iter_mut().filter(|entry| entry.0 == cert_type) {
                    entry.0 = other;
                }
                add(&format!("{cert_type} called {other}"), certs);
            }
        }
    }
    for unknown in [0, 8, 9, 100, 255] {
        add(&format!("and {unknown}"), good().and(unknown, vec![1; 20]));
        add(
            &format!("and {unknown} twice"),
            good().and(unknown, vec![1; 20]).and(unknown, vec![]),
        );
        let mut first = good();
        first.0.insert(0, (unknown, vec![2; 200]));
        add(&format!("{unknown} first"), first);
    }
    for (name, certs) in x509_variants(responder).into_iter().chain(ed_variants()) {
        let mut there = good();
        let mut rsa_only = good().rsa_only();
        for (cert_type, cert) in certs {
            there = there.with(cert_type, cert.clone());
            rsa_only = rsa_only.with(cert_type, cert);
        }
        add(&name, there);
        if !name.starts_with("Ed") {
            add(&format!("{name}, RSA only"), rsa_only);
        }
    }
    variants
}

/// Replacements of certificates.
type Replacements = Vec<(String, Vec<(u8, Vec<u8>)>)>;

fn x509_variants(responder: bool) -> Replacements {
    const DAY: i64 = 86400;
    let (subject, subject_type) = match responder {
        true => (&keys::PEER_LINK, cert_type::LINK),
        false => (&keys::PEER_AUTH, cert_type::AUTH),
    };
    let identity = &keys::PEER_IDENTITY;
    let mut all: Replacements = Vec::new();
    let mut add = |name: &str, cert_type: u8, cert: Vec<u8>| {
        all.push((format!("X.509, {name}"), vec![(cert_type, cert)]));
    };
    for (name, from, until) in [
        ("expired", -300 * DAY, -100 * DAY),
        ("expired a day ago", -300 * DAY, -DAY),
        ("expired 49 hours ago", -300 * DAY, -49 * 3600),
        ("expired an hour ago", -300 * DAY, -3600),
        ("valid tomorrow", DAY, 300 * DAY),
        ("valid in 40 days", 40 * DAY, 300 * DAY),
        ("valid in an hour", 3600, 300 * DAY),
        ("never valid", 10 * DAY, -10 * DAY),
    ] {
        let dates = |subject, signer| X509Cert {
            from,
            until,
            ..X509Cert::new(subject, signer)
        };
        add(
            &format!("subject {name}"),
            subject_type,
            dates(subject, identity).encode(),
        );
        add(
            &format!("identity {name}"),
            cert_type::ID,
            dates(identity, identity).encode(),
        );
    }
    add(
        "subject signed by another",
        subject_type,
        X509Cert::new(subject, &keys::OTHER_IDENTITY).encode(),
    );
    add(
        "subject signed by itself",
        subject_type,
        X509Cert::new(subject, subject).encode(),
    );
    add(
        "identity signed by another",
        cert_type::ID,
        X509Cert::new(identity, &keys::OTHER_IDENTITY).encode(),
    );
    add("another identity", cert_type::ID, OTHER_ID.clone());
    add("another's link", subject_type, OTHER_LINK.clone());
    add(
        "another key, properly signed",
        subject_type,
        X509Cert::new(&keys::OTHER_LINK, identity).encode(),
    );
    add("identity is the link", cert_type::ID, LINK.clone());
    add("subject is the identity", subject_type, ID.clone());
    add(
        "subject is the authentication key",
        subject_type,
        AUTH.clone(),
    );
    add(
        "identity of 2048 bits",
        cert_type::ID,
        X509Cert::new(&keys::OTHER_LINK, &keys::OTHER_LINK).encode(),
    );
    add(
        "subject on a curve",
        subject_type,
        X509Cert::new(&keys::CURVE, identity).encode(),
    );
    add(
        "identity on a curve",
        cert_type::ID,
        X509Cert::new(&keys::CURVE, &keys::OTHER_IDENTITY).encode(),
    );
    add(
        "identity is the key of a curve, signed by the identity",
        cert_type::ID,
        X509Cert::new(&keys::CURVE, identity).encode(),
    );
    for at in [0usize, 1, 4, 20, 60, 200] {
        let mut cert = ID.clone();
        cert[at] ^= 0x10;
        add(&format!("identity's byte {at} wrong"), cert_type::ID, cert);
    }
    let mut forged = ID.clone();
    if let Some(last) = forged.last_mut() {
        *last ^= 1;
    }
    add("identity's signature wrong", cert_type::ID, forged);
    all
}

/// An Ed25519 certificate and what it is called.
type EdBase = (&'static str, u8, fn() -> EdCert);

fn ed_variants() -> Replacements {
    let bases: [EdBase; 3] = [
        ("id-sign", cert_type::ED_ID_SIGN, EdCert::id_sign),
        ("sign-link", cert_type::ED_SIGN_LINK, EdCert::sign_link),
        ("sign-auth", cert_type::ED_SIGN_AUTH, EdCert::sign_auth),
    ];
    let mut all: Replacements = Vec::new();
    for (base_name, cert_type, base) in bases {
        let mut add = |name: String, cert: EdCert| {
            all.push((
                format!("Ed {base_name}: {name}"),
                vec![(cert_type, cert.encode())],
            ));
        };
        for ago in [0, 1, 2, 1000] {
            add(format!("expired {ago} h ago"), base().expired(ago));
        }
        for expires in [0, hours(3600), u32::MAX] {
            add(format!("until {expires}"), EdCert { expires, ..base() });
        }
        for version in [0, 2, 255] {
            add(format!("version {version}"), EdCert { version, ..base() });
        }
        for inner in [0, 3, 4, 5, 6, 7, 8, 255] {
            add(
                format!("inner type {inner}"),
                EdCert {
                    cert_type: inner,
                    ..base()
                },
            );
        }
        for key_type in [0, 1, 2, 3, 4, 255] {
            add(
                format!("key type {key_type}"),
                EdCert { key_type, ..base() },
            );
        }
        add(
            "another key".into(),
            EdCert {
                key: EdKey::OTHER.public(),
                ..base()
            },
        );
        add(
            "no key".into(),
            EdCert {
                key: [0; 32],
                ..base()
            },
        );
        add(
            "another's certificate".into(),
            EdCert {
                key: sha256(&OTHER_LINK),
                ..base()
            },
        );
        for (name, signer) in [
            ("identity", EdKey::IDENTITY),
            ("signing key", EdKey::SIGNING),
            ("another", EdKey::OTHER),
        ] {
            add(format!("signed by {name}"), EdCert { signer, ..base() });
            let mut said = EdCert { signer, ..base() };
            said.extensions = vec![Extension::signed_with(signer)];
            add(format!("signed by {name}, and so it says"), said);
            let mut lied = base();
            lied.extensions = vec![Extension::signed_with(signer)];
            add(format!("says that {name} signed it"), lied);
        }
        for bit in [0, 7, 100, 255, 256, 300, 504, 507, 508, 509, 510, 511] {
            add(
                format!("bit {bit} of the signature wrong"),
                EdCert {
                    flip: Some(bit),
                    ..base()
                },
            );
        }
        let extension = |ext_type, flags, len| Extension {
            ext_type,
            flags,
            body: vec![3; len],
        };
        for flags in [0, 1, 2, 0xfe, 0xff] {
            for ext_type in [0, 1, 5, 255] {
                let mut cert = base();
                cert.extensions.push(extension(ext_type, flags, 5));
                add(format!("unknown extension {ext_type}, flags {flags}"), cert);
            }
            let mut cert = base();
            cert.extensions.insert(0, extension(9, flags, 0));
            add(format!("empty extension first, flags {flags}"), cert);
            let mut cert = base();
            for extension in &mut cert.extensions {
                extension.flags = flags;
            }
            add(format!("flags {flags}"), cert);
        }
        for len in [0, 1, 31, 33, 64] {
            let mut cert = base();
            cert.extensions = vec![extension(4, 0, len)];
            add(format!("a signing key of {len} bytes"), cert);
        }
        let mut twice = base();
        twice.extensions.extend([
            Extension::signed_with(EdKey::OTHER),
            Extension::signed_with(EdKey::IDENTITY),
        ]);
        add("several signing keys".into(), twice);
        let mut none = base();
        none.extensions.clear();
        add("no extensions".into(), none);
        let mut many = base();
        many.extensions.extend(vec![extension(77, 0, 1); 200]);
        add("200 extensions".into(), many);
        let encoded = base().encode();
        for at in 0..encoded.len().min(48) {
            let mut cert = encoded.clone();
            cert[at] ^= 1 << (at % 8);
            all.push((
                format!("Ed {base_name}: byte {at} wrong"),
                vec![(cert_type, cert)],
            ));
        }
    }
    let mut add = |name: String, cert: Vec<u8>| {
        all.push((format!("Ed cross: {name}"), vec![(cert_type::CROSS, cert)]));
    };
    let good = CrossCert::default;
    for expires in [0, hours(-3600), hours(0), hours(3600), u32::MAX] {
        add(
            format!("until {expires}"),
            CrossCert { expires, ..good() }.encode(),
        );
    }
    add(
        "another key".into(),
        CrossCert {
            key: EdKey::OTHER.public(),
            ..good()
        }
        .encode(),
    );
    add(
        "another signer".into(),
        CrossCert {
            signer: &keys::OTHER_IDENTITY,
            ..good()
        }
        .encode(),
    );
    add(
        "a longer signature".into(),
        CrossCert {
            signer: &keys::OTHER_LINK,
            ..good()
        }
        .encode(),
    );
    let encoded = good().encode();
    for at in [0, 31, 32, 35, 36, 37, 80, 164] {
        let mut cert = encoded.clone();
        cert[at] ^= 1;
        add(format!("byte {at} wrong"), cert);
    }
    for len in [0, 31, 36, 37, 38, 127, 129, 255] {
        let mut cert = encoded.clone();
        cert[36] = len;
        add(format!("says that its signature has {len} bytes"), cert);
    }
    // One chain of keys that fits together, and is not the expected one.
    let chain = vec![
        (cert_type::ED_ID_SIGN, {
            let mut cert = EdCert::id_sign();
            cert.signer = EdKey::OTHER;
            cert.extensions = vec![Extension::signed_with(EdKey::OTHER)];
            cert.encode()
        }),
        (
            cert_type::CROSS,
            CrossCert {
                key: EdKey::OTHER.public(),
                ..good()
            }
            .encode(),
        ),
    ];
    all.push(("Ed: another identity that fits".into(), chain));
    all
}

/// What is done after CERTS.
fn rest(initiator: bool) -> Vec<Event> {
    match initiator {
        true => vec![Event::auth_challenge(&[3]), Netinfo::good().event()],
        false => vec![
            Event::Authenticate(Authenticate::default()),
            Netinfo::good().event(),
        ],
    }
}

fn before(initiator: bool) -> Vec<Event> {
    let events = match initiator {
        true => honest::responder(5),
        false => honest::initiator(5),
    };
    events.into_iter().take(2).collect()
}

fn conn(initiator: bool) -> Conn {
    match initiator {
        true => Conn::initiator(),
        false => Conn::responder(),
    }
}

fn scripts() -> Vec<Script> {
    let mut scripts = Vec::new();
    for initiator in [true, false] {
        let role = match initiator {
            true => "connects",
            false => "is connected to",
        };
        for (n, (name, certs)) in variants(initiator).into_iter().enumerate() {
            let modes: &[Mode] = match initiator {
                true => &[Mode::Relay, Mode::Client],
                false => &[Mode::Relay],
            };
            for mode in modes {
                let name = format!("{mode:?} {role}: {name}");
                let mut script = Script::new(name, *mode, conn(initiator));
                // Severities of what is wrong depend on whom we wanted to reach.
                if n % 2 == 1 {
                    script.world.push(World::Trusted);
                }
                if n % 3 == 1 {
                    script.world.push(World::ProtocolWarnings);
                }
                if n % 5 < 3 {
                    script.world.push(World::UnsafeLog);
                }
                let mut events = before(initiator);
                events.push(Event::certs(&certs));
                scripts.push(
                    script
                        .clone()
                        .then_all(events.clone())
                        .then_all(rest(initiator)),
                );
                let script = script.called("and on").with(World::KeepGoing);
                scripts.push(script.then_all(events).then_all(rest(initiator)));
            }
        }
        scripts.extend(circumstances(initiator, role));
        for seed in FIRST_SEED..FIRST_SEED + 500 {
            let mut random = random(seed);
            let mut script =
                Script::new(format!("{role}, seed {seed}"), Mode::Relay, conn(initiator));
            if random.random_bool(0.5) {
                script.world.push(World::KeepGoing);
            }
            let body = any(&mut random, initiator);
            let script = script.then_all(before(initiator));
            scripts.push(
                script
                    .then(Event::var(command::CERTS, body))
                    .then_all(rest(initiator)),
            );
        }
    }
    scripts
}

/// Good certificates where they should not be, and bodies that are none.
fn circumstances(initiator: bool, role: &str) -> Vec<Script> {
    let good = match initiator {
        true => Certs::of_responder(),
        false => Certs::of_initiator(),
    };
    let script = |name: &str| {
        Script::new(format!("{role}: {name}"), Mode::Relay, conn(initiator))
            .with(World::KeepGoing)
            .with(World::UnsafeLog)
    };
    let cell = |circ_id| Cell {
        circ_id,
        command: command::CERTS,
        body: good.encode(),
    };
    let begun = |name: &str| script(name).then_all(before(initiator));
    let direct = || Event::Direct("certs", cell(0));
    let mut scripts = vec![
        begun("on a circuit").then(Event::Var(cell(1))),
        begun("on a circuit, past the front door").then(Event::Direct("certs", cell(0x8000_0000))),
        begun("twice")
            .then(Event::Var(cell(0)))
            .then(Event::Var(cell(0))),
        begun("twice, with all between")
            .then(Event::Var(cell(0)))
            .then_all(rest(initiator))
            .then(Event::Var(cell(0)))
            .then(direct()),
        begun("bad ones, then good ones")
            .then(Event::certs(&good.clone().with(cert_type::CROSS, vec![])))
            .then(Event::Var(cell(0))),
        begun("authenticated, by hand")
            .then(Event::Set("authenticated", 1))
            .then(Event::Var(cell(0))),
        begun("link protocol 2, by hand")
            .then(Event::Set("link_proto", 2))
            .then(Event::Var(cell(0))),
        begun("link protocol 0, by hand")
            .then(Event::Set("link_proto", 0))
            .then(Event::Var(cell(0))),
        begun("state 6, by hand")
            .then(Event::Set("state", 6))
            .then(Event::Var(cell(0))),
        begun("state 3, by hand")
            .then(Event::Set("state", 3))
            .then(direct()),
        script("before VERSIONS")
            .then_all(before(initiator).into_iter().take(1))
            .then(Event::Var(cell(0)))
            .then(direct()),
        script("without a handshake")
            .then(Event::Set("state", 5))
            .then(direct()),
    ];
    if !good.0.is_empty() {
        let mut no_tls = begun("no TLS certificate");
        no_tls
            .world
            .retain(|world| !matches!(world, World::PeerCert(_)));
        let rsa_only = good.clone().rsa_only();
        scripts.push(no_tls.clone().then(Event::certs(&rsa_only)));
        scripts.push(no_tls.called("with Ed25519").then(Event::Var(cell(0))));
        let mut other_tls = begun("another TLS certificate");
        other_tls
            .world
            .retain(|world| !matches!(world, World::PeerCert(_)));
        other_tls.world.push(World::PeerCert(OTHER_LINK.clone()));
        scripts.push(other_tls.clone().then(Event::certs(&rsa_only)));
        scripts.push(other_tls.called("with Ed25519").then(Event::Var(cell(0))));
    }
    let whole = good.encode();
    for len in [0, 1, 2, 3, 4, 100, whole.len() - 1] {
        let name = format!("{len} bytes");
        scripts.push(begun(&name).then(Event::var(command::CERTS, &whole[..len])));
    }
    for n in [0, 1, 4, 6, 255] {
        let mut body = whole.clone();
        body[0] = n;
        scripts.push(
            begun(&format!("says that there are {n}")).then(Event::var(command::CERTS, body)),
        );
    }
    let longer = [&whole[..], &[1, 2, 3]].concat();
    scripts.push(begun("and three bytes").then(Event::var(command::CERTS, longer)));
    let many = Certs(vec![(200, vec![]); 255]);
    scripts.push(begun("255 unknown ones").then(Event::certs(&many)));
    let mut largest = good.clone();
    largest.0.push((99, vec![0; 60000]));
    scripts.push(begun("a large unknown one").then(Event::certs(&largest)));
    scripts
}

/// Any CERTS that is nearly a good one.
pub fn any(random: &mut ChaCha8Rng, responder: bool) -> Vec<u8> {
    let mut certs = match responder {
        true => Certs::of_responder(),
        false => Certs::of_initiator(),
    };
    for _ in 0..random.random_range(0..3) {
        let at = random.random_range(0..certs.0.len().max(1));
        let Some(cert) = certs.0.get_mut(at) else {
            continue;
        };
        match random.random_range(0..7) {
            0 if !cert.1.is_empty() => {
                let at = random.random_range(0..cert.1.len());
                cert.1[at] ^= 1 << random.random_range(0..8);
            }
            1 => cert.1.truncate(random.random_range(0..=cert.1.len())),
            2 => {
                let len = random.random_range(1..40);
                cert.1.extend(bytes(random, len));
            }
            3 => cert.0 = random.random_range(0..10),
            4 => drop(certs.0.remove(at)),
            5 => {
                let again = cert.clone();
                certs.0.push(again);
            }
            _ => {
                let other = pick(random, &certs.0).1.clone();
                certs.0[at].1 = other;
            }
        }
    }
    let mut body = certs.encode();
    if random.random_bool(0.3) {
        let at = random.random_range(0..body.len());
        body[at] ^= 1 << random.random_range(0..8);
    }
    body
}
