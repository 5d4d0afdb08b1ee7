//! Component `cells`: relay_msg.c, onion.c, proto_cell.c, and functions of
//! circuitbuild.c, conflux_cell.c, connection_edge.c, connection_or.c, onion_crypto.c,
//! relay.c and sendme.c.
//!
//! * [`change`]: what happens to a message before it is read.
//! * [`conflux`], [`negotiation`], [`sendme`]: control messages of circuits.
//! * [`create`], [`extend`]: cells and messages that make circuits, and longer ones.
//! * [`framing`]: cells come from links and go onto them.
//! * [`hs_cell`]: messages of onion services.
//! * [`relay_msg`]: messages go into cells and come out of them.
//! * [`stream`]: messages that open streams.

pub mod change;
pub mod conflux;
pub mod create;
pub mod extend;
pub mod framing;
pub mod hs_cell;
pub mod negotiation;
pub mod relay_msg;
pub mod sendme;
pub mod stream;

use std::mem::MaybeUninit;

use arbitrary::{Result, Unstructured};

use crate::code::EntryPoint;
use crate::laboratory::{Side, Target};

/// The comparisons of this component.
pub const COMPARISONS: &[&dyn Target] = &[
    &conflux::Conflux,
    &create::CreateCells,
    &create::CreatedCells,
    &extend::ExtendMessages,
    &extend::ExtendedMessages,
    &framing::FixedCells,
    &framing::VarCells,
    &negotiation::Negotiation,
    &relay_msg::RelayMessages,
    &hs_cell::Introductions,
    &hs_cell::Built,
    &hs_cell::Answers,
    &sendme::Sendme,
    &stream::begin::BeginMessages,
    &stream::connected::ConnectedMessages,
    &stream::resolved::ResolvedMessages,
];

/// What stands where a result goes: nobody would write that.
pub const PAINT: u8 = 0xa6;

/// A structure of C's without pointers. What a side did not write, shows.
pub fn painted<T: Plain>() -> T {
    let mut structure = MaybeUninit::<T>::uninit();
    // SAFETY: numbers are valid with any bytes.
    unsafe {
        structure.as_mut_ptr().write_bytes(PAINT, 1);
        structure.assume_init()
    }
}

/// Structures that have nothing but numbers in them.
///
/// # Safety
/// Just that.
pub unsafe trait Plain {}

macro_rules! plain {
    ($($name:ty),* $(,)?) => {
        // SAFETY: numbers, and arrays and structures of numbers.
        $(unsafe impl Plain for $name {})*
    };
}

plain!(
    ffi::cells::create::create_cell_t,
    ffi::cells::create::created_cell_t,
    ffi::cells::extend::extend_cell_t,
    ffi::cells::extend::extended_cell_t,
    ffi::cells::extend::tor_addr_port_t,
);

/// The next byte of an input.
fn byte(bytes: &mut Unstructured<'_>) -> Result<u8> {
    Ok(bytes.bytes(1)?[0])
}

/// Every function of this component.
pub fn entry_points(side: Side) -> Vec<EntryPoint> {
    macro_rules! functions {
        ($c:path, $rust:path; $($name:ident),* $(,)?) => {
            match side {
                Side::C => crate::entry_points!($c, "c_"; $($name),*),
                Side::Rust => crate::entry_points!($rust, ""; $($name),*),
            }
        };
    }
    use ctor::cells as c;
    use ffi::cells as rust;
    [
        functions!(c, rust::conflux;
            build_link_cell, conflux_cell_parse_link, conflux_cell_parse_linked,
            conflux_cell_new_link, conflux_cell_parse_switch,
        ),
        functions!(c, rust::create;
            create_cell_init, create_cell_parse, create_cell_format, create_cell_format_relayed,
            created_cell_parse, created_cell_format,
        ),
        functions!(c, rust::extend; extended_cell_parse, extended_cell_format),
        functions!(c, rust::framing;
            cell_pack, cell_unpack, var_cell_pack_header, var_cell_new, var_cell_copy,
            var_cell_free_,
        ),
        functions!(c, c::glue; extend_cell_parse, extend_cell_format, fetch_var_cell_from_buf),
        functions!(c, rust::negotiation; negotiate_v3_ntor_server_circ_params),
        functions!(c, c::glue; negotiate_v3_ntor_client_circ_params),
        functions!(c, rust::relay_msg;
            relay_msg_free_, relay_msg_clear, relay_msg_copy, relay_msg_encode_cell,
            relay_msg_decode_cell_in_place, relay_msg_decode_cell,
        ),
        functions!(c, rust::sendme; build_cell_payload_v1),
        functions!(c::stream, stream::rust;
            begin_cell_parse, connected_cell_format_payload, connected_cell_parse,
            resolved_cell_parse,
        ),
        functions!(ctor::hs_cell, rust::hs_cell;
            hs_cell_build_establish_rendezvous, hs_cell_build_rendezvous1,
            hs_cell_parse_intro_established, hs_cell_parse_introduce_ack,
            hs_cell_parse_rendezvous2,
        ),
    ]
    .concat()
}
