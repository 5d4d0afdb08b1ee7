//! Whether the certificates of a CERTS cell prove who is at the other end of a link
//! (tor-spec, "Authenticating the responder with CERTS cells", "Authenticating the
//! initiator").
//!
//! With Ed25519: the identity key certifies a signing key; that certifies the X.509
//! certificate of the TLS connection, if we began it, or else the key that signs
//! AUTHENTICATE. The RSA identity key has a certificate that it signed itself, and
//! certifies the Ed25519 identity.
//!
//! With RSA alone, as before: the identity key certifies the TLS connection's key, or
//! that which signs AUTHENTICATE.
//!
//! What is checked, and in which order, is C Tor's. Two things are not checked, there
//! as here: the type that an Ed25519 certificate says of itself is not compared with
//! the type under which the cell has it, nor is it looked at what kind of key it says
//! that it certifies. To require these would be a change of the protocol.

use crate::certificate::{Certificate, Checkable};

/// Who began the link, of the two ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Began {
    /// We.
    Here,
    /// The other end.
    There,
}

/// The certificates of a CERTS cell.
#[derive(Clone, Copy, Debug)]
pub struct Presented<'a> {
    /// Who began the link.
    pub began: Began,
    /// Whether the X.509 certificate of the RSA identity key is there.
    pub id: bool,
    /// Whether that of the TLS connection's key is.
    pub link: bool,
    /// Whether that of the RSA key that signs AUTHENTICATE is.
    pub auth: bool,
    /// The Ed25519 identity key's certificate of the signing key.
    pub id_signing: Option<Certificate<'a>>,
    /// The signing key's certificate of the TLS connection's X.509 certificate.
    pub signing_link: Option<Certificate<'a>>,
    /// The signing key's certificate of the key that signs AUTHENTICATE.
    pub signing_auth: Option<Certificate<'a>>,
    /// Whether the RSA identity key's certificate of the Ed25519 identity key is there.
    pub crosscert: bool,
}

/// One of the X.509 certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum X509 {
    /// That of the RSA identity key.
    Id,
    /// That of the TLS connection's key.
    Link,
    /// That of the key that signs AUTHENTICATE.
    Auth,
}

/// How severe it is if an X.509 certificate is not valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// As severe as a chain that is refused.
    OfTheChain,
    /// As severe as whatever breaks the protocol.
    OfTheProtocol,
}

/// How long the key in an X.509 certificate has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyLength {
    /// As an identity: 1024 bits.
    Identity,
    /// Any length that is safe.
    Any,
}

/// What the RSA identity key says of the Ed25519 identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crosscert {
    /// It certifies it.
    Good,
    /// It does not.
    Bad,
    /// The X.509 certificate has no such key.
    NoKey,
}

/// What has to be asked of X.509, TLS and RSA. Each question is asked only if all
/// before it had the right answer.
pub trait Peer {
    /// Whether the X.509 certificate [`X509::Link`] has the key of the TLS connection.
    fn link_is_of_tls(&mut self) -> bool;

    /// Whether an X.509 certificate is valid now, signed by the identity, and has such
    /// a key. Logs what is wrong.
    fn x509_is_valid(&mut self, cert: X509, severity: Severity, key: KeyLength) -> bool;

    /// The SHA-256 digest of the X.509 certificate that the TLS connection has.
    fn tls_cert_digest(&mut self) -> Option<[u8; 32]>;

    /// What the RSA identity key says of this Ed25519 identity. Logs what is wrong.
    fn crosscert(&mut self, ed_id: &[u8; 32]) -> Crosscert;

    /// Whether a signature is good.
    fn is_good(&mut self, signature: &Checkable<'_>) -> bool {
        signature.is_good()
    }
}

/// Whom the certificates prove to be at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proven {
    /// The holder of the RSA identity.
    Rsa,
    /// The holder of the RSA identity and of the Ed25519 identity.
    Both,
}

