//! Circuit handshakes that others have made, replayed at both of their ends.
//!
//! Our client and our relay get the secrets of the real ones, so everything that
//! they send has to be what was sent then. Each implementation of X25519 that
//! this processor can run does it.

use aes::Aes256;
use ctr::cipher::{KeyIvInit, StreamCipher};
use ctr::Ctr128BE;
use onion::hs_ntor::{self, IntroduceKeys, EXPANDED_LEN};
use onion::x25519::{self, KeyPair, OnionKeys, PublicKey, SecretKey, KEY_LEN, X25519};
use onion::{fast, ntor, ntor_v3, Randomness};
use sha3::{Digest, Sha3_256};
use vectors::{read, Fast, HsNtor, Ntor, NtorV3, Onion};

const MAC_LEN: usize = 32;

fn published() -> Onion {
    read(include_str!("../data/published-onion.json"))
}

fn with_arti() -> Onion {
    read(include_str!("../data/arti-onion.json"))
}

/// The bytes that somebody else drew; there are no more.
struct Drawn<'a>(&'a [u8]);

impl Randomness for Drawn<'_> {
    fn fill(&mut self, out: &mut [u8]) {
        let (now, later) = self.0.split_at(out.len());
        out.copy_from_slice(now);
        self.0 = later;
    }
}

/// For what never happens in a handshake that succeeds.
struct Nothing;

impl Randomness for Nothing {
    fn fill(&mut self, _: &mut [u8]) {
        panic!("nobody else drew here");
    }
}

/// For handshakes that fail.
struct Zeros;

impl Randomness for Zeros {
    fn fill(&mut self, out: &mut [u8]) {
        out.fill(0);
    }
}

/// A relay's only onion key, and nothing to pretend with.
struct OneKey(KeyPair);

impl OneKey {
    fn new(curve: &dyn X25519, secret: &[u8]) -> Self {
        OneKey(pair(curve, secret))
    }
}

impl OnionKeys for OneKey {
    fn find(&self, wanted: &PublicKey) -> Option<&KeyPair> {
        (self.0.public == *wanted).then_some(&self.0)
    }
}

/// As a party makes it that draws `random`.
fn pair(curve: &dyn X25519, random: &[u8]) -> KeyPair {
    *KeyPair::generate(curve, &mut Drawn(random))
}

/// The message with one bit of one byte changed, for each of its bytes.
fn changed<const N: usize>(message: [u8; N]) -> impl Iterator<Item = (usize, [u8; N])> {
    (0..N).map(move |at| {
        let mut message = message;
        message[at] ^= bit(at);
        (at, message)
    })
}

/// See [`changed`].
fn changed_slice(message: &[u8]) -> impl Iterator<Item = (usize, Vec<u8>)> + '_ {
    (0..message.len()).map(move |at| {
        let mut message = message.to_vec();
        message[at] ^= bit(at);
        (at, message)
    })
}

/// A bit for each place; in keys of 32 bytes also the highest of the last byte,
/// at which X25519 does not look.
fn bit(at: usize) -> u8 {
    1 << (at % 8)
}

fn replay_fast(vectors: &[Fast]) {
    assert!(!vectors.is_empty());
    for (number, vector) in vectors.iter().enumerate() {
        let (client, x) = fast::Client::begin(&mut Drawn(&vector.client_random.0));
        assert_eq!(x, vector.onionskin.array(), "exchange {number}");
        let mut keys = vec![0; vector.keys.0.len()];
        let reply = fast::respond(&mut Drawn(&vector.relay_random.0), &x, &mut keys);
        assert_eq!(reply, vector.reply.array(), "exchange {number}");
        assert_eq!(keys, vector.keys.0, "exchange {number}, the relay");
        keys.fill(0);
        client.finish(&reply, &mut keys).unwrap();
        assert_eq!(keys, vector.keys.0, "exchange {number}, the client");
    }
}

#[test]
fn create_fast_agrees_with_c_tor() {
    replay_fast(&published().fast.exchanges);
}

#[test]
fn create_fast_agrees_with_arti() {
    replay_fast(&with_arti().fast.exchanges);
}

#[test]
fn a_create_fast_with_a_changed_byte_is_refused() {
    for (number, vector) in with_arti().fast.exchanges.iter().enumerate() {
        let finish = |reply: &[u8; fast::CREATED_LEN]| {
            let (client, _) = fast::Client::begin(&mut Drawn(&vector.client_random.0));
            client.finish(reply, &mut vec![0; vector.keys.0.len()])
        };
        for (at, reply) in changed(vector.reply.array()) {
            assert!(finish(&reply).is_err(), "exchange {number}, byte {at}");
        }
        // The relay cannot know, but the client sees it.
        for (at, x) in changed(vector.onionskin.array()) {
            let reply = fast::respond(&mut Drawn(&vector.relay_random.0), &x, &mut []);
            assert!(finish(&reply).is_err(), "exchange {number}, byte {at} of X");
        }
    }
}

