//! C Tor's code and ours in one process: the same input through both.
//!
//! Serves the tests beside it and the crates `fuzz` and `bench`. C Tor's own
//! objects stand under the names `c_*` (crate `ctor`), the Rust archive's under
//! C's names (crate `ffi`). What tor-spec says is not checked here (that is
//! `tests/vectors`): here C Tor is right.
//!
//! * [`laboratory`]: what a comparison is, and how one declaration becomes a
//!   property test, a fuzz target and a replay of the corpus.
//! * [`observed`]: what is compared.
//! * [`corpus`]: the inputs that are kept.
//! * [`code`]: which machine code stands behind a function.
//! * one module a component; its comparisons are listed in [`comparisons`].

pub mod cells;
pub mod cert;
pub mod code;
pub mod corpus;
pub mod laboratory;
pub mod observed;
pub mod onion;
pub mod relaycrypt;
pub mod trunnel;

use code::EntryPoint;
use laboratory::{Side, Target};

/// Every comparison that there is.
pub fn comparisons() -> impl Iterator<Item = &'static dyn Target> {
    let components = [
        cells::COMPARISONS,
        cert::COMPARISONS,
        onion::COMPARISONS,
        relaycrypt::COMPARISONS,
        trunnel::COMPARISONS,
    ];
    components.into_iter().flatten().copied()
}

/// Every function that the comparisons call on a side.
pub fn entry_points(side: Side) -> Vec<EntryPoint> {
    let mut all = cells::entry_points(side);
    all.extend(cert::entry_points(side));
    all.extend(onion::entry_points(side));
    all.extend(&relaycrypt::implementation::of(side).entry_points);
    all.extend(trunnel::entry_points(side));
    all
}
