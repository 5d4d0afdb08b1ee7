//! The cipher state of one hop on one side, safe to use.
//!
//! A [`Hop`] holds both directions, as C Tor's `relay_crypto_t` does, and
//! applies one [`Operation`] to a cell. Everything a caller of the C interface
//! can see of that is in the [`Outcome`].

use std::ffi::{c_int, c_uint, c_void};
use std::ptr;

use ctor::relaycrypt::cell_t;

use super::implementation::{CellFn, Implementation, RecogniseFn, TagFn};

/// The relay encryption algorithm of a hop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// AES-128-CTR and SHA-1.
    Tor1,
    /// AES-256-CTR and SHA3-256: a client's virtual hop to an onion service.
    Tor1Hs,
    /// Counter Galois Onion with AES keys of this many bits.
    Cgo(AesBits),
}

/// The AES key lengths that CGO is defined for.
#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AesBits {
    B128 = 128,
    B192 = 192,
    B256 = 256,
}

/// At which end of the shared keys a state stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The client, which holds a state for each hop.
    Client,
    /// The relay.
    Relay,
    /// An onion service: a client whose forward is the other's backward
    /// (`reverse` in C Tor; tor1 only).
    Service,
}

/// What can be done to a cell. The names are C's.
#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    ClientOriginate,
    ClientForward,
    ClientBackward,
    RelayOriginate,
    RelayForward,
    RelayBackward,
}

/// What an operation shows to its caller, besides the cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Whether the cell was found to be for this state; false from operations
    /// that do not ask.
    pub recognised: bool,
    /// The tag with which a SENDME would acknowledge the cell.
    pub tag: Tag,
}

/// An authenticated-SENDME tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag {
    /// CGO gave none.
    None,
    /// The whole of tor1's `sendme_digest`, whether or not it changed.
    Tor1([u8; 20]),
    /// CGO's tag.
    Cgo([u8; 16]),
}

/// Room for either side's `tor1_crypt_t`.
#[derive(Clone)]
#[repr(C, align(8))]
struct Tor1Room([u8; 64]);

/// One side's state of one hop.
pub struct Hop<'a> {
    side: &'a Implementation,
    state: State,
}

enum State {
    /// In a box of its own, so that it can be moved from one to another.
    Tor1(Box<Tor1Room>),
    Cgo {
        forward: *mut c_void,
        backward: *mut c_void,
    },
}

impl Operation {
    /// The last part of the function's name in C.
    pub fn name(self) -> &'static str {
        match self {
            Operation::ClientOriginate => "client_originate",
            Operation::ClientForward => "client_forward",
            Operation::ClientBackward => "client_backward",
            Operation::RelayOriginate => "relay_originate",
            Operation::RelayForward => "relay_forward",
            Operation::RelayBackward => "relay_backward",
        }
    }
}

impl Algorithm {
    /// Length of the key material of a hop, both directions, in bytes.
    pub fn key_material_len(self, side: &Implementation) -> usize {
        // SAFETY: pure functions of valid arguments.
        unsafe {
            match self {
                Algorithm::Tor1 => (side.tor1.key_material_len)(false),
                Algorithm::Tor1Hs => (side.tor1.key_material_len)(true),
                Algorithm::Cgo(bits) => 2 * (side.cgo.key_material_len)(bits as c_int),
            }
        }
    }
}

impl<'a> Hop<'a> {
    /// A state with these keys, whose length is `algorithm`'s.
    ///
    /// # Panics
    /// If the side refuses the keys.
    pub fn new(side: &'a Implementation, algorithm: Algorithm, end: End, keys: &[u8]) -> Self {
        let state = match algorithm {
            Algorithm::Tor1 | Algorithm::Tor1Hs => {
                let mut room = Box::new(Tor1Room([0; 64]));
                let status = init_tor1(side, &mut room, algorithm, end, keys);
                assert_eq!(status, 0, "{}: tor1_crypt_init failed", side.name);
                State::Tor1(room)
            }
            Algorithm::Cgo(bits) => {
                let (forward, backward) = keys.split_at(keys.len() / 2);
                // The values of cgo_mode_t.
                let first_mode = match end {
                    End::Client => 0,
                    End::Relay => 2,
                    End::Service => panic!("CGO has no reversed states"),
                };
                State::Cgo {
                    forward: new_cgo(side, first_mode, bits, forward),
                    backward: new_cgo(side, first_mode + 1, bits, backward),
                }
            }
        };
        Hop { side, state }
    }

