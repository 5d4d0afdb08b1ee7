//! Messages that make a circuit longer (tor-spec, "EXTEND and EXTENDED messages").
//!
//! Replaces, with [`crate::create`], C Tor's `onion.c`. EXTEND and EXTENDED, of the
//! TAP handshake, are obsolete and refused.

use core::net::{Ipv4Addr, Ipv6Addr, SocketAddrV4, SocketAddrV6};

use crate::create::{self, Origin, Refused};
use crate::format::{Error, Format, Held, List};
use crate::formats::ed25519_cert::{Create2, Extend2, LinkSpecifier, Specifier};
use crate::RELAY_DATA_LEN;

/// Relay command of [`Extend`].
pub const EXTEND2: u8 = 14;
/// Relay command of what [`parse_extended`] reads.
pub const EXTENDED2: u8 = 15;

/// What EXTEND2 asks for: to send a CREATE2 cell to a relay.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extend<'a> {
    /// Where the relay is. One that arrived may be no place at all, if the other
    /// one is.
    pub ipv4: Option<SocketAddrV4>,
    /// Where else it is, or only there.
    pub ipv6: Option<SocketAddrV6>,
    /// Its RSA identity.
    pub rsa_id: &'a [u8; 20],
    /// Its Ed25519 identity. One that is all zero is none.
    pub ed25519_id: Option<&'a [u8; 32]>,
    /// What is to be sent to it.
    pub create2: Create2<'a>,
}

impl<'a> Extend<'a> {
    /// Reads the data of a message with this relay command.
    ///
    /// Of two addresses of a kind the second is ignored, and so are specifiers that
    /// nobody knows.
    ///
    /// # Errors
    /// If it is not EXTEND2, or does not say what is needed.
    pub fn parse(command: u8, data: &'a [u8]) -> Result<Self, Refused> {
        if data.len() > RELAY_DATA_LEN {
            return Err(Refused::Length);
        }
        if command != EXTEND2 {
            return Err(Refused::Command);
        }
        let (extend2, _) = Extend2::parse(data).map_err(|error| match error {
            Error::Truncated => Refused::Length,
            Error::Invalid => Refused::Relay,
        })?;
        let (mut ipv4, mut ipv6, mut rsa_id, mut ed25519_id) = (None, None, None, None);
        for LinkSpecifier { specifier } in extend2.specifiers.iter() {
            match specifier {
                Specifier::Ipv4 { addr, port } => {
                    ipv4.get_or_insert(SocketAddrV4::new(Ipv4Addr::from(addr), port));
                }
                Specifier::Ipv6 { addr, port } => {
                    ipv6.get_or_insert(SocketAddrV6::new(Ipv6Addr::from(*addr), port, 0, 0));
                }
                Specifier::LegacyId { id } => once(&mut rsa_id, id)?,
                Specifier::Ed25519Id { id } => once(&mut ed25519_id, id)?,
                Specifier::Unrecognized { .. } => {}
            }
        }
        let extend = Extend {
            ipv4,
            ipv6,
            rsa_id: rsa_id.ok_or(Refused::Relay)?,
            ed25519_id,
            create2: extend2.create2,
        };
        check_relay(extend.rsa_id)?;
        if !extend.has_address() {
            return Err(Refused::Address);
        }
        check_create(&extend.create2)?;
        Ok(extend)
    }

    /// Whether the relay can be where the message says, for all we know.
    fn has_address(&self) -> bool {
        let ipv4 = self.ipv4;
        let ipv6 = self.ipv6;
        ipv4.is_some_and(|at| !at.ip().is_unspecified() && at.port() != 0)
            || ipv6.is_some_and(|at| !at.ip().is_unspecified() && at.port() != 0)
    }

