//! SENDME messages of circuits: what is in them, and whether they may be answered
//! (tor-spec, "SENDME message format"; proposal 289).
//!
//! Replaces what C Tor's `sendme.c` reads, builds and compares. Which tag is
//! expected next, C knows.

use crate::format::{Error, Format};
use crate::formats::sendme::{Sendme as Message, SendmeData};
use subtle::ConstantTimeEq as _;

/// The newest version of SENDME messages, the other one being 0.
pub const NEWEST_VERSION: u8 = 1;

/// Length of a tag of Counter Galois Onion, in bytes.
pub const CGO_TAG_LEN: usize = 16;
/// Length of a tag of tor1, in bytes.
pub const TOR1_TAG_LEN: usize = 20;
/// Length of the longest message of version 1, in bytes: version, length, tag.
pub const LONGEST: usize = 1 + 2 + TOR1_TAG_LEN;

/// A SENDME message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sendme<'a> {
    /// It proves nothing. This is also what an empty message is.
    V0,
    /// It proves, with the tag of a cell, that the cell has arrived. The tag has one
    /// of the two lengths that there are.
    V1 {
        /// The tag.
        tag: &'a [u8],
    },
}

/// Why a tag does not prove that the cell has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WrongTag {
    /// It has the length of another cipher's tags.
    Length,
    /// It is another cell's.
    Cell,
}

/// Why a SENDME of some version is not to be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unacceptable {
    /// The network wants versions that we do not know.
    WeAreTooOld,
    /// The network wants a newer version.
    TooOld,
    /// We do not know the version.
    Unknown,
}

impl<'a> Sendme<'a> {
    /// Reads one. Bytes after its end mean nothing.
    ///
    /// # Errors
    /// If it is none: neither empty nor of a known version with data that have a
    /// tag's length. (That holds for version 0 too, whose data mean nothing.)
    pub fn parse(message: &'a [u8]) -> Result<Self, Error> {
        if message.is_empty() {
            return Ok(Sendme::V0);
        }
        let (message, _) = Message::parse(message)?;
        Ok(match message.data {
            SendmeData::V0 { .. } => Sendme::V0,
            SendmeData::V1 { digest } => Sendme::V1 { tag: digest },
        })
    }

    /// Writes one to the beginning of `out`. The answer is its length, in bytes.
    ///
    /// # Errors
    /// If no cipher has such a tag, or there is too little space.
    pub fn encode(&self, out: &mut [u8]) -> Result<usize, Error> {
        match *self {
            Sendme::V0 => Ok(0),
            Sendme::V1 { tag } if !is_tag_len(tag.len()) => Err(Error::Invalid),
            Sendme::V1 { tag } => {
                let data = SendmeData::V1 { digest: tag };
                Message { data }.encode(out)
            }
        }
    }

    /// Its version.
    pub fn version(&self) -> u8 {
        match self {
            Sendme::V0 => 0,
            Sendme::V1 { .. } => 1,
        }
    }
}

/// Whether a cipher has tags of this length, in bytes.
pub fn is_tag_len(len: usize) -> bool {
    len == CGO_TAG_LEN || len == TOR1_TAG_LEN
}

/// Compares a tag that was received with the one that the cell had, in a time that
/// depends on their lengths only.
///
/// # Errors
/// If they differ.
pub fn check_tag(tag: &[u8], expected: &[u8]) -> Result<(), WrongTag> {
    if tag.len() != expected.len() {
        return Err(WrongTag::Length);
    }
    match tag.ct_eq(expected).into() {
        true => Ok(()),
        false => Err(WrongTag::Cell),
    }
}

/// Whether a SENDME of `version` may be answered, where the network wants `least`
/// at least.
///
/// # Errors
/// If not.
pub fn check_version(version: u8, least: u8) -> Result<(), Unacceptable> {
    if least > NEWEST_VERSION {
        Err(Unacceptable::WeAreTooOld)
    } else if version < least {
        Err(Unacceptable::TooOld)
    } else if version > NEWEST_VERSION {
        Err(Unacceptable::Unknown)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_parsed_for_tags_of_both_ciphers_and_no_others() {
        for len in 0..64 {
            let tag = vec![0x7a; len];
            let sendme = Sendme::V1 { tag: &tag };
            let mut message = [0; 64];
            let written = sendme.encode(&mut message);
            if len != 16 && len != 20 {
                assert_eq!(written, Err(Error::Invalid));
                continue;
            }
            assert_eq!(written, Ok(3 + len));
            assert_eq!(message[..3], [1, 0, len as u8]);
            assert_eq!(Sendme::parse(&message), Ok(sendme));
            assert_eq!(Sendme::parse(&message[..3 + len]), Ok(sendme));
            assert_eq!(
                sendme.encode(&mut [0; 64][..2 + len]),
                Err(Error::Truncated)
            );
            for shorter in 1..3 + len {
                assert_eq!(Sendme::parse(&message[..shorter]), Err(Error::Truncated));
            }
        }
    }

    #[test]
    fn an_empty_message_is_of_version_0_and_one_with_a_version_needs_data() {
        assert_eq!(Sendme::parse(&[]), Ok(Sendme::V0));
        assert_eq!(Sendme::V0.encode(&mut []), Ok(0));
        let mut message = [0; 40];
        for version in 0..=255 {
            for len in 0..=32 {
                message[0] = version;
                message[2] = len;
                let parsed = Sendme::parse(&message).map(|sendme| sendme.version());
                let good = version <= 1 && is_tag_len(len.into());
                assert_eq!(parsed, good.then_some(version).ok_or(Error::Invalid));
            }
        }
    }

    #[test]
    fn only_the_same_tag_is_the_same() {
        let tag = [3; 20];
        assert_eq!(check_tag(&tag, &tag), Ok(()));
        assert_eq!(check_tag(&tag[..16], &tag[..16]), Ok(()));
        assert_eq!(check_tag(&tag[..16], &tag), Err(WrongTag::Length));
        for bit in 0..160 {
            let mut other = tag;
            other[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(check_tag(&tag, &other), Err(WrongTag::Cell));
        }
    }

    #[test]
    fn a_version_is_answered_if_both_the_network_and_we_know_it() {
        for least in 0..=255 {
            for version in 0..=255 {
                let expected = match (version, least) {
                    (_, 2..) => Err(Unacceptable::WeAreTooOld),
                    (0, 1) => Err(Unacceptable::TooOld),
                    (2.., _) => Err(Unacceptable::Unknown),
                    _ => Ok(()),
                };
                assert_eq!(check_version(version, least), expected);
            }
        }
    }
}
