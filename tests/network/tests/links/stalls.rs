//! Peers that say nothing more, or so slowly that nothing comes of it: a tor gives such
//! a link up when it has sent nothing for as long as `KeepalivePeriod` says (5 minutes
//! by default, [`KEEPALIVE_S`] here).

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{ensure, Context, Result};
use network::Network;
use peer::{command, play, Ending, Forgery, Identity, Relay, Responder, Script};

use crate::case::{case, Case};
use crate::certs::End;
use crate::pairs::joined;
use crate::tor::{bridge, extend_to, side_by_side, Tor};

/// A line for the torrc.
pub const KEEPALIVE: &str = "KeepalivePeriod 2 seconds";
/// Longer than a tor may wait: it looks once a second.
const LIMIT: Duration = Duration::from_secs(8);
/// A pause between bytes with which no handshake ends in time.
const SLOW: Duration = Duration::from_millis(50);

/// All of these wait, so they are played at the same time.
pub fn play_all(network: &Network, relays: [&str; 2], clients: [&str; 2]) -> Result<()> {
    let names = [relays[0], relays[1], clients[0], clients[1]];
    let seen = thread::scope(|scope| {
        let relays = relays
            .map(|name| scope.spawn(move || relay(network, name).with_context(|| name.to_owned())));
        let clients = clients.map(|name| {
            scope.spawn(move || client(network, name).with_context(|| name.to_owned()))
        });
        let mut seen: Vec<Result<Vec<String>>> = relays.into_iter().map(joined).collect();
        seen.extend(clients.into_iter().map(joined));
        seen
    });
    network.alive()?;
    let seen: Vec<Vec<String>> = seen.into_iter().collect::<Result<_>>()?;
    for (names, seen) in names.chunks(2).zip(seen.chunks(2)) {
        let (c, rust) = (&seen[0], &seen[1]);
        println!("{} and {}, slow and silent peers:", names[0], names[1]);
        c.iter().for_each(|line| println!("    {line}"));
        ensure!(
            c == rust,
            "{}",
            side_by_side("slow and silent peers", c, rust)
        );
        let given_up = c
            .iter()
            .filter(|line| line.contains("Expiring non-open OR"));
        ensure!(given_up.count() > 0, "no link was given up");
    }
    Ok(())
}

/// What comes of one script: one line, and who we were.
type Stalled = Result<(String, Identity)>;

fn relay(network: &Network, name: &str) -> Result<Vec<String>> {
    let mut tor = Tor::relay(network, name)?;
    let relay = tor.as_relay()?;
    let stalled = thread::scope(|scope| {
        let initiators = initiators().into_iter();
        let threads = initiators.map(|case| scope.spawn(move || initiate(&relay, &case)));
        let responders = responders().into_iter();
        let threads =
            threads.chain(responders.map(|case| scope.spawn(move || respond(&relay, &case))));
        let threads: Vec<_> = threads.collect();
        let stalled: Vec<Stalled> = threads.into_iter().map(joined).collect();
        stalled.into_iter().collect::<Result<Vec<_>>>()
    })?;
    seen(&mut tor, stalled)
}

fn client(network: &Network, name: &str) -> Result<Vec<String>> {
    let mut tor = Tor::client(network, name)?;
    let mut peers = Vec::new();
    let mut bridges = Vec::new();
    for case in responders() {
        let identity = Identity::new()?;
        let responder = Responder::listen(&identity)?;
        bridges.push(bridge(&responder, &case, &identity)?);
        peers.push((case, identity, responder));
    }
    tor.use_bridges(&bridges)?;
    let stalled = thread::scope(|scope| {
        let threads = peers.into_iter().map(|(case, identity, responder)| {
            scope.spawn(move || {
                let script = case.script(&identity)?;
                let began = Instant::now();
                let transcript = responder
                    .answer(&script)
                    .with_context(|| case.name.clone())?;
                let line = in_time(&case, transcript.ending, began)?;
                Ok((
                    format!("{line}: {}", transcript.lines().join("; ")),
                    identity,
                ))
            })
        });
        let threads: Vec<_> = threads.collect();
        let stalled: Vec<Stalled> = threads.into_iter().map(joined).collect();
        stalled.into_iter().collect::<Result<Vec<_>>>()
    })?;
    seen(&mut tor, stalled)
}

fn initiate(relay: &Relay, case: &Case) -> Stalled {
    let identity = Identity::new()?;
    let began = Instant::now();
    let transcript = play(relay, &case.script(&identity)?)?;
    let line = in_time(case, transcript.ending, began)?;
    Ok((
        format!("{line}: {}", transcript.lines().join("; ")),
        identity,
    ))
}

