//! Cells through circuits of several hops.
//!
//! An input is a [`Script`]: the hops of a circuit, and cells that are sent
//! over it in both directions, some of them lost, repeated or changed under
//! way. A side plays the whole script, as client and as relays; after each
//! operation cell, return value and tag are noted.
//!
//! The bytes of a script, each choice one byte unless said otherwise:
//! hops, honest or hostile, algorithm and end of each hop, key seed (8 bytes);
//! then cells until the bytes end: hop and direction, command, contents (see
//! [`Contents`]), signed or not, trouble (see [`Trouble`]).

use std::fmt;

use arbitrary::{Result, Unstructured};
use ctor::relaycrypt::{cell_t, CELL_PAYLOAD_SIZE};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::hop::{AesBits, Algorithm, End, Hop, Operation, Outcome, Tag};
use super::implementation::{self, Implementation};
use crate::corpus;
use crate::laboratory::{About, Comparison, Side};
use crate::observed::Observed;

/// The channel commands that carry relay cells (tor-spec).
const RELAY: u8 = 3;
const RELAY_EARLY: u8 = 9;

/// Where tor-spec puts a relay cell's `recognized` and `digest` fields (tor1).
const RECOGNISED: std::ops::Range<usize> = 1..3;
const DIGEST: std::ops::Range<usize> = 5..9;

/// More cells on one circuit find nothing new.
const MOST_CELLS: usize = 64;

/// Which algorithms the hops of a circuit use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mix {
    /// The same one on each hop.
    All(Algorithm),
    /// CGO, with any length of AES keys.
    Cgo,
    /// tor1 relays, and an onion service as the last, virtual hop.
    OnionService,
    /// Any, hop by hop.
    Any,
}

/// The comparison of circuits with one mix of algorithms.
pub struct Circuits {
    mix: Mix,
    about: About,
}

impl Circuits {
    /// tor1 on each hop.
    pub const TOR1: Self = Self {
        mix: Mix::All(Algorithm::Tor1),
        about: About {
            name: "tor1",
            component: "relaycrypt",
            cases: 5_000,
            longest: 2_048,
            reaches: &[
                ("sent", 70_000),
                ("recognised", 25_000),
                ("not recognised", 5_000),
                ("integrity bytes restored", 1_500),
            ],
            faults: &["wrong-integrity"],
        },
    };

    /// The onion services' algorithm on each hop.
    pub const TOR1_HS: Self = Self {
        mix: Mix::All(Algorithm::Tor1Hs),
        about: About {
            name: "tor1-hs",
            cases: 2_500,
            reaches: &[
                ("sent", 35_000),
                ("recognised", 12_000),
                ("not recognised", 2_500),
                ("integrity bytes restored", 750),
            ],
            ..Self::TOR1.about
        },
    };

    /// What a client and an onion service have between them.
    pub const ONION_SERVICE: Self = Self {
        mix: Mix::OnionService,
        about: About {
            name: "onion-service",
            ..Self::TOR1_HS.about
        },
    };

    /// Counter Galois Onion on each hop.
    pub const CGO: Self = Self {
        mix: Mix::Cgo,
        about: About {
            name: "cgo",
            cases: 6_000,
            reaches: &[
                ("sent", 84_000),
                ("recognised", 30_000),
                ("not recognised", 6_000),
            ],
            faults: &["wrong-tag"],
            ..Self::TOR1.about
        },
    };

    /// Any algorithm on any hop.
    pub const ANY: Self = Self {
        mix: Mix::Any,
        about: About {
            name: "circuit",
            cases: 4_000,
            reaches: &[
                ("sent", 56_000),
                ("recognised", 20_000),
                ("not recognised", 4_000),
                ("integrity bytes restored", 250),
            ],
            faults: &["wrong-integrity", "wrong-tag"],
            ..Self::TOR1.about
        },
    };
}

