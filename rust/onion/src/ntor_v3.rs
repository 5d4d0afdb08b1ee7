//! The ntor v3 handshake (tor-spec, "The ntor v3 handshake"; proposal 332): ntor
//! in which the client's message and the relay's answer carry encrypted and
//! authenticated strings of any length.
//!
//! Replaces C Tor's `onion_ntor_v3.c`. The names of tor-spec: the relay has an
//! Ed25519 identity ID and an onion key pair (b, B), the client makes (x, X), the
//! relay (y, Y). Both know a string VER that says what the handshake is for.

use crate::encap::Encap;
use crate::x25519::{KeyPair, OnionKeys, PublicKey, SharedSecret, KEY_LEN, X25519};
use crate::Randomness;
use aes::Aes256;
use ctr::cipher::{KeyIvInit, StreamCipher};
use ctr::Ctr128BE;
use sha3::digest::{ExtendableOutput, FixedOutput, XofReader};
use sha3::Sha3_256;
use shake::Shake256;
use subtle::ConstantTimeEq;
use zeroize::{ZeroizeOnDrop, Zeroizing};

/// Length of an Ed25519 identity, in bytes.
pub const ID_LEN: usize = 32;
/// Length of MAC and AUTH, in bytes.
pub const MAC_LEN: usize = 32;
/// Length of an onionskin without the client's string, in bytes: ID, B, X, then
/// the string, then MAC.
pub const ONIONSKIN_LEN: usize = ID_LEN + 2 * KEY_LEN + MAC_LEN;
/// Length of a reply without the relay's string, in bytes: Y, AUTH, then the
/// string.
pub const REPLY_LEN: usize = KEY_LEN + MAC_LEN;

const ENC_KEY_LEN: usize = 32;

/// A relay's Ed25519 identity.
pub type Ed25519Id = [u8; ID_LEN];

const PROTOID: &[u8] = b"ntor3-curve25519-sha3_256-1";
const T_MSGKDF: &[u8] = b"ntor3-curve25519-sha3_256-1:kdf_phase1";
const T_MSGMAC: &[u8] = b"ntor3-curve25519-sha3_256-1:msg_mac";
const T_KEY_SEED: &[u8] = b"ntor3-curve25519-sha3_256-1:key_seed";
const T_VERIFY: &[u8] = b"ntor3-curve25519-sha3_256-1:verify";
const T_FINAL: &[u8] = b"ntor3-curve25519-sha3_256-1:kdf_final";
const T_AUTH: &[u8] = b"ntor3-curve25519-sha3_256-1:auth_final";

/// A client that has sent its onionskin. Its secrets are wiped when it is
/// dropped.
// The order of the fields is C's, whose unit tests know it.
#[derive(ZeroizeOnDrop)]
#[repr(C)]
pub struct Client {
    /// (x, X).
    #[zeroize(skip)] // Wipes itself.
    key: KeyPair,
    #[zeroize(skip)]
    id: Ed25519Id,
    /// B.
    #[zeroize(skip)]
    onion_key: PublicKey,
    /// `EXP(B,x)`.
    with_b: SharedSecret,
    #[zeroize(skip)]
    msg_mac: [u8; MAC_LEN],
}

/// A relay that has read an onionskin and not yet answered. Its secret is wiped
/// when it is dropped.
// The order of the fields is C's, whose unit tests know it.
#[derive(ZeroizeOnDrop)]
#[repr(C)]
pub struct Server {
    #[zeroize(skip)]
    id: Ed25519Id,
    /// B.
    #[zeroize(skip)]
    onion_key: PublicKey,
    /// X.
    #[zeroize(skip)]
    client: PublicKey,
    /// `EXP(X,b)`.
    with_b: SharedSecret,
    #[zeroize(skip)]
    msg_mac: [u8; MAC_LEN],
}

/// The relay's onion key has small order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ZeroSecret;

/// Why a relay does not take an onionskin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WrongOnionskin {
    /// It is too short.
    Length,
    /// It names an onion key that we do not have, and there is none to pretend
    /// with.
    NoKey,
    /// Identity, onion key, client's key, MAC or VER is wrong; which, not even we
    /// want to know.
    Refused,
}

