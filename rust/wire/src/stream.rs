//! Messages that open streams (tor-spec, "Opening streams and transferring data"),
//! and the answer to a client that only wants an address ("Remote hostname
//! lookup").
//!
//! Replaces `begin_cell_parse` and `connected_cell_format_payload` of C Tor's
//! `connection_edge.c`, `connected_cell_parse` and `resolved_cell_parse` of its
//! `relay.c`. BEGIN_DIR, and CONNECTED of an onion service, say nothing. DATA has no
//! format, and of END its receiver reads one byte.

use core::ffi::CStr;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::format::{Error, Format, List, Reader, Writer};

/// What a client asks an exit or an onion service for: the body of a BEGIN message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begin<'a> {
    /// `ADDRESS:PORT`, so it ought to be. How addresses are written is not this
    /// format's affair.
    pub address_port: &'a CStr,
    /// Which addresses the client can do with; 0 if it does not say.
    pub flags: u32,
}

impl<'a> Format<'a> for Begin<'a> {
    #[inline]
    fn read(reader: &mut Reader<'a>) -> Result<Self, Error> {
        let address_port = reader.text()?;
        // Older clients send no flags.
        let flags = match reader.len() {
            4.. => u32::read(reader)?,
            _ => 0,
        };
        Ok(Begin {
            address_port,
            flags,
        })
    }

    /// Flags that say nothing are left out, as clients do.
    fn write(&self, writer: &mut Writer<'_>) -> Result<(), Error> {
        writer.put(self.address_port.to_bytes_with_nul())?;
        match self.flags {
            0 => Ok(()),
            flags => flags.write(writer),
        }
    }
}

/// Where an exit says it has connected a stream to: the body of a CONNECTED message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connected {
    /// The address.
    pub address: IpAddr,
    /// How long the name that the client gave has this address, in seconds. An IPv4
    /// address may come without.
    pub ttl: Option<u32>,
}

/// Length of the longest CONNECTED message that an exit sends, in bytes: zeros where
/// an IPv4 address would be (4), its type (1), an IPv6 address (16), a lifetime (4).
pub const CONNECTED_MAX_LEN: usize = 25;

/// The type of an IPv6 address, in CONNECTED and in RESOLVED messages.
pub const IPV6: u8 = 6;

impl Connected {
    /// Reads the body of a CONNECTED message. Nothing, if it names no address: the
    /// stream is one to a directory or to an onion service.
    ///
    /// # Errors
    /// If there is something else than an address.
    #[inline]
    pub fn parse_message(body: &[u8]) -> Result<Option<Self>, Error> {
        match body {
            [] => Ok(None),
            _ => Connected::parse(body).map(|(connected, _)| Some(connected)),
        }
    }
}

impl<'a> Format<'a> for Connected {
    #[inline]
    fn read(reader: &mut Reader<'a>) -> Result<Self, Error> {
        let ipv4 = u32::read(reader)?;
        if ipv4 != 0 {
            let ttl = match reader.len() {
                4.. => Some(u32::read(reader)?),
                _ => None,
            };
            let address = Ipv4Addr::from_bits(ipv4).into();
            return Ok(Connected { address, ttl });
        }
        if u8::read(reader)? != IPV6 {
            return Err(Error::Invalid);
        }
        let address = Ipv6Addr::from(*reader.array()?).into();
        let ttl = Some(u32::read(reader)?);
        Ok(Connected { address, ttl })
    }

    /// The address 0.0.0.0, to which nothing is ever connected, could not be read
    /// again; it is written all the same.
    #[inline]
    fn write(&self, writer: &mut Writer<'_>) -> Result<(), Error> {
        match self.address {
            IpAddr::V4(ipv4) => writer.put(&ipv4.octets())?,
            IpAddr::V6(ipv6) => {
                // There is no other place for a lifetime that is missing.
                self.ttl.ok_or(Error::Invalid)?;
                writer.put(&[0, 0, 0, 0, IPV6])?;
                writer.put(&ipv6.octets())?;
            }
        }
        self.ttl.map_or(Ok(()), |ttl| ttl.write(writer))
    }
}

