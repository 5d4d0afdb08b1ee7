//! The proof that a build of tor handles link handshakes as C Tor does
//! (tor-spec, "Negotiating and initializing connections").
//!
//! `driver.c` is compiled against a build of tor, of whatever kind, and plays
//! [`Script`]s to it: a connection in some role, and what its peer says, cell by
//! cell. Its trace holds all that can be seen from outside: bytes sent, calls
//! out of the handshake in their order, log lines with severity, domain and
//! function, and the state after each event. Two builds that handle handshakes
//! alike print the same traces, byte for byte.
//!
//! [`families`] makes the scripts; [`compare`](compare::compare) plays them to
//! two builds. Nothing here knows how either of them works.
//!
//! | variable | a build directory of tor, with its unit tests |
//! |---|---|
//! | `TORRS_TOR_C` | the reference |
//! | `TORRS_TOR_RUST` | what is compared with it |
//! | `TORRS_TOR` | what the tests of behaviour look at; else `TORRS_TOR_C` |

pub mod certs;
pub mod compare;
pub mod driver;
pub mod families;
pub mod keys;
pub mod script;

pub use driver::{Driver, Trace};
pub use script::{Authenticate, Conn, Event, Script};

/// Commands of cells on a link (tor-spec, "Cell Packet format").
#[allow(missing_docs)]
pub mod command {
    pub const PADDING: u8 = 0;
    pub const CREATE: u8 = 1;
    pub const RELAY: u8 = 3;
    pub const DESTROY: u8 = 4;
    pub const VERSIONS: u8 = 7;
    pub const NETINFO: u8 = 8;
    pub const CREATE2: u8 = 10;
    pub const PADDING_NEGOTIATE: u8 = 12;
    pub const VPADDING: u8 = 128;
    pub const CERTS: u8 = 129;
    pub const AUTH_CHALLENGE: u8 = 130;
    pub const AUTHENTICATE: u8 = 131;
    pub const AUTHORIZE: u8 = 132;
}

/// When every script begins, in seconds since 1970. `driver.c` says the same.
pub const BEGINNING: i64 = 1_900_000_000;
