//! CERTS cells (tor-spec, "CERTS cells").
//!
//! The certificates in a CERTS cell name their own types, too. C Tor does not
//! compare those with the types that the cell gives them, and neither is it done
//! here: that is for a later version of the protocol.

use wire::format::{Error, Format as _, List};
use wire::formats::link_handshake::{Certs, CertsCert};

use crate::action::{Action, Attempt, Outgoing};
use crate::line::{Domain, Line, CONNECTION};
use crate::{refused, Initiator, Link, Responder, Role, State, VarCell};

const FUNCTION: &str = "channel_tls_process_certs_cell";

/// Types of certificates (cert-spec, "Certificate types").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertType {
    /// The TLS key, certified by the RSA identity: X.509.
    TlsLinkX509 = 1,
    /// The RSA identity, certified by itself: X.509.
    RsaIdX509 = 2,
    /// An RSA key to authenticate with, certified by the RSA identity: X.509.
    LinkAuthX509 = 3,
    /// The Ed25519 signing key, certified by the Ed25519 identity.
    IdentityVSigning = 4,
    /// The TLS certificate, certified by the signing key.
    SigningVTlsCert = 5,
    /// A key to authenticate with, certified by the signing key.
    SigningVLinkAuth = 6,
    /// The Ed25519 identity, certified by the RSA identity.
    RsaIdVIdentity = 7,
}

/// How a certificate is encoded.
enum Encoding {
    X509,
    Ed25519,
    CrossCertificate,
}

impl CertType {
    const ALL: [Self; 7] = [
        Self::TlsLinkX509,
        Self::RsaIdX509,
        Self::LinkAuthX509,
        Self::IdentityVSigning,
        Self::SigningVTlsCert,
        Self::SigningVLinkAuth,
        Self::RsaIdVIdentity,
    ];

    /// The type with that number, if it is one of ours.
    fn from_number(number: u8) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|cert_type| *cert_type as u8 == number)
    }

    fn encoding(self) -> Encoding {
        match self {
            Self::TlsLinkX509 | Self::RsaIdX509 | Self::LinkAuthX509 => Encoding::X509,
            Self::IdentityVSigning | Self::SigningVTlsCert | Self::SigningVLinkAuth => {
                Encoding::Ed25519
            }
            Self::RsaIdVIdentity => Encoding::CrossCertificate,
        }
    }
}

/// Who the peer is, according to its certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proven {
    /// They prove nothing.
    Nothing,
    /// They name an RSA identity.
    Rsa,
    /// They name an RSA identity and an Ed25519 identity.
    RsaAndEd25519,
}

/// Writes the body of a CERTS cell with these certificates, each with the number
/// of its type. The answer is its length, in bytes.
///
/// # Errors
/// If there is too little space, a certificate has more than 65535 bytes, or there
/// are more than 255.
pub fn encode(certificates: &[(u8, &[u8])], out: &mut [u8]) -> Result<usize, Error> {
    let certs: Vec<_> = certificates
        .iter()
        .map(|&(cert_type, body)| CertsCert { cert_type, body })
        .collect();
    let certs = certs.as_slice();
    let cell = Certs {
        certs: List::of(&certs),
    };
    cell.encode(out)
}

/// The end of a link whose CERTS cell is bad.
fn bad(why: &str) -> Vec<Action> {
    refused(bad_line(why))
}

fn bad_line(why: &str) -> Line {
    let text = format!("Received a bad CERTS cell on {CONNECTION}: {why}");
    Line::protocol(FUNCTION, text)
}

