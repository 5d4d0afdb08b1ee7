//! What a handshake can have come to.

use crate::action::{Action, Attempt};

/// Who opened a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// We did.
    Initiator,
    /// The peer did.
    Responder,
}

/// A version of the link protocol (tor-spec, "Negotiating versions").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LinkProtocol {
    /// The first one with this handshake.
    V3 = 3,
    /// Circuit IDs have 4 bytes.
    V4 = 4,
    /// Links are padded.
    V5 = 5,
}

impl LinkProtocol {
    /// All that we speak, the oldest first.
    pub const ALL: [Self; 3] = [Self::V3, Self::V4, Self::V5];

    /// The one with that number, if we speak it.
    pub fn from_number(number: u16) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|protocol| protocol.number() == number)
    }

    /// Its number.
    pub fn number(self) -> u16 {
        self as u16
    }

    /// Whether circuit IDs have 4 bytes, not 2.
    pub fn has_wide_circ_ids(self) -> bool {
        self >= Self::V4
    }

    /// Whether links are padded.
    pub fn has_padding(self) -> bool {
        self >= Self::V5
    }
}

/// What a link has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// TLS is there, and nobody has sent a cell yet.
    Silent(Role),
    /// We opened the connection, and the handshake is going on.
    Initiator(Initiator),
    /// The peer did.
    Responder(Responder),
    /// The handshake is over.
    Open(LinkProtocol),
    /// No cell can come yet: there is no TLS.
    Elsewhere,
}

/// What we wait for, having opened the connection. A NETINFO cell may come as soon
/// as we know who the peer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Initiator {
    /// VERSIONS.
    AwaitsVersions,
    /// CERTS.
    AwaitsCerts(LinkProtocol),
    /// AUTH_CHALLENGE, or NETINFO: we know who the peer is.
    AwaitsAuthChallenge(LinkProtocol),
    /// NETINFO.
    AwaitsNetinfo(LinkProtocol),
}

/// What we wait for on a connection that the peer opened. With a NETINFO cell it
/// says that it does not want to authenticate, or has done so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Responder {
    /// VERSIONS.
    AwaitsVersions,
    /// CERTS, or NETINFO.
    AwaitsCerts(LinkProtocol),
    /// AUTHENTICATE, or NETINFO: the peer has said who it is, but not proven it.
    AwaitsAuthenticate(LinkProtocol),
    /// NETINFO: we know who the peer is.
    AwaitsNetinfo(LinkProtocol),
}

impl State {
    /// A handshake that has just begun.
    pub fn begun(role: Role) -> Self {
        match role {
            Role::Initiator => State::Initiator(Initiator::AwaitsVersions),
            Role::Responder => State::Responder(Responder::AwaitsVersions),
        }
    }

    /// Whether the handshake is going on.
    pub fn is_handshaking(self) -> bool {
        matches!(self, State::Initiator(_) | State::Responder(_))
    }

    /// The link protocol, once it is negotiated.
    pub fn link_protocol(self) -> Option<LinkProtocol> {
        match self {
            State::Initiator(
                Initiator::AwaitsCerts(protocol)
                | Initiator::AwaitsAuthChallenge(protocol)
                | Initiator::AwaitsNetinfo(protocol),
            )
            | State::Responder(
                Responder::AwaitsCerts(protocol)
                | Responder::AwaitsAuthenticate(protocol)
                | Responder::AwaitsNetinfo(protocol),
            )
            | State::Open(protocol) => Some(protocol),
            State::Silent(_)
            | State::Initiator(Initiator::AwaitsVersions)
            | State::Responder(Responder::AwaitsVersions)
            | State::Elsewhere => None,
        }
    }

    /// What the link has come to when `action` is done.
    pub fn after(self, action: &Action) -> Self {
        match (self, action) {
            (State::Silent(role), Action::Attempt(Attempt::Begin, _)) => State::begun(role),
            (State::Initiator(Initiator::AwaitsVersions), Action::Negotiated(protocol)) => {
                State::Initiator(Initiator::AwaitsCerts(*protocol))
            }
            (State::Initiator(Initiator::AwaitsCerts(protocol)), Action::ReceivedCerts) => {
                State::Initiator(Initiator::AwaitsAuthChallenge(protocol))
            }
            (
                State::Initiator(Initiator::AwaitsAuthChallenge(protocol)),
                Action::ReceivedAuthChallenge,
            ) => State::Initiator(Initiator::AwaitsNetinfo(protocol)),
            (State::Responder(Responder::AwaitsVersions), Action::Negotiated(protocol)) => {
                State::Responder(Responder::AwaitsCerts(*protocol))
            }
            (State::Responder(Responder::AwaitsCerts(protocol)), Action::ReceivedCerts) => {
                State::Responder(Responder::AwaitsAuthenticate(protocol))
            }
            (State::Responder(Responder::AwaitsAuthenticate(protocol)), Action::Authenticated) => {
                State::Responder(Responder::AwaitsNetinfo(protocol))
            }
            (state, Action::Attempt(Attempt::Open(_), _)) => {
                state.link_protocol().map_or(state, State::Open)
            }
            (state, _) => state,
        }
    }
}