/// Why certificates prove nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // C Tor says them so
pub enum Refused {
    NoIdOrLink,
    LinkNotOfTls,
    LinkNotValid,
    IdNotValid,
    NoIdOrAuth,
    AuthNotValid,
    NoSigningKey,
    NotCheckable,
    NoEd25519Link,
    /// A TLS connection that we began, without a certificate: cannot be.
    NoTlsCert,
    LinkOfOtherTls,
    NoEd25519Auth,
    Expired,
    NoRsaId,
    RsaIdNotValid,
    NoCrosscert,
    NoRsaKey,
    BadCrosscert,
    MisSigned,
}

/// Checks the certificates at `now`: those of Ed25519 if the other end has sent one of
/// its identity, and then they have to be right; otherwise those of RSA.
///
/// # Errors
/// The first thing that is wrong.
pub fn check(presented: &Presented<'_>, peer: &mut impl Peer, now: i64) -> Result<Proven, Refused> {
    match presented.id_signing {
        Some(_) => check_ed25519(presented, peer, now).map(|()| Proven::Both),
        None => check_rsa(presented, peer).map(|()| Proven::Rsa),
    }
}

/// Checks the certificates of RSA alone.
///
/// # Errors
/// The first thing that is wrong.
pub fn check_rsa(presented: &Presented<'_>, peer: &mut impl Peer) -> Result<(), Refused> {
    use KeyLength::{Any, Identity};
    use Severity::{OfTheChain, OfTheProtocol};
    let require = |is_so: bool, refused| if is_so { Ok(()) } else { Err(refused) };
    match presented.began {
        Began::Here => {
            require(presented.id && presented.link, Refused::NoIdOrLink)?;
            require(peer.link_is_of_tls(), Refused::LinkNotOfTls)?;
            let link = peer.x509_is_valid(X509::Link, OfTheChain, Any);
            require(link, Refused::LinkNotValid)?;
            let id = peer.x509_is_valid(X509::Id, OfTheChain, Identity);
            require(id, Refused::IdNotValid)
        }
        Began::There => {
            require(presented.id && presented.auth, Refused::NoIdOrAuth)?;
            let auth = peer.x509_is_valid(X509::Auth, OfTheProtocol, Identity);
            require(auth, Refused::AuthNotValid)?;
            let id = peer.x509_is_valid(X509::Id, OfTheProtocol, Identity);
            require(id, Refused::IdNotValid)
        }
    }
}

