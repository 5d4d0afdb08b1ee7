//! A tor that meets a peer of ours, and what comes of it.

use std::thread;

use anyhow::{Context, Result};
use network::{Control, Network};
use peer::{play, Ending, Identity, Relay, Responder, Script, Transcript};

use crate::case::{Case, Wanted};
use crate::keys;
use crate::log::Log;
use crate::pairs::joined;

/// A relay or a client.
pub struct Tor {
    name: String,
    /// `None` for a client.
    relay: Option<Relay>,
    control: Control,
    log: Log,
}

/// What was seen from outside, and what the tor said.
pub struct Outcome {
    transcript: Transcript,
    /// What came back on the circuit that made the tor open a link.
    circuit: Vec<String>,
    said: Vec<String>,
}

impl Tor {
    pub fn relay(network: &Network, name: &str) -> Result<Tor> {
        Tor::new(network, name, Some(keys::relay(network, name)?))
    }

    pub fn client(network: &Network, name: &str) -> Result<Tor> {
        Tor::new(network, name, None)
    }

    fn new(network: &Network, name: &str, relay: Option<Relay>) -> Result<Tor> {
        Ok(Tor {
            name: name.to_owned(),
            relay,
            control: network.control(name)?,
            log: Log::from_now_on(network, name)?,
        })
    }

    /// By which build it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// As a relay: a peer connects to it that says it is a relay.
    pub fn meet_initiator(&mut self, case: &Case, identity: &Identity) -> Result<Outcome> {
        let relay = self.as_relay()?;
        let script = case.script(identity)?;
        let transcript = play(&relay, &script).with_context(|| self.meeting(case))?;
        Ok(Outcome {
            transcript,
            circuit: Vec::new(),
            said: self.said(&[identity])?,
        })
    }

    /// It is made to connect to a peer: a relay by a circuit that is extended, a
    /// client by a bridge that it is to use.
    pub fn meet_responder(&mut self, case: &Case, identity: &Identity) -> Result<Outcome> {
        let responder = Responder::listen(identity)?;
        let (transcript, circuit) = match self.relay {
            Some(relay) => extend_to(&relay, &responder, case, identity, 1),
            None => {
                let bridge = bridge(&responder, case, identity)?;
                self.use_bridges(&[bridge])?;
                let answered = responder.answer(&case.script(identity)?);
                answered.map(|transcript| (transcript, Vec::new()))
            }
        }
        .with_context(|| self.meeting(case))?;
        Ok(Outcome {
            transcript,
            circuit,
            said: self.said(&[identity])?,
        })
    }

    /// As a relay.
    pub fn as_relay(&self) -> Result<Relay> {
        self.relay
            .with_context(|| format!("{} is no relay", self.name))
    }

    /// As a client: from now on it has these bridges, and no others.
    pub fn use_bridges(&mut self, bridges: &[String]) -> Result<()> {
        let mut options = vec![("UseBridges", "1")];
        options.extend(bridges.iter().map(|bridge| ("Bridge", bridge.as_str())));
        self.control.set_conf(&options)
    }

    fn meeting(&self, case: &Case) -> String {
        format!("{} and \"{}\"", self.name, case.name)
    }

    /// What it has said since it was asked last. These identities were ours.
    pub fn said(&mut self, identities: &[&Identity]) -> Result<Vec<String>> {
        // Asked twice: in between it has gone through its main loop and seen the end
        // of the connection.
        for _ in 0..2 {
            self.control.get_info("version")?;
        }
        let mut names = self.own_names()?;
        for identity in identities {
            let rsa_id = hex::encode_upper(identity.rsa_id()?);
            names.push((rsa_id, "<our RSA id>"));
            names.push((base64(&identity.ed25519_id()?), "<our Ed25519 id>"));
        }
        let said = self.log.news(&names)?;
        Ok(said.iter().map(|line| without_ids(line)).collect())
    }

    fn own_names(&self) -> Result<Vec<(String, &'static str)>> {
        let Some(keys) = self.relay.and_then(|relay| relay.keys) else {
            return Ok(Vec::new());
        };
        Ok(vec![
            (hex::encode_upper(keys.rsa_id), "<its own RSA id>"),
            (base64(&keys.ed25519_id), "<its own Ed25519 id>"),
        ])
    }
}

/// An RSA identity and an Ed25519 identity.
type Ids = (Option<[u8; 20]>, Option<[u8; 32]>);

/// The identities that a tor wants in this case.
fn wanted(case: &Case, identity: &Identity) -> Result<Ids> {
    let (rsa_id, ed25519_id) = (identity.rsa_id()?, identity.ed25519_id()?);
    Ok(match case.wanted {
        Wanted::Ours => (Some(rsa_id), Some(ed25519_id)),
        Wanted::OurRsa => (Some(rsa_id), None),
        Wanted::AnotherEd25519 => (Some(rsa_id), Some(Identity::new()?.ed25519_id()?)),
        Wanted::AnotherRsa => (Some(Identity::new()?.rsa_id()?), Some(ed25519_id)),
        Wanted::Any => (None, Some(ed25519_id)),
    })
}

