//! C's names for circuit handshakes: what `onion_fast.h`, `onion_ntor.h`,
//! `onion_ntor_v3.h` and `hs_ntor.h` declare. `onion_crypto.c` calls the first
//! three, at a relay from its worker threads; onion services and their clients
//! call the last.
//!
//! A client's state is made here, held by C, read once or, by C's tests, more
//! often, and freed here. So C's `const` pointer to it becomes a copy that the
//! handshake takes by value.

use crate::host::{self, di_digest256_map_t};
use core::ffi::{c_char, c_int, CStr};
use core::mem::offset_of;
use core::ptr;
use onion::hs_ntor::{self, IntroduceKeys, RendezvousKeys};
use onion::x25519::{self, KeyPair, OnionKeys, PublicKey};
use onion::{fast, ntor, ntor_v3};
use zeroize::Zeroizing;

// ---- Types that C and Rust share ------------------------------------------

/// A point of Curve25519, in 32 bytes.
pub type curve25519_public_key_t = PublicKey;
/// A public key, then its secret key.
pub type curve25519_keypair_t = KeyPair;
/// An Ed25519 key, in 32 bytes.
pub type ed25519_public_key_t = ntor_v3::Ed25519Id;
/// A client that has sent CREATE_FAST.
pub type fast_handshake_state_t = fast::Client;
/// A client that has sent an ntor onionskin.
pub type ntor_handshake_state_t = ntor::Client;
/// A client that has sent an ntor v3 onionskin.
pub type ntor3_handshake_state_t = ntor_v3::Client;
/// A relay between the two parts of its ntor v3 handshake.
pub type ntor3_server_handshake_state_t = ntor_v3::Server;
/// What only those know who know an onion service's address, in 32 bytes.
pub type hs_subcredential_t = hs_ntor::Subcredential;
/// The keys of an INTRODUCE1 message.
pub type hs_ntor_intro_cell_keys_t = IntroduceKeys;
/// The keys of a RENDEZVOUS1 message.
pub type hs_ntor_rend_cell_keys_t = RendezvousKeys;

/// `sizeof(curve25519_keypair_t)`, in bytes.
pub const TORRS_KEYPAIR_SIZE: usize = 64;
/// Offset of the secret key in it, in bytes.
pub const TORRS_KEYPAIR_SECRET: usize = 32;
/// `sizeof(fast_handshake_state_t)`, in bytes.
pub const TORRS_FAST_STATE_SIZE: usize = 20;
/// `sizeof(ntor_handshake_state_t)`, in bytes.
pub const TORRS_NTOR_STATE_SIZE: usize = 116;
/// `sizeof(ntor3_handshake_state_t)`, in bytes.
pub const TORRS_NTOR3_STATE_SIZE: usize = 192;
/// `sizeof(ntor3_server_handshake_state_t)`, in bytes.
pub const TORRS_NTOR3_SERVER_STATE_SIZE: usize = 160;
/// `sizeof(hs_ntor_intro_cell_keys_t)`, in bytes.
pub const TORRS_HS_INTRO_KEYS_SIZE: usize = 64;
/// `sizeof(hs_ntor_rend_cell_keys_t)`, in bytes.
pub const TORRS_HS_REND_KEYS_SIZE: usize = 64;
/// Offset of the second half of either, in bytes.
pub const TORRS_HS_SECOND_KEY: usize = 32;
const _: () = {
    assert!(size_of::<curve25519_keypair_t>() == TORRS_KEYPAIR_SIZE);
    assert!(offset_of!(curve25519_keypair_t, secret) == TORRS_KEYPAIR_SECRET);
    assert!(size_of::<fast_handshake_state_t>() == TORRS_FAST_STATE_SIZE);
    assert!(size_of::<ntor_handshake_state_t>() == TORRS_NTOR_STATE_SIZE);
    assert!(size_of::<ntor3_handshake_state_t>() == TORRS_NTOR3_STATE_SIZE);
    assert!(size_of::<ntor3_server_handshake_state_t>() == TORRS_NTOR3_SERVER_STATE_SIZE);
    assert!(size_of::<hs_ntor_intro_cell_keys_t>() == TORRS_HS_INTRO_KEYS_SIZE);
    assert!(offset_of!(hs_ntor_intro_cell_keys_t, mac_key) == TORRS_HS_SECOND_KEY);
    assert!(size_of::<hs_ntor_rend_cell_keys_t>() == TORRS_HS_REND_KEYS_SIZE);
    assert!(offset_of!(hs_ntor_rend_cell_keys_t, key_seed) == TORRS_HS_SECOND_KEY);
};

// ---- How arguments come in and results go out -----------------------------

/// What every handshake answers when it fails.
const FAILED: c_int = -1;

/// The body of a handshake: `handshake!(name, { body })`. `body` may `return`, and
/// use the macros below.
macro_rules! handshake {
    ($name:ident, $body:block) => {
        export!($name, on panic => FAILED, {
            // What the macros below report is reported for this function.
            #[allow(dead_code)]
            const FUNCTION: &CStr = c_name!($name);
            #[cfg(feature = "fault")]
            $crate::fault::panic_point(stringify!($name));
            $body
        })
    };
}

/// `name` as C reads it.
macro_rules! c_name {
    ($name:ident) => {{
        const NAME: &CStr =
            match CStr::from_bytes_with_nul(concat!(stringify!($name), "\0").as_bytes()) {
                Ok(name) => name,
                Err(_) => panic!("no name has a NUL in it"),
            };
        NAME
    }};
}

