//! What can be wrong with the certificates of a CERTS cell (tor-spec, "CERTS cells"),
//! for either end of a link.

use anyhow::Result;
use peer::cert_type::{
    IDENTITY_V_SIGNING, LINK_AUTH_X509, RSA_ID_V_IDENTITY, RSA_ID_X509, SIGNING_V_LINK_AUTH,
    SIGNING_V_TLS_CERT, TLS_LINK_X509,
};
use peer::{hours_from_now, Certs, Ed25519Cert, Identity, X509Cert};

/// The end of a link that sends CERTS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Initiator,
    Responder,
}

impl End {
    /// The certificate types that it sends: X.509, then Ed25519.
    fn types(self) -> (u8, u8) {
        match self {
            End::Initiator => (LINK_AUTH_X509, SIGNING_V_LINK_AUTH),
            End::Responder => (TLS_LINK_X509, SIGNING_V_TLS_CERT),
        }
    }

    /// What is right.
    pub fn certs(self, identity: &Identity) -> Result<Certs> {
        match self {
            End::Initiator => identity.initiator_certs(),
            End::Responder => identity.responder_certs(),
        }
    }

    /// The certificate by which the signing key vouches for the end's own key.
    fn last(self, identity: &Identity) -> Result<Ed25519Cert> {
        match self {
            End::Initiator => identity.link_auth(),
            End::Responder => identity.tls_cert(),
        }
    }

    /// The X.509 certificate that nobody needs who has the other ones.
    fn x509(self, identity: &Identity) -> X509Cert {
        match self {
            End::Initiator => identity.link_auth_x509(),
            End::Responder => identity.tls_link_x509(),
        }
    }
}

type Make = Box<dyn Fn(&Identity) -> Result<Certs> + Send + Sync>;

/// Names, and what makes the certificates.
pub fn changes(end: End) -> Vec<(String, Make)> {
    let mut changes = of_any_type(end);
    changes.extend(of_ed25519(end));
    changes.extend(of_signatures(end));
    changes.extend(of_cross_certs(end));
    changes.extend(of_x509(end));
    changes.extend(of_the_list(end));
    changes
}

fn change(
    name: impl Into<String>,
    make: impl Fn(&Identity) -> Result<Certs> + Send + Sync + 'static,
) -> (String, Make) {
    (name.into(), Box::new(make))
}

/// What no certificate survives.
fn of_any_type(end: End) -> Vec<(String, Make)> {
    let (x509, ed25519) = end.types();
    let types = [
        x509,
        RSA_ID_X509,
        IDENTITY_V_SIGNING,
        ed25519,
        RSA_ID_V_IDENTITY,
    ];
    let mut changes = Vec::new();
    for of_type in types {
        let name = |what: &str| format!("type {of_type} {what}");
        changes.extend([
            change(name("missing"), move |identity| {
                Ok(end.certs(identity)?.without(&[of_type]))
            }),
            change(name("twice"), move |identity| {
                Ok(end.certs(identity)?.twice(of_type))
            }),
            change(name("empty"), move |identity| {
                Ok(end.certs(identity)?.with(of_type, []))
            }),
            change(name("without its last byte"), move |identity| {
                let last = |bytes: &mut Vec<u8>| bytes.truncate(bytes.len().saturating_sub(1));
                Ok(end.certs(identity)?.change(of_type, last))
            }),
            change(name("with a byte behind it"), move |identity| {
                let more = |bytes: &mut Vec<u8>| bytes.push(0);
                Ok(end.certs(identity)?.change(of_type, more))
            }),
            change(name("with a signature that is none"), move |identity| {
                let last = |bytes: &mut Vec<u8>| bytes.iter_mut().last().map_or((), |b| *b ^= 1);
                Ok(end.certs(identity)?.change(of_type, last))
            }),
            change(name("of somebody else"), move |identity| {
                let others = end.certs(&Identity::new()?)?.only(of_type);
                Ok(end.certs(identity)?.with(of_type, others))
            }),
        ]);
    }
    changes
}

