//! Messages that tie circuits together and switch between them (proposal 329,
//! "Conflux Cells"): CONFLUX_LINK, CONFLUX_LINKED, which says the same, and
//! CONFLUX_SWITCH.
//!
//! Replaces what C Tor's `conflux_cell.c` reads and builds. What is sent, and
//! where, C decides.

use crate::format::{Error, Format};
use crate::formats::conflux::{ConfluxLink, ConfluxLinkPayloadV1, ConfluxSwitch};

/// What a CONFLUX_LINK and a CONFLUX_LINKED message of version 1 says.
pub type Link<'a> = ConfluxLinkPayloadV1<'a>;

/// The version of those messages, the only one that there is.
pub const LINK_VERSION: u8 = 1;
/// Length of such a message, in bytes: version, nonce, two sequence numbers, wish.
pub const LINK_LEN: usize = 1 + PAYLOAD_LEN;
const PAYLOAD_LEN: usize = 32 + 8 + 8 + 1;

/// Why a message is no CONFLUX_LINK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotALink {
    /// It is empty, or of another version.
    Version,
    /// What follows the version ends too early, or wishes what nobody knows.
    Payload,
}

/// Reads a CONFLUX_LINK or CONFLUX_LINKED message. Bytes after its end mean
/// nothing.
///
/// # Errors
/// If it is none.
pub fn parse_link(message: &[u8]) -> Result<Link<'_>, NotALink> {
    let (link, _) = ConfluxLink::parse(message).map_err(|_| NotALink::Version)?;
    let (payload, _) = Link::parse(link.payload).map_err(|_| NotALink::Payload)?;
    Ok(payload)
}

/// A CONFLUX_LINK or CONFLUX_LINKED message.
///
/// # Errors
/// If its wish is none of those that proposal 329 names.
pub fn encode_link(link: &Link<'_>) -> Result<[u8; LINK_LEN], Error> {
    let mut payload = [0; PAYLOAD_LEN];
    link.encode(&mut payload)?;
    let mut message = [0; LINK_LEN];
    ConfluxLink { payload: &payload }.encode(&mut message)?;
    Ok(message)
}

/// Reads a CONFLUX_SWITCH message: how many cells the leg that goes on is ahead of
/// the one that was used last. Bytes after its end mean nothing.
///
/// # Errors
/// If it ends too early.
pub fn parse_switch(message: &[u8]) -> Result<u32, Error> {
    ConfluxSwitch::parse(message).map(|(switch, _)| switch.seqnum)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: Link<'_> = Link {
        nonce: &[0x4e; 32],
        last_seqno_sent: 0x0102_0304_0506_0708,
        last_seqno_recv: 9,
        desired_ux: 4,
    };

    #[test]
    fn what_is_encoded_is_parsed_and_encoded_again() {
        for desired_ux in 0..=4 {
            let link = Link { desired_ux, ..LINK };
            let mut message = encode_link(&link).unwrap().to_vec();
            assert_eq!(message[..2], [1, 0x4e]);
            assert_eq!(
                message[33..49],
                *b"\x01\x02\x03\x04\x05\x06\x07\x08\0\0\0\0\0\0\0\x09"
            );
            assert_eq!(message[49..], [desired_ux]);
            assert_eq!(parse_link(&message), Ok(link));
            assert_eq!(
                encode_link(&parse_link(&message).unwrap()).unwrap()[..],
                message
            );
            message.extend([0xff; 10]);
            assert_eq!(parse_link(&message), Ok(link));
        }
    }

    #[test]
    fn a_link_that_ends_early_or_has_another_version_or_wish_is_none() {
        let message = encode_link(&LINK).unwrap();
        assert_eq!(parse_link(&[]), Err(NotALink::Version));
        for len in 1..LINK_LEN {
            assert_eq!(parse_link(&message[..len]), Err(NotALink::Payload));
        }
        for version in (0..=255).filter(|&version| version != LINK_VERSION) {
            let mut other = message;
            other[0] = version;
            assert_eq!(parse_link(&other), Err(NotALink::Version));
        }
        for desired_ux in 5..=255 {
            let mut other = message;
            other[LINK_LEN - 1] = desired_ux;
            assert_eq!(parse_link(&other), Err(NotALink::Payload));
            let link = Link { desired_ux, ..LINK };
            assert_eq!(encode_link(&link), Err(Error::Invalid));
        }
    }

    #[test]
    fn a_switch_has_four_bytes_at_least() {
        assert_eq!(parse_switch(b"\x01\x02\x03\x04"), Ok(0x0102_0304));
        assert_eq!(parse_switch(b"\0\0\0\x07more"), Ok(7));
        for len in 0..4 {
            assert_eq!(parse_switch(&[0; 4][..len]), Err(Error::Truncated));
        }
    }
}
