//! What DIFFERENCES.md says is all that differs, and it still does.
//!
//! C ends the process in most of these cases, so each is tried in a process of
//! its own: this program, with the one test that is otherwise ignored.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output};
use std::ptr;

use ffi::cell::cell_t;
use ffi::cells::create::{create_cell_t, created_cell_t};
use onion::x25519::PublicKey;
use parity::call;
use parity::cells::extend::Written;
use parity::cells::hs_cell::{self, ToBuild};
use parity::cells::{
    conflux, create, extend, negotiation, painted, relay_msg, sendme, stream, PAINT,
};
use parity::cert::certificate::{self, Cert};
use parity::cert::crosscert;
use parity::cert::keys::Rsa;
use parity::laboratory::Side;
use parity::onion::call::{room, Message};
use parity::onion::keys::{bytes_of, pair, Keys};
use parity::onion::{fast, ntor, ntor_v3};
use parity::relaycrypt::hop::{Algorithm, BareTor1, End};
use parity::relaycrypt::implementation;
use parity::trunnel::number_of;
use parity::trunnel::object::Owned;
use parity::trunnel::table::Access;
use wire::create::{CREATE2, CREATED2};
use wire::extend::{EXTEND2, EXTENDED2};

/// One difference: Rust does this and goes on, C does not.
struct Difference {
    name: &'static str,
    c: C,
    /// Each makes a call and checks what Rust answers.
    calls: &'static [fn(Side)],
}

/// What becomes of C where Rust goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum C {
    /// Or crashes: tor's own handler makes one of the other.
    Aborts,
    /// It goes on in another way.
    AnswersOtherwise,
}

/// The exit code of a process in which [`rust_only`] did not hold.
const OTHERWISE: i32 = 42;

/// What holds of Rust, and where C goes on, not of C.
fn rust_only(holds: bool) {
    if !holds {
        std::process::exit(OTHERWISE);
    }
}

