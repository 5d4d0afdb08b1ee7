//! AUTHENTICATE cells (tor-spec, "AUTHENTICATE cells").
//!
//! The initiator repeats who both are and what was said, adds a secret of the TLS
//! connection, and signs it. The responder makes the same for itself and compares.

use subtle::ConstantTimeEq as _;
use wire::format::{Error, Format as _};
use wire::formats::link_handshake::Auth1;

use crate::action::Action;
use crate::line::{Line, CONNECTION};
use crate::{refused, Facts, Initiator, Link, Responder, State, VarCell};

const FUNCTION: &str = "channel_tls_process_authenticate_cell";

/// AUTH_TYPE "Ed25519-SHA256-RFC5705", the only one that is supported.
pub const ED25519_SHA256_RFC5705: u16 = 3;
/// What its authenticators begin with.
const AUTH0003: &[u8; 8] = b"AUTH0003";

/// Length of what stands before an authenticator, in bytes: its type and its
/// length.
const HEADER_LEN: usize = 2 + 2;
/// Length of what is not determined by the handshake, in bytes.
pub const RANDOM_LEN: usize = 24;
/// Length of what is signed, in bytes.
pub const SIGNED_LEN: usize = 8 + 8 * 32 + RANDOM_LEN;
/// Length of the signature, in bytes.
pub const SIGNATURE_LEN: usize = 64;

/// Least length of an authenticator, in bytes. (It is that of a type that had fewer
/// fields.)
const SHORTEST: usize = 8 + 6 * 32 + RANDOM_LEN + 1;

/// Whether AUTHENTICATE cells of this type are ever sent or taken.
pub fn is_supported(auth_type: u16) -> bool {
    auth_type == ED25519_SHA256_RFC5705
}

/// Whether the type `a` is one that we would rather use than `b`.
pub fn is_better(a: u16, b: u16) -> bool {
    match (is_supported(a), is_supported(b)) {
        (false, _) => false,
        (true, false) => true,
        (true, true) => a > b,
    }
}

/// What an authenticator proves to have seen. Everything has 32 bytes but `rand`.
#[derive(Clone, Copy, Debug)]
pub struct Authenticator<'a> {
    /// CID: SHA-256 of the initiator's RSA identity key.
    pub cid: &'a [u8; 32],
    /// SID: SHA-256 of the responder's RSA identity key.
    pub sid: &'a [u8; 32],
    /// CID_ED: the initiator's Ed25519 identity.
    pub cid_ed: &'a [u8; 32],
    /// SID_ED: the responder's Ed25519 identity.
    pub sid_ed: &'a [u8; 32],
    /// SLOG: SHA-256 of all that the responder has sent.
    pub slog: &'a [u8; 32],
    /// CLOG: SHA-256 of all that the initiator has sent.
    pub clog: &'a [u8; 32],
    /// SCERT: SHA-256 of the responder's TLS certificate.
    pub scert: &'a [u8; 32],
    /// TLSSECRETS: from the TLS connection (RFC 5705).
    pub tlssecrets: &'a [u8; 32],
    /// RAND: anything.
    pub rand: &'a [u8; RANDOM_LEN],
}

impl Authenticator<'_> {
    /// Writes what is to be signed.
    ///
    /// # Errors
    /// If there is too little space.
    pub fn encode(&self, out: &mut [u8]) -> Result<usize, Error> {
        let auth1 = Auth1 {
            auth_type: AUTH0003,
            cid: self.cid,
            sid: self.sid,
            cid_ed: self.cid_ed,
            sid_ed: self.sid_ed,
            slog: self.slog,
            clog: self.clog,
            scert: self.scert,
            tlssecrets: self.tlssecrets,
            end_of_fixed_part: 0,
            rand: self.rand,
            end_of_signed: 0,
            sig: &[],
        };
        auth1.encode(out)
    }
}

/// What the CERTS cell of the peer that wants to authenticate had.
#[derive(Clone, Copy, Debug, Default)]
pub struct PeerKeys<'a> {
    /// Whether it had an RSA identity certificate.
    pub has_rsa_id: bool,
    /// Whether it had an Ed25519 signing key's certificate.
    pub has_ed_id: bool,
    /// The Ed25519 key to authenticate with.
    pub auth_key: Option<&'a [u8; 32]>,
}

/// The end of a link whose AUTHENTICATE cell is bad.
fn bad(why: &str) -> Vec<Action> {
    let text = format!("Received a bad AUTHENTICATE cell on {CONNECTION}: {why}");
    refused(Line::protocol(FUNCTION, text))
}

impl Link {
    /// An AUTHENTICATE cell.
    pub fn authenticate(&self, cell: &VarCell<'_>, facts: &mut dyn Facts) -> Vec<Action> {
        match self.check_authenticate(cell, facts) {
            Ok(()) => vec![Action::Authenticated],
            Err(why) => bad(why),
        }
    }