/// Reports an argument that is null, where C aborts or crashes; the handshake's
/// answer.
macro_rules! missing {
    ($argument:ident) => {
        bug(FUNCTION, c_name!($argument))
    };
}

/// Makes references of pointers, or fails.
macro_rules! given {
    ($($argument:ident $(as $type:ty)?),+) => { $(
        // SAFETY: the export's contract: null, or valid during the call, in
        // which nobody writes it.
        let Some($argument) = (unsafe { $argument$(.cast::<$type>())?.as_ref() }) else {
            return missing!($argument);
        };
    )+ };
}

/// Makes references of pointers to results and clears those, as C does, or fails.
macro_rules! cleared {
    ($($out:ident = $empty:expr),+) => { $(
        // SAFETY: the export's contract: null, or valid and used by nobody else
        // during the call.
        let Some($out) = (unsafe { $out.as_mut() }) else {
            return missing!($out);
        };
        *$out = $empty;
    )+ };
}

/// Makes a slice of what is to be read, or fails. Null will do for nothing.
macro_rules! slice {
    ($bytes:ident[$len:expr]) => {
        let $bytes = match $bytes.is_null() {
            // SAFETY: the export's contract: that many elements, which nobody
            // writes during the call.
            false => unsafe { core::slice::from_raw_parts($bytes, $len) },
            true if $len == 0 => &[],
            true => return missing!($bytes),
        };
    };
}

/// Makes a slice of bytes to be written, or fails. Null will do for no bytes.
macro_rules! room {
    ($out:ident[$len:expr]) => {
        let $out = match $out.is_null() {
            // SAFETY: the export's contract: that many bytes, used by nobody
            // else during the call. What was in them is not looked at.
            false => unsafe { core::slice::from_raw_parts_mut($out, $len) },
            true if $len == 0 => &mut [],
            true => return missing!($out),
        };
    };
}

/// Key material is ready; the handshake's answer.
fn agreed(keys: &mut [u8]) -> c_int {
    #[cfg(feature = "fault")]
    if let (true, Some(last)) = (crate::fault::wrong_key(), keys.last_mut()) {
        *last ^= 1;
    }
    let _ = keys;
    0
}

/// The answer to what the other side sent, if it is not what it should be.
fn refused() -> c_int {
    #[cfg(feature = "fault")]
    if crate::fault::accept() {
        return 0;
    }
    FAILED
}

/// Reports what does not hold; the handshake's answer.
#[cold]
#[track_caller]
fn bug(function: &CStr, expression: &CStr) -> c_int {
    host::get().bug(function, expression);
    FAILED
}

/// tor's onion keys.
struct PrivateKeys {
    map: *const di_digest256_map_t,
    junk: *const KeyPair,
}

impl PrivateKeys {
    /// # Safety
    /// `map` is null or a map of key pairs by their public halves; `junk` is null
    /// or valid. They outlive this, and nobody writes them meanwhile.
    unsafe fn new(map: *const di_digest256_map_t, junk: *const KeyPair) -> Self {
        PrivateKeys { map, junk }
    }
}

impl OnionKeys for PrivateKeys {
    fn find(&self, wanted: &PublicKey) -> Option<&KeyPair> {
        // SAFETY: the contract of `new`, for the map and for what is in it.
        unsafe {
            host::get()
                .dimap_search(self.map, &wanted.0, self.junk)
                .as_ref()
        }
    }
}

/// A copy of a state that C goes on holding, for a handshake to use up.
///
/// # Safety
/// `T` owns nothing: there may be two of it.
unsafe fn copy<T>(state: &T) -> T {
    // SAFETY: valid, and this function's contract.
    unsafe { ptr::read(state) }
}

/// Puts a copy of `value` where C has room for one.
///
/// # Safety
/// `T` owns nothing. `out` is valid for writing; what it holds need not be a `T`.
unsafe fn put<T>(out: *mut T, value: &T) {
    // SAFETY: this function's contract.
    unsafe { ptr::copy_nonoverlapping(value, out, 1) };
}

/// Wipes and frees a state.
///
/// # Safety
/// `state` is null or came from `Box::into_raw`, and is freed once.
unsafe fn free<T>(state: *mut T) {
    if !state.is_null() {
        // SAFETY: this function's contract.
        drop(unsafe { Box::from_raw(state) });
    }
}

/// Gives `message` to tor, which frees its copy; what was here of it is wiped.
fn give(message: Vec<u8>, out: &mut *mut u8, len_out: &mut usize) {
    let message = Zeroizing::new(message);
    *out = host::get().memdup(&message);
    *len_out = message.len();
}

// ---- CREATE_FAST ----------------------------------------------------------

/// Wipes and frees a client's state, or nothing if it is null.
///
/// # Safety
/// `victim` is null or came from [`fast_onionskin_create`], and is freed once.
#[no_mangle]
pub unsafe extern "C" fn fast_handshake_state_free_(victim: *mut fast_handshake_state_t) {
    export!(fast_handshake_state_free_, on panic => (), {
        // SAFETY: this function's contract.
        unsafe { free(victim) }
    });
}

/// Makes a client's state and, in the 20 bytes of `handshake_out`, its message.
/// Returns 0.
///
/// # Safety
/// Both pointers are null or valid.
#[no_mangle]
pub unsafe extern "C" fn fast_onionskin_create(
    handshake_state_out: *mut *mut fast_handshake_state_t,
    handshake_out: *mut u8,
) -> c_int {
    handshake!(fast_onionskin_create, {
        cleared!(handshake_state_out = ptr::null_mut());
        room!(handshake_out[fast::CREATE_LEN]);
        let (client, message) = fast::Client::begin(&mut host::get());
        handshake_out.copy_from_slice(&message);
        *handshake_state_out = Box::into_raw(client);
        0
    })
}