/// Plays the responder's script with a relay that is asked to extend a circuit to it.
/// Returns also what came back on that circuit, at least so many cells.
pub fn extend_to(
    relay: &Relay,
    responder: &Responder,
    case: &Case,
    identity: &Identity,
    cells: usize,
) -> Result<(Transcript, Vec<String>)> {
    let (rsa_id, ed25519_id) = wanted(case, identity)?;
    let rsa_id = match rsa_id {
        Some(id) => id,
        None => identity.rsa_id()?,
    };
    let address = responder.address()?;
    // The first circuit may be closed as idle before it is used, since the relay has not
    // yet noticed that it sent something over this link.
    let asks = Script::open(format!("asks for {}", case.name), 5)
        .create_fast(FIRST_CIRCUIT)
        .wait_for_created(FIRST_CIRCUIT)
        .circuit(CIRCUIT, |circuit| {
            let extended = circuit.extend_to(address, &rsa_id, ed25519_id.as_ref());
            extended.wait(cells)
        })
        .probe();
    let script = case.script(identity)?;
    let (transcript, asked) = thread::scope(|scope| {
        let asker = scope.spawn(|| play(relay, &asks));
        let transcript = responder.answer(&script);
        (transcript, joined(asker))
    });
    Ok((transcript?, asked?.lines()))
}

/// The line of a torrc by which the responder is a bridge.
pub fn bridge(responder: &Responder, case: &Case, identity: &Identity) -> Result<String> {
    let mut bridge = responder.address()?.to_string();
    if let (Some(id), _) = wanted(case, identity)? {
        bridge += &format!(" {}", hex::encode_upper(id));
    }
    Ok(bridge)
}

impl Outcome {
    pub fn closed(&self) -> bool {
        self.transcript.ending == Ending::Closed
    }

    /// In one line.
    pub fn summary(&self) -> String {
        let last = self.said.last().map_or("", String::as_str);
        format!("{}; {}; {last}", self.transcript, self.circuit.join("; "))
    }

    /// What differs, side by side, and what the script waited for in vain.
    pub fn compared(&self, other: &Outcome, name: &str) -> Vec<String> {
        let mut differences = Vec::new();
        let lists = [
            ("", self.transcript.lines(), other.transcript.lines()),
            ("circuit of ", self.circuit.clone(), other.circuit.clone()),
            ("said of ", self.said.clone(), other.said.clone()),
        ];
        for (what, ours, others) in lists {
            if ours != others {
                differences.push(side_by_side(&format!("{what}{name}"), &ours, &others));
            }
        }
        for outcome in [self, other] {
            if outcome.transcript.waited_in_vain() {
                differences.push(format!("{name}: {}", outcome.transcript));
            }
        }
        differences
    }

    /// What is not there that has to be.
    pub fn lacks(&self, name: &str, lines: &[&str], said: &[&str]) -> Vec<String> {
        let seen = self.transcript.lines();
        let missing = |all: &[String], parts: &[&str]| -> Vec<String> {
            let there = |part: &str| all.iter().any(|line| line.contains(part));
            let missing = parts.iter().filter(|part| !there(part));
            missing
                .map(|part| format!("{name}: no \"{part}\" in:\n    {}", all.join("\n    ")))
                .collect()
        };
        let mut lacks = missing(&seen, lines);
        lacks.extend(missing(&self.said, said));
        lacks
    }
}

pub fn side_by_side(name: &str, c: &[String], rust: &[String]) -> String {
    let mut text = format!("{name}:");
    for at in 0..c.len().max(rust.len()) {
        match (c.get(at), rust.get(at)) {
            (Some(c), Some(rust)) if c == rust => text += &format!("\n      {c}"),
            (c, rust) => {
                let missing = String::new();
                text += &format!("\n    C {}", c.unwrap_or(&missing));
                text += &format!("\n    R {}", rust.unwrap_or(&missing));
            }
        }
    }
    text
}

/// Ids that nobody has a name for, which are somebody else's.
fn without_ids(line: &str) -> String {
    let id = |word: &str| match word.len() {
        RSA_ID_LEN => {
            word.bytes().all(|b| b.is_ascii_hexdigit()) && word.bytes().any(|b| b != b'0')
        }
        ED25519_ID_LEN => true,
        _ => false,
    };
    let in_id = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/');
    let mut text = String::new();
    let mut rest = line;
    while !rest.is_empty() {
        let end = rest.find(|c| !in_id(c)).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(end);
        text += if id(word) { "<another id>" } else { word };
        let next = behind.find(in_id).unwrap_or(behind.len());
        text += &behind[..next];
        rest = &behind[next..];
    }
    text
}

/// As tor writes an Ed25519 key.
fn base64(key: &[u8; 32]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in key.chunks(3) {
        let bits = three
            .iter()
            .fold(0, |bits, byte| bits << 8 | usize::from(*byte));
        let bits = bits << (8 * (3 - three.len()));
        for digit in 0..=three.len() {
            text.push(char::from(DIGITS[bits >> (18 - 6 * digit) & 63]));
        }
    }
    text
}

/// The circuit on which a relay is asked to extend, and the one before.
const CIRCUIT: u32 = 0x8000_0001;
const FIRST_CIRCUIT: u32 = 0x8000_0002;
/// Characters of an id: hexadecimal, and in base 64.
const RSA_ID_LEN: usize = 40;
const ED25519_ID_LEN: usize = 43;

#[test]
fn ids_are_replaced_whoever_they_belong_to() {
    let line = format!(
        "ID={} RSA_ID={}, {}",
        "a+/".repeat(14) + "a",
        "A1".repeat(20),
        "0".repeat(40)
    );
    let expected = format!("ID=<another id> RSA_ID=<another id>, {}", "0".repeat(40));
    assert_eq!(without_ids(&line), expected);
    assert_eq!(base64(&[0xff; 32]).len(), ED25519_ID_LEN);
    assert!(base64(&[0; 32]).starts_with("AAAA"));
}
