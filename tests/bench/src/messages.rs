//! What it costs to read a cell from a link, and a relay message from the cell; and
//! to write each; and the cells and messages that make circuits.

use std::hint::black_box;

use ctor::hs_cell::{ForRelays, Read};
use ffi::cell::cell_t;
use ffi::cells::create::create_cell_t;
use ffi::cells::relay_msg::relay_msg_t;
use parity::cells::extend::Written;
use parity::cells::framing::{functions, pack, unpack, Buffer, Link, VarCell};
use parity::cells::hs_cell::{build, ToBuild};
use parity::cells::relay_msg::{encode, UNFIT};
use parity::cells::{conflux, create, extend, negotiation, painted, relay_msg, sendme};
use parity::laboratory::Side;
use wire::cell::WIDE_VAR_HEADER_LEN;
use wire::create::{CREATE2, CREATED2};
use wire::extend::{EXTEND2, EXTENDED2};
use wire::{CellBody, CELL_BODY_LEN};

use crate::work::Work;

/// How often a cell or message is read or written before its time is taken.
const AT_ONCE: u32 = 200;

/// Relay commands: one with a stream, one without.
const DATA: u8 = 2;
const SENDME: u8 = 5;

/// The rows, in the order of the table.
pub const MESSAGES: [Work; 26] = [
    Work {
        name: "cell read, link 4",
        at_once: AT_ONCE,
        prepare: |side| unpack_cell(side, true),
    },
    Work {
        name: "cell read, link 3",
        at_once: AT_ONCE,
        prepare: |side| unpack_cell(side, false),
    },
    Work {
        name: "cell written, link 4",
        at_once: AT_ONCE,
        prepare: |side| pack_cell(side, true),
    },
    Work {
        name: "cell written, link 3",
        at_once: AT_ONCE,
        prepare: |side| pack_cell(side, false),
    },
    Work {
        name: "CERTS cell read",
        at_once: AT_ONCE,
        prepare: certs,
    },
    Work {
        name: "CERTS cell header written",
        at_once: AT_ONCE,
        prepare: certs_header,
    },
    Work {
        name: "DATA read, version 0",
        at_once: AT_ONCE,
        prepare: |side| read(side, 0, DATA, 498),
    },
    Work {
        name: "DATA read, version 1",
        at_once: AT_ONCE,
        prepare: |side| read(side, 1, DATA, 488),
    },
    Work {
        name: "DATA written, version 0",
        at_once: AT_ONCE,
        prepare: |side| write(side, 0, DATA, 498),
    },
    Work {
        name: "DATA written, version 1",
        at_once: AT_ONCE,
        prepare: |side| write(side, 1, DATA, 488),
    },
    Work {
        name: "SENDME written, version 0",
        at_once: AT_ONCE,
        prepare: |side| write(side, 0, SENDME, 23),
    },
    Work {
        name: "SENDME written, version 1",
        at_once: AT_ONCE,
        prepare: |side| write(side, 1, SENDME, 19),
    },
    Work {
        name: "CREATE2 read",
        at_once: AT_ONCE,
        prepare: |side| {
            let (create, mut cell, mut out) = (create2(side), no_cell(), on_one_page(painted()));
            assert_eq!(create::format(side, &create, false, &mut cell), 0);
            repeat(move || create::parse(side, black_box(&cell), black_box(&mut out.0)))
        },
    },
    Work {
        name: "CREATE2 written",
        at_once: AT_ONCE,
        prepare: |side| {
            let (create, mut out) = (create2(side), on_one_page(no_cell()));
            repeat(move || create::format(side, black_box(&create), false, black_box(&mut out.0)))
        },
    },
    Work {
        name: "CREATED2 read",
        at_once: AT_ONCE,
        prepare: |side| {
            let (cell, mut out) = (create::cell_of(CREATED2, &answer()), on_one_page(painted()));
            repeat(move || create::parse_created(side, black_box(&cell), black_box(&mut out.0)))
        },
    },
    Work {
        name: "CREATED2 written",
        at_once: AT_ONCE,
        prepare: |side| {
            let (cell, mut created) = (create::cell_of(CREATED2, &answer()), painted());
            assert_eq!(create::parse_created(side, &cell, &mut created), 0);
            let mut out = on_one_page(no_cell());
            repeat(move || create::format_created(side, black_box(&created), black_box(&mut out.0)))
        },
    },
    Work {
        name: "EXTEND2 read",
        at_once: AT_ONCE,
        prepare: |side| {
            let (mut message, mut out) = (Written::nothing(), on_one_page(painted()));
            let extend = extend::message(&NTOR_V3);
            assert_eq!(extend::format(side, &extend, &mut message), 0);
            repeat(move || {
                let data = &message.data[..message.len.into()];
                extend::parse(side, EXTEND2, black_box(data), black_box(&mut out.0))
            })
        },
    },
    Work {
        name: "EXTEND2 written",
        at_once: AT_ONCE,
        prepare: |side| {
            let (message, mut out) = (extend::message(&NTOR_V3), on_one_page(Written::nothing()));
            repeat(move || extend::format(side, black_box(&message), black_box(&mut out.0)))
        },
    },
    Work {
        name: "EXTENDED2 read",
        at_once: AT_ONCE,
        prepare: |side| {
            let (data, mut out) = (answer(), on_one_page(painted()));
            repeat(move || {
                let data = &data[..2 + ANSWER_LEN];
                extend::parse_extended(side, EXTENDED2, black_box(data), black_box(&mut out.0))
            })
        },
    },
    Work {
        name: "EXTENDED2 written",
        at_once: AT_ONCE,
        prepare: |side| {
            let (data, mut extended, mut out) =
                (answer(), painted(), on_one_page(Written::nothing()));
            let data = &data[..2 + ANSWER_LEN];
            assert_eq!(
                extend::parse_extended(side, EXTENDED2, data, &mut extended),
                0
            );
            repeat(move || {
                extend::format_extended(side, black_box(&extended), black_box(&mut out.0))
            })
        },
    },
    Work {
        name: "INTRODUCE1 read at a relay",
        at_once: AT_ONCE,
        prepare: |side| introduce1_at_relay(side),
    },
    Work {
        name: "INTRODUCE2 read by a service",
        at_once: 1,
        prepare: |side| introduce2(side),
    },
    Work {
        name: "ESTABLISH_INTRO read at a relay",
        at_once: AT_ONCE,
        prepare: |side| establish_intro_at_relay(side),
    },
    Work {
        name: "SENDME's tag written",
        at_once: AT_ONCE,
        prepare: |side| {
            repeat(move || {
                black_box(sendme::write(side, black_box(&[7; 20])));
                0
            })
        },
    },
    Work {
        name: "CONFLUX_SWITCH read",
        at_once: AT_ONCE,
        prepare: |side| {
            repeat(move || {
                black_box(conflux::switch(side, black_box(&[0, 0, 1, 0])));
                0
            })
        },
    },
    Work {
        name: "ntor v3 request answered",
        at_once: AT_ONCE,
        prepare: |side| {
            let request = black_box(b"\x02\x01\0\x03\x02\x02\x06");
            repeat(move || negotiation::ask(side, true, 31, request).0)
        },
    },
];