/// One answer of a RESOLVED message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer<'a> {
    /// What was found.
    pub found: Found<'a>,
    /// How long it is valid, in seconds.
    pub ttl: u32,
}

/// What a relay has found for a name or an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// An address.
    Ipv4(Ipv4Addr),
    /// An address.
    Ipv6(Ipv6Addr),
    /// A name, of one byte or more, which may be any.
    Hostname(&'a [u8]),
    /// Nothing, and it is no use to ask again ([`ERROR`]), or it may be
    /// ([`ERROR_TRANSIENT`]). Why, the relay may say.
    Nothing {
        /// Which of the two.
        error: u8,
        /// What nobody reads.
        reason: &'a [u8],
    },
    /// Something of a type that nobody knows.
    Unrecognized {
        /// The type.
        answer_type: u8,
        /// What it is.
        bytes: &'a [u8],
    },
}

/// Types of answers.
pub const HOSTNAME: u8 = 0;
/// Type of [`Found::Ipv4`].
pub const IPV4: u8 = 4;
/// Type of [`Found::Nothing`]: try again.
pub const ERROR_TRANSIENT: u8 = 0xf0;
/// Type of [`Found::Nothing`]: do not.
pub const ERROR: u8 = 0xf1;

impl<'a> Format<'a> for Answer<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, Error> {
        let answer_type = u8::read(reader)?;
        let len = u8::read(reader)?;
        let bytes = reader.take(len.into())?;
        let ttl = u32::read(reader)?;
        let found = match (answer_type, bytes) {
            (IPV4, _) => Found::Ipv4(fixed::<4>(bytes)?.into()),
            (IPV6, _) => Found::Ipv6(fixed::<16>(bytes)?.into()),
            (HOSTNAME, []) => return Err(Error::Invalid),
            (HOSTNAME, _) => Found::Hostname(bytes),
            (error @ (ERROR | ERROR_TRANSIENT), reason) => Found::Nothing { error, reason },
            (answer_type, bytes) => Found::Unrecognized { answer_type, bytes },
        };
        Ok(Answer { found, ttl })
    }

    fn write(&self, writer: &mut Writer<'_>) -> Result<(), Error> {
        let (ipv4, ipv6);
        let (answer_type, bytes) = match self.found {
            Found::Ipv4(address) => {
                ipv4 = address.octets();
                (IPV4, &ipv4[..])
            }
            Found::Ipv6(address) => {
                ipv6 = address.octets();
                (IPV6, &ipv6[..])
            }
            Found::Hostname([]) => return Err(Error::Invalid),
            Found::Hostname(name) => (HOSTNAME, name),
            Found::Nothing { error, reason } => match error {
                ERROR | ERROR_TRANSIENT => (error, reason),
                _ => return Err(Error::Invalid),
            },
            Found::Unrecognized { answer_type, bytes } => match answer_type {
                HOSTNAME | IPV4 | IPV6 | ERROR | ERROR_TRANSIENT => return Err(Error::Invalid),
                _ => (answer_type, bytes),
            },
        };
        let len = u8::try_from(bytes.len()).map_err(|_| Error::Invalid)?;
        writer.put(&[answer_type, len])?;
        writer.put(bytes)?;
        self.ttl.write(writer)
    }
}

/// `bytes`, if they have this length.
fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N], Error> {
    bytes.try_into().map_err(|_| Error::Invalid)
}

/// All answers to a client that asked for a name or an address: the body of a
/// RESOLVED message.
#[derive(Clone, Copy, Debug)]
pub struct Resolved<'a>(List<'a, Answer<'a>>);

impl<'a> Resolved<'a> {
    /// Reads the body of a RESOLVED message. It may have no answers.
    ///
    /// # Errors
    /// If one of them is not an answer.
    pub fn parse(body: &'a [u8]) -> Result<Self, Error> {
        List::read_all(&mut Reader::new(body)).map(Resolved)
    }

