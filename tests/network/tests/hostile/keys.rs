//! What a client knows of a relay, here from its folder.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use network::Network;
use peer::{Relay, RelayKeys};

/// A relay as a peer can attack it.
pub fn relay(network: &Network, node: &str) -> Result<Relay> {
    let folder = network.folder().join(node);
    let fingerprint = fs::read_to_string(folder.join("fingerprint"))?;
    let rsa_id = fingerprint.split_whitespace().nth(1);
    let rsa_id = rsa_id.and_then(|id| <[u8; 20]>::try_from(hex::decode(id).ok()?).ok());
    let keys = folder.join("keys");
    Ok(Relay {
        or_port: network.or_port(node)?,
        keys: Some(RelayKeys {
            rsa_id: rsa_id.with_context(|| format!("{node} has no fingerprint"))?,
            ed25519_id: public_key(&keys.join("ed25519_master_id_public_key"))?,
            onion_key: public_key(&keys.join("secret_onion_key_ntor"))?,
        }),
    })
}

/// The public key in a key file, where it is the last.
fn public_key(file: &Path) -> Result<[u8; 32]> {
    let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let key = bytes.last_chunk().copied();
    key.with_context(|| format!("{} holds no key", file.display()))
}
