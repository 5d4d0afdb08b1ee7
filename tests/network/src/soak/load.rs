//! The steady load: four kinds, each a thread of its own that never hurries, and
//! the account of what became of it.

use std::collections::VecDeque;
use std::time::Duration;

use anyhow::Result;

use super::{Soak, CHOOSING_CLIENT, GUARDS, LED_CLIENT};
use crate::client::{Circuit, Client, Direction, Target, Transfer};
use crate::process::lock;

/// A kind of load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// Transfers over circuits that tor chooses: tor1 up to the exit, CGO there.
    Ordinary,
    /// Transfers over circuits built hop by hop, each used twice: CGO throughout.
    HopByHop,
    /// Transfers with the onion service.
    Onion,
    /// Circuits that carry nothing: opened, kept for a moment, torn down.
    Empty,
}

impl Load {
    /// All of them.
    pub const ALL: [Load; 4] = [Load::Ordinary, Load::HopByHop, Load::Onion, Load::Empty];
}

impl std::fmt::Display for Load {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Load::Ordinary => "3 hops, chosen by tor",
            Load::HopByHop => "3 hops, built hop by hop",
            Load::Onion => "onion service",
            Load::Empty => "circuits without data",
        })
    }
}

/// What a kind of load has carried.
#[derive(Clone, Debug)]
pub struct Count {
    /// The kind.
    pub load: Load,
    /// Transfers whose content arrived unchanged; of [`Load::Empty`], circuits
    /// that were built.
    pub done: u64,
    /// Bytes of content in these transfers.
    pub bytes: u64,
    /// What broke off while its path was disturbed, or shortly after.
    pub interrupted: u64,
    /// What broke off without that, and was made again.
    pub unexplained: u64,
    /// Why, for the first few of these.
    pub reasons: Vec<String>,
    /// When the last one succeeded, counted from the beginning of the soak.
    pub last: Duration,
}

impl Count {
    pub(super) fn new(load: Load) -> Count {
        Count {
            load,
            done: 0,
            bytes: 0,
            interrupted: 0,
            unexplained: 0,
            reasons: Vec::new(),
            last: Duration::ZERO,
        }
    }
}

/// Where something led.
pub(super) enum Route {
    /// Through these relays.
    Hops(Vec<&'static str>),
    /// Wherever tor chose.
    Any,
}

impl Route {
    pub(super) fn may_pass(&self, relay: &str) -> bool {
        match self {
            Route::Hops(hops) => hops.contains(&relay),
            Route::Any => true,
        }
    }
}

/// What was wrong with a piece of load.
enum Wrong {
    Broken(anyhow::Error),
    Changed(String),
}

impl From<anyhow::Error> for Wrong {
    fn from(error: anyhow::Error) -> Wrong {
        Wrong::Broken(error)
    }
}

/// Carries one kind of load until the soak ends.
pub(super) fn carry(soak: &Soak<'_>, load: Load, seed: u64) {
    let name = match load {
        Load::Ordinary | Load::Onion => CHOOSING_CLIENT,
        Load::HopByHop | Load::Empty => LED_CLIENT,
    };
    let client = match soak.client(name) {
        Ok(client) => client,
        Err(error) => return soak.fail(format!("{load}: {error:#}")),
    };
    let mut random = fastrand::Rng::with_seed(seed ^ load as u64);
    let mut standing = VecDeque::new();
    // Failures without an excuse since the last success.
    let mut row = 0;
    let mut number = 0;
    while !soak.ending() {
        number += 1;
        let from = soak.elapsed();
        let route = match load {
            Load::Ordinary | Load::Onion => Route::Any,
            Load::HopByHop | Load::Empty => Route::Hops(draw_hops(&mut random)),
        };
        let result = match load {
            Load::Ordinary => transfer(client, Target::Exit, number, ORDINARY_BYTES),
            Load::Onion => transfer(client, Target::Onion("onion1"), number, ONION_BYTES),
            Load::HopByHop => both_directions(client, &route),
            Load::Empty => keep_for_a_moment(client, &route, &mut standing),
        };
        let succeeded = result.is_ok();
        match result {
            Ok(bytes) => {
                row = 0;
                soak.count(load, |count| {
                    count.done += 1;
                    count.bytes += bytes;
                    count.last = soak.elapsed();
                });
            }
            Err(Wrong::Changed(what)) => soak.fail(format!("{load}: {what}")),
            Err(Wrong::Broken(_)) if soak.excused(from, load, &route) => {
                soak.count(load, |count| count.interrupted += 1);
            }
            Err(Wrong::Broken(error)) => {
                row += 1;
                let at = from.as_secs();
                soak.count(load, |count| {
                    count.unexplained += 1;
                    if count.reasons.len() < REASONS {
                        count.reasons.push(format!("begun at {at} s: {error:#}"));
                    }
                });
                if row > 1 {
                    soak.fail(format!(
                        "{load}: broke off twice without a disturbance: {error:#}"
                    ));
                }
            }
        }
        if load == Load::Onion && !succeeded {
            // For minutes a client asks no directory again that it has asked, and
            // tries no introduction point that has failed.
            if let Err(error) = client.forget_the_past() {
                soak.fail(format!("{load}: {error:#}"));
            }
        }
        soak.rest(match load {
            _ if !succeeded => AFTER_FAILURE,
            Load::Empty => CIRCUITS_APART,
            _ => TRANSFERS_APART,
        });
    }
}

/// What the account of a whole soak shows.
pub(super) fn complaints(soak: &Soak<'_>) -> Vec<String> {
    let happened = soak.happened();
    let quiet_since = happened.last().map_or(Duration::ZERO, |last| last.until);
    let mut complaints = Vec::new();
    for count in soak.carried() {
        if count.last <= quiet_since {
            complaints.push(format!(
                "{}: nothing was carried after {} s, when the last disturbance had ended",
                count.load,
                quiet_since.as_secs()
            ));
        }
        if count.unexplained > count.done / 100 + 1 {
            complaints.push(format!(
                "{}: {} broke off without a disturbance, {} did not; {}",
                count.load,
                count.unexplained,
                count.done,
                count.reasons.join("; ")
            ));
        }
    }
    complaints
}

impl Soak<'_> {
    fn count(&self, load: Load, change: impl FnOnce(&mut Count)) {
        let counts = &mut lock(&self.ledger).carried;
        if let Some(count) = counts.iter_mut().find(|count| count.load == load) {
            change(count);
        }
    }
}