    /// Applies `operation` to `cell`.
    pub fn apply(&mut self, operation: Operation, cell: &mut cell_t) -> Outcome {
        match &mut self.state {
            State::Tor1(room) => apply_tor1(self.side, room, operation, cell),
            State::Cgo { forward, backward } => {
                let cgo = match operation {
                    Operation::ClientOriginate
                    | Operation::ClientForward
                    | Operation::RelayForward => *forward,
                    _ => *backward,
                };
                // SAFETY: `cgo` is this side's state of that direction, and
                // nothing else uses it meanwhile.
                unsafe { apply_cgo(self.side, cgo, operation, cell) }
            }
        }
    }

    /// `cgo_crypt_relay_originate` with nowhere to put the tag, as C allows; on
    /// tor1, plain `RelayOriginate`.
    pub fn relay_originate_without_tag(&mut self, cell: &mut cell_t) {
        match &mut self.state {
            State::Tor1(room) => {
                apply_tor1(self.side, room, Operation::RelayOriginate, cell);
            }
            // SAFETY: the state of that direction; C's contract allows null.
            State::Cgo { backward, .. } => unsafe {
                (self.side.cgo.relay_originate)(*backward, cell, ptr::null_mut());
            },
        }
    }

    /// Copies the state elsewhere, byte by byte, and overwrites the old place:
    /// what C does when it assigns a struct. Does nothing to CGO, whose states
    /// C holds by pointer.
    pub fn relocate(&mut self) {
        if let State::Tor1(room) = &mut self.state {
            let mut other = Box::new(Tor1Room([0; 64]));
            let size = self.side.tor1.state_size;
            other.0[..size].copy_from_slice(&room.0[..size]);
            room.0.fill(0xff);
            *room = other;
        }
    }
}

impl Hop<'_> {
    /// Heap bytes that belong to the struct which C would embed in a circuit.
    pub(crate) fn embedded_size(&self) -> usize {
        match &self.state {
            // SAFETY: the block is a live allocation of the C library, which
            // is what Rust's default allocator is.
            State::Tor1(room) => unsafe {
                let block = std::ptr::from_ref::<Tor1Room>(room).cast_mut();
                libc::malloc_usable_size(block.cast()) + size_of::<usize>()
            },
            State::Cgo { .. } => 0,
        }
    }
}

impl Drop for Hop<'_> {
    fn drop(&mut self) {
        // SAFETY: the states are this side's own, and this is their last use.
        unsafe {
            match &mut self.state {
                State::Tor1(room) => (self.side.tor1.clear)(room.0.as_mut_ptr().cast()),
                State::Cgo { forward, backward } => {
                    (self.side.cgo.free)(*forward);
                    (self.side.cgo.free)(*backward);
                }
            }
        }
    }
}

/// An empty tor1 state on which only `init` and `clear` are called.
pub struct BareTor1<'a> {
    side: &'a Implementation,
    room: Box<Tor1Room>,
}

impl<'a> BareTor1<'a> {
    /// All zero bytes: a valid empty state.
    pub fn zeroed(side: &'a Implementation) -> Self {
        BareTor1 {
            side,
            room: Box::new(Tor1Room([0; 64])),
        }
    }

    /// `tor1_crypt_init` with key material of any length; its return value.
    /// The state must be empty.
    pub fn init(&mut self, algorithm: Algorithm, end: End, keys: &[u8]) -> c_int {
        init_tor1(self.side, &mut self.room, algorithm, end, keys)
    }

    /// `tor1_crypt_clear`.
    pub fn clear(&mut self) {
        // SAFETY: the state is empty or initialised.
        unsafe { (self.side.tor1.clear)(self.room.0.as_mut_ptr().cast()) }
    }

    /// Whether nothing but the tag is left in the state.
    pub fn is_empty(&self) -> bool {
        self.room.0[..self.side.tor1.sendme_digest]
            .iter()
            .all(|byte| *byte == 0)
    }

    /// `tor1_crypt_assert_ok`, which aborts the process on an empty state.
    pub fn assert_ok(&self) {
        // SAFETY: the state is empty or initialised.
        unsafe { (self.side.tor1.assert_ok)(self.room.0.as_ptr().cast()) }
    }
}

