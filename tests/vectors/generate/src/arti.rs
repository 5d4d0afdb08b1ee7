//! Cells that Arti sent over circuits of three hops.
//!
//! Each circuit has a list of cells in the order in which they were sent, in
//! both directions and for every hop.

use aes::{Aes128Dec, Aes128Enc, Aes256Dec, Aes256Enc};
use anyhow::{ensure, Result};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{json, Value};
use tor_cell::chancell::ChanCmd;
use tor_llcrypto::cipher::aes::{Aes128Ctr, Aes256Ctr};
use tor_llcrypto::d::{Sha1, Sha3_256};
use tor_proto::bench_utils::{
    cgo, tor1, ClientLayer, CryptInit, InboundClientCrypt, InboundClientLayer, InboundRelayLayer,
    OutboundClientCrypt, OutboundClientLayer, OutboundRelayLayer, RelayCellBody, RelayLayer,
};

const HOPS: usize = 3;
const CELLS: usize = 24;

type Tor1 = tor1::CryptStatePair<Aes128Ctr, Sha1>;
type Tor1Hs = tor1::CryptStatePair<Aes256Ctr, Sha3_256>;

pub fn tor1() -> Result<Value> {
    // Arti's key material ends with KH, which encrypts nothing.
    circuit::<Tor1, Tor1, _, _, _, _>("tor1", 72, 1)
}

pub fn tor1_hs() -> Result<Value> {
    circuit::<Tor1Hs, Tor1Hs, _, _, _, _>("tor1-hs", 128, 2)
}

pub fn cgo_128() -> Result<Value> {
    circuit::<
        cgo::CryptStatePair<Aes128Dec, Aes128Enc>,
        cgo::CryptStatePair<Aes128Enc, Aes128Enc>,
        _,
        _,
        _,
        _,
    >("cgo-128", 160, 3)
}

pub fn cgo_256() -> Result<Value> {
    circuit::<
        cgo::CryptStatePair<Aes256Dec, Aes256Enc>,
        cgo::CryptStatePair<Aes256Enc, Aes256Enc>,
        _,
        _,
        _,
        _,
    >("cgo-256", 224, 4)
}

fn circuit<C, R, CF, CB, RF, RB>(algorithm: &str, key_len: usize, seed: u64) -> Result<Value>
where
    C: CryptInit + ClientLayer<CF, CB>,
    R: CryptInit + RelayLayer<RF, RB>,
    CF: OutboundClientLayer + Send + 'static,
    CB: InboundClientLayer + Send + 'static,
    RF: OutboundRelayLayer,
    RB: InboundRelayLayer,
{
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut outbound = OutboundClientCrypt::new();
    let mut inbound = InboundClientCrypt::new();
    let mut relays = Vec::new();
    let mut keys = Vec::new();
    for _ in 0..HOPS {
        let mut seed = vec![0; C::seed_len()];
        rng.fill_bytes(&mut seed);
        ensure!(
            key_len <= seed.len(),
            "{algorithm}: key material of {} bytes",
            seed.len()
        );
        keys.push(hex::encode(&seed[..key_len]));
        // A pair can be split once, so the client has one for each direction.
        outbound.add_layer_from_pair(C::initialize(&seed)?);
        inbound.add_layer_from_pair(C::initialize(&seed)?);
        let (forward, backward, _) = R::initialize(&seed)?.split_relay_layer();
        relays.push((forward, backward));
    }

    let mut cells = Vec::new();
    for number in 0..CELLS {
        let command = any_command(&mut rng);
        let hop = number % HOPS;
        let mut plain = [0; 509];
        rng.fill_bytes(&mut plain);
        if algorithm.starts_with("tor1") {
            // The fields `recognized` and `digest`.
            plain[1..3].fill(0);
            plain[5..9].fill(0);
        }
        let mut cell: RelayCellBody = Box::new(plain).into();
        let forward = rng.random();
        let (tag, wire);
        if forward {
            tag = outbound.encrypt(command, &mut cell, (hop as u8).into())?;
            wire = hex::encode(&cell);
            for (number, (relay, _)) in relays.iter_mut().enumerate().take(hop + 1) {
                let recognised = relay.decrypt_outbound(command, &mut cell).is_some();
                ensure!(
                    recognised == (number == hop),
                    "{algorithm}: the wrong relay"
                );
            }
        } else {
            tag = relays[hop].1.originate(command, &mut cell);
            for (_, relay) in relays[..hop].iter_mut().rev() {
                relay.encrypt_inbound(command, &mut cell);
            }
            wire = hex::encode(&cell);
            let (from, _) = inbound.decrypt(command, &mut cell)?;
            ensure!(usize::from(from) == hop, "{algorithm}: the wrong hop");
        }
        cells.push(json!({
            "forward": forward, "hop": hop, "command": u8::from(command),
            "plain": hex::encode(plain), "wire": wire, "tag": hex::encode(tag),
            "arrived": hex::encode(&cell),
        }));
    }

    // Cells of which no one knows. They come last, in each direction: the ends
    // are out of step after them.
    for forward in [true, false] {
        let command = any_command(&mut rng);
        let mut junk = [0; 509];
        rng.fill_bytes(&mut junk);
        let mut cell: RelayCellBody = Box::new(junk).into();
        if forward {
            for (relay, _) in &mut relays {
                let recognised = relay.decrypt_outbound(command, &mut cell).is_some();
                ensure!(!recognised, "{algorithm}: a relay took a stranger's cell");
            }
        } else {
            let recognised = inbound.decrypt(command, &mut cell).is_ok();
            ensure!(
                !recognised,
                "{algorithm}: the client took a stranger's cell"
            );
        }
        cells.push(json!({
            "forward": forward, "command": u8::from(command),
            "wire": hex::encode(junk), "arrived": hex::encode(&cell),
        }));
    }
    Ok(json!({
        "source": "tor-proto 0.47.0, by tests/vectors/generate",
        "keys": keys,
        "cells": cells,
    }))
}

fn any_command(rng: &mut ChaCha8Rng) -> ChanCmd {
    if rng.random_ratio(1, 4) {
        ChanCmd::RELAY_EARLY
    } else {
        ChanCmd::RELAY
    }
}