/// What can be wrong with an Ed25519 certificate before it is signed.
fn of_ed25519(end: End) -> Vec<(String, Make)> {
    type Wrong = fn(&mut Ed25519Cert);
    const UNKNOWN: (u8, u8) = (9, 0);
    let wrong: [(&str, Wrong); 14] = [
        ("expired", |cert| cert.expiration = hours_from_now(-2)),
        ("expiring in this hour", |cert| {
            cert.expiration = hours_from_now(0);
        }),
        ("expired since ever", |cert| cert.expiration = 0),
        ("never expiring", |cert| cert.expiration = u32::MAX),
        ("of version 2", |cert| cert.version = 2),
        ("of version 0", |cert| cert.version = 0),
        ("saying that it is of type 9", |cert| cert.cert_type = 9),
        ("of key type 77", |cert| cert.key_type = 77),
        ("with an unknown extension", |cert| {
            cert.extensions.push((UNKNOWN.0, UNKNOWN.1, vec![1, 2, 3]));
        }),
        (
            "with an unknown extension that affects validation",
            |cert| {
                cert.extensions.push((UNKNOWN.0, 1, vec![1, 2, 3]));
            },
        ),
        ("with an unknown extension and all flags but one", |cert| {
            cert.extensions.push((UNKNOWN.0, 0xfe, Vec::new()));
        }),
        ("with 200 unknown extensions", |cert| {
            let many = (0..200).map(|_| (UNKNOWN.0, UNKNOWN.1, Vec::new()));
            cert.extensions.extend(many);
        }),
        ("with the key that signs it twice", |cert| {
            let first = cert.extensions.first().cloned();
            let key = first.unwrap_or((4, 0, vec![7; 32]));
            cert.extensions.extend([key.clone(), key]);
        }),
        ("with a signing key of 31 bytes", |cert| {
            cert.extensions = vec![(4, 0, vec![7; 31])];
        }),
    ];
    let mut changes = Vec::new();
    for (what, wrong) in wrong {
        changes.push(change(
            format!("type {IDENTITY_V_SIGNING} {what}"),
            move |identity| {
                let mut cert = identity.signing()?;
                wrong(&mut cert);
                let certs = end.certs(identity)?;
                Ok(certs.with(IDENTITY_V_SIGNING, cert.encode()?))
            },
        ));
        let (_, of_type) = end.types();
        changes.push(change(format!("type {of_type} {what}"), move |identity| {
            let mut cert = end.last(identity)?;
            wrong(&mut cert);
            Ok(end.certs(identity)?.with(of_type, cert.encode()?))
        }));
    }
    let (_, of_type) = end.types();
    changes.extend([
        change(
            format!("type {IDENTITY_V_SIGNING} signed by another"),
            move |identity| {
                let cert = identity.signing()?.signed_by_another()?;
                let certs = end.certs(identity)?;
                Ok(certs.with(IDENTITY_V_SIGNING, cert.encode()?))
            },
        ),
        change(
            format!("type {IDENTITY_V_SIGNING} without the key that signs it"),
            move |identity| {
                let mut cert = identity.signing()?;
                cert.extensions.clear();
                let certs = end.certs(identity)?;
                Ok(certs.with(IDENTITY_V_SIGNING, cert.encode()?))
            },
        ),
        change(
            format!("type {of_type} signed by another"),
            move |identity| {
                let cert = end.last(identity)?.signed_by_another()?;
                Ok(end.certs(identity)?.with(of_type, cert.encode()?))
            },
        ),
        change(format!("type {of_type} for another key"), move |identity| {
            let mut cert = end.last(identity)?;
            cert.key[9] ^= 1;
            Ok(end.certs(identity)?.with(of_type, cert.encode()?))
        }),
    ]);
    changes
}

