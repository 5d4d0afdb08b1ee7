//! hs-ntor, of clients and onion services.
//!
//! The bytes of an input: seed (8 bytes), number of subcredentials (1), what the
//! client sees as B, the service as X and the client as Y (each 1 byte below 32
//! and a special point, or 1 byte), change of the MAC (see [`Change`]), lengths
//! of a key seed and of its expansion (1 each, above 128: the right one).

use std::ptr;

use arbitrary::{Result, Unstructured};
use ffi::onion::{hs_ntor_intro_cell_keys_t, hs_ntor_rend_cell_keys_t, hs_subcredential_t};
use onion::hs_ntor::{AuthKey, EXPANDED_LEN, HASH_LEN};
use onion::x25519::{KeyPair, PublicKey};

use super::call::room;
use super::change::{byte, special_point, Change};
use super::keys::{bytes_of, pair};
use crate::laboratory::{About, Comparison, Side};
use crate::observed::Observed;

/// The comparison.
pub struct HsNtor;

/// One introduction and one rendezvous.
#[derive(Debug)]
pub struct Meeting {
    auth_key: AuthKey,
    /// (b, B) of the introduction point, (x, X) of the client, (y, Y) of the
    /// service.
    enc: KeyPair,
    client: KeyPair,
    service: KeyPair,
    subcredentials: Vec<hs_subcredential_t>,
    /// B and Y as the client sees them, X as the service does.
    seen_enc: PublicKey,
    seen_service: PublicKey,
    seen_client: PublicKey,
    mac: Change,
    seed_len: usize,
    expanded_len: usize,
}

const ABOUT: About = About {
    name: "hs-ntor",
    component: "onion",
    cases: 8_000,
    longest: 32,
    reaches: &[
        ("agreed", 800),
        ("refused", 200),
        ("a wrong MAC", 500),
        ("expanded", 800),
        ("a wrong length", 800),
    ],
    faults: &["accept", "wrong-key"],
};

impl Comparison for HsNtor {
    type Input = Meeting;

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn input(&self, bytes: &mut Unstructured<'_>) -> Result<Meeting> {
        let seed: u64 = bytes.arbitrary()?;
        let [enc, client, service] = [seed, seed ^ 1, seed ^ 2].map(pair);
        let number = 1 + u64::from(byte(bytes)? % 4);
        let seen_enc = perhaps_special(&enc, bytes)?;
        let seen_client = perhaps_special(&client, bytes)?;
        let seen_service = perhaps_special(&service, bytes)?;
        let mac = Change::read(bytes)?;
        let mut length = |right| {
            Ok(match byte(bytes)? {
                wrong @ 0..128 => usize::from(wrong),
                _ => right,
            })
        };
        Ok(Meeting {
            auth_key: bytes_of(seed ^ 3),
            enc,
            client,
            service,
            subcredentials: (0..number).map(|i| bytes_of(seed ^ (4 + i))).collect(),
            seen_enc,
            seen_client,
            seen_service,
            mac,
            seed_len: length(HASH_LEN)?,
            expanded_len: length(EXPANDED_LEN)?,
        })
    }

    fn observe(&self, side: Side, input: &Meeting, seen: &mut Observed) {
        let agreed = input.introduce(side, seen);
        let keys = input.meet(side, seen);
        seen.reach(match (agreed, &keys) {
            (true, Some(_)) => "agreed",
            _ => "refused",
        });
        let seed = keys.map_or([7; HASH_LEN], |keys| keys.key_seed);
        input.expand(side, &seed, seen);
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        let seed = |choices: &[u8]| [&[9, 0, 0, 0, 0, 0, 0, 0], choices].concat();
        vec![
            seed(&[0, 255, 255, 255, 0, 255, 255]),
            seed(&[3, 255, 255, 255, 0, 255, 255]),
            // Points of small order.
            seed(&[1, 0, 0, 255, 255, 0, 255, 255]),
            seed(&[1, 255, 0, 10, 255, 0, 255, 255]),
            seed(&[1, 255, 255, 0, 11, 0, 255, 255]),
            // A bit of the MAC; wrong lengths.
            seed(&[0, 255, 255, 255, 128, 0, 77, 255, 255]),
            seed(&[0, 255, 255, 255, 0, 31, 255]),
            seed(&[0, 255, 255, 255, 0, 255, 127]),
        ]
    }
}

fn perhaps_special(pair: &KeyPair, bytes: &mut Unstructured<'_>) -> Result<PublicKey> {
    Ok(match byte(bytes)? {
        0..32 => special_point(byte(bytes)?),
        _ => pair.public,
    })
}

/// Keys as no side would compute them: what a side did not write, shows.
fn painted<K: Default>(paint: impl Fn(&mut K)) -> K {
    let mut keys = K::default();
    paint(&mut keys);
    keys
}

fn no_intro_keys() -> hs_ntor_intro_cell_keys_t {
    painted(|keys: &mut hs_ntor_intro_cell_keys_t| {
        keys.enc_key.fill(0xa6);
        keys.mac_key.fill(0xa6);
    })
}

