//! AUTHENTICATE (tor-spec, "AUTHENTICATE cells", method 3): what both ends of a link
//! know of it, in the order in which the cell has it, and a signature. One end makes
//! the cell, right or with one thing wrong; the other says which of its fields are
//! right.

use anyhow::{bail, Result};
use openssl::pkey::{Id, PKey};
use openssl::sha::sha256;
use openssl::sign::Verifier;
use openssl::x509::X509;

use crate::cell::{command, Cell, CircIdLen, Decoder};
use crate::identity::{cert_type, sign, Identity};
use crate::wire::Wire;

/// Ed25519-SHA256-RFC5705
const METHOD: u16 = 3;
const LABEL: &str = "EXPORTER FOR TOR TLS CLIENT BINDING AUTH0003";
const SIGNATURE_LEN: usize = 64;

/// Names and lengths of what is signed.
const FIELDS: [(&str, usize); 10] = [
    ("TYPE", 8),
    ("CID", 32),
    ("SID", 32),
    ("CID_ED", 32),
    ("SID_ED", 32),
    ("SLOG", 32),
    ("CLOG", 32),
    ("SCERT", 32),
    ("TLSSECRETS", 32),
    ("RAND", 24),
];

/// What is wrong with an AUTHENTICATE cell that is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forgery {
    /// Nothing.
    Nothing,
    /// One bit of the field of this name, before it is signed.
    Field(&'static str),
    /// One bit of it afterwards.
    Afterwards(&'static str),
    /// One bit of the signature.
    Signature,
    /// The signature is that of another key.
    AnotherKey,
    /// The method that the cell names.
    Method(u16),
    /// Its length field says so much less or more than there is.
    Length(i16),
    /// So many bytes at its end are not there, which its length field knows.
    Cut(usize),
    /// So many bytes follow the signature, which its length field knows.
    Longer(usize),
    /// So many bytes follow what the length field counts.
    Behind(usize),
    /// So many more random bytes are signed.
    MoreRandom(usize),
}

/// What AUTHENTICATE is about: the link as its initiator knows it.
pub(crate) struct Link {
    pub(crate) cid: [u8; 32],
    pub(crate) sid: [u8; 32],
    pub(crate) cid_ed: [u8; 32],
    pub(crate) sid_ed: [u8; 32],
    pub(crate) slog: [u8; 32],
    pub(crate) clog: [u8; 32],
    pub(crate) scert: [u8; 32],
    pub(crate) tls_secrets: [u8; 32],
}

/// The identities that a CERTS cell tells of.
pub(crate) struct Told {
    pub(crate) rsa_id_sha256: [u8; 32],
    pub(crate) ed25519_id: [u8; 32],
    /// The key that signs AUTHENTICATE, if the sender has one.
    pub(crate) auth_key: Option<[u8; 32]>,
}

impl Told {
    /// By the body of a CERTS cell, which is not checked.
    pub(crate) fn by(certs: &[u8]) -> Option<Told> {
        let mut told = (None, None, None);
        let mut rest = certs.get(1..)?;
        while let [of_type, high, low, ..] = *rest {
            let length = usize::from(u16::from_be_bytes([high, low]));
            let cert = rest.get(3..3 + length)?;
            rest = rest.get(3 + length..)?;
            // The key that a certificate is about, and the one in its first extension.
            match of_type {
                cert_type::RSA_ID_X509 => {
                    let key = X509::from_der(cert).ok()?.public_key().ok()?;
                    let key = key.rsa().ok()?.public_key_to_der_pkcs1().ok()?;
                    told.0 = Some(sha256(&key));
                }
                cert_type::IDENTITY_V_SIGNING => told.1 = cert.get(44..76)?.try_into().ok(),
                cert_type::SIGNING_V_LINK_AUTH => told.2 = cert.get(7..39)?.try_into().ok(),
                _ => {}
            }
        }
        Some(Told {
            rsa_id_sha256: told.0?,
            ed25519_id: told.1?,
            auth_key: told.2,
        })
    }
}

impl Link {
    /// What TLS adds: the responder's certificate and the exported secret.
    pub(crate) fn secrets(wire: &Wire, cid: &[u8; 32]) -> Result<[u8; 32]> {
        let Wire::Tls(stream) = wire else {
            bail!("there is no TLS whose secrets could be exported");
        };
        let mut secrets = [0; 32];
        stream
            .ssl()
            .export_keying_material(&mut secrets, LABEL, Some(cid))?;
        Ok(secrets)
    }

    fn fields(&self) -> Vec<u8> {
        let mut fields = b"AUTH0003".to_vec();
        for field in [
            self.cid,
            self.sid,
            self.cid_ed,
            self.sid_ed,
            self.slog,
            self.clog,
            self.scert,
            self.tls_secrets,
        ] {
            fields.extend(field);
        }
        fields
    }

    /// The body of the cell, signed by an identity's authentication key.
    pub(crate) fn authenticate(&self, identity: &Identity, forgery: Forgery) -> Result<Vec<u8>> {
        let mut signed = self.fields();
        signed.extend([0x5a; 24]);
        match forgery {
            Forgery::Field(name) => signed[place(name)?] ^= 1,
            Forgery::MoreRandom(bytes) => signed.extend(vec![0x5a; bytes]),
            _ => {}
        }
        let another;
        let key = match forgery {
            Forgery::AnotherKey => {
                another = PKey::generate_ed25519()?;
                &another
            }
            _ => identity.auth_key(),
        };
        let mut signature = sign(key, &signed)?;
        match forgery {
            Forgery::Afterwards(name) => signed[place(name)?] ^= 1,
            Forgery::Signature => signature[9] ^= 1,
            _ => {}
        }
        let mut content = [signed, signature].concat();
        match forgery {
            Forgery::Cut(bytes) => content.truncate(content.len().saturating_sub(bytes)),
            Forgery::Longer(bytes) => content.extend(vec![0; bytes]),
            _ => {}
        }
        let mut length = content.len() as u16;
        let mut method = METHOD;
        match forgery {
            Forgery::Length(by) => length = length.wrapping_add_signed(by),
            Forgery::Method(other) => method = other,
            Forgery::Behind(bytes) => content.extend(vec![0; bytes]),
            _ => {}
        }
        let mut body = method.to_be_bytes().to_vec();
        body.extend(length.to_be_bytes());
        body.extend(content);
        Ok(body)
    }

    /// What is wrong with the body of a cell: names of fields, and whatever else.
    pub(crate) fn wrong(&self, body: &[u8], auth_key: Option<[u8; 32]>) -> Vec<&'static str> {
        let mut wrong = Vec::new();
        let Some((head, rest)) = body.split_at_checked(4) else {
            return vec!["no body"];
        };
        if head[..2] != METHOD.to_be_bytes() {
            wrong.push("method");
        }
        if head[2..] != (rest.len() as u16).to_be_bytes() {
            wrong.push("length");
        }
        let end = FIELDS.iter().map(|(_, length)| length).sum();
        let Some((signed, signature)) = rest.split_at_checked(end) else {
            return vec!["too short"];
        };
        let (expected, mut at) = (self.fields(), 0);
        for (name, length) in &FIELDS[..FIELDS.len() - 1] {
            if expected[at..at + length] != signed[at..at + length] {
                wrong.push(name);
            }
            at += length;
        }
        let verified = auth_key.is_some_and(|key| verified(&key, signed, signature));
        if signature.len() != SIGNATURE_LEN || !verified {
            wrong.push("signature");
        }
        wrong
    }
}

