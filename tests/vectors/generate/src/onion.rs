//! Circuit handshakes between Arti and crate `onion`.
//!
//! Each of the two is the client once and the relay, or the onion service, once.
//! Both must come to the same keys here already; what is written down suffices
//! to play either end again.

use std::convert::Infallible;

use ::onion::x25519::{Dalek, KeyPair, OnionKeys, PublicKey};
use ::onion::{fast, hs_ntor, ntor, ntor_v3, Randomness};
use anyhow::{anyhow, ensure, Context, Result};
use cipher::{KeyIvInit, StreamCipher};
use digest::XofReader;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_core::{TryCryptoRng, TryRng};
use serde_json::{json, Value};
use tor_hscrypto::ops::hs_mac;
use tor_hscrypto::pk::{HsIntroPtSessionIdKey, HsSvcNtorKeypair, HsSvcNtorSecretKey};
use tor_hscrypto::Subcredential;
use tor_llcrypto::cipher::aes::Aes256Ctr;
use tor_llcrypto::pk::curve25519::StaticSecret;
use tor_llcrypto::pk::ed25519;
use tor_proto::client::circuit::handshake::hs_ntor::{
    server_receive_intro, HsNtorClientState, HsNtorServiceInfo,
};
use tor_proto::client::circuit::handshake::KeyGenerator as _;

use crate::handshakes::crypto::handshake::fast::{CreateFastClient, CreateFastServer};
use crate::handshakes::crypto::handshake::ntor::{
    NtorClient, NtorPublicKey, NtorSecretKey, NtorServer,
};
use crate::handshakes::crypto::handshake::ntor_v3::{
    client_handshake_ntor_v3, client_handshake_ntor_v3_part2, server_handshake_ntor_v3,
    NtorV3PublicKey, NtorV3SecretKey,
};
use crate::handshakes::crypto::handshake::{ClientHandshake, KeyGenerator as _, ServerHandshake};

const CURVE: &Dalek = &Dalek;
const SEED: u64 = 5;

/// What circuits ask for (tor1, with and without KH; tor1 for onion services;
/// both kinds of CGO), and lengths around a hash.
const KEYS_LENS: [usize; 10] = [1, 20, 31, 32, 33, 72, 92, 128, 160, 224];
/// Lengths around AES's block, and more than a cell takes.
const MESSAGE_LENS: [usize; 7] = [0, 1, 15, 16, 17, 400, 600];
const VERIFICATIONS: [&[u8]; 3] = [b"circuit extend", b"", &[0xa5; 300]];

/// At which end Arti is.
#[derive(Clone, Copy)]
enum Arti {
    Client,
    Relay,
}

impl Arti {
    const BOTH: [Arti; 2] = [Arti::Client, Arti::Relay];

    fn name(self) -> &'static str {
        match self {
            Arti::Client => "client",
            Arti::Relay => "relay",
        }
    }
}

/// Randomness that is the same each time, and writes down what is drawn.
struct Drawn {
    rng: ChaCha8Rng,
    bytes: Vec<u8>,
}

impl Drawn {
    fn new(rng: &mut ChaCha8Rng) -> Self {
        Drawn {
            rng: ChaCha8Rng::from_rng(rng),
            bytes: Vec::new(),
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Infallible> {
        let mut array = [0; N];
        self.try_fill_bytes(&mut array)?;
        Ok(array)
    }

    fn hex(&self) -> String {
        hex::encode(&self.bytes)
    }
}

impl TryRng for Drawn {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.array().map(u32::from_le_bytes)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.array().map(u64::from_le_bytes)
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        self.rng.fill_bytes(out);
        self.bytes.extend_from_slice(out);
        Ok(())
    }
}

impl TryCryptoRng for Drawn {}

impl Randomness for Drawn {
    fn fill(&mut self, out: &mut [u8]) {
        self.fill_bytes(out);
    }
}

/// The only onion key of a relay.
struct OneKey(KeyPair);

impl OneKey {
    fn new(rng: &mut ChaCha8Rng) -> Self {
        OneKey(*KeyPair::generate(CURVE, &mut Drawn::new(rng)))
    }

