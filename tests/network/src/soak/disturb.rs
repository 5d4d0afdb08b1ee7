//! What is done to the network: a schedule that follows from duration and seed,
//! and its execution, one disturbance after the other.

use std::time::{Duration, Instant};

use anyhow::{bail, ensure, Context, Result};

use super::load::Route;
use super::{Soak, C_EXIT, C_GUARD, LED_CLIENT, MORTALS, MORTAL_CLIENT, RUST_EXIT, RUST_GUARD};
use crate::client::{Client, Target, Transfer};
use crate::network::Network;
use crate::process::lock;

/// One disturbance of the schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disturbance {
    /// When it begins, counted from the beginning of the soak.
    pub at: Duration,
    /// The node.
    pub node: String,
    /// What is done to it.
    pub act: Act,
}

/// What is done to a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// SIGKILL to a relay; it is started again after a few seconds.
    KillRelay,
    /// SIGKILL to a client in the middle of a transfer, and a new start.
    KillClient,
    /// SIGSTOP, and SIGCONT a few seconds later.
    Freeze,
    /// SIGHUP.
    Reload,
}

impl std::fmt::Display for Disturbance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let act = match self.act {
            Act::KillRelay => "kill and restart",
            Act::KillClient => "kill in mid-transfer and restart",
            Act::Freeze => "freeze",
            Act::Reload => "reload",
        };
        write!(f, "{act} {}", self.node)
    }
}

impl Disturbance {
    /// Whether it may break what takes this route.
    pub(super) fn breaks(&self, route: &Route) -> bool {
        match self.act {
            Act::KillRelay | Act::Freeze => route.may_pass(&self.node),
            // Its only transfer is the one that it disappears in.
            Act::KillClient => false,
            Act::Reload => false,
        }
    }
}

/// A disturbance that was made.
#[derive(Clone, Debug)]
pub struct Happened {
    /// What was done.
    pub what: Disturbance,
    /// When it began, counted from the beginning of the soak.
    pub from: Duration,
    /// When its node had carried checked bytes again.
    pub until: Duration,
}

/// The schedule: rounds of all kinds in an order drawn from `seed`, some 9
/// disturbances in a short soak, one every 90 s in a long one.
pub(super) fn plan(duration: Duration, seed: u64) -> Vec<Disturbance> {
    let mut random = fastrand::Rng::with_seed(seed);
    let apart = (duration / 9).clamp(SHORTEST_PEACE, LONGEST_PEACE);
    let mut plan: Vec<Disturbance> = Vec::new();
    let mut at = apart;
    loop {
        let lasting = [RUST_GUARD, C_GUARD, RUST_EXIT, C_EXIT];
        let reloaded = lasting[random.usize(..lasting.len())];
        let frozen = MORTALS[random.usize(..MORTALS.len())];
        let mut round = [
            (MORTALS[0], Act::KillRelay),
            (MORTALS[1], Act::KillRelay),
            (MORTAL_CLIENT, Act::KillClient),
            (frozen, Act::Freeze),
            (reloaded, Act::Reload),
        ];
        random.shuffle(&mut round);
        for (node, act) in round {
            if at + LAST_PEACE > duration {
                return plan;
            }
            plan.push(Disturbance {
                at,
                node: node.to_owned(),
                act,
            });
            at += apart.mul_f64(0.8 + 0.4 * random.f64());
        }
    }
}

/// Executes the schedule; what goes wrong ends the soak.
pub(super) fn execute(soak: &Soak<'_>, plan: &[Disturbance]) {
    let mut random = fastrand::Rng::with_seed(plan.len() as u64);
    for what in plan {
        soak.rest(what.at.saturating_sub(soak.elapsed()));
        if soak.ending() {
            return;
        }
        let from = soak.elapsed();
        lock(&soak.ledger).present = Some(Happened {
            what: what.clone(),
            from,
            until: Duration::MAX / 2,
        });
        if let Err(error) = disturb(soak, what, &mut random) {
            soak.fail(format!("{what}: {error:#}"));
        }
        let mut ledger = lock(&soak.ledger);
        ledger.present = None;
        ledger.happened.push(Happened {
            what: what.clone(),
            from,
            until: soak.elapsed(),
        });
    }
}