/// The digest of the cells in these bytes, up to the last that the log has: the one
/// before `end`, or that one too if it belongs there.
pub(crate) fn log(bytes: &[u8], width: CircIdLen, end: u8) -> [u8; 32] {
    let mut decoder = Decoder::default();
    decoder.feed(bytes);
    let (mut log, mut now) = (Vec::new(), CircIdLen::Two);
    while let Some(cell) = decoder.next(now) {
        let Cell { command, .. } = cell;
        if command == end && end != command::AUTH_CHALLENGE {
            break;
        }
        log.extend(cell.encode(now));
        if command == command::VERSIONS {
            now = width;
        }
        if command == end {
            break;
        }
    }
    sha256(&log)
}

fn verified(key: &[u8; 32], bytes: &[u8], signature: &[u8]) -> bool {
    let Ok(key) = PKey::public_key_from_raw_bytes(key, Id::ED25519) else {
        return false;
    };
    let Ok(mut verifier) = Verifier::new_without_digest(&key) else {
        return false;
    };
    verifier.verify_oneshot(signature, bytes).unwrap_or(false)
}

/// Where a field's middle byte is.
fn place(name: &str) -> Result<usize> {
    let mut at = 0;
    for (field, length) in FIELDS {
        if field == name {
            return Ok(at + length / 2);
        }
        at += length;
    }
    bail!("AUTHENTICATE has no field {name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(forgery: Forgery) -> Vec<&'static str> {
        let identity = Identity::new().unwrap();
        let certs = identity.initiator_certs().unwrap().encode();
        let told = Told::by(&certs).unwrap();
        assert_eq!(told.ed25519_id, identity.ed25519_id().unwrap());
        let link = Link {
            cid: told.rsa_id_sha256,
            sid: [1; 32],
            cid_ed: told.ed25519_id,
            sid_ed: [2; 32],
            slog: [3; 32],
            clog: [4; 32],
            scert: [5; 32],
            tls_secrets: [6; 32],
        };
        let body = link.authenticate(&identity, forgery).unwrap();
        link.wrong(&body, told.auth_key)
    }

    #[test]
    fn what_is_forged_is_what_is_found_wrong() {
        assert!(wrong(Forgery::Nothing).is_empty());
        assert_eq!(wrong(Forgery::Signature), ["signature"]);
        assert_eq!(wrong(Forgery::AnotherKey), ["signature"]);
        assert_eq!(wrong(Forgery::Method(1)), ["method"]);
        assert_eq!(wrong(Forgery::Length(-1)), ["length"]);
        assert_eq!(wrong(Forgery::Cut(1)), ["signature"]);
        assert_eq!(wrong(Forgery::Cut(400)), ["too short"]);
        for (name, _) in FIELDS.into_iter().filter(|(name, _)| *name != "RAND") {
            assert_eq!(wrong(Forgery::Field(name)), [name]);
            assert_eq!(wrong(Forgery::Afterwards(name)), [name, "signature"]);
        }
        assert_eq!(wrong(Forgery::Afterwards("RAND")), ["signature"]);
    }

    #[test]
    fn a_log_ends_where_tor_spec_says() {
        let versions = Cell::new(0, command::VERSIONS, [0, 4]).encode(CircIdLen::Two);
        let certs = Cell::new(0, command::CERTS, [0]).encode(CircIdLen::Four);
        let challenge = Cell::new(0, command::AUTH_CHALLENGE, [7; 34]).encode(CircIdLen::Four);
        let netinfo = Cell::new(0, command::NETINFO, [1]).encode(CircIdLen::Four);
        let responder = [&versions[..], &certs, &challenge, &netinfo].concat();
        let expected = sha256(&[&versions[..], &certs, &challenge].concat());
        let wide = CircIdLen::Four;
        assert_eq!(log(&responder, wide, command::AUTH_CHALLENGE), expected);
        let authenticate = Cell::new(0, command::AUTHENTICATE, [1]).encode(wide);
        let initiator = [&versions[..], &certs, &authenticate].concat();
        let expected = sha256(&[&versions[..], &certs].concat());
        assert_eq!(log(&initiator, wide, command::AUTHENTICATE), expected);
    }
}
