//! Pairs of a C tor and a Rust tor that play cases at the same time, and whose outcomes
//! are compared.

use std::collections::BTreeSet;
use std::thread;
use std::time::Instant;

use anyhow::{bail, ensure, Result};
use network::Network;
use peer::Identity;

use crate::case::Case;
use crate::tor::{Outcome, Tor};

/// What must have been seen in some cases, so that a tor that refuses everything
/// cannot pass: name, lines, words of the log.
pub type Known = (
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
);

/// Cases that are played with some pairs of tors.
#[derive(Clone, Copy)]
pub struct Play<'a> {
    pub network: &'a Network,
    pub meet: Meet,
    /// What must have been seen of some of them.
    pub known: &'a [Known],
    /// Names of cases that are alike and have different outcomes.
    pub different: &'a [(&'static str, &'static str)],
}

impl Play<'_> {
    /// The pairs share the cases, and are at work at the same time.
    pub fn all(
        self,
        cases: &[&Case],
        names: &[[String; 2]],
        pair: impl Fn(&[String; 2]) -> Result<Pair> + Sync,
    ) -> Result<()> {
        let of_cases: BTreeSet<&str> = cases.iter().map(|case| case.name.as_str()).collect();
        ensure!(of_cases.len() == cases.len(), "two cases have one name");
        let different = self.different.iter().flat_map(|(one, other)| [one, other]);
        for name in self.known.iter().map(|(name, _, _)| name).chain(different) {
            ensure!(of_cases.contains(name), "there is no case \"{name}\"");
        }
        let seen: Vec<Result<Seen>> = thread::scope(|scope| {
            let pairs: Vec<_> = names
                .iter()
                .enumerate()
                .map(|(number, names_of_pair)| {
                    let some = cases.iter().copied().skip(number).step_by(names.len());
                    let some: Vec<&Case> = some.collect();
                    let pair = &pair;
                    scope.spawn(move || {
                        let mut pair = pair(names_of_pair)?;
                        let seen = self.some(&mut pair, &some)?;
                        if number == 0 {
                            self.notices(&mut pair, cases)?;
                        }
                        Ok(seen)
                    })
                })
                .collect();
            pairs.into_iter().map(joined).collect()
        });
        let mut all = Seen::default();
        for seen in seen {
            all.add(&seen?);
        }
        ensure!(
            all.complaints.is_empty(),
            "{} complaints; logs are in {}\n{}",
            all.complaints.len(),
            self.network.folder().display(),
            all.complaints.join("\n")
        );
        ensure!(
            all.closed >= FEWEST_OF_EITHER && all.held >= FEWEST_OF_EITHER,
            "the cases do not show both how a tor closes and how it goes on"
        );
        Ok(())
    }

    fn some(self, pair: &mut Pair, cases: &[&Case]) -> Result<Seen> {
        let began = Instant::now();
        let mut seen = Seen::default();
        for case in cases {
            let (c, rust) = pair.meet_both(self.network, case, self.meet)?;
            println!("{}: {}: {}", pair.c.name(), case.name, c.summary());
            match c.closed() {
                true => seen.closed += 1,
                false => seen.held += 1,
            }
            seen.complaints.extend(c.compared(&rust, &case.name));
            let known = self.known.iter().filter(|(name, _, _)| *name == case.name);
            for (_, lines, said) in known {
                seen.complaints.extend(c.lacks(&case.name, lines, said));
            }
        }
        println!(
            "{} and {}, {} cases in {:.1} s: {} closed, {} held open",
            pair.c.name(),
            pair.rust.name(),
            cases.len(),
            began.elapsed().as_secs_f64(),
            seen.closed,
            seen.held
        );
        Ok(seen)
    }

    /// Plays different cases with the two, which has to be noticed.
    fn notices(self, pair: &mut Pair, cases: &[&Case]) -> Result<()> {
        for (for_c, for_rust) in self.different {
            let case = |name: &str| cases.iter().find(|case| case.name == name);
            let (Some(one), Some(other)) = (case(for_c), case(for_rust)) else {
                bail!("there is no case \"{for_c}\" or no \"{for_rust}\"");
            };
            let c = (self.meet)(&mut pair.c, one, &Identity::new()?)?;
            let rust = (self.meet)(&mut pair.rust, other, &Identity::new()?)?;
            ensure!(
                !c.compared(&rust, for_c).is_empty(),
                "\"{for_c}\" and \"{for_rust}\" make no difference"
            );
        }
        Ok(())
    }
}

/// How many cases ended how, and what was wrong with them.
#[derive(Debug, Default)]
struct Seen {
    closed: usize,
    held: usize,
    complaints: Vec<String>,
}

impl Seen {
    fn add(&mut self, other: &Seen) {
        self.closed += other.closed;
        self.held += other.held;
        self.complaints.extend(other.complaints.iter().cloned());
    }
}

/// Two tors that have to behave alike.
pub struct Pair {
    c: Tor,
    rust: Tor,
}

/// How a tor meets a peer.
pub type Meet = fn(&mut Tor, &Case, &Identity) -> Result<Outcome>;

impl Pair {
    pub fn relays(network: &Network, c: &str, rust: &str) -> Result<Pair> {
        Ok(Pair {
            c: Tor::relay(network, c)?,
            rust: Tor::relay(network, rust)?,
        })
    }

    pub fn clients(network: &Network, c: &str, rust: &str) -> Result<Pair> {
        Ok(Pair {
            c: Tor::client(network, c)?,
            rust: Tor::client(network, rust)?,
        })
    }

    /// Both at the same time. What goes wrong or differs gets a second chance: these
    /// tors miss a network, and try again and again to find one.
    fn meet_both(
        &mut self,
        network: &Network,
        case: &Case,
        meet: Meet,
    ) -> Result<(Outcome, Outcome)> {
        match self.meet_once(network, case, meet) {
            Ok((c, rust)) => {
                let differences = c.compared(&rust, &case.name);
                if differences.is_empty() {
                    return Ok((c, rust));
                }
                let differences = differences.join("\n");
                println!("outcomes differ, played again: {differences}");
            }
            Err(error) => println!("played again: {error:#}"),
        }
        // What was said of the first try is not said of the second.
        self.c.said(&[])?;
        self.rust.said(&[])?;
        self.meet_once(network, case, meet)
    }

    fn meet_once(
        &mut self,
        network: &Network,
        case: &Case,
        meet: Meet,
    ) -> Result<(Outcome, Outcome)> {
        let (c, rust) = (&mut self.c, &mut self.rust);
        let identity = &Identity::new()?;
        let (of_c, of_rust) = thread::scope(|scope| {
            let other = scope.spawn(move || meet(rust, case, identity));
            let of_c = meet(c, case, identity);
            (of_c, joined(other))
        });
        // That a tor has ended explains more than that it does not connect.
        network.alive()?;
        Ok((of_c?, of_rust?))
    }
}

/// What a thread returned, or its panic.
pub fn joined<T>(thread: thread::ScopedJoinHandle<'_, T>) -> T {
    thread
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// At least this many cases have to end closed, and this many held open.
const FEWEST_OF_EITHER: usize = 20;
