//! Every comparison of `parity` as a coverage-guided fuzz target, in one
//! program: `TORRS_FUZZ_TARGET` names the comparison (without it, all names are
//! printed, each with its component), the arguments are libFuzzer's. `cargo
//! xtask fuzz` builds it with sanitizers and runs it.

#![no_main]

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use libfuzzer_sys::{fuzz_target, Corpus};
use parity::laboratory::Target;

static TARGET: OnceLock<&'static dyn Target> = OnceLock::new();

/// Finds the comparison, and writes its seeds to the folder that
/// `TORRS_FUZZ_SEEDS` names, if it names one.
fn start() {
    let name = std::env::var("TORRS_FUZZ_TARGET").unwrap_or_default();
    let Some(target) = parity::comparisons().find(|target| target.about().name == name) else {
        for about in parity::comparisons().map(|target| target.about()) {
            println!("{} {}", about.name, about.component);
        }
        std::process::exit(0);
    };
    if let Some(folder) = std::env::var_os("TORRS_FUZZ_SEEDS") {
        for (number, seed) in target.seeds().iter().enumerate() {
            let file = Path::new(&folder).join(format!("seed-{number}"));
            fs::write(file, seed).expect("the folder for seeds can be written");
        }
    }
    TARGET.get_or_init(|| target);
}

fuzz_target!(
    init: start(),
    |bytes: &[u8]| -> Corpus {
        let target = TARGET.get().expect("libFuzzer begins with init");
        match target.compare(bytes) {
            Ok(Some(_)) => Corpus::Keep,
            Ok(None) => Corpus::Reject,
            Err(mismatch) => {
                // Not a panic: the archive's hook keeps those silent.
                eprintln!("{mismatch}");
                std::process::abort()
            }
        }
    }
);
