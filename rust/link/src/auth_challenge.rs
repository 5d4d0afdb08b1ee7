//! AUTH_CHALLENGE cells (tor-spec, "AUTH_CHALLENGE cells").

use wire::format::{Error, Format as _, List};
use wire::formats::link_handshake::AuthChallenge;

use crate::action::{Action, Attempt, Outgoing};
use crate::authenticate::{is_supported, ED25519_SHA256_RFC5705};
use crate::line::{Domain, Line, CONNECTION};
use crate::{refused, Initiator, Link, Responder, State, VarCell};

const FUNCTION: &str = "channel_tls_process_auth_challenge_cell";

/// Length of a challenge, in bytes.
pub const CHALLENGE_LEN: usize = 32;
/// Length of the body of our AUTH_CHALLENGE cells, in bytes.
pub const LEN: usize = CHALLENGE_LEN + 2 + 2;

/// Writes the body of our AUTH_CHALLENGE cells. The answer is its length, in bytes.
///
/// # Errors
/// If there is too little space.
pub fn encode(challenge: &[u8; CHALLENGE_LEN], out: &mut [u8]) -> Result<usize, Error> {
    let methods = [ED25519_SHA256_RFC5705];
    let cell = AuthChallenge {
        challenge,
        methods: List::of(&methods),
    };
    cell.encode(out)
}

/// The end of a link whose AUTH_CHALLENGE cell is bad.
fn bad(why: &str) -> Vec<Action> {
    let text = format!("Received a bad AUTH_CHALLENGE cell on {CONNECTION}: {why}");
    refused(Line::protocol(FUNCTION, text))
}

impl Link {
    /// An AUTH_CHALLENGE cell.
    pub fn auth_challenge(&self, cell: &VarCell<'_>) -> Vec<Action> {
        match self.state {
            State::Silent(_) | State::Open | State::Elsewhere => {
                return bad("We're not currently doing a v3 handshake")
            }
            State::Initiator(Initiator::AwaitsVersions)
            | State::Responder(Responder::AwaitsVersions) => {
                return bad("We're not using link protocol >= 3")
            }
            State::Responder(_) => return bad("We didn't originate this connection"),
            State::Initiator(Initiator::AwaitsNetinfo) => return bad("We already received one"),
            State::Initiator(Initiator::AwaitsCerts) => {
                return bad("We haven't gotten a CERTS cell yet")
            }
            State::Initiator(Initiator::AwaitsAuthChallenge) => {}
        }
        if cell.circ_id != 0 {
            return bad("It had a nonzero circuit ID");
        }
        let Ok((AuthChallenge { methods, .. }, _)) = AuthChallenge::parse(cell.body) else {
            return bad("It was not well-formed.");
        };
        let mut actions = vec![Action::ReceivedAuthChallenge];
        // Others have sent their NETINFO cell when CERTS came.
        if !self.public_relay {
            return actions;
        }
        // A type with a higher number is the better one.
        match methods.iter().filter(|method| is_supported(*method)).max() {
            Some(auth_type) => {
                let text = format!(
                    "Got an AUTH_CHALLENGE cell on {CONNECTION}: \
                     Sending authentication type {auth_type}"
                );
                actions.push(Action::Log(Line::info(Domain::Or, FUNCTION, text)));
                actions.push(send(
                    Outgoing::Authenticate(auth_type),
                    "Couldn't send authenticate cell",
                ));
            }
            None => {
                let text = format!(
                    "Got an AUTH_CHALLENGE cell on {CONNECTION}, but we don't know any of its \
                     authentication types. Not authenticating."
                );
                actions.push(Action::Log(Line::info(Domain::Or, FUNCTION, text)));
            }
        }
        actions.push(send(Outgoing::Netinfo, "Couldn't send netinfo cell"));
        actions
    }
}

fn send(cell: Outgoing, failed: &'static str) -> Action {
    Action::Attempt(Attempt::Send(cell), Some(Line::warn(FUNCTION, failed)))
}
