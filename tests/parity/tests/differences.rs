//! What DIFFERENCES.md says is all that differs, and it still does.
//!
//! C ends the process in most of these cases, so each is tried in a process of
//! its own: this program, with the one test that is otherwise ignored.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus};
use std::ptr;

use onion::x25519::PublicKey;
use parity::call;
use parity::laboratory::Side;
use parity::onion::call::room;
use parity::onion::keys::{bytes_of, pair, Keys};
use parity::onion::{fast, ntor, ntor_v3};
use parity::relaycrypt::hop::{Algorithm, BareTor1, End};
use parity::relaycrypt::implementation;

/// One difference: Rust does this and goes on, C does not.
struct Difference {
    name: &'static str,
    c: C,
    /// Makes the call and checks what Rust answers.
    call: fn(Side),
}

/// What becomes of C where Rust goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum C {
    /// Or crashes: tor's own handler makes one of the other.
    Aborts,
    /// It goes on in another way.
    AnswersOtherwise,
}

const DIFFERENCES: [Difference; 10] = [
    Difference {
        name: "assert-empty",
        c: C::Aborts,
        call: |side| BareTor1::zeroed(implementation::of(side)).assert_ok(),
    },
    Difference {
        name: "init-twice",
        c: C::Aborts,
        call: |side| {
            let side = implementation::of(side);
            let keys = vec![1; Algorithm::Tor1.key_material_len(side)];
            let mut state = BareTor1::zeroed(side);
            assert_eq!(state.init(Algorithm::Tor1, End::Client, &keys), 0);
            assert_eq!(state.init(Algorithm::Tor1, End::Client, &keys), -1);
            assert!(!state.is_empty());
        },
    },
    Difference {
        name: "cgo-key-length",
        c: C::Aborts,
        call: |side| {
            let side = implementation::of(side);
            let keys = [0; 200];
            for len in 0..keys.len() {
                // SAFETY: the keys are valid for this length.
                let cgo = unsafe { (side.cgo.new)(0, 128, keys.as_ptr(), len) };
                assert_eq!(cgo.is_null(), len != 80, "{len} bytes");
                // SAFETY: null or a state that nothing else uses.
                unsafe { (side.cgo.free)(cgo) };
            }
        },
    },
    Difference {
        name: "cgo-aes-bits",
        c: C::Aborts,
        call: |side| {
            for bits in [-1, 0, 16, 127, 129, 512] {
                // SAFETY: takes any number.
                let len = unsafe { (implementation::of(side).cgo.key_material_len)(bits) };
                assert_eq!(len, 0, "{bits} bits");
            }
        },
    },
    Difference {
        name: "handshake-keys-length",
        c: C::Aborts,
        call: |side| {
            for (len, expected) in [(5_100, 0), (5_101, -1)] {
                let (status, _) = fast::answer(side, &[1; 20], &mut room(len));
                assert_eq!(status, expected, "{len} bytes");
            }
        },
    },
    Difference {
        name: "handshake-null",
        c: C::Aborts,
        call: |side| {
            let mut onionskin = [0; 84];
            let mut state = ptr::null_mut();
            // SAFETY: an identity, no key, and room for a state and an onionskin.
            let status = unsafe {
                let id = onionskin.as_ptr();
                let out = onionskin.as_mut_ptr();
                call!(
                    side,
                    onion_skin_ntor_create(id, ptr::null(), &mut state, out)
                )
            };
            assert_eq!(status, -1);
            assert!(state.is_null());
        },
    },
    Difference {
        name: "ntor-refused-reply",
        c: C::AnswersOtherwise,
        call: |side| {
            // X has small order.
            let (keys, id) = (Keys::usual(), bytes_of(2));
            let mut onionskin = ntor::Client::new(side, &id, &keys.asked).onionskin;
            onionskin[52..].fill(0);
            let relay = ntor::Relay {
                side,
                map: &keys.map(),
                junk: None,
                id: &id,
            };
            let (status, reply) = relay.reply(&onionskin, &mut room(92));
            assert_eq!(status, -1);
            assert_eq!(reply[..], room(64));
        },
    },
    Difference {
        name: "ntor3-state-after-failure",
        c: C::AnswersOtherwise,
        call: |side| {
            let no_key = PublicKey([0; 32]);
            let client = ntor_v3::Client::new(side, &[7; 32], &no_key, b"", b"");
            assert_eq!(client.status, -1);
            assert!(client.state.bytes().is_none());
        },
    },
    Difference {
        name: "ntor3-no-key",
        c: C::Aborts,
        call: |side| {
            let keys = Keys::usual();
            let id = bytes_of(2);
            let other_key = pair(9).public;
            let client = ntor_v3::Client::new(side, &id, &other_key, b"", b"");
            let onionskin = client.onionskin.get().unwrap();
            let relay = ntor_v3::Relay::new(side, &keys.map(), None, &id, onionskin, b"");
            assert_eq!(relay.status, -1);
            assert!(relay.state.bytes().is_none());
        },
    },
    Difference {
        name: "hs-ntor-nothing-given",
        c: C::Aborts,
        call: |side| {
            let (auth_key, enc, client) = ([1; 32], pair(1), pair(2));
            let subcredential = [3; 32];
            let mut keys = Default::default();
            for (number, subcredentials) in [(0, &raw const subcredential), (1, ptr::null())] {
                // SAFETY: keys, as many subcredentials as it is told or none,
                // and room for keys.
                let status = unsafe {
                    call!(
                        side,
                        hs_ntor_service_get_introduce1_keys_multi(
                            &auth_key,
                            &enc,
                            &client.public,
                            number,
                            subcredentials,
                            &mut keys,
                        )
                    )
                };
                assert_eq!(status, -1);
            }
        },
    },
];