const DIFFERENCES: &[Difference] = &[
    Difference {
        name: "relay-msg-refused",
        c: C::AnswersOtherwise,
        calls: &[|side| {
            // A length of 65535, of a command that is 255.
            let cell = cell_t {
                circ_id: 7,
                command: 3,
                payload: [0xff; 509],
            };
            for format in [0, 1] {
                let (status, msg) = relay_msg::decode(side, format, &cell);
                assert_eq!(status, -1);
                rust_only((msg.command, msg.length, msg.stream_id) == (0, 0, 0));
            }
        }],
    },
    Difference {
        name: "relay-msg-impossible",
        c: C::Aborts,
        calls: &[
            |side| {
                let (_, mut msg) = relay_msg::UNFIT[0];
                for (length, can) in [(498, true), (499, false)] {
                    msg.length = length;
                    // SAFETY: the body is longer than that.
                    assert_eq!(unsafe { relay_msg::can_be_copied(side, &msg) }, can);
                }
            },
            // SAFETY: no message.
            |side| assert!(!unsafe { relay_msg::can_be_copied(side, ptr::null()) }),
        ],
    },
    Difference {
        name: "circuit-cell-refused",
        c: C::AnswersOtherwise,
        calls: &[
            |side| {
                // CREATE2 of a handshake that nobody knows, or that is obsolete.
                for handshake_type in [4, 0] {
                    let mut body = [1; 509];
                    body[..4].copy_from_slice(&[0, handshake_type, 0, 9]);
                    let mut out = painted();
                    let cell = create::cell_of(CREATE2, &body);
                    assert_eq!(create::parse(side, &cell, &mut out), -1);
                    rust_only(out.onionskin == [PAINT; 505]);
                }
            },
            |side| {
                // CREATED2 that is longer than EXTENDED2.
                let mut body = [1; 509];
                body[..2].copy_from_slice(&[1, 251]);
                let mut out = painted();
                let cell = create::cell_of(CREATED2, &body);
                assert_eq!(create::parse_created(side, &cell, &mut out), -1);
                rust_only(out.reply == [PAINT; 507]);
            },
            |side| {
                // EXTEND2 to a relay that is nowhere.
                let mut data = [1, 2, 20].to_vec();
                data.extend([7; 20]);
                data.extend([0, 3, 0, 0]);
                let mut out = painted();
                assert_eq!(extend::parse(side, EXTEND2, &data, &mut out), -1);
                rust_only(out.node_id == [PAINT; 20]);
            },
            |side| {
                let mut out = painted();
                let empty = extend::parse_extended(side, EXTENDED2, &[], &mut out);
                assert_eq!(empty, -1);
                rust_only(out.created_cell.reply == [PAINT; 507]);
            },
            |side| {
                // No CREATED at all.
                let mut created: created_cell_t = painted();
                created.cell_type = 7;
                let mut out = create::cell_of(PAINT, &[PAINT; 509]);
                assert_eq!(create::format_created(side, &created, &mut out), -1);
                rust_only(out.payload == [PAINT; 509]);
            },
            |side| {
                // EXTEND2 that is longer than a cell.
                let mut out = Written::nothing();
                let extend = extend::message(&[1; 505]);
                assert_eq!(extend::format(side, &extend, &mut out), -1);
                rust_only(out.data == [PAINT; 498]);
            },
        ],
    },
    Difference {
        name: "create-too-long",
        c: C::Aborts,
        calls: &[
            |side| {
                assert_eq!(
                    passed_on(side, 506, 3, false),
                    (-1, u16::from_be_bytes([PAINT; 2]))
                )
            },
            |side| {
                assert_eq!(
                    passed_on(side, 506, 4, true),
                    (-1, u16::from_be_bytes([PAINT; 2]))
                )
            },
        ],
    },
    Difference {
        name: "create-init-too-long",
        c: C::AnswersOtherwise,
        calls: &[|side| {
            #[repr(C)]
            struct Out {
                create: create_cell_t,
                behind: [u8; 64],
            }
            let mut out = Out {
                create: painted(),
                behind: [PAINT; 64],
            };
            let data = [1; 520];
            // SAFETY: data, and room for them.
            unsafe {
                let out = (&raw mut out).cast();
                create::init_at(side, out, CREATE2, 3, &data);
            }
            rust_only(out.behind == [PAINT; 64]);
            assert_eq!(out.create.cell_type, 0);
            assert_eq!(out.create.onionskin, [0; 505]);
        }],
    },
    Difference {
        name: "circuit-cell-null",
        c: C::Aborts,
        calls: &[
            |side| {
                let (no_cell, no_create) = (ptr::null(), ptr::null_mut());
                // SAFETY: nothing.
                assert_eq!(-1, unsafe {
                    match side {
                        Side::C => ctor::cells::create_cell_parse(no_create, no_cell),
                        Side::Rust => ffi::cells::create::create_cell_parse(no_create, no_cell),
                    }
                });
            },
            |side| {
                let (mut extend, none) = (painted(), ptr::null());
                // SAFETY: room, and no data.
                assert_eq!(-1, unsafe {
                    match side {
                        Side::C => ctor::cells::extend_cell_parse(&mut extend, EXTEND2, none, 9),
                        Side::Rust => {
                            ctor::cells::glue::extend_cell_parse(&mut extend, EXTEND2, none, 9)
                        }
                    }
                });
            },
        ],
    },
    Difference {
        name: "stream-nothing-given",
        c: C::Aborts,
        calls: &[
            |side| assert_eq!(stream::GIVEN_NOTHING[0](side), -1),
            |side| assert_eq!(stream::GIVEN_NOTHING[1](side), -1),
            |side| assert_eq!(stream::GIVEN_NOTHING[2](side), -1),
            |side| assert_eq!(stream::GIVEN_NOTHING[3](side), -1),
        ],
    },
    Difference {
        name: "hs-cell-nothing-given",
        c: C::Aborts,
        calls: &[
            |side| assert_eq!(hs_cell::given_nothing(side, 0), 0),
            |side| assert_eq!(hs_cell::given_nothing(side, 1), 0),
            |side| assert_eq!(hs_cell::given_nothing(side, 2), -1),
            |side| assert_eq!(hs_cell::given_nothing(side, 3), -1),
            |side| assert_eq!(hs_cell::given_nothing(side, 4), -1),
        ],
    },
    Difference {
        name: "hs-cell-no-room",
        c: C::Aborts,
        calls: &[
            |side| {
                for (len, expected) in [(478, 498), (479, 0)] {
                    let (built, _) = hs_cell::build(side, &ToBuild::Rendezvous1(20, len));
                    assert_eq!(built, expected, "{len} bytes");
                }
            },
            |side| {
                for (len, expected) in [(64, 0), (63, -1)] {
                    let status = hs_cell::read_rendezvous2_into(side, len);
                    assert_eq!(status, expected, "{len} bytes");
                }
            },
        ],
    },
    Difference {
        name: "hs-introduce1-impossible",
        c: C::Aborts,
        calls: &[
            |side| assert!(introduce1_with(side, 0) < 0),
            |side| assert!(introduce1_with(side, 20) < 0),
            |side| assert!(introduce1_with(side, 23) < 0),
        ],
    },
    Difference {
        name: "conflux-impossible",
        c: C::Aborts,
        calls: &[
            |side| assert!(conflux::reads_no_link(side)),
            |side| assert!(conflux::reads_no_switch(side)),
            |side| {
                for wish in 0..=255 {
                    let (len, _) = conflux::write(side, &conflux::link_with(wish));
                    assert_eq!(len, if wish <= 4 { 50 } else { -1 });
                }
            },
        ],
    },
    Difference {
        name: "sendme-tag-length",
        c: C::Aborts,
        calls: &[|side| {
            for len in [16, 20, 0, 15, 17, 19, 21, 100] {
                let (written, _) = sendme::write(side, &[7; 100][..len]);
                let fits = len == 16 || len == 20;
                assert_eq!(written, if fits { 3 + len as isize } else { -1 });
            }
        }],
    },
    Difference {
        name: "cert-impossible",
        c: C::Aborts,
        calls: &[
            // A key without its secret, and one whose signatures are too long.
            |side| assert_eq!(crosscert::make(side, Rsa::short(0).public(), 1 << 30).0, -1),
            |side| assert_eq!(crosscert::make(side, Rsa::long(), 1 << 30).0, -1),
            |side| {
                let cert = Cert::parse(side, &certificate::plain()).unwrap().cut(63);
                assert_eq!(cert.checksig(None, 0), -1);
            },
        ],
    },
    Difference {
        name: "negotiation-refused",
        c: C::AnswersOtherwise,
        calls: &[
            |side| {
                // Counter Galois Onion, but no congestion control.
                let (status, answer, _) = negotiation::ask(side, true, 31, b"\x01\x03\x02\x02\x06");
                assert_eq!(status, -1);
                rust_only(answer.get() == Some(&[PAINT]));
            },
            |side| {
                // The same twice.
                let request = b"\x01\x03\x04\x02\x06\x02\x06";
                let (status, _, params) = negotiation::ask(side, true, 31, request);
                assert_eq!(status, -1);
                rust_only(params == negotiation::NO_PARAMS);
            },
        ],
    },
    Difference {
        name: "assert-empty",
        c: C::Aborts,
        calls: &[|side| BareTor1::zeroed(implementation::of(side)).assert_ok()],
    },
    Difference {
        name: "init-twice",
        c: C::Aborts,
        calls: &[|side| {
            let side = implementation::of(side);
            let keys = vec![1; Algorithm::Tor1.key_material_len(side)];
            let mut state = BareTor1::zeroed(side);
            assert_eq!(state.init(Algorithm::Tor1, End::Client, &keys), 0);
            assert_eq!(state.init(Algorithm::Tor1, End::Client, &keys), -1);
            assert!(!state.is_empty());
        }],
    },
    Difference {
        name: "cgo-key-length",
        c: C::Aborts,
        calls: &[|side| {
            let side = implementation::of(side);
            let keys = [0; 200];
            for len in 0..keys.len() {
                // SAFETY: the keys are valid for this length.
                let cgo = unsafe { (side.cgo.new)(0, 128, keys.as_ptr(), len) };
                assert_eq!(cgo.is_null(), len != 80, "{len} bytes");
                // SAFETY: null or a state that nothing else uses.
                unsafe { (side.cgo.free)(cgo) };
            }
        }],
    },
    Difference {
        name: "cgo-aes-bits",
        c: C::Aborts,
        calls: &[|side| {
            for bits in [-1, 0, 16, 127, 129, 512] {
                // SAFETY: takes any number.
                let len = unsafe { (implementation::of(side).cgo.key_material_len)(bits) };
                assert_eq!(len, 0, "{bits} bits");
            }
        }],
    },
    Difference {
        name: "handshake-keys-length",
        c: C::Aborts,
        calls: &[
            |side| {
                for (len, expected) in [(5_100, 0), (5_101, -1)] {
                    let (status, _) = fast::answer(side, &[1; 20], &mut room(len));
                    assert_eq!(status, expected, "{len} bytes");
                }
            },
            |side| {
                for (len, expected) in [(8_160, 0), (8_161, -1)] {
                    assert_eq!(answer_ntor(side, &mut room(len)), expected, "{len} bytes");
                }
            },
            |side| assert_eq!(answer_ntor(side, &mut []), 0),
        ],
    },
    Difference {
        name: "handshake-null",
        c: C::Aborts,
        calls: &[
            |side| {
                let (id, mut onionskin, mut state) = ([7; 20], [0; 84], ptr::null_mut());
                // SAFETY: an identity, no key, and room for a state and an onionskin.
                let status = unsafe {
                    let out = onionskin.as_mut_ptr();
                    call!(
                        side,
                        onion_skin_ntor_create(id.as_ptr(), ptr::null(), &mut state, out)
                    )
                };
                assert_eq!(status, -1);
                assert!(state.is_null());
            },
            |side| {
                let mut answer = [0; 40];
                // SAFETY: no message, and room for an answer.
                let status = unsafe {
                    let out = answer.as_mut_ptr();
                    call!(
                        side,
                        fast_server_handshake(ptr::null(), out, ptr::null_mut(), 0)
                    )
                };
                assert_eq!(status, -1);
            },
        ],
    },
    Difference {
        name: "ntor3-null-message",
        c: C::Aborts,
        calls: &[|side| {
            let (id, onion_key) = ([7; 32], pair(1).public);
            let mut state = ptr::null_mut();
            let mut onionskin = Message::none();
            // SAFETY: an identity, a key, strings of no bytes, and room.
            let status = unsafe {
                let (out, len_out) = (onionskin.out(), onionskin.len_out());
                let none = ptr::null();
                call!(
                    side,
                    onion_skin_ntor3_create(
                        &id, &onion_key, none, 0, none, 0, &mut state, out, len_out,
                    )
                )
            };
            assert_eq!((status, onionskin.get().map(<[u8]>::len)), (0, Some(128)));
            // SAFETY: the side's own state, freed once.
            unsafe { call!(side, ntor3_handshake_state_free_(state)) };
        }],
    },
    Difference {
        name: "ntor-refused-reply",
        c: C::AnswersOtherwise,
        calls: &[|side| {
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
            rust_only(reply[..] == room(64));
        }],
    },
    Difference {
        name: "ntor3-state-after-failure",
        c: C::AnswersOtherwise,
        calls: &[|side| {
            let no_key = PublicKey([0; 32]);
            let client = ntor_v3::Client::new(side, &[7; 32], &no_key, b"", b"");
            assert_eq!(client.status, -1);
            rust_only(client.state.bytes().is_none());
        }],
    },
    Difference {
        name: "ntor3-no-key",
        c: C::Aborts,
        calls: &[|side| {
            let keys = Keys::usual();
            let id = bytes_of(2);
            let other_key = pair(9).public;
            let client = ntor_v3::Client::new(side, &id, &other_key, b"", b"");
            let onionskin = client.onionskin.get().unwrap();
            let relay = ntor_v3::Relay::new(side, &keys.map(), None, &id, onionskin, b"");
            assert_eq!(relay.status, -1);
            assert!(relay.state.bytes().is_none());
        }],
    },
    Difference {
        name: "hs-ntor-nothing-given",
        c: C::Aborts,
        calls: &[
            |side| assert_eq!(introduce(side, 0, &[3; 32]), -1),
            |side| assert_eq!(introduce(side, 1, ptr::null()), -1),
            |side| {
                let keys = Default::default();
                // SAFETY: keys, and no MAC.
                let good = unsafe {
                    call!(
                        side,
                        hs_ntor_client_rendezvous2_mac_is_good(&keys, ptr::null())
                    )
                };
                assert_eq!(good, 0);
            },
        ],
    },
    Difference {
        name: "trunnel-beyond-the-end",
        c: C::Aborts,
        calls: &[
            |side| beyond_the_end(side, "rsa_ed_crosscert", "ed_key", 32),
            |side| beyond_the_end(side, "create2_cell_body", "handshake_data", 0),
            |side| beyond_the_end(side, "auth_challenge_cell", "methods", 0),
            |side| beyond_the_end(side, "domainname", "name", 0),
            |side| beyond_the_end(side, "certs_cell", "certs", 0),
            |side| {
                let object = Owned::new(side, number_of("certs_cell"));
                let Access::List { set0, .. } = object.field("certs") else {
                    panic!();
                };
                // SAFETY: an object, and no child.
                assert_eq!(unsafe { set0(object.as_ptr(), 0, 0) }, -1);
            },
        ],
    },
    Difference {
        name: "trunnel-no-object",
        c: C::Aborts,
        calls: &[
            |side| {
                let none = Owned::none(side, number_of("netinfo_cell"));
                let Access::Integer { get, .. } = none.field("timestamp") else {
                    panic!();
                };
                // SAFETY: no object.
                assert_eq!(unsafe { get(ptr::null_mut()) }, 0);
            },
            |side| {
                let none = Owned::none(side, number_of("netinfo_cell"));
                let Access::Integer { set, .. } = none.field("timestamp") else {
                    panic!();
                };
                // SAFETY: no object.
                assert_eq!(unsafe { set(ptr::null_mut(), 1) }, -1);
            },
            |side| {
                let none = Owned::none(side, number_of("netinfo_cell"));
                // SAFETY: no object.
                let status = unsafe { (none.functions().clear_errors)(ptr::null_mut()) };
                assert_eq!(status, -1);
            },
        ],
    },
    Difference {
        name: "trunnel-no-text",
        c: C::Aborts,
        calls: &[
            |side| {
                let object = Owned::new(side, number_of("socks4_client_request"));
                let Access::Text { set, get } = object.field("username") else {
                    panic!();
                };
                // SAFETY: an object, and no text.
                unsafe {
                    assert_eq!(set(object.as_ptr(), ptr::null()), -1);
                    assert!(get(object.as_ptr()).is_null());
                }
            },
            |side| {
                let object = Owned::new(side, number_of("domainname"));
                let Access::String { set_str, .. } = object.field("name") else {
                    panic!();
                };
                // SAFETY: an object, and no text.
                assert_eq!(unsafe { set_str(object.as_ptr(), ptr::null()) }, -1);
            },
        ],
    },
    Difference {
        name: "trunnel-too-long",
        c: C::Aborts,
        calls: &[|side| {
            let object = Owned::new(side, number_of("trn_cell_rendezvous1"));
            let Access::Array { grow, .. } = object.field("handshake_info") else {
                panic!();
            };
            // SAFETY: an object.
            let status = unsafe { (grow.set_len)(object.as_ptr(), usize::MAX) };
            assert_eq!(status, -1);
        }],
    },
    Difference {
        name: "trunnel-no-space",
        c: C::AnswersOtherwise,
        calls: &[|side| {
            // An address with a wrong length.
            let object = Owned::new(side, number_of("link_specifier"));
            let Access::Integer { set, .. } = object.field("ls_len") else {
                panic!();
            };
            let mut space = [0xa6; 8];
            // SAFETY: an object, and space.
            let code = unsafe {
                assert_eq!(set(object.as_ptr(), 99), 0);
                (object.functions().encode)(space.as_mut_ptr(), 4, object.as_ptr())
            };
            assert_eq!(code, -2);
            assert_eq!(space[4..], [0xa6; 4]);
            rust_only(space[1] == 0);
        }],
    },
];

