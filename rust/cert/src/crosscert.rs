//! Cross-certificates: an RSA key certifies an Ed25519 key (cert-spec, "RSA
//! Ed25519 cross-certificates"; dir-spec, "onion-key-crosscert").
//!
//! The RSA key is somebody else's: here a signature is bytes, and who calls says what
//! was signed with it.

use sha2::{Digest as _, Sha256};
use wire::format::{Error, Format as _};
use wire::formats::link_handshake::RsaEdCrosscert;

use crate::{hours, HOUR};

/// What is signed begins with it, before it is hashed.
const PREFIX: &[u8] = b"Tor TLS RSA/Ed25519 cross-certificate";

/// Length of a digest, in bytes.
pub const DIGEST_LEN: usize = 32;

/// What is signed of a cross-certificate is the digest of so many bytes of it.
const SIGNED_LEN: usize = 32 + 4;

/// The longest signature that fits into a cross-certificate, in bytes.
const LONGEST_SIGNATURE: usize = 255;

/// The longest cross-certificate, in bytes.
pub const LONGEST: usize = SIGNED_LEN + 1 + LONGEST_SIGNATURE;

/// Length of an RSA identity, in bytes.
pub const RSA_ID_LEN: usize = 20;

/// Why a cross-certificate is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It is none, or something follows.
    Unparseable,
    /// It is for another Ed25519 key.
    OtherKey,
    /// Its time is over.
    Expired,
    /// The signature is another key's, or of something too short.
    BadSignature,
    /// The signature is the key's, but of something else.
    OtherData,
}

/// Checks that `crosscert` certifies `ed_key` and was not expired before
/// `expired_before`.
///
/// `recover` is given the signature, and answers with the first bytes of what the RSA
/// key has signed with it; nothing if it did not, or if they are fewer. It is called
/// only if all else is right.
///
/// # Errors
/// The first thing that is wrong.
pub fn check(
    crosscert: &[u8],
    ed_key: &[u8; 32],
    expired_before: i64,
    recover: impl FnOnce(&[u8]) -> Option<[u8; DIGEST_LEN]>,
) -> Result<(), Refused> {
    let read = match RsaEdCrosscert::parse(crosscert) {
        Ok((read, len)) if len == crosscert.len() => read,
        _ => return Err(Refused::Unparseable),
    };
    if read.ed_key != ed_key {
        return Err(Refused::OtherKey);
    }
    let expires = i64::from(read.expiration) * HOUR;
    // There is no time before 1970.
    if expired_before < 0 || expires < expired_before {
        return Err(Refused::Expired);
    }
    let signed = crosscert.get(..read.end_of_signed);
    let digest = digest(signed.ok_or(Refused::Unparseable)?);
    match recover(read.sig) {
        None => Err(Refused::BadSignature),
        Some(recovered) if recovered != digest => Err(Refused::OtherData),
        Some(_) => Ok(()),
    }
}

/// Makes a cross-certificate of `ed_key` that is valid at `expires` and whose
/// signature has at most `most` bytes. The answer is its length.
///
/// `sign` signs a digest into the space that it is given, which is zero, and answers
/// with the signature's length; nothing if it cannot.
///
/// # Errors
/// If the signature cannot be made, or is too long.
pub fn make(
    ed_key: &[u8; 32],
    expires: i64,
    most: usize,
    sign: impl FnOnce(&[u8; DIGEST_LEN], &mut [u8]) -> Option<usize>,
    out: &mut [u8; LONGEST],
) -> Result<usize, Error> {
    let mut space = [0; LONGEST_SIGNATURE];
    let space = space.get_mut(..most).ok_or(Error::Invalid)?;
    let unsigned = RsaEdCrosscert {
        ed_key,
        expiration: hours(expires),
        end_of_signed: 0,
        sig: &[],
    };
    unsigned.encode(out)?;
    let signed = out.first_chunk::<SIGNED_LEN>().ok_or(Error::Truncated)?;
    let len = sign(&digest(signed), space).ok_or(Error::Invalid)?;
    let sig = space.get(..len).ok_or(Error::Invalid)?;
    RsaEdCrosscert { sig, ..unsigned }.encode(out)
}

/// What is signed.
fn digest(signed: &[u8]) -> [u8; DIGEST_LEN] {
    let hash = Sha256::new().chain_update(PREFIX).chain_update(signed);
    hash.finalize().into()
}

/// Why what a relay's TAP onion key has signed is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnionKeyRefused {
    /// It is too short.
    Short,
    /// It names somebody else.
    Incorrect,
}