/// Ed25519 signatures on which implementations disagree.
fn of_signatures(end: End) -> Vec<(String, Make)> {
    let (_, of_type) = end.types();
    let not_reduced = |of_type: u8| {
        let name = format!("type {of_type} with an S that is not reduced");
        change(name, move |identity| {
            Ok(end.certs(identity)?.change(of_type, |cert| add_order(cert)))
        })
    };
    vec![
        not_reduced(IDENTITY_V_SIGNING),
        not_reduced(of_type),
        change("an Ed25519 identity of small order", move |identity| {
            let mut signing = identity.signing()?;
            let mut cross_cert = identity.cross_cert()?;
            cross_cert.key = NEUTRAL;
            for (_, _, key) in &mut signing.extensions {
                *key = NEUTRAL.to_vec();
            }
            let certs = end.certs(identity)?;
            Ok(certs
                .with(IDENTITY_V_SIGNING, signing.encode()?)
                .change(IDENTITY_V_SIGNING, sign_with_neutral)
                .with(RSA_ID_V_IDENTITY, cross_cert.encode()?))
        }),
        change("a signing key of small order", move |identity| {
            let mut signing = identity.signing()?;
            signing.key = NEUTRAL;
            let certs = end.certs(identity)?;
            Ok(certs
                .with(IDENTITY_V_SIGNING, signing.encode()?)
                .change(of_type, sign_with_neutral))
        }),
        change("a signing key that is no point", move |identity| {
            let mut signing = identity.signing()?;
            signing.key = [0xff; 32];
            let certs = end.certs(identity)?;
            Ok(certs.with(IDENTITY_V_SIGNING, signing.encode()?))
        }),
    ]
}

/// The neutral element of the group, as a key or R. With it as the key, and S = 0, a
/// signature of anything fulfils the equation.
const NEUTRAL: [u8; 32] = {
    let mut point = [0; 32];
    point[0] = 1;
    point
};

fn sign_with_neutral(cert: &mut Vec<u8>) {
    cert.truncate(cert.len().saturating_sub(2 * NEUTRAL.len()));
    cert.extend(NEUTRAL);
    cert.extend([0; 32]);
}

/// Adds the order of the group to S, the last 32 bytes, which changes no equation.
fn add_order(cert: &mut [u8]) {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
        0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let s = cert.len().saturating_sub(ORDER.len());
    let mut carry = 0;
    for (byte, added) in cert[s..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(added) + carry;
        *byte = sum as u8;
        carry = sum >> 8;
    }
}

fn of_cross_certs(end: End) -> Vec<(String, Make)> {
    type Wrong = fn(&mut peer::CrossCert);
    let wrong: [(&str, Wrong); 6] = [
        ("for another key", |cert| cert.key[9] ^= 1),
        ("expired", |cert| cert.expiration = hours_from_now(-2)),
        ("expiring in this hour", |cert| {
            cert.expiration = hours_from_now(0);
        }),
        ("expired since ever", |cert| cert.expiration = 0),
        ("never expiring", |cert| cert.expiration = u32::MAX),
        ("with another prefix", |cert| cert.prefix = b"Tor".to_vec()),
    ];
    let mut changes: Vec<(String, Make)> = wrong
        .into_iter()
        .map(|(what, wrong)| {
            change(
                format!("type {RSA_ID_V_IDENTITY} {what}"),
                move |identity| {
                    let mut cert = identity.cross_cert()?;
                    wrong(&mut cert);
                    let certs = end.certs(identity)?;
                    Ok(certs.with(RSA_ID_V_IDENTITY, cert.encode()?))
                },
            )
        })
        .collect();
    changes.extend([
        change(
            format!("type {RSA_ID_V_IDENTITY} signed by another"),
            move |identity| {
                let cert = identity.cross_cert()?.signed_by_another()?;
                let certs = end.certs(identity)?;
                Ok(certs.with(RSA_ID_V_IDENTITY, cert.encode()?))
            },
        ),
        change(
            format!("type {RSA_ID_V_IDENTITY} without a signature"),
            move |identity| {
                let none = |bytes: &mut Vec<u8>| {
                    bytes.truncate(36);
                    bytes.push(0);
                };
                Ok(end.certs(identity)?.change(RSA_ID_V_IDENTITY, none))
            },
        ),
    ]);
    changes
}

