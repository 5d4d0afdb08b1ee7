//! Messages of onion services: what a service reads in INTRODUCE2, what clients and
//! services build, and what clients, services and relays read of the others.
//!
//! The service's side is all of `hs_cell.c`, as it is and as it is patched: the
//! inner part of an INTRODUCE2 is encrypted for it, so that it is read.
//!
//! The bytes of an INTRODUCE2 ([`Introductions`]): which subcredentials and what the
//! service does (1); the outer part: legacy identifier (1, mostly zero), key (2),
//! extensions (1, and 1 each), a change (see [`Message::change`]); the inner part:
//! extensions, key, link specifiers (1, and 1 each), a change; what becomes of the
//! whole (1). The other messages ([`Built`], [`Answers`]): which one (1), its parts in
//! the same way.

use std::fmt;

use arbitrary::{Result, Unstructured};
use ctor::hs_cell::{
    build_establish_intro, build_introduce1, introduce2, keys, read, seal, ForRelays, Introduce1,
    ROOM,
};
use ffi::cells::hs_cell::hs_pow_solution_t;

use super::byte;
use crate::laboratory::{About, Comparison, Side};
use crate::observed::Observed;

/// Calls the function of this name on a side.
macro_rules! call {
    ($side:expr, $name:ident($($argument:expr),* $(,)?)) => {
        match $side {
            Side::C => ctor::hs_cell::$name($($argument),*),
            Side::Rust => ffi::cells::hs_cell::$name($($argument),*),
        }
    };
}

fn is_rust(side: Side) -> bool {
    side == Side::Rust
}

/// As many bytes as wanted, that begin with `first` and are all different.
fn counting(first: u8, len: usize) -> impl Iterator<Item = u8> {
    (0..len).map(move |number| first.wrapping_add(number as u8))
}

/// A message that is put together of parts and then changed.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn bytes(&mut self, first: u8, len: usize) {
        self.0.extend(counting(first, len));
    }

    /// A key type, mostly the right one; a length (2), mostly 32; a key of mostly
    /// that length.
    fn key(&mut self, right_type: u8, bytes: &mut Unstructured<'_>) -> Result<()> {
        let [key_type, len] = [byte(bytes)?, byte(bytes)?];
        self.0.push(match key_type {
            0..24 => key_type % 6,
            _ => right_type,
        });
        let len = match len {
            0..16 => usize::from(len) + 24,
            _ => 32,
        };
        self.0.extend((len as u16).to_be_bytes());
        self.bytes(key_type, len);
        Ok(())
    }

    /// A number of extensions (1), and extensions, each made by `body`.
    fn extensions(
        &mut self,
        bytes: &mut Unstructured<'_>,
        body: impl Fn(&mut Self, u8, &mut Unstructured<'_>) -> Result<()>,
    ) -> Result<()> {
        let count = match byte(bytes)? {
            many @ 0..8 => many,
            one @ 8..=255 => one % 4,
        };
        self.0.push(count);
        for _ in 0..count {
            let kind = byte(bytes)?;
            body(self, kind, bytes)?;
        }
        Ok(())
    }

    /// An extension: type, length, that many bytes.
    fn extension(&mut self, kind: u8, body: &[u8]) {
        self.0.extend([kind, body.len() as u8]);
        self.0.extend(body);
    }

    /// Link specifiers. The answer is their number.
    fn specifiers(&mut self, bytes: &mut Unstructured<'_>) -> Result<u8> {
        let count = byte(bytes)? % 6;
        for _ in 0..count {
            let kind = byte(bytes)?;
            let (ls_type, len) = match kind % 5 {
                0 => (0, 6),
                1 => (1, 18),
                2 => (2, 20),
                3 => (3, 32),
                _ => (kind / 2, usize::from(kind % 16)),
            };
            // Some have a length that is not their type's.
            let len = match kind {
                250.. => len + 1,
                _ => len,
            };
            self.0.extend([ls_type, len as u8]);
            self.bytes(kind, len);
        }
        Ok(count)
    }

    /// In a quarter of cases one byte is another one; in an eighth the end is
    /// missing. Takes up to four bytes.
    fn change(mut self, bytes: &mut Unstructured<'_>) -> Result<Vec<u8>> {
        let how = byte(bytes)?;
        if how < 96 {
            let at = usize::from(bytes.arbitrary::<u16>()?) % self.0.len().max(1);
            if how < 64 {
                let to = byte(bytes)?;
                if let Some(changed) = self.0.get_mut(at) {
                    *changed = to;
                }
            } else {
                self.0.truncate(at);
            }
        }
        Ok(self.0)
    }
}