impl Link {
    /// A CERTS cell.
    pub fn certs(&self, cell: &VarCell<'_>, facts: &mut dyn crate::Facts) -> Vec<Action> {
        match self.state {
            State::Silent(_) | State::Open | State::Elsewhere => {
                return bad("We're not doing a v3 handshake!")
            }
            State::Initiator(Initiator::AwaitsVersions)
            | State::Responder(Responder::AwaitsVersions) => {
                return bad("We're not using link protocol >= 3")
            }
            State::Initiator(Initiator::AwaitsAuthChallenge | Initiator::AwaitsNetinfo)
            | State::Responder(Responder::AwaitsAuthenticate | Responder::AwaitsNetinfo) => {
                return bad("We already got one")
            }
            State::Initiator(Initiator::AwaitsCerts) | State::Responder(Responder::AwaitsCerts) => {
            }
        }
        if self.known_without_proof {
            return bad("We're already authenticated!");
        }
        if cell.body.is_empty() {
            return bad("It had no body");
        }
        if cell.circ_id != 0 {
            return bad("It had a nonzero circuit ID");
        }
        let Ok((Certs { certs }, _)) = Certs::parse(cell.body) else {
            return bad("It couldn't be parsed.");
        };

        let mut kept = [false; CertType::ALL.len() + 1];
        for CertsCert { cert_type, body } in certs.iter() {
            let Some(cert_type) = CertType::from_number(cert_type) else {
                continue;
            };
            if !facts.decode_certificate(cert_type, body) {
                let what = match cert_type.encoding() {
                    Encoding::Ed25519 => "Ed certificate",
                    Encoding::X509 | Encoding::CrossCertificate => "certificate",
                };
                let text = format!("Received undecodable {what} in CERTS cell on {CONNECTION}");
                facts.log(&Line::protocol(FUNCTION, text));
                continue;
            }
            let Some(kept) = kept.get_mut(usize::from(cert_type as u8)) else {
                continue;
            };
            if core::mem::replace(kept, true) {
                return bad(match cert_type.encoding() {
                    Encoding::X509 => "Duplicate x509 certificate",
                    Encoding::Ed25519 => "Duplicate Ed25519 certificate",
                    Encoding::CrossCertificate => "Duplicate RSA->Ed25519 crosscert",
                });
            }
        }
        vec![Action::KeepCertificates, Action::CheckCertificates]
    }

    /// What the certificates prove.
    pub(crate) fn certificates_checked(&self, proven: Proven) -> Vec<Action> {
        let ed25519 = match proven {
            Proven::Nothing => return bad("Invalid certificate chain!"),
            Proven::Rsa => false,
            Proven::RsaAndEd25519 => true,
        };
        let and_ed25519 = if ed25519 { " and Ed25519" } else { "" };
        let role = match self.state {
            State::Initiator(Initiator::AwaitsCerts) => Role::Initiator,
            State::Responder(Responder::AwaitsCerts) => Role::Responder,
            // Nobody has asked.
            _ => return Vec::new(),
        };
        if role == Role::Responder {
            // Anybody may send anybody's certificates: what counts comes with
            // AUTHENTICATE.
            let text = format!(
                "Got some good RSA{and_ed25519} certificates on {CONNECTION}. \
                 Waiting for AUTHENTICATE."
            );
            return vec![
                Action::Log(Line::info(Domain::Or, FUNCTION, text)),
                Action::ReceivedCerts,
            ];
        }
        let no_key = bad_line("Couldn't get RSA key from ID cert.");
        let wrong_peer = bad_line("Problem setting or checking peer id");
        let text = format!(
            "Got some good certificates on {CONNECTION}: Authenticated it with RSA{and_ed25519}"
        );
        let mut actions = vec![
            Action::Attempt(Attempt::TakeIdentity, Some(no_key)),
            Action::Log(Line::debug(
                FUNCTION,
                "calling client_learned_peer_id from process_certs_cell",
            )),
            Action::Attempt(Attempt::LearnPeer, Some(wrong_peer)),
            Action::Log(Line::info(Domain::Handshake, FUNCTION, text)),
            Action::ReceivedCerts,
        ];
        if !self.public_relay {
            // We shall not authenticate, so that nothing else is to be waited for.
            let failed = Line::warn(FUNCTION, "Couldn't send netinfo cell");
            actions.push(Action::Attempt(
                Attempt::Send(Outgoing::Netinfo),
                Some(failed),
            ));
        }
        actions
    }
}