impl Drop for BareTor1<'_> {
    fn drop(&mut self) {
        self.clear();
    }
}

fn init_tor1(
    side: &Implementation,
    room: &mut Tor1Room,
    algorithm: Algorithm,
    end: End,
    keys: &[u8],
) -> c_int {
    // SAFETY: `room` is empty and large enough, `keys` is valid for its length.
    unsafe {
        (side.tor1.init)(
            room.0.as_mut_ptr().cast(),
            keys.as_ptr().cast(),
            keys.len(),
            c_int::from(end == End::Service),
            c_int::from(algorithm == Algorithm::Tor1Hs),
        )
    }
}

fn apply_tor1(
    side: &Implementation,
    room: &mut Tor1Room,
    operation: Operation,
    cell: &mut cell_t,
) -> Outcome {
    enum Shape {
        Plain(CellFn),
        Recognise(RecogniseFn),
    }
    let functions = &side.tor1;
    let function = match operation {
        Operation::ClientOriginate => Shape::Plain(functions.client_originate),
        Operation::ClientForward => Shape::Plain(functions.client_forward),
        Operation::ClientBackward => Shape::Recognise(functions.client_backward),
        Operation::RelayOriginate => Shape::Plain(functions.relay_originate),
        Operation::RelayForward => Shape::Recognise(functions.relay_forward),
        Operation::RelayBackward => Shape::Plain(functions.relay_backward),
    };
    let state = room.0.as_mut_ptr().cast();
    // SAFETY: `state` is an initialised state of this side.
    let recognised = unsafe {
        match function {
            Shape::Plain(function) => {
                function(state, cell);
                false
            }
            Shape::Recognise(function) => function(state, cell),
        }
    };
    let mut digest = [0; 20];
    digest.copy_from_slice(&room.0[functions.sendme_digest..][..20]);
    Outcome {
        recognised,
        tag: Tag::Tor1(digest),
    }
}

fn new_cgo(side: &Implementation, mode: c_uint, bits: AesBits, keys: &[u8]) -> *mut c_void {
    // SAFETY: `keys` is valid for its length.
    let cgo = unsafe { (side.cgo.new)(mode, bits as c_int, keys.as_ptr(), keys.len()) };
    assert!(!cgo.is_null(), "{}: cgo_crypt_new failed", side.name);
    cgo
}

/// # Safety
/// `cgo` is a state of `side` that nothing else uses meanwhile.
unsafe fn apply_cgo(
    side: &Implementation,
    cgo: *mut c_void,
    operation: Operation,
    cell: &mut cell_t,
) -> Outcome {
    enum Shape {
        Plain(CellFn),
        Tag(TagFn),
    }
    let functions = &side.cgo;
    let function = match operation {
        Operation::ClientOriginate => Shape::Tag(functions.client_originate),
        Operation::ClientForward => Shape::Plain(functions.client_forward),
        Operation::ClientBackward => Shape::Tag(functions.client_backward),
        Operation::RelayOriginate => Shape::Tag(functions.relay_originate),
        Operation::RelayForward => Shape::Tag(functions.relay_forward),
        Operation::RelayBackward => Shape::Plain(functions.relay_backward),
    };
    match function {
        Shape::Plain(function) => {
            // SAFETY: by this function's contract.
            unsafe { function(cgo, cell) };
            Outcome {
                recognised: false,
                tag: Tag::None,
            }
        }
        Shape::Tag(function) => {
            // A function that forgets to write the tag is caught by this value.
            let unwritten = ptr::without_provenance(usize::MAX);
            let mut tag: *const u8 = unwritten;
            // SAFETY: by this function's contract.
            unsafe { function(cgo, cell, &mut tag) };
            assert!(
                tag != unwritten,
                "{}: {operation:?} wrote no tag",
                side.name
            );
            let recognises = matches!(
                operation,
                Operation::ClientBackward | Operation::RelayForward
            );
            let recognised = recognises && !tag.is_null();
            let tag = if tag.is_null() {
                Tag::None
            } else {
                // SAFETY: 16 bytes, in the state or the cell, which nothing
                // has changed since.
                Tag::Cgo(unsafe { tag.cast::<[u8; 16]>().read() })
            };
            Outcome { recognised, tag }
        }
    }
}