fn disturb(soak: &Soak<'_>, what: &Disturbance, random: &mut fastrand::Rng) -> Result<()> {
    let (network, node) = (soak.network, what.node.as_str());
    let pause = Duration::from_millis(random.u64(2000..5000));
    match what.act {
        Act::KillRelay => {
            network.kill(node)?;
            soak.rest(pause);
            network.restart(node)?;
            carries_again(soak.client(LED_CLIENT)?, node)
        }
        Act::KillClient => {
            let client = soak.client(node)?;
            disappear(network, client)?;
            soak.rest(pause);
            network.restart(node)?;
            carry(client, MORTALS[0])
        }
        Act::Freeze => {
            network.freeze(node)?;
            soak.rest(pause);
            network.thaw(node)?;
            carries_again(soak.client(LED_CLIENT)?, node)
        }
        Act::Reload => {
            network.reload(node)?;
            carry(soak.client(LED_CLIENT)?, node)
        }
    }
}

/// Kills a client when half of a transfer is done.
fn disappear(network: &Network, client: &Client) -> Result<()> {
    let circuit = client.build_circuit(&route_through(MORTALS[0]))?;
    let mut killed = None;
    let result = client.run(
        &Transfer::fetch(Target::Exit, LOST_BYTES).on(&circuit),
        &mut |bytes| {
            if bytes >= LOST_BYTES / 2 && killed.is_none() {
                killed = Some(network.kill(client.name()));
            }
        },
    );
    killed.context("the transfer ended before the client could be killed")??;
    ensure!(
        result.is_err(),
        "a transfer was completed without its client"
    );
    Ok(())
}

/// Waits until a relay carries checked bytes again.
fn carries_again(client: &Client, relay: &str) -> Result<()> {
    let deadline = Instant::now() + RECOVERY_LIMIT;
    loop {
        match carry(client, relay) {
            Err(error) if Instant::now() >= deadline => {
                return Err(error.context(format!("{relay} is not usable again")));
            }
            // The others may not have noticed yet that their connections broke.
            Err(_) => std::thread::sleep(super::SECOND),
            Ok(()) => return Ok(()),
        }
    }
}

/// Moves a few checked bytes through a relay.
fn carry(client: &Client, relay: &str) -> Result<()> {
    let circuit = client.build_circuit(&route_through(relay))?;
    let done = client.run(
        &Transfer::fetch(Target::Exit, PROOF_BYTES).on(&circuit),
        &mut |_| {},
    )?;
    if !done.matches() {
        bail!("content arrived changed over {}", done.path.join(", "));
    }
    Ok(())
}

/// Three hops, this relay among them.
fn route_through(relay: &str) -> [&str; 3] {
    match relay {
        C_GUARD => [C_GUARD, RUST_EXIT, C_EXIT],
        RUST_GUARD | RUST_EXIT => [RUST_GUARD, C_EXIT, RUST_EXIT],
        C_EXIT => [RUST_GUARD, RUST_EXIT, C_EXIT],
        middle => [RUST_GUARD, middle, RUST_EXIT],
    }
}

const SHORTEST_PEACE: Duration = Duration::from_secs(15);
const LONGEST_PEACE: Duration = Duration::from_secs(90);
/// No disturbance begins in the last part of a soak.
const LAST_PEACE: Duration = Duration::from_secs(40);
const RECOVERY_LIMIT: Duration = Duration::from_secs(60);
const LOST_BYTES: u64 = 8 << 20;
const PROOF_BYTES: u64 = 256 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_minutes_have_room_for_every_kind_of_disturbance() {
        for seed in 0..100 {
            let plan = plan(Duration::from_secs(180), seed);
            for act in [Act::KillRelay, Act::KillClient, Act::Freeze, Act::Reload] {
                let found = plan.iter().any(|disturbance| disturbance.act == act);
                assert!(found, "seed {seed}: no {act:?} in {plan:?}");
            }
        }
    }

    #[test]
    fn a_seed_repeats_its_schedule() {
        let of = |seed| plan(Duration::from_secs(3600), seed);
        assert_eq!(of(7), of(7));
        assert_ne!(of(7), of(8));
    }
}
