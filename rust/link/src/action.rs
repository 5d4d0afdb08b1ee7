//! What is to be done on a link.

use core::net::IpAddr;

use crate::line::Line;
use crate::padding_negotiate::Padding;
use crate::LinkProtocol;

/// Something to be done, after those before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Log this.
    Log(Line),
    /// Close the link, as one that failed. The last action.
    Close,
    /// Try this. If it fails, log the line, if there is one, close the link, and do
    /// nothing of what follows.
    Attempt(Attempt, Option<Line>),

    /// Take the cell into the digest of all that was received, which an
    /// AUTHENTICATE cell covers.
    Record,
    /// Remember that the network is there.
    NoteInternet,
    /// Remember that the network is there, and count a cell for the statistics of
    /// padding.
    NoteCell,
    /// Count a cell.
    Count(Counter),

    /// This link protocol is spoken.
    Negotiated(LinkProtocol),
    /// From now on cells have the layout of that link protocol.
    UseLayout(LinkProtocol),

    /// Take over the certificates that were decoded.
    KeepCertificates,
    /// Judge them; [`crate::Event::CertificatesChecked`] is what comes of it.
    CheckCertificates,
    /// A good CERTS cell has come.
    ReceivedCerts,
    /// A good AUTH_CHALLENGE cell has come.
    ReceivedAuthChallenge,
    /// The peer has proven with an AUTHENTICATE cell that it is whom its
    /// certificates name; no more cells need be recorded.
    Authenticated,
    /// The peer is a client: it has not said who it is.
    MarkClient,

    /// The peer knows us by the address that it sees.
    CanonicalToPeer,
    /// The peer sees us at this address.
    AddressAccordingToPeer(IpAddr),
    /// The peer is where it says that it is.
    Canonical,
    /// Log it if the link is canonical for us but not for the peer, which sees us
    /// at this address.
    ReportOneSided(IpAddr),
    /// The peer's clock is so many seconds behind ours: warn, if we opened the link or
    /// the peer is a relay.
    ClockSkew(i64),
    /// This may be our address.
    SuggestAddress(IpAddr),

    /// Pad the link like this.
    Pad(Padding),
}

/// Something that can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// Begin the handshake.
    Begin,
    /// Send this cell.
    Send(Outgoing),
    /// Take what the certificates name as the peer's identity: its RSA identity, and
    /// the Ed25519 identity if that is proven, too.
    TakeIdentity,
    /// Compare that with whom we wanted to reach.
    LearnPeer,
    /// Open the link. The peer sees us at this address.
    Open(IpAddr),
}

/// A cell of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outgoing {
    /// VERSIONS.
    Versions,
    /// CERTS.
    Certs,
    /// AUTH_CHALLENGE.
    AuthChallenge,
    /// AUTHENTICATE, of this type.
    Authenticate(u16),
    /// NETINFO.
    Netinfo,
}

/// Numbers of cells that C Tor keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counter {
    /// VERSIONS.
    Versions,
    /// NETINFO and PADDING_NEGOTIATE.
    Netinfo,
    /// VPADDING.
    Vpadding,
    /// CERTS.
    Certs,
    /// AUTH_CHALLENGE.
    AuthChallenge,
    /// AUTHENTICATE.
    Authenticate,
    /// AUTHORIZE.
    Authorize,
}
