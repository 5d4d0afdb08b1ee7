//! The handshake of a client with an onion service (rend-spec, "The
//! introduction protocol" and "The rendezvous protocol"), in two halves: keys
//! for the INTRODUCE1 message, then keys for the circuit through the rendezvous
//! point.
//!
//! Replaces C Tor's `hs_ntor.c`. The names of rend-spec: the introduction point
//! has AUTH_KEY and the encryption key pair (b, B), the client makes (x, X), the
//! service (y, Y).

use crate::encap::Encap;
use crate::x25519::{KeyPair, PublicKey, SharedSecret, X25519};
use sha3::digest::{ExtendableOutput, FixedOutput, XofReader};
use sha3::Sha3_256;
use shake::Shake256;
use subtle::{Choice, ConstantTimeEq};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Length of a MAC, a key seed and a subcredential, in bytes.
pub const HASH_LEN: usize = 32;
/// Length of ENC_KEY, in bytes.
pub const ENC_KEY_LEN: usize = 32;
/// Length of the key material of a rendezvous circuit, in bytes.
pub const EXPANDED_LEN: usize = 2 * HASH_LEN + 2 * ENC_KEY_LEN;

const PROTOID: &[u8] = b"tor-hs-ntor-curve25519-sha3-256-1";
const T_HSENC: &[u8] = b"tor-hs-ntor-curve25519-sha3-256-1:hs_key_extract";
const T_HSVERIFY: &[u8] = b"tor-hs-ntor-curve25519-sha3-256-1:hs_verify";
const T_HSMAC: &[u8] = b"tor-hs-ntor-curve25519-sha3-256-1:hs_mac";
const M_HSEXPAND: &[u8] = b"tor-hs-ntor-curve25519-sha3-256-1:hs_key_expand";

/// AUTH_KEY: the introduction point's Ed25519 key for this service.
pub type AuthKey = [u8; 32];
/// What only those know who know the service's address.
pub type Subcredential = [u8; HASH_LEN];

/// Keys of an INTRODUCE1 message, wiped when they are dropped.
// The order of the fields is C's.
#[derive(Clone, Default, Zeroize, ZeroizeOnDrop)]
#[repr(C)]
pub struct IntroduceKeys {
    /// ENC_KEY, for AES-256-CTR.
    pub enc_key: [u8; ENC_KEY_LEN],
    /// MAC_KEY.
    pub mac_key: [u8; HASH_LEN],
}

/// Keys of a RENDEZVOUS1 message, wiped when they are dropped.
// The order of the fields is C's.
#[derive(Clone, Default, Zeroize, ZeroizeOnDrop)]
#[repr(C)]
pub struct RendezvousKeys {
    /// AUTH, the MAC in the message.
    pub auth_mac: [u8; HASH_LEN],
    /// NTOR_KEY_SEED, for [`expand_keys`].
    pub key_seed: [u8; HASH_LEN],
}

/// The other side's key has small order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ZeroSecret;

/// At a client with the fresh pair `client`, the keys of INTRODUCE1.
///
/// # Errors
/// If B has small order.
pub fn client_introduce_keys(
    curve: &dyn X25519,
    auth_key: &AuthKey,
    enc_key: &PublicKey,
    client: &KeyPair,
    subcredential: &Subcredential,
) -> Result<IntroduceKeys, ZeroSecret> {
    let with_b = curve.shared_secret(&client.secret, enc_key);
    let keys = introduce_keys(&with_b, auth_key, &client.public, enc_key, subcredential);
    unless(with_b.is_zero(), keys)
}

/// At a service, the keys of an INTRODUCE1 message that came from `client`: with
/// each subcredential that the client may have used, in their order.
///
/// # Errors
/// If X has small order.
pub fn service_introduce_keys<'a>(
    curve: &dyn X25519,
    auth_key: &'a AuthKey,
    enc_key: &'a KeyPair,
    client: &'a PublicKey,
    subcredentials: &'a [Subcredential],
) -> Result<impl Iterator<Item = IntroduceKeys> + 'a, ZeroSecret> {
    let with_b = curve.shared_secret(&enc_key.secret, client);
    let zero = with_b.is_zero();
    let keys = subcredentials.iter().map(move |subcredential| {
        introduce_keys(&with_b, auth_key, client, &enc_key.public, subcredential)
    });
    unless(zero, keys)
}

