//! EXTEND2 and its answer: messages that arrive, messages that are sent.
//!
//! The bytes of an [`ExtendMessages`] input: what is done (below 112: a message that
//! was honest and is changed is read; below 144: one of any bytes; else one is
//! written), then what [`changed`] or [`Sent::of`] takes; or command and bytes. An
//! [`ExtendedMessages`] input: what is done (below 160: a message is read, else one
//! is written), command (see [`command_of`]), the length of the answer (3, see
//! `create::length_of`), that of the data or the command of the cell within (2), the
//! data.

use std::fmt;
use std::sync::Once;

use arbitrary::{Result, Unstructured};
use ffi::cells::extend::{extend_cell_t, extended_cell_t, tor_addr_port_t};
use ffi::host::tor_addr_t;
use wire::create::{CREATE2, CREATED2, MAX_CREATE_LEN, MAX_REPLY_LEN};
use wire::extend::{EXTEND2, EXTENDED2};
use wire::RELAY_DATA_LEN;

use super::create::{data_of, handshake_of, init, length_of, note as note_create, note_created};
use super::{byte, painted, PAINT};
use crate::corpus;
use crate::laboratory::{About, Comparison, Side};
use crate::observed::Observed;

/// The comparison of messages that ask for a longer circuit.
pub struct ExtendMessages;

/// The comparison of messages that answer.
pub struct ExtendedMessages;

/// One EXTEND2 message.
pub enum Case {
    /// It arrives: its command and data, with nothing behind them for who reads too
    /// far.
    Read(u8, Box<[u8]>),
    /// It is sent.
    Write(Sent),
}

/// What is sent: the fields of C's structure, and what tor's options say.
#[derive(Debug)]
pub struct Sent {
    cell_type: u8,
    ipv4: Address,
    ipv6: Address,
    rsa_id: [u8; 20],
    ed25519_id: [u8; 32],
    create_type: u8,
    handshake_type: u16,
    handshake_data: Vec<u8>,
    by_ed25519_id: i32,
}

/// An address of a family, and a port.
#[derive(Clone, Copy, Debug)]
enum Address {
    Ipv4(u32, u16),
    Ipv6([u8; 16], u16),
    /// All zero.
    Null(u16, u16),
}

/// One EXTENDED2 message.
pub enum AnswerCase {
    /// It arrives: its command and data, with nothing behind them for who reads too
    /// far.
    Read(u8, Box<[u8]>),
    /// It is sent: its command, that of the cell within, and the answer with the
    /// length that is said.
    Write(u8, u8, u16, Vec<u8>),
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Case::Read(command, data) => write!(f, "message {command}: {data:02x?}"),
            Case::Write(sent) => write!(f, "to be written: {sent:02x?}"),
        }
    }
}

impl fmt::Debug for AnswerCase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AnswerCase::Read(command, data) => write!(f, "message {command}: {data:02x?}"),
            AnswerCase::Write(command, within, len, _) => {
                write!(
                    f,
                    "message {command} to be written, cell {within}, {len} bytes"
                )
            }
        }
    }
}

const EXTENDS: About = About {
    name: "extend",
    component: "cells",
    cases: 60_000,
    longest: 640,
    reaches: &[
        ("read", 10_000),
        ("refused", 10_000),
        ("only IPv6", 2_000),
        ("with an Ed25519 identity", 4_000),
        ("written", 8_000),
        ("unfit", 8_000),
    ],
    faults: &["wrong-length", "wrong-status"],
};

const EXTENDEDS: About = About {
    name: "extended",
    component: "cells",
    cases: 40_000,
    longest: 560,
    reaches: &[
        ("read", 8_000),
        ("refused", 5_000),
        ("written", 5_000),
        ("unfit", 3_000),
    ],
    faults: &["wrong-length", "wrong-status"],
};

impl Comparison for ExtendMessages {
    type Input = Case;

