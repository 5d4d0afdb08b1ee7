//! hs-ntor, of clients and onion services.
//!
//! The bytes of an input: seed (8 bytes), number of subcredentials (1), what the
//! client sees as B, the service as X and the client as Y (each 1 byte below 32
//! and a special point, or 1 byte), change of the MAC (see [`Change`]), lengths
//! of a key seed and of its expansion (1 each, above 128: the right one).

use std::ffi::c_int;

use arbitrary::{Result, Unstructured};
use ffi::onion::{hs_ntor_intro_cell_keys_t, hs_ntor_rend_cell_keys_t, hs_subcredential_t};
use onion::hs_ntor::{AuthKey, EXPANDED_LEN, HASH_LEN};
use onion::x25519::{KeyPair, PublicKey};

use super::call::{room, PAINT};
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
        play(side, input, seen);
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

fn play(side: Side, input: &Meeting, seen: &mut Observed) {
    let (client, keys) = input.client_introduces(side);
    seen.note("hs_ntor_client_get_introduce1_keys", client);
    note_intro_keys(&keys, seen);
    let (service, keys) = input.service_is_introduced(side);
    seen.note("hs_ntor_service_get_introduce1_keys_multi", service);
    for keys in &keys {
        note_intro_keys(keys, seen);
    }
    let (status, keys) = input.service_is_introduced_once(side);
    seen.note("hs_ntor_service_get_introduce1_keys", status);
    note_intro_keys(&keys, seen);

    let (status, at_service) = input.service_meets(side);
    seen.note("hs_ntor_service_get_rendezvous1_keys", status);
    note_rend_keys(&at_service, seen);
    let (status, at_client) = input.client_meets(side);
    seen.note("hs_ntor_client_get_rendezvous1_keys", status);
    note_rend_keys(&at_client, seen);
    seen.reach(match (client, service, status) {
        (0, 0, 0) => "agreed",
        _ => "refused",
    });

    let mac = input.mac.apply_to_fixed(&at_service.auth_mac, 0);
    let good = mac_is_good(side, &at_client, &mac);
    seen.note("hs_ntor_client_rendezvous2_mac_is_good", good);
    if good == 0 {
        seen.reach("a wrong MAC");
    }

    let mut seed = at_client.key_seed.to_vec();
    seed.resize(input.seed_len, 7);
    let mut keys = room(input.expanded_len);
    let status = expand(side, &seed, &mut keys);
    seen.note("hs_ntor_circuit_key_expansion", status);
    seen.note("circuit's keys", &keys[..]);
    seen.reach(match status {
        0 => "expanded",
        _ => "a wrong length",
    });
}

fn note_intro_keys(keys: &hs_ntor_intro_cell_keys_t, seen: &mut Observed) {
    seen.note("ENC_KEY", &keys.enc_key[..]);
    seen.note("MAC_KEY", &keys.mac_key[..]);
}

fn note_rend_keys(keys: &hs_ntor_rend_cell_keys_t, seen: &mut Observed) {
    seen.note("AUTH", &keys.auth_mac[..]);
    seen.note("NTOR_KEY_SEED", &keys.key_seed[..]);
}

/// Keys as no side would compute them: what a side did not write, shows.
fn no_intro_keys() -> hs_ntor_intro_cell_keys_t {
    let mut keys = hs_ntor_intro_cell_keys_t::default();
    keys.enc_key.fill(PAINT);
    keys.mac_key.fill(PAINT);
    keys
}

/// The same of RENDEZVOUS1.
fn no_rend_keys() -> hs_ntor_rend_cell_keys_t {
    let mut keys = hs_ntor_rend_cell_keys_t::default();
    keys.auth_mac.fill(PAINT);
    keys.key_seed.fill(PAINT);
    keys
}