/// Some link specifiers: an address, an identity, another one, an unknown one.
const SPECIFIERS: [u8; 4] = [0, 2, 3, 9];

// ---- What a service reads ---------------------------------------------------

/// INTRODUCE2, read by a service.
pub struct Introductions;

/// One INTRODUCE2.
pub struct Introduction {
    payload: Vec<u8>,
    subcredentials: usize,
    congestion_control: bool,
    pow: bool,
}

impl fmt::Debug for Introduction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} subcredentials, congestion control {}, proofs {}: {:02x?}",
            self.subcredentials, self.congestion_control, self.pow, self.payload
        )
    }
}

const INTRODUCTIONS: About = About {
    name: "hs-introduce2",
    component: "cells",
    cases: 8_000,
    longest: 96,
    reaches: &[
        ("introduced", 1_200),
        ("with congestion control", 400),
        ("with a proof of work", 150),
        ("a proof of work that is wrong", 150),
        ("without a link specifier", 200),
        ("read in part", 400),
        ("nothing for us", 1_000),
        ("nothing in it", 600),
    ],
    faults: &["wrong-length"],
};

impl Comparison for Introductions {
    type Input = Introduction;

    fn about(&self) -> &'static About {
        &INTRODUCTIONS
    }

    fn input(&self, bytes: &mut Unstructured<'_>) -> Result<Introduction> {
        let choices = byte(bytes)?;
        let mut outer = Message::default();
        let legacy = byte(bytes)?;
        outer.0.extend([if legacy < 16 { legacy } else { 0 }; 20]);
        outer.key(2, bytes)?;
        outer.extensions(bytes, |message, kind, _| {
            message.extension(kind, &[kind; 3]);
            Ok(())
        })?;
        let outer = outer.change(bytes)?;

        let mut inner = Message::default();
        inner.bytes(choices, 20);
        inner.extensions(bytes, |message, kind, bytes| {
            match kind {
                0..80 => message.extension(1, &[kind; 2][..usize::from(kind < 8)]),
                80..176 => {
                    // Version, nonce, effort, seed, solution.
                    let mut pow = vec![if kind < 88 { kind } else { 1 }];
                    pow.extend(counting(kind, 16 + 4 + 4 + 16));
                    if kind > 168 {
                        pow.truncate(usize::from(byte(bytes)?) % 41);
                    }
                    message.extension(2, &pow);
                }
                _ => message.extension(kind, &[kind; 5]),
            }
            Ok(())
        })?;
        inner.key(1, bytes)?;
        let at = inner.0.len();
        inner.0.push(0);
        inner.0[at] = inner.specifiers(bytes)?;
        inner.bytes(0, usize::from(choices));
        let inner = inner.change(bytes)?;

        // For which of its subcredentials, or for one that it does not have.
        let mut payload = seal(choices.into(), &outer, &inner);
        let longest = payload.len().min(ROOM);
        payload.truncate(longest);
        match byte(bytes)? {
            0..16 => {
                if let Some(last) = payload.last_mut() {
                    *last ^= 1;
                }
            }
            16..24 => payload.truncate(usize::from(byte(bytes)?)),
            _ => {}
        }
        let subcredentials = match choices % 16 {
            0..4 => 1,
            4..6 => 2,
            _ => 3,
        };
        Ok(Introduction {
            payload,
            subcredentials,
            congestion_control: choices & 0x30 != 0,
            pow: choices & 0xc0 != 0,
        })
    }

    fn observe(&self, side: Side, case: &Introduction, seen: &mut Observed) {
        keys();
        let learned = introduce2(
            is_rust(side),
            case.subcredentials,
            &case.payload,
            case.congestion_control,
            case.pow,
        );
        seen.note("hs_cell_parse_introduce2", learned.status);
        seen.note("onion key", &learned.onion_pk[..]);
        seen.note("client's key", &learned.client_pk[..]);
        seen.note("cookie", &learned.rend_cookie[..]);
        seen.note("congestion control", learned.cc_enabled);
        seen.note("protocols known", learned.protocols_known);
        seen.note("supports congestion control", learned.supports_cc);
        seen.note("effort", learned.pow_effort);
        seen.note("link specifiers", learned.n_specifiers);
        let specifiers = learned.specifiers.get(..learned.specifiers_len as usize);
        seen.note("they are", specifiers);
        seen.note("proofs verified", learned.n_asked);
        for pow in &learned.asked[..learned.asked.len().min(learned.n_asked as usize)] {
            seen.note("nonce", &pow.nonce[..]);
            seen.note("effort of the proof", pow.effort);
            seen.note("seed", &pow.seed_head[..]);
            seen.note("solution", &pow.equix_solution[..]);
        }
        let opened = learned.onion_pk != [0; 32];
        seen.reach(match (learned.status, opened) {
            (0, _) => "introduced",
            (_, true) => "read in part",
            (_, false) if learned.client_pk == [0; 32] => "nothing in it",
            (_, false) => "nothing for us",
        });
        if learned.status == 0 {
            if learned.cc_enabled != 0 {
                seen.reach("with congestion control");
            }
            if learned.n_asked > 0 {
                seen.reach("with a proof of work");
            }
            if learned.n_specifiers == 0 {
                seen.reach("without a link specifier");
            }
        } else if learned.n_asked > 0 {
            seen.reach("a proof of work that is wrong");
        }
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        let outer = [255, 255, 255, 8, 255];
        let seed = |choices: u8, inner: &[u8]| {
            let end = [255, 255];
            [&[choices], &outer[..], inner, &end[..]].concat()
        };
        vec![
            // No extension, one, two; four link specifiers.
            seed(0x30, &[8, 255, 255, 4, 0, 2, 3, 9]),
            seed(0x31, &[9, 20, 255, 255, 4, 0, 2, 3, 9]),
            seed(0xf0, &[10, 20, 90, 255, 255, 2, 1, 4]),
            seed(0xf0, &[9, 91, 255, 255, 1, 3]),
            // A key that is too long; of another type; an unknown extension.
            seed(0x30, &[8, 255, 9, 1, 3]),
            seed(0x30, &[8, 3, 255, 1, 3]),
            seed(0x30, &[9, 200, 255, 255, 1, 3]),
            // A MAC that is wrong.
            [&seed(0x30, &[8, 255, 255, 1, 3])[..12], &[0]].concat(),
        ]
    }
}

