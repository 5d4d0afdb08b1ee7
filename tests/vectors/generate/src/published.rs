//! Vectors that were published with Arti's source, in a form of our own.
//!
//! Those for CGO come from the Python implementation that belongs to proposal
//! 359, those for tor1 from C Tor's `test_relaycrypt.c`, those for the circuit
//! handshakes from the unit tests of each.

use std::fs;
use std::path::Path;

use anyhow::{anyhow, ensure, Context, Result};
use digest::{ExtendableOutput, Update, XofReader};
use serde_json::{json, Value};
use tor_llcrypto::d::Shake256;

/// CGO's parts, and whole cells.
pub fn cgo() -> Result<Value> {
    let (et, prf, uiv) = (read("cgo_et.rs")?, read("cgo_prf.rs")?, read("cgo_uiv.rs")?);
    let (relay, client) = (read("cgo_relay.rs")?, read("cgo_client.rs")?);
    Ok(json!({
        "source": "the reference implementation of proposal 359, as published in tor-proto 0.47.0",
        "et": map(&et[0], |v| json!({
            "encrypt": v[0], "keys": v[1], "tweak": v[2], "block": v[3], "expect": v[4],
        })),
        "prf": map(&prf[0], |v| json!({
            "keys": v[0], "t": v[1], "input": v[2], "expect": v[3],
        })),
        "uiv": map(&uiv[0], |v| json!({
            "encrypt": v[0], "keys": v[1], "tweak": v[2],
            "body": joined(&v[3], &v[4]), "expect": joined(&v[5][0], &v[5][1]),
        })),
        "uiv_update": map(&uiv[1], |v| json!({
            "keys": v[0], "nonce": v[1], "expect_keys": v[2][0], "expect_nonce": v[2][1],
        })),
        "relay": map(&relay[0], |v| json!({
            "inbound": v[0], "state": state(&v[1]), "command": v[2],
            "body": joined(&v[3], &v[4]),
            "expect_state": state(&v[5][0]), "expect": joined(&v[5][1][0], &v[5][1][1]),
        })),
        "relay_originate": map(&relay[1], |v| json!({
            "state": state(&v[0]), "command": v[1], "message": v[2],
            "expect_state": state(&v[3][0]), "expect": joined(&v[3][1][0], &v[3][1][1]),
        })),
        "client_originate": map(&client[0], |v| json!({
            "states": map(&v[0], state), "hop": v[1], "command": v[2], "message": v[3],
            "expect_states": map(&v[4][0], state),
            "expect": joined(&v[4][1][0], &v[4][1][1]),
        })),
    }))
}

/// A client's cells to the third hop.
pub fn tor1() -> Result<Value> {
    // The keys and the seed of C Tor's test, without what is not key material.
    const KEYS: [&[u8]; 3] = [
        b"    'My public key is in this signed x509 object', said Tom assertively.",
        b"'Let's chart the pedal phlanges in the tomb', said Tom cryptographically",
        b"     'Segmentation fault bugs don't _just happen_', said Tom seethingly.",
    ];
    const SEED: &[u8] = b"'You mean to tell me that there's a version of Sha-3 with no limit on \
                          the output length?', said Tom shakily.";
    let published = read("cell_crypt.rs")?;
    let mut shake = Shake256::default();
    shake.update(SEED);
    let mut stream = shake.finalize_xof();
    let mut bodies = Vec::new();
    for _ in 0..51 {
        // DATA on stream 1, 498 bytes.
        let mut body = [0_u8; 509];
        body[..11].copy_from_slice(&[2, 0, 0, 0, 1, 0, 0, 0, 0, 1, 242]);
        stream.read(&mut body[11..]);
        bodies.push(hex::encode(body));
    }
    Ok(json!({
        "source": "C Tor's test_relaycrypt.c, as published in tor-proto 0.47.0",
        "keys": KEYS.map(hex::encode),
        "bodies": bodies,
        "expect": map(&published[0], |v| json!({
            "cell": v[0],
            "wire": v[1].as_str().unwrap_or_default().to_lowercase(),
        })),
    }))
}