/// Reads and writes an element that is not there.
fn beyond_the_end(side: Side, format: &str, field: &str, number: usize) {
    let object = Owned::new(side, number_of(format));
    let (Access::Bytes(elements)
    | Access::Array { elements, .. }
    | Access::String { elements, .. }
    | Access::List { elements, .. }) = object.field(field)
    else {
        panic!("{field} has no elements");
    };
    // SAFETY: an object.
    unsafe {
        assert_eq!((elements.get)(object.as_ptr(), number), 0);
        assert_eq!((elements.get_const)(object.as_ptr(), number), 0);
        assert_eq!((elements.set)(object.as_ptr(), number, 0), -1);
    }
}

/// The return code for so much handshake data of this type, and the length in the
/// cell.
fn passed_on(side: Side, len: u16, handshake_type: u16, relayed: bool) -> (i32, u16) {
    let mut create = create::init(side, CREATE2, handshake_type, &[1; 505]);
    create.handshake_len = len;
    let mut out = create::cell_of(PAINT, &[PAINT; 509]);
    let status = create::format(side, &create, relayed, &mut out);
    let [_, _, l0, l1, ..] = out.payload;
    (status, u16::from_be_bytes([l0, l1]))
}

/// A client's return code for an INTRODUCE1 with so many link specifiers.
fn introduce1_with(side: Side, specifiers: usize) -> isize {
    let specifier = [&[2, 20][..], &[7; 20]].concat();
    let case = ToBuild::Introduce1 {
        first: 77,
        zero_key: false,
        specifiers: specifier.repeat(specifiers),
        congestion_control: false,
        pow: false,
    };
    hs_cell::build(side, &case).0
}

