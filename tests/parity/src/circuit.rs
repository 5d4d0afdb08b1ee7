//! Circuits of several hops with both sides in step.
//!
//! Each state exists twice, once on each side, and each operation is applied
//! to both; cell, return value and tag have to be equal each time. The cell
//! then travels on in the version of one side or the other, so that a C client
//! speaks with Rust relays and the reverse. A circuit is wholly determined by
//! its seed and its [`Mix`].

use std::fmt;

use ctor::{cell_t, CELL_PAYLOAD_SIZE};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::hop::{AesBits, Algorithm, End, Hop, Operation, Outcome, Tag};
use crate::implementation::Implementation;

/// The channel commands that carry relay cells (tor-spec).
const RELAY: u8 = 3;
const RELAY_EARLY: u8 = 9;

/// Where tor-spec puts a relay cell's `recognized` and `digest` fields (tor1).
const RECOGNISED: std::ops::Range<usize> = 1..3;
const DIGEST: std::ops::Range<usize> = 5..9;

/// How many cells are sent on one circuit.
pub const CELLS_PER_CIRCUIT: u64 = 40;

/// Which algorithms the hops of a circuit use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mix {
    /// The same one on each hop.
    All(Algorithm),
    /// tor1 relays, and an onion service as the last, virtual hop.
    OnionService,
    /// Any, hop by hop.
    Any,
}

/// What happened on one or more circuits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Cells that were sent.
    pub cells: u64,
    /// Operations on which both sides agreed.
    pub operations: u64,
    /// Cells that a state recognised.
    pub recognised: u64,
    /// Cells that no state of the circuit recognised.
    pub unrecognised: u64,
    /// tor1 operations that had to restore the integrity bytes of a cell,
    /// because it looked recognised and had a wrong digest.
    pub restored: u64,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.cells += other.cells;
        self.operations += other.operations;
        self.recognised += other.recognised;
        self.unrecognised += other.unrecognised;
        self.restored += other.restored;
    }
}

/// Where and how the sides differ, or went wrong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The seed of the circuit.
    pub seed: u64,
    /// The algorithms of the circuit.
    pub mix: Mix,
    /// The number of the cell on the circuit, from 0.
    pub step: u64,
    /// What was done when it showed, and to which hop.
    pub what: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "seed {}, {:?}, step {}: {} (repeat only this circuit with TORRS_PARITY_SEED={})",
            self.seed, self.mix, self.step, self.what, self.seed
        )
    }
}

impl std::error::Error for Mismatch {}

/// Sends [`CELLS_PER_CIRCUIT`] cells over the circuit that `seed` describes.
///
/// # Errors
/// The first operation in which `left` and `right` differ, or in which both
/// fail to deliver a cell that nothing disturbed.
pub fn run(
    left: &Implementation,
    right: &Implementation,
    mix: Mix,
    seed: u64,
) -> Result<Tally, Mismatch> {
    let mut circuit = Circuit::new(left, right, mix, seed);
    for step in 0..CELLS_PER_CIRCUIT {
        circuit.send_one().map_err(|what| Mismatch {
            seed,
            mix,
            step,
            what,
        })?;
    }
    Ok(circuit.tally)
}

/// The state of one end of one hop, on both sides.
struct Pair<'a> {
    place: String,
    left: Hop<'a>,
    right: Hop<'a>,
    tor1: bool,
}

/// One hop: the client's state and that of the relay or service.
struct Link<'a> {
    client: Pair<'a>,
    far: Pair<'a>,
    /// What the far end does to receive, to pass on backward, to originate.
    receive: Operation,
    pass: Operation,
    originate: Operation,
}

struct Circuit<'a> {
    rng: ChaCha8Rng,
    links: Vec<Link<'a>>,
    /// Whether cells get lost, repeated and changed under way.
    hostile: bool,
    tally: Tally,
    names: [&'static str; 2],
}

/// A cell under way, and what is known about it.
struct Sent {
    cell: cell_t,
    /// The hop that it is for or from.
    hop: usize,
    /// Whether the sender signed it, so that it has to be recognised.
    signed: bool,
    /// The sender's tag for it.
    tag: Tag,
    plain: cell_t,
}

impl<'a> Circuit<'a> {
    fn new(left: &'a Implementation, right: &'a Implementation, mix: Mix, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let hops = rng.random_range(1..=4);
        let mut links = Vec::new();
        for number in 0..hops {
            let last = number + 1 == hops;
            let algorithm = match mix {
                Mix::All(algorithm) => algorithm,
                Mix::OnionService if last => Algorithm::Tor1Hs,
                Mix::OnionService => Algorithm::Tor1,
                Mix::Any => any_algorithm(&mut rng),
            };
            let end = match (mix, algorithm) {
                (_, Algorithm::Cgo(_)) => End::Relay,
                (Mix::OnionService, _) if last => End::Service,
                (Mix::OnionService, _) => End::Relay,
                // No circuit of today reverses an ordinary hop, but C's
                // functions allow it.
                _ if rng.random_ratio(1, 4) => End::Service,
                _ => End::Relay,
            };
            let mut keys = vec![0; algorithm.key_material_len(left)];
            rng.fill_bytes(&mut keys);
            let pair = |end| Pair {
                place: format!("{algorithm:?} {end:?} of hop {} of {hops}", number + 1),
                left: Hop::new(left, algorithm, end, &keys),
                right: Hop::new(right, algorithm, end, &keys),
                tor1: !matches!(algorithm, Algorithm::Cgo(_)),
            };
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
            links.push(Link {
                client: pair(End::Client),
                far: pair(end),
                receive,
                pass,
                originate,
            });
        }
        let hostile = rng.random();
        let tally = Tally::default();
        Circuit {
            rng,
            links,
            hostile,
            tally,
            names: [left.name, right.name],
        }
    }