    /// Writes the data of a message. The answer is its length, in bytes. Who the
    /// relay is, where it is and what is to be sent has been checked:
    /// [`check_relay`], [`check_create`].
    ///
    /// # Errors
    /// If it is too long; it is then written in part.
    pub fn encode(&self, out: &mut [u8; RELAY_DATA_LEN]) -> Result<usize, Refused> {
        let ed25519_id = self.ed25519_id.filter(|id| **id != [0; 32]);
        let ipv6 = self.ipv6.map(|at| (at.ip().octets(), at.port()));
        let specifiers = Specifiers([
            self.ipv4.map(|at| Specifier::Ipv4 {
                addr: u32::from(*at.ip()),
                port: at.port(),
            }),
            Some(Specifier::LegacyId { id: self.rsa_id }),
            ed25519_id.map(|id| Specifier::Ed25519Id { id }),
            ipv6.as_ref()
                .map(|&(ref addr, port)| Specifier::Ipv6 { addr, port }),
        ]);
        let extend2 = Extend2 {
            specifiers: List::of(&specifiers),
            create2: self.create2,
        };
        extend2.encode(out).map_err(|_| Refused::Length)
    }
}

/// Takes an identity, of which a message may have one.
fn once<T>(taken: &mut Option<T>, id: T) -> Result<(), Refused> {
    match taken.replace(id) {
        None => Ok(()),
        Some(_) => Err(Refused::Relay),
    }
}

/// Whether a relay can have this RSA identity.
///
/// # Errors
/// If it is zero, which is none.
pub fn check_relay(rsa_id: &[u8; 20]) -> Result<(), Refused> {
    if *rsa_id == [0; 20] {
        return Err(Refused::Relay);
    }
    Ok(())
}

/// Whether this CREATE2 may be sent to another relay.
///
/// # Errors
/// If it is of a handshake that goes only to the first, or of an obsolete one, or
/// its data have a wrong length.
pub fn check_create(create2: &Create2<'_>) -> Result<(), Refused> {
    match create2.handshake_type {
        create::FAST => Err(Refused::Handshake),
        other => create::check(other, create2.handshake_data.len(), Origin::Client),
    }
}

/// The specifiers of a message that is to be sent.
struct Specifiers<'a>([Option<Specifier<'a>>; 4]);

impl<'a> Held<'a, LinkSpecifier<'a>> for Specifiers<'a> {
    fn count(&self) -> usize {
        self.0.iter().flatten().count()
    }

