//! Ed25519 certificates (cert-spec, "Ed25519 certificates").
//!
//! A certificate says that a key or digest belongs to whoever has the signing key,
//! up to some hour. That key may be in it, as an extension; else its reader has to
//! know it.

use wire::format::{Error, Format as _, List};
use wire::formats::ed25519_cert::{CertExtension, Ed25519Cert, ExtensionContent};

use crate::ed25519::{self, PUBLIC_KEY_LEN, SIGNATURE_LEN};
use crate::{hours, HOUR};

/// Who does not know the extension must refuse the certificate.
const AFFECTS_VALIDATION: u8 = 1;

/// The longest certificate that is made here, in bytes: the signing key is in it.
pub const LONGEST: usize = 140;

/// A certificate that is well-formed. Whether it is signed has to be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Certificate<'a> {
    /// All its bytes; the last are the signature.
    pub encoded: &'a [u8],
    /// What it is for.
    pub cert_type: u8,
    /// What is certified: a key, or a digest.
    pub signed_key: &'a [u8; PUBLIC_KEY_LEN],
    /// The key that certifies it, where that is in the certificate.
    pub signing_key: Option<&'a [u8; PUBLIC_KEY_LEN]>,
    /// The last second, since 1970, at which it is valid.
    pub valid_until: i64,
}

impl<'a> Certificate<'a> {
    /// Reads one. There has to be nothing else.
    ///
    /// # Errors
    /// If it is none; if it has two signing keys, or an extension that is unknown and
    /// must not be.
    pub fn parse(encoded: &'a [u8]) -> Result<Self, Error> {
        let (read, len) = Ed25519Cert::parse(encoded)?;
        if len != encoded.len() {
            return Err(Error::Invalid);
        }
        let mut signing_key = None;
        for extension in read.ext.iter() {
            match extension.content {
                ExtensionContent::SigningKey { .. } if signing_key.is_some() => {
                    return Err(Error::Invalid)
                }
                ExtensionContent::SigningKey { key } => signing_key = Some(key),
                ExtensionContent::Unparsed { .. }
                    if extension.ext_flags & AFFECTS_VALIDATION != 0 =>
                {
                    return Err(Error::Invalid)
                }
                ExtensionContent::Unparsed { .. } => {}
            }
        }
        Ok(Certificate {
            encoded,
            cert_type: read.cert_type,
            signed_key: read.certified_key,
            signing_key,
            valid_until: i64::from(read.exp_field) * HOUR,
        })
    }

    /// What has to be checked if `key` is the signing key; without one, that in the
    /// certificate. Nothing if there is none either.
    pub fn checkable<'k>(&self, key: Option<&'k [u8; PUBLIC_KEY_LEN]>) -> Option<Checkable<'k>>
    where
        'a: 'k,
    {
        let (message, signature) = self.encoded.split_last_chunk()?;
        // Nothing that is a certificate; C does not go on either.
        if message.is_empty() {
            return None;
        }
        Some(Checkable {
            public_key: key.or(self.signing_key)?,
            message,
            signature,
        })
    }

    /// Whether it is valid, if `key` (else that in it) is the signing key, at `now`;
    /// at any time, if there is none. `is_good` says whether a signature is.
    ///
    /// # Errors
    /// What is wrong. Of an expired certificate the signature is not looked at.
    pub fn check<'k>(
        &self,
        key: Option<&'k [u8; PUBLIC_KEY_LEN]>,
        now: Option<i64>,
        is_good: impl FnOnce(&Checkable<'k>) -> bool,
    ) -> Result<(), Invalid>
    where
        'a: 'k,
    {
        let checkable = self.checkable(key).ok_or(Invalid::NoKey)?;
        if now.is_some_and(|now| now > self.valid_until) {
            return Err(Invalid::Expired);
        }
        match is_good(&checkable) {
            true => Ok(()),
            false => Err(Invalid::MisSigned),
        }
    }
}

/// A signature, and all that it takes to check it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkable<'a> {
    /// Whose it should be.
    pub public_key: &'a [u8; PUBLIC_KEY_LEN],
    /// What is signed.
    pub message: &'a [u8],
    /// It.
    pub signature: &'a [u8; SIGNATURE_LEN],
}

impl Checkable<'_> {
    /// Whether the signature is good.
    pub fn is_good(&self) -> bool {
        ed25519::verify(self.public_key, self.message, self.signature)
    }
}

/// Why a well-formed certificate is not valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invalid {
    /// Nobody knows the signing key.
    NoKey,
    /// Its time is over.
    Expired,
    /// The signature is another key's.
    MisSigned,
}

/// A certificate that is to be made.
#[derive(Clone, Copy, Debug)]
pub struct Unsigned<'a> {
    /// What it is for.
    pub cert_type: u8,
    /// What kind of key or digest is certified.
    pub key_type: u8,
    /// What is certified.
    pub signed_key: &'a [u8; PUBLIC_KEY_LEN],
    /// The signing key, if the certificate should have it in it.
    pub signing_key: Option<&'a [u8; PUBLIC_KEY_LEN]>,
    /// It has to be valid at this second, since 1970.
    pub valid_until: i64,
}