// ---- What is built ----------------------------------------------------------

/// Messages that clients and services build.
pub struct Built;

/// One message.
#[derive(Debug)]
pub enum ToBuild {
    /// ESTABLISH_INTRO: a byte of the nonce, the DoS extension's conditions and
    /// values.
    EstablishIntro(u8, [bool; 2], [u32; 2]),
    /// INTRODUCE1.
    Introduce1 {
        /// A byte of all that is not a key.
        first: u8,
        /// Whether the introduction point's key is zero, which nobody can use.
        zero_key: bool,
        /// Link specifiers, encoded.
        specifiers: Vec<u8>,
        /// Whether the client wants congestion control.
        congestion_control: bool,
        /// Whether it has a proof of work.
        pow: bool,
    },
    /// RENDEZVOUS1: length of the cookie and of the rest.
    Rendezvous1(usize, usize),
    /// ESTABLISH_RENDEZVOUS: the first byte.
    EstablishRendezvous(u8),
}

const BUILT: About = About {
    name: "hs-build",
    component: "cells",
    cases: 4_000,
    longest: 48,
    reaches: &[
        ("ESTABLISH_INTRO", 400),
        ("INTRODUCE1", 250),
        ("INTRODUCE1 refused", 50),
        ("INTRODUCE1 padded", 250),
        ("RENDEZVOUS1", 200),
    ],
    faults: &["wrong-length"],
};