    fn value(&'a self, number: usize) -> Option<LinkSpecifier<'a>> {
        let specifier = *self.0.iter().flatten().nth(number)?;
        Some(LinkSpecifier { specifier })
    }
}

/// Reads the relay's answer in the data of a message with this relay command.
///
/// # Errors
/// If it is not EXTENDED2, or the answer is not there or too long.
#[inline]
pub fn parse_extended(command: u8, data: &[u8]) -> Result<&[u8], Refused> {
    if data.len() > RELAY_DATA_LEN {
        return Err(Refused::Length);
    }
    match command {
        EXTENDED2 => create::parse_reply(data),
        _ => Err(Refused::Command),
    }
}

/// Writes the data of EXTENDED2. The number is its length, in bytes.
///
/// # Errors
/// If the answer is too long; nothing is then written.
#[inline]
pub fn encode_extended(reply: &[u8], out: &mut [u8; RELAY_DATA_LEN]) -> Result<usize, Refused> {
    create::encode_reply(reply, out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RSA_ID: &[u8; 20] = b"anthropomorphization";
    const ED25519_ID: &[u8; 32] = b"brownshoesdontmakeit/brownshoesd";
    const ADDR: [u8; 16] = *b"xxxxxxxxxxxxxxxx";

    fn unknown(handshake_data: &[u8]) -> Create2<'_> {
        Create2 {
            handshake_type: 0x105,
            handshake_data,
        }
    }

    /// With all that there can be.
    fn full(create2: Create2<'_>) -> Extend<'_> {
        Extend {
            ipv4: Some(SocketAddrV4::new(Ipv4Addr::new(18, 244, 0, 1), 61681)),
            ipv6: Some(SocketAddrV6::new(Ipv6Addr::from(ADDR), 4370, 0, 0)),
            rsa_id: RSA_ID,
            ed25519_id: Some(ED25519_ID),
            create2,
        }
    }

    /// The data of a message with these specifiers and a handshake that nobody
    /// knows.
    fn message(specifiers: &[Specifier<'_>]) -> Vec<u8> {
        let link = |&specifier| LinkSpecifier { specifier };
        let specifiers: Vec<_> = specifiers.iter().map(link).collect();
        let specifiers = &specifiers[..];
        let extend2 = Extend2 {
            specifiers: List::of(&specifiers),
            create2: unknown(b"handshake"),
        };
        let mut data = vec![0; extend2.encoded_len().unwrap()];
        extend2.encode(&mut data).unwrap();
        data
    }

    const LEGACY: Specifier<'static> = Specifier::LegacyId { id: RSA_ID };
    const ED25519: Specifier<'static> = Specifier::Ed25519Id { id: ED25519_ID };

    fn ipv4(addr: u32, port: u16) -> Specifier<'static> {
        Specifier::Ipv4 { addr, port }
    }

    fn ipv6(addr: &[u8; 16], port: u16) -> Specifier<'_> {
        Specifier::Ipv6 { addr, port }
    }

    #[test]
    fn what_is_encoded_is_parsed() {
        let all = full(unknown(b"handshake"));
        let ntor = Create2 {
            handshake_type: 2,
            handshake_data: &[1; 84],
        };
        for extend in [
            all,
            full(ntor),
            Extend { ipv4: None, ..all },
            Extend { ipv6: None, ..all },
            Extend {
                ed25519_id: None,
                ..all
            },
        ] {
            let mut data = [0xee; RELAY_DATA_LEN];
            let len = extend.encode(&mut data).unwrap();
            assert_eq!(Extend::parse(EXTEND2, &data[..len]), Ok(extend));
            assert!(data[len..].iter().all(|&byte| byte == 0xee));
            for shorter in 0..len {
                assert!(Extend::parse(EXTEND2, &data[..shorter]).is_err());
            }
        }
        let extend = Extend {
            ed25519_id: Some(&[0; 32]),
            ..all
        };
        let mut data = [0; RELAY_DATA_LEN];
        let len = extend.encode(&mut data).unwrap();
        let read = Extend::parse(EXTEND2, &data[..len]).unwrap();
        assert_eq!(read.ed25519_id, None);
    }

    #[test]
    fn what_is_parsed_is_encoded_again_in_our_order_and_without_what_we_ignore() {
        let strange = Specifier::Unrecognized {
            ls_type: 0xf0,
            bytes: b"upupdowndownleftrightleftrightba",
        };
        let ours = [ipv4(7, 8), LEGACY, ED25519, ipv6(&ADDR, 9)];
        let theirs = [
            vec![ipv6(&ADDR, 9), ED25519, LEGACY, ipv4(7, 8)],
            vec![ipv4(7, 8), strange, LEGACY, ED25519, ipv6(&ADDR, 9)],
            vec![
                ipv4(7, 8),
                LEGACY,
                ipv4(5, 6),
                ED25519,
                ipv6(&ADDR, 9),
                ipv6(&[7; 16], 1),
            ],
            ours.to_vec(),
        ];
        for specifiers in theirs {
            let data = message(&specifiers);
            let extend = Extend::parse(EXTEND2, &data).unwrap();
            let mut again = [0; RELAY_DATA_LEN];
            let len = extend.encode(&mut again).unwrap();
            assert_eq!(again[..len], message(&ours));
        }
    }

    #[test]
    fn a_message_names_one_relay() {
        let refused = Err(Refused::Relay);
        for specifiers in [
            vec![ipv4(7, 8)],
            vec![ipv4(7, 8), ED25519],
            vec![ipv4(7, 8), LEGACY, LEGACY],
            vec![ipv4(7, 8), LEGACY, ED25519, ED25519],
            vec![ipv4(7, 8), Specifier::LegacyId { id: &[0; 20] }],
        ] {
            assert_eq!(Extend::parse(EXTEND2, &message(&specifiers)), refused);
        }
    }

    #[test]
    fn a_message_says_where_the_relay_is() {
        for (specifiers, good) in [
            (vec![LEGACY], false),
            (vec![LEGACY, ipv4(0, 8)], false),
            (vec![LEGACY, ipv4(7, 0)], false),
            (vec![LEGACY, ipv6(&[0; 16], 8)], false),
            (vec![LEGACY, ipv6(&ADDR, 0)], false),
            // Only the first of a kind counts.
            (vec![LEGACY, ipv4(0, 8), ipv4(7, 8)], false),
            (vec![LEGACY, ipv4(0, 8), ipv6(&ADDR, 9)], true),
            (vec![LEGACY, ipv6(&ADDR, 0), ipv4(7, 8)], true),
            (vec![LEGACY, ipv4(7, 8)], true),
            (vec![LEGACY, ipv6(&ADDR, 9)], true),
        ] {
            let parsed = Extend::parse(EXTEND2, &message(&specifiers)).map(drop);
            let expected = if good { Ok(()) } else { Err(Refused::Address) };
            assert_eq!(parsed, expected, "{specifiers:?}");
        }
    }

    #[test]
    fn handshakes_that_nobody_knows_are_passed_on_and_create_fast_and_tap_are_not() {
        let data = [0; 200];
        for handshake_type in 0..=u16::MAX {
            for len in [20, 84, 200] {
                let create2 = Create2 {
                    handshake_type,
                    handshake_data: &data[..len],
                };
                let good = match handshake_type {
                    0 | 1 => false,
                    2 => len == 84,
                    _ => true,
                };
                assert_eq!(check_create(&create2).is_ok(), good);
                let mut bytes = [0; RELAY_DATA_LEN];
                let len = full(create2).encode(&mut bytes).unwrap();
                let parsed = Extend::parse(EXTEND2, &bytes[..len]);
                assert_eq!(parsed.is_ok(), good);
            }
        }
    }

    #[test]
    fn no_message_is_longer_than_a_cell() {
        let data = [1; RELAY_DATA_LEN];
        let room = RELAY_DATA_LEN - 89;
        for (len, good) in [(room, true), (room + 1, false)] {
            let encoded = full(unknown(&data[..len])).encode(&mut [0; RELAY_DATA_LEN]);
            assert_eq!(encoded.is_ok(), good);
        }
        let mut long = message(&[LEGACY, ipv4(7, 8)]);
        long.resize(RELAY_DATA_LEN, 0);
        assert!(Extend::parse(EXTEND2, &long).is_ok());
        long.push(0);
        assert_eq!(Extend::parse(EXTEND2, &long), Err(Refused::Length));
        assert_eq!(parse_extended(EXTENDED2, &long), Err(Refused::Length));
    }

    #[test]
    fn other_messages_are_refused() {
        let data = message(&[LEGACY, ipv4(7, 8)]);
        for command in 0..=u8::MAX {
            assert_eq!(Extend::parse(command, &data).is_ok(), command == EXTEND2);
            let extended = parse_extended(command, b"\0\x02hi");
            assert_eq!(extended.is_ok(), command == EXTENDED2);
        }
    }

    #[test]
    fn an_answer_is_written_and_read_again_and_refused_if_it_ends_early() {
        let reply = [0x55; RELAY_DATA_LEN];
        for len in 0..=RELAY_DATA_LEN {
            let reply = &reply[..len];
            let mut data = [0xee; RELAY_DATA_LEN];
            let Ok(written) = encode_extended(reply, &mut data) else {
                assert!(len > RELAY_DATA_LEN - 2);
                assert_eq!(data, [0xee; RELAY_DATA_LEN]);
                continue;
            };
            assert_eq!(written, len + 2);
            assert_eq!(parse_extended(EXTENDED2, &data), Ok(reply));
            assert_eq!(parse_extended(EXTENDED2, &data[..written]), Ok(reply));
            assert!(data[written..].iter().all(|&byte| byte == 0xee));
            for shorter in 0..written {
                assert!(parse_extended(EXTENDED2, &data[..shorter]).is_err());
            }
        }
    }
}