    fn about(&self) -> &'static About {
        &EXTENDS
    }

    fn input(&self, bytes: &mut Unstructured<'_>) -> Result<Case> {
        Ok(match byte(bytes)? {
            0..112 => {
                let command = command_of(bytes, EXTEND2)?;
                Case::Read(command, changed(bytes)?.into())
            }
            112..144 => {
                let command = command_of(bytes, EXTEND2)?;
                let data = bytes.bytes(bytes.len())?;
                Case::Read(command, data.into())
            }
            144..=255 => Case::Write(Sent::of(bytes)?),
        })
    }

    fn observe(&self, side: Side, case: &Case, seen: &mut Observed) {
        say_everything_that_is_said_once();
        match case {
            Case::Read(command, data) => {
                let mut extend = painted();
                let status = parse(side, *command, data, &mut extend);
                seen.note("extend_cell_parse", status);
                if status != 0 {
                    // What is left differs (DIFFERENCES.md, circuit-cell-refused).
                    seen.reach("refused");
                    return;
                }
                seen.reach("read");
                note(&extend, seen);
                ctor::cells::set_extend_by_ed25519_id(1);
                write(side, &extend, seen);
            }
            Case::Write(sent) => {
                ctor::cells::set_extend_by_ed25519_id(sent.by_ed25519_id);
                let status = write(side, &sent.extend(), seen);
                seen.reach(if status == 0 { "written" } else { "unfit" });
            }
        }
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        let mut seeds = Vec::new();
        for data in recorded(EXTEND2) {
            seeds.push([&[112, 0, 0], &data[..]].concat());
        }
        // All specifiers, ntor; each of them twice; one zero; as they are sent.
        for (wrong, place) in [(0, 0), (128, 0), (128, 1), (128, 2), (128, 3), (160, 0)] {
            seeds.push(vec![0, 0, 0, 28, 0, wrong, place, 0, 1, 2, 3]);
        }
        seeds.push([&[255][..], &[0; 100]].concat());
        seeds
    }
}

impl Comparison for ExtendedMessages {
    type Input = AnswerCase;

    fn about(&self) -> &'static About {
        &EXTENDEDS
    }

    fn input(&self, bytes: &mut Unstructured<'_>) -> Result<AnswerCase> {
        let is_read = byte(bytes)? < 160;
        let command = command_of(bytes, EXTENDED2)?;
        let length = length_of(bytes, 3, MAX_REPLY_LEN)?;
        let (choice, any) = (byte(bytes)?, byte(bytes)?);
        if !is_read {
            let within = match choice {
                0..224 => CREATED2,
                224..=255 => any % 16,
            };
            let data = data_of(bytes, RELAY_DATA_LEN + 9)?;
            return Ok(AnswerCase::Write(command, within, length, data));
        }
        let said = usize::from(length);
        let given = match choice {
            0..128 => said.min(MAX_REPLY_LEN) + 2,
            128..192 => RELAY_DATA_LEN,
            192..224 => (said.min(MAX_REPLY_LEN) + usize::from(any % 8)).saturating_sub(2),
            224..248 => usize::from(any) * 2,
            248..=255 => usize::from(any % 3),
        };
        let mut data = length.to_be_bytes().to_vec();
        data.extend(data_of(bytes, given)?);
        data.truncate(given);
        Ok(AnswerCase::Read(command, data.into()))
    }

    fn observe(&self, side: Side, case: &AnswerCase, seen: &mut Observed) {
        match case {
            AnswerCase::Read(command, data) => {
                let mut extended = painted();
                let status = parse_extended(side, *command, data, &mut extended);
                seen.note("extended_cell_parse", status);
                if status != 0 {
                    // What is left differs (DIFFERENCES.md, circuit-cell-refused).
                    seen.reach("refused");
                    return;
                }
                seen.reach("read");
                seen.note("message type", extended.cell_type);
                note_created(&extended.created_cell, seen);
                write_extended(side, &extended, seen);
            }
            AnswerCase::Write(command, within, length, data) => {
                let mut extended: extended_cell_t = painted();
                extended.cell_type = *command;
                extended.created_cell.cell_type = *within;
                extended.created_cell.handshake_len = *length;
                extended.created_cell.reply.copy_from_slice(data);
                let status = write_extended(side, &extended, seen);
                seen.reach(if status == 0 { "written" } else { "unfit" });
            }
        }
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        let mut seeds = Vec::new();
        for data in recorded(EXTENDED2) {
            let [l0, l1] = [data[0], data[1]];
            seeds.push([&[0, 0, 0, 0, l1, l0, 0, 0], &data[2..]].concat());
        }
        // The longest, and the next.
        for what in [0, 160] {
            for length in [64_u16, 496, 507] {
                let [l0, l1] = length.to_le_bytes();
                seeds.push(vec![what, 0, 0, 255, l0, l1, 0, 0, 1, 2, 3]);
            }
        }
        seeds
    }
}

