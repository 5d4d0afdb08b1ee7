//! The same input through C and Rust gives the same of everything.
//!
//! One test a comparison for random inputs, one for its corpus and the
//! regressions. The seeds are printed; `TORRS_PARITY_SEED=N` takes only the
//! input N.

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use parity::{comparisons, corpus, laboratory};

fn main() -> ExitCode {
    let mut trials = Vec::new();
    for target in comparisons() {
        let name = target.about().name;
        trials.push(Trial::test(format!("random::{name}"), move || {
            laboratory::property(target).map(drop).map_err(Failed::from)
        }));
        trials.push(Trial::test(format!("corpus::{name}"), move || {
            let files = corpus::replay(target).map_err(Failed::from)?;
            println!("{name}: {files} files");
            Ok(())
        }));
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