    /// The answers, also those that find nothing.
    pub fn answers(&self) -> impl Iterator<Item = Answer<'a>> + use<'a> {
        self.0.iter()
    }

    /// [`ERROR`] or [`ERROR_TRANSIENT`] if nothing was found: the last answer that
    /// says so.
    pub fn error(&self) -> Option<u8> {
        let mut last = None;
        for answer in self.answers() {
            match answer.found {
                Found::Ipv4(_) | Found::Ipv6(_) | Found::Hostname(_) => return None,
                Found::Nothing { error, .. } => last = Some(error),
                Found::Unrecognized { .. } => {}
            }
        }
        last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded<'a>(value: &impl Format<'a>) -> Result<Vec<u8>, Error> {
        let mut out = [0; 600];
        value.encode(&mut out).map(|len| out[..len].to_vec())
    }

    fn begin(body: &[u8]) -> Result<(&[u8], u32, usize), Error> {
        Begin::parse(body).map(|(begin, len)| (begin.address_port.to_bytes(), begin.flags, len))
    }

    #[test]
    fn a_begin_is_read_and_written_again() {
        for (address_port, flags) in [
            (c"", 0),
            (c"a.b:80", 0),
            (c"[::1]:443", 1),
            (c"a:1", u32::MAX),
        ] {
            let value = Begin {
                address_port,
                flags,
            };
            let body = encoded(&value).unwrap();
            assert_eq!(Begin::parse(&body), Ok((value, body.len())));
        }
    }

    #[test]
    fn flags_are_read_if_all_four_bytes_are_there() {
        let body = b"a.b:80\0\x42\x43\x44\x45more";
        assert_eq!(begin(&body[..7]), Ok((&b"a.b:80"[..], 0, 7)));
        for len in 8..=10 {
            assert_eq!(begin(&body[..len]), Ok((&b"a.b:80"[..], 0, 7)));
        }
        for len in 11..=15 {
            assert_eq!(begin(&body[..len]), Ok((&b"a.b:80"[..], 0x4243_4445, 11)));
        }
    }

    #[test]
    fn a_begin_whose_text_has_no_end_is_refused() {
        for body in [&b""[..], b"a", b"a.b:80"] {
            assert_eq!(begin(body), Err(Error::Truncated));
        }
    }

    #[test]
    fn what_is_written_of_a_connection_is_read_again() {
        for address in ["1.2.3.4", "0.0.0.1", "255.255.255.255", "::", "2001:db8::1"] {
            let address: IpAddr = address.parse().unwrap();
            for ttl in [None, Some(0), Some(3600), Some(u32::MAX)] {
                let connected = Connected { address, ttl };
                let Ok(body) = encoded(&connected) else {
                    assert!(address.is_ipv6() && ttl.is_none());
                    continue;
                };
                assert!(body.len() <= CONNECTED_MAX_LEN);
                assert_eq!(Connected::parse_message(&body), Ok(Some(connected)));
                let longer = [&body[..], b"xyz"].concat();
                assert_eq!(Connected::parse_message(&longer), Ok(Some(connected)));
            }
        }
    }

    #[test]
    fn nothing_is_connected_to_the_address_that_is_all_zero() {
        let connected = Connected {
            address: Ipv4Addr::UNSPECIFIED.into(),
            ttl: Some(7),
        };
        let body = encoded(&connected).unwrap();
        assert_eq!(body, [0, 0, 0, 0, 0, 0, 0, 7]);
        assert_eq!(Connected::parse_message(&body), Err(Error::Invalid));
    }

