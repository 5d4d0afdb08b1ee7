//! Messages by which clients, onion services and the relays between them meet
//! (rend-spec, "Introduction protocol" and "The rendezvous protocol").
//!
//! Replaces what C Tor's `hs_cell.c` reads and builds. Keys, MACs, signatures and
//! the encryption of INTRODUCE1's inner part stay there: what is built here has
//! room for them.

use core::slice::from_ref;

use crate::format::{Error, Format, List, Reader, Writer};
use crate::formats::ed25519_cert::LinkSpecifier;
use crate::formats::establish_intro::{DosExtension, DosParam, EstablishIntro, IntroEstablished};
use crate::formats::extension::{ExtensionField, Extensions};
use crate::formats::introduce::{IntroduceAck, IntroduceEncrypted, PowExtension};
use crate::formats::rendezvous::{Rendezvous1, Rendezvous2};

/// Length of a MAC, in bytes.
pub const MAC_LEN: usize = 32;
/// Length of an Ed25519 signature, in bytes.
pub const SIG_LEN: usize = 64;
/// Length of a rendezvous cookie, in bytes.
pub const COOKIE_LEN: usize = 20;
/// Length of what a service and a client tell each other in RENDEZVOUS1 and
/// RENDEZVOUS2, in bytes: a key and a MAC.
pub const HANDSHAKE_INFO_LEN: usize = 64;

/// Where an INTRODUCE1 that was built here has its encrypted part, in bytes. The
/// client's key begins it.
pub const ENCRYPTED_AT: usize = 56;
/// Where the inner part is: what has to be encrypted, up to the MAC.
pub const INNER_AT: usize = ENCRYPTED_AT + 32;

/// An INTRODUCE1 is padded so that what is outside and the inner part have this
/// length together, in bytes.
const INTRODUCE1_MIN: usize = 246;

/// The only type of authentication keys.
const ED25519: u8 = 2;

/// Extensions: of ESTABLISH_INTRO, of INTRODUCE1's inner part.
const DOS: u8 = 1;
const CONGESTION_CONTROL: u8 = 1;
const PROOF_OF_WORK: u8 = 2;

/// Parameters of the DoS extension.
const RATE: u8 = 1;
const BURST: u8 = 2;
/// Length of the DoS extension with both, in bytes.
const DOS_LEN: usize = 1 + 2 * 9;

/// Length of a proof of work, in bytes.
const POW_LEN: usize = 41;

/// How often a service's introduction point may pass a client on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntroductionRate {
    /// In a second.
    pub per_second: u64,
    /// At once.
    pub burst: u64,
}

/// Writes an ESTABLISH_INTRO to `out`, with zeros where the MAC and the signature
/// come. The answer is its length, in bytes; its end is the MAC, the signature's
/// length (2) and the signature.
///
/// # Errors
/// If there is too little space.
pub fn write_establish_intro(
    auth_key: &[u8; 32],
    rate: Option<IntroductionRate>,
    out: &mut [u8],
) -> Result<usize, Error> {
    let mut dos = [0; DOS_LEN];
    if let Some(IntroductionRate { per_second, burst }) = rate {
        let [rate, burst] = [(RATE, per_second), (BURST, burst)]
            .map(|(param_type, value)| DosParam { param_type, value });
        let params = [rate, burst];
        let params = List::of(&params);
        DosExtension { params }.encode(&mut dos)?;
    }
    let field = rate.is_some().then_some(ExtensionField {
        field_type: DOS,
        body: &dos,
    });
    let fields = field.as_slice();
    EstablishIntro {
        start_cell: 0,
        auth_key_type: ED25519,
        auth_key,
        extensions: Extensions {
            fields: List::of(&fields),
        },
        end_mac_fields: 0,
        handshake_mac: &[0; MAC_LEN],
        end_sig_fields: 0,
        sig: &[0; SIG_LEN],
    }
    .encode(out)
}

/// Reads an INTRO_ESTABLISHED. The answer is its length, in bytes.
///
/// # Errors
/// If it is none.
pub fn read_intro_established(payload: &[u8]) -> Result<usize, Error> {
    IntroEstablished::parse(payload).map(|(_, len)| len)
}