/// At a relay, answers the 20 bytes of `message_in` with the 40 bytes of
/// `handshake_reply_out`, and fills `key_out`. Returns 0.
///
/// # Safety
/// Each pointer is null or valid for its length.
#[no_mangle]
pub unsafe extern "C" fn fast_server_handshake(
    message_in: *const u8,
    handshake_reply_out: *mut u8,
    key_out: *mut u8,
    key_out_len: usize,
) -> c_int {
    handshake!(fast_server_handshake, {
        given!(message_in as [u8; fast::CREATE_LEN]);
        room!(handshake_reply_out[fast::CREATED_LEN]);
        room!(key_out[key_out_len]);
        let reply = fast::respond(&mut host::get(), message_in, key_out);
        handshake_reply_out.copy_from_slice(&reply);
        agreed(key_out)
    })
}

/// At a client, reads the 40 bytes of the relay's answer and fills `key_out`.
///
/// Returns 0; or -1, and if the answer was refused, a text that lives for ever in
/// `*msg_out`. That pointer may be null.
///
/// # Safety
/// Each pointer is null or valid for its length.
#[no_mangle]
pub unsafe extern "C" fn fast_client_handshake(
    handshake_state: *const fast_handshake_state_t,
    handshake_reply_out: *const u8,
    key_out: *mut u8,
    key_out_len: usize,
    msg_out: *mut *const c_char,
) -> c_int {
    handshake!(fast_client_handshake, {
        given!(handshake_state);
        given!(handshake_reply_out as [u8; fast::CREATED_LEN]);
        room!(key_out[key_out_len]);
        // SAFETY: a client's state owns nothing.
        let client = unsafe { copy(handshake_state) };
        match client.finish(handshake_reply_out, key_out) {
            Ok(()) => agreed(key_out),
            Err(fast::WrongDigest) => {
                let text = c"Digest DOES NOT MATCH on fast handshake. Bug or attack.";
                // SAFETY: this function's contract.
                unsafe { say_why(msg_out, Some(text)) };
                refused()
            }
        }
    })
}

/// Tells C why a handshake failed, or that nobody needs to know.
///
/// # Safety
/// `out` is null or valid for writing.
unsafe fn say_why(out: *mut *const c_char, text: Option<&'static CStr>) {
    if !out.is_null() {
        // SAFETY: this function's contract.
        unsafe { *out = text.map_or(ptr::null(), CStr::as_ptr) };
    }
}

// ---- ntor -----------------------------------------------------------------

/// Wipes and frees a client's state, or nothing if it is null.
///
/// # Safety
/// `state` is null or came from [`onion_skin_ntor_create`], and is freed once.
#[no_mangle]
pub unsafe extern "C" fn ntor_handshake_state_free_(state: *mut ntor_handshake_state_t) {
    export!(ntor_handshake_state_free_, on panic => (), {
        // SAFETY: this function's contract.
        unsafe { free(state) }
    });
}

/// Makes the state of a client of the relay with the 20-byte identity `router_id`
/// and onion key `router_key`, and in the 84 bytes of `onion_skin_out` its
/// message. Returns 0.
///
/// # Safety
/// Each pointer is null or valid for its length.
#[no_mangle]
pub unsafe extern "C" fn onion_skin_ntor_create(
    router_id: *const u8,
    router_key: *const curve25519_public_key_t,
    handshake_state_out: *mut *mut ntor_handshake_state_t,
    onion_skin_out: *mut u8,
) -> c_int {
    handshake!(onion_skin_ntor_create, {
        given!(router_id as ntor::NodeId, router_key);
        cleared!(handshake_state_out = ptr::null_mut());
        room!(onion_skin_out[ntor::ONIONSKIN_LEN]);
        let (client, onionskin) =
            ntor::Client::begin(x25519::fastest(), &mut host::get(), router_id, router_key);
        onion_skin_out.copy_from_slice(&onionskin);
        *handshake_state_out = Box::into_raw(client);
        0
    })
}

/// At the relay with the 20-byte identity `my_node_id`, answers the 84 bytes of
/// `onion_skin` with the 64 bytes of `handshake_reply_out`, and fills `key_out`.
/// Where `private_keys` has no key that was asked for, `junk_keys` serves.
///
/// Returns 0; or -1 if there is no answer: what stands in `key_out` is then of
/// no use.
///
/// # Safety
/// Each pointer is null or valid for its length; `private_keys` maps public keys
/// to key pairs, or is null.
#[no_mangle]
pub unsafe extern "C" fn onion_skin_ntor_server_handshake(
    onion_skin: *const u8,
    private_keys: *const di_digest256_map_t,
    junk_keys: *const curve25519_keypair_t,
    my_node_id: *const u8,
    handshake_reply_out: *mut u8,
    key_out: *mut u8,
    key_out_len: usize,
) -> c_int {
    handshake!(onion_skin_ntor_server_handshake, {
        given!(
            onion_skin as [u8; ntor::ONIONSKIN_LEN],
            my_node_id as ntor::NodeId
        );
        room!(handshake_reply_out[ntor::REPLY_LEN]);
        room!(key_out[key_out_len]);
        // SAFETY: this function's contract.
        let keys = unsafe { PrivateKeys::new(private_keys, junk_keys) };
        let reply = ntor::respond(
            x25519::fastest(),
            &mut host::get(),
            my_node_id,
            &keys,
            onion_skin,
            key_out,
        );
        match reply {
            Ok(reply) => {
                handshake_reply_out.copy_from_slice(&reply);
                agreed(key_out)
            }
            Err(_) => refused(),
        }
    })
}