    fn send_one(&mut self) -> Result<(), String> {
        self.tally.cells += 1;
        let hop = self.rng.random_range(0..self.links.len());
        if self.rng.random() {
            self.send_forward(hop)
        } else {
            self.send_backward(hop)
        }
    }

    /// From the client to `hop`.
    fn send_forward(&mut self, hop: usize) -> Result<(), String> {
        let mut sent = self.prepare(hop);
        let first = if sent.signed {
            Operation::ClientOriginate
        } else {
            Operation::ClientForward
        };
        let outcome = self.apply(hop, true, first, &mut sent.cell)?;
        sent.tag = outcome.tag;
        for nearer in (0..hop).rev() {
            self.apply(nearer, true, Operation::ClientForward, &mut sent.cell)?;
        }
        for _ in 0..self.copies() {
            self.receive_forward(&sent)?;
        }
        Ok(())
    }

    fn receive_forward(&mut self, sent: &Sent) -> Result<(), String> {
        let mut cell = sent.cell;
        let mut recognised_at = None;
        for number in 0..self.links.len() {
            if self.disturb(&mut cell) {
                return Ok(());
            }
            let receive = self.links[number].receive;
            let outcome = self.apply(number, false, receive, &mut cell)?;
            if outcome.recognised {
                recognised_at = Some((number, outcome.tag));
                break;
            }
        }
        self.judge(sent, &cell, recognised_at)
    }

    /// From `hop` to the client.
    fn send_backward(&mut self, hop: usize) -> Result<(), String> {
        let mut sent = self.prepare(hop);
        let link = &self.links[hop];
        let first = if sent.signed {
            link.originate
        } else {
            link.pass
        };
        let outcome = self.apply(hop, false, first, &mut sent.cell)?;
        sent.tag = outcome.tag;
        for _ in 0..self.copies() {
            self.receive_backward(&sent)?;
        }
        Ok(())
    }

    fn receive_backward(&mut self, sent: &Sent) -> Result<(), String> {
        let mut cell = sent.cell;
        for number in (0..sent.hop).rev() {
            if self.disturb(&mut cell) {
                return Ok(());
            }
            let pass = self.links[number].pass;
            self.apply(number, false, pass, &mut cell)?;
        }
        if self.disturb(&mut cell) {
            return Ok(());
        }
        let mut recognised_at = None;
        for number in 0..self.links.len() {
            let outcome = self.apply(number, true, Operation::ClientBackward, &mut cell)?;
            if outcome.recognised {
                recognised_at = Some((number, outcome.tag));
                break;
            }
        }
        self.judge(sent, &cell, recognised_at)
    }

    /// Counts the cell, and checks it if nothing on this circuit could have
    /// kept it from arriving.
    fn judge(
        &mut self,
        sent: &Sent,
        cell: &cell_t,
        recognised_at: Option<(usize, Tag)>,
    ) -> Result<(), String> {
        match recognised_at {
            Some(_) => self.tally.recognised += 1,
            None => self.tally.unrecognised += 1,
        }
        if self.hostile || !sent.signed {
            return Ok(());
        }
        if recognised_at != Some((sent.hop, sent.tag)) {
            return Err(format!(
                "a signed cell of hop {} with tag {:?} was recognised as {recognised_at:?}",
                sent.hop + 1,
                sent.tag
            ));
        }
        // The bytes that the algorithm itself owns are not the sender's.
        let owned = if self.links[sent.hop].client.tor1 {
            DIGEST
        } else {
            0..16
        };
        let (mut got, mut plain) = (cell.payload, sent.plain.payload);
        got[owned.clone()].fill(0);
        plain[owned].fill(0);
        if got != plain {
            return Err(format!(
                "a cell of hop {} arrived with other contents",
                sent.hop + 1
            ));
        }
        Ok(())
    }