fn no_rend_keys() -> hs_ntor_rend_cell_keys_t {
    painted(|keys: &mut hs_ntor_rend_cell_keys_t| {
        keys.auth_mac.fill(0xa6);
        keys.key_seed.fill(0xa6);
    })
}

impl Meeting {
    /// Keys of INTRODUCE1 at both ends. Whether both have some.
    fn introduce(&self, side: Side, seen: &mut Observed) -> bool {
        let mut at_client = no_intro_keys();
        // SAFETY: keys, and room for keys.
        let client = unsafe {
            call!(
                side,
                hs_ntor_client_get_introduce1_keys(
                    &self.auth_key,
                    &self.seen_enc,
                    &self.client,
                    &self.subcredentials[0],
                    &mut at_client,
                )
            )
        };
        seen.note("hs_ntor_client_get_introduce1_keys", client);
        note_intro_keys(&at_client, seen);

        let mut at_service = vec![no_intro_keys(); self.subcredentials.len()];
        // SAFETY: keys, and room for as many keys as there are subcredentials.
        let service = unsafe {
            call!(
                side,
                hs_ntor_service_get_introduce1_keys_multi(
                    &self.auth_key,
                    &self.enc,
                    &self.seen_client,
                    self.subcredentials.len(),
                    self.subcredentials.as_ptr(),
                    at_service.as_mut_ptr(),
                )
            )
        };
        seen.note("hs_ntor_service_get_introduce1_keys_multi", service);
        for keys in &at_service {
            note_intro_keys(keys, seen);
        }

        let mut first = no_intro_keys();
        // SAFETY: keys, and room for keys.
        let single = unsafe {
            call!(
                side,
                hs_ntor_service_get_introduce1_keys(
                    &self.auth_key,
                    &self.enc,
                    &self.seen_client,
                    &self.subcredentials[0],
                    &mut first,
                )
            )
        };
        seen.note("hs_ntor_service_get_introduce1_keys", single);
        note_intro_keys(&first, seen);
        (client, service) == (0, 0)
    }

    /// Keys of RENDEZVOUS1 at both ends, and the MAC on its way. The client's
    /// keys.
    fn meet(&self, side: Side, seen: &mut Observed) -> Option<hs_ntor_rend_cell_keys_t> {
        let mut at_service = no_rend_keys();
        // SAFETY: keys, and room for keys.
        let status = unsafe {
            call!(
                side,
                hs_ntor_service_get_rendezvous1_keys(
                    &self.auth_key,
                    &self.enc,
                    &self.service,
                    &self.seen_client,
                    &mut at_service,
                )
            )
        };
        seen.note("hs_ntor_service_get_rendezvous1_keys", status);
        note_rend_keys(&at_service, seen);

        let mut at_client = no_rend_keys();
        // SAFETY: keys, and room for keys.
        let status = unsafe {
            call!(
                side,
                hs_ntor_client_get_rendezvous1_keys(
                    &self.auth_key,
                    &self.client,
                    &self.seen_enc,
                    &self.seen_service,
                    &mut at_client,
                )
            )
        };
        seen.note("hs_ntor_client_get_rendezvous1_keys", status);
        note_rend_keys(&at_client, seen);

        let mut mac = at_service.auth_mac.to_vec();
        self.mac.apply_to_fixed(&mut mac, 0);
        // SAFETY: keys and a MAC.
        let good = unsafe {
            call!(
                side,
                hs_ntor_client_rendezvous2_mac_is_good(&at_client, mac.as_ptr())
            )
        };
        seen.note("hs_ntor_client_rendezvous2_mac_is_good", good);
        if good == 0 {
            seen.reach("a wrong MAC");
        }
        (status == 0).then_some(at_client)
    }

    /// Key material of the circuit.
    fn expand(&self, side: Side, seed: &[u8; HASH_LEN], seen: &mut Observed) {
        let mut long_seed = seed.to_vec();
        long_seed.resize(self.seed_len.max(HASH_LEN), 0);
        let mut keys = room(self.expanded_len);
        let keys_at = match keys.is_empty() {
            true => ptr::NonNull::dangling().as_ptr(),
            false => keys.as_mut_ptr(),
        };
        // SAFETY: at least as many bytes as it is told.
        let status = unsafe {
            call!(
                side,
                hs_ntor_circuit_key_expansion(
                    long_seed.as_ptr(),
                    self.seed_len,
                    keys_at,
                    keys.len(),
                )
            )
        };
        seen.note("hs_ntor_circuit_key_expansion", status);
        seen.note("circuit's keys", &keys[..]);
        seen.reach(match status {
            0 => "expanded",
            _ => "a wrong length",
        });
    }
}

fn note_intro_keys(keys: &hs_ntor_intro_cell_keys_t, seen: &mut Observed) {
    seen.note("ENC_KEY", &keys.enc_key[..]);
    seen.note("MAC_KEY", &keys.mac_key[..]);
}

fn note_rend_keys(keys: &hs_ntor_rend_cell_keys_t, seen: &mut Observed) {
    seen.note("AUTH", &keys.auth_mac[..]);
    seen.note("NTOR_KEY_SEED", &keys.key_seed[..]);
}
