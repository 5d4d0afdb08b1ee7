//! The descriptions.
//!
//! ```text
//! /// What it is.
//! #[c_layout]                               C code touches its fields
//! struct c_name as RustName {
//!     version: u8 in [1, 2],                one of these; a new one has the first
//!     c_field as field: u32,                a field with another name in Rust
//!     key: [u8; 32],
//!     len: u8,
//!     body: [u8; len],                      as many as an earlier field says
//!     children: [other_format; len],
//!     child: other_format,
//!     name: [char; len],                    bytes that C also sees as a string
//!     user: text,                           bytes up to a zero
//!     end_of_signed: position,              where parsing had come to
//!     rest: [u8; ..],                       what remains
//!     data: [u8; .. - 32],                  what remains, but for 32 bytes
//!     choice: match tag within len as Enum {
//!         4 => Variant { … },               fields; they fill `len` bytes exactly
//!         1..=255 => Another { … },
//!         _ => Other { skipped },           bytes that C does not keep
//!         _ => fail,                        (or) no other tag is valid
//!     },
//! }
//! ```

use crate::format::{Format, Group};

/// Keeps what is described as text, for [`Group::read`].
macro_rules! describe {
    ($($description:tt)*) => {
        pub(super) const DESCRIPTION: &str = stringify!($($description)*);
    };
}

macro_rules! groups {
    ($($name:ident of $header:literal,)*) => {
        $(mod $name;)*

        /// Every group of formats: a module of ours, a header of C Tor's.
        pub fn groups() -> Vec<Group> {
            vec![$(Group::read(stringify!($name), $header, $name::DESCRIPTION)),*]
        }
    };
}

groups! {
    channelpadding of "channelpadding_negotiation.h",
    circpad of "circpad_negotiation.h",
    conflux of "conflux.h",
    congestion_control of "congestion_control.h",
    ed25519_cert of "ed25519_cert.h",
    establish_intro of "hs/cell_establish_intro.h",
    extension of "extension.h",
    flow_control of "flow_control_cells.h",
    introduce of "hs/cell_introduce1.h",
    link_handshake of "link_handshake.h",
    netinfo of "netinfo.h",
    pwbox of "pwbox.h",
    rendezvous of "hs/cell_rendezvous.h",
    sendme of "sendme_cell.h",
    socks5 of "socks5.h",
    subproto of "subproto_request.h",
}

/// The format that C calls `name`, and the group that it is in.
pub(crate) fn find<'g>(groups: &'g [Group], name: &str) -> (&'g Group, &'g Format) {
    let mut all = groups
        .iter()
        .flat_map(|group| group.formats.iter().map(move |format| (group, format)));
    all.find(|(_, format)| format.c_name == name)
        .unwrap_or_else(|| panic!("no format is called {name}"))
}