    /// A cell for `hop` as a sender would make it, or nearly so.
    fn prepare(&mut self, hop: usize) -> Sent {
        // A cell that nobody signed goes on to the last hop. If it did not start
        // there, the states beyond its start are out of step from then on.
        let may_go_unsigned = self.hostile || hop + 1 == self.links.len();
        let signed = !(may_go_unsigned && self.rng.random_ratio(1, 4));
        let mut payload = [0; CELL_PAYLOAD_SIZE];
        match self.rng.random_range(0..8) {
            0 => payload.fill(0xff),
            1 => {}
            2 => payload[..64].fill(self.rng.random()),
            _ => self.rng.fill_bytes(&mut payload),
        }
        if self.links[hop].client.tor1 {
            payload[RECOGNISED].fill(0);
            // A signer hashes the digest field as it finds it: if it is not
            // zero the cell looks recognised and its digest is wrong.
            let dirty = self.hostile && self.rng.random_ratio(1, 32);
            if signed && !dirty {
                payload[DIGEST].fill(0);
            }
        }
        let command = match self.rng.random_range(0..64) {
            0 => self.rng.random(),
            1..16 => RELAY_EARLY,
            _ => RELAY,
        };
        let plain = cell_t {
            circ_id: self.rng.random(),
            command,
            payload,
        };
        Sent {
            cell: plain,
            hop,
            signed,
            tag: Tag::None,
            plain,
        }
    }

    /// How many times the cell arrives.
    fn copies(&mut self) -> usize {
        match self.rng.random_range(0..32) {
            0 if self.hostile => 0,
            1 if self.hostile => 2,
            _ => 1,
        }
    }

    /// What the network does to the cell between two hops; true if it is lost.
    fn disturb(&mut self, cell: &mut cell_t) -> bool {
        if !self.hostile || !self.rng.random_ratio(1, 16) {
            return false;
        }
        let at = match self.rng.random_range(0..8) {
            0 => return true,
            1 => {
                cell.command ^= RELAY ^ RELAY_EARLY;
                return false;
            }
            2 => {
                self.rng.fill_bytes(&mut cell.payload);
                return false;
            }
            // A bit of the digest: tor1 can be changed bit by bit, so what
            // arrives looks recognised and is almost right.
            3..6 => self.rng.random_range(DIGEST),
            6 => self.rng.random_range(RECOGNISED),
            _ => self.rng.random_range(0..CELL_PAYLOAD_SIZE),
        };
        cell.payload[at] ^= 1 << self.rng.random_range(0..8);
        false
    }

    /// Applies `operation` to the state of one end of hop `number` on both
    /// sides, and compares all that comes out.
    fn apply(
        &mut self,
        number: usize,
        at_client: bool,
        operation: Operation,
        cell: &mut cell_t,
    ) -> Result<Outcome, String> {
        let link = &mut self.links[number];
        let pair = if at_client {
            &mut link.client
        } else {
            &mut link.far
        };
        if self.rng.random_ratio(1, 32) {
            pair.left.relocate();
            pair.right.relocate();
        }
        let (mut left, mut right) = (*cell, *cell);
        if operation == Operation::RelayOriginate && self.rng.random_ratio(1, 32) && self.hostile {
            pair.left.relay_originate_without_tag(&mut left);
            pair.right.relay_originate_without_tag(&mut right);
            self.compare_cells(number, at_client, operation, &left, &right)?;
            *cell = right;
            self.tally.operations += 1;
            return Ok(Outcome {
                recognised: false,
                tag: Tag::None,
            });
        }
        let left_outcome = pair.left.apply(operation, &mut left);
        let right_outcome = pair.right.apply(operation, &mut right);
        if left_outcome != right_outcome {
            return Err(format!(
                "{operation:?} at {}: {} {left_outcome:?}, {} {right_outcome:?}",
                pair.place, self.names[0], self.names[1]
            ));
        }
        let asks = matches!(
            operation,
            Operation::RelayForward | Operation::ClientBackward
        );
        if pair.tor1 && asks && !left_outcome.recognised && left.payload[RECOGNISED] == [0, 0] {
            self.tally.restored += 1;
        }
        self.compare_cells(number, at_client, operation, &left, &right)?;
        *cell = if self.rng.random() { left } else { right };
        self.tally.operations += 1;
        Ok(left_outcome)
    }

    fn compare_cells(
        &self,
        number: usize,
        at_client: bool,
        operation: Operation,
        left: &cell_t,
        right: &cell_t,
    ) -> Result<(), String> {
        if left == right {
            return Ok(());
        }
        let link = &self.links[number];
        let place = if at_client {
            &link.client.place
        } else {
            &link.far.place
        };
        let differing = left
            .payload
            .iter()
            .zip(&right.payload)
            .filter(|(l, r)| l != r);
        let first = left
            .payload
            .iter()
            .zip(&right.payload)
            .position(|(l, r)| l != r);
        Err(format!(
            "{operation:?} at {place}: the cells of {} and {} differ in {} payload bytes, the \
             first at {first:?}; commands {} and {}",
            self.names[0],
            self.names[1],
            differing.count(),
            left.command,
            right.command
        ))
    }
}

fn any_algorithm(rng: &mut ChaCha8Rng) -> Algorithm {
    match rng.random_range(0..6) {
        0 | 1 => Algorithm::Tor1,
        2 => Algorithm::Tor1Hs,
        3 => Algorithm::Cgo(AesBits::B128),
        4 => Algorithm::Cgo(AesBits::B192),
        _ => Algorithm::Cgo(AesBits::B256),
    }
}
