//! C's names for relay cell encryption: what `relay_crypto_tor1.h` and
//! `relay_crypto_cgo.h` declare. `relay_crypto.c` calls it, once for each cell
//! and hop.
//!
//! A state that a panic may have left half-written is *lost*: wiped at once,
//! and each later use wipes the cell, recognises nothing and returns. So
//! nothing leaves in clear, and `relay_crypto.c` closes the circuit: it asks
//! after each cell, and a cell that no hop of a client recognises closes the
//! circuit anyway.

pub use crate::cell::cell_t;
use crate::host;
use core::ffi::{c_char, c_int, c_uint};
use relaycrypt::cgo::{self, AesBits, Cgo};
use relaycrypt::tor1::{self, KeyOrder};
use relaycrypt::CellBody;

// ---- Types that C and Rust share ------------------------------------------

/// tor1 state of a hop, embedded in tor's `relay_crypto_t`.
///
/// All zero is a valid, empty state. C may move it with memcpy.
#[repr(C)]
#[derive(Default)]
pub struct tor1_crypt_t {
    /// The state of an ordinary hop.
    pub ordinary: Option<Box<tor1::Ordinary>>,
    /// The state of an onion service's virtual hop.
    pub onion: Option<Box<tor1::Onion>>,
    /// The tag of the cell that was last originated or recognised, in either
    /// direction.
    pub sendme_digest: tor1::Tag,
    /// True once a panic, or a use while empty, has cost the state: the circuit
    /// must be closed.
    pub lost: bool,
}

/// Offset of `tor1_crypt_t.lost` from its tag, in bytes.
pub const TORRS_TOR1_LOST: usize = 20;

// Two pointers, then the tag: what glue checks on its side.
const _: () = {
    const TAG: usize = core::mem::offset_of!(tor1_crypt_t, sendme_digest);
    assert!(TAG == 2 * size_of::<usize>());
    assert!(core::mem::offset_of!(tor1_crypt_t, lost) == TAG + TORRS_TOR1_LOST);
};

/// One direction of a CGO hop. C holds a pointer to it; its unit tests look
/// inside.
#[repr(C)]
pub struct cgo_crypt_t {
    lost: bool,
    state: Cgo,
}

/// `sizeof(cgo_crypt_t)`, in bytes.
pub const TORRS_CGO_SIZE: usize = 146;
/// Offset of the nonce in `cgo_crypt_t`, in bytes.
pub const TORRS_CGO_NONCE: usize = 1;
/// Offset of T' in `cgo_crypt_t`, in bytes.
pub const TORRS_CGO_TPRIME: usize = 17;
/// Offset of the four keys in `cgo_crypt_t`, in bytes.
pub const TORRS_CGO_KEYS: usize = 50;
const _: () = {
    const STATE: usize = core::mem::offset_of!(cgo_crypt_t, state);
    assert!(size_of::<cgo_crypt_t>() == TORRS_CGO_SIZE);
    assert!(STATE + cgo::layout::NONCE == TORRS_CGO_NONCE);
    assert!(STATE + cgo::layout::TPRIME == TORRS_CGO_TPRIME);
    assert!(STATE + cgo::layout::KEYS == TORRS_CGO_KEYS);
};

// ---- tor1 -----------------------------------------------------------------

/// What a tor1 export works on.
struct Tor1Call<'a> {
    tor1: &'a mut tor1_crypt_t,
    cell: &'a mut cell_t,
}

impl<'a> Tor1Call<'a> {
    /// # Safety
    /// Each pointer is null or valid and not used elsewhere meanwhile.
    #[inline(always)]
    unsafe fn new(tor1: *mut tor1_crypt_t, cell: *mut cell_t) -> Option<Self> {
        // SAFETY: the caller's contract.
        unsafe {
            Some(Tor1Call {
                tor1: tor1.as_mut()?,
                cell: cell.as_mut()?,
            })
        }
    }

    /// Gives up state and cell.
    #[cold]
    fn lose(self) {
        self.tor1.ordinary = None;
        self.tor1.onion = None;
        self.tor1.lost = true;
        wipe(&mut self.cell.payload);
    }

    /// A cell that goes on: `ordinary` or `onion` encrypts or decrypts it.
    #[inline(always)]
    fn pass(
        self,
        ordinary: impl FnOnce(&mut tor1::Ordinary, &mut CellBody),
        onion: impl FnOnce(&mut tor1::Onion, &mut CellBody),
    ) {
        let body = &mut self.cell.payload;
        match (&mut self.tor1.ordinary, &mut self.tor1.onion) {
            (Some(state), _) => ordinary(state, body),
            (None, Some(state)) => onion(state, body),
            (None, None) => self.lose(),
        }
    }

