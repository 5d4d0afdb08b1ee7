//! Component `onion`: onion_fast.c, onion_ntor.c, onion_ntor_v3.c and hs_ntor.c.
//!
//! A side is always both ends: its client sends to its relay or service, with
//! the same randomness as the other side's. What is sent is changed on its way
//! for both sides alike; what was sent is noted, so that a client of one side
//! would have come as far with a relay of the other.
//!
//! * [`call`]: a function of either side, and what it takes to call one.
//! * [`change`]: what happens to a message on its way; points worth trying.
//! * [`keys`]: a relay's onion keys.
//! * [`fast`], [`ntor`], [`ntor_v3`], [`hs_ntor`]: the comparisons.

#[macro_use]
pub mod call;
pub mod change;
pub mod fast;
pub mod hs_ntor;
pub mod keys;
pub mod ntor;
pub mod ntor_v3;

use crate::code::EntryPoint;
use crate::laboratory::{Side, Target};

/// The comparisons of this component.
pub const COMPARISONS: &[&dyn Target] = &[
    &fast::CreateFast,
    &ntor::Ntor,
    &ntor_v3::NtorV3,
    &hs_ntor::HsNtor,
];

/// Every function of this component that C declares outside of its tests.
pub fn entry_points(side: Side) -> Vec<EntryPoint> {
    macro_rules! all {
        ($module:path, $prefix:literal) => {
            crate::entry_points!($module, $prefix;
                fast_handshake_state_free_, fast_onionskin_create, fast_server_handshake,
                fast_client_handshake, ntor_handshake_state_free_, onion_skin_ntor_create,
                onion_skin_ntor_server_handshake, onion_skin_ntor_client_handshake,
                ntor3_handshake_state_free_, ntor3_server_handshake_state_free_,
                onion_skin_ntor3_create, onion_ntor3_client_handshake,
                onion_skin_ntor3_server_handshake_part1,
                onion_skin_ntor3_server_handshake_part2, hs_ntor_client_get_introduce1_keys,
                hs_ntor_client_get_rendezvous1_keys, hs_ntor_service_get_introduce1_keys,
                hs_ntor_service_get_introduce1_keys_multi, hs_ntor_service_get_rendezvous1_keys,
                hs_ntor_client_rendezvous2_mac_is_good, hs_ntor_circuit_key_expansion,
            )
        };
    }
    match side {
        Side::C => all!(ctor::onion, "c_"),
        Side::Rust => all!(ffi::onion, ""),
    }
}