fn respond(relay: &Relay, case: &Case) -> Stalled {
    let identity = Identity::new()?;
    let responder = Responder::listen(&identity)?;
    let began = Instant::now();
    // Of a link that is given up the circuit that waits for it is not told.
    let (transcript, circuit) =
        extend_to(relay, &responder, case, &identity, 0).with_context(|| case.name.clone())?;
    let line = in_time(case, transcript.ending, began)?;
    let (lines, circuit) = (transcript.lines().join("; "), circuit.join("; "));
    Ok((format!("{line}: {lines}; circuit: {circuit}"), identity))
}

/// Closed, and not late.
fn in_time(case: &Case, ending: Ending, began: Instant) -> Result<String> {
    let took = began.elapsed();
    println!("{}: {ending} after {:.1} s", case.name, took.as_secs_f64());
    let in_time = ending == Ending::Closed && took < LIMIT;
    ensure!(in_time, "{}: {ending} after {took:?}", case.name);
    Ok(case.name.clone())
}

/// All lines in an order of their own, since all happened at the same time.
fn seen(tor: &mut Tor, stalled: Vec<(String, Identity)>) -> Result<Vec<String>> {
    let identities: Vec<&Identity> = stalled.iter().map(|(_, identity)| identity).collect();
    let mut said = tor.said(&identities)?;
    said.sort();
    let mut seen: Vec<String> = stalled.into_iter().map(|(line, _)| line).collect();
    seen.extend(said);
    Ok(seen)
}

/// Then nothing, until the tor has had enough.
fn silence(script: Script) -> Script {
    script.quiet(LIMIT)
}

fn initiators() -> Vec<Case> {
    vec![
        case("initiator: TCP, then silence", |_, script| {
            Ok(silence(script))
        }),
        case(
            "initiator: ClientHello cut off, then silence",
            |_, script| Ok(silence(script.bytes([0x16, 3, 1, 2, 0, 1, 0]))),
        ),
        case("initiator: TLS, then silence", |_, script| {
            Ok(silence(script.start_tls()))
        }),
        case("initiator: VERSIONS, then silence", |_, script| {
            Ok(silence(answered(script)))
        }),
        case("initiator: CERTS, then silence", |identity, script| {
            let certs = End::Initiator.certs(identity)?;
            Ok(silence(answered(script).certs(&certs)))
        }),
        case(
            "initiator: half of CERTS, then silence",
            |identity, script| {
                let certs = End::Initiator.certs(identity)?.encode();
                let script = answered(script).cut_cell(500, command::CERTS, certs);
                Ok(silence(script))
            },
        ),
        case(
            "initiator: AUTHENTICATE, then silence",
            |identity, script| {
                let certs = End::Initiator.certs(identity)?;
                let script = answered(script).certs(&certs);
                Ok(silence(script.authenticate(identity, Forgery::Nothing)))
            },
        ),
        case("initiator: CERTS too slowly", |identity, script| {
            let certs = End::Initiator.certs(identity)?;
            Ok(silence(answered(script).pausing(SLOW).certs(&certs)))
        }),
        case("initiator: NETINFO too slowly", |_, script| {
            Ok(silence(answered(script).pausing(SLOW).relay_netinfo()))
        }),
        case("initiator: VPADDING for ever", |_, script| {
            let padding = |script: Script, _| script.cell(0, command::VPADDING, []);
            let script = answered(script).pausing(SLOW / 5);
            Ok(silence(script.repeat(150, padding)))
        }),
    ]
}

fn answered(script: Script) -> Script {
    script.start_tls().versions(&[5]).wait(4)
}

fn responders() -> Vec<Case> {
    vec![
        case("responder: TCP, then silence", |_, script| {
            Ok(silence(script))
        }),
        case("responder: TLS, then silence", |_, script| {
            Ok(silence(script.start_tls().wait(1)))
        }),
        case("responder: VERSIONS, then silence", |_, script| {
            Ok(silence(versions(script)))
        }),
        case("responder: CERTS, then silence", |identity, script| {
            let certs = End::Responder.certs(identity)?;
            Ok(silence(versions(script).certs(&certs)))
        }),
        case(
            "responder: half of CERTS, then silence",
            |identity, script| {
                let certs = End::Responder.certs(identity)?.encode();
                let script = versions(script).cut_cell(500, command::CERTS, certs);
                Ok(silence(script))
            },
        ),
        case(
            "responder: AUTH_CHALLENGE, then silence",
            |identity, script| {
                let certs = End::Responder.certs(identity)?;
                let script = versions(script).certs(&certs).auth_challenge(&[3]);
                Ok(silence(script))
            },
        ),
        case("responder: CERTS too slowly", |identity, script| {
            let certs = End::Responder.certs(identity)?;
            Ok(silence(versions(script).pausing(SLOW).certs(&certs)))
        }),
        case("responder: NETINFO too slowly", |identity, script| {
            let certs = End::Responder.certs(identity)?;
            let script = versions(script).certs(&certs).auth_challenge(&[3]);
            Ok(silence(script.pausing(SLOW).relay_netinfo()))
        }),
    ]
}

fn versions(script: Script) -> Script {
    script.start_tls().wait(1).versions(&[4, 5])
}