    /// A cell that begins here: its tag is kept for SENDMEs.
    #[inline(always)]
    fn originate(
        self,
        ordinary: impl FnOnce(&mut tor1::Ordinary, &mut CellBody) -> tor1::Tag,
        onion: impl FnOnce(&mut tor1::Onion, &mut CellBody) -> tor1::Tag,
    ) {
        let body = &mut self.cell.payload;
        #[cfg(feature = "fault")]
        crate::record::v0(body);
        match (&mut self.tor1.ordinary, &mut self.tor1.onion) {
            (Some(state), _) => self.tor1.sendme_digest = ordinary(state, body),
            (None, Some(state)) => self.tor1.sendme_digest = onion(state, body),
            (None, None) => self.lose(),
        }
    }

    /// A cell that may end here: if so its tag is kept for SENDMEs.
    #[inline(always)]
    fn receive(
        self,
        ordinary: impl FnOnce(&mut tor1::Ordinary, &mut CellBody) -> Option<tor1::Tag>,
        onion: impl FnOnce(&mut tor1::Onion, &mut CellBody) -> Option<tor1::Tag>,
    ) -> bool {
        let body = &mut self.cell.payload;
        let tag = match (&mut self.tor1.ordinary, &mut self.tor1.onion) {
            (Some(state), _) => ordinary(state, body),
            (None, Some(state)) => onion(state, body),
            (None, None) => {
                self.lose();
                return false;
            }
        };
        match tag {
            Some(tag) => {
                self.tor1.sendme_digest = tag;
                true
            }
            None => {
                #[cfg(feature = "fault")]
                if body[1..3] == [0; 2] && crate::fault::wrong_integrity() {
                    body[5..9].fill(0);
                }
                false
            }
        }
    }
}

/// The end of a state that may be half-written, and of the cell it worked on.
///
/// # Safety
/// As for [`Tor1Call::new`].
#[cold]
unsafe fn lose_tor1(tor1: *mut tor1_crypt_t, cell: *mut cell_t) {
    // SAFETY: this function's contract.
    if let Some(call) = unsafe { Tor1Call::new(tor1, cell) } {
        call.lose();
    }
}

/// Nothing may leave in clear where nothing could be encrypted.
#[cold]
fn wipe(body: &mut CellBody) {
    body.fill(0);
}

/// Length of the key material that [`tor1_crypt_init`] takes, in bytes.
#[no_mangle]
pub extern "C" fn tor1_key_material_len(is_hs: bool) -> usize {
    export!(tor1_key_material_len, on panic => 0, if is_hs {
        tor1::Onion::KEY_MATERIAL_LEN
    } else {
        tor1::Ordinary::KEY_MATERIAL_LEN
    })
}

/// Fills the empty state `crypto` from key material: an ordinary hop's, or with
/// `is_hs_v3` that of an onion service's virtual hop; with `reverse` the
/// backward direction's keys stand first.
///
/// Returns 0; or -1 and a BUG line if `key_data_len` is wrong or `crypto` is in
/// use.
///
/// # Safety
/// `crypto` is null or valid; `key_data` is null or has `key_data_len` bytes.
#[no_mangle]
pub unsafe extern "C" fn tor1_crypt_init(
    crypto: *mut tor1_crypt_t,
    key_data: *const c_char,
    key_data_len: usize,
    reverse: c_int,
    is_hs_v3: c_int,
) -> c_int {
    export!(tor1_crypt_init, on panic => -1, {
        let bug = |expression| {
            #[cfg(feature = "fault")]
            let expression = if crate::fault::wrong_words() { c"no" } else { expression };
            host::get().bug(c"tor1_crypt_init", expression);
            #[cfg(feature = "fault")]
            if crate::fault::wrong_status() {
                return 0;
            }
            -1
        };
        // SAFETY: this function's contract.
        let Some(crypto) = (unsafe { crypto.as_mut() }) else {
            return bug(c"crypto");
        };
        if key_data.is_null() {
            return bug(c"key_data");
        }
        if crypto.ordinary.is_some() || crypto.onion.is_some() {
            return bug(c"!(crypto->ordinary || crypto->onion)");
        }
        // SAFETY: this function's contract.
        let keys = unsafe { core::slice::from_raw_parts(key_data.cast::<u8>(), key_data_len) };
        let order = if reverse != 0 {
            KeyOrder::BackwardFirst
        } else {
            KeyOrder::ForwardFirst
        };
        if is_hs_v3 != 0 {
            match tor1::Onion::new(keys, order) {
                Ok(state) => crypto.onion = Some(Box::new(state)),
                Err(_) => return bug(c"!(key_data_len != HS_NTOR_KEY_EXPANSION_KDF_OUT_LEN)"),
            }
        } else {
            match tor1::Ordinary::new(keys, order) {
                Ok(state) => crypto.ordinary = Some(Box::new(state)),
                Err(_) => return bug(c"!(key_data_len != CPATH_KEY_MATERIAL_LEN)"),
            }
        }
        crypto.lost = false;
        0
    })
}

