//! Every described format: what was written is read again, what was read is written
//! again, byte for byte, and nothing that arrives makes one panic.

use std::fmt::Debug;

use formats::described::groups;
use formats::format::Group;
use formats::sample::Sample;
use wire::format::{Error, Format};
use wire::formats::*;

/// One format.
struct Tested {
    name: &'static str,
    /// Reads it, and tries what holds of everything that can be read. The answer is
    /// its length.
    read: fn(&[u8]) -> Result<usize, Error>,
}

macro_rules! formats {
    ($($module:ident::$name:ident,)*) => {
        const FORMATS: &[Tested] = &[$(Tested {
            name: concat!(stringify!($module), "::", stringify!($name)),
            read: |bytes| read::<$module::$name>(bytes),
        }),*];
    };
}

formats! {
    channelpadding::PaddingNegotiate,
    circpad::PaddingNegotiate,
    circpad::PaddingNegotiated,
    conflux::ConfluxLink,
    conflux::ConfluxLinkPayloadV1,
    conflux::ConfluxLinked,
    conflux::ConfluxLinkedAck,
    conflux::ConfluxSwitch,
    congestion_control::CcResponse,
    ed25519_cert::Create2,
    ed25519_cert::CertExtension,
    ed25519_cert::Extend1,
    ed25519_cert::LinkSpecifier,
    ed25519_cert::Ed25519Cert,
    ed25519_cert::Extend2,
    ed25519_cert::LinkSpecifierList,
    establish_intro::DosParam,
    establish_intro::EstablishIntro,
    establish_intro::DosExtension,
    establish_intro::IntroEstablished,
    extension::ExtensionField,
    extension::Extensions,
    flow_control::Xoff,
    flow_control::Xon,
    introduce::PowExtension,
    introduce::Introduce1,
    introduce::IntroduceAck,
    introduce::IntroduceEncrypted,
    link_handshake::Auth1,
    link_handshake::AuthChallenge,
    link_handshake::CertsCert,
    link_handshake::RsaEdCrosscert,
    link_handshake::Certs,
    netinfo::NetinfoAddr,
    netinfo::Netinfo,
    pwbox::Pwbox,
    rendezvous::Rendezvous1,
    rendezvous::Rendezvous2,
    sendme::Sendme,
    socks5::DomainName,
    socks5::Socks4Request,
    socks5::Socks4Reply,
    socks5::Socks5UserPass,
    socks5::Socks5Methods,
    socks5::Socks5Method,
    socks5::Socks5UserPassReply,
    socks5::Socks5Request,
    socks5::Socks5Reply,
    subproto::SubprotoRequest,
    subproto::SubprotoRequests,
}

fn read<'a, T: Format<'a> + Debug + PartialEq>(bytes: &'a [u8]) -> Result<usize, Error> {
    let (value, len) = T::parse(bytes)?;
    let mut out = vec![0xa6; len + 1];
    assert_eq!(value.encode(&mut out), Ok(len), "{value:?}");
    assert_eq!(out[..len], bytes[..len], "{value:?}");
    assert_eq!(out[len], 0xa6, "{value:?}");
    assert_eq!(value.encoded_len(), Ok(len), "{value:?}");
    if let Some(less) = len.checked_sub(1) {
        assert_eq!(value.encode(&mut out[..less]), Err(Error::Truncated));
    }
    // The same bytes, which nothing follows any more.
    assert_eq!(T::parse(&bytes[..len]), Ok((value, len)));
    Ok(len)
}

/// Chooses for the sampler, the same each time (xorshift).
struct Choices(u64);

impl Choices {
    fn below(&mut self, ways: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 8) % ways
    }
}

/// Calls `test` with each format and so many samples of it.
fn with_samples(times: u64, mut test: impl FnMut(&Tested, Sample, &mut Choices)) {
    let groups = groups();
    for (number, (group, format)) in described(&groups).enumerate() {
        for seed in 1..=times {
            let mut choices = Choices(seed << 8 | number as u64);
            let sample = Sample::of(&groups, format, &mut |ways| choices.below(ways));
            let name = format!("{}::{}", group.name, format.rust_name);
            let tested = FORMATS.iter().find(|tested| tested.name == name);
            test(tested.unwrap(), sample, &mut choices);
        }
    }
}

fn described(groups: &[Group]) -> impl Iterator<Item = (&Group, &formats::format::Format)> {
    groups
        .iter()
        .flat_map(|group| group.formats.iter().map(move |format| (group, format)))
}

#[test]
fn every_described_format_is_tried() {
    let groups = groups();
    let described =
        described(&groups).map(|(group, format)| format!("{}::{}", group.name, format.rust_name));
    let tried: Vec<_> = FORMATS.iter().map(|tested| tested.name).collect();
    assert_eq!(described.collect::<Vec<_>>(), tried);
}

#[test]
fn what_is_of_a_format_is_read_as_a_whole_and_written_again() {
    with_samples(100, |tested, sample, _| {
        let len = (tested.read)(&sample.bytes);
        assert_eq!(
            len,
            Ok(sample.bytes.len()),
            "{} {:02x?}",
            tested.name,
            sample.bytes
        );
    });
}

#[test]
fn what_ends_early_is_never_read() {
    with_samples(20, |tested, sample, _| {
        for len in 0..sample.bytes.len() {
            // What goes up to the end has no other end.
            let read = (tested.read)(&sample.bytes[..len]);
            assert!(read.is_err() || read == Ok(len), "{}: {len}", tested.name);
        }
    });
}

#[test]
fn what_was_changed_is_refused_or_written_again() {
    with_samples(100, |tested, sample, choices| {
        let mut bytes = sample.bytes;
        for place in sample.decisive {
            let before = bytes.clone();
            let byte = place.start + choices.below(place.len() as u64) as usize;
            bytes[byte] = bytes[byte].wrapping_add(1 + choices.below(255) as u8);
            let _refused = (tested.read)(&bytes);
            bytes = before;
        }
        for _ in 0..20 {
            let Some(last) = bytes.len().checked_sub(1) else {
                break;
            };
            let at = choices.below(last as u64 + 1) as usize;
            bytes[at] ^= 1 << choices.below(8);
            let _refused = (tested.read)(&bytes);
        }
    });
}

#[test]
fn whatever_arrives_is_refused_or_written_again() {
    for tested in FORMATS {
        for seed in 1..=2_000 {
            let mut choices = Choices(seed);
            let bytes: Vec<u8> = (0..choices.below(300))
                .map(|_| match choices.below(3) {
                    0 => choices.below(6) as u8,
                    _ => choices.below(256) as u8,
                })
                .collect();
            let _refused = (tested.read)(&bytes);
        }
    }
}
