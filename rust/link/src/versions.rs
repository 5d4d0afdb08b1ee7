//! VERSIONS cells (tor-spec, "Negotiating versions with VERSIONS cells").

use crate::action::{Action, Attempt, Outgoing};
use crate::line::{Domain, Line, CONNECTION};
use crate::{refused, Link, LinkProtocol, Role, State};

const FUNCTION: &str = "channel_tls_process_versions_cell";

/// Length of the body of our VERSIONS cells, in bytes.
pub const LEN: usize = 2 * LinkProtocol::ALL.len();

/// The body of our VERSIONS cells: every link protocol that we speak.
pub fn encode() -> [u8; LEN] {
    let mut body = [0; LEN];
    for (version, protocol) in body.chunks_exact_mut(2).zip(LinkProtocol::ALL) {
        version.copy_from_slice(&protocol.number().to_be_bytes());
    }
    body
}

/// The newest link protocol that both speak.
fn newest_in_common(body: &[u8]) -> Option<LinkProtocol> {
    let numbers = body.chunks_exact(2).filter_map(|pair| pair.try_into().ok());
    numbers
        .filter_map(|pair| LinkProtocol::from_number(u16::from_be_bytes(pair)))
        .max()
}

impl Link {
    pub(crate) fn versions(&self, body: &[u8]) -> Vec<Action> {
        if body.len() % 2 == 1 {
            let text = format!(
                "Received a VERSION cell with odd payload length {}; closing connection.",
                body.len()
            );
            return refused(Line::or(FUNCTION, text));
        }
        if self.link_protocol != 0 {
            return ignored(format!(
                "Received a VERSIONS cell on a connection with its version already set to {}; \
                 dropping",
                self.link_protocol
            ));
        }
        let role = match self.state {
            State::Initiator(_) => Role::Initiator,
            State::Responder(_) => Role::Responder,
            _ => return ignored("VERSIONS cell while in unexpected state".into()),
        };
        let Some(protocol) = newest_in_common(body) else {
            return refused(Line::or(
                FUNCTION,
                "Couldn't find a version in common between my version list and the list in \
                 the VERSIONS cell; closing connection.",
            ));
        };
        let (cells, sending) = match (role, self.public_relay) {
            (Role::Initiator, false) => ("", "Waiting for CERTS cell"),
            (Role::Initiator, true) => (" CERTS", "Sending cells:"),
            (Role::Responder, _) => (" VERSIONS CERTS AUTH_CHALLENGE NETINFO", "Sending cells:"),
        };
        let mut actions = vec![
            Action::Negotiated(protocol),
            Action::Log(Line::info(
                Domain::Or,
                FUNCTION,
                format!(
                    "Negotiated version {} with on {CONNECTION}; {sending}{cells}",
                    protocol.number()
                ),
            )),
        ];
        if role == Role::Responder {
            actions.push(send(Outgoing::Versions, "Couldn't send versions cell"));
        }
        // Our VERSIONS cell still has the layout of the first link protocols.
        actions.push(Action::UseLayout(protocol));
        if role == Role::Responder || self.public_relay {
            actions.push(send(Outgoing::Certs, "Couldn't send certs cell"));
        }
        if role == Role::Responder {
            let challenge = "Couldn't send auth_challenge cell";
            actions.push(send(Outgoing::AuthChallenge, challenge));
            actions.push(send(Outgoing::Netinfo, "Couldn't send netinfo cell"));
        }
        actions
    }
}

fn send(cell: Outgoing, failed: &'static str) -> Action {
    Action::Attempt(Attempt::Send(cell), Some(Line::warn(FUNCTION, failed)))
}

fn ignored(text: String) -> Vec<Action> {
    vec![Action::Log(Line::or(FUNCTION, text))]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{relay, words};

    fn handshaking(role: Role) -> Link {
        relay(State::begun(role))
    }

    #[test]
    fn the_newest_version_in_common_is_spoken() {
        for (body, newest) in [
            (&[0, 3][..], Some(3)),
            (&[0, 3, 0, 4], Some(4)),
            (&[0, 5, 0, 3, 0, 4], Some(5)),
            (&[0, 5, 0, 5], Some(5)),
            (&[0, 1, 0, 2, 0, 3, 0, 6, 255, 255], Some(3)),
            (&[3, 0, 4, 0], None),
            (&[0, 1, 0, 2], None),
            (&[0, 6], None),
            (&[], None),
        ] {
            let found = newest_in_common(body).map(LinkProtocol::number);
            assert_eq!(found, newest, "{body:?}");
            let actions = handshaking(Role::Responder).versions(body);
            assert_eq!(words(&actions) == "log, close", newest.is_none());
        }
    }

    #[test]
    fn half_a_version_ends_every_link_and_a_second_cell_none() {
        let open = relay(State::Open);
        for link in [open, handshaking(Role::Initiator)] {
            assert_eq!(words(&link.versions(&[0, 4, 0])), "log, close");
        }
        assert_eq!(words(&open.versions(&[0, 4])), "log");
    }

    #[test]
    fn what_we_send_is_what_we_understand() {
        assert_eq!(encode(), [0, 3, 0, 4, 0, 5]);
        assert_eq!(newest_in_common(&encode()), Some(LinkProtocol::V5));
    }
}