/// Reports a state that is empty, where C aborts. Silent about a lost one, which
/// has been reported and must not cost more than its circuit.
///
/// # Safety
/// `tor1` is null or valid.
#[no_mangle]
pub unsafe extern "C" fn tor1_crypt_assert_ok(tor1: *const tor1_crypt_t) {
    export!(tor1_crypt_assert_ok, on panic => (), {
        // SAFETY: this function's contract.
        let ok = unsafe { tor1.as_ref() }
            .is_some_and(|tor1| tor1.ordinary.is_some() || tor1.onion.is_some() || tor1.lost);
        if !ok {
            host::get().bug(c"tor1_crypt_assert_ok", c"tor1->ordinary || tor1->onion");
        }
    });
}

/// Frees what `crypto` holds, keys wiped, and leaves it empty.
///
/// # Safety
/// `crypto` is null or valid.
#[no_mangle]
pub unsafe extern "C" fn tor1_crypt_clear(crypto: *mut tor1_crypt_t) {
    export!(tor1_crypt_clear, on panic => (), {
        // SAFETY: this function's contract.
        match unsafe { crypto.as_mut() } {
            Some(crypto) => {
                crypto.ordinary = None;
                crypto.onion = None;
                crypto.lost = false;
            }
            None => host::get().bug(c"tor1_crypt_clear", c"!(!crypto)"),
        }
    });
}

/// The body of a tor1 export that works on one cell.
macro_rules! on_tor1_cell {
    ($name:ident($tor1:ident, $cell:ident), $how:ident($method:ident), or $lost:expr) => {
        export!($name, on panic => {
            // SAFETY: the export's contract.
            unsafe { lose_tor1($tor1, $cell) };
            $lost
        }, {
            #[cfg(feature = "fault")]
            $crate::fault::panic_point(stringify!($name));
            // SAFETY: the export's contract.
            match unsafe { Tor1Call::new($tor1, $cell) } {
                Some(call) => call.$how(
                    |state, body| state.$method(body),
                    |state, body| state.$method(body),
                ),
                None => $lost,
            }
        })
    };
}

/// At a client, seals and encrypts a cell for this hop.
///
/// # Safety
/// `tor1` and `cell` are null or valid, and nobody else uses them meanwhile.
#[no_mangle]
pub unsafe extern "C" fn tor1_crypt_client_originate(tor1: *mut tor1_crypt_t, cell: *mut cell_t) {
    on_tor1_cell!(
        tor1_crypt_client_originate(tor1, cell),
        originate(client_originate),
        or()
    )
}

/// At a relay, seals and encrypts a cell towards the client.
///
/// # Safety
/// `tor1` and `cell` are null or valid, and nobody else uses them meanwhile.
#[no_mangle]
pub unsafe extern "C" fn tor1_crypt_relay_originate(tor1: *mut tor1_crypt_t, cell: *mut cell_t) {
    on_tor1_cell!(
        tor1_crypt_relay_originate(tor1, cell),
        originate(relay_originate),
        or()
    )
}

/// At a client, encrypts a cell that goes on beyond this hop.
///
/// # Safety
/// `tor1` and `cell` are null or valid, and nobody else uses them meanwhile.
#[no_mangle]
pub unsafe extern "C" fn tor1_crypt_client_forward(tor1: *mut tor1_crypt_t, cell: *mut cell_t) {
    on_tor1_cell!(
        tor1_crypt_client_forward(tor1, cell),
        pass(client_forward),
        or()
    )
}

