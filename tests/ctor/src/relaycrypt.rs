//! C Tor's own relay crypto: relay_crypto_tor1.h, relay_crypto_cgo.h and the
//! structures that these take (tor-spec "Relay cell encryption"; proposal 359).

use std::ffi::{c_char, c_int, c_uint};
use std::marker::{PhantomData, PhantomPinned};

/// Bytes in a cell's payload (tor-spec: CELL_PAYLOAD_SIZE).
pub const CELL_PAYLOAD_SIZE: usize = 509;

/// A fixed-length cell as C Tor holds it in memory.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct cell_t {
    /// The circuit on which the cell travels.
    pub circ_id: u32,
    /// The channel command: RELAY is 3, RELAY_EARLY is 9.
    pub command: u8,
    /// The body of the cell.
    pub payload: [u8; CELL_PAYLOAD_SIZE],
}

const _: () = assert!(size_of::<cell_t>() == 516 && align_of::<cell_t>() == 4);

/// A type of C Tor that is only ever held by pointer.
#[repr(C)]
pub struct Opaque {
    _bytes: [u8; 0],
    _not_send_sync_unpin: PhantomData<(*mut u8, PhantomPinned)>,
}

/// C Tor's tor1 state of one hop. All zero bytes are a valid empty state.
#[repr(C)]
pub struct tor1_crypt_t {
    /// Cipher for cells that move away from the client.
    pub f_crypto: *mut Opaque,
    /// Cipher for cells that move towards the client.
    pub b_crypto: *mut Opaque,
    /// Running digest of the cells that move away from the client.
    pub f_digest: *mut Opaque,
    /// Running digest of the cells that move towards the client.
    pub b_digest: *mut Opaque,
    /// The digest of the cell that was originated or recognised last.
    pub sendme_digest: [u8; 20],
}

const _: () = assert!(size_of::<tor1_crypt_t>() == 56 && align_of::<tor1_crypt_t>() == 8);

/// C Tor's CGO state of one hop in one direction.
#[repr(C)]
pub struct cgo_crypt_t(Opaque);

extern "C" {
    /// Signs and encrypts a cell for the hop that holds the same keys.
    pub fn c_tor1_crypt_client_originate(tor1: *mut tor1_crypt_t, cell: *mut cell_t);
    /// Signs and encrypts a relay's own cell to the client.
    pub fn c_tor1_crypt_relay_originate(tor1: *mut tor1_crypt_t, cell: *mut cell_t);
    /// Encrypts a cell that is meant for a later hop.
    pub fn c_tor1_crypt_client_forward(tor1: *mut tor1_crypt_t, cell: *mut cell_t);
    /// Encrypts a cell that passes a relay towards the client.
    pub fn c_tor1_crypt_relay_backward(tor1: *mut tor1_crypt_t, cell: *mut cell_t);
    /// Decrypts a cell at a relay; true if it is for this relay.
    pub fn c_tor1_crypt_relay_forward(tor1: *mut tor1_crypt_t, cell: *mut cell_t) -> bool;
    /// Decrypts a cell at the client; true if it is from this hop.
    pub fn c_tor1_crypt_client_backward(tor1: *mut tor1_crypt_t, cell: *mut cell_t) -> bool;
    /// The number of key bytes that `c_tor1_crypt_init` takes.
    pub fn c_tor1_key_material_len(is_hs: bool) -> usize;
    /// Fills an empty state; 0, or -1 if the number of key bytes is wrong.
    pub fn c_tor1_crypt_init(
        tor1: *mut tor1_crypt_t,
        key_data: *const c_char,
        key_data_len: usize,
        reverse: c_int,
        is_hs_v3: c_int,
    ) -> c_int;
    /// Aborts the process if the state is empty.
    pub fn c_tor1_crypt_assert_ok(tor1: *const tor1_crypt_t);
    /// Frees what the state holds and leaves it empty.
    pub fn c_tor1_crypt_clear(tor1: *mut tor1_crypt_t);

    /// The number of key bytes that `c_cgo_crypt_new` takes.
    pub fn c_cgo_key_material_len(aesbits: c_int) -> usize;
    /// A new state; the process aborts if the number of key bytes is wrong.
    pub fn c_cgo_crypt_new(
        mode: c_uint,
        aesbits: c_int,
        keys: *const u8,
        keylen: usize,
    ) -> *mut cgo_crypt_t;
    /// Frees a state, or nothing if it is null.
    pub fn c_cgo_crypt_free_(cgo: *mut cgo_crypt_t);
    /// Processes a cell from the client at a relay.
    pub fn c_cgo_crypt_relay_forward(
        cgo: *mut cgo_crypt_t,
        cell: *mut cell_t,
        recognized_tag_out: *mut *const u8,
    );
    /// Processes a cell that passes a relay towards the client.
    pub fn c_cgo_crypt_relay_backward(cgo: *mut cgo_crypt_t, cell: *mut cell_t);
    /// Encrypts a relay's own cell to the client.
    pub fn c_cgo_crypt_relay_originate(
        cgo: *mut cgo_crypt_t,
        cell: *mut cell_t,
        tag_out: *mut *const u8,
    );
    /// Processes, at the client, a cell that is meant for a later hop.
    pub fn c_cgo_crypt_client_forward(cgo: *mut cgo_crypt_t, cell: *mut cell_t);
    /// Encrypts a cell for the hop that holds the same keys.
    pub fn c_cgo_crypt_client_originate(
        cgo: *mut cgo_crypt_t,
        cell: *mut cell_t,
        tag_out: *mut *const u8,
    );
    /// Processes, at the client, a cell that comes from this hop or a later one.
    pub fn c_cgo_crypt_client_backward(
        cgo: *mut cgo_crypt_t,
        cell: *mut cell_t,
        recognized_tag_out: *mut *const u8,
    );
}