/// One of each circuit handshake, in the form of those in onion.rs.
pub fn onion() -> Result<Value> {
    const FAST: &str = "C Tor, as published in tor-proto 0.47.0, fast.rs";
    const NTOR: &str = "tor-proto 0.47.0, ntor.rs";
    const NTOR_V3: &str = "the reference implementation of proposal 332, \
                           as published in tor-proto 0.47.0, ntor_v3.rs";
    const HS_NTOR: &str = "rend-spec, appendix G.1, as published in tor-proto 0.47.0, hs_ntor.rs";
    // Those of appendix G.1 that are not in tor-proto.
    const ENC_KEY: &str = "9b8917ba3d05f3130dacce5300c3dc27f6d012912f1c733036f822d0ed238706";
    const MAC_KEY: &str = "fc4058da59d4df61e7b40985d122f502fd59336bc21c30caf5e7f0d4a2c38fd5";

    let fast: Vec<Value> = literals("fast.rs", "testvec")?
        .chunks_exact(3)
        .map(|v| {
            json!({
                "client_random": hex::encode(&v[0]), "relay_random": hex::encode(&v[1][..20]),
                "onionskin": hex::encode(&v[0]), "reply": hex::encode(&v[1]),
                "keys": hex::encode(&v[2]),
            })
        })
        .collect();

    let ntor = literals("ntor.rs", "testvec")?;
    let [b, _, x, _, y, _, id, onionskin, reply, keys] = named(&ntor)?;
    let ntor = json!({
        "id": id, "onion_key": b, "client_random": x, "relay_random": y,
        "onionskin": onionskin, "reply": reply, "keys": keys,
    });

    let v3 = literals("ntor_v3.rs", "test_ntor3_testvec")?;
    let [b, id, x, y, client_message, verification, relay_message, onionskin, reply, keys] =
        named(&v3)?;
    let v3 = json!({
        "id": id, "onion_key": b, "client_random": x, "relay_random": y,
        "verification": verification,
        "client_message": client_message, "relay_message": relay_message,
        "onionskin": onionskin, "reply": reply, "keys": keys,
    });

    let hs = literals("hs_ntor.rs", "testvec")?;
    let [auth_key, subcredential, _, b, x, y, header, plaintext, introduce, rendezvous, key_seed] =
        named(&hs)?;
    let introduce = introduce
        .strip_prefix(&header)
        .context("the message does not begin with its header")?;
    let hs = json!({
        "auth_key": auth_key, "onion_key": b, "client_random": x, "service_random": y,
        "subcredentials": [subcredential], "used": 0,
        "header": header, "plaintext": plaintext, "introduce": introduce,
        "enc_key": ENC_KEY, "mac_key": MAC_KEY,
        "rendezvous": rendezvous, "key_seed": key_seed,
    });

    Ok(json!({
        "fast": { "source": FAST, "exchanges": fast },
        "ntor": { "source": NTOR, "exchanges": [ntor] },
        "ntor_v3": { "source": NTOR_V3, "exchanges": [v3] },
        "hs_ntor": { "source": HS_NTOR, "exchanges": [hs] },
    }))
}

/// In hexadecimal, if there are as many as there are names for.
fn named<const N: usize>(literals: &[Vec<u8>]) -> Result<[String; N]> {
    let literals: Vec<String> = literals.iter().map(hex::encode).collect();
    let len = literals.len();
    literals
        .try_into()
        .map_err(|_| anyhow!("{len} byte strings instead of {N}"))
}

/// `R = (K, N, T')`.
fn state(v: &Value) -> Value {
    json!({ "keys": v[0], "nonce": v[1], "tprime": v[2] })
}

fn joined(left: &Value, right: &Value) -> String {
    [left, right]
        .map(|v| v.as_str().unwrap_or_default())
        .concat()
}

fn map(list: &Value, f: impl Fn(&Value) -> Value) -> Vec<Value> {
    list.as_array().into_iter().flatten().map(f).collect()
}

/// The lists in a file of Arti's test data, each a list of tuples.
///
/// They are written as Rust literals that differ from JSON only in their
/// brackets, comments and trailing commas.
fn read(name: &str) -> Result<Vec<Value>> {
    let text = tor_proto(&format!("testdata/{name}"))?;
    let mut json = String::new();
    for line in text.lines().map(str::trim) {
        if line.starts_with("//") || line.starts_with('#') {
            continue;
        }
        let line = match line.strip_prefix("const ") {
            Some(line) => line.split_once("= &").context("a constant has no list")?.1,
            None => line,
        };
        json.push_str(line);
    }
    let json = json
        .replace('(', "[")
        .replace(')', "]")
        .replace("True", "true")
        .replace("False", "false")
        .replace(' ', "")
        .replace(",]", "]");
    let lists = json
        .split(';')
        .map(str::trim)
        .filter(|list| !list.is_empty())
        .map(|list| serde_json::from_str(list).with_context(|| format!("cannot read {name}")))
        .collect::<Result<Vec<Value>>>()?;
    ensure!(!lists.is_empty(), "{name} has no vectors");
    Ok(lists)
}

/// The byte strings in the function of a file of Arti's source that tests with
/// published ones, in their order.
fn literals(name: &str, function: &str) -> Result<Vec<Vec<u8>>> {
    let text = tor_proto(&format!("src/crypto/handshake/{name}"))?;
    let start = text
        .find(&format!("    fn {function}()"))
        .with_context(|| format!("{name} has no {function}"))?;
    let (test, _) = text[start..]
        .split_once("\n    }\n")
        .with_context(|| format!("{function} has no end"))?;
    test.split("hex!(")
        .skip(1)
        .map(|literal| {
            let (_, rest) = literal.split_once('"').context("no string")?;
            let (digits, _) = rest.split_once('"').context("a string has no end")?;
            let digits: String = digits.split_whitespace().collect();
            Ok(hex::decode(digits)?)
        })
        .collect()
}

/// A file of the package that build.rs found.
fn tor_proto(name: &str) -> Result<String> {
    fs::read_to_string(Path::new(env!("TOR_PROTO")).join(name))
        .with_context(|| format!("tor-proto has no {name}"))
}
