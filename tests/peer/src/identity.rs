//! What a peer is that says to be a relay: its keys, and the certificates by which
//! it shows them in a CERTS cell (tor-spec, "CERTS cells"; cert-spec). Each
//! certificate is made from fields that a test can change before it is signed, and
//! is bytes that a test can change afterwards.

use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::{Padding, Rsa};
use openssl::sha::sha256;
use openssl::sign::Signer;
use openssl::x509::{X509Name, X509};
use sha1::{Digest, Sha1};

/// Certificate types of CERTS, named as in tor-spec, "CERTS cells".
#[allow(missing_docs)]
pub mod cert_type {
    pub const TLS_LINK_X509: u8 = 1;
    pub const RSA_ID_X509: u8 = 2;
    pub const LINK_AUTH_X509: u8 = 3;
    pub const IDENTITY_V_SIGNING: u8 = 4;
    pub const SIGNING_V_TLS_CERT: u8 = 5;
    pub const SIGNING_V_LINK_AUTH: u8 = 6;
    pub const RSA_ID_V_IDENTITY: u8 = 7;
}

/// The extension that names the key by which a certificate is signed (cert-spec).
const SIGNED_WITH_ED25519_KEY: u8 = 4;
/// What the signature of [`CrossCert`] begins with (cert-spec).
const CROSS_CERT_PREFIX: &[u8] = b"Tor TLS RSA/Ed25519 cross-certificate";
const DAY: i64 = 24 * 60 * 60;

/// The keys of a relay.
#[derive(Clone, Debug)]
pub struct Identity {
    rsa: PKey<Private>,
    ed25519: PKey<Private>,
    signing: PKey<Private>,
    auth: PKey<Private>,
    rsa_auth: PKey<Private>,
    link: PKey<Private>,
    link_cert: X509,
}

impl Identity {
    /// New keys, and certificates of its own. The keys that these RSA certificates are
    /// for are the same for all, since it takes long to make one.
    pub fn new() -> Result<Identity> {
        static LINK: OnceLock<PKey<Private>> = OnceLock::new();
        static LINK_AUTH: OnceLock<PKey<Private>> = OnceLock::new();
        let link = LINK.get_or_init(|| rsa_key(2048)).clone();
        let rsa_auth = LINK_AUTH.get_or_init(|| rsa_key(1024)).clone();
        let rsa = PKey::from_rsa(Rsa::generate(1024)?)?;
        let link_cert = X509Cert::new(&link, &rsa).build()?;
        Ok(Identity {
            rsa,
            ed25519: PKey::generate_ed25519()?,
            signing: PKey::generate_ed25519()?,
            auth: PKey::generate_ed25519()?,
            rsa_auth,
            link,
            link_cert,
        })
    }

    /// The digest by which others know its RSA identity.
    pub fn rsa_id(&self) -> Result<[u8; 20]> {
        let key = self.rsa.rsa()?.public_key_to_der_pkcs1()?;
        Ok(Sha1::digest(key).into())
    }

    /// Its Ed25519 identity.
    pub fn ed25519_id(&self) -> Result<[u8; 32]> {
        public(&self.ed25519)
    }

    /// The key and certificate that it shows in TLS.
    pub(crate) fn tls(&self) -> (&PKey<Private>, &X509) {
        (&self.link, &self.link_cert)
    }

    /// The key that signs AUTHENTICATE.
    pub(crate) fn auth_key(&self) -> &PKey<Private> {
        &self.auth
    }

    /// The digest of the RSA identity key in AUTHENTICATE.
    pub(crate) fn rsa_id_sha256(&self) -> Result<[u8; 32]> {
        Ok(sha256(&self.rsa.rsa()?.public_key_to_der_pkcs1()?))
    }

    /// CERTS as a responder sends it.
    pub fn responder_certs(&self) -> Result<Certs> {
        Ok(Certs(vec![
            (cert_type::TLS_LINK_X509, self.tls_link_x509().encode()?),
            (cert_type::RSA_ID_X509, self.rsa_id_x509().encode()?),
            (cert_type::IDENTITY_V_SIGNING, self.signing()?.encode()?),
            (cert_type::SIGNING_V_TLS_CERT, self.tls_cert()?.encode()?),
            (cert_type::RSA_ID_V_IDENTITY, self.cross_cert()?.encode()?),
        ]))
    }

