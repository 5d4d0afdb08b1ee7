//! What it costs to know who is at the other end of a link: signatures, certificates.

use std::hint::black_box;

use parity::cert::certificate::{plain, Cert};
use parity::cert::chain::Checked;
use parity::cert::crosscert::{self, CheckedWith, Signs};
use parity::cert::ed25519::{verdict, Signed};
use parity::cert::keys::{self, Rsa};
use parity::laboratory::Side;

use crate::work::Work;

/// How often a certificate is read before the time is taken.
const AT_ONCE: u32 = 200;

/// The rows, in the order of the table.
pub const CERTS: [Work; 5] = [
    Work {
        name: "Ed25519 signature checked",
        at_once: 1,
        prepare: |side| {
            let pair = keys::ed25519(1);
            let message = plain()[..76].to_vec();
            let signed = Signed {
                key: pair.pubkey,
                signature: keys::sign(&pair, &message),
                message,
            };
            Box::new(move || assert!(verdict(side, black_box(&signed))))
        },
    },
    Work {
        name: "Ed25519 certificate read",
        at_once: AT_ONCE,
        prepare: |side| {
            let encoded = plain();
            Box::new(move || {
                for _ in 0..AT_ONCE {
                    black_box(Cert::parse(side, black_box(&encoded)));
                }
            })
        },
    },
    Work {
        name: "Ed25519 certificate checked",
        at_once: 1,
        prepare: |side| {
            let cert = Cert::parse(side, &plain()).expect("it is one");
            Box::new(move || assert_eq!(cert.checksig(None, 1), 0))
        },
    },
    Work {
        name: "RSA cross-certificate checked",
        at_once: 1,
        prepare: |side| {
            let crosscert = crosscert::crosscert(Rsa::short(0), 490_000, Signs::Digest);
            let with = CheckedWith {
                ed_key: 1,
                rsa_key: 0,
            };
            Box::new(move || assert_eq!(crosscert::check(side, &crosscert, with, 1), 0))
        },
    },
    // Without what X.509 and TLS take, which is C on both sides.
    Work {
        name: "CERTS cell, Ed25519 chain",
        at_once: 1,
        prepare: |side: Side| {
            let checked = Checked::honest(side);
            Box::new(move || assert_eq!(checked.check(), 1))
        },
    },
];
