//! Recording what a real network sends, for test builds only (feature `fault`):
//! the corpus of the fuzzers begins with it.
//!
//! The environment variable `TORRS_RECORD` names a folder that exists. Each
//! relay cell that begins here is written there before it is encrypted, one for
//! each command and rough length: `v0-COMMAND-LENGTH` or `v1-…`, after the
//! version of the relay cell format (tor-spec, "Relay cells").

use relaycrypt::cgo::TAG_LEN;
use relaycrypt::CellBody;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::OnceLock;

/// Lengths in between tell a parser nothing new.
const ROUGH: u16 = 64;

/// A cell of tor1, whose format is version 0.
pub(crate) fn v0(body: &CellBody) {
    let [command, _, _, _, _, _, _, _, _, high, low, ..] = *body;
    write("v0", command, u16::from_be_bytes([high, low]), body);
}

/// A cell of CGO, whose format is version 1: the tag comes first.
pub(crate) fn v1(body: &CellBody) {
    if let [command, high, low, ..] = body[TAG_LEN..] {
        write("v1", command, u16::from_be_bytes([high, low]), body);
    }
}

fn write(version: &str, command: u8, length: u16, body: &CellBody) {
    static FOLDER: OnceLock<Option<PathBuf>> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| std::env::var_os("TORRS_RECORD").map(PathBuf::from));
    let Some(folder) = folder else {
        return;
    };
    let name = format!("{version}-{command}-{}", length / ROUGH * ROUGH);
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(folder.join(name));
    // Another cell of this kind is there already, or the recording is lost:
    // neither is a reason to disturb tor.
    if let Ok(mut file) = file {
        let _incomplete = file.write_all(body);
    }
}
