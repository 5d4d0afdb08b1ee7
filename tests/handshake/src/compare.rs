//! The same scripts to two builds, and where their traces first differ.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use anyhow::Result;

use crate::driver::Trace;
use crate::{Driver, Script};

/// What came of a comparison without a difference.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// How many scripts were played.
    pub scripts: usize,
    /// How many of them killed their process, in both builds alike.
    pub died: usize,
    /// How many traces hold each of the words that were asked for.
    pub words: BTreeMap<&'static str, usize>,
}

/// Two traces that differ.
#[derive(Clone, Debug)]
pub struct Difference {
    /// The names of all scripts with different traces.
    pub all: Vec<String>,
    /// The first such script.
    pub script: Script,
    /// The first line that differs, counted from 0.
    pub line: usize,
    /// What the two builds printed.
    pub traces: [Trace; 2],
}

/// Plays scripts to two builds at the same time.
///
/// # Errors
/// If a driver fails; the inner one is the first difference.
pub fn compare(
    drivers: [&Driver; 2],
    scripts: Arc<Vec<Script>>,
    words: &[&'static str],
) -> Result<Result<Seen, Box<Difference>>> {
    let [mut a, mut b] = [
        drivers[0].start(Arc::clone(&scripts))?,
        drivers[1].start(Arc::clone(&scripts))?,
    ];
    let mut seen = Seen::default();
    let mut difference: Option<Box<Difference>> = None;
    let mut traces = [Trace::default(), Trace::default()];
    for script in scripts.iter() {
        a.read(&mut traces[0])?;
        b.read(&mut traces[1])?;
        if let Some(line) = first_difference(&traces) {
            let first = difference.get_or_insert_with(|| {
                Box::new(Difference {
                    all: Vec::new(),
                    script: script.clone(),
                    line,
                    traces: traces.clone(),
                })
            });
            first.all.push(script.name.clone());
        }
        seen.scripts += 1;
        seen.died += usize::from(traces[0].died());
        for word in words {
            *seen.words.entry(word).or_default() += usize::from(traces[0].says(word));
        }
    }
    a.finish()?;
    b.finish()?;
    Ok(match difference {
        Some(difference) => Err(difference),
        None => Ok(seen),
    })
}

/// The first line that differs.
fn first_difference([a, b]: &[Trace; 2]) -> Option<usize> {
    if a == b {
        return None;
    }
    let same = a.0.iter().zip(&b.0).take_while(|(a, b)| a == b).count();
    Some(same)
}

/// Lines before the difference that are shown.
const BEFORE: usize = 12;
/// And after.
const AFTER: usize = 4;
/// Names of scripts that are shown.
const NAMES: usize = 20;
/// Bytes of a line that are shown.
const WIDTH: usize = 400;

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = |line: &str| match line.char_indices().nth(WIDTH) {
            Some((end, _)) => format!("{} ...", &line[..end]),
            None => line.to_string(),
        };
        let [c, _] = &self.traces;
        writeln!(f, "{} scripts differ:", self.all.len())?;
        for name in self.all.iter().take(NAMES) {
            writeln!(f, "    {name}")?;
        }
        writeln!(f, "The first of them, \"{}\":", self.script.name)?;
        let from = self.line.saturating_sub(BEFORE);
        for line in &c.0[from..self.line] {
            writeln!(f, "    {}", short(line))?;
        }
        for (mark, trace) in ["C:  ", "Rust"].iter().zip(&self.traces) {
            let until = trace.0.len().min(self.line + AFTER);
            for line in trace.0.get(self.line..until).unwrap_or_default() {
                writeln!(f, "  {mark} {}", short(line))?;
            }
        }
        write!(f, "The script, for `handshake play`:\n{}", self.script)
    }
}
