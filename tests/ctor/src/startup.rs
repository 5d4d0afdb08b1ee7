//! Starts C Tor's libraries and the Rust archive inside a test process, once.
//!
//! Serves everything that calls a `c_*` function. The order is that of C Tor's
//! own benchmark program: the subsystems up to the libraries (logging, threads,
//! crypto with its choice of POLYVAL code), then OpenSSL.

use std::ffi::{c_char, c_int, c_uint};
use std::ptr;
use std::sync::Once;

// Not called from here: ctor_start_rust() calls it, and a linker that reads
// archives once has to meet that first.
use ffi as _;

use crate::log;
use crate::relaycrypt::{c_cgo_crypt_free_, c_cgo_crypt_new, c_cgo_key_material_len};

/// The level of the last subsystem that does not belong to the application.
const SUBSYS_LEVEL_LIBS: c_int = -10;

extern "C" {
    fn subsystems_init_upto(level: c_int) -> c_int;
    fn flush_log_messages_from_startup();
    fn init_protocol_warning_severity_level();
    fn ctor_start_rust() -> c_int;
    fn crypto_global_init(
        hardware_accel: c_int,
        accel_name: *const c_char,
        accel_dir: *const c_char,
    ) -> c_int;
}

/// Makes C Tor's crypto and the Rust side ready. Any number of calls from any threads do it once.
///
/// # Panics
/// If C Tor cannot start its libraries: nothing can be compared then.
pub fn init() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: called once, before any other function of C Tor, as its own
        // main() does; no pointer is passed but null, which crypto_global_init
        // takes as "no accelerator".
        let status = unsafe {
            let status = subsystems_init_upto(SUBSYS_LEVEL_LIBS);
            flush_log_messages_from_startup();
            init_protocol_warning_severity_level();
            log::listen();
            status | ctor_start_rust() | crypto_global_init(0, ptr::null(), ptr::null())
        };
        assert_eq!(status, 0, "C Tor could not start its libraries");
        look_up_ciphers();
    });
}

/// Makes C Tor look up the AES ciphers that it uses.
///
/// It does so when it makes its first cipher, and marks that as done before it
/// is: fine in tor, which makes the first on its main thread, but a second
/// thread of a test would find no ciphers and abort.
fn look_up_ciphers() {
    const CLIENT_FORWARD: c_uint = 0;
    let keys = [0_u8; 128];
    // SAFETY: the keys are as long as asked for; the state is freed once.
    unsafe {
        let len = c_cgo_key_material_len(128);
        let cgo = c_cgo_crypt_new(CLIENT_FORWARD, 128, keys[..len].as_ptr(), len);
        c_cgo_crypt_free_(cgo);
    }
}