/// At a client, reads the 64 bytes of the relay's answer and fills `key_out`.
///
/// Returns 0. Or -1: then what stands in `key_out` is of no use, and if the answer
/// was refused, there is a line in the log, and `*msg_out` is a text that lives for
/// ever or null. That pointer may be null.
///
/// # Safety
/// Each pointer is null or valid for its length.
#[no_mangle]
pub unsafe extern "C" fn onion_skin_ntor_client_handshake(
    handshake_state: *const ntor_handshake_state_t,
    handshake_reply: *const u8,
    key_out: *mut u8,
    key_out_len: usize,
    msg_out: *mut *const c_char,
) -> c_int {
    handshake!(onion_skin_ntor_client_handshake, {
        given!(handshake_state, handshake_reply as [u8; ntor::REPLY_LEN]);
        room!(key_out[key_out_len]);
        // SAFETY: a client's state owns nothing.
        let client = unsafe { copy(handshake_state) };
        match client.finish(x25519::fastest(), handshake_reply, key_out) {
            Ok(()) => agreed(key_out),
            Err(wrong) => {
                log_wrong_reply(wrong);
                let zero = wrong.zero_ephemeral || wrong.zero_onion_key;
                // A wrong AUTH alone means a wrong onion key, most of the time.
                let text = zero.then_some(c"Zero output from curve25519 handshake");
                // SAFETY: this function's contract.
                unsafe { say_why(msg_out, text) };
                refused()
            }
        }
    })
}

/// Tells the log in C's words what was wrong with a relay's answer.
#[cold]
fn log_wrong_reply(wrong: ntor::WrongReply) {
    let code = c_int::from(wrong.zero_ephemeral)
        | c_int::from(wrong.zero_onion_key) << 1
        | c_int::from(wrong.auth) << 2;
    let text = format!("Invalid result from curve25519 handshake: {code}");
    #[cfg(feature = "fault")]
    let text = if crate::fault::wrong_words() {
        "no".to_owned()
    } else {
        text
    };
    let log = |severity| {
        host::get().log(
            severity,
            host::TORRS_LD_PROTOCOL,
            c"onion_skin_ntor_client_handshake",
            &text,
        );
    };
    if wrong.auth {
        log(host::TORRS_LOG_INFO);
    }
    if wrong.zero_ephemeral || wrong.zero_onion_key {
        log(host::TORRS_LOG_WARN);
    }
}

// ---- ntor v3 --------------------------------------------------------------

/// Wipes and frees a client's state, or nothing if it is null.
///
/// # Safety
/// `st` is null or came from [`onion_skin_ntor3_create`], and is freed once.
#[no_mangle]
pub unsafe extern "C" fn ntor3_handshake_state_free_(st: *mut ntor3_handshake_state_t) {
    export!(ntor3_handshake_state_free_, on panic => (), {
        // SAFETY: this function's contract.
        unsafe { free(st) }
    });
}

/// Wipes and frees a relay's state, or nothing if it is null.
///
/// # Safety
/// `st` is null or came from [`onion_skin_ntor3_server_handshake_part1`], and is
/// freed once.
#[no_mangle]
pub unsafe extern "C" fn ntor3_server_handshake_state_free_(
    st: *mut ntor3_server_handshake_state_t,
) {
    export!(ntor3_server_handshake_state_free_, on panic => (), {
        // SAFETY: this function's contract.
        unsafe { free(st) }
    });
}

/// Makes the state of a client of the relay with identity `relay_id` and onion
/// key `relay_key`, and its message, which carries `message`: `*onion_skin_out`
/// is to be freed by tor. Both sides know `verification`.
///
/// Returns 0; or -1 and no state if the relay's key has small order.
///
/// # Safety
/// Each pointer is null or valid for its length.
#[no_mangle]
pub unsafe extern "C" fn onion_skin_ntor3_create(
    relay_id: *const ed25519_public_key_t,
    relay_key: *const curve25519_public_key_t,
    verification: *const u8,
    verification_len: usize,
    message: *const u8,
    message_len: usize,
    handshake_state_out: *mut *mut ntor3_handshake_state_t,
    onion_skin_out: *mut *mut u8,
    onion_skin_len_out: *mut usize,
) -> c_int {
    handshake!(onion_skin_ntor3_create, {
        let client_keypair = KeyPair::generate(x25519::fastest(), &mut host::get());
        // SAFETY: this function's contract.
        unsafe {
            onion_skin_ntor3_create_nokeygen(
                &*client_keypair,
                relay_id,
                relay_key,
                verification,
                verification_len,
                message,
                message_len,
                handshake_state_out,
                onion_skin_out,
                onion_skin_len_out,
            )
        }
    })
}

