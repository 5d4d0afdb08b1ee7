//! Component `cells`: relay_msg.c.
//!
//! * [`relay_msg`]: messages go into cells and come out of them.

pub mod relay_msg;

use crate::code::EntryPoint;
use crate::laboratory::{Side, Target};

/// The comparisons of this component.
pub const COMPARISONS: &[&dyn Target] = &[&relay_msg::RelayMessages];

/// Every function of this component.
pub fn entry_points(side: Side) -> Vec<EntryPoint> {
    macro_rules! all {
        ($module:path, $prefix:literal) => {
            crate::entry_points!($module, $prefix;
                relay_msg_free_, relay_msg_clear, relay_msg_copy, relay_msg_encode_cell,
                relay_msg_decode_cell_in_place, relay_msg_decode_cell,
            )
        };
    }
    match side {
        Side::C => all!(ctor::cells, "c_"),
        Side::Rust => all!(ffi::cells::relay_msg, ""),
    }
}