/// The data of recorded relay messages with this command.
fn recorded(command: u8) -> Vec<Vec<u8>> {
    let of_command = |body: &Vec<u8>| body[0] == command;
    let cells = corpus::recorded_relay_cells("v0").into_iter();
    let data = cells.filter(of_command).map(|body| {
        let len = u16::from_be_bytes([body[9], body[10]]);
        body[11..][..len.into()].to_vec()
    });
    data.collect()
}

/// A message's command, mostly this. Takes two bytes.
fn command_of(bytes: &mut Unstructured<'_>, usual: u8) -> Result<u8> {
    let choice = byte(bytes)?;
    let any = byte(bytes)?;
    Ok(match choice {
        0..232 => usual,
        232..248 => any % 16,
        248..=255 => any,
    })
}

/// The data of a message with one thing wrong, half of the time none. Takes: which
/// specifiers there are, which comes first, what is wrong, where; whether its
/// handshake is usual and, where it is not, type and length (5); the handshake data.
fn changed(bytes: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let there = byte(bytes)?;
    let first = byte(bytes)?;
    let wrong = byte(bytes)?;
    let place = byte(bytes)?;
    let (handshake_type, handshake_len) = match byte(bytes)? {
        0..96 => (2, 84),
        96..192 => (3, 162),
        192..=255 => {
            let handshake_type = handshake_of(bytes)?;
            (
                handshake_type,
                length_of(bytes, handshake_type, MAX_CREATE_LEN)?,
            )
        }
    };

    let mut all = vec![(2, b"anthropomorphization".to_vec())];
    if there % 4 != 2 {
        all.push((0, vec![18, 244, 0, 1, 240, 241]));
    }
    if there % 4 != 1 {
        all.push((1, b"xxxxxxxxxxxxxxxxYY".to_vec()));
    }
    if there & 4 != 0 {
        all.push((3, b"brownshoesdontmakeit/brownshoesd".to_vec()));
    }
    if there & 24 == 24 {
        all.push((there, b"upupdowndownleftright".to_vec()));
    }
    let place = usize::from(place) % all.len();
    let len = all[place].1.len();
    match wrong {
        128..144 => all.push(all[place].clone()),
        144..160 => all.push((all[place].0, vec![7; len])),
        160..168 => all[place].1.fill(0),
        // A port, an address.
        168..176 => all[place].1[len - 2..].fill(0),
        176..192 => all[place].1[..len - 2].fill(0),
        192..200 => {
            all.remove(place);
        }
        _ => {}
    }
    let count = all.len();
    if count > 0 {
        all.rotate_left(usize::from(first) % count);
    }

    let mut data = vec![match wrong {
        200..204 => count as u8 + 1,
        204..208 => count as u8 - 1,
        208..212 => first,
        _ => count as u8,
    }];
    for (number, (kind, specifier)) in all.iter().enumerate() {
        let len = specifier.len() as u8;
        data.push(*kind);
        data.push(match wrong {
            212..216 if number == place => len + 1,
            216..220 if number == place => len - 1,
            220..224 if number == place => first,
            _ => len,
        });
        data.extend(specifier);
    }
    data.extend(u16::to_be_bytes(handshake_type));
    data.extend(u16::to_be_bytes(handshake_len));
    let room = RELAY_DATA_LEN.saturating_sub(data.len());
    let len = match wrong {
        224..232 => room,
        232..240 => room + 1 + usize::from(first % 8),
        _ => usize::from(handshake_len).min(room),
    };
    data.extend(data_of(bytes, len)?);
    let somewhere = usize::from(first) * 4 + place;
    match wrong {
        240..248 => data.truncate(somewhere % data.len()),
        248..=255 => {
            let bit = somewhere % (8 * data.len());
            data[bit / 8] ^= 1 << (bit % 8);
        }
        _ => {}
    }
    Ok(data)
}