/// At a client, the keys of a RENDEZVOUS1 message in which the service's key is
/// `service`.
///
/// # Errors
/// If Y or B has small order.
pub fn client_rendezvous_keys(
    curve: &dyn X25519,
    auth_key: &AuthKey,
    client: &KeyPair,
    enc_key: &PublicKey,
    service: &PublicKey,
) -> Result<RendezvousKeys, ZeroSecret> {
    Rendezvous {
        with_y: &curve.shared_secret(&client.secret, service),
        with_b: &curve.shared_secret(&client.secret, enc_key),
        auth_key,
        enc_key,
        client: &client.public,
        service,
    }
    .keys()
}

/// At a service with the fresh pair `service`, the keys of RENDEZVOUS1.
///
/// # Errors
/// If X has small order.
pub fn service_rendezvous_keys(
    curve: &dyn X25519,
    auth_key: &AuthKey,
    enc_key: &KeyPair,
    service: &KeyPair,
    client: &PublicKey,
) -> Result<RendezvousKeys, ZeroSecret> {
    Rendezvous {
        with_y: &curve.shared_secret(&service.secret, client),
        with_b: &curve.shared_secret(&enc_key.secret, client),
        auth_key,
        enc_key: &enc_key.public,
        client,
        service: &service.public,
    }
    .keys()
}

impl RendezvousKeys {
    /// Whether `received` is the MAC that the service must have sent. Takes the
    /// same time for every MAC.
    pub fn mac_is_good(&self, received: &[u8; HASH_LEN]) -> bool {
        self.auth_mac.ct_eq(received).into()
    }
}

/// The key material of a rendezvous circuit, from NTOR_KEY_SEED.
pub fn expand_keys(key_seed: &[u8; HASH_LEN], keys: &mut [u8; EXPANDED_LEN]) {
    Shake256::default()
        .and(key_seed)
        .and(M_HSEXPAND)
        .finalize_xof()
        .read(keys);
}

fn introduce_keys(
    with_b: &SharedSecret,
    auth_key: &AuthKey,
    client: &PublicKey,
    enc_key: &PublicKey,
    subcredential: &Subcredential,
) -> IntroduceKeys {
    // intro_secret_hs_input | t_hsenc | info
    let mut xof = Shake256::default()
        .and(with_b.as_bytes())
        .and(auth_key)
        .and(&client.0)
        .and(&enc_key.0)
        .and(PROTOID)
        .and(T_HSENC)
        .and(M_HSEXPAND)
        .and(subcredential)
        .finalize_xof();
    let mut keys = IntroduceKeys::default();
    xof.read(&mut keys.enc_key);
    xof.read(&mut keys.mac_key);
    keys
}

/// What both sides know in the end.
struct Rendezvous<'a> {
    /// `EXP(X,y)`, which is `EXP(Y,x)`.
    with_y: &'a SharedSecret,
    /// `EXP(X,b)`, which is `EXP(B,x)`.
    with_b: &'a SharedSecret,
    auth_key: &'a AuthKey,
    /// B.
    enc_key: &'a PublicKey,
    /// X.
    client: &'a PublicKey,
    /// Y.
    service: &'a PublicKey,
}

impl Rendezvous<'_> {
    fn keys(&self) -> Result<RendezvousKeys, ZeroSecret> {
        const SECRET_INPUT_LEN: usize = 6 * 32 + PROTOID.len();
        let (b, x, y) = (&self.enc_key.0, &self.client.0, &self.service.0);

        let mut secret_input = Zeroizing::new(Vec::with_capacity(SECRET_INPUT_LEN));
        for part in [
            self.with_y.as_bytes(),
            self.with_b.as_bytes(),
            self.auth_key,
            b,
            x,
            y,
        ] {
            secret_input.extend_from_slice(part);
        }
        secret_input.extend_from_slice(PROTOID);
        let key_seed = Zeroizing::new(mac(&secret_input, T_HSENC));
        let verify = Zeroizing::new(mac(&secret_input, T_HSVERIFY));

        let mut auth_input = Zeroizing::new(Vec::with_capacity(SECRET_INPUT_LEN));
        for part in [&*verify, self.auth_key, b, y, x] {
            auth_input.extend_from_slice(part);
        }
        auth_input.extend_from_slice(PROTOID);
        auth_input.extend_from_slice(b"Server");
        let auth_mac = mac(&auth_input, T_HSMAC);

        let keys = RendezvousKeys {
            auth_mac,
            key_seed: *key_seed,
        };
        unless(self.with_y.is_zero() | self.with_b.is_zero(), keys)
    }
}