/// What the other side sent is not what our state says it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;

impl Client {
    /// A client with the fresh pair `key` of the relay with this identity and
    /// onion key, and its onionskin, which carries `message`. It has a copy of
    /// `key`.
    ///
    /// # Errors
    /// If the relay's onion key has small order.
    pub fn begin(
        curve: &dyn X25519,
        key: &KeyPair,
        id: &Ed25519Id,
        onion_key: &PublicKey,
        verification: &[u8],
        message: &[u8],
    ) -> Result<(Box<Self>, Vec<u8>), ZeroSecret> {
        let with_b = curve.shared_secret(&key.secret, onion_key);
        if bool::from(with_b.is_zero()) {
            return Err(ZeroSecret);
        }
        let phase1 = Phase1::new(&with_b, id, &key.public, onion_key, verification);
        let mut onionskin = Vec::with_capacity(ONIONSKIN_LEN + message.len());
        onionskin.extend_from_slice(id);
        onionskin.extend_from_slice(&onion_key.0);
        onionskin.extend_from_slice(&key.public.0);
        let clear = onionskin.len();
        onionskin.extend_from_slice(message);
        let encrypted = onionskin.get_mut(clear..).unwrap_or_default();
        crypt(&phase1.enc_key, encrypted);
        let msg_mac = phase1.mac(id, onion_key, &key.public, encrypted);
        onionskin.extend_from_slice(&msg_mac);

        // Filled where it is going to stay: a secret that is moved leaves a copy.
        let mut client = Box::new(Client {
            key: KeyPair::default(),
            id: *id,
            onion_key: *onion_key,
            with_b: SharedSecret::default(),
            msg_mac,
        });
        client.key.copy_from(key);
        client.with_b.copy_from(&with_b);
        Ok((client, onionskin))
    }

    /// Reads the relay's reply, fills `keys` and returns the relay's string.
    ///
    /// # Errors
    /// If the relay could not have sent it; `keys` then holds randomness.
    pub fn finish(
        self,
        curve: &dyn X25519,
        randomness: &mut dyn Randomness,
        reply: &[u8],
        verification: &[u8],
        keys: &mut [u8],
    ) -> Result<Vec<u8>, Refused> {
        let message = self.read(curve, reply, verification, keys);
        if message.is_err() {
            // In case somebody uses them.
            randomness.fill(keys);
        }
        message
    }

    fn read(
        &self,
        curve: &dyn X25519,
        reply: &[u8],
        verification: &[u8],
        keys: &mut [u8],
    ) -> Result<Vec<u8>, Refused> {
        let (y, rest) = reply.split_first_chunk().ok_or(Refused)?;
        let (received, encrypted) = rest.split_first_chunk::<MAC_LEN>().ok_or(Refused)?;
        let relay = PublicKey(*y);
        let with_y = curve.shared_secret(&self.key.secret, &relay);
        let exchange = Exchange {
            with_y: &with_y,
            with_b: &self.with_b,
            id: &self.id,
            onion_key: &self.onion_key,
            client: &self.key.public,
            relay: &relay,
            msg_mac: &self.msg_mac,
        };
        let agreed = exchange.agree(verification, keys);
        let auth = exchange.auth(&agreed.verify, encrypted);
        let mut message = Zeroizing::new(encrypted.to_vec());
        crypt(&agreed.enc_key, &mut message);

        let good = auth.ct_eq(received) & !with_y.is_zero();
        match good.into() {
            true => Ok(core::mem::take(&mut *message)),
            false => Err(Refused),
        }
    }
}