/// [`onion_skin_ntor3_create`] with a pair that is not fresh: for C's tests.
///
/// # Safety
/// Each pointer is null or valid for its length.
#[no_mangle]
pub unsafe extern "C" fn onion_skin_ntor3_create_nokeygen(
    client_keypair: *const curve25519_keypair_t,
    relay_id: *const ed25519_public_key_t,
    relay_key: *const curve25519_public_key_t,
    verification: *const u8,
    verification_len: usize,
    message: *const u8,
    message_len: usize,
    handshake_state_out: *mut *mut ntor3_handshake_state_t,
    onion_skin_out: *mut *mut u8,
    onion_skin_len_out: *mut usize,
) -> c_int {
    handshake!(onion_skin_ntor3_create_nokeygen, {
        cleared!(
            handshake_state_out = ptr::null_mut(),
            onion_skin_out = ptr::null_mut(),
            onion_skin_len_out = 0
        );
        given!(client_keypair, relay_id, relay_key);
        slice!(verification[verification_len]);
        slice!(message[message_len]);
        let begun = ntor_v3::Client::begin(
            x25519::fastest(),
            client_keypair,
            relay_id,
            relay_key,
            verification,
            message,
        );
        match begun {
            Ok((client, onionskin)) => {
                give(onionskin, onion_skin_out, onion_skin_len_out);
                *handshake_state_out = Box::into_raw(client);
                0
            }
            Err(ntor_v3::ZeroSecret) => refused(),
        }
    })
}

/// At a client, reads the relay's reply and fills `keys_out`; `*message_out` is
/// what the relay said, to be freed by tor.
///
/// Returns 0; or -1, no message, and randomness in `keys_out`.
///
/// # Safety
/// Each pointer is null or valid for its length.
#[no_mangle]
pub unsafe extern "C" fn onion_ntor3_client_handshake(
    handshake_state: *const ntor3_handshake_state_t,
    handshake_reply: *const u8,
    reply_len: usize,
    verification: *const u8,
    verification_len: usize,
    keys_out: *mut u8,
    keys_out_len: usize,
    message_out: *mut *mut u8,
    message_len_out: *mut usize,
) -> c_int {
    handshake!(onion_ntor3_client_handshake, {
        cleared!(message_out = ptr::null_mut(), message_len_out = 0);
        given!(handshake_state);
        slice!(handshake_reply[reply_len]);
        slice!(verification[verification_len]);
        room!(keys_out[keys_out_len]);
        // SAFETY: a client's state owns nothing.
        let client = unsafe { copy(handshake_state) };
        let read = client.finish(
            x25519::fastest(),
            &mut host::get(),
            handshake_reply,
            verification,
            keys_out,
        );
        match read {
            Ok(message) => {
                give(message, message_out, message_len_out);
                agreed(keys_out)
            }
            Err(ntor_v3::Refused) => refused(),
        }
    })
}

/// At the relay with identity `my_id`, reads a client's onionskin.
/// `*client_message_out` is what the client said, to be freed by tor, and
/// `*state_out` what it takes to reply. Where `private_keys` has no key that was
/// asked for, `junk_key` serves.
///
/// Returns 0; or -1, no message and no state.
///
/// # Safety
/// Each pointer is null or valid for its length; `private_keys` maps public keys
/// to key pairs, or is null.
#[no_mangle]
pub unsafe extern "C" fn onion_skin_ntor3_server_handshake_part1(
    private_keys: *const di_digest256_map_t,
    junk_key: *const curve25519_keypair_t,
    my_id: *const ed25519_public_key_t,
    client_handshake: *const u8,
    client_handshake_len: usize,
    verification: *const u8,
    verification_len: usize,
    client_message_out: *mut *mut u8,
    client_message_len_out: *mut usize,
    state_out: *mut *mut ntor3_server_handshake_state_t,
) -> c_int {
    handshake!(onion_skin_ntor3_server_handshake_part1, {
        cleared!(
            client_message_out = ptr::null_mut(),
            client_message_len_out = 0,
            state_out = ptr::null_mut()
        );
        given!(my_id);
        slice!(client_handshake[client_handshake_len]);
        slice!(verification[verification_len]);
        // SAFETY: this function's contract.
        let keys = unsafe { PrivateKeys::new(private_keys, junk_key) };
        let received = ntor_v3::Server::receive(
            x25519::fastest(),
            &keys,
            my_id,
            client_handshake,
            verification,
        );
        match received {
            Ok((server, message)) => {
                give(message, client_message_out, client_message_len_out);
                *state_out = Box::into_raw(server);
                0
            }
            Err(ntor_v3::WrongOnionskin::NoKey) => bug(FUNCTION, c"keypair"),
            Err(_) => refused(),
        }
    })
}

/// At a relay, replies: `*handshake_out`, to be freed by tor, carries
/// `server_message`. Fills `keys_out`.
///
/// Returns 0; or -1, no reply, and randomness in `keys_out`.
///
/// # Safety
/// Each pointer is null or valid for its length.
#[no_mangle]
pub unsafe extern "C" fn onion_skin_ntor3_server_handshake_part2(
    state: *const ntor3_server_handshake_state_t,
    verification: *const u8,
    verification_len: usize,
    server_message: *const u8,
    server_message_len: usize,
    handshake_out: *mut *mut u8,
    handshake_len_out: *mut usize,
    keys_out: *mut u8,
    keys_out_len: usize,
) -> c_int {
    handshake!(onion_skin_ntor3_server_handshake_part2, {
        let relay_keypair_y = KeyPair::generate(x25519::fastest(), &mut host::get());
        // SAFETY: this function's contract.
        unsafe {
            onion_skin_ntor3_server_handshake_part2_nokeygen(
                &*relay_keypair_y,
                state,
                verification,
                verification_len,
                server_message,
                server_message_len,
                handshake_out,
                handshake_len_out,
                keys_out,
                keys_out_len,
            )
        }
    })
}