impl Sent {
    /// Takes command (2), addresses (see [`Address::of`]), what else is wrong,
    /// what the options say, handshake (5), data.
    fn of(bytes: &mut Unstructured<'_>) -> Result<Self> {
        let cell_type = command_of(bytes, EXTEND2)?;
        let ipv4 = Address::of(bytes, Address::Ipv4(0x12f4_0001, 9001))?;
        let ipv6 = Address::of(bytes, Address::Ipv6(*b"xxxxxxxxxxxxxxxx", 4370))?;
        let wrong = byte(bytes)?;
        let by_ed25519_id = i32::from(byte(bytes)? % 3) - 1;
        let handshake_type = handshake_of(bytes)?;
        let most = RELAY_DATA_LEN - 35;
        let length = length_of(bytes, handshake_type, most)?;
        // C reads behind the end of what is longer.
        let length = usize::from(length).min(MAX_CREATE_LEN);
        Ok(Sent {
            cell_type,
            ipv4,
            ipv6,
            rsa_id: if wrong < 16 { [0; 20] } else { [wrong; 20] },
            ed25519_id: if wrong & 1 == 0 { [0; 32] } else { [wrong; 32] },
            create_type: match wrong {
                240..=255 => wrong % 12,
                _ => CREATE2,
            },
            handshake_type,
            handshake_data: data_of(bytes, length)?,
            by_ed25519_id,
        })
    }

    fn extend(&self) -> extend_cell_t {
        let mut extend: extend_cell_t = painted();
        extend.cell_type = self.cell_type;
        extend.orport_ipv4 = self.ipv4.to_tor();
        extend.orport_ipv6 = self.ipv6.to_tor();
        extend.node_id = self.rsa_id;
        extend.ed_pubkey = self.ed25519_id;
        let (handshake_type, data) = (self.handshake_type, &self.handshake_data);
        extend.create_cell = init(Side::C, self.create_type, handshake_type, data);
        extend
    }
}

impl Address {
    /// `usual` in most cases, none in many, else another one. Takes two bytes.
    fn of(bytes: &mut Unstructured<'_>, usual: Self) -> Result<Self> {
        let choice = byte(bytes)?;
        let any = byte(bytes)?;
        Ok(match (choice, usual) {
            (0..160, _) => usual,
            (160..216, _) => Address::Null(0, u16::from(any)),
            (216..224, Address::Ipv4(addr, _)) => Address::Ipv4(addr, 0),
            (216..224, Address::Ipv6(addr, _)) => Address::Ipv6(addr, 0),
            // Another family: this place's, the other place's, AF_UNIX, any.
            (224..232, Address::Ipv4(..)) => Address::Null(2, 443),
            (224..232, _) => Address::Null(10, 443),
            (232..236, Address::Ipv4(..)) => Address::Ipv6([any; 16], 443),
            (232..236, _) => Address::Ipv4(any.into(), 443),
            (236..244, _) => Address::Null(1, any.into()),
            _ => Address::Null(any.into(), u16::from(choice & 1) * 443),
        })
    }

    fn to_tor(self) -> tor_addr_port_t {
        let mut at: tor_addr_port_t = painted();
        let addr: *mut tor_addr_t = &mut at.addr;
        // SAFETY: room for an address, and 16 bytes.
        unsafe {
            match self {
                Address::Ipv4(ipv4, _) => ctor::cells::tor_addr_from_ipv4n(addr, ipv4.to_be()),
                Address::Ipv6(ipv6, _) => {
                    ctor::cells::tor_addr_from_ipv6_bytes(addr, ipv6.as_ptr());
                }
                Address::Null(family, _) => ctor::cells::tor_addr_make_null(addr, family),
            }
        }
        let (Address::Ipv4(_, port) | Address::Ipv6(_, port) | Address::Null(_, port)) = self;
        at.port = port;
        at
    }
}

/// Makes tor report what it reports once a process, on behalf of whichever side: an
/// address of another family in the place of the IPv6 address.
fn say_everything_that_is_said_once() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let sent = honest(b"key");
        let mut extend = sent.extend();
        extend.orport_ipv6 = Address::Ipv4(7, 8).to_tor();
        assert_eq!(format(Side::C, &extend, &mut Written::nothing()), 0);
        ctor::log::take();
    });
}

/// A message of an unknown handshake with these data, to both addresses.
fn honest(handshake_data: &[u8]) -> Sent {
    Sent {
        cell_type: EXTEND2,
        ipv4: Address::Ipv4(0x12f4_0001, 9001),
        ipv6: Address::Ipv6(*b"xxxxxxxxxxxxxxxx", 4370),
        rsa_id: [7; 20],
        ed25519_id: [9; 32],
        create_type: CREATE2,
        handshake_type: 0x105,
        handshake_data: handshake_data.to_owned(),
        by_ed25519_id: 1,
    }
}

