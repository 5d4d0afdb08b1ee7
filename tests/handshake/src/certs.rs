//! Certificates of a link handshake (tor-spec, "CERTS cells"; cert-spec), good
//! ones and others.

use std::sync::LazyLock;

use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::sha::sha256;
use openssl::x509::{X509NameBuilder, X509};

use crate::keys::{self, EdKey, Key};
use crate::BEGINNING;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// Types of certificates in CERTS.
#[allow(missing_docs)]
pub mod cert_type {
    pub const LINK: u8 = 1;
    pub const ID: u8 = 2;
    pub const AUTH: u8 = 3;
    pub const ED_ID_SIGN: u8 = 4;
    pub const ED_SIGN_LINK: u8 = 5;
    pub const ED_SIGN_AUTH: u8 = 6;
    pub const CROSS: u8 = 7;
}

/// A body of CERTS: the certificates with their types, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certs(pub Vec<(u8, Vec<u8>)>);

impl Certs {
    /// What a responder sends: it proves the TLS key.
    pub fn of_responder() -> Certs {
        Certs(vec![
            (cert_type::LINK, LINK.clone()),
            (cert_type::ID, ID.clone()),
            (cert_type::ED_ID_SIGN, EdCert::id_sign().encode()),
            (cert_type::ED_SIGN_LINK, EdCert::sign_link().encode()),
            (cert_type::CROSS, CrossCert::default().encode()),
        ])
    }

    /// What an initiator sends that wants to authenticate.
    pub fn of_initiator() -> Certs {
        Certs(vec![
            (cert_type::AUTH, AUTH.clone()),
            (cert_type::ID, ID.clone()),
            (cert_type::ED_ID_SIGN, EdCert::id_sign().encode()),
            (cert_type::ED_SIGN_AUTH, EdCert::sign_auth().encode()),
            (cert_type::CROSS, CrossCert::default().encode()),
        ])
    }

    /// The same without Ed25519, as relays were before 0.3.0.
    pub fn rsa_only(mut self) -> Certs {
        self.0
            .retain(|(cert_type, _)| *cert_type <= cert_type::AUTH);
        self
    }

    /// The same with another certificate of this type.
    pub fn with(mut self, cert_type: u8, cert: Vec<u8>) -> Certs {
        for (there, body) in &mut self.0 {
            if *there == cert_type {
                body.clone_from(&cert);
            }
        }
        self
    }

    /// The same without certificates of this type.
    pub fn without(mut self, cert_type: u8) -> Certs {
        self.0.retain(|(there, _)| *there != cert_type);
        self
    }

    /// The same and one more.
    pub fn and(mut self, cert_type: u8, cert: Vec<u8>) -> Certs {
        self.0.push((cert_type, cert));
        self
    }

    /// The bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut body = vec![self.0.len() as u8];
        for (cert_type, cert) in &self.0 {
            body.push(*cert_type);
            body.extend((cert.len() as u16).to_be_bytes());
            body.extend(cert);
        }
        body
    }
}

/// An X.509 certificate, DER.
pub struct X509Cert {
    /// What it certifies.
    pub subject: &'static Key,
    /// What signs it.
    pub signer: &'static Key,
    /// When it begins, in seconds after the script does.
    pub from: i64,
    /// When it ends.
    pub until: i64,
}

impl X509Cert {
    /// One that is valid now.
    pub fn new(subject: &'static Key, signer: &'static Key) -> X509Cert {
        X509Cert {
            subject,
            signer,
            from: -5 * DAY,
            until: 300 * DAY,
        }
    }

    /// The bytes.
    pub fn encode(&self) -> Vec<u8> {
        self.try_encode().expect("OpenSSL makes a certificate")
    }

    fn try_encode(&self) -> Result<Vec<u8>, openssl::error::ErrorStack> {
        let name = |text: &str| -> Result<_, openssl::error::ErrorStack> {
            let mut name = X509NameBuilder::new()?;
            name.append_entry_by_text("CN", text)?;
            Ok(name.build())
        };
        let mut cert = X509::builder()?;
        cert.set_version(2)?;
        let serial = BigNum::from_u32(0x1234_5678)?.to_asn1_integer()?;
        cert.set_serial_number(&serial)?;
        let subject = name("www.subject.net")?;
        let issuer = name("www.issuer.com")?;
        cert.set_subject_name(&subject)?;
        cert.set_issuer_name(&issuer)?;
        let time = |after: i64| Asn1Time::from_unix(BEGINNING + after);
        let (from, until) = (time(self.from)?, time(self.until)?);
        cert.set_not_before(&from)?;
        cert.set_not_after(&until)?;
        cert.set_pubkey(self.subject)?;
        cert.sign(self.signer, keys::x509_digest())?;
        cert.build().to_der()
    }
}

