//! `src/trunnel/pwbox.h`.

describe! {
    /// Bytes encrypted with a password, in a file of tor's own.
    #[c_layout]
    struct pwbox_encoded as Pwbox {
        fixedbytes0: u32 in [0x544f_5242],
        fixedbytes1: u32 in [0x4f58_3030],
        header_len: u8,
        skey_header: [u8; header_len],
        iv: [u8; 16],
        data: [u8; .. - 32],
        hmac: [u8; 32],
    }
}