/// At a relay, encrypts a cell that another relay sent towards the client.
///
/// # Safety
/// `tor1` and `cell` are null or valid, and nobody else uses them meanwhile.
#[no_mangle]
pub unsafe extern "C" fn tor1_crypt_relay_backward(tor1: *mut tor1_crypt_t, cell: *mut cell_t) {
    on_tor1_cell!(
        tor1_crypt_relay_backward(tor1, cell),
        pass(relay_backward),
        or()
    )
}

/// At a relay, decrypts a cell away from the client. True if it is for us.
///
/// # Safety
/// `tor1` and `cell` are null or valid, and nobody else uses them meanwhile.
#[no_mangle]
pub unsafe extern "C" fn tor1_crypt_relay_forward(
    tor1: *mut tor1_crypt_t,
    cell: *mut cell_t,
) -> bool {
    on_tor1_cell!(tor1_crypt_relay_forward(tor1, cell), receive(relay_forward), or false)
}

/// At a client, decrypts a cell that comes in. True if this hop sent it.
///
/// # Safety
/// `tor1` and `cell` are null or valid, and nobody else uses them meanwhile.
#[no_mangle]
pub unsafe extern "C" fn tor1_crypt_client_backward(
    tor1: *mut tor1_crypt_t,
    cell: *mut cell_t,
) -> bool {
    on_tor1_cell!(tor1_crypt_client_backward(tor1, cell), receive(client_backward), or false)
}

// ---- CGO ------------------------------------------------------------------

/// What a CGO export works on.
struct CgoCall<'a> {
    state: &'a mut Cgo,
    command: u8,
    body: &'a mut CellBody,
}

impl<'a> CgoCall<'a> {
    /// Nothing if the state is lost; then the cell is wiped.
    ///
    /// # Safety
    /// Each pointer is null or valid and not used elsewhere meanwhile.
    #[inline(always)]
    unsafe fn new(cgo: *mut cgo_crypt_t, cell: *mut cell_t) -> Option<Self> {
        // SAFETY: the caller's contract.
        let (cgo, cell) = unsafe { (cgo.as_mut(), cell.as_mut()?) };
        match cgo {
            Some(cgo) if !cgo.lost => Some(CgoCall {
                state: &mut cgo.state,
                command: cell.command,
                body: &mut cell.payload,
            }),
            _ => {
                wipe(&mut cell.payload);
                None
            }
        }
    }
}

/// The end of a state that may be half-written, and of the cell it worked on.
///
/// # Safety
/// As for [`CgoCall::new`].
#[cold]
unsafe fn lose_cgo(cgo: *mut cgo_crypt_t, cell: *mut cell_t) {
    // SAFETY: this function's contract.
    let (cgo, cell) = unsafe { (cgo.as_mut(), cell.as_mut()) };
    if let Some(cgo) = cgo {
        cgo.lost = true;
        cgo.state.wipe();
    }
    if let Some(cell) = cell {
        wipe(&mut cell.payload);
    }
}

/// What C gets as the tag of a cell that was lost: C asks for one in any case.
static NO_TAG: cgo::Tag = [0; cgo::TAG_LEN];

/// Where an export that has a tag to give puts it.
///
/// # Safety
/// `out` is null or valid for writing.
#[inline(always)]
unsafe fn give_tag(out: *mut *const u8, tag: Option<&cgo::Tag>) {
    if !out.is_null() {
        let tag = tag.map_or(core::ptr::null(), |tag| tag.as_ptr());
        #[cfg(feature = "fault")]
        let tag = crate::fault::tag_pointer(tag);
        // SAFETY: not null, and valid by this function's contract.
        unsafe { *out = tag };
    }
}

/// The body of a CGO export that works on one cell.
macro_rules! on_cgo_cell {
    ($name:ident($cgo:ident, $cell:ident), or $lost:expr, |$call:ident| $work:expr) => {
        export!($name, on panic => {
            // SAFETY: the export's contract.
            unsafe { lose_cgo($cgo, $cell) };
            $lost
        }, {
            #[cfg(feature = "fault")]
            $crate::fault::panic_point(stringify!($name));
            // SAFETY: the export's contract.
            match unsafe { CgoCall::new($cgo, $cell) } {
                Some($call) => $work,
                None => $lost,
            }
        })
    };
}