/// `MAC(k, m)`: SHA3-256 of `ENCAP(k) | m`.
fn mac(key: &[u8], message: &[u8]) -> [u8; HASH_LEN] {
    Sha3_256::default()
        .and_encap(key)
        .and(message)
        .finalize_fixed()
        .into()
}

fn unless<T>(zero: Choice, keys: T) -> Result<T, ZeroSecret> {
    match zero.into() {
        true => Err(ZeroSecret),
        false => Ok(keys),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::Counting;
    use crate::x25519::{self, KEY_LEN};

    const AUTH: AuthKey = [5; 32];
    const SUBCREDENTIALS: [Subcredential; 3] = [[1; HASH_LEN], [2; HASH_LEN], [3; HASH_LEN]];

    fn pair(curve: &dyn X25519, seed: u8) -> KeyPair {
        *KeyPair::generate(curve, &mut Counting(seed))
    }

    #[test]
    fn client_and_service_get_the_same_keys() {
        for (name, curve) in x25519::all() {
            let (enc, client, service) = (pair(curve, 1), pair(curve, 2), pair(curve, 3));
            let theirs: Vec<_> =
                service_introduce_keys(curve, &AUTH, &enc, &client.public, &SUBCREDENTIALS)
                    .unwrap()
                    .collect();
            assert_eq!(theirs.len(), SUBCREDENTIALS.len());
            for (subcredential, theirs) in SUBCREDENTIALS.iter().zip(&theirs) {
                let ours = client_introduce_keys(curve, &AUTH, &enc.public, &client, subcredential)
                    .unwrap();
                assert_eq!(ours.enc_key, theirs.enc_key, "{name}");
                assert_eq!(ours.mac_key, theirs.mac_key, "{name}");
            }
            let theirs =
                service_rendezvous_keys(curve, &AUTH, &enc, &service, &client.public).unwrap();
            let ours = client_rendezvous_keys(curve, &AUTH, &client, &enc.public, &service.public)
                .unwrap();
            assert!(ours.mac_is_good(&theirs.auth_mac), "{name}");
            assert_eq!(ours.key_seed, theirs.key_seed, "{name}");
        }
    }

    #[test]
    fn every_single_bit_flip_of_the_mac_is_refused() {
        let curve = x25519::fastest();
        let (enc, client, service) = (pair(curve, 1), pair(curve, 2), pair(curve, 3));
        let keys =
            client_rendezvous_keys(curve, &AUTH, &client, &enc.public, &service.public).unwrap();
        for bit in 0..8 * HASH_LEN {
            let mut flipped = keys.auth_mac;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(!keys.mac_is_good(&flipped), "bit {bit}");
        }
    }

    #[test]
    fn points_of_small_order_are_refused_on_both_sides() {
        let zero = PublicKey([0; KEY_LEN]);
        for (_, curve) in x25519::all() {
            let (enc, client, service) = (pair(curve, 1), pair(curve, 2), pair(curve, 3));
            let subcredential = &SUBCREDENTIALS[0];
            assert!(client_introduce_keys(curve, &AUTH, &zero, &client, subcredential).is_err());
            assert!(service_introduce_keys(curve, &AUTH, &enc, &zero, &SUBCREDENTIALS).is_err());
            let rendezvous = |enc: &PublicKey, y: &PublicKey| {
                client_rendezvous_keys(curve, &AUTH, &client, enc, y)
            };
            assert!(rendezvous(&zero, &service.public).is_err());
            assert!(rendezvous(&enc.public, &zero).is_err());
            assert!(service_rendezvous_keys(curve, &AUTH, &enc, &service, &zero).is_err());
        }
    }
}