    /// CERTS as an initiator sends it that is going to authenticate.
    pub fn initiator_certs(&self) -> Result<Certs> {
        Ok(Certs(vec![
            (cert_type::LINK_AUTH_X509, self.link_auth_x509().encode()?),
            (cert_type::RSA_ID_X509, self.rsa_id_x509().encode()?),
            (cert_type::IDENTITY_V_SIGNING, self.signing()?.encode()?),
            (cert_type::SIGNING_V_LINK_AUTH, self.link_auth()?.encode()?),
            (cert_type::RSA_ID_V_IDENTITY, self.cross_cert()?.encode()?),
        ]))
    }

    /// `TLS_LINK_X509`: the very certificate of the TLS handshake, unless it is
    /// changed.
    pub fn tls_link_x509(&self) -> X509Cert {
        X509Cert {
            made: Some(self.link_cert.clone()),
            ..X509Cert::new(&self.link, &self.rsa)
        }
    }

    /// `RSA_ID_X509`, signed by itself.
    pub fn rsa_id_x509(&self) -> X509Cert {
        X509Cert::new(&self.rsa, &self.rsa)
    }

    /// `LINK_AUTH_X509`, which nothing but its own signature needs any more.
    pub fn link_auth_x509(&self) -> X509Cert {
        X509Cert::new(&self.rsa_auth, &self.rsa)
    }

    /// `IDENTITY_V_SIGNING`
    pub fn signing(&self) -> Result<Ed25519Cert> {
        let extension = (SIGNED_WITH_ED25519_KEY, 0, self.ed25519_id()?.to_vec());
        Ok(Ed25519Cert {
            extensions: vec![extension],
            ..Ed25519Cert::new(
                cert_type::IDENTITY_V_SIGNING,
                public(&self.signing)?,
                &self.ed25519,
            )
        })
    }

    /// `SIGNING_V_TLS_CERT`
    pub fn tls_cert(&self) -> Result<Ed25519Cert> {
        let digest = sha256(&self.link_cert.to_der()?);
        Ok(Ed25519Cert {
            key_type: 3,
            ..Ed25519Cert::new(cert_type::SIGNING_V_TLS_CERT, digest, &self.signing)
        })
    }

    /// `SIGNING_V_LINK_AUTH`
    pub fn link_auth(&self) -> Result<Ed25519Cert> {
        let key = public(&self.auth)?;
        let cert_type = cert_type::SIGNING_V_LINK_AUTH;
        Ok(Ed25519Cert::new(cert_type, key, &self.signing))
    }

    /// `RSA_ID_V_IDENTITY`
    pub fn cross_cert(&self) -> Result<CrossCert> {
        Ok(CrossCert {
            key: self.ed25519_id()?,
            expiration: hours_from_now(10 * 24),
            prefix: CROSS_CERT_PREFIX.to_vec(),
            signer: self.rsa.clone(),
        })
    }
}

/// What a CERTS cell holds: types and certificates, in order.
#[derive(Clone, Debug)]
pub struct Certs(Vec<(u8, Vec<u8>)>);

impl Certs {
    /// The body of the cell.
    pub fn encode(&self) -> Vec<u8> {
        let mut body = vec![self.0.len() as u8];
        for (cert_type, cert) in &self.0 {
            body.push(*cert_type);
            body.extend((cert.len() as u16).to_be_bytes());
            body.extend(cert);
        }
        body
    }

    /// Without those of some types.
    pub fn without(mut self, cert_types: &[u8]) -> Certs {
        self.0.retain(|(of, _)| !cert_types.contains(of));
        self
    }

    /// One more at the end.
    pub fn and(mut self, cert_type: u8, cert: impl Into<Vec<u8>>) -> Certs {
        self.0.push((cert_type, cert.into()));
        self
    }

