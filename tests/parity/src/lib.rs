//! C Tor's relay crypto and ours in one process: the same cells through both.
//!
//! Serves the tests beside it and the crate `bench`. C Tor's own objects stand
//! under the names `c_*` (crate `ctor`), the Rust archive's under C's names
//! (crate `ffi`). What tor-spec "Relay cells" and proposal 359 say is not
//! checked here (that is `tests/vectors`): here C Tor is right.
//!
//! * [`implementation`]: one side, as a table of its functions.
//! * [`hop`]: the state of one hop on one side, safe to use.
//! * [`circuit`]: circuits of several hops, both sides in step.
//! * [`heap`]: what a circuit costs in memory.
//! * [`code`]: which machine code stands behind a function.

pub mod circuit;
pub mod code;
pub mod heap;
pub mod hop;
pub mod implementation;
