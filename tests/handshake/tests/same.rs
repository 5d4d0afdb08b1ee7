//! Two builds of tor do the same in every handshake: `TORRS_TOR_C` and
//! `TORRS_TOR_RUST`.

use std::process::ExitCode;
use std::sync::{Arc, LazyLock};

use handshake::families::{Family, FAMILIES, FIRST_SEED};
use handshake::{compare, Driver};
use libtest_mimic::{Arguments, Failed, Trial};

/// Compiled once, when the first family is played.
static DRIVERS: LazyLock<Result<[Driver; 2], String>> = LazyLock::new(|| {
    let of = |name| Driver::of_variable(name).map_err(|error| format!("{error:#}"));
    Ok([of("TORRS_TOR_C")?, of("TORRS_TOR_RUST")?])
});

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // A family takes two processes at a time already.
    arguments.test_threads = Some(1);
    let trials = FAMILIES
        .iter()
        .map(|family| Trial::test(family.name, move || same(family).map_err(Failed::from)));
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

fn same(family: &Family) -> Result<(), String> {
    let [c, rust] = DRIVERS.as_ref().map_err(String::clone)?;
    let words: Vec<_> = family.reaches.iter().map(|(word, _)| *word).collect();
    let scripts = Arc::new((family.scripts)());
    let seen = compare::compare([c, rust], scripts, &words)
        .map_err(|error| format!("{error:#}"))?
        .map_err(|difference| difference.to_string())?;
    println!(
        "{}: {} scripts, first seed {FIRST_SEED}, {} of them ended in an assertion",
        family.name, seen.scripts, seen.died
    );
    let mut complaints = Vec::new();
    if seen.died > 0 {
        complaints.push("a peer must not be able to cause an assertion".into());
    }
    for (word, at_least) in family.reaches {
        let times = seen.words.get(word).copied().unwrap_or_default();
        println!("    {times:6} \"{word}\"");
        if times < *at_least {
            complaints.push(format!("\"{word}\" was seen {times} times, not {at_least}"));
        }
    }
    match complaints.is_empty() {
        true => Ok(()),
        false => Err(complaints.join("\n")),
    }
}