/// Length of the key material that [`cgo_crypt_new`] takes, in bytes; 0 and a
/// BUG line if `aesbits` is not 128, 192 or 256.
#[no_mangle]
pub extern "C" fn cgo_key_material_len(aesbits: c_int) -> usize {
    export!(cgo_key_material_len, on panic => 0, match aes_bits(aesbits) {
        Some(bits) => bits.key_material_len(),
        None => {
            let expression = c"aesbits == 128 || aesbits == 192 || aesbits == 256";
            host::get().bug(c"cgo_key_material_len", expression);
            0
        }
    })
}

fn aes_bits(aesbits: c_int) -> Option<AesBits> {
    AesBits::from_bits(u32::try_from(aesbits).ok()?)
}

/// A new state from key material: four keys and a nonce. Both ends of a
/// direction keep the same state, so `mode`, a `cgo_mode_t`, decides nothing.
///
/// Returns null and a BUG line if `aesbits` or `keylen` is wrong. C aborts
/// there; a null state works as a lost one.
///
/// # Safety
/// `keys` is null or has `keylen` bytes.
#[no_mangle]
pub unsafe extern "C" fn cgo_crypt_new(
    mode: c_uint,
    aesbits: c_int,
    keys: *const u8,
    keylen: usize,
) -> *mut cgo_crypt_t {
    let _ = mode;
    export!(cgo_crypt_new, on panic => core::ptr::null_mut(), {
        let state = aes_bits(aesbits).filter(|_| !keys.is_null()).and_then(|bits| {
            // SAFETY: not null, and of this length by this function's contract.
            let keys = unsafe { core::slice::from_raw_parts(keys, keylen) };
            Cgo::new(bits, keys).ok()
        });
        match state {
            Some(state) => Box::into_raw(Box::new(cgo_crypt_t { lost: false, state })),
            None => {
                let expression = c"keylen == cgo_key_material_len(aesbits)";
                host::get().bug(c"cgo_crypt_new", expression);
                core::ptr::null_mut()
            }
        }
    })
}

/// Frees `cgo`, keys wiped; nothing if it is null.
///
/// # Safety
/// `cgo` is null or came from [`cgo_crypt_new`] and is not used again.
#[no_mangle]
pub unsafe extern "C" fn cgo_crypt_free_(cgo: *mut cgo_crypt_t) {
    export!(cgo_crypt_free_, on panic => (), {
        #[cfg(feature = "fault")]
        let cgo = if crate::fault::leak() { core::ptr::null_mut() } else { cgo };
        if !cgo.is_null() {
            // SAFETY: it is a box that `cgo_crypt_new` let go.
            drop(unsafe { Box::from_raw(cgo) });
        }
    });
}

/// True if `cgo` is lost, or null: its circuit must be closed.
///
/// # Safety
/// `cgo` is null or valid.
#[no_mangle]
pub unsafe extern "C" fn torrs_cgo_is_lost(cgo: *const cgo_crypt_t) -> bool {
    export!(torrs_cgo_is_lost, on panic => true, {
        // SAFETY: this function's contract.
        unsafe { cgo.as_ref() }.is_none_or(|cgo| cgo.lost)
    })
}

/// At a relay, encrypts a cell away from the client. If it is for us,
/// `*recognized_tag_out` is the 16-byte tag to acknowledge it by, valid until
/// the next use of `cgo`; else it is null.
///
/// # Safety
/// All pointers are null or valid, and nobody else uses them meanwhile.
#[no_mangle]
pub unsafe extern "C" fn cgo_crypt_relay_forward(
    cgo: *mut cgo_crypt_t,
    cell: *mut cell_t,
    recognized_tag_out: *mut *const u8,
) {
    on_cgo_cell!(cgo_crypt_relay_forward(cgo, cell), or {
        // SAFETY: this function's contract.
        unsafe { give_tag(recognized_tag_out, None) }
    }, |call| {
        let tag = call.state.relay_forward(call.command, call.body);
        #[cfg(feature = "fault")]
        let tag = tag.map(|tag| if crate::fault::wrong_tag() { &NO_TAG } else { tag });
        // SAFETY: this function's contract.
        unsafe { give_tag(recognized_tag_out, tag) }
    })
}

/// At a relay, encrypts a cell that another relay sent towards the client.
///
/// # Safety
/// `cgo` and `cell` are null or valid, and nobody else uses them meanwhile.
#[no_mangle]
pub unsafe extern "C" fn cgo_crypt_relay_backward(cgo: *mut cgo_crypt_t, cell: *mut cell_t) {
    on_cgo_cell!(cgo_crypt_relay_backward(cgo, cell), or(), |call| {
        call.state.relay_backward(call.command, call.body)
    })
}

