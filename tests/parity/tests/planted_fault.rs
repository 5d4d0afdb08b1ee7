//! A wrong answer of the Rust side is caught by the comparison.
//!
//! Needs feature `fault`, with which the Rust side gives wrong answers when
//! `TORRS_FAULT` says so (rust/ffi/src/fault.rs). The variable is read once a
//! process, so each property test runs in a process of its own: this program,
//! with a trial that is otherwise ignored.

use std::collections::BTreeSet;
use std::process::{Command, ExitCode, Output};

use libtest_mimic::{Arguments, Failed, Trial};
use parity::comparisons;
use parity::laboratory::{self, Target};

fn main() -> ExitCode {
    let mut trials = vec![Trial::test("each_component_has_a_fault", || {
        let components: BTreeSet<_> = comparisons().map(|t| t.about().component).collect();
        let with_fault: BTreeSet<_> = comparisons()
            .filter(|target| !target.about().faults.is_empty())
            .map(|target| target.about().component)
            .collect();
        match components == with_fault {
            true => Ok(()),
            false => Err(format!("only {with_fault:?} have one").into()),
        }
    })];
    for target in comparisons() {
        let name = target.about().name;
        let compare = move || Ok(laboratory::property(target).map(drop)?);
        trials.push(Trial::test(compare_name(target), compare).with_ignored_flag(true));
        for fault in target.about().faults {
            let test = move || is_caught(target, fault);
            trials.push(Trial::test(format!("{name}::{fault}_is_caught"), test));
        }
        let test = move || nothing_is_caught(target);
        trials.push(Trial::test(
            format!("{name}::nothing_is_caught_without"),
            test,
        ));
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn compare_name(target: &dyn Target) -> String {
    format!("{}::compare", target.about().name)
}

fn compare_with(target: &dyn Target, fault: &str) -> Result<Output, Failed> {
    let program = std::env::current_exe()?;
    Ok(Command::new(program)
        .args(["--exact", &compare_name(target), "--ignored", "--nocapture"])
        .env("TORRS_FAULT", fault)
        .output()?)
}

fn is_caught(target: &dyn Target, fault: &str) -> Result<(), Failed> {
    let output = compare_with(target, fault)?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    if output.status.success() {
        return Err("not caught".into());
    }
    let line = text.lines().find(|line| line.starts_with("seed "));
    println!("{}", line.ok_or(format!("failed otherwise:\n{text}"))?);
    Ok(())
}

fn nothing_is_caught(target: &dyn Target) -> Result<(), Failed> {
    let output = compare_with(target, "")?;
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned().into()),
    }
}
