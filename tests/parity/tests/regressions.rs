//! Bugs that C Tor once had in reading cells (its ChangeLog): the bytes that met
//! them, and what a tor makes of these bytes that does not have the bug. One test a
//! row; both sides have to say it, so that a bug which came back on both would
//! be noticed too.
//!
//! What a hostile client or relay can make a relay do stands in
//! `tests/network/tests/hostile/regressions.rs`: whole programs answer there. Here
//! stand the functions, those of a client among them.

use std::process::ExitCode;

use ctor::log;
use ffi::cell::cell_t;
use ffi::cells::create::{create_cell_t, created_cell_t};
use ffi::cells::extend::{extend_cell_t, extended_cell_t};
use libtest_mimic::{Arguments, Failed, Trial};
use parity::cells::extend::Written;
use parity::cells::{conflux, create, extend, painted, relay_msg, stream};
use parity::laboratory::Side;
use parity::observed::Observed;
use wire::create::CREATED2;
use wire::extend::{EXTEND2, EXTENDED2};
use wire::CELL_BODY_LEN;

/// Asks a side about bytes, and puts its answer in words.
type Ask = fn(Side, &[u8]) -> String;

/// One bug and one of the inputs that met it.
struct Regression {
    /// A TROVE or a ticket.
    bug: &'static str,
    /// What does not go wrong.
    holds: String,
    /// How a side is asked.
    ask: Ask,
    /// What it is asked about.
    bytes: Vec<u8>,
    /// What both sides have to say.
    answer: &'static str,
}

