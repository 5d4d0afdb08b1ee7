//! The link handshake: what two Tors tell each other on a new TLS connection,
//! before any circuit (tor-spec, "Negotiating and initializing channels").
//!
//! ```text
//!  initiator                            responder
//!      VERSIONS                    →                       which link protocol?
//!                                  ←    VERSIONS CERTS AUTH_CHALLENGE NETINFO
//!      CERTS AUTHENTICATE          →                       only if it is a relay
//!      NETINFO                     →                       what time, which addresses?
//! ```
//!
//! This is a state machine without I/O. [`Link::handle`] is given where the
//! handshake is ([`State`]) and what has happened ([`Event`]), asks a few
//! [`Facts`], and answers with the [`Action`]s to be done, in order: log lines,
//! cells to be sent, what has been learned, whether to close the link or to open
//! it. What the handshake has come to is the connection's to keep; from each
//! state only cells that may come there lead on, and a cell out of order is
//! either ignored or the end of the link.
//!
//! What it does with a good cell in each state. (A test holds this table against
//! the code.)
#![doc = include_str!("table.md")]
//!
//! * [`versions`], [`certs`], [`auth_challenge`], [`authenticate`], [`netinfo`],
//!   [`padding_negotiate`]: each cell, as it is written and as it is answered.
//! * [`action`], [`line`]: the answers.
//!
//! X.509 and RSA are the connection's affair; what follows from the certificates
//! is judged in crate `cert`.

#![forbid(unsafe_code)]

pub mod action;
pub mod auth_challenge;
pub mod authenticate;
pub mod certs;
pub mod line;
pub mod netinfo;
pub mod padding_negotiate;
mod state;
#[cfg(test)]
mod tests;
pub mod versions;

use action::{Action, Attempt, Counter};
use line::{Line, CHANNEL_STATE, CONNECTION_STATE};
pub use netinfo::Surroundings;
pub use state::{Initiator, LinkProtocol, Responder, Role, State};

/// Commands of the cells that links are made with (tor-spec, "Cell packet
/// format").
pub mod command {
    /// VERSIONS.
    pub const VERSIONS: u8 = 7;
    /// NETINFO.
    pub const NETINFO: u8 = 8;
    /// PADDING_NEGOTIATE.
    pub const PADDING_NEGOTIATE: u8 = 12;
    /// VPADDING.
    pub const VPADDING: u8 = 128;
    /// CERTS.
    pub const CERTS: u8 = 129;
    /// AUTH_CHALLENGE.
    pub const AUTH_CHALLENGE: u8 = 130;
    /// AUTHENTICATE.
    pub const AUTHENTICATE: u8 = 131;
    /// AUTHORIZE.
    pub const AUTHORIZE: u8 = 132;
}

/// A variable-length cell.
#[derive(Clone, Copy, Debug)]
pub struct VarCell<'a> {
    /// Its command.
    pub command: u8,
    /// Its circuit; 0 in every cell that this handshake has.
    pub circ_id: u32,
    /// Its body.
    pub body: &'a [u8],
}

/// What happens on a link.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A fixed-length cell has come.
    Cell {
        /// Its command.
        command: u8,
        /// Its body.
        body: &'a [u8],
    },
    /// A variable-length cell has come.
    VarCell(VarCell<'a>),
    /// The certificates of a CERTS cell have been judged, as
    /// [`Action::CheckCertificates`] asked.
    CertificatesChecked(certs::Proven),
}

/// What the handshake asks about the connection that it is on.
pub trait Facts {
    /// Keeps a certificate of a CERTS cell until [`Action::KeepCertificates`]. The
    /// answer says whether it can be decoded.
    fn decode_certificate(&mut self, cert_type: certs::CertType, certificate: &[u8]) -> bool;

    /// Logs this now, before what the next certificate gives reason to log.
    fn log(&mut self, line: &Line);

    /// What an AUTHENTICATE cell of this type has to say in that part of its body
    /// which follows from the handshake, with 24 bytes behind it that may have any
    /// value. Nothing if that cannot be told.
    fn expected_authenticator(&mut self, auth_type: u16) -> Option<&[u8]>;

    /// What the peer's CERTS cell had.
    fn peer_keys(&self) -> authenticate::PeerKeys<'_>;

    /// Times and addresses.
    fn surroundings(&self) -> Surroundings;
}

/// A link whose handshake is going on, or is over.
#[derive(Clone, Copy, Debug)]
pub struct Link {
    /// What the handshake has come to.
    pub state: State,
    /// The number of the link protocol; 0 until it is negotiated.
    pub link_protocol: u16,
    /// Whether the connection takes the peer's identity for proven although the cell
    /// that proves it has not come, or was refused. No order of cells leads there.
    pub known_without_proof: bool,
    /// Whether we are a public relay, which also authenticates to those whom it
    /// connects to.
    pub public_relay: bool,
}

impl Link {
    /// What is to be done about `event`.
    pub fn handle(&self, event: Event<'_>, facts: &mut dyn Facts) -> Vec<Action> {
        match event {
            Event::Cell { command, body } => self.cell(command, body, facts),
            Event::VarCell(cell) => self.var_cell(&cell, facts),
            Event::CertificatesChecked(proven) => self.certificates_checked(proven),
        }
    }

