//! What a tor says of its links: all warnings, and the lines about the link
//! handshake that are not. In words that two tors can have in common, in order.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use anyhow::{Context, Result};
use network::Network;

/// Where a node notes them (see [`TORRC`]).
const FILE: &str = "links.log";

/// The line of a torrc that makes a node do so.
pub fn torrc(folder: &std::path::Path) -> String {
    let file = folder.join(FILE);
    format!(
        "Log [handshake]debug [protocol,or,channel,general,net,crypto,bug]info [*,~handshake,~protocol,~or,~channel,~general,~net,~crypto,~bug]warn file {}",
        file.display()
    )
}

/// A log that grows.
pub struct Log(File);

impl Log {
    /// The log of a node, without what stands in it already.
    pub fn from_now_on(network: &Network, node: &str) -> Result<Log> {
        let path = network.folder().join(node).join(FILE);
        let mut file =
            File::open(&path).with_context(|| format!("cannot open {}", path.display()))?;
        file.seek(SeekFrom::End(0))?;
        Ok(Log(file))
    }

    /// What has been said since the last call. These names stand for ids.
    pub fn news(&mut self, names: &[(String, &str)]) -> Result<Vec<String>> {
        let mut bytes = Vec::new();
        self.0.read_to_end(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes);
        Ok(text.lines().filter_map(|line| said(line, names)).collect())
    }
}

/// How lines begin that are no warnings and count all the same.
const KEPT: [&str; 14] = [
    "Negotiated version",
    "learned peer id for",
    "(we had no ID in mind",
    "(We had no Ed25519 ID in mind",
    "Connected to router at",
    "Tried connecting to router at",
    "Got some good ",
    "Got an AUTH_CHALLENGE cell",
    "Got an AUTHENTICATE cell",
    "Got good NETINFO cell",
    "Expiring non-open OR connection",
    "Received NETINFO cell with skewed time",
    "Variable-length cell of unknown type",
    "Cell of unknown type",
];

/// How warnings begin that come of the network that these tors miss.
const OF_NO_NETWORK: [&str; 2] = [
    "Problem bootstrapping",
    "Publishing server descriptor to directory authorities",
];
/// And what they contain, with a count in front.
const CONNECTIONS: [&str; 2] = [" connections have failed", " connections died in state"];

/// Severity and text of a line that counts, what varies replaced.
fn said(line: &str, names: &[(String, &str)]) -> Option<String> {
    let (_, line) = line.split_once(" [")?;
    let (severity, text) = line.split_once("] ")?;
    let text = match text.split_once("(): ") {
        Some((function, text)) if !function.contains(' ') => text,
        _ => text,
    };
    let begins = |with: &[&str]| with.iter().any(|start| text.starts_with(start));
    let counts = match severity {
        "warn" | "err" => {
            !begins(&OF_NO_NETWORK) && !CONNECTIONS.iter().any(|part| text.contains(part))
        }
        _ => begins(&KEPT),
    };
    counts.then(|| format!("{severity}: {}", masked(text, names)))
}

fn masked(text: &str, names: &[(String, &str)]) -> String {
    let mut text = text.to_owned();
    for (id, name) in names {
        text = text.replace(id, name);
    }
    for before in TIMES {
        if let Some((start, _)) = text.split_once(before) {
            text = format!("{start}{before} …");
        }
    }
    for before in VARYING {
        text = network::mask(&text, before, |c: char| c.is_ascii_hexdigit());
    }
    text
}

/// What follows these tells a time.
const TIMES: [&str; 2] = ["(certificate lifetime runs", "It seems that our clock is"];

/// Numbers behind these differ from run to run: ports, file descriptors, addresses
/// of memory, lines of C sources.
const VARYING: [&str; 6] = [
    "127.0.0.1:",
    "[::1]:",
    "fd ",
    " at 0x",
    ".c:",
    "identifier ",
];

#[test]
fn what_varies_is_masked_and_ids_have_names() {
    let names = [("AB".repeat(20), "<ours>")];
    let line = format!(
        "Nov 24 02:29:56.000 [info] f(): learned peer id for OR with 127.0.0.1:4711 at 0x55ab: {}, x",
        "AB".repeat(20)
    );
    let expected = "info: learned peer id for OR with 127.0.0.1:# at 0x#: <ours>, x";
    assert_eq!(said(&line, &names).as_deref(), Some(expected));
    assert_eq!(said("Nov 24 02:29:56.000 [info] f(): Done", &names), None);
    let warning = "Nov 24 02:29:56.000 [warn] It (was): so";
    assert_eq!(said(warning, &names).as_deref(), Some("warn: It (was): so"));
}