/// One circuit and what is sent over it.
pub struct Script {
    hops: Vec<(Algorithm, End)>,
    keys: u64,
    /// Whether cells get lost, repeated and changed under way.
    hostile: bool,
    cells: Vec<Sent>,
}

/// One cell to send.
#[derive(Debug)]
struct Sent {
    /// The hop that it is for or from.
    hop: usize,
    /// Away from the client.
    forward: bool,
    /// Whether the sender signs it, so that it has to be recognised.
    signed: bool,
    command: u8,
    contents: Contents,
    trouble: Trouble,
}

/// What is in a cell, before anything is signed.
enum Contents {
    /// The same byte everywhere.
    Filled(u8),
    /// Half of it that byte, and then zero.
    HalfFilled(u8),
    /// From a generator with this seed.
    Random(u16),
    /// These bytes, and then zero.
    Given(Vec<u8>),
}

/// What happens to a cell, besides arriving.
#[derive(Debug, PartialEq, Eq)]
enum Trouble {
    None,
    /// The states are moved in memory first, as C does with a struct.
    Relocation,
    /// The sender hashes a digest field that is not zero.
    DirtyDigest(u8),
    /// `cgo_crypt_relay_originate` gets no place for the tag.
    NoTag,
    /// It gets lost after this many hops.
    Lost(usize),
    /// It arrives twice.
    Repeated,
    /// After this many hops another cell takes its place.
    Replaced(usize),
    /// After this many hops RELAY becomes RELAY_EARLY, or the reverse.
    Command(usize),
    /// After this many hops a bit is inverted: byte and bit.
    Bit(usize, usize, u8),
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Script { hops, keys, .. } = self;
        write!(f, "hops {hops:?}, key seed {keys}")?;
        for (number, cell) in self.cells.iter().enumerate() {
            write!(f, "\n  cell {number}: {cell:?}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Contents::Filled(byte) => write!(f, "Filled({byte})"),
            Contents::HalfFilled(byte) => write!(f, "HalfFilled({byte})"),
            Contents::Random(seed) => write!(f, "Random({seed})"),
            Contents::Given(bytes) => write!(f, "Given({} bytes)", bytes.len()),
        }
    }
}

impl Script {
    fn read(mix: Mix, bytes: &mut Unstructured<'_>) -> Result<Self> {
        let hops = 1 + usize::from(byte(bytes)? % 4);
        let hostile = byte(bytes)? % 2 == 1;
        let hops = (1..=hops)
            .map(|number| {
                let choice = byte(bytes)?;
                Ok(hop(mix, choice, number == hops))
            })
            .collect::<Result<Vec<_>>>()?;
        let mut script = Script {
            hops,
            keys: bytes.arbitrary()?,
            hostile,
            cells: Vec::new(),
        };
        while !bytes.is_empty() && script.cells.len() < MOST_CELLS {
            // The last cell may be cut off.
            let Ok(cell) = script.read_cell(bytes) else {
                break;
            };
            script.cells.push(cell);
        }
        Ok(script)
    }

    fn read_cell(&self, bytes: &mut Unstructured<'_>) -> Result<Sent> {
        let place = byte(bytes)?;
        let hop = usize::from(place >> 1) % self.hops.len();
        let command = match byte(bytes)? {
            0 => byte(bytes)?,
            1..64 => RELAY_EARLY,
            _ => RELAY,
        };
        let contents = match byte(bytes)? % 16 {
            0 => Contents::Filled(byte(bytes)?),
            1 => Contents::HalfFilled(byte(bytes)?),
            2..4 => {
                let len: u16 = bytes.arbitrary()?;
                let len = usize::from(len) % (CELL_PAYLOAD_SIZE + 1);
                Contents::Given(bytes.bytes(len.min(bytes.len()))?.to_owned())
            }
            _ => Contents::Random(bytes.arbitrary()?),
        };
        // A cell that nobody signed goes on to the last hop. If it did not start
        // there, the states beyond its start are out of step from then on.
        let may_go_unsigned = self.hostile || hop + 1 == self.hops.len();
        let signed = byte(bytes)? % 4 != 0 || !may_go_unsigned;
        Ok(Sent {
            hop,
            forward: place % 2 == 1,
            signed,
            command,
            contents,
            trouble: self.read_trouble(bytes)?,
        })
    }