impl Comparison for Built {
    type Input = ToBuild;

    fn about(&self) -> &'static About {
        &BUILT
    }

    fn input(&self, bytes: &mut Unstructured<'_>) -> Result<ToBuild> {
        Ok(match byte(bytes)? {
            0..64 => {
                let [nonce, choices] = [byte(bytes)?, byte(bytes)?];
                let limits = [bytes.arbitrary()?, bytes.arbitrary()?];
                ToBuild::EstablishIntro(nonce, [choices & 3 > 0, choices & 12 > 0], limits)
            }
            64..192 => {
                let [first, choices] = [byte(bytes)?, byte(bytes)?];
                let mut specifiers = Message::default();
                // One that is always right, and as many bytes as C does not abort of.
                specifiers.extension(2, &[first; 20]);
                for _ in 0..choices / 64 {
                    specifiers.specifiers(bytes)?;
                }
                specifiers.0.truncate(300);
                ToBuild::Introduce1 {
                    first,
                    zero_key: first < 32,
                    specifiers: specifiers.0,
                    congestion_control: choices & 1 == 1,
                    pow: choices & 2 == 2,
                }
            }
            192..240 => {
                let cookie = usize::from(byte(bytes)?.min(20));
                // Of no bytes C makes a copy that C does not define.
                let info = 1 + usize::from(bytes.arbitrary::<u16>()?) % (ROOM - 20);
                ToBuild::Rendezvous1(cookie, info)
            }
            240..=255 => ToBuild::EstablishRendezvous(byte(bytes)?),
        })
    }

    fn observe(&self, side: Side, case: &ToBuild, seen: &mut Observed) {
        keys();
        let (len, cell) = build(side, case);
        seen.note("length", len);
        let built = usize::try_from(len).ok();
        seen.note("message", built.and_then(|len| cell.get(..len)));
        let untouched = built.is_none_or(|len| cell[len..].iter().all(|byte| *byte == 0xa6));
        seen.note("untouched behind it", untouched);
        seen.reach(match (case, len) {
            (ToBuild::EstablishIntro(..), _) => "ESTABLISH_INTRO",
            (ToBuild::Introduce1 { .. }, ..0) => "INTRODUCE1 refused",
            (ToBuild::Introduce1 { .. }, 310) => "INTRODUCE1 padded",
            (ToBuild::Introduce1 { .. }, _) => "INTRODUCE1",
            (ToBuild::Rendezvous1(..), _) => "RENDEZVOUS1",
            (ToBuild::EstablishRendezvous(_), _) => "ESTABLISH_RENDEZVOUS",
        });
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        let specifiers = [&[4], &SPECIFIERS[..]].concat();
        let mut seeds = vec![
            [&[0, 7, 15], &[1, 0, 0, 0, 9, 0, 0, 0][..]].concat(),
            [&[0, 7, 0], &[0; 8][..]].concat(),
            vec![192, 20, 63, 0],
            vec![240, 7],
            vec![64, 0, 0],
        ];
        for choices in 64..68 {
            seeds.push([&[64, 77, choices], &specifiers[..]].concat());
        }
        seeds.push([&[64, 77, 255], &[5, 3, 8, 3, 8, 3].repeat(3)[..]].concat());
        seeds
    }
}