macro_rules! x509 {
    ($($(#[$doc:meta])* $name:ident $subject:ident by $signer:ident)*) => {$(
        $(#[$doc])*
        pub static $name: LazyLock<Vec<u8>> =
            LazyLock::new(|| X509Cert::new(&keys::$subject, &keys::$signer).encode());
    )*};
}

x509! {
    /// Our TLS certificate.
    OUR_LINK OUR_LINK by OUR_IDENTITY
    /// Our identity, signed with itself.
    OUR_ID OUR_IDENTITY by OUR_IDENTITY
    /// Our authentication key.
    OUR_AUTH OUR_AUTH by OUR_IDENTITY
    /// The peer's TLS certificate.
    LINK PEER_LINK by PEER_IDENTITY
    /// Its identity, signed with itself.
    ID PEER_IDENTITY by PEER_IDENTITY
    /// Its authentication key.
    AUTH PEER_AUTH by PEER_IDENTITY
    /// Somebody else's identity.
    OTHER_ID OTHER_IDENTITY by OTHER_IDENTITY
    /// Somebody else's TLS certificate.
    OTHER_LINK OTHER_LINK by OTHER_IDENTITY
}

/// An extension of an Ed25519 certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// 4 is the key that signed.
    pub ext_type: u8,
    /// 1 means that who does not know it must refuse.
    pub flags: u8,
    /// Its body.
    pub body: Vec<u8>,
}

impl Extension {
    /// The key that signed.
    pub fn signed_with(key: EdKey) -> Extension {
        Extension {
            ext_type: 4,
            flags: 0,
            body: key.public().to_vec(),
        }
    }
}

/// An Ed25519 certificate (cert-spec).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EdCert {
    /// The version, which is 1.
    pub version: u8,
    /// What it certifies; CERTS repeats it outside, and nobody compares.
    pub cert_type: u8,
    /// When it ends, in hours since 1970.
    pub expires: u32,
    /// 1 for Ed25519, 3 for the SHA-256 of an X.509 certificate.
    pub key_type: u8,
    /// The certified key.
    pub key: [u8; 32],
    /// What follows.
    pub extensions: Vec<Extension>,
    /// What signs it.
    pub signer: EdKey,
    /// Bits of the signature that are inverted.
    pub flip: Option<u16>,
}

/// So many seconds after the script's beginning, in hours since 1970.
pub fn hours(after: i64) -> u32 {
    ((BEGINNING + after) / HOUR) as u32
}

impl EdCert {
    fn new(cert_type: u8, key_type: u8, key: [u8; 32], signer: EdKey) -> EdCert {
        EdCert {
            version: 1,
            cert_type,
            expires: hours(30 * DAY),
            key_type,
            key,
            extensions: Vec::new(),
            signer,
            flip: None,
        }
    }

    /// The peer's signing key, signed with its identity.
    pub fn id_sign() -> EdCert {
        let mut cert = EdCert::new(4, 1, EdKey::SIGNING.public(), EdKey::IDENTITY);
        cert.extensions
            .push(Extension::signed_with(EdKey::IDENTITY));
        cert
    }

    /// Its TLS certificate, signed with its signing key.
    pub fn sign_link() -> EdCert {
        EdCert::new(5, 3, sha256(&LINK), EdKey::SIGNING)
    }

    /// Its authentication key, signed with its signing key.
    pub fn sign_auth() -> EdCert {
        EdCert::new(6, 1, EdKey::AUTH.public(), EdKey::SIGNING)
    }

    /// Expired for so many hours.
    pub fn expired(mut self, ago: u32) -> EdCert {
        self.expires = hours(0) - ago;
        self
    }

    /// The bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut body = vec![self.version, self.cert_type];
        body.extend(self.expires.to_be_bytes());
        body.push(self.key_type);
        body.extend(self.key);
        body.push(self.extensions.len() as u8);
        for extension in &self.extensions {
            body.extend((extension.body.len() as u16).to_be_bytes());
            body.extend([extension.ext_type, extension.flags]);
            body.extend(&extension.body);
        }
        let mut signature = self.signer.sign(&body);
        if let Some(bit) = self.flip {
            signature[usize::from(bit / 8) % 64] ^= 1 << (bit % 8);
        }
        body.extend(signature);
        body
    }
}

/// The Ed25519 identity, signed with the RSA identity.
#[derive(Clone, Copy)]
pub struct CrossCert {
    /// The Ed25519 identity.
    pub key: [u8; 32],
    /// When it ends, in hours since 1970.
    pub expires: u32,
    /// What signs it.
    pub signer: &'static Key,
}

impl Default for CrossCert {
    fn default() -> CrossCert {
        CrossCert {
            key: EdKey::IDENTITY.public(),
            expires: hours(180 * DAY),
            signer: &keys::PEER_IDENTITY,
        }
    }
}

impl CrossCert {
    /// The bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut body = self.key.to_vec();
        body.extend(self.expires.to_be_bytes());
        let signed = [b"Tor TLS RSA/Ed25519 cross-certificate", &body[..]].concat();
        let signature = keys::sign_rsa(self.signer, &sha256(&signed));
        body.push(signature.len() as u8);
        body.extend(signature);
        body
    }
}
