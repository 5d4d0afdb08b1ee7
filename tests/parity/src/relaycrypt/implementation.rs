//! One implementation of relay crypto, as a table of its C functions.
//!
//! Both sides have the same C interface (relay_crypto_tor1.h,
//! relay_crypto_cgo.h) but types of their own; the table erases those, so that
//! everything else is written once and cannot treat the sides differently.

use std::ffi::{c_char, c_int, c_uint, c_void};
use std::mem::offset_of;
use std::sync::OnceLock;

use ctor::relaycrypt::cell_t;
use ffi::relaycrypt;

use crate::code::EntryPoint;
use crate::laboratory::Side;

/// A function that only changes a state and a cell.
pub type CellFn = unsafe extern "C" fn(*mut c_void, *mut cell_t);
/// A function that also says whether the cell was recognised.
pub type RecogniseFn = unsafe extern "C" fn(*mut c_void, *mut cell_t) -> bool;
/// A function that also points at a SENDME tag, or at nothing.
pub type TagFn = unsafe extern "C" fn(*mut c_void, *mut cell_t, *mut *const u8);

/// The functions of relay_crypto_tor1.h, and the layout of their state.
#[allow(missing_docs)] // the names are C's
pub struct Tor1Functions {
    /// Size of `tor1_crypt_t` on this side, in bytes.
    pub state_size: usize,
    /// Offset of `sendme_digest` in it, in bytes.
    pub sendme_digest: usize,
    pub key_material_len: unsafe extern "C" fn(bool) -> usize,
    pub init: unsafe extern "C" fn(*mut c_void, *const c_char, usize, c_int, c_int) -> c_int,
    pub assert_ok: unsafe extern "C" fn(*const c_void),
    pub clear: unsafe extern "C" fn(*mut c_void),
    pub client_originate: CellFn,
    pub client_forward: CellFn,
    pub client_backward: RecogniseFn,
    pub relay_originate: CellFn,
    pub relay_forward: RecogniseFn,
    pub relay_backward: CellFn,
}

/// The functions of relay_crypto_cgo.h.
#[allow(missing_docs)] // the names are C's
pub struct CgoFunctions {
    pub key_material_len: unsafe extern "C" fn(c_int) -> usize,
    pub new: unsafe extern "C" fn(c_uint, c_int, *const u8, usize) -> *mut c_void,
    pub free: unsafe extern "C" fn(*mut c_void),
    pub client_originate: TagFn,
    pub client_forward: CellFn,
    pub client_backward: TagFn,
    pub relay_originate: TagFn,
    pub relay_forward: TagFn,
    pub relay_backward: CellFn,
}

/// One side of a comparison.
pub struct Implementation {
    /// What the side is called in messages: `C` or `Rust`.
    pub name: &'static str,
    /// tor1, for ordinary hops and for onion services.
    pub tor1: Tor1Functions,
    /// Counter Galois Onion.
    pub cgo: CgoFunctions,
    /// Every function: its name in C's headers, its symbol, its address.
    pub entry_points: Vec<EntryPoint>,
}

/// Reinterprets a function as one with the same ABI whose pointers are erased.
///
/// `$real` is checked by the compiler against the function, `$erased` is what
/// the table holds.
macro_rules! erase {
    ($function:expr, $real:ty, $erased:ty) => {{
        let function: $real = $function;
        // SAFETY: the two types differ only in what their pointer arguments and
        // results point to, which is no part of the calling convention. The
        // wrappers in `hop` pass pointers to states of the side the function is
        // from.
        unsafe { std::mem::transmute::<$real, $erased>(function) }
    }};
}