    fn read_trouble(&self, bytes: &mut Unstructured<'_>) -> Result<Trouble> {
        let choice = byte(bytes)?;
        if choice >= 96 {
            return Ok(Trouble::None);
        }
        if choice < 8 || !self.hostile {
            return Ok(Trouble::Relocation);
        }
        let after = usize::from(byte(bytes)?) % self.hops.len();
        Ok(match choice {
            8..12 => Trouble::DirtyDigest(byte(bytes)? | 1),
            12..16 => Trouble::NoTag,
            16..24 => Trouble::Lost(after),
            24..32 => Trouble::Repeated,
            32..40 => Trouble::Replaced(after),
            40..48 => Trouble::Command(after),
            _ => {
                let at: u16 = bytes.arbitrary()?;
                let at = usize::from(at);
                let at = match choice {
                    // tor1 can be changed bit by bit, so what arrives looks
                    // recognised and is almost right.
                    48..76 => DIGEST.start + at % DIGEST.len(),
                    76..86 => RECOGNISED.start + at % RECOGNISED.len(),
                    _ => at % CELL_PAYLOAD_SIZE,
                };
                Trouble::Bit(after, at, byte(bytes)? % 8)
            }
        })
    }
}

fn byte(bytes: &mut Unstructured<'_>) -> Result<u8> {
    Ok(bytes.bytes(1)?[0])
}

fn hop(mix: Mix, choice: u8, last: bool) -> (Algorithm, End) {
    let cgo = |choice| {
        Algorithm::Cgo(match choice % 8 {
            0 | 1 => AesBits::B192,
            2 | 3 => AesBits::B256,
            _ => AesBits::B128,
        })
    };
    let algorithm = match mix {
        Mix::All(algorithm) => algorithm,
        Mix::Cgo => cgo(choice >> 2),
        Mix::OnionService if last => Algorithm::Tor1Hs,
        Mix::OnionService => Algorithm::Tor1,
        Mix::Any => match choice >> 2 & 3 {
            0 | 1 => Algorithm::Tor1,
            2 => Algorithm::Tor1Hs,
            _ => cgo(choice >> 4),
        },
    };
    let end = match (mix, algorithm) {
        (_, Algorithm::Cgo(_)) => End::Relay,
        (Mix::OnionService, _) if last => End::Service,
        (Mix::OnionService, _) => End::Relay,
        // No circuit of today reverses an ordinary hop, but C's functions
        // allow it.
        _ if choice.is_multiple_of(4) => End::Service,
        _ => End::Relay,
    };
    (algorithm, end)
}

impl Contents {
    fn payload(&self) -> [u8; CELL_PAYLOAD_SIZE] {
        let mut payload = [0; CELL_PAYLOAD_SIZE];
        match self {
            Contents::Filled(byte) => payload.fill(*byte),
            Contents::HalfFilled(byte) => payload[..CELL_PAYLOAD_SIZE / 2].fill(*byte),
            Contents::Random(seed) => {
                ChaCha8Rng::seed_from_u64(u64::from(*seed)).fill_bytes(&mut payload);
            }
            Contents::Given(bytes) => payload[..bytes.len()].copy_from_slice(bytes),
        }
        payload
    }
}

impl Comparison for Circuits {
    type Input = Script;

