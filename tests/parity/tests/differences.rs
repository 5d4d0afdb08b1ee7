//! What DIFFERENCES.md says is all that differs, and it still does.
//!
//! C ends the process in these cases, so each is tried in a process of its own:
//! this program, with the one test that is otherwise ignored.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus};

use parity::relaycrypt::hop::{Algorithm, BareTor1, End};
use parity::relaycrypt::implementation::{self, Implementation};

/// One difference: C aborts where Rust does this and goes on.
struct Difference {
    name: &'static str,
    /// Makes the call and checks what Rust answers.
    call: fn(&Implementation),
}

const DIFFERENCES: [Difference; 4] = [
    Difference {
        name: "assert-empty",
        call: |side| BareTor1::zeroed(side).assert_ok(),
    },
    Difference {
        name: "init-twice",
        call: |side| {
            let keys = vec![1; Algorithm::Tor1.key_material_len(side)];
            let mut state = BareTor1::zeroed(side);
            assert_eq!(state.init(Algorithm::Tor1, End::Client, &keys), 0);
            assert_eq!(state.init(Algorithm::Tor1, End::Client, &keys), -1);
            assert!(!state.is_empty());
        },
    },
    Difference {
        name: "cgo-key-length",
        call: |side| {
            let keys = [0; 200];
            for len in 0..keys.len() {
                // SAFETY: the keys are valid for this length.
                let cgo = unsafe { (side.cgo.new)(0, 128, keys.as_ptr(), len) };
                assert_eq!(cgo.is_null(), len != 80, "{len} bytes");
                // SAFETY: null or a state that nothing else uses.
                unsafe { (side.cgo.free)(cgo) };
            }
        },
    },
    Difference {
        name: "cgo-aes-bits",
        call: |side| {
            for bits in [-1, 0, 16, 127, 129, 512] {
                // SAFETY: takes any number.
                let len = unsafe { (side.cgo.key_material_len)(bits) };
                assert_eq!(len, 0, "{bits} bits");
            }
        },
    },
];

/// `SIDE DIFFERENCE`, for [`make_the_call`].
const CALL: &str = "TORRS_PARITY_CALL";

#[test]
#[ignore = "run by the other tests, in a process of its own"]
fn make_the_call() {
    let call = std::env::var(CALL).unwrap();
    let (side, name) = call.split_once(' ').unwrap();
    // An abort is expected, so no core file is wanted.
    let none = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: `none` is valid for reading.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_CORE, &none) }, 0);
    let side = match side {
        "C" => implementation::c(),
        _ => implementation::rust(),
    };
    let difference = DIFFERENCES
        .iter()
        .find(|difference| difference.name == name);
    (difference.unwrap().call)(&side);
}

fn status_of_call(side: &str, name: &str) -> ExitStatus {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "make_the_call", "--ignored"])
        .env(CALL, format!("{side} {name}"))
        .output()
        .unwrap()
        .status
}

#[test]
fn c_still_aborts_where_rust_goes_on() {
    for Difference { name, .. } in &DIFFERENCES {
        let (c, rust) = (status_of_call("C", name), status_of_call("Rust", name));
        assert!(
            rust.success(),
            "{name}: Rust does not do what DIFFERENCES.md says: {rust}"
        );
        assert_eq!(
            c.signal(),
            Some(libc::SIGABRT),
            "{name}: C no longer aborts: take the row out of DIFFERENCES.md"
        );
    }
}

/// The rows of differences.toml, each as DIFFERENCES.md has it.
fn listed() -> BTreeMap<String, String> {
    let list: toml::Table = toml::from_str(include_str!("../differences.toml")).unwrap();
    let rows = list["difference"].as_array().unwrap().iter().map(|row| {
        let cells = ["name", "call", "c", "rust", "reason"].map(|column| {
            let text = row[column].as_str().unwrap();
            assert!(!text.is_empty(), "{column} of {row} is empty");
            text
        });
        (cells[0].to_owned(), format!("| {} |", cells.join(" | ")))
    });
    rows.collect()
}

#[test]
fn the_list_has_these_rows_and_no_others() {
    let listed: BTreeSet<String> = listed().into_keys().collect();
    let known: BTreeSet<String> = DIFFERENCES.iter().map(|d| d.name.to_owned()).collect();
    assert_eq!(listed, known);
}

#[test]
fn readers_and_machines_are_told_the_same() {
    let shown: BTreeSet<&str> = include_str!("../DIFFERENCES.md")
        .lines()
        .filter(|line| line.starts_with("| "))
        .skip(1)
        .collect();
    let rows = listed();
    let listed: BTreeSet<&str> = rows.values().map(String::as_str).collect();
    assert_eq!(shown, listed);
}