fn begin_ntor(
    curve: &dyn X25519,
    vector: &Ntor,
) -> (ntor::Client, [u8; ntor::ONIONSKIN_LEN], OneKey) {
    let relay = OneKey::new(curve, &vector.onion_key.0);
    let (client, onionskin) = ntor::Client::begin(
        curve,
        &mut Drawn(&vector.client_random.0),
        &vector.id.array(),
        &relay.0.public,
    );
    (*client, onionskin, relay)
}

fn replay_ntor(vectors: &[Ntor]) {
    assert!(!vectors.is_empty());
    for (name, curve) in x25519::all() {
        for (number, vector) in vectors.iter().enumerate() {
            let (client, onionskin, relay) = begin_ntor(curve, vector);
            assert_eq!(
                onionskin,
                vector.onionskin.array(),
                "{name}, exchange {number}"
            );
            let mut keys = vec![0; vector.keys.0.len()];
            let reply = ntor::respond(
                curve,
                &mut Drawn(&vector.relay_random.0),
                &vector.id.array(),
                &relay,
                &onionskin,
                &mut keys,
            )
            .unwrap();
            assert_eq!(reply, vector.reply.array(), "{name}, exchange {number}");
            assert_eq!(keys, vector.keys.0, "{name}, exchange {number}, the relay");
            keys.fill(0);
            client.finish(curve, &reply, &mut keys).unwrap();
            assert_eq!(keys, vector.keys.0, "{name}, exchange {number}, the client");
        }
    }
}

#[test]
fn ntor_agrees_with_the_published_exchange() {
    replay_ntor(&published().ntor.exchanges);
}

#[test]
fn ntor_agrees_with_arti() {
    replay_ntor(&with_arti().ntor.exchanges);
}

#[test]
fn an_ntor_message_with_a_changed_byte_is_refused() {
    for (name, curve) in x25519::all() {
        for (number, vector) in with_arti().ntor.exchanges.iter().enumerate() {
            let finish = |reply: &[u8; ntor::REPLY_LEN]| {
                let (client, _, _) = begin_ntor(curve, vector);
                client.finish(curve, reply, &mut vec![0; vector.keys.0.len()])
            };
            for (at, reply) in changed(vector.reply.array()) {
                assert!(
                    finish(&reply).is_err(),
                    "{name}, exchange {number}, byte {at} of the reply"
                );
            }
            let (_, _, relay) = begin_ntor(curve, vector);
            for (at, onionskin) in changed(vector.onionskin.array()) {
                let response = ntor::respond(
                    curve,
                    &mut Drawn(&vector.relay_random.0),
                    &vector.id.array(),
                    &relay,
                    &onionskin,
                    &mut [],
                );
                // X is not authenticated: the relay cannot know, but the client
                // sees it.
                let in_x = at >= ntor::NODE_ID_LEN + KEY_LEN;
                assert_eq!(
                    response.is_ok(),
                    in_x,
                    "{name}, exchange {number}, byte {at} of the onionskin"
                );
                if let Ok(reply) = response {
                    assert!(
                        finish(&reply).is_err(),
                        "{name}, exchange {number}, byte {at} of the onionskin"
                    );
                }
            }
        }
    }
}

fn begin_ntor_v3(curve: &dyn X25519, vector: &NtorV3) -> (ntor_v3::Client, Vec<u8>, OneKey) {
    let relay = OneKey::new(curve, &vector.onion_key.0);
    let (client, onionskin) = ntor_v3::Client::begin(
        curve,
        &pair(curve, &vector.client_random.0),
        &vector.id.array(),
        &relay.0.public,
        &vector.verification.0,
        &vector.client_message.0,
    )
    .unwrap();
    (*client, onionskin, relay)
}

fn replay_ntor_v3(vectors: &[NtorV3]) {
    assert!(!vectors.is_empty());
    for (name, curve) in x25519::all() {
        for (number, vector) in vectors.iter().enumerate() {
            let verification = &vector.verification.0;
            let (client, onionskin, relay) = begin_ntor_v3(curve, vector);
            assert_eq!(onionskin, vector.onionskin.0, "{name}, exchange {number}");
            let (server, message) = ntor_v3::Server::receive(
                curve,
                &relay,
                &vector.id.array(),
                &onionskin,
                verification,
            )
            .unwrap();
            assert_eq!(
                message, vector.client_message.0,
                "{name}, exchange {number}, at the relay"
            );
            let mut keys = vec![0; vector.keys.0.len()];
            let reply = server
                .reply(
                    curve,
                    &mut Nothing,
                    &pair(curve, &vector.relay_random.0),
                    verification,
                    &vector.relay_message.0,
                    &mut keys,
                )
                .unwrap();
            assert_eq!(reply, vector.reply.0, "{name}, exchange {number}");
            assert_eq!(keys, vector.keys.0, "{name}, exchange {number}, the relay");
            keys.fill(0);
            let message = client
                .finish(curve, &mut Nothing, &reply, verification, &mut keys)
                .unwrap();
            assert_eq!(
                message, vector.relay_message.0,
                "{name}, exchange {number}, at the client"
            );
            assert_eq!(keys, vector.keys.0, "{name}, exchange {number}, the client");
        }
    }
}