    fn about(&self) -> &'static About {
        // The constants above are all that there is; this finds its own.
        match self.mix {
            Mix::All(Algorithm::Tor1Hs) => const { &Circuits::TOR1_HS.about },
            Mix::All(_) => const { &Circuits::TOR1.about },
            Mix::OnionService => const { &Circuits::ONION_SERVICE.about },
            Mix::Cgo => const { &Circuits::CGO.about },
            Mix::Any => const { &Circuits::ANY.about },
        }
    }

    fn input(&self, bytes: &mut Unstructured<'_>) -> Result<Script> {
        Script::read(self.mix, bytes)
    }

    fn observe(&self, side: Side, script: &Script, seen: &mut Observed) {
        let mut circuit = Circuit::new(implementation::of(side), script);
        for cell in &script.cells {
            seen.reach("sent");
            if cell.forward {
                circuit.send_forward(cell, seen);
            } else {
                circuit.send_backward(cell, seen);
            }
        }
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        let circuit = |hops: u8, choice: u8| {
            let mut bytes = vec![hops - 1, 0];
            bytes.extend(std::iter::repeat_n(choice, hops.into()));
            bytes.extend(7_u64.to_le_bytes());
            bytes
        };
        let cell = |hop: u8, forward: bool, contents: &[u8]| {
            let mut bytes = vec![hop << 1 | u8::from(forward), 255];
            bytes.extend(contents);
            bytes.extend([1, 255]);
            bytes
        };
        // All of a cell, nearly empty, and the generator's.
        let contents: [&[u8]; 3] = [&[0, 255], &[2, 7, 0, 2, 0, 0, 0, 1, 0, 0], &[4, 1, 0]];
        // Version 0 of the relay cell format goes with tor1, 1 with CGO.
        let version = match self.mix {
            Mix::Cgo => "v1",
            _ => "v0",
        };
        let mut seeds: Vec<_> = corpus::recorded_relay_cells(version)
            .iter()
            .map(|body| {
                let mut bytes = circuit(3, 13);
                let mut contents = vec![2];
                contents.extend((CELL_PAYLOAD_SIZE as u16).to_le_bytes());
                contents.extend(body);
                bytes.extend(cell(2, true, &contents));
                bytes.extend(cell(2, false, &contents));
                bytes
            })
            .collect();
        for (hops, choice) in [(1, 1), (3, 5), (3, 13), (4, 61), (4, 29)] {
            let mut bytes = circuit(hops, choice);
            for hop in (0..hops).rev() {
                for contents in contents {
                    bytes.extend(cell(hop, true, contents));
                    bytes.extend(cell(hop, false, contents));
                }
            }
            seeds.push(bytes);
        }
        seeds
    }
}

/// One hop: the client's state and that of the relay or service.
struct Link {
    algorithm: Algorithm,
    client: Hop<'static>,
    far: Hop<'static>,
    /// What the far end does to receive, to pass on backward, to originate.
    receive: Operation,
    pass: Operation,
    originate: Operation,
}

/// One side's states of a whole circuit.
struct Circuit {
    links: Vec<Link>,
    hostile: bool,
}

/// A cell under way, and what the sender knows about it.
struct UnderWay {
    cell: cell_t,
    plain: [u8; CELL_PAYLOAD_SIZE],
    tag: Tag,
}

/// Which of a link's states.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Client,
    Far,
}

impl Circuit {
    fn new(side: &'static Implementation, script: &Script) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(script.keys);
        let links = script
            .hops
            .iter()
            .map(|&(algorithm, end)| {
                let mut keys = vec![0; algorithm.key_material_len(side)];
                rng.fill_bytes(&mut keys);
                let (receive, pass, originate) = match end {
                    End::Service => (
                        Operation::ClientBackward,
                        Operation::ClientForward,
                        Operation::ClientOriginate,
                    ),
                    _ => (
                        Operation::RelayForward,
                        Operation::RelayBackward,
                        Operation::RelayOriginate,
                    ),
                };
                Link {
                    algorithm,
                    client: Hop::new(side, algorithm, End::Client, &keys),
                    far: Hop::new(side, algorithm, end, &keys),
                    receive,
                    pass,
                    originate,
                }
            })
            .collect();
        Circuit {
            links,
            hostile: script.hostile,
        }
    }

