//! C's names for the SENDME messages of circuits: what `sendme.c` does with their
//! bytes. Which tag a circuit expects, and which versions the network accepts, C
//! knows.

use super::bytes;
use crate::host::{self, TORRS_LD_PROTOCOL, TORRS_LOG_INFO};
use core::ffi::c_int;
use wire::sendme::{
    check_tag, check_version, Sendme, Unacceptable, WrongTag, CGO_TAG_LEN, LONGEST, NEWEST_VERSION,
    TOR1_TAG_LEN,
};

/// Length of a tag of Counter Galois Onion, in bytes.
pub const TORRS_SENDME_TAG_CGO: usize = 16;
/// Length of a tag of tor1, in bytes.
pub const TORRS_SENDME_TAG_TOR1: usize = 20;
/// The newest version of SENDME messages.
pub const TORRS_SENDME_NEWEST: u8 = 1;
const _: () = {
    assert!(TORRS_SENDME_TAG_CGO == CGO_TAG_LEN);
    assert!(TORRS_SENDME_TAG_TOR1 == TOR1_TAG_LEN);
    assert!(TORRS_SENDME_NEWEST == NEWEST_VERSION);
};

/// The version of a SENDME message; or -1 and a line in the log if it is none.
///
/// # Safety
/// `payload` is null or has `payload_len` bytes.
#[no_mangle]
pub unsafe extern "C" fn torrs_sendme_version(payload: *const u8, payload_len: usize) -> c_int {
    export!(torrs_sendme_version, on panic => -1, {
        #[cfg(feature = "fault")]
        crate::fault::panic_point("torrs_sendme_version");
        // SAFETY: this function's contract.
        match Sendme::parse(unsafe { bytes(payload, payload_len) }) {
            Ok(sendme) => sendme.version().into(),
            Err(_) => {
                let text = "Unparseable SENDME cell received. Closing circuit.";
                host::get().log_protocol_warn(TORRS_LD_PROTOCOL, c"sendme_is_valid", text);
                -1
            }
        }
    })
}

/// Whether SENDMEs of this version are answered in a network that accepts `least`
/// and newer ones. If not, a line in the log.
#[no_mangle]
pub extern "C" fn torrs_sendme_version_can_be_handled(version: u8, least: u8) -> bool {
    export!(torrs_sendme_version_can_be_handled, on panic => false, {
        match check_version(version, least) {
            Ok(()) => true,
            Err(reason) => {
                report(version, least, reason);
                false
            }
        }
    })
}

/// Says in C's words why a version is not answered.
#[cold]
fn report(version: u8, least: u8, reason: Unacceptable) {
    let function = c"cell_version_can_be_handled";
    let text = match reason {
        Unacceptable::WeAreTooOld => {
            let text = format!(
                "Unable to accept SENDME version {least} (from consensus). We only support \
                 <= {NEWEST_VERSION}. Probably your tor is too old?"
            );
            return host::get().log_protocol_warn(TORRS_LD_PROTOCOL, function, &text);
        }
        Unacceptable::TooOld => format!(
            "Unacceptable SENDME version {version}. Only accepting {least} (from consensus). \
             Closing circuit."
        ),
        Unacceptable::Unknown => format!(
            "SENDME cell version {version} is not supported by us. We only support <= \
             {NEWEST_VERSION}"
        ),
    };
    host::get().log(TORRS_LOG_INFO, TORRS_LD_PROTOCOL, function, &text);
}

/// Whether a SENDME message of version 1 has the tag that is expected. A line in the
/// log if it has another cell's.
///
/// # Safety
/// `payload` is null or has `payload_len` bytes, and so with `expected`.
#[no_mangle]
pub unsafe extern "C" fn torrs_sendme_tag_matches(
    payload: *const u8,
    payload_len: usize,
    expected: *const u8,
    expected_len: usize,
) -> bool {
    export!(torrs_sendme_tag_matches, on panic => false, {
        #[cfg(feature = "fault")]
        crate::fault::panic_point("torrs_sendme_tag_matches");
        // SAFETY: this function's contract.
        let (payload, expected) =
            unsafe { (bytes(payload, payload_len), bytes(expected, expected_len)) };
        let Ok(Sendme::V1 { tag }) = Sendme::parse(payload) else {
            return false;
        };
        match check_tag(tag, expected) {
            #[cfg(feature = "fault")]
            Err(_) if crate::fault::accept() => true,
            Ok(()) => true,
            Err(WrongTag::Length) => false,
            Err(WrongTag::Cell) => {
                let text = "SENDME v1 cell digest do not match.";
                host::get().log_protocol_warn(TORRS_LD_PROTOCOL, c"v1_tag_matches", text);
                false
            }
        }
    })
}

/// Writes a SENDME message of version 1 with this tag to `payload`.
///
/// Returns its length; or -1 and a BUG line if no cipher has such a tag.
///
/// # Safety
/// `cell_tag` is null or has `tag_len` bytes; `payload` is null or valid for writing
/// as many bytes as a message can have. They do not overlap.
#[no_mangle]
pub unsafe extern "C" fn build_cell_payload_v1(
    cell_tag: *const u8,
    tag_len: usize,
    payload: *mut u8,
) -> isize {
    export!(build_cell_payload_v1, on panic => -1, {
        #[cfg(feature = "fault")]
        crate::fault::panic_point("build_cell_payload_v1");
        let bug = |expression| {
            host::get().bug(c"build_cell_payload_v1", expression);
            -1
        };
        if cell_tag.is_null() || payload.is_null() {
            return bug(c"cell_tag && payload");
        }
        // SAFETY: not null, and this function's contract.
        let tag = unsafe { bytes(cell_tag, tag_len) };
        let mut message = [0; LONGEST];
        let encoded = Sendme::V1 { tag }.encode(&mut message);
        let Some(message) = encoded.ok().and_then(|len| message.get(..len)) else {
            return bug(c"tag_len_ok(tag_len)");
        };
        // SAFETY: not null, and this function's contract; `message` is ours.
        unsafe { core::ptr::copy_nonoverlapping(message.as_ptr(), payload, message.len()) };
        message.len() as isize
    })
}