/// The return code of a side, and the room.
pub fn build(side: Side, case: &ToBuild) -> (isize, [u8; ROOM]) {
    match case {
        ToBuild::EstablishIntro(nonce, defences, limits) => {
            build_establish_intro(is_rust(side), &[*nonce; 20], *defences, *limits)
        }
        ToBuild::Introduce1 {
            first,
            zero_key,
            specifiers,
            congestion_control,
            pow,
        } => {
            let enc_pk = match zero_key {
                true => [0; 32],
                false => keys().enc_public(),
            };
            let pow = pow.then_some(hs_pow_solution_t {
                nonce: [*first; 16],
                effort: u32::from(*first) << 9,
                seed_head: [1, 2, 3, *first],
                equix_solution: [!first; 16],
            });
            let plan = Introduce1 {
                enc_pk,
                rend_cookie: [*first; 20],
                onion_pk: [first ^ 1; 32],
                specifiers,
                congestion_control: *congestion_control,
                pow,
            };
            build_introduce1(is_rust(side), &plan)
        }
        ToBuild::Rendezvous1(cookie_len, info_len) => {
            let mut cell = [0xa6; ROOM];
            let cookie: Vec<_> = counting(1, *cookie_len).collect();
            let info: Vec<_> = counting(9, *info_len).collect();
            // SAFETY: bytes with their length, and room.
            let len = unsafe {
                call!(
                    side,
                    hs_cell_build_rendezvous1(
                        cookie.as_ptr(),
                        cookie.len(),
                        info.as_ptr(),
                        info.len(),
                        cell.as_mut_ptr(),
                    )
                )
            };
            (len, cell)
        }
        ToBuild::EstablishRendezvous(first) => {
            let mut cell = [0xa6; ROOM];
            let cookie: Vec<_> = counting(*first, 20).collect();
            // SAFETY: a cookie, and room.
            let len = unsafe {
                call!(
                    side,
                    hs_cell_build_establish_rendezvous(cookie.as_ptr(), cell.as_mut_ptr())
                )
            };
            (len, cell)
        }
    }
}

/// The return codes of a side that is given nothing to build of, and nothing to read;
/// `which` is below 5.
pub fn given_nothing(side: Side, which: usize) -> i64 {
    let nothing = std::ptr::null();
    let mut room = [0; ROOM];
    let out = room.as_mut_ptr();
    // SAFETY: null, and room.
    unsafe {
        match which {
            0 => call!(side, hs_cell_build_establish_rendezvous(nothing, out)) as i64,
            1 => call!(side, hs_cell_build_rendezvous1(nothing, 0, nothing, 0, out)) as i64,
            2 => call!(side, hs_cell_parse_intro_established(nothing, 1)) as i64,
            3 => call!(side, hs_cell_parse_introduce_ack(nothing, 1)).into(),
            _ => call!(side, hs_cell_parse_rendezvous2(nothing, 1, out, 64)).into(),
        }
    }
}

/// The return code of a side that reads a RENDEZVOUS2 into `len` bytes (at most 64).
pub fn read_rendezvous2_into(side: Side, len: usize) -> i32 {
    let (message, mut room) = ([5; 64], [0; 64]);
    let out = room.as_mut_ptr();
    // SAFETY: bytes with their length, and room for more than is said.
    unsafe {
        call!(
            side,
            hs_cell_parse_rendezvous2(message.as_ptr(), 64, out, len.min(64))
        )
    }
}

// ---- What is read -----------------------------------------------------------

/// Messages that clients, services and relays read, but for INTRODUCE2.
pub struct Answers;

/// One message.
pub struct Arrived(Kind, Vec<u8>);

#[derive(Clone, Copy, Debug)]
enum Kind {
    IntroEstablished,
    IntroduceAck,
    Rendezvous2,
    ForRelays(ForRelays),
}

impl fmt::Debug for Arrived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {:02x?}", self.0, self.1)
    }
}

const ANSWERS: About = About {
    name: "hs-read",
    component: "cells",
    cases: 30_000,
    longest: 48,
    reaches: &[
        ("INTRO_ESTABLISHED", 2_000),
        ("INTRODUCE_ACK", 2_000),
        ("RENDEZVOUS2", 1_500),
        ("ESTABLISH_INTRO", 2_000),
        ("DoS extension", 2_000),
        ("INTRODUCE1", 3_000),
        ("invalid", 1_000),
        ("truncated", 1_500),
    ],
    faults: &["wrong-length"],
};

impl Comparison for Answers {
    type Input = Arrived;

