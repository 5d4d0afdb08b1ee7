//! The ntor handshake (tor-spec, "The ntor handshake").
//!
//! Replaces C Tor's `onion_ntor.c`. The names of tor-spec: the relay has an
//! identity ID and an onion key pair (b, B), the client makes (x, X), the relay
//! (y, Y).

use crate::hmac::{expand, mac, MAC_LEN, MAX_EXPANDED_LEN};
use crate::x25519::{KeyPair, OnionKeys, PublicKey, SecretKey, SharedSecret, KEY_LEN, X25519};
use crate::Randomness;
use subtle::ConstantTimeEq;
use zeroize::{ZeroizeOnDrop, Zeroizing};

/// Length of a relay's identity, the SHA-1 of its RSA key, in bytes.
pub const NODE_ID_LEN: usize = 20;
/// Length of the client's message, in bytes: ID, B, X.
pub const ONIONSKIN_LEN: usize = NODE_ID_LEN + 2 * KEY_LEN;
/// Length of the relay's answer, in bytes: Y, AUTH.
pub const REPLY_LEN: usize = KEY_LEN + MAC_LEN;
/// How much key material there can be, in bytes (RFC 5869: 255 hashes).
pub const MAX_KEYS_LEN: usize = MAX_EXPANDED_LEN;

/// A relay's identity.
pub type NodeId = [u8; NODE_ID_LEN];

const PROTOID: &[u8] = b"ntor-curve25519-sha256-1";
const T_MAC: &[u8] = b"ntor-curve25519-sha256-1:mac";
const T_KEY: &[u8] = b"ntor-curve25519-sha256-1:key_extract";
const T_VERIFY: &[u8] = b"ntor-curve25519-sha256-1:verify";
const M_EXPAND: &[u8] = b"ntor-curve25519-sha256-1:key_expand";

/// A client that has sent its onionskin. Its secret is wiped when it is dropped.
// The order of the fields is C's: one of tor's test programs writes this down
// and reads it again.
#[derive(ZeroizeOnDrop)]
#[repr(C)]
pub struct Client {
    #[zeroize(skip)]
    node_id: NodeId,
    /// B.
    #[zeroize(skip)]
    onion_key: PublicKey,
    /// x.
    secret: SecretKey,
    /// X.
    #[zeroize(skip)]
    public: PublicKey,
}

/// What was wrong with a relay's answer; at least one of these is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongReply {
    /// The relay's ephemeral key has small order.
    pub zero_ephemeral: bool,
    /// The relay's onion key has small order.
    pub zero_onion_key: bool,
    /// AUTH is not what it should be.
    pub auth: bool,
}

/// Why a relay cannot answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WrongOnionskin {
    /// It is meant for a relay of another identity.
    NodeId,
    /// It names an onion key that we do not have, and there is none to pretend
    /// with.
    NoKey,
    /// The client's key has small order.
    ZeroSecret,
}

impl Client {
    /// A client of the relay with this identity and onion key, and its
    /// onionskin.
    pub fn begin(
        curve: &dyn X25519,
        randomness: &mut dyn Randomness,
        node_id: &NodeId,
        onion_key: &PublicKey,
    ) -> (Box<Self>, [u8; ONIONSKIN_LEN]) {
        // Filled where it is going to stay: a secret that is moved leaves a copy.
        let mut client = Box::new(Client {
            node_id: *node_id,
            onion_key: *onion_key,
            secret: SecretKey::default(),
            public: PublicKey::default(),
        });
        client.secret.regenerate(randomness);
        client.public = curve.public_key(&client.secret);
        let mut onionskin = [0; ONIONSKIN_LEN];
        concatenate(&mut onionskin, &[node_id, &onion_key.0, &client.public.0]);
        (client, onionskin)
    }