/// The ends on a side; each function gives its return code and the keys.
impl Meeting {
    /// Everybody sees what the others are.
    pub fn honest() -> Self {
        let [enc, client, service] = [1, 2, 3].map(pair);
        Meeting {
            auth_key: bytes_of(4),
            seen_enc: enc.public,
            seen_service: service.public,
            seen_client: client.public,
            enc,
            client,
            service,
            subcredentials: vec![bytes_of(5)],
            mac: Change::None,
            seed_len: HASH_LEN,
            expanded_len: EXPANDED_LEN,
        }
    }

    /// The client's keys of INTRODUCE1.
    pub fn client_introduces(&self, side: Side) -> (c_int, hs_ntor_intro_cell_keys_t) {
        let mut keys = no_intro_keys();
        // SAFETY: keys, and room for keys.
        let status = unsafe {
            call!(
                side,
                hs_ntor_client_get_introduce1_keys(
                    &self.auth_key,
                    &self.seen_enc,
                    &self.client,
                    &self.subcredentials[0],
                    &mut keys,
                )
            )
        };
        (status, keys)
    }

    /// The service's, with each subcredential.
    pub fn service_is_introduced(&self, side: Side) -> (c_int, Vec<hs_ntor_intro_cell_keys_t>) {
        let mut keys = vec![no_intro_keys(); self.subcredentials.len()];
        // SAFETY: keys, and room for as many keys as there are subcredentials.
        let status = unsafe {
            call!(
                side,
                hs_ntor_service_get_introduce1_keys_multi(
                    &self.auth_key,
                    &self.enc,
                    &self.seen_client,
                    self.subcredentials.len(),
                    self.subcredentials.as_ptr(),
                    keys.as_mut_ptr(),
                )
            )
        };
        (status, keys)
    }

    /// The service's, with the first subcredential.
    pub fn service_is_introduced_once(&self, side: Side) -> (c_int, hs_ntor_intro_cell_keys_t) {
        let mut keys = no_intro_keys();
        // SAFETY: keys, and room for keys.
        let status = unsafe {
            call!(
                side,
                hs_ntor_service_get_introduce1_keys(
                    &self.auth_key,
                    &self.enc,
                    &self.seen_client,
                    &self.subcredentials[0],
                    &mut keys,
                )
            )
        };
        (status, keys)
    }

    /// The service's keys of RENDEZVOUS1.
    pub fn service_meets(&self, side: Side) -> (c_int, hs_ntor_rend_cell_keys_t) {
        let mut keys = no_rend_keys();
        // SAFETY: keys, and room for keys.
        let status = unsafe {
            call!(
                side,
                hs_ntor_service_get_rendezvous1_keys(
                    &self.auth_key,
                    &self.enc,
                    &self.service,
                    &self.seen_client,
                    &mut keys,
                )
            )
        };
        (status, keys)
    }

    /// The client's.
    pub fn client_meets(&self, side: Side) -> (c_int, hs_ntor_rend_cell_keys_t) {
        let mut keys = no_rend_keys();
        // SAFETY: keys, and room for keys.
        let status = unsafe {
            call!(
                side,
                hs_ntor_client_get_rendezvous1_keys(
                    &self.auth_key,
                    &self.client,
                    &self.seen_enc,
                    &self.seen_service,
                    &mut keys,
                )
            )
        };
        (status, keys)
    }
}

fn mac_is_good(side: Side, keys: &hs_ntor_rend_cell_keys_t, mac: &[u8; HASH_LEN]) -> c_int {
    // SAFETY: keys and a MAC.
    unsafe {
        call!(
            side,
            hs_ntor_client_rendezvous2_mac_is_good(keys, mac.as_ptr())
        )
    }
}

/// Key material of the circuit.
fn expand(side: Side, seed: &[u8], keys: &mut [u8]) -> c_int {
    // SAFETY: as many bytes as it is told.
    unsafe {
        call!(
            side,
            hs_ntor_circuit_key_expansion(seed.as_ptr(), seed.len(), keys.as_mut_ptr(), keys.len(),)
        )
    }
}