/// At a relay, encrypts a cell that begins here; the first 16 bytes of its body
/// are free. `*tag_out` is the 16-byte tag that acknowledges it, valid until the
/// next use of `cgo`.
///
/// # Safety
/// All pointers are null or valid, and nobody else uses them meanwhile.
#[no_mangle]
pub unsafe extern "C" fn cgo_crypt_relay_originate(
    cgo: *mut cgo_crypt_t,
    cell: *mut cell_t,
    tag_out: *mut *const u8,
) {
    on_cgo_cell!(cgo_crypt_relay_originate(cgo, cell), or {
        // SAFETY: this function's contract.
        unsafe { give_tag(tag_out, Some(&NO_TAG)) }
    }, |call| {
        #[cfg(feature = "fault")]
        crate::record::v1(call.body);
        let tag = Some(call.state.relay_originate(call.command, call.body));
        // SAFETY: this function's contract.
        unsafe { give_tag(tag_out, tag) }
    })
}

/// At a client, decrypts a cell that goes on beyond this hop.
///
/// # Safety
/// `cgo` and `cell` are null or valid, and nobody else uses them meanwhile.
#[no_mangle]
pub unsafe extern "C" fn cgo_crypt_client_forward(cgo: *mut cgo_crypt_t, cell: *mut cell_t) {
    on_cgo_cell!(cgo_crypt_client_forward(cgo, cell), or(), |call| {
        call.state.client_forward(call.command, call.body)
    })
}

/// At a client, decrypts a cell for this hop; the first 16 bytes of its body are
/// free. `*tag_out` is the 16-byte tag that acknowledges it, which lies in the
/// cell.
///
/// # Safety
/// All pointers are null or valid, and nobody else uses them meanwhile.
#[no_mangle]
pub unsafe extern "C" fn cgo_crypt_client_originate(
    cgo: *mut cgo_crypt_t,
    cell: *mut cell_t,
    tag_out: *mut *const u8,
) {
    on_cgo_cell!(cgo_crypt_client_originate(cgo, cell), or {
        // SAFETY: this function's contract.
        unsafe { give_tag(tag_out, Some(&NO_TAG)) }
    }, |call| {
        call.state.client_originate(call.command, call.body);
        let tag = call.body.first_chunk();
        // SAFETY: this function's contract.
        unsafe { give_tag(tag_out, tag) }
    })
}

/// At a client, decrypts a cell that comes in. If this hop sent it,
/// `*recognized_tag_out` is the 16-byte tag to acknowledge it by, valid until
/// the next use of `cgo`; else it is null.
///
/// # Safety
/// All pointers are null or valid, and nobody else uses them meanwhile.
#[no_mangle]
pub unsafe extern "C" fn cgo_crypt_client_backward(
    cgo: *mut cgo_crypt_t,
    cell: *mut cell_t,
    recognized_tag_out: *mut *const u8,
) {
    on_cgo_cell!(cgo_crypt_client_backward(cgo, cell), or {
        // SAFETY: this function's contract.
        unsafe { give_tag(recognized_tag_out, None) }
    }, |call| {
        let tag = call.state.client_backward(call.command, call.body);
        // SAFETY: this function's contract.
        unsafe { give_tag(recognized_tag_out, tag) }
    })
}

// ---- For C's white-box tests ----------------------------------------------
//
// CTor's unit tests look at the parts of CGO one by one. Glue of the testing
// build gives those parts their C names.

/// A part of CGO with its keys, as glue hands it over.
///
/// # Safety
/// `keys` has `len` bytes.
unsafe fn keys<'a>(keys: *const u8, len: usize) -> &'a [u8] {
    // SAFETY: this function's contract.
    unsafe { core::slice::from_raw_parts(keys, len) }
}

/// `ET` on the 16 bytes of `block`: `keys` is an AES key of `aesbits` and 16
/// bytes, `h` has 16 bytes, `x_r` 493. For tests.
///
/// # Safety
/// All pointers are valid for these lengths.
#[no_mangle]
pub unsafe extern "C" fn torrs_cgo_et(
    aesbits: c_int,
    encrypt: bool,
    keys_in: *const u8,
    h: *const u8,
    command: u8,
    x_r: *const u8,
    block: *mut u8,
) {
    export!(torrs_cgo_et, on panic => (), {
        let Some(bits) = aes_bits(aesbits) else { return };
        // SAFETY: this function's contract.
        let (keys, h, x_r, block) = unsafe {
            (
                keys(keys_in, bits.uiv_keys_len() / 2),
                &*h.cast::<cgo::Tag>(),
                core::slice::from_raw_parts(x_r, cgo::PRF_T0_LEN),
                &mut *block.cast::<cgo::Tag>(),
            )
        };
        let et = cgo::Et::new(bits, keys);
        if encrypt {
            et.encrypt(h, command, x_r, block);
        } else {
            et.decrypt(h, command, x_r, block);
        }
    });
}