/// `SIDE DIFFERENCE`, for [`make_the_call`].
const CALL: &str = "TORRS_PARITY_CALL";

#[test]
#[ignore = "run by the other tests, in a process of its own"]
fn make_the_call() {
    let call = std::env::var(CALL).unwrap();
    let (side, name) = call.split_once(' ').unwrap();
    // An abort is expected, so no core file is wanted.
    let none = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: `none` is valid for reading.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_CORE, &none) }, 0);
    ctor::init();
    let side = match side {
        "C" => Side::C,
        _ => Side::Rust,
    };
    let difference = DIFFERENCES
        .iter()
        .find(|difference| difference.name == name);
    (difference.unwrap().call)(side);
}

fn status_of_call(side: &str, name: &str) -> ExitStatus {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "make_the_call", "--ignored"])
        .env(CALL, format!("{side} {name}"))
        .output()
        .unwrap()
        .status
}

/// What a test program's exit status is when an assertion did not hold.
const ASSERTION_FAILED: Option<i32> = Some(101);

#[test]
fn c_still_does_otherwise() {
    for Difference {
        name, c: listed, ..
    } in &DIFFERENCES
    {
        let (c, rust) = (status_of_call("C", name), status_of_call("Rust", name));
        assert!(
            rust.success(),
            "{name}: Rust does not do what DIFFERENCES.md says: {rust}"
        );
        let c = match (c.signal(), c.code()) {
            (Some(libc::SIGABRT), _) => C::Aborts,
            (_, ASSERTION_FAILED) => C::AnswersOtherwise,
            _ => panic!("{name}: C no longer differs: take the row out of DIFFERENCES.md: {c}"),
        };
        assert_eq!(c, *listed, "{name}");
    }
}

/// The rows of differences.toml, each as DIFFERENCES.md has it.
fn listed() -> BTreeMap<String, String> {
    let list: toml::Table = toml::from_str(include_str!("../differences.toml")).unwrap();
    let rows = list["difference"].as_array().unwrap().iter().map(|row| {
        let cells = ["name", "call", "c", "rust", "reason"].map(|column| {
            let text = row[column].as_str().unwrap();
            assert!(!text.is_empty(), "{column} of {row} is empty");
            text
        });
        (cells[0].to_owned(), format!("| {} |", cells.join(" | ")))
    });
    rows.collect()
}

#[test]
fn the_list_has_these_rows_and_no_others() {
    let listed: BTreeSet<String> = listed().into_keys().collect();
    let known: BTreeSet<String> = DIFFERENCES.iter().map(|d| d.name.to_owned()).collect();
    assert_eq!(listed, known);
}

#[test]
fn readers_and_machines_are_told_the_same() {
    let shown: BTreeSet<&str> = include_str!("../DIFFERENCES.md")
        .lines()
        .filter(|line| line.starts_with("| "))
        .skip(1)
        .collect();
    let rows = listed();
    let listed: BTreeSet<&str> = rows.values().map(String::as_str).collect();
    assert_eq!(shown, listed);
}