/// Checks the certificates of Ed25519, and that the RSA identity belongs to them.
///
/// # Errors
/// The first thing that is wrong. Signatures come last: they take longest.
pub fn check_ed25519(
    presented: &Presented<'_>,
    peer: &mut impl Peer,
    now: i64,
) -> Result<(), Refused> {
    let id_signing = presented.id_signing.as_ref();
    let signed_with = |cert: &Certificate<'_>| cert.signing_key.copied();
    let with_identity = id_signing.and_then(|cert| Some((cert, signed_with(cert)?)));
    let (id_signing, identity) = with_identity.ok_or(Refused::NoSigningKey)?;
    let by_identity = id_signing.checkable(None).ok_or(Refused::NotCheckable)?;

    let of_link = match presented.began {
        Began::Here => {
            let cert = presented.signing_link.as_ref();
            let cert = cert.ok_or(Refused::NoEd25519Link)?;
            let digest = peer.tls_cert_digest().ok_or(Refused::NoTlsCert)?;
            if digest != *cert.signed_key {
                return Err(Refused::LinkOfOtherTls);
            }
            cert
        }
        Began::There => {
            let cert = presented.signing_auth.as_ref();
            cert.ok_or(Refused::NoEd25519Auth)?
        }
    };
    let by_signing = of_link.checkable(Some(id_signing.signed_key));
    let by_signing = by_signing.ok_or(Refused::NotCheckable)?;
    if id_signing.valid_until.min(of_link.valid_until) < now {
        return Err(Refused::Expired);
    }

    if !presented.id {
        return Err(Refused::NoRsaId);
    }
    if !peer.x509_is_valid(X509::Id, Severity::OfTheChain, KeyLength::Identity) {
        return Err(Refused::RsaIdNotValid);
    }
    if !presented.crosscert {
        return Err(Refused::NoCrosscert);
    }
    match peer.crosscert(&identity) {
        Crosscert::Good => {}
        Crosscert::NoKey => return Err(Refused::NoRsaKey),
        Crosscert::Bad => return Err(Refused::BadCrosscert),
    }
    match peer.is_good(&by_identity) && peer.is_good(&by_signing) {
        true => Ok(()),
        false => Err(Refused::MisSigned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDENTITY: [u8; 32] = [1; 32];
    const SIGNING: [u8; 32] = [2; 32];
    const TLS: [u8; 32] = [3; 32];
    const NOW: i64 = 1_000;

    /// A peer that answers as it should, but for one question; and what it was asked.
    #[derive(Default)]
    struct Scripted {
        refuse: &'static str,
        no_key: bool,
        asked: Vec<String>,
    }

    impl Scripted {
        fn refusing(refuse: &'static str) -> Self {
            Scripted {
                refuse,
                ..Self::default()
            }
        }

        fn answer(&mut self, question: String) -> bool {
            let yes = question != self.refuse;
            self.asked.push(question);
            yes
        }
    }

    impl Peer for Scripted {
        fn link_is_of_tls(&mut self) -> bool {
            self.answer("tls key".into())
        }

        fn x509_is_valid(&mut self, cert: X509, severity: Severity, key: KeyLength) -> bool {
            self.answer(format!("{cert:?} {severity:?} {key:?}"))
        }

        fn tls_cert_digest(&mut self) -> Option<[u8; 32]> {
            self.answer("tls digest".into()).then_some(TLS)
        }

        fn crosscert(&mut self, ed_id: &[u8; 32]) -> Crosscert {
            assert_eq!(ed_id, &IDENTITY);
            match self.answer("crosscert".into()) {
                true => Crosscert::Good,
                false if self.no_key => Crosscert::NoKey,
                false => Crosscert::Bad,
            }
        }

        fn is_good(&mut self, signature: &Checkable<'_>) -> bool {
            self.answer(format!("signed by {}", signature.public_key[0]))
        }
    }

    /// What an honest end presents.
    fn presented(began: Began) -> Presented<'static> {
        let certificate = |signed_key, signing_key| Certificate {
            encoded: &[0; 104],
            cert_type: 0,
            signed_key,
            signing_key,
            valid_until: NOW,
        };
        Presented {
            began,
            id: true,
            link: true,
            auth: true,
            id_signing: Some(certificate(&SIGNING, Some(&IDENTITY))),
            signing_link: Some(certificate(&TLS, None)),
            signing_auth: Some(certificate(&[4; 32], None)),
            crosscert: true,
        }
    }

    /// The answer, and what it took.
    fn asked(
        presented: Presented<'_>,
        mut peer: Scripted,
        now: i64,
    ) -> (Result<Proven, Refused>, Vec<String>) {
        let answer = check(&presented, &mut peer, now);
        (answer, peer.asked)
    }

    #[test]
    fn given_an_honest_responder_then_both_identities_are_proven_in_this_order() {
        let (answer, asked) = asked(presented(Began::Here), Scripted::default(), NOW);
        assert_eq!(answer, Ok(Proven::Both));
        assert_eq!(
            asked,
            [
                "tls digest",
                "Id OfTheChain Identity",
                "crosscert",
                "signed by 1",
                "signed by 2"
            ]
        );
    }

    #[test]
    fn given_an_honest_initiator_then_tls_is_not_asked() {
        let (answer, asked) = asked(presented(Began::There), Scripted::default(), NOW);
        assert_eq!(answer, Ok(Proven::Both));
        assert_eq!(asked.len(), 4);
        assert!(!asked.contains(&"tls digest".to_owned()));
    }

    #[test]
    fn given_rsa_alone_then_the_rsa_identity_is_proven() {
        let old = |began| Presented {
            id_signing: None,
            ..presented(began)
        };
        let (answer, questions) = asked(old(Began::Here), Scripted::default(), NOW);
        assert_eq!(answer, Ok(Proven::Rsa));
        let here = ["tls key", "Link OfTheChain Any", "Id OfTheChain Identity"];
        assert_eq!(questions, here);
        let (answer, questions) = asked(old(Began::There), Scripted::default(), NOW);
        assert_eq!(answer, Ok(Proven::Rsa));
        let there = ["Auth OfTheProtocol Identity", "Id OfTheProtocol Identity"];
        assert_eq!(questions, there);
    }

    #[test]
    fn when_an_answer_is_wrong_then_nothing_more_is_asked() {
        for (question, refused) in [
            ("tls digest", Refused::NoTlsCert),
            ("Id OfTheChain Identity", Refused::RsaIdNotValid),
            ("crosscert", Refused::BadCrosscert),
            ("signed by 1", Refused::MisSigned),
            ("signed by 2", Refused::MisSigned),
        ] {
            let peer = Scripted::refusing(question);
            let (answer, asked) = asked(presented(Began::Here), peer, NOW);
            assert_eq!(answer, Err(refused));
            assert_eq!(asked.last().unwrap(), question);
        }
    }

    #[test]
    fn given_an_rsa_certificate_without_a_key_then_that_is_said() {
        let peer = Scripted {
            no_key: true,
            ..Scripted::refusing("crosscert")
        };
        let (answer, _) = asked(presented(Began::Here), peer, NOW);
        assert_eq!(answer, Err(Refused::NoRsaKey));
    }

    #[test]
    fn when_something_is_missing_then_it_is_named() {
        type Change = fn(&mut Presented<'_>);
        let rows: [(Began, Change, Refused); 6] = [
            (
                Began::Here,
                |p| p.signing_link = None,
                Refused::NoEd25519Link,
            ),
            (
                Began::There,
                |p| p.signing_auth = None,
                Refused::NoEd25519Auth,
            ),
            (Began::Here, |p| p.id = false, Refused::NoRsaId),
            (Began::There, |p| p.crosscert = false, Refused::NoCrosscert),
            (
                Began::Here,
                |p| (p.id_signing, p.link) = (None, false),
                Refused::NoIdOrLink,
            ),
            (
                Began::There,
                |p| (p.id_signing, p.auth) = (None, false),
                Refused::NoIdOrAuth,
            ),
        ];
        for (began, change, refused) in rows {
            let mut changed = presented(began);
            change(&mut changed);
            let (answer, _) = asked(changed, Scripted::default(), NOW);
            assert_eq!(answer, Err(refused));
        }
    }

    #[test]
    fn given_ed25519_without_its_identity_then_rsa_is_not_tried() {
        let mut changed = presented(Began::Here);
        changed.id_signing.as_mut().unwrap().signing_key = None;
        let (answer, questions) = asked(changed, Scripted::default(), NOW);
        assert_eq!(answer, Err(Refused::NoSigningKey));
        assert_eq!(questions, [""; 0]);
    }

    #[test]
    fn when_one_certificate_is_expired_then_the_chain_is() {
        for began in [Began::Here, Began::There] {
            let (answer, _) = asked(presented(began), Scripted::default(), NOW + 1);
            assert_eq!(answer, Err(Refused::Expired));
            let mut one = presented(began);
            for cert in [&mut one.signing_link, &mut one.signing_auth] {
                cert.as_mut().unwrap().valid_until = NOW - 1;
            }
            let (answer, _) = asked(one, Scripted::default(), NOW);
            assert_eq!(answer, Err(Refused::Expired));
        }
    }

    #[test]
    fn given_the_certificate_of_another_tls_connection_then_it_is_refused() {
        let mut changed = presented(Began::Here);
        changed.signing_link.as_mut().unwrap().signed_key = &[9; 32];
        let (answer, questions) = asked(changed, Scripted::default(), NOW);
        assert_eq!(answer, Err(Refused::LinkOfOtherTls));
        assert_eq!(questions, ["tls digest"]);
    }
}