/// Makes the table of one side from the module in which its functions and types
/// have C's names, and from what its linker symbols have before these names.
macro_rules! table {
    ($side:literal, $module:ident, $prefix:literal) => {{
        type Tor1 = $module::tor1_crypt_t;
        type Cgo = $module::cgo_crypt_t;
        type Cell = $module::cell_t;
        type Tor1Cell = unsafe extern "C" fn(*mut Tor1, *mut Cell);
        type Recognise = unsafe extern "C" fn(*mut Tor1, *mut Cell) -> bool;
        type CgoCell = unsafe extern "C" fn(*mut Cgo, *mut Cell);
        type CgoTag = unsafe extern "C" fn(*mut Cgo, *mut Cell, *mut *const u8);
        Implementation {
            name: $side,
            tor1: Tor1Functions {
                state_size: size_of::<Tor1>(),
                sendme_digest: offset_of!(Tor1, sendme_digest),
                key_material_len: $module::tor1_key_material_len,
                init: erase!(
                    $module::tor1_crypt_init,
                    unsafe extern "C" fn(*mut Tor1, *const c_char, usize, c_int, c_int) -> c_int,
                    unsafe extern "C" fn(*mut c_void, *const c_char, usize, c_int, c_int) -> c_int
                ),
                assert_ok: erase!(
                    $module::tor1_crypt_assert_ok,
                    unsafe extern "C" fn(*const Tor1),
                    unsafe extern "C" fn(*const c_void)
                ),
                clear: erase!(
                    $module::tor1_crypt_clear,
                    unsafe extern "C" fn(*mut Tor1),
                    unsafe extern "C" fn(*mut c_void)
                ),
                client_originate: erase!($module::tor1_crypt_client_originate, Tor1Cell, CellFn),
                client_forward: erase!($module::tor1_crypt_client_forward, Tor1Cell, CellFn),
                client_backward: erase!(
                    $module::tor1_crypt_client_backward,
                    Recognise,
                    RecogniseFn
                ),
                relay_originate: erase!($module::tor1_crypt_relay_originate, Tor1Cell, CellFn),
                relay_forward: erase!($module::tor1_crypt_relay_forward, Recognise, RecogniseFn),
                relay_backward: erase!($module::tor1_crypt_relay_backward, Tor1Cell, CellFn),
            },
            cgo: CgoFunctions {
                key_material_len: $module::cgo_key_material_len,
                new: erase!(
                    $module::cgo_crypt_new,
                    unsafe extern "C" fn(c_uint, c_int, *const u8, usize) -> *mut Cgo,
                    unsafe extern "C" fn(c_uint, c_int, *const u8, usize) -> *mut c_void
                ),
                free: erase!(
                    $module::cgo_crypt_free_,
                    unsafe extern "C" fn(*mut Cgo),
                    unsafe extern "C" fn(*mut c_void)
                ),
                client_originate: erase!($module::cgo_crypt_client_originate, CgoTag, TagFn),
                client_forward: erase!($module::cgo_crypt_client_forward, CgoCell, CellFn),
                client_backward: erase!($module::cgo_crypt_client_backward, CgoTag, TagFn),
                relay_originate: erase!($module::cgo_crypt_relay_originate, CgoTag, TagFn),
                relay_forward: erase!($module::cgo_crypt_relay_forward, CgoTag, TagFn),
                relay_backward: erase!($module::cgo_crypt_relay_backward, CgoCell, CellFn),
            },
            entry_points: crate::entry_points!($module, $prefix;
                tor1_key_material_len, tor1_crypt_init, tor1_crypt_assert_ok, tor1_crypt_clear,
                tor1_crypt_client_originate, tor1_crypt_client_forward,
                tor1_crypt_client_backward, tor1_crypt_relay_originate, tor1_crypt_relay_forward,
                tor1_crypt_relay_backward, cgo_key_material_len, cgo_crypt_new, cgo_crypt_free_,
                cgo_crypt_client_originate, cgo_crypt_client_forward, cgo_crypt_client_backward,
                cgo_crypt_relay_originate, cgo_crypt_relay_forward, cgo_crypt_relay_backward,
            ),
        }
    }};
}

/// C's functions without the prefix that `ctor` gave them.
mod c_tor {
    pub(super) use ctor::relaycrypt::{
        c_cgo_crypt_client_backward as cgo_crypt_client_backward,
        c_cgo_crypt_client_forward as cgo_crypt_client_forward,
        c_cgo_crypt_client_originate as cgo_crypt_client_originate,
        c_cgo_crypt_free_ as cgo_crypt_free_, c_cgo_crypt_new as cgo_crypt_new,
        c_cgo_crypt_relay_backward as cgo_crypt_relay_backward,
        c_cgo_crypt_relay_forward as cgo_crypt_relay_forward,
        c_cgo_crypt_relay_originate as cgo_crypt_relay_originate,
        c_cgo_key_material_len as cgo_key_material_len,
        c_tor1_crypt_assert_ok as tor1_crypt_assert_ok, c_tor1_crypt_clear as tor1_crypt_clear,
        c_tor1_crypt_client_backward as tor1_crypt_client_backward,
        c_tor1_crypt_client_forward as tor1_crypt_client_forward,
        c_tor1_crypt_client_originate as tor1_crypt_client_originate,
        c_tor1_crypt_init as tor1_crypt_init,
        c_tor1_crypt_relay_backward as tor1_crypt_relay_backward,
        c_tor1_crypt_relay_forward as tor1_crypt_relay_forward,
        c_tor1_crypt_relay_originate as tor1_crypt_relay_originate,
        c_tor1_key_material_len as tor1_key_material_len, cell_t, cgo_crypt_t, tor1_crypt_t,
    };
}

/// The implementation of a side.
pub fn of(side: Side) -> &'static Implementation {
    static C: OnceLock<Implementation> = OnceLock::new();
    static RUST: OnceLock<Implementation> = OnceLock::new();
    match side {
        Side::C => C.get_or_init(c),
        Side::Rust => RUST.get_or_init(rust),
    }
}

/// C Tor's own objects, ready for use.
pub fn c() -> Implementation {
    ctor::init();
    table!("C", c_tor, "c_")
}

/// The component `relaycrypt` of the Rust archive.
pub fn rust() -> Implementation {
    ctor::init();
    table!("Rust", relaycrypt, "")
}