/// What a client asks of a service.
#[derive(Clone, Copy, Debug)]
pub struct Introduce1<'a> {
    /// The introduction point's key.
    pub auth_key: &'a [u8; 32],
    /// X of hs-ntor.
    pub client_key: &'a [u8; 32],
    /// The rendezvous point knows the client's circuit by it.
    pub rend_cookie: &'a [u8; COOKIE_LEN],
    /// The rendezvous point's onion key.
    pub onion_key: &'a [u8; 32],
    /// Which relay it is: link specifiers, encoded.
    pub specifiers: &'a [u8],
    /// How many they are.
    pub specifier_count: u8,
    /// Whether the client wants congestion control.
    pub congestion_control: bool,
    /// What the client has worked out.
    pub pow: Option<PowExtension<'a>>,
}

impl Introduce1<'_> {
    /// Writes the message to `out`: the inner part is not yet encrypted, the MAC is
    /// zero. The answer is its length, in bytes; see [`INNER_AT`].
    ///
    /// # Errors
    /// If there is too little space, or fewer link specifiers than it says.
    pub fn write(&self, out: &mut [u8]) -> Result<usize, Error> {
        let mut writer = Writer::new(out);
        crate::formats::introduce::Introduce1 {
            legacy_key_id: &[0; 20],
            auth_key_type: ED25519,
            auth_key: self.auth_key,
            extensions: Extensions {
                fields: List::of(&[]),
            },
            encrypted: self.client_key,
        }
        .write(&mut writer)?;

        let mut pow = [0; POW_LEN];
        if let Some(found) = self.pow {
            found.encode(&mut pow)?;
        }
        let both = [
            ExtensionField {
                field_type: CONGESTION_CONTROL,
                body: &[],
            },
            ExtensionField {
                field_type: PROOF_OF_WORK,
                body: &pow,
            },
        ];
        let [congestion_control, proof] = &both;
        let fields: &[_] = match (self.congestion_control, self.pow) {
            (false, None) => &[],
            (true, None) => from_ref(congestion_control),
            (false, Some(_)) => from_ref(proof),
            (true, Some(_)) => &both,
        };
        let count = self.specifier_count.into();
        let mut inner = IntroduceEncrypted {
            rend_cookie: self.rend_cookie,
            extensions: Extensions {
                fields: List::of(&fields),
            },
            onion_key: self.onion_key,
            specifiers: List::read(&mut Reader::new(self.specifiers), count)?,
            pad: &[],
        };
        let pad = [0; INTRODUCE1_MIN];
        let missing = INTRODUCE1_MIN.saturating_sub(ENCRYPTED_AT + inner.encoded_len()?);
        inner.pad = pad.get(..missing).unwrap_or_default();
        inner.write(&mut writer)?;
        writer.put(&[0; MAC_LEN])?;
        Ok(writer.written())
    }
}

/// What a service reads in the inner part of an INTRODUCE2.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Introduction<'a> {
    /// The rendezvous point knows the client's circuit by it.
    pub rend_cookie: &'a [u8; COOKIE_LEN],
    /// What the client wants.
    pub extensions: List<'a, ExtensionField<'a>>,
    /// The rendezvous point's onion key.
    pub onion_key: &'a [u8; 32],
    /// Which relay it is.
    pub specifiers: List<'a, LinkSpecifier<'a>>,
}

/// Why the inner part of an INTRODUCE2 is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// It does not have the format.
    Format(Error),
    /// The onion key has another length, in bytes.
    OnionKeyLen(usize),
}

impl<'a> Introduction<'a> {
    /// Reads the inner part, decrypted.
    ///
    /// # Errors
    /// If it is of no use.
    pub fn read(decrypted: &'a [u8]) -> Result<Self, Unusable> {
        let (inner, _) = IntroduceEncrypted::parse(decrypted).map_err(Unusable::Format)?;
        let onion_key = inner.onion_key;
        Ok(Introduction {
            rend_cookie: inner.rend_cookie,
            extensions: inner.extensions.fields,
            onion_key: onion_key
                .try_into()
                .map_err(|_| Unusable::OnionKeyLen(onion_key.len()))?,
            specifiers: inner.specifiers,
        })
    }
}

/// Reads an INTRODUCE_ACK. The answer is its status; 0 is success.
///
/// # Errors
/// If it is none.
pub fn read_introduce_ack(payload: &[u8]) -> Result<u16, Error> {
    IntroduceAck::parse(payload).map(|(ack, _)| ack.status)
}

