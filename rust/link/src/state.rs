//! What a handshake can have come to.

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
    Open,
    /// Any other state of tor's connection: there is no TLS yet, or the link is given up.
    Elsewhere,
}

/// What we wait for, having opened the connection. A NETINFO cell may come as soon
/// as we know who the peer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Initiator {
    /// VERSIONS.
    AwaitsVersions,
    /// CERTS.
    AwaitsCerts,
    /// AUTH_CHALLENGE, or NETINFO: we know who the peer is.
    AwaitsAuthChallenge,
    /// NETINFO.
    AwaitsNetinfo,
}

/// What we wait for on a connection that the peer opened. With a NETINFO cell it
/// says that it does not want to authenticate, or has done so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Responder {
    /// VERSIONS.
    AwaitsVersions,
    /// CERTS, or NETINFO.
    AwaitsCerts,
    /// AUTHENTICATE, or NETINFO: the peer has said who it is, but not proven it.
    AwaitsAuthenticate,
    /// NETINFO: we know who the peer is.
    AwaitsNetinfo,
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
}
