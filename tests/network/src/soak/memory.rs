//! The relays' memory over time, and whether it still grows.
//!
//! Each process has a record of its own: a relay that was started again begins
//! anew. The first third of the soak is warm-up, and so are the first seconds, as
//! many, of every later process. What is left of a process's samples is cut into
//! quarters; memory still grows when the median of the last is above that of the
//! second by more than [`ALLOWED_PART`] or [`ALLOWED_BYTES`], whichever is more.
//! A process with fewer than [`FEWEST`] samples after its warm-up is not judged.
//!
//! Judged and shown is anonymous memory, which a leak fills. The files that tor
//! maps (its caches of consensuses and descriptors) come and go with the votes.

use std::time::Duration;

use crate::network::Network;
use crate::spec::Role;

/// Part of the earlier median by which the later may exceed it.
pub const ALLOWED_PART: f64 = 0.08;
/// Bytes by which the later median may exceed the earlier.
pub const ALLOWED_BYTES: u64 = 2 << 20;
/// Ten in each quarter.
const FEWEST: usize = 40;

/// What a process had at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Counted from the beginning of the soak.
    pub at: Duration,
    /// Resident memory in bytes.
    pub rss: u64,
    /// The part of it that is no file's, in bytes.
    pub anonymous: u64,
}

/// The memory of one process of a relay.
#[derive(Clone, Debug)]
pub struct Life {
    /// The relay.
    pub node: String,
    /// How its build is called.
    pub build: String,
    /// Its samples, in order; never empty.
    pub samples: Vec<Sample>,
    pid: u32,
}

/// What the medians of the second and the last quarter say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Growth {
    /// Median of the second quarter, in bytes.
    pub earlier: u64,
    /// Median of the last quarter, in bytes.
    pub later: u64,
}

impl Growth {
    /// Whether it is more than what load and allocator explain.
    pub fn is_leak(self) -> bool {
        let part = (self.earlier as f64 * ALLOWED_PART) as u64;
        self.later > self.earlier + part.max(ALLOWED_BYTES)
    }
}

impl Life {
    /// How memory developed after a warm-up of this length; `None` when the
    /// process did not live long enough to tell.
    pub fn growth(&self, warm_up: Duration) -> Option<Growth> {
        let first = self.samples.first()?.at;
        let warm: Vec<u64> = self
            .samples
            .iter()
            .filter(|sample| sample.at >= first + warm_up)
            .map(|sample| sample.anonymous)
            .collect();
        if warm.len() < FEWEST {
            return None;
        }
        let quarter = warm.len() / 4;
        Some(Growth {
            earlier: median(&warm[quarter..2 * quarter]),
            later: median(&warm[warm.len() - quarter..]),
        })
    }
}

/// The warm-up of a soak of this length.
pub fn warm_up(duration: Duration) -> Duration {
    duration / 3
}

/// One line for each process that still grows; one if none could be judged.
pub(super) fn complaints(lives: &[Life], duration: Duration) -> Vec<String> {
    let warm_up = warm_up(duration);
    lives
        .iter()
        .filter_map(|life| Some((life, life.growth(warm_up)?)))
        .filter(|(_, growth)| growth.is_leak())
        .map(|(life, growth)| {
            format!(
                "{} ({}): memory still grows after the warm-up, from {:.1} to {:.1} MiB",
                life.node,
                life.build,
                mib(growth.earlier),
                mib(growth.later)
            )
        })
        .collect()
}

/// Bytes in MiB.
pub(super) fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// Takes the samples.
pub(super) struct Record {
    relays: Vec<(String, String)>,
    lives: Vec<Life>,
}

impl Record {
    pub(super) fn new(network: &Network) -> Record {
        let relays = network
            .nodes()
            .filter(|node| matches!(node.role, Role::Relay | Role::Exit))
            .map(|node| (node.name.clone(), node.binary.label.clone()))
            .collect();
        Record {
            relays,
            lives: Vec::new(),
        }
    }

