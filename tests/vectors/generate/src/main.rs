//! Makes the vectors in `tests/vectors/data`, with Arti's relay crypto and its
//! circuit handshakes.
//!
//! Serves the tests of crate `vectors`. Run by hand, once for each new version
//! of Arti; see data/README.md. The output depends only on the versions in
//! Cargo.lock.

mod arti;
mod handshakes;
mod onion;
mod published;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

fn main() -> Result<()> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data");
    for (name, vectors) in [
        ("published-cgo", published::cgo()?),
        ("published-tor1", published::tor1()?),
        ("arti-tor1", arti::tor1()?),
        ("arti-tor1-hs", arti::tor1_hs()?),
        ("arti-cgo-128", arti::cgo_128()?),
        ("arti-cgo-256", arti::cgo_256()?),
        ("published-onion", published::onion()?),
        ("arti-onion", onion::vectors()?),
    ] {
        write(&data.join(name).with_extension("json"), &vectors)?;
    }
    Ok(())
}

fn write(path: &Path, vectors: &Value) -> Result<()> {
    let text = serde_json::to_string_pretty(vectors)? + "\n";
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}