/// [`onion_skin_ntor3_server_handshake_part2`] with a pair that is not fresh: for
/// C's tests.
///
/// # Safety
/// Each pointer is null or valid for its length.
#[no_mangle]
pub unsafe extern "C" fn onion_skin_ntor3_server_handshake_part2_nokeygen(
    relay_keypair_y: *const curve25519_keypair_t,
    state: *const ntor3_server_handshake_state_t,
    verification: *const u8,
    verification_len: usize,
    server_message: *const u8,
    server_message_len: usize,
    handshake_out: *mut *mut u8,
    handshake_len_out: *mut usize,
    keys_out: *mut u8,
    keys_out_len: usize,
) -> c_int {
    handshake!(onion_skin_ntor3_server_handshake_part2_nokeygen, {
        cleared!(handshake_out = ptr::null_mut(), handshake_len_out = 0);
        given!(relay_keypair_y, state);
        slice!(verification[verification_len]);
        slice!(server_message[server_message_len]);
        room!(keys_out[keys_out_len]);
        // SAFETY: a relay's state owns nothing.
        let server = unsafe { copy(state) };
        let reply = server.reply(
            x25519::fastest(),
            &mut host::get(),
            relay_keypair_y,
            verification,
            server_message,
            keys_out,
        );
        match reply {
            Ok(reply) => {
                give(reply, handshake_out, handshake_len_out);
                agreed(keys_out)
            }
            Err(ntor_v3::Refused) => refused(),
        }
    })
}

// ---- hs-ntor --------------------------------------------------------------

/// Gives C the keys that a handshake found, or none.
///
/// # Safety
/// `out` is valid for writing. All bytes zero are a `K`, and it owns nothing.
unsafe fn put_keys<K: Default>(found: Result<K, hs_ntor::ZeroSecret>, out: *mut K) -> c_int {
    let (answer, keys) = match found {
        Ok(keys) => (0, keys),
        Err(hs_ntor::ZeroSecret) => (refused(), K::default()),
    };
    // SAFETY: this function's contract.
    unsafe { put(out, &keys) };
    answer
}

/// At a client, the keys of INTRODUCE1 for the introduction point with
/// authentication key `intro_auth_pubkey` and encryption key `intro_enc_pubkey`.
///
/// Returns 0; or -1 and keys of zeros if that key has small order.
///
/// # Safety
/// Each pointer is null or valid.
#[no_mangle]
pub unsafe extern "C" fn hs_ntor_client_get_introduce1_keys(
    intro_auth_pubkey: *const ed25519_public_key_t,
    intro_enc_pubkey: *const curve25519_public_key_t,
    client_ephemeral_enc_keypair: *const curve25519_keypair_t,
    subcredential: *const hs_subcredential_t,
    hs_ntor_intro_cell_keys_out: *mut hs_ntor_intro_cell_keys_t,
) -> c_int {
    handshake!(hs_ntor_client_get_introduce1_keys, {
        given!(
            intro_auth_pubkey,
            intro_enc_pubkey,
            client_ephemeral_enc_keypair,
            subcredential
        );
        if hs_ntor_intro_cell_keys_out.is_null() {
            return missing!(hs_ntor_intro_cell_keys_out);
        }
        let keys = hs_ntor::client_introduce_keys(
            x25519::fastest(),
            intro_auth_pubkey,
            intro_enc_pubkey,
            client_ephemeral_enc_keypair,
            subcredential,
        );
        // SAFETY: not null, and this function's contract; keys are bytes.
        unsafe { put_keys(keys, hs_ntor_intro_cell_keys_out) }
    })
}

/// At a client, the keys of the RENDEZVOUS1 message in which the service's key is
/// `service_ephemeral_rend_pubkey`.
///
/// Returns 0; or -1 and keys of zeros if a key has small order.
///
/// # Safety
/// Each pointer is null or valid.
#[no_mangle]
pub unsafe extern "C" fn hs_ntor_client_get_rendezvous1_keys(
    intro_auth_pubkey: *const ed25519_public_key_t,
    client_ephemeral_enc_keypair: *const curve25519_keypair_t,
    intro_enc_pubkey: *const curve25519_public_key_t,
    service_ephemeral_rend_pubkey: *const curve25519_public_key_t,
    hs_ntor_rend_cell_keys_out: *mut hs_ntor_rend_cell_keys_t,
) -> c_int {
    handshake!(hs_ntor_client_get_rendezvous1_keys, {
        given!(
            intro_auth_pubkey,
            client_ephemeral_enc_keypair,
            intro_enc_pubkey,
            service_ephemeral_rend_pubkey
        );
        if hs_ntor_rend_cell_keys_out.is_null() {
            return missing!(hs_ntor_rend_cell_keys_out);
        }
        let keys = hs_ntor::client_rendezvous_keys(
            x25519::fastest(),
            intro_auth_pubkey,
            client_ephemeral_enc_keypair,
            intro_enc_pubkey,
            service_ephemeral_rend_pubkey,
        );
        // SAFETY: not null, and this function's contract; keys are bytes.
        unsafe { put_keys(keys, hs_ntor_rend_cell_keys_out) }
    })
}