fn main() -> ExitCode {
    ctor::init();
    let rows = [
        relay_messages(),
        handshake_cells(),
        begin_messages(),
        connected_messages(),
        switch_messages(),
    ];
    let trials = rows
        .into_iter()
        .flatten()
        .map(|row| {
            let name = format!("{}::{}", row.bug, row.holds);
            Trial::test(name, move || row.both_sides_say_it())
        })
        .collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn row(
    bug: &'static str,
    holds: impl Into<String>,
    ask: Ask,
    bytes: Vec<u8>,
    answer: &'static str,
) -> Regression {
    Regression {
        bug,
        holds: holds.into(),
        ask,
        bytes,
        answer,
    }
}

impl Regression {
    fn both_sides_say_it(&self) -> Result<(), Failed> {
        let [c, rust] = [Side::C, Side::Rust].map(|side| {
            log::take();
            let answer = (self.ask)(side, &self.bytes);
            (answer, log::take())
        });
        for (side, (answer, _)) in [("C", &c), ("Rust", &rust)] {
            if answer != self.answer {
                return Err(format!("{side} says {answer}, not {}", self.answer).into());
            }
        }
        match c.1 == rust.1 {
            true => Ok(()),
            false => Err(format!("logs differ: {:?}, {:?}", c.1, rust.1).into()),
        }
    }
}

/// relay_msg.c, both formats: who reads a message has to learn how long it is, and
/// never that it goes on behind its cell. What is behind a message is what a reader
/// would take for more of it.
fn relay_messages() -> Vec<Regression> {
    const BEGIN: u8 = 1;
    const END: u8 = 3;
    const TRUNCATE: u8 = 8;
    const TRUNCATED: u8 = 9;
    const TARGET: &[u8] = b"127.0.0.1:9\0\0\0\0";
    const WITH_TARGET: &str = "1, stream 1: 3132372e302e302e313a3900000000";
    // One more than there is room for, in either format.
    const BEHIND: [u16; 2] = [499, 489];
    const TARGET_LEN: [u16; 2] = [TARGET.len() as u16; 2];
    #[rustfmt::skip]
    let rows = [
        message("TROVE-2025-016", "EXTENDED2 of one byte is no longer", (EXTENDED2, None, [1; 2], &[0]), "15, stream 0: 00"),
        message("TROVE-2026-007", "BEGIN ends behind 3 bytes of flags", (BEGIN, Some(1), TARGET_LEN, TARGET), WITH_TARGET),
        message("TROVE-2026-007", "BEGIN does not end behind its cell", (BEGIN, Some(1), BEHIND, TARGET), "refused"),
        message("TROVE-2026-011", "END without reason is empty", (END, Some(1), [0; 2], &[]), "3, stream 1: "),
        message("TROVE-2026-011", "TRUNCATE without reason is empty", (TRUNCATE, None, [0; 2], &[]), "8, stream 0: "),
        message("TROVE-2026-011", "TRUNCATED without reason is empty", (TRUNCATED, None, [0; 2], &[]), "9, stream 0: "),
    ];
    rows.into_iter().flatten().collect()
}

/// A relay message, read from a cell of either format: command, stream, length in
/// each format, and what there is of the body.
fn message(
    bug: &'static str,
    holds: &str,
    (command, stream, length, body): (u8, Option<u16>, [u16; 2], &[u8]),
    answer: &'static str,
) -> [Regression; 2] {
    let (in_0, in_1): (Ask, Ask) = (
        |side, cell| relay_message(side, 0, cell),
        |side, cell| relay_message(side, 1, cell),
    );
    let cells = [
        (0, in_0, cell_0(command, stream, length[0], body)),
        (1, in_1, cell_1(command, stream, length[1], body)),
    ];
    cells.map(|(format, ask, cell)| {
        let holds = format!("{holds}, format {format}");
        row(bug, holds, ask, cell, answer)
    })
}

/// The body of a relay cell of format 0: command, `Recognized`, stream, `Digest`,
/// length, the message, and behind it what is none of it.
fn cell_0(command: u8, stream: Option<u16>, length: u16, body: &[u8]) -> Vec<u8> {
    let stream = stream.unwrap_or(0).to_be_bytes();
    let length = length.to_be_bytes();
    let cell = [&[command, 0, 0], &stream[..], &[0; 4], &length, body].concat();
    filled(cell, CELL_BODY_LEN)
}

/// The same of format 1: tag, command, length, the stream of messages that have one.
fn cell_1(command: u8, stream: Option<u16>, length: u16, body: &[u8]) -> Vec<u8> {
    let stream = stream.map(u16::to_be_bytes);
    let stream = stream.as_ref().map_or(&[][..], |stream| stream);
    let length = length.to_be_bytes();
    let cell = [&[0; 16], &[command][..], &length, stream, body].concat();
    filled(cell, CELL_BODY_LEN)
}

/// So many bytes; what is behind the given ones is none of theirs.
fn filled(mut bytes: Vec<u8>, length: usize) -> Vec<u8> {
    bytes.resize(length, 2);
    bytes
}

fn relay_message(side: Side, format: u32, body: &[u8]) -> String {
    let cell = cell_t {
        circ_id: 7,
        command: 3,
        payload: body.try_into().expect("a cell has 509 bytes"),
    };
    let (status, msg) = relay_msg::decode(side, format, &cell);
    if status != 0 {
        return "refused".to_owned();
    }
    let at = msg.body as usize - cell.payload.as_ptr() as usize;
    let body: String = cell.payload[at..at + usize::from(msg.length)]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("{}, stream {}: {body}", msg.command, msg.stream_id)
}

/// onion.c: the length that a cell names is neither that of what comes nor that of
/// what there is room for.
fn handshake_cells() -> Vec<Regression> {
    const CREATE: u8 = 1;
    let cell = |beginning: &[u8]| filled(beginning.to_owned(), 1 + CELL_BODY_LEN);
    let created2 = |length: u16| cell(&[&[CREATED2], &length.to_be_bytes()[..]].concat());
    let extended2 = |length: u16, there: usize| filled(length.to_be_bytes().to_vec(), 2 + there);
    // An address, the RSA identity; ntor.
    let extend2 = |address: [u8; 6]| {
        let specifiers = [&[2, 0, 6], &address[..], &[2, 20], &[9; 20]].concat();
        [&specifiers[..], &[0, 2, 0, 84], &[7; 84]].concat()
    };
    let ntor_in_create = cell(&[&[CREATE], &b"ntorNTORntorNTOR"[..]].concat());
    let [zero_address, zero_port] = [[0, 0, 0, 0, 0, 9], [127, 0, 0, 1, 0, 0]].map(extend2);
    #[rustfmt::skip]
    let rows = vec![
        row("TROVE-2025-016", "EXTENDED2 without body is refused", extended2_of, vec![], "refused"),
        row("TROVE-2025-016", "EXTENDED2 of one byte is refused", extended2_of, vec![0], "refused"),
        row("TROVE-2025-016", "EXTENDED2 of 2 bytes that names 0 is taken", extended2_of, extended2(0, 0), "11, 0 bytes"),
        row("TROVE-2025-016", "EXTENDED2 of 2 bytes that names 1 is refused", extended2_of, extended2(1, 0), "refused"),
        row("TROVE-2025-016", "EXTENDED2 of 2 bytes that names 65535 is refused", extended2_of, extended2(65535, 0), "refused"),
        row("TROVE-2026-003", "CREATED2 of 496 bytes is taken and sent on", created2_of, created2(496), "11, 496 bytes; sent on: 15, 498 bytes"),
        row("TROVE-2026-003", "CREATED2 of 497 bytes is refused", created2_of, created2(497), "refused"),
        row("TROVE-2026-003", "CREATED2 of 507 bytes is refused", created2_of, created2(507), "refused"),
        row("TROVE-2026-003", "CREATED2 of 508 bytes is refused", created2_of, created2(508), "refused"),
        row("TROVE-2026-003", "CREATED2 of 507 bytes is not sent on", sent_on, 507_u16.to_be_bytes().to_vec(), "refused"),
        row("TROVE-2026-003", "EXTENDED2 of 496 bytes is taken", extended2_of, extended2(496, 496), "11, 496 bytes"),
        row("TROVE-2026-003", "EXTENDED2 of 497 bytes is refused", extended2_of, extended2(497, 497), "refused"),
        row("33900", "EXTEND2 to an address is taken", extend2_of, extend2([127, 0, 0, 1, 0, 9]), "2, 84 bytes"),
        row("33900", "EXTEND2 to address 0 is refused", extend2_of, zero_address, "refused"),
        row("33900", "EXTEND2 to port 0 is refused", extend2_of, zero_port, "refused"),
        row("10536", "EXTEND2 without body is refused", extend2_of, vec![], "refused"),
        row("7959", "CREATE with ntor in it is refused", create, ntor_in_create, "refused"),
    ];
    rows
}

/// A cell that asks for a circuit: its command, and its body.
fn create(side: Side, cell: &[u8]) -> String {
    let mut create: create_cell_t = painted();
    match create::parse(side, &cell_of(cell), &mut create) {
        0 => format!("{}, {} bytes", create.handshake_type, create.handshake_len),
        _ => "refused".to_owned(),
    }
}

/// A cell that answers, and the message in which it is sent on.
fn created2_of(side: Side, cell: &[u8]) -> String {
    let mut created: created_cell_t = painted();
    match create::parse_created(side, &cell_of(cell), &mut created) {
        0 => {
            let bytes = format!("{}, {} bytes", created.cell_type, created.handshake_len);
            format!("{bytes}; sent on: {}", sent(side, created))
        }
        _ => "refused".to_owned(),
    }
}

/// An answer of so many bytes, as nothing that was read should be.
fn sent_on(side: Side, length: &[u8]) -> String {
    let length = length.try_into().expect("two bytes are a length");
    let created = created_cell_t {
        cell_type: CREATED2,
        handshake_len: u16::from_be_bytes(length),
        reply: [2; 507],
    };
    sent(side, created)
}

/// The message in which an answer is sent on.
fn sent(side: Side, created_cell: created_cell_t) -> String {
    let extended = extended_cell_t {
        cell_type: EXTENDED2,
        created_cell,
    };
    let mut written = Written::nothing();
    match extend::format_extended(side, &extended, &mut written) {
        0 => format!("{}, {} bytes", written.command, written.len),
        _ => "refused".to_owned(),
    }
}

/// What an EXTEND2 message asks for.
fn extend2_of(side: Side, body: &[u8]) -> String {
    let mut extend: extend_cell_t = painted();
    match extend::parse(side, EXTEND2, body, &mut extend) {
        0 => {
            let create = extend.create_cell;
            format!("{}, {} bytes", create.handshake_type, create.handshake_len)
        }
        _ => "refused".to_owned(),
    }
}

/// The answer in an EXTENDED2 message.
fn extended2_of(side: Side, body: &[u8]) -> String {
    let mut extended: extended_cell_t = painted();
    match extend::parse_extended(side, EXTENDED2, body, &mut extended) {
        0 => {
            let created = extended.created_cell;
            format!("{}, {} bytes", created.cell_type, created.handshake_len)
        }
        _ => "refused".to_owned(),
    }
}

/// A cell: its command, and its body.
fn cell_of(cell: &[u8]) -> cell_t {
    let (command, body) = cell.split_first().expect("a cell has a command");
    create::cell_of(*command, body.try_into().expect("a cell has 509 bytes"))
}

/// begin_cell_parse: four bytes are flags, and three are none, whatever is behind the
/// message.
fn begin_messages() -> Vec<Regression> {
    const MESSAGE: &[u8] = b"a.b:80\0\x42\x43\x44";
    let (three, four): (Ask, Ask) = (
        |side, cell| begin_flags(side, &cell[..MESSAGE.len()]),
        |side, cell| begin_flags(side, &cell[..MESSAGE.len() + 1]),
    );
    let cell = || filled(MESSAGE.to_owned(), CELL_BODY_LEN);
    let bug = "TROVE-2026-007";
    vec![
        row(bug, "3 bytes of BEGIN are no flags", three, cell(), "0x0"),
        row(
            bug,
            "4 bytes of BEGIN are flags",
            four,
            cell(),
            "0x42434402",
        ),
    ]
}

fn begin_flags(side: Side, body: &[u8]) -> String {
    const BEGIN: u8 = 1;
    let flags = stream::begin::read(side, BEGIN, body, &mut Observed::default());
    format!("{flags:#x}")
}

/// connected_cell_parse: what is too short for the address that it begins with has
/// none.
fn connected_messages() -> Vec<Regression> {
    const BUG: &str = "26072";
    let ipv6 = |last: usize| [&[0, 0, 0, 0, 6][..], &vec![7; last]].concat();
    #[rustfmt::skip]
    let rows = vec![
        row(BUG, "CONNECTED of 1 byte is refused", connected, vec![1], "refused"),
        row(BUG, "CONNECTED of 3 bytes is refused", connected, vec![1; 3], "refused"),
        row(BUG, "CONNECTED with a part of an IPv6 address is refused", connected, ipv6(19), "refused"),
        row(BUG, "CONNECTED with an IPv6 address is taken", connected, ipv6(20), "ttl 117901063"),
        row(BUG, "CONNECTED with a too large TTL is taken without", connected, vec![127, 0, 0, 1, 128, 0, 0, 0], "ttl -1"),
    ];
    rows
}

fn connected(side: Side, body: &[u8]) -> String {
    let (status, _, ttl) = stream::connected::read(side, body, &mut Observed::default());
    match status {
        0 => format!("ttl {ttl}"),
        _ => "refused".to_owned(),
    }
}

/// conflux_cell_parse_switch: what is too short has no number.
fn switch_messages() -> Vec<Regression> {
    const BUG: &str = "41056";
    #[rustfmt::skip]
    let rows = vec![
        row(BUG, "CONFLUX_SWITCH of 3 bytes says 0", switch, vec![0, 0, 1], "0"),
        row(BUG, "CONFLUX_SWITCH of 4 bytes says a number", switch, vec![0, 0, 1, 2], "258"),
    ];
    rows
}

fn switch(side: Side, message: &[u8]) -> String {
    conflux::switch(side, message).to_string()
}