    /// From the client to a hop.
    fn send_forward(&mut self, sent: &Sent, seen: &mut Observed) {
        let mut way = self.prepare(sent);
        let first = match sent.signed {
            true => Operation::ClientOriginate,
            false => Operation::ClientForward,
        };
        way.tag = self
            .apply(sent, sent.hop, At::Client, first, &mut way.cell, seen)
            .tag;
        for nearer in (0..sent.hop).rev() {
            self.apply(
                sent,
                nearer,
                At::Client,
                Operation::ClientForward,
                &mut way.cell,
                seen,
            );
        }
        for _ in 0..copies(sent) {
            let mut cell = way.cell;
            let mut recognised_at = None;
            for number in 0..self.links.len() {
                if disturb(sent, number, &mut cell) {
                    return;
                }
                let receive = self.links[number].receive;
                let outcome = self.apply(sent, number, At::Far, receive, &mut cell, seen);
                if outcome.recognised {
                    recognised_at = Some((number, outcome.tag));
                    break;
                }
            }
            self.judge(sent, &way, &cell, recognised_at, seen);
        }
    }

    /// From a hop to the client.
    fn send_backward(&mut self, sent: &Sent, seen: &mut Observed) {
        let mut way = self.prepare(sent);
        let link = &self.links[sent.hop];
        let first = match sent.signed {
            true => link.originate,
            false => link.pass,
        };
        way.tag = self
            .apply(sent, sent.hop, At::Far, first, &mut way.cell, seen)
            .tag;
        for _ in 0..copies(sent) {
            let mut cell = way.cell;
            for (passed, number) in (0..sent.hop).rev().enumerate() {
                if disturb(sent, passed, &mut cell) {
                    return;
                }
                let pass = self.links[number].pass;
                self.apply(sent, number, At::Far, pass, &mut cell, seen);
            }
            if disturb(sent, sent.hop, &mut cell) {
                return;
            }
            let mut recognised_at = None;
            for number in 0..self.links.len() {
                let backward = Operation::ClientBackward;
                let outcome = self.apply(sent, number, At::Client, backward, &mut cell, seen);
                if outcome.recognised {
                    recognised_at = Some((number, outcome.tag));
                    break;
                }
            }
            self.judge(sent, &way, &cell, recognised_at, seen);
        }
    }

    /// The cell as its sender would make it, or nearly so.
    fn prepare(&self, sent: &Sent) -> UnderWay {
        let mut payload = sent.contents.payload();
        if self.is_tor1(sent.hop) {
            payload[RECOGNISED].fill(0);
            // A signer hashes the digest field as it finds it: if it is not
            // zero the cell looks recognised and its digest is wrong.
            if let Trouble::DirtyDigest(byte) = sent.trouble {
                payload[DIGEST].fill(byte);
            } else if sent.signed {
                payload[DIGEST].fill(0);
            }
        }
        UnderWay {
            cell: cell_t {
                circ_id: 0x8000_0001,
                command: sent.command,
                payload,
            },
            plain: payload,
            tag: Tag::None,
        }
    }

    fn is_tor1(&self, hop: usize) -> bool {
        !matches!(self.links[hop].algorithm, Algorithm::Cgo(_))
    }