/// Adds the `PRF` at `t` (0 or 1) on the 16 bytes of `input` to the `n` bytes
/// of `data`: `keys` is an AES key of `aesbits` and 16 bytes. For tests.
///
/// # Safety
/// All pointers are valid for these lengths.
#[no_mangle]
pub unsafe extern "C" fn torrs_cgo_prf(
    aesbits: c_int,
    keys_in: *const u8,
    input: *const u8,
    t: c_int,
    data: *mut u8,
    n: usize,
) {
    export!(torrs_cgo_prf, on panic => (), {
        let Some(bits) = aes_bits(aesbits) else { return };
        // SAFETY: this function's contract.
        let (keys, input, data) = unsafe {
            (
                keys(keys_in, bits.uiv_keys_len() / 2),
                &*input.cast::<cgo::Tag>(),
                core::slice::from_raw_parts_mut(data, n),
            )
        };
        let prf = cgo::Prf::new(bits, keys);
        let counter = prf.counter(input);
        if t == 0 {
            prf.xor_t0(counter, data);
        } else {
            prf.xor_t1(counter, data);
        }
    });
}

/// `ENC_UIV` or `DEC_UIV` on the 509 bytes of `body`: `keys` is `KB`, `KU`,
/// `KS`, `BS`, `h` has 16 bytes. For tests.
///
/// # Safety
/// All pointers are valid for these lengths.
#[no_mangle]
pub unsafe extern "C" fn torrs_cgo_uiv(
    aesbits: c_int,
    encrypt: bool,
    keys_in: *const u8,
    h: *const u8,
    command: u8,
    body: *mut u8,
) {
    export!(torrs_cgo_uiv, on panic => (), {
        let Some(bits) = aes_bits(aesbits) else { return };
        // SAFETY: this function's contract.
        let (keys, h, body) = unsafe {
            (
                keys(keys_in, bits.uiv_keys_len()),
                &*h.cast::<cgo::Tag>(),
                &mut *body.cast::<CellBody>(),
            )
        };
        let Ok(uiv) = cgo::Uiv::new(bits, keys) else { return };
        if encrypt {
            uiv.encrypt(h, command, body);
        } else {
            uiv.decrypt(h, command, body);
        }
    });
}