    pub(super) fn sample(&mut self, network: &Network, at: Duration) {
        for (node, build) in &self.relays {
            // A relay that has just been killed has no memory to tell of.
            let (Ok(pid), Ok(usage)) = (network.pid(node), network.usage(node)) else {
                continue;
            };
            if usage.rss == 0 {
                continue;
            }
            let sample = Sample {
                at,
                rss: usage.rss,
                anonymous: usage.anonymous,
            };
            match self.lives.iter_mut().find(|life| life.pid == pid) {
                Some(life) => life.samples.push(sample),
                None => self.lives.push(Life {
                    node: node.clone(),
                    build: build.clone(),
                    samples: vec![sample],
                    pid,
                }),
            }
        }
    }

    /// All processes, by relay and then by age.
    pub(super) fn lives(mut self) -> Vec<Life> {
        self.lives.sort_by(|a, b| a.node.cmp(&b.node));
        self.lives
    }
}

fn median(values: &[u64]) -> u64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = 60;

    /// Memory of this many MiB at each second, with noise of 1 MiB to either side.
    fn leaks(minutes: u64, memory: impl Fn(f64) -> f64) -> Option<bool> {
        let mut random = fastrand::Rng::with_seed(minutes);
        let samples = (0..minutes * MINUTE)
            .map(|second| {
                let noise = 2.0 * random.f64() - 1.0;
                let bytes = (memory(second as f64) + noise) * f64::from(1 << 20);
                Sample {
                    at: Duration::from_secs(second),
                    rss: bytes as u64,
                    anonymous: bytes as u64,
                }
            })
            .collect();
        let life = Life {
            node: "relay1".into(),
            build: "Rust".into(),
            samples,
            pid: 1,
        };
        let duration = Duration::from_secs(minutes * MINUTE);
        life.growth(warm_up(duration)).map(Growth::is_leak)
    }

    #[test]
    fn steady_memory_is_no_leak() {
        for minutes in [3, 10, 60, 600] {
            assert_eq!(leaks(minutes, |_| 25.0), Some(false), "{minutes}");
        }
    }

    #[test]
    fn memory_that_rises_and_falls_is_no_leak() {
        for minutes in [3, 10, 60, 600] {
            for period in [10.0, 37.0, 61.0] {
                let saw = |second: f64| 25.0 + 6.0 * (second % period) / period;
                assert_eq!(leaks(minutes, saw), Some(false), "{minutes}, {period}");
            }
        }
    }

    #[test]
    fn a_warm_up_that_slows_down_is_no_leak() {
        for minutes in [3, 10, 60, 600] {
            let filling = |second: f64| 15.0 + 2.0 * (1.0 + second).ln();
            assert_eq!(leaks(minutes, filling), Some(false), "{minutes}");
            let step = |second: f64| if second < 50.0 { 15.0 } else { 40.0 };
            assert_eq!(leaks(minutes, step), Some(false), "{minutes}");
        }
    }

    #[test]
    fn a_steady_leak_is_found_and_a_longer_soak_finds_a_slower_one() {
        for (minutes, mib_a_minute) in [(3, 4.0), (10, 1.0), (60, 0.15), (600, 0.015)] {
            let leaking = |second: f64| 25.0 + mib_a_minute * second / 60.0;
            assert_eq!(leaks(minutes, leaking), Some(true), "{minutes}");
        }
    }

    #[test]
    fn a_leak_that_begins_after_the_warm_up_is_found() {
        let late = |second: f64| 25.0 + (second - 1500.0).max(0.0) / 60.0;
        assert_eq!(leaks(60, late), Some(true));
    }

    #[test]
    fn a_short_life_is_not_judged() {
        let leaking = |second: f64| 25.0 + second;
        let short = leaks(1, leaking);
        assert_eq!(short, Some(true), "40 samples are enough");
        let mut life = Life {
            node: "relay1".into(),
            build: "C".into(),
            samples: Vec::new(),
            pid: 1,
        };
        assert_eq!(life.growth(Duration::ZERO), None);
        life.samples = (0..39)
            .map(|second| Sample {
                at: Duration::from_secs(second),
                rss: second << 30,
                anonymous: second << 30,
            })
            .collect();
        assert_eq!(life.growth(Duration::ZERO), None);
    }
}