/// Checks that `signed`, which an onion key has signed, are the identities of its
/// relay. More may follow them.
///
/// # Errors
/// If they are not.
pub fn check_onion_key(
    signed: &[u8],
    rsa_id: &[u8; RSA_ID_LEN],
    ed_id: &[u8; 32],
) -> Result<(), OnionKeyRefused> {
    let Some((rsa, rest)) = signed.split_first_chunk::<RSA_ID_LEN>() else {
        return Err(OnionKeyRefused::Short);
    };
    let ed = rest.first_chunk().ok_or(OnionKeyRefused::Short)?;
    match rsa == rsa_id && ed == ed_id {
        true => Ok(()),
        false => Err(OnionKeyRefused::Incorrect),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [7; 32];
    /// Hour 100.
    const EXPIRES: i64 = 360_000;

    /// A key whose signature of a digest is that digest.
    fn signed() -> Vec<u8> {
        let mut out = [0xa6; LONGEST];
        let sign = |digest: &[u8; 32], space: &mut [u8]| {
            space[..32].copy_from_slice(digest);
            Some(32)
        };
        let len = make(&KEY, EXPIRES, 128, sign, &mut out).unwrap();
        out[..len].to_vec()
    }

    fn recover(signature: &[u8]) -> Option<[u8; 32]> {
        signature.first_chunk().copied()
    }

    #[test]
    fn what_is_made_is_good_up_to_its_last_second() {
        let made = signed();
        assert_eq!(made.len(), 32 + 4 + 1 + 32);
        assert_eq!(check(&made, &KEY, 0, recover), Ok(()));
        assert_eq!(check(&made, &KEY, EXPIRES, recover), Ok(()));
        let later = check(&made, &KEY, EXPIRES + 1, recover);
        assert_eq!(later, Err(Refused::Expired));
    }

    #[test]
    fn before_1970_everything_is_expired() {
        assert_eq!(check(&signed(), &KEY, -1, recover), Err(Refused::Expired));
    }

    #[test]
    fn given_more_or_fewer_bytes_then_it_is_unparseable() {
        let mut made = signed();
        for len in 0..made.len() {
            let cut = check(&made[..len], &KEY, 0, |_| unreachable!());
            assert_eq!(cut, Err(Refused::Unparseable));
        }
        made.push(0);
        let longer = check(&made, &KEY, 0, |_| unreachable!());
        assert_eq!(longer, Err(Refused::Unparseable));
    }

    #[test]
    fn given_another_key_then_the_signature_is_not_looked_at() {
        let other = check(&signed(), &[8; 32], EXPIRES + 1, |_| unreachable!());
        assert_eq!(other, Err(Refused::OtherKey));
    }

    #[test]
    fn a_bad_signature_and_one_of_something_else_are_told_apart() {
        let made = signed();
        let bad = check(&made, &KEY, 0, |_| None);
        assert_eq!(bad, Err(Refused::BadSignature));
        let other = check(&made, &KEY, 0, |_| Some([0; 32]));
        assert_eq!(other, Err(Refused::OtherData));
    }

    #[test]
    fn the_hour_is_signed() {
        let mut made = signed();
        made[35] += 1;
        assert_eq!(check(&made, &KEY, 0, recover), Err(Refused::OtherData));
    }

    #[test]
    fn a_key_too_long_or_one_that_fails_makes_none() {
        let mut out = [0; LONGEST];
        let long = make(&KEY, 0, 256, |_, _| unreachable!(), &mut out);
        assert!(long.is_err());
        assert!(make(&KEY, 0, 128, |_, _| None, &mut out).is_err());
        assert!(make(&KEY, 0, 128, |_, _| Some(129), &mut out).is_err());
    }

    #[test]
    fn an_onion_key_signs_both_identities() {
        let rsa = [1; RSA_ID_LEN];
        let signed = [&rsa[..], &KEY].concat();
        assert_eq!(check_onion_key(&signed, &rsa, &KEY), Ok(()));
        let more = [&signed[..], b"more"].concat();
        assert_eq!(check_onion_key(&more, &rsa, &KEY), Ok(()));
        let short = Err(OnionKeyRefused::Short);
        for len in [0, 19, 20, 51] {
            assert_eq!(check_onion_key(&signed[..len], &rsa, &KEY), short);
        }
        let incorrect = Err(OnionKeyRefused::Incorrect);
        for at in [0, 19, 20, 51] {
            let mut other = signed.clone();
            other[at] ^= 1;
            assert_eq!(check_onion_key(&other, &rsa, &KEY), incorrect);
        }
    }
}
