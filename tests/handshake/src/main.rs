//! Scripts by hand: prints them, plays them to a build of tor, compares two.
//!
//! ```text
//! cargo run -p handshake -- list
//! cargo run -p handshake -- scripts FAMILY [WORDS]      those whose names hold WORDS
//! cargo run -p handshake -- play BUILD < SCRIPTS        prints the traces
//! cargo run -p handshake -- differ BUILD BUILD < SCRIPTS
//! ```

use std::env;
use std::io::{BufWriter, Read, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{bail, Context, Result};
use handshake::driver::Trace;
use handshake::families::FAMILIES;
use handshake::Driver;

fn main() -> Result<ExitCode> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["list"] => {
            for family in FAMILIES {
                println!("{:18} {}", family.name, family.about);
            }
        }
        ["scripts", family] => scripts(family, "")?,
        ["scripts", family, words] => scripts(family, words)?,
        ["play", build] => {
            for (_, trace) in play(build, &input()?)? {
                print!("{trace}");
            }
        }
        ["differ", one, other] => {
            let input = input()?;
            let (one, other) = (play(one, &input)?, play(other, &input)?);
            let mut code = ExitCode::SUCCESS;
            for ((name, a), (_, b)) in one.iter().zip(&other) {
                if a != b {
                    println!("{name}");
                    code = ExitCode::FAILURE;
                }
            }
            return Ok(code);
        }
        _ => bail!("list, scripts FAMILY [WORDS], play BUILD, or differ BUILD BUILD"),
    }
    Ok(ExitCode::SUCCESS)
}

fn scripts(family: &str, words: &str) -> Result<()> {
    let family = FAMILIES
        .iter()
        .find(|there| there.name == family)
        .context("there is no such family; `list` names them")?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    for script in (family.scripts)() {
        if script.name.contains(words) {
            write!(out, "{script}")?;
        }
    }
    Ok(out.flush()?)
}

fn input() -> Result<String> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    Ok(text)
}

/// The traces of all scripts of a text, and their first lines.
fn play(build: &str, text: &str) -> Result<Vec<(String, Trace)>> {
    let scripts = text.lines().filter(|line| *line == "end").count();
    let mut running = Driver::compile(Path::new(build))?.start_text(text.into())?;
    let mut traces = Vec::new();
    for _ in 0..scripts {
        let mut trace = Trace::default();
        running.read(&mut trace)?;
        let name = trace.0.first().cloned().unwrap_or_default();
        traces.push((name, trace));
    }
    running.finish()?;
    Ok(traces)
}