impl Server {
    /// Reads an onionskin; the client's string, and what it takes to answer.
    ///
    /// # Errors
    /// If nobody could have sent it who knows us and VER.
    pub fn receive(
        curve: &dyn X25519,
        onion_keys: &dyn OnionKeys,
        id: &Ed25519Id,
        onionskin: &[u8],
        verification: &[u8],
    ) -> Result<(Box<Self>, Vec<u8>), WrongOnionskin> {
        use WrongOnionskin::Length;
        let (wanted_id, rest) = onionskin.split_first_chunk::<ID_LEN>().ok_or(Length)?;
        let (wanted_key, rest) = rest.split_first_chunk().ok_or(Length)?;
        let (x, rest) = rest.split_first_chunk().ok_or(Length)?;
        let (encrypted, msg_mac) = rest.split_last_chunk::<MAC_LEN>().ok_or(Length)?;
        let client = PublicKey(*x);
        let onion_key = onion_keys
            .find(&PublicKey(*wanted_key))
            .ok_or(WrongOnionskin::NoKey)?;

        let with_b = curve.shared_secret(&onion_key.secret, &client);
        let phase1 = Phase1::new(&with_b, wanted_id, &client, &onion_key.public, verification);
        let mac = phase1.mac(id, &onion_key.public, &client, encrypted);
        let mut message = Zeroizing::new(encrypted.to_vec());
        crypt(&phase1.enc_key, &mut message);

        let good = wanted_id.ct_eq(id) & mac.ct_eq(msg_mac) & !with_b.is_zero();
        if !bool::from(good) {
            return Err(WrongOnionskin::Refused);
        }
        let mut server = Box::new(Server {
            id: *id,
            onion_key: onion_key.public,
            client,
            with_b: SharedSecret::default(),
            msg_mac: *msg_mac,
        });
        server.with_b.copy_from(&with_b);
        Ok((server, core::mem::take(&mut *message)))
    }

    /// The reply with the fresh pair `key`, which carries `message`. Fills `keys`.
    ///
    /// # Errors
    /// If the client's key has small order; `keys` then holds randomness.
    pub fn reply(
        self,
        curve: &dyn X25519,
        randomness: &mut dyn Randomness,
        key: &KeyPair,
        verification: &[u8],
        message: &[u8],
        keys: &mut [u8],
    ) -> Result<Vec<u8>, Refused> {
        let with_y = curve.shared_secret(&key.secret, &self.client);
        let exchange = Exchange {
            with_y: &with_y,
            with_b: &self.with_b,
            id: &self.id,
            onion_key: &self.onion_key,
            client: &self.client,
            relay: &key.public,
            msg_mac: &self.msg_mac,
        };
        let agreed = exchange.agree(verification, keys);
        let mut encrypted = message.to_vec();
        crypt(&agreed.enc_key, &mut encrypted);
        let auth = exchange.auth(&agreed.verify, &encrypted);
        if bool::from(with_y.is_zero()) {
            // In case somebody uses them.
            randomness.fill(keys);
            return Err(Refused);
        }
        let mut reply = Vec::with_capacity(REPLY_LEN + message.len());
        reply.extend_from_slice(&key.public.0);
        reply.extend_from_slice(&auth);
        reply.extend_from_slice(&encrypted);
        Ok(reply)
    }
}

/// The keys of the client's string.
struct Phase1 {
    enc_key: Zeroizing<[u8; ENC_KEY_LEN]>,
    mac_key: Zeroizing<[u8; MAC_LEN]>,
}

impl Phase1 {
    fn new(
        with_b: &SharedSecret,
        id: &Ed25519Id,
        client: &PublicKey,
        onion_key: &PublicKey,
        verification: &[u8],
    ) -> Self {
        let mut xof = Shake256::default()
            .and_encap(T_MSGKDF)
            .and(with_b.as_bytes())
            .and(id)
            .and(&client.0)
            .and(&onion_key.0)
            .and(PROTOID)
            .and_encap(verification)
            .finalize_xof();
        let mut keys = Phase1 {
            enc_key: Zeroizing::default(),
            mac_key: Zeroizing::default(),
        };
        xof.read(&mut *keys.enc_key);
        xof.read(&mut *keys.mac_key);
        keys
    }

    /// MAC of the onionskin.
    fn mac(
        &self,
        id: &Ed25519Id,
        onion_key: &PublicKey,
        client: &PublicKey,
        encrypted: &[u8],
    ) -> [u8; MAC_LEN] {
        Sha3_256::default()
            .and_encap(T_MSGMAC)
            .and_encap(&*self.mac_key)
            .and(id)
            .and(&onion_key.0)
            .and(&client.0)
            .and(encrypted)
            .finalize_fixed()
            .into()
    }
}

