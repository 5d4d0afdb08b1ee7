//! A build that does one thing otherwise is caught. Here it is the driver that does
//! it for the build, so that both are the same one; or Rust, if there is a build
//! that has faults (`TORRS_TOR_RUST_FAULT`) beside one without (`TORRS_TOR_RUST`).

use std::sync::Arc;

use handshake::compare::compare;
use handshake::families::FAMILIES;
use handshake::Driver;

/// Plays families in their order until one finds a difference; its name and what
/// it says.
fn found(fault: &'static str) -> Option<(&'static str, String)> {
    let driver = Driver::of_variable("TORRS_TOR_C").unwrap();
    let faulty = driver.with_fault(fault);
    first_difference(&driver, &faulty)
}

fn first_difference(driver: &Driver, faulty: &Driver) -> Option<(&'static str, String)> {
    FAMILIES.iter().find_map(|family| {
        let scripts = Arc::new((family.scripts)());
        let difference = compare([driver, faulty], scripts, &[]).unwrap().err()?;
        Some((family.name, difference.to_string()))
    })
}

fn is_caught(fault: &'static str, words: &str) {
    let (family, difference) = found(fault).expect("nothing was noticed");
    println!("{family}: {difference}");
    assert!(difference.contains(words), "{difference}");
}

#[test]
fn a_client_that_is_not_marked_is_caught() {
    is_caught("no-client", "= is_client 1");
}

#[test]
fn a_byte_that_is_sent_otherwise_is_caught() {
    is_caught("sent-byte", "Rust sent ");
}

#[test]
fn a_warning_that_is_not_given_is_caught() {
    is_caught("no-skew", "clock_skew_warning");
}

#[test]
fn rust_that_uses_other_words_or_does_not_close_is_caught() {
    let Some(faulty) = std::env::var_os("TORRS_TOR_RUST_FAULT") else {
        println!("nothing to do: TORRS_TOR_RUST_FAULT names no build");
        return;
    };
    let rust = Driver::of_variable("TORRS_TOR_RUST").unwrap();
    let faulty = rust.with_archive_of(faulty.as_ref()).unwrap();
    for (fault, words) in [
        ("wrong-words", "!"),
        ("accept", "call connection_or_close_for_error"),
    ] {
        let found = first_difference(&rust, &faulty.with_fault(fault));
        let (family, difference) = found.expect("nothing was noticed");
        println!("{family}: {difference}");
        assert!(difference.contains(words), "{difference}");
    }
}

#[test]
fn a_difference_shows_a_script_that_can_be_played_again() {
    let (_, difference) = found("no-client").expect("nothing was noticed");
    let (_, script) = difference.split_once("`handshake play`:\n").unwrap();
    let driver = Driver::of_variable("TORRS_TOR_C").unwrap();
    let play = |driver: Driver| {
        let mut running = driver.start_text(script.to_string()).unwrap();
        let mut trace = handshake::Trace::default();
        running.read(&mut trace).unwrap();
        running.finish().unwrap();
        trace
    };
    assert_ne!(play(driver.clone()), play(driver.with_fault("no-client")));
}
