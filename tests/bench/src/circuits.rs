//! The circuits on which an operation is measured, and the measurement.
//!
//! A state lies where tor has it: inside a block the size of tor's
//! `or_circuit_t`, one block a circuit, all on the heap. So what a state costs
//! to reach counts, which with many circuits is most of the cost.

use std::hint::black_box;

use ctor::relaycrypt::{cell_t, CELL_PAYLOAD_SIZE};
use parity::relaycrypt::hop::{Algorithm, End};
use parity::relaycrypt::implementation::Implementation;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::ffi::{c_int, c_void};

use crate::clock::cpu_time;
use crate::operation::Operation;

/// The fewest operations that are timed together.
const OPERATIONS_PER_ROUND: usize = 4_000;

/// tor's `or_circuit_t` as far as it matters here: 504 bytes, of which its
/// `relay_crypto_t` is 64 at offset 352.
#[repr(C, align(8))]
pub struct State {
    before: [u8; 352],
    crypto: [*mut c_void; 8],
    after: [u8; 88],
}

const _: () = assert!(size_of::<State>() == 504);

impl State {
    /// The `tor1_crypt_t` in it.
    pub fn tor1(&mut self) -> *mut c_void {
        self.crypto.as_mut_ptr().cast()
    }

    /// The `cgo_crypt_t` for cells that move away from the client.
    pub fn cgo_forward(&self) -> *mut c_void {
        self.crypto[0]
    }

    /// The `cgo_crypt_t` for cells that move towards the client.
    pub fn cgo_backward(&self) -> *mut c_void {
        self.crypto[1]
    }
}

/// One side's circuits.
pub struct Circuits<'a> {
    side: &'a Implementation,
    operation: &'a Operation,
    /// `operation.hops` states a circuit.
    #[expect(clippy::vec_box, reason = "a block of its own for each, as in tor")]
    states: Vec<Box<State>>,
    /// The order in which the circuits get cells: all of them, once.
    order: Vec<u32>,
    cell: cell_t,
}

impl<'a> Circuits<'a> {
    /// `circuits` circuits with keys of their own.
    pub fn new(side: &'a Implementation, operation: &'a Operation, circuits: u32) -> Self {
        // The same numbers for both sides.
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut keys = vec![0; operation.algorithm.key_material_len(side)];
        let states = (0..circuits as usize * operation.hops)
            .map(|_| {
                rng.fill_bytes(&mut keys);
                new_state(side, operation, &keys)
            })
            .collect();
        let mut order: Vec<u32> = (0..circuits).collect();
        for last in (1..order.len()).rev() {
            order.swap(last, rng.random_range(0..=last));
        }
        let mut payload = [0; CELL_PAYLOAD_SIZE];
        rng.fill_bytes(&mut payload);
        let cell = cell_t {
            circ_id: 1,
            command: 3,
            payload,
        };
        Circuits {
            side,
            operation,
            states,
            order,
            cell,
        }
    }

    /// CPU time of one operation, in nanoseconds.
    pub fn measure(&mut self) -> f64 {
        // The other side has just used the caches. A relay runs one of them
        // only, so this one gets them back before its time is taken.
        self.pass();
        let passes = OPERATIONS_PER_ROUND.div_ceil(self.order.len());
        let start = cpu_time();
        for _ in 0..passes {
            self.pass();
        }
        let time = cpu_time() - start;
        time as f64 / (passes * self.order.len()) as f64
    }

    /// One cell on each circuit.
    fn pass(&mut self) {
        let work = black_box(self.operation.work);
        let hops = self.operation.hops;
        for &circuit in &self.order {
            let states = &mut self.states[circuit as usize * hops..][..hops];
            // SAFETY: the states are this side's, made for this operation.
            unsafe { work(self.side, states, &mut self.cell) };
        }
        black_box(&self.cell);
    }
}

impl Drop for Circuits<'_> {
    fn drop(&mut self) {
        for state in &mut self.states {
            // SAFETY: the states are this side's, and this is their last use.
            unsafe {
                match self.operation.algorithm {
                    Algorithm::Tor1 | Algorithm::Tor1Hs => (self.side.tor1.clear)(state.tor1()),
                    Algorithm::Cgo(_) => {
                        (self.side.cgo.free)(state.cgo_forward());
                        (self.side.cgo.free)(state.cgo_backward());
                    }
                }
            }
        }
    }
}

fn new_state(side: &Implementation, operation: &Operation, keys: &[u8]) -> Box<State> {
    let mut state = Box::new(State {
        before: [0; 352],
        crypto: [std::ptr::null_mut(); 8],
        after: [0; 88],
    });
    black_box((&state.before, &state.after));
    match operation.algorithm {
        Algorithm::Tor1 | Algorithm::Tor1Hs => {
            let reverse = c_int::from(operation.end == End::Service);
            let is_hs = c_int::from(operation.algorithm == Algorithm::Tor1Hs);
            // SAFETY: the state is empty, the keys are valid for their length.
            let status = unsafe {
                (side.tor1.init)(
                    state.tor1(),
                    keys.as_ptr().cast(),
                    keys.len(),
                    reverse,
                    is_hs,
                )
            };
            assert_eq!(status, 0, "{}: tor1_crypt_init failed", side.name);
        }
        Algorithm::Cgo(bits) => {
            // The values of cgo_mode_t.
            let mode = if operation.end == End::Client { 0 } else { 2 };
            let halves = keys.split_at(keys.len() / 2);
            for (i, keys) in [halves.0, halves.1].into_iter().enumerate() {
                // SAFETY: the keys are valid for their length.
                state.crypto[i] = unsafe {
                    (side.cgo.new)(mode + i as u32, bits as c_int, keys.as_ptr(), keys.len())
                };
                assert!(
                    !state.crypto[i].is_null(),
                    "{}: cgo_crypt_new failed",
                    side.name
                );
            }
        }
    }
    state
}