    /// Reads the relay's answer and fills `keys`.
    ///
    /// # Errors
    /// If the relay could not have sent it; what stands in `keys` is then of no
    /// use.
    ///
    /// # Panics
    /// If `keys` has more than [`MAX_KEYS_LEN`] bytes.
    pub fn finish(
        self,
        curve: &dyn X25519,
        reply: &[u8; REPLY_LEN],
        keys: &mut [u8],
    ) -> Result<(), WrongReply> {
        let (y, received) = reply.split_at(KEY_LEN);
        let relay_public = public_key(y);
        let with_y = curve.shared_secret(&self.secret, &relay_public);
        let with_b = curve.shared_secret(&self.secret, &self.onion_key);
        let auth = Exchange {
            with_y: &with_y,
            with_b: &with_b,
            node_id: &self.node_id,
            onion_key: &self.onion_key,
            client: &self.public,
            relay: &relay_public,
        }
        .agree(keys);

        // All of it before any of it is told.
        let zero_ephemeral = with_y.is_zero();
        let zero_onion_key = with_b.is_zero();
        let wrong_auth = !auth.ct_eq(received);
        if bool::from(zero_ephemeral | zero_onion_key | wrong_auth) {
            return Err(WrongReply {
                zero_ephemeral: zero_ephemeral.into(),
                zero_onion_key: zero_onion_key.into(),
                auth: wrong_auth.into(),
            });
        }
        Ok(())
    }
}

/// A relay's answer to an onionskin. Fills `keys`.
///
/// # Errors
/// If there is none; what stands in `keys` is then of no use.
///
/// # Panics
/// If `keys` has more than [`MAX_KEYS_LEN`] bytes.
pub fn respond(
    curve: &dyn X25519,
    randomness: &mut dyn Randomness,
    node_id: &NodeId,
    onion_keys: &dyn OnionKeys,
    onionskin: &[u8; ONIONSKIN_LEN],
    keys: &mut [u8],
) -> Result<[u8; REPLY_LEN], WrongOnionskin> {
    let (wanted_id, rest) = onionskin.split_at(NODE_ID_LEN);
    let (wanted_key, x) = rest.split_at(KEY_LEN);
    // Early, as in C: whoever connects knows our identity.
    if !bool::from(wanted_id.ct_eq(node_id)) {
        return Err(WrongOnionskin::NodeId);
    }
    let onion_key = onion_keys
        .find(&public_key(wanted_key))
        .ok_or(WrongOnionskin::NoKey)?;
    let client = public_key(x);
    let relay = KeyPair::generate(curve, randomness);

    let with_y = curve.shared_secret(&relay.secret, &client);
    let with_b = curve.shared_secret(&onion_key.secret, &client);
    let auth = Exchange {
        with_y: &with_y,
        with_b: &with_b,
        node_id,
        onion_key: &onion_key.public,
        client: &client,
        relay: &relay.public,
    }
    .agree(keys);

    if bool::from(with_y.is_zero() | with_b.is_zero()) {
        return Err(WrongOnionskin::ZeroSecret);
    }
    let mut reply = [0; REPLY_LEN];
    concatenate(&mut reply, &[&relay.public.0, &auth]);
    Ok(reply)
}

/// What both sides know in the end.
struct Exchange<'a> {
    /// `EXP(X,y)`, which is `EXP(Y,x)`.
    with_y: &'a SharedSecret,
    /// `EXP(X,b)`, which is `EXP(B,x)`.
    with_b: &'a SharedSecret,
    node_id: &'a NodeId,
    /// B.
    onion_key: &'a PublicKey,
    /// X.
    client: &'a PublicKey,
    /// Y.
    relay: &'a PublicKey,
}

impl Exchange<'_> {
    /// Fills `keys` and returns AUTH.
    ///
    /// # Panics
    /// If there is room for more than [`MAX_KEYS_LEN`] bytes of keys.
    fn agree(&self, keys: &mut [u8]) -> [u8; MAC_LEN] {
        const SECRET_INPUT_LEN: usize = 5 * KEY_LEN + NODE_ID_LEN + PROTOID.len();
        let (b, x, y) = (&self.onion_key.0, &self.client.0, &self.relay.0);

        let mut secret_input = Zeroizing::new([0; SECRET_INPUT_LEN]);
        concatenate(
            &mut *secret_input,
            &[
                self.with_y.as_bytes(),
                self.with_b.as_bytes(),
                self.node_id,
                b,
                x,
                y,
                PROTOID,
            ],
        );
        // H(x, t) is the MAC of x with key t.
        let verify = mac(T_VERIFY, &[&*secret_input]);
        let auth = mac(
            T_MAC,
            &[&*verify, self.node_id, b, y, x, PROTOID, b"Server"],
        );
        expand(&mac(T_KEY, &[&*secret_input]), M_EXPAND, keys);
        *auth
    }
}