#[test]
fn ntor_v3_agrees_with_proposal_332() {
    replay_ntor_v3(&published().ntor_v3.exchanges);
}

#[test]
fn ntor_v3_agrees_with_arti() {
    replay_ntor_v3(&with_arti().ntor_v3.exchanges);
}

#[test]
fn an_ntor_v3_message_with_a_changed_byte_is_refused() {
    // Both messages in every length, and one implementation of X25519 a
    // handshake: the longest have 700 bytes.
    let curves = x25519::all();
    for (number, vector) in with_arti().ntor_v3.exchanges.iter().enumerate() {
        let (name, curve) = curves[number % curves.len()];
        let (_, _, relay) = begin_ntor_v3(curve, vector);
        let receive = |onionskin: &[u8], verification: &[u8]| {
            ntor_v3::Server::receive(curve, &relay, &vector.id.array(), onionskin, verification)
        };
        let finish = |reply: &[u8], verification: &[u8]| {
            let (client, _, _) = begin_ntor_v3(curve, vector);
            let mut keys = vec![0; vector.keys.0.len()];
            client.finish(curve, &mut Zeros, reply, verification, &mut keys)
        };
        let verification = &vector.verification.0;
        for (at, onionskin) in changed_slice(&vector.onionskin.0) {
            assert!(
                receive(&onionskin, verification).is_err(),
                "{name}, exchange {number}, byte {at} of the onionskin"
            );
        }
        for (at, reply) in changed_slice(&vector.reply.0) {
            assert!(
                finish(&reply, verification).is_err(),
                "{name}, exchange {number}, byte {at} of the reply"
            );
        }
        let other = [&verification[..], b"!"].concat();
        assert!(receive(&vector.onionskin.0, &other).is_err());
        assert!(finish(&vector.reply.0, &other).is_err());
    }
}

/// The keys of the introduction at a service, if X gives any.
fn service_keys(curve: &dyn X25519, vector: &HsNtor, x: &PublicKey) -> Option<Vec<IntroduceKeys>> {
    let subcredentials: Vec<_> = vector.subcredentials.iter().map(|s| s.array()).collect();
    let auth_key = vector.auth_key.array();
    let enc_key = pair(curve, &vector.onion_key.0);
    let keys =
        hs_ntor::service_introduce_keys(curve, &auth_key, &enc_key, x, &subcredentials).ok()?;
    Some(keys.collect())
}

/// An introduction as a client sends it: X, the encrypted plaintext, the MAC.
fn seal(keys: &IntroduceKeys, header: &[u8], x: &PublicKey, plaintext: &[u8]) -> Vec<u8> {
    let mut message = [&x.0, plaintext].concat();
    crypt(keys, &mut message[KEY_LEN..]);
    let mac = mac(keys, header, &message);
    message.extend_from_slice(&mac);
    message
}

/// The plaintext of an introduction at a service: what any of its
/// subcredentials fits.
fn receive(
    curve: &dyn X25519,
    vector: &HsNtor,
    header: &[u8],
    introduce: &[u8],
) -> Option<(IntroduceKeys, Vec<u8>)> {
    let (x, _) = introduce.split_first_chunk()?;
    let (sealed, received) = introduce.split_last_chunk::<MAC_LEN>()?;
    service_keys(curve, vector, &PublicKey(*x))?
        .into_iter()
        .find(|keys| mac(keys, header, sealed) == *received)
        .map(|keys| {
            let mut plaintext = sealed[KEY_LEN..].to_vec();
            crypt(&keys, &mut plaintext);
            (keys, plaintext)
        })
}

/// rend-spec's MAC of what stands in INTRODUCE1 before it.
fn mac(keys: &IntroduceKeys, header: &[u8], message: &[u8]) -> [u8; MAC_LEN] {
    Sha3_256::new()
        .chain_update((keys.mac_key.len() as u64).to_be_bytes())
        .chain_update(keys.mac_key)
        .chain_update(header)
        .chain_update(message)
        .finalize()
        .into()
}