    /// Another one in the place of the one of this type.
    pub fn with(self, cert_type: u8, cert: impl Into<Vec<u8>>) -> Certs {
        let cert = cert.into();
        self.change(cert_type, |bytes| *bytes = cert.clone())
    }

    /// The one of this type, its bytes changed.
    pub fn change(mut self, cert_type: u8, change: impl Fn(&mut Vec<u8>)) -> Certs {
        let of_type = self.0.iter_mut().filter(|(of, _)| *of == cert_type);
        of_type.for_each(|(_, cert)| change(cert));
        self
    }

    /// The bytes of the one of this type.
    pub fn only(self, cert_type: u8) -> Vec<u8> {
        let of_type = self.0.into_iter().find(|(of, _)| *of == cert_type);
        of_type.map(|(_, cert)| cert).unwrap_or_default()
    }

    /// The last first.
    pub fn reversed(mut self) -> Certs {
        self.0.reverse();
        self
    }

    /// The one of this type once more, at the end.
    pub fn twice(mut self, cert_type: u8) -> Certs {
        let again = self.0.iter().find(|(of, _)| *of == cert_type).cloned();
        self.0.extend(again);
        self
    }
}

/// An X.509 certificate that is to be signed.
#[derive(Clone, Debug)]
pub struct X509Cert {
    key: PKey<Private>,
    signer: PKey<Private>,
    /// The days from now between which it is valid.
    days: (i64, i64),
    /// One that has been made of these fields already.
    made: Option<X509>,
}

impl X509Cert {
    fn new(key: &PKey<Private>, signer: &PKey<Private>) -> X509Cert {
        X509Cert {
            key: key.clone(),
            signer: signer.clone(),
            days: (0, 30),
            made: None,
        }
    }

    /// Valid between these days from now.
    pub fn valid(self, from: i64, until: i64) -> X509Cert {
        X509Cert {
            days: (from, until),
            made: None,
            ..self
        }
    }

    /// For a new RSA key; if it was signed by its own key, so it is then.
    pub fn of_another_key(self, bits: u32) -> Result<X509Cert> {
        // Nobody looks whose long key it is.
        static LONG: OnceLock<PKey<Private>> = OnceLock::new();
        self.of(match bits {
            2048 => LONG.get_or_init(|| rsa_key(2048)).clone(),
            _ => PKey::from_rsa(Rsa::generate(bits)?)?,
        })
    }

    /// The same for a key on the curve P-256.
    pub fn of_an_ec_key(self) -> Result<X509Cert> {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
        self.of(PKey::from_ec_key(EcKey::generate(&group)?)?)
    }

    fn of(self, key: PKey<Private>) -> Result<X509Cert> {
        let signer = match self.signer.public_eq(&self.key) {
            true => key.clone(),
            false => self.signer,
        };
        Ok(X509Cert {
            key,
            signer,
            made: None,
            ..self
        })
    }

    /// Signed by a key that nobody knows.
    pub fn signed_by_another(self) -> Result<X509Cert> {
        Ok(X509Cert {
            signer: PKey::from_rsa(Rsa::generate(1024)?)?,
            made: None,
            ..self
        })
    }

    /// Its bytes.
    pub fn encode(&self) -> Result<Vec<u8>> {
        Ok(self.build()?.to_der()?)
    }

    pub(crate) fn build(&self) -> Result<X509> {
        if let Some(made) = &self.made {
            return Ok(made.clone());
        }
        let now = now()?;
        let time = |days: i64| Asn1Time::from_unix(now + days * DAY);
        let mut name = X509Name::builder()?;
        name.append_entry_by_text("CN", "peer")?;
        let name = name.build();
        let mut cert = X509::builder()?;
        cert.set_version(2)?;
        let serial = BigNum::from_u32(1)?.to_asn1_integer()?;
        cert.set_serial_number(&serial)?;
        cert.set_subject_name(&name)?;
        cert.set_issuer_name(&name)?;
        cert.set_not_before(&*time(self.days.0)?)?;
        cert.set_not_after(&*time(self.days.1)?)?;
        cert.set_pubkey(&self.key)?;
        cert.sign(&self.signer, MessageDigest::sha256())?;
        Ok(cert.build())
    }
}