    /// Applies `operation` to the state of one end of hop `number`, and notes
    /// all that comes out.
    fn apply(
        &mut self,
        sent: &Sent,
        number: usize,
        at: At,
        operation: Operation,
        cell: &mut cell_t,
        seen: &mut Observed,
    ) -> Outcome {
        let tor1 = self.is_tor1(number);
        let link = &mut self.links[number];
        let hop = match at {
            At::Client => &mut link.client,
            At::Far => &mut link.far,
        };
        if sent.trouble == Trouble::Relocation {
            hop.relocate();
        }
        let outcome = if operation == Operation::RelayOriginate && sent.trouble == Trouble::NoTag {
            hop.relay_originate_without_tag(cell);
            Outcome {
                recognised: false,
                tag: Tag::None,
            }
        } else {
            hop.apply(operation, cell)
        };
        let asks = matches!(
            operation,
            Operation::RelayForward | Operation::ClientBackward
        );
        if tor1 && asks && !outcome.recognised && cell.payload[RECOGNISED] == [0, 0] {
            seen.reach("integrity bytes restored");
        }
        seen.note(operation.name(), &cell.payload[..]);
        seen.note("command", cell.command);
        seen.note("circuit ID", cell.circ_id);
        seen.note("recognised", outcome.recognised);
        match outcome.tag {
            Tag::None => seen.note("tag", None::<&[u8]>),
            Tag::Tor1(tag) => seen.note("sendme_digest", &tag[..]),
            Tag::Cgo(tag) => seen.note("tag", &tag[..]),
        }
        outcome
    }

    /// Counts the cell, and checks it if nothing on this circuit could have
    /// kept it from arriving.
    fn judge(
        &self,
        sent: &Sent,
        way: &UnderWay,
        arrived: &cell_t,
        recognised_at: Option<(usize, Tag)>,
        seen: &mut Observed,
    ) {
        seen.reach(match recognised_at {
            Some(_) => "recognised",
            None => "not recognised",
        });
        if self.hostile || !sent.signed {
            return;
        }
        if recognised_at != Some((sent.hop, way.tag)) {
            seen.complain(format!(
                "a signed cell of hop {} with tag {:?} was recognised as {recognised_at:?}",
                sent.hop + 1,
                way.tag
            ));
        }
        // The bytes that the algorithm itself owns are not the sender's.
        let owned = match self.is_tor1(sent.hop) {
            true => DIGEST,
            false => 0..16,
        };
        let (mut got, mut plain) = (arrived.payload, way.plain);
        got[owned.clone()].fill(0);
        plain[owned].fill(0);
        if got != plain {
            let hop = sent.hop + 1;
            seen.complain(format!("a cell of hop {hop} arrived with other contents"));
        }
    }
}

/// How many times the cell arrives.
fn copies(sent: &Sent) -> usize {
    match sent.trouble {
        Trouble::Repeated => 2,
        _ => 1,
    }
}

/// What the network does to the cell after `passed` hops; true if it is lost.
fn disturb(sent: &Sent, passed: usize, cell: &mut cell_t) -> bool {
    match sent.trouble {
        Trouble::Lost(after) if after == passed => return true,
        Trouble::Replaced(after) if after == passed => {
            cell.payload = Contents::Random(!0).payload();
        }
        Trouble::Command(after) if after == passed => cell.command ^= RELAY ^ RELAY_EARLY,
        Trouble::Bit(after, at, bit) if after == passed => cell.payload[at] ^= 1 << bit,
        _ => {}
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_honest_circuits_whose_cells_all_arrive() {
        for circuits in [&Circuits::TOR1, &Circuits::CGO, &Circuits::ANY] {
            for seed in circuits.seeds() {
                let script = circuits.input(&mut Unstructured::new(&seed)).unwrap();
                assert!(!script.hostile);
                assert!([2, 6 * script.hops.len()].contains(&script.cells.len()));
                assert!(script.cells.iter().all(|cell| cell.signed));
            }
        }
    }

    #[test]
    fn a_cell_that_is_cut_off_ends_the_script() {
        let seeds = Circuits::TOR1.seeds();
        let seed = &seeds[seeds.len() - 5];
        let script = Circuits::TOR1
            .input(&mut Unstructured::new(&seed[..seed.len() - 1]))
            .unwrap();
        assert_eq!(script.cells.len(), 5);
    }
}
