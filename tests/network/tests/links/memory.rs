//! What links leave behind: many are opened and closed, one after the other in a few
//! rows, and then the relay has no more memory than before. There are links of all
//! kinds: from a client, from a relay that authenticates, to a relay, and such as end in
//! the middle of the handshake, after AUTHENTICATE and at a CERTS cell that is wrong.

use std::thread;
use std::time::Instant;

use anyhow::{ensure, Context, Result};
use network::Network;
use peer::{play, Forgery, Identity, Relay, Responder, Script};

use crate::case::case;
use crate::pairs::joined;
use crate::tor::extend_to;
use crate::{keys, start};

/// Links before the first look: what a relay needs once it has by then.
const WARM_UP: usize = 300;
/// Links after that.
const LINKS: usize = 500;
/// A look after so many of them.
const STEP: usize = 100;
/// Rows of links.
const AT_A_TIME: usize = 4;
/// Bytes a link that may remain. C Tor itself keeps 60 in the long run, and needs more
/// until its heap has settled. What is kept during a handshake is more by far: its state
/// and the two digests are 600 bytes, certificates take kilobytes.
const MOST_BYTES: i64 = 250;
/// Bytes a link that may remain in Rust and not in C.
const MOST_BYTES_MORE: i64 = 200;

pub fn test() -> Result<()> {
    let network = start("memory", 2, 0, &[])?;
    let grown = thread::scope(|scope| {
        let network = &network;
        let threads = ["relay1", "relay2"].map(|name| scope.spawn(move || grown(network, name)));
        threads.map(joined)
    });
    network.alive()?;
    let [c, rust] = grown;
    let (c, rust) = (c?, rust?);
    println!("bytes a link: C {c}, Rust {rust}");
    ensure!(
        c.max(rust) <= MOST_BYTES && rust <= c + MOST_BYTES_MORE,
        "links leave bytes behind, in C {c} each, in Rust {rust}; logs are in {}",
        network.folder().display()
    );
    network.finish(&[])
}

/// By how many bytes a link a relay has grown.
fn grown(network: &Network, name: &str) -> Result<i64> {
    let relay = keys::relay(network, name)?;
    let identity = Identity::new()?;
    let began = Instant::now();
    let memory = || -> Result<i64> { Ok(network.usage(name)?.anonymous as i64) };
    links(&relay, &identity, WARM_UP)?;
    let mut seen = vec![memory()?];
    for _ in 0..LINKS / STEP {
        links(&relay, &identity, STEP)?;
        seen.push(memory()?);
    }
    let kib: Vec<String> = seen.iter().map(|bytes| (bytes >> 10).to_string()).collect();
    println!(
        "{name}: {} links in {:.1} s, KiB: {}",
        WARM_UP + LINKS,
        began.elapsed().as_secs_f64(),
        kib.join(" ")
    );
    let first = *seen.first().context("nothing was looked at")?;
    let last = *seen.last().context("nothing was looked at")?;
    Ok((last - first) / LINKS as i64)
}

/// So many links; a few at a time, since most of that time is spent waiting.
fn links(relay: &Relay, identity: &Identity, count: usize) -> Result<()> {
    let results = thread::scope(|scope| {
        let rows: Vec<_> = (0..AT_A_TIME)
            .map(|row| {
                let numbers = (row..count).step_by(AT_A_TIME);
                scope.spawn(move || {
                    let mut numbers = numbers;
                    numbers.try_for_each(|number| link(relay, identity, number))
                })
            })
            .collect();
        rows.into_iter().map(joined).collect::<Vec<Result<()>>>()
    });
    results.into_iter().collect()
}

/// Opens a link and closes it.
fn link(relay: &Relay, identity: &Identity, number: usize) -> Result<()> {
    let answered = Script::answered("a link", 5);
    let authenticated = |script: Script| -> Result<Script> {
        let certs = identity.initiator_certs()?;
        Ok(script
            .certs(&certs)
            .authenticate(identity, Forgery::Nothing))
    };
    let script = match number % 5 {
        0 => answered.netinfo().probe(),
        1 => authenticated(answered)?.relay_netinfo().probe(),
        2 => authenticated(answered)?.cell(0, 99, []),
        3 => {
            let opened = case("a link", |identity, script| {
                let certs = identity.responder_certs()?;
                let script = script.start_tls().wait(1).versions(&[5]).certs(&certs);
                Ok(script
                    .auth_challenge(&[3])
                    .relay_netinfo()
                    .wait_for_create())
            });
            // Somebody else each time, so that no link is used again.
            let other = Identity::new()?;
            let responder = Responder::listen(&other)?;
            let (transcript, _) = extend_to(relay, &responder, &opened, &other, 1)?;
            ensure!(
                transcript.has("CREATE2"),
                "no link was opened: {transcript}"
            );
            return Ok(());
        }
        _ => {
            let mut certs = identity.initiator_certs()?;
            certs = certs.twice(peer::cert_type::SIGNING_V_LINK_AUTH);
            answered.certs(&certs)
        }
    };
    let transcript = play(relay, &script)?;
    ensure!(!transcript.waited_in_vain(), "a link: {transcript}");
    Ok(())
}
