//! The warnings in a relay's log, in words that two relays can have in common.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use anyhow::{Context, Result};
use network::Network;

/// A log that grows.
pub struct Log(File);

impl Log {
    /// The log of a node, without what stands in it already.
    pub fn from_now_on(network: &Network, node: &str) -> Result<Log> {
        let path = network.folder().join(node).join("notice.log");
        let mut file =
            File::open(&path).with_context(|| format!("cannot open {}", path.display()))?;
        file.seek(SeekFrom::End(0))?;
        Ok(Log(file))
    }

    /// Warnings since the last call, sorted; equal ones are one line.
    pub fn new_warnings(&mut self) -> Result<Vec<String>> {
        let mut bytes = Vec::new();
        self.0.read_to_end(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes);
        let mut warnings: Vec<String> = text.lines().filter_map(warning).collect();
        forget_strangers(&mut warnings);
        warnings.sort();
        let runs = warnings.chunk_by(|a, b| a == b);
        Ok(runs
            .map(|run| match run.len() {
                1 => run[0].clone(),
                times => format!("{}, {times} times", run[0]),
            })
            .collect())
    }
}

/// Takes out what circuits of other nodes cause, which come and go as they like:
/// a client of this small network now and then extends a circuit back to the
/// relay before. Our peer has no identity to which one could extend.
fn forget_strangers(warnings: &mut Vec<String>) {
    const EXTENDS_BACK: &str = "Client asked me to extend back to the previous hop.";
    const THEREFORE: &str = "connection_edge_process_relay_cell (away from origin) failed.";
    while let Some(at) = warnings.iter().position(|line| line == EXTENDS_BACK) {
        warnings.remove(at);
        if warnings.get(at).is_some_and(|next| next == THEREFORE) {
            warnings.remove(at);
        }
    }
}

/// The text of a line of severity warn or err, masked.
fn warning(line: &str) -> Option<String> {
    let (_, text) = line
        .split_once(" [warn] ")
        .or_else(|| line.split_once(" [err] "))?;
    let mut text = text.to_owned();
    for before in VARYING {
        text = network::mask(&text, before, |c: char| c.is_ascii_digit() || c == '.');
    }
    Some(text)
}

/// Numbers behind these differ from run to run: our port, ages in seconds, the
/// share of all EXTENDs, and lines of C sources, which our patches move.
const VARYING: [&str; 5] = ["127.0.0.1:", "(age ", "created ", "dropped ", ".c:"];

#[test]
fn only_warnings_count_and_what_varies_is_masked() {
    let line = "Nov 24 02:29:56.000 [warn] CREATE from 127.0.0.1:4711 (age 12), circID 3";
    let expected = "CREATE from 127.0.0.1:# (age #), circID 3";
    assert_eq!(warning(line).as_deref(), Some(expected));
    assert_eq!(warning("Nov 24 02:29:56.000 [notice] Done"), None);
}

#[test]
fn only_the_pair_of_lines_that_strangers_cause_is_forgotten() {
    let lines = |text: &str| -> Vec<String> { text.lines().map(str::to_owned).collect() };
    let back = "Client asked me to extend back to the previous hop.";
    let failed = "connection_edge_process_relay_cell (away from origin) failed.";
    let mut warnings = lines(&format!("{failed}\n{back}\n{failed}\nother\n{back}"));
    forget_strangers(&mut warnings);
    assert_eq!(warnings, lines(&format!("{failed}\nother")));
}