/// A relay's return code for an honest onionskin.
fn answer_ntor(side: Side, key_material: &mut [u8]) -> i32 {
    let (keys, id) = (Keys::usual(), bytes_of(2));
    let onionskin = ntor::Client::new(side, &id, &keys.asked).onionskin;
    let relay = ntor::Relay {
        side,
        map: &keys.map(),
        junk: keys.junk(),
        id: &id,
    };
    relay.reply(&onionskin, key_material).0
}

/// A service's return code for so many subcredentials.
fn introduce(side: Side, number: usize, subcredentials: *const [u8; 32]) -> i32 {
    let (auth_key, enc, client) = ([1; 32], pair(1), pair(2));
    let mut keys = Default::default();
    // SAFETY: keys, as many subcredentials as it is told or none, and room for
    // keys.
    unsafe {
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
    }
}

/// `SIDE DIFFERENCE NUMBER`, for [`make_the_call`].
const CALL: &str = "TORRS_PARITY_CALL";

#[test]
#[ignore = "run by the other tests, in a process of its own"]
fn make_the_call() {
    let call = std::env::var(CALL).unwrap();
    let [side, name, number] = call.split(' ').collect::<Vec<_>>()[..] else {
        panic!("{CALL}={call}");
    };
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
    let number: usize = number.parse().unwrap();
    (difference.unwrap().calls[number])(side);
}

fn make_call(side: &str, name: &str, number: usize) -> Output {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "make_the_call", "--ignored"])
        .env(CALL, format!("{side} {name} {number}"))
        .output()
        .unwrap()
}

#[test]
fn c_still_does_otherwise() {
    for difference in DIFFERENCES {
        let name = difference.name;
        for number in 0..difference.calls.len() {
            let rust = make_call("Rust", name, number).status;
            assert!(
                rust.success(),
                "{name}: Rust does not do what DIFFERENCES.md says: {rust}"
            );
            let c = make_call("C", name, number).status;
            let found = match (c.signal(), c.code()) {
                (Some(libc::SIGABRT), _) => C::Aborts,
                (_, Some(OTHERWISE)) => C::AnswersOtherwise,
                _ => panic!(
                    "{name}, call {number}: C no longer differs: take the row out of \
                     DIFFERENCES.md: {c}"
                ),
            };
            assert_eq!(found, difference.c, "{name}, call {number}");
        }
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