/// X.509 certificates beside those of Ed25519, and without them.
fn of_x509(end: End) -> Vec<(String, Make)> {
    type Wrong = fn(X509Cert) -> Result<X509Cert>;
    let wrong: [(&str, Wrong); 6] = [
        ("expired", |cert| Ok(cert.valid(-90, -40))),
        ("expired yesterday", |cert| Ok(cert.valid(-90, -1))),
        ("not yet valid", |cert| Ok(cert.valid(60, 90))),
        ("signed by another", X509Cert::signed_by_another),
        ("of 2048 bits", |cert| cert.of_another_key(2048)),
        ("of an elliptic curve", X509Cert::of_an_ec_key),
    ];
    const ED25519: [u8; 4] = [
        IDENTITY_V_SIGNING,
        SIGNING_V_TLS_CERT,
        SIGNING_V_LINK_AUTH,
        RSA_ID_V_IDENTITY,
    ];
    let (x509, _) = end.types();
    let mut changes = vec![
        change("RSA alone", move |identity| {
            Ok(end.certs(identity)?.without(&ED25519))
        }),
        change(format!("RSA alone, type {x509} missing"), move |identity| {
            let certs = end.certs(identity)?.without(&ED25519);
            Ok(certs.without(&[x509]))
        }),
        change(
            format!("RSA alone, type {RSA_ID_X509} missing"),
            move |identity| {
                let certs = end.certs(identity)?.without(&ED25519);
                Ok(certs.without(&[RSA_ID_X509]))
            },
        ),
        change(
            format!("RSA alone, type {x509} of 512 bits"),
            move |identity| {
                let cert = end.x509(identity).of_another_key(512)?;
                let certs = end.certs(identity)?.without(&ED25519);
                Ok(certs.with(x509, cert.encode()?))
            },
        ),
    ];
    for (what, wrong) in wrong {
        changes.push(change(
            format!("type {RSA_ID_X509} {what}"),
            move |identity| {
                let cert = wrong(identity.rsa_id_x509())?;
                Ok(end.certs(identity)?.with(RSA_ID_X509, cert.encode()?))
            },
        ));
        changes.push(change(
            format!("RSA alone, type {RSA_ID_X509} {what}"),
            move |identity| {
                let cert = wrong(identity.rsa_id_x509())?;
                let certs = end.certs(identity)?.without(&ED25519);
                Ok(certs.with(RSA_ID_X509, cert.encode()?))
            },
        ));
        changes.push(change(
            format!("RSA alone, type {x509} {what}"),
            move |identity| {
                let cert = wrong(end.x509(identity))?;
                let certs = end.certs(identity)?.without(&ED25519);
                Ok(certs.with(x509, cert.encode()?))
            },
        ));
    }
    changes
}

fn of_the_list(end: End) -> Vec<(String, Make)> {
    let garbage: &[u8] = &[0x30, 3, 1, 2, 3];
    vec![
        change("none", move |identity| {
            Ok(end.certs(identity)?.without(&[1, 2, 3, 4, 5, 6, 7]))
        }),
        change("in another order", move |identity| {
            Ok(end.certs(identity)?.reversed())
        }),
        change("and unknown types", move |identity| {
            let certs = end.certs(identity)?;
            Ok(certs
                .and(0, garbage)
                .and(8, garbage)
                .and(255, [1; 1000])
                .and(99, [])
                .twice(99))
        }),
        change("of somebody else", |_| Identity::new()?.responder_certs()),
        change("of the other end", move |identity| match end {
            End::Initiator => identity.responder_certs(),
            End::Responder => identity.initiator_certs(),
        }),
        change("of both ends", move |identity| {
            let certs = end.certs(identity)?;
            let (x509, ed25519) = match end {
                End::Initiator => End::Responder.types(),
                End::Responder => End::Initiator.types(),
            };
            let other = match end {
                End::Initiator => End::Responder,
                End::Responder => End::Initiator,
            };
            let others = other.certs(identity)?;
            Ok(certs
                .and(x509, others.clone().only(x509))
                .and(ed25519, others.only(ed25519)))
        }),
        change("of another Ed25519 identity alone", move |identity| {
            let another = Identity::new()?;
            let others = end.certs(&another)?;
            let (_, ed25519) = end.types();
            Ok(end
                .certs(identity)?
                .with(IDENTITY_V_SIGNING, others.clone().only(IDENTITY_V_SIGNING))
                .with(ed25519, others.only(ed25519)))
        }),
    ]
}
