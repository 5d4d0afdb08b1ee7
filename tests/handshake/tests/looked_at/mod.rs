//! The build of tor that is looked at: `TORRS_TOR`, or else `TORRS_TOR_C`.

use std::sync::{LazyLock, Mutex};

use handshake::driver::Conversation;
use handshake::{Driver, Script, Trace};

static DRIVER: LazyLock<Mutex<Conversation>> = LazyLock::new(|| {
    let variable = match std::env::var_os("TORRS_TOR") {
        Some(_) => "TORRS_TOR",
        None => "TORRS_TOR_C",
    };
    let driver = Driver::of_variable(variable).unwrap();
    Mutex::new(driver.converse().unwrap())
});

/// What it does.
pub fn play(script: Script) -> Trace {
    let trace = DRIVER.lock().unwrap().play(&script).unwrap();
    // The test harness shows it if the test fails.
    println!("{trace}");
    assert!(!trace.died());
    trace
}