/// A client's message of ntor v3, and the length of a relay's: those that
/// negotiate congestion control.
const NTOR_V3: [u8; 131] = [7; 131];
const ANSWER_LEN: usize = 68;

/// Something of less than 1024 bytes. Where one of these lies on two pages, which is
/// a matter of chance, writing it takes up to three times as long.
#[repr(align(1024))]
struct OnOnePage<T>(T);

fn on_one_page<T>(it: T) -> Box<OnOnePage<T>> {
    Box::new(OnOnePage(it))
}

/// What is done again and again, and has to return 0.
fn repeat(mut work: impl FnMut() -> i32 + 'static) -> Box<dyn FnMut()> {
    Box::new(move || {
        for _ in 0..AT_ONCE {
            assert_eq!(work(), 0);
        }
    })
}

fn create2(side: Side) -> create_cell_t {
    create::init(side, CREATE2, 3, &NTOR_V3)
}

fn no_cell() -> cell_t {
    create::cell_of(0, &[0; CELL_BODY_LEN])
}

/// The body of CREATED2.
fn answer() -> CellBody {
    let mut body = [7; CELL_BODY_LEN];
    body[..2].copy_from_slice(&(ANSWER_LEN as u16).to_be_bytes());
    body
}

fn message(format: u32, command: u8, length: u16) -> relay_msg_t {
    // With a body that is long enough for every message.
    let (_, unfit) = UNFIT[0];
    relay_msg_t {
        command,
        length,
        stream_id: u16::from(format == 0 || command == DATA),
        ..unfit
    }
}

