//! A network under steady load that is disturbed on purpose: relays are killed
//! and come back, a client disappears in the middle of a transfer. It serves
//! `cargo xtask soak`.
//!
//! The chapters: [`spec`] is the network, `load` the traffic, `disturb` what
//! happens to it, `memory` the relays' memory and the verdict on it, `plot` the
//! picture. [`run`] does it all and returns a [`Report`].
//!
//! # What fails a soak
//!
//! * a process that ended without having been killed here,
//! * a log line that reports a bug or a panic,
//! * content that arrived changed: no disturbance excuses it,
//! * a transfer or circuit that broke off although nothing had been done to its
//!   path, if the next of its kind does so too, or if it happens to more than one
//!   in a hundred. While a relay or client is disturbed, and for [`SETTLE`] or
//!   [`SETTLE_ONION`] after it is usable again, whatever may have led through it counts as interrupted.
//!   SIGHUP has to interrupt nothing,
//! * a disturbed node that does not come back, and a kind of load that carried
//!   nothing after the last disturbance,
//! * memory of a relay that still grows after the warm-up (see `memory`).

mod disturb;
mod load;
mod memory;
mod plot;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::client::Client;
use crate::network::Network;
use crate::process::lock;
use crate::spec::{Binary, Role, Select, Setting, Spec};

pub use disturb::{Act, Disturbance, Happened};
pub use load::{Count, Load};
pub use memory::warm_up;
pub use memory::{Growth, Life, Sample};
pub use plot::draw;

/// How long after a disturbance the network may still show it: clients learn of
/// broken circuits.
pub const SETTLE: Duration = Duration::from_secs(15);
/// The same for the onion service, which needs new introduction points and has
/// to publish them.
pub const SETTLE_ONION: Duration = Duration::from_secs(45);

/// Relays that live through the whole soak, by position and build: C and Rust do
/// the same work, so that their memory can be compared.
const GUARDS: [&str; 2] = [RUST_GUARD, C_GUARD];
const RUST_GUARD: &str = "relay1";
const C_GUARD: &str = "relay2";
const RUST_EXIT: &str = "exit1";
const C_EXIT: &str = "exit2";
/// Rust relays that are killed, as middles and as exits.
const MORTALS: [&str; 2] = ["exit3", "exit4"];
/// The client whose tor chooses circuits, and the one that gets them from us: tor
/// may put a stream on any circuit, also on one that we are about to close.
const CHOOSING_CLIENT: &str = "client1";
const LED_CLIENT: &str = "client2";
/// The client that disappears.
const MORTAL_CLIENT: &str = "client3";

/// The network to soak: 3 authorities, 2 guards, 4 exits, 3 clients and an onion
/// service. One guard and one exit run `c`, everything else `rust`.
pub fn spec(folder: impl Into<std::path::PathBuf>, c: Binary, rust: Binary) -> Spec {
    let mut spec = Spec::new(folder, rust);
    spec.exits = 4;
    spec.clients = 3;
    for relay in [C_GUARD, C_EXIT] {
        let select = Select::Node(relay.to_owned());
        spec = spec.with(select, Setting::Binary(c.clone()));
    }
    // A client that saw its guards fall keeps away from them for many minutes.
    let guards = Setting::Torrc(format!("EntryNodes {}", GUARDS.join(",")));
    for role in [Role::Client, Role::Onion] {
        spec = spec.with(Select::Role(role), guards.clone());
    }
    // A relay compresses each consensus, in tens of megabytes that glibc would at
    // times keep and at times give back; so it gives them back. C and Rust share
    // this allocator.
    let unmap = Setting::Env("MALLOC_MMAP_THRESHOLD_".to_owned(), "131072".to_owned());
    spec = spec.with(Select::All, unmap);
    // Tor learns from some hundred circuits how long one takes, here milliseconds,
    // and gives up those that take longer.
    let timeouts = Setting::Torrc("LearnCircuitBuildTimeout 0".to_owned());
    for role in [Role::Client, Role::Onion] {
        spec = spec.with(Select::Role(role), timeouts.clone());
    }
    // A request that hangs is a failure long before tor's own two minutes.
    let patience = Setting::Torrc("SocksTimeout 40 seconds".to_owned());
    spec.with(Select::Role(Role::Client), patience)
}

/// Whoever wants to see how the soak goes on. All calls come from the thread
/// that called [`run`].
pub trait Watcher {
    /// The disturbances to come, before the first.
    fn planned(&self, plan: &[Disturbance]);
    /// Once a second: the time since the beginning, and what was carried so far.
    fn second(&self, elapsed: Duration, carried: &[Count]);
    /// A disturbance has ended: its node is usable again.
    fn happened(&self, what: &Happened);
}