/// Writes a RENDEZVOUS1 to `out`. The answer is its length, in bytes.
///
/// # Errors
/// If there is too little space.
pub fn write_rendezvous1(
    rendezvous_cookie: &[u8; COOKIE_LEN],
    handshake_info: &[u8],
    out: &mut [u8],
) -> Result<usize, Error> {
    Rendezvous1 {
        rendezvous_cookie,
        handshake_info,
    }
    .encode(out)
}

/// Reads a RENDEZVOUS2. The answer is what the service says in it.
///
/// # Errors
/// If it is none.
pub fn read_rendezvous2(payload: &[u8]) -> Result<&[u8; HANDSHAKE_INFO_LEN], Error> {
    Rendezvous2::parse(payload).map(|(message, _)| message.handshake_info)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::introduce;

    const AUTH_KEY: [u8; 32] = [0xaa; 32];
    const CLIENT_KEY: [u8; 32] = [0xcc; 32];
    const ONION_KEY: [u8; 32] = [0x0e; 32];
    const COOKIE: [u8; COOKIE_LEN] = [0x0c; COOKIE_LEN];
    /// An address, and something that nobody knows.
    const SPECIFIERS: &[u8] = b"\x00\x06\x7f\0\0\x01\x23\x29\x63\x02ab";

    fn introduce1(pow: Option<PowExtension<'_>>, congestion_control: bool) -> Introduce1<'_> {
        Introduce1 {
            auth_key: &AUTH_KEY,
            client_key: &CLIENT_KEY,
            rend_cookie: &COOKIE,
            onion_key: &ONION_KEY,
            specifiers: SPECIFIERS,
            specifier_count: 2,
            congestion_control,
            pow,
        }
    }

    #[test]
    fn an_introduction_that_was_written_is_read() {
        let pow = PowExtension {
            pow_nonce: &[1; 16],
            pow_effort: 77,
            pow_seed: &[2; 4],
            pow_solution: &[3; 16],
        };
        for (pow, congestion_control) in [
            (None, false),
            (None, true),
            (Some(pow), false),
            (Some(pow), true),
        ] {
            let mut out = [0xff; 498];
            let written = introduce1(pow, congestion_control).write(&mut out);
            let len = written.unwrap();
            let (outer, consumed) = introduce::Introduce1::parse(&out[..len]).unwrap();
            assert_eq!(consumed, len);
            assert_eq!(outer.legacy_key_id, &[0; 20]);
            assert_eq!(outer.auth_key, AUTH_KEY);
            assert_eq!(outer.encrypted, &out[ENCRYPTED_AT..len]);
            assert_eq!(&out[ENCRYPTED_AT..INNER_AT], CLIENT_KEY);
            assert_eq!(&out[len - MAC_LEN..len], [0; MAC_LEN]);

            let inner = &out[INNER_AT..len - MAC_LEN];
            let read = Introduction::read(inner).unwrap();
            assert_eq!(read.rend_cookie, &COOKIE);
            assert_eq!(read.onion_key, &ONION_KEY);
            assert_eq!(read.specifiers.bytes(), SPECIFIERS);
            assert_eq!(read.specifiers.len(), 2);
            let wanted = read.extensions.iter().any(|e| e.field_type == 1);
            assert_eq!(wanted, congestion_control);
            let proof = read.extensions.iter().find(|e| e.field_type == 2);
            assert_eq!(
                proof.map(|proof| PowExtension::parse(proof.body)),
                pow.map(|pow| Ok((pow, POW_LEN)))
            );
        }
    }

    #[test]
    fn a_short_introduction_is_padded_and_a_long_one_is_not() {
        let mut out = [0xff; 498];
        let short = introduce1(None, false).write(&mut out).unwrap();
        // The client's key and the MAC come to the least length.
        assert_eq!(short, INTRODUCE1_MIN + 32 + MAC_LEN);
        let long = [0x63, 200].into_iter().chain([7; 200]).collect::<Vec<_>>();
        let message = Introduce1 {
            specifiers: &long,
            specifier_count: 1,
            ..introduce1(None, false)
        };
        let inner = 20 + 1 + 3 + 32 + 1 + long.len();
        assert_eq!(message.write(&mut out), Ok(INNER_AT + inner + MAC_LEN));
        assert_eq!(message.write(&mut out[..300]), Err(Error::Truncated));
    }

    #[test]
    fn an_introduction_whose_link_specifiers_are_not_all_there_is_not_written() {
        let message = Introduce1 {
            specifier_count: 3,
            ..introduce1(None, false)
        };
        assert_eq!(message.write(&mut [0; 498]), Err(Error::Truncated));
    }

    #[test]
    fn an_onion_key_of_another_length_is_told_from_what_has_not_the_format() {
        let mut inner = COOKIE.to_vec();
        inner.extend([0, 1, 0, 3]);
        inner.extend(b"key\0");
        assert_eq!(Introduction::read(&inner), Err(Unusable::OnionKeyLen(3)));
        for (at, what, error) in [
            (0..20, None, Error::Truncated),
            (21..22, Some(2), Error::Invalid),
        ] {
            let mut other = inner.clone();
            match what {
                Some(to) => other[at.start] = to,
                None => other.truncate(at.end),
            }
            assert_eq!(Introduction::read(&other), Err(Unusable::Format(error)));
        }
    }

    #[test]
    fn establish_intro_has_room_for_mac_and_signature_at_its_end() {
        let rate = IntroductionRate {
            per_second: 42,
            burst: 0x0102_0304_0506,
        };
        for rate in [None, Some(rate)] {
            let mut out = [0xff; 498];
            let len = write_establish_intro(&AUTH_KEY, rate, &mut out).unwrap();
            let (read, consumed) = EstablishIntro::parse(&out[..len]).unwrap();
            assert_eq!(consumed, len);
            assert_eq!(read.auth_key, AUTH_KEY);
            assert_eq!(read.end_mac_fields, len - SIG_LEN - 2 - MAC_LEN);
            assert_eq!(read.end_sig_fields, len - SIG_LEN - 2);
            assert_eq!(
                (read.handshake_mac, read.sig),
                (&[0; 32], &[0; SIG_LEN][..])
            );
            let dos: Vec<_> = read.extensions.fields.iter().collect();
            let Some(rate) = rate else {
                assert_eq!(dos, []);
                continue;
            };
            assert_eq!((dos.len(), dos[0].field_type), (1, DOS));
            let (DosExtension { params }, consumed) = DosExtension::parse(dos[0].body).unwrap();
            assert_eq!(consumed, DOS_LEN);
            let params: Vec<_> = params.iter().map(|p| (p.param_type, p.value)).collect();
            assert_eq!(params, [(1, rate.per_second), (2, rate.burst)]);
        }
        let most = write_establish_intro(&AUTH_KEY, Some(rate), &mut [0; 100]);
        assert_eq!(most, Err(Error::Truncated));
    }

    #[test]
    fn answers_are_read_whatever_follows_them() {
        assert_eq!(read_intro_established(&[0, 9, 9]), Ok(1));
        assert_eq!(read_intro_established(&[1, 7, 2, 0, 0, 9]), Ok(5));
        assert_eq!(read_intro_established(&[1, 7, 2, 0]), Err(Error::Truncated));
        assert_eq!(read_introduce_ack(&[0, 0, 0]), Ok(0));
        assert_eq!(read_introduce_ack(&[1, 2, 0, 9]), Ok(0x0102));
        assert_eq!(read_introduce_ack(&[0, 0]), Err(Error::Truncated));
        let message = [5; HANDSHAKE_INFO_LEN + 1];
        assert_eq!(read_rendezvous2(&message), Ok(&[5; HANDSHAKE_INFO_LEN]));
        assert_eq!(read_rendezvous2(&message[..63]), Err(Error::Truncated));
    }

    #[test]
    fn rendezvous1_is_the_cookie_and_what_the_service_says() {
        let mut out = [0xff; 84];
        assert_eq!(write_rendezvous1(&COOKIE, &[5; 64], &mut out), Ok(84));
        assert_eq!(out, [&COOKIE[..], &[5; 64]].concat()[..]);
        let (read, _) = Rendezvous1::parse(&out).unwrap();
        assert_eq!(read.rendezvous_cookie, &COOKIE);
        assert_eq!(
            write_rendezvous1(&COOKIE, &[5; 65], &mut out),
            Err(Error::Truncated)
        );
    }
}