fn pack_cell(side: Side, wide: bool) -> Box<dyn FnMut()> {
    let cell = unpack(side, &[7; 514], wide);
    let mut packed = pack(side, &cell, wide);
    let (pack, _) = functions(side);
    Box::new(move || {
        for _ in 0..AT_ONCE {
            // SAFETY: a cell, and room for one.
            unsafe { pack(black_box(&mut packed), black_box(&cell), wide.into()) };
        }
    })
}

fn unpack_cell(side: Side, wide: bool) -> Box<dyn FnMut()> {
    let mut cell = unpack(side, &[7; 514], wide);
    let packed = pack(side, &cell, wide);
    let (_, unpack) = functions(side);
    Box::new(move || {
        for _ in 0..AT_ONCE {
            let packed = black_box(&packed.body).as_ptr().cast();
            // SAFETY: as many bytes as the longest cell has, and room for one.
            unsafe { unpack(black_box(&mut cell), packed, wide.into()) };
        }
    })
}

/// A link's bytes arrive and are taken for a cell, which is freed.
fn certs(side: Side) -> Box<dyn FnMut()> {
    const LEN: u16 = 600;
    let mut cell = vec![0, 0, 0, 0, 129];
    cell.extend(LEN.to_be_bytes());
    cell.resize(cell.len() + usize::from(LEN), 7);
    let buffer = Buffer::new(&Link {
        protocol: 4,
        pieces: vec![1],
        bytes: Vec::new(),
    });
    Box::new(move || {
        for _ in 0..AT_ONCE {
            buffer.add(black_box(&cell));
            let (found, cell) = buffer.fetch(side, 4);
            assert!(found == 1 && cell.is_some());
        }
    })
}

fn certs_header(side: Side) -> Box<dyn FnMut()> {
    let (cell, mut out) = (VarCell::new(side, 600), [0; WIDE_VAR_HEADER_LEN]);
    Box::new(move || {
        for _ in 0..AT_ONCE {
            black_box(&cell).write_header(true, black_box(&mut out));
        }
    })
}

/// What is read is written to a place that is there. To copy it away at once would
/// take longer than to read it: the processor waits for the fields.
fn read(side: Side, format: u32, command: u8, length: u16) -> Box<dyn FnMut()> {
    let mut out = message(format, command, length);
    let (status, cell): (_, cell_t) = encode(side, format, &out);
    assert_eq!(status, 0);
    let decode = relay_msg::functions(side).decode;
    // SAFETY: a cell, and room for a message.
    repeat(move || unsafe { decode(format, black_box(&cell), black_box(&mut out)) })
}

fn write(side: Side, format: u32, command: u8, length: u16) -> Box<dyn FnMut()> {
    let message = message(format, command, length);
    let mut out = on_one_page(no_cell());
    let encode = relay_msg::functions(side).encode;
    // SAFETY: a message with its body, and room for a cell.
    repeat(move || unsafe { encode(format, black_box(&message), black_box(&mut out.0)) })
}

/// An INTRODUCE1 with two link specifiers and congestion control.
fn introduce1() -> Vec<u8> {
    let case = ToBuild::Introduce1 {
        first: 77,
        zero_key: false,
        specifiers: [&[0, 6, 7, 7, 7, 7, 7, 7, 2, 20][..], &[7; 20]].concat(),
        congestion_control: true,
        pow: false,
    };
    built(&case)
}

fn built(case: &ToBuild) -> Vec<u8> {
    let (len, cell) = build(Side::C, case);
    let len = usize::try_from(len).expect("it can be built");
    cell[..len].to_vec()
}

/// A relay reads a message.
fn at_relay(side: Side, what: ForRelays, message: Vec<u8>) -> Box<dyn FnMut()> {
    let read = move || -> Box<Read> { ctor::hs_cell::read(side == Side::Rust, what, &message) };
    assert!(read().status > 0);
    Box::new(move || {
        for _ in 0..AT_ONCE {
            black_box(read());
        }
    })
}

fn introduce1_at_relay(side: Side) -> Box<dyn FnMut()> {
    at_relay(side, ForRelays::Introduce1, introduce1())
}

fn establish_intro_at_relay(side: Side) -> Box<dyn FnMut()> {
    let case = ToBuild::EstablishIntro(7, [true; 2], [5, 9]);
    at_relay(side, ForRelays::EstablishIntro, built(&case))
}

fn introduce2(side: Side) -> Box<dyn FnMut()> {
    let message = introduce1();
    let read = move || ctor::hs_cell::introduce2(side == Side::Rust, 1, &message, true, false);
    assert_eq!(read().status, 0);
    Box::new(move || {
        black_box(read());
    })
}