/// At a service, the keys of an INTRODUCE1 message from the client
/// `client_ephemeral_enc_pubkey`.
///
/// Returns 0; or -1 and keys of zeros if that key has small order.
///
/// # Safety
/// Each pointer is null or valid.
#[no_mangle]
pub unsafe extern "C" fn hs_ntor_service_get_introduce1_keys(
    intro_auth_pubkey: *const ed25519_public_key_t,
    intro_enc_keypair: *const curve25519_keypair_t,
    client_ephemeral_enc_pubkey: *const curve25519_public_key_t,
    subcredential: *const hs_subcredential_t,
    hs_ntor_intro_cell_keys_out: *mut hs_ntor_intro_cell_keys_t,
) -> c_int {
    handshake!(hs_ntor_service_get_introduce1_keys, {
        // SAFETY: this function's contract.
        unsafe {
            hs_ntor_service_get_introduce1_keys_multi(
                intro_auth_pubkey,
                intro_enc_keypair,
                client_ephemeral_enc_pubkey,
                1,
                subcredential,
                hs_ntor_intro_cell_keys_out,
            )
        }
    })
}

/// [`hs_ntor_service_get_introduce1_keys`] for each of `n_subcredentials`
/// subcredentials.
///
/// # Safety
/// Each pointer is null or valid, the last two for `n_subcredentials` elements.
#[no_mangle]
pub unsafe extern "C" fn hs_ntor_service_get_introduce1_keys_multi(
    intro_auth_pubkey: *const ed25519_public_key_t,
    intro_enc_keypair: *const curve25519_keypair_t,
    client_ephemeral_enc_pubkey: *const curve25519_public_key_t,
    n_subcredentials: usize,
    subcredentials: *const hs_subcredential_t,
    hs_ntor_intro_cell_keys_out: *mut hs_ntor_intro_cell_keys_t,
) -> c_int {
    handshake!(hs_ntor_service_get_introduce1_keys_multi, {
        given!(
            intro_auth_pubkey,
            intro_enc_keypair,
            client_ephemeral_enc_pubkey
        );
        if n_subcredentials == 0 {
            return bug(FUNCTION, c"n_subcredentials >= 1");
        }
        slice!(subcredentials[n_subcredentials]);
        let out = hs_ntor_intro_cell_keys_out;
        if out.is_null() {
            return missing!(hs_ntor_intro_cell_keys_out);
        }
        let found = hs_ntor::service_introduce_keys(
            x25519::fastest(),
            intro_auth_pubkey,
            intro_enc_keypair,
            client_ephemeral_enc_pubkey,
            subcredentials,
        );
        match found {
            Ok(found) => {
                for (number, keys) in found.enumerate() {
                    // SAFETY: this function's contract; as many keys as
                    // subcredentials. Keys are bytes.
                    unsafe { put(out.add(number), &keys) };
                }
                0
            }
            Err(hs_ntor::ZeroSecret) => {
                // SAFETY: this function's contract; all zero are keys.
                unsafe { out.write_bytes(0, n_subcredentials) };
                refused()
            }
        }
    })
}

/// At a service, the keys of RENDEZVOUS1 for the client
/// `client_ephemeral_enc_pubkey`.
///
/// Returns 0; or -1 and keys of zeros if that key has small order.
///
/// # Safety
/// Each pointer is null or valid.
#[no_mangle]
pub unsafe extern "C" fn hs_ntor_service_get_rendezvous1_keys(
    intro_auth_pubkey: *const ed25519_public_key_t,
    intro_enc_keypair: *const curve25519_keypair_t,
    service_ephemeral_rend_keypair: *const curve25519_keypair_t,
    client_ephemeral_enc_pubkey: *const curve25519_public_key_t,
    hs_ntor_rend_cell_keys_out: *mut hs_ntor_rend_cell_keys_t,
) -> c_int {
    handshake!(hs_ntor_service_get_rendezvous1_keys, {
        given!(
            intro_auth_pubkey,
            intro_enc_keypair,
            service_ephemeral_rend_keypair,
            client_ephemeral_enc_pubkey
        );
        if hs_ntor_rend_cell_keys_out.is_null() {
            return missing!(hs_ntor_rend_cell_keys_out);
        }
        let keys = hs_ntor::service_rendezvous_keys(
            x25519::fastest(),
            intro_auth_pubkey,
            intro_enc_keypair,
            service_ephemeral_rend_keypair,
            client_ephemeral_enc_pubkey,
        );
        // SAFETY: not null, and this function's contract; keys are bytes.
        unsafe { put_keys(keys, hs_ntor_rend_cell_keys_out) }
    })
}

/// At a client, 1 if the 32 bytes of `rcvd_mac` are the MAC that the service
/// must have sent, else 0.
///
/// # Safety
/// Both pointers are null or valid.
#[no_mangle]
pub unsafe extern "C" fn hs_ntor_client_rendezvous2_mac_is_good(
    hs_ntor_rend_cell_keys: *const hs_ntor_rend_cell_keys_t,
    rcvd_mac: *const u8,
) -> c_int {
    export!(hs_ntor_client_rendezvous2_mac_is_good, on panic => 0, {
        #[cfg(feature = "fault")]
        crate::fault::panic_point("hs_ntor_client_rendezvous2_mac_is_good");
        // SAFETY: this function's contract.
        let (keys, received) = unsafe {
            let received = rcvd_mac.cast::<[u8; hs_ntor::HASH_LEN]>();
            (hs_ntor_rend_cell_keys.as_ref(), received.as_ref())
        };
        match (keys, received) {
            (Some(keys), Some(received)) => c_int::from(keys.mac_is_good(received)),
            (None, _) => no(c"hs_ntor_rend_cell_keys"),
            (_, None) => no(c"rcvd_mac"),
        }
    })
}

/// Reports what does not hold; that a MAC is not good.
#[cold]
#[track_caller]
fn no(expression: &CStr) -> c_int {
    host::get().bug(c"hs_ntor_client_rendezvous2_mac_is_good", expression);
    0
}