/// `UPDATE_UIV`: replaces the keys (as for [`torrs_cgo_uiv`]) and the 16 bytes
/// of `nonce`. For tests.
///
/// # Safety
/// All pointers are valid for these lengths.
#[no_mangle]
pub unsafe extern "C" fn torrs_cgo_uiv_update(aesbits: c_int, keys_io: *mut u8, nonce: *mut u8) {
    export!(torrs_cgo_uiv_update, on panic => (), {
        let Some(bits) = aes_bits(aesbits) else { return };
        // SAFETY: this function's contract.
        let (keys, nonce) = unsafe {
            (
                core::slice::from_raw_parts_mut(keys_io, bits.uiv_keys_len()),
                &mut *nonce.cast::<cgo::Tag>(),
            )
        };
        if let Ok(mut uiv) = cgo::Uiv::new(bits, keys) {
            uiv.update(nonce);
            keys.copy_from_slice(uiv.keys());
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell() -> cell_t {
        cell_t {
            circ_id: 1,
            command: 3,
            payload: [5; relaycrypt::CELL_BODY_LEN],
        }
    }

    /// A state of an ordinary hop.
    fn tor1() -> tor1_crypt_t {
        let mut tor1 = tor1_crypt_t::default();
        // SAFETY: a valid state, and 72 bytes of key material.
        let answer = unsafe { tor1_crypt_init(&mut tor1, [9; 72].as_ptr(), 72, 0, 0) };
        assert_eq!(answer, 0);
        tor1
    }

    #[test]
    fn a_lost_tor1_state_wipes_each_cell_and_recognises_none() {
        let (mut tor1, mut first, mut second) = (tor1(), cell(), cell());
        // SAFETY: all pointers are to locals of the right type.
        let recognised = unsafe {
            lose_tor1(&mut tor1, &mut first);
            tor1_crypt_relay_originate(&mut tor1, &mut second);
            tor1_crypt_relay_forward(&mut tor1, &mut second)
        };
        assert!(tor1.lost);
        assert!(!recognised);
        assert_eq!(first.payload, [0; relaycrypt::CELL_BODY_LEN]);
        assert_eq!(second.payload, [0; relaycrypt::CELL_BODY_LEN]);
    }

    #[test]
    fn a_lost_cgo_state_wipes_each_cell_and_says_so() {
        let (mut first, mut second) = (cell(), cell());
        let mut tag = core::ptr::null();
        // SAFETY: all pointers are to locals of the right type, or come from
        // `cgo_crypt_new` and are freed once.
        unsafe {
            let cgo = cgo_crypt_new(0, 128, [9; 80].as_ptr(), 80);
            assert!(!torrs_cgo_is_lost(cgo));
            lose_cgo(cgo, &mut first);
            assert!(torrs_cgo_is_lost(cgo));
            cgo_crypt_relay_forward(cgo, &mut second, &mut tag);
            assert!(tag.is_null());
            // C asserts that an originated cell has a tag.
            cgo_crypt_relay_originate(cgo, &mut second, &mut tag);
            assert!(!tag.is_null());
            cgo_crypt_free_(cgo);
        }
        assert_eq!(first.payload, [0; relaycrypt::CELL_BODY_LEN]);
        assert_eq!(second.payload, [0; relaycrypt::CELL_BODY_LEN]);
    }

    #[test]
    fn a_null_cgo_state_works_as_a_lost_one() {
        let mut cell = cell();
        // SAFETY: null is allowed.
        unsafe {
            assert!(cgo_crypt_new(0, 128, [0; 80].as_ptr(), 79).is_null());
            assert!(torrs_cgo_is_lost(core::ptr::null()));
            cgo_crypt_relay_backward(core::ptr::null_mut(), &mut cell);
            cgo_crypt_free_(core::ptr::null_mut());
        }
        assert_eq!(cell.payload, [0; relaycrypt::CELL_BODY_LEN]);
    }

    #[test]
    fn an_all_zero_state_can_be_cleared_and_a_used_one_twice() {
        // SAFETY: zeros are a valid empty state, as C makes one.
        let mut empty: tor1_crypt_t = unsafe { core::mem::zeroed() };
        let mut used = tor1();
        // SAFETY: both states are valid.
        unsafe {
            tor1_crypt_clear(&mut empty);
            tor1_crypt_clear(&mut used);
            tor1_crypt_clear(&mut used);
        }
        assert!(used.ordinary.is_none());
    }

    // Of CGO, since its state is bytes without padding, which can be read when
    // it is gone.
    #[test]
    fn keys_are_wiped_when_a_state_is_dropped() {
        const SECRET: u8 = 0xa5;
        let state = Cgo::new(AesBits::Aes128, &[SECRET; 80]).unwrap();
        let mut place = core::mem::MaybeUninit::new(cgo_crypt_t { lost: false, state });
        let at = place.as_mut_ptr();
        // SAFETY: the state is initialised and dropped once. All its fields are
        // bytes, and there is no padding, as its size and its alignment of 1
        // show; so bytes are there before and after.
        let (before, after) = unsafe {
            let before = at.cast::<[u8; TORRS_CGO_SIZE]>().read_volatile();
            core::ptr::drop_in_place(at);
            (before, at.cast::<[u8; TORRS_CGO_SIZE]>().read_volatile())
        };
        assert!(before.contains(&SECRET));
        assert!(!after.contains(&SECRET));
    }

    #[test]
    fn a_state_in_use_and_key_material_of_a_wrong_length_are_refused() {
        let mut used = tor1();
        let mut empty = tor1_crypt_t::default();
        // SAFETY: valid states, and no more key material than there is.
        unsafe {
            assert_eq!(tor1_crypt_init(&mut used, [9; 72].as_ptr(), 72, 0, 0), -1);
            assert_eq!(tor1_crypt_init(&mut empty, [9; 72].as_ptr(), 71, 0, 0), -1);
            assert_eq!(tor1_crypt_init(&mut empty, [9; 72].as_ptr(), 72, 0, 1), -1);
            assert_eq!(cgo_key_material_len(64), 0);
        }
        assert!(empty.ordinary.is_none() && empty.onion.is_none());
    }
}