fn public_key(bytes: &[u8]) -> PublicKey {
    let mut key = PublicKey::default();
    concatenate(&mut key.0, &[bytes]);
    key
}

/// Fills `out` with `parts`, one behind the other. They have its length.
fn concatenate(out: &mut [u8], parts: &[&[u8]]) {
    let mut rest = out;
    for part in parts {
        let (now, later) = rest.split_at_mut(part.len());
        now.copy_from_slice(part);
        rest = later;
    }
    debug_assert!(rest.is_empty());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::Counting;
    use crate::x25519;

    const ID: NodeId = *b"iToldYouAboutStairs.";

    /// One onion key, and nothing to pretend with.
    struct OneKey(KeyPair);

    impl OnionKeys for OneKey {
        fn find(&self, wanted: &PublicKey) -> Option<&KeyPair> {
            (self.0.public == *wanted).then_some(&self.0)
        }
    }

    fn relay(curve: &dyn X25519) -> OneKey {
        OneKey(*KeyPair::generate(curve, &mut Counting(7)))
    }

    #[test]
    fn both_sides_get_the_same_keys() {
        for (name, curve) in x25519::all() {
            let relay = relay(curve);
            let (client, skin) = Client::begin(curve, &mut Counting(8), &ID, &relay.0.public);
            let (mut ours, mut theirs) = ([0; 400], [1; 400]);
            let reply = respond(curve, &mut Counting(9), &ID, &relay, &skin, &mut theirs).unwrap();
            client.finish(curve, &reply, &mut ours).unwrap();
            assert_eq!(ours, theirs, "{name}");
        }
    }

    #[test]
    fn every_single_bit_flip_of_a_reply_is_refused() {
        let curve = x25519::fastest();
        let relay = relay(curve);
        let begin = || Client::begin(curve, &mut Counting(8), &ID, &relay.0.public);
        let (_, skin) = begin();
        let reply = respond(curve, &mut Counting(9), &ID, &relay, &skin, &mut [0; 92]).unwrap();
        for bit in 0..8 * REPLY_LEN {
            let mut flipped = reply;
            flipped[bit / 8] ^= 1 << (bit % 8);
            let error = begin().0.finish(curve, &flipped, &mut [0; 92]).unwrap_err();
            assert!(error.auth && !error.zero_ephemeral, "bit {bit}");
        }
    }

    #[test]
    fn another_relay_and_another_key_are_refused() {
        let curve = x25519::fastest();
        let relay = relay(curve);
        let (_, skin) = Client::begin(curve, &mut Counting(8), &ID, &relay.0.public);
        let answer = |id: &NodeId, keys: &dyn OnionKeys| {
            respond(curve, &mut Counting(9), id, keys, &skin, &mut [0; 92])
        };
        assert_eq!(answer(&[0; 20], &relay), Err(WrongOnionskin::NodeId));
        let other = OneKey(*KeyPair::generate(curve, &mut Counting(10)));
        assert_eq!(answer(&ID, &other), Err(WrongOnionskin::NoKey));
    }

    #[test]
    fn points_of_small_order_are_refused_on_both_sides() {
        let zero = PublicKey([0; KEY_LEN]);
        for (name, curve) in x25519::all() {
            let relay = relay(curve);
            let (client, mut skin) = Client::begin(curve, &mut Counting(8), &ID, &relay.0.public);
            let keys = &mut [0; 92];
            let mut reply = respond(curve, &mut Counting(9), &ID, &relay, &skin, keys).unwrap();
            reply[..KEY_LEN].fill(0);
            let error = client.finish(curve, &reply, keys).unwrap_err();
            assert!(error.zero_ephemeral && !error.zero_onion_key, "{name}");
            skin[NODE_ID_LEN + KEY_LEN..].fill(0);
            let error = respond(curve, &mut Counting(9), &ID, &relay, &skin, keys).unwrap_err();
            assert_eq!(error, WrongOnionskin::ZeroSecret, "{name}");
            let (client, _) = Client::begin(curve, &mut Counting(8), &ID, &zero);
            let error = client.finish(curve, &reply, keys).unwrap_err();
            assert!(error.zero_onion_key, "{name}");
        }
    }
}