    fn check_authenticate(
        &self,
        cell: &VarCell<'_>,
        facts: &mut dyn Facts,
    ) -> Result<(), &'static str> {
        match self.state {
            State::Silent(_) | State::Open | State::Elsewhere => {
                return Err("We're not doing a v3 handshake")
            }
            State::Initiator(Initiator::AwaitsVersions)
            | State::Responder(Responder::AwaitsVersions) => {
                return Err("We're not using link protocol >= 3")
            }
            State::Initiator(_) => return Err("We originated this connection"),
            State::Responder(Responder::AwaitsNetinfo) => return Err("We already got one!"),
            State::Responder(_) if self.known_without_proof => {
                return Err("The peer is already authenticated")
            }
            State::Responder(Responder::AwaitsCerts) => return Err("We never got a certs cell"),
            State::Responder(Responder::AwaitsAuthenticate) => {}
        }
        if !facts.peer_keys().has_rsa_id {
            return Err("We never got an identity certificate");
        }
        let Some((&[t0, t1, l0, l1], rest)) = cell.body.split_first_chunk::<HEADER_LEN>() else {
            return Err("Cell was way too short");
        };
        let auth_type = u16::from_be_bytes([t0, t1]);
        let Some(authenticator) = rest.get(..u16::from_be_bytes([l0, l1]).into()) else {
            return Err("Authenticator was truncated");
        };
        if !is_supported(auth_type) {
            return Err("Authenticator type was not recognized");
        }
        if authenticator.len() < SHORTEST {
            return Err("Authenticator was too short");
        }
        let Some(expected) = facts.expected_authenticator(auth_type) else {
            return Err("Couldn't compute expected AUTHENTICATE cell body");
        };
        // What is expected has no signature; a whole authenticator is long enough for one.
        let Some((signed, signature)) = authenticator.split_last_chunk::<SIGNATURE_LEN>() else {
            return Err("Authenticator was too short");
        };
        if expected.len() != signed.len() {
            return Err("Expected AUTHENTICATE cell body len not as expected.");
        }
        let determined = |bytes: &[u8]| bytes.len().saturating_sub(RANDOM_LEN);
        let ours = expected.get(..determined(expected)).unwrap_or_default();
        let theirs = signed.get(..determined(signed)).unwrap_or_default();
        if !bool::from(ours.ct_eq(theirs)) {
            return Err("Some field in the AUTHENTICATE cell body was not as expected");
        }
        let keys = facts.peer_keys();
        if !keys.has_ed_id {
            return Err("We never got an Ed25519 identity certificate.");
        }
        let Some(auth_key) = keys.auth_key else {
            return Err("We never got an Ed25519 authentication certificate.");
        };
        if !cert::ed25519::verify(auth_key, signed, signature) {
            return Err("Ed25519 signature wasn't valid.");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{good_authenticate, relay, Calm};

    fn refusal(body: &[u8]) -> Option<&'static str> {
        let state = State::Responder(Responder::AwaitsAuthenticate);
        let cell = VarCell {
            command: crate::command::AUTHENTICATE,
            circ_id: 0,
            body,
        };
        relay(state)
            .check_authenticate(&cell, &mut Calm::new())
            .err()
    }

    #[test]
    fn every_byte_that_the_handshake_determines_counts_and_the_random_ones_are_signed() {
        let good = good_authenticate();
        assert_eq!(refusal(&good), None);
        let determined = HEADER_LEN + SIGNED_LEN - RANDOM_LEN;
        for at in HEADER_LEN..determined {
            let mut bad = good.clone();
            bad[at] ^= 1;
            let why = "Some field in the AUTHENTICATE cell body was not as expected";
            assert_eq!(refusal(&bad), Some(why), "byte {at}");
        }
        let mut bad = good.clone();
        bad[HEADER_LEN + SIGNED_LEN] ^= 2;
        assert_eq!(refusal(&bad), Some("Ed25519 signature wasn't valid."));
    }

    #[test]
    fn lengths_that_do_not_fit_are_refused_and_bytes_behind_the_authenticator_are_not() {
        let good = good_authenticate();
        for len in 0..good.len() {
            let why = match len {
                0..HEADER_LEN => "Cell was way too short",
                _ => "Authenticator was truncated",
            };
            assert_eq!(refusal(&good[..len]), Some(why), "{len} bytes");
        }
        for len in 0..good.len() - HEADER_LEN {
            let mut short = good.clone();
            short[2..4].copy_from_slice(&(len as u16).to_be_bytes());
            let why = match len {
                0..SHORTEST => "Authenticator was too short",
                _ => "Expected AUTHENTICATE cell body len not as expected.",
            };
            assert_eq!(refusal(&short), Some(why), "{len} bytes");
        }
        let longer = [&good[..], b"more"].concat();
        assert_eq!(refusal(&longer), None);
    }

    #[test]
    fn there_is_one_type() {
        for auth_type in 0..=u16::MAX {
            let mut body = good_authenticate();
            body[..2].copy_from_slice(&auth_type.to_be_bytes());
            let why = (auth_type != 3).then_some("Authenticator type was not recognized");
            assert_eq!(refusal(&body), why);
        }
        assert!(is_better(3, 1) && !is_better(1, 3) && !is_better(3, 3) && !is_better(1, 2));
    }
}