fn crypt(keys: &IntroduceKeys, data: &mut [u8]) {
    Ctr128BE::<Aes256>::new(&keys.enc_key.into(), &[0; 16].into()).apply_keystream(data);
}

fn replay_hs_ntor(vectors: &[HsNtor]) {
    assert!(!vectors.is_empty());
    for (name, curve) in x25519::all() {
        for (number, vector) in vectors.iter().enumerate() {
            let place = format!("{name}, exchange {number}");
            let auth_key = vector.auth_key.array();
            let enc_key = pair(curve, &vector.onion_key.0);
            let client = pair(curve, &vector.client_random.0);
            let service = pair(curve, &vector.service_random.0);
            let subcredential = vector.subcredentials[vector.used].array();
            let header = &vector.header.0;

            let keys = hs_ntor::client_introduce_keys(
                curve,
                &auth_key,
                &enc_key.public,
                &client,
                &subcredential,
            )
            .unwrap();
            assert_eq!(keys.enc_key, vector.enc_key.array(), "{place}, the client");
            assert_eq!(keys.mac_key, vector.mac_key.array(), "{place}, the client");
            let introduce = seal(&keys, header, &client.public, &vector.plaintext.0);
            assert_eq!(introduce, vector.introduce.0, "{place}");

            let all = service_keys(curve, vector, &client.public).unwrap();
            assert_eq!(all.len(), vector.subcredentials.len(), "{place}");
            let keys = &all[vector.used];
            assert_eq!(keys.enc_key, vector.enc_key.array(), "{place}, the service");
            assert_eq!(keys.mac_key, vector.mac_key.array(), "{place}, the service");
            let (keys, plaintext) = receive(curve, vector, header, &introduce).unwrap();
            assert_eq!(keys.enc_key, vector.enc_key.array(), "{place}, found");
            assert_eq!(plaintext, vector.plaintext.0, "{place}");

            let at_service = hs_ntor::service_rendezvous_keys(
                curve,
                &auth_key,
                &enc_key,
                &service,
                &client.public,
            )
            .unwrap();
            let rendezvous = [service.public.0, at_service.auth_mac].concat();
            assert_eq!(rendezvous, vector.rendezvous.0, "{place}");
            let at_client = hs_ntor::client_rendezvous_keys(
                curve,
                &auth_key,
                &client,
                &enc_key.public,
                &service.public,
            )
            .unwrap();
            assert!(at_client.mac_is_good(&at_service.auth_mac), "{place}");
            for keys in [at_service, at_client] {
                assert_eq!(keys.key_seed, vector.key_seed.array(), "{place}");
                let mut expanded = [0; EXPANDED_LEN];
                hs_ntor::expand_keys(&keys.key_seed, &mut expanded);
                if let Some(keys) = &vector.keys {
                    assert_eq!(expanded, keys.array(), "{place}");
                }
            }
        }
    }
}

#[test]
fn hs_ntor_agrees_with_rend_spec() {
    replay_hs_ntor(&published().hs_ntor.exchanges);
}

#[test]
fn hs_ntor_agrees_with_arti() {
    let vectors = with_arti().hs_ntor.exchanges;
    assert!(vectors.iter().all(|vector| vector.keys.is_some()));
    replay_hs_ntor(&vectors);
}

#[test]
fn an_hs_ntor_message_with_a_changed_byte_is_refused() {
    for (name, curve) in x25519::all() {
        for (number, vector) in with_arti().hs_ntor.exchanges.iter().enumerate() {
            let place = format!("{name}, exchange {number}");
            let (header, introduce) = (&vector.header.0, &vector.introduce.0);
            for (at, introduce) in changed_slice(introduce) {
                let received = receive(curve, vector, header, &introduce);
                assert!(received.is_none(), "{place}, byte {at} of INTRODUCE1");
            }
            for (at, header) in changed_slice(header) {
                let received = receive(curve, vector, &header, introduce);
                assert!(received.is_none(), "{place}, byte {at} of its header");
            }

            let client = pair(curve, &vector.client_random.0);
            let enc_key = curve.public_key(&SecretKey(vector.onion_key.array()));
            for (at, rendezvous) in changed::<{ KEY_LEN + MAC_LEN }>(vector.rendezvous.array()) {
                let (y, auth) = rendezvous.split_at(KEY_LEN);
                let keys = hs_ntor::client_rendezvous_keys(
                    curve,
                    &vector.auth_key.array(),
                    &client,
                    &enc_key,
                    &PublicKey(y.try_into().unwrap()),
                );
                let good = keys.is_ok_and(|keys| keys.mac_is_good(auth.try_into().unwrap()));
                assert!(!good, "{place}, byte {at} of RENDEZVOUS1");
            }
        }
    }
}
