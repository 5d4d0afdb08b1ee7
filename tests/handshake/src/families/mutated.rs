//! Handshakes with one change, and events in any order.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::{authenticate, bytes, certs, netinfo, pick, random, Family, FIRST_SEED};
use crate::families::{honest, states};
use crate::script::{Event, Mode, Script, World};

pub const ONE_CHANGE: Family = Family {
    name: "one-change",
    about: "good handshakes with one change",
    scripts: one_change,
    reaches: &[
        ("= state 6", 1500),
        ("connection_or_close_for_error", 1000),
        ("Received a bad CERTS cell", 100),
        ("Received a bad AUTH_CHALLENGE cell", 50),
        ("Received a bad AUTHENTICATE cell", 50),
        ("= authenticated 1", 2000),
    ],
};

pub const ANY_ORDER: Family = Family {
    name: "any-order",
    about: "events of handshakes in any order",
    scripts: any_order,
    reaches: &[
        ("= state 6", 100),
        ("= state 5", 1000),
        ("connection_or_close_for_error", 1000),
        ("Received a bad CERTS cell", 100),
        ("Received a bad AUTH_CHALLENGE cell", 100),
        ("Received a bad AUTHENTICATE cell", 100),
        ("= authenticated 1", 200),
    ],
};

/// How many handshakes are changed.
const CHANGED: u64 = 5000;
/// How many are made of events in any order.
const UNORDERED: u64 = 3000;

fn one_change() -> Vec<Script> {
    let handshakes = honest::handshakes();
    (FIRST_SEED..FIRST_SEED + CHANGED)
        .map(|seed| {
            let mut random = random(seed);
            let mut script = pick(&mut random, &handshakes).clone();
            settings(&mut random, &mut script);
            let change = change(&mut random, &mut script.events);
            if random.random_bool(0.3) {
                script.events.extend(honest::afterwards());
            }
            script.name = format!("{}, {change}, seed {seed}", script.name);
            script
        })
        .collect()
}

/// Settings that change what is said, or what is done after a failure.
fn settings(random: &mut ChaCha8Rng, script: &mut Script) {
    let settings = [
        World::KeepGoing,
        World::UnsafeLog,
        World::Known,
        World::ProtocolWarnings,
    ];
    for world in settings {
        if random.random_bool(0.4) {
            script.world.push(world);
        }
    }
    if random.random_bool(0.1) {
        script.world.push(World::Trusted);
    }
}

/// Changes one thing, and says what.
fn change(random: &mut ChaCha8Rng, events: &mut Vec<Event>) -> String {
    // What begins it may be missing, but tor itself sees to it that it happens once.
    if random.random_bool(0.03) {
        events.remove(0);
        return "event 0 is missing".into();
    }
    let at = random.random_range(1..events.len());
    let what = random.random_range(0..14);
    match what {
        0 => {
            events.remove(at);
            format!("event {at} is missing")
        }
        1 => {
            let again = events[at].clone();
            events.insert(at, again);
            format!("event {at} comes twice")
        }
        2 => {
            let again = events[at].clone();
            events.push(again);
            format!("event {at} comes again at the end")
        }
        3 => {
            let other = random.random_range(1..events.len());
            events.swap(at, other);
            format!("events {at} and {other} are exchanged")
        }
        4 => {
            let all = states::cells();
            events.insert(at, pick(random, &all).clone());
            format!("a stranger before event {at}")
        }
        5 => {
            let seconds = *pick(random, &[-4000, 100, 200, 4000, 86400 * 400]);
            events.insert(at, Event::Time(seconds));
            format!("{seconds} s before event {at}")
        }
        _ => {
            let change = match &mut events[at] {
                Event::Authenticate(there) => {
                    *there = authenticate::any(random);
                    "is another AUTHENTICATE"
                }
                Event::Cell(cell) | Event::Var(cell) => match what {
                    6 | 7 if !cell.body.is_empty() => {
                        let byte = random.random_range(0..cell.body.len());
                        cell.body[byte] ^= 1 << random.random_range(0..8);
                        "has a bit that is wrong"
                    }
                    8 => {
                        let len = random.random_range(0..=cell.body.len());
                        cell.body.truncate(len);
                        "is cut"
                    }
                    9 => {
                        let room = 509usize.saturating_sub(cell.body.len());
                        let len = random.random_range(1..40).min(room);
                        cell.body.extend(bytes(random, len));
                        "is longer"
                    }
                    10 => {
                        cell.circ_id = *pick(random, &[1, 0x8000, 0x8000_0000, u32::MAX]);
                        "is on a circuit"
                    }
                    11 => {
                        cell.command = match random.random_bool(0.5) {
                            true => random.random(),
                            false => *pick(random, &[7, 8, 12, 128, 129, 130, 131, 132]),
                        };
                        "has another command"
                    }
                    12 => {
                        let cell = cell.clone();
                        events[at] = match (&events[at], cell.command) {
                            (_, 129) => Event::Direct("certs", cell),
                            (_, 130) => Event::Direct("auth_challenge", cell),
                            (_, 131) => Event::Direct("authenticate", cell),
                            (Event::Var(_), _) if cell.body.len() <= 509 => Event::Cell(cell),
                            _ => Event::Var(cell),
                        };
                        "comes through another door"
                    }
                    _ => {
                        let len = cell.body.len();
                        cell.body = bytes(random, len);
                        "has a random body"
                    }
                },
                _ => "is what it was",
            };
            format!("event {at} {change}")
        }
    }
}

fn any_order() -> Vec<Script> {
    let handshakes = honest::handshakes();
    let strangers = states::cells();
    (FIRST_SEED..FIRST_SEED + UNORDERED)
        .map(|seed| {
            let mut random = random(seed);
            let mut script = pick(&mut random, &handshakes).clone();
            let good = std::mem::take(&mut script.events);
            settings(&mut random, &mut script);
            // Mostly it begins well, or little could happen.
            let begun = random.random_range(0..good.len());
            script.events.extend_from_slice(&good[..begun]);
            for _ in 0..random.random_range(1..9) {
                let event = match random.random_range(0..12) {
                    0..7 => pick(&mut random, &good).clone(),
                    7 => netinfo::any(&mut random),
                    8 => {
                        let responder = script.conn.initiator;
                        Event::var(129, certs::any(&mut random, responder))
                    }
                    9 => Event::Authenticate(authenticate::any(&mut random)),
                    _ => pick(&mut random, &strangers).clone(),
                };
                // What begins a handshake happens once: tor's own code sees to it.
                let begins = matches!(event, Event::Launch | Event::Wait);
                if !begins || script.events.is_empty() {
                    script.events.push(event);
                }
            }
            script.name = format!("{}, seed {seed}", script.name);
            // A client that is connected to does not exist.
            debug_assert!(
                script.conn.initiator || !script.world.contains(&World::Mode(Mode::Client))
            );
            script
        })
        .collect()
}