/// What came of a soak.
#[derive(Clone, Debug)]
pub struct Report {
    /// Why it failed, one line each; empty when it did not.
    pub failures: Vec<String>,
    /// How long it lasted.
    pub lasted: Duration,
    /// What each kind of load carried.
    pub carried: Vec<Count>,
    /// What was done to the network.
    pub disturbances: Vec<Happened>,
    /// Memory of every relay that is no authority, one life a process.
    pub lives: Vec<Life>,
}

/// Soaks a running network of [`spec`]. An error says why the soak could not be
/// made; what it found wrong stands in the report.
pub fn run(
    network: &Network,
    duration: Duration,
    seed: u64,
    watcher: &dyn Watcher,
) -> Result<Report> {
    let plan = disturb::plan(duration, seed);
    watcher.planned(&plan);
    let soak = Soak::new(network);
    let mut memory = memory::Record::new(network);
    thread::scope(|scope| {
        for load in Load::ALL {
            let soak = &soak;
            scope.spawn(move || load::carry(soak, load, seed));
        }
        scope.spawn(|| disturb::execute(&soak, &plan));
        let mut shown = 0;
        while soak.elapsed() < duration && !soak.ending() {
            thread::sleep(SECOND);
            memory.sample(network, soak.elapsed());
            watcher.second(soak.elapsed(), &soak.carried());
            for happened in soak.happened().iter().skip(shown) {
                watcher.happened(happened);
                shown += 1;
            }
            soak.check(network);
        }
        soak.end();
    });
    soak.check(network);
    let lasted = soak.elapsed();
    let lives = memory.lives();
    let mut failures = soak.failures();
    // Whatever stopped a soak early explains what is missing from it.
    if failures.is_empty() {
        failures.extend(load::complaints(&soak));
        failures.extend(memory::complaints(&lives, duration));
    }
    Ok(Report {
        failures,
        lasted,
        carried: soak.carried(),
        disturbances: soak.happened(),
        lives,
    })
}

/// What the threads of one soak share.
struct Soak<'a> {
    network: &'a Network,
    began: Instant,
    ending: AtomicBool,
    ledger: Mutex<Ledger>,
}

#[derive(Default)]
struct Ledger {
    carried: Vec<Count>,
    happened: Vec<Happened>,
    /// The disturbance under way.
    present: Option<Happened>,
    failures: Vec<String>,
}

impl<'a> Soak<'a> {
    fn new(network: &'a Network) -> Soak<'a> {
        let ledger = Ledger {
            carried: Load::ALL.map(Count::new).to_vec(),
            ..Ledger::default()
        };
        Soak {
            network,
            began: Instant::now(),
            ending: AtomicBool::new(false),
            ledger: Mutex::new(ledger),
        }
    }

    /// One of the network's clients.
    fn client(&self, name: &str) -> Result<&'a Client> {
        let mut clients = self.network.clients().iter();
        clients
            .find(|client| client.name() == name)
            .with_context(|| format!("this network has no client {name}"))
    }

    fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    fn ending(&self) -> bool {
        self.ending.load(Ordering::Acquire)
    }

    fn end(&self) {
        self.ending.store(true, Ordering::Release);
    }

    /// Sleeps; less when the soak ends meanwhile.
    fn rest(&self, time: Duration) {
        let until = Instant::now() + time;
        while !self.ending() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            thread::sleep(left.min(SECOND / 5));
        }
    }

    /// Ends the soak for a reason.
    fn fail(&self, reason: String) {
        let failures = &mut lock(&self.ledger).failures;
        if !failures.contains(&reason) {
            failures.push(reason);
        }
        self.end();
    }

    /// All processes live, and none reports a bug.
    fn check(&self, network: &Network) {
        if let Err(dead) = network.alive() {
            self.fail(format!("{dead:#}"));
        }
        for line in network.bug_lines() {
            self.fail(line);
        }
    }

    fn carried(&self) -> Vec<Count> {
        lock(&self.ledger).carried.clone()
    }

    fn happened(&self) -> Vec<Happened> {
        lock(&self.ledger).happened.clone()
    }

    fn failures(&self) -> Vec<String> {
        lock(&self.ledger).failures.clone()
    }

    /// Whether something that ran from `from` until now may have been broken by a
    /// disturbance.
    fn excused(&self, from: Duration, load: Load, route: &load::Route) -> bool {
        let settle = match load {
            Load::Onion => SETTLE_ONION,
            _ => SETTLE,
        };
        let ledger = lock(&self.ledger);
        let all = ledger.happened.iter().chain(&ledger.present);
        all.into_iter()
            .any(|happened| happened.until + settle >= from && happened.what.breaks(route))
    }
}

/// Draws the memory of a report's relays into `folder` and returns the path.
pub fn plot_into(folder: &Path, report: &Report) -> Result<std::path::PathBuf> {
    let path = folder.join("memory.svg");
    draw(&path, report)?;
    Ok(path)
}

const SECOND: Duration = Duration::from_secs(1);