/// One transfer, the direction alternating, a circuit of tor's choice for every
/// four of them.
fn transfer(client: &Client, target: Target<'_>, number: u64, bytes: u64) -> Result<u64, Wrong> {
    let isolation = format!("{target:?} {}", number / 4);
    let transfer = match number % 2 {
        0 => Transfer::fetch(target, bytes),
        _ => Transfer::send(target, bytes),
    };
    checked(client, &transfer.isolated(&isolation))
}

/// A circuit of its own, one transfer in each direction.
fn both_directions(client: &Client, route: &Route) -> Result<u64, Wrong> {
    let circuit = client.build_circuit(route.hops())?;
    let mut bytes = 0;
    for direction in [Direction::Fetch, Direction::Send] {
        let transfer = match direction {
            Direction::Fetch => Transfer::fetch(Target::Exit, HOP_BY_HOP_BYTES),
            Direction::Send => Transfer::send(Target::Exit, HOP_BY_HOP_BYTES),
        };
        bytes += checked(client, &transfer.on(&circuit))?;
    }
    Ok(bytes)
}

/// Opens a circuit and tears the oldest down.
fn keep_for_a_moment(
    client: &Client,
    route: &Route,
    standing: &mut VecDeque<Circuit>,
) -> Result<u64, Wrong> {
    standing.push_back(client.build_circuit(route.hops())?);
    if standing.len() > STANDING {
        standing.pop_front();
    }
    Ok(0)
}

fn checked(client: &Client, transfer: &Transfer<'_>) -> Result<u64, Wrong> {
    let done = client.run(transfer, &mut |_| {})?;
    match done.matches() {
        true => Ok(done.bytes),
        false => Err(Wrong::Changed(format!(
            "content arrived changed over {}: sent {}, received {}",
            done.path.join(", "),
            done.sent_sha256,
            done.received_sha256
        ))),
    }
}

impl Route {
    fn hops(&self) -> &[&'static str] {
        match self {
            Route::Hops(hops) => hops,
            Route::Any => &[],
        }
    }
}

/// A guard, a middle and an exit, the last two different.
fn draw_hops(random: &mut fastrand::Rng) -> Vec<&'static str> {
    let mut exits = EXITS;
    random.shuffle(&mut exits);
    vec![GUARDS[random.usize(..GUARDS.len())], exits[0], exits[1]]
}

const EXITS: [&str; 4] = ["exit1", "exit2", "exit3", "exit4"];
const ORDINARY_BYTES: u64 = 1 << 20;
const HOP_BY_HOP_BYTES: u64 = 1 << 20;
const ONION_BYTES: u64 = 512 << 10;
const TRANSFERS_APART: Duration = Duration::from_millis(250);
const CIRCUITS_APART: Duration = Duration::from_millis(100);
const AFTER_FAILURE: Duration = Duration::from_secs(2);
/// A report repeats so many reasons of a kind of load.
const REASONS: usize = 3;
/// So many circuits stand at a time without carrying anything.
const STANDING: usize = 16;