/// An EXTEND2 message with all that it can have, whose handshake nobody knows.
pub fn message(handshake_data: &[u8]) -> extend_cell_t {
    honest(handshake_data).extend()
}

/// Reads what a message asks for; the return code.
pub fn parse(side: Side, command: u8, data: &[u8], extend: &mut extend_cell_t) -> i32 {
    let (data, len) = (data.as_ptr(), data.len());
    // SAFETY: data, and room for what they ask for.
    unsafe {
        match side {
            Side::C => ctor::cells::extend_cell_parse(extend, command, data, len),
            Side::Rust => ctor::cells::glue::extend_cell_parse(extend, command, data, len),
        }
    }
}

/// Reads the answer in a message; the return code.
pub fn parse_extended(side: Side, command: u8, data: &[u8], extended: &mut extended_cell_t) -> i32 {
    let (data, len) = (data.as_ptr(), data.len());
    // SAFETY: data, and room for an answer.
    unsafe {
        match side {
            Side::C => ctor::cells::extended_cell_parse(extended, command, data, len),
            Side::Rust => ffi::cells::extend::extended_cell_parse(extended, command, data, len),
        }
    }
}

/// A message as it is written.
pub struct Written {
    /// Its command.
    pub command: u8,
    /// The length of its data, in bytes.
    pub len: u16,
    /// Its data, and what follows them.
    pub data: [u8; RELAY_DATA_LEN],
    /// What follows where C may write.
    pub behind: [u8; 16],
}

impl Written {
    /// Nothing yet.
    pub fn nothing() -> Self {
        Written {
            command: PAINT,
            len: u16::from_be_bytes([PAINT; 2]),
            data: [PAINT; RELAY_DATA_LEN],
            behind: [PAINT; 16],
        }
    }

    fn note(&self, status: i32, seen: &mut Observed) {
        seen.note("behind the data", &self.behind[..]);
        if status == 0 {
            seen.note("command", self.command);
            seen.note("length", self.len);
            seen.note("data", &self.data[..]);
        }
    }
}

/// Writes a message; the return code.
pub fn format(side: Side, extend: &extend_cell_t, out: &mut Written) -> i32 {
    let (command, len, data) = (&mut out.command, &mut out.len, out.data.as_mut_ptr());
    // SAFETY: what is to be written, and room for it.
    unsafe {
        match side {
            Side::C => ctor::cells::extend_cell_format(command, len, data, extend),
            Side::Rust => ctor::cells::glue::extend_cell_format(command, len, data, extend),
        }
    }
}

/// Writes a message with an answer; the return code.
pub fn format_extended(side: Side, extended: &extended_cell_t, out: &mut Written) -> i32 {
    let (command, len, data) = (&mut out.command, &mut out.len, out.data.as_mut_ptr());
    // SAFETY: what is to be written, and room for it.
    unsafe {
        match side {
            Side::C => ctor::cells::extended_cell_format(command, len, data, extended),
            Side::Rust => ffi::cells::extend::extended_cell_format(command, len, data, extended),
        }
    }
}

fn write(side: Side, extend: &extend_cell_t, seen: &mut Observed) -> i32 {
    let mut written = Written::nothing();
    let status = format(side, extend, &mut written);
    seen.note("extend_cell_format", status);
    written.note(status, seen);
    status
}

fn write_extended(side: Side, extended: &extended_cell_t, seen: &mut Observed) -> i32 {
    let mut written = Written::nothing();
    let status = format_extended(side, extended, &mut written);
    seen.note("extended_cell_format", status);
    written.note(status, seen);
    status
}

/// Notes what a message asks for.
fn note(extend: &extend_cell_t, seen: &mut Observed) {
    seen.note("message type", extend.cell_type);
    for (what, at) in [("IPv4", &extend.orport_ipv4), ("IPv6", &extend.orport_ipv6)] {
        // SAFETY: an address is as many bytes, all of them written.
        let addr = unsafe { &*(&raw const at.addr).cast::<[u8; 20]>() };
        seen.note(what, &addr[..]);
        seen.note("port", at.port);
    }
    seen.note("RSA identity", &extend.node_id[..]);
    seen.note("Ed25519 identity", &extend.ed_pubkey[..]);
    note_create(&extend.create_cell, seen);
    if extend.orport_ipv4.port == 0 {
        seen.reach("only IPv6");
    }
    if extend.ed_pubkey != [0; 32] {
        seen.reach("with an Ed25519 identity");
    }
}
