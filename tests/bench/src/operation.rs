//! What is measured: the operations that tor's main loop calls for each cell.

use ctor::relaycrypt::cell_t;
use parity::relaycrypt::hop::{AesBits, Algorithm, End};
use parity::relaycrypt::implementation::{Implementation, TagFn};
use std::ffi::c_void;
use std::ptr;

use crate::circuits::State;

/// One kind of work, done to one cell on one circuit.
pub struct Operation {
    /// The row's name.
    pub name: &'static str,
    pub algorithm: Algorithm,
    pub end: End,
    /// How many states a circuit has.
    pub hops: usize,
    /// Does the work.
    ///
    /// # Safety
    /// There are `hops` states, initialised by `Implementation` for `algorithm`
    /// and `end`, and nothing else uses them.
    pub work: unsafe fn(&Implementation, &mut [Box<State>], &mut cell_t),
}

const CGO: Algorithm = Algorithm::Cgo(AesBits::B128);

/// The rows, in the order of the table.
pub const OPERATIONS: [Operation; 8] = [
    // What a middle relay does: the cell is not for it.
    Operation {
        name: "tor1 relay cell",
        algorithm: Algorithm::Tor1,
        end: End::Relay,
        hops: 1,
        // SAFETY: by the contract of `work`.
        work: |side, states, cell| unsafe {
            (side.tor1.relay_forward)(states[0].tor1(), cell);
        },
    },
    Operation {
        name: "tor1 originate",
        algorithm: Algorithm::Tor1,
        end: End::Relay,
        hops: 1,
        // SAFETY: by the contract of `work`.
        work: |side, states, cell| unsafe {
            (side.tor1.relay_originate)(states[0].tor1(), cell);
        },
    },
    Operation {
        name: "tor1-hs originate",
        algorithm: Algorithm::Tor1Hs,
        end: End::Service,
        hops: 1,
        // SAFETY: by the contract of `work`.
        work: |side, states, cell| unsafe {
            (side.tor1.client_originate)(states[0].tor1(), cell);
        },
    },
    Operation {
        name: "tor1 client 3 hops",
        algorithm: Algorithm::Tor1,
        end: End::Client,
        hops: 3,
        // SAFETY: by the contract of `work`.
        work: |side, states, cell| unsafe {
            (side.tor1.client_originate)(states[2].tor1(), cell);
            (side.tor1.client_forward)(states[1].tor1(), cell);
            (side.tor1.client_forward)(states[0].tor1(), cell);
        },
    },
    Operation {
        name: "CGO forward",
        algorithm: CGO,
        end: End::Relay,
        hops: 1,
        // SAFETY: by the contract of `work`.
        work: |side, states, cell| unsafe {
            with_tag(side.cgo.relay_forward, states[0].cgo_forward(), cell);
        },
    },
    Operation {
        name: "CGO backward",
        algorithm: CGO,
        end: End::Relay,
        hops: 1,
        // SAFETY: by the contract of `work`.
        work: |side, states, cell| unsafe {
            (side.cgo.relay_backward)(states[0].cgo_backward(), cell);
        },
    },
    Operation {
        name: "CGO originate",
        algorithm: CGO,
        end: End::Relay,
        hops: 1,
        // SAFETY: by the contract of `work`.
        work: |side, states, cell| unsafe {
            with_tag(side.cgo.relay_originate, states[0].cgo_backward(), cell);
        },
    },
    Operation {
        name: "CGO client 3 hops",
        algorithm: CGO,
        end: End::Client,
        hops: 3,
        // SAFETY: by the contract of `work`.
        work: |side, states, cell| unsafe {
            with_tag(side.cgo.client_originate, states[2].cgo_forward(), cell);
            (side.cgo.client_forward)(states[1].cgo_forward(), cell);
            (side.cgo.client_forward)(states[0].cgo_forward(), cell);
        },
    },
];

/// # Safety
/// `cgo` is a state of the side that `function` is from.
unsafe fn with_tag(function: TagFn, cgo: *mut c_void, cell: &mut cell_t) {
    let mut tag = ptr::null();
    // SAFETY: by this function's contract.
    unsafe { function(cgo, cell, &mut tag) };
    std::hint::black_box(tag);
}