/// Fills the 128 bytes of `keys_out` with a rendezvous circuit's key material,
/// from the 32 bytes of `ntor_key_seed`.
///
/// Returns 0; or -1 and a BUG line if either length is another.
///
/// # Safety
/// Each pointer is null or valid for its length.
#[no_mangle]
pub unsafe extern "C" fn hs_ntor_circuit_key_expansion(
    ntor_key_seed: *const u8,
    seed_len: usize,
    keys_out: *mut u8,
    keys_out_len: usize,
) -> c_int {
    handshake!(hs_ntor_circuit_key_expansion, {
        slice!(ntor_key_seed[seed_len]);
        room!(keys_out[keys_out_len]);
        let Ok(seed) = ntor_key_seed.try_into() else {
            return bug(FUNCTION, c"!(seed_len != DIGEST256_LEN)");
        };
        let Ok(keys): Result<&mut [u8; hs_ntor::EXPANDED_LEN], _> = keys_out.try_into() else {
            let expression = c"!(keys_out_len != HS_NTOR_KEY_EXPANSION_KDF_OUT_LEN)";
            return bug(FUNCTION, expression);
        };
        hs_ntor::expand_keys(seed, keys);
        agreed(keys)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::onion::Randomness;
    use core::mem::MaybeUninit;

    /// A byte that only secrets have.
    const SECRET: u8 = 0xa5;

    struct Secrets;

    impl Randomness for Secrets {
        fn fill(&mut self, out: &mut [u8]) {
            out.fill(SECRET);
        }
    }

    /// The bytes of `state` before and after it is dropped.
    fn dropped<T, const N: usize>(state: T) -> ([u8; N], [u8; N]) {
        const { assert!(size_of::<T>() == N && align_of::<T>() == 1) };
        let mut place = MaybeUninit::new(state);
        let at = place.as_mut_ptr();
        // SAFETY: the state is initialised and dropped once. Its fields are bytes
        // without padding, as C's are; so bytes are there before and after.
        unsafe {
            let before = at.cast::<[u8; N]>().read_volatile();
            ptr::drop_in_place(at);
            (before, at.cast::<[u8; N]>().read_volatile())
        }
    }

    #[test]
    fn secrets_are_wiped_when_a_state_is_dropped() {
        let curve = x25519::fastest();
        let onion_key = KeyPair::generate(curve, &mut Secrets).public;
        let (client, _) = fast::Client::begin(&mut Secrets);
        let (before, after) = dropped::<_, TORRS_FAST_STATE_SIZE>(*client);
        assert_eq!((before, after), ([SECRET; 20], [0; 20]));

        let (client, _) = ntor::Client::begin(curve, &mut Secrets, &[1; 20], &onion_key);
        let (before, after) = dropped::<_, TORRS_NTOR_STATE_SIZE>(*client);
        assert!(before.windows(16).any(|w| w == [SECRET; 16]));
        assert!(!after.windows(16).any(|w| w == [SECRET; 16]));

        let pair = KeyPair::generate(curve, &mut Secrets);
        let begun = ntor_v3::Client::begin(curve, &pair, &[1; 32], &onion_key, b"", b"");
        let (before, after) = dropped::<_, TORRS_NTOR3_STATE_SIZE>(*begun.unwrap().0);
        assert!(before.windows(16).any(|w| w == [SECRET; 16]));
        assert!(!after.windows(16).any(|w| w == [SECRET; 16]));
        // What client and relay share stands behind two keys and an identity.
        assert_ne!(before[128..160], [0; 32]);
        assert_eq!(after[128..160], [0; 32]);
    }

    #[test]
    fn a_handshake_without_what_it_needs_fails() {
        let mut state = ptr::NonNull::dangling().as_ptr();
        let (mut room, id) = ([0; 128], [1; 32]);
        let (mut bytes, mut len) = (ptr::NonNull::dangling().as_ptr(), 7);
        // SAFETY: each pointer is null or valid for its length.
        unsafe {
            let (key, out) = (ptr::null(), room.as_mut_ptr());
            let status = onion_skin_ntor_create(id.as_ptr(), key, &mut state, out);
            assert_eq!(status, FAILED);
            let mut state = ptr::NonNull::dangling().as_ptr();
            let status = onion_skin_ntor3_server_handshake_part1(
                ptr::null(),
                ptr::null(),
                ptr::null(),
                id.as_ptr(),
                id.len(),
                ptr::null(),
                0,
                &mut bytes,
                &mut len,
                &mut state,
            );
            assert_eq!(status, FAILED);
            assert!(state.is_null() && bytes.is_null() && len == 0);
            let status = hs_ntor_circuit_key_expansion(ptr::null(), 32, room.as_mut_ptr(), 128);
            assert_eq!(status, FAILED);
            assert_eq!(hs_ntor_client_rendezvous2_mac_is_good(ptr::null(), out), 0);
            fast_handshake_state_free_(ptr::null_mut());
        }
    }

    /// There is no table here, so no randomness: a panic, and what it costs.
    #[test]
    fn a_panic_is_a_handshake_that_fails() {
        let mut state = ptr::NonNull::dangling().as_ptr();
        let mut message = [0; fast::CREATE_LEN];
        // SAFETY: room for a state, and for a message.
        let status = unsafe { fast_onionskin_create(&mut state, message.as_mut_ptr()) };
        assert_eq!(status, FAILED);
        assert!(state.is_null());
    }
}