    fn hex(&self) -> String {
        hex::encode(self.0.secret.0)
    }

    fn artis(&self) -> StaticSecret {
        self.0.secret.0.into()
    }
}

impl OnionKeys for OneKey {
    fn find(&self, wanted: &PublicKey) -> Option<&KeyPair> {
        (*wanted == self.0.public).then_some(&self.0)
    }
}

/// All of them.
pub fn vectors() -> Result<Value> {
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let (mut fast, mut ntor, mut ntor_v3, mut hs_ntor) = (vec![], vec![], vec![], vec![]);
    for arti in Arti::BOTH {
        for keys_len in KEYS_LENS {
            fast.push(fast_exchange(&mut rng, arti, keys_len)?);
            ntor.push(ntor_exchange(&mut rng, arti, keys_len)?);
        }
        for (number, client_len) in MESSAGE_LENS.into_iter().enumerate() {
            for (shift, verification) in VERIFICATIONS.into_iter().enumerate() {
                let relay_len = MESSAGE_LENS[(number + 2 * shift) % MESSAGE_LENS.len()];
                let message = bytes(&mut rng, client_len);
                let answer = bytes(&mut rng, relay_len);
                let keys_len = KEYS_LENS[(3 * number + shift) % KEYS_LENS.len()];
                ntor_v3.push(ntor_v3_exchange(
                    &mut rng,
                    arti,
                    verification,
                    &message,
                    &answer,
                    keys_len,
                )?);
            }
            hs_ntor.push(hs_ntor_exchange(&mut rng, arti, number % 3, client_len)?);
        }
    }
    let source = "tor-proto 0.47.0 and crate onion, by tests/vectors/generate";
    let section = |exchanges| json!({ "source": source, "exchanges": exchanges });
    Ok(json!({
        "fast": section(fast),
        "ntor": section(ntor),
        "ntor_v3": section(ntor_v3),
        "hs_ntor": section(hs_ntor),
    }))
}

fn fast_exchange(rng: &mut ChaCha8Rng, arti: Arti, keys_len: usize) -> Result<Value> {
    let (mut client_random, mut relay_random) = (Drawn::new(rng), Drawn::new(rng));
    let mut ours = vec![0; keys_len];
    let (onionskin, reply, theirs);
    match arti {
        Arti::Client => {
            let (client, x) = CreateFastClient::client1(&mut client_random, &(), &())?;
            reply = fast::respond(&mut relay_random, &array(&x)?, &mut ours).to_vec();
            let ((), keys) = CreateFastClient::client2(client, &reply)?;
            (onionskin, theirs) = (x, keys.expand(keys_len)?);
        }
        Arti::Relay => {
            let (client, x) = fast::Client::begin(&mut client_random);
            let keys;
            (keys, reply) =
                CreateFastServer::server(&mut relay_random, &mut no_extensions, &[], x)?;
            client
                .finish(&array(&reply)?, &mut ours)
                .map_err(|e| anyhow!("CREATE_FAST: {e:?}"))?;
            (onionskin, theirs) = (x.to_vec(), keys.expand(keys_len)?);
        }
    }
    ensure!(ours[..] == theirs[..], "CREATE_FAST: different keys");
    Ok(json!({
        "arti": arti.name(),
        "client_random": client_random.hex(), "relay_random": relay_random.hex(),
        "onionskin": hex::encode(onionskin), "reply": hex::encode(reply),
        "keys": hex::encode(ours),
    }))
}

fn ntor_exchange(rng: &mut ChaCha8Rng, arti: Arti, keys_len: usize) -> Result<Value> {
    let id: ntor::NodeId = rng.random();
    let onion_key = OneKey::new(rng);
    let (mut client_random, mut relay_random) = (Drawn::new(rng), Drawn::new(rng));
    let mut ours = vec![0; keys_len];
    let (onionskin, reply, theirs);
    match arti {
        Arti::Client => {
            let relay = NtorPublicKey {
                id: id.into(),
                pk: onion_key.0.public.0.into(),
            };
            let client;
            (client, onionskin) = NtorClient::client1(&mut client_random, &relay, &())?;
            reply = ntor::respond(
                CURVE,
                &mut relay_random,
                &id,
                &onion_key,
                &array(&onionskin)?,
                &mut ours,
            )
            .map_err(|e| anyhow!("ntor: {e:?}"))?
            .to_vec();
            let ((), keys) = NtorClient::client2(client, &reply)?;
            theirs = keys.expand(keys_len)?;
        }
        Arti::Relay => {
            let (client, skin) =
                ntor::Client::begin(CURVE, &mut client_random, &id, &onion_key.0.public);
            let public = onion_key.0.public.0.into();
            let relay = [NtorSecretKey::new(onion_key.artis(), public, id.into())];
            let keys;
            (keys, reply) =
                NtorServer::server(&mut relay_random, &mut no_extensions, &relay, skin)?;
            client
                .finish(CURVE, &array(&reply)?, &mut ours)
                .map_err(|e| anyhow!("ntor: {e:?}"))?;
            (onionskin, theirs) = (skin.to_vec(), keys.expand(keys_len)?);
        }
    }
    ensure!(ours[..] == theirs[..], "ntor: different keys");
    Ok(json!({
        "arti": arti.name(),
        "id": hex::encode(id), "onion_key": onion_key.hex(),
        "client_random": client_random.hex(), "relay_random": relay_random.hex(),
        "onionskin": hex::encode(onionskin), "reply": hex::encode(reply),
        "keys": hex::encode(ours),
    }))
}

fn ntor_v3_exchange(
    rng: &mut ChaCha8Rng,
    arti: Arti,
    verification: &[u8],
    message: &[u8],
    answer: &[u8],
    keys_len: usize,
) -> Result<Value> {
    let id: ntor_v3::Ed25519Id = rng.random();
    let onion_key = OneKey::new(rng);
    let public = onion_key.0.public;
    let (mut client_random, mut relay_random) = (Drawn::new(rng), Drawn::new(rng));
    let mut unused = Drawn::new(rng);
    let (mut ours, mut theirs) = (vec![0; keys_len], vec![1; keys_len]);
    let (onionskin, reply);
    let (at_relay, at_client);
    match arti {
        Arti::Client => {
            let relay = NtorV3PublicKey {
                id: id.into(),
                pk: public.0.into(),
            };
            let client;
            (client, onionskin) =
                client_handshake_ntor_v3(&mut client_random, &relay, message, verification)?;
            let server;
            (server, at_relay) =
                ntor_v3::Server::receive(CURVE, &onion_key, &id, &onionskin, verification)
                    .map_err(|e| anyhow!("ntor v3: {e:?}"))?;
            let key = KeyPair::generate(CURVE, &mut relay_random);
            reply = server
                .reply(CURVE, &mut unused, &key, verification, answer, &mut ours)
                .map_err(|e| anyhow!("ntor v3: {e:?}"))?;
            let mut keys;
            (at_client, keys) = client_handshake_ntor_v3_part2(&client, &reply, verification)?;
            keys.read(&mut theirs);
        }
        Arti::Relay => {
            let key = KeyPair::generate(CURVE, &mut client_random);
            let client;
            (client, onionskin) =
                ntor_v3::Client::begin(CURVE, &key, &id, &public, verification, message)
                    .map_err(|e| anyhow!("ntor v3: {e:?}"))?;
            let relay = [NtorV3SecretKey::new(
                onion_key.artis(),
                public.0.into(),
                id.into(),
            )];
            let mut got = Vec::new();
            let mut answer_it = |message: &[u8]| {
                got = message.to_vec();
                Some(answer.to_vec())
            };
            let mut keys;
            (reply, keys) = server_handshake_ntor_v3(
                &mut relay_random,
                &mut answer_it,
                &onionskin,
                &relay,
                verification,
            )?;
            keys.read(&mut theirs);
            at_relay = got;
            at_client = client
                .finish(CURVE, &mut unused, &reply, verification, &mut ours)
                .map_err(|e| anyhow!("ntor v3: {e:?}"))?;
        }
    }
    ensure!(ours == theirs, "ntor v3: different keys");
    ensure!(
        at_relay == message && at_client == answer,
        "ntor v3: different messages"
    );
    Ok(json!({
        "arti": arti.name(),
        "id": hex::encode(id), "onion_key": onion_key.hex(),
        "client_random": client_random.hex(), "relay_random": relay_random.hex(),
        "verification": hex::encode(verification),
        "client_message": hex::encode(message), "relay_message": hex::encode(answer),
        "onionskin": hex::encode(onionskin), "reply": hex::encode(reply),
        "keys": hex::encode(ours),
    }))
}

/// With three subcredentials, the one in `used` among them; Arti pads the
/// plaintext.
fn hs_ntor_exchange(
    rng: &mut ChaCha8Rng,
    arti: Arti,
    used: usize,
    plaintext_len: usize,
) -> Result<Value> {
    let subcredentials: [hs_ntor::Subcredential; 3] = rng.random();
    // An Ed25519 key that is one: Arti looks.
    let auth_key = ed25519::PublicKey::from(&ed25519::Keypair::from_bytes(&rng.random()));
    let auth_bytes = auth_key.to_bytes();
    let auth_key = HsIntroPtSessionIdKey::from(auth_key);
    let onion_key = OneKey::new(rng).0;
    let header_len = rng.random_range(0..100);
    let header = bytes(rng, header_len);
    let mut plaintext = bytes(rng, plaintext_len);
    let (mut client_random, mut service_random) = (Drawn::new(rng), Drawn::new(rng));
    let mut ours = [0; hs_ntor::EXPANDED_LEN];
    let (introduce, introduce_keys, rendezvous, rendezvous_keys, theirs);
    match arti {
        Arti::Client => {
            let service = HsNtorServiceInfo::new(
                tor_llcrypto::pk::curve25519::PublicKey::from(onion_key.public.0).into(),
                auth_key,
                subcredentials[used].into(),
            );
            let client = HsNtorClientState::new(&mut client_random, service);
            introduce = client.client_send_intro(&header, &plaintext)?;

            let client_key = PublicKey(*introduce.first_chunk().context("no X")?);
            let mut all = hs_ntor::service_introduce_keys(
                CURVE,
                &auth_bytes,
                &onion_key,
                &client_key,
                &subcredentials,
            )
            .map_err(|e| anyhow!("hs-ntor: {e:?}"))?;
            introduce_keys = all.nth(used).context("too few keys")?;
            let got = open(&introduce_keys, &header, &introduce)?;
            ensure!(
                got.starts_with(&plaintext) && got[plaintext.len()..].iter().all(|&byte| byte == 0),
                "hs-ntor: different plaintexts"
            );
            plaintext = got;
            let service_key = KeyPair::generate(CURVE, &mut service_random);
            rendezvous_keys = hs_ntor::service_rendezvous_keys(
                CURVE,
                &auth_bytes,
                &onion_key,
                &service_key,
                &client_key,
            )
            .map_err(|e| anyhow!("hs-ntor: {e:?}"))?;
            rendezvous = [service_key.public.0, rendezvous_keys.auth_mac].concat();

            theirs = client
                .client_receive_rend(&rendezvous)?
                .expand(ours.len())?;
        }
        Arti::Relay => {
            let client_key = KeyPair::generate(CURVE, &mut client_random);
            introduce_keys = hs_ntor::client_introduce_keys(
                CURVE,
                &auth_bytes,
                &onion_key.public,
                &client_key,
                &subcredentials[used],
            )
            .map_err(|e| anyhow!("hs-ntor: {e:?}"))?;
            introduce = seal(&introduce_keys, &header, &client_key.public, &plaintext);

            let secret = HsSvcNtorSecretKey::from(StaticSecret::from(onion_key.secret.0));
            let (keys, got);
            (keys, rendezvous, got) = server_receive_intro(
                &mut service_random,
                &HsSvcNtorKeypair::from_secret_key(secret),
                &auth_key,
                &subcredentials.map(Subcredential::from),
                &header,
                &introduce,
            )?;
            ensure!(got == plaintext, "hs-ntor: different plaintexts");
            theirs = keys.expand(ours.len())?;

            let (y, auth) = rendezvous.split_first_chunk().context("no Y")?;
            rendezvous_keys = hs_ntor::client_rendezvous_keys(
                CURVE,
                &auth_bytes,
                &client_key,
                &onion_key.public,
                &PublicKey(*y),
            )
            .map_err(|e| anyhow!("hs-ntor: {e:?}"))?;
            ensure!(
                rendezvous_keys.mac_is_good(&array(auth)?),
                "hs-ntor: a wrong MAC"
            );
        }
    }
    hs_ntor::expand_keys(&rendezvous_keys.key_seed, &mut ours);
    ensure!(ours[..] == theirs[..], "hs-ntor: different keys");
    Ok(json!({
        "arti": arti.name(),
        "auth_key": hex::encode(auth_bytes), "onion_key": hex::encode(onion_key.secret.0),
        "client_random": client_random.hex(), "service_random": service_random.hex(),
        "subcredentials": subcredentials.map(hex::encode), "used": used,
        "header": hex::encode(header), "plaintext": hex::encode(plaintext),
        "introduce": hex::encode(introduce),
        "enc_key": hex::encode(introduce_keys.enc_key),
        "mac_key": hex::encode(introduce_keys.mac_key),
        "rendezvous": hex::encode(rendezvous),
        "key_seed": hex::encode(rendezvous_keys.key_seed),
        "keys": hex::encode(ours),
    }))
}

/// X, the encrypted plaintext and its MAC, as INTRODUCE1 has them.
fn seal(keys: &hs_ntor::IntroduceKeys, header: &[u8], x: &PublicKey, plaintext: &[u8]) -> Vec<u8> {
    let mut message = [&x.0, plaintext].concat();
    crypt(keys, &mut message[x.0.len()..]);
    let mac: [u8; 32] = hs_mac(&keys.mac_key, &[header, &message].concat()).into();
    message.extend_from_slice(&mac);
    message
}

/// The plaintext in what [`seal`] made.
fn open(keys: &hs_ntor::IntroduceKeys, header: &[u8], message: &[u8]) -> Result<Vec<u8>> {
    let (sealed, mac) = message.split_last_chunk::<32>().context("no MAC")?;
    let expected: [u8; 32] = hs_mac(&keys.mac_key, &[header, sealed].concat()).into();
    ensure!(expected == *mac, "hs-ntor: a wrong MAC");
    let mut plaintext = sealed.get(32..).context("no X")?.to_vec();
    crypt(keys, &mut plaintext);
    Ok(plaintext)
}

fn crypt(keys: &hs_ntor::IntroduceKeys, data: &mut [u8]) {
    Aes256Ctr::new(&keys.enc_key.into(), &[0; 16].into()).apply_keystream(data);
}

fn no_extensions(_: &()) -> Option<()> {
    Some(())
}

fn bytes(rng: &mut ChaCha8Rng, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    rng.fill_bytes(&mut bytes);
    bytes
}

fn array<const N: usize>(bytes: &[u8]) -> Result<[u8; N]> {
    bytes
        .try_into()
        .with_context(|| format!("{} bytes where {N} belong", bytes.len()))
}