    fn about(&self) -> &'static About {
        &ANSWERS
    }

    fn input(&self, bytes: &mut Unstructured<'_>) -> Result<Arrived> {
        let mut message = Message::default();
        let any = |message: &mut Message, kind: u8, _: &mut Unstructured<'_>| {
            message.extension(kind, &[kind; 19][..usize::from(kind % 20)]);
            Ok(())
        };
        let kind = match byte(bytes)? % 6 {
            0 => {
                message.extensions(bytes, any)?;
                Kind::IntroEstablished
            }
            1 => {
                message.0.extend([byte(bytes)? / 128, byte(bytes)? % 4]);
                message.extensions(bytes, any)?;
                Kind::IntroduceAck
            }
            2 => {
                let len = 60 + byte(bytes)? / 8;
                message.bytes(1, len.into());
                Kind::Rendezvous2
            }
            3 => {
                message.key(2, bytes)?;
                message.extensions(bytes, any)?;
                message.bytes(7, 32);
                let len = match byte(bytes)? {
                    short @ 0..16 => 50 + short,
                    _ => 64,
                };
                message.0.extend([0, len]);
                message.bytes(9, len.into());
                Kind::ForRelays(ForRelays::EstablishIntro)
            }
            4 => {
                let count = byte(bytes)? % 4;
                message.0.push(count);
                for _ in 0..count {
                    let kind = byte(bytes)?;
                    message.0.push(kind % 4);
                    message.bytes(kind, 8);
                }
                Kind::ForRelays(ForRelays::DosExtension)
            }
            _ => {
                message.0.extend([0; 20]);
                message.key(2, bytes)?;
                message.extensions(bytes, any)?;
                message.bytes(5, byte(bytes)?.into());
                Kind::ForRelays(ForRelays::Introduce1)
            }
        };
        Ok(Arrived(kind, message.change(bytes)?))
    }

    fn observe(&self, side: Side, Arrived(kind, payload): &Arrived, seen: &mut Observed) {
        let (at, len) = (payload.as_ptr(), payload.len());
        let (status, place) = match kind {
            Kind::IntroEstablished => {
                // SAFETY: bytes with their length.
                let status = unsafe { call!(side, hs_cell_parse_intro_established(at, len)) };
                (status as i64, "INTRO_ESTABLISHED")
            }
            Kind::IntroduceAck => {
                // SAFETY: bytes with their length.
                let status = unsafe { call!(side, hs_cell_parse_introduce_ack(at, len)) };
                (status.into(), "INTRODUCE_ACK")
            }
            Kind::Rendezvous2 => {
                let mut info = [0xa6; 64];
                // SAFETY: bytes with their length, and room with its length.
                let status = unsafe {
                    call!(
                        side,
                        hs_cell_parse_rendezvous2(at, len, info.as_mut_ptr(), info.len())
                    )
                };
                seen.note("HANDSHAKE_INFO", &info[..]);
                (status.into(), "RENDEZVOUS2")
            }
            Kind::ForRelays(what) => {
                let read = read(is_rust(side), *what, payload);
                seen.note("length, written again", read.encoded_len);
                seen.note("what the MAC is of", read.mac_fields_len);
                seen.note("what the signature is of", read.sig_fields_len);
                let len = usize::try_from(read.encoded_len).ok();
                seen.note("written again", len.and_then(|len| read.encoded.get(..len)));
                let place = match what {
                    ForRelays::EstablishIntro => "ESTABLISH_INTRO",
                    ForRelays::DosExtension => "DoS extension",
                    ForRelays::Introduce1 => "INTRODUCE1",
                };
                (read.status, place)
            }
        };
        seen.note("return code", status);
        seen.reach(match status {
            -1 => "invalid",
            -2 => "truncated",
            _ => place,
        });
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        vec![
            vec![0, 8, 255],
            vec![0, 9, 33, 255],
            vec![1, 0, 1, 8, 255],
            vec![2, 32, 255],
            vec![3, 255, 255, 8, 255, 255],
            vec![3, 255, 255, 9, 1, 255, 255],
            vec![4, 2, 1, 2, 255],
            vec![5, 255, 255, 8, 200, 255],
        ]
    }
}