/// What both sides know in the end.
struct Exchange<'a> {
    /// `EXP(X,y)`, which is `EXP(Y,x)`.
    with_y: &'a SharedSecret,
    /// `EXP(X,b)`, which is `EXP(B,x)`.
    with_b: &'a SharedSecret,
    id: &'a Ed25519Id,
    /// B.
    onion_key: &'a PublicKey,
    /// X.
    client: &'a PublicKey,
    /// Y.
    relay: &'a PublicKey,
    msg_mac: &'a [u8; MAC_LEN],
}

/// What follows from it, beside the circuit's keys.
struct Agreed {
    verify: Zeroizing<[u8; MAC_LEN]>,
    /// The key of the relay's string.
    enc_key: Zeroizing<[u8; ENC_KEY_LEN]>,
}

impl Exchange<'_> {
    /// Fills `keys`.
    fn agree(&self, verification: &[u8], keys: &mut [u8]) -> Agreed {
        let hash = |tweak: &[u8]| -> Zeroizing<[u8; MAC_LEN]> {
            let hash = Sha3_256::default()
                .and_encap(tweak)
                .and(self.with_y.as_bytes())
                .and(self.with_b.as_bytes())
                .and(self.id)
                .and(&self.onion_key.0)
                .and(&self.client.0)
                .and(&self.relay.0)
                .and(PROTOID)
                .and_encap(verification);
            Zeroizing::new(hash.finalize_fixed().into())
        };
        let key_seed = hash(T_KEY_SEED);
        let verify = hash(T_VERIFY);

        let mut xof = Shake256::default()
            .and_encap(T_FINAL)
            .and(&*key_seed)
            .finalize_xof();
        let mut enc_key = Zeroizing::new([0; ENC_KEY_LEN]);
        xof.read(&mut enc_key[..]);
        xof.read(keys);
        Agreed { verify, enc_key }
    }

    /// AUTH of the reply.
    fn auth(&self, verify: &[u8; MAC_LEN], encrypted: &[u8]) -> [u8; MAC_LEN] {
        Sha3_256::default()
            .and_encap(T_AUTH)
            .and(verify)
            .and(self.id)
            .and(&self.onion_key.0)
            .and(&self.relay.0)
            .and(&self.client.0)
            .and(self.msg_mac)
            .and_encap(encrypted)
            .and(PROTOID)
            .and(b"Server")
            .finalize_fixed()
            .into()
    }
}