/// An Ed25519 certificate that is to be signed (cert-spec).
#[derive(Clone, Debug)]
pub struct Ed25519Cert {
    /// 1
    pub version: u8,
    /// What the certificate itself says its type is.
    pub cert_type: u8,
    /// Hours since the epoch.
    pub expiration: u32,
    /// 1 for an Ed25519 key, 3 for the digest of an X.509 certificate.
    pub key_type: u8,
    /// What is certified.
    pub key: [u8; 32],
    /// Type, flags and data of each extension.
    pub extensions: Vec<(u8, u8, Vec<u8>)>,
    signer: PKey<Private>,
}

impl Ed25519Cert {
    fn new(cert_type: u8, key: [u8; 32], signer: &PKey<Private>) -> Ed25519Cert {
        Ed25519Cert {
            version: 1,
            cert_type,
            expiration: hours_from_now(10 * 24),
            key_type: 1,
            key,
            extensions: Vec::new(),
            signer: signer.clone(),
        }
    }

    /// Signed by a key that nobody knows.
    pub fn signed_by_another(self) -> Result<Ed25519Cert> {
        Ok(Ed25519Cert {
            signer: PKey::generate_ed25519()?,
            ..self
        })
    }

    /// Its bytes.
    pub fn encode(&self) -> Result<Vec<u8>> {
        let mut bytes = vec![self.version, self.cert_type];
        bytes.extend(self.expiration.to_be_bytes());
        bytes.push(self.key_type);
        bytes.extend(self.key);
        bytes.push(self.extensions.len() as u8);
        for (extension, flags, data) in &self.extensions {
            bytes.extend((data.len() as u16).to_be_bytes());
            bytes.extend([*extension, *flags]);
            bytes.extend(data);
        }
        let signature = sign(&self.signer, &bytes)?;
        bytes.extend(signature);
        Ok(bytes)
    }
}

/// The certificate by which an RSA identity vouches for an Ed25519 one (cert-spec).
#[derive(Clone, Debug)]
pub struct CrossCert {
    /// The Ed25519 identity.
    pub key: [u8; 32],
    /// Hours since the epoch.
    pub expiration: u32,
    /// What stands before that in what is signed.
    pub prefix: Vec<u8>,
    signer: PKey<Private>,
}

impl CrossCert {
    /// Signed by a key that nobody knows.
    pub fn signed_by_another(self) -> Result<CrossCert> {
        Ok(CrossCert {
            signer: PKey::from_rsa(Rsa::generate(1024)?)?,
            ..self
        })
    }

    /// Its bytes.
    pub fn encode(&self) -> Result<Vec<u8>> {
        let mut bytes = self.key.to_vec();
        bytes.extend(self.expiration.to_be_bytes());
        let digest = sha256(&[&self.prefix[..], &bytes].concat());
        let signer = self.signer.rsa()?;
        let mut signature = vec![0; signer.size() as usize];
        let length = signer.private_encrypt(&digest, &mut signature, Padding::PKCS1)?;
        signature.truncate(length);
        bytes.push(signature.len() as u8);
        bytes.extend(signature);
        Ok(bytes)
    }
}

/// The hours since the epoch at a time that is so many hours away.
pub fn hours_from_now(hours: i64) -> u32 {
    let now = now().unwrap_or_default() / 3600;
    u32::try_from(now + hours).unwrap_or_default()
}

/// An Ed25519 signature.
pub(crate) fn sign(key: &PKey<Private>, bytes: &[u8]) -> Result<Vec<u8>> {
    let mut signer = Signer::new_without_digest(key)?;
    Ok(signer.sign_oneshot_to_vec(bytes)?)
}

fn public(key: &PKey<Private>) -> Result<[u8; 32]> {
    let bytes = key.raw_public_key()?;
    bytes
        .try_into()
        .ok()
        .context("an Ed25519 key of another length")
}

fn now() -> Result<i64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() as i64)
}

fn rsa_key(bits: u32) -> PKey<Private> {
    let key = Rsa::generate(bits).and_then(PKey::from_rsa);
    key.expect("OpenSSL makes an RSA key")
}