    #[test]
    fn a_connected_message_of_every_length_is_nothing_an_address_or_refused() {
        let ipv4 = [1; CONNECTED_MAX_LEN + 1];
        let mut ipv6 = [0; CONNECTED_MAX_LEN + 1];
        ipv6[4] = IPV6;
        for len in 0..=CONNECTED_MAX_LEN + 1 {
            let read = |body: &[u8]| {
                let connected = Connected::parse_message(&body[..len]);
                connected.map(|c| c.map(|c| (c.address.is_ipv6(), c.ttl)))
            };
            assert_eq!(
                read(&ipv4),
                match len {
                    0 => Ok(None),
                    1..4 => Err(Error::Truncated),
                    4..8 => Ok(Some((false, None))),
                    _ => Ok(Some((false, Some(0x0101_0101)))),
                }
            );
            assert_eq!(
                read(&ipv6),
                match len {
                    0 => Ok(None),
                    1..CONNECTED_MAX_LEN => Err(Error::Truncated),
                    _ => Ok(Some((true, Some(0)))),
                }
            );
        }
        ipv6[4] = 7;
        assert_eq!(Connected::parse_message(&ipv6), Err(Error::Invalid));
    }

    const LONGEST: &[u8] = &[b'n'; 255];

    const ANSWERS: [Found<'_>; 8] = [
        Found::Ipv4(Ipv4Addr::new(127, 0, 0, 1)),
        Found::Ipv6(Ipv6Addr::LOCALHOST),
        Found::Hostname(b"a\0b"),
        Found::Hostname(LONGEST),
        Found::Nothing {
            error: ERROR,
            reason: b"",
        },
        Found::Nothing {
            error: ERROR_TRANSIENT,
            reason: b"later",
        },
        Found::Unrecognized {
            answer_type: 1,
            bytes: b"",
        },
        Found::Unrecognized {
            answer_type: 0xff,
            bytes: LONGEST,
        },
    ];

    #[test]
    fn answers_are_read_and_written_again() {
        let mut all = Vec::new();
        let mut bodies = Vec::new();
        let ttls = [0, 1, u32::MAX].into_iter().cycle();
        for (found, ttl) in ANSWERS.into_iter().zip(ttls) {
            let answer = Answer { found, ttl };
            let body = encoded(&answer).unwrap();
            assert_eq!(Answer::parse(&body), Ok((answer, body.len())));
            // One that ends early is none, and spoils those before it.
            for len in 1..body.len() {
                let cut = [&bodies[..], &body[..len]].concat();
                assert_eq!(Resolved::parse(&cut).err(), Some(Error::Invalid));
            }
            all.push(answer);
            bodies.extend(body);
            let resolved = Resolved::parse(&bodies).unwrap();
            assert!(resolved.answers().eq(all.iter().copied()));
        }
    }

    #[test]
    fn what_would_be_read_as_something_else_is_not_written() {
        for found in [
            Found::Hostname(b""),
            Found::Hostname(&[b'n'; 256]),
            Found::Nothing {
                error: 1,
                reason: b"",
            },
            Found::Unrecognized {
                answer_type: ERROR,
                bytes: b"",
            },
        ] {
            assert_eq!(encoded(&Answer { found, ttl: 0 }), Err(Error::Invalid));
        }
    }

    #[test]
    fn an_address_or_a_name_of_a_wrong_length_is_refused() {
        for (answer_type, right) in [(IPV4, 4..=4), (IPV6, 16..=16), (HOSTNAME, 1..=255)] {
            for len in 0..=255 {
                let mut body = vec![answer_type, len];
                body.resize(2 + usize::from(len) + 4, 1);
                assert_eq!(Resolved::parse(&body).is_ok(), right.contains(&len));
            }
        }
    }

    #[test]
    fn an_error_counts_only_where_nothing_was_found_and_the_last_one_does() {
        let error = |body: &[u8]| Resolved::parse(body).unwrap().error();
        assert_eq!(error(b""), None);
        assert_eq!(error(b"\xf1\0tttt"), Some(ERROR));
        assert_eq!(error(b"\xf1\0tttt\xf0\0tttt"), Some(ERROR_TRANSIENT));
        assert_eq!(error(b"\xf0\0tttt\x05\0tttt"), Some(ERROR_TRANSIENT));
        assert_eq!(error(b"\xf1\0tttt\0\x01ntttt"), None);
    }
}