/// `ENC(k, m)`, and its own inverse.
fn crypt(key: &[u8; ENC_KEY_LEN], message: &mut [u8]) {
    Ctr128BE::<Aes256>::new(key.into(), &[0; 16].into()).apply_keystream(message);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::Counting;
    use crate::x25519;

    const ID: Ed25519Id = [0x77; ID_LEN];
    const VER: &[u8] = b"circuit extend";

    /// One onion key, which stands in for all others too.
    struct OneKey(KeyPair);

    impl OnionKeys for OneKey {
        fn find(&self, _: &PublicKey) -> Option<&KeyPair> {
            Some(&self.0)
        }
    }

    fn relay(curve: &dyn X25519) -> OneKey {
        OneKey(*KeyPair::generate(curve, &mut Counting(7)))
    }

    fn begin(curve: &dyn X25519, relay: &OneKey, message: &[u8]) -> (Box<Client>, Vec<u8>) {
        let key = KeyPair::generate(curve, &mut Counting(8));
        Client::begin(curve, &key, &ID, &relay.0.public, VER, message).unwrap()
    }

    fn reply(
        curve: &dyn X25519,
        server: Server,
        message: &[u8],
        keys: &mut [u8],
    ) -> Result<Vec<u8>, Refused> {
        let key = KeyPair::generate(curve, &mut Counting(9));
        server.reply(curve, &mut Counting(10), &key, VER, message, keys)
    }

    #[test]
    fn both_sides_get_the_same_keys_and_each_other_s_strings() {
        for (name, curve) in x25519::all() {
            let relay = relay(curve);
            for len in [0, 1, 15, 16, 17, 400] {
                let (sent, answered) = (vec![3; len], vec![4; 2 * len]);
                let (client, skin) = begin(curve, &relay, &sent);
                assert_eq!(skin.len(), ONIONSKIN_LEN + len);
                let (server, got) = Server::receive(curve, &relay, &ID, &skin, VER).unwrap();
                assert_eq!(got, sent);
                let (mut ours, mut theirs) = ([0; 400], [1; 400]);
                let reply = reply(curve, *server, &answered, &mut theirs).unwrap();
                assert_eq!(reply.len(), REPLY_LEN + 2 * len);
                let got = client.finish(curve, &mut Counting(11), &reply, VER, &mut ours);
                assert_eq!(got, Ok(answered));
                assert_eq!(ours, theirs, "{name}");
            }
        }
    }

    #[test]
    fn every_single_bit_flip_and_every_other_length_is_refused() {
        let curve = x25519::fastest();
        let relay = relay(curve);
        let (_, skin) = begin(curve, &relay, b"hello");
        let receive = |skin: &[u8]| Server::receive(curve, &relay, &ID, skin, VER);
        let (server, _) = receive(&skin).unwrap();
        let reply = reply(curve, *server, b"hi", &mut [0; 92]).unwrap();
        let finish = |reply: &[u8]| {
            let (client, _) = begin(curve, &relay, b"hello");
            let mut keys = [0; 92];
            let read = client.finish(curve, &mut Counting(12), reply, VER, &mut keys);
            let mut junk = [0; 92];
            Counting(12).fill(&mut junk);
            assert_eq!(read.is_err(), keys == junk);
            read
        };
        for bit in 0..8 * skin.len() {
            let mut flipped = skin.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            // The key that the client names is not hashed, but looked for.
            let in_wanted_key = (ID_LEN..ID_LEN + KEY_LEN).contains(&(bit / 8));
            assert_eq!(receive(&flipped).is_ok(), in_wanted_key, "bit {bit}");
        }
        for bit in 0..8 * reply.len() {
            let mut flipped = reply.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(finish(&flipped), Err(Refused), "bit {bit}");
        }
        for len in 0..skin.len() {
            assert!(receive(&skin[..len]).is_err(), "{len} bytes");
        }
        for len in 0..reply.len() {
            assert_eq!(finish(&reply[..len]), Err(Refused), "{len} bytes");
        }
        assert!(receive(&[&skin[..], &[0]].concat()).is_err());
        assert!(finish(&[&reply[..], &[0]].concat()).is_err());
        assert_eq!(finish(&reply), Ok(b"hi".to_vec()));
    }

    #[test]
    fn another_purpose_is_refused_on_both_sides() {
        let curve = x25519::fastest();
        let relay = relay(curve);
        let (client, skin) = begin(curve, &relay, b"");
        assert!(Server::receive(curve, &relay, &ID, &skin, b"other").is_err());
        let (server, _) = Server::receive(curve, &relay, &ID, &skin, VER).unwrap();
        let reply = reply(curve, *server, b"", &mut [0; 92]).unwrap();
        let read = client.finish(curve, &mut Counting(1), &reply, b"other", &mut [0; 92]);
        assert_eq!(read, Err(Refused));
    }

    #[test]
    fn points_of_small_order_are_refused_on_both_sides() {
        let zero = PublicKey([0; KEY_LEN]);
        for (_, curve) in x25519::all() {
            let relay = relay(curve);
            let key = KeyPair::generate(curve, &mut Counting(8));
            let begun = Client::begin(curve, &key, &ID, &zero, VER, b"");
            assert_eq!(begun.err(), Some(ZeroSecret));
            let (_, mut skin) = begin(curve, &relay, b"");
            skin[ID_LEN + KEY_LEN..ID_LEN + 2 * KEY_LEN].fill(0);
            let received = Server::receive(curve, &relay, &ID, &skin, VER);
            assert_eq!(received.err(), Some(WrongOnionskin::Refused));
        }
    }
}