    /// A fixed-length cell: NETINFO, or PADDING_NEGOTIATE on an open link. Other
    /// cells of open links are not for this handshake.
    fn cell(&self, command: u8, body: &[u8], facts: &mut dyn Facts) -> Vec<Action> {
        let expected = matches!(command, command::VERSIONS | command::NETINFO);
        if !matches!(self.state, State::Open) && !expected {
            let text = format!(
                "Received unexpected cell command {command} in chan state {CHANNEL_STATE} / \
                 conn state {CONNECTION_STATE}; closing the connection."
            );
            return refused(Line::protocol("channel_tls_handle_cell", text));
        }
        let mut actions = Vec::new();
        if self.state.is_handshaking() {
            actions.push(Action::Record);
        }
        actions.push(Action::NoteCell);
        match command {
            // A VERSIONS cell of fixed length is one of a link protocol that had no
            // other cells.
            command::VERSIONS => {
                let protocol = self.link_protocol;
                actions.push(Action::Log(Line::channel(
                    "channel_tls_handle_cell",
                    format!(
                        "Received unexpected VERSIONS cell on a channel using link protocol \
                         {protocol}; ignoring."
                    ),
                )));
            }
            command::NETINFO => {
                actions.push(Action::Count(Counter::Netinfo));
                actions.extend(self.netinfo(body, facts));
            }
            command::PADDING_NEGOTIATE => {
                // Counted with the others in C.
                actions.push(Action::Count(Counter::Netinfo));
                actions.extend(self.padding_negotiate(body));
            }
            _ => {}
        }
        actions
    }

    /// A variable-length cell.
    fn var_cell(&self, cell: &VarCell<'_>, facts: &mut dyn Facts) -> Vec<Action> {
        let command = cell.command;
        let mut actions = Vec::new();
        let mut link = *self;
        match self.state {
            State::Silent(role) => {
                let first = matches!(
                    command,
                    command::VERSIONS | command::VPADDING | command::AUTHORIZE
                );
                if !first {
                    return refused(out_of_place("a cell", command, "closing the connection"));
                }
                if role == Role::Initiator {
                    actions.push(Action::Log(Line::or(
                        "enter_v3_handshake_with_cell",
                        "Received a cell while TLS-handshaking, not in OR_HANDSHAKING_V3, \
                         on a connection we originated.",
                    )));
                }
                actions.push(Action::Attempt(Attempt::Begin, None));
                actions.push(Action::Record);
                link.state = State::begun(role);
            }
            // What an AUTHENTICATE cell says covers all cells before it.
            State::Initiator(_) | State::Responder(_) => {
                if command != command::AUTHENTICATE {
                    actions.push(Action::Record);
                }
            }
            State::Open if self.link_protocol < LinkProtocol::V3.number() => {
                let text = format!(
                    "Received a variable-length cell with command {command} in orconn state \
                     {CONNECTION_STATE} [{}], channel state {CHANNEL_STATE} [{}] with link \
                     protocol {}; ignoring it.",
                    line::CONNECTION_STATE_NUMBER,
                    line::CHANNEL_STATE_NUMBER,
                    self.link_protocol
                );
                return vec![Action::Log(Line::protocol(
                    "channel_tls_handle_var_cell",
                    text,
                ))];
            }
            State::Open => {}
            State::Elsewhere => {
                let line = out_of_place("var-length cell", command, "ignoring it");
                return vec![Action::Log(line)];
            }
        }
        actions.push(Action::NoteInternet);
        let answer = match command {
            command::VERSIONS => {
                actions.push(Action::Count(Counter::Versions));
                link.versions(cell.body)
            }
            command::VPADDING => {
                actions.push(Action::Count(Counter::Vpadding));
                Vec::new()
            }
            command::CERTS => {
                actions.push(Action::Count(Counter::Certs));
                link.certs(cell, facts)
            }
            command::AUTH_CHALLENGE => {
                actions.push(Action::Count(Counter::AuthChallenge));
                link.auth_challenge(cell)
            }
            command::AUTHENTICATE => {
                actions.push(Action::Count(Counter::Authenticate));
                link.authenticate(cell, facts)
            }
            // It has no meaning yet.
            command::AUTHORIZE => {
                actions.push(Action::Count(Counter::Authorize));
                Vec::new()
            }
            _ => vec![Action::Log(Line::info(
                line::Domain::Protocol,
                "channel_tls_handle_var_cell",
                format!("Variable-length cell of unknown type ({command}) received."),
            ))],
        };
        actions.extend(answer);
        actions
    }
}

/// A cell that no Tor sends there.
fn out_of_place(what: &str, command: u8, consequence: &str) -> Line {
    let text = format!(
        "Received {what} with command {command} in unexpected orconn state \
         \"{CONNECTION_STATE}\" [{}], channel state \"{CHANNEL_STATE}\" [{}]; {consequence}.",
        line::CONNECTION_STATE_NUMBER,
        line::CHANNEL_STATE_NUMBER,
    );
    Line::protocol("channel_tls_handle_var_cell", text)
}

/// The end of a link, and why.
fn refused(line: Line) -> Vec<Action> {
    vec![Action::Log(line), Action::Close]
}