impl Unsigned<'_> {
    /// Writes it, with zeros where the signature comes, which are the last bytes. The
    /// answer is its length.
    ///
    /// # Errors
    /// None: there is room for it.
    pub fn encode(&self, out: &mut [u8; LONGEST]) -> Result<usize, Error> {
        let extension = self.signing_key.map(|key| CertExtension {
            ext_flags: 0,
            content: ExtensionContent::SigningKey { key },
        });
        let extensions = extension.as_slice();
        Ed25519Cert {
            cert_type: self.cert_type,
            exp_field: hours(self.valid_until),
            cert_key_type: self.key_type,
            certified_key: self.signed_key,
            ext: List::of(&extensions),
            signature: &[0; SIGNATURE_LEN],
        }
        .encode(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [6; 32];
    const SUBJECT: [u8; 32] = [5; 32];

    /// A certificate with these extensions that expires with hour 100.
    fn certificate(extensions: &[(u8, u8, &[u8])]) -> Vec<u8> {
        let mut bytes = vec![1, 4, 0, 0, 0, 100, 1];
        bytes.extend(SUBJECT);
        bytes.push(extensions.len() as u8);
        for (ext_type, flags, content) in extensions {
            bytes.extend((content.len() as u16).to_be_bytes());
            bytes.extend([*ext_type, *flags]);
            bytes.extend(*content);
        }
        bytes.extend([3; 64]);
        bytes
    }

    #[test]
    fn given_a_certificate_with_its_signing_key_then_all_is_found() {
        let bytes = certificate(&[(4, 1, &KEY)]);
        let read = Certificate::parse(&bytes).unwrap();
        assert_eq!(read.cert_type, 4);
        assert_eq!(read.signed_key, &SUBJECT);
        assert_eq!(read.signing_key, Some(&KEY));
        assert_eq!(read.valid_until, 360_000);
        let checkable = read.checkable(None).unwrap();
        assert_eq!(checkable.public_key, &KEY);
        assert_eq!(checkable.message, &bytes[..bytes.len() - 64]);
        assert_eq!(checkable.signature, &[3; 64]);
    }

    #[test]
    fn given_another_key_then_that_is_to_be_checked() {
        let bytes = certificate(&[(4, 0, &KEY)]);
        let read = Certificate::parse(&bytes).unwrap();
        let checkable = read.checkable(Some(&[9; 32])).unwrap();
        assert_eq!(checkable.public_key, &[9; 32]);
    }

    #[test]
    fn given_no_key_at_all_then_nothing_can_be_checked() {
        let bytes = certificate(&[]);
        let read = Certificate::parse(&bytes).unwrap();
        assert_eq!(read.checkable(None), None);
        assert_eq!(read.check(None, None, |_| true), Err(Invalid::NoKey));
    }

    #[test]
    fn given_an_unknown_extension_then_its_flag_decides() {
        let parses = |extensions| Certificate::parse(&certificate(extensions)).is_ok();
        assert!(parses(&[(5, 0, b"?")]));
        assert!(parses(&[(5, 0xfe, b"?"), (4, 0, &KEY), (0, 0, b"")]));
        assert!(!parses(&[(5, 1, b"?")]));
        assert!(!parses(&[(4, 0, &KEY), (255, 0xff, b"")]));
    }

    #[test]
    fn given_two_signing_keys_then_it_is_refused() {
        let twice = certificate(&[(4, 0, &KEY), (5, 0, b""), (4, 0, &KEY)]);
        assert_eq!(Certificate::parse(&twice), Err(Error::Invalid));
    }

    #[test]
    fn given_more_or_fewer_bytes_then_it_is_refused() {
        let mut bytes = certificate(&[(4, 0, &KEY)]);
        for len in 0..bytes.len() {
            assert!(Certificate::parse(&bytes[..len]).is_err(), "{len} bytes");
        }
        bytes.push(0);
        assert_eq!(Certificate::parse(&bytes), Err(Error::Invalid));
    }

    #[test]
    fn given_another_version_then_it_is_refused() {
        let mut bytes = certificate(&[]);
        bytes[0] = 2;
        assert!(Certificate::parse(&bytes).is_err());
    }

    #[test]
    fn when_its_last_second_is_over_then_it_is_expired_whoever_signed_it() {
        let bytes = certificate(&[(4, 0, &KEY)]);
        let read = Certificate::parse(&bytes).unwrap();
        let at = |now, good| read.check(None, now, |_| good);
        assert_eq!(at(Some(360_000), true), Ok(()));
        assert_eq!(at(Some(360_001), true), Err(Invalid::Expired));
        assert_eq!(at(Some(360_001), false), Err(Invalid::Expired));
        assert_eq!(at(None, true), Ok(()));
        assert_eq!(at(None, false), Err(Invalid::MisSigned));
    }

    #[test]
    fn what_is_made_is_read_again_and_valid_as_long_as_was_asked() {
        for signing_key in [None, Some(&KEY)] {
            for (until, hour) in [(3599, 1), (3600, 1), (3601, 2), (0, 0)] {
                let made = Unsigned {
                    cert_type: 8,
                    key_type: 3,
                    signed_key: &SUBJECT,
                    signing_key,
                    valid_until: until,
                };
                let mut out = [0xa6; LONGEST];
                let len = made.encode(&mut out).unwrap();
                let read = Certificate::parse(&out[..len]).unwrap();
                assert_eq!((read.cert_type, out[6]), (8, 3));
                assert_eq!(read.signed_key, &SUBJECT);
                assert_eq!(read.signing_key, signing_key);
                assert_eq!(read.valid_until, hour * 3600);
                assert!(out[len - 64..len].iter().all(|byte| *byte == 0));
            }
        }
    }
}
